package workers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
)

// recoverer acts on deadlines: it starts what was delayed or is to be retried, closes the attempts of
// workers that fell silent, and queues again what its queue lost. Every act is an append at the
// version that it was decided on, so that any number of recoverers do no harm.
type recoverer struct {
	*shift
	seen map[string]sighting // by stream, of leases
}

// sighting is a lease's counter and since when, by this process's monotonic clock, it stands still.
type sighting struct {
	token   string
	counter uint64
	since   time.Time
}

// Bounds of a round.
const (
	dueAtOnce  = 256
	dueAbreast = 8
	trouble    = time.Minute // how long a stream that cannot be acted on is left alone
)

func (s *shift) recoverJobs() {
	r := &recoverer{shift: s, seen: map[string]sighting{}}
	for {
		full, next, err := r.round(s.working)
		if s.working.Err() == nil {
			s.alarms.set("deadlines", err)
		}
		wait := s.cfg.DueEvery
		switch {
		case err != nil:
			wait = max(wait, time.Second)
		case full:
			wait = 0
		case next > 0:
			wait = min(wait, next)
		}
		if !s.pause(wait) {
			return
		}
	}
}

// due is one job whose time has come.
type due struct {
	deadline eventstore.Deadline
	now      time.Time // the store's clock
	state    job.State
	by       jobs.Caller
}

// round acts once on all that is due. It says whether there is more, and how long it is until the
// next deadline.
func (r *recoverer) round(ctx context.Context) (full bool, next time.Duration, err error) {
	deadlines, now, at, err := r.cfg.Store.Due(ctx, dueAtOnce)
	if err != nil {
		return false, 0, err
	}
	if !at.IsZero() {
		next = max(at.Sub(now), time.Millisecond)
	}
	r.forget()
	all := make([]due, len(deadlines))
	load, loadCtx := errgroup.WithContext(ctx)
	load.SetLimit(dueAbreast)
	for i, d := range deadlines {
		load.Go(func() (err error) {
			all[i], err = r.load(loadCtx, d, now)
			return err
		})
	}
	if err := load.Wait(); err != nil {
		return false, 0, err
	}
	if err := r.act(ctx, all); err != nil {
		return false, 0, err
	}
	return len(deadlines) == dueAtOnce, next, nil
}

// load reads the job of a deadline. One that cannot be read is put off, so that it does not stand in
// the way of the others; the alarm stays in the log.
func (r *recoverer) load(ctx context.Context, d eventstore.Deadline, now time.Time) (due, error) {
	id, attempt, ok := job.ParseStream(d.Stream)
	state, by, err := job.State{}, r.by, job.ErrNotFound
	if ok && attempt == 0 {
		state, err = r.repo.LoadUntil(ctx, id, func(e eventstore.Recorded) bool {
			by = r.by.Within(e.Event)
			return false
		})
	}
	if err == nil && state.Newer {
		err = errors.New("the tape needs a newer build")
	}
	if errors.Is(err, eventstore.ErrUnavailable) || errors.Is(err, eventstore.ErrClosed) || ctx.Err() != nil {
		return due{}, err
	}
	if err != nil {
		r.cfg.Logger.Error("deadline cannot be acted on", "stream", d.Stream, "error", err)
		return due{}, r.postpone(ctx, d, now.Add(trouble))
	}
	return due{d, now, state, by}, nil
}

func (r *recoverer) act(ctx context.Context, all []due) error {
	depths, err := r.depths(ctx, all)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(dueAbreast)
	for _, d := range all {
		switch {
		case !d.state.Exists():
		case d.state.Status.Active():
			if err := r.lease(ctx, d); err != nil {
				return errors.Join(err, group.Wait())
			}
		case d.state.Status == job.StatusQueued:
			group.Go(func() error { return r.claimBy(ctx, d, depths) })
		case d.state.Status == job.StatusDelayed, d.state.Status == job.StatusRetrying:
			group.Go(func() error { return r.start(ctx, d) })
		default:
			group.Go(func() error { return r.postpone(ctx, d.deadline, d.now.Add(trouble)) })
		}
	}
	return group.Wait()
}

// start queues a job whose delay is over.
func (r *recoverer) start(ctx context.Context, d due) error {
	if d.now.Before(d.state.RunAt) { // the store keeps times less finely than the event
		return r.postpone(ctx, d.deadline, d.state.RunAt.Add(time.Millisecond))
	}
	return r.decide(ctx, d, "due", job.Due{Now: latest(d.now, d.state.UpdatedAt)})
}

