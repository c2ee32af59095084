package handlers_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/handlers"
)

// reader is a stream that is read line by line.
type reader struct {
	t     testing.TB
	lines *bufio.Scanner
	stop  func()
}

// open starts a stream; it is closed with the test at the latest.
func (b *bundle) open(path, accept string, headers ...string) *reader {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.base+path, nil)
	require.NoError(b.t, err)
	req.Header.Set("Accept", accept)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := b.client.Do(req)
	require.NoError(b.t, err)
	require.Equal(b.t, 200, res.StatusCode)
	require.Equal(b.t, accept, res.Header.Get("Content-Type"))
	r := &reader{t: b.t, lines: bufio.NewScanner(res.Body)}
	r.stop = func() {
		cancel()
		_ = res.Body.Close()
	}
	b.t.Cleanup(r.stop)
	return r
}

// next is the next line that is not empty.
func (r *reader) next() string {
	r.t.Helper()
	for r.lines.Scan() {
		if line := r.lines.Text(); line != "" {
			return line
		}
	}
	require.FailNow(r.t, "the stream ended", "%v", r.lines.Err())
	return ""
}

// until is the next line that contains a text.
func (r *reader) until(text string) string {
	r.t.Helper()
	for {
		if line := r.next(); strings.Contains(line, text) {
			return line
		}
	}
}

func (r *reader) rest() []string {
	var out []string
	for r.lines.Scan() {
		out = append(out, r.lines.Text())
	}
	require.NoError(r.t, r.lines.Err(), "the stream was cut off")
	return out
}

func TestTapFollows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.submit(`{"kind":"any.thing"}`)
	r := b.open("/api/events?follow=true&from=beginning&kind=any*&type=job.sub*", "application/x-ndjson")
	require.Contains(t, r.next(), `"type":"job.submitted"`)
	require.Contains(t, r.next(), `"op":"caught_up"`)
	b.submit(`{"kind":"system.ping"}`)
	j := b.submit(`{"kind":"any.thing"}`)
	require.Contains(t, r.next(), j.JobID)
}

func TestTapGoesOnFromItsCursor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var jobs []jobAnswer
	for range 5 {
		jobs = append(jobs, b.submit(`{"kind":"any.thing"}`))
	}
	r := b.open("/api/events?follow=true", "text/event-stream", "Last-Event-ID", jobs[2].Cursor)
	require.Contains(t, r.until("data: {\"cursor\""), jobs[3].JobID)
	require.Equal(t, "id: "+jobs[4].Cursor, r.until("id: "))
	require.Contains(t, r.until("data: "), jobs[4].JobID)
	require.Equal(t, "event: caught_up", r.until("event: "))
}

func TestTapWithoutFollowIsComplete(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var last jobAnswer
	for range 300 {
		last = b.submit(`{"kind":"any.thing"}`)
	}
	lines := b.open("/api/events", "application/x-ndjson").rest()
	require.Len(t, lines, 301)
	require.Equal(t, `{"op":"caught_up","cursor":"`+last.Cursor+`"}`, lines[300])
	require.Len(t, b.open("/api/events?control=false", "application/x-ndjson").rest(), 300)
	require.Len(t, b.open("/api/events?limit=7", "application/x-ndjson").rest(), 7)

	var p struct {
		Items    []struct{ Cursor string }
		Cursor   string
		CaughtUp bool
	}
	seen := 0
	for from := "beginning"; !p.CaughtUp; from = p.Cursor {
		p.Items = nil
		b.do("GET", "/api/events?limit=64&from="+from, "").is(200).into(&p)
		seen += len(p.Items)
	}
	require.Equal(t, 300, seen)
	require.Equal(t, last.Cursor, p.Cursor)
}

func TestJobEventsMergeOutput(t *testing.T) {
	t.Parallel()
	b := setup(t)
	j := b.submit(`{"kind":"any.thing"}`)
	b.submit(`{"kind":"any.thing"}`)
	_, out := b.begin(j.JobID)
	b.logs(out, 1, 2)
	path := "/api/jobs/" + j.JobID + "/events"
	r := b.open(path+"?output=true&follow=true", "application/x-ndjson")
	b.do("POST", "/api/jobs/"+j.JobID+"/annotate", `{"text":"x"}`).is(202)
	b.logs(out, 3, 3)
	b.succeed(j.JobID, out, "1")
	for _, want := range []string{"job.submitted", "job.started", "job.logged"} {
		require.Contains(t, r.next(), `"type":"`+want+`"`)
	}
	for _, want := range []string{"job.annotated", "job.logged", "job.succeeded"} {
		require.Contains(t, r.until(`"type"`), `"type":"`+want+`"`)
	}
	// The same in one piece, and the state alone.
	require.Len(t, b.open(path+"?output=true&control=false", "application/x-ndjson").rest(), 6)
	require.Len(t, b.open(path+"?control=false", "application/x-ndjson").rest(), 4)
}

