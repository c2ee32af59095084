package live

import (
	"context"
	"sync"
	"time"

	"tapedeck/eventstore"
)

// stretch is what a part of the log means to equal subscriptions.
type stretch struct {
	frames  [][]byte
	reached eventstore.Cursor
	matched int
	size    int       // stored bytes of what matched
	last    time.Time // of the last event that matched
}

// of notes what matched.
func (st stretch) of(run []*Entry) stretch {
	st.matched = len(run)
	for _, e := range run {
		st.size += len(e.Stored)
		st.last = e.Time
	}
	return st
}

// stretches keeps what was made of the log lately: equal subscriptions that fall back at the same place, as they do
// when a stream is faster than its clients, share the reading, the matching and the frames.
type stretches struct {
	mu    sync.Mutex
	made  map[stretchKey]*making
	order []stretchKey // the oldest first
}

// stretchKey names a stretch: who gets it, what it is behind, and whether it is one step, or all up to an end.
type stretchKey struct {
	group    groupKey
	step     bool
	from, to eventstore.Position
}

// making is a stretch that is made by the first who asks; done is closed then.
type making struct {
	done chan struct{}
	stretch
	err error
}

// maxStretches bounds what is kept: none is larger than half a client's queue.
const maxStretches = 128

// get returns the stretch, made now or a moment ago. One that could not be made, or that is empty, is not kept.
func (s *stretches) get(ctx context.Context, key stretchKey, work func() (stretch, error)) (stretch, error) {
	for {
		m, mine := s.find(key)
		if mine {
			m.stretch, m.err = work()
			if m.err != nil || len(m.frames) == 0 {
				s.drop(key)
			}
			close(m.done)
			return m.stretch, m.err
		}
		select {
		case <-m.done:
		case <-ctx.Done():
			return stretch{}, ctx.Err()
		}
		if m.err == nil {
			return m.stretch, nil
		}
		// Whoever made it may have been cut off: its fault is not this caller's.
	}
}

func (s *stretches) find(key stretchKey) (m *making, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.made[key]; m != nil {
		return m, false
	}
	if s.made == nil {
		s.made = map[stretchKey]*making{}
	}
	if len(s.order) == maxStretches {
		delete(s.made, s.order[0])
		s.order = append(s.order[:0], s.order[1:]...)
	}
	m = &making{done: make(chan struct{})}
	s.made[key] = m
	s.order = append(s.order, key)
	return m, true
}

func (s *stretches) drop(key stretchKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.made, key)
	for i, k := range s.order {
		if k == key {
			s.order = append(s.order[:i], s.order[i+1:]...)
			return
		}
	}
}

// clear forgets everything: nobody may need it any more.
func (s *stretches) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made, s.order = nil, nil
}
