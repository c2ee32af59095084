package job_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/event"
	"tapedeck/domain/job"
)

func TestSubmitFillsDefaults(t *testing.T) {
	t.Parallel()
	given(t).when(func(now time.Time) job.Command {
		return job.Submit{Now: now, Kind: "k", After: []job.Dependency{{JobID: "d"}}}
	}).then(job.Submitted{
		Kind: "k", Queue: "default", Priority: job.PriorityNormal, Status: job.StatusWaiting,
		Retry: job.RetryPolicy{MaxAttempts: 3, InitialMS: 1000, MaxMS: 300_000, Factor: 2},
		After: []job.Dependency{{JobID: "d", OnFailure: job.OnFailureFail}},
	})
}

func TestSubmitLeavesTheCommandAlone(t *testing.T) {
	t.Parallel()
	after := []job.Dependency{{JobID: "d"}}
	given(t).when(func(now time.Time) job.Command { return job.Submit{Now: now, Kind: "k", After: after} })
	require.Equal(t, []job.Dependency{{JobID: "d"}}, after)
}

func TestSubmitDelayed(t *testing.T) {
	t.Parallel()
	s := given(t).when(submit(delayed)).status(job.StatusDelayed)
	require.Equal(t, at(1).Add(time.Minute), s.state.RunAt)
	past := given(t).when(submit(func(c *job.Submit) { c.RunAt = c.Now })).status(job.StatusQueued)
	require.Zero(t, past.state.RunAt, "a time that has come is no delay")
}

func TestSubmitInvalid(t *testing.T) {
	t.Parallel()
	labels := func(n int) map[string]string {
		m := map[string]string{}
		for i := range n {
			m[fmt.Sprint(i)] = ""
		}
		return m
	}
	for path, changes := range map[string][]func(*job.Submit){
		"kind": {
			func(c *job.Submit) { c.Kind = "" },
			func(c *job.Submit) { c.Kind = "Bad" },
			func(c *job.Submit) { c.Kind = strings.Repeat("k", 65) },
			func(c *job.Submit) { c.Kind = ".k" },
		},
		"queue":    {func(c *job.Submit) { c.Queue = "a/b" }, func(c *job.Submit) { c.Queue = "a,b" }},
		"priority": {func(c *job.Submit) { c.Priority = "urgent" }},
		"input": {
			func(c *job.Submit) { c.Input = jsontext.Value(`"` + strings.Repeat("x", job.MaxInput) + `"`) },
			func(c *job.Submit) { c.Input = jsontext.Value(`{"n":`) },
			func(c *job.Submit) { c.Input = jsontext.Value("{\"n\":\"\xff\"}") },
		},
		"timeout": {func(c *job.Submit) { c.TimeoutMS = -1 }, func(c *job.Submit) { c.TimeoutMS = math.MaxInt64 }},
		"runAt":   {func(c *job.Submit) { c.RunAt = c.Now.AddDate(2, 0, 0) }, func(c *job.Submit) { c.RunAt = time.Date(99999, 1, 1, 0, 0, 0, 0, time.UTC) }},
		"labels": {
			func(c *job.Submit) { c.Labels = labels(job.MaxLabels + 1) },
			func(c *job.Submit) { c.Labels = map[string]string{"": "x"} },
			func(c *job.Submit) { c.Labels = map[string]string{"\xff": "x"} },
			func(c *job.Submit) { c.Labels = map[string]string{"x": "\xff"} },
			func(c *job.Submit) { c.Labels = map[string]string{"x": strings.Repeat("x", job.MaxLabelValue+1)} },
		},
		"after": {
			after(job.OnFailureFail, "d", "d"),
			after(job.OnFailureFail, ""),
			after("explode", "d"),
			after(job.OnFailureFail, strings.Split(strings.Repeat("x,", job.MaxAfter+1), ",")...),
		},
		"retry.maxAttempts": {
			func(c *job.Submit) { c.Retry.MaxAttempts = -1 },
			func(c *job.Submit) { c.Retry.MaxAttempts = job.MaxAttempts + 1 },
		},
		"retry.initialMs": {func(c *job.Submit) { c.Retry.InitialMS, c.Retry.MaxMS = 10, 5 }, func(c *job.Submit) { c.Retry.InitialMS = -1 }},
		"retry.maxMs":     {func(c *job.Submit) { c.Retry.MaxMS = math.MaxInt64 }},
		"retry.factor": {
			func(c *job.Submit) { c.Retry.Factor = 0.5 },
			func(c *job.Submit) { c.Retry.Factor = math.NaN() },
			func(c *job.Submit) { c.Retry.Factor = math.Inf(1) },
		},
	} {
		for _, change := range changes {
			given(t).when(submit(change)).thenInvalid(path)
		}
	}
	var all *job.InvalidError
	s := given(t).when(submit(func(c *job.Submit) { c.Kind, c.Queue, c.TimeoutMS = "", "/", -1 }))
	require.ErrorAs(t, s.err, &all)
	require.Len(t, all.Faults, 3, "all faults at once")
	require.ErrorContains(t, all, "kind: ")
}

