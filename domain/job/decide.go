package job

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Decide returns the events that a command causes in a state. No events and no error is a command
// that was carried out before. It fails with an *InvalidError for a command that could never be
// accepted, ErrNotFound for a job that does not exist, ErrExists for one that does, ErrFingerprint for
// an idempotency key that came with another request before, and a *RefusedError when the state does not allow it (a stale claim, a lease that was lost, a final job).
func Decide(s State, c Command) ([]Event, error) {
	if submit, ok := c.(Submit); ok {
		return decideSubmit(s, submit)
	}
	if !s.Exists() {
		return nil, ErrNotFound
	}
	if s.Newer {
		return nil, refuse(s, "the job's tape needs a newer build")
	}
	switch c := c.(type) {
	case Submit: // handled above
		return nil, nil
	case ResolveDependency:
		return decideResolve(s, c)
	case Due:
		return decideDue(s, c)
	case Requeue:
		if s.Status != StatusQueued {
			return nil, nil
		}
		return []Event{Queued{Reason: QueuedByLoss}}, nil
	case Start:
		return decideStart(s, c)
	case Succeed:
		return decideSucceed(s, c)
	case Fail:
		return decideFail(s, c)
	case HandBack:
		return decideHandBack(s, c)
	case ConfirmCancel:
		return decideConfirmCancel(s, c)
	case ExpireLease:
		return decideExpire(s, c)
	case RequestStop:
		return decideStop(s, c)
	case RequestCancel:
		return decideCancel(s, c)
	case Revive:
		return decideRevive(s, c)
	case Annotate:
		return decideAnnotate(s, c)
	}
	return nil, fmt.Errorf("unknown command %T", c)
}

func decideSubmit(s State, c Submit) ([]Event, error) {
	if s.Exists() {
		if c.CommandID != "" && slices.Contains(s.Commands, c.CommandID) {
			if s.Fingerprint == c.Fingerprint {
				return nil, nil
			}
			return nil, ErrFingerprint
		}
		return nil, ErrExists
	}
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	e := Submitted{
		Kind: c.Kind, Queue: c.Queue, Priority: c.Priority, Status: StatusQueued,
		Input: c.Input, Labels: c.Labels, Retry: c.Retry, TimeoutMS: c.TimeoutMS,
		ParentID: c.ParentID, After: c.After, Fingerprint: c.Fingerprint, CommandID: c.CommandID,
	}
	if c.RunAt.After(c.Now) {
		e.Status, e.RunAt = StatusDelayed, c.RunAt
	}
	if len(c.After) > 0 {
		e.Status = StatusWaiting
	}
	if c.Forked != nil {
		return []Event{e, *c.Forked}, nil
	}
	return []Event{e}, nil
}

func decideResolve(s State, c ResolveDependency) ([]Event, error) {
	if s.Status != StatusWaiting || s.resolved(c.Dep.JobID) {
		return nil, nil
	}
	i := slices.IndexFunc(s.After, func(d Dependency) bool { return d.JobID == c.Dep.JobID })
	if i < 0 {
		return nil, invalid("after", "%s is not a dependency of this job", c.Dep.JobID)
	}
	if !c.Dep.Status.Final() {
		return nil, invalid("status", "dependency %s has not ended", c.Dep.JobID)
	}
	events := []Event{c.Dep}
	why := fmt.Sprintf("dependency %s ended as %s", c.Dep.JobID, c.Dep.Status)
	if c.Dep.Status != StatusSucceeded {
		switch s.After[i].OnFailure {
		case OnFailureCancel:
			return append(events, Cancelled{Reason: why}), nil
		case OnFailureFail:
			return append(events, Failed{Error: Error{Code: "dependency", Message: why, Permanent: true}, Final: true}), nil
		case OnFailureRun:
		}
	}
	if len(s.Resolved)+1 < len(s.After) {
		return events, nil
	}
	if s.RunAt.After(c.Now) {
		return events, nil // Evolve makes it delayed
	}
	return append(events, Queued{Reason: QueuedByDependencies}), nil
}

func (s State) resolved(jobID string) bool {
	return slices.ContainsFunc(s.Resolved, func(r DependencyResolved) bool { return r.JobID == jobID })
}

