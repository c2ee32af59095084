package redis_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/eventstore"
	"tapedeck/eventstore/eventstoretest"
	"tapedeck/eventstore/redis"
	"tapedeck/internal/redistest"
)

// usedMemory is what Redis's data takes now.
func (b *bundle) usedMemory(t *testing.T) int64 {
	t.Helper()
	for line := range strings.Lines(b.server.Client().Info(b.ctx, "memory").Val()) {
		var n int64
		if _, err := fmt.Sscanf(line, "used_memory:%d", &n); err == nil {
			return n
		}
	}
	require.Fail(t, "no used_memory")
	return 0
}

// begin submits a job and claims it.
func (b *bundle) begin(t *testing.T, s *eventstoretest.Stream) {
	t.Helper()
	_, err := b.Append(b.ctx, eventstore.Append{
		Writes: []eventstore.Write{s.Next(1)}, Grants: []eventstore.Grant{{Stream: s.Name, Token: "t", TTL: time.Minute}},
	})
	require.NoError(t, err)
}

func finish(s *eventstoretest.Stream) eventstore.Append {
	return eventstore.Append{
		Writes: []eventstore.Write{s.Next(1)}, Ends: []string{s.Name},
		Holds:     []eventstore.Hold{{Stream: s.Name, Token: "t"}},
		Deadlines: []eventstore.SetDeadline{{Stream: s.Name}},
	}
}

// At the limit new work is refused with nothing written, while what runs can renew and finish.
func TestMemoryLimit(t *testing.T) {
	b := setup(t)
	running, waiting := eventstoretest.Stream{Name: "job/1"}, eventstoretest.Stream{Name: "job/2"}
	b.begin(t, &running)
	b.write(t, &waiting, 1)
	before, err := b.Tail(b.ctx)
	require.NoError(t, err)
	b.server.ConfigSet("maxmemory", fmt.Sprint(b.usedMemory(t)/2))

	fresh := eventstoretest.Stream{Name: "job/3"}
	_, err = b.Append(b.ctx, eventstore.Append{Writes: []eventstore.Write{fresh.Next(1)}, Enqueue: []eventstore.Enqueue{{Topic: "q/a/high"}}})
	require.ErrorIs(t, err, eventstore.ErrFull)
	_, err = b.Append(b.ctx, eventstore.Append{Writes: []eventstore.Write{waiting.Next(1)}})
	require.ErrorIs(t, err, eventstore.ErrFull)
	after, err := b.Tail(b.ctx)
	require.NoError(t, err)
	require.Equal(t, before, after, "nothing was written")

	version, err := b.Renew(b.ctx, "job/1", "t")
	require.NoError(t, err)
	require.Equal(t, uint64(1), version)
	_, err = b.Append(b.ctx, finish(&running))
	require.NoError(t, err)
	b.server.ConfigSet("maxmemory", "0")
	w := fresh.Next(1)
	again := eventstoretest.Stream{Name: "job/4"}
	b.eventually(t, "new work is taken again", func() bool {
		_, err := b.Append(b.ctx, eventstore.Append{Writes: []eventstore.Write{w}})
		return errors.Is(err, eventstore.ErrConflict) // its first event was refused
	})
	b.write(t, &again, 1)
}

// New work is refused while there is still room for what has begun, and health says so.
func TestMemoryReserve(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	b := &bundle{open(t, redis.Options{URL: server.URL(), Reserve: 0.5}), server, testContext(t)}
	running := eventstoretest.Stream{Name: "job/1"}
	b.begin(t, &running)
	server.ConfigSet("maxmemory", fmt.Sprint(b.usedMemory(t)*3/2))
	b.eventually(t, "new work is refused", func() bool {
		fresh := eventstoretest.Stream{Name: "job/" + eventID(eventstore.Position{Hi: uint64(time.Now().UnixNano())})}
		_, err := b.Append(b.ctx, eventstore.Append{Writes: []eventstore.Write{fresh.Next(1)}})
		return errors.Is(err, eventstore.ErrFull)
	})
	require.Contains(t, strings.Join(b.Health(b.ctx).Warnings, "\n"), "memory limit")
	b.write(t, &running, 1)
	output := eventstoretest.Stream{Name: "job/1/out/1"}
	_, err := b.Append(b.ctx, eventstore.Append{
		Writes: []eventstore.Write{output.Next(1)}, Holds: []eventstore.Hold{{Stream: "job/1", Token: "t", Touch: true}},
	})
	require.NoError(t, err, "output of what runs")
	_, err = b.Append(b.ctx, finish(&running))
	require.NoError(t, err)
}

// work is a whole job: submitted, claimed, finished. It returns the bytes stored.
func (b *bundle) work(t *testing.T, stream string) (stored int64) {
	s := eventstoretest.Stream{Name: stream}
	submit := eventstore.Append{
		Writes: []eventstore.Write{s.Next(1)}, Enqueue: []eventstore.Enqueue{{Topic: "q/a/high"}},
		Deadlines: []eventstore.SetDeadline{{Stream: stream, At: time.Now().Add(time.Minute)}},
	}
	start := eventstore.Append{
		Writes: []eventstore.Write{s.Next(1)}, Grants: []eventstore.Grant{{Stream: stream, Token: "t", TTL: time.Minute}},
	}
	for _, a := range []eventstore.Append{submit, start, finish(&s)} {
		stored += int64(len(a.Writes[0].Events[0].Stored))
		if _, err := b.Append(b.ctx, a); err != nil {
			t.Error(err)
		}
	}
	return stored
}

// Redis's memory for an event is its stored bytes and at most 250 more, once its job is done.
func TestMemoryOfAnEvent(t *testing.T) {
	b := setup(t, redistest.AppendFsync("everysec"))
	const n, writers = 6000, 20
	_, messages := b.subscribe(t, eventstore.Reader{Name: "worker"}, "q/a/high")
	before := b.usedMemory(t)
	var stored atomic.Int64
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for j := range n / writers {
				stored.Add(b.work(t, fmt.Sprintf("job/0198f000-0000-7000-8000-%06d%06d", i, j)))
			}
		})
	}
	for range n {
		b.receive(t, messages).Ack()
	}
	wg.Wait()
	c := b.server.Client()
	b.eventually(t, "acked messages are gone", func() bool { return c.XLen(b.ctx, "{p0}q/a/high").Val() == 0 })
	require.Zero(t, c.Exists(b.ctx, "{p0}deadlines", "{p0}leases", "{p0}watches").Val(), "nothing is kept beside the events")
	per := float64(b.usedMemory(t)-before-stored.Load()) / (3 * n)
	t.Logf("%.0f stored bytes an event, Redis takes %.0f more", float64(stored.Load())/(3*n), per)
	require.Less(t, per, 250.0)
}
