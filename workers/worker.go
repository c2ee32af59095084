package workers

import (
	"context"
	"sync"
	"sync/atomic"

	"tapedeck/eventstore/jobs"
)

// Worker is the runtime. Make one with New; Start and Stop may be called in any order, any number of
// times and concurrently: it runs between a Start and the Stop that follows.
//
//	w, err := workers.New(workers.Config{Store: store, Kinds: kinds, Artifacts: files})
//	err = w.Start(ctx)      // returns when it takes jobs
//	defer w.Stop(ctx)       // drains: finishes or hands back
type Worker struct {
	cfg     Config
	repo    *jobs.Repository
	metrics *metrics

	turn  sync.Mutex // of Start and Stop
	shift atomic.Pointer[shift]
}

// New checks the configuration; it starts nothing.
func New(cfg Config) (*Worker, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	m, err := newMetrics(cfg.Metrics)
	if err != nil {
		return nil, err
	}
	// An append of output or of an attempt's end is repeated for as long as it can be accepted.
	repo := jobs.New(cfg.Store, jobs.Config{Patience: cfg.LeaseTTL, ClaimBy: cfg.ClaimBy})
	return &Worker{cfg: cfg, repo: repo, metrics: m}, nil
}

// Start takes up work and returns. The ctx gives values only: the worker runs until Stop. A second
// Start changes nothing.
func (w *Worker) Start(ctx context.Context) error {
	w.turn.Lock()
	defer w.turn.Unlock()
	if w.shift.Load() != nil {
		return nil
	}
	s := newShift(context.WithoutCancel(ctx), w)
	if err := s.start(); err != nil {
		s.halt()
		return err
	}
	w.shift.Store(s)
	return nil
}

// Stop takes no more jobs, lets the running ones finish for DrainTimeout (or until ctx ends, if that
// is sooner), then ends their contexts and hands back what did not finish. It returns when every job
// is finished, handed back or given up, and nothing of the worker runs any more but the code of jobs
// that ignore the end of their context.
func (w *Worker) Stop(ctx context.Context) {
	w.turn.Lock()
	defer w.turn.Unlock()
	if s := w.shift.Load(); s != nil {
		s.drain(ctx)
		w.shift.Store(nil)
	}
}

// Alarms says what is wrong now, in words, for /readyz; none when all is well.
func (w *Worker) Alarms() []string {
	if s := w.shift.Load(); s != nil {
		return s.alarms.list()
	}
	return nil
}
