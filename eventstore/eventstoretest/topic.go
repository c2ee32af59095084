package eventstoretest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"tapedeck/eventstore"
)

// subscribe reads topics as "reader" until the test ends.
func (b *bundle) subscribe(t *testing.T, topics string) <-chan *message.Message {
	t.Helper()
	messages, _ := b.reader(t, eventstore.Reader{Name: "reader"}, topics)
	return messages
}

func (b *bundle) reader(t *testing.T, r eventstore.Reader, topics string) (<-chan *message.Message, message.Subscriber) {
	t.Helper()
	sub, err := b.Subscriber(r)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sub.Close()) })
	messages, err := sub.Subscribe(b.ctx, topics)
	require.NoError(t, err)
	return messages, sub
}

func (b *bundle) receive(t *testing.T, messages <-chan *message.Message) *message.Message {
	t.Helper()
	select {
	case m := <-messages:
		require.NotNil(t, m, "the subscription ended")
		return m
	case <-b.ctx.Done():
		require.Fail(t, "no message came")
		return nil
	}
}

func none(t *testing.T, messages <-chan *message.Message, why string) {
	t.Helper()
	select {
	case m := <-messages:
		require.Fail(t, why, "%v came", m)
	case <-time.After(glance):
	}
}

// enqueue hands n messages to a topic and returns their ids.
func (b *bundle) enqueue(t *testing.T, topic string, n int) (ids []string) {
	t.Helper()
	s := Stream{Name: "job/" + uuid.NewString()}
	for range n {
		w := s.Next(1)
		b.append(t, eventstore.Append{Writes: []eventstore.Write{w}, Enqueue: []eventstore.Enqueue{{Topic: topic}}})
		ids = append(ids, w.Events[0].ID)
	}
	return ids
}

func testMessage(t *testing.T, b *bundle) {
	messages := b.subscribe(t, "q/a/high") // before the topic exists
	one, two := Stream{Name: "job/1"}, Stream{Name: "job/2"}
	writes := []eventstore.Write{one.Next(2), two.Next(2)}
	b.append(t, eventstore.Append{Writes: writes, Enqueue: []eventstore.Enqueue{
		{Topic: "q/a/high", Write: 1, Event: 1},
		{Topic: "q/a/high", Write: 0, Event: 0, Payload: []byte("\x00 its own")},
		{Topic: "q/b/high", Write: 0, Event: 1},
	}})
	event := b.receive(t, messages)
	require.Equal(t, writes[1].Events[1].ID, event.UUID)
	require.Equal(t, writes[1].Events[1].Stored, []byte(event.Payload), "the event's stored bytes")
	require.Equal(t, "q/a/high", event.Metadata.Get(eventstore.MetaTopic))
	own := b.receive(t, messages)
	require.Equal(t, writes[0].Events[0].ID, own.UUID)
	require.Equal(t, "\x00 its own", string(own.Payload))
	require.NotEmpty(t, own.Metadata.Get(eventstore.MetaEntry))
	require.NotEqual(t, event.Metadata.Get(eventstore.MetaEntry), own.Metadata.Get(eventstore.MetaEntry))
	event.Ack()
	own.Ack()
	b.eventually(t, "acked messages are gone", func() bool { return b.left(t, "q/a/high") == 0 })
	require.Equal(t, int64(1), b.left(t, "q/b/high"), "the other topic has its own")
}

// left counts the messages that are not acked.
func (b *bundle) left(t *testing.T, topic string) int64 {
	d := b.depth(t, topic)
	return d.Waiting + d.Taken
}

func testTopicOrder(t *testing.T, b *bundle) {
	low := b.enqueue(t, "q/a/low", 3)
	high := b.enqueue(t, "q/a/high", 3)
	normal := b.enqueue(t, "q/a/normal", 1)
	messages := b.subscribe(t, "q/a/high,q/a/normal,q/a/low")
	var in []*message.Message
	for _, want := range append(append(high, normal...), low...) {
		m := b.receive(t, messages)
		require.Equal(t, want, m.UUID, "the urgent topic first, the oldest message first, without waiting for acks")
		in = append(in, m)
	}
	for _, m := range in {
		require.True(t, m.Ack())
	}
	for topic := range map[string]bool{"q/a/low": true, "q/a/high": true, "q/a/normal": true} {
		b.eventually(t, "all is acked", func() bool { return b.left(t, topic) == 0 })
	}
}

