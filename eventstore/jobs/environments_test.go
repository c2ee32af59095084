package jobs_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/environment"
	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/eventstore/jobs"
	"tapedeck/eventstore/memory"
)

var keeper = jobs.Caller{Source: "test", Actor: "ada", CorrelationID: "c1"}

func environments(t *testing.T) *jobs.Repository {
	t.Helper()
	store := memory.New(nil)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return jobs.New(store, jobs.Config{})
}

func at(address string) environment.Set {
	return environment.Set{Settings: environment.Settings{BaseURL: address}}
}

func TestEnvironmentsAreChangedAtTheVersionThatWasSeen(t *testing.T) {
	t.Parallel()
	repo, now := environments(t), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	whatever := jobs.Precondition{}
	_, err := repo.LoadEnvironment(t.Context(), "p", "staging")
	require.ErrorIs(t, err, environment.ErrNotFound)
	_, _, err = repo.ChangeEnvironment(t.Context(), "p", "staging", keeper, whatever, now, environment.Remove{})
	require.ErrorIs(t, err, environment.ErrNotFound)
	var stale *jobs.VersionError
	_, _, err = repo.ChangeEnvironment(t.Context(), "p", "staging", keeper, jobs.Precondition{Version: 1}, now, at("http://a"))
	require.ErrorAs(t, err, &stale, "it was seen and is gone")

	s, receipt, err := repo.ChangeEnvironment(t.Context(), "p", "staging", keeper, jobs.Precondition{Absent: true}, now, at("http://a"))
	require.NoError(t, err)
	require.Equal(t, uint64(1), receipt.Version)
	require.Equal(t, s.Head, receipt.Hash)
	require.NoError(t, repo.Store().Resolve(t.Context(), receipt.Cursor))
	_, _, err = repo.ChangeEnvironment(t.Context(), "p", "staging", keeper, jobs.Precondition{Absent: true}, now, at("http://b"))
	require.ErrorAs(t, err, &stale)

	s, _, err = repo.ChangeEnvironment(t.Context(), "p", "staging", keeper, jobs.Precondition{Version: 1}, now, at("http://b"))
	require.NoError(t, err)
	_, _, err = repo.ChangeEnvironment(t.Context(), "p", "staging", keeper, jobs.Precondition{Version: 1}, now, at("http://c"))
	require.ErrorAs(t, err, &stale)
	require.Equal(t, uint64(2), stale.Have)
	same, receipt, err := repo.ChangeEnvironment(t.Context(), "p", "staging", keeper, whatever, now, at("http://b"))
	require.NoError(t, err)
	require.Equal(t, s, same)
	require.Zero(t, receipt, "nothing was appended")
	loaded, err := repo.LoadEnvironment(t.Context(), "p", "staging")
	require.NoError(t, err)
	require.Equal(t, s.Settings, loaded.Settings)
	_, err = repo.LoadEnvironment(t.Context(), "other", "staging")
	require.ErrorIs(t, err, environment.ErrNotFound, "another project has its own")

	_, _, err = repo.ChangeEnvironment(t.Context(), "p", "staging", keeper, whatever, now, environment.Remove{})
	require.NoError(t, err)
	_, err = repo.LoadEnvironment(t.Context(), "p", "staging")
	require.ErrorIs(t, err, environment.ErrNotFound)
	_, _, err = repo.ChangeEnvironment(t.Context(), "p", "staging", keeper, jobs.Precondition{Absent: true}, now, at("http://d"))
	require.NoError(t, err, "the name is free again")

	events, err := repo.Store().ReadStream(t.Context(), environment.Stream("p", "staging"), 1, 10)
	require.NoError(t, err)
	require.Len(t, events, 4)
	prev := event.Hash{}
	for _, e := range events {
		require.Equal(t, "ada", e.Actor, "who did it")
		require.Equal(t, environment.Kind, e.Kind)
		require.Equal(t, "p", e.Project)
		require.Equal(t, prev, e.PrevHash)
		prev = e.Hash
	}
	var bad *job.InvalidError
	_, _, err = repo.ChangeEnvironment(t.Context(), "p", "staging", keeper, whatever, now, at("ftp://x"))
	require.ErrorAs(t, err, &bad)
}

// Those who change an environment at the same time without saying what they saw all get through, one after the other.
func TestChangesAtTheSameTimeAreAllKept(t *testing.T) {
	t.Parallel()
	repo := environments(t)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			_, _, errs[i] = repo.ChangeEnvironment(t.Context(), "p", "staging", keeper, jobs.Precondition{}, time.Now(), at(fmt.Sprintf("http://h%d", i)))
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	s, err := repo.LoadEnvironment(t.Context(), "p", "staging")
	require.NoError(t, err)
	require.Equal(t, uint64(len(errs)), s.Version)
}
