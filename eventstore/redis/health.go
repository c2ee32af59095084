package redis

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"tapedeck/eventstore"
)

// Health implements eventstore.Store.
func (s *Store) Health(ctx context.Context) eventstore.Health {
	h := eventstore.Health{Backend: "redis", Durability: "unknown: redis cannot be asked"}
	h.Malformed, h.Warnings = s.passed.report()
	if h.Err = s.usable(); h.Err != nil {
		return h
	}
	if err := s.sameEpoch(ctx, s.commands); err != nil {
		h.Err = s.fault("health", err)
		return h
	}
	text, err := s.commands.Info(ctx, "server", "persistence", "memory", "stats").Result()
	if err != nil {
		h.Err = s.fault("health", err)
		return h
	}
	config, err := s.commands.ConfigGet(ctx, "*").Result()
	if err != nil {
		config = nil // a hosted Redis may forbid it
	}
	s.describe(&h, parseInfo(text), config)
	return h
}

func (s *Store) describe(h *eventstore.Health, info info, config map[string]string) {
	warn := func(format string, args ...any) { h.Warnings = append(h.Warnings, fmt.Sprintf(format, args...)) }
	h.Durability = durability(info, config)
	if info["aof_enabled"] != "1" {
		warn("redis keeps no append-only file: set appendonly yes")
	}
	if info["aof_enabled"] == "1" && info["aof_last_write_status"] != "ok" {
		warn("redis cannot write its append-only file (aof_last_write_status %s)", info["aof_last_write_status"])
	}
	if policy := info["maxmemory_policy"]; policy != "noeviction" {
		warn("redis may evict data (maxmemory-policy %s): set noeviction", policy)
	}
	if s.memory.scarce() {
		warn("redis is near its memory limit (%s of %s): new work is refused", info["used_memory_human"], info["maxmemory_human"])
	}
	if n := info.number("evicted_keys"); n > 0 {
		warn("redis has evicted %d keys: the log may have lost data", n)
	}
}

func durability(info info, config map[string]string) string {
	if info["aof_enabled"] != "1" {
		return "appendonly no: what was written since the last snapshot is lost with the Redis process"
	}
	switch config["appendfsync"] {
	case "always":
		return "appendfsync always: an acknowledged append survives a kill and a power failure"
	case "everysec":
		return "appendfsync everysec: a kill or a power failure can lose about the last second"
	case "no":
		return "appendfsync no: a power failure can lose what the system had not written yet"
	}
	return "append-only file, appendfsync unknown (CONFIG is not allowed)"
}

// passed remembers entries that were passed over, each once however often it is read.
type passed struct {
	mu     sync.Mutex
	seen   map[string]bool
	count  int64
	recent []string
}

const (
	passedSeen   = 10_000
	passedRecent = 5
)

// note adds an entry. It answers whether it is new.
func (p *passed) note(key, id string, why error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := key + " " + id
	if p.seen[name] {
		return false
	}
	if p.seen == nil || len(p.seen) >= passedSeen {
		p.seen = map[string]bool{}
	}
	p.seen[name] = true
	p.count++
	p.recent = append(p.recent, fmt.Sprintf("passed over entry %s of %s: %v", id, key, why))
	p.recent = p.recent[max(0, len(p.recent)-passedRecent):]
	return true
}

func (p *passed) report() (int64, []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count, slices.Clone(p.recent)
}
