package job

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/event"
)

// Event is one fact about a job. The set is sealed: Evolve, the codec and the JSON Schemas cover
// every member, and gochecksumtype finds a missing case.
//
//sumtype:decl
type Event interface {
	// EventType is the type in the envelope, for example "job.submitted".
	EventType() string
	sealed()
}

// Submitted opens a tape. Status says how the job begins: waiting, delayed or queued; a queued one
// needs no further event to be handed to its queue.
type Submitted struct {
	Kind     string            `json:"kind"`
	Queue    string            `json:"queue"`
	Priority Priority          `json:"priority"`
	Status   Status            `json:"status"`
	Input    jsontext.Value    `json:"input,omitzero"`
	Labels   map[string]string `json:"labels,omitempty"`
	Retry    RetryPolicy       `json:"retry"`
	// TimeoutMS bounds one attempt; 0 is no bound.
	TimeoutMS int64        `json:"timeoutMs,omitempty"`
	ParentID  string       `json:"parentId,omitempty"`
	After     []Dependency `json:"after,omitempty"`
	RunAt     time.Time    `json:"runAt,omitzero"`
	// Fingerprint is a digest of the request, for a submission with an idempotency key: the same key
	// with another fingerprint is a conflict.
	Fingerprint string `json:"fingerprint,omitempty"`
	// CommandID is the idempotency key's digest, empty without one; a later command's goes on with a
	// point and the digest of its request.
	CommandID string `json:"commandId,omitempty"`
}

// Waiting says that a revived job waits again for its dependencies.
type Waiting struct {
	CommandID string `json:"commandId,omitempty"`
}

// DependencyResolved pins the end of one job of After: the version and hash of the result that the
// dependent will read.
type DependencyResolved struct {
	JobID   string     `json:"jobId"`
	Status  Status     `json:"status"`
	Version uint64     `json:"version"`
	Hash    event.Hash `json:"hash"`
}

// QueueReason says why a job was handed to its queue again.
type QueueReason string

// The reasons.
const (
	QueuedByDelay        QueueReason = "delay_elapsed"
	QueuedByDependencies QueueReason = "dependencies_resolved"
	QueuedByRetry        QueueReason = "retry_due"
	QueuedByRequest      QueueReason = "retry_requested"
	QueuedByLoss         QueueReason = "queue_entry_lost"
	QueuedByHandback     QueueReason = "handed_back"
)

// Queued hands the job to its queue again. Output closes the attempt that was handed back.
type Queued struct {
	Reason    QueueReason `json:"reason"`
	Output    *Head       `json:"output,omitempty"`
	CommandID string      `json:"commandId,omitempty"`
}

// Started begins an attempt under a lease. TimeoutAt is zero when the attempt is unbounded.
type Started struct {
	Attempt   int       `json:"attempt"`
	Worker    string    `json:"worker"`
	Lease     string    `json:"lease"`
	LeaseMS   int64     `json:"leaseMs"`
	TimeoutAt time.Time `json:"timeoutAt,omitzero"`
}

// Progressed is output: how far the attempt is. Percent is 0…100, or negative when unknown.
type Progressed struct {
	Percent float64 `json:"percent"`
	Message string  `json:"message,omitempty"`
}

// Logged is output: a batch of log lines. Truncated, on the last batch, says how many lines and
// bytes were dropped because the job's output budget was used up.
type Logged struct {
	Lines     []Line      `json:"lines"`
	Truncated *Truncation `json:"truncated,omitempty"`
}

// Line is one log line. Stream is "stdout", "stderr" or "" for the job's own log.
type Line struct {
	Time   time.Time `json:"time"`
	Level  string    `json:"level"`
	Text   string    `json:"text"`
	Stream string    `json:"stream,omitempty"`
}

// Truncation counts what an output budget dropped so far.
type Truncation struct {
	Lines int64 `json:"lines"`
	Bytes int64 `json:"bytes"`
}

// ArtifactStored is output: a file that was kept. Its bytes are in the artefact store.
type ArtifactStored struct {
	Name        string     `json:"name"`
	Size        int64      `json:"size"`
	ContentType string     `json:"contentType"`
	SHA256      event.Hash `json:"sha256"`
}

// StopRequested asks the running attempt to finish early and keep what it has.
type StopRequested struct {
	Reason    string `json:"reason,omitempty"`
	CommandID string `json:"commandId,omitempty"`
}

// CancelRequested asks the running attempt to end and throw away what it has.
type CancelRequested struct {
	Reason    string `json:"reason,omitempty"`
	CommandID string `json:"commandId,omitempty"`
}

// Cancelled is final. Abandoned says that the job's code ignored the request past the kill deadline
// and may still be running in a process that can no longer append.
type Cancelled struct {
	Reason    string `json:"reason,omitempty"`
	Abandoned bool   `json:"abandoned,omitempty"`
	Output    *Head  `json:"output,omitempty"`
	CommandID string `json:"commandId,omitempty"`
}

// Succeeded is final. Stopped says that it ended early on request.
type Succeeded struct {
	Result  jsontext.Value `json:"result,omitzero"`
	Stopped bool           `json:"stopped,omitempty"`
	Output  Head           `json:"output"`
}

