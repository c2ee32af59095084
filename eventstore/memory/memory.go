// Package memory keeps a log in memory: for tests, and the shortest complete statement of what a
// back end does. Nothing survives the process.
package memory

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"tapedeck/domain/event"
	"tapedeck/eventstore"
)

// Store implements eventstore.Store. Make one with New.
type Store struct {
	epoch string
	now   func() time.Time

	mu        sync.Mutex
	grown     chan struct{} // closed and replaced at each change
	closed    bool
	log       []entry
	streams   map[string][]int // indexes into log
	deadlines map[string]time.Time
	leases    map[string]eventstore.Lease
	watches   map[string][]eventstore.Watch
	topics    map[string]*topic
	paused    map[string]bool
	workers   map[string]lease
	done      chan struct{}
	readers   sync.WaitGroup
}

type entry struct {
	recorded eventstore.Recorded
	at       time.Time
}

type lease struct {
	worker  eventstore.Worker
	expires time.Time
}

// New returns an empty store that reads the given clock; nil is time.Now.
func New(now func() time.Time) *Store {
	if now == nil {
		now = time.Now
	}
	return &Store{
		epoch: strings.ToLower(rand.Text()[:8]), now: now,
		grown: make(chan struct{}), done: make(chan struct{}),
		streams: map[string][]int{}, deadlines: map[string]time.Time{}, leases: map[string]eventstore.Lease{},
		watches: map[string][]eventstore.Watch{}, topics: map[string]*topic{}, paused: map[string]bool{},
		workers: map[string]lease{},
	}
}

// Close implements eventstore.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.done)
	s.mu.Unlock()
	s.readers.Wait()
	return nil
}

// Health implements eventstore.Store.
func (s *Store) Health(context.Context) eventstore.Health {
	h := eventstore.Health{Backend: "memory", Durability: "none: everything is lost with the process"}
	h.Err = s.locked(func() error { return nil })
	return h
}

// Epoch implements eventstore.Log.
func (s *Store) Epoch() string { return s.epoch }

// locked runs f under the mutex, unless the store is closed.
func (s *Store) locked(f func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return eventstore.ErrClosed
	}
	return f()
}

// changed wakes everything that waits; the mutex is held.
func (s *Store) changed() {
	close(s.grown)
	s.grown = make(chan struct{})
}

// Append implements eventstore.Store.
func (s *Store) Append(ctx context.Context, a eventstore.Append) (out eventstore.Appended, err error) {
	if err := errors.Join(a.Validate(), ctx.Err()); err != nil {
		return out, err
	}
	err = s.locked(func() error {
		if dup, ok := s.duplicate(a); ok {
			out = dup
			return nil
		}
		if err := s.check(a); err != nil {
			return err
		}
		out, err = s.write(a)
		if err == nil {
			s.effects(a)
			s.changed()
		}
		return err
	})
	return out, err
}

func (s *Store) duplicate(a eventstore.Append) (eventstore.Appended, bool) {
	out := eventstore.Appended{Duplicate: true}
	for _, w := range a.Writes {
		at := s.streams[w.Stream]
		first := int(w.Expect.Version())
		if len(at) < first+len(w.Events) {
			return out, false
		}
		var positions []eventstore.Position
		for i, e := range w.Events {
			r := s.log[at[first+i]].recorded
			if r.ID != e.ID {
				return out, false
			}
			positions = append(positions, r.Position)
		}
		out.Positions = append(out.Positions, positions)
	}
	return out, true
}

func (s *Store) check(a eventstore.Append) error {
	for _, w := range a.Writes {
		at := s.streams[w.Stream]
		if uint64(len(at)) != w.Expect.Version() {
			return eventstore.ErrConflict
		}
		if len(at) > 0 && s.log[at[len(at)-1]].recorded.Hash != w.Prev {
			return eventstore.ErrConflict
		}
	}
	for _, h := range a.Holds {
		l, ok := s.leases[h.Stream]
		if !ok || l.Token != h.Token || (h.Still && l.Counter != h.Counter) {
			return eventstore.ErrLeaseLost
		}
	}
	return nil
}

