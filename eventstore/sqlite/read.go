package sqlite

import (
	"context"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"

	"tapedeck/domain/event"
	"tapedeck/eventstore"
)

// ReadStream implements eventstore.Log.
func (s *Store) ReadStream(ctx context.Context, stream string, from uint64, limit int) (out []eventstore.Recorded, err error) {
	var faulty error
	err = s.pool.read(ctx, func(conn *sqlite.Conn) error {
		return rows(conn.Prep(`SELECT pos, version, stored FROM log
			WHERE stream = (SELECT id FROM stream WHERE name = ?) AND version >= ? ORDER BY version LIMIT ?`),
			func(row *sqlite.Stmt) bool {
				var r eventstore.Recorded
				if r, faulty = recorded(row); faulty != nil {
					faulty = fmt.Errorf("%s, event %d: %w", stream, row.ColumnInt64(1), faulty)
					return false
				}
				out = append(out, r)
				return true
			}, stream, max(from, 1), int64(limit))
	})
	if err := errors.Join(err, faulty); err != nil {
		return nil, err
	}
	return out, nil
}

// ReadAll implements eventstore.Log.
func (s *Store) ReadAll(ctx context.Context, after eventstore.Position, limit int) (eventstore.Batch, error) {
	return s.batch(ctx, after, `SELECT pos, version, stored FROM log WHERE pos > ? ORDER BY pos LIMIT ?`, bounded(after), limit)
}

// ReadBack implements eventstore.Log.
func (s *Store) ReadBack(ctx context.Context, before eventstore.Position, limit int) (eventstore.Batch, error) {
	first := before.Hi
	if before.Lo > 0 && first < maxPos { // behind (Hi, 0), so that the row Hi is before it
		first++
	}
	return s.batch(ctx, before, `SELECT pos, version, stored FROM log WHERE pos < ? ORDER BY pos DESC LIMIT ?`, min(first, maxPos), limit)
}

// maxPos is the greatest row id.
const maxPos = 1<<63 - 1

func bounded(p eventstore.Position) uint64 { return min(p.Hi, maxPos) }

func (s *Store) batch(ctx context.Context, from eventstore.Position, query string, bound uint64, limit int) (eventstore.Batch, error) {
	b := eventstore.Batch{Next: from}
	err := s.pool.read(ctx, func(conn *sqlite.Conn) error {
		return rows(conn.Prep(query), func(row *sqlite.Stmt) bool {
			b.Next = eventstore.Position{Hi: uint64(row.ColumnInt64(0))}
			r, err := recorded(row)
			if err != nil {
				b.Malformed++
				return true
			}
			b.Events = append(b.Events, r)
			return true
		}, bound, int64(limit))
	})
	if err != nil {
		return eventstore.Batch{Next: from}, err
	}
	s.malformed.Add(int64(b.Malformed))
	return b, nil
}

// recorded reads a row of pos, version, stored. Its error wraps event.ErrMalformed.
func recorded(row *sqlite.Stmt) (r eventstore.Recorded, err error) {
	r.Position.Hi = uint64(row.ColumnInt64(0))
	r.Stored = blob(row, 2)
	r.Event, r.Hash, err = event.Parse(r.Stored)
	if version := uint64(row.ColumnInt64(1)); err == nil && r.Sequence != version {
		err = fmt.Errorf("%w: its sequence is %d in the place of %d", event.ErrMalformed, r.Sequence, version)
	}
	return r, err
}

// Wait implements eventstore.Log.
func (s *Store) Wait(ctx context.Context, after eventstore.Position) error {
	return s.tail.wait(ctx, after)
}
