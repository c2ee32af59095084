package eventstore

import (
	"context"
	"errors"
	"sort"
	"sync"
	"time"
)

// Source is what a subscription reads: a Log, or the Feed that shares one.
type Source interface {
	ReadAll(ctx context.Context, after Position, limit int) (Batch, error)
	Wait(ctx context.Context, after Position) error
}

// Follow hands every entry of the log behind a position to handle, in order, without a gap and
// without a duplicate: first what is there (catch-up), then what comes (live). caughtUp is true on
// the batches, possibly empty, behind which nothing more was there at the moment of reading. It
// returns handle's error, ctx's, or the source's other than ErrUnavailable, which it waits out.
func Follow(ctx context.Context, src Source, after Position, limit int, handle func(b Batch, caughtUp bool) error) error {
	pause := minPause
	for {
		b, err := src.ReadAll(ctx, after, limit)
		if err == nil {
			pause = minPause
			caughtUp := len(b.Events)+b.Malformed < limit
			if err := handle(b, caughtUp); err != nil {
				return err
			}
			after = b.Next
			if !caughtUp {
				continue
			}
			err = src.Wait(ctx, after)
		}
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !errors.Is(err, ErrUnavailable) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, maxPause)
	}
}

const (
	minPause = 20 * time.Millisecond
	maxPause = time.Second
	feedRead = 1000
)

// Feed keeps the newest stretch of a log in memory, read and decoded once for all subscriptions of
// the process. A reader that is further behind is served by the log itself. Start it before use; it
// is safe for concurrent use.
type Feed struct {
	log  Log
	keep int

	mu     sync.Mutex
	grown  chan struct{}
	ready  bool
	from   Position // everything behind from is in events
	next   Position
	events []Recorded
	err    error

	cancel context.CancelFunc
	done   chan struct{}
	once   sync.Once
}

// NewFeed keeps the newest events of a log, keep of them (0: 20,000).
func NewFeed(log Log, keep int) *Feed {
	if keep == 0 {
		keep = 20_000
	}
	return &Feed{log: log, keep: keep, grown: make(chan struct{}), done: make(chan struct{})}
}

// Start begins at the log's tail and returns at once; while the store is unavailable the feed keeps
// trying. It must be called once.
func (f *Feed) Start(ctx context.Context) {
	ctx, f.cancel = context.WithCancel(ctx)
	go func() {
		defer close(f.done)
		err := f.run(ctx)
		f.update(func() { f.err = errors.Join(ErrClosed, err) })
	}()
}

// Stop ends the feed; readers fail with ErrClosed.
func (f *Feed) Stop() {
	f.once.Do(func() {
		if f.cancel != nil {
			f.cancel()
			<-f.done
		}
	})
}

func (f *Feed) run(ctx context.Context) error {
	tail, err := f.log.Tail(ctx)
	for pause := minPause; errors.Is(err, ErrUnavailable); pause = min(2*pause, maxPause) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		tail, err = f.log.Tail(ctx)
	}
	if err != nil {
		return err
	}
	f.update(func() { f.from, f.next, f.ready = tail.Position, tail.Position, true })
	return Follow(ctx, f.log, tail.Position, feedRead, func(b Batch, _ bool) error {
		if b.Next != f.next {
			f.update(func() { f.add(b) })
		}
		return nil
	})
}

func (f *Feed) add(b Batch) {
	f.events = append(f.events, b.Events...)
	f.next = b.Next
	if len(f.events) > 2*f.keep { // trim rarely, so that the copy costs little for each event
		cut := len(f.events) - f.keep
		f.from = f.events[cut-1].Position
		f.events = append(make([]Recorded, 0, 2*f.keep+feedRead), f.events[cut:]...)
	}
}

func (f *Feed) update(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	close(f.grown)
	f.grown = make(chan struct{})
}

// ReadAll implements Source. The batch's events are shared: do not change them.
func (f *Feed) ReadAll(ctx context.Context, after Position, limit int) (Batch, error) {
	f.mu.Lock()
	if f.err != nil {
		defer f.mu.Unlock()
		return Batch{Next: after}, f.err
	}
	if !f.ready || f.from.After(after) {
		f.mu.Unlock()
		return f.log.ReadAll(ctx, after, limit)
	}
	defer f.mu.Unlock()
	i := sort.Search(len(f.events), func(i int) bool { return f.events[i].Position.After(after) })
	end := min(len(f.events), i+limit)
	b := Batch{Events: f.events[i:end:end], Next: after}
	switch {
	case end < len(f.events):
		b.Next = f.events[end-1].Position
	case f.next.After(after):
		b.Next = f.next
	}
	return b, nil
}

// Wait implements Source.
func (f *Feed) Wait(ctx context.Context, after Position) error {
	for {
		f.mu.Lock()
		grown, err := f.grown, f.err
		there := f.ready && f.next.After(after)
		f.mu.Unlock()
		if err != nil || there {
			return err
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
