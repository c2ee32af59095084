package sqlite_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	driver "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"tapedeck/domain/event"
	"tapedeck/eventstore"
	"tapedeck/eventstore/eventstoretest"
	"tapedeck/eventstore/sqlite"
)

// TestMain also is the child process of the tests that need a second one: see child.
func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		child(path)
		return
	}
	goleak.VerifyTestMain(m)
}

func open(t testing.TB, cfg sqlite.Config) *sqlite.Store {
	t.Helper()
	if cfg.Path == "" {
		cfg.Path = filepath.Join(t.TempDir(), "tape.db")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := sqlite.Open(context.Background(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestConformance(t *testing.T) {
	t.Parallel()
	eventstoretest.Exercise(t, func(t testing.TB) eventstore.Store {
		path := filepath.Join(t.TempDir(), "tape.db")
		return damageable{open(t, sqlite.Config{Path: path}), path}
	})
}

// damageable spoils the file behind the store's back.
type damageable struct {
	*sqlite.Store
	path string
}

// Damage implements eventstoretest.Damager.
func (d damageable) Damage(t testing.TB, stream string, version uint64) {
	behindItsBack(t, d.path, `UPDATE log SET stored = x'7b22' WHERE version = ? AND stream = (SELECT id FROM stream WHERE name = ?)`,
		int64(version), stream)
}

// behindItsBack changes one row of the file.
func behindItsBack(t testing.TB, path, sql string, args ...any) {
	t.Helper()
	conn, err := driver.OpenConn(path, driver.OpenReadWrite)
	require.NoError(t, err)
	require.NoError(t, sqlitex.Execute(conn, sql, &sqlitex.ExecOptions{Args: args}))
	require.Equal(t, 1, conn.Changes())
	require.NoError(t, conn.Close())
}

func TestEventInAnothersPlaceIsMalformed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tape.db")
	s := open(t, sqlite.Config{Path: path})
	one := eventstoretest.Stream{Name: "job/1"}
	writeEvents(t, s, one.Next(3))
	behindItsBack(t, path, "UPDATE log SET stored = (SELECT stored FROM log WHERE pos = 1) WHERE pos = 2")
	_, err := s.ReadStream(context.Background(), "job/1", 1, 10)
	require.ErrorIs(t, err, event.ErrMalformed)
	b, err := s.ReadAll(context.Background(), eventstore.Position{}, 10)
	require.NoError(t, err)
	require.Len(t, b.Events, 2)
	require.Equal(t, 1, b.Malformed)
}

func write(t testing.TB, s *sqlite.Store, a eventstore.Append) eventstore.Appended {
	t.Helper()
	done, err := s.Append(context.Background(), a)
	require.NoError(t, err)
	return done
}

func writeEvents(t testing.TB, s *sqlite.Store, w eventstore.Write) {
	t.Helper()
	write(t, s, eventstore.Append{Writes: []eventstore.Write{w}})
}
