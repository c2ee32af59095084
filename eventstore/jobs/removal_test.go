package jobs_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/eventstore/jobs"
	"tapedeck/eventstore/memory"
)

// shelf is a source with documents, of a run that has not ended.
func shelf(t *testing.T, documents int) (*jobs.Repository, *knowledge.Source, string) {
	t.Helper()
	store := memory.New(nil)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	repo := jobs.New(store, jobs.Config{})
	id := "01a20000-0000-7000-8000-000000000001"
	_, _, err := repo.Submit(t.Context(), id, "p", jobs.Caller{Source: "test"}, job.Submit{Now: time.Now(), Kind: "ingest.website", Queue: "ingest"})
	require.NoError(t, err)
	s := &knowledge.Source{ID: knowledge.SourceID("p", knowledge.Website, "k"), Project: "p"}
	facts, err := s.Begin(knowledge.SourceDefined{Kind: knowledge.Website, Key: "k", Name: "n"}, knowledge.RunStarted{JobID: id, Attempt: 1})
	require.NoError(t, err)
	gathered := knowledge.Gathered{JobID: id, Stored: map[string]knowledge.Entry{}}
	var changes []jobs.Change
	for i := range documents {
		key := fmt.Sprintf("k%d", i)
		docID := knowledge.DocumentID(s.ID, key)
		gathered.Stored[key] = knowledge.Entry{DocumentID: docID, Hash: "h"}
		changes = append(changes, jobs.Change{Document: &knowledge.Document{ID: docID, Project: "p"}, Fact: knowledge.DocumentStored{Facts: knowledge.Facts{SourceID: s.ID, Key: key, Title: key}}})
	}
	require.NoError(t, repo.ApplyKnowledge(t.Context(), jobs.Caller{Source: "test"}, time.Now(), nil, s, append(facts, gathered), changes...))
	return repo, s, id
}

var remover = jobs.Caller{Source: "test", Actor: "ada"}

func TestNothingIsRemovedWhileAJobIsAtWork(t *testing.T) {
	t.Parallel()
	repo, s, id := shelf(t, 2)
	doc := knowledge.DocumentID(s.ID, "k0")
	_, err := repo.RemoveDocument(t.Context(), doc, remover, "not needed", time.Now())
	require.ErrorIs(t, err, knowledge.ErrRunning)
	require.ErrorContains(t, err, id)
	_, err = repo.RemoveSource(t.Context(), s.ID, remover, "not needed", time.Now())
	require.ErrorIs(t, err, knowledge.ErrRunning)

	_, _, err = repo.Execute(t.Context(), id, remover, job.RequestCancel{Now: time.Now()})
	require.NoError(t, err)
	d, err := repo.RemoveDocument(t.Context(), doc, remover, "not needed", time.Now())
	require.NoError(t, err)
	require.True(t, d.Removed)
	require.Equal(t, "not needed", d.Reason)
	again, err := repo.RemoveDocument(t.Context(), doc, remover, "twice", time.Now())
	require.NoError(t, err)
	require.Equal(t, d.Version, again.Version)
	now, err := repo.LoadSource(t.Context(), s.ID)
	require.NoError(t, err)
	require.Len(t, now.Entries, 1)
	_, err = repo.RemoveDocument(t.Context(), "doc-none", remover, "", time.Now())
	require.ErrorIs(t, err, jobs.ErrNoKnowledge)
}

func TestASourceIsRemovedWithItsDocuments(t *testing.T) {
	t.Parallel()
	repo, s, id := shelf(t, 1100)
	_, _, err := repo.Execute(t.Context(), id, remover, job.RequestCancel{Now: time.Now()})
	require.NoError(t, err)
	n, err := repo.RemoveSource(t.Context(), s.ID, remover, "not needed", time.Now())
	require.NoError(t, err)
	require.Equal(t, 1100, n)
	now, err := repo.LoadSource(t.Context(), s.ID)
	require.NoError(t, err)
	require.True(t, now.Removed)
	require.Empty(t, now.Entries)
	for _, i := range []int{0, 500, 1099} {
		d, err := repo.LoadDocument(t.Context(), knowledge.DocumentID(s.ID, fmt.Sprintf("k%d", i)), 0)
		require.NoError(t, err)
		require.True(t, d.Removed)
	}
	n, err = repo.RemoveSource(t.Context(), s.ID, remover, "twice", time.Now())
	require.NoError(t, err)
	require.Zero(t, n)
	again, err := repo.LoadSource(t.Context(), s.ID)
	require.NoError(t, err)
	require.Equal(t, now.Version, again.Version)
}
