package eventstore

import (
	"fmt"

	"tapedeck/domain/event"
)

// Chain checks the events of one stream as they are handed to it in order. The zero Chain begins at
// the stream's first event.
type Chain struct {
	Stream  string
	Version uint64
	Head    event.Hash
}

// ChainError says where a stream's chain is broken.
type ChainError struct {
	Stream  string
	Version uint64
	Why     string
}

// Error implements error.
func (e *ChainError) Error() string {
	return fmt.Sprintf("stream %s, event %d: %s", e.Stream, e.Version, e.Why)
}

// Verify parses stored bytes anew and checks that they are the chain's next event. It fails with a
// *ChainError.
func (c *Chain) Verify(stored []byte) error {
	e, hash, err := event.Parse(stored)
	if err != nil {
		return &ChainError{c.Stream, c.Version + 1, err.Error()}
	}
	if c.Version == 0 && c.Stream == "" {
		c.Stream = e.Stream
	}
	switch {
	case e.Stream != c.Stream:
		return &ChainError{c.Stream, c.Version + 1, "belongs to " + e.Stream}
	case e.Sequence != c.Version+1:
		return &ChainError{c.Stream, c.Version + 1, fmt.Sprintf("has sequence %d", e.Sequence)}
	case e.PrevHash != c.Head:
		return &ChainError{c.Stream, c.Version + 1, "does not follow from the event before it"}
	}
	c.Version, c.Head = e.Sequence, hash
	return nil
}
