package redis_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/event"
	"tapedeck/eventstore"
	"tapedeck/eventstore/eventstoretest"
)

// A long stream is read in pages, so that Redis can do other things in between.
func TestLongStream(t *testing.T) {
	b := setup(t)
	const n = 1100
	one := eventstoretest.Stream{Name: "job/1"}
	b.write(t, &one, n)
	for _, from := range []uint64{1, 2, 257, n, n + 1} {
		for _, limit := range []int{0, 1, 255, 256, 257, n, 2 * n} {
			events, err := b.ReadStream(b.ctx, "job/1", from, limit)
			require.NoError(t, err)
			require.Len(t, events, min(limit, n-int(from)+1))
			var chain eventstore.Chain
			for i, e := range events {
				require.Equal(t, from+uint64(i), e.Sequence)
				if from == 1 {
					require.NoError(t, chain.Verify(e.Stored))
				}
			}
		}
	}
}

// A stream is kept in blocks: wherever an append begins or ends in one, its events are read back in
// order, and the same append again is a duplicate, also when others have followed.
func TestBlocksOfAStream(t *testing.T) {
	b := setup(t)
	one := eventstoretest.Stream{Name: "job/1"}
	var appends []eventstore.Append
	var positions []eventstore.Position
	for _, n := range []int{1, 14, 1, 1, 15, 2, 16, 33, 1, 1, 1} {
		a := eventstore.Append{Writes: []eventstore.Write{one.Next(n)}}
		done, err := b.Append(b.ctx, a)
		require.NoError(t, err)
		appends, positions = append(appends, a), append(positions, done.Positions[0]...)
	}
	for from := range positions {
		events, err := b.ReadStream(b.ctx, "job/1", uint64(from)+1, 20)
		require.NoError(t, err)
		require.Len(t, events, min(20, len(positions)-from))
		for i, e := range events {
			require.Equal(t, positions[from+i], e.Position)
		}
	}
	for _, a := range appends {
		done, err := b.Append(b.ctx, a)
		require.NoError(t, err)
		require.True(t, done.Duplicate)
		v := int(a.Writes[0].Expect.Version())
		require.Equal(t, positions[v:v+len(a.Writes[0].Events)], done.Positions[0])
	}
	other := eventstoretest.Stream{Name: "job/1"}
	for range 3 {
		w := other.Next(16)
		_, err := b.Append(b.ctx, eventstore.Append{Writes: []eventstore.Write{w}})
		require.ErrorIs(t, err, eventstore.ErrConflict)
	}
	stale := appends[6]
	stale.Writes = []eventstore.Write{stale.Writes[0]}
	stale.Writes[0].Prev = event.Hash{1}
	_, err := b.Append(b.ctx, stale)
	require.ErrorIs(t, err, eventstore.ErrConflict, "the same events behind another one")
	_, err = b.Append(b.ctx, eventstore.Append{Writes: []eventstore.Write{one.Next(1)}})
	require.NoError(t, err)
}

// A deadline does not fire before its time, whose finer parts Redis does not keep.
func TestDeadlineIsRoundedUp(t *testing.T) {
	b := setup(t)
	one := eventstoretest.Stream{Name: "job/1"}
	at := time.Unix(1, 1)
	_, err := b.Append(b.ctx, eventstore.Append{
		Writes: []eventstore.Write{one.Next(1)}, Deadlines: []eventstore.SetDeadline{{Stream: "job/1", At: at}},
	})
	require.NoError(t, err)
	due, _, _, err := b.Due(b.ctx, 10)
	require.NoError(t, err)
	require.Len(t, due, 1)
	require.False(t, due[0].At.Before(at))
	require.NoError(t, b.Postpone(b.ctx, eventstore.Deadline{Stream: "job/1", At: at}, time.Now().Add(time.Hour)))
	due, _, _, err = b.Due(b.ctx, 10)
	require.NoError(t, err)
	require.Empty(t, due, "it is the same deadline")
}
