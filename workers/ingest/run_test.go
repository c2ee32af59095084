package ingest_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/eventstore/jobs"
	"tapedeck/eventstore/memory"
	"tapedeck/workers"
	"tapedeck/workers/ingest"
)

// shelf is a source in memory: what it holds, and what becomes of the attempts that read it.
type shelf struct {
	docs map[string]string
	// breakAt lets that attempt fail after it stored so many documents.
	breakAt map[int]int
	outcome knowledge.Outcome
	fetched atomic.Int64
}

type bundle struct {
	testing.TB
	repo  *jobs.Repository
	files *artifacts.Store
	shelf *shelf
}

func setup(t *testing.T) *bundle {
	t.Helper()
	store := memory.New(nil)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	files, err := artifacts.Open(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, files.Close()) })
	b := &bundle{TB: t, repo: jobs.New(store, jobs.Config{}), files: files, shelf: &shelf{breakAt: map[int]int{}, outcome: knowledge.Complete}}
	kind := workers.Define(workers.Spec{Name: "test.ingest", Queue: "test", Retry: job.RetryPolicy{MaxAttempts: 3, InitialMS: 1, MaxMS: 1}}, struct{}{}, b.ingest)
	kinds, err := workers.NewRegistry(kind)
	require.NoError(t, err)
	w, err := workers.New(workers.Config{
		Store: store, Kinds: kinds, Artifacts: files, Name: "test", Pulse: 10 * time.Millisecond, DueEvery: 10 * time.Millisecond,
		Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	require.NoError(t, w.Start(t.Context()))
	t.Cleanup(func() { w.Stop(context.Background()) })
	return b
}

func (b *bundle) ingest(ctx context.Context, j *workers.Job, _ struct{}) (any, error) {
	r, err := ingest.Begin(ctx, ingest.Config{Jobs: b.repo, Texts: b.files}, j, ingest.Definition{Kind: knowledge.Files, Key: "shelf", Name: "The shelf"})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var found []knowledge.Found
	for key := range b.shelf.docs {
		found = append(found, knowledge.Found{Key: key})
	}
	slices.SortFunc(found, func(a, b knowledge.Found) int { return len(a.Key) - len(b.Key) })
	if _, err := r.Found(ctx, found...); err != nil {
		return nil, err
	}
	if err := r.Flush(ctx); err != nil {
		return nil, err
	}
	for i, f := range r.Left() {
		if n, breaks := b.shelf.breakAt[j.Attempt()]; breaks && i == n {
			return nil, errors.Join(r.Flush(ctx), errors.New("it broke"))
		}
		if err := b.one(ctx, r, f.Key); err != nil {
			return nil, err
		}
	}
	return r.Finish(ctx, b.shelf.outcome, "", "")
}

func (b *bundle) one(ctx context.Context, r *ingest.Run, key string) error {
	text := b.shelf.docs[key]
	switch text {
	case "broken":
		return r.Fault(ctx, knowledge.Fault{Key: key, Code: "broken", Message: "cannot be read"})
	case "unwanted":
		return r.Fault(ctx, knowledge.Fault{Key: key, Code: "robots", Message: "is not to be read", Skipped: true})
	}
	b.shelf.fetched.Add(1)
	return r.Store(ctx, ingest.Draft{Key: key, Title: key, Kind: "text", Markdown: []byte(text), Hash: text})
}

// run ingests the shelf and returns the job as it ended, with the source.
func (b *bundle) run() (job.State, *knowledge.Source) {
	b.Helper()
	id := uuid.Must(uuid.NewV7()).String()
	_, _, err := b.repo.Submit(b.Context(), id, "default", jobs.Caller{Source: "test"}, job.Submit{Now: time.Now(), Kind: "test.ingest", Queue: "test", Retry: job.RetryPolicy{MaxAttempts: 3, InitialMS: 1, MaxMS: 1}})
	require.NoError(b, err)
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	for {
		s, err := b.repo.Load(ctx, id)
		require.NoError(b, err)
		if s.Status.Final() {
			source, err := b.repo.LoadSource(ctx, knowledge.SourceID("default", knowledge.Files, "shelf"))
			require.NoError(b, err)
			return s, source
		}
		select {
		case <-ctx.Done():
			require.FailNow(b, "it did not end", "%+v", s)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (b *bundle) document(key string) *knowledge.Document {
	b.Helper()
	id := knowledge.DocumentID(knowledge.SourceID("default", knowledge.Files, "shelf"), key)
	d, err := b.repo.LoadDocument(b.Context(), id, 0)
	require.NoError(b, err)
	return d
}

func TestOnlyWhatChangedIsStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.shelf.docs = map[string]string{"a": "# A\n\nIt must work.", "bb": "two", "ccc": "three", "dddd": "four"}
	_, s := b.run()
	require.Equal(t, knowledge.Complete, s.Run.Outcome)
	require.Equal(t, knowledge.Counts{Found: 4, Stored: 4}, s.Run.Counts)
	require.Equal(t, 1, b.document("a").Requirements)
	r, err := b.files.OpenText(t.Context(), b.document("a").Text.SHA256)
	require.NoError(t, err)
	require.NoError(t, r.Close())

	b.shelf.docs = map[string]string{"a": "# A\n\nIt must work.", "bb": "two!", "ccc": "broken", "eeeee": "unwanted"}
	_, s = b.run()
	require.Equal(t, knowledge.Counts{Found: 4, Stored: 1, Unchanged: 1, Skipped: 1, Failed: 1, Removed: 1}, s.Run.Counts)
	require.EqualValues(t, 1, b.document("a").Version)
	require.EqualValues(t, 2, b.document("bb").Version)
	require.False(t, b.document("ccc").Removed, "what cannot be had now may be there all the same")
	require.True(t, b.document("dddd").Removed)
	require.Len(t, s.Faults, 2)

	b.shelf.docs["dddd"] = "four"
	b.shelf.docs["ccc"] = "unwanted"
	_, s = b.run()
	require.False(t, b.document("dddd").Removed, "it is there again")
	require.True(t, b.document("ccc").Removed, "it is left out on purpose")
	require.Equal(t, map[string]string{"a": "", "bb": "", "dddd": ""}, keysOf(s))
}

func keysOf(s *knowledge.Source) map[string]string {
	keys := map[string]string{}
	for key := range s.Entries {
		keys[key] = ""
	}
	return keys
}

func TestAPartialRunRemovesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.shelf.docs = map[string]string{"a": "one", "bb": "two"}
	b.run()
	b.shelf.docs, b.shelf.outcome = map[string]string{"a": "one"}, knowledge.Partial
	_, s := b.run()
	require.Equal(t, knowledge.Partial, s.Run.Outcome)
	require.False(t, b.document("bb").Removed)
}

// A later attempt fetches nothing of what an earlier one stored, and ends with the same numbers.
func TestALaterAttemptGoesOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.shelf.docs = map[string]string{}
	for i := range 100 {
		b.shelf.docs[string(make([]byte, i+1))+"x"] = "text"
	}
	b.shelf.breakAt = map[int]int{1: 40, 2: 30}
	end, s := b.run()
	require.Equal(t, job.StatusSucceeded, end.Status, "%+v", end.Error)
	require.Equal(t, 3, end.Attempt)
	require.EqualValues(t, 100, b.shelf.fetched.Load(), "each once")
	require.Equal(t, knowledge.Counts{Found: 100, Stored: 100}, s.Run.Counts)
	require.Len(t, s.Entries, 100)
}

func TestARunThatIsTakenOverStoresNothingMore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.shelf.docs = map[string]string{"a": "one"}
	b.run()
	s, err := b.repo.LoadSource(t.Context(), knowledge.SourceID("default", knowledge.Files, "shelf"))
	require.NoError(t, err)
	old := *s
	facts, err := s.Begin(knowledge.SourceDefined{Kind: knowledge.Files, Key: "shelf", Name: "The shelf"}, knowledge.RunStarted{JobID: "other", Attempt: 1})
	require.NoError(t, err)
	require.NoError(t, b.repo.ApplyKnowledge(t.Context(), jobs.Caller{Source: "test"}, time.Now(), nil, s, facts))
	err = b.repo.ApplyKnowledge(t.Context(), jobs.Caller{Source: "test"}, time.Now(), nil, &old, []knowledge.Event{knowledge.Gathered{JobID: "late"}})
	require.Error(t, err)
	require.Equal(t, "other", s.Run.JobID)
}