func decideDue(s State, c Due) ([]Event, error) {
	reason := QueuedByDelay
	if s.Status == StatusRetrying {
		reason = QueuedByRetry
	} else if s.Status != StatusDelayed {
		return nil, nil
	}
	if c.Now.Before(s.RunAt) {
		return nil, nil
	}
	return []Event{Queued{Reason: reason}}, nil
}

func decideStart(s State, c Start) ([]Event, error) {
	if s.Status != StatusQueued || c.Attempt != s.Attempt+1 {
		return nil, refuse(s, "attempt %d cannot start", c.Attempt)
	}
	if c.Lease == "" || c.LeaseMS <= 0 || c.Worker == "" {
		return nil, invalid("lease", "a claim needs a worker, a lease token and a lease length")
	}
	e := Started{Attempt: c.Attempt, Worker: c.Worker, Lease: c.Lease, LeaseMS: c.LeaseMS}
	if s.TimeoutMS > 0 {
		e.TimeoutAt = c.Now.Add(time.Duration(s.TimeoutMS) * time.Millisecond)
	}
	return []Event{e}, nil
}

func decideSucceed(s State, c Succeed) ([]Event, error) {
	if err := s.holds(c.Lease); err != nil {
		return nil, err
	}
	if s.Cancel {
		return []Event{Cancelled{Reason: s.Reason, Output: &c.Output}}, nil
	}
	return []Event{Succeeded{Result: c.Result, Stopped: s.Stop, Output: c.Output}}, nil
}

func decideFail(s State, c Fail) ([]Event, error) {
	if err := s.holds(c.Lease); err != nil {
		return nil, err
	}
	if s.Cancel {
		return []Event{Cancelled{Reason: s.Reason, Output: &c.Output}}, nil
	}
	if c.Error.Permanent || s.Stop {
		return []Event{Failed{Error: c.Error, Final: true, Output: c.Output}}, nil
	}
	return append([]Event{Failed{Error: c.Error, Output: c.Output}}, s.next(c.Now, c.Jitter)), nil
}

func decideHandBack(s State, c HandBack) ([]Event, error) {
	if err := s.holds(c.Lease); err != nil {
		return nil, err
	}
	if s.Cancel {
		return []Event{Cancelled{Reason: s.Reason, Output: &c.Output}}, nil
	}
	if s.Stop { // running it again would undo the request
		stopped := Error{Code: "stopped", Message: "its worker shut down before the job had stopped", Permanent: true}
		return []Event{Failed{Error: stopped, Final: true, Output: c.Output}}, nil
	}
	return []Event{Queued{Reason: QueuedByHandback, Output: &c.Output}}, nil
}

func decideConfirmCancel(s State, c ConfirmCancel) ([]Event, error) {
	if err := s.holds(c.Lease); err != nil {
		return nil, err
	}
	if !s.Cancel {
		return nil, refuse(s, "nobody asked to cancel")
	}
	return []Event{Cancelled{Reason: s.Reason, Abandoned: c.Abandoned, Output: &c.Output}}, nil
}

func decideExpire(s State, c ExpireLease) ([]Event, error) {
	if !s.Status.Active() || s.Lease != c.Lease {
		return nil, nil
	}
	lost := LeaseExpired{Worker: s.Worker, Output: c.Output}
	if s.Cancel {
		return []Event{lost, Cancelled{Reason: s.Reason, Abandoned: true}}, nil
	}
	return []Event{lost, s.next(c.Now, c.Jitter)}, nil
}

func decideStop(s State, c RequestStop) ([]Event, error) {
	if done, err := repeated(s, c.CommandID); done || err != nil || s.Stop || s.Cancel {
		return nil, err
	}
	if s.Status.Final() {
		return nil, refuse(s, "nothing to stop")
	}
	if !s.Status.Active() {
		return []Event{Cancelled{Reason: c.Reason, CommandID: c.CommandID}}, nil
	}
	return []Event{StopRequested{Reason: c.Reason, CommandID: c.CommandID}}, nil
}

