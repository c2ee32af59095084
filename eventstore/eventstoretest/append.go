package eventstoretest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tapedeck/eventstore"
)

func testAppend(t *testing.T, b *bundle) {
	one, two := Stream{Name: "job/1"}, Stream{Name: "job/2"}
	first, other := one.Next(2), two.Next(1)
	done := b.write(t, first, other)
	require.Len(t, done.Positions, 2)
	require.Len(t, done.Positions[0], 2)
	require.True(t, done.Positions[0][0].After(eventstore.Position{}))
	require.True(t, done.Positions[0][1].After(done.Positions[0][0]))
	require.True(t, done.Positions[1][0].After(done.Positions[0][1]))
	later := b.write(t, one.Next(1))
	require.True(t, later.Positions[0][0].After(done.Positions[1][0]))

	var chain eventstore.Chain
	events := b.stream(t, "job/1")
	for i, e := range events {
		require.NoError(t, chain.Verify(e.Stored))
		require.Equal(t, chain.Head, e.Hash)
		require.Equal(t, uint64(i+1), e.Sequence)
	}
	require.Equal(t, uint64(3), chain.Version)
	require.Equal(t, first.Events[1].Stored, events[1].Stored, "byte for byte")
	require.Equal(t, done.Positions[0][1], events[1].Position)
}

func testDuplicate(t *testing.T, b *bundle) {
	one, two := Stream{Name: "job/1"}, Stream{Name: "job/2"}
	b.write(t, one.Next(1))
	a := eventstore.Append{Writes: []eventstore.Write{one.Next(2), two.Next(1)}}
	done := b.append(t, a)
	again := func(why string) {
		t.Helper()
		got, err := b.Append(b.ctx, a)
		require.NoError(t, err, why)
		require.Equal(t, eventstore.Appended{Positions: done.Positions, Duplicate: true}, got, why)
	}
	again("repeated")
	b.write(t, one.Next(1))
	b.write(t, two.Next(1))
	again("repeated when the streams went on")
	require.Len(t, b.stream(t, "job/1"), 4)
	require.Len(t, b.stream(t, "job/2"), 2)

	three := Stream{Name: "job/3"}
	for why, writes := range map[string][]eventstore.Write{
		"half of it is new":           {a.Writes[0], three.Next(1)},
		"it goes beyond what is held": {{Stream: "job/1", Expect: a.Writes[0].Expect, Prev: a.Writes[0].Prev, Events: append(a.Writes[0].Events[:2:2], three.Next(2).Events...)}},
	} {
		_, err := b.Append(b.ctx, eventstore.Append{Writes: writes})
		require.ErrorIs(t, err, eventstore.ErrConflict, why)
	}
	require.Empty(t, b.stream(t, "job/3"))
}

func testDuplicateHasNoEffect(t *testing.T, b *bundle) {
	one, other := Stream{Name: "job/1"}, Stream{Name: "job/2"}
	b.append(t, eventstore.Append{
		Writes: []eventstore.Write{one.Next(1)}, Grants: []eventstore.Grant{{Stream: "job/1", Token: "a", TTL: time.Hour}},
	})
	b.write(t, other.Next(1))
	a := eventstore.Append{
		Writes:    []eventstore.Write{one.Next(1)},
		Holds:     []eventstore.Hold{{Stream: "job/1", Token: "a", Touch: true}},
		Enqueue:   []eventstore.Enqueue{{Topic: "q/a/high"}},
		Deadlines: []eventstore.SetDeadline{{Stream: "job/1", At: time.Unix(1, 0)}},
		Ends:      []string{"job/1"},
		Grants:    []eventstore.Grant{{Stream: "job/2", Token: "b", TTL: time.Hour}},
		Watches:   []eventstore.Watch{{Stream: "job/2", Watcher: "1", Topic: "r/wake"}},
		Modes:     []eventstore.SetPaused{{Prefix: "q/a/", Paused: true}},
	}
	b.append(t, a)
	b.append(t, eventstore.Append{
		Writes:    []eventstore.Write{other.Next(1)},
		Deadlines: []eventstore.SetDeadline{{Stream: "job/1"}}, Ends: []string{"job/2"}, Wakes: []string{"job/2"},
		Modes: []eventstore.SetPaused{{Prefix: "q/a/"}},
	})
	again, err := b.Append(b.ctx, a)
	require.NoError(t, err, "although the lease that it held is over")
	require.True(t, again.Duplicate)

	require.Equal(t, int64(1), b.depth(t, "q/a/high").Waiting)
	require.False(t, b.depth(t, "q/a/high").Paused)
	require.Equal(t, int64(2), b.depth(t, "r/wake").Waiting, "once for the watch, once for the wake")
	for _, stream := range []string{"job/1", "job/2"} {
		_, ok, err := b.LeaseOf(b.ctx, stream)
		require.NoError(t, err)
		require.False(t, ok)
	}
	due, _, _, err := b.Due(b.ctx, 10)
	require.NoError(t, err)
	require.Empty(t, due)
	b.append(t, eventstore.Append{Writes: []eventstore.Write{other.Next(1)}, Wakes: []string{"job/2"}})
	require.Equal(t, int64(2), b.depth(t, "r/wake").Waiting, "nobody watches any more")
}

