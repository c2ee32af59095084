package sqlite

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"tapedeck/domain/event"
	"tapedeck/eventstore"
)

// Append implements eventstore.Store.
func (s *Store) Append(ctx context.Context, a eventstore.Append) (eventstore.Appended, error) {
	if err := a.Validate(); err != nil {
		return eventstore.Appended{}, err
	}
	var out eventstore.Appended
	err := s.write(ctx, func(tx *tx) (after func(), err error) {
		out, after, err = s.apply(tx, a)
		return after, err
	})
	if err != nil {
		return eventstore.Appended{}, err
	}
	return out, nil
}

// streamHead is where a stream ends; the zero value is a stream that does not exist.
type streamHead struct {
	id      int64
	version uint64
	hash    event.Hash
}

// apply checks everything first and writes then, so that a refusal leaves nothing to undo.
func (s *Store) apply(tx *tx, a eventstore.Append) (out eventstore.Appended, after func(), err error) {
	heads := make([]streamHead, len(a.Writes))
	for i, w := range a.Writes {
		if heads[i], err = tx.headOf(w.Stream); err != nil {
			return out, nil, err
		}
	}
	if out, err = tx.duplicate(a, heads); err != nil || out.Duplicate {
		return out, nil, err
	}
	for i, w := range a.Writes {
		if heads[i].version != w.Expect.Version() || heads[i].hash != w.Prev {
			return out, nil, fmt.Errorf("%w: %s is at %d, expected %s", eventstore.ErrConflict, w.Stream, heads[i].version, w.Expect)
		}
	}
	if err := tx.checkHolds(a.Holds); err != nil {
		return out, nil, err
	}
	if out, err = tx.writeEvents(a, heads); err != nil {
		return out, nil, err
	}
	effects, err := tx.effects(a, out.Positions)
	if err != nil || effects.empty() {
		return out, nil, err
	}
	return out, func() { s.broker.apply(effects) }, nil
}

func (t *tx) headOf(stream string) (h streamHead, err error) {
	_, err = row(t.head, func(s *sqlite.Stmt) {
		h.id, h.version = s.ColumnInt64(0), uint64(s.ColumnInt64(1))
		s.ColumnBytes(2, h.hash[:])
	}, stream)
	return h, err
}

// duplicate reports whether every event of the append stands already where it belongs.
func (t *tx) duplicate(a eventstore.Append, heads []streamHead) (out eventstore.Appended, err error) {
	for i, w := range a.Writes {
		if heads[i].version < w.Expect.Version()+uint64(len(w.Events)) {
			return eventstore.Appended{}, nil
		}
	}
	for i, w := range a.Writes {
		positions := make([]eventstore.Position, len(w.Events))
		for j, e := range w.Events {
			var id string
			_, err := row(t.eventAt, func(s *sqlite.Stmt) {
				positions[j].Hi = uint64(s.ColumnInt64(0))
				if held, _, err := event.Parse(blob(s, 1)); err == nil {
					id = held.ID
				}
			}, heads[i].id, w.Expect.Version()+uint64(j)+1)
			if err != nil || id != e.ID {
				return eventstore.Appended{}, err
			}
		}
		out.Positions = append(out.Positions, positions)
	}
	out.Duplicate = true
	return out, nil
}

func (t *tx) checkHolds(holds []eventstore.Hold) error {
	for _, h := range holds {
		l, ok, err := leaseOf(t.lease, h.Stream)
		if err != nil {
			return err
		}
		if !ok || l.Token != h.Token || h.Still && l.Counter != h.Counter {
			return fmt.Errorf("%w: %s", eventstore.ErrLeaseLost, h.Stream)
		}
	}
	return nil
}

func (t *tx) writeEvents(a eventstore.Append, heads []streamHead) (out eventstore.Appended, err error) {
	taken := t.clock.now()
	for i, w := range a.Writes {
		h := heads[i]
		if h.version == 0 {
			h.id = int64(t.at.pos) + 1
		}
		positions := make([]eventstore.Position, len(w.Events))
		for j, e := range w.Events {
			t.at.pos++
			h.version++
			t.at.bytes += int64(len(e.Stored))
			positions[j].Hi = t.at.pos
			if err := t.exec(t.insertEvent, t.at.pos, h.id, h.version, taken, e.Stored); err != nil {
				return out, err
			}
		}
		out.Positions = append(out.Positions, positions)
		head := w.Events[len(w.Events)-1].Hash
		if w.Expect.Version() == 0 {
			err = t.exec(t.createStream, w.Stream, h.id, h.version, head)
		} else {
			err = t.exec(t.growStream, h.version, head, w.Stream)
		}
		if err != nil {
			return out, err
		}
	}
	return out, nil
}
