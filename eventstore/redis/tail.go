package redis

import (
	"context"
	"errors"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"tapedeck/eventstore"
)

// tail watches the end of the log for all who wait, on one connection, and only while somebody waits
// there. XREAD takes nothing away, so that its connection can be cut at any moment.
type tail struct {
	store  *Store
	client *goredis.Client
	ended  sync.WaitGroup
	wanted chan struct{}

	mu      sync.Mutex
	last    eventstore.Position // an entry that is known to be there
	from    eventstore.Position // where to look behind: the furthest that anybody waits at
	waiting int
	turn    *turn
}

// turn ends when the log has grown, or could not be watched.
type turn struct {
	over chan struct{}
	err  error
}

// blockTime is how long a connection waits for an entry before the log's name is checked again.
const blockTime = time.Second

func newTail(s *Store) *tail {
	t := &tail{store: s, client: s.client(1), wanted: make(chan struct{}, 1), turn: &turn{over: make(chan struct{})}}
	t.ended.Go(t.run)
	return t
}

func (t *tail) close() {
	_ = t.client.Close()
	t.ended.Wait()
}

// grew is told of an entry that is there.
func (t *tail) grew(p eventstore.Position) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.After(t.last) {
		t.last = p
		t.next(nil)
	}
}

// next ends the turn; the mutex is held.
func (t *tail) next(err error) {
	if t.waiting == 0 {
		return
	}
	t.turn.err = err
	close(t.turn.over)
	t.turn = &turn{over: make(chan struct{})}
}

// Wait implements eventstore.Log.
func (s *Store) Wait(ctx context.Context, after eventstore.Position) error {
	if err := s.usable(); err != nil {
		return err
	}
	return s.tail.wait(ctx, after)
}

func (t *tail) wait(ctx context.Context, after eventstore.Position) error {
	t.mu.Lock()
	t.waiting++
	defer func() {
		t.mu.Lock()
		t.waiting--
		t.mu.Unlock()
	}()
	behind := t.from.After(after)
	if after.After(t.from) {
		t.from = after
	}
	turn, there := t.turn, t.last.After(after)
	t.mu.Unlock()
	if there {
		return nil
	}
	if behind { // the watch looks further ahead
		entries, err := t.store.entries(ctx, "xrange", logKey, "("+entryID(after), "+", "count", 1)
		if err != nil || len(entries) > 0 {
			return err
		}
	}
	for {
		select {
		case t.wanted <- struct{}{}:
		default:
		}
		select {
		case <-turn.over:
		case <-ctx.Done():
			return ctx.Err()
		case <-t.store.done:
			return eventstore.ErrClosed
		}
		if turn.err != nil {
			return turn.err
		}
		t.mu.Lock()
		turn, there = t.turn, t.last.After(after)
		t.mu.Unlock()
		if there {
			return nil
		}
	}
}

func (t *tail) run() {
	for {
		select {
		case <-t.wanted:
		case <-t.store.done:
			return
		}
		for t.look() {
		}
	}
}

// look waits for one entry and reports whether somebody waits still.
func (t *tail) look() bool {
	t.mu.Lock()
	from, waiting := t.from, t.waiting > 0
	if t.last.After(from) {
		from = t.last
	}
	t.mu.Unlock()
	if !waiting {
		return false
	}
	ctx := context.Background() // closing the client ends the command
	found, err := t.client.XRead(ctx, &goredis.XReadArgs{Streams: []string{logKey, entryID(from)}, Count: 1, Block: blockTime}).Result()
	if errors.Is(err, goredis.Nil) {
		err = t.store.sameEpoch(ctx, t.client)
	}
	if err == nil && len(found) > 0 && len(found[0].Messages) > 0 {
		p, err := parseID(found[0].Messages[0].ID)
		if err == nil {
			t.grew(p)
		}
		return true
	}
	if err == nil {
		return true
	}
	t.mu.Lock()
	t.next(t.store.fault("wait", err))
	t.mu.Unlock()
	return false
}

// sameEpoch fails with ErrEpoch when the log is not the one of the start any more.
func (s *Store) sameEpoch(ctx context.Context, c *goredis.Client) error {
	epoch, err := c.Get(ctx, epochKey).Result()
	if err != nil && !errors.Is(err, goredis.Nil) {
		return err
	}
	if epoch != s.epoch {
		return s.setReplaced()
	}
	return nil
}
