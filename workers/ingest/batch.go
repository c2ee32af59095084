package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tapedeck/domain/knowledge"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/workers"
)

// Draft is a document as it was fetched.
type Draft struct {
	Key, URL, Title, Kind, ContentType, Language string
	Labels, Notes                                []string
	Metadata                                     map[string]string
	Relations                                    []knowledge.Relation
	Markdown                                     []byte
	// Hash is of what was fetched, to tell whether it changed.
	Hash       string
	Validators knowledge.Validators
	ChangedAt  time.Time
}

// batch is what the next append brings.
type batch struct {
	found     []knowledge.Found
	stored    []knowledge.Facts
	unchanged []string
	faults    []knowledge.Fault
	removed   []removal
	state     string
}

type removal struct{ key, documentID, reason string }

// Bounds of a batch: an append is one transaction.
const (
	batchDocuments = 32
	batchNotes     = 500
	batchWithin    = 500 * time.Millisecond
)

func (b *batch) isFull() bool {
	return len(b.stored)+len(b.removed) >= batchDocuments || len(b.found)+len(b.unchanged)+len(b.faults) >= batchNotes
}

func (b *batch) isEmpty() bool {
	return len(b.found)+len(b.stored)+len(b.unchanged)+len(b.faults)+len(b.removed) == 0 && b.state == ""
}

// Store keeps a document. One whose hash is that of the version that is known is Unchanged.
func (r *Run) Store(ctx context.Context, d Draft) error {
	if e, ok := r.Known(d.Key); ok && e.Hash == d.Hash {
		return r.Unchanged(ctx, d.Key)
	}
	digest, err := r.cfg.Texts.PutText(ctx, d.Markdown)
	if err != nil {
		return err
	}
	facts := r.facts(d)
	facts.Text = knowledge.Text{SHA256: digest, Size: int64(len(d.Markdown))}
	r.mu.Lock()
	r.next.stored = append(r.next.stored, facts)
	r.known[d.Key] = entryOf(r.source.ID, &facts)
	r.done[d.Key] = true
	r.counts.Stored++
	r.mu.Unlock()
	return r.spill(ctx)
}

func entryOf(sourceID string, f *knowledge.Facts) knowledge.Entry {
	return knowledge.Entry{DocumentID: knowledge.DocumentID(sourceID, f.Key), Hash: f.Hash, Validators: f.Validators}
}

func (r *Run) facts(d Draft) knowledge.Facts {
	f := knowledge.Facts{
		SourceID: r.source.ID, Key: d.Key, URL: d.URL, Title: d.Title, Kind: d.Kind, ContentType: d.ContentType, Language: d.Language,
		Labels: d.Labels, Metadata: d.Metadata, Relations: d.Relations, Notes: d.Notes, Hash: d.Hash, Validators: d.Validators,
		ChangedAt: d.ChangedAt, JobID: r.job.ID(), Attempt: r.job.Attempt(),
	}
	for _, p := range knowledge.Split(knowledge.DocumentID(r.source.ID, d.Key), d.Markdown) {
		f.Passages++
		if p.Requirement != "" {
			f.Requirements++
		}
	}
	return f
}

// spill writes the batch when it is full, or old.
func (r *Run) spill(ctx context.Context) error {
	r.mu.Lock()
	due := r.next.isFull() || !r.next.isEmpty() && r.cfg.Now().Sub(r.written) >= batchWithin
	err := r.err
	r.mu.Unlock()
	if err != nil || !due {
		return err
	}
	return r.Flush(ctx)
}

// Flush writes what waits.
func (r *Run) Flush(ctx context.Context) error {
	select {
	case r.writing <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-r.writing }()
	r.mu.Lock()
	b, err := r.next, r.err
	r.next = &batch{}
	r.written = r.cfg.Now()
	r.mu.Unlock()
	if err == nil && !b.isEmpty() {
		err = r.write(ctx, b)
	}
	r.mu.Lock()
	r.err = err
	r.mu.Unlock()
	r.report()
	return err
}

// ErrTakenOver says that another job ingests the source now.
var ErrTakenOver = workers.Permanent("taken_over", errors.New("another job ingests this source now"))

