package handlers

import (
	"context"
	"sync"
	"time"

	"tapedeck/domain/queue"
	"tapedeck/handlers/problem"
)

// queueModes knows which queues take no jobs in. Every submission asks it, so it asks the store about a queue at most
// once in modeAge: a drain reaches the other API processes within that time.
type queueModes struct {
	load func(ctx context.Context, name string) (queue.State, error)
	now  func() time.Time

	mu    sync.Mutex
	known map[string]knownMode
}

type knownMode struct {
	mode queue.Mode
	at   time.Time
}

const (
	modeAge = time.Second
	// maxModes bounds the memory that names of queues can take.
	maxModes = 10_000
)

func newQueueModes(load func(context.Context, string) (queue.State, error), now func() time.Time) *queueModes {
	return &queueModes{load: load, now: now, known: map[string]knownMode{}}
}

// admits fails with a conflict when the queue is draining.
func (m *queueModes) admits(ctx context.Context, name string) error {
	mode, fresh := m.get(name)
	if !fresh {
		s, err := m.load(ctx, name)
		if err != nil {
			return err
		}
		mode = s.Mode
		m.put(name, mode)
	}
	if mode == queue.ModeDraining {
		return problem.New(problem.Conflict, "the queue "+name+" is draining and takes no new jobs",
			problem.Field{Path: "/queue", Message: "draining"})
	}
	return nil
}

func (m *queueModes) get(name string) (queue.Mode, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.known[name]
	return k.mode, ok && m.now().Sub(k.at) < modeAge
}

func (m *queueModes) put(name string, mode queue.Mode) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.known) >= maxModes {
		clear(m.known)
	}
	m.known[name] = knownMode{mode, m.now()}
}
