package eventstoretest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tapedeck/eventstore"
)

func testOneWinnerPerVersion(t *testing.T, b *bundle) {
	const writers, rounds = 16, 10
	chain := Stream{Name: "job/race"}
	for round := range rounds {
		var won, lost atomic.Int64
		var next atomic.Pointer[Stream]
		var wg sync.WaitGroup
		for range writers {
			mine := chain
			w := mine.Next(1)
			wg.Go(func() {
				_, err := b.Append(b.ctx, eventstore.Append{Writes: []eventstore.Write{w}})
				if err == nil {
					won.Add(1)
					next.Store(&mine)
				} else if errors.Is(err, eventstore.ErrConflict) {
					lost.Add(1)
				}
			})
		}
		wg.Wait()
		require.Equal(t, int64(1), won.Load(), "round %d", round)
		require.Equal(t, int64(writers-1), lost.Load(), "round %d: the others are told of a conflict", round)
		chain = *next.Load()
	}
	require.Len(t, b.stream(t, "job/race"), rounds)
}

// Writers that read again and decide again all get their events in, on one shared stream and each on
// one of its own, and nothing is lost, twice or out of order.
func testEverybodyGetsThrough(t *testing.T, b *bundle) {
	const writers, each = 8, 10
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			own := Stream{Name: fmt.Sprintf("own/%d", i)}
			for range each {
				w := own.Next(1)
				for {
					shared, err := b.resume("shared")
					if !assert.NoError(t, err) {
						return
					}
					_, err = b.Append(b.ctx, eventstore.Append{Writes: []eventstore.Write{w, shared.Next(1)}})
					if err == nil {
						break
					}
					if !assert.ErrorIs(t, err, eventstore.ErrConflict) {
						return
					}
				}
			}
		})
	}
	wg.Wait()
	chains := map[string]*eventstore.Chain{}
	events := b.log(t)
	for _, e := range events {
		c := chains[e.Stream]
		if c == nil {
			c = &eventstore.Chain{Stream: e.Stream}
			chains[e.Stream] = c
		}
		require.NoError(t, c.Verify(e.Stored), "the log has each stream in its order")
	}
	require.Len(t, events, 2*writers*each)
	require.Equal(t, uint64(writers*each), chains["shared"].Version)
}

// resume reads a stream's end.
func (b *bundle) resume(name string) (Stream, error) {
	s := Stream{Name: name}
	events, err := b.ReadStream(b.ctx, name, 1, 100_000)
	for _, e := range events {
		err = errors.Join(err, s.chain.Verify(e.Stored))
	}
	return s, err
}

func testSameAppendAtOnce(t *testing.T, b *bundle) {
	s := Stream{Name: "job/1"}
	for range 5 {
		a := eventstore.Append{Writes: []eventstore.Write{s.Next(2)}, Enqueue: []eventstore.Enqueue{{Topic: "q/a/high"}}}
		var first, repeated atomic.Int64
		var positions sync.Map
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				done, err := b.Append(b.ctx, a)
				if !assert.NoError(t, err) {
					return
				}
				positions.Store(fmt.Sprint(done.Positions), true)
				if done.Duplicate {
					repeated.Add(1)
				} else {
					first.Add(1)
				}
			})
		}
		wg.Wait()
		require.Equal(t, int64(1), first.Load())
		require.Equal(t, int64(7), repeated.Load())
		answers := 0
		positions.Range(func(any, any) bool { answers++; return true })
		require.Equal(t, 1, answers, "all are told the same positions")
	}
	require.Len(t, b.stream(t, "job/1"), 10)
	require.Equal(t, int64(5), b.depth(t, "q/a/high").Waiting)
}

// A recoverer that saw the counter stand still and a worker that renews at that moment: one of them
// is refused, never both, never neither.
func testRenewalAgainstStill(t *testing.T, b *bundle) {
	for i := range 20 {
		s := Stream{Name: fmt.Sprintf("job/%d", i)}
		b.append(t, eventstore.Append{
			Writes: []eventstore.Write{s.Next(1)}, Grants: []eventstore.Grant{{Stream: s.Name, Token: "a", TTL: time.Hour}},
		})
		w := s.Next(1)
		var renewed, ended error
		var wg sync.WaitGroup
		wg.Go(func() { _, renewed = b.Renew(b.ctx, s.Name, "a") })
		wg.Go(func() {
			_, ended = b.Append(b.ctx, eventstore.Append{
				Writes: []eventstore.Write{w}, Ends: []string{s.Name},
				Holds: []eventstore.Hold{{Stream: s.Name, Token: "a", Still: true, Counter: 1}},
			})
		})
		wg.Wait()
		if renewed == nil {
			require.ErrorIs(t, ended, eventstore.ErrLeaseLost)
		} else {
			require.ErrorIs(t, renewed, eventstore.ErrLeaseLost)
			require.NoError(t, ended)
		}
	}
}

// Two workers with the same queue entry: one claims the job, the other is refused and holds nothing.
func testTwoClaims(t *testing.T, b *bundle) {
	for i := range 10 {
		s := Stream{Name: fmt.Sprintf("job/%d", i)}
		b.write(t, s.Next(1))
		tokens := make([]string, 4)
		errs := make([]error, len(tokens))
		var wg sync.WaitGroup
		for j := range tokens {
			mine := s
			w := mine.Next(1)
			tokens[j] = fmt.Sprintf("token-%d", j)
			wg.Go(func() {
				_, errs[j] = b.Append(b.ctx, eventstore.Append{
					Writes: []eventstore.Write{w}, Grants: []eventstore.Grant{{Stream: s.Name, Token: tokens[j], TTL: time.Hour}},
				})
			})
		}
		wg.Wait()
		lease, ok, err := b.LeaseOf(b.ctx, s.Name)
		require.NoError(t, err)
		require.True(t, ok)
		for j, err := range errs {
			if tokens[j] == lease.Token {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, eventstore.ErrConflict)
			}
		}
	}
}
