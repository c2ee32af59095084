package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"tapedeck/domain/job"
	"tapedeck/domain/pipeline"
	"tapedeck/eventstore"
	"tapedeck/workers"
)

// finish waits for a step's job, and runs it again when it ended without success before the pipeline was retried.
func (r *run) finish(ctx context.Context, step pipeline.Step, s job.State) (job.State, error) {
	again := !s.Status.Final() && s.Cancel && !r.retriedAt.IsZero() // the end of an earlier attempt is still on its way
	if !s.Status.Final() {
		r.job.Logf(slog.LevelInfo, "%s: job %s", step, s.ID)
	}
	for {
		end, err := r.await(ctx, step, s)
		if err != nil || end.Status == job.StatusSucceeded {
			return end, err
		}
		if !again && !end.FinishedAt.Before(r.retriedAt) {
			return end, nil
		}
		again = false
		r.job.Logf(slog.LevelInfo, "%s: job %s once more, it had %s", step, end.ID, end.Status)
		s, _, err = r.cfg.Jobs.Execute(ctx, end.ID, r.job.Caller(), job.Revive{
			Now: r.cfg.Now(), CommandID: fmt.Sprintf("pipeline-%d", r.retriedAt.UnixMilli()),
		})
		if err != nil {
			return s, err
		}
		r.retriedAt = time.Time{} // the steps behind it are as they are
	}
}

// restEvery bounds how often a job is looked up while others fill the log.
const restEvery = 100 * time.Millisecond

// await waits for a job's end, passes on what the pipeline is asked, and tells how far the job is.
func (r *run) await(ctx context.Context, step pipeline.Step, s job.State) (job.State, error) {
	w := watch{run: r, step: step, state: s}
	began := s.Status.Final()
	stop := r.job.StopRequested()
	for {
		tail, err := r.cfg.Jobs.Store().Tail(ctx)
		if err == nil {
			err = w.look(ctx)
		}
		if err != nil {
			return w.state, r.ended(ctx, w.state, err)
		}
		if w.state.Status.Final() {
			if !began {
				r.job.Logf(slog.LevelInfo, "%s: %s after %s", step, w.state.Status, w.state.FinishedAt.Sub(w.state.CreatedAt).Round(100*time.Millisecond))
			}
			return w.state, nil
		}
		select {
		case <-stop:
			stop = nil
			if err := r.pass(ctx, w.state, job.RequestStop{Now: r.cfg.Now(), Reason: "the pipeline was stopped"}); err != nil {
				return w.state, err
			}
			continue
		default:
		}
		if err := r.wait(ctx, tail.Position, stop); err != nil {
			return w.state, r.ended(ctx, w.state, err)
		}
	}
}

// wait returns when the log has grown, a little later at least, or when stop is closed.
func (r *run) wait(ctx context.Context, at eventstore.Position, stop <-chan struct{}) error {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	grown := make(chan error, 1)
	go func() { grown <- r.cfg.Jobs.Store().Wait(waiting, at) }()
	var err error
	select {
	case err = <-grown:
	case <-stop:
		return nil
	}
	if err != nil {
		return err
	}
	rest := time.NewTimer(restEvery)
	defer rest.Stop()
	select {
	case <-rest.C:
		return nil
	case <-stop:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// passWithin bounds the cancelling of a step: the pipeline's own end waits for it.
const passWithin = 5 * time.Second

// ended is the error of a wait that was cut off. A pipeline that was cancelled cancels its step; one whose worker shuts down
// leaves it to the next attempt.
func (r *run) ended(ctx context.Context, s job.State, err error) error {
	if !errors.Is(context.Cause(ctx), workers.ErrCancelled) {
		return err
	}
	passing, cancel := context.WithTimeout(context.WithoutCancel(ctx), passWithin)
	defer cancel()
	return errors.Join(err, r.pass(passing, s, job.RequestCancel{Now: r.cfg.Now(), Reason: "the pipeline was cancelled"}))
}

// pass hands a request on to a step's job; one that has ended meanwhile needs none.
func (r *run) pass(ctx context.Context, s job.State, c job.Command) error {
	_, _, err := r.cfg.Jobs.Execute(ctx, s.ID, r.job.Caller(), c)
	if errors.As(err, new(*job.RefusedError)) {
		return nil
	}
	return err
}
