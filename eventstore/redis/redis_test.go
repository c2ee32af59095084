package redis_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tapedeck/eventstore"
	"tapedeck/eventstore/eventstoretest"
	"tapedeck/eventstore/redis"
	"tapedeck/internal/redistest"
)

func TestMain(m *testing.M) {
	redis.LogDriver(slog.New(slog.DiscardHandler))
	// watermill's suite leaves these behind when messages are still coming as a test of it ends.
	const multiplier = "github.com/ThreeDotsLabs/watermill/internal/subscriber.(*multiplier).Subscribe."
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(multiplier+"func2"), goleak.IgnoreAnyFunction(multiplier+"func3"))
}

func TestConformance(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.Config("databases", "1000"))
	var db atomic.Int64
	eventstoretest.Exercise(t, func(t testing.TB) eventstore.Store {
		db := int(db.Add(1))
		return &damageable{open(t, redis.Options{URL: fmt.Sprintf("redis://%s/%d", server.Addr, db)}), server.Addr, db}
	})
}

type damageable struct {
	*redis.Store
	addr string
	db   int
}

// Damage implements eventstoretest.Damager. An entry of a stream cannot be changed, so that all are
// added anew, with their ids.
func (d *damageable) Damage(t testing.TB, stream string, version uint64) {
	ctx := testContext(t)
	c := goredis.NewClient(&goredis.Options{Addr: d.addr, DB: d.db})
	defer func() { _ = c.Close() }()
	events, err := d.ReadStream(ctx, stream, version, 1)
	require.NoError(t, err)
	entries, err := c.XRange(ctx, "{p0}log", "-", "+").Result()
	require.NoError(t, err)
	_, err = c.TxPipelined(ctx, func(p goredis.Pipeliner) error {
		p.Del(ctx, "{p0}log")
		for _, e := range entries {
			if e.ID == eventID(events[0].Position) {
				e.Values["payload"] = "garbage"
			}
			p.XAdd(ctx, &goredis.XAddArgs{Stream: "{p0}log", ID: e.ID, Values: e.Values})
		}
		return nil
	})
	require.NoError(t, err)
}

// patience bounds every wait; nothing waits for it to pass.
const patience = 30 * time.Second

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func open(t testing.TB, o redis.Options) *redis.Store {
	t.Helper()
	s, err := redis.Open(testContext(t), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// bundle is a server of its own and a store on it.
type bundle struct {
	*redis.Store
	server *redistest.Server
	ctx    context.Context
}

func setup(t *testing.T, opts ...redistest.Option) *bundle {
	t.Helper()
	t.Parallel()
	server := redistest.Start(t, opts...)
	return &bundle{open(t, redis.Options{URL: server.URL()}), server, testContext(t)}
}

// write appends n events to a stream.
func (b *bundle) write(t testing.TB, s *eventstoretest.Stream, n int) eventstore.Appended {
	t.Helper()
	done, err := b.Append(b.ctx, eventstore.Append{Writes: []eventstore.Write{s.Next(n)}})
	require.NoError(t, err)
	return done
}

// enqueue appends an event and hands it to a topic; it returns the message's UUID.
func (b *bundle) enqueue(t testing.TB, s *eventstoretest.Stream, topic string) string {
	t.Helper()
	w := s.Next(1)
	_, err := b.Append(b.ctx, eventstore.Append{Writes: []eventstore.Write{w}, Enqueue: []eventstore.Enqueue{{Topic: topic}}})
	require.NoError(t, err)
	return w.Events[0].ID
}

func (b *bundle) subscribe(t testing.TB, r eventstore.Reader, topics string) (message.Subscriber, <-chan *message.Message) {
	t.Helper()
	sub, err := b.Subscriber(r)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sub.Close()) })
	messages, err := sub.Subscribe(b.ctx, topics)
	require.NoError(t, err)
	return sub, messages
}

func (b *bundle) receive(t testing.TB, messages <-chan *message.Message) *message.Message {
	t.Helper()
	select {
	case m, ok := <-messages:
		require.True(t, ok, "the subscription ended")
		return m
	case <-b.ctx.Done():
		require.Fail(t, "no message came")
		return nil
	}
}

func (b *bundle) eventually(t testing.TB, why string, f func() bool) {
	t.Helper()
	require.Eventually(t, f, patience, 5*time.Millisecond, why)
}

// ended waits for a subscription's end and asks the store for the reason.
func ended(ctx context.Context, subscribe func(context.Context, string) (<-chan *message.Message, error)) error {
	messages, err := subscribe(ctx, "q/a/high")
	if err != nil {
		return err
	}
	select {
	case _, open := <-messages:
		if open {
			return errors.New("a message came")
		}
		return eventstore.ErrEpoch
	case <-ctx.Done():
		return ctx.Err()
	}
}

// eventID is the id of the entry at a position.
func eventID(p eventstore.Position) string { return fmt.Sprintf("%d-%d", p.Hi, p.Lo) }
