package eventstore

import (
	"errors"
	"fmt"
)

var (
	// ErrConflict: a stream is not at the expected version (and does not hold these very events).
	// Read again, decide again, with new event ids.
	ErrConflict = errors.New("stream is not at the expected version")
	// ErrLeaseLost: a lease that the append depends on is not held (or was renewed meanwhile).
	ErrLeaseLost = errors.New("lease is not held")
	// ErrBadCursor: text that is not a cursor.
	ErrBadCursor = errors.New("not a cursor")
	// ErrFull: the store is out of room and refuses new work; nothing was written.
	ErrFull = errors.New("store is out of room")
	// ErrUnavailable: the store cannot be reached now; the append may or may not have been written:
	// repeat it with the same event ids.
	ErrUnavailable = errors.New("store is unavailable")
	// ErrEpoch: the log behind the connection is not the one of the start: it was emptied, replaced,
	// or set back to an older state. A back end that can reconnect checks this after each
	// reconnect; every later call of this Store fails with it too. The process must open the store
	// again and check its read models.
	ErrEpoch = errors.New("the log was replaced")
	// ErrLocked: another process has the embedded store open.
	ErrLocked = errors.New("another process has this store open")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("store is closed")
)

// GoneReason says why a cursor can not be continued.
type GoneReason string

// The reasons.
const (
	// GoneLost: the log does not hold this history any more (an older snapshot was restored, or
	// unacknowledged events were lost).
	GoneLost GoneReason = "lost"
	// GoneArchived: the log begins behind the cursor.
	GoneArchived GoneReason = "archived"
	// GoneForeign: the cursor is of another log.
	GoneForeign GoneReason = "foreign"
)

// GoneError answers a cursor that can not be continued without a gap.
type GoneError struct {
	Cursor Cursor
	Reason GoneReason
	Detail string
}

// Error implements error.
func (e *GoneError) Error() string {
	return fmt.Sprintf("cursor %s is gone (%s): %s", e.Cursor, e.Reason, e.Detail)
}
