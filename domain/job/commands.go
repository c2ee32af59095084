package job

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Command asks for a change. Every command carries the time at which it is decided; ids and random
// numbers that the decision needs are in its fields too.
//
//sumtype:decl
type Command interface {
	// When is the time at which the command is decided.
	When() time.Time
	command()
}

// Submit creates a job. Kind, queue and input were checked against the kind's registry before.
type Submit struct {
	Now       time.Time
	Kind      string
	Queue     string
	Priority  Priority
	Input     jsontext.Value
	Labels    map[string]string
	Retry     RetryPolicy
	TimeoutMS int64
	ParentID  string
	After     []Dependency
	// RunAt delays the job; zero or past is now.
	RunAt       time.Time
	Fingerprint string
	CommandID   string
	// Forked says which job it is made from; nil for none.
	Forked *Forked
}

// ResolveDependency tells a waiting job how one of its After ended.
type ResolveDependency struct {
	Now time.Time
	Dep DependencyResolved
}

// Due says that the time of a delayed or retrying job has come.
type Due struct{ Now time.Time }

// Requeue hands a queued job to its queue again because its queue entry was lost.
type Requeue struct{ Now time.Time }

// Start claims the job for a worker. Attempt is the number that the claimant expects to be.
type Start struct {
	Now     time.Time
	Attempt int
	Worker  string
	Lease   string
	LeaseMS int64
}

// Succeed closes the attempt that holds Lease.
type Succeed struct {
	Now    time.Time
	Lease  string
	Result jsontext.Value
	Output Head
}

// Fail closes the attempt that holds Lease. Jitter, 0…1, is the random part of the back-off.
type Fail struct {
	Now    time.Time
	Lease  string
	Error  Error
	Output Head
	Jitter float64
}

// HandBack gives an unfinished attempt back to the queue: the worker is shutting down, or cannot
// read the job. It does not use up an attempt.
type HandBack struct {
	Now    time.Time
	Lease  string
	Output Head
}

// ConfirmCancel closes the attempt that holds Lease after a cancel request. Abandoned says that the
// job's code did not return in time.
type ConfirmCancel struct {
	Now       time.Time
	Lease     string
	Output    Head
	Abandoned bool
}

// ExpireLease closes an attempt whose lease stood still for its whole length.
type ExpireLease struct {
	Now    time.Time
	Lease  string
	Output Head
	Jitter float64
}

// RequestStop asks a running job to finish early; a job that does not run yet is cancelled.
type RequestStop struct {
	Now       time.Time
	Reason    string
	CommandID string
}

// RequestCancel cancels a job that does not run, and asks a running one to end.
type RequestCancel struct {
	Now       time.Time
	Reason    string
	CommandID string
}

// Revive starts a failed, cancelled or dead job again with all its attempts; a retrying or delayed
// job starts at once.
type Revive struct {
	Now       time.Time
	CommandID string
}

// Annotate adds a note; it is allowed in every status.
type Annotate struct {
	Now       time.Time
	Text      string
	CommandID string
}

func (Submit) command()            {}
func (ResolveDependency) command() {}
func (Due) command()               {}
func (Requeue) command()           {}
func (Start) command()             {}
func (Succeed) command()           {}
func (Fail) command()              {}
func (HandBack) command()          {}
func (ConfirmCancel) command()     {}
func (ExpireLease) command()       {}
func (RequestStop) command()       {}
func (RequestCancel) command()     {}
func (Revive) command()            {}
func (Annotate) command()          {}

// When implements Command.
func (c Submit) When() time.Time            { return c.Now }
func (c ResolveDependency) When() time.Time { return c.Now }
func (c Due) When() time.Time               { return c.Now }
func (c Requeue) When() time.Time           { return c.Now }
func (c Start) When() time.Time             { return c.Now }
func (c Succeed) When() time.Time           { return c.Now }
func (c Fail) When() time.Time              { return c.Now }
func (c HandBack) When() time.Time          { return c.Now }
func (c ConfirmCancel) When() time.Time     { return c.Now }
func (c ExpireLease) When() time.Time       { return c.Now }
func (c RequestStop) When() time.Time       { return c.Now }
func (c RequestCancel) When() time.Time     { return c.Now }
func (c Revive) When() time.Time            { return c.Now }
func (c Annotate) When() time.Time          { return c.Now }
