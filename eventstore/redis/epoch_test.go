package redis_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"tapedeck/eventstore"
	"tapedeck/eventstore/eventstoretest"
	"tapedeck/eventstore/redis"
	"tapedeck/internal/redistest"
)

// calls are all that must fail once the log was replaced.
var calls = map[string]func(context.Context, eventstore.Store) error{
	"append": func(ctx context.Context, s eventstore.Store) error {
		fresh := eventstoretest.Stream{Name: "job/new"}
		_, err := s.Append(ctx, eventstore.Append{Writes: []eventstore.Write{fresh.Next(1)}})
		return err
	},
	"read stream": func(ctx context.Context, s eventstore.Store) error {
		_, err := s.ReadStream(ctx, "job/1", 1, 10)
		return err
	},
	"read all": func(ctx context.Context, s eventstore.Store) error {
		_, err := s.ReadAll(ctx, eventstore.Position{}, 10)
		return err
	},
	"read back": func(ctx context.Context, s eventstore.Store) error {
		_, err := s.ReadBack(ctx, eventstore.End, 10)
		return err
	},
	"wait": func(ctx context.Context, s eventstore.Store) error {
		return s.Wait(ctx, eventstore.Position{Hi: 1 << 50})
	},
	"tail": func(ctx context.Context, s eventstore.Store) error {
		_, err := s.Tail(ctx)
		return err
	},
	"at": func(ctx context.Context, s eventstore.Store) error {
		_, err := s.At(ctx, time.Now())
		return err
	},
	"resolve": func(ctx context.Context, s eventstore.Store) error {
		return s.Resolve(ctx, eventstore.Start(s.Epoch()))
	},
	"renew": func(ctx context.Context, s eventstore.Store) error {
		_, err := s.Renew(ctx, "job/1", "token")
		return err
	},
	"lease of": func(ctx context.Context, s eventstore.Store) error {
		_, _, err := s.LeaseOf(ctx, "job/1")
		return err
	},
	"due": func(ctx context.Context, s eventstore.Store) error {
		_, _, _, err := s.Due(ctx, 10)
		return err
	},
	"postpone": func(ctx context.Context, s eventstore.Store) error {
		return s.Postpone(ctx, eventstore.Deadline{Stream: "job/1", At: time.Now()}, time.Now())
	},
	"depths": func(ctx context.Context, s eventstore.Store) error {
		_, err := s.Depths(ctx, "q/")
		return err
	},
	"heartbeat": func(ctx context.Context, s eventstore.Store) error {
		return s.Heartbeat(ctx, eventstore.Worker{ID: "w"}, time.Second)
	},
	"workers": func(ctx context.Context, s eventstore.Store) error {
		_, err := s.Workers(ctx)
		return err
	},
	"health": func(ctx context.Context, s eventstore.Store) error { return s.Health(ctx).Err },
	"subscription": func(ctx context.Context, s eventstore.Store) error {
		sub, err := s.Subscriber(eventstore.Reader{Name: "worker"})
		if err != nil {
			return err
		}
		defer func() { _ = sub.Close() }()
		return ended(ctx, sub.Subscribe)
	},
	"reactor": func(ctx context.Context, s eventstore.Store) error {
		sub, err := s.Reactor("reactor")
		if err != nil {
			return err
		}
		defer func() { _ = sub.Close() }()
		return ended(ctx, sub.Subscribe)
	},
}

// Every call finds out by itself that the log is gone: none answers as if it were merely empty. And
// once one has, all others know.
func TestEmptiedRedisIsNoticed(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Config("databases", "100"))
	var db atomic.Int64
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := int(db.Add(1))
			b := &bundle{open(t, redis.Options{URL: fmt.Sprintf("redis://%s/%d", server.Addr, db)}), server, testContext(t)}
			one := eventstoretest.Stream{Name: "job/1"}
			b.write(t, &one, 3)
			c := goredis.NewClient(&goredis.Options{Addr: server.Addr, DB: db})
			defer func() { _ = c.Close() }()
			require.NoError(t, c.FlushDB(b.ctx).Err())
			require.ErrorIs(t, call(b.ctx, b), eventstore.ErrEpoch)
			for other, call := range calls {
				require.ErrorIs(t, call(b.ctx, b), eventstore.ErrEpoch, other)
			}
		})
	}
}

// A wait that is under way ends too, on a connection that never breaks.
func TestEmptiedRedisEndsAWait(t *testing.T) {
	b := setup(t)
	one := eventstoretest.Stream{Name: "job/1"}
	first := b.write(t, &one, 1).Positions[0][0]
	waited := make(chan error, 1)
	go func() { waited <- b.Wait(b.ctx, first) }()
	c := b.server.Client()
	b.eventually(t, "the wait has begun", func() bool {
		return strings.Contains(c.Info(b.ctx, "clients").Val(), "blocked_clients:1")
	})
	require.NoError(t, c.FlushAll(b.ctx).Err())
	require.ErrorIs(t, <-waited, eventstore.ErrEpoch)
}

