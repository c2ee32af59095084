package handlers_test

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/eventstore/tapefile"
	"tapedeck/handlers"
)

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const body = `{"kind":"any.thing","input":{"n":1}}`
	first := b.do("POST", "/api/jobs", body, "Idempotency-Key", "k1").is(202)
	require.Empty(t, first.header.Get("Idempotent-Replay"))
	size := b.size()
	again := b.do("POST", "/api/jobs", ` { "input" : {"n":1}, "kind":"any.thing" }`, "Idempotency-Key", "k1").is(202)
	require.Equal(t, "true", again.header.Get("Idempotent-Replay"))
	require.Equal(t, first.job().JobID, again.job().JobID)
	require.NotEmpty(t, again.job().Cursor)
	p := b.do("POST", "/api/jobs", `{"kind":"any.thing","input":{"n":2}}`, "Idempotency-Key", "k1").is(422).problem("conflict")
	require.Equal(t, "header/Idempotency-Key", p.Errors[0].Path)
	require.Equal(t, size, b.size())
	other := b.do("POST", "/api/jobs", body, "Idempotency-Key", "k2").is(202).job()
	require.NotEqual(t, first.job().JobID, other.JobID)

	// A job that has moved on is answered as it is now.
	b.do("POST", "/api/jobs/"+other.JobID+"/cancel", "").is(202)
	require.Equal(t, "cancelled", b.do("POST", "/api/jobs", body, "Idempotency-Key", "k2").is(202).job().Status)
}

func TestConcurrentSubmissionsWithOneKeyAreOneJob(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := make(chan string, 20)
	for range cap(ids) {
		go func() {
			ids <- b.do("POST", "/api/jobs", `{"kind":"any.thing"}`, "Idempotency-Key", "same").job().JobID
		}()
	}
	first := <-ids
	for range cap(ids) - 1 {
		require.Equal(t, first, <-ids)
	}
	require.Equal(t, 1, b.size())
}

func TestSubmitMany(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var res struct {
		Items []struct {
			Status  int
			Replay  bool
			Job     *jobAnswer
			Problem *problemAnswer
		} `json:"items"`
	}
	const body = `[{"kind":"any.thing","input":1},{"kind":"nope"},{"kind":"any.thing","input":3}]`
	b.do("POST", "/api/jobs", body, "Idempotency-Key", "batch").is(202).into(&res)
	require.Len(t, res.Items, 3)
	require.Equal(t, "1", string(res.Items[0].Job.Input))
	require.Equal(t, 400, res.Items[1].Status)
	require.Equal(t, "invalid", res.Items[1].Problem.Code)
	require.Equal(t, "3", string(res.Items[2].Job.Input))
	first := res.Items[2].Job.JobID
	b.do("POST", "/api/jobs", body, "Idempotency-Key", "batch").is(202).into(&res)
	require.True(t, res.Items[2].Replay)
	require.Equal(t, first, res.Items[2].Job.JobID)
	require.Equal(t, 2, b.size())
}

func TestCommands(t *testing.T) {
	t.Parallel()
	b := setup(t)
	j := b.submit(`{"kind":"any.thing","delay":"1h"}`)
	require.Equal(t, "delayed", j.Status)
	require.WithinDuration(t, time.Now().Add(time.Hour), j.RunAt, time.Minute)
	path := "/api/jobs/" + j.JobID
	b.do("POST", path+"/cancel", `{"reason":"not needed"}`, "If-Match", `"9"`).is(412).problem("conflict")
	done := b.do("POST", path+"/cancel", `{"reason":"not needed"}`, "If-Match", `"1"`).is(202)
	require.Equal(t, "cancelled", done.job().Status)
	require.Equal(t, `"2"`, done.header.Get("ETag"))
	require.Contains(t, string(done.body), "not needed")
	b.do("POST", path+"/cancel", "").is(202) // again changes nothing
	require.Equal(t, "queued", b.do("POST", path+"/retry", "").is(202).job().Status)
	b.do("POST", path+"/annotate", `{"text":"seen"}`, "Idempotency-Key", "n1").is(202)
	b.do("POST", path+"/annotate", `{"text":"seen"}`, "Idempotency-Key", "n1").is(202)
	p := b.do("POST", path+"/annotate", `{"text":"seen twice"}`, "Idempotency-Key", "n1").is(422).problem("conflict")
	require.Equal(t, "header/Idempotency-Key", p.Errors[0].Path)
	require.Equal(t, 1, strings.Count(string(b.do("GET", path, "").body), `"text":"seen"`))
	b.begin(j.JobID)
	require.Equal(t, "stopping", b.do("POST", path+"/stop", "").is(202).job().Status)
}

