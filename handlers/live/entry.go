package live

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

// Entry is an event on its way to clients. What not every filter asks for is made when it is first needed; an Entry is
// used by one goroutine at a time, that of the hub's lock or that of one catch-up.
type Entry struct {
	eventstore.Recorded
	cursor eventstore.Cursor

	// labels are the job's; they are known only when a filter asks for them (see labelCache).
	labels map[string]string
	json   []byte
	lower  []byte
	state  job.Status
	stated bool
}

// NewEntry makes an event ready to be sent.
func NewEntry(r eventstore.Recorded, epoch string) *Entry {
	return &Entry{Recorded: r, cursor: r.Cursor(epoch)}
}

// Cursor is the event's place in the log.
func (e *Entry) Cursor() eventstore.Cursor { return e.cursor }

// JSON is the envelope on one line, with its cursor.
func (e *Entry) JSON() []byte {
	if e.json == nil {
		e.json = EnvelopeJSON(e.Stored, e.cursor)
	}
	return e.json
}

// EnvelopeJSON is stored bytes with the cursor added, on one line: a foreign writer may have stored line breaks.
func EnvelopeJSON(stored []byte, cursor eventstore.Cursor) []byte {
	body := bytes.TrimSpace(stored)
	if bytes.IndexByte(body, '\n') >= 0 || bytes.IndexByte(body, '\r') >= 0 {
		compact := jsontext.Value(bytes.Clone(body))
		if compact.Compact() == nil {
			body = compact
		}
	}
	at := cursor.String()
	out := make([]byte, 0, len(body)+len(at)+12)
	out = append(out, `{"cursor":"`...)
	out = append(out, at...)
	out = append(out, `",`...)
	return append(out, body[1:]...)
}

// jobID is the job that an entry is about.
func (e *Entry) jobID() (string, bool) {
	id, _, ok := job.ParseStream(e.Stream)
	return id, ok
}

func (e *Entry) isOutput() bool {
	_, attempt, ok := job.ParseStream(e.Stream)
	return ok && attempt > 0
}

func (e *Entry) lowered() []byte {
	if e.lower == nil {
		e.lower = bytes.ToLower(e.Stored)
	}
	return e.lower
}

func (e *Entry) status() job.Status {
	if !e.stated {
		e.state, e.stated = statusBy(e.Type, e.Data), true
	}
	return e.state
}

// statusBy is the status that a job has by an event, as far as that event alone can say: a dependency that resolves
// leaves the job waiting, a failure that is not final leaves it retrying. A note or a fork says nothing.
func statusBy(eventType string, data jsontext.Value) job.Status {
	switch eventType {
	case job.Submitted{}.EventType():
		var d struct {
			Status job.Status `json:"status"`
		}
		_ = json.Unmarshal(data, &d) // erased data has no status
		return d.Status
	case job.Failed{}.EventType():
		var d struct {
			Final bool `json:"final"`
		}
		if _ = json.Unmarshal(data, &d); d.Final {
			return job.StatusFailed
		}
		return job.StatusRetrying
	}
	return statusByType[eventType]
}

var statusByType = map[string]job.Status{
	job.Waiting{}.EventType():            job.StatusWaiting,
	job.DependencyResolved{}.EventType(): job.StatusWaiting,
	job.Queued{}.EventType():             job.StatusQueued,
	job.Started{}.EventType():            job.StatusRunning,
	job.Progressed{}.EventType():         job.StatusRunning,
	job.Logged{}.EventType():             job.StatusRunning,
	job.ArtifactStored{}.EventType():     job.StatusRunning,
	job.StopRequested{}.EventType():      job.StatusStopping,
	job.CancelRequested{}.EventType():    job.StatusStopping,
	job.Cancelled{}.EventType():          job.StatusCancelled,
	job.Succeeded{}.EventType():          job.StatusSucceeded,
	job.RetryScheduled{}.EventType():     job.StatusRetrying,
	job.LeaseExpired{}.EventType():       job.StatusRetrying,
	job.DeadLettered{}.EventType():       job.StatusDead,
}