// claimBy queues a job again whose queue entry is gone. The entry is still there as long as the
// topic's oldest one is not newer than the job's queueing.
func (r *recoverer) claimBy(ctx context.Context, d due, depths map[string]eventstore.TopicDepth) error {
	oldest := depths[job.Topic(d.state.Queue, d.state.Priority)].Oldest
	waited := d.now.Sub(d.state.QueuedAt)
	lost := oldest.IsZero() || oldest.After(d.state.QueuedAt.Add(r.cfg.ClaimBy/2)) // half: clocks differ
	if !lost {
		return r.postpone(ctx, d.deadline, d.now.Add(max(waited, r.cfg.ClaimBy)))
	}
	return r.decide(ctx, d, "requeued", job.Requeue{Now: d.now})
}

// depths looks at the queues after the jobs were read: an entry that was taken since then has left
// its mark in the job's version.
func (r *recoverer) depths(ctx context.Context, all []due) (map[string]eventstore.TopicDepth, error) {
	out := map[string]eventstore.TopicDepth{}
	for _, d := range all {
		if d.state.Status == job.StatusQueued {
			list, err := r.cfg.Store.Depths(ctx, "q/")
			for _, depth := range list {
				out[depth.Topic] = depth
			}
			return out, err
		}
	}
	return out, nil
}

// lease watches a lease whose deadline has passed. It is over only when its counter stood still for
// its whole length by this process's monotonic clock, and still does inside the append.
func (r *recoverer) lease(ctx context.Context, d due) error {
	stream := d.deadline.Stream
	l, held, err := r.cfg.Store.LeaseOf(ctx, stream)
	if err != nil {
		return err
	}
	ttl := time.Duration(d.state.LeaseMS) * time.Millisecond
	if !held || l.Token != d.state.Lease { // the job moved on since it was read; or its lease is lost
		l = eventstore.Lease{Stream: stream, Token: d.state.Lease}
	}
	was, known := r.seen[stream]
	if !known || was.token != l.Token || was.counter != l.Counter {
		r.seen[stream] = sighting{token: l.Token, counter: l.Counter, since: time.Now()}
		return r.postpone(ctx, d.deadline, d.now.Add(ttl))
	}
	if left := ttl - time.Since(was.since); left > 0 {
		return r.postpone(ctx, d.deadline, d.now.Add(left))
	}
	delete(r.seen, stream)
	head, err := r.repo.OutputHead(ctx, d.state.ID, d.state.Attempt)
	if err != nil {
		return err
	}
	var holds []eventstore.Hold
	if held {
		holds = []eventstore.Hold{{Stream: stream, Token: l.Token, Still: true, Counter: l.Counter}}
	}
	return r.decide(ctx, d, "lease_expired", job.ExpireLease{
		Now: latest(d.now, d.state.UpdatedAt), Lease: l.Token, Output: head, Jitter: rand.Float64(),
	}, holds...)
}

// forget drops sightings that nobody came back to.
func (r *recoverer) forget() {
	for stream, s := range r.seen {
		if time.Since(s.since) > 10*r.cfg.LeaseTTL+trouble {
			delete(r.seen, stream)
		}
	}
}

// decide appends at the version that was read; somebody who was faster has done it.
func (r *recoverer) decide(ctx context.Context, d due, what string, c job.Command, holds ...eventstore.Hold) error {
	_, receipt, err := r.repo.Apply(ctx, d.state, d.by, c, holds...)
	switch {
	case errors.Is(err, eventstore.ErrConflict), errors.Is(err, eventstore.ErrLeaseLost):
		return nil
	case errors.Is(err, event.ErrMalformed), errors.As(err, new(*job.RefusedError)), errors.As(err, new(*job.InvalidError)):
		r.cfg.Logger.Error("deadline cannot be acted on", "stream", d.deadline.Stream, "error", err)
		return r.postpone(ctx, d.deadline, d.now.Add(trouble))
	case err != nil:
		return fmt.Errorf("%s: %w", d.deadline.Stream, err)
	case receipt.Version == 0: // nothing was to be done
		return r.postpone(ctx, d.deadline, d.now.Add(trouble))
	}
	r.metrics.recovered.WithLabelValues(what).Inc()
	r.cfg.Logger.Debug("deadline fired", "job", d.state.ID, "what", what)
	return nil
}

func (r *recoverer) postpone(ctx context.Context, d eventstore.Deadline, to time.Time) error {
	return r.cfg.Store.Postpone(ctx, d, to)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
