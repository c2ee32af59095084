package child

import (
	"context"

	"tapedeck/domain/job"
)

// watch follows one job.
type watch struct {
	Awaiter
	state job.State
	out   uint64 // events of the current attempt's output that were seen
	from  int    // that attempt
}

// look reads what is new on the job, and of its output how far it is.
func (w *watch) look(ctx context.Context) error {
	events, err := w.Jobs.Store().ReadStream(ctx, job.Stream(w.state.ID), w.state.Version+1, 500)
	if err != nil {
		return err
	}
	for _, e := range events {
		if w.state, err = job.Fold(w.state, e.Event, e.Hash); err != nil {
			return err
		}
	}
	if w.state.Attempt == 0 || w.state.Status.Final() {
		percent := 0.0
		if w.state.Status.Final() {
			percent = 100
		}
		w.tell(percent, string(w.state.Status))
		return nil
	}
	return w.listen(ctx)
}

// listen tells the newest progress in the job's output.
func (w *watch) listen(ctx context.Context) error {
	if w.from != w.state.Attempt {
		w.from, w.out = w.state.Attempt, 0
		w.tell(0, string(w.state.Status))
	}
	events, err := w.Jobs.Store().ReadStream(ctx, job.OutputStream(w.state.ID, w.from), w.out+1, 500)
	if err != nil {
		return err
	}
	var last *job.Progressed
	for _, e := range events {
		w.out = e.Sequence
		fact, err := job.Decode(e.Type, e.SchemaVersion, e.Data)
		if err != nil {
			return err
		}
		if p, ok := fact.(job.Progressed); ok {
			last = &p
		}
	}
	if last != nil {
		w.tell(last.Percent, last.Message)
	}
	return nil
}

func (w *watch) tell(percent float64, message string) {
	if w.Tell != nil {
		w.Tell(percent, message)
	}
}
