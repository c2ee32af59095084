package sqlite_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	driver "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"tapedeck/eventstore"
	"tapedeck/eventstore/eventstoretest"
	"tapedeck/eventstore/sqlite"
)

func TestEverythingIsThereAfterARestart(t *testing.T) {
	t.Parallel()
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "deep", "down", "tape.db")
	s := open(t, sqlite.Config{Path: path})
	one := eventstoretest.Stream{Name: "job/1"}
	far := time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	first := one.Next(2)
	a := eventstore.Append{
		Writes:    []eventstore.Write{first},
		Grants:    []eventstore.Grant{{Stream: "job/1", Token: "a", TTL: time.Minute}},
		Deadlines: []eventstore.SetDeadline{{Stream: "job/2", At: far}},
		Watches:   []eventstore.Watch{{Stream: "job/1", Watcher: "w", Topic: "r/wake"}},
		Modes:     []eventstore.SetPaused{{Prefix: "q/paused/", Paused: true}},
		Enqueue:   []eventstore.Enqueue{{Topic: "q/a/high", Event: 0}, {Topic: "q/a/high", Event: 1}, {Topic: "q/paused/high"}},
	}
	done := write(t, s, a)
	_, err := s.Renew(ctx, "job/1", "a")
	require.NoError(t, err)
	messages := subscribe(t, s, "q/a/high")
	(<-messages).Ack()
	require.Equal(t, first.Events[1].ID, (<-messages).UUID) // taken, and never acked
	require.Eventually(t, func() bool { return waiting(t, s, "q/a/high") == 1 }, 10*time.Second, time.Millisecond)
	tail, err := s.Tail(ctx)
	require.NoError(t, err)
	require.NoError(t, s.Close())

	s = open(t, sqlite.Config{Path: path})
	require.Equal(t, tail.Epoch, s.Epoch())
	again, err := s.Tail(ctx)
	require.NoError(t, err)
	require.Equal(t, tail, again)
	dup, err := s.Append(ctx, a)
	require.NoError(t, err)
	require.Equal(t, eventstore.Appended{Positions: done.Positions, Duplicate: true}, dup)
	lease, ok, err := s.LeaseOf(ctx, "job/1")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, eventstore.Lease{Stream: "job/1", Token: "a", Counter: 2, TTL: time.Minute}, lease)
	_, _, next, err := s.Due(ctx, 1)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(time.Minute), next, 30*time.Second)

	m := <-subscribe(t, s, "q/paused/high,q/a/high")
	require.Equal(t, first.Events[1].ID, m.UUID, "what was taken and not acked comes again; what is paused stays so")
	m.Ack()
	require.Eventually(t, func() bool { return waiting(t, s, "q/a/high") == 0 }, 10*time.Second, time.Millisecond)
	require.Equal(t, int64(1), waiting(t, s, "q/paused/high"))

	write(t, s, eventstore.Append{Writes: []eventstore.Write{one.Next(1)}, Wakes: []string{"job/1"}})
	require.Equal(t, int64(2), waiting(t, s, "r/wake"), "the watch was kept")
}

func subscribe(t testing.TB, s *sqlite.Store, topics string) <-chan *message.Message {
	t.Helper()
	sub, err := s.Subscriber(eventstore.Reader{Name: "test"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sub.Close()) })
	messages, err := sub.Subscribe(context.Background(), topics)
	require.NoError(t, err)
	return messages
}

// waiting counts what is not acked.
func waiting(t testing.TB, s *sqlite.Store, topic string) int64 {
	t.Helper()
	depths, err := s.Depths(context.Background(), topic)
	require.NoError(t, err)
	for _, d := range depths {
		if d.Topic == topic {
			return d.Waiting + d.Taken
		}
	}
	return 0
}

// A restored older copy of the file is another history from that place on: cursors of what is
// missing are refused, and go on being refused when new events take the places.
func TestRestoredOlderFile(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), t.TempDir()
	path, backup := filepath.Join(dir, "tape.db"), filepath.Join(dir, "backup.db")
	one := eventstoretest.Stream{Name: "job/1"}
	s := open(t, sqlite.Config{Path: path})
	writeEvents(t, s, one.Next(2))
	kept, err := s.Tail(ctx)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	copyFile(t, path, backup)

	s = open(t, sqlite.Config{Path: path})
	other := one
	writeEvents(t, s, one.Next(2))
	lost, err := s.Tail(ctx)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	copyFile(t, backup, path)

	s = open(t, sqlite.Config{Path: path})
	require.NoError(t, s.Resolve(ctx, kept))
	gone := func() {
		t.Helper()
		var err *eventstore.GoneError
		require.ErrorAs(t, s.Resolve(ctx, lost), &err)
		require.Equal(t, eventstore.GoneLost, err.Reason)
	}
	gone()
	_, err = s.Append(ctx, eventstore.Append{Writes: []eventstore.Write{one.Next(1)}})
	require.ErrorIs(t, err, eventstore.ErrConflict, "a writer that knows the lost events")
	writeEvents(t, s, other.Next(3))
	gone()
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, b, 0o600))
}

