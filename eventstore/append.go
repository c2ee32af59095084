package eventstore

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"tapedeck/domain/event"
)

// Expect is the version that a stream must have for a write to be accepted.
type Expect struct{ version uint64 }

// NoStream expects a stream that does not exist yet.
func NoStream() Expect { return Expect{} }

// Exact expects a stream of n events, n ≥ 1; Exact(0) is NoStream.
func Exact(n uint64) Expect { return Expect{n} }

// Version is the number of events that the stream must hold.
func (e Expect) Version() uint64 { return e.version }

// String says it in words.
func (e Expect) String() string {
	if e.version == 0 {
		return "no stream"
	}
	return fmt.Sprintf("exactly %d", e.version)
}

// Sealed is one event ready to be stored: see event.Seal.
type Sealed struct {
	ID     string
	Stored []byte
	Hash   event.Hash
}

// Write adds events to one stream.
type Write struct {
	Stream string
	Expect Expect
	// Prev is the hash of the stream's head at Expect; zero for NoStream. A back end refuses with
	// ErrConflict when the head's hash is another one (a restored log that took another way).
	Prev   event.Hash
	Events []Sealed
}

// Append is what one call writes or refuses as a whole: at least one Write, and the effects. When two
// effects touch the same thing, a Grant comes after Deadlines and Ends, and Wakes after Watches.
type Append struct {
	Writes []Write
	// Holds are leases that must be held for the append to be accepted.
	Holds []Hold
	// Enqueue hands messages to topics.
	Enqueue []Enqueue
	// Deadlines are set or cleared.
	Deadlines []SetDeadline
	// Grants give leases; a lease that the stream has already is replaced.
	Grants []Grant
	// Ends takes the leases of these streams away.
	Ends []string
	// Watches and Wakes serve dependencies: see Watch.
	Watches []Watch
	Wakes   []string
	// Modes pauses or resumes what is read from topics.
	Modes []SetPaused
}

// Hold demands that stream's lease has this token. With Touch the append adds one to the lease's
// counter: output is a sign of life. With Still the counter must be the given one: how a recoverer
// makes sure that nobody renewed or wrote while it looked.
type Hold struct {
	Stream  string
	Token   string
	Touch   bool
	Still   bool
	Counter uint64
}

// Enqueue hands a message to one reader of a topic. Its payload is the stored bytes of
// Writes[Write].Events[Event], or Payload when that is not nil; its UUID is that event's id.
type Enqueue struct {
	Topic        string
	Write, Event int
	Payload      []byte
}

// SetDeadline sets the stream's one deadline, or clears it when At is zero.
type SetDeadline struct {
	Stream string
	At     time.Time
}

// Grant gives stream's lease to a token with counter 1, and sets the stream's deadline to TTL from
// now by the store's clock.
type Grant struct {
	Stream string
	Token  string
	TTL    time.Duration
}

// Watch registers Watcher on Stream: an Append with Wakes: {Stream} enqueues one message for each
// registered watcher on Topic and forgets them; one that registered twice is one. The message's
// payload is {"stream":…,"watcher":…} (see WakeMessage), its UUID is derived from both. A Watch
// enqueues that message at once too, so that a watcher that registers late misses nothing.
type Watch struct {
	Stream  string
	Watcher string
	Topic   string
}

// WakeMessage is the payload of a message that a Watch causes.
type WakeMessage struct {
	Stream  string `json:"stream"`
	Watcher string `json:"watcher"`
}

// SetPaused stops or resumes the reading of every topic with this prefix, for example "q/default/".
type SetPaused struct {
	Prefix string
	Paused bool
}

// Appended answers an Append.
type Appended struct {
	// Positions are those of the writes' events, in order.
	Positions [][]Position
	// Duplicate says that the same events had been appended before; nothing was written now.
	Duplicate bool
}

// Message is the payload that the watch enqueues.
func (w Watch) Message() []byte {
	b, _ := json.Marshal(WakeMessage{Stream: w.Stream, Watcher: w.Watcher})
	return b
}

// MessageID is the UUID of the message that the watch enqueues.
func (w Watch) MessageID() string {
	return uuid.NewSHA1(uuid.NameSpaceOID, w.Message()).String()
}

// Validate checks what no back end would accept: no writes, an empty write, a stream that is written
// twice, an effect that refers to nothing.
func (a Append) Validate() error {
	if len(a.Writes) == 0 {
		return errors.New("append: nothing to write")
	}
	for i, w := range a.Writes {
		again := slices.ContainsFunc(a.Writes[:i], func(b Write) bool { return b.Stream == w.Stream })
		if w.Stream == "" || len(w.Events) == 0 || again {
			return fmt.Errorf("append: stream %q must be named once, with events", w.Stream)
		}
	}
	for _, q := range a.Enqueue {
		if q.Topic == "" || q.Write >= len(a.Writes) || q.Event >= len(a.Writes[q.Write].Events) {
			return errors.New("append: a message needs a topic and an event of this append")
		}
	}
	for _, g := range a.Grants {
		if g.Stream == "" || g.Token == "" || g.TTL <= 0 {
			return errors.New("append: a lease needs a stream, a token and a length")
		}
	}
	return nil
}

// WithDefaults fills the zero fields.
func (r Reader) WithDefaults() Reader {
	if r.Redeliver == 0 {
		r.Redeliver = 30 * time.Second
	}
	if r.Slots == nil {
		r.Slots = func() int { return 100 }
	}
	return r
}