func TestLogFollowsIntoTheNextAttempt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	j := b.submit(`{"kind":"any.thing","retry":{"maxAttempts":2}}`)
	r := b.open("/api/jobs/"+j.JobID+"/log?follow=true", "text/event-stream")
	_, out := b.begin(j.JobID)
	b.logs(out, 1, 2)
	require.Equal(t, "id: 1-1", r.until("id: "))
	require.Equal(t, "id: 1-2", r.until("id: "))
	_, _, err := b.repo.Execute(t.Context(), j.JobID, worker, job.Fail{
		Now: time.Now(), Lease: "lease-" + j.JobID, Error: job.Error{Code: "x", Message: "again"}, Output: out.Head(),
	})
	require.NoError(t, err)
	b.do("POST", "/api/jobs/"+j.JobID+"/retry", "").is(202)
	_, out = b.begin(j.JobID)
	b.logs(out, 1, 1)
	require.Equal(t, "id: 2-1", r.until("id: "))
	b.succeed(j.JobID, out, "1")
	require.Equal(t, "event: end", r.until("event: "))
	require.Contains(t, r.next(), `"status":"succeeded"`)
	require.Empty(t, strings.Join(r.rest(), ""))

	lines := b.open("/api/jobs/"+j.JobID+"/log?attempt=1&from=2&follow=true", "application/x-ndjson").rest()
	require.Len(t, lines, 1)
	require.Contains(t, lines[0], `"text":"line 2"`)
	r = b.open("/api/jobs/"+j.JobID+"/log?follow=true", "text/event-stream", "Last-Event-ID", "1-1")
	require.Equal(t, "id: 1-2", r.until("id: "))
	require.Equal(t, "id: 2-1", r.until("id: "), "who comes back goes on into the next attempt as well")
	lines = b.open("/api/jobs/"+j.JobID+"/log?follow=true", "application/x-ndjson", "Last-Event-ID", "1-2").rest()
	require.Len(t, lines, 1)
	require.Contains(t, lines[0], `"attempt":2`)
	lines = b.open("/api/jobs/"+j.JobID+"/log?follow=true&attempt=1", "application/x-ndjson", "Last-Event-ID", "1-1").rest()
	require.Len(t, lines, 1, "and not when it asked for one attempt")
}

func TestLogFollowsALongLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	j := b.submit(`{"kind":"any.thing"}`)
	_, out := b.begin(j.JobID)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; i < 5000; i += 10 {
			b.logs(out, i+1, i+10)
		}
		b.succeed(j.JobID, out, "1")
	}()
	lines := b.open("/api/jobs/"+j.JobID+"/log?follow=true", "application/x-ndjson").rest()
	<-done
	require.Len(t, lines, 5000)
	for i, l := range lines {
		require.Contains(t, l, fmt.Sprintf(`"seq":%d,`, i+1))
	}
}

func TestSocketOverHTTP(t *testing.T) {
	t.Parallel()
	b := setup(t)
	j := b.submit(`{"kind":"any.thing"}`)
	conn, res, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(b.base, "http")+"/api/ws", &websocket.DialOptions{
		HTTPHeader: http.Header{"Origin": {b.base}},
	})
	require.NoError(t, err)
	require.NotEmpty(t, res.Header.Get("X-Request-Id"))
	defer func() { _ = conn.CloseNow() }()
	say := func(text string) { require.NoError(t, conn.Write(t.Context(), websocket.MessageText, []byte(text))) }
	hear := func(op string) map[string]any {
		for {
			_, raw, err := conn.Read(t.Context())
			require.NoError(t, err)
			m := map[string]any{}
			require.NoError(t, json.Unmarshal(raw, &m))
			if m["op"] == op {
				return m
			}
		}
	}
	hear("hello")
	say(`{"op":"subscribe","ref":"a","filter":{"jobs":["` + j.JobID + `"]},"from":"` + j.Cursor + `"}`)
	hear("caught_up")
	b.do("POST", "/api/jobs/"+j.JobID+"/cancel", "").is(202)
	events := hear("events")["events"].([]any)
	require.Equal(t, "job.cancelled", events[0].(map[string]any)["type"])

	say(`{"op":"subscribe","ref":"c","mode":"coalesce","from":"beginning"}`)
	m := hear("coalesced")
	require.Equal(t, "cancelled", m["jobs"].([]any)[0].(map[string]any)["status"])

	stopped := make(chan error, 1)
	go func() { stopped <- b.server.Stop(context.Background()) }()
	for err == nil {
		_, _, err = conn.Read(t.Context())
	}
	require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(err))
	require.NoError(t, <-stopped)
}

func TestSocketOfAForeignPageIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *handlers.Config) { c.AllowedOrigins = nil })
	_, res, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(b.base, "http")+"/api/ws", &websocket.DialOptions{
		HTTPHeader: http.Header{"Origin": {"https://evil.example"}},
	})
	require.Error(t, err)
	require.Equal(t, http.StatusForbidden, res.StatusCode)
}

func TestStopEndsStreams(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.open("/api/events?follow=true&from=beginning", "application/x-ndjson")
	require.Contains(t, r.next(), "caught_up")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	require.NoError(t, b.server.Stop(ctx))
	require.False(t, r.lines.Scan())
	require.Error(t, r.lines.Err(), "the client must see that the stream did not end by itself")
}
