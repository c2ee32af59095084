package workers

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"tapedeck/eventstore/jobs"
)

// shift is everything between a Start and its Stop.
type shift struct {
	*Worker
	id      string
	by      jobs.Caller
	began   time.Time
	alarms  *alarms
	tokens  atomic.Uint64
	running attempts
	lanes   []*lane
	kinds   map[string]*slots

	// taking ends when no more jobs are taken; working ends when nothing is appended any more.
	taking, working           context.Context
	stopTaking, stopWorking   context.CancelFunc
	claimers, rest, finishing sync.WaitGroup
}

func newShift(ctx context.Context, w *Worker) *shift {
	s := &shift{Worker: w, began: time.Now(), kinds: map[string]*slots{}}
	s.id = w.cfg.Name + "-" + strings.ReplaceAll(uuid.NewString(), "-", "")[:8]
	s.by = jobs.Caller{Source: "tapedeck/worker/" + w.cfg.Name, Actor: "worker:" + s.id}
	s.alarms = &alarms{logger: w.cfg.Logger, byName: map[string]alarm{}}
	s.running.changed = make(chan struct{}, 1)
	s.taking, s.stopTaking = context.WithCancel(ctx)
	s.working, s.stopWorking = context.WithCancel(ctx)
	for _, spec := range w.cfg.Kinds.specs {
		if n := kindLimit(spec, w.cfg.KindConcurrency[spec.Name]); n > 0 {
			s.kinds[spec.Name] = newSlots(n)
		}
	}
	return s
}

func kindLimit(spec Spec, configured int) int {
	if configured == 0 || (spec.Concurrency > 0 && spec.Concurrency < configured) {
		return spec.Concurrency
	}
	return configured
}

func (s *shift) start() error {
	for queue, limit := range s.cfg.Queues {
		if limit == 0 {
			limit = s.cfg.Concurrency
		}
		l := newLane(s, queue, limit)
		if err := l.start(); err != nil {
			return fmt.Errorf("read queue %s: %w", queue, err)
		}
		s.lanes = append(s.lanes, l)
	}
	react, err := newReactor(s)
	if err == nil {
		err = react.start()
	}
	if err != nil {
		return err
	}
	s.rest.Go(s.pulse)
	s.rest.Go(s.watchRequests)
	s.rest.Go(s.recoverJobs)
	s.rest.Go(s.present)
	return nil
}

// drain: see Worker.Stop.
func (s *shift) drain(ctx context.Context) {
	s.stopTaking()
	s.closeLanes()
	// A claim that is on its way may be in the log already: what comes of it is drained too.
	patience, cancel := context.WithTimeout(ctx, max(s.cfg.DrainTimeout, s.cfg.LeaseTTL))
	s.running.waitClaimed(patience)
	cancel()
	patience, cancel = context.WithTimeout(ctx, s.cfg.DrainTimeout)
	s.running.waitEmpty(patience)
	cancel()
	for _, a := range s.running.list() {
		a.end(ErrShutdown)
	}
	// The pulse abandons what does not end; what cannot be appended in that time is left to a
	// recoverer.
	patience, cancel = context.WithTimeout(context.WithoutCancel(ctx), s.cfg.KillAfter+s.cfg.LeaseTTL)
	s.running.waitEmpty(patience)
	cancel()
	s.halt()
}

func (s *shift) halt() {
	s.stopTaking()
	s.closeLanes()
	s.stopWorking()
	s.rest.Wait()
	s.finishing.Wait()
	s.claimers.Wait()
}

func (s *shift) closeLanes() {
	for _, l := range s.lanes {
		_ = l.subscriber.Close()
	}
}

// pause waits, and reports whether the shift goes on.
func (s *shift) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-s.working.Done():
		return false
	case <-timer.C:
		return true
	}
}

// token names one lease; the shift's id is in it, so that it is never another's.
func (s *shift) token() string { return s.id + "." + strconv.FormatUint(s.tokens.Add(1), 36) }