func (s *Store) write(a eventstore.Append) (eventstore.Appended, error) {
	var out eventstore.Appended
	var all []eventstore.Recorded
	for _, w := range a.Writes {
		var positions []eventstore.Position
		for _, e := range w.Events {
			ev, hash, err := event.Parse(e.Stored)
			if err != nil {
				return out, err
			}
			p := eventstore.Position{Hi: uint64(len(s.log) + len(all) + 1)}
			all = append(all, eventstore.Recorded{Event: ev, Position: p, Hash: hash, Stored: e.Stored})
			positions = append(positions, p)
		}
		out.Positions = append(out.Positions, positions)
	}
	at := s.now()
	if n := len(s.log); n > 0 && s.log[n-1].at.After(at) {
		at = s.log[n-1].at
	}
	for _, r := range all {
		s.streams[r.Stream] = append(s.streams[r.Stream], len(s.log))
		s.log = append(s.log, entry{r, at})
	}
	return out, nil
}

func (s *Store) effects(a eventstore.Append) {
	for _, h := range a.Holds {
		if l := s.leases[h.Stream]; h.Touch {
			l.Counter++
			s.leases[h.Stream] = l
		}
	}
	for _, d := range a.Deadlines {
		if d.At.IsZero() {
			delete(s.deadlines, d.Stream)
		} else {
			s.deadlines[d.Stream] = d.At
		}
	}
	for _, stream := range a.Ends {
		delete(s.leases, stream)
	}
	for _, g := range a.Grants {
		s.leases[g.Stream] = eventstore.Lease{Stream: g.Stream, Token: g.Token, Counter: 1, TTL: g.TTL}
		s.deadlines[g.Stream] = s.now().Add(g.TTL)
	}
	for _, q := range a.Enqueue {
		e := a.Writes[q.Write].Events[q.Event]
		payload := q.Payload
		if payload == nil {
			payload = e.Stored
		}
		s.enqueue(q.Topic, e.ID, payload)
	}
	for _, w := range a.Watches {
		if !slices.Contains(s.watches[w.Stream], w) {
			s.watches[w.Stream] = append(s.watches[w.Stream], w)
		}
		s.enqueue(w.Topic, w.MessageID(), w.Message())
	}
	for _, stream := range a.Wakes {
		for _, w := range s.watches[stream] {
			s.enqueue(w.Topic, w.MessageID(), w.Message())
		}
		delete(s.watches, stream)
	}
	for _, m := range a.Modes {
		s.paused[m.Prefix] = m.Paused
	}
}

// ReadStream implements eventstore.Log.
func (s *Store) ReadStream(_ context.Context, stream string, from uint64, limit int) (out []eventstore.Recorded, err error) {
	err = s.locked(func() error {
		at := s.streams[stream]
		for i := int(max(from, 1)) - 1; i < len(at) && len(out) < limit; i++ {
			out = append(out, s.log[at[i]].recorded)
		}
		return nil
	})
	return out, err
}

// ReadAll implements eventstore.Log.
func (s *Store) ReadAll(_ context.Context, after eventstore.Position, limit int) (b eventstore.Batch, err error) {
	b.Next = after
	err = s.locked(func() error {
		for i := s.index(after); i < len(s.log) && len(b.Events) < limit; i++ {
			b.Events = append(b.Events, s.log[i].recorded)
			b.Next = s.log[i].recorded.Position
		}
		return nil
	})
	return b, err
}

// ReadBack implements eventstore.Log.
func (s *Store) ReadBack(_ context.Context, before eventstore.Position, limit int) (b eventstore.Batch, err error) {
	b.Next = before
	err = s.locked(func() error {
		i := min(before.Hi, uint64(len(s.log))+1)
		for ; i > 1 && len(b.Events) < limit; i-- {
			b.Events = append(b.Events, s.log[i-2].recorded)
			b.Next = s.log[i-2].recorded.Position
		}
		return nil
	})
	return b, err
}

// index is where the entries behind a position begin; the mutex is held.
func (s *Store) index(after eventstore.Position) int {
	return int(min(after.Hi, uint64(len(s.log))))
}

