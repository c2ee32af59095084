//go:build linux

package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tapedeck/eventstore"
	"tapedeck/eventstore/eventstoretest"
	"tapedeck/eventstore/sqlite"
)

// fill appends until not even a small event fits and returns the number of those that were accepted.
func fill(t *testing.T, s *sqlite.Store, one *eventstoretest.Stream) int {
	t.Helper()
	for n, size := 0, 64<<10; n < 100_000; {
		trial := *one
		_, err := s.Append(context.Background(), eventstore.Append{
			Writes:  []eventstore.Write{trial.Next(1)},
			Enqueue: []eventstore.Enqueue{{Topic: "q/a/high", Payload: make([]byte, size)}},
		})
		switch {
		case err == nil:
			*one = trial
			n++
		case size > 0:
			require.ErrorIs(t, err, eventstore.ErrFull)
			size /= 2
		default:
			require.ErrorIs(t, err, eventstore.ErrFull)
			return n
		}
	}
	require.Fail(t, "the store never was full")
	return 0
}

func intact(t *testing.T, s *sqlite.Store, n int) {
	t.Helper()
	events, err := s.ReadStream(context.Background(), "job/1", 1, 100_000)
	require.NoError(t, err, "reading goes on")
	require.Len(t, events, n, "nothing is half written")
	require.Equal(t, int64(n), waiting(t, s, "q/a/high"))
	var chain eventstore.Chain
	for _, e := range events {
		require.NoError(t, chain.Verify(e.Stored))
	}
}

func TestFullStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tape.db")
	s := open(t, sqlite.Config{Path: path, MaxBytes: 2 << 20})
	one := eventstoretest.Stream{Name: "job/1"}
	n := fill(t, s, &one)
	require.Greater(t, n, 5)
	intact(t, s, n)
	require.ErrorIs(t, s.Health(context.Background()).Err, eventstore.ErrFull)
	require.NoError(t, s.Close())

	s = open(t, sqlite.Config{Path: path, MaxBytes: 4 << 20})
	intact(t, s, n)
	require.NoError(t, s.Health(context.Background()).Err)
	writeEvents(t, s, one.Next(1))
}

// An append that does not fit is refused alone, not with those that shared its transaction.
func TestOneThatDoesNotFitIsRefusedAlone(t *testing.T) {
	t.Parallel()
	s := open(t, sqlite.Config{MaxBytes: 4 << 20})
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			one := eventstoretest.Stream{Name: fmt.Sprintf("job/%d", i)}
			a := eventstore.Append{Writes: []eventstore.Write{one.Next(1)}}
			if i%8 == 0 {
				a.Enqueue = []eventstore.Enqueue{{Topic: "q/a/high", Payload: make([]byte, 8<<20)}}
			}
			_, err := s.Append(context.Background(), a)
			if i%8 == 0 {
				assert.ErrorIs(t, err, eventstore.ErrFull)
			} else {
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
	b, err := s.ReadAll(context.Background(), eventstore.Position{}, 1000)
	require.NoError(t, err)
	require.Len(t, b.Events, 56)
	for i, e := range b.Events {
		require.Equal(t, uint64(i+1), e.Position.Hi, "a refused append leaves no hole")
	}
}

// A real disk that runs full and has room again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("a small disk cannot be mounted here (%v); TestFullStore covers the store's part", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, 0)) })
	ballast := filepath.Join(dir, "ballast")
	require.NoError(t, os.WriteFile(ballast, make([]byte, 4<<20), 0o600))

	s := open(t, sqlite.Config{Path: filepath.Join(dir, "tape.db")})
	one := eventstoretest.Stream{Name: "job/1"}
	n := fill(t, s, &one)
	require.Positive(t, n)
	intact(t, s, n)
	err := s.Health(context.Background()).Err
	require.ErrorIs(t, err, eventstore.ErrFull)
	require.NotErrorIs(t, err, eventstore.ErrUnavailable)

	require.NoError(t, os.Remove(ballast))
	require.NoError(t, s.Health(context.Background()).Err, "it recovers by itself")
	writeEvents(t, s, one.Next(1))
	require.NoError(t, s.Close())
}
