// Package queue decides what may happen to a queue: it can be paused, drained and resumed. Pure, in
// the manner of package job.
package queue

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/event"
)

// Mode is what a queue does.
type Mode string

// The modes. A paused queue takes jobs in and hands none out. A draining one hands out what it has
// and takes none in.
const (
	ModeRunning  Mode = "running"
	ModePaused   Mode = "paused"
	ModeDraining Mode = "draining"
)

// Stream is the name of a queue's stream.
func Stream(name string) string { return "queue/" + name }

// State is a queue at one version. The zero State is a running queue that nobody ever touched.
type State struct {
	Name    string     `json:"name"`
	Mode    Mode       `json:"mode"`
	Reason  string     `json:"reason,omitempty"`
	Since   time.Time  `json:"since,omitzero"`
	Version uint64     `json:"version"`
	Head    event.Hash `json:"-"`
}

// Changed is the only event of a queue; its envelope type is "queue.paused", "queue.draining" or
// "queue.resumed" by its mode.
type Changed struct {
	Mode   Mode   `json:"mode"`
	Reason string `json:"reason,omitempty"`
}

// EventType is the type in the envelope.
func (c Changed) EventType() string {
	if c.Mode == ModeRunning {
		return "queue.resumed"
	}
	return "queue." + string(c.Mode)
}

// Types lists the event types of a queue.
func Types() []string { return []string{"queue.resumed", "queue.paused", "queue.draining"} }

// Decide returns the event that brings the queue into a mode, or none when it is in that mode.
func Decide(s State, mode Mode, reason string) ([]Changed, error) {
	switch mode {
	case ModeRunning, ModePaused, ModeDraining:
	default:
		return nil, fmt.Errorf("unknown queue mode %q", mode)
	}
	if s.Mode == mode || (s.Mode == "" && mode == ModeRunning) {
		return nil, nil
	}
	return []Changed{{Mode: mode, Reason: reason}}, nil
}

// Fold applies one stored event.
func Fold(s State, e event.Event, hash event.Hash) (State, error) {
	var c Changed
	if err := json.Unmarshal(e.Data, &c); err != nil {
		return s, fmt.Errorf("decode %s: %w", e.Type, err)
	}
	s.Name, s.Mode, s.Reason, s.Since = e.Subject, c.Mode, c.Reason, e.Time
	s.Version, s.Head = e.Sequence, hash
	return s, nil
}

// Encode returns the event's data.
func Encode(c Changed) (jsontext.Value, error) { return json.Marshal(c) }
