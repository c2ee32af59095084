package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	goredis "github.com/redis/go-redis/v9"

	"tapedeck/eventstore"
)

// subscription hands the messages of some topics to one channel.
//
// Messages are taken only by a call that answers at once; what blocks while there are none is an
// XREAD, which takes nothing. So a read that is cut off never swallows a message.
type subscription struct {
	store    *Store
	reader   eventstore.Reader
	topics   []string
	out      chan *message.Message
	acks     *acker
	nacked   chan taken
	handling sync.WaitGroup // messages whose fate is open
	inHand   atomic.Int64   // those of them that are handed out
	settled  chan struct{}  // inHand has shrunk

	waiter   *goredis.Client
	watching bool
	behind   chan []string // asks the watch for what lies behind these ids
	arrived  chan struct{} // the watch has looked
	stale    *time.Ticker
}

const (
	// takeBatch bounds what one call takes.
	takeBatch = 100
	// nackDelay keeps a refused message from spinning.
	nackDelay = 100 * time.Millisecond
	// slotPause is how often Slots is asked when nobody signals.
	slotPause = 10 * time.Millisecond
	// pausedPause is how often a paused topic is looked at.
	pausedPause = 200 * time.Millisecond
	// maxStaleInterval bounds the time between two looks for messages of dead readers.
	maxStaleInterval = 5 * time.Second
	// readerIdle is how long a reader that holds nothing is remembered.
	readerIdle = 24 * time.Hour

	minPause = 20 * time.Millisecond
	maxPause = time.Second
)

func newSubscription(s *Store, r eventstore.Reader, topics []string) *subscription {
	return &subscription{
		store: s, reader: r, topics: topics, out: make(chan *message.Message),
		nacked: make(chan taken), settled: make(chan struct{}, 1),
		behind: make(chan []string), arrived: make(chan struct{}),
	}
}

// run delivers until ctx ends or the store cannot be used any more.
func (s *subscription) run(ctx context.Context) {
	defer close(s.out)
	s.acks, s.waiter = newAcker(s.store, readers), s.store.client(1)
	s.stale = time.NewTicker(min(max(s.reader.Redeliver/2, time.Millisecond), maxStaleInterval))
	defer s.stale.Stop()
	ctx, cancel := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { s.watch(ctx) })

	left := append([]string{}, s.topics...) // those that may hold messages of readers that are no more
	for pause := minPause; ctx.Err() == nil; {
		var err error
		switch free := min(s.reader.Slots()-int(s.inHand.Load()), takeBatch); {
		case free <= 0:
			s.rest(ctx)
		case len(left) > 0:
			var found int
			if found, err = s.deliverLeft(ctx, left[0], free); err == nil && found == 0 {
				err = s.store.fault("forget readers", s.store.call(ctx, "sweep", left[0], readerIdle.Milliseconds()).Err())
				left = left[1:]
			}
		default:
			err = s.step(ctx, free)
		}
		if err == nil {
			pause = minPause
			continue
		}
		if errors.Is(err, eventstore.ErrEpoch) || errors.Is(err, eventstore.ErrClosed) {
			break
		}
		s.store.opts.Logger.Warn("topics cannot be read", "topics", s.topics, "error", err)
		sleep(ctx, pause)
		pause = min(2*pause, maxPause)
	}
	cancel()
	_ = s.waiter.Close() // cuts the watch off
	watch.Wait()
	s.handling.Wait()
	s.acks.close()
}

// step hands out what has the right of way: refused messages, those of dead readers, new ones; and
// waits when there is nothing.
func (s *subscription) step(ctx context.Context, free int) error {
	select {
	case t := <-s.nacked:
		s.redeliver(ctx, t)
		return nil
	case <-s.stale.C:
		return s.deliverStale(ctx, free)
	default:
	}
	behind, err := s.deliverNew(ctx, free)
	if err != nil || behind == nil {
		return err
	}
	if !s.watching {
		select {
		case s.behind <- behind:
			s.watching = true
		case <-ctx.Done():
			return nil
		}
	}
	select {
	case <-s.arrived:
		s.watching = false
	case t := <-s.nacked:
		s.redeliver(ctx, t)
	case <-s.stale.C:
		return s.deliverStale(ctx, free)
	case <-ctx.Done():
	}
	return nil
}

