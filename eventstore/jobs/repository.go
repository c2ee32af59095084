// Package jobs is the job repository: it loads a job, lets domain/job decide, and appends the events
// together with the hand-off, deadline, lease and wake-ups that the new state calls for. Everything
// that changes a job goes through here.
package jobs

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

// Config sets a Repository up.
type Config struct {
	// ClaimBy is how long a queued job may go unclaimed before the recoverer looks whether its queue
	// entry was lost. Defaults to 60 s.
	ClaimBy time.Duration
	// Patience is how long an append is repeated while the store is unavailable; the caller's
	// context can end it sooner. Defaults to 5 s.
	Patience time.Duration
	// NewID makes event ids. Defaults to UUIDv7.
	NewID func() string
}

// WithDefaults fills the zero fields.
func (c Config) WithDefaults() Config {
	if c.ClaimBy == 0 {
		c.ClaimBy = time.Minute
	}
	if c.Patience == 0 {
		c.Patience = 5 * time.Second
	}
	if c.NewID == nil {
		c.NewID = newIDs()
	}
	return c
}

// newIDs makes UUIDv7s whose random bytes are drawn a kilobyte at a time: there are three for every job.
func newIDs() func() string {
	var mu sync.Mutex
	random := bufio.NewReaderSize(rand.Reader, 1<<10)
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return uuid.Must(uuid.NewV7FromReader(random)).String()
	}
}

// Caller is who acts, as it is written into the envelopes.
type Caller struct {
	Source        string
	Actor         string
	CorrelationID string
	CausationID   string
	TraceParent   string
}

// Within is c acting on what e set off: the correlation and the trace go on.
func (c Caller) Within(e event.Event) Caller {
	c.CorrelationID, c.TraceParent = e.CorrelationID, e.TraceParent
	return c
}

// Receipt proves what was appended: the last event's place and hash. It is zero when a repeated
// command had nothing to append.
type Receipt struct {
	Stream   string              `json:"stream"`
	Version  uint64              `json:"version"`
	Hash     event.Hash          `json:"hash"`
	Position eventstore.Position `json:"-"`
	Cursor   eventstore.Cursor   `json:"cursor"`
}

// Repository is safe for concurrent use.
type Repository struct {
	store eventstore.Store
	cfg   Config
}

// New returns a Repository on a store.
func New(store eventstore.Store, cfg Config) *Repository {
	return &Repository{store: store, cfg: cfg.WithDefaults()}
}

// Store is the store that the repository works on.
func (r *Repository) Store() eventstore.Store { return r.store }

// pageSize is how many events a load reads at a time.
const pageSize = 500

// Load folds a job as it is now. It fails with job.ErrNotFound.
func (r *Repository) Load(ctx context.Context, id string) (job.State, error) {
	return r.LoadUntil(ctx, id, func(eventstore.Recorded) bool { return false })
}

// LoadUntil folds a job up to, and without, the first event for which stop answers true: time
// travel. It fails with job.ErrNotFound when nothing is left to fold.
func (r *Repository) LoadUntil(ctx context.Context, id string, stop func(eventstore.Recorded) bool) (job.State, error) {
	var s job.State
	for {
		events, err := r.store.ReadStream(ctx, job.Stream(id), s.Version+1, pageSize)
		if err != nil {
			return s, fmt.Errorf("load job %s: %w", id, err)
		}
		for _, e := range events {
			if stop(e) {
				return s, exists(s)
			}
			if s, err = job.Fold(s, e.Event, e.Hash); err != nil {
				return s, fmt.Errorf("load job %s: event %d: %w", id, e.Sequence, err)
			}
		}
		if len(events) < pageSize {
			return s, exists(s)
		}
	}
}

func exists(s job.State) error {
	if !s.Exists() {
		return job.ErrNotFound
	}
	return nil
}

// maxConflicts bounds how often Execute decides again.
const maxConflicts = 50

// Execute loads the job, decides and appends; when somebody else was first, it does so again. It
// fails with the errors of job.Decide and of Store.Append.
func (r *Repository) Execute(ctx context.Context, id string, by Caller, c job.Command) (job.State, Receipt, error) {
	for range maxConflicts {
		s, err := r.Load(ctx, id)
		if err != nil {
			return s, Receipt{}, err
		}
		s, receipt, err := r.Apply(ctx, s, by, c)
		if !errors.Is(err, eventstore.ErrConflict) {
			return s, receipt, err
		}
	}
	return job.State{}, Receipt{}, fmt.Errorf("job %s: %w (%d times)", id, eventstore.ErrConflict, maxConflicts)
}

// Apply decides on a state that the caller knows and appends, without a read. It returns the new
// state, or s and eventstore.ErrConflict when s is not the newest.
func (r *Repository) Apply(ctx context.Context, s job.State, by Caller, c job.Command, holds ...eventstore.Hold) (job.State, Receipt, error) {
	facts, err := job.Decide(s, c)
	if err != nil || len(facts) == 0 {
		return s, Receipt{}, err
	}
	next, plan, err := r.plan(s, by, facts, c.When())
	if err != nil {
		return s, Receipt{}, err
	}
	plan.Holds = holds
	done, err := r.append(ctx, plan)
	if err != nil {
		return s, Receipt{}, err
	}
	return next, r.receipt(plan.Writes[0].Stream, next.Version, next.Head, done), nil
}

// Submit creates the job with this id. With a command id, a repeated submission answers the job as
// it is now, and job.ErrFingerprint when it is not the same request. The jobs in After and the
// parent must exist.
func (r *Repository) Submit(ctx context.Context, id, project string, by Caller, c job.Submit) (job.State, Receipt, error) {
	if err := r.checkRelations(ctx, c); err != nil {
		return job.State{}, Receipt{}, err
	}
	s, receipt, err := r.Apply(ctx, job.State{ID: id, Project: project}, by, c)
	if !errors.Is(err, eventstore.ErrConflict) {
		return s, receipt, err
	}
	s, err = r.Load(ctx, id)
	if err != nil {
		return s, Receipt{}, err
	}
	_, err = job.Decide(s, c)
	return s, Receipt{}, err
}

func (r *Repository) checkRelations(ctx context.Context, c job.Submit) error {
	check := func(path, id string) error {
		head, err := r.store.ReadStream(ctx, job.Stream(id), 1, 1)
		if err == nil && len(head) == 0 {
			return &job.InvalidError{Faults: []job.Fault{{Path: path, Message: "no job " + id}}}
		}
		return err
	}
	if c.ParentID != "" {
		if err := check("parentId", c.ParentID); err != nil {
			return err
		}
	}
	for _, d := range c.After {
		if err := check("after", d.JobID); err != nil {
			return err
		}
	}
	return nil
}

func (r *Repository) receipt(stream string, version uint64, head event.Hash, done eventstore.Appended) Receipt {
	positions := done.Positions[0]
	last := positions[len(positions)-1]
	return Receipt{
		Stream: stream, Version: version, Hash: head, Position: last,
		Cursor: eventstore.NewCursor(r.store.Epoch(), last, head),
	}
}

// append repeats the same bytes while the store is unavailable: the event ids make it harmless.
func (r *Repository) append(ctx context.Context, a eventstore.Append) (eventstore.Appended, error) {
	done, err := r.store.Append(ctx, a)
	if !errors.Is(err, eventstore.ErrUnavailable) {
		return done, err
	}
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Patience)
	defer cancel()
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		select {
		case <-ctx.Done():
			return done, err
		case <-time.After(pause):
		}
		if done, err = r.store.Append(ctx, a); !errors.Is(err, eventstore.ErrUnavailable) {
			return done, err
		}
	}
}
