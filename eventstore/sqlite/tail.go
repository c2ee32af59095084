package sqlite

import (
	"context"
	"sync"
	"sync/atomic"

	"tapedeck/eventstore"
)

// tail knows the last committed position and wakes who waits for the next.
type tail struct {
	last    atomic.Uint64
	closing chan struct{}

	mu    sync.Mutex
	grown chan struct{}
}

func newTail(last uint64, closing chan struct{}) *tail {
	t := &tail{closing: closing, grown: make(chan struct{})}
	t.last.Store(last)
	return t
}

// advance is called after the commit, so that whoever is woken can read.
func (t *tail) advance(last uint64) {
	if t.last.Swap(last) == last {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.grown)
	t.grown = make(chan struct{})
}

// wait takes the channel before it looks at last: no wake-up is lost (TestWait in the suite).
func (t *tail) wait(ctx context.Context, after eventstore.Position) error {
	for {
		t.mu.Lock()
		grown := t.grown
		t.mu.Unlock()
		select {
		case <-t.closing:
			return eventstore.ErrClosed
		default:
		}
		if (eventstore.Position{Hi: t.last.Load()}).After(after) {
			return nil
		}
		select {
		case <-grown:
		case <-t.closing:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
