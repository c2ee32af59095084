package kinds_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/eventstore/jobs"
	"tapedeck/eventstore/memory"
	"tapedeck/proxy/egress"
	"tapedeck/workers"
	"tapedeck/workers/ingest"
	"tapedeck/workers/ingest/kinds"
)

// bundle is a worker that ingests.
type bundle struct {
	testing.TB
	store *memory.Store
	repo  *jobs.Repository
	files *artifacts.Store
	cfg   kinds.Config
	kinds *workers.Registry
	stop  func() // of the worker
}

func setup(t *testing.T, adjust ...func(*kinds.Config)) *bundle {
	t.Helper()
	b := &bundle{TB: t, store: memory.New(nil)}
	t.Cleanup(func() { require.NoError(t, b.store.Close()) })
	b.repo = jobs.New(b.store, jobs.Config{})
	var err error
	b.files, err = artifacts.Open(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.files.Close()) })
	cfg := kinds.Config{Ingest: ingest.Config{Jobs: b.repo, Texts: b.files}, Policy: egress.Policy{AllowLoopback: true}}
	for _, f := range adjust {
		f(&cfg)
	}
	b.cfg = cfg
	b.kinds, err = workers.NewRegistry(cfg.All()...)
	require.NoError(t, err)
	b.work()
	return b
}

// work runs a worker until the test ends or it is stopped.
func (b *bundle) work() {
	w, err := workers.New(workers.Config{
		Store: b.store, Kinds: b.kinds, Artifacts: b.files, Name: "test", Pulse: 10 * time.Millisecond, DueEvery: 10 * time.Millisecond,
		DrainTimeout: time.Millisecond, // a worker that is stopped hands back at once
		Logger:       slog.New(slog.DiscardHandler),
	})
	require.NoError(b, err)
	require.NoError(b, w.Start(b.Context()))
	b.stop = func() { w.Stop(context.Background()) }
	b.Cleanup(b.stop)
}

func (b *bundle) check(kind string, input map[string]any) error {
	b.Helper()
	k, ok := b.kinds.Lookup(kind)
	require.True(b, ok)
	raw, err := json.Marshal(input)
	require.NoError(b, err)
	return k.Check(raw)
}

// submit has a kind work on an input; its retries wait no longer than they must.
func (b *bundle) submit(kind string, input map[string]any) (id string) {
	b.Helper()
	k, ok := b.kinds.Lookup(kind)
	require.True(b, ok)
	raw, err := json.Marshal(input)
	require.NoError(b, err)
	require.NoError(b, k.Check(raw))
	id = uuid.Must(uuid.NewV7()).String()
	_, _, err = b.repo.Submit(b.Context(), id, "default", jobs.Caller{Source: "test"}, job.Submit{
		Now: time.Now(), Kind: kind, Queue: k.Spec().Queue, Input: raw, Retry: job.RetryPolicy{MaxAttempts: 3, InitialMS: 1, MaxMS: 1},
	})
	require.NoError(b, err)
	return id
}

func (b *bundle) do(id string, c job.Command) {
	b.Helper()
	_, _, err := b.repo.Execute(b.Context(), id, jobs.Caller{Source: "test"}, c)
	require.NoError(b, err)
}

// await waits until the log says what is waited for.
func (b *bundle) await(what string, ok func() bool) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 2*time.Minute)
	defer cancel()
	for {
		tail, err := b.store.Tail(ctx)
		require.NoError(b, err)
		if ok() {
			return
		}
		require.NoError(b, b.store.Wait(ctx, tail.Position), "waiting for %s", what)
	}
}

func (b *bundle) job(id string) job.State {
	b.Helper()
	s, err := b.repo.Load(b.Context(), id)
	require.NoError(b, err)
	return s
}

func (b *bundle) final(id string) job.State {
	b.Helper()
	b.await("the job's end", func() bool { return b.job(id).Status.Final() })
	return b.job(id)
}

func (b *bundle) succeed(kind string, input map[string]any) {
	b.Helper()
	s := b.final(b.submit(kind, input))
	require.Equal(b, job.StatusSucceeded, s.Status, "%+v", s.Error)
}

func (b *bundle) source(kind knowledge.SourceKind, key string) *knowledge.Source {
	b.Helper()
	s, err := b.repo.LoadSource(b.Context(), knowledge.SourceID("default", kind, key))
	require.NoError(b, err)
	return s
}

func (b *bundle) document(s *knowledge.Source, key string) *knowledge.Document {
	b.Helper()
	d, err := b.repo.LoadDocument(b.Context(), knowledge.DocumentID(s.ID, key), 0)
	require.NoError(b, err)
	return d
}

func (b *bundle) text(d *knowledge.Document) string {
	b.Helper()
	r, err := b.files.OpenText(b.Context(), d.Text.SHA256)
	require.NoError(b, err)
	defer func() { require.NoError(b, r.Close()) }()
	raw, err := io.ReadAll(r)
	require.NoError(b, err)
	return string(raw)
}
