package redis_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"tapedeck/eventstore"
	"tapedeck/eventstore/eventstoretest"
	"tapedeck/eventstore/redis"
	"tapedeck/internal/redistest"
)

// Of watermill's universal suite everything applies but what needs consumer groups (a topic is a
// queue: an acked message is gone), a guaranteed order (a worker takes several jobs at a time), or
// exactly-once delivery (nobody has it). Messages are published by the stock publisher.
func TestUniversalPubSub(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.AppendFsync("everysec"))
	s := open(t, redis.Options{URL: server.URL()})
	construct := func(t *testing.T) (message.Publisher, message.Subscriber) {
		sub, err := s.Subscriber(eventstore.Reader{Name: watermill.NewUUID(), Redeliver: time.Second})
		require.NoError(t, err)
		pub, err := redisstream.NewPublisher(redisstream.PublisherConfig{
			Client: goredis.NewClient(&goredis.Options{Addr: server.Addr}),
		}, watermill.NopLogger{})
		require.NoError(t, err)
		return prefixed{pub}, slashed{sub}
	}
	tests.TestPubSub(t, tests.Features{Persistent: true}, construct, nil)
}

// prefixed and slashed turn the suite's topic names into ours.
type prefixed struct{ message.Publisher }

func (p prefixed) Publish(topic string, messages ...*message.Message) error {
	return p.Publisher.Publish("{p0}q/"+topic, messages...)
}

type slashed struct{ message.Subscriber }

func (s slashed) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	return s.Subscriber.Subscribe(ctx, "q/"+topic)
}

// What a reader took and never acked goes to another one: in time when it died, at once when it was
// closed.
func TestMessagesOfDeadAndClosedReaders(t *testing.T) {
	b := setup(t)
	one := eventstoretest.Stream{Name: "job/1"}
	held := b.enqueue(t, &one, "q/a/high")
	c := b.server.Client()
	dead, err := c.XGroupCreateMkStream(b.ctx, "{p0}q/a/high", "tapedeck", "0").Result()
	require.NoError(t, err, dead)
	_, err = c.XReadGroup(b.ctx, &goredis.XReadGroupArgs{Group: "tapedeck", Consumer: "dead", Streams: []string{"{p0}q/a/high", ">"}}).Result()
	require.NoError(t, err)

	closed, messages := b.subscribe(t, eventstore.Reader{Name: "closed", Redeliver: 200 * time.Millisecond}, "q/a/high")
	require.Equal(t, held, b.receive(t, messages).UUID, "taken over from the dead reader")
	unsent := b.enqueue(t, &one, "q/a/high")
	b.eventually(t, "the second message is taken", func() bool {
		depths, err := b.Depths(b.ctx, "q/")
		return err == nil && depths[0].Taken == 2
	})
	require.NoError(t, closed.Close())

	_, messages = b.subscribe(t, eventstore.Reader{Name: "next", Redeliver: time.Second}, "q/a/high")
	got := []string{}
	for range 2 {
		m := b.receive(t, messages)
		got = append(got, m.UUID)
		m.Ack()
	}
	require.ElementsMatch(t, []string{held, unsent}, got)
}

// A process that crashed and starts again gets what it took at once.
func TestReaderGetsBackWhatItHeld(t *testing.T) {
	b := setup(t)
	one := eventstoretest.Stream{Name: "job/1"}
	id := b.enqueue(t, &one, "q/a/high")
	c := b.server.Client()
	require.NoError(t, c.XGroupCreateMkStream(b.ctx, "{p0}q/a/high", "tapedeck", "0").Err())
	_, err := c.XReadGroup(b.ctx, &goredis.XReadGroupArgs{Group: "tapedeck", Consumer: "worker", Streams: []string{"{p0}q/a/high", ">"}}).Result()
	require.NoError(t, err)
	taken := c.Time(b.ctx).Val()
	b.eventually(t, "Redis's clock goes on", func() bool { return c.Time(b.ctx).Val().UnixMilli() > taken.UnixMilli() })

	again := &bundle{open(t, redis.Options{URL: b.server.URL()}), b.server, b.ctx}
	_, messages := again.subscribe(t, eventstore.Reader{Name: "worker", Redeliver: time.Hour}, "q/a/high")
	m := b.receive(t, messages)
	require.Equal(t, id, m.UUID)
	m.Ack()
}

