package redis

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// memory watches how near Redis is to its limit. New work is refused before the limit is reached, so
// that what has begun can finish.
type memory struct {
	store *Store
	full  atomic.Bool
}

const memoryInterval = 500 * time.Millisecond

func newMemory(s *Store) *memory {
	m := &memory{store: s}
	ctx, cancel := context.WithTimeout(context.Background(), s.opts.Timeout)
	m.look(ctx)
	cancel()
	_ = s.start(m.run)
	return m
}

// scarce reports whether only the reserve is left.
func (m *memory) scarce() bool { return m.full.Load() }

func (m *memory) run() {
	tick := time.NewTicker(memoryInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			ctx, cancel := context.WithTimeout(context.Background(), m.store.opts.Timeout)
			m.look(ctx)
			cancel()
		case <-m.store.done:
			return
		}
	}
}

func (m *memory) look(ctx context.Context) {
	text, err := m.store.commands.Info(ctx, "memory").Result()
	if err != nil {
		return // whoever needs Redis now learns it too
	}
	info := parseInfo(text)
	used, limit := info.number("used_memory"), info.number("maxmemory")
	full := limit > 0 && float64(used) > float64(limit)*(1-m.store.opts.Reserve)
	if m.full.Swap(full) != full {
		m.store.opts.Logger.Warn("redis memory", "used", used, "limit", limit, "newWorkRefused", full)
	}
}

// info is what INFO answers.
type info map[string]string

func parseInfo(text string) info {
	out := info{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			out[name] = value
		}
	}
	return out
}

func (i info) number(name string) int64 {
	n, _ := strconv.ParseInt(i[name], 10, 64)
	return n
}