func TestSubmitAgain(t *testing.T) {
	t.Parallel()
	keyed := func(key, fingerprint string) step {
		return submit(func(c *job.Submit) { c.CommandID, c.Fingerprint = key, fingerprint })
	}
	s := given(t, keyed("key", "f1"))
	s.when(keyed("key", "f1")).thenNothing()
	s.when(keyed("key", "f2")).thenError(job.ErrFingerprint)
	s.when(keyed("other", "f2")).thenError(job.ErrExists)
	s.when(submit()).thenError(job.ErrExists)
	for i := range 100 { // more commands than a state remembers
		s.when(func(now time.Time) job.Command {
			return job.Annotate{Now: now, Text: "n", CommandID: fmt.Sprint("note ", i)}
		})
		require.NotEmpty(t, s.got)
	}
	s.when(keyed("key", "f1")).thenNothing()
	s.when(keyed("key", "f2")).thenError(job.ErrFingerprint)
}

// The key of another request is refused, not answered as if the request had been carried out.
func TestKeyOfAnotherCommandIsRefused(t *testing.T) {
	t.Parallel()
	note := func(text, id string) step {
		return func(now time.Time) job.Command { return job.Annotate{Now: now, Text: text, CommandID: id} }
	}
	s := given(t, submit(), note("one", "key.request"))
	s.when(note("one", "key.request")).thenNothing()
	s.when(note("two", "key.other")).thenError(job.ErrFingerprint)
	s.when(func(now time.Time) job.Command { return job.RequestCancel{Now: now, CommandID: "key.other"} }).thenError(job.ErrFingerprint)
	s.when(func(now time.Time) job.Command { return job.RequestStop{Now: now, CommandID: "key.other"} }).thenError(job.ErrFingerprint)
	s.when(func(now time.Time) job.Command { return job.Revive{Now: now, CommandID: "key.other"} }).thenError(job.ErrFingerprint)
	old := given(t, submit(), note("one", "key")) // as an older build wrote it
	old.when(note("one", "key.request")).thenNothing()
}

func TestRepeatedCommandChangesNothing(t *testing.T) {
	t.Parallel()
	id := func(c job.Command) step {
		return func(now time.Time) job.Command {
			switch c := c.(type) {
			case job.Annotate:
				return job.Annotate{Now: now, Text: "x", CommandID: "c1"}
			case job.RequestStop:
				return job.RequestStop{Now: now, CommandID: "c1"}
			case job.RequestCancel:
				return job.RequestCancel{Now: now, CommandID: "c1"}
			case job.Revive:
				return job.Revive{Now: now, CommandID: "c1"}
			default:
				panic(fmt.Sprintf("%T", c))
			}
		}
	}
	for _, c := range []job.Command{job.Annotate{}, job.RequestStop{}, job.RequestCancel{}} {
		given(t, submit(), start(1), id(c)).when(id(c)).thenNothing()
		given(t, submit(), id(c), annotate).when(id(c)).thenNothing()
	}
	given(t, submit(), cancel, id(job.Revive{}), start(1)).when(id(job.Revive{})).thenNothing()
	given(t, submit(after(job.OnFailureFail, "d")), cancel, id(job.Revive{})).when(id(job.Revive{})).thenNothing()
	given(t, submit(), id(job.RequestCancel{}), revive).when(id(job.RequestCancel{})).thenNothing().status(job.StatusQueued)
}

