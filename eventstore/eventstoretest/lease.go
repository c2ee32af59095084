package eventstoretest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/eventstore"
)

func (b *bundle) lease(t *testing.T, stream string) eventstore.Lease {
	t.Helper()
	l, ok, err := b.LeaseOf(b.ctx, stream)
	require.NoError(t, err)
	require.Equal(t, ok, l != eventstore.Lease{})
	return l
}

func testLease(t *testing.T, b *bundle) {
	one := Stream{Name: "job/1"}
	_, err := b.Renew(b.ctx, "job/1", "a")
	require.ErrorIs(t, err, eventstore.ErrLeaseLost, "never granted")
	require.Zero(t, b.lease(t, "job/1"))

	before := b.now(t)
	b.append(t, eventstore.Append{
		Writes: []eventstore.Write{one.Next(1)}, Grants: []eventstore.Grant{{Stream: "job/1", Token: "a", TTL: time.Hour}},
	})
	require.Equal(t, eventstore.Lease{Stream: "job/1", Token: "a", Counter: 1, TTL: time.Hour}, b.lease(t, "job/1"))
	first := b.next(t)
	b.within(t, before.Add(time.Hour), first, "a grant sets the deadline")

	b.write(t, one.Next(2))
	before = b.tick(t)
	version, err := b.Renew(b.ctx, "job/1", "a")
	require.NoError(t, err)
	require.Equal(t, uint64(3), version, "this is how a holder learns of requests")
	require.Equal(t, uint64(2), b.lease(t, "job/1").Counter)
	b.within(t, before.Add(time.Hour), b.next(t), "a renewal moves the deadline")
	require.True(t, b.next(t).After(first))

	_, err = b.Renew(b.ctx, "job/1", "b")
	require.ErrorIs(t, err, eventstore.ErrLeaseLost, "another token")
	require.Equal(t, uint64(2), b.lease(t, "job/1").Counter)

	b.append(t, eventstore.Append{
		Writes: []eventstore.Write{one.Next(1)}, Grants: []eventstore.Grant{{Stream: "job/1", Token: "b", TTL: time.Minute}},
	})
	require.Equal(t, eventstore.Lease{Stream: "job/1", Token: "b", Counter: 1, TTL: time.Minute}, b.lease(t, "job/1"), "replaced")
	_, err = b.Renew(b.ctx, "job/1", "a")
	require.ErrorIs(t, err, eventstore.ErrLeaseLost)

	b.append(t, eventstore.Append{
		Writes: []eventstore.Write{one.Next(1)}, Ends: []string{"job/1", "job/none"},
		Deadlines: []eventstore.SetDeadline{{Stream: "job/1"}},
	})
	require.Zero(t, b.lease(t, "job/1"))
	_, err = b.Renew(b.ctx, "job/1", "b")
	require.ErrorIs(t, err, eventstore.ErrLeaseLost)
	require.True(t, b.next(t).IsZero(), "a refused renewal sets no deadline")
}

// next is the earliest deadline that is not due.
func (b *bundle) next(t *testing.T) time.Time {
	t.Helper()
	_, _, next, err := b.Due(b.ctx, 1)
	require.NoError(t, err)
	return next
}

// within: at is what the store's clock showed at least, and not later than now.
func (b *bundle) within(t *testing.T, least, at time.Time, why string) {
	t.Helper()
	require.False(t, at.Before(least.Truncate(time.Millisecond)), "%s: %s is before %s", why, at, least)
	require.WithinDuration(t, least, at, patience, why)
}

func testHold(t *testing.T, b *bundle) {
	one := Stream{Name: "job/1"}
	b.append(t, eventstore.Append{
		Writes: []eventstore.Write{one.Next(1)}, Grants: []eventstore.Grant{{Stream: "job/1", Token: "a", TTL: time.Hour}},
	})
	out := Stream{Name: "job/1/out/1"}
	output := func(h eventstore.Hold) error {
		trial := out
		_, err := b.Append(b.ctx, eventstore.Append{Writes: []eventstore.Write{trial.Next(1)}, Holds: []eventstore.Hold{h}})
		if err == nil {
			out = trial
		}
		return err
	}
	require.NoError(t, output(eventstore.Hold{Stream: "job/1", Token: "a"}))
	require.Equal(t, uint64(1), b.lease(t, "job/1").Counter)
	require.NoError(t, output(eventstore.Hold{Stream: "job/1", Token: "a", Touch: true}))
	require.Equal(t, uint64(2), b.lease(t, "job/1").Counter, "output is a sign of life")
	for why, h := range map[string]eventstore.Hold{
		"another token":        {Stream: "job/1", Token: "b", Touch: true},
		"another stream":       {Stream: "job/2", Token: "a", Touch: true},
		"somebody was quicker": {Stream: "job/1", Token: "a", Still: true, Counter: 1},
		"not so far yet":       {Stream: "job/1", Token: "a", Still: true, Counter: 3},
		"no token at all":      {Stream: "job/2"},
	} {
		require.ErrorIs(t, output(h), eventstore.ErrLeaseLost, why)
	}
	require.Equal(t, uint64(2), b.lease(t, "job/1").Counter)
	require.Len(t, b.stream(t, out.Name), 2)
	require.NoError(t, output(eventstore.Hold{Stream: "job/1", Token: "a", Still: true, Counter: 2}))

	b.append(t, eventstore.Append{
		Writes: []eventstore.Write{one.Next(1)}, Ends: []string{"job/1"},
		Holds: []eventstore.Hold{{Stream: "job/1", Token: "a", Still: true, Counter: 2}},
	})
	require.ErrorIs(t, output(eventstore.Hold{Stream: "job/1", Token: "a"}), eventstore.ErrLeaseLost, "a zombie can append nothing")
	require.Len(t, b.stream(t, out.Name), 3)
}
