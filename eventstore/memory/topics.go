package memory

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"tapedeck/eventstore"
)

type topic struct {
	next     int
	messages []*queued
}

type queued struct {
	entry    int
	id       string
	payload  []byte
	at       time.Time
	takenAt  time.Time
	notUntil time.Time
}

// enqueue adds a message; the mutex is held.
func (s *Store) enqueue(name, id string, payload []byte) {
	t := s.topics[name]
	if t == nil {
		t = &topic{}
		s.topics[name] = t
	}
	t.next++
	t.messages = append(t.messages, &queued{entry: t.next, id: id, payload: payload, at: s.now()})
}

// Publish enqueues messages without an Append; it is for tests of the bus.
func (s *Store) Publish(name string, messages ...*message.Message) error {
	return s.locked(func() error {
		for _, m := range messages {
			s.enqueue(name, m.UUID, m.Payload)
		}
		s.changed()
		return nil
	})
}

// Depths implements eventstore.Topics.
func (s *Store) Depths(_ context.Context, prefix string) (out []eventstore.TopicDepth, err error) {
	err = s.locked(func() error {
		for name, t := range s.topics {
			if strings.HasPrefix(name, prefix) {
				out = append(out, t.depth(name, s.isPaused(name)))
			}
		}
		slices.SortFunc(out, func(a, b eventstore.TopicDepth) int { return strings.Compare(a.Topic, b.Topic) })
		return nil
	})
	return out, err
}

func (t *topic) depth(name string, paused bool) eventstore.TopicDepth {
	d := eventstore.TopicDepth{Topic: name, Paused: paused}
	for _, m := range t.messages {
		if m.takenAt.IsZero() {
			d.Waiting++
		} else {
			d.Taken++
		}
	}
	if len(t.messages) > 0 {
		d.Oldest = t.messages[0].at
	}
	return d
}

func (s *Store) isPaused(name string) bool {
	for prefix, paused := range s.paused {
		if paused && strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

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
	store   *Store
	reader  eventstore.Reader
	inOrder bool // nothing overtakes a message that rests after a nack
	inHand  int  // messages that are not settled; store.mu guards it
	once    sync.Once
	closing chan struct{}
	running sync.WaitGroup
}

// Subscribe implements message.Subscriber.
func (s *subscriber) Subscribe(ctx context.Context, topics string) (<-chan *message.Message, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if s.store.closed || s.over(ctx) {
		return nil, eventstore.ErrClosed
	}
	out := make(chan *message.Message)
	s.store.readers.Add(1)
	s.running.Add(1)
	go func() {
		defer s.store.readers.Done()
		defer s.running.Done()
		defer close(out)
		s.deliver(ctx, strings.Split(topics, ","), out)
	}()
	return out, nil
}

// Close implements message.Subscriber.
func (s *subscriber) Close() error {
	s.store.mu.Lock()
	s.once.Do(func() { close(s.closing) })
	s.store.mu.Unlock()
	s.running.Wait()
	return nil
}

func (s *subscriber) deliver(ctx context.Context, topics []string, out chan<- *message.Message) {
	for {
		name, m, wake, retryIn := s.take(topics)
		if m == nil {
			timer := time.NewTimer(retryIn)
			select {
			case <-wake:
			case <-s.reader.Free:
			case <-timer.C:
			case <-ctx.Done():
			case <-s.closing:
			case <-s.store.done:
			}
			timer.Stop()
			if s.over(ctx) {
				return
			}
			continue
		}
		msg := message.NewMessage(m.id, m.payload)
		msg.Metadata.Set(eventstore.MetaTopic, name)
		msg.Metadata.Set(eventstore.MetaEntry, strconv.Itoa(m.entry))
		mctx, cancel := context.WithCancel(ctx)
		msg.SetContext(mctx)
		s.running.Add(1)
		go func() {
			defer s.running.Done()
			defer cancel()
			s.settle(name, m, msg)
		}()
		select {
		case out <- msg:
		case <-ctx.Done():
			msg.Nack()
			return
		case <-s.closing:
			msg.Nack()
			return
		case <-s.store.done:
			msg.Nack()
			return
		}
	}
}

func (s *subscriber) over(ctx context.Context) bool {
	select {
	case <-ctx.Done():
	case <-s.closing:
	case <-s.store.done:
	default:
		return false
	}
	return true
}

// take marks the next message as taken, or says when to look again.
func (s *subscriber) take(topics []string) (string, *queued, <-chan struct{}, time.Duration) {
	st := s.store
	st.mu.Lock()
	defer st.mu.Unlock()
	if s.reader.Slots() > s.inHand {
		now := st.now()
		for _, name := range topics {
			t := st.topics[name]
			if t == nil || st.isPaused(name) {
				continue
			}
			for _, m := range t.messages {
				free := m.takenAt.IsZero() || now.Sub(m.takenAt) >= s.reader.Redeliver
				if free && !m.notUntil.After(now) {
					m.takenAt = now
					s.inHand++
					return name, m, nil, 0
				}
				if free && s.inOrder {
					break
				}
			}
		}
	}
	return "", nil, st.grown, 50 * time.Millisecond
}

// settle waits for the message's fate. On close an unsettled message is given back.
func (s *subscriber) settle(name string, m *queued, msg *message.Message) {
	acked := false
	select {
	case <-msg.Acked():
		acked = true
	case <-msg.Nacked():
	case <-s.closing:
	case <-s.store.done:
	}
	select { // an ack that came together with the end counts
	case <-msg.Acked():
		acked = true
	default:
	}
	st := s.store
	st.mu.Lock()
	defer st.mu.Unlock()
	defer st.changed() // a slot is free
	s.inHand--
	if !acked {
		m.takenAt, m.notUntil = time.Time{}, st.now().Add(nackDelay)
		return
	}
	t := st.topics[name]
	i, ok := slices.BinarySearchFunc(t.messages, m.entry, func(q *queued, e int) int { return cmp.Compare(q.entry, e) })
	if ok {
		t.messages = slices.Delete(t.messages, i, i+1)
	}
}

// nackDelay keeps a refused message from spinning.
const nackDelay = 20 * time.Millisecond
