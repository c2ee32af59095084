package redis_test

import (
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/event"
	"tapedeck/eventstore"
	"tapedeck/eventstore/eventstoretest"
)

func (b *bundle) xadd(t *testing.T, key string, id string, values ...any) string {
	t.Helper()
	got, err := b.server.Client().XAdd(b.ctx, &goredis.XAddArgs{Stream: key, ID: id, Values: values}).Result()
	require.NoError(t, err)
	return got
}

// Whatever somebody else adds to the log is passed over, counted once and shown; the streams go on.
func TestAlienEntriesInTheLog(t *testing.T) {
	b := setup(t)
	one := eventstoretest.Stream{Name: "job/1"}
	b.xadd(t, "{p0}log", "*", "foo", "bar")
	b.write(t, &one, 1)
	b.xadd(t, "{p0}log", "*", "_watermill_message_uuid", "u", "metadata", "", "payload", "{not json")
	b.xadd(t, "{p0}log", "*", "payload", "\xff\xfe")
	b.write(t, &one, 1)
	tail, err := b.Tail(b.ctx)
	require.NoError(t, err)
	b.xadd(t, "{p0}log", "*", "foo", "bar")

	for range 2 {
		batch, err := b.ReadAll(b.ctx, eventstore.Position{}, 100)
		require.NoError(t, err)
		require.Len(t, batch.Events, 2)
		require.Equal(t, 4, batch.Malformed)
		require.True(t, batch.Next.After(tail.Position))
	}
	back, err := b.ReadBack(b.ctx, eventstore.End, 100)
	require.NoError(t, err)
	require.Len(t, back.Events, 2)
	still, err := b.Tail(b.ctx)
	require.NoError(t, err)
	require.Equal(t, tail, still, "the tail is the last event")
	require.NoError(t, b.Resolve(b.ctx, tail))
	h := b.Health(b.ctx)
	require.NoError(t, h.Err)
	require.Equal(t, int64(4), h.Malformed)
	require.Contains(t, strings.Join(h.Warnings, "\n"), "{p0}log")
	b.write(t, &one, 1)
}

// An entry far in the future is what a clock that jumped and was set back leaves behind: positions
// still grow, nothing is lost, and a wait behind it ends.
func TestClockThatJumped(t *testing.T) {
	b := setup(t)
	one := eventstoretest.Stream{Name: "job/1"}
	first := b.write(t, &one, 1).Positions[0][0]
	b.xadd(t, "{p0}log", "99999999999999-7", "foo", "bar")
	second := b.write(t, &one, 1).Positions[0][0]
	third := b.write(t, &one, 1).Positions[0][0]
	require.True(t, second.After(first))
	require.True(t, third.After(second))
	batch, err := b.ReadAll(b.ctx, first, 10)
	require.NoError(t, err)
	require.Len(t, batch.Events, 2)
	waited := make(chan error, 1)
	go func() { waited <- b.Wait(b.ctx, third) }()
	b.write(t, &one, 1)
	require.NoError(t, <-waited)
	at, err := b.At(b.ctx, time.Now().Add(time.Minute))
	require.NoError(t, err)
	require.Equal(t, first, at.Position)
}

// An entry with the last id there is takes the place of every later one: that is refused, not
// answered with half an append, and everything else goes on.
func TestLogThatTakesNothingMore(t *testing.T) {
	b := setup(t)
	one := eventstoretest.Stream{Name: "job/1"}
	b.write(t, &one, 1)
	last := b.xadd(t, "{p0}log", "18446744073709551615-18446744073709551615", "foo", "bar")
	w := one.Next(1)
	a := eventstore.Append{Writes: []eventstore.Write{w}, Enqueue: []eventstore.Enqueue{{Topic: "q/a/high"}}}
	_, err := b.Append(b.ctx, a)
	require.ErrorContains(t, err, "exhausted")
	events, err := b.ReadStream(b.ctx, "job/1", 1, 10)
	require.NoError(t, err)
	require.Len(t, events, 1)
	depths, err := b.Depths(b.ctx, "q/")
	require.NoError(t, err)
	require.Empty(t, depths)

	// The way out that the message for the operator names.
	c := b.server.Client()
	require.NoError(t, c.XDel(b.ctx, "{p0}log", last).Err())
	p := events[0].Position
	require.NoError(t, c.Do(b.ctx, "xsetid", "{p0}log", eventID(p)).Err())
	_, err = b.Append(b.ctx, a)
	require.NoError(t, err)
}

func TestStreamWithAnEntryThatIsGone(t *testing.T) {
	b := setup(t)
	one := eventstoretest.Stream{Name: "job/1"}
	done := b.write(t, &one, 3)
	require.NoError(t, b.server.Client().XDel(b.ctx, "{p0}log", eventID(done.Positions[0][1])).Err())
	_, err := b.ReadStream(b.ctx, "job/1", 1, 10)
	require.ErrorIs(t, err, event.ErrMalformed)
	events, err := b.ReadStream(b.ctx, "job/1", 3, 10)
	require.NoError(t, err)
	require.Len(t, events, 1)
}

