package redis

import (
	"context"
	"errors"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"tapedeck/eventstore"
)

// acker tells Redis the fate of messages, those that come at the same time in one round trip. It
// never gives up while the store is open: an ack that cannot be delivered is only late.
type acker struct {
	store *Store
	group string
	wake  chan struct{}
	quit  chan struct{}
	ended sync.WaitGroup

	mu   sync.Mutex
	done []taken
	back []taken
}

// ackDelay gathers acks. Nobody waits for one; a message whose ack is lost with the process comes
// again, as it may at any time.
const ackDelay = 2 * time.Millisecond

// readers is the group that reads a topic for Subscriber; lua/library.lua has the same name.
const readers = "tapedeck"

func newAcker(s *Store, group string) *acker {
	a := &acker{store: s, group: group, wake: make(chan struct{}, 1), quit: make(chan struct{})}
	a.ended.Go(a.run)
	return a
}

// ack drops a message from its topic.
func (a *acker) ack(t taken) { a.add(&a.done, t) }

// giveBack lets another reader have a message at once.
func (a *acker) giveBack(t taken) { a.add(&a.back, t) }

func (a *acker) add(to *[]taken, t taken) {
	a.mu.Lock()
	*to = append(*to, t)
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// close tells what is left, trying once.
func (a *acker) close() {
	close(a.quit)
	a.ended.Wait()
	_ = a.flush()
}

func (a *acker) run() {
	for pause := minPause; ; {
		select {
		case <-a.wake:
		case <-a.quit:
			return
		}
		if !a.pause(ackDelay) {
			return
		}
		for {
			err := a.flush()
			if err != nil {
				a.store.opts.Logger.Warn("messages cannot be acked", "error", err)
			}
			if !errors.Is(err, eventstore.ErrUnavailable) {
				pause = minPause
				break
			}
			if !a.pause(pause) {
				return
			}
			pause = min(2*pause, maxPause)
		}
	}
}

// pause reports whether the acker goes on.
func (a *acker) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-a.quit:
		return false
	}
}

// flush tells all that is known; what could not be told is kept, unless Redis has refused it.
func (a *acker) flush() error {
	a.mu.Lock()
	done, back := a.done, a.back
	a.done, a.back = nil, nil
	a.mu.Unlock()
	if len(done)+len(back) == 0 {
		return nil
	}
	err := a.tell(done, back)
	if errors.Is(err, eventstore.ErrUnavailable) {
		a.mu.Lock()
		a.done, a.back = append(done, a.done...), append(back, a.back...)
		a.mu.Unlock()
	}
	return err
}

func (a *acker) tell(done, back []taken) error {
	ctx, cancel := context.WithTimeout(context.Background(), a.store.opts.Timeout)
	defer cancel()
	_, err := a.store.commands.Pipelined(ctx, func(p goredis.Pipeliner) error {
		for topic, ids := range byTopic(done) {
			p.XAck(ctx, partition+topic, a.group, ids...)
			p.XDel(ctx, partition+topic, ids...)
		}
		for topic, ids := range byTopic(back) {
			args := []any{"xclaim", partition + topic, a.group, givenBack, 0}
			for _, id := range ids {
				args = append(args, id)
			}
			p.Do(ctx, append(args, "idle", givenBackIdle.Milliseconds(), "justid")...)
		}
		return nil
	})
	return a.store.fault("ack messages", err)
}

// Messages that are given back belong to nobody, for so long already that the next look for messages
// of dead readers finds them.
const (
	givenBack     = "nobody"
	givenBackIdle = 24 * time.Hour
)

func byTopic(messages []taken) map[string][]string {
	out := map[string][]string{}
	for _, t := range messages {
		out[t.topic] = append(out[t.topic], t.entry.id)
	}
	return out
}
