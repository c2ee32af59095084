package sqlite

import (
	"zombiezen.com/go/sqlite"

	"tapedeck/eventstore"
)

// effects is what the broker must learn when an append is durable.
type effects struct {
	added []added
	modes []eventstore.SetPaused
}

// added is a message that was put into a topic.
type added struct {
	topic string
	entry entry
}

func (e effects) empty() bool { return len(e.added) == 0 && len(e.modes) == 0 }

// effects writes everything of an append but its events.
func (t *tx) effects(a eventstore.Append, positions [][]eventstore.Position) (out effects, err error) {
	for _, h := range a.Holds {
		if h.Touch {
			if err := t.exec(t.touchLease, h.Stream); err != nil {
				return out, err
			}
		}
	}
	for _, d := range a.Deadlines {
		if err := t.setDeadline(d); err != nil {
			return out, err
		}
	}
	for _, stream := range a.Ends {
		if err := t.exec(t.deleteLease, stream); err != nil {
			return out, err
		}
	}
	for _, g := range a.Grants {
		if err := t.grant(g); err != nil {
			return out, err
		}
	}
	if err := t.messages(&out, a, positions); err != nil {
		return out, err
	}
	for _, m := range a.Modes {
		stmt := t.deletePaused
		if m.Paused {
			stmt = t.putPaused
		}
		if err := t.exec(stmt, m.Prefix); err != nil {
			return out, err
		}
	}
	out.modes = a.Modes
	return out, nil
}

func (t *tx) setDeadline(d eventstore.SetDeadline) error {
	if d.At.IsZero() {
		return t.exec(t.deleteDeadline, d.Stream)
	}
	return t.exec(t.putDeadline, d.Stream, ceilMicro(d.At))
}

func (t *tx) grant(g eventstore.Grant) error {
	if err := t.exec(t.putLease, g.Stream, g.Token, int64(g.TTL)); err != nil {
		return err
	}
	return t.exec(t.putDeadline, g.Stream, t.clock.now()+g.TTL.Microseconds())
}

func (t *tx) messages(out *effects, a eventstore.Append, positions [][]eventstore.Position) error {
	for _, q := range a.Enqueue {
		m := newMessage{topic: q.Topic, uuid: a.Writes[q.Write].Events[q.Event].ID}
		if q.Payload == nil {
			m.event = positions[q.Write][q.Event].Hi
		} else {
			m.payload = q.Payload
		}
		if err := t.enqueue(out, m); err != nil {
			return err
		}
	}
	for _, w := range a.Watches {
		if err := t.exec(t.putWatch, w.Stream, w.Watcher, w.Topic); err != nil {
			return err
		}
		if err := t.enqueue(out, wake(w)); err != nil {
			return err
		}
	}
	for _, stream := range a.Wakes {
		if err := t.wake(out, stream); err != nil {
			return err
		}
	}
	return nil
}

// wake enqueues a message for each registered watcher and forgets them.
func (t *tx) wake(out *effects, stream string) error {
	var watches []eventstore.Watch
	err := rows(t.watchers, func(s *sqlite.Stmt) bool {
		watches = append(watches, eventstore.Watch{Stream: stream, Watcher: s.ColumnText(0), Topic: s.ColumnText(1)})
		return true
	}, stream)
	if err != nil || len(watches) == 0 {
		return err
	}
	for _, w := range watches {
		if err := t.enqueue(out, wake(w)); err != nil {
			return err
		}
	}
	return t.exec(t.deleteWatches, stream)
}

func wake(w eventstore.Watch) newMessage {
	return newMessage{topic: w.Topic, uuid: w.MessageID(), payload: w.Message()}
}

// newMessage is a message before it has an id. Its payload is the event at position event, unless
// that is 0.
type newMessage struct {
	topic, uuid string
	event       uint64
	payload     []byte
	metadata    string
}

func (t *tx) enqueue(out *effects, m newMessage) error {
	t.at.message++
	t.at.bytes += int64(len(m.payload))
	e := entry{id: t.at.message, at: t.clock.now()}
	var event, payload, metadata any
	if m.event != 0 {
		event = m.event
	} else {
		payload = m.payload
	}
	if m.metadata != "" {
		metadata = m.metadata
	}
	out.added = append(out.added, added{m.topic, e})
	return t.exec(t.insertMessage, e.id, m.topic, m.uuid, e.at, event, payload, metadata)
}
