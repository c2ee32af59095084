package recorder_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/domain/recording"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/eventstore/memory"
	"tapedeck/proxy/egress"
	"tapedeck/workers"
	"tapedeck/workers/recorder"
	"tapedeck/workers/recorder/browser"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bundle is a worker that records, with an application to record.
type bundle struct {
	testing.TB
	store   eventstore.Store
	repo    *jobs.Repository
	files   *artifacts.Store
	rec     *recorder.Recorder
	worker  *workers.Worker
	app     *app
	scratch string
	bucket  string
}

func setup(t testing.TB, adjust ...func(*recorder.Config)) *bundle {
	t.Helper()
	b := &bundle{TB: t, store: memory.New(nil), app: newApp(t), scratch: filepath.Join(t.TempDir(), "scratch")}
	t.Cleanup(func() { require.NoError(t, b.store.Close()) })
	b.repo = jobs.New(b.store, jobs.Config{})
	var err error
	b.bucket = t.TempDir()
	b.files, err = artifacts.Open(t.Context(), b.bucket)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.files.Close()) })
	log := slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	cfg := recorder.Config{
		Jobs: b.repo, Files: b.files, Egress: egress.Policy{AllowLoopback: true}, Logger: log,
		Browser: browser.Config{
			Headless: true, ScratchBase: b.scratch,
			Places: browser.Places{Driver: os.Getenv("PLAYWRIGHT_DRIVER_PATH"), Chromium: os.Getenv("CHROMIUM_PATH"), Roots: []string{"../.."}},
		},
	}
	for _, f := range adjust {
		f(&cfg)
	}
	b.rec, err = recorder.New(cfg)
	require.NoError(t, err)
	require.NoError(t, b.rec.Start(t.Context()))
	t.Cleanup(b.rec.Stop)
	kinds, err := workers.NewRegistry(b.rec.Kind())
	require.NoError(t, err)
	b.worker, err = workers.New(workers.Config{
		Store: b.store, Kinds: kinds, Artifacts: b.files, Name: "test", Logger: log,
		Pulse: 10 * time.Millisecond, DueEvery: 10 * time.Millisecond,
		Secrets: workers.EnvSecrets{Getenv: func(name string) string {
			return map[string]string{"TAPEDECK_SECRET_PW": "Tr0ub4dor-and-3"}[name]
		}},
	})
	require.NoError(t, err)
	require.NoError(t, b.worker.Start(t.Context()))
	t.Cleanup(func() {
		b.worker.Stop(context.Background())
		require.Zero(t, b.rec.Open(), "browser contexts are left open")
		b.requireNoSessions()
	})
	return b
}

// requireNoSessions: no recording has left temporary files.
func (b *bundle) requireNoSessions() {
	b.Helper()
	left, err := filepath.Glob(filepath.Join(b.scratch, "w-*", "session-*"))
	require.NoError(b, err)
	require.Empty(b, left, "temporary files of a recording are left")
}

type testWriter struct{ testing.TB }

func (w testWriter) Write(p []byte) (int, error) { w.Logf("%s", p); return len(p), nil }

// record submits a recording of the application's path.
func (b *bundle) record(path string, more map[string]any) string {
	b.Helper()
	in := map[string]any{"url": b.app.URL + path}
	for k, v := range more {
		in[k] = v
	}
	return b.recordAt(in)
}

// recordAt submits a recording with the whole input.
func (b *bundle) recordAt(in map[string]any) string {
	b.Helper()
	input, err := json.Marshal(in)
	require.NoError(b, err)
	id := uuid.Must(uuid.NewV7()).String()
	_, _, err = b.repo.Submit(b.Context(), id, "default", jobs.Caller{Source: "test", Actor: "tester"}, job.Submit{
		Now: time.Now(), Kind: recording.Kind, Queue: "recorder", Input: jsontext.Value(input), Retry: job.RetryPolicy{InitialMS: 1, MaxMS: 1},
	})
	require.NoError(b, err)
	return id
}

func (b *bundle) do(id string, c job.Command) {
	b.Helper()
	_, _, err := b.repo.Execute(b.Context(), id, jobs.Caller{Source: "test", Actor: "tester"}, c)
	require.NoError(b, err)
}

// await waits until ok, woken by the log.
func (b *bundle) await(what string, ok func() bool) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	defer cancel()
	for {
		tail, err := b.store.Tail(ctx)
		require.NoError(b, err)
		if ok() {
			return
		}
		if err := b.store.Wait(ctx, tail.Position); err != nil {
			require.NoError(b, err, "waiting for %s; last on the log: %s", what, b.tail(20))
		}
	}
}

// tail is the end of the log, for a test that waited in vain.
func (b *bundle) tail(n int) string {
	var out strings.Builder
	head, err := b.store.Tail(context.Background())
	if err != nil {
		return err.Error()
	}
	batch, err := b.store.ReadBack(context.Background(), head.Position, n)
	if err != nil {
		return err.Error()
	}
	for _, e := range batch.Events {
		fmt.Fprintf(&out, "\n%s %s %.300s", e.Time.Format("05.000"), e.Type, e.Data)
	}
	return out.String()
}

// patience is how long a test waits: a busy machine is not a failure.
const patience = 2 * time.Minute

func (b *bundle) job(id string) job.State {
	b.Helper()
	s, err := b.repo.Load(b.Context(), id)
	require.NoError(b, err)
	return s
}

func (b *bundle) recording(id string) recording.State {
	b.Helper()
	s, err := b.repo.LoadRecording(b.Context(), id)
	require.NoError(b, err)
	return s
}

