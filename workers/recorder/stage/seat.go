package stage

import (
	"context"
	"io"
	"slices"
	"sync"
)

const (
	// window is how many frames may be on their way to a viewer unacknowledged. Two keep the wire busy while the
	// first is drawn; more would be a queue.
	window = 2
	// maxWaiting bounds the messages that wait for a viewer who does not read.
	maxWaiting = 1024
)

// seat is one viewer. Its lock is taken after the stage's and never the other way round.
type seat struct {
	stage  *Stage
	viewer string
	wake   chan struct{} // has a token when there may be something to send

	mu       sync.Mutex
	waiting  []message
	frame    *picture // the newest
	sent     uint32   // number of the newest frame sent
	inFlight []uint32
	closed   bool
	ended    bool // what waits is the last
}

// message is one that waits. A newer one of the same kind takes its place; "" has no kind.
type message struct {
	kind string
	data []byte
}

// Next implements Seat.
func (s *seat) Next(ctx context.Context) ([]byte, bool, error) {
	for {
		data, binary, err := s.next()
		if data != nil || err != nil {
			return data, binary, err
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
}

func (s *seat) next() (data []byte, binary bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, false, ErrClosed
	case len(s.waiting) > 0:
		data = s.waiting[0].data
		s.waiting = slices.Delete(s.waiting, 0, 1)
		return data, false, nil
	case s.ended:
		return nil, false, io.EOF
	case s.frame != nil && s.frame.number > s.sent && len(s.inFlight) < window:
		s.sent = s.frame.number
		s.inFlight = append(s.inFlight, s.sent)
		return s.frame.message, true, nil
	}
	return nil, false, nil
}

// ack takes note that the viewer has drawn a frame, and with it those before.
func (s *seat) ack(frame uint32) {
	s.mu.Lock()
	s.inFlight = slices.DeleteFunc(s.inFlight, func(n uint32) bool { return n <= frame })
	s.mu.Unlock()
	s.poke()
}

// show offers a frame to the viewer in place of one that it has not been sent.
func (s *seat) show(p *picture) {
	s.mu.Lock()
	s.frame = p
	s.mu.Unlock()
	s.poke()
}

// push hands a message to the viewer.
func (s *seat) push(kind string, data []byte) {
	s.mu.Lock()
	if !s.ended && !s.closed {
		s.queue(kind, data)
	}
	s.mu.Unlock()
	s.poke()
}

func (s *seat) queue(kind string, data []byte) {
	i := -1
	if kind != "" {
		i = slices.IndexFunc(s.waiting, func(m message) bool { return m.kind == kind })
	}
	switch {
	case i >= 0:
		s.waiting[i].data = data
	case len(s.waiting) < maxWaiting:
		s.waiting = append(s.waiting, message{kind, data})
	default: // nobody reads: what was lost would not be missed by a viewer who comes back, it is told all anew
		s.waiting, s.frame, s.ended = nil, nil, true
	}
}

// end lets the viewer read what waits, then io.EOF.
func (s *seat) end(last []byte) {
	s.mu.Lock()
	if !s.ended {
		s.waiting, s.ended = append(s.waiting, message{"", last}), true
	}
	s.mu.Unlock()
	s.poke()
}

func (s *seat) fail(text string) { s.push("", encode(fault{Op: "error", Message: text})) }

func (s *seat) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *seat) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed || s.ended
}

// Take implements Seat.
func (s *seat) Take(ctx context.Context, msg []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.over() {
		return ErrClosed
	}
	c, err := decode(msg)
	if err != nil {
		s.fail(err.Error())
		return nil
	}
	if a, ok := c.(*ack); ok {
		s.ack(a.Frame)
		return nil
	}
	if err := s.stage.take(s, c); err != nil {
		s.fail(err.Error())
	}
	return nil
}

// Close implements Seat.
func (s *seat) Close() {
	s.mu.Lock()
	was := s.closed
	s.closed, s.waiting, s.frame = true, nil, nil
	s.mu.Unlock()
	s.poke()
	if !was {
		s.stage.leave(s)
	}
}
