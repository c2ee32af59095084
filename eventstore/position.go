package eventstore

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"tapedeck/domain/event"
)

// Position is a place in the log. Positions grow along the log but need not be contiguous; the zero
// Position is before the first event. Redis uses (milliseconds, sequence) of the stream entry's id,
// SQLite and memory (row, 0).
type Position struct{ Hi, Lo uint64 }

// End is after every event.
var End = Position{math.MaxUint64, math.MaxUint64}

// Compare orders positions along the log.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Hi, q.Hi), cmp.Compare(p.Lo, q.Lo))
}

// After reports whether p is behind q in the log.
func (p Position) After(q Position) bool { return p.Compare(q) > 0 }

// String is "hi-lo", or "hi" when lo is 0.
func (p Position) String() string {
	if p.Lo == 0 {
		return strconv.FormatUint(p.Hi, 10)
	}
	return strconv.FormatUint(p.Hi, 10) + "-" + strconv.FormatUint(p.Lo, 10)
}

// ParsePosition reads the form that String writes, and no other.
func ParsePosition(s string) (Position, error) {
	hi, lo, two := strings.Cut(s, "-")
	var p Position
	var err, err2 error
	p.Hi, err = strconv.ParseUint(hi, 10, 64)
	if two {
		p.Lo, err2 = strconv.ParseUint(lo, 10, 64)
	}
	if errors.Join(err, err2) != nil || p.String() != s {
		return Position{}, fmt.Errorf("%w: position %q", ErrBadCursor, s)
	}
	return p, nil
}

// Cursor is a Position that can be given away: it names its log (Epoch) and proves, by the first
// four bytes of the hash of the event at the position, that it is still the same history. Its text
// form is "<epoch>.<position>.<check>", for example "k3v9x2m1.1763900000000-3.9f86d081".
type Cursor struct {
	Epoch    string
	Position Position
	Check    [4]byte
}

// NewCursor is the cursor of the event with this hash at this position.
func NewCursor(epoch string, p Position, hash event.Hash) Cursor {
	return Cursor{Epoch: epoch, Position: p, Check: [4]byte(hash[:4])}
}

// Start is the cursor before a log's first event.
func Start(epoch string) Cursor { return Cursor{Epoch: epoch} }

// IsZero reports whether c is no cursor at all.
func (c Cursor) IsZero() bool { return c == Cursor{} }

// String is the text form.
func (c Cursor) String() string {
	return fmt.Sprintf("%s.%s.%x", c.Epoch, c.Position, c.Check[:])
}

// MarshalText implements encoding.TextMarshaler.
func (c Cursor) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Cursor) UnmarshalText(b []byte) error {
	got, err := ParseCursor(string(b))
	*c = got
	return err
}

// maxCursor bounds the text form in bytes.
const maxCursor = 128

// ParseCursor reads the text form. Its error wraps ErrBadCursor.
func ParseCursor(s string) (Cursor, error) {
	parts := strings.Split(s, ".")
	if len(s) > maxCursor || len(parts) != 3 || !validEpoch(parts[0]) || len(parts[2]) != 8 {
		return Cursor{}, fmt.Errorf("%w: want epoch.position.check", ErrBadCursor)
	}
	p, err := ParsePosition(parts[1])
	if err != nil {
		return Cursor{}, err
	}
	check, err := strconv.ParseUint(parts[2], 16, 32)
	if err != nil || strings.ToLower(parts[2]) != parts[2] {
		return Cursor{}, fmt.Errorf("%w: check %q", ErrBadCursor, parts[2])
	}
	c := Cursor{Epoch: parts[0], Position: p}
	c.Check = [4]byte{byte(check >> 24), byte(check >> 16), byte(check >> 8), byte(check)}
	return c, nil
}

// validEpoch: 4–32 of a–z and 0–9.
func validEpoch(s string) bool {
	return len(s) >= 4 && len(s) <= 32 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}
