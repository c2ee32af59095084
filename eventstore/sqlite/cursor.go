package sqlite

import (
	"context"
	"sort"
	"time"

	"zombiezen.com/go/sqlite"

	"tapedeck/eventstore"
)

// Tail implements eventstore.Log.
func (s *Store) Tail(ctx context.Context) (eventstore.Cursor, error) {
	return s.cursorAt(ctx, eventstore.End)
}

// cursorAt is the cursor of the last event before a position.
func (s *Store) cursorAt(ctx context.Context, before eventstore.Position) (eventstore.Cursor, error) {
	for {
		b, err := s.ReadBack(ctx, before, 1)
		if err != nil {
			return eventstore.Cursor{}, err
		}
		if len(b.Events) > 0 {
			return b.Events[0].Cursor(s.epoch), nil
		}
		if b.Malformed == 0 {
			return eventstore.Start(s.epoch), nil
		}
		before = b.Next // what is no event has no cursor
	}
}

// Resolve implements eventstore.Log.
func (s *Store) Resolve(ctx context.Context, c eventstore.Cursor) error {
	gone := func(reason eventstore.GoneReason, detail string) error {
		return &eventstore.GoneError{Cursor: c, Reason: reason, Detail: detail}
	}
	if c.Epoch != s.epoch {
		return gone(eventstore.GoneForeign, "this log's epoch is "+s.epoch)
	}
	if c == eventstore.Start(s.epoch) {
		return nil
	}
	if c.Position.Hi > s.tail.last.Load() {
		return gone(eventstore.GoneLost, "the log ends before it")
	}
	b, err := s.ReadBack(ctx, eventstore.Position{Hi: c.Position.Hi + 1}, 1)
	if err != nil {
		return err
	}
	if len(b.Events) == 0 || b.Events[0].Cursor(s.epoch) != c {
		return gone(eventstore.GoneLost, "the log holds another event, or none, at this position")
	}
	return nil
}

// At implements eventstore.Log. The times of the log never go back, so that a binary search finds
// the place without an index.
func (s *Store) At(ctx context.Context, t time.Time) (eventstore.Cursor, error) {
	last, want := s.tail.last.Load(), ceilMicro(t)
	var first int
	err := s.pool.read(ctx, func(conn *sqlite.Conn) (err error) {
		query := conn.Prep("SELECT taken FROM log WHERE pos = ?")
		first = sort.Search(int(last), func(i int) bool { // the first row that is not before t
			var taken int64
			if err == nil {
				_, err = row(query, func(r *sqlite.Stmt) { taken = r.ColumnInt64(0) }, uint64(i)+1)
			}
			return err != nil || taken >= want
		})
		return err
	})
	if err != nil {
		return eventstore.Cursor{}, err
	}
	return s.cursorAt(ctx, eventstore.Position{Hi: uint64(first) + 1})
}
