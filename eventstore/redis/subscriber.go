package redis

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"tapedeck/eventstore"
)

// Subscriber implements eventstore.Topics.
func (s *Store) Subscriber(r eventstore.Reader) (message.Subscriber, error) {
	if r.Name == "" {
		return nil, fmt.Errorf("subscriber: a reader needs a name")
	}
	return &subscriber{store: s, reader: r.WithDefaults(), closing: make(chan struct{})}, s.usable()
}

type subscriber struct {
	store   *Store
	reader  eventstore.Reader
	closing chan struct{}

	mu      sync.Mutex // guards closed and running.Add against Close
	closed  bool
	running sync.WaitGroup
}

// Subscribe implements message.Subscriber. The channel is closed when ctx ends, the Subscriber or the
// Store is closed, or the log was replaced.
func (s *subscriber) Subscribe(ctx context.Context, topics string) (<-chan *message.Message, error) {
	names := strings.Split(topics, ",")
	for _, name := range names {
		if err := validTopic(name); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fmt.Errorf("subscribe %s: %w", topics, eventstore.ErrClosed)
	}
	ctx, stop := joined(ctx, s.closing, s.store.done)
	sub := newSubscription(s.store, s.reader, names)
	s.running.Add(1)
	err := s.store.start(func() {
		defer s.running.Done()
		defer stop()
		sub.run(ctx)
	})
	if err != nil {
		s.running.Done()
		stop()
		return nil, err
	}
	return sub.out, nil
}

// Close implements message.Subscriber.
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

// Depths implements eventstore.Topics.
func (s *Store) Depths(ctx context.Context, prefix string) ([]eventstore.TopicDepth, error) {
	reply, err := s.call(ctx, "depths", prefix).Slice()
	if err != nil {
		return nil, s.fault("look at topics", err)
	}
	var out []eventstore.TopicDepth
	for ; len(reply) >= 5; reply = reply[5:] {
		d := eventstore.TopicDepth{Paused: reply[4] == int64(1)}
		d.Topic, _ = reply[0].(string)
		entries, _ := reply[1].(int64)
		d.Taken, _ = reply[2].(int64)
		d.Waiting = max(0, entries-d.Taken)
		if first, _ := reply[3].(string); first != "" {
			p, err := parseID(first)
			if err != nil {
				return nil, err
			}
			d.Oldest = time.UnixMilli(int64(p.Hi)).UTC()
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b eventstore.TopicDepth) int { return strings.Compare(a.Topic, b.Topic) })
	return out, nil
}
