// Package event defines the envelope of everything that is written to a tape: CloudEvents 1.0 in
// JSON with Tapedeck's extension attributes, its stored bytes, and the hash chain over them.
package event

import (
	"encoding/hex"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// SchemaVersion is the version of the data of events written by this build. A reader that meets a
// newer one keeps the event but must not act on it.
const SchemaVersion = 1

// Hash is a SHA-256 digest. Its text form is 64 lower-case hexadecimal digits.
type Hash [32]byte

// IsZero reports whether h is the hash before a stream's first event.
func (h Hash) IsZero() bool { return h == Hash{} }

// String returns the 64 hexadecimal digits of h.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(h) {
		return fmt.Errorf("hash: want %d hexadecimal digits, got %d bytes", 2*len(h), len(text))
	}
	_, err := hex.Decode(h[:], text)
	return err
}

// Event is one envelope. Attributes marked "extension" are CloudEvents extension attributes.
// Zero-valued optional attributes are left out of the stored bytes.
type Event struct {
	// ID is unique per event and chosen before the first try to append it: a retried append is
	// recognised by it.
	ID string
	// Source names the writer, for example "tapedeck/api" or "tapedeck/worker/NAME".
	Source string
	// Type is the event's type, for example "job.submitted".
	Type string
	// Subject is the id of the job (or queue) that the event is about.
	Subject string
	// Time is the writer's clock when it decided the event.
	Time time.Time
	// Stream names the stream that holds the event (extension).
	Stream string
	// Project owns the job (extension).
	Project string
	// Sequence is the event's place in its stream, 1…n (extension).
	Sequence uint64
	// Kind is the job's kind, so that a tap can filter without looking the job up (extension).
	Kind string
	// Attempt is the job's attempt that the event belongs to, 0 when to none (extension).
	Attempt int
	// ParentID is the job's parent, so that a tap can follow a family (extension).
	ParentID string
	// Actor is who caused the event (extension).
	Actor string
	// CorrelationID ties together everything one request set off (extension).
	CorrelationID string
	// CausationID is the command or event that directly caused this one (extension).
	CausationID string
	// TraceParent is the W3C trace context (extension).
	TraceParent string
	// SchemaVersion is the version of Data's schema (extension).
	SchemaVersion int
	// PrevHash is the hash of the stream's event before this one, zero for the first (extension).
	PrevHash Hash
	// Data is the payload, one JSON value. It is null when the data was erased: DataDigest then
	// still proves what it was.
	Data jsontext.Value
	// DataDigest is set only on an event whose data was erased: SHA-256 of the original data.
	DataDigest Hash
}
