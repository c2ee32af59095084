package workers_test

import (
	"context"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"tapedeck/eventstore"
)

// gate stands between one worker and the store: shut, every call waits (the worker is frozen, as by
// SIGSTOP, or cut off) until it opens; down, every call fails as when the store cannot be reached.
type gate struct {
	eventstore.Store
	mu   sync.Mutex
	shut chan struct{} // closed when it opens; nil: open
	down bool
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = make(chan struct{})
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut != nil {
		close(g.shut)
	}
	g.shut, g.down = nil, false
}

func (g *gate) fail() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.down = true
}

func (g *gate) pass() error {
	for {
		g.mu.Lock()
		shut, down := g.shut, g.down
		g.mu.Unlock()
		if down {
			return eventstore.ErrUnavailable
		}
		if shut == nil {
			return nil
		}
		<-shut
	}
}

// Subscriber takes nothing while it is shut.
func (g *gate) Subscriber(r eventstore.Reader) (message.Subscriber, error) {
	slots := r.Slots
	r.Slots = func() int {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.shut != nil {
			return 0
		}
		return slots()
	}
	return g.Store.Subscriber(r)
}

func (g *gate) Append(ctx context.Context, a eventstore.Append) (eventstore.Appended, error) {
	if err := g.pass(); err != nil {
		return eventstore.Appended{}, err
	}
	return g.Store.Append(ctx, a)
}

func (g *gate) ReadStream(ctx context.Context, stream string, from uint64, limit int) ([]eventstore.Recorded, error) {
	if err := g.pass(); err != nil {
		return nil, err
	}
	return g.Store.ReadStream(ctx, stream, from, limit)
}

func (g *gate) Tail(ctx context.Context) (eventstore.Cursor, error) {
	if err := g.pass(); err != nil {
		return eventstore.Cursor{}, err
	}
	return g.Store.Tail(ctx)
}

func (g *gate) Renew(ctx context.Context, stream, token string) (uint64, error) {
	if err := g.pass(); err != nil {
		return 0, err
	}
	return g.Store.Renew(ctx, stream, token)
}

func (g *gate) LeaseOf(ctx context.Context, stream string) (eventstore.Lease, bool, error) {
	if err := g.pass(); err != nil {
		return eventstore.Lease{}, false, err
	}
	return g.Store.LeaseOf(ctx, stream)
}

func (g *gate) Due(ctx context.Context, limit int) ([]eventstore.Deadline, time.Time, time.Time, error) {
	if err := g.pass(); err != nil {
		return nil, time.Time{}, time.Time{}, err
	}
	return g.Store.Due(ctx, limit)
}

func (g *gate) Heartbeat(ctx context.Context, w eventstore.Worker, ttl time.Duration) error {
	if err := g.pass(); err != nil {
		return err
	}
	return g.Store.Heartbeat(ctx, w, ttl)
}
