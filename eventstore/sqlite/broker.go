package sqlite

import (
	"cmp"
	"container/heap"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"

	"tapedeck/eventstore"
)

// broker hands messages out. What waits is in the file and, as its id alone, here; what is taken is
// known only here, so that a restart hands out again whatever was not acked.
type broker struct {
	clock   *clock
	closing chan struct{}

	mu     sync.Mutex
	topics map[string]*topic
	paused map[string]bool
	subs   map[*subscription]struct{}
	// running counts subscriptions and the goroutines that watch taken messages; it grows from zero
	// only under mu and before closed.
	running sync.WaitGroup
	closed  bool
}

// topic holds the messages that are not acked.
type topic struct {
	name string
	// waiting holds what nobody has, the oldest first. It may hold messages that were acked after
	// they came back: drop removes them.
	waiting entries
	// held holds every message that was ever taken.
	held map[int64]*held
	// taken counts those of held that somebody has now, later those that rest after a nack.
	taken, later, dropped int
}

// held is a message that was taken at least once.
type held struct {
	entry
	state holding
	nacks int
}

type holding int

const (
	taken   holding = iota // a reader has it
	resting                // nacked: it waits for its time
	back                   // it is in waiting again
	dropped                // acked late, while it was in waiting again
)

// entry is one message: its id and when it was enqueued.
type entry struct{ id, at int64 }

// entries is a heap by id.
type entries []entry

func (e entries) Len() int           { return len(e) }
func (e entries) Less(i, j int) bool { return e[i].id < e[j].id }
func (e entries) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *entries) Push(x any)        { *e = append(*e, x.(entry)) }
func (e *entries) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

func newBroker(c *clock, closing chan struct{}) *broker {
	return &broker{
		clock: c, closing: closing,
		topics: map[string]*topic{}, paused: map[string]bool{}, subs: map[*subscription]struct{}{},
	}
}

// restore reads what a former process left.
func (b *broker) restore(conn *sqlite.Conn) error {
	var e effects
	err := rows(conn.Prep("SELECT topic, id, at FROM message ORDER BY id"), func(r *sqlite.Stmt) bool {
		e.added = append(e.added, added{r.ColumnText(0), entry{r.ColumnInt64(1), r.ColumnInt64(2)}})
		return true
	})
	if err != nil {
		return err
	}
	err = rows(conn.Prep("SELECT prefix FROM paused"), func(r *sqlite.Stmt) bool {
		e.modes = append(e.modes, eventstore.SetPaused{Prefix: r.ColumnText(0), Paused: true})
		return true
	})
	b.apply(e)
	return err
}

// apply takes in what an append committed.
func (b *broker) apply(e effects) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range e.added {
		heap.Push(&b.topic(a.topic).waiting, a.entry)
	}
	for _, m := range e.modes {
		if m.Paused {
			b.paused[m.Prefix] = true
		} else {
			delete(b.paused, m.Prefix)
		}
	}
	b.wake()
}

func (b *broker) topic(name string) *topic {
	t := b.topics[name]
	if t == nil {
		t = &topic{name: name, held: map[int64]*held{}}
		b.topics[name] = t
	}
	return t
}

// wake makes every subscription look again; the mutex is held.
func (b *broker) wake() {
	for s := range b.subs {
		signal(s.wake)
	}
}

func (b *broker) isPaused(name string) bool {
	for prefix := range b.paused {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// take hands out the oldest message of the first topic that has one; in order, nothing overtakes a
// message that rests.
func (b *broker) take(names []string, inOrder bool) (*topic, *held) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range names {
		if b.isPaused(name) {
			continue
		}
		if t := b.topics[name]; t != nil && t.settleTop() && (!inOrder || t.later == 0) {
			e := heap.Pop(&t.waiting).(entry)
			h := t.held[e.id]
			if h == nil {
				h = &held{entry: e}
				t.held[e.id] = h
			}
			h.state = taken
			t.taken++
			return t, h
		}
	}
	return nil, nil
}

// settleTop removes acked messages from the top of waiting and reports whether a message is left.
func (t *topic) settleTop() bool {
	for len(t.waiting) > 0 {
		h := t.held[t.waiting[0].id]
		if h == nil || h.state != dropped {
			return true
		}
		heap.Pop(&t.waiting)
		delete(t.held, h.id)
		t.dropped--
	}
	return false
}

// ack reports whether the message was still there.
func (b *broker) ack(t *topic, h *held) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t.held[h.id] != h || h.state == dropped {
		return false
	}
	switch h.state {
	case taken:
		t.taken--
		delete(t.held, h.id)
	case resting:
		t.later--
		delete(t.held, h.id)
	case back:
		h.state = dropped
		t.dropped++
	case dropped:
	}
	b.wake() // a slot is free
	return true
}

// giveBack puts a taken message back into waiting, after a pause when it was nacked.
func (b *broker) giveBack(t *topic, h *held, nacked bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if h.state != taken || t.held[h.id] != h { // acked by somebody else
		return
	}
	t.taken--
	if !nacked {
		b.requeue(t, h)
		return
	}
	h.state = resting
	t.later++
	pause := min(minNackPause<<min(h.nacks, 16), maxNackPause)
	h.nacks++
	time.AfterFunc(pause, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if h.state == resting && t.held[h.id] == h {
			t.later--
			b.requeue(t, h)
		}
	})
}

// The pause after a message's first nack, and the longest one.
const (
	minNackPause = 20 * time.Millisecond
	maxNackPause = 5 * time.Second
)

// requeue puts a message back into waiting; the mutex is held.
func (b *broker) requeue(t *topic, h *held) {
	h.state = back
	heap.Push(&t.waiting, h.entry)
	b.wake()
}

// enter registers a subscription, unless the store is closed.
func (b *broker) enter(s *subscription) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.subs[s] = struct{}{}
	b.running.Add(1)
	return true
}

func (b *broker) leave(s *subscription) {
	b.mu.Lock()
	delete(b.subs, s)
	b.mu.Unlock()
	b.running.Done()
}

// stop waits for the goroutines that the closing channel ends.
func (b *broker) stop() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.running.Wait()
}

// Depths implements eventstore.Topics.
func (s *Store) Depths(_ context.Context, prefix string) (out []eventstore.TopicDepth, err error) {
	select {
	case <-s.closing:
		return nil, eventstore.ErrClosed
	default:
	}
	b := s.broker
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, t := range b.topics {
		if strings.HasPrefix(name, prefix) {
			out = append(out, t.depth(b.isPaused(name)))
		}
	}
	slices.SortFunc(out, func(a, b eventstore.TopicDepth) int { return cmp.Compare(a.Topic, b.Topic) })
	return out, nil
}

func (t *topic) depth(paused bool) eventstore.TopicDepth {
	d := eventstore.TopicDepth{Topic: t.name, Paused: paused, Taken: int64(t.taken)}
	oldest := int64(0)
	older := func(at int64) {
		if oldest == 0 || at < oldest {
			oldest = at
		}
	}
	if t.settleTop() {
		older(t.waiting[0].at)
	}
	for _, h := range t.held {
		if h.state != dropped {
			older(h.at)
		}
	}
	d.Waiting = int64(len(t.waiting) - t.dropped + t.later)
	if oldest != 0 {
		d.Oldest = fromMicro(oldest)
	}
	return d
}
