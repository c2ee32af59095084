package stage

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"tapedeck/domain/recording"
)

var (
	// ErrNoStage: this process does not run the session, or no more.
	ErrNoStage = fmt.Errorf("stage: no such session here: %w", recording.ErrNotFound)
	// ErrFull: the session has as many viewers as it can have.
	ErrFull = errors.New("stage: the session has too many viewers")
	// ErrClosed: the seat was closed, or its session ended.
	ErrClosed = errors.New("stage: the seat is closed")
)

// Seat is one viewer of a session. It is an alias of an interface without a name, so that a port which spells out the
// same methods is the same type.
type Seat = interface {
	// Next returns what to send to the viewer next: a text message (JSON) or a binary one (a frame). It blocks until
	// there is one, and fails with io.EOF when the session ended, with ErrClosed when the seat was closed. One call at
	// a time.
	Next(ctx context.Context) (data []byte, binary bool, err error)
	// Take handles one text message of the viewer. A bad one is answered through Next; the error is ErrClosed.
	Take(ctx context.Context, msg []byte) error
	// Close ends the seat; a driver's place is free then.
	Close()
}

// Registry knows the stages of a process by their sessions. Its zero value is ready; all of it may be called from
// anywhere at once.
type Registry struct {
	mu     sync.Mutex
	stages map[string]*Stage
}

// Add makes a stage reachable; the returned function takes it away again. It fails when the session has one.
func (r *Registry) Add(s *Stage) (remove func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := s.cfg.SessionID
	if _, taken := r.stages[id]; taken {
		return nil, fmt.Errorf("stage: session %q has one already", id)
	}
	if r.stages == nil {
		r.stages = map[string]*Stage{}
	}
	r.stages[id] = s
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.stages[id] == s {
			delete(r.stages, id)
		}
	}, nil
}

// Join adds a viewer to a session. It fails with ErrNoStage when this process does not run it, and with ErrFull.
func (r *Registry) Join(ctx context.Context, sessionID, viewer string) (Seat, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r.mu.Lock()
	s, ok := r.stages[sessionID]
	r.mu.Unlock()
	if !ok {
		return nil, ErrNoStage
	}
	return s.Join(viewer)
}
