package workers

import (
	"context"
	"sync"
)

// attempts is the set of those under way, and the number of claims that may become one.
type attempts struct {
	mu      sync.Mutex
	set     map[*attempt]struct{}
	claims  int
	changed chan struct{}
}

// claiming counts a claim that begins (1) or is over (-1). An attempt is added before its claim is over.
func (r *attempts) claiming(n int) {
	r.mu.Lock()
	r.claims += n
	over := r.claims == 0
	r.mu.Unlock()
	if over && n < 0 {
		r.signal()
	}
}

func (r *attempts) signal() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

func (r *attempts) add(a *attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.set == nil {
		r.set = map[*attempt]struct{}{}
	}
	r.set[a] = struct{}{}
}

func (r *attempts) remove(a *attempt) {
	r.mu.Lock()
	delete(r.set, a)
	empty := len(r.set) == 0
	r.mu.Unlock()
	if empty {
		r.signal()
	}
}

// each calls f under the lock: f must be quick.
func (r *attempts) each(f func(*attempt)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for a := range r.set {
		f(a)
	}
}

func (r *attempts) list() (out []*attempt) {
	r.each(func(a *attempt) { out = append(out, a) })
	return out
}

func (r *attempts) waitEmpty(ctx context.Context) {
	r.wait(ctx, func() bool { return len(r.set) == 0 })
}

func (r *attempts) waitClaimed(ctx context.Context) {
	r.wait(ctx, func() bool { return r.claims == 0 })
}

// wait serves one goroutine at a time.
func (r *attempts) wait(ctx context.Context, over func() bool) {
	for {
		r.mu.Lock()
		done := over()
		r.mu.Unlock()
		if done {
			return
		}
		select {
		case <-r.changed:
		case <-ctx.Done():
			return
		}
	}
}
