package job

import (
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/event"
)

// State is a job at one version of its state stream. The zero State is a job that does not exist.
type State struct {
	ID          string               `json:"jobId"`
	Project     string               `json:"project"`
	Kind        string               `json:"kind"`
	Status      Status               `json:"status"`
	Queue       string               `json:"queue"`
	Priority    Priority             `json:"priority"`
	Labels      map[string]string    `json:"labels,omitempty"`
	Input       jsontext.Value       `json:"input,omitzero"`
	Result      jsontext.Value       `json:"result,omitzero"`
	Error       *Error               `json:"error,omitempty"`
	Retry       RetryPolicy          `json:"retry"`
	TimeoutMS   int64                `json:"timeoutMs,omitempty"`
	ParentID    string               `json:"parentId,omitempty"`
	After       []Dependency         `json:"after,omitempty"`
	Resolved    []DependencyResolved `json:"resolved,omitempty"`
	RunAt       time.Time            `json:"runAt,omitzero"`
	QueuedAt    time.Time            `json:"queuedAt,omitzero"`
	Attempt     int                  `json:"attempt"`
	Used        int                  `json:"attemptsUsed"`
	Worker      string               `json:"worker,omitempty"`
	Lease       string               `json:"-"`
	LeaseMS     int64                `json:"-"`
	TimeoutAt   time.Time            `json:"timeoutAt,omitzero"`
	Stop        bool                 `json:"stopRequested,omitempty"`
	Cancel      bool                 `json:"cancelRequested,omitempty"`
	Reason      string               `json:"reason,omitempty"`
	Abandoned   bool                 `json:"abandoned,omitempty"`
	Attempts    []Attempt            `json:"attempts,omitempty"`
	Annotations []Annotation         `json:"annotations,omitempty"`
	Forked      *Forked              `json:"forkedFrom,omitempty"`
	ArchivedAt  string               `json:"archived,omitempty"`
	Fingerprint string               `json:"-"`
	CreatedAt   time.Time            `json:"createdAt,omitzero"`
	UpdatedAt   time.Time            `json:"updatedAt,omitzero"`
	StartedAt   time.Time            `json:"startedAt,omitzero"`
	FinishedAt  time.Time            `json:"finishedAt,omitzero"`
	// Commands holds the ids of the last commands that carried one, so that a repeated command
	// changes nothing. The first of all is never dropped: it is the submission's.
	Commands []string `json:"-"`
	// Version is the number of events folded; Head is the hash of the last one.
	Version uint64     `json:"version"`
	Head    event.Hash `json:"-"`
	// Newer says that an event needs a newer build: show the job, do not act on it.
	Newer bool `json:"newer,omitempty"`
}

// Attempt is one try of a job: every attempt's error is kept.
type Attempt struct {
	Number     int       `json:"number"`
	Worker     string    `json:"worker"`
	QueuedAt   time.Time `json:"queuedAt,omitzero"`
	StartedAt  time.Time `json:"startedAt"`
	FinishedAt time.Time `json:"finishedAt,omitzero"`
	// Outcome is "running", "succeeded", "failed", "cancelled", "lease_expired" or "handed_back".
	Outcome string `json:"outcome"`
	Error   *Error `json:"error,omitempty"`
	Output  *Head  `json:"output,omitempty"`
}

