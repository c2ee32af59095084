package sqlite

import (
	"fmt"

	"zombiezen.com/go/sqlite"

	"tapedeck/domain/event"
)

// tx is the writer's connection inside a transaction: the prepared statements and the counters.
type tx struct {
	conn  *sqlite.Conn
	clock *clock
	// at counts within the transaction, committed is where it goes back to.
	at, committed counters

	begin, commit, rollback, probe              *sqlite.Stmt
	head, createStream, growStream, insertEvent *sqlite.Stmt
	eventAt                                     *sqlite.Stmt
	insertMessage, deleteMessage                *sqlite.Stmt
	lease, putLease, touchLease, deleteLease    *sqlite.Stmt
	putDeadline, moveDeadline, deleteDeadline   *sqlite.Stmt
	putWatch, watchers, deleteWatches           *sqlite.Stmt
	putPaused, deletePaused                     *sqlite.Stmt
}

// counters are the last used keys, and how many bytes were stored since the start.
type counters struct {
	pos     uint64
	message int64
	bytes   int64
}

func prepare(conn *sqlite.Conn, c *clock) (*tx, error) {
	t := &tx{conn: conn, clock: c}
	for _, p := range []struct {
		stmt **sqlite.Stmt
		sql  string
	}{
		{&t.begin, "BEGIN IMMEDIATE"},
		{&t.commit, "COMMIT"},
		{&t.rollback, "ROLLBACK"},
		{&t.probe, "INSERT OR REPLACE INTO meta (key, value) VALUES ('probe', randomblob(4096))"},
		{&t.head, "SELECT id, version, head FROM stream WHERE name = ?"},
		{&t.createStream, "INSERT INTO stream (name, id, version, head) VALUES (?, ?, ?, ?)"},
		{&t.growStream, "UPDATE stream SET version = ?, head = ? WHERE name = ?"},
		{&t.insertEvent, "INSERT INTO log (pos, stream, version, taken, stored) VALUES (?, ?, ?, ?, ?)"},
		{&t.eventAt, "SELECT pos, stored FROM log WHERE stream = ? AND version = ?"},
		{&t.insertMessage, "INSERT INTO message (id, topic, uuid, at, event, payload, metadata) VALUES (?, ?, ?, ?, ?, ?, ?)"},
		{&t.deleteMessage, "DELETE FROM message WHERE id = ?"},
		{&t.lease, "SELECT token, counter, ttl FROM lease WHERE stream = ?"},
		{&t.putLease, "INSERT OR REPLACE INTO lease (stream, token, counter, ttl) VALUES (?, ?, 1, ?)"},
		{&t.touchLease, "UPDATE lease SET counter = counter + 1 WHERE stream = ?"},
		{&t.deleteLease, "DELETE FROM lease WHERE stream = ?"},
		{&t.putDeadline, "INSERT INTO deadline (stream, at) VALUES (?, ?) ON CONFLICT (stream) DO UPDATE SET at = excluded.at"},
		{&t.moveDeadline, "UPDATE deadline SET at = ? WHERE stream = ? AND at = ?"},
		{&t.deleteDeadline, "DELETE FROM deadline WHERE stream = ?"},
		{&t.putWatch, "INSERT OR IGNORE INTO watch (stream, watcher, topic) VALUES (?, ?, ?)"},
		{&t.watchers, "SELECT watcher, topic FROM watch WHERE stream = ? ORDER BY watcher, topic"},
		{&t.deleteWatches, "DELETE FROM watch WHERE stream = ?"},
		{&t.putPaused, "INSERT OR IGNORE INTO paused (prefix) VALUES (?)"},
		{&t.deletePaused, "DELETE FROM paused WHERE prefix = ?"},
	} {
		stmt, err := conn.Prepare(p.sql)
		if err != nil {
			return nil, fmt.Errorf("prepare %q: %w", p.sql, err)
		}
		*p.stmt = stmt
	}
	pos, err := t.single(conn, "SELECT coalesce(max(pos), 0) FROM log")
	if err != nil {
		return nil, err
	}
	message, err := t.single(conn, "SELECT coalesce(max(id), 0) FROM message")
	t.at = counters{pos: uint64(pos), message: message}
	t.committed = t.at
	return t, err
}

func (t *tx) single(conn *sqlite.Conn, sql string) (n int64, err error) {
	_, err = row(conn.Prep(sql), func(s *sqlite.Stmt) { n = s.ColumnInt64(0) })
	return n, err
}

// exec runs a statement that returns no rows, with its parameters in order.
func (t *tx) exec(stmt *sqlite.Stmt, args ...any) error {
	bind(stmt, args)
	_, err := stmt.Step()
	if reset := stmt.Reset(); err == nil {
		err = reset
	}
	return err
}

// undo rolls back. SQLite does so itself on some errors; then there is nothing left to roll back.
func (t *tx) undo() error {
	t.at = t.committed
	if t.conn.AutocommitEnabled() {
		return nil
	}
	return t.exec(t.rollback)
}

func bind(stmt *sqlite.Stmt, args []any) {
	for i, arg := range args {
		switch v := arg.(type) {
		case int64:
			stmt.BindInt64(i+1, v)
		case uint64:
			stmt.BindInt64(i+1, int64(v))
		case string:
			stmt.BindText(i+1, v)
		case []byte:
			stmt.BindBytes(i+1, v)
		case event.Hash:
			stmt.BindBytes(i+1, v[:])
		case nil:
			stmt.BindNull(i + 1)
		default:
			panic(fmt.Sprintf("sqlite: cannot bind %T", arg))
		}
	}
}

// row runs a statement and hands its first row, if there is one, to scan.
func row(stmt *sqlite.Stmt, scan func(*sqlite.Stmt), args ...any) (found bool, err error) {
	err = rows(stmt, func(s *sqlite.Stmt) bool {
		found = true
		scan(s)
		return false
	}, args...)
	return found, err
}

// rows hands row after row to scan until it returns false.
func rows(stmt *sqlite.Stmt, scan func(*sqlite.Stmt) bool, args ...any) error {
	bind(stmt, args)
	for {
		has, err := stmt.Step()
		if err != nil {
			_ = stmt.Reset()
			return err
		}
		if !has || !scan(stmt) {
			return stmt.Reset()
		}
	}
}

func blob(s *sqlite.Stmt, col int) []byte {
	b := make([]byte, s.ColumnLen(col))
	s.ColumnBytes(col, b)
	return b
}