// Wait implements eventstore.Log.
func (s *Store) Wait(ctx context.Context, after eventstore.Position) error {
	for {
		s.mu.Lock()
		grown, ready, closed := s.grown, s.index(after) < len(s.log), s.closed
		s.mu.Unlock()
		if closed {
			return eventstore.ErrClosed
		}
		if ready {
			return nil
		}
		select {
		case <-grown:
		case <-s.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Tail implements eventstore.Log.
func (s *Store) Tail(context.Context) (c eventstore.Cursor, err error) {
	c = eventstore.Start(s.epoch)
	err = s.locked(func() error {
		if n := len(s.log); n > 0 {
			c = s.log[n-1].recorded.Cursor(s.epoch)
		}
		return nil
	})
	return c, err
}

// Resolve implements eventstore.Log.
func (s *Store) Resolve(_ context.Context, c eventstore.Cursor) error {
	if c.Epoch != s.epoch {
		return &eventstore.GoneError{Cursor: c, Reason: eventstore.GoneForeign, Detail: "this log's epoch is " + s.epoch}
	}
	return s.locked(func() error {
		if c == eventstore.Start(s.epoch) {
			return nil
		}
		i := c.Position.Hi - 1
		if c.Position.Lo != 0 || i >= uint64(len(s.log)) || s.log[i].recorded.Cursor(s.epoch) != c {
			return &eventstore.GoneError{Cursor: c, Reason: eventstore.GoneLost, Detail: "the log holds no such event"}
		}
		return nil
	})
}

// At implements eventstore.Log.
func (s *Store) At(_ context.Context, t time.Time) (c eventstore.Cursor, err error) {
	c = eventstore.Start(s.epoch)
	err = s.locked(func() error {
		i, _ := slices.BinarySearchFunc(s.log, t, func(e entry, t time.Time) int { return cmp.Compare(e.at.UnixNano(), t.UnixNano()) })
		if i > 0 {
			c = s.log[i-1].recorded.Cursor(s.epoch)
		}
		return nil
	})
	return c, err
}

// Renew implements eventstore.Leases.
func (s *Store) Renew(_ context.Context, stream, token string) (version uint64, err error) {
	err = s.locked(func() error {
		l, ok := s.leases[stream]
		if !ok || l.Token != token {
			return eventstore.ErrLeaseLost
		}
		l.Counter++
		s.leases[stream] = l
		s.deadlines[stream] = s.now().Add(l.TTL)
		version = uint64(len(s.streams[stream]))
		return nil
	})
	return version, err
}

// LeaseOf implements eventstore.Leases.
func (s *Store) LeaseOf(_ context.Context, stream string) (l eventstore.Lease, ok bool, err error) {
	err = s.locked(func() error {
		l, ok = s.leases[stream]
		return nil
	})
	return l, ok, err
}

// Due implements eventstore.Deadlines.
func (s *Store) Due(_ context.Context, limit int) (due []eventstore.Deadline, now, next time.Time, err error) {
	err = s.locked(func() error {
		now = s.now()
		for stream, at := range s.deadlines {
			switch {
			case !at.After(now):
				due = append(due, eventstore.Deadline{Stream: stream, At: at})
			case next.IsZero() || at.Before(next):
				next = at
			}
		}
		slices.SortFunc(due, func(a, b eventstore.Deadline) int {
			return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Stream, b.Stream))
		})
		due = due[:min(limit, len(due))]
		return nil
	})
	return due, now, next, err
}

// Postpone implements eventstore.Deadlines.
func (s *Store) Postpone(_ context.Context, d eventstore.Deadline, to time.Time) error {
	return s.locked(func() error {
		if at, ok := s.deadlines[d.Stream]; ok && at.Equal(d.At) {
			s.deadlines[d.Stream] = to
		}
		return nil
	})
}

// Heartbeat implements eventstore.Registry.
func (s *Store) Heartbeat(_ context.Context, w eventstore.Worker, ttl time.Duration) error {
	return s.locked(func() error {
		w.HeartbeatAt = s.now()
		s.workers[w.ID] = lease{w, w.HeartbeatAt.Add(ttl)}
		return nil
	})
}

// Leave implements eventstore.Registry.
func (s *Store) Leave(_ context.Context, id string) error {
	return s.locked(func() error {
		delete(s.workers, id)
		return nil
	})
}

// Workers implements eventstore.Registry.
func (s *Store) Workers(context.Context) (out []eventstore.Worker, err error) {
	err = s.locked(func() error {
		now := s.now()
		for _, l := range s.workers {
			if l.expires.After(now) {
				out = append(out, l.worker)
			}
		}
		slices.SortFunc(out, func(a, b eventstore.Worker) int {
			return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
		})
		return nil
	})
	return out, err
}
