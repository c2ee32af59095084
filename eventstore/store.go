package eventstore

import (
	"context"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"tapedeck/domain/event"
)

// Recorded is an event as it is read.
type Recorded struct {
	event.Event
	Position Position
	Hash     event.Hash
	// Stored are the bytes that were appended.
	Stored []byte
}

// Cursor is the event's cursor in the log with this epoch.
func (r Recorded) Cursor(epoch string) Cursor { return NewCursor(epoch, r.Position, r.Hash) }

// Batch is a stretch of the log.
type Batch struct {
	Events []Recorded
	// Next is where to go on: the position of the last entry looked at, even when it was malformed.
	Next Position
	// Malformed counts entries that are no events; they were passed over.
	Malformed int
}

// Store is a log with its effects. Every method may fail with ErrUnavailable, ErrClosed or ErrEpoch;
// what else it may return stands with it.
type Store interface {
	Log
	Leases
	Deadlines
	Topics
	Registry

	// Append writes all or nothing. A repeated Append (the same event ids at the same versions)
	// answers the original positions with Duplicate set and has no effect. It fails with
	// ErrConflict, ErrLeaseLost, ErrFull or ErrEpoch. When it returns without error, the events are
	// as durable as Health says, and a ReadStream or ReadAll that begins afterwards sees them.
	Append(ctx context.Context, a Append) (Appended, error)
	// Health looks at the store now.
	Health(ctx context.Context) Health
	// Close ends the store's own goroutines and connections; calls under way fail with ErrClosed.
	Close() error
}

// Log reads events.
type Log interface {
	// Epoch names the log. It is made with the log and never changes for it.
	Epoch() string
	// ReadStream returns up to limit events of a stream from a version (1 is the first), none when
	// the stream ends before. A malformed entry in between is an error that wraps event.ErrMalformed.
	ReadStream(ctx context.Context, stream string, from uint64, limit int) ([]Recorded, error)
	// ReadAll returns up to limit entries of the log behind a position, at once, also when there are
	// none.
	ReadAll(ctx context.Context, after Position, limit int) (Batch, error)
	// ReadBack returns up to limit events before a position, the last one first.
	ReadBack(ctx context.Context, before Position, limit int) (Batch, error)
	// Wait returns nil as soon as the log holds an entry behind the position, or ctx's error.
	Wait(ctx context.Context, after Position) error
	// Tail is the cursor of the log's last event, Start when it is empty.
	Tail(ctx context.Context) (Cursor, error)
	// Resolve checks a cursor against the log and fails with a *GoneError.
	Resolve(ctx context.Context, c Cursor) error
	// At is the cursor of the last event that the store took in before t, by the store's clock.
	At(ctx context.Context, t time.Time) (Cursor, error)
}

// Lease is who holds a stream.
type Lease struct {
	Stream  string
	Token   string
	Counter uint64
	TTL     time.Duration
}

// Leases renews and looks at leases; they are granted and ended by Append.
type Leases interface {
	// Renew adds one to the lease's counter, moves the stream's deadline to the lease's TTL from now
	// and returns the stream's version, which tells the holder of requests. It fails with
	// ErrLeaseLost.
	Renew(ctx context.Context, stream, token string) (version uint64, err error)
	// LeaseOf returns the stream's lease; ok is false when there is none.
	LeaseOf(ctx context.Context, stream string) (l Lease, ok bool, err error)
}

// Deadline is a stream whose time has come.
type Deadline struct {
	Stream string
	At     time.Time
}

// Deadlines is the one index of what is to happen at a time: delayed start, retry, claim-by, lease.
// A deadline stays until an Append sets or clears it; firing is idempotent by the version check.
type Deadlines interface {
	// Due returns up to limit deadlines at or before now by the store's clock, the earliest first,
	// that clock's time, and the time of the earliest deadline that is not due yet (zero: none).
	Due(ctx context.Context, limit int) (due []Deadline, now, next time.Time, err error)
	// Postpone moves a deadline that is still the given one to a later time, without an event.
	Postpone(ctx context.Context, d Deadline, to time.Time) error
}