func TestDependencies(t *testing.T) {
	t.Parallel()
	ok := job.DependencyResolved{JobID: "d1", Status: job.StatusSucceeded, Version: 3, Hash: event.Hash{9}}
	failed := job.DependencyResolved{JobID: "d2", Status: job.StatusFailed, Version: 3, Hash: event.Hash{9}}

	s := given(t, submit(after(job.OnFailureRun, "d1", "d2")))
	s.when(resolve("d1", job.StatusSucceeded)).then(ok).status(job.StatusWaiting)
	s.when(resolve("d1", job.StatusFailed)).thenNothing()
	s.when(resolve("d2", job.StatusRunning)).thenInvalid("status")
	s.when(resolve("d2", job.StatusFailed)).then(failed, job.Queued{Reason: job.QueuedByDependencies}).status(job.StatusQueued)
	require.Equal(t, []job.DependencyResolved{ok, failed}, s.state.Resolved)

	given(t, submit(after(job.OnFailureCancel, "d1", "d2"))).when(resolve("d2", job.StatusFailed)).
		then(failed, job.Cancelled{Reason: "dependency d2 ended as failed"}).status(job.StatusCancelled)

	s = given(t, submit(after(job.OnFailureFail, "d1", "d2"))).when(resolve("d2", job.StatusFailed)).status(job.StatusFailed)
	require.Equal(t, &job.Error{Code: "dependency", Message: "dependency d2 ended as failed", Permanent: true}, s.state.Error)
	require.Zero(t, s.state.Used, "no attempt was made")
	require.Empty(t, s.state.Attempts)
	s.when(revive).then(job.Waiting{}).status(job.StatusWaiting)
	require.Empty(t, s.state.Resolved, "all are looked at again")

	s = given(t, submit(delayed, after(job.OnFailureFail, "d1"))).status(job.StatusWaiting)
	s.when(resolve("d1", job.StatusSucceeded)).then(ok).status(job.StatusDelayed)
	s.when(due).thenNothing()
	s.when(dueLater).then(job.Queued{Reason: job.QueuedByDelay}).status(job.StatusQueued)
	require.Zero(t, s.state.RunAt)

	s = given(t, submit(after(job.OnFailureFail, "d1")), resolve("d1", job.StatusSucceeded), start(1), fail(1, true))
	s.when(revive).then(job.Queued{Reason: job.QueuedByRequest}).status(job.StatusQueued)
	require.Len(t, s.state.Resolved, 1, "a result that was used is used again")
}

func TestAttemptsAreUsedUp(t *testing.T) {
	t.Parallel()
	s := given(t, submit())
	for n := 1; n <= 2; n++ {
		s.when(start(n)).status(job.StatusRunning)
		s.when(fail(n, false)).status(job.StatusRetrying)
		require.Equal(t, n+1, s.got[1].(job.RetryScheduled).Attempt)
		s.when(dueLater).then(job.Queued{Reason: job.QueuedByRetry})
		require.Equal(t, job.Error{Code: "exit", Message: "1"}, *s.state.Error, "shown until the next attempt ends")
	}
	s.when(start(3)).when(fail(3, false)).then(
		job.Failed{Error: job.Error{Code: "exit", Message: "1"}, Output: head(2)},
		job.DeadLettered{Reason: "3 of 3 attempts used"},
	).status(job.StatusDead)
	require.Equal(t, 3, s.state.Used)

	s.when(revive).then(job.Queued{Reason: job.QueuedByRequest}).status(job.StatusQueued)
	require.Zero(t, s.state.Used, "with all its attempts")
	require.Nil(t, s.state.Error)
	require.Zero(t, s.state.FinishedAt)
	s.when(start(1)).thenRefused()
	s.when(start(4)).status(job.StatusRunning)
	s.when(succeed(4)).status(job.StatusSucceeded)
	outcomes := []string{}
	for i, a := range s.state.Attempts {
		require.Equal(t, i+1, a.Number)
		require.NotZero(t, a.FinishedAt)
		outcomes = append(outcomes, a.Outcome)
	}
	require.Equal(t, []string{"failed", "failed", "failed", "succeeded"}, outcomes, "every attempt is kept")
	require.Nil(t, s.state.Error)
	require.JSONEq(t, `{"ok":true}`, string(s.state.Result))
}

