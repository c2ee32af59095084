package jobs_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/domain/queue"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/eventstore/memory"
)

type bundle struct {
	*jobs.Repository
	store *memory.Store
	ctx   context.Context
	now   time.Time
}

func setup(t *testing.T) *bundle {
	t.Helper()
	store := memory.New(nil)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return &bundle{jobs.New(store, jobs.Config{}), store, t.Context(), time.Now().Truncate(time.Millisecond)}
}

var by = jobs.Caller{Source: "test", Actor: "ann", CorrelationID: "c1"}

func (b *bundle) submit(t *testing.T, id string, c job.Submit) job.State {
	t.Helper()
	c.Now, c.Kind = b.now, "system.ping"
	s, receipt, err := b.Submit(b.ctx, id, "default", by, c)
	require.NoError(t, err)
	require.Equal(t, s.Head, receipt.Hash)
	require.NoError(t, b.store.Resolve(b.ctx, receipt.Cursor))
	return s
}

func (b *bundle) start(t *testing.T, s job.State) job.State {
	t.Helper()
	s, _, err := b.Apply(b.ctx, s, by, job.Start{Now: b.now, Attempt: s.Attempt + 1, Worker: "w", Lease: "lease", LeaseMS: 60_000})
	require.NoError(t, err)
	return s
}

func (b *bundle) depth(t *testing.T, prefix string) (n int64) {
	t.Helper()
	depths, err := b.store.Depths(b.ctx, prefix)
	require.NoError(t, err)
	for _, d := range depths {
		n += d.Waiting
	}
	return n
}

func (b *bundle) deadline(t *testing.T) time.Time {
	t.Helper()
	due, _, next, err := b.store.Due(b.ctx, 10)
	require.NoError(t, err)
	if len(due) > 0 {
		return due[0].At
	}
	return next
}

func TestStateInMemoryIsTheStateOnTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.submit(t, "j", job.Submit{Input: jsontext.Value(`{"a":1}`), Labels: map[string]string{"k": "v"}})
	same := func(s job.State) {
		t.Helper()
		loaded, err := b.Load(b.ctx, "j")
		require.NoError(t, err)
		require.EqualExportedValues(t, s, loaded)
	}
	same(s)
	s = b.start(t, s)
	same(s)
	s, _, err := b.Apply(b.ctx, s, by, job.Fail{Now: b.now, Lease: "lease", Error: job.Error{Code: "x", Message: "y"}, Jitter: 0.5})
	require.NoError(t, err)
	require.Equal(t, job.StatusRetrying, s.Status)
	same(s)
}

func TestEveryStepHasItsEffects(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.submit(t, "j", job.Submit{Queue: "fast", Priority: job.PriorityHigh})
	require.Equal(t, int64(1), b.depth(t, "q/fast/high"))
	require.Equal(t, b.now.Add(time.Minute), b.deadline(t), "claim by")

	s = b.start(t, s)
	lease, held, err := b.store.LeaseOf(b.ctx, "job/j")
	require.NoError(t, err)
	require.True(t, held)
	require.Equal(t, "lease", lease.Token)
	require.WithinDuration(t, time.Now().Add(time.Minute), b.deadline(t), 5*time.Second, "lease")

	s, _, err = b.Apply(b.ctx, s, by, job.Fail{Now: b.now, Lease: "lease", Error: job.Error{Code: "x"}, Jitter: 1})
	require.NoError(t, err)
	_, held, err = b.store.LeaseOf(b.ctx, "job/j")
	require.NoError(t, err)
	require.False(t, held)
	require.Equal(t, b.now.Add(time.Second), b.deadline(t), "retry")

	s, _, err = b.Apply(b.ctx, s, by, job.Due{Now: b.now.Add(time.Second)})
	require.NoError(t, err)
	require.Equal(t, int64(2), b.depth(t, "q/fast/high"))
	s, _, err = b.Apply(b.ctx, s, by, job.RequestCancel{Now: b.now})
	require.NoError(t, err)
	require.Equal(t, job.StatusCancelled, s.Status)
	require.True(t, b.deadline(t).IsZero())
}

