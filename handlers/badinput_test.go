package handlers_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
)

// TestBadInputChangesNothing: whatever is wrong with a request, it gets a problem that names the part, and the log is
// what it was.
func TestBadInputChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	j := b.submit(`{"kind":"any.thing"}`)
	foreign := "0therl0g.1.00000000"
	future := strings.Split(j.Cursor, ".")[0] + ".99999.00000000"
	forged := j.Cursor[:len(j.Cursor)-8] + "00000000"
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	cases := map[string]struct {
		method, path, body string
		headers            []string
		status             int
		code, at           string
	}{
		"unknown kind":             {"POST", "/api/jobs", `{"kind":"no.such"}`, nil, 400, "invalid", "/kind"},
		"no kind":                  {"POST", "/api/jobs", `{}`, nil, 400, "invalid", "/kind"},
		"oversize body":            {"POST", "/api/jobs", `{"kind":"any.thing","input":"` + strings.Repeat("x", 200<<10) + `"}`, nil, 413, "too_large", ""},
		"deep JSON":                {"POST", "/api/jobs", `{"kind":"any.thing","input":` + deep + `}`, nil, 400, "invalid", ""},
		"deep JSON in a command":   {"POST", "/api/jobs/" + j.JobID + "/cancel", deep, nil, 400, "invalid", ""},
		"bad UTF-8":                {"POST", "/api/jobs", "{\"kind\":\"any.thing\",\"input\":\"\xff\"}", nil, 400, "invalid", "/input"},
		"half a surrogate":         {"POST", "/api/jobs", `{"kind":"any.thing","input":"\ud800"}`, nil, 400, "invalid", "/input"},
		"not JSON":                 {"POST", "/api/jobs", `kind=any.thing`, nil, 400, "invalid", ""},
		"two values":               {"POST", "/api/jobs", `{"kind":"any.thing"}{}`, nil, 400, "invalid", ""},
		"cut off":                  {"POST", "/api/jobs", `{"kind":"any.thing"`, nil, 400, "invalid", ""},
		"empty body":               {"POST", "/api/jobs", ``, []string{"Content-Type", "application/json"}, 400, "invalid", ""},
		"no content type":          {"POST", "/api/jobs", ``, nil, 415, "invalid", ""},
		"form":                     {"POST", "/api/jobs", `kind=any.thing`, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "invalid", ""},
		"compressed":               {"POST", "/api/jobs", "\x1f\x8b", []string{"Content-Encoding", "gzip"}, 415, "invalid", ""},
		"wrong type":               {"POST", "/api/jobs", `{"kind":7}`, nil, 400, "invalid", "/kind"},
		"wrong type inside":        {"POST", "/api/jobs", `{"kind":"any.thing","labels":{"a":1}}`, nil, 400, "invalid", "/labels/a"},
		"unknown member":           {"POST", "/api/jobs", `{"kind":"any.thing","colour":"red"}`, nil, 400, "invalid", "/colour"},
		"unknown member inside":    {"POST", "/api/jobs", `{"kind":"any.thing","retry":{"max":1}}`, nil, 400, "invalid", "/retry/max"},
		"a member twice":           {"POST", "/api/jobs", `{"kind":"any.thing","kind":"system.ping"}`, nil, 400, "invalid", "/kind"},
		"a member twice in input":  {"POST", "/api/jobs", `{"kind":"any.thing","input":{"a":1,"a":2}}`, nil, 400, "invalid", "/input/a"},
		"input the kind refuses":   {"POST", "/api/jobs", `{"kind":"system.ping","input":{"x":1}}`, nil, 400, "invalid", "/input"},
		"queue of other kinds":     {"POST", "/api/jobs", `{"kind":"any.thing","queue":"nobodys"}`, nil, 400, "invalid", "/queue"},
		"bad queue":                {"POST", "/api/jobs", `{"kind":"any.thing","queue":"a/b"}`, nil, 400, "invalid", "/queue"},
		"bad project":              {"POST", "/api/jobs", `{"kind":"any.thing","project":"../x"}`, nil, 400, "invalid", "/project"},
		"bad priority":             {"POST", "/api/jobs", `{"kind":"any.thing","priority":"urgent"}`, nil, 400, "invalid", "/priority"},
		"bad duration":             {"POST", "/api/jobs", `{"kind":"any.thing","timeout":"soon"}`, nil, 400, "invalid", "/timeout"},
		"negative duration":        {"POST", "/api/jobs", `{"kind":"any.thing","delay":"-1s"}`, nil, 400, "invalid", "/delay"},
		"delay and runAt":          {"POST", "/api/jobs", `{"kind":"any.thing","delay":"1s","runAt":"2030-01-01T00:00:00Z"}`, nil, 400, "invalid", "/delay"},
		"bad time":                 {"POST", "/api/jobs", `{"kind":"any.thing","runAt":"tomorrow"}`, nil, 400, "invalid", "/runAt"},
		"too far ahead":            {"POST", "/api/jobs", `{"kind":"any.thing","runAt":"2999-01-01T00:00:00Z"}`, nil, 400, "invalid", "/runAt"},
		"retries without end":      {"POST", "/api/jobs", `{"kind":"any.thing","retry":{"maxAttempts":100000}}`, nil, 400, "invalid", "/retry/maxAttempts"},
		"no attempts":              {"POST", "/api/jobs", `{"kind":"any.thing","retry":{"maxAttempts":0}}`, nil, 400, "invalid", "/retry/maxAttempts"},
		"no pause":                 {"POST", "/api/jobs", `{"kind":"any.thing","retry":{"backoff":{"initial":"0s"}}}`, nil, 400, "invalid", "/retry/backoff/initial"},
		"a pause over its limit":   {"POST", "/api/jobs", `{"kind":"any.thing","retry":{"backoff":{"initial":"2s","max":"1s"}}}`, nil, 400, "invalid", "/retry/backoff/initial"},
		"a shrinking pause":        {"POST", "/api/jobs", `{"kind":"any.thing","retry":{"backoff":{"factor":0.5}}}`, nil, 400, "invalid", "/retry/backoff/factor"},
		"after a job that is not":  {"POST", "/api/jobs", `{"kind":"any.thing","after":[{"jobId":"nothere"}]}`, nil, 400, "invalid", "/after"},
		"a parent that is not":     {"POST", "/api/jobs", `{"kind":"any.thing","parentId":"nothere"}`, nil, 400, "invalid", "/parentId"},
		"long key":                 {"POST", "/api/jobs", `{"kind":"any.thing"}`, []string{"Idempotency-Key", strings.Repeat("k", 300)}, 400, "invalid", "header/Idempotency-Key"},
		"empty array":              {"POST", "/api/jobs", `[]`, nil, 400, "invalid", ""},
		"foreign Host":             {"POST", "/api/jobs", `{"kind":"any.thing"}`, []string{"Host", "evil.example"}, 403, "forbidden", "header/Host"},
		"foreign Host on a page":   {"GET", "/", ``, []string{"Host", "evil.example"}, 403, "forbidden", "header/Host"},
		"foreign Origin":           {"POST", "/api/jobs", `{"kind":"any.thing"}`, []string{"Origin", "https://evil.example"}, 403, "forbidden", "header/Origin"},
		"no Origin":                {"POST", "/api/jobs", `{"kind":"any.thing"}`, []string{"Origin", "null"}, 403, "forbidden", "header/Origin"},
		"cross-site form":          {"POST", "/api/jobs/" + j.JobID + "/cancel", ``, []string{"Sec-Fetch-Site", "cross-site"}, 403, "forbidden", "header/Origin"},
		"foreign Origin of socket": {"GET", "/api/ws", ``, []string{"Origin", "https://evil.example"}, 403, "forbidden", "header/Origin"},
		"socket without upgrade":   {"GET", "/api/ws", ``, nil, 426, "invalid", ""},
		"bad If-Match":             {"POST", "/api/jobs/" + j.JobID + "/cancel", ``, []string{"If-Match", "one"}, 400, "invalid", "header/If-Match"},
		"old If-Match":             {"POST", "/api/jobs/" + j.JobID + "/cancel", ``, []string{"If-Match", `"7"`}, 412, "conflict", "header/If-Match"},
		"unknown action":           {"POST", "/api/jobs/" + j.JobID + "/explode", ``, nil, 404, "not_found", ""},
		"long reason":              {"POST", "/api/jobs/" + j.JobID + "/cancel", `{"reason":"` + strings.Repeat("x", 2000) + `"}`, nil, 400, "invalid", "/reason"},
		"empty note":               {"POST", "/api/jobs/" + j.JobID + "/annotate", `{"text":""}`, nil, 400, "invalid", "/text"},
		"command on nothing":       {"POST", "/api/jobs/nothere/cancel", ``, nil, 404, "not_found", ""},
		"retry of a queued job":    {"POST", "/api/jobs/" + j.JobID + "/retry", ``, nil, 409, "conflict", ""},
		"bulk without a selection": {"POST", "/api/jobs/bulk", `{"action":"cancel"}`, nil, 400, "invalid", "/filter"},
		"bulk with two":            {"POST", "/api/jobs/bulk", `{"action":"cancel","filter":{},"ids":["a"]}`, nil, 400, "invalid", "/filter"},
		"bulk with a misspelt one": {"POST", "/api/jobs/bulk", `{"action":"cancel","filter":{"status":["dead"]}}`, nil, 400, "invalid", "/filter/status"},
		"bulk of an action":        {"POST", "/api/jobs/bulk", `{"action":"annotate","ids":["a"]}`, nil, 400, "invalid", "/action"},
		"bulk with a bad status":   {"POST", "/api/jobs/bulk", `{"action":"cancel","filter":{"statuses":["sad"]}}`, nil, 400, "invalid", "/filter/statuses/0"},
		"pause of no queue":        {"POST", "/api/queues/none/pause", ``, nil, 404, "not_found", ""},
		"misspelt filter":          {"GET", "/api/jobs?statuss=dead", ``, nil, 400, "invalid", "query/statuss"},
		"bad status":               {"GET", "/api/jobs?status=sad", ``, nil, 400, "invalid", "query/status"},
		"bad label":                {"GET", "/api/jobs?label=team", ``, nil, 400, "invalid", "query/label"},
		"bad limit":                {"GET", "/api/jobs?limit=0", ``, nil, 400, "invalid", "query/limit"},
		"bad sort":                 {"GET", "/api/jobs?sort=colour", ``, nil, 400, "invalid", "query/sort"},
		"bad page":                 {"GET", "/api/jobs?page=xyz", ``, nil, 400, "invalid", "query/page"},
		"bad UTF-8 in a query":     {"GET", "/api/jobs?q=%ff", ``, nil, 400, "invalid", "query/q"},
		"bad minCursor":            {"GET", "/api/jobs?minCursor=1", ``, nil, 400, "invalid", "query/minCursor"},
		"foreign minCursor":        {"GET", "/api/jobs?minCursor=" + foreign, ``, nil, 410, "gone", ""},
		"bad cursor":               {"GET", "/api/events?from=x.y.z", ``, nil, 400, "invalid", "query/from"},
		"bad Last-Event-ID":        {"GET", "/api/events", ``, []string{"Accept", "text/event-stream", "Last-Event-ID", "x"}, 400, "invalid", "header/Last-Event-ID"},
		"bad id of a line":         {"GET", "/api/jobs/" + j.JobID + "/log", ``, []string{"Accept", "text/event-stream", "Last-Event-ID", "x"}, 400, "invalid", "header/Last-Event-ID"},
		"foreign epoch":            {"GET", "/api/events?from=" + foreign, ``, nil, 410, "gone", ""},
		"a cursor of the future":   {"GET", "/api/events?from=" + future, ``, nil, 410, "gone", ""},
		"a forged cursor":          {"GET", "/api/events?from=" + forged, ``, nil, 410, "gone", ""},
		"foreign epoch in a job":   {"GET", "/api/jobs/" + j.JobID + "/events?from=" + foreign, ``, nil, 410, "gone", ""},
		"time travel elsewhere":    {"GET", "/api/jobs/" + j.JobID + "?at=" + foreign, ``, nil, 410, "gone", ""},
		"time travel to nothing":   {"GET", "/api/jobs/" + j.JobID + "?at=yesterday", ``, nil, 400, "invalid", "query/at"},
		"a version too far":        {"GET", "/api/jobs/" + j.JobID + "?version=9", ``, nil, 404, "not_found", "query/version"},
		"before it was there":      {"GET", "/api/jobs/" + j.JobID + "?at=2001-01-01T00:00:00Z", ``, nil, 404, "not_found", "query/at"},
		"a version of nothing":     {"GET", "/api/jobs/nothere?version=1", ``, nil, 404, "not_found", ""},
		"follow as JSON":           {"GET", "/api/events?follow=true", ``, nil, 400, "invalid", "query/follow"},
		"an Accept of nothing":     {"GET", "/api/events", ``, []string{"Accept", "image/png"}, 406, "invalid", ""},
		"too many filter values":   {"GET", "/api/events?job=" + strings.Repeat("a&job=", 150), ``, nil, 400, "invalid", "/filter/jobs"},
		"an attempt that is not":   {"GET", "/api/jobs/" + j.JobID + "/log?attempt=3", ``, nil, 404, "not_found", ""},
		"window without end":       {"GET", "/api/stats?window=9999h", ``, nil, 400, "invalid", "query/window"},
	}
	before := b.size()
	for name, c := range cases {
		a := b.do(c.method, c.path, c.body, c.headers...)
		require.Equal(t, c.status, a.status, "%s: %s", name, a.body)
		p := a.problem(c.code)
		if c.at != "" {
			require.NotEmpty(t, p.Errors, "%s: %s", name, a.body)
			require.Equal(t, c.at, p.Errors[0].Path, "%s: %s", name, a.body)
		}
		if c.code == "gone" {
			require.NotEmpty(t, p.Reason, name)
		}
	}
	require.Equal(t, before, b.size(), "nothing was appended")
}

func TestTricksInArtifactNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	j := b.submit(`{"kind":"any.thing"}`)
	_, out := b.begin(j.JobID)
	stored, err := b.artifacts.Put(t.Context(), artifacts.Key{JobID: j.JobID, Attempt: 1, Name: "a/b.txt"}, "", strings.NewReader("text"), 10)
	require.NoError(t, err)
	require.NoError(t, out.Append(t.Context(), b.now(), job.ArtifactStored{
		Name: "a/b.txt", Size: stored.Size, ContentType: stored.ContentType, SHA256: stored.SHA256,
	}))
	base := "/api/jobs/" + j.JobID + "/artifacts/"
	require.Equal(t, "text", string(b.do("GET", base+"a/b.txt", "").is(200).body))
	require.Equal(t, "text", string(b.do("GET", base+"a%2Fb.txt", "").is(200).body))
	for _, name := range []string{
		"%2e%2e/%2e%2e/x", "..%2f..%2fetc%2fpasswd", "a/%2e%2e/a/b.txt", "a%5c..%5cb", "a%00b", "%ff", "a//b.txt", "a/./b.txt", "x.attrs", "a%2f",
	} {
		a := b.do("GET", base+name, "")
		require.Contains(t, []int{400, 404}, a.status, "%s: %s", name, a.body)
		require.NotContains(t, string(a.body), "text", name)
	}
}
