package redis

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	goredis "github.com/redis/go-redis/v9"

	"tapedeck/eventstore"
)

// Heartbeat implements eventstore.Registry.
func (s *Store) Heartbeat(ctx context.Context, w eventstore.Worker, ttl time.Duration) error {
	description, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("heartbeat: %w", err)
	}
	return s.fault("heartbeat", s.call(ctx, "heartbeat", w.ID, max(ttl.Milliseconds(), 1), description).Err())
}

// Leave implements eventstore.Registry.
func (s *Store) Leave(ctx context.Context, id string) error {
	if err := s.usable(); err != nil {
		return err
	}
	_, err := s.commands.Pipelined(ctx, func(p goredis.Pipeliner) error {
		p.Del(ctx, partition+"worker:"+id)
		p.SRem(ctx, partition+"workers", id)
		return nil
	})
	return s.fault("leave", err)
}

// Workers implements eventstore.Registry.
func (s *Store) Workers(ctx context.Context) ([]eventstore.Worker, error) {
	reply, err := s.call(ctx, "workers").StringSlice()
	if err != nil {
		return nil, s.fault("list workers", err)
	}
	var out []eventstore.Worker
	for _, text := range reply {
		ms, description, _ := strings.Cut(text, " ")
		var w eventstore.Worker
		if err := json.Unmarshal([]byte(description), &w); err != nil {
			continue // of a build that describes itself otherwise
		}
		at, _ := strconv.ParseInt(ms, 10, 64)
		w.HeartbeatAt = time.UnixMilli(at).UTC()
		out = append(out, w)
	}
	slices.SortFunc(out, func(a, b eventstore.Worker) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return out, nil
}