// Starting a job early is not starting it anew: what it has used stays used.
func TestReviveBeforeTheEndKeepsTheCount(t *testing.T) {
	t.Parallel()
	s := given(t, submit(), start(1), fail(1, false), revive)
	s.status(job.StatusQueued)
	require.Equal(t, 1, s.state.Used)
	require.NotNil(t, s.state.Error)
	s.when(start(2)).when(fail(2, false)).when(revive).when(start(3)).when(fail(3, false)).status(job.StatusDead)

	s = given(t, submit(delayed)).when(revive).status(job.StatusQueued)
	require.Zero(t, s.state.RunAt)
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	p := job.RetryPolicy{MaxAttempts: 10, InitialMS: 1000, MaxMS: 10_000, Factor: 3}
	for n, want := range map[int]time.Duration{1: time.Second, 2: 3 * time.Second, 3: 9 * time.Second, 4: 10 * time.Second, 99: 10 * time.Second} {
		require.Equal(t, want, p.Delay(n, 1))
		require.Equal(t, want/2, p.Delay(n, 0), "half of it at least")
	}
	huge := job.RetryPolicy{InitialMS: 1, MaxMS: 366 * 24 * 3600 * 1000, Factor: 100}
	require.Equal(t, 366*24*time.Hour, huge.Delay(100, 1))

	s := given(t, submit(), start(1)).when(func(now time.Time) job.Command {
		return job.Fail{Now: now, Lease: lease(1), Error: job.Error{Code: "x"}, Jitter: 0.5}
	})
	require.Equal(t, job.RetryScheduled{RunAt: at(3).Add(7500 * time.Millisecond), DelayMS: 7500, Attempt: 2}, s.got[1])
}

func TestStart(t *testing.T) {
	t.Parallel()
	s := given(t, submit(func(c *job.Submit) { c.TimeoutMS = 5000 })).when(start(1))
	s.then(job.Started{Attempt: 1, Worker: "w", Lease: "lease-1", LeaseMS: 30_000, TimeoutAt: at(2).Add(5 * time.Second)})
	require.Equal(t, at(2), s.state.StartedAt)
	require.Equal(t, []job.Attempt{{Number: 1, Worker: "w", QueuedAt: at(1), StartedAt: at(2), Outcome: "running"}}, s.state.Attempts)
	given(t, submit()).when(start(1)).then(job.Started{Attempt: 1, Worker: "w", Lease: "lease-1", LeaseMS: 30_000})

	for _, c := range []job.Start{
		{Attempt: 1, Lease: "l", LeaseMS: 1}, {Attempt: 1, Worker: "w", LeaseMS: 1}, {Attempt: 1, Worker: "w", Lease: "l"},
		{Attempt: 1, Worker: "w", Lease: "l", LeaseMS: -1},
	} {
		given(t, submit()).when(func(time.Time) job.Command { return c }).thenInvalid("lease")
	}
}

func TestOnlyTheLeaseHolderEndsAnAttempt(t *testing.T) {
	t.Parallel()
	for _, c := range []step{succeed(1), fail(1, false), handBack(1), confirm(1)} {
		given(t, submit(), start(1), expire(1), dueLater, start(2)).when(c).thenRefused().status(job.StatusRunning)
		given(t, submit(), start(1), expire(1)).when(c).thenRefused()
	}
	given(t, submit(), start(1), expire(1), dueLater, start(2)).when(expire(1)).thenNothing()
}

func TestHandBackUsesNoAttempt(t *testing.T) {
	t.Parallel()
	out := head(1)
	s := given(t, submit(once), start(1)).when(handBack(1))
	s.then(job.Queued{Reason: job.QueuedByHandback, Output: &out}).status(job.StatusQueued)
	require.Zero(t, s.state.Used)
	require.Equal(t, "handed_back", s.state.Attempts[0].Outcome)
	require.Equal(t, &out, s.state.Attempts[0].Output)
	s.when(start(2)).when(fail(2, false)).status(job.StatusDead)
}

func TestStop(t *testing.T) {
	t.Parallel()
	s := given(t, submit(), start(1)).when(stop).then(job.StopRequested{Reason: "enough"}).status(job.StatusStopping)
	require.True(t, s.state.Stop)
	s.when(succeed(1)).then(job.Succeeded{Result: jsontext.Value(`{"ok":true}`), Stopped: true, Output: head(3)})
	require.False(t, s.state.Stop)
	given(t, submit(), start(1), stop).when(fail(1, false)).status(job.StatusFailed)
	given(t, submit(), start(1), stop).when(expire(1)).status(job.StatusDead)
	given(t, submit()).when(stop).then(job.Cancelled{Reason: "enough"})
}

