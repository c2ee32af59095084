package redis_test

import (
	"testing"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"tapedeck/eventstore"
	"tapedeck/eventstore/eventstoretest"
)

// A stock watermill-redisstream subscriber taps the log and a queue without taking from them.
func TestStockSubscriberTapsLogAndQueue(t *testing.T) {
	b := setup(t)
	tap, err := redisstream.NewSubscriber(redisstream.SubscriberConfig{
		Client: goredis.NewClient(&goredis.Options{Addr: b.server.Addr}), FanOutOldestId: "0",
		DisableIndefiniteInitialBlock: true,
	}, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tap.Close()) })
	log, err := tap.Subscribe(b.ctx, "{p0}log")
	require.NoError(t, err)
	queue, err := tap.Subscribe(b.ctx, "{p0}q/default/normal")
	require.NoError(t, err)

	one := eventstoretest.Stream{Name: "job/1"}
	w := one.Next(1)
	_, err = b.Append(b.ctx, eventstore.Append{Writes: []eventstore.Write{w}, Enqueue: []eventstore.Enqueue{{Topic: "q/default/normal"}}})
	require.NoError(t, err)
	for _, messages := range []<-chan *message.Message{log, queue} {
		m := b.receive(t, messages)
		require.Equal(t, w.Events[0].ID, m.UUID)
		require.Equal(t, string(w.Events[0].Stored), string(m.Payload))
		m.Ack()
	}
	_, messages := b.subscribe(t, eventstore.Reader{Name: "worker"}, "q/default/normal")
	m := b.receive(t, messages)
	require.Equal(t, w.Events[0].ID, m.UUID, "a tap takes nothing away")
	m.Ack()
}

// A stock watermill-redisstream publisher's message on a queue is understood.
func TestStockPublishersMessageIsUnderstood(t *testing.T) {
	b := setup(t)
	stock, err := redisstream.NewPublisher(redisstream.PublisherConfig{
		Client: goredis.NewClient(&goredis.Options{Addr: b.server.Addr}),
	}, watermill.NopLogger{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stock.Close()) })
	sent := message.NewMessage("uuid-1", []byte("hello"))
	sent.Metadata.Set("colour", "blue")
	require.NoError(t, stock.Publish("{p0}q/default/low", sent, message.NewMessage("uuid-2", nil)))

	_, messages := b.subscribe(t, eventstore.Reader{Name: "worker"}, "q/default/high,q/default/low")
	m := b.receive(t, messages)
	require.Equal(t, "uuid-1", m.UUID)
	require.Equal(t, "hello", string(m.Payload))
	require.Equal(t, "blue", m.Metadata.Get("colour"))
	require.Equal(t, "q/default/low", m.Metadata.Get(eventstore.MetaTopic))
	m.Ack()
	m = b.receive(t, messages)
	require.Equal(t, "uuid-2", m.UUID)
	m.Ack()
	b.eventually(t, "acked messages are gone", func() bool {
		depths, err := b.Depths(b.ctx, "q/default/low")
		return err == nil && len(depths) == 1 && depths[0].Waiting+depths[0].Taken == 0
	})
}
