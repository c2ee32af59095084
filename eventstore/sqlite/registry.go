package sqlite

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"tapedeck/eventstore"
)

// registry lists the workers. They live in this very process, so that memory is the right place.
type registry struct {
	clock *clock
	mu    sync.Mutex
	alive map[string]registered
}

type registered struct {
	worker eventstore.Worker
	until  int64
}

func newRegistry(c *clock) *registry { return &registry{clock: c, alive: map[string]registered{}} }

// Heartbeat implements eventstore.Registry.
func (s *Store) Heartbeat(_ context.Context, w eventstore.Worker, ttl time.Duration) error {
	return s.registry.change(s.closing, func(now int64) {
		w.HeartbeatAt = fromMicro(now)
		s.registry.alive[w.ID] = registered{w, now + ttl.Microseconds()}
	})
}

// Leave implements eventstore.Registry.
func (s *Store) Leave(_ context.Context, id string) error {
	return s.registry.change(s.closing, func(int64) { delete(s.registry.alive, id) })
}

// Workers implements eventstore.Registry.
func (s *Store) Workers(context.Context) (out []eventstore.Worker, err error) {
	err = s.registry.change(s.closing, func(int64) {
		for _, r := range s.registry.alive {
			out = append(out, r.worker)
		}
	})
	slices.SortFunc(out, func(a, b eventstore.Worker) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return out, err
}

// change drops who is overdue and runs f.
func (r *registry) change(closing chan struct{}, f func(now int64)) error {
	select {
	case <-closing:
		return eventstore.ErrClosed
	default:
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.clock.now()
	for id, w := range r.alive {
		if w.until <= now {
			delete(r.alive, id)
		}
	}
	f(now)
	return nil
}