// A snapshot of this very log, but an older one, is put in place: the running process notices when it
// reconnects, and one that starts later has its checkpoint refused.
func TestOlderSnapshotIsNoticed(t *testing.T) {
	b := setup(t)
	one := eventstoretest.Stream{Name: "job/1"}
	b.write(t, &one, 2)
	before, err := b.Tail(b.ctx)
	require.NoError(t, err)
	b.server.Stop()
	snapshot := filepath.Join(t.TempDir(), "data")
	require.NoError(t, os.CopyFS(snapshot, os.DirFS(b.server.Dir)))
	b.server.Restart()

	b.eventually(t, "Redis is back", func() bool { return b.Health(b.ctx).Err == nil })
	b.write(t, &one, 2)
	after, err := b.Tail(b.ctx)
	require.NoError(t, err)
	b.server.Stop()
	require.NoError(t, os.RemoveAll(b.server.Dir))
	require.NoError(t, os.CopyFS(b.server.Dir, os.DirFS(snapshot)))
	b.server.Restart()

	for name, call := range calls {
		require.ErrorIs(t, call(b.ctx, b), eventstore.ErrEpoch, name)
	}
	again := open(t, redis.Options{URL: b.server.URL()})
	require.Equal(t, b.Epoch(), again.Epoch(), "the same log")
	require.NoError(t, again.Resolve(b.ctx, before))
	var gone *eventstore.GoneError
	require.ErrorAs(t, again.Resolve(b.ctx, after), &gone)
	require.Equal(t, eventstore.GoneLost, gone.Reason)
	_, err = again.Append(b.ctx, eventstore.Append{Writes: []eventstore.Write{one.Next(1)}})
	require.ErrorIs(t, err, eventstore.ErrConflict, "what followed is not taken up by the older history")
}

func TestTrimmedLogSaysArchived(t *testing.T) {
	b := setup(t)
	one := eventstoretest.Stream{Name: "job/1"}
	done := b.write(t, &one, 5)
	events, err := b.ReadStream(b.ctx, "job/1", 1, 5)
	require.NoError(t, err)
	third := done.Positions[0][2]
	require.NoError(t, b.server.Client().XTrimMinID(b.ctx, "{p0}log", fmt.Sprintf("%d-%d", third.Hi, third.Lo)).Err())

	var gone *eventstore.GoneError
	for _, c := range []eventstore.Cursor{events[0].Cursor(b.Epoch()), eventstore.Start(b.Epoch())} {
		require.ErrorAs(t, b.Resolve(b.ctx, c), &gone)
		require.Equal(t, eventstore.GoneArchived, gone.Reason)
	}
	require.NoError(t, b.Resolve(b.ctx, events[2].Cursor(b.Epoch())))

	_, err = b.ReadAll(b.ctx, events[0].Position, 10)
	require.ErrorAs(t, err, &gone, "a reader that would pass over history")
	require.Equal(t, eventstore.GoneArchived, gone.Reason)
	batch, err := b.ReadAll(b.ctx, events[2].Position, 10)
	require.NoError(t, err)
	require.Len(t, batch.Events, 2)
	batch, err = b.ReadAll(b.ctx, eventstore.Position{}, 10)
	require.NoError(t, err)
	require.Len(t, batch.Events, 3, "from the beginning is from what is there")
	_, err = b.ReadAll(b.ctx, eventstore.Position{Hi: 1 << 50}, 10)
	require.ErrorAs(t, err, &gone)
	require.Equal(t, eventstore.GoneLost, gone.Reason, "behind the end")
}

// A reader that stands at an entry which somebody deletes goes on: nothing else is missing.
func TestReaderOutlivesADeletedEntry(t *testing.T) {
	b := setup(t)
	one := eventstoretest.Stream{Name: "job/1"}
	b.write(t, &one, 1)
	alien := b.xadd(t, "{p0}log", "*", "foo", "bar")
	batch, err := b.ReadAll(b.ctx, eventstore.Position{}, 10)
	require.NoError(t, err)
	require.Equal(t, alien, eventID(batch.Next))
	require.NoError(t, b.server.Client().XDel(b.ctx, "{p0}log", alien).Err())
	after, err := b.ReadAll(b.ctx, batch.Next, 10)
	require.NoError(t, err)
	require.Empty(t, after.Events)
	b.write(t, &one, 1)
	after, err = b.ReadAll(b.ctx, batch.Next, 10)
	require.NoError(t, err)
	require.Len(t, after.Events, 1)
}

// A log that another version of the program laid out is refused in words: it would be read as one
// without streams. Nothing of it is touched.
func TestOtherLayoutIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*bundle, *goredis.Client) error{
		"unmarked": func(b *bundle, c *goredis.Client) error { return c.Del(b.ctx, "{p0}layout").Err() },
		"later":    func(b *bundle, c *goredis.Client) error { return c.Set(b.ctx, "{p0}layout", "3", 0).Err() },
		"unnamed":  func(b *bundle, c *goredis.Client) error { return c.Del(b.ctx, "{p0}layout", "{p0}epoch").Err() },
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			one := eventstoretest.Stream{Name: "job/1"}
			b.write(t, &one, 1)
			c := b.server.Client()
			require.NoError(t, spoil(b, c))
			before, err := c.Keys(b.ctx, "*").Result()
			require.NoError(t, err)
			_, err = redis.Open(b.ctx, redis.Options{URL: b.server.URL()})
			require.ErrorContains(t, err, "LAYOUT")
			require.NotErrorIs(t, err, eventstore.ErrUnavailable)
			after, err := c.Keys(b.ctx, "*").Result()
			require.NoError(t, err)
			require.ElementsMatch(t, before, after)
		})
	}
}
