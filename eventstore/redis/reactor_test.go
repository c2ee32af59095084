package redis_test

import (
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"tapedeck/eventstore"
	"tapedeck/eventstore/eventstoretest"
)

const wake = "r/wake"

func (b *bundle) react(t *testing.T, group string) (message.Subscriber, <-chan *message.Message) {
	t.Helper()
	sub, err := b.Reactor(group)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sub.Close()) })
	messages, err := sub.Subscribe(b.ctx, wake)
	require.NoError(t, err)
	return sub, messages
}

func TestReactorPassesOverWhatIsNoMessage(t *testing.T) {
	b := setup(t)
	b.xadd(t, "{p0}"+wake, "*", "foo", "bar")
	b.xadd(t, "{p0}"+wake, "*", "_watermill_message_uuid", "u", "metadata", "not msgpack", "payload", "x")
	one := eventstoretest.Stream{Name: "job/1"}
	id := b.enqueue(t, &one, wake)
	_, messages := b.react(t, "reactor")
	m := b.receive(t, messages)
	require.Equal(t, id, m.UUID)
	m.Ack()
	require.Equal(t, int64(2), b.Health(b.ctx).Malformed)
}

// A refused message holds up what is behind it, for as long as it takes; once acked, all go on and
// the stream does not grow.
func TestReactorBlocksAndGoesOn(t *testing.T) {
	b := setup(t)
	one := eventstoretest.Stream{Name: "job/1"}
	first, second := b.enqueue(t, &one, wake), b.enqueue(t, &one, wake)
	sub, messages := b.react(t, "reactor")
	for range 5 {
		m := b.receive(t, messages)
		require.Equal(t, first, m.UUID)
		m.Nack()
	}
	b.receive(t, messages).Ack()
	m := b.receive(t, messages)
	require.Equal(t, second, m.UUID)
	m.Ack()
	b.eventually(t, "acked", func() bool {
		p, err := b.server.Client().XPending(b.ctx, "{p0}"+wake, "reactor").Result()
		return err == nil && p.Count == 0
	})
	require.NoError(t, sub.Close())
	require.Zero(t, b.server.Client().XLen(b.ctx, "{p0}"+wake).Val(), "what is acked is gone")
}

// What a reactor held when it was closed goes to the next one; its consumer is forgotten.
func TestClosedReactorGivesBack(t *testing.T) {
	b := setup(t)
	one := eventstoretest.Stream{Name: "job/1"}
	id := b.enqueue(t, &one, wake)
	sub, messages := b.react(t, "reactor")
	b.receive(t, messages).Nack()
	held := b.receive(t, messages)
	require.Equal(t, id, held.UUID)
	require.NotEmpty(t, held.Metadata.Get(eventstore.MetaEntry))
	require.NoError(t, sub.Close())
	require.Error(t, held.Context().Err(), "its handler is told")
	_, messages = b.react(t, "reactor")
	m := b.receive(t, messages)
	require.Equal(t, id, m.UUID)
	m.Ack()
	consumers, err := b.server.Client().XInfoConsumers(b.ctx, "{p0}"+wake, "reactor").Result()
	require.NoError(t, err)
	for _, c := range consumers {
		require.True(t, c.Name == "nobody" || c.Idle < patience, c.Name)
	}
	require.LessOrEqual(t, len(consumers), 2)
}

// A message of a reactor that died is taken over, and those of one that lives are not, however long
// its handler takes.
func TestReactorsTakeOverFromTheDeadOnly(t *testing.T) {
	b := setup(t)
	one := eventstoretest.Stream{Name: "job/1"}
	c := b.server.Client()
	dead := b.enqueue(t, &one, wake)
	require.NoError(t, c.XGroupCreateMkStream(b.ctx, "{p0}"+wake, "reactor", "0").Err())
	_, err := c.XReadGroup(b.ctx, &goredis.XReadGroupArgs{Group: "reactor", Consumer: "dead", Streams: []string{"{p0}" + wake, ">"}, Count: 1}).Result()
	require.NoError(t, err)
	entry := c.XRange(b.ctx, "{p0}"+wake, "-", "+").Val()[0].ID
	require.NoError(t, c.Do(b.ctx, "xclaim", "{p0}"+wake, "reactor", "dead", 0, entry, "idle", time.Hour.Milliseconds(), "justid").Err())

	_, messages := b.react(t, "reactor")
	m := b.receive(t, messages)
	require.Equal(t, dead, m.UUID)
	// Its idle time is set to more than any handler takes; the next sign of life sets it back.
	age := func() []goredis.XPendingExt {
		return c.XPendingExt(b.ctx, &goredis.XPendingExtArgs{Stream: "{p0}" + wake, Group: "reactor", Start: "-", End: "+", Count: 10}).Val()
	}
	held := age()[0]
	require.NoError(t, c.Do(b.ctx, "xclaim", "{p0}"+wake, "reactor", held.Consumer, 0, entry, "idle", 10_000, "justid").Err())
	b.eventually(t, "a live reactor's message is kept fresh", func() bool {
		pending := age()
		return len(pending) == 1 && pending[0].Idle < 5*time.Second && pending[0].Consumer == held.Consumer
	})
	m.Ack()
}

func TestReactorOutlivesItsGroupAndRedis(t *testing.T) {
	b := setup(t)
	_, messages := b.react(t, "reactor")
	one := eventstoretest.Stream{Name: "job/1"}
	b.enqueue(t, &one, wake)
	b.receive(t, messages).Ack()
	require.NoError(t, b.server.Client().Del(b.ctx, "{p0}"+wake).Err())
	id := b.enqueue(t, &one, wake)
	m := b.receive(t, messages)
	require.Equal(t, id, m.UUID)
	m.Ack()

	b.server.Restart()
	b.eventually(t, "Redis is back", func() bool { return b.Health(b.ctx).Err == nil })
	id = b.enqueue(t, &one, wake)
	for {
		m = b.receive(t, messages)
		m.Ack()
		if m.UUID == id {
			return
		}
	}
}