func TestCancel(t *testing.T) {
	t.Parallel()
	out := head(1)
	s := given(t, submit(), start(1), stop, cancel).status(job.StatusStopping)
	s.when(confirm(1)).then(job.Cancelled{Reason: "wrong", Output: &out}).status(job.StatusCancelled)
	require.Equal(t, "cancelled", s.state.Attempts[0].Outcome)
	require.Equal(t, "wrong", s.state.Reason)

	s = given(t, submit(), start(1), cancel).when(func(now time.Time) job.Command {
		return job.ConfirmCancel{Now: now, Lease: lease(1), Abandoned: true}
	})
	require.True(t, s.state.Abandoned, "its code may still be running, and the state says so")
	s.when(revive)
	require.False(t, s.state.Abandoned)

	s = given(t, submit(), start(1), cancel).when(expire(1)).status(job.StatusCancelled)
	require.True(t, s.state.Abandoned)
	given(t, submit(), start(1), cancel).when(succeed(1)).status(job.StatusCancelled)
}

func TestAnnotate(t *testing.T) {
	t.Parallel()
	s := given(t, submit(), start(1), succeed(1)).when(annotate).then(job.Annotated{Text: "look here"})
	require.Equal(t, []job.Annotation{{Text: "look here", At: at(4)}}, s.state.Annotations)
	require.Equal(t, at(3), s.state.FinishedAt)
	note := func(text string) step {
		return func(now time.Time) job.Command { return job.Annotate{Now: now, Text: text} }
	}
	s.when(note("")).thenInvalid("text")
	s.when(note(strings.Repeat("x", job.MaxAnnotation+1))).thenInvalid("text")
	for range job.MaxAnnotations - 1 {
		s.when(note("x"))
	}
	s.when(note("x")).thenRefused()
}

func TestNewerTapeIsShownAndLeftAlone(t *testing.T) {
	t.Parallel()
	s := given(t, submit())
	next, err := job.Fold(s.state, event.Event{Type: "job.started", Subject: "j1", SchemaVersion: event.SchemaVersion + 1, Data: jsontext.Value(`7`), Time: at(2)}, event.Hash{1})
	require.NoError(t, err)
	require.True(t, next.Newer)
	require.Equal(t, job.StatusQueued, next.Status)
	require.Equal(t, uint64(2), next.Version)
	s.state = next
	for name, c := range commands {
		s.when(c)
		require.Error(t, s.err, name)
	}
}

func TestOutput(t *testing.T) {
	t.Parallel()
	var o job.Output
	facts := []job.Event{
		job.Progressed{Percent: 10, Message: "a"},
		job.Logged{Lines: []job.Line{{Text: "1"}, {Text: "2"}}},
		job.ArtifactStored{Name: "x", Size: 1},
		job.ArtifactStored{Name: "y", Size: 2},
		job.ArtifactStored{Name: "x", Size: 3},
		job.Logged{Lines: []job.Line{{Text: "3"}}, Truncated: &job.Truncation{Lines: 7, Bytes: 70}},
		job.Progressed{Percent: 50},
	}
	for i, f := range facts {
		data, err := job.Encode(f)
		require.NoError(t, err)
		before := o
		o, err = job.FoldOutput(o, event.Event{Type: f.EventType(), SchemaVersion: 1, Data: data, Sequence: uint64(i + 1), Attempt: 2, Time: at(i)}, event.Hash{byte(i)})
		require.NoError(t, err)
		require.Equal(t, uint64(i), before.Version)
	}
	require.Equal(t, job.Output{
		Progress: job.Progress{Percent: 50},
		Artifacts: []job.Artifact{
			{Name: "y", Size: 2, Attempt: 2, StoredAt: at(3)},
			{Name: "x", Size: 3, Attempt: 2, StoredAt: at(4)},
		},
		Lines: 3, Truncated: &job.Truncation{Lines: 7, Bytes: 70}, Version: 7, Head: event.Hash{6},
	}, o)
}

func TestStreamNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		id      string
		attempt int
		ok      bool
	}{
		job.Stream("a"):           {"a", 0, true},
		job.OutputStream("a", 12): {"a", 12, true},
		"job/":                    {},
		"job/a/b":                 {"a/b", 0, false},
		"job/a/out/0":             {"a", 0, false},
		"job/a/out/-1":            {"a", -1, false},
		"job/a/out/x":             {"a", 0, false},
		"queue/a":                 {},
		"job/a/b/out/1":           {"a/b", 1, false},
		"":                        {},
		job.Topic("q", "high"):    {},
	} {
		id, attempt, ok := job.ParseStream(name)
		require.Equal(t, want.ok, ok, name)
		if ok {
			require.Equal(t, want.id, id, name)
			require.Equal(t, want.attempt, attempt, name)
		}
	}
}