func TestMalformedMessages(t *testing.T) {
	b := setup(t)
	const key = "{p0}q/a/high"
	b.xadd(t, key, "*", "foo", "bar")
	b.xadd(t, key, "*", "_watermill_message_uuid", "u1", "metadata", "not msgpack", "payload", "x")
	b.xadd(t, key, "*", "_watermill_message_uuid", "", "payload", "x")
	one := eventstoretest.Stream{Name: "job/1"}
	id := b.enqueue(t, &one, "q/a/high")
	_, messages := b.subscribe(t, eventstore.Reader{Name: "worker"}, "q/a/high")
	m := b.receive(t, messages)
	require.Equal(t, id, m.UUID)
	m.Ack()
	b.eventually(t, "malformed messages are acked", func() bool {
		n, err := b.server.Client().XLen(b.ctx, key).Result()
		return err == nil && n == 0
	})
	require.Equal(t, int64(3), b.Health(b.ctx).Malformed)
}

// A stream that grew one by one meets the key of another type when its first block is full: the append
// is refused whole, and goes through when the key is gone.
func TestKeyOfAnotherTypeMidway(t *testing.T) {
	b := setup(t)
	one := eventstoretest.Stream{Name: "job/1"}
	c := b.server.Client()
	for range 16 {
		b.write(t, &one, 1)
	}
	require.NoError(t, c.Set(b.ctx, "{p0}job/1", "other", 0).Err())
	length := c.XLen(b.ctx, "{p0}log").Val()
	a := eventstore.Append{Writes: []eventstore.Write{one.Next(1)}}
	_, err := b.Append(b.ctx, a)
	require.ErrorContains(t, err, "{p0}job/1")
	require.Equal(t, length, c.XLen(b.ctx, "{p0}log").Val())
	require.NoError(t, c.Del(b.ctx, "{p0}job/1").Err())
	_, err = b.Append(b.ctx, a)
	require.NoError(t, err)
	events, err := b.ReadStream(b.ctx, "job/1", 1, 100)
	require.NoError(t, err)
	require.Len(t, events, 17)
}

// A key of another type refuses the append that needs it before anything is written, and no other
// append that travels in the same call.
func TestKeysOfAnotherType(t *testing.T) {
	deadline := []eventstore.SetDeadline{{Stream: "job/1", At: time.Now()}}
	for name, test := range map[string]struct {
		key string
		a   eventstore.Append
	}{
		"heads":     {"{p0}heads", eventstore.Append{}},
		"stream":    {"{p0}job/1", eventstore.Append{}},
		"topic":     {"{p0}q/a/high", eventstore.Append{Enqueue: []eventstore.Enqueue{{Topic: "q/b/high"}, {Topic: "q/a/high"}}}},
		"topics":    {"{p0}topics", eventstore.Append{Enqueue: []eventstore.Enqueue{{Topic: "q/a/high"}}}},
		"deadlines": {"{p0}deadlines", eventstore.Append{Deadlines: deadline}},
		"leases":    {"{p0}leases", eventstore.Append{Ends: []string{"job/1"}}},
		"grant":     {"{p0}leases", eventstore.Append{Grants: []eventstore.Grant{{Stream: "job/1", Token: "t", TTL: time.Second}}}},
		"hold":      {"{p0}leases", eventstore.Append{Holds: []eventstore.Hold{{Stream: "job/1", Token: "t"}}}},
		"watches":   {"{p0}watches", eventstore.Append{Wakes: []string{"job/1"}}},
		"paused":    {"{p0}paused", eventstore.Append{Modes: []eventstore.SetPaused{{Prefix: "q/", Paused: true}}}},
		"log":       {"{p0}log", eventstore.Append{Deadlines: deadline}},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			c := b.server.Client()
			require.NoError(t, c.Set(b.ctx, test.key, "other", 0).Err())
			keys, err := c.Keys(b.ctx, "*").Result()
			require.NoError(t, err)
			// The second one is long enough to need a list of its own.
			test.a.Writes = []eventstore.Write{(&eventstoretest.Stream{Name: "job/0"}).Next(2), (&eventstoretest.Stream{Name: "job/1"}).Next(17)}
			_, err = b.Append(b.ctx, test.a)
			require.ErrorContains(t, err, test.key)
			require.NotErrorIs(t, err, eventstore.ErrUnavailable)
			after, err := c.Keys(b.ctx, "*").Result()
			require.NoError(t, err)
			require.ElementsMatch(t, keys, after, "nothing was written")
			if test.key != "{p0}log" && test.key != "{p0}heads" { // what every append needs
				other := eventstoretest.Stream{Name: "job/2"}
				b.write(t, &other, 1)
			}
		})
	}
}
