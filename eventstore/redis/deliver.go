package redis

import (
	"context"
	"errors"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/vmihailenco/msgpack"

	"tapedeck/eventstore"
)

// taken is a message in a subscription's hands.
type taken struct {
	topic string
	entry entry
}

// deliverEntries hands entries out; those that are no messages are acked, counted and shown.
func (s *subscription) deliverEntries(ctx context.Context, topic string, entries []entry) {
	for _, e := range entries {
		t := taken{topic, e}
		if e.deleted {
			s.acks.ack(t)
			continue
		}
		msg, err := e.message()
		if err != nil {
			if s.store.passed.note(partition+topic, e.id, err) {
				s.store.opts.Logger.Error("a malformed message was passed over", "topic", topic, "entry", e.id, "error", err)
			}
			s.acks.ack(t)
			continue
		}
		s.deliver(ctx, t, msg)
	}
}

// redeliver sends a refused message, which is well-formed, once more.
func (s *subscription) redeliver(ctx context.Context, t taken) {
	if msg, err := t.entry.message(); err == nil {
		s.deliver(ctx, t, msg)
	}
}

// deliver sends a message and looks after its fate. What ctx's end leaves unsent is given back.
func (s *subscription) deliver(ctx context.Context, t taken, msg *message.Message) {
	if ctx.Err() != nil {
		s.acks.giveBack(t)
		return
	}
	msg.Metadata.Set(eventstore.MetaTopic, t.topic)
	msg.Metadata.Set(eventstore.MetaEntry, t.entry.id)
	mctx, cancel := context.WithCancel(ctx)
	msg.SetContext(mctx)
	s.inHand.Add(1)
	s.handling.Go(func() {
		defer cancel()
		s.settle(ctx, t, msg)
	})
	select {
	case s.out <- msg:
	case <-ctx.Done():
	}
}

// settle waits for the message's fate.
func (s *subscription) settle(ctx context.Context, t taken, msg *message.Message) {
	select {
	case <-msg.Acked():
		s.release()
		s.acks.ack(t)
		return
	case <-msg.Nacked():
		s.release()
		timer := time.NewTimer(nackDelay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		select {
		case s.nacked <- t:
			return
		case <-ctx.Done():
		}
	case <-ctx.Done():
	}
	select {
	case <-msg.Acked():
		s.acks.ack(t)
	default:
		s.acks.giveBack(t)
	}
}

func (s *subscription) release() {
	s.inHand.Add(-1)
	select {
	case s.settled <- struct{}{}:
	default:
	}
}

// message decodes the wire format.
func (e entry) message() (*message.Message, error) {
	if e.uuid == "" {
		return nil, errors.New("not a message: the field " + fieldUUID + " is missing")
	}
	msg := message.NewMessage(e.uuid, []byte(e.payload))
	if e.metadata == "" {
		return msg, nil
	}
	var metadata message.Metadata
	if err := msgpack.Unmarshal([]byte(e.metadata), &metadata); err != nil {
		return nil, errors.New("metadata is not a msgpack map of strings")
	}
	if metadata != nil {
		msg.Metadata = metadata
	}
	return msg, nil
}
