package workers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

// run does the job and closes the attempt. It is false when the job was abandoned meanwhile: then its
// goroutine is not the lane's any more. A job that calls runtime.Goexit ends that goroutine with it.
func (a *attempt) run() bool {
	a.metrics.started(a.started)
	returned := false
	defer func() {
		if !returned && a.ended(nil, goexit()) {
			a.dismiss()
		}
	}()
	result, err := call(a.ctx, a.kind, &Job{a})
	returned = true
	return a.ended(result, err)
}

// ended closes the attempt of a job that came to its end, unless it was abandoned before.
func (a *attempt) ended(result any, err error) bool {
	if !a.closing.CompareAndSwap(false, true) {
		a.cfg.Logger.Warn("abandoned job returned", "job", a.started.ID, "attempt", a.started.Attempt, "after", time.Since(a.began))
		return false
	}
	outcome := a.close(result, err, false)
	a.release(outcome)
	return true
}

// abandon closes the attempt of a job that ignores the end of its context. Its code may still run,
// but nothing that it does is kept.
func (a *attempt) abandon() {
	if !a.closing.CompareAndSwap(false, true) {
		return
	}
	a.cfg.Logger.Error("job ignores the end of its context: abandoned", "job", a.started.ID, "kind", a.started.Kind,
		"attempt", a.started.Attempt, "cause", context.Cause(a.ctx))
	a.finishing.Go(func() {
		defer a.dismiss()
		outcome := a.close(nil, context.Cause(a.ctx), true)
		a.metrics.abandoned.Inc()
		a.release(outcome)
	})
}

func (a *attempt) release(outcome string) {
	a.metrics.ended(a.started, outcome, time.Since(a.began))
	a.cancel(nil)
	a.giveSlots(a.limit)
	a.running.remove(a)
}

// close appends the attempt's end, unless the lease is lost: then a recoverer does.
func (a *attempt) close(result any, err error, abandoned bool) (outcome string) {
	value, resultErr := a.encode(result)
	if err == nil {
		err = resultErr
	}
	head, ok := a.seal()
	if !ok {
		return "lost"
	}
	jitter := rand.Float64()
	for {
		a.mu.Lock()
		state, lost := *a.state, a.lost
		a.mu.Unlock()
		if lost {
			return "lost"
		}
		next, _, applyErr := a.repo.Apply(a.working, state, a.by, a.ending(state, head, value, err, abandoned, jitter))
		switch {
		case applyErr == nil:
			return string(next.Status)
		case errors.Is(applyErr, eventstore.ErrConflict):
			applyErr = a.refresh(a.working)
		case errors.As(applyErr, new(*job.RefusedError)), hopeless(applyErr):
			return "lost"
		}
		if applyErr != nil {
			a.cfg.Logger.Warn("end of attempt not written yet", "job", a.started.ID, "error", applyErr)
			if !a.pause(200 * time.Millisecond) {
				return "lost"
			}
		}
	}
}

// hopeless: nothing of this attempt can be appended any more.
func hopeless(err error) bool {
	return errors.Is(err, eventstore.ErrLeaseLost) || errors.Is(err, eventstore.ErrEpoch) || errors.Is(err, eventstore.ErrClosed)
}

// ending is the command that ends the attempt.
func (a *attempt) ending(s job.State, head job.Head, result jsontext.Value, err error, abandoned bool, jitter float64) job.Command {
	now, lease, cause := a.cfg.Now(), a.started.Lease, context.Cause(a.ctx)
	switch {
	case s.Cancel:
		return job.ConfirmCancel{Now: now, Lease: lease, Output: head, Abandoned: abandoned}
	case err == nil:
		return job.Succeed{Now: now, Lease: lease, Result: result, Output: head}
	case errors.Is(cause, ErrShutdown), errors.Is(cause, ErrLeaseLost): // not the job's fault
		return job.HandBack{Now: now, Lease: lease, Output: head}
	}
	failure := failureOf(a.ctx, err)
	if abandoned {
		failure.Message += fmt.Sprintf("; it did not end within %s and was abandoned", a.cfg.KillAfter)
	}
	return job.Fail{Now: now, Lease: lease, Error: a.masked(failure), Output: head, Jitter: jitter}
}

func (a *attempt) masked(f job.Error) job.Error {
	f.Message = cutRunes(cleanText(a.secret.text(f.Message)), maxErrorMessage)
	f.Detail = cutRunes(cleanText(a.secret.text(f.Detail)), maxErrorDetail)
	return f
}

// seal ends the output. It is not ok when the output's end is unknown.
func (a *attempt) seal() (head job.Head, ok bool) {
	a.mu.Lock()
	out := a.out
	a.mu.Unlock()
	if out == nil {
		return job.Head{}, true
	}
	defer a.mute()
	head, err := out.seal()
	return head, err == nil
}

func (a *attempt) encode(result any) (jsontext.Value, error) {
	if result == nil {
		return nil, nil
	}
	value, err := json.Marshal(result, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, Permanent("result", fmt.Errorf("result cannot be JSON: %w", err))
	}
	if len(value) > a.cfg.Output.Result {
		return nil, Permanent("result", fmt.Errorf("result has %d bytes, at most %d are kept", len(value), a.cfg.Output.Result))
	}
	return a.secret.json(value)
}
