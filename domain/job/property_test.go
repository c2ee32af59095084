package job_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/event"
	"tapedeck/domain/job"
)

// anyCommand draws a command: mostly one that could fit, now and then one that cannot.
func anyCommand(rt *rapid.T, s job.State, now time.Time) job.Command {
	lease := rapid.SampledFrom([]string{s.Lease, s.Lease, s.Lease, "stale"}).Draw(rt, "lease")
	id := rapid.SampledFrom([]string{"", "", "c1", "c2"}).Draw(rt, "command id")
	jitter := rapid.Float64Range(0, 1).Draw(rt, "jitter")
	out := head(rapid.Uint64Range(0, 3).Draw(rt, "output"))
	reason := rapid.StringN(0, 5, 20).Draw(rt, "reason")
	value := jsontext.Value(rapid.SampledFrom([]string{`{}`, `[]`, `""`, `null`, `{"a":[1,"é"]}`, `0`}).Draw(rt, "value"))
	switch rapid.SampledFrom([]int{0, 1, 1, 2, 3, 4, 4, 4, 5, 6, 6, 7, 8, 9, 10, 11, 12, 13}).Draw(rt, "command") {
	case 0:
		return anySubmit(rt, now, value, id)
	case 1:
		dep := rapid.SampledFrom([]string{"d1", "d2", "d3"}).Draw(rt, "dependency")
		status := rapid.SampledFrom(job.Statuses).Draw(rt, "ended as")
		return job.ResolveDependency{Now: now, Dep: job.DependencyResolved{JobID: dep, Status: status, Version: 2, Hash: event.Hash{1}}}
	case 2:
		return job.Due{Now: now}
	case 3:
		return job.Requeue{Now: now}
	case 4:
		attempt := s.Attempt + rapid.SampledFrom([]int{1, 1, 1, 0, 2}).Draw(rt, "attempt")
		return job.Start{Now: now, Attempt: attempt, Worker: "w", Lease: fmt.Sprint("lease", attempt), LeaseMS: 1000}
	case 5:
		return job.Succeed{Now: now, Lease: lease, Result: value, Output: out}
	case 6:
		return job.Fail{
			Now: now, Lease: lease, Output: out, Jitter: jitter,
			Error: job.Error{Code: "exit", Message: reason, Permanent: rapid.Bool().Draw(rt, "permanent")},
		}
	case 7:
		return job.HandBack{Now: now, Lease: lease, Output: out}
	case 8:
		return job.ConfirmCancel{Now: now, Lease: lease, Output: out, Abandoned: rapid.Bool().Draw(rt, "abandoned")}
	case 9:
		return job.ExpireLease{Now: now, Lease: lease, Output: out, Jitter: jitter}
	case 10:
		return job.RequestStop{Now: now, Reason: reason, CommandID: id}
	case 11:
		return job.RequestCancel{Now: now, Reason: reason, CommandID: id}
	case 12:
		return job.Revive{Now: now, CommandID: id}
	default:
		return job.Annotate{Now: now, Text: rapid.StringN(0, 5, 20).Draw(rt, "note"), CommandID: id}
	}
}

func anySubmit(rt *rapid.T, now time.Time, input jsontext.Value, id string) job.Submit {
	c := job.Submit{
		Now: now, Kind: rapid.SampledFrom([]string{"system.ping", "system.ping", "BAD"}).Draw(rt, "kind"), Input: input, CommandID: id,
		Retry:     job.RetryPolicy{MaxAttempts: rapid.IntRange(0, 3).Draw(rt, "attempts")},
		TimeoutMS: rapid.SampledFrom([]int64{0, 1000}).Draw(rt, "timeout"),
		Priority:  rapid.SampledFrom(append([]job.Priority{""}, job.Priorities...)).Draw(rt, "priority"),
	}
	if rapid.Bool().Draw(rt, "delayed") {
		c.RunAt = now.Add(time.Duration(rapid.IntRange(-5, 60).Draw(rt, "by")) * time.Second)
	}
	if rapid.Bool().Draw(rt, "labelled") {
		c.Labels = map[string]string{"k": rapid.StringN(0, 5, 20).Draw(rt, "label")}
	}
	onFailure := rapid.SampledFrom([]job.OnFailure{job.OnFailureFail, job.OnFailureCancel, job.OnFailureRun})
	for i := range rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(rt, "dependencies") {
		c.After = append(c.After, job.Dependency{JobID: fmt.Sprint("d", i+1), OnFailure: onFailure.Draw(rt, "on failure")})
	}
	return c
}

// stored is a fact as the log gives it back.
func stored(t require.TestingT, s job.State, e job.Event, now time.Time) (event.Event, event.Hash) {
	data, err := job.Encode(e)
	require.NoError(t, err)
	env := event.Event{
		ID: fmt.Sprint(s.Version + 1), Type: e.EventType(), Subject: "j1", Project: "p", Time: now, Stream: job.Stream("j1"),
		Sequence: s.Version + 1, SchemaVersion: event.SchemaVersion, PrevHash: s.Head, Data: data,
	}
	bytes, hash, err := event.Seal(&env)
	require.NoError(t, err)
	back, again, err := event.Parse(bytes)
	require.NoError(t, err)
	require.Equal(t, hash, again)
	return back, hash
}