// Readers of several processes share a topic that is fed all the while: each message is handed to one
// of them, none is lost, also when readers come and go.
func TestReadersComeAndGo(t *testing.T) {
	b := setup(t, redistest.AppendFsync("everysec"))
	const n = 2000
	var mu sync.Mutex
	seen := map[string]int{}
	var distinct atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		other := open(t, redis.Options{URL: b.server.URL()})
		wg.Go(func() {
			for round := 0; ; round++ {
				sub, err := other.Subscriber(eventstore.Reader{Name: watermill.NewUUID(), Redeliver: time.Second})
				if err != nil {
					t.Error(err)
					return
				}
				messages, err := sub.Subscribe(b.ctx, "q/a/high,q/a/low")
				if err != nil {
					t.Error(err)
					return
				}
				for range 100 {
					select {
					case m := <-messages:
						mu.Lock()
						if seen[m.UUID]++; seen[m.UUID] == 1 {
							distinct.Add(1)
						}
						mu.Unlock()
						m.Ack()
						continue
					case <-stop:
					}
					break
				}
				if err := sub.Close(); err != nil {
					t.Error(err)
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for i := range 4 {
		s := eventstoretest.Stream{Name: "job/" + watermill.NewUUID()}
		wg.Go(func() {
			for range n / 4 {
				b.enqueue(t, &s, []string{"q/a/high", "q/a/low"}[i%2])
			}
		})
	}
	b.eventually(t, "every message is handed out", func() bool { return distinct.Load() == n })
	close(stop)
	wg.Wait()
}

// A topic whose key holds something else keeps nobody from the others.
func TestTopicOfAnotherType(t *testing.T) {
	b := setup(t)
	c := b.server.Client()
	require.NoError(t, c.Set(b.ctx, "{p0}q/a/high", "other", 0).Err())
	_, messages := b.subscribe(t, eventstore.Reader{Name: "worker"}, "q/a/high,q/a/low")
	one := eventstoretest.Stream{Name: "job/1"}
	id := b.enqueue(t, &one, "q/a/low")
	m := b.receive(t, messages)
	require.Equal(t, id, m.UUID)
	m.Ack()
	require.NoError(t, c.Del(b.ctx, "{p0}q/a/high").Err())
	id = b.enqueue(t, &one, "q/a/high")
	require.Equal(t, id, b.receive(t, messages).UUID)
}

func TestGroupThatIsGoneIsMadeAgain(t *testing.T) {
	b := setup(t)
	_, messages := b.subscribe(t, eventstore.Reader{Name: "worker"}, "q/a/high")
	one := eventstoretest.Stream{Name: "job/1"}
	b.enqueue(t, &one, "q/a/high")
	b.receive(t, messages).Ack()
	require.NoError(t, b.server.Client().Del(b.ctx, "{p0}q/a/high").Err())
	id := b.enqueue(t, &one, "q/a/high")
	require.Equal(t, id, b.receive(t, messages).UUID)
}

// A watch that is set and woken in one call, as appends that travel together may be, is not lost.
func TestWatchWokenInTheSameCall(t *testing.T) {
	b := setup(t)
	one := eventstoretest.Stream{Name: "job/1"}
	_, err := b.Append(b.ctx, eventstore.Append{
		Writes:  []eventstore.Write{one.Next(1)},
		Watches: []eventstore.Watch{{Stream: "job/1", Watcher: "2", Topic: "r/wake"}, {Stream: "job/1", Watcher: "3", Topic: "r/wake"}},
		Wakes:   []string{"job/1"},
	})
	require.NoError(t, err)
	depths, err := b.Depths(b.ctx, "r/")
	require.NoError(t, err)
	require.Equal(t, int64(4), depths[0].Waiting, "each at once and once woken")
	require.Zero(t, b.server.Client().Exists(b.ctx, "{p0}watches").Val())
}

func TestTwoProcessesRace(t *testing.T) {
	b := setup(t, redistest.AppendFsync("everysec"))
	other := open(t, redis.Options{URL: b.server.URL()})
	require.Equal(t, b.Epoch(), other.Epoch())
	chain := eventstoretest.Stream{Name: "job/race"}
	for range 50 {
		var won atomic.Int64
		var next atomic.Pointer[eventstoretest.Stream]
		var wg sync.WaitGroup
		for _, s := range []eventstore.Store{b, other, b, other} {
			mine := chain
			a := eventstore.Append{Writes: []eventstore.Write{mine.Next(1)}}
			wg.Go(func() {
				_, err := s.Append(b.ctx, a)
				if err == nil {
					won.Add(1)
					next.Store(&mine)
				} else if !errors.Is(err, eventstore.ErrConflict) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, int64(1), won.Load())
		chain = *next.Load()
	}
}

// A wait ends by another process's append.
func TestWaitAcrossProcesses(t *testing.T) {
	b := setup(t)
	other := &bundle{open(t, redis.Options{URL: b.server.URL()}), b.server, b.ctx}
	one := eventstoretest.Stream{Name: "job/1"}
	last := eventstore.Position{}
	for range 20 {
		waited := make(chan error, 2)
		for _, s := range []*bundle{b, other} {
			go func(after eventstore.Position) { waited <- s.Wait(b.ctx, after) }(last)
		}
		last = other.write(t, &one, 1).Positions[0][0]
		require.NoError(t, <-waited)
		require.NoError(t, <-waited)
	}
}

func TestWorkersComeAndGo(t *testing.T) {
	b := setup(t)
	require.NoError(t, b.Heartbeat(b.ctx, eventstore.Worker{ID: "1", Name: "b", Kinds: []string{"k"}}, time.Minute))
	require.NoError(t, b.Heartbeat(b.ctx, eventstore.Worker{ID: "2", Name: "a"}, time.Minute))
	require.NoError(t, b.Heartbeat(b.ctx, eventstore.Worker{ID: "3", Name: "c"}, time.Millisecond))
	b.eventually(t, "the third one's time is over", func() bool {
		workers, err := b.Workers(b.ctx)
		return err == nil && len(workers) == 2
	})
	workers, err := b.Workers(b.ctx)
	require.NoError(t, err)
	require.Equal(t, "a", workers[0].Name)
	require.Equal(t, []string{"k"}, workers[1].Kinds)
	require.WithinDuration(t, time.Now(), workers[1].HeartbeatAt, time.Minute)
	require.NoError(t, b.Leave(b.ctx, "1"))
	workers, err = b.Workers(b.ctx)
	require.NoError(t, err)
	require.Len(t, workers, 1)
}