// The page shows the last group of an id where there is no room for all of it.
func TestListIsSearchedForTheEndOfAnID(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.submit(`{"kind":"any.thing"}`)
	j := b.submit(`{"kind":"any.thing"}`)
	var p struct{ Items []struct{ JobID string } }
	for _, text := range []string{j.JobID, j.JobID[len(j.JobID)-12:]} {
		b.do("GET", "/api/jobs?q="+text+"&minCursor="+j.Cursor, "").is(200).into(&p)
		require.Len(t, p.Items, 1, text)
		require.Equal(t, j.JobID, p.Items[0].JobID)
	}
}

func TestTimeTravel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	j := b.submit(`{"kind":"any.thing","input":{"a":1}}`)
	path := "/api/jobs/" + j.JobID
	_, out := b.begin(j.JobID)
	progress := func(percent float64) string {
		require.NoError(t, out.Append(t.Context(), b.now(), job.Progressed{Percent: percent}))
		tail, err := b.store.Tail(t.Context())
		require.NoError(t, err)
		return tail.String()
	}
	at30 := progress(30)
	at60 := progress(60)
	b.succeed(j.JobID, out, `{"ok":true}`)

	at := func(query string) jobAnswer { return b.do("GET", path+"?"+query, "").is(200).job() }
	require.Equal(t, "queued", at("version=1").Status)
	require.Nil(t, at("version=2").Progress, "the attempt had said nothing when it started")
	require.Equal(t, "running", at("at="+at30).Status)
	require.InDelta(t, 30, at("at="+at30).Progress.Percent, 0)
	require.InDelta(t, 60, at("at="+at60).Progress.Percent, 0)
	require.Equal(t, at60, at("at="+at60).Cursor)
	end := at("version=3")
	require.Equal(t, "succeeded", end.Status)
	require.InDelta(t, 60, end.Progress.Percent, 0)
	require.JSONEq(t, `{"ok":true}`, string(end.Result))
	require.Equal(t, end, at("at="+url.QueryEscape(time.Now().Format(time.RFC3339Nano))))
	require.Equal(t, end, b.do("GET", path, "").job())
}

type page struct {
	Items    []jobAnswer `json:"items"`
	NextPage string      `json:"nextPage"`
	Total    int         `json:"total"`
	Cursor   string      `json:"cursor"`
}

func TestListReflectsACursor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var last jobAnswer
	for i := range 25 {
		last = b.submit(fmt.Sprintf(`{"kind":"any.thing","input":{"n":"number%d"},"labels":{"odd":"%v"}}`, i, i%2 == 1))
	}
	var p page
	b.do("GET", "/api/jobs?limit=10&count=true&label=odd:true&minCursor="+last.Cursor, "").is(200).into(&p)
	require.Equal(t, 12, p.Total)
	require.Equal(t, last.Cursor, p.Cursor)
	seen := map[string]bool{}
	for {
		for _, j := range p.Items {
			require.False(t, seen[j.JobID])
			seen[j.JobID] = true
			require.Empty(t, j.Input, "lists leave the input out")
		}
		if p.NextPage == "" {
			break
		}
		next := p.NextPage
		p = page{}
		b.do("GET", "/api/jobs?limit=10&label=odd:true&page="+next, "").is(200).into(&p)
	}
	require.Len(t, seen, 12)
	p = page{}
	b.do("GET", "/api/jobs?q=number7&kind=any*&status=queued&queue=bulk", "").is(200).into(&p)
	require.Len(t, p.Items, 1)
}

