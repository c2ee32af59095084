package ingest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/artifacts"
	"tapedeck/domain/event"
	"tapedeck/domain/knowledge"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/workers"
)

// Texts keeps the documents' texts.
type Texts interface {
	// PutText makes a text durable and returns its digest.
	PutText(ctx context.Context, text []byte) (event.Hash, error)
}

var _ Texts = (*artifacts.Store)(nil)

// Config is what every run needs.
type Config struct {
	Jobs  *jobs.Repository
	Texts Texts
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
}

// WithDefaults fills in what is not set.
func (c Config) WithDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Definition says what a source is.
type Definition struct {
	Kind   knowledge.SourceKind
	Key    string // what makes it the same source when it is ingested again
	Name   string
	Labels []string
	Input  jsontext.Value // without secrets
	// Again submits the job that reads the source once more; nil is none.
	Again func(ctx context.Context) (*knowledge.NextRun, error)
}

// Run is one attempt's work on a source. It is safe for concurrent use until Finish.
type Run struct {
	cfg    Config
	job    *workers.Job
	source *knowledge.Source

	mu      sync.Mutex
	next    *batch
	known   map[string]knowledge.Entry
	seen    map[string]bool // found, in this attempt or before
	done    map[string]bool // dealt with, in this attempt or before
	counts  knowledge.Counts
	first   *knowledge.Fault
	keep    bool // Finish removes nothing
	written time.Time
	err     error         // an append failed: nothing more can be stored
	writing chan struct{} // holds a token while a batch is on its way
	stop    context.CancelFunc
	stopped chan struct{}
}

// Begin defines the source, or finds it defined, and begins or continues the job's run over it. The caller closes it.
func Begin(ctx context.Context, cfg Config, j *workers.Job, def Definition) (*Run, error) {
	id := knowledge.SourceID(j.Project(), def.Kind, def.Key)
	r := &Run{cfg: cfg.WithDefaults(), job: j, writing: make(chan struct{}, 1)}
	for {
		source, err := r.cfg.Jobs.LoadSource(ctx, id)
		if errors.Is(err, jobs.ErrNoKnowledge) {
			source, err = &knowledge.Source{ID: id, Project: j.Project()}, nil
		}
		if err != nil {
			return nil, err
		}
		r.source = source
		started := knowledge.RunStarted{JobID: j.ID(), Attempt: j.Attempt()}
		if source.Run.JobID != j.ID() {
			if started.Next, err = r.schedule(ctx, def); err != nil {
				return nil, err
			}
		}
		facts, err := source.Begin(define(def), started)
		if err != nil {
			return nil, err
		}
		err = r.append(ctx, facts)
		if errors.Is(err, eventstore.ErrConflict) {
			continue // somebody else ran it until now
		}
		if err != nil {
			return nil, fmt.Errorf("begin: %w", err)
		}
		r.remember()
		r.beat(ctx)
		return r, nil
	}
}

// schedule has the source read again later, if that is wanted, and not by the job that an earlier run left for that.
func (r *Run) schedule(ctx context.Context, def Definition) (next *knowledge.NextRun, err error) {
	if def.Again != nil {
		if next, err = def.Again(ctx); err != nil {
			return nil, fmt.Errorf("schedule the next run: %w", err)
		}
	}
	if old := r.source.Next; old != nil && old.JobID != r.job.ID() {
		return next, r.cfg.Jobs.Unschedule(ctx, old.JobID, r.job.Caller(), r.cfg.Now())
	}
	return next, nil
}

// beat writes what waits also while nothing comes: whoever looks on sees it, and a later attempt goes on from it.
func (r *Run) beat(ctx context.Context) {
	ctx, r.stop = context.WithCancel(ctx)
	r.stopped = make(chan struct{})
	go func() {
		defer close(r.stopped)
		tick := time.NewTicker(batchWithin)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if r.spill(ctx) != nil {
					return // whoever stores next hears of it
				}
			case <-ctx.Done():
				return
			}
		}
	}()
}

// Close ends what Begin began; what waits then is not written. It may be called after Finish.
func (r *Run) Close() {
	r.stop()
	<-r.stopped
}

func define(def Definition) knowledge.SourceDefined {
	return knowledge.SourceDefined{Kind: def.Kind, Key: def.Key, Name: def.Name, Labels: def.Labels, Input: def.Input}
}