// Several readers, several subscriptions each: while nobody fails, each message is handed out once.
func testShare(t *testing.T, b *bundle) {
	const messages, readers = 60, 3
	var seen sync.Map
	var count atomic.Int64
	all := make(chan struct{})
	for i := range readers {
		for range 2 {
			in, _ := b.reader(t, eventstore.Reader{Name: fmt.Sprintf("reader-%d", i)}, "q/a/high,q/a/low")
			go func() {
				for m := range in {
					n, _ := seen.LoadOrStore(m.UUID, new(atomic.Int64))
					n.(*atomic.Int64).Add(1)
					m.Ack()
					if count.Add(1) == messages {
						close(all)
					}
				}
			}()
		}
	}
	ids := append(b.enqueue(t, "q/a/high", messages/2), b.enqueue(t, "q/a/low", messages/2)...)
	select {
	case <-all:
	case <-b.ctx.Done():
		require.Fail(t, "not everything came", "%d of %d", count.Load(), messages)
	}
	b.eventually(t, "all is acked", func() bool { return b.left(t, "q/a/high")+b.left(t, "q/a/low") == 0 })
	for _, id := range ids {
		n, ok := seen.Load(id)
		require.True(t, ok)
		require.Equal(t, int64(1), n.(*atomic.Int64).Load())
	}
}

func testNack(t *testing.T, b *bundle) {
	id := b.enqueue(t, "q/a/high", 1)[0]
	messages := b.subscribe(t, "q/a/high")
	for range 4 {
		m := b.receive(t, messages)
		require.Equal(t, id, m.UUID)
		require.NotEmpty(t, m.Payload)
		require.Equal(t, "q/a/high", m.Metadata.Get(eventstore.MetaTopic))
		require.NotEmpty(t, m.Metadata.Get(eventstore.MetaEntry))
		require.True(t, m.Nack())
	}
	other := b.enqueue(t, "q/a/high", 1)[0]
	got := map[string]bool{}
	for range 2 {
		m := b.receive(t, messages)
		got[m.UUID] = true
		m.Ack()
	}
	require.Equal(t, map[string]bool{id: true, other: true}, got, "a message that is refused does not block the others")
	b.eventually(t, "all is acked", func() bool { return b.left(t, "q/a/high") == 0 })
}

func testRedeliver(t *testing.T, b *bundle) {
	id := b.enqueue(t, "q/a/high", 1)[0]
	stuck, _ := b.reader(t, eventstore.Reader{Name: "stuck", Redeliver: 100 * time.Millisecond}, "q/a/high")
	first := b.receive(t, stuck)
	require.Equal(t, id, first.UUID)
	other, _ := b.reader(t, eventstore.Reader{Name: "other", Redeliver: 100 * time.Millisecond}, "q/a/high")
	var again *message.Message
	select {
	case again = <-other:
	case again = <-stuck: // the reader itself may be the one that gets it
	case <-b.ctx.Done():
		require.Fail(t, "a message that nobody acks must come again")
	}
	require.Equal(t, id, again.UUID)
	again.Ack()
	b.eventually(t, "it is acked", func() bool { return b.left(t, "q/a/high") == 0 })
	first.Ack() // too late, and harmless
	require.Zero(t, b.left(t, "q/a/high"))
}

// A reader that comes back under its name gets what it had taken, at once.
func testReaderComesBack(t *testing.T, b *bundle) {
	ids := b.enqueue(t, "q/a/high", 3)
	r := eventstore.Reader{Name: "worker", Redeliver: time.Hour}
	messages, sub := b.reader(t, r, "q/a/high")
	require.Equal(t, ids[0], b.receive(t, messages).UUID)
	b.receive(t, messages).Ack()
	b.eventually(t, "one is acked", func() bool { return b.left(t, "q/a/high") == 2 })
	require.NoError(t, sub.Close())

	messages, _ = b.reader(t, r, "q/a/high")
	got := map[string]bool{}
	for range 2 {
		m := b.receive(t, messages)
		got[m.UUID] = true
		m.Ack()
	}
	require.Equal(t, map[string]bool{ids[0]: true, ids[2]: true}, got)
	b.eventually(t, "all is acked", func() bool { return b.left(t, "q/a/high") == 0 })
}

func testSlots(t *testing.T, b *bundle) {
	b.enqueue(t, "q/a/high", 5)
	var running atomic.Int64
	free := make(chan struct{}, 1)
	messages, _ := b.reader(t, eventstore.Reader{
		Name: "worker", Slots: func() int { return int(2 - running.Load()) }, Free: free,
	}, "q/a/high")
	one, two := b.receive(t, messages), b.receive(t, messages)
	none(t, messages, "two are in hand")
	running.Add(2)
	one.Ack()
	two.Ack()
	none(t, messages, "two are running")
	running.Add(-1)
	free <- struct{}{}
	three := b.receive(t, messages)
	none(t, messages, "one is in hand, one is running")
	three.Nack()
	b.receive(t, messages)
}

