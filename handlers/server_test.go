package handlers_test

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"tapedeck/handlers"
)

// TestRoutesAreThoseOfTheDocument: every operation is served, and nothing else below /api.
func TestRoutesAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	require.NoError(t, err)
	var want []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			want = append(want, method+" "+path)
		}
	}
	var got []string
	params := regexp.MustCompile(`:(\w+)`)
	for _, r := range setup(t).server.Routes() {
		path := params.ReplaceAllString(strings.Replace(r, "/artifacts/+", "/artifacts/:name", 1), "{$1}")
		got = append(got, path)
	}
	slices.Sort(want)
	slices.Sort(got)
	require.Equal(t, want, got)
}

func TestSubmitAndRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	res := b.do("POST", "/api/jobs", `{"kind":"system.ping","input":{"text":"hi"},"labels":{"team":"qa"},"project":"shop","timeout":"90s"}`).is(202)
	j := res.job()
	require.Equal(t, "/api/jobs/"+j.JobID, res.header.Get("Location"))
	require.Equal(t, `"1"`, res.header.Get("ETag"))
	require.Equal(t, "queued", j.Status)
	require.Equal(t, "default", j.Queue)
	require.Equal(t, "shop", j.Project)
	require.Equal(t, "1m30s", j.Timeout)
	require.NotEmpty(t, j.Cursor)

	read := b.do("GET", "/api/jobs/"+j.JobID, "").is(200)
	require.JSONEq(t, string(res.body), string(read.body), "you read your own write")
	b.do("GET", "/api/jobs/"+j.JobID, "", "If-None-Match", `"1"`).is(304)
	b.do("GET", "/api/jobs/nothere", "").is(404).problem("not_found")
	b.do("GET", "/api/jobs/..%2fetc", "").is(404).problem("not_found")
}

func TestStoredEventsFollowTheirSchemas(t *testing.T) {
	t.Parallel()
	b := setup(t)
	valid := schemas(t)
	j := b.submit("{\"kind\":\"any.thing\",\"input\":{\n \"a\": [1,\n2]\n},\"delay\":\"1h\",\"retry\":{\"maxAttempts\":2}}")
	b.do("POST", "/api/jobs/"+j.JobID+"/retry", "").is(202)
	_, out := b.begin(j.JobID)
	b.logs(out, 1, 3)
	b.succeed(j.JobID, out, `{"n":1}`)
	b.do("POST", "/api/jobs/"+j.JobID+"/annotate", `{"text":"a note"}`).is(202)
	b.do("POST", "/api/queues/bulk/pause", "").is(202)
	lines := strings.Split(strings.TrimSpace(string(b.do("GET", "/api/events?control=false", "", "Accept", "application/x-ndjson").is(200).body)), "\n")
	require.Len(t, lines, b.size(), "one line for each event, whatever the input's line breaks")
	for _, l := range lines {
		valid(t, []byte(l))
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.do("GET", "/api/nothing", "").is(404).problem("not_found")
	res := b.do("POST", "/api/kinds", "{}").is(405)
	res.problem("invalid")
	require.Equal(t, "GET", res.header.Get("Allow"))
	b.do("DELETE", "/api/jobs/x", "").is(405).problem("invalid")
	require.Contains(t, string(b.do("GET", "/jobs/x", "").is(200).body), "page")
	b.do("GET", "/assets/missing.js", "").is(404).problem("not_found")
}

func TestSystemEndpoints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.submit(`{"kind":"system.ping"}`)
	for _, path := range []string{
		"/api/kinds", "/api/queues", "/api/workers", "/api/stats", "/api/stats?window=24h", "/api/info", "/api/openapi.yaml",
		"/api/asyncapi.yaml", "/api/asyncapi-stage.yaml", "/api/schemas", "/api/schemas/event.json", "/api/schemas/job.failed.json", "/healthz", "/readyz",
	} {
		b.do("GET", path, "").is(200)
	}
	metrics := string(b.do("GET", "/metrics", "").is(200).body)
	for _, name := range []string{
		"tapedeck_http_request_duration_seconds_bucket", `tapedeck_queue_depth{priority="normal",queue="default"} 1`, "tapedeck_queue_oldest_seconds",
		"tapedeck_projection_lag_seconds", "tapedeck_live_clients", "tapedeck_store_up 1", "tapedeck_scrape_faults 0",
	} {
		if name == "tapedeck_live_clients" {
			continue // no client, no series
		}
		require.Contains(t, metrics, name)
	}
	require.NotContains(t, metrics, "/api/jobs/0")
	b.do("GET", "/api/schemas/../openapi.yaml", "").is(404).problem("not_found")
	b.do("GET", "/api/schemas/nothing.json", "").is(404).problem("not_found")
}