func decideCancel(s State, c RequestCancel) ([]Event, error) {
	if done, err := repeated(s, c.CommandID); done || err != nil || s.Cancel || s.Status == StatusCancelled {
		return nil, err
	}
	if s.Status.Final() {
		return nil, refuse(s, "nothing to cancel")
	}
	if !s.Status.Active() {
		return []Event{Cancelled{Reason: c.Reason, CommandID: c.CommandID}}, nil
	}
	return []Event{CancelRequested{Reason: c.Reason, CommandID: c.CommandID}}, nil
}

func decideRevive(s State, c Revive) ([]Event, error) {
	if done, err := repeated(s, c.CommandID); done || err != nil {
		return nil, err
	}
	switch s.Status {
	case StatusFailed, StatusCancelled, StatusDead:
		if len(s.Resolved) < len(s.After) || slices.ContainsFunc(s.Resolved, s.blocks) {
			return []Event{Waiting{CommandID: c.CommandID}}, nil
		}
		return []Event{Queued{Reason: QueuedByRequest, CommandID: c.CommandID}}, nil
	case StatusRetrying, StatusDelayed:
		return []Event{Queued{Reason: QueuedByRequest, CommandID: c.CommandID}}, nil
	case StatusSucceeded:
		return nil, refuse(s, "a succeeded job is forked, not retried")
	case StatusWaiting, StatusQueued, StatusRunning, StatusStopping:
	}
	return nil, refuse(s, "it is already on its way")
}

// blocks reports whether a resolved dependency keeps the job from running.
func (s State) blocks(r DependencyResolved) bool {
	return r.Status != StatusSucceeded && slices.ContainsFunc(s.After, func(d Dependency) bool {
		return d.JobID == r.JobID && d.OnFailure != OnFailureRun
	})
}

func decideAnnotate(s State, c Annotate) ([]Event, error) {
	if done, err := repeated(s, c.CommandID); done || err != nil {
		return nil, err
	}
	if c.Text == "" || len(c.Text) > MaxAnnotation {
		return nil, invalid("text", "a note has 1 to %d bytes", MaxAnnotation)
	}
	if len(s.Annotations) >= MaxAnnotations {
		return nil, refuse(s, "it has %d notes already", MaxAnnotations)
	}
	return []Event{Annotated{Text: c.Text, CommandID: c.CommandID}}, nil
}

// repeated says whether the command was carried out before. Its id is KEY.REQUEST: the same key with
// another request is ErrFingerprint, or the second request would be answered as if it had been done.
func repeated(s State, commandID string) (bool, error) {
	if commandID == "" {
		return false, nil
	}
	key, request, _ := strings.Cut(commandID, ".")
	for _, id := range s.Commands {
		seen, was, told := strings.Cut(id, ".")
		if seen != key {
			continue
		}
		if told && was != request {
			return false, ErrFingerprint
		}
		return true, nil
	}
	return false, nil
}

func (s State) holds(lease string) error {
	if !s.Status.Active() || s.Lease != lease {
		return refuse(s, "the lease was lost")
	}
	return nil
}

// next is what follows a failed attempt: one more after a back-off, or the dead-letter list. An
// attempt that was asked to stop has no successor.
func (s State) next(now time.Time, jitter float64) Event {
	used := s.Used + 1
	if s.Stop {
		return DeadLettered{Reason: "stopped before it could finish"}
	}
	if used >= s.Retry.MaxAttempts {
		return DeadLettered{Reason: fmt.Sprintf("%d of %d attempts used", used, s.Retry.MaxAttempts)}
	}
	delay := s.Retry.Delay(used, jitter)
	return RetryScheduled{RunAt: now.Add(delay), DelayMS: delay.Milliseconds(), Attempt: s.Attempt + 1}
}

// Delay is the pause after the n-th used attempt; jitter is drawn from 0…1.
func (p RetryPolicy) Delay(n int, jitter float64) time.Duration {
	ms := float64(p.InitialMS) * math.Pow(p.Factor, float64(n-1))
	ms = math.Min(ms, float64(p.MaxMS))
	return time.Duration(ms*(0.5+0.5*jitter)) * time.Millisecond
}