// Annotation is a person's note on the job.
type Annotation struct {
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

// keptCommands bounds State.Commands.
const keptCommands = 32

// Exists reports whether the job was ever submitted.
func (s State) Exists() bool { return s.Version > 0 }

// Fold applies one stored event. It does not change s or anything s refers to.
func Fold(s State, e event.Event, hash event.Hash) (State, error) {
	fact, err := Decode(e.Type, e.SchemaVersion, e.Data)
	if err != nil {
		return s, err
	}
	if s.Version == 0 {
		s.ID, s.Project = e.Subject, e.Project
	}
	s = Evolve(s, fact, e.Time)
	s.Head = hash
	s.Newer = s.Newer || e.SchemaVersion > event.SchemaVersion
	return s, nil
}

// Evolve applies one fact that happened at a time. Output facts (Progressed, Logged,
// ArtifactStored) belong to Output and leave a State as it is.
func Evolve(s State, e Event, at time.Time) State {
	switch e := e.(type) {
	case Progressed, Logged, ArtifactStored:
		return s
	case Submitted:
		s = s.submitted(e, at)
	case Waiting:
		s = s.revived(e.CommandID)
		s.Status, s.Resolved = StatusWaiting, nil
	case DependencyResolved:
		s.Resolved = append(slices.Clip(s.Resolved), e)
		if len(s.Resolved) == len(s.After) && s.RunAt.After(at) {
			s.Status = StatusDelayed
		}
	case Queued:
		s = s.queued(e, at)
	case Started:
		s = s.started(e, at)
	case StopRequested:
		s.Status, s.Stop, s.Reason = StatusStopping, true, e.Reason
		s = s.seen(e.CommandID)
	case CancelRequested:
		s.Status, s.Cancel, s.Reason = StatusStopping, true, e.Reason
		s = s.seen(e.CommandID)
	case Cancelled:
		s = s.closeAttempt("cancelled", nil, e.Output, at)
		s.Status, s.Abandoned, s.Reason, s.FinishedAt = StatusCancelled, e.Abandoned, e.Reason, at
		s = s.seen(e.CommandID)
	case Succeeded:
		s = s.closeAttempt("succeeded", nil, &e.Output, at)
		s.Status, s.Result, s.Error, s.FinishedAt = StatusSucceeded, e.Result, nil, at
	case Failed:
		if s.Status.Active() { // otherwise a dependency failed it, and no attempt was made
			s.Used++
		}
		s = s.closeAttempt("failed", &e.Error, &e.Output, at)
		s.Error = &e.Error
		if e.Final {
			s.Status, s.FinishedAt = StatusFailed, at
		}
	case LeaseExpired:
		lost := &Error{Code: "lease_expired", Message: "worker " + e.Worker + " fell silent"}
		s = s.closeAttempt("lease_expired", lost, &e.Output, at)
		s.Error = lost
		s.Used++
	case RetryScheduled:
		s.Status, s.RunAt = StatusRetrying, e.RunAt
	case DeadLettered:
		s.Status, s.Reason, s.FinishedAt = StatusDead, e.Reason, at
	case Annotated:
		s.Annotations = append(slices.Clip(s.Annotations), Annotation{Text: e.Text, At: at})
		s = s.seen(e.CommandID)
	case Forked:
		s.Forked = &e
	case Archived:
		s.ArchivedAt = e.URL
	case Unknown:
	}
	s.Version++
	s.UpdatedAt = at
	return s
}

func (s State) submitted(e Submitted, at time.Time) State {
	s.Kind, s.Queue, s.Priority, s.Status = e.Kind, e.Queue, e.Priority, e.Status
	s.Input, s.Labels, s.Retry, s.TimeoutMS = e.Input, e.Labels, e.Retry, e.TimeoutMS
	s.ParentID, s.After, s.RunAt, s.Fingerprint = e.ParentID, e.After, e.RunAt, e.Fingerprint
	s.CreatedAt = at
	if e.Status == StatusQueued {
		s.QueuedAt = at
	}
	return s.seen(e.CommandID)
}

func (s State) queued(e Queued, at time.Time) State {
	if e.Reason == QueuedByHandback {
		s = s.closeAttempt("handed_back", nil, e.Output, at)
	}
	if s.Status.Final() {
		s = s.revived("")
	}
	s.Status, s.QueuedAt, s.RunAt = StatusQueued, at, time.Time{}
	return s.seen(e.CommandID)
}

func (s State) started(e Started, at time.Time) State {
	s.Status, s.Attempt, s.Worker = StatusRunning, e.Attempt, e.Worker
	s.Lease, s.LeaseMS, s.TimeoutAt = e.Lease, e.LeaseMS, e.TimeoutAt
	if s.StartedAt.IsZero() {
		s.StartedAt = at
	}
	s.Attempts = append(slices.Clip(s.Attempts), Attempt{
		Number: e.Attempt, Worker: e.Worker, QueuedAt: s.QueuedAt, StartedAt: at, Outcome: "running",
	})
	return s
}

func (s State) closeAttempt(outcome string, err *Error, out *Head, at time.Time) State {
	if n := len(s.Attempts); n > 0 && s.Attempts[n-1].Outcome == "running" {
		s.Attempts = slices.Clone(s.Attempts)
		a := &s.Attempts[n-1]
		a.Outcome, a.Error, a.Output, a.FinishedAt = outcome, err, out, at
	}
	s.Worker, s.Lease, s.LeaseMS, s.TimeoutAt = "", "", 0, time.Time{}
	s.Stop, s.Cancel = false, false
	return s
}

// revived clears what a final state left behind; the attempts' history stays.
func (s State) revived(commandID string) State {
	s.Error, s.Result, s.Reason, s.Abandoned = nil, nil, "", false
	s.FinishedAt, s.Used = time.Time{}, 0
	return s.seen(commandID)
}

func (s State) seen(commandID string) State {
	if commandID == "" {
		return s
	}
	s.Commands = append(slices.Clone(s.Commands), commandID)
	if len(s.Commands) > keptCommands {
		s.Commands = slices.Delete(s.Commands, 1, 2)
	}
	return s
}