// Any history of accepted commands folds; the fold of what is stored equals the states that the
// writers computed; and the job's rules hold in every state on the way.
func TestAnyHistory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := job.State{ID: "j1", Project: "p"}
		now := at(0)
		var log []event.Event
		var hashes []event.Hash
		var states []job.State
		for range rapid.SampledFrom([]int{3, 10, 30, 60}).Draw(rt, "length") {
			now = now.Add(time.Duration(rapid.IntRange(0, 400_000).Draw(rt, "pause")) * time.Millisecond)
			c := anyCommand(rt, s, now)
			if !s.Exists() && rapid.IntRange(0, 3).Draw(rt, "first") > 0 {
				c = anySubmit(rt, now, jsontext.Value(`{}`), "")
			}
			events, err := job.Decide(s, c)
			again, errAgain := job.Decide(s, c)
			require.Equal(rt, events, again, "Decide is a function")
			require.Equal(rt, err, errAgain)
			if err != nil {
				require.Empty(rt, events)
				knownError(rt, err)
				continue
			}
			before := s
			for _, e := range events {
				env, hash := stored(rt, s, e, now)
				s = job.Evolve(s, e, now)
				s.Head = hash
				log, hashes = append(log, env), append(hashes, hash)
				states = append(states, s)
			}
			if len(events) > 0 {
				rules(rt, before, s, c)
			}
		}
		folded := job.State{}
		for i, e := range log {
			var err error
			folded, err = job.Fold(folded, e, hashes[i])
			require.NoError(rt, err)
			require.Equal(rt, states[i], folded, "the fold is what the writer saw, and states are never changed later")
		}
	})
}

func knownError(t require.TestingT, err error) {
	var refused *job.RefusedError
	var invalid *job.InvalidError
	known := errors.As(err, &refused) || errors.As(err, &invalid)
	for _, e := range []error{job.ErrNotFound, job.ErrExists, job.ErrFingerprint} {
		known = known || errors.Is(err, e)
	}
	require.True(t, known, "%v", err)
}

// rules hold after each accepted command.
func rules(t require.TestingT, before, s job.State, c job.Command) {
	require.Contains(t, job.Statuses, s.Status)
	if before.Status.Final() && s.Status != before.Status {
		require.IsType(t, job.Revive{}, c, "only Revive leaves a final status")
	}
	require.Equal(t, s.Status.Final(), !s.FinishedAt.IsZero())
	require.Equal(t, s.Status.Active(), s.Lease != "")
	require.Equal(t, s.Status == job.StatusStopping, s.Stop || s.Cancel)
	require.Len(t, s.Attempts, s.Attempt)
	for i, a := range s.Attempts {
		require.Equal(t, i+1, a.Number, "attempts' numbers grow by one")
		running := s.Status.Active() && i == len(s.Attempts)-1
		require.Equal(t, running, a.Outcome == "running", "one attempt is current at a time")
		require.Equal(t, running, a.FinishedAt.IsZero())
	}
	require.LessOrEqual(t, s.Attempt-before.Attempt, 1)
	require.LessOrEqual(t, s.Used, s.Attempt)
	require.LessOrEqual(t, s.Used, s.Retry.MaxAttempts)
	if s.Status == job.StatusDelayed || s.Status == job.StatusRetrying {
		require.False(t, s.RunAt.IsZero())
		require.False(t, s.RunAt.After(c.When().Add(10*time.Minute)))
	}
	if s.Status == job.StatusSucceeded {
		require.Nil(t, s.Error)
	}
	if s.Status == job.StatusFailed || s.Status == job.StatusDead {
		require.NotNil(t, s.Error)
	}
	if s.Status == job.StatusWaiting {
		require.Less(t, len(s.Resolved), len(s.After))
	}
	repeat(t, s, c)
}

// repeat gives the same command once more: one with an id changes nothing.
func repeat(t require.TestingT, s job.State, c job.Command) {
	id := ""
	switch c := c.(type) {
	case job.RequestStop:
		id = c.CommandID
	case job.RequestCancel:
		id = c.CommandID
	case job.Revive:
		id = c.CommandID
	case job.Annotate:
		id = c.CommandID
	case job.Submit:
		id = c.CommandID
	default:
	}
	if id != "" {
		events, err := job.Decide(s, c)
		require.NoError(t, err)
		require.Empty(t, events)
	}
}

// From wherever a job stands, a cancel and what its worker or the recoverer does then brings it to
// its end.
func TestEveryJobCanEnd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := job.State{ID: "j1", Project: "p"}
		now := at(0)
		do := func(c job.Command) {
			events, _ := job.Decide(s, c)
			for _, e := range events {
				s = job.Evolve(s, e, now)
			}
		}
		do(job.Submit{Now: now, Kind: "k"})
		for range rapid.SampledFrom([]int{0, 5, 30}).Draw(rt, "length") {
			now = now.Add(time.Minute)
			do(anyCommand(rt, s, now))
		}
		do(job.RequestCancel{Now: now})
		if rapid.Bool().Draw(rt, "the worker is alive") {
			do(job.ConfirmCancel{Now: now, Lease: s.Lease})
		} else {
			do(job.ExpireLease{Now: now, Lease: s.Lease})
		}
		require.True(rt, s.Status.Final(), "%s", s.Status)
	})
}

// Whatever events come in whatever order, a fold does not panic: a tape from elsewhere is shown.
func TestAnyEventsFold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var s job.State
		for i := range rapid.SampledFrom([]int{0, 5, 30}).Draw(rt, "length") {
			kind := rapid.SampledFrom(append(job.Types(), "job.unheard_of")).Draw(rt, "type")
			next, err := job.Fold(s, event.Event{
				Type: kind, Subject: "j1", SchemaVersion: rapid.IntRange(0, 2).Draw(rt, "schema"), Time: at(i),
				Data: jsontext.Value(rapid.SampledFrom([]string{`{}`, `null`}).Draw(rt, "data")),
			}, event.Hash{1})
			require.NoError(rt, err)
			s = next
			_, _ = job.Decide(s, anyCommand(rt, s, at(i)))
		}
	})
}