// Nothing is acknowledged that would go to a file which nobody can find again.
func TestFileTakenAway(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, take := range map[string]func(t *testing.T, path string){
		"removed":  func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) },
		"replaced": func(t *testing.T, path string) { require.NoError(t, os.Remove(path)); copyFile(t, path+"-wal", path) },
		"moved":    func(t *testing.T, path string) { require.NoError(t, os.Rename(path, path+".old")) },
	} {
		path := filepath.Join(t.TempDir(), "tape.db")
		s := open(t, sqlite.Config{Path: path})
		one := eventstoretest.Stream{Name: "job/1"}
		writeEvents(t, s, one.Next(1))
		take(t, path)
		_, err := s.Append(ctx, eventstore.Append{Writes: []eventstore.Write{one.Next(1)}})
		require.ErrorIs(t, err, eventstore.ErrEpoch, name)
		require.ErrorIs(t, s.Health(ctx).Err, eventstore.ErrEpoch, name)
		_, err = s.ReadAll(ctx, eventstore.Position{}, 10)
		require.ErrorIs(t, err, eventstore.ErrEpoch, name)
		require.NoError(t, s.Close())
	}
}

func TestOnlyTheOwnerCanReadTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tape.db")
	s := open(t, sqlite.Config{Path: path})
	one := eventstoretest.Stream{Name: "job/1"}
	writeEvents(t, s, one.Next(1))
	for _, file := range []string{path, path + "-wal", path + "-shm", path + ".lock"} {
		info, err := os.Stat(file)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), file)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tape.db")
	require.NoError(t, open(t, sqlite.Config{Path: path}).Close())
	conn, err := driver.OpenConn(path, driver.OpenReadWrite)
	require.NoError(t, err)
	require.NoError(t, sqlitex.ExecuteTransient(conn, "PRAGMA user_version = 99", nil))
	require.NoError(t, conn.Close())
	_, err = sqlite.Open(context.Background(), sqlite.Config{Path: path})
	require.ErrorContains(t, err, "newer than this build")
	_, err = sqlite.Open(context.Background(), sqlite.Config{Path: path})
	require.NotErrorIs(t, err, eventstore.ErrLocked, "a failed open leaves no lock")
}

func TestNoDatabase(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tape.db")
	require.NoError(t, os.WriteFile(path, []byte("this is a text, not a database, and it is long enough to be one"), 0o600))
	_, err := sqlite.Open(context.Background(), sqlite.Config{Path: path})
	require.ErrorContains(t, err, path)
	kept, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(kept), "this is a text")
}

func TestConfig(t *testing.T) {
	t.Parallel()
	_, err := sqlite.Open(context.Background(), sqlite.Config{Readers: -1})
	require.ErrorContains(t, err, "Path is required")
	require.ErrorContains(t, err, "cannot be negative")
}

// The store's time never goes back, so that the log's times are in its order.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "tape.db")
	wall := time.Now()
	cfg := sqlite.Config{Path: path, Clock: func() time.Time { return wall }, Logger: slog.New(slog.DiscardHandler)}
	s := open(t, cfg)
	one := eventstoretest.Stream{Name: "job/1"}
	now := func() time.Time {
		_, now, _, err := s.Due(ctx, 1)
		require.NoError(t, err)
		return now
	}
	write(t, s, eventstore.Append{
		Writes: []eventstore.Write{one.Next(1)}, Grants: []eventstore.Grant{{Stream: "job/1", Token: "a", TTL: 50 * time.Millisecond}},
	})
	before := now()
	wall = wall.Add(-24 * time.Hour)
	after := now()
	require.False(t, after.Before(before), "a jump back does not show")
	writeEvents(t, s, one.Next(1))
	require.Eventually(t, func() bool {
		due, _, _, err := s.Due(ctx, 1)
		require.NoError(t, err)
		return len(due) == 1
	}, 10*time.Second, time.Millisecond, "time runs on, so that leases end")

	wall = wall.Add(48 * time.Hour)
	require.True(t, now().After(before.Add(23*time.Hour)), "a jump ahead does")
	ahead := now()
	writeEvents(t, s, one.Next(1))
	require.NoError(t, s.Close())
	wall = wall.Add(-48 * time.Hour)
	s = open(t, cfg)
	require.False(t, now().Before(ahead), "also over a restart")
	writeEvents(t, s, one.Next(1))

	events, err := s.ReadStream(ctx, "job/1", 1, 10)
	require.NoError(t, err)
	require.Len(t, events, 4)
	for i, when := range []time.Time{before, ahead} {
		c, err := s.At(ctx, when.Add(time.Millisecond))
		require.NoError(t, err)
		require.NoError(t, s.Resolve(ctx, c))
		require.GreaterOrEqual(t, c.Position.Hi, uint64(i+1), c)
	}
}

// Under constant writing and reading the WAL starts again and again.
func TestWALDoesNotGrowForEver(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tape.db")
	s := open(t, sqlite.Config{Path: path})
	ctx, cancel := context.WithCancel(context.Background())
	reading := make(chan struct{})
	go func() {
		defer close(reading)
		for ctx.Err() == nil {
			_, _ = s.ReadAll(ctx, eventstore.Position{}, 100)
		}
	}()
	const calls, pad = 4000, 16 << 10
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for n := range calls / 16 {
				one := eventstoretest.Stream{Name: fmt.Sprintf("job/%d-%d", i, n)}
				_, err := s.Append(ctx, eventstore.Append{
					Writes: []eventstore.Write{one.Next(1)}, Enqueue: []eventstore.Enqueue{{Topic: "q/a/high", Payload: make([]byte, pad)}},
				})
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
	cancel()
	<-reading
	info, err := os.Stat(path + "-wal")
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(calls*pad)*3/4, "the WAL holds %d MB of %d MB written", info.Size()>>20, calls*pad>>20)
}
