package pipeline

import (
	"context"

	"tapedeck/domain/job"
	"tapedeck/domain/pipeline"
)

// watch follows one step's job.
type watch struct {
	*run
	step  pipeline.Step
	state job.State
	out   uint64 // events of the current attempt's output that were seen
	from  int    // that attempt
}

// look reads what is new on the job, and of its output how far it is.
func (w *watch) look(ctx context.Context) error {
	events, err := w.cfg.Jobs.Store().ReadStream(ctx, job.Stream(w.state.ID), w.state.Version+1, 500)
	if err != nil {
		return err
	}
	for _, e := range events {
		if w.state, err = job.Fold(w.state, e.Event, e.Hash); err != nil {
			return err
		}
	}
	if w.state.Attempt == 0 || w.state.Status.Final() {
		w.tell(100, string(w.state.Status))
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
	events, err := w.cfg.Jobs.Store().ReadStream(ctx, job.OutputStream(w.state.ID, w.from), w.out+1, 500)
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

// tell reports a step's progress as the pipeline's: each step that is asked for counts the same.
func (w *watch) tell(percent float64, message string) {
	steps := 0
	for _, s := range pipeline.Steps {
		if w.in.Wants(s) {
			steps++
		}
	}
	if w.state.Attempt == 0 && !w.state.Status.Final() {
		percent = 0
	}
	text := string(w.step)
	if message != "" {
		text += ": " + message
	}
	w.job.Progress((float64(w.done)*100+max(percent, 0))/float64(steps), text)
}