// TopicDepth is a topic's backlog.
type TopicDepth struct {
	Topic string
	// Waiting counts messages that no reader has taken; Taken those that were taken and not acked.
	Waiting, Taken int64
	// Oldest is when the oldest message that is not acked was enqueued, by the store's clock; zero
	// when there is none.
	Oldest time.Time
	Paused bool
}

// Reader says how a topic is read.
type Reader struct {
	// Name is stable for the reading process: what it took and never acked is handed out again.
	Name string
	// Slots returns how many more messages the reader can take now. A message counts against it by
	// itself from when it is handed out until it is acked or nacked, so that a reader need count it
	// only from its ack on: nothing is handed out while Slots is no more than the messages in hand.
	// Nil is no bound but the batch.
	Slots func() int
	// Free, when not nil, is signalled when Slots may have grown.
	Free <-chan struct{}
	// Redeliver is how long a taken message may stay without an ack before another reader gets it.
	// Defaults to 30 s.
	Redeliver time.Duration
}

// Topics are queues of messages; each message is handed to one reader, at least once, and gone when
// it is acked.
type Topics interface {
	// Subscriber returns a watermill Subscriber whose Subscribe takes one topic's name, or several
	// separated by commas: the topics in the order of their urgency. Messages carry the metadata
	// MetaTopic and MetaEntry. Nack hands the message out again, later. The messages of one
	// subscription are sent without waiting for the ack of the one before. Closing the Subscriber
	// leaves the Store open.
	Subscriber(r Reader) (message.Subscriber, error)
	// Reactor returns a watermill Subscriber for something that must see every message of a topic and
	// skip none: its Subscribe takes one topic's name and hands out one message at a time, in order. A
	// message that is nacked comes again, later, before any behind it. Group names the reactor; a
	// topic is read by one group, whose processes share the work.
	Reactor(group string) (message.Subscriber, error)
	// Depths looks at all topics that exist with this prefix.
	Depths(ctx context.Context, prefix string) ([]TopicDepth, error)
}

// Metadata that a topic's messages carry when they are read.
const (
	MetaTopic = "tapedeck_topic"
	MetaEntry = "tapedeck_entry"
)

// Worker is a process that runs jobs, as it registered itself.
type Worker struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Host        string       `json:"host"`
	PID         int          `json:"pid"`
	Kinds       []string     `json:"kinds"`
	Queues      []string     `json:"queues"`
	Concurrency int          `json:"concurrency"`
	Running     []RunningJob `json:"running"`
	Status      string       `json:"status"` // "running" or "draining"
	StartedAt   time.Time    `json:"startedAt"`
	HeartbeatAt time.Time    `json:"heartbeatAt"`
	// Stage is where live sessions of this process can be joined; zero when it has none, or serves them itself.
	Stage Stage `json:"stage,omitzero"`
}

// Stage is an address with the secret that opens it. It is for processes that can read the registry, not for clients.
type Stage struct {
	URL   string `json:"url"`
	Token string `json:"token"`
}

// RunningJob is one job in a worker's hands.
type RunningJob struct {
	JobID     string    `json:"jobId"`
	Kind      string    `json:"kind"`
	Attempt   int       `json:"attempt"`
	StartedAt time.Time `json:"startedAt"`
}

// Registry lists workers that are alive; an entry vanishes ttl after its last Heartbeat.
type Registry interface {
	// Heartbeat adds or renews the worker's entry. HeartbeatAt is set by the store.
	Heartbeat(ctx context.Context, w Worker, ttl time.Duration) error
	// Leave removes the entry.
	Leave(ctx context.Context, id string) error
	// Workers lists the entries by name.
	Workers(ctx context.Context) ([]Worker, error)
}

// Health is the store's state.
type Health struct {
	// Backend is "memory", "sqlite" or "redis".
	Backend string `json:"backend"`
	// Durability says in words what an acknowledged append survives.
	Durability string `json:"durability"`
	// Err is why the store cannot be used now, nil when it can.
	Err error `json:"-"`
	// Warnings are settings or counts that an operator should know of.
	Warnings []string `json:"warnings,omitempty"`
	// Malformed counts log and topic entries that were passed over since the start.
	Malformed int64 `json:"malformed"`
}