func (r *Run) write(ctx context.Context, b *batch) error {
	g := knowledge.Gathered{JobID: r.job.ID(), Found: b.found, Unchanged: b.unchanged, Faults: b.faults, State: b.state, Stored: map[string]knowledge.Entry{}}
	latest := map[string]jobs.Change{}
	for i := range b.stored {
		f := &b.stored[i]
		e := entryOf(r.source.ID, f)
		g.Stored[f.Key] = e
		latest[e.DocumentID] = jobs.Change{Fact: knowledge.DocumentStored{Facts: *f}}
	}
	for _, gone := range b.removed {
		g.Removed = append(g.Removed, gone.key)
		latest[gone.documentID] = jobs.Change{Fact: knowledge.DocumentRemoved{Reason: gone.reason, JobID: r.job.ID()}}
	}
	changes, err := r.load(ctx, latest)
	if err != nil {
		return err
	}
	if err := r.append(ctx, []knowledge.Event{g}, changes...); err != nil {
		return r.explain(ctx, err)
	}
	return nil
}

// load completes changes with the documents as they are.
func (r *Run) load(ctx context.Context, latest map[string]jobs.Change) ([]jobs.Change, error) {
	changes := make([]jobs.Change, 0, len(latest))
	for id, c := range latest {
		d, err := r.cfg.Jobs.LoadDocument(ctx, id, 0)
		if errors.Is(err, jobs.ErrNoKnowledge) {
			d, err = &knowledge.Document{ID: id, Project: r.job.Project()}, nil
		}
		if err != nil {
			return nil, err
		}
		c.Document = d
		changes = append(changes, c)
	}
	return changes, nil
}

// explain tells a run that was taken over from any other conflict.
func (r *Run) explain(ctx context.Context, err error) error {
	if !errors.Is(err, eventstore.ErrConflict) {
		return err
	}
	now, loadErr := r.cfg.Jobs.LoadSource(ctx, r.source.ID)
	if loadErr == nil && (now.Run.JobID != r.job.ID() || now.Run.Attempt != r.job.Attempt()) {
		return ErrTakenOver
	}
	return fmt.Errorf("store: %w", err)
}

// report is the run's progress in words.
func (r *Run) report() {
	c := r.Counts()
	percent := -1.0
	if c.Found > 0 {
		percent = 100 * float64(c.Stored+c.Unchanged+c.Skipped+c.Failed) / float64(c.Found)
	}
	r.job.Progress(percent, fmt.Sprintf("%d found, %d stored, %d unchanged, %d skipped, %d failed", c.Found, c.Stored, c.Unchanged, c.Skipped, c.Failed))
}

// Result is what the job says of a run.
type Result struct {
	SourceID string            `json:"sourceId"`
	Outcome  knowledge.Outcome `json:"outcome"`
	Reason   string            `json:"reason,omitempty"`
	knowledge.Counts
}

// Finish ends the run. A complete one removes the documents that it did not see, unless KeepOthers was called. since is where a later run may begin.
func (r *Run) Finish(ctx context.Context, outcome knowledge.Outcome, reason, since string) (Result, error) {
	if outcome == knowledge.Complete && !r.keep {
		if err := r.removeUnseen(ctx); err != nil {
			return Result{}, err
		}
	}
	if err := r.Flush(ctx); err != nil {
		return Result{}, err
	}
	end := knowledge.RunFinished{JobID: r.job.ID(), Outcome: outcome, Reason: reason, Since: since}
	if err := r.append(ctx, []knowledge.Event{end}); err != nil {
		return Result{}, r.explain(ctx, err)
	}
	return Result{SourceID: r.source.ID, Outcome: outcome, Reason: reason, Counts: r.Counts()}, nil
}

func (r *Run) removeUnseen(ctx context.Context) error {
	r.mu.Lock()
	var unseen []string
	for key := range r.known {
		if !r.done[key] {
			unseen = append(unseen, key)
		}
	}
	r.mu.Unlock()
	for _, key := range unseen {
		r.mu.Lock()
		r.drop(key, "it is no longer there")
		r.mu.Unlock()
		if err := r.spill(ctx); err != nil {
			return err
		}
	}
	return nil
}