func testConflict(t *testing.T, b *bundle) {
	one := Stream{Name: "job/1"}
	b.write(t, one.Next(2))
	tail, err := b.Tail(b.ctx)
	require.NoError(t, err)

	fresh, behind, ahead, twin, absent := Stream{Name: "job/1"}, Stream{Name: "job/1"}, one, Stream{Name: "job/1"}, Stream{Name: "job/2"}
	behind.Next(1)
	ahead.Next(1)
	twin.Next(2)
	absent.Next(1)
	for why, w := range map[string]eventstore.Write{
		"no stream, but there is one":          fresh.Next(1),
		"exactly 1, but there are 2":           behind.Next(1),
		"exactly 3, but there are 2":           ahead.Next(1),
		"exactly 2, but of another history":    twin.Next(1),
		"exactly 1, but there is no stream":    absent.Next(1),
		"other events in the very same places": freshFrom("job/1", 2),
	} {
		_, err := b.Append(b.ctx, eventstore.Append{Writes: []eventstore.Write{w}})
		require.ErrorIs(t, err, eventstore.ErrConflict, why)
	}
	after, err := b.Tail(b.ctx)
	require.NoError(t, err)
	require.Equal(t, tail, after)
	b.write(t, one.Next(1))
}

func freshFrom(stream string, n int) eventstore.Write {
	s := Stream{Name: stream}
	return s.Next(n)
}

func testAllOrNothing(t *testing.T, b *bundle) {
	held, watched := Stream{Name: "job/held"}, Stream{Name: "job/watched"}
	b.append(t, eventstore.Append{
		Writes:    []eventstore.Write{held.Next(1)},
		Grants:    []eventstore.Grant{{Stream: "job/held", Token: "a", TTL: time.Hour}},
		Watches:   []eventstore.Watch{{Stream: "job/watched", Watcher: "held", Topic: "r/wake"}},
		Deadlines: []eventstore.SetDeadline{{Stream: "job/other", At: b.now(t).Add(time.Hour).Truncate(time.Millisecond)}},
	})
	b.write(t, watched.Next(1))
	before := b.picture(t)

	fresh := Stream{Name: "job/new"}
	everything := eventstore.Append{
		Enqueue:   []eventstore.Enqueue{{Topic: "q/a/high"}},
		Deadlines: []eventstore.SetDeadline{{Stream: "job/new", At: time.Unix(1, 0)}, {Stream: "job/other"}},
		Grants:    []eventstore.Grant{{Stream: "job/new", Token: "x", TTL: time.Hour}},
		Ends:      []string{"job/held"},
		Watches:   []eventstore.Watch{{Stream: "job/held", Watcher: "new", Topic: "r/wake"}},
		Wakes:     []string{"job/watched"},
		Modes:     []eventstore.SetPaused{{Prefix: "r/", Paused: true}},
	}
	conflict := everything
	conflict.Writes = []eventstore.Write{fresh.Next(1), freshFrom("job/watched", 1)}
	_, err := b.Append(b.ctx, conflict)
	require.ErrorIs(t, err, eventstore.ErrConflict)
	require.Equal(t, before, b.picture(t), "one write of two did not fit")

	lost := everything
	lost.Writes = []eventstore.Write{freshFrom("job/new", 1)}
	lost.Holds = []eventstore.Hold{{Stream: "job/held", Token: "a", Touch: true}, {Stream: "job/held", Token: "b"}}
	_, err = b.Append(b.ctx, lost)
	require.ErrorIs(t, err, eventstore.ErrLeaseLost)
	require.Equal(t, before, b.picture(t), "one lease of two was not held")

	b.append(t, eventstore.Append{Writes: []eventstore.Write{watched.Next(1)}, Wakes: []string{"job/watched"}})
	require.Equal(t, int64(2), b.depth(t, "r/wake").Waiting, "the watch was still there")
}

// picture is everything that can be seen of the store.
type picture struct {
	Log    []eventstore.Recorded
	Tail   eventstore.Cursor
	Due    []eventstore.Deadline
	Next   time.Time
	Leases map[string]eventstore.Lease
	Depths map[string]int64
	Paused map[string]bool
}

func (b *bundle) picture(t *testing.T) picture {
	t.Helper()
	p := picture{Log: b.log(t), Leases: map[string]eventstore.Lease{}, Depths: map[string]int64{}, Paused: map[string]bool{}}
	var err error
	p.Tail, err = b.Tail(b.ctx)
	require.NoError(t, err)
	p.Due, _, p.Next, err = b.Due(b.ctx, 1000)
	require.NoError(t, err)
	for _, stream := range []string{"job/held", "job/new", "job/watched"} {
		l, ok, err := b.LeaseOf(b.ctx, stream)
		require.NoError(t, err)
		if ok {
			p.Leases[stream] = l
		}
	}
	depths, err := b.Depths(b.ctx, "")
	require.NoError(t, err)
	for _, d := range depths {
		if d.Waiting > 0 { // a topic may exist without messages
			p.Depths[d.Topic], p.Paused[d.Topic] = d.Waiting, d.Paused
		}
	}
	return p
}

