package wire

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
)

// member is a connection that a Set can end.
type member interface {
	Abort()
	closeAway()
	closePanicked()
}

// Set is every detached connection of a server: fiber's own shutdown does not know them.
type Set struct {
	log     *slog.Logger
	ctx     context.Context
	cancel  context.CancelFunc
	mu      sync.Mutex
	members map[member]struct{}
	shut    bool
	running sync.WaitGroup
}

// NewSet returns an empty set.
func NewSet(log *slog.Logger) *Set {
	ctx, cancel := context.WithCancel(context.Background())
	return &Set{log: log, ctx: ctx, cancel: cancel, members: map[member]struct{}{}}
}

// Len is how many connections are open.
func (s *Set) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.members)
}

// Shutdown tells all clients that the server goes away (1001, the end of a stream), takes no more, and returns when
// every run function has; connections that are still there when ctx ends are cut. Calling it again is harmless.
func (s *Set) Shutdown(ctx context.Context) {
	s.mu.Lock()
	s.shut = true
	open := make([]member, 0, len(s.members))
	for m := range s.members {
		open = append(open, m)
	}
	s.mu.Unlock()
	var closing sync.WaitGroup
	for _, m := range open {
		closing.Go(m.closeAway)
	}
	done := make(chan struct{})
	go func() {
		closing.Wait()
		s.cancel()
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return
	case <-ctx.Done():
	}
	s.cancel()
	for _, m := range open {
		m.Abort()
	}
	<-done
}

func (s *Set) closed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shut
}

// run starts f in its own goroutine, so that fasthttp can let go of the request.
func (s *Set) run(m member, f func(context.Context)) {
	s.mu.Lock()
	if s.shut {
		s.mu.Unlock()
		m.Abort()
		return
	}
	s.members[m] = struct{}{}
	s.running.Add(1)
	s.mu.Unlock()
	go func() {
		defer s.running.Done()
		defer s.leave(m)
		defer s.rescue(m)
		f(s.ctx)
	}()
}

func (s *Set) leave(m member) {
	m.Abort()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.members, m)
}

// rescue keeps a panic in one connection from ending the process: no middleware is above a detached connection.
func (s *Set) rescue(m member) {
	if p := recover(); p != nil {
		s.log.Error("live connection panicked", "panic", p, "stack", string(debug.Stack()))
		m.closePanicked()
	}
}