func TestQueueMessageIsEnoughToStart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	want := b.submit(t, "j", job.Submit{Input: jsontext.Value(`{"a":1}`)})
	events, err := b.store.ReadStream(b.ctx, "job/j", 1, 1)
	require.NoError(t, err)
	got, err := jobs.FromMessage(events[0].Stored)
	require.NoError(t, err)
	require.True(t, got.Complete)
	require.EqualExportedValues(t, want, got.State)
	require.Equal(t, "job.submitted", got.Cause.Type)

	stub, err := event.Erase(events[0].Stored)
	require.NoError(t, err)
	got, err = jobs.FromMessage(stub)
	require.NoError(t, err)
	require.False(t, got.Complete, "a large job is read from the log")
	require.Equal(t, "j", got.State.ID)
	_, err = jobs.FromMessage([]byte(`{"hello":1}`))
	require.ErrorIs(t, err, event.ErrMalformed)
}

func TestLargeJobIsHandedOffWithoutItsData(t *testing.T) {
	t.Parallel()
	b := setup(t)
	big := jsontext.Value(`"` + string(make20k()) + `"`)
	b.submit(t, "j", job.Submit{Input: big})
	sub, err := b.store.Subscriber(eventstore.Reader{Name: "r"})
	require.NoError(t, err)
	defer func() { require.NoError(t, sub.Close()) }()
	messages, err := sub.Subscribe(b.ctx, "q/default/normal")
	require.NoError(t, err)
	m := <-messages
	require.Less(t, len(m.Payload), 2000)
	h, err := jobs.FromMessage(m.Payload)
	require.NoError(t, err)
	require.False(t, h.Complete)
	s, err := b.Load(b.ctx, h.State.ID)
	require.NoError(t, err)
	require.Equal(t, string(big), string(s.Input))
	m.Ack()
}

func make20k() []byte {
	b := make([]byte, 20_000)
	for i := range b {
		b[i] = 'x'
	}
	return b
}

func TestSubmitWithAKeyHappensOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.submit(t, "j", job.Submit{CommandID: "k", Fingerprint: "f"})
	c := job.Submit{Now: b.now, Kind: "system.ping", CommandID: "k", Fingerprint: "f"}
	again, receipt, err := b.Submit(b.ctx, "j", "default", by, c)
	require.NoError(t, err)
	require.Zero(t, receipt)
	require.EqualExportedValues(t, first, again)
	require.Equal(t, int64(1), b.depth(t, "q/"))
	c.Fingerprint = "other"
	_, _, err = b.Submit(b.ctx, "j", "default", by, c)
	require.ErrorIs(t, err, job.ErrFingerprint)
	_, _, err = b.Submit(b.ctx, "j", "default", by, job.Submit{Now: b.now, Kind: "system.ping"})
	require.ErrorIs(t, err, job.ErrExists)
}

func TestDependentsAreWatchedAndWoken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dep := b.submit(t, "dep", job.Submit{})
	s := b.submit(t, "j", job.Submit{After: []job.Dependency{{JobID: "dep"}}})
	require.Equal(t, job.StatusWaiting, s.Status)
	require.Equal(t, int64(1), b.depth(t, job.WakeTopic), "at once, in case it has ended already")
	_, _, err := b.Apply(b.ctx, b.start(t, dep), by, job.Succeed{Now: b.now, Lease: "lease"})
	require.NoError(t, err)
	require.Equal(t, int64(2), b.depth(t, job.WakeTopic))

	_, _, err = b.Submit(b.ctx, "k", "default", by, job.Submit{Now: b.now, Kind: "system.ping", After: []job.Dependency{{JobID: "nobody"}}})
	var invalid *job.InvalidError
	require.ErrorAs(t, err, &invalid)
}

