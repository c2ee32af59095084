package child

import (
	"context"
	"errors"
	"time"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/workers"
)

// Awaiter waits for a job's children, one after the other.
type Awaiter struct {
	// Jobs and Parent are needed.
	Jobs   *jobs.Repository
	Parent *workers.Job
	// Of is what the parent is called in the reasons that children are given, for example "the pipeline".
	Of string
	// Tell is called when a child has come on: with 0 to 100, below 0 when it does not say how far, and what it says.
	// Defaults to nothing.
	Tell func(percent float64, message string)
	// Now is the wall clock. Defaults to time.Now.
	Now func() time.Time
}

// restEvery bounds how often a job is looked up while others fill the log.
const restEvery = 100 * time.Millisecond

// Await waits for a job's end, and answers it as it is then. When the parent is asked to stop, so is the child; when the parent
// is cancelled, the child is too, and the error is ctx's cause. A parent whose worker shuts down leaves it running.
func (a Awaiter) Await(ctx context.Context, s job.State) (job.State, error) {
	w := watch{Awaiter: a, state: s}
	stop := a.Parent.StopRequested()
	for {
		tail, err := a.Jobs.Store().Tail(ctx)
		if err == nil {
			err = w.look(ctx)
		}
		if err != nil {
			return w.state, a.ended(ctx, w.state, err)
		}
		if w.state.Status.Final() {
			return w.state, nil
		}
		select {
		case <-stop:
			stop = nil
			if err := a.pass(ctx, w.state, job.RequestStop{Now: a.now(), Reason: a.Of + " was stopped"}); err != nil {
				return w.state, err
			}
			continue
		default:
		}
		if err := a.wait(ctx, tail.Position, stop); err != nil {
			return w.state, a.ended(ctx, w.state, err)
		}
	}
}

func (a Awaiter) now() time.Time {
	if a.Now == nil {
		return time.Now()
	}
	return a.Now()
}

// wait returns when the log has grown, a little later at least, or when stop is closed.
func (a Awaiter) wait(ctx context.Context, at eventstore.Position, stop <-chan struct{}) error {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	grown := make(chan error, 1)
	go func() { grown <- a.Jobs.Store().Wait(waiting, at) }()
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

// passWithin bounds the cancelling of a child: the parent's own end waits for it.
const passWithin = 5 * time.Second

// ended is the error of a wait that was cut off. A parent that was cancelled cancels its child; one whose worker shuts down
// leaves it to the next attempt.
func (a Awaiter) ended(ctx context.Context, s job.State, err error) error {
	if !errors.Is(context.Cause(ctx), workers.ErrCancelled) {
		return err
	}
	passing, cancel := context.WithTimeout(context.WithoutCancel(ctx), passWithin)
	defer cancel()
	return errors.Join(err, a.pass(passing, s, job.RequestCancel{Now: a.now(), Reason: a.Of + " was cancelled"}))
}

// pass hands a request on to a child; one that has ended meanwhile needs none.
func (a Awaiter) pass(ctx context.Context, s job.State, c job.Command) error {
	_, _, err := a.Jobs.Execute(ctx, s.ID, a.Parent.Caller(), c)
	if errors.As(err, new(*job.RefusedError)) {
		return nil
	}
	return err
}