func TestBulk(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var ids []string
	var last jobAnswer
	for range 10 {
		last = b.submit(`{"kind":"any.thing","labels":{"x":"y"}}`)
		ids = append(ids, last.JobID)
	}
	_, out := b.begin(ids[0])
	b.succeed(ids[0], out, `1`)
	tail, err := b.store.Tail(t.Context())
	require.NoError(t, err)
	b.do("GET", "/api/jobs?minCursor="+tail.String(), "").is(200)

	var r struct {
		Matched, Affected, SkippedTotal int
		Skipped                         []struct{ JobID, Reason string }
		ByStatus                        map[string]int
		DryRun                          bool
	}
	size := b.size()
	const filter = `{"action":"cancel","filter":{"labels":{"x":"y"}},"dryRun":%v}`
	b.do("POST", "/api/jobs/bulk", fmt.Sprintf(filter, true)).is(200).into(&r)
	require.Equal(t, 10, r.Matched)
	require.Equal(t, 9, r.Affected)
	require.Equal(t, map[string]int{"queued": 9, "succeeded": 1}, r.ByStatus)
	require.Equal(t, ids[0], r.Skipped[0].JobID)
	require.NotEmpty(t, r.Skipped[0].Reason)
	require.Equal(t, size, b.size(), "a dry run appends nothing")

	b.do("POST", "/api/jobs/bulk", fmt.Sprintf(filter, false)).is(200).into(&r)
	require.Equal(t, 9, r.Affected)
	require.Equal(t, size+9, b.size())
	require.Equal(t, "cancelled", b.do("GET", "/api/jobs/"+last.JobID, "").job().Status)

	b.do("POST", "/api/jobs/bulk", `{"action":"retry","ids":["`+ids[1]+`","`+ids[0]+`","nothere"]}`).is(200).into(&r)
	require.Equal(t, 1, r.Affected)
	require.Equal(t, 2, r.SkippedTotal)
	require.Equal(t, 2, r.Matched)
}

type logAnswer struct {
	Lines []struct {
		Seq     int64
		Attempt int
		Text    string
	}
	Next      int64
	Total     int64
	Attempt   int
	Attempts  int
	Ended     bool
	Truncated bool
	Cursor    string
}

func TestLogPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	j := b.submit(`{"kind":"any.thing"}`)
	path := "/api/jobs/" + j.JobID + "/log"
	var l logAnswer
	b.do("GET", path, "").is(200).into(&l)
	require.Empty(t, l.Lines)
	require.False(t, l.Ended)
	_, out := b.begin(j.JobID)
	for i := 1; i <= 2000; i += 7 {
		b.logs(out, i, min(i+6, 2000))
	}
	for _, from := range []int64{1, 2, 7, 8, 999, 1500, 1994, 2000} {
		l = logAnswer{}
		b.do("GET", fmt.Sprintf("%s?from=%d&limit=50", path, from), "").is(200).into(&l)
		require.EqualValues(t, 2000, l.Total)
		require.Len(t, l.Lines, int(min(50, 2001-from)))
		for i, line := range l.Lines {
			require.Equal(t, from+int64(i), line.Seq)
			require.Equal(t, fmt.Sprintf("line %d", line.Seq), line.Text)
		}
		if from < 1951 {
			require.Equal(t, from+50, l.Next)
		}
	}
	l = logAnswer{}
	b.do("GET", path+"?tail=3", "").is(200).into(&l)
	require.EqualValues(t, 1998, l.Lines[0].Seq)
	require.Zero(t, l.Next)
	require.False(t, l.Ended)
	b.succeed(j.JobID, out, "1")
	b.do("GET", path+"?attempt=1", "").is(200).into(&l)
	require.True(t, l.Ended)
}