func TestOutputEndsWithItsAttempt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.start(t, b.submit(t, "j", job.Submit{}))
	out := b.Output(s, by)
	require.NoError(t, out.Append(b.ctx, b.now, job.Progressed{Percent: 5}, job.Logged{Lines: []job.Line{{Text: "a"}}}))
	require.NoError(t, out.Append(b.ctx, b.now, job.Progressed{Percent: 6}))
	head, err := b.OutputHead(b.ctx, "j", 1)
	require.NoError(t, err)
	require.Equal(t, out.Head(), head)
	_, _, err = b.Apply(b.ctx, s, by, job.Succeed{Now: b.now, Lease: "lease", Output: out.Head()})
	require.NoError(t, err)
	require.ErrorIs(t, out.Append(b.ctx, b.now, job.Progressed{Percent: 7}), eventstore.ErrLeaseLost)
	folded, err := b.LoadOutput(b.ctx, "j", 1, nil)
	require.NoError(t, err)
	require.InDelta(t, 6, folded.Progress.Percent, 0)
	require.Equal(t, int64(1), folded.Lines)
}

func TestExecuteDecidesAgainOnConflict(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.submit(t, "j", job.Submit{})
	const notes = 20
	errs := make(chan error, notes)
	for range notes {
		go func() {
			_, _, err := b.Execute(b.ctx, "j", by, job.Annotate{Now: b.now, Text: "note"})
			errs <- err
		}()
	}
	for range notes {
		require.NoError(t, <-errs)
	}
	s, err := b.Load(b.ctx, "j")
	require.NoError(t, err)
	require.Len(t, s.Annotations, notes)
	_, _, err = b.Execute(b.ctx, "none", by, job.Annotate{Now: b.now, Text: "note"})
	require.ErrorIs(t, err, job.ErrNotFound)
}

// flaky answers ErrUnavailable after having written: the reply was lost.
type flaky struct {
	eventstore.Store
	lose int
}

func (f *flaky) Append(ctx context.Context, a eventstore.Append) (eventstore.Appended, error) {
	done, err := f.Store.Append(ctx, a)
	if f.lose--; f.lose >= 0 && err == nil {
		return eventstore.Appended{}, errors.Join(errors.New("reply lost"), eventstore.ErrUnavailable)
	}
	return done, err
}

func TestLostReplyWritesOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	repo := jobs.New(&flaky{b.store, 2}, jobs.Config{})
	s, _, err := repo.Submit(b.ctx, "j", "default", by, job.Submit{Now: b.now, Kind: "system.ping"})
	require.NoError(t, err)
	require.Equal(t, uint64(1), s.Version)
	require.Equal(t, int64(1), b.depth(t, "q/"))
	loaded, err := repo.Load(b.ctx, "j")
	require.NoError(t, err)
	require.Equal(t, uint64(1), loaded.Version)
}

func TestQueueModes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, err := b.SetQueueMode(b.ctx, "fast", by, queue.ModePaused, "why", b.now)
	require.NoError(t, err)
	require.Equal(t, uint64(1), s.Version)
	s, err = b.SetQueueMode(b.ctx, "fast", by, queue.ModePaused, "again", b.now)
	require.NoError(t, err)
	require.Equal(t, uint64(1), s.Version, "nothing changed")
	b.submit(t, "j", job.Submit{Queue: "fast"})
	depths, err := b.store.Depths(b.ctx, "q/fast/")
	require.NoError(t, err)
	require.True(t, depths[0].Paused)
	_, err = b.SetQueueMode(b.ctx, "fast", by, queue.ModeRunning, "", b.now)
	require.NoError(t, err)
	loaded, err := b.LoadQueue(b.ctx, "fast")
	require.NoError(t, err)
	require.Equal(t, queue.ModeRunning, loaded.Mode)
	depths, err = b.store.Depths(b.ctx, "q/fast/")
	require.NoError(t, err)
	require.False(t, depths[0].Paused)
}
