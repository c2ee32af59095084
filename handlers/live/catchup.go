package live

import (
	"context"
	"errors"
	"slices"
	"sort"
	"time"

	"tapedeck/eventstore"
	"tapedeck/handlers/problem"
)

// catchUp reads the log for one subscription until it can join its group. It is the only one that moves the
// subscription's cursor meanwhile, and never past what the hub has handed out.
func (h *Hub) catchUp(s *Sub) {
	pause := minPause
	for {
		if s.client.room(s.ctx) != nil {
			return
		}
		joined, err := h.join(s)
		if joined {
			return
		}
		if err == nil {
			err = h.step(s)
		}
		switch {
		case s.ctx.Err() != nil:
			return
		case err == nil:
			pause = minPause
			continue
		case !errors.Is(err, eventstore.ErrUnavailable):
			h.fail(s, err)
			return
		}
		select {
		case <-time.After(pause):
		case <-s.ctx.Done():
		}
		pause = min(2*pause, maxPause)
	}
}

// fail ends a subscription that cannot go on, and says why.
func (h *Hub) fail(s *Sub, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.ended {
		return
	}
	var gone *eventstore.GoneError
	if errors.As(err, &gone) {
		h.gone(s, gone)
		return
	}
	p := problem.Of(err)
	if p == nil {
		h.cfg.Logger.Error("a subscription failed", "subscription", s.id, "err", err)
		p = problem.New(problem.Internal, "the subscription failed")
	}
	h.end(s)
	s.client.send(message{Op: opError, Ref: s.ref, Subscription: s.id, Problem: p})
}