// rest waits for a free slot.
func (s *subscription) rest(ctx context.Context) {
	pause := slotPause
	if s.reader.Free != nil {
		pause = maxPause
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-s.reader.Free:
	case <-s.settled:
	case <-timer.C:
	case <-ctx.Done():
	}
}

func sleep(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// deliverNew hands out new messages. When there are none it returns the id of the last entry of each
// topic, empty for a paused one.
func (s *subscription) deliverNew(ctx context.Context, free int) (behind []string, err error) {
	args := make([]any, 0, 2+len(s.topics))
	args = append(args, s.reader.Name, free)
	for _, topic := range s.topics {
		args = append(args, topic)
	}
	// A take must not be cut off between Redis and here; it answers at once.
	reply, err := s.store.call(context.WithoutCancel(ctx), "take", args...).Slice()
	if err != nil {
		return nil, s.store.fault("take messages", err)
	}
	if len(reply) != len(s.topics) {
		return nil, fmt.Errorf("take messages: %d answers for %d topics", len(reply), len(s.topics))
	}
	var wrong error
	found := false
	for i, topic := range s.topics {
		if text, ok := reply[i].(string); ok {
			if why, ok := strings.CutPrefix(text, "X"); ok {
				found, wrong = true, fmt.Errorf("take messages of %s: redis answers: %s", topic, why)
			}
			behind = append(behind, text)
			continue
		}
		entries, err := entriesOf(reply[i])
		if err != nil {
			return nil, err
		}
		found = true
		s.deliverEntries(ctx, topic, entries)
	}
	if found {
		return nil, wrong
	}
	return behind, nil
}

// deliverLeft hands out what this reader took in an earlier life, and what other readers took and
// have not acked for too long.
func (s *subscription) deliverLeft(ctx context.Context, topic string, free int) (found int, err error) {
	found, err = s.takeOver(ctx, "mine", topic, free, s.store.opened)
	if err != nil || found >= free {
		return found, err
	}
	more, err := s.takeOver(ctx, "stale", topic, free-found, s.reader.Redeliver.Milliseconds())
	return found + more, err
}

// deliverStale hands out what other readers took and have not acked for too long.
func (s *subscription) deliverStale(ctx context.Context, free int) error {
	for _, topic := range s.topics {
		found, err := s.takeOver(ctx, "stale", topic, free, s.reader.Redeliver.Milliseconds())
		if free -= found; err != nil || free <= 0 {
			return err
		}
	}
	return nil
}

func (s *subscription) takeOver(ctx context.Context, which, topic string, count int, when any) (found int, err error) {
	reply, err := s.store.call(context.WithoutCancel(ctx), which, s.reader.Name, count, when, topic).Slice()
	if err != nil {
		return 0, s.store.fault("take over messages", err)
	}
	entries, err := entriesOf(reply)
	if err != nil {
		return 0, err
	}
	s.deliverEntries(ctx, topic, entries)
	return len(entries), nil
}

// watch waits for entries behind the given ids, which takes nothing away.
func (s *subscription) watch(ctx context.Context) {
	for {
		select {
		case ids := <-s.behind:
			s.await(ctx, ids)
		case <-ctx.Done():
			return
		}
		select {
		case s.arrived <- struct{}{}:
		case <-ctx.Done():
			return
		}
	}
}

func (s *subscription) await(ctx context.Context, ids []string) {
	args := &goredis.XReadArgs{Count: 1, Block: blockTime}
	var behind []string
	for i, topic := range s.topics {
		if ids[i] == "" {
			args.Block = pausedPause
			continue
		}
		args.Streams = append(args.Streams, partition+topic)
		behind = append(behind, ids[i])
	}
	if len(behind) == 0 {
		sleep(ctx, pausedPause)
		return
	}
	args.Streams = append(args.Streams, behind...)
	err := s.waiter.XRead(ctx, args).Err()
	if err != nil && !errors.Is(err, goredis.Nil) {
		sleep(ctx, minPause)
	}
}
