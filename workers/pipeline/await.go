package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"tapedeck/domain/job"
	"tapedeck/domain/pipeline"
	"tapedeck/workers/child"
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

// await waits for a step's end, and tells how far it is.
func (r *run) await(ctx context.Context, step pipeline.Step, s job.State) (job.State, error) {
	end, err := child.Awaiter{
		Jobs: r.cfg.Jobs, Parent: r.job, Of: "the pipeline", Now: r.cfg.Now,
		Tell: func(percent float64, message string) { r.tell(step, percent, message) },
	}.Await(ctx, s)
	if err == nil && !s.Status.Final() {
		r.job.Logf(slog.LevelInfo, "%s: %s after %s", step, end.Status, end.FinishedAt.Sub(end.CreatedAt).Round(100*time.Millisecond))
	}
	return end, err
}

// tell reports a step's progress as the pipeline's: each step that is asked for counts the same.
func (r *run) tell(step pipeline.Step, percent float64, message string) {
	steps := 0
	for _, s := range pipeline.Steps {
		if r.in.Wants(s) {
			steps++
		}
	}
	text := string(step)
	if message != "" {
		text += ": " + message
	}
	r.job.Progress((float64(r.done)*100+max(percent, 0))/float64(steps), text)
}
