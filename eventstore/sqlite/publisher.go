package sqlite

import (
	"context"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/go-json-experiment/json"
)

// Publisher returns a watermill Publisher that enqueues messages without an event. The engine hands
// off by Append alone; this is for whatever else speaks watermill, and for its test suite.
func (s *Store) Publisher() message.Publisher { return publisher{s} }

type publisher struct{ store *Store }

// Publish implements message.Publisher: all messages are enqueued, durably, or none.
func (p publisher) Publish(topic string, messages ...*message.Message) error {
	rows := make([]newMessage, len(messages))
	for i, m := range messages {
		rows[i] = newMessage{topic: topic, uuid: m.UUID, payload: append([]byte{}, m.Payload...)}
		if len(m.Metadata) > 0 {
			metadata, err := json.Marshal(m.Metadata)
			if err != nil {
				return err
			}
			rows[i].metadata = string(metadata)
		}
	}
	return p.store.write(context.Background(), func(tx *tx) (func(), error) {
		var out effects
		for _, m := range rows {
			if err := tx.enqueue(&out, m); err != nil {
				return nil, err
			}
		}
		return func() { p.store.broker.apply(out) }, nil
	})
}

// Close implements message.Publisher; the Store stays open.
func (p publisher) Close() error { return nil }

var _ message.Publisher = publisher{}
