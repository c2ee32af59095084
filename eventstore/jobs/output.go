package jobs

import (
	"context"
	"sync"
	"time"

	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

// OutputWriter appends to the output stream of one attempt under its lease. It is safe for
// concurrent use; appends are written in the order of their calls.
type OutputWriter struct {
	repo   *Repository
	state  job.State // as it was when the attempt started
	by     Caller
	stream string

	mu   sync.Mutex
	head job.Head
}

// Output returns the writer of a running attempt, whose output stream is still empty.
func (r *Repository) Output(started job.State, by Caller) *OutputWriter {
	return &OutputWriter{repo: r, state: started, by: by, stream: job.OutputStream(started.ID, started.Attempt)}
}

// Append writes output facts (Progressed, Logged, ArtifactStored). It fails with
// eventstore.ErrLeaseLost once the attempt is no longer current.
func (w *OutputWriter) Append(ctx context.Context, now time.Time, facts ...job.Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	head := w.head
	write := eventstore.Write{Stream: w.stream, Expect: eventstore.Exact(head.Count), Prev: head.Hash}
	for _, fact := range facts {
		data, err := job.Encode(fact)
		if err != nil {
			return err
		}
		e := envelope(w.state, w.by, fact, now)
		e.ID, e.Data, e.Stream, e.Sequence, e.PrevHash = w.repo.cfg.NewID(), data, w.stream, head.Count+1, head.Hash
		stored, hash, err := event.Seal(&e)
		if err != nil {
			return err
		}
		write.Events = append(write.Events, eventstore.Sealed{ID: e.ID, Stored: stored, Hash: hash})
		head = job.Head{Count: e.Sequence, Hash: hash}
	}
	_, err := w.repo.append(ctx, eventstore.Append{
		Writes: []eventstore.Write{write},
		Holds:  []eventstore.Hold{{Stream: job.Stream(w.state.ID), Token: w.state.Lease, Touch: true}},
	})
	if err == nil {
		w.head = head
	}
	return err
}

// Head is the end of what was written, for the event that closes the attempt.
func (w *OutputWriter) Head() job.Head {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.head
}

// OutputHead reads the end of an attempt's output stream: for a recoverer, which has ended the lease
// or holds it still.
func (r *Repository) OutputHead(ctx context.Context, id string, attempt int) (job.Head, error) {
	o, err := r.LoadOutput(ctx, id, attempt, nil)
	return job.Head{Count: o.Version, Hash: o.Head}, err
}

// LoadOutput folds an attempt's output stream up to, and without, the first event for which stop
// answers true; nil folds all of it.
func (r *Repository) LoadOutput(ctx context.Context, id string, attempt int, stop func(eventstore.Recorded) bool) (job.Output, error) {
	var o job.Output
	o.Progress.Percent = -1
	for {
		events, err := r.store.ReadStream(ctx, job.OutputStream(id, attempt), o.Version+1, pageSize)
		if err != nil {
			return o, err
		}
		for _, e := range events {
			if stop != nil && stop(e) {
				return o, nil
			}
			if o, err = job.FoldOutput(o, e.Event, e.Hash); err != nil {
				return o, err
			}
		}
		if len(events) < pageSize {
			return o, nil
		}
	}
}
