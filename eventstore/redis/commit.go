package redis

import (
	"context"
	"fmt"
	"sync"

	goredis "github.com/redis/go-redis/v9"

	"tapedeck/eventstore"
)

// committer packs appends that wait at the same time into one call. Three calls are under way at most:
// the next group is written while Redis works on the one before.
type committer struct {
	store  *Store
	client *goredis.Client
	ended  sync.WaitGroup

	mu      sync.Mutex
	more    sync.Cond
	waiting []*request
	closed  bool
}

const commitCalls = 3

// request is one append on its way.
type request struct {
	args    []any
	size    int
	streams []string // of each write
	events  []int    // of each write
	fresh   bool     // begins new work
	ends    bool     // only finishes work
	done    chan answer
}

type answer struct {
	appended eventstore.Appended
	err      error
}

func newCommitter(s *Store) *committer {
	c := &committer{store: s, client: s.client(commitCalls)}
	c.more.L = &c.mu
	for range commitCalls {
		c.ended.Go(c.run)
	}
	return c
}

// close cuts off what is under way; every request is answered.
func (c *committer) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.more.Broadcast()
	_ = c.client.Close()
	c.ended.Wait()
	for _, r := range c.waiting {
		r.done <- answer{err: eventstore.ErrClosed}
	}
}

// Append implements eventstore.Store.
func (s *Store) Append(ctx context.Context, a eventstore.Append) (eventstore.Appended, error) {
	if err := validate(a); err != nil {
		return eventstore.Appended{}, err
	}
	if err := s.usable(); err != nil {
		return eventstore.Appended{}, err
	}
	if err := ctx.Err(); err != nil {
		return eventstore.Appended{}, s.fault("append", err)
	}
	r := newRequest(a)
	if r.fresh && s.memory.scarce() {
		return eventstore.Appended{}, fmt.Errorf("append: %w: redis is near its memory limit", eventstore.ErrFull)
	}
	if !s.commit.put(r) {
		return eventstore.Appended{}, eventstore.ErrClosed
	}
	select {
	case got := <-r.done:
		requests.Put(r)
		return got.appended, got.err
	case <-ctx.Done():
		return eventstore.Appended{}, s.fault("append", ctx.Err())
	}
}

// requests are used again: there are three for every job. One whose caller gave up is not, since its
// answer is still to come.
var requests = sync.Pool{New: func() any { return &request{done: make(chan answer, 1)} }}

func newRequest(a eventstore.Append) *request {
	r := requests.Get().(*request)
	r.args, r.size = encode(a, r.args)
	r.streams, r.events = r.streams[:0], r.events[:0]
	fresh := false
	for _, w := range a.Writes {
		r.streams, r.events = append(r.streams, w.Stream), append(r.events, len(w.Events))
		fresh = fresh || w.Expect == eventstore.NoStream()
	}
	r.fresh, r.ends = fresh && len(a.Holds) == 0, len(a.Ends) > 0
	return r
}

func (c *committer) put(r *request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.waiting = append(c.waiting, r)
	c.more.Signal()
	return true
}

func (c *committer) run() {
	var args []any
	var group []*request
	for {
		group = c.take(group[:0])
		if len(group) == 0 {
			return
		}
		args = c.send(args, group)
		clear(group)
	}
}

// take waits for requests and returns what is there, up to the bounds; nothing at the end.
func (c *committer) take(group []*request) []*request {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.waiting) == 0 && !c.closed {
		c.more.Wait()
	}
	if c.closed {
		return nil
	}
	n := 0
	for size := 0; n < min(len(c.waiting), c.store.opts.Group) && size < c.store.opts.GroupBytes; n++ {
		size += c.waiting[n].size
	}
	group = append(group, c.waiting[:n]...)
	left := copy(c.waiting, c.waiting[n:])
	clear(c.waiting[left:])
	c.waiting = c.waiting[:left]
	if left > 0 {
		c.more.Signal()
	}
	return group
}

// send carries a group over; args is a buffer that is given back.
func (c *committer) send(args []any, group []*request) []any {
	ctx := context.Background() // an answer is waited for as long as the client's timeout says
	cmd, args := c.call(ctx, args, "append", group)
	if goredis.HasErrorPrefix(cmd.Err(), "OOM") {
		ending := group[:0:0]
		for _, r := range group {
			if r.ends {
				ending = append(ending, r)
			} else {
				r.done <- answer{err: c.store.fault("append", cmd.Err())}
			}
		}
		if len(ending) == 0 {
			return args
		}
		group = ending
		cmd, args = c.call(ctx, args, "finish", group)
	}
	answers, err := cmd.StringSlice()
	if err == nil && len(answers) != len(group) {
		err = fmt.Errorf("%d answers to %d appends", len(answers), len(group))
	}
	if err != nil {
		err = c.fault(err)
		for _, r := range group {
			r.done <- answer{err: err}
		}
		return args
	}
	var last eventstore.Position
	for i, r := range group {
		appended, err := r.decode(answers[i])
		if err == nil && !appended.Duplicate {
			last = end(appended)
		}
		r.done <- answer{appended, err}
	}
	c.store.saw(last)
	c.store.tail.grew(last)
	return args
}

// fault is the store's; a connection that broke because the store was closed is that.
func (c *committer) fault(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return eventstore.ErrClosed
	}
	return c.store.fault("append", err)
}

func (c *committer) call(ctx context.Context, args []any, function string, group []*request) (*goredis.Cmd, []any) {
	args = append(append(args[:0], c.store.lib.head(function)...), c.store.epoch, nil)
	first := len(args)
	for _, r := range group {
		for _, stream := range r.streams {
			args = append(args, stream)
		}
	}
	args[first-1] = len(args) - first
	for _, r := range group {
		args = append(args, r.args...)
	}
	cmd := c.store.lib.do(ctx, c.client, args)
	clear(args)
	return cmd, args
}

func end(a eventstore.Appended) eventstore.Position {
	last := a.Positions[len(a.Positions)-1]
	return last[len(last)-1]
}