func TestArtifacts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	j := b.submit(`{"kind":"any.thing"}`)
	_, out := b.begin(j.JobID)
	for name, text := range map[string]string{"shots/1 ä.txt": "0123456789", "page.html": "<script>alert(1)</script>"} {
		stored, err := b.artifacts.Put(t.Context(), artifacts.Key{JobID: j.JobID, Attempt: 1, Name: name}, "", strings.NewReader(text), 100)
		require.NoError(t, err)
		require.NoError(t, out.Append(t.Context(), b.now(), job.ArtifactStored{
			Name: name, Size: stored.Size, ContentType: stored.ContentType, SHA256: stored.SHA256,
		}))
	}
	_, err := b.artifacts.Put(t.Context(), artifacts.Key{JobID: j.JobID, Attempt: 1, Name: "secret"}, "", strings.NewReader("x"), 100)
	require.NoError(t, err)
	var list struct {
		Items []struct{ Name, URL, SHA256 string }
	}
	b.do("GET", "/api/jobs/"+j.JobID+"/artifacts", "").is(200).into(&list)
	require.Len(t, list.Items, 2)
	for _, item := range list.Items {
		if item.Name == "page.html" {
			res := b.do("GET", item.URL, "").is(200)
			require.Contains(t, res.header.Get("Content-Security-Policy"), "sandbox")
			require.Equal(t, "nosniff", res.header.Get("X-Content-Type-Options"))
			continue
		}
		whole := b.do("GET", item.URL, "").is(200)
		require.Equal(t, "0123456789", string(whole.body))
		require.Equal(t, `"`+item.SHA256+`"`, whole.header.Get("ETag"))
		b.do("GET", item.URL, "", "If-None-Match", whole.header.Get("ETag")).is(304)
		for spec, want := range map[string]string{"bytes=2-4": "234", "bytes=7-": "789", "bytes=-2": "89", "bytes=0-99": "0123456789"} {
			part := b.do("GET", item.URL, "", "Range", spec).is(206)
			require.Equal(t, want, string(part.body), spec)
			require.True(t, strings.HasSuffix(part.header.Get("Content-Range"), "/10"), spec)
		}
		b.do("GET", item.URL, "", "Range", "bytes=10-").is(416).problem("invalid")
		b.do("GET", item.URL, "", "Range", "bytes=0-1", "If-Range", `"other"`).is(200)
		require.Contains(t, b.do("GET", item.URL+"&download=true", "").header.Get("Content-Disposition"), "attachment")
		require.Empty(t, b.do("HEAD", item.URL, "").is(200).body)
	}
	b.do("GET", "/api/jobs/"+j.JobID+"/artifacts/secret", "").is(404).problem("not_found") // no event, no artefact
}

func TestExportedTapeVerifies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	j := b.submit(`{"kind":"any.thing"}`)
	_, out := b.begin(j.JobID)
	b.logs(out, 1, 100)
	b.succeed(j.JobID, out, "1")
	for _, packing := range []string{"", "?compression=gzip"} {
		tape := b.do("GET", "/api/jobs/"+j.JobID+"/tape"+packing, "").is(200)
		report, err := tapefile.Verify(bytes.NewReader(tape.body))
		require.NoError(t, err)
		require.True(t, report.OK(), report.Faults)
		require.EqualValues(t, 4, report.Events)
	}
	b.do("GET", "/api/jobs/nothere/tape", "").is(404).problem("not_found")
}

