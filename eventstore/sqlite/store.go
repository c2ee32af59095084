package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"tapedeck/eventstore"
)

// Store implements eventstore.Store. Open it once in a process and Close it.
type Store struct {
	cfg       Config
	epoch     string
	lock      *fileLock
	file      *identity
	clock     *clock
	pool      *pool
	writer    *writer
	broker    *broker
	registry  *registry
	tail      *tail
	malformed atomic.Int64

	once     sync.Once
	closing  chan struct{}
	closeErr error
}

var _ eventstore.Store = (*Store)(nil)

// Open opens or makes the store. It fails with eventstore.ErrLocked while another process (or this
// one) has it open.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.WithDefaults()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dir := filepath.Dir(cfg.Path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	lock, err := lockFile(cfg.Path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", cfg.Path, err)
	}
	s := &Store{cfg: cfg, lock: lock, closing: make(chan struct{})}
	if err := s.open(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", cfg.Path, err), lock.unlock())
	}
	return s, nil
}

func (s *Store) open(dir string) (err error) {
	if s.file, err = claim(s.cfg.Path); err != nil {
		return err
	}
	if err := syncDir(dir); err != nil {
		return err
	}
	conn, err := openWriting(s.cfg)
	if err != nil {
		return err
	}
	if err := s.load(conn); err != nil {
		return errors.Join(err, conn.Close())
	}
	s.pool, err = openPool(s.cfg.Path, s.cfg.Readers, s.file, s.closing)
	if err == nil {
		err = s.writer.start()
	}
	if err != nil {
		return errors.Join(err, s.pool.close(), conn.Close())
	}
	return nil
}

func openWriting(cfg Config) (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(cfg.Path, sqlite.OpenReadWrite|sqlite.OpenCreate)
	if err != nil {
		return nil, err
	}
	// Checkpoints are made beside the writer: see checkpoint.go.
	pragmas := []string{"page_size=4096", "journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=0", "cache_size=-32768"}
	if cfg.MaxBytes > 0 {
		pragmas = append(pragmas, fmt.Sprintf("max_page_count=%d", cfg.MaxBytes/4096))
	}
	for _, pragma := range pragmas {
		if err := sqlitex.ExecuteTransient(conn, "PRAGMA "+pragma, nil); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return conn, nil
}

// load reads what this process keeps in memory.
func (s *Store) load(conn *sqlite.Conn) error {
	if err := migrate(conn); err != nil {
		return err
	}
	var err error
	if s.epoch, err = sqlitex.ResultText(conn.Prep("SELECT value FROM meta WHERE key = 'epoch'")); err != nil {
		return err
	}
	last, err := sqlitex.ResultInt64(conn.Prep("SELECT coalesce(max(pos), 0) FROM log"))
	if err != nil {
		return err
	}
	taken, err := sqlitex.ResultInt64(conn.Prep("SELECT coalesce((SELECT taken FROM log ORDER BY pos DESC LIMIT 1), 0)"))
	if err != nil {
		return err
	}
	s.clock = newClock(s.cfg.Clock, taken)
	s.tail = newTail(uint64(last), s.closing)
	s.registry = newRegistry(s.clock)
	s.broker = newBroker(s.clock, s.closing)
	if err := s.broker.restore(conn); err != nil {
		return err
	}
	s.writer, err = newWriter(s, conn)
	return err
}

// Close implements eventstore.Store.
func (s *Store) Close() error {
	s.once.Do(func() {
		close(s.closing)
		s.broker.stop()
		err := s.pool.close()
		s.closeErr = errors.Join(err, s.writer.stop(), s.lock.unlock())
	})
	return s.closeErr
}

// Health implements eventstore.Store. A store that refused its last write tries a small one.
func (s *Store) Health(ctx context.Context) eventstore.Health {
	h := eventstore.Health{
		Backend:    "sqlite",
		Durability: "an acknowledged append is on disk (WAL, synchronous FULL)",
		Malformed:  s.malformed.Load(),
	}
	if s.writer.failing.Load() {
		h.Err = s.write(ctx, func(tx *tx) (func(), error) {
			return nil, tx.exec(tx.probe)
		})
	}
	if h.Err == nil {
		h.Err = s.file.check()
	}
	if h.Err == nil {
		h.Err = s.pool.read(ctx, func(conn *sqlite.Conn) error {
			_, err := sqlitex.ResultText(conn.Prep("SELECT value FROM meta WHERE key = 'epoch'"))
			return err
		})
	}
	return h
}

// Epoch implements eventstore.Log.
func (s *Store) Epoch() string { return s.epoch }

// storeError turns what SQLite says into the contract's errors.
func storeError(err error) error {
	switch code := sqlite.ErrCode(err); code.ToPrimary() {
	case sqlite.ResultOK:
		return nil
	case sqlite.ResultFull:
		return fmt.Errorf("%w: %w", eventstore.ErrFull, err)
	case sqlite.ResultIOErr, sqlite.ResultBusy, sqlite.ResultCantOpen, sqlite.ResultReadOnly, sqlite.ResultInterrupt, sqlite.ResultNoMem:
		return fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
	}
	return err
}

// refused reports whether an error is the append's own: nothing was written for it, and the others
// in its transaction are not concerned.
func refused(err error) bool {
	return errors.Is(err, eventstore.ErrConflict) || errors.Is(err, eventstore.ErrLeaseLost)
}