// join makes the subscription a member if the hub has kept everything that it misses. When the hub is behind the
// subscription (a cursor that another process gave) or its goal, it waits for it.
func (h *Hub) join(s *Sub) (joined bool, err error) {
	if s.match.needsLabels() {
		if err := h.labels.warm(s.ctx, h.missed(s)); err != nil {
			return false, err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.ended {
		return true, nil
	}
	if h.cursor.IsZero() || s.cursor.Position.After(h.cursor.Position) || s.goal.After(h.cursor.Position) {
		return false, h.waitMoved(s.ctx)
	}
	if h.floor.After(s.cursor.Position) {
		return false, nil
	}
	rest := h.behind(s.cursor.Position)
	if len(rest) > joinSize {
		return false, nil
	}
	if s.match.needsLabels() {
		if err := h.labels.fill(s.ctx, rest); err != nil {
			return false, err
		}
	}
	if s.mode == Coalesce {
		h.seatFolding(s, s.matching(rest))
		return true, nil
	}
	key := stretchKey{group: s.key(), from: s.cursor.Position, to: h.cursor.Position}
	missed, err := h.stretches.get(s.ctx, key, func() (stretch, error) {
		run := s.matching(rest)
		st := stretch{reached: h.cursor}.of(run)
		if st.size <= s.client.limit/2 {
			st.frames = encodeRuns(s.client.encoding, s.id, run)
		}
		return st, nil
	})
	if err != nil || missed.size > s.client.limit/2 {
		return false, err
	}
	h.seat(s, missed)
	return true, nil
}

func (s *Sub) key() groupKey { return groupKey{s.id, s.client.encoding.name()} }

// behind is what the ring holds behind a position; h.mu is held.
func (h *Hub) behind(p eventstore.Position) []*Entry {
	i := sort.Search(len(h.ring), func(i int) bool { return h.ring[i].Position.After(p) })
	return h.ring[i:]
}

// missed is a copy of what join would have to hand over now.
func (h *Hub) missed(s *Sub) []*Entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	rest := h.behind(s.cursor.Position)
	return slices.Clone(rest[:min(len(rest), joinSize)])
}

// seat sends what the subscription misses and adds it to its group; h.mu is held. Half of the queue was free a moment
// ago, and what is missed is not larger.
func (h *Hub) seat(s *Sub, missed stretch) {
	h.groups.join(s, h.cursor)
	if len(missed.frames) > 0 {
		s.client.force(missed.frames)
	}
	h.counts.events += int64(missed.matched)
	s.client.send(message{Op: opCaughtUp, Subscription: s.id, Cursor: h.cursor.String()})
}

// seatFolding does so for a subscription that folds what it misses into its next message.
func (h *Hub) seatFolding(s *Sub, run []*Entry) {
	g := h.groups.join(s, h.cursor)
	g.fold(run)
	if g.told.Position.After(s.cursor.Position) {
		g.told = s.cursor // what is folded now is not told yet
	}
	h.counts.events += int64(len(run))
	s.client.send(message{Op: opCaughtUp, Subscription: s.id, Cursor: g.told.String()})
}

// waitMoved waits for the hub to move, with h.mu released meanwhile.
func (h *Hub) waitMoved(ctx context.Context) error {
	moved := h.moved
	h.mu.Unlock()
	defer h.mu.Lock()
	select {
	case <-moved:
	case <-time.After(maxPause):
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

func (s *Sub) matching(entries []*Entry) []*Entry {
	var run []*Entry
	for _, e := range entries {
		if s.match.matches(e) {
			run = append(run, e)
		}
	}
	return run
}

// step queues what matches in one stretch of the log.
func (h *Hub) step(s *Sub) error {
	st, err := h.stretch(s)
	if err != nil || st.reached.IsZero() {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.ended {
		return nil
	}
	s.cursor = st.reached
	if st.matched > 0 {
		s.at = st.last
	}
	h.counts.events += int64(st.matched)
	s.client.force(st.frames)
	return nil
}

// stretch reads the log behind the subscription's cursor; the zero stretch is the end of what was handed out.
func (h *Hub) stretch(s *Sub) (stretch, error) {
	if s.mode == Coalesce {
		return h.makeStretch(s)
	}
	key := stretchKey{group: s.key(), from: s.cursor.Position, step: true}
	return h.stretches.get(s.ctx, key, func() (stretch, error) { return h.makeStretch(s) })
}

func (h *Hub) makeStretch(s *Sub) (stretch, error) {
	entries, err := h.read(s, h.Cursor().Position)
	if err != nil || len(entries) == 0 {
		return stretch{}, err
	}
	run, reached := s.take(entries)
	st := stretch{reached: reached}.of(run)
	st.frames, err = h.frames(s, run, reached)
	return st, err
}

// take returns what matches, no more than half a queue of it, and how far that reaches.
func (s *Sub) take(entries []*Entry) (run []*Entry, reached eventstore.Cursor) {
	size := 0
	for _, e := range entries {
		if s.match.matches(e) {
			if size += len(e.Stored); size > s.client.limit/2 && len(run) > 0 {
				return run, reached
			}
			run = append(run, e)
		}
		reached = e.cursor
	}
	return run, reached
}

// frames says what a stretch means to the subscription: its events, the jobs they changed, or how far was searched.
func (h *Hub) frames(s *Sub, run []*Entry, reached eventstore.Cursor) ([][]byte, error) {
	if len(run) == 0 {
		frame := s.client.encoding.control(message{Op: opScanned, Subscription: s.id, Cursor: reached.String()})
		if frame == nil {
			return nil, nil
		}
		return [][]byte{frame}, nil
	}
	if s.mode == Coalesce {
		return h.coalesced(s, run, reached)
	}
	return encodeRuns(s.client.encoding, s.id, run), nil
}

// read returns the next stretch of the log, up to and with end. It takes one of the slots for the time of the read
// only: a client that is slow to take the events keeps none.
func (h *Hub) read(s *Sub, end eventstore.Position) ([]*Entry, error) {
	select {
	case h.reading <- struct{}{}:
	case <-s.ctx.Done():
		return nil, s.ctx.Err()
	}
	defer func() { <-h.reading }()
	batch, err := h.cfg.Source.ReadAll(s.ctx, s.cursor.Position, stepSize)
	if err != nil {
		return nil, err
	}
	entries := make([]*Entry, 0, len(batch.Events))
	for _, r := range batch.Events {
		if r.Position.After(end) {
			break
		}
		entries = append(entries, NewEntry(r, h.log.Epoch()))
	}
	if s.match.needsLabels() {
		err = h.labels.fill(s.ctx, entries)
	}
	return entries, err
}
