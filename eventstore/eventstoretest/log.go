package eventstoretest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/event"
	"tapedeck/eventstore"
)

func testReadStream(t *testing.T, b *bundle) {
	one := Stream{Name: "job/1"}
	b.write(t, one.Next(3))
	b.write(t, freshFrom("job/1/out/1", 1)) // a name that begins alike is another stream
	for _, c := range []struct {
		from  uint64
		limit int
		want  []uint64
	}{
		{1, 10, []uint64{1, 2, 3}},
		{0, 10, []uint64{1, 2, 3}},
		{1, 2, []uint64{1, 2}},
		{2, 1, []uint64{2}},
		{3, 10, []uint64{3}},
		{4, 10, nil},
		{1 << 40, 10, nil},
	} {
		events, err := b.ReadStream(b.ctx, "job/1", c.from, c.limit)
		require.NoError(t, err)
		require.Equal(t, c.want, sequences(events), "from %d, at most %d", c.from, c.limit)
	}
	require.Empty(t, b.stream(t, "job/none"))
}

func sequences(events []eventstore.Recorded) (out []uint64) {
	for _, e := range events {
		out = append(out, e.Sequence)
	}
	return out
}

func testReadAll(t *testing.T, b *bundle) {
	empty, err := b.ReadAll(b.ctx, eventstore.Position{}, 10)
	require.NoError(t, err)
	require.Empty(t, empty.Events, "at once, also when there is nothing")
	require.Equal(t, eventstore.Position{}, empty.Next)

	one, two := Stream{Name: "job/1"}, Stream{Name: "job/2"}
	var want []eventstore.Position
	for range 5 {
		done := b.write(t, one.Next(1), two.Next(2))
		want = append(want, slices.Concat(done.Positions...)...)
	}
	for _, limit := range []int{1, 2, 7, 15, 1000} {
		var got []eventstore.Position
		after := eventstore.Position{}
		for {
			batch, err := b.ReadAll(b.ctx, after, limit)
			require.NoError(t, err)
			require.LessOrEqual(t, len(batch.Events), limit)
			if len(batch.Events) == 0 {
				require.Equal(t, after, batch.Next)
				break
			}
			for _, e := range batch.Events {
				got = append(got, e.Position)
				parsed, hash, err := event.Parse(e.Stored)
				require.NoError(t, err)
				require.Equal(t, hash, e.Hash)
				require.Equal(t, parsed, e.Event)
			}
			after = batch.Next
		}
		require.Equal(t, want, got, "limit %d", limit)
	}
	end, err := b.ReadAll(b.ctx, eventstore.End, 10)
	require.NoError(t, err)
	require.Empty(t, end.Events)
	require.Equal(t, eventstore.End, end.Next)
}

func testReadBack(t *testing.T, b *bundle) {
	empty, err := b.ReadBack(b.ctx, eventstore.End, 10)
	require.NoError(t, err)
	require.Empty(t, empty.Events)

	one := Stream{Name: "job/1"}
	b.write(t, one.Next(5))
	forth := b.log(t)
	slices.Reverse(forth)
	for _, limit := range []int{1, 2, 5, 100} {
		var back []eventstore.Recorded
		before := eventstore.End
		for {
			batch, err := b.ReadBack(b.ctx, before, limit)
			require.NoError(t, err)
			require.LessOrEqual(t, len(batch.Events), limit)
			if len(batch.Events) == 0 {
				break
			}
			back, before = append(back, batch.Events...), batch.Next
		}
		require.Equal(t, forth, back, "limit %d", limit)
	}
	before, err := b.ReadBack(b.ctx, forth[1].Position, 1)
	require.NoError(t, err)
	require.Equal(t, uint64(3), before.Events[0].Sequence, "the position itself is not before it")
	none, err := b.ReadBack(b.ctx, eventstore.Position{}, 10)
	require.NoError(t, err)
	require.Empty(t, none.Events)
}

func testWait(t *testing.T, b *bundle) {
	short, cancel := context.WithTimeout(b.ctx, 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, b.Wait(short, eventstore.Position{}), context.DeadlineExceeded)

	one := Stream{Name: "job/1"}
	first := b.write(t, one.Next(1)).Positions[0][0]
	require.NoError(t, b.Wait(b.ctx, eventstore.Position{}), "what is there already")

	const waiters = 16
	last := first
	for range 20 { // each round could lose a wake-up
		errs := make(chan error, waiters)
		for range waiters {
			go func() { errs <- b.Wait(b.ctx, last) }()
		}
		next := b.write(t, one.Next(1)).Positions[0][0]
		for range waiters {
			require.NoError(t, <-errs)
		}
		last = next
	}
	short, cancel = context.WithTimeout(b.ctx, 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, b.Wait(short, last), context.DeadlineExceeded)
}

