package workers

import (
	"errors"
	"fmt"
	"time"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

// pulse is the one loop that looks after all running jobs: there is no timer per job.
func (s *shift) pulse() {
	ticker := time.NewTicker(s.cfg.Pulse)
	defer ticker.Stop()
	for {
		select {
		case <-s.working.Done():
			return
		case <-ticker.C:
		}
		now := time.Now()
		for _, a := range s.running.list() {
			a.beat(now)
		}
	}
}

// beat renews the lease when a third of it has passed, ends the job's context before its lease ends
// or when its time is over, abandons a job that ignores that, and writes waiting output.
func (a *attempt) beat(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.expiredLocked(now) {
		a.endLocked(ErrLeaseLost)
	}
	if limit := a.started.TimeoutMS; limit > 0 && now.Sub(a.began) >= time.Duration(limit)*time.Millisecond {
		a.endLocked(ErrTimeout)
	}
	if !a.endedAt.IsZero() && now.Sub(a.endedAt) >= a.cfg.KillAfter {
		a.abandon()
	}
	if a.busy || a.lost {
		return
	}
	switch {
	case now.Sub(a.alive) >= a.cfg.LeaseTTL/3:
		a.busy = true
		a.finishing.Go(a.renew)
	case a.out != nil && a.out.pending():
		a.busy = true
		a.finishing.Go(func() {
			defer a.rested()
			_ = a.out.flush()
		})
	}
}

func (a *attempt) rested() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.busy = false
}

// renew keeps the lease. A version that grew means that there is something to learn.
func (a *attempt) renew() {
	defer a.rested()
	before := time.Now()
	version, err := a.cfg.Store.Renew(a.working, job.Stream(a.started.ID), a.started.Lease)
	switch {
	case hopeless(err):
		a.lose()
	case err != nil:
		if a.working.Err() == nil {
			a.cfg.Logger.Warn("lease not renewed", "job", a.started.ID, "error", err)
		}
	default:
		a.livedAt(before)
		a.mu.Lock()
		grown := version > a.state.Version
		a.mu.Unlock()
		if grown {
			_ = a.refresh(a.working)
		}
	}
}

// Bounds of how often running jobs are looked up for requests.
const (
	requestsSoonest = 100 * time.Millisecond
	requestsLatest  = 500 * time.Millisecond
	requestsPerJob  = 5 * time.Millisecond
)

// watchRequests finds cancel and stop requests well before the next renewal would: while the log
// grows, it reads what is new on each job that has run for a while. A short job costs nothing.
func (s *shift) watchRequests() {
	for wait := requestsSoonest; s.pause(wait); {
		settled := s.settled(time.Now().Add(-requestsSoonest))
		wait = min(max(requestsSoonest, time.Duration(len(settled))*requestsPerJob), requestsLatest)
		if len(settled) == 0 {
			s.alarms.set("requests", nil)
			continue
		}
		err := s.lookUp(settled)
		if s.working.Err() == nil {
			s.alarms.set("requests", err)
		}
	}
}

// lookUp reads what is new on jobs, if the log has grown since they were looked up last.
func (s *shift) lookUp(settled []*attempt) error {
	tail, err := s.cfg.Store.Tail(s.working)
	if err != nil {
		return err
	}
	var errs []error
	for _, a := range settled {
		if a.checked == tail.Position {
			continue
		}
		err := a.refresh(s.working)
		switch {
		case err == nil:
			a.checked = tail.Position
		case errors.Is(err, eventstore.ErrUnavailable):
			return err
		default:
			errs = append(errs, fmt.Errorf("job %s: %w", a.started.ID, err))
		}
	}
	return errors.Join(errs...)
}

// settled lists the jobs that have run since before t and were not ended yet.
func (s *shift) settled(t time.Time) (out []*attempt) {
	s.running.each(func(a *attempt) {
		if a.began.Before(t) && !a.closing.Load() {
			out = append(out, a)
		}
	})
	return out
}
