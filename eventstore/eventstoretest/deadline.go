package eventstoretest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/eventstore"
)

// deadline sets deadlines, or clears them, by an append of its own.
func (b *bundle) deadline(t *testing.T, deadlines ...eventstore.SetDeadline) {
	t.Helper()
	b.append(t, eventstore.Append{Writes: []eventstore.Write{freshFrom("any/"+time.Now().String(), 1)}, Deadlines: deadlines})
}

func (b *bundle) due(t *testing.T, limit int) []eventstore.Deadline {
	t.Helper()
	due, now, next, err := b.Due(b.ctx, limit)
	require.NoError(t, err)
	for _, d := range due {
		require.False(t, d.At.After(now))
	}
	require.True(t, next.IsZero() || next.After(now))
	return due
}

func testDeadlines(t *testing.T, b *bundle) {
	require.Empty(t, b.due(t, 10))
	require.True(t, b.next(t).IsZero())
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
	ahead := b.now(t).Add(time.Hour).Truncate(time.Millisecond)
	b.deadline(t,
		eventstore.SetDeadline{Stream: "c", At: at(3)}, eventstore.SetDeadline{Stream: "a", At: at(1)},
		eventstore.SetDeadline{Stream: "far", At: ahead.Add(time.Hour)}, eventstore.SetDeadline{Stream: "b", At: at(2)},
		eventstore.SetDeadline{Stream: "near", At: ahead})
	want := []eventstore.Deadline{{Stream: "a", At: at(1)}, {Stream: "b", At: at(2)}, {Stream: "c", At: at(3)}}
	same := func(want, got []eventstore.Deadline, why string) {
		t.Helper()
		require.Len(t, got, len(want), why)
		for i := range want {
			require.Equal(t, want[i].Stream, got[i].Stream, why)
			require.True(t, want[i].At.Equal(got[i].At), why)
		}
	}
	same(want, b.due(t, 10), "the earliest first")
	same(want[:2], b.due(t, 2), "up to a limit")
	require.True(t, b.next(t).Equal(ahead), "the earliest that is not due")
	same(want, b.due(t, 10), "they stay until an append changes them")

	b.deadline(t, eventstore.SetDeadline{Stream: "a", At: at(4)}, eventstore.SetDeadline{Stream: "b"},
		eventstore.SetDeadline{Stream: "near"}, eventstore.SetDeadline{Stream: "never set"})
	same([]eventstore.Deadline{{Stream: "c", At: at(3)}, {Stream: "a", At: at(4)}}, b.due(t, 10), "one for each stream")
	require.True(t, b.next(t).Equal(ahead.Add(time.Hour)))
}

func testPostpone(t *testing.T, b *bundle) {
	past, future := time.Unix(5, 0).UTC(), b.now(t).Add(time.Hour).Truncate(time.Millisecond)
	set := eventstore.Deadline{Stream: "job/1", At: past}
	b.deadline(t, eventstore.SetDeadline(set))
	require.NoError(t, b.Postpone(b.ctx, eventstore.Deadline{Stream: "job/1", At: past.Add(-time.Second)}, future))
	require.Len(t, b.due(t, 10), 1, "not the deadline that is set")
	require.NoError(t, b.Postpone(b.ctx, eventstore.Deadline{Stream: "job/2", At: past}, future))
	require.True(t, b.next(t).IsZero(), "none is made")

	tail, err := b.Tail(b.ctx)
	require.NoError(t, err)
	require.NoError(t, b.Postpone(b.ctx, b.due(t, 1)[0], future))
	require.Empty(t, b.due(t, 10))
	require.True(t, b.next(t).Equal(future))
	after, err := b.Tail(b.ctx)
	require.NoError(t, err)
	require.Equal(t, tail, after, "without an event")
	require.NoError(t, b.Postpone(b.ctx, set, past), "somebody was quicker")
	require.Empty(t, b.due(t, 10))
}

func testDeadlineFires(t *testing.T, b *bundle) {
	at := b.now(t).Add(50 * time.Millisecond).Truncate(time.Millisecond)
	b.deadline(t, eventstore.SetDeadline{Stream: "job/1", At: at})
	b.eventually(t, "the deadline is due", func() bool {
		due, now, next, err := b.Due(b.ctx, 10)
		require.NoError(t, err)
		if now.Before(at) {
			require.Empty(t, due, "not before its time")
			require.True(t, next.Equal(at))
			return false
		}
		require.Len(t, due, 1)
		return true
	})
	one := Stream{Name: "job/2"}
	b.append(t, eventstore.Append{
		Writes: []eventstore.Write{one.Next(1)}, Grants: []eventstore.Grant{{Stream: "job/2", Token: "a", TTL: 50 * time.Millisecond}},
	})
	b.eventually(t, "the lease's deadline is due", func() bool { return len(b.due(t, 10)) == 2 })
	require.Equal(t, "a", b.lease(t, "job/2").Token, "that alone does not end the lease")
}
