package sqlite

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/go-json-experiment/json"
	"zombiezen.com/go/sqlite"

	"tapedeck/eventstore"
)

// Subscriber implements eventstore.Topics.
func (s *Store) Subscriber(r eventstore.Reader) (message.Subscriber, error) {
	return &subscriber{store: s, reader: r.WithDefaults(), closing: make(chan struct{})}, nil
}

// Reactor implements eventstore.Topics.
func (s *Store) Reactor(group string) (message.Subscriber, error) {
	// A handler may block for as long as it must: nobody else may run beside it, or before it.
	r := eventstore.Reader{Name: group, Slots: func() int { return 1 }, Redeliver: math.MaxInt64}
	return &subscriber{store: s, reader: r.WithDefaults(), inOrder: true, closing: make(chan struct{})}, nil
}

type subscriber struct {
	store  *Store
	reader eventstore.Reader
	// inOrder keeps a message that rests after a nack from being overtaken.
	inOrder bool
	closing chan struct{}

	mu      sync.Mutex // guards closed and running.Add against Close
	closed  bool
	running sync.WaitGroup
}

// Subscribe implements message.Subscriber.
func (s *subscriber) Subscribe(ctx context.Context, topics string) (<-chan *message.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, eventstore.ErrClosed
	}
	sub := &subscription{
		subscriber: s, topics: strings.Split(topics, ","),
		out: make(chan *message.Message), wake: make(chan struct{}, 1),
	}
	if !s.store.broker.enter(sub) {
		return nil, eventstore.ErrClosed
	}
	ctx, cancel := context.WithCancel(ctx)
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		defer s.store.broker.leave(sub)
		defer close(sub.out)
		defer cancel()
		sub.run(ctx)
	}()
	return sub.out, nil
}

// Close implements message.Subscriber. Messages that are in their readers' hands go back; an ack
// that comes later counts all the same.
func (s *subscriber) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.closing)
	}
	s.mu.Unlock()
	s.running.Wait()
	return nil
}

// subscription is one Subscribe.
type subscription struct {
	*subscriber
	topics []string
	out    chan *message.Message
	wake   chan struct{}
	inHand atomic.Int64 // messages that were sent and are not settled
}

// lookAgain is how often Slots is asked while it answers that the reader is full: a safeguard for
// readers that do not signal Free.
const lookAgain = 50 * time.Millisecond

func (s *subscription) run(ctx context.Context) {
	for !s.over(ctx) {
		var again <-chan time.Time
		if int64(s.reader.Slots()) <= s.inHand.Load() {
			again = time.After(lookAgain)
		} else if t, h := s.store.broker.take(s.topics, s.inOrder); h != nil {
			s.send(ctx, t, h)
			continue
		}
		select {
		case <-s.wake:
		case <-s.reader.Free:
		case <-again:
		case <-ctx.Done():
		case <-s.closing:
		case <-s.store.closing:
		}
	}
}

func (s *subscription) over(ctx context.Context) bool {
	select {
	case <-ctx.Done():
	case <-s.closing:
	case <-s.store.closing:
	default:
		return false
	}
	return true
}

// send hands a taken message over, or gives it back when nobody wants it in time.
func (s *subscription) send(ctx context.Context, t *topic, h *held) {
	b := s.store.broker
	m, err := s.store.loadMessage(ctx, t.name, h.id)
	if err != nil {
		if !s.over(ctx) {
			s.store.cfg.Logger.Error("a message could not be read", "topic", t.name, "message", h.id, "error", err)
		}
		b.giveBack(t, h, true)
		return
	}
	mctx, cancel := context.WithCancel(ctx)
	m.SetContext(mctx)
	redeliver := time.NewTimer(s.reader.Redeliver)
	select {
	case s.out <- m:
		s.inHand.Add(1)
		b.running.Add(1)
		go func() {
			defer b.running.Done()
			defer cancel()
			s.settle(ctx, t, h, m, redeliver)
		}()
		return
	case <-redeliver.C:
	case <-ctx.Done():
	case <-s.closing:
	case <-s.store.closing:
	}
	cancel()
	redeliver.Stop()
	b.giveBack(t, h, false)
}

// settle waits for the message's fate.
func (s *subscription) settle(ctx context.Context, t *topic, h *held, m *message.Message, redeliver *time.Timer) {
	defer redeliver.Stop()
	acked, nacked := false, false
	select {
	case <-m.Acked():
		acked = true
	case <-m.Nacked():
		nacked = true
	case <-redeliver.C:
	case <-ctx.Done():
	case <-s.closing:
	case <-s.store.closing:
	}
	select { // an ack that came together with the end counts
	case <-m.Acked():
		acked = true
	default:
	}
	if acked {
		s.store.acked(t, h)
	} else {
		s.store.broker.giveBack(t, h, nacked)
	}
	s.inHand.Add(-1)
	signal(s.wake)
	if acked || nacked {
		return
	}
	// The handler may be at it still: when it ends well before the next reader does, that counts.
	redeliver.Reset(s.reader.Redeliver)
	select {
	case <-m.Acked():
		s.store.acked(t, h)
	case <-m.Nacked():
	case <-redeliver.C:
	case <-s.store.closing:
	}
}

// acked forgets a message. Nobody waits for the write: when it is lost with the process, the message
// is handed out again, as Topics says.
func (s *Store) acked(t *topic, h *held) {
	if !s.broker.ack(t, h) {
		return
	}
	_ = s.submit(context.Background(), &call{apply: func(tx *tx) (func(), error) {
		return nil, tx.exec(tx.deleteMessage, h.id)
	}})
}

// loadMessage reads a message from the file.
func (s *Store) loadMessage(ctx context.Context, topic string, id int64) (*message.Message, error) {
	var m *message.Message
	var metadata string
	err := s.pool.read(ctx, func(conn *sqlite.Conn) error {
		found, err := row(conn.Prep(`SELECT uuid, coalesce(payload, (SELECT stored FROM log WHERE pos = event)), metadata
			FROM message WHERE id = ?`), func(r *sqlite.Stmt) {
			m = message.NewMessage(r.ColumnText(0), blob(r, 1))
			metadata = r.ColumnText(2)
		}, id)
		if err == nil && !found {
			err = errors.New("it is gone from the file")
		}
		return err
	})
	if err == nil && metadata != "" {
		err = json.Unmarshal([]byte(metadata), &m.Metadata)
	}
	if err != nil {
		return nil, err
	}
	m.Metadata.Set(eventstore.MetaTopic, topic)
	m.Metadata.Set(eventstore.MetaEntry, strconv.FormatInt(id, 10))
	return m, nil
}
