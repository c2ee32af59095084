package workers

import "context"

// slots bound how much happens at a time.
type slots struct{ free chan struct{} }

func newSlots(n int) *slots {
	s := &slots{free: make(chan struct{}, n)}
	for range n {
		s.free <- struct{}{}
	}
	return s
}

// take waits for a slot; it is false when ctx ended first. A nil slots has room for everything.
func (s *slots) take(ctx context.Context) bool {
	if s == nil {
		return true
	}
	select {
	case <-s.free:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *slots) give() {
	if s != nil {
		s.free <- struct{}{}
	}
}
