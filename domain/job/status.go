package job

// Status is where a job stands.
type Status string

// The statuses. Succeeded, failed, cancelled and dead are final.
const (
	// StatusWaiting: for the jobs in After.
	StatusWaiting Status = "waiting"
	// StatusDelayed: for RunAt.
	StatusDelayed Status = "delayed"
	// StatusQueued: handed to its queue, for a worker.
	StatusQueued Status = "queued"
	// StatusRunning: a worker holds the lease of the current attempt.
	StatusRunning Status = "running"
	// StatusStopping: running, and asked to stop or to cancel.
	StatusStopping Status = "stopping"
	// StatusRetrying: an attempt failed and another follows at RunAt.
	StatusRetrying Status = "retrying"
	// StatusSucceeded is final.
	StatusSucceeded Status = "succeeded"
	// StatusFailed is final: the error was permanent.
	StatusFailed Status = "failed"
	// StatusCancelled is final.
	StatusCancelled Status = "cancelled"
	// StatusDead is final: every attempt was used up. Retry revives it.
	StatusDead Status = "dead"
)

// Statuses lists every status in the order of a job's life.
var Statuses = []Status{
	StatusWaiting, StatusDelayed, StatusQueued, StatusRunning, StatusStopping, StatusRetrying,
	StatusSucceeded, StatusFailed, StatusCancelled, StatusDead,
}

// Final reports whether nothing but a command of a person can change the job any more.
func (s Status) Final() bool {
	switch s {
	case StatusSucceeded, StatusFailed, StatusCancelled, StatusDead:
		return true
	default:
		return false
	}
}

// Active reports whether an attempt is under way.
func (s Status) Active() bool { return s == StatusRunning || s == StatusStopping }

// Priority orders the jobs of one queue; each priority is a stream of its own.
type Priority string

// The priorities.
const (
	PriorityHigh   Priority = "high"
	PriorityNormal Priority = "normal"
	PriorityLow    Priority = "low"
)

// Priorities lists them, the most urgent first.
var Priorities = []Priority{PriorityHigh, PriorityNormal, PriorityLow}

// Topic is the name of the queue topic that carries jobs of this queue and priority. It holds no
// slash from user input: queue names are checked by ValidName.
func Topic(queue string, p Priority) string { return "q/" + queue + "/" + string(p) }

// WakeTopic is the topic on which a job with dependencies learns that one of them may have ended.
const WakeTopic = "r/wake"

// Stream is the name of a job's state stream.
func Stream(id string) string { return "job/" + id }

// ValidName reports whether s can name a queue, a project or a kind: 1–64 of a–z, 0–9, '.', '_',
// '-', beginning with a letter or digit.
func ValidName(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		alnum := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !alnum && (i == 0 || c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return true
}