func TestInfoSaysWhereTheDemoShopIs(t *testing.T) {
	t.Parallel()
	var info struct {
		Demo *struct{ URL string } `json:"demo"`
	}
	setup(t).do("GET", "/api/info", "").is(200).into(&info)
	require.Nil(t, info.Demo)
	b := setup(t, func(c *handlers.Config) { c.Demo = "http://127.0.0.1:9999" })
	require.Contains(t, string(b.do("GET", "/api/info", "").is(200).body), `"demo":{"url":"http://127.0.0.1:9999"}`)
}

func TestInfoSaysWhichModelMayBeAsked(t *testing.T) {
	t.Parallel()
	require.NotContains(t, string(setup(t).do("GET", "/api/info", "").is(200).body), `"model"`)
	b := setup(t, func(c *handlers.Config) { c.Model = "stand-in-1" })
	require.Contains(t, string(b.do("GET", "/api/info", "").is(200).body), `"model":"stand-in-1"`)
}

func TestReadyzSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *handlers.Config) {
		c.Checks = []handlers.Check{{Name: "elsewhere", Ask: func(context.Context) error { return http.ErrServerClosed }}}
	})
	var r struct {
		Status     string `json:"status"`
		Durability string `json:"durability"`
		Checks     []struct {
			Name, Status, Detail string
		} `json:"checks"`
	}
	b.do("GET", "/readyz", "").is(200).into(&r)
	require.Equal(t, "degraded", r.Status)
	require.NotEmpty(t, r.Durability)
	require.NoError(t, b.store.Close())
	b.do("GET", "/readyz", "").is(503).into(&r)
	require.Equal(t, "unavailable", r.Status)
}

func TestCORSIsForAllowedOriginsOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	res := b.do("OPTIONS", "/api/jobs", "", "Origin", "https://cdn.test", "Access-Control-Request-Method", "POST").is(204)
	require.Equal(t, "https://cdn.test", res.header.Get("Access-Control-Allow-Origin"))
	require.Contains(t, res.header.Get("Access-Control-Allow-Headers"), "Idempotency-Key")
	res = b.do("POST", "/api/jobs", `{"kind":"nope"}`, "Origin", "https://cdn.test").is(400)
	require.Equal(t, "https://cdn.test", res.header.Get("Access-Control-Allow-Origin"), "a page must be able to read the problem")
	b.do("GET", "/api/jobs", "", "Origin", b.base).is(200)
	b.do("GET", "/api/jobs", "", "Host", "tapedeck.test:8000").is(200)
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	res := b.do("POST", "/api/jobs", `{"kind":"system.ping"}`, "X-Request-Id", "my-request-1").is(202)
	require.Equal(t, "my-request-1", res.header.Get("X-Request-Id"))
	require.Contains(t, string(b.do("GET", "/api/events", "").body), `"correlationid":"my-request-1"`)
	res = b.do("GET", "/api/jobs", "", "X-Request-Id", "no spaces allowed here")
	require.NotEqual(t, "no spaces allowed here", res.header.Get("X-Request-Id"))
}

func TestStartStopStress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 20 {
		s, err := handlers.New(handlers.Config{Jobs: b.repo, Reader: b.projector, Artifacts: b.artifacts})
		require.NoError(t, err)
		require.NoError(t, s.Start(t.Context()))
		require.Error(t, s.Start(t.Context()), "once")
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		require.NoError(t, s.Stop(ctx))
		cancel()
	}
}
