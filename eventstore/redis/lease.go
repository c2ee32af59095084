package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"tapedeck/eventstore"
)

// Renew implements eventstore.Leases.
func (s *Store) Renew(ctx context.Context, stream, token string) (uint64, error) {
	version, err := s.call(ctx, "renew", stream, token).Uint64()
	if errors.Is(err, goredis.Nil) {
		return 0, eventstore.ErrLeaseLost
	}
	return version, s.fault("renew lease", err)
}

// LeaseOf implements eventstore.Leases.
func (s *Store) LeaseOf(ctx context.Context, stream string) (eventstore.Lease, bool, error) {
	reply, err := s.call(ctx, "lease", stream).Slice()
	if errors.Is(err, goredis.Nil) {
		return eventstore.Lease{}, false, nil
	}
	if err != nil || len(reply) != 3 {
		return eventstore.Lease{}, false, s.fault("look at lease", err)
	}
	counter, _ := reply[1].(int64)
	ttl, _ := reply[2].(int64)
	token, _ := reply[0].(string)
	return eventstore.Lease{
		Stream: stream, Token: token, Counter: uint64(counter), TTL: time.Duration(ttl) * time.Millisecond,
	}, true, nil
}

// Due implements eventstore.Deadlines.
func (s *Store) Due(ctx context.Context, limit int) (due []eventstore.Deadline, now, next time.Time, err error) {
	reply, err := s.call(ctx, "due", limit).StringSlice()
	if err != nil || len(reply) < 3 {
		return nil, now, next, s.fault("look for deadlines", err)
	}
	seconds, err1 := strconv.ParseInt(reply[0], 10, 64)
	micros, err2 := strconv.ParseInt(reply[1], 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return nil, now, next, fmt.Errorf("look for deadlines: %w", err)
	}
	now = time.Unix(seconds, micros*1000).UTC()
	if reply[2] != "" {
		if next, err = scoreTime(reply[2]); err != nil {
			return nil, now, next, err
		}
	}
	for i := 3; i+1 < len(reply); i += 2 {
		at, err := scoreTime(reply[i+1])
		if err != nil {
			return nil, now, next, err
		}
		due = append(due, eventstore.Deadline{Stream: reply[i], At: at})
	}
	return due, now, next, nil
}

func scoreTime(score string) (time.Time, error) {
	ms, err := strconv.ParseFloat(score, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("deadline %q is not a time", score)
	}
	return time.UnixMilli(int64(ms)).UTC(), nil
}

// Postpone implements eventstore.Deadlines.
func (s *Store) Postpone(ctx context.Context, d eventstore.Deadline, to time.Time) error {
	return s.fault("postpone", s.call(ctx, "postpone", d.Stream, score(d.At), score(to)).Err())
}