func (b *bundle) final(id string) job.State {
	b.Helper()
	b.await("the job's end", func() bool { return b.job(id).Status.Final() })
	return b.job(id)
}

// steps waits until the recording has so many steps.
func (b *bundle) steps(id string, n int) recording.State {
	b.Helper()
	b.await(fmt.Sprintf("%d steps", n), func() bool {
		s, err := b.repo.LoadRecording(b.Context(), id)
		return err == nil && len(s.Steps) >= n
	})
	return b.recording(id)
}

// seen waits until the recording has so many steps and a picture of the last one.
func (b *bundle) seen(id string, n int) recording.State {
	b.Helper()
	b.await(fmt.Sprintf("a picture of step %d", n), func() bool {
		s, err := b.repo.LoadRecording(b.Context(), id)
		return err == nil && len(s.Steps) >= n && s.Steps[n-1].Evidence != nil && s.Steps[n-1].Evidence.Screenshot != ""
	})
	return b.recording(id)
}

// artefacts are the names of what the attempt stored.
func (b *bundle) artefacts(id string, attempt int) map[string]int64 {
	b.Helper()
	out, err := b.repo.LoadOutput(b.Context(), id, attempt, nil)
	require.NoError(b, err)
	names := map[string]int64{}
	for _, a := range out.Artifacts {
		names[a.Name] = a.Size
	}
	return names
}

func (b *bundle) read(id string, attempt int, name string) []byte {
	b.Helper()
	r, err := b.files.Read(b.Context(), artifacts.Key{JobID: id, Attempt: attempt, Name: name}, 0, -1)
	require.NoError(b, err)
	defer func() { require.NoError(b, r.Close()) }()
	data, err := io.ReadAll(r)
	require.NoError(b, err)
	return data
}

// events lists the types on the recording's tape.
func (b *bundle) events(id string) (types []string) {
	b.Helper()
	events, err := b.store.ReadStream(b.Context(), recording.Stream(id), 1, 10_000)
	require.NoError(b, err)
	for _, e := range events {
		require.Equal(b, id, e.Subject)
		require.Equal(b, recording.Kind, e.Kind)
		types = append(types, strings.TrimPrefix(e.Type, "recording."))
	}
	return types
}

// recorderKind is the kind of a recorder that never runs.
func recorderKind(t testing.TB) workers.Kind {
	t.Helper()
	r, err := recorder.New(recorder.Config{Jobs: jobs.New(memory.New(nil), jobs.Config{})})
	require.NoError(t, err)
	return r.Kind()
}

// app is a small application with a login.
type app struct {
	*httptest.Server
	release chan struct{} // ends answers that hang
}

func newApp(t testing.TB) *app {
	a := &app{release: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", page(`<title>Shop</title><style>input { position: absolute; left: 50px; width: 200px; height: 30px } [name=user] { top: 100px } [name=password] { top: 150px }</style><h1>Shop</h1>
		<form action="/login" method="post"><label>User <input name="user"></label>
		<label>Password <input name="password" type="password"></label><button>Sign in</button></form>`))
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "c00kie-9f8e7d6c5b4a", Path: "/"})
		_, _ = fmt.Fprintf(w, `<title>Welcome</title><h1>Welcome %s</h1><p>Your password is <b>%s</b>%s</p>
			<script>console.log("signed in with %[4]s"); localStorage.setItem("pw", %[4]q); fetch("/api/items?token=%[4]s")</script><ul id=list></ul>`,
			r.FormValue("user"), r.FormValue("password")[:4], r.FormValue("password")[4:], r.FormValue("password"))
	})
	mux.HandleFunc("GET /api/items", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"items":[1,2,3],"access_token":"tok-1234567890abcdef"}`)
	})
	mux.HandleFunc("GET /noisy", page(`<h1>Noisy</h1><script>for (let i = 0; i < 100000; i++) console.log("line " + i); document.title = "done"</script>`))
	mux.HandleFunc("GET /slow", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<h1>Slow</h1>"+strings.Repeat(" ", 4096))
		w.(http.Flusher).Flush()
		select {
		case <-a.release:
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("GET /big", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Disposition", `attachment; filename="big.bin"`)
		w.Header().Set("Content-Length", "500000000")
		block := make([]byte, 1<<16)
		for range 500_000_000 / len(block) {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("GET /alerts", page(`<h1>Alerts</h1><script>setTimeout(() => { for (;;) alert("again") }, 50)</script>`))
	mux.HandleFunc("GET /popups", page(`<h1>Popups</h1><script>setInterval(() => window.open("/slow"), 100)</script>`))
	mux.HandleFunc("GET /download", page(`<a href="/big">Get it</a>`))
	mux.HandleFunc("GET /close", page(`<button onclick="window.close()">Close</button>`))
	a.Server = httptest.NewServer(mux)
	t.Cleanup(func() { close(a.release); a.Close() })
	return a
}

func page(html string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!doctype html>"+html)
	}
}

// on is a target by one selector.
func on(selector string) map[string]any {
	return map[string]any{"candidates": []any{map[string]any{"by": "css", "selector": selector, "matches": 1}}}
}

func signIn() []any {
	return []any{
		map[string]any{"id": "user", "type": "fill", "target": on("input[name=user]"), "value": map[string]any{"text": "ada"}},
		map[string]any{"id": "pw", "type": "fill", "target": on("input[name=password]"), "value": map[string]any{"text": "", "secret": "pw"}},
		map[string]any{"id": "go", "type": "click", "target": on("button"), "title": "Click Sign in"},
		map[string]any{"id": "seen", "type": "assert", "target": on("h1"), "assertion": map[string]any{"claim": "text", "expected": "Welcome ada"}},
	}
}
