package sqlite

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"

	"tapedeck/eventstore"
)

// Due implements eventstore.Deadlines.
func (s *Store) Due(ctx context.Context, limit int) (due []eventstore.Deadline, now, next time.Time, err error) {
	at := s.clock.now()
	err = s.pool.read(ctx, func(conn *sqlite.Conn) error {
		err := rows(conn.Prep("SELECT stream, at FROM deadline WHERE at <= ? ORDER BY at, stream LIMIT ?"), func(r *sqlite.Stmt) bool {
			due = append(due, eventstore.Deadline{Stream: r.ColumnText(0), At: fromMicro(r.ColumnInt64(1))})
			return true
		}, at, int64(limit))
		if err != nil {
			return err
		}
		_, err = row(conn.Prep("SELECT at FROM deadline WHERE at > ? ORDER BY at LIMIT 1"), func(r *sqlite.Stmt) {
			next = fromMicro(r.ColumnInt64(0))
		}, at)
		return err
	})
	return due, fromMicro(at), next, err
}

// Postpone implements eventstore.Deadlines.
func (s *Store) Postpone(ctx context.Context, d eventstore.Deadline, to time.Time) error {
	return s.write(ctx, func(tx *tx) (func(), error) {
		return nil, tx.exec(tx.moveDeadline, ceilMicro(to), d.Stream, ceilMicro(d.At))
	})
}
