package handlers_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/eventstore/memory"
	"tapedeck/handlers"
	"tapedeck/projections"
)

// fasthttp's pool cleaner sleeps for ten seconds before it sees that its pool stopped; its clock never stops.
func TestMain(m *testing.M) {
	for _, kind := range []string{"application/x-ndjson", "text/event-stream", "application/yaml", "application/zstd", "application/gzip", "text/plain", "text/markdown", "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"} {
		openapi3filter.RegisterBodyDecoder(kind, openapi3filter.FileBodyDecoder)
	}
	openapi3filter.RegisterBodyDecoder("application/schema+json", openapi3filter.RegisteredBodyDecoder("application/json"))
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

// bundle is a server on a memory log with everything that it needs.
type bundle struct {
	t         testing.TB
	store     *memory.Store
	repo      *jobs.Repository
	projector *projections.Projector
	artifacts *artifacts.Store
	server    *handlers.Server
	base      string
	bucket    string // of the artefacts
	spec      routers.Router
	client    *http.Client
}

func setup(t testing.TB, change ...func(*handlers.Config)) *bundle {
	t.Helper()
	ctx := context.Background()
	b := &bundle{t: t, store: memory.New(nil), spec: loadSpec(t), client: &http.Client{Transport: &http.Transport{}}}
	b.repo = jobs.New(b.store, jobs.Config{})
	b.projector = projections.New(b.store, projections.Config{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, b.projector.Start(ctx))
	var err error
	b.bucket = t.TempDir()
	b.artifacts, err = artifacts.Open(ctx, b.bucket)
	require.NoError(t, err)
	cfg := handlers.Config{
		Jobs: b.repo, Reader: b.projector, Artifacts: b.artifacts, Kinds: testKinds(),
		Page: fstest.MapFS{"index.html": {Data: []byte("<html>page</html>")}}, AllowedHosts: []string{"tapedeck.test"},
		AllowedOrigins: []string{"https://cdn.test"}, BodyLimit: 128 << 10,
	}
	for _, f := range change {
		f(&cfg)
	}
	b.server, err = handlers.New(cfg)
	require.NoError(t, err)
	require.NoError(t, b.server.Start(ctx))
	b.base = "http://" + b.server.Addr()
	t.Cleanup(func() {
		b.client.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		require.NoError(t, b.server.Stop(ctx))
		require.NoError(t, b.server.Stop(ctx), "stopping twice is harmless")
		require.NoError(t, b.projector.Stop())
		require.NoError(t, b.store.Close())
		require.NoError(t, b.artifacts.Close())
	})
	return b
}

func testKinds() []handlers.Kind {
	return []handlers.Kind{
		{
			Name: "system.ping", Title: "Ping", Queue: "default", Timeout: time.Minute,
			Input: jsontext.Value(`{"type":"object","properties":{"text":{"type":"string"}},"additionalProperties":false}`),
			Check: func(input jsontext.Value) error {
				var in struct {
					Text string `json:"text"`
				}
				if len(input) == 0 {
					return nil
				}
				if err := json.Unmarshal(input, &in, json.RejectUnknownMembers(true)); err != nil {
					return &job.InvalidError{Faults: []job.Fault{{Path: "input", Message: "want {text}"}}}
				}
				return nil
			},
		},
		{Name: "any.thing", Queue: "bulk", Priority: job.PriorityLow, Retry: job.RetryPolicy{MaxAttempts: 1}},
	}
}

// loadSpec reads the document and closes its objects: what an answer has must be written down.
func loadSpec(t testing.TB) routers.Router {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	require.NoError(t, err)
	closed := false
	for _, ref := range doc.Components.Schemas {
		if s := ref.Value; s.Type.Is("object") && s.AdditionalProperties.Schema == nil && s.AdditionalProperties.Has == nil && len(s.Properties) > 0 {
			s.AdditionalProperties.Has = &closed
		}
	}
	router, err := gorillamux.NewRouter(doc)
	require.NoError(t, err)
	return router
}

// answer is a response that was checked against the document.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

// do sends a request; headers are pairs. The answer must be what openapi.yaml promises.
func (b *bundle) do(method, path, body string, headers ...string) answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(body))
	require.NoError(b.t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := b.client.Do(req)
	require.NoError(b.t, err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	require.NoError(b.t, err)
	a := answer{t: b.t, status: res.StatusCode, header: res.Header, body: text}
	b.check(req, a)
	return a
}

func (b *bundle) check(req *http.Request, a answer) {
	b.t.Helper()
	plain := *req
	plain.URL = &url.URL{Path: req.URL.EscapedPath(), RawQuery: req.URL.RawQuery}
	route, params, err := b.spec.FindRoute(&plain)
	if err != nil {
		return // not an operation of the document
	}
	require.NotEmpty(b.t, a.header.Get("X-Request-Id"))
	err = openapi3filter.ValidateResponse(b.t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: &plain, PathParams: params, Route: route},
		Status:                 a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	require.NoError(b.t, err, "%s %s: %d %s", req.Method, req.URL, a.status, a.body)
}

func (a answer) is(status int) answer {
	a.t.Helper()
	require.Equal(a.t, status, a.status, "%s", a.body)
	return a
}

// job decodes a job.
func (a answer) job() jobAnswer {
	a.t.Helper()
	var j jobAnswer
	require.NoError(a.t, json.Unmarshal(a.body, &j), "%s", a.body)
	return j
}

func (a answer) into(v any) {
	a.t.Helper()
	require.NoError(a.t, json.Unmarshal(a.body, v, json.MatchCaseInsensitiveNames(true)), "%s", a.body)
}

// problem checks that the answer is a problem with this code.
func (a answer) problem(code string) problemAnswer {
	a.t.Helper()
	require.Equal(a.t, "application/problem+json", a.header.Get("Content-Type"), "%s", a.body)
	var p problemAnswer
	require.NoError(a.t, json.Unmarshal(a.body, &p))
	require.Equal(a.t, code, p.Code, "%s", a.body)
	require.Equal(a.t, a.status, p.Status)
	require.Equal(a.t, a.header.Get("X-Request-Id"), p.Instance)
	return p
}

type problemAnswer struct {
	Status   int    `json:"status"`
	Code     string `json:"code"`
	Detail   string `json:"detail"`
	Instance string `json:"instance"`
	Reason   string `json:"reason"`
	Errors   []struct {
		Path    string `json:"path"`
		Message string `json:"message"`
	} `json:"errors"`
}

type jobAnswer struct {
	JobID    string            `json:"jobId"`
	Project  string            `json:"project"`
	Kind     string            `json:"kind"`
	Status   string            `json:"status"`
	Queue    string            `json:"queue"`
	Priority string            `json:"priority"`
	Labels   map[string]string `json:"labels"`
	Input    jsontext.Value    `json:"input"`
	Result   jsontext.Value    `json:"result"`
	Attempt  int               `json:"attempt"`
	Progress *struct {
		Percent float64 `json:"percent"`
		Message string  `json:"message"`
	} `json:"progress"`
	Timeout string    `json:"timeout"`
	RunAt   time.Time `json:"runAt"`
	Version uint64    `json:"version"`
	Cursor  string    `json:"cursor"`
}

// submit creates a job that is queued.
func (b *bundle) submit(body string) jobAnswer {
	b.t.Helper()
	return b.do("POST", "/api/jobs", body).is(202).job()
}

// begin starts an attempt as a worker would.
func (b *bundle) begin(id string) (job.State, *jobs.OutputWriter) {
	b.t.Helper()
	ctx := b.t.Context()
	s, err := b.repo.Load(ctx, id)
	require.NoError(b.t, err)
	s, _, err = b.repo.Execute(ctx, id, worker, job.Start{
		Now: time.Now(), Attempt: s.Attempt + 1, Worker: "w", Lease: "lease-" + id, LeaseMS: 60_000,
	})
	require.NoError(b.t, err)
	return s, b.repo.Output(s, worker)
}

var worker = jobs.Caller{Source: "test/worker"}

func (b *bundle) logs(out *jobs.OutputWriter, from, to int) {
	b.t.Helper()
	var lines []job.Line
	for i := from; i <= to; i++ {
		lines = append(lines, job.Line{Time: time.Now(), Level: "info", Text: fmt.Sprintf("line %d", i)})
	}
	require.NoError(b.t, out.Append(b.t.Context(), time.Now(), job.Logged{Lines: lines}))
}

func (b *bundle) succeed(id string, out *jobs.OutputWriter, result string) {
	b.t.Helper()
	_, _, err := b.repo.Execute(b.t.Context(), id, worker, job.Succeed{
		Now: time.Now(), Lease: "lease-" + id, Result: jsontext.Value(result), Output: out.Head(),
	})
	require.NoError(b.t, err)
}

// size is how many events the log holds.
func (b *bundle) size() int {
	b.t.Helper()
	batch, err := b.store.ReadAll(b.t.Context(), eventstore.Position{}, 1_000_000)
	require.NoError(b.t, err)
	return len(batch.Events)
}

func (b *bundle) now() time.Time { return time.Now() }