// Failed closes an attempt. Final says whether the job ends with it; otherwise RetryScheduled or
// DeadLettered follows in the same append.
type Failed struct {
	Error  Error `json:"error"`
	Final  bool  `json:"final,omitempty"`
	Output Head  `json:"output"`
}

// RetryScheduled announces the next attempt.
type RetryScheduled struct {
	RunAt   time.Time `json:"runAt"`
	DelayMS int64     `json:"delayMs"`
	Attempt int       `json:"attempt"`
}

// LeaseExpired closes an attempt whose worker fell silent.
type LeaseExpired struct {
	Worker string `json:"worker"`
	Output Head   `json:"output"`
}

// DeadLettered is final until somebody retries the job.
type DeadLettered struct {
	Reason string `json:"reason"`
}

// Annotated is a person's note.
type Annotated struct {
	Text      string `json:"text"`
	CommandID string `json:"commandId,omitempty"`
}

// Forked says, on the new job's tape, which job and version it was made from.
type Forked struct {
	FromJobID   string `json:"fromJobId"`
	FromVersion uint64 `json:"fromVersion"`
}

// Archived says where the segment with this tape lies.
type Archived struct {
	URL string `json:"url"`
}

// Unknown is an event of a type that this build does not know. It is kept and shown, and it changes
// nothing but the version.
type Unknown struct {
	Type string         `json:"-"`
	Data jsontext.Value `json:"-"`
}

// EventType implements Event.
func (Submitted) EventType() string          { return "job.submitted" }
func (Waiting) EventType() string            { return "job.waiting" }
func (DependencyResolved) EventType() string { return "job.dependency_resolved" }
func (Queued) EventType() string             { return "job.queued" }
func (Started) EventType() string            { return "job.started" }
func (Progressed) EventType() string         { return "job.progressed" }
func (Logged) EventType() string             { return "job.logged" }
func (ArtifactStored) EventType() string     { return "job.artifact_stored" }
func (StopRequested) EventType() string      { return "job.stop_requested" }
func (CancelRequested) EventType() string    { return "job.cancel_requested" }
func (Cancelled) EventType() string          { return "job.cancelled" }
func (Succeeded) EventType() string          { return "job.succeeded" }
func (Failed) EventType() string             { return "job.failed" }
func (RetryScheduled) EventType() string     { return "job.retry_scheduled" }
func (LeaseExpired) EventType() string       { return "job.lease_expired" }
func (DeadLettered) EventType() string       { return "job.dead_lettered" }
func (Annotated) EventType() string          { return "job.annotated" }
func (Forked) EventType() string             { return "job.forked" }
func (Archived) EventType() string           { return "job.archived" }
func (u Unknown) EventType() string          { return u.Type }

func (Submitted) sealed()          {}
func (Waiting) sealed()            {}
func (DependencyResolved) sealed() {}
func (Queued) sealed()             {}
func (Started) sealed()            {}
func (Progressed) sealed()         {}
func (Logged) sealed()             {}
func (ArtifactStored) sealed()     {}
func (StopRequested) sealed()      {}
func (CancelRequested) sealed()    {}
func (Cancelled) sealed()          {}
func (Succeeded) sealed()          {}
func (Failed) sealed()             {}
func (RetryScheduled) sealed()     {}
func (LeaseExpired) sealed()       {}
func (DeadLettered) sealed()       {}
func (Annotated) sealed()          {}
func (Forked) sealed()             {}
func (Archived) sealed()           {}
func (Unknown) sealed()            {}

// Head is the end of an output stream: how many events it holds and the hash of the last one.
type Head struct {
	Count uint64     `json:"count"`
	Hash  event.Hash `json:"hash"`
}

// Error is why an attempt failed.
type Error struct {
	// Code is one word for programs, for example "timeout", "panic", "exit", "input".
	Code string `json:"code"`
	// Message is one line for people.
	Message string `json:"message"`
	// Detail is more for people who debug: a stack, a response body.
	Detail string `json:"detail,omitempty"`
	// Permanent says that trying again cannot help.
	Permanent bool `json:"permanent,omitempty"`
}

// OnFailure says what becomes of a job when one in its After does not succeed.
type OnFailure string

// The choices.
const (
	OnFailureFail   OnFailure = "fail"
	OnFailureCancel OnFailure = "cancel"
	OnFailureRun    OnFailure = "run"
)

// Dependency names a job whose end this one waits for. Defaults to OnFailureFail.
type Dependency struct {
	JobID     string    `json:"jobId"`
	OnFailure OnFailure `json:"onFailure"`
}

// RetryPolicy bounds and paces attempts. The delay before attempt n+1 is
// min(Max, Initial × Factor^(n−1)), times a jitter of 0.5…1 that the command draws.
type RetryPolicy struct {
	// MaxAttempts counts the first one too; 1 is no retry. Defaults to 3.
	MaxAttempts int `json:"maxAttempts"`
	// InitialMS defaults to 1000.
	InitialMS int64 `json:"initialMs"`
	// MaxMS defaults to 300000 (five minutes).
	MaxMS int64 `json:"maxMs"`
	// Factor defaults to 2.
	Factor float64 `json:"factor"`
}
