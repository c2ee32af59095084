package eventstore_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/eventstore"
	"tapedeck/eventstore/eventstoretest"
	"tapedeck/eventstore/memory"
)

var errEnough = errors.New("enough")

// collect follows a source from the start until it has seen n events.
func collect(ctx context.Context, src eventstore.Source, n int) (seen []uint64, err error) {
	err = eventstore.Follow(ctx, src, eventstore.Position{}, 7, func(b eventstore.Batch, _ bool) error {
		for _, e := range b.Events {
			seen = append(seen, e.Sequence)
		}
		if len(seen) >= n {
			return errEnough
		}
		return nil
	})
	return seen, err
}

func TestFollowersOfAFeedSeeEveryEventOnce(t *testing.T) {
	t.Parallel()
	store := memory.New(nil)
	defer func() { require.NoError(t, store.Close()) }()
	stream := eventstoretest.Stream{Name: "job/1"}
	write := func() {
		_, err := store.Append(t.Context(), eventstore.Append{Writes: []eventstore.Write{stream.Next(1)}})
		require.NoError(t, err)
	}
	const before, after, followers = 50, 500, 5
	for range before {
		write()
	}
	feed := eventstore.NewFeed(store, 20) // far fewer than are written: followers change between feed and log
	feed.Start(t.Context())
	defer feed.Stop()
	var group sync.WaitGroup
	for range followers {
		group.Go(func() {
			seen, err := collect(t.Context(), feed, before+after)
			if !errors.Is(err, errEnough) {
				t.Errorf("follow: %v", err)
			}
			for i, n := range seen {
				if n != uint64(i+1) {
					t.Errorf("place %d holds event %d", i, n)
					return
				}
			}
		})
	}
	for range after {
		write()
	}
	group.Wait()
}

func TestStoppedFeedSaysSo(t *testing.T) {
	t.Parallel()
	store := memory.New(nil)
	defer func() { require.NoError(t, store.Close()) }()
	feed := eventstore.NewFeed(store, 0)
	feed.Start(t.Context())
	waiting := make(chan error, 1)
	go func() { waiting <- feed.Wait(t.Context(), eventstore.Position{}) }()
	feed.Stop()
	feed.Stop()
	require.ErrorIs(t, <-waiting, eventstore.ErrClosed)
	_, err := feed.ReadAll(t.Context(), eventstore.Position{}, 1)
	require.ErrorIs(t, err, eventstore.ErrClosed)
}

func FuzzParseCursor(f *testing.F) {
	f.Add("k3v9x2m1.1763900000000-3.9f86d081")
	f.Add("abcd.0.00000000")
	f.Add("abcd.1-0.00000000")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := eventstore.ParseCursor(s)
		if err != nil {
			require.ErrorIs(t, err, eventstore.ErrBadCursor)
			return
		}
		require.Equal(t, s, c.String(), "one form for one cursor")
	})
}
