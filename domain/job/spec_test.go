package job_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/event"
	"tapedeck/domain/job"
)

// at is the time of the n-th second of every test's history.
func at(n int) time.Time { return time.Date(2026, 3, 4, 5, 6, n, 0, time.UTC) }

// spec is a test in the form given(history).when(command).then(events).
type spec struct {
	t     testing.TB
	state job.State
	clock int
	got   []job.Event
	err   error
}

// given folds what commands decide, each one second after the one before.
func given(t testing.TB, commands ...func(now time.Time) job.Command) *spec {
	t.Helper()
	s := &spec{t: t, state: job.State{ID: "j1", Project: "p"}}
	for _, c := range commands {
		s.when(c)
		require.NoError(t, s.err, "given %T", c(at(s.clock)))
		require.NotEmpty(t, s.got, "given %T", c(at(s.clock)))
	}
	return s
}

// when decides a command and folds what it causes.
func (s *spec) when(c func(now time.Time) job.Command) *spec {
	s.clock++
	now := at(s.clock)
	s.got, s.err = job.Decide(s.state, c(now))
	for _, e := range s.got {
		s.state = job.Evolve(s.state, e, now)
	}
	return s
}

func (s *spec) then(events ...job.Event) *spec {
	s.t.Helper()
	require.NoError(s.t, s.err)
	require.Equal(s.t, events, s.got)
	return s
}

// thenNothing is a command that was carried out before, or has nothing to do.
func (s *spec) thenNothing() *spec {
	s.t.Helper()
	require.NoError(s.t, s.err)
	require.Empty(s.t, s.got)
	return s
}

func (s *spec) thenError(target error) *spec {
	s.t.Helper()
	require.ErrorIs(s.t, s.err, target)
	require.Empty(s.t, s.got)
	return s
}

func (s *spec) thenRefused() *spec {
	s.t.Helper()
	var refused *job.RefusedError
	require.ErrorAs(s.t, s.err, &refused)
	require.Empty(s.t, s.got)
	require.Equal(s.t, s.state.Status, refused.Status)
	return s
}

func (s *spec) thenInvalid(path string) *spec {
	s.t.Helper()
	var invalid *job.InvalidError
	require.ErrorAs(s.t, s.err, &invalid)
	require.Empty(s.t, s.got)
	require.Equal(s.t, path, invalid.Faults[0].Path)
	return s
}

func (s *spec) status(want job.Status) *spec {
	s.t.Helper()
	require.Equal(s.t, want, s.state.Status)
	return s
}

type step = func(now time.Time) job.Command

// The commands of a usual life. Leases are named for their attempt.

func submit(change ...func(*job.Submit)) step {
	return func(now time.Time) job.Command {
		c := job.Submit{Now: now, Kind: "system.ping", Input: jsontext.Value(`{"n":1}`), Retry: job.RetryPolicy{InitialMS: 10_000}}
		for _, f := range change {
			f(&c)
		}
		return c
	}
}

func delayed(c *job.Submit) { c.RunAt = c.Now.Add(time.Minute) }

func after(onFailure job.OnFailure, ids ...string) func(*job.Submit) {
	return func(c *job.Submit) {
		for _, id := range ids {
			c.After = append(c.After, job.Dependency{JobID: id, OnFailure: onFailure})
		}
	}
}

func lease(attempt int) string { return fmt.Sprintf("lease-%d", attempt) }

func start(attempt int) step {
	return func(now time.Time) job.Command {
		return job.Start{Now: now, Attempt: attempt, Worker: "w", Lease: lease(attempt), LeaseMS: 30_000}
	}
}

func head(n uint64) job.Head { return job.Head{Count: n, Hash: event.Hash{byte(n)}} }

func succeed(attempt int) step {
	return func(now time.Time) job.Command {
		return job.Succeed{Now: now, Lease: lease(attempt), Result: jsontext.Value(`{"ok":true}`), Output: head(3)}
	}
}

func fail(attempt int, permanent bool) step {
	return func(now time.Time) job.Command {
		return job.Fail{Now: now, Lease: lease(attempt), Error: job.Error{Code: "exit", Message: "1", Permanent: permanent}, Output: head(2)}
	}
}

func handBack(attempt int) step {
	return func(now time.Time) job.Command { return job.HandBack{Now: now, Lease: lease(attempt), Output: head(1)} }
}

func confirm(attempt int) step {
	return func(now time.Time) job.Command {
		return job.ConfirmCancel{Now: now, Lease: lease(attempt), Output: head(1)}
	}
}

func expire(attempt int) step {
	return func(now time.Time) job.Command {
		return job.ExpireLease{Now: now, Lease: lease(attempt), Output: head(1)}
	}
}

func resolve(id string, status job.Status) step {
	return func(now time.Time) job.Command {
		return job.ResolveDependency{Now: now, Dep: job.DependencyResolved{JobID: id, Status: status, Version: 3, Hash: event.Hash{9}}}
	}
}

func due(now time.Time) job.Command      { return job.Due{Now: now} }
func dueLater(now time.Time) job.Command { return job.Due{Now: now.Add(time.Hour)} }
func requeue(now time.Time) job.Command  { return job.Requeue{Now: now} }
func stop(now time.Time) job.Command     { return job.RequestStop{Now: now, Reason: "enough"} }
func cancel(now time.Time) job.Command   { return job.RequestCancel{Now: now, Reason: "wrong"} }
func revive(now time.Time) job.Command   { return job.Revive{Now: now} }
func annotate(now time.Time) job.Command {
	return job.Annotate{Now: now, Text: "look here"}
}

func once(c *job.Submit) { c.Retry.MaxAttempts = 1 }
