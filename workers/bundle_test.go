package workers_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"tapedeck/artifacts"
	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/eventstore/memory"
	"tapedeck/workers"
	"tapedeck/workers/exercise"
	"tapedeck/workers/ping"
)

// bundle is a store with what a test needs around it.
type bundle struct {
	testing.TB
	store eventstore.Store
	repo  *jobs.Repository
	files *artifacts.Store
	extra []workers.Kind
}

func setup(t testing.TB, extra ...workers.Kind) *bundle {
	t.Helper()
	store := memory.New(nil)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return setupOn(t, store, extra...)
}

func setupOn(t testing.TB, store eventstore.Store, extra ...workers.Kind) *bundle {
	t.Helper()
	files, err := artifacts.Open(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, files.Close()) })
	return &bundle{TB: t, store: store, repo: jobs.New(store, jobs.Config{}), files: files, extra: extra}
}

// config is quick where the defaults are patient, unless time costs nothing.
func (b *bundle) config() workers.Config {
	kinds, err := workers.NewRegistry(append([]workers.Kind{ping.Kind(), exercise.Kind()}, b.extra...)...)
	require.NoError(b, err)
	cfg := workers.Config{
		Store: b.store, Kinds: kinds, Artifacts: b.files, Name: "test",
		Logger: slog.New(slog.NewTextHandler(testWriter{b}, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if !inBubble() {
		cfg.Pulse, cfg.DueEvery = 10*time.Millisecond, 10*time.Millisecond
	}
	return cfg
}

type testWriter struct{ testing.TB }

func (w testWriter) Write(p []byte) (int, error) { w.Logf("%s", p); return len(p), nil }

var _ io.Writer = testWriter{}

// start runs a worker until the end of the test.
func (b *bundle) start(adjust ...func(*workers.Config)) *workers.Worker {
	b.Helper()
	cfg := b.config()
	for _, f := range adjust {
		f(&cfg)
	}
	w, err := workers.New(cfg)
	require.NoError(b, err)
	require.NoError(b, w.Start(b.Context()))
	b.Cleanup(func() { w.Stop(context.Background()) })
	return w
}

func (b *bundle) repoWith(claimBy time.Duration) *jobs.Repository {
	return jobs.New(b.store, jobs.Config{ClaimBy: claimBy})
}

var tester = jobs.Caller{Source: "test", Actor: "tester"}

// submit appends a job; spec is completed with what it leaves out.
func (b *bundle) submit(kind, input string, adjust ...func(*job.Submit)) string {
	b.Helper()
	c := job.Submit{
		Now: time.Now(), Kind: kind, Queue: "system", Input: jsontext.Value(input),
		Retry: job.RetryPolicy{InitialMS: 1, MaxMS: 1},
	}
	if input == "" {
		c.Input = nil
	}
	for _, f := range adjust {
		f(&c)
	}
	id := uuid.Must(uuid.NewV7()).String()
	_, _, err := b.repo.Submit(b.Context(), id, "default", tester, c)
	require.NoError(b, err)
	return id
}

func (b *bundle) do(id string, c job.Command) job.State {
	b.Helper()
	s, _, err := b.repo.Execute(b.Context(), id, tester, c)
	require.NoError(b, err)
	return s
}

// await waits until the job is as wanted, woken by the log.
func (b *bundle) await(id string, want func(job.State) bool) job.State {
	b.Helper()
	patience := time.Minute
	if inBubble() {
		patience = 100 * time.Hour
	}
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	defer cancel()
	for {
		tail, err := b.store.Tail(ctx)
		require.NoError(b, err)
		s, err := b.repo.Load(ctx, id)
		require.NoError(b, err)
		if want(s) {
			return s
		}
		if err := b.store.Wait(ctx, tail.Position); err != nil {
			require.NoError(b, err, "job is %+v", s)
		}
	}
}

// inBubble: testing/synctest's clock begins in 2000, and its time costs nothing.
func inBubble() bool { return time.Now().Year() == 2000 }

func (b *bundle) final(id string) job.State {
	b.Helper()
	return b.await(id, func(s job.State) bool { return s.Status.Final() })
}

func (b *bundle) awaitStatus(id string, want job.Status) job.State {
	b.Helper()
	return b.await(id, func(s job.State) bool { return s.Status == want })
}

// output folds the output of one attempt and lists its lines.
func (b *bundle) output(id string, attempt int) (job.Output, []job.Line) {
	b.Helper()
	out, err := b.repo.LoadOutput(b.Context(), id, attempt, nil)
	require.NoError(b, err)
	var lines []job.Line
	events, err := b.store.ReadStream(b.Context(), job.OutputStream(id, attempt), 1, 100_000)
	require.NoError(b, err)
	for _, e := range events {
		fact, err := job.Decode(e.Type, e.SchemaVersion, e.Data)
		require.NoError(b, err)
		if batch, ok := fact.(job.Logged); ok {
			lines = append(lines, batch.Lines...)
		}
	}
	return out, lines
}

// appendOf is an append of one note to a job.
func appendOf(b *bundle, s job.State) eventstore.Append {
	b.Helper()
	data, err := job.Encode(job.Annotated{Text: "note"})
	require.NoError(b, err)
	e := event.Event{
		ID: uuid.NewString(), Source: "test", Type: "job.annotated", Subject: s.ID, Time: time.Now(), Stream: job.Stream(s.ID),
		Project: s.Project, Sequence: s.Version + 1, SchemaVersion: event.SchemaVersion, PrevHash: s.Head, Data: data,
	}
	stored, hash, err := event.Seal(&e)
	require.NoError(b, err)
	return eventstore.Append{Writes: []eventstore.Write{{
		Stream: e.Stream, Expect: eventstore.Exact(s.Version), Prev: s.Head,
		Events: []eventstore.Sealed{{ID: e.ID, Stored: stored, Hash: hash}},
	}}}
}