// Readers that follow the log, or a feed of it, while many write see every event once, in order,
// without a gap; what an append answered is there for a reader that begins afterwards.
func testFollow(t *testing.T, b *bundle) {
	const writers, each, readers = 8, 25, 4
	ctx, cancel := context.WithCancel(b.ctx)
	defer cancel()
	feed := eventstore.NewFeed(b.Store, 10) // so few that its readers fall behind it, too
	feed.Start(ctx)
	t.Cleanup(feed.Stop)
	seen := make([][]eventstore.Recorded, readers)
	var reading, writing sync.WaitGroup
	for i := range readers {
		var source eventstore.Source = b.Store
		if i%2 == 1 {
			source = feed
		}
		reading.Go(func() {
			err := eventstore.Follow(ctx, source, eventstore.Position{}, 1+10*i, func(batch eventstore.Batch, _ bool) error {
				seen[i] = append(seen[i], batch.Events...)
				if len(seen[i]) >= writers*each {
					return errDone
				}
				return nil
			})
			assert.ErrorIs(t, err, errDone)
		})
	}
	for i := range writers {
		writing.Go(func() {
			s := Stream{Name: fmt.Sprintf("job/%d", i)}
			for range each {
				done, err := b.Append(ctx, eventstore.Append{Writes: []eventstore.Write{s.Next(1)}})
				if !assert.NoError(t, err) {
					return
				}
				got, err := b.ReadStream(ctx, s.Name, s.chain.Version, 1)
				assert.NoError(t, err)
				assert.Len(t, got, 1, "read your own write")
				tail, err := b.Tail(ctx)
				assert.NoError(t, err)
				assert.False(t, done.Positions[0][0].After(tail.Position), "the tail is at or behind it")
			}
		})
	}
	writing.Wait()
	reading.Wait()
	want := b.log(t)
	require.Len(t, want, writers*each)
	for i := range readers {
		require.Equal(t, want, seen[i], "reader %d", i)
	}
}

var errDone = errors.New("done")

func testMalformed(t *testing.T, b *bundle) {
	d, ok := b.Store.(Damager)
	if !ok {
		t.Skip("nothing from outside can spoil this back end's entries")
	}
	one := Stream{Name: "job/1"}
	b.write(t, one.Next(4))
	good := b.log(t)
	d.Damage(t, "job/1", 2)

	batch, err := b.ReadAll(b.ctx, eventstore.Position{}, 10)
	require.NoError(t, err)
	require.Equal(t, []uint64{1, 3, 4}, sequences(batch.Events), "it is passed over")
	require.Equal(t, 1, batch.Malformed)
	require.Equal(t, good[3].Position, batch.Next)
	batch, err = b.ReadAll(b.ctx, good[0].Position, 1)
	require.NoError(t, err)
	require.Empty(t, batch.Events)
	require.Equal(t, 1, batch.Malformed)
	require.Equal(t, good[1].Position, batch.Next, "a reader gets past it")
	back, err := b.ReadBack(b.ctx, eventstore.End, 10)
	require.NoError(t, err)
	require.Equal(t, []uint64{4, 3, 1}, sequences(back.Events))
	require.Equal(t, 1, back.Malformed)
	require.NoError(t, b.Wait(b.ctx, good[0].Position))

	_, err = b.ReadStream(b.ctx, "job/1", 1, 10)
	require.ErrorIs(t, err, event.ErrMalformed, "a state cannot be folded over it")
	rest, err := b.ReadStream(b.ctx, "job/1", 3, 10)
	require.NoError(t, err)
	require.Len(t, rest, 2)
	var gone *eventstore.GoneError
	require.ErrorAs(t, b.Resolve(b.ctx, good[1].Cursor(b.Epoch())), &gone)
	require.Equal(t, eventstore.GoneLost, gone.Reason)

	d.Damage(t, "job/1", 4)
	tail, err := b.Tail(b.ctx)
	require.NoError(t, err)
	require.Equal(t, good[2].Cursor(b.Epoch()), tail, "the last event")
	require.Positive(t, b.Health(b.ctx).Malformed)
}
