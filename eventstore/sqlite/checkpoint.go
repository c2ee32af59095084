package sqlite

import (
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// checkpointer moves what is in the WAL to the database file: the bulk beside the writer (PASSIVE),
// and then, in a pause between two transactions, the little that came meanwhile (RESTART), so that
// the WAL begins anew and does not grow for ever.
type checkpointer struct {
	store *Store
	conn  *sqlite.Conn
	calls int   // since the last checkpoint
	bytes int64 // stored at the last checkpoint
	kick  chan struct{}
	due   chan struct{}
	ended chan struct{}
}

// A checkpoint is made after so many calls (each writes some 8 pages) or stored bytes.
const (
	checkpointCalls = 1000
	checkpointBytes = 32 << 20
)

func newCheckpointer(s *Store) (*checkpointer, error) {
	conn, err := sqlite.OpenConn(s.cfg.Path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	return &checkpointer{
		store: s, conn: conn,
		kick: make(chan struct{}, 1), due: make(chan struct{}, 1), ended: make(chan struct{}),
	}, nil
}

// wrote counts, on the writer's goroutine; bytes are those stored since the start.
func (c *checkpointer) wrote(calls int, bytes int64) {
	if c.calls += calls; c.calls < checkpointCalls && bytes-c.bytes < checkpointBytes {
		return
	}
	c.calls, c.bytes = 0, bytes
	signal(c.kick)
}

func (c *checkpointer) run() {
	defer close(c.ended)
	for {
		select {
		case <-c.kick:
			c.checkpoint(c.conn, "PASSIVE")
			signal(c.due)
		case <-c.store.closing:
			return
		}
	}
}

// restart runs on the writer's goroutine, between transactions.
func (c *checkpointer) restart(conn *sqlite.Conn) { c.checkpoint(conn, "RESTART") }

func (c *checkpointer) checkpoint(conn *sqlite.Conn, mode string) {
	err := sqlitex.Execute(conn, "PRAGMA wal_checkpoint("+mode+")", nil)
	if err != nil && sqlite.ErrCode(err).ToPrimary() != sqlite.ResultBusy {
		c.store.cfg.Logger.Warn("checkpoint failed; the WAL keeps what it has", "mode", mode, "error", err)
	}
}

func (c *checkpointer) stop() error {
	<-c.ended
	return c.conn.Close()
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
