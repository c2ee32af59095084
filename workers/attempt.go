package workers

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
)

// attempt is one try of a job in this worker's hands, from its claim to its end.
type attempt struct {
	*lane
	kind    Kind
	limit   *slots
	started job.State // as the claim left it; never changed
	by      jobs.Caller
	ctx     context.Context
	cancel  context.CancelCauseFunc
	stop    chan struct{} // closed on a stop request
	secret  redactor
	began   time.Time

	// closing is taken once: by the job's own goroutine when the job returns, or by the pulse when it
	// abandons the job.
	closing atomic.Bool

	mu      sync.Mutex
	state   *job.State // the newest that is known
	alive   time.Time  // the last sign of life that the store accepted, by the monotonic clock
	endedAt time.Time  // since when ctx is over; zero while it is not
	busy    bool       // a renewal or a flush is under way
	lost    bool       // the store said that the lease is another's
	checked eventstore.Position
	out     *output
	mute    context.CancelFunc // ends out.ctx
}

func newAttempt(l *lane, kind Kind, limit *slots, started job.State, by jobs.Caller, granted time.Time) *attempt {
	a := &attempt{
		lane: l, kind: kind, limit: limit, started: started, by: by,
		began: granted, alive: granted, stop: make(chan struct{}),
	}
	a.state = &a.started
	// Not a child of the shift's context: a child costs its parent's mutex, and what ends it is known.
	a.ctx, a.cancel = context.WithCancelCause(context.Background())
	return a
}

// output is made by its first use: a job that says nothing has none.
func (a *attempt) output() *output {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.out == nil {
		ctx, mute := context.WithCancel(a.working)
		a.mute = mute
		a.out = newOutput(ctx, a.cfg.Output, &a.secret, a.cfg.Now, &vitalSink{a, a.repo.Output(a.started, a.by)})
		if a.lost {
			mute()
		}
	}
	return a.out
}

// vitalSink takes output that was written as a sign of life: its append touches the lease.
type vitalSink struct {
	a *attempt
	*jobs.OutputWriter
}

// Append implements sink.
func (s *vitalSink) Append(ctx context.Context, now time.Time, facts ...job.Event) error {
	before := time.Now()
	if s.a.expired(before) {
		s.a.end(ErrLeaseLost)
		return ErrLeaseLost
	}
	err := s.OutputWriter.Append(ctx, now, facts...)
	switch {
	case err == nil:
		s.a.livedAt(before)
	case hopeless(err), errors.Is(err, eventstore.ErrConflict):
		s.a.lose()
	case !errors.Is(err, eventstore.ErrFull):
		s.a.end(ErrLeaseLost) // where the output ends is not known: the attempt cannot be closed
	}
	return err
}

// end ends the job's context; the first cause stands.
func (a *attempt) end(cause error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.endLocked(cause)
}

func (a *attempt) endLocked(cause error) {
	if a.endedAt.IsZero() {
		a.endedAt = time.Now()
		a.cancel(cause)
	}
}

// lose notes that the store gave the lease to somebody else: nothing more of this attempt can be
// appended.
func (a *attempt) lose() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lost = true
	a.endLocked(ErrLeaseLost)
	if a.mute != nil {
		a.mute()
	}
}

func (a *attempt) livedAt(t time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t.After(a.alive) {
		a.alive = t
	}
}

// leaseMargin is the part of a lease, 1/leaseMargin, that is kept back: the work stops before the
// lease can end.
const leaseMargin = 5

func (a *attempt) expired(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.expiredLocked(now)
}

func (a *attempt) expiredLocked(now time.Time) bool {
	return now.Sub(a.alive) >= a.cfg.LeaseTTL-a.cfg.LeaseTTL/leaseMargin
}

// refresh reads what was appended to the job since, and follows it.
func (a *attempt) refresh(ctx context.Context) error {
	a.mu.Lock()
	from := a.state.Version + 1
	a.mu.Unlock()
	events, err := a.cfg.Store.ReadStream(ctx, job.Stream(a.started.ID), from, 100)
	if err != nil {
		return err
	}
	for _, e := range events {
		if err := a.learn(e); err != nil {
			return err
		}
	}
	return nil
}

func (a *attempt) learn(e eventstore.Recorded) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e.Sequence != a.state.Version+1 {
		return nil // another reader was here first
	}
	next, err := job.Fold(*a.state, e.Event, e.Hash)
	if err != nil {
		return err
	}
	a.state = &next
	switch {
	case !next.Status.Active() || next.Lease != a.started.Lease:
		a.lost = true
		a.endLocked(ErrLeaseLost)
	case next.Cancel:
		a.endLocked(ErrCancelled)
	case next.Stop:
		select {
		case <-a.stop:
		default:
			close(a.stop)
		}
	}
	return nil
}