func testInvalid(t *testing.T, b *bundle) {
	w := freshFrom("job/1", 1)
	for why, a := range map[string]eventstore.Append{
		"no writes":              {},
		"no events":              {Writes: []eventstore.Write{{Stream: "job/1"}}},
		"no stream":              {Writes: []eventstore.Write{{Events: w.Events}}},
		"a stream twice":         {Writes: []eventstore.Write{w, w}},
		"a message of no topic":  {Writes: []eventstore.Write{w}, Enqueue: []eventstore.Enqueue{{}}},
		"a message of no event":  {Writes: []eventstore.Write{w}, Enqueue: []eventstore.Enqueue{{Topic: "q/a/high", Event: 1}}},
		"a message of no write":  {Writes: []eventstore.Write{w}, Enqueue: []eventstore.Enqueue{{Topic: "q/a/high", Write: 1}}},
		"a lease without length": {Writes: []eventstore.Write{w}, Grants: []eventstore.Grant{{Stream: "job/1", Token: "a"}}},
		"a lease without token":  {Writes: []eventstore.Write{w}, Grants: []eventstore.Grant{{Stream: "job/1", TTL: time.Hour}}},
	} {
		_, err := b.Append(b.ctx, a)
		require.Error(t, err, why)
		require.NotErrorIs(t, err, eventstore.ErrConflict, why)
		require.NotErrorIs(t, err, eventstore.ErrUnavailable, why)
	}
	require.Empty(t, b.log(t))
}

func testLarge(t *testing.T, b *bundle) {
	one := Stream{Name: "job/1"}
	big := one.next(1, 1<<20)
	b.append(t, eventstore.Append{Writes: []eventstore.Write{big}, Enqueue: []eventstore.Enqueue{{Topic: "q/a/high"}}})
	many := one.Next(1000)
	b.write(t, many)
	var a eventstore.Append
	for i := range 50 {
		a.Writes = append(a.Writes, freshFrom("wide/"+string(rune('a'+i)), 1))
	}
	done := b.append(t, a)
	require.Len(t, done.Positions, 50)

	events := b.stream(t, "job/1")
	require.Len(t, events, 1001)
	require.Equal(t, big.Events[0].Stored, events[0].Stored)
	require.Equal(t, many.Events[999].Stored, events[1000].Stored)
	require.Len(t, b.log(t), 1051)
	m := b.receive(t, b.subscribe(t, "q/a/high"))
	require.Equal(t, big.Events[0].Stored, []byte(m.Payload))
	m.Ack()
}

func testCancelled(t *testing.T, b *bundle) {
	over, cancel := context.WithCancel(b.ctx)
	cancel()
	s := Stream{Name: "job/1"}
	w := s.Next(1)
	_, err := b.Append(over, eventstore.Append{Writes: []eventstore.Write{w}})
	require.Error(t, err)
	require.True(t, errors.Is(err, context.Canceled) || errors.Is(err, eventstore.ErrUnavailable), "%v", err)
	_, err = b.Append(b.ctx, eventstore.Append{Writes: []eventstore.Write{w}})
	require.NoError(t, err, "the same append again, whether it was written or not")
	require.Len(t, b.stream(t, "job/1"), 1)
}

// Callers that lose patience at any moment leave whole appends or none, and can repeat them.
func testImpatient(t *testing.T, b *bundle) {
	const callers, each = 8, 20
	first := Stream{Name: "job/lease"}
	b.append(t, eventstore.Append{
		Writes: []eventstore.Write{first.Next(1)}, Grants: []eventstore.Grant{{Stream: first.Name, Token: "a", TTL: time.Hour}},
	})
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			s := Stream{Name: fmt.Sprintf("job/%d", i)}
			for n := range each {
				patience := time.Duration(n*37%20) * 100 * time.Microsecond
				a := eventstore.Append{Writes: []eventstore.Write{s.Next(2)}, Enqueue: []eventstore.Enqueue{{Topic: "q/a/high"}}}
				for err := errDone; err != nil; patience += time.Millisecond {
					short, cancel := context.WithTimeout(b.ctx, patience)
					_, _ = b.Renew(short, first.Name, "a")
					_, _ = b.ReadStream(short, s.Name, 1, 10)
					_, err = b.Append(short, a)
					cancel()
					if !assert.NoError(t, b.ctx.Err()) || !assert.NotErrorIs(t, err, eventstore.ErrConflict) {
						return
					}
				}
			}
		})
	}
	wg.Wait()
	require.Len(t, b.log(t), 2*callers*each+1)
	require.Equal(t, int64(callers*each), b.left(t, "q/a/high"))
}