func TestQueues(t *testing.T) {
	t.Parallel()
	clock := time.Now()
	b := setup(t, func(c *handlers.Config) { c.Now = func() time.Time { return clock } })
	b.submit(`{"kind":"system.ping","priority":"high"}`)
	b.submit(`{"kind":"any.thing"}`)
	var list struct {
		Items []struct {
			Name             string
			Kinds            []string
			Paused, Draining bool
			Depth            struct{ High, Normal, Low int }
			OldestAgeMs      *int64
		}
	}
	b.do("GET", "/api/queues", "").is(200).into(&list)
	require.Len(t, list.Items, 2)
	require.Equal(t, "bulk", list.Items[0].Name)
	require.Equal(t, []string{"any.thing"}, list.Items[0].Kinds)
	require.Equal(t, 1, list.Items[0].Depth.Low)
	require.Equal(t, 1, list.Items[1].Depth.High)

	b.do("POST", "/api/queues/bulk/pause", `{"reason":"deploy"}`).is(202)
	b.submit(`{"kind":"any.thing"}`) // a paused queue takes jobs in
	kept := b.do("POST", "/api/jobs", `{"kind":"any.thing","queue":"bulk"}`, "Idempotency-Key", "kept").is(202).job().JobID
	b.do("POST", "/api/queues/bulk/drain", "").is(202)
	again := b.do("POST", "/api/jobs", `{"kind":"any.thing","queue":"bulk"}`, "Idempotency-Key", "kept").is(202)
	require.Equal(t, kept, again.job().JobID, "what was accepted before is answered again")
	b.do("POST", "/api/jobs", `{"kind":"any.thing","queue":"bulk"}`, "Idempotency-Key", "new").is(409)
	p := b.do("POST", "/api/jobs", `{"kind":"any.thing"}`).is(409).problem("conflict")
	require.Equal(t, "/queue", p.Errors[0].Path)
	b.do("GET", "/api/queues", "").is(200).into(&list)
	require.True(t, list.Items[0].Draining)
	b.do("POST", "/api/queues/bulk/resume", "").is(202)
	b.submit(`{"kind":"any.thing"}`)
}

func TestAJobIsForked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	from := b.submit(`{"kind":"any.thing","input":{"a":1,"deep":{"x":"keep","y":2},"big":12345678901234567890},"labels":{"team":"qa"},"priority":"high","project":"shop"}`)
	path := "/api/jobs/" + from.JobID + "/fork"
	got := b.do("POST", path, `{"version":1,"input":{"a":null,"deep":{"y":{"z":3}},"new":true}}`).is(202)
	j := got.job()
	require.NotEqual(t, from.JobID, j.JobID)
	require.Equal(t, "/api/jobs/"+j.JobID, got.header.Get("Location"))
	require.Equal(t, "queued", j.Status)
	require.JSONEq(t, `{"deep":{"x":"keep","y":{"z":3}},"big":12345678901234567890,"new":true}`, string(j.Input))
	require.Contains(t, string(got.body), "12345678901234567890")
	for _, part := range []string{`"project":"shop"`, `"team":"qa"`, `"priority":"high"`, `"forkedFrom":{"jobId":"` + from.JobID + `","version":1}`} {
		require.Contains(t, string(got.body), part)
	}
	require.Equal(t, from.Version, b.do("GET", "/api/jobs/"+from.JobID, "").is(200).job().Version, "the one it is made from stays as it is")
	b.begin(j.JobID) // a worker takes it

	same := b.do("POST", path, `{"labels":{}}`, "Idempotency-Key", "f1").is(202)
	again := b.do("POST", path, `{"labels":{}}`, "Idempotency-Key", "f1").is(202)
	require.Equal(t, same.job().JobID, again.job().JobID)
	require.Equal(t, "true", again.header.Get("Idempotent-Replay"))
	b.do("POST", path, `{"labels":{"a":"b"}}`, "Idempotency-Key", "f1").is(422).problem("conflict")

	require.Equal(t, "/version", b.do("POST", path, `{"version":9}`).is(400).problem("invalid").Errors[0].Path)
	require.Equal(t, "/input", b.do("POST", path, `{"input":[1]}`).is(400).problem("invalid").Errors[0].Path)
	b.do("POST", "/api/jobs/nothere/fork", "").is(404).problem("not_found")
}