// remember takes over what the source knows: the run asks it often, and folds change the source.
func (r *Run) remember() {
	r.known = copied(r.source.Entries)
	r.done = copied(r.source.Run.Done)
	r.seen = map[string]bool{}
	for _, f := range r.source.Run.Pending {
		r.seen[f.Key] = true
	}
	r.counts = r.source.Run.Counts
	if len(r.source.Faults) > 0 {
		r.first = new(r.source.Faults[0])
	}
	r.next, r.written = &batch{}, r.cfg.Now()
}

func copied[V any](m map[string]V) map[string]V {
	out := make(map[string]V, len(m))
	maps.Copy(out, m)
	return out
}

func (r *Run) append(ctx context.Context, facts []knowledge.Event, changes ...jobs.Change) error {
	return r.cfg.Jobs.ApplyKnowledge(ctx, r.job.Caller(), r.cfg.Now(), []eventstore.Hold{r.job.Hold()}, r.source, facts, changes...)
}

// SourceID is the source's id.
func (r *Run) SourceID() string { return r.source.ID }

// Since is where the kind said, at the end of the last complete run, that a later one may begin; empty at first.
func (r *Run) Since() string { return r.source.Since }

// State is the kind's own mark of how far an earlier attempt of the job came; empty at first.
func (r *Run) State() string { return r.source.Run.State }

// Left is what earlier attempts of the job found and did not deal with.
func (r *Run) Left() []knowledge.Found { return r.source.Run.Left() }

// Known is what earlier runs, or this one, stored for a key.
func (r *Run) Known(key string) (knowledge.Entry, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.known[key]
	return e, ok
}

// KnownBelow are the keys of what is known that begin with a prefix, in no order.
func (r *Run) KnownBelow(prefix string) (keys []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key := range r.known {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	return keys
}

// Done reports whether this run dealt with a key, in this attempt or an earlier one.
func (r *Run) Done(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.done[key]
}

// Dealt are the keys that earlier attempts of the job dealt with, and the hashes of those that are stored.
func (r *Run) Dealt() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make(map[string]string, len(r.done))
	for key := range r.done {
		out[key] = r.known[key].Hash
	}
	return out
}

// KeepOthers has Finish remove nothing: what a complete run did not come across stays.
func (r *Run) KeepOthers() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep = true
}

// FirstFault is the first of what could not be ingested or was left out, that of an earlier attempt included; nil when
// there is none.
func (r *Run) FirstFault() *knowledge.Fault {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.first
}

// Counts are the run's numbers so far, those of earlier attempts included.
func (r *Run) Counts() knowledge.Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts
}

// Found notes things to look at, so that a later attempt knows them. It returns those that are new to this run.
func (r *Run) Found(ctx context.Context, found ...knowledge.Found) ([]knowledge.Found, error) {
	r.mu.Lock()
	fresh := slices.DeleteFunc(slices.Clone(found), func(f knowledge.Found) bool {
		drop := r.seen[f.Key]
		r.seen[f.Key] = true
		return drop
	})
	r.next.found = append(r.next.found, fresh...)
	r.counts.Found += int64(len(fresh))
	r.mu.Unlock()
	return fresh, r.spill(ctx)
}

// Mark notes how far the kind came, in its own words. It is kept together with what was stored before it.
func (r *Run) Mark(state string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next.state = state
}

// Unchanged notes that a known document is as it was.
func (r *Run) Unchanged(ctx context.Context, keys ...string) error {
	r.mu.Lock()
	for _, key := range keys {
		if !r.done[key] {
			r.done[key] = true
			r.next.unchanged = append(r.next.unchanged, key)
			r.counts.Unchanged++
		}
	}
	r.mu.Unlock()
	return r.spill(ctx)
}

// Fault notes why something could not be ingested, or was left out. The document that an earlier run stored stays,
// because what cannot be had now may be there all the same; one that is left out on purpose is removed.
func (r *Run) Fault(ctx context.Context, f knowledge.Fault) error {
	r.mu.Lock()
	r.done[f.Key] = true
	r.next.faults = append(r.next.faults, f)
	if r.first == nil {
		r.first = &f
	}
	if f.Skipped {
		r.counts.Skipped++
		r.drop(f.Key, f.Message)
	} else {
		r.counts.Failed++
	}
	r.mu.Unlock()
	return r.spill(ctx)
}

// drop takes a known document out with the next batch; r.mu is held.
func (r *Run) drop(key, reason string) {
	e, ok := r.known[key]
	if !ok {
		return
	}
	delete(r.known, key)
	r.done[key] = true
	r.next.removed = append(r.next.removed, removal{key, e.DocumentID, reason})
	r.counts.Removed++
}