func testPause(t *testing.T, b *bundle) {
	modes := Stream{Name: "queue/a"}
	pause := func(prefix string, paused bool) {
		t.Helper()
		b.append(t, eventstore.Append{Writes: []eventstore.Write{modes.Next(1)}, Modes: []eventstore.SetPaused{{Prefix: prefix, Paused: paused}}})
	}
	// What comes from the last topic proves that the ones before it were passed over.
	messages := b.subscribe(t, "q/a/high,q/ab/high,q/sentinel/low")
	pause("q/a/", true)
	paused := b.enqueue(t, "q/a/high", 2)
	open := b.enqueue(t, "q/ab/high", 1)
	sentinel := b.enqueue(t, "q/sentinel/low", 1)
	for _, want := range append(open, sentinel...) {
		m := b.receive(t, messages)
		require.Equal(t, want, m.UUID)
		m.Ack()
	}
	require.True(t, b.depth(t, "q/a/high").Paused)
	require.Equal(t, int64(2), b.depth(t, "q/a/high").Waiting)
	require.False(t, b.depth(t, "q/ab/high").Paused, "another queue whose name begins alike")

	pause("q/b/", true)
	pause("q/b/", false)
	none(t, messages, "another prefix is resumed")
	pause("q/a/", false)
	for _, want := range paused {
		m := b.receive(t, messages)
		require.Equal(t, want, m.UUID)
		m.Ack()
	}
	require.False(t, b.depth(t, "q/a/high").Paused)
}

func testDepths(t *testing.T, b *bundle) {
	before := b.tick(t)
	b.enqueue(t, "q/a/high", 2)
	between := b.tick(t)
	b.tick(t)
	b.enqueue(t, "q/a/high", 1)
	b.enqueue(t, "q/b/low", 1)
	depths, err := b.Depths(b.ctx, "q/")
	require.NoError(t, err)
	require.Len(t, depths, 2)
	require.Equal(t, "q/a/high", depths[0].Topic, "by name")
	require.Equal(t, "q/b/low", depths[1].Topic)
	require.Equal(t, int64(3), depths[0].Waiting)
	require.Zero(t, depths[0].Taken)
	only, err := b.Depths(b.ctx, "q/b/")
	require.NoError(t, err)
	require.Len(t, only, 1)
	none, err := b.Depths(b.ctx, "q/c/")
	require.NoError(t, err)
	require.Empty(t, none)

	messages, _ := b.reader(t, eventstore.Reader{Name: "reader", Slots: func() int { return 2 }}, "q/a/high")
	one, two := b.receive(t, messages), b.receive(t, messages)
	d := b.depth(t, "q/a/high")
	require.Equal(t, int64(1), d.Waiting)
	require.Equal(t, int64(2), d.Taken)
	require.False(t, d.Oldest.Before(before) || d.Oldest.After(between), "when the oldest was enqueued, although it is taken")
	one.Ack()
	two.Ack()
	last := b.receive(t, messages)
	b.eventually(t, "two are acked", func() bool { return b.left(t, "q/a/high") == 1 })
	require.True(t, b.depth(t, "q/a/high").Oldest.After(between))
	last.Ack()
	b.eventually(t, "all is acked", func() bool { return b.left(t, "q/a/high") == 0 })
	require.True(t, b.depth(t, "q/a/high").Oldest.IsZero())
}

func testSubscriptionEnds(t *testing.T, b *bundle) {
	sub, err := b.Subscriber(eventstore.Reader{Name: "reader"})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(b.ctx)
	ended, err := sub.Subscribe(ctx, "q/a/high")
	require.NoError(t, err)
	other, err := sub.Subscribe(b.ctx, "q/b/high")
	require.NoError(t, err)
	cancel()
	b.closed(t, ended)
	b.enqueue(t, "q/b/high", 1)
	b.receive(t, other).Ack()
	require.NoError(t, sub.Close())
	b.closed(t, other)
	require.NoError(t, sub.Close(), "twice")
	_, err = sub.Subscribe(b.ctx, "q/a/high")
	require.Error(t, err)
	id := b.enqueue(t, "q/a/high", 1)[0] // the store stays open
	m := b.receive(t, b.subscribe(t, "q/a/high"))
	require.Equal(t, id, m.UUID)
	m.Ack()
}

// closed waits for the end of a subscription.
func (b *bundle) closed(t *testing.T, messages <-chan *message.Message) {
	t.Helper()
	for {
		select {
		case _, open := <-messages:
			if !open {
				return
			}
		case <-b.ctx.Done():
			require.Fail(t, "the channel must be closed")
		}
	}
}

func testReactor(t *testing.T, b *bundle) {
	ids := b.enqueue(t, "r/x", 3)
	sub, err := b.Reactor("reactor")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sub.Close()) })
	messages, err := sub.Subscribe(b.ctx, "r/x")
	require.NoError(t, err)
	ids = append(ids, b.enqueue(t, "r/x", 1)...)
	for i, id := range ids {
		for range 2 {
			m := b.receive(t, messages)
			require.Equal(t, id, m.UUID, "nothing overtakes a message that was refused")
			m.Nack()
		}
		m := b.receive(t, messages)
		require.Equal(t, id, m.UUID)
		if i == 0 {
			none(t, messages, "one at a time")
		}
		m.Ack()
	}
	require.NoError(t, sub.Close())
	b.closed(t, messages)

	late := b.enqueue(t, "r/x", 1)[0]
	sub, err = b.Reactor("reactor")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sub.Close()) })
	messages, err = sub.Subscribe(b.ctx, "r/x")
	require.NoError(t, err)
	m := b.receive(t, messages)
	require.Equal(t, late, m.UUID, "what was acked is not handed out again")
	m.Ack()
}
