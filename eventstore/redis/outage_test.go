package redis_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/eventstore"
	"tapedeck/eventstore/eventstoretest"
	"tapedeck/eventstore/redis"
	"tapedeck/internal/redistest"
)

func TestDownAtStart(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	server.Kill()
	short, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_, err := redis.Open(short, redis.Options{URL: server.URL()})
	require.ErrorIs(t, err, eventstore.ErrUnavailable)

	opened := make(chan *redis.Store, 1)
	go func() {
		s, err := redis.Open(testContext(t), redis.Options{URL: server.URL()})
		if err != nil {
			t.Error(err)
		}
		opened <- s
	}()
	server.Restart()
	s := <-opened
	require.NotNil(t, s)
	require.NoError(t, s.Health(testContext(t)).Err)
	require.NoError(t, s.Close())
}

func TestDownMidway(t *testing.T) {
	b := setup(t)
	one := eventstoretest.Stream{Name: "job/1"}
	b.write(t, &one, 1)
	_, messages := b.subscribe(t, eventstore.Reader{Name: "worker"}, "q/a/high")
	waited := make(chan error, 1)
	tail, err := b.Tail(b.ctx)
	require.NoError(t, err)
	go func() { waited <- b.Wait(b.ctx, tail.Position) }()

	b.server.Kill()
	w := one.Next(1)
	a := eventstore.Append{Writes: []eventstore.Write{w}, Enqueue: []eventstore.Enqueue{{Topic: "q/a/high"}}}
	_, err = b.Append(b.ctx, a)
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
	_, err = b.ReadStream(b.ctx, "job/1", 1, 10)
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
	_, err = b.ReadAll(b.ctx, eventstore.Position{}, 10)
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
	_, err = b.Renew(b.ctx, "job/1", "t")
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
	require.ErrorIs(t, <-waited, eventstore.ErrUnavailable)
	require.ErrorIs(t, b.Health(b.ctx).Err, eventstore.ErrUnavailable)

	b.server.Restart()
	_, err = b.Append(b.ctx, a)
	require.NoError(t, err, "the same append, once Redis is back")
	m := b.receive(t, messages)
	require.Equal(t, w.Events[0].ID, m.UUID, "the subscription lives through it")
	m.Ack()
}

// Redis freezes with an append in hand, which is then repeated: it is written once.
func TestFrozenAppendIsRepeatedOnce(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, redis.Options{URL: server.URL(), Timeout: 100 * time.Millisecond})
	ctx := testContext(t)
	one := eventstoretest.Stream{Name: "job/1"}
	a := eventstore.Append{Writes: []eventstore.Write{one.Next(1)}}
	_, err := s.Append(ctx, eventstore.Append{Writes: []eventstore.Write{(&eventstoretest.Stream{Name: "job/0"}).Next(1)}})
	require.NoError(t, err)

	server.Pause()
	_, err = s.Append(ctx, a)
	require.ErrorIs(t, err, eventstore.ErrUnavailable)
	server.Resume()
	for {
		_, err = s.Append(ctx, a)
		if !errors.Is(err, eventstore.ErrUnavailable) {
			break
		}
	}
	require.NoError(t, err)
	all, err := s.ReadAll(ctx, eventstore.Position{}, 10)
	require.NoError(t, err)
	require.Len(t, all.Events, 2)
}

// receipt is what an acknowledged append promised.
type receipt struct {
	stream  string
	version uint64
	id      string
}

// With appendfsync always, whatever was acknowledged is found after any number of kills, exactly once
// and in its place; the same Store carries on.
func TestKilledRedisKeepsWhatWasAcknowledged(t *testing.T) {
	b := setup(t)
	const writers, kills = 8, 5
	var mu sync.Mutex
	var receipts []receipt
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			s := eventstoretest.Stream{Name: fmt.Sprintf("job/%d", i)}
			for {
				select {
				case <-stop:
					return
				default:
				}
				w := s.Next(1)
				for {
					_, err := b.Append(b.ctx, eventstore.Append{Writes: []eventstore.Write{w}, Enqueue: []eventstore.Enqueue{{Topic: "q/a/high"}}})
					if err == nil {
						break
					}
					if !errors.Is(err, eventstore.ErrUnavailable) {
						t.Errorf("append: %v", err)
						return
					}
				}
				mu.Lock()
				receipts = append(receipts, receipt{s.Name, w.Expect.Version() + 1, w.Events[0].ID})
				mu.Unlock()
			}
		})
	}
	count := func() int { mu.Lock(); defer mu.Unlock(); return len(receipts) }
	for range kills {
		before := count()
		b.eventually(t, "writers go on", func() bool { return count() > before+100 })
		b.server.Restart()
	}
	close(stop)
	wg.Wait()

	events := map[string][]eventstore.Recorded{}
	for _, r := range receipts {
		if events[r.stream] == nil {
			var chain eventstore.Chain
			var err error
			events[r.stream], err = b.ReadStream(b.ctx, r.stream, 1, 1_000_000)
			require.NoError(t, err)
			for _, e := range events[r.stream] {
				require.NoError(t, chain.Verify(e.Stored))
			}
		}
		require.Equal(t, r.id, events[r.stream][r.version-1].ID)
	}
	all, err := b.ReadAll(b.ctx, eventstore.Position{}, 1_000_000)
	require.NoError(t, err)
	require.Len(t, all.Events, len(receipts), "nothing twice")
	depths, err := b.Depths(b.ctx, "q/")
	require.NoError(t, err)
	require.Equal(t, int64(len(receipts)), depths[0].Waiting, "each with its hand-off, once")
}

func TestFunctionsAreLoadedAgain(t *testing.T) {
	b := setup(t)
	one := eventstoretest.Stream{Name: "job/1"}
	b.write(t, &one, 1)
	require.NoError(t, b.server.Client().FunctionFlush(b.ctx).Err())
	b.write(t, &one, 1)
	require.NoError(t, b.server.Client().FunctionFlush(b.ctx).Err())
	events, err := b.ReadStream(b.ctx, "job/1", 1, 10)
	require.NoError(t, err)
	require.Len(t, events, 2)
}

func TestCloseIsPrompt(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s, err := redis.Open(testContext(t), redis.Options{URL: server.URL()})
	require.NoError(t, err)
	sub, err := s.Subscriber(eventstore.Reader{Name: "worker"})
	require.NoError(t, err)
	messages, err := sub.Subscribe(testContext(t), "q/a/high")
	require.NoError(t, err)
	waited := make(chan error, 1)
	go func() { waited <- s.Wait(testContext(t), eventstore.Position{}) }()

	began := time.Now()
	require.NoError(t, s.Close())
	require.ErrorIs(t, <-waited, eventstore.ErrClosed)
	_, open := <-messages
	require.False(t, open)
	require.Less(t, time.Since(began), time.Second)
	_, err = s.Append(testContext(t), eventstore.Append{Writes: []eventstore.Write{(&eventstoretest.Stream{Name: "job/1"}).Next(1)}})
	require.ErrorIs(t, err, eventstore.ErrClosed)
	require.ErrorIs(t, s.Health(testContext(t)).Err, eventstore.ErrClosed)
	require.NoError(t, s.Close(), "closing twice")
}
