package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"tapedeck/eventstore"
)

// The keys that are used without a function; doc.go lists all.
const (
	partition = "{p0}"
	logKey    = partition + "log"
	epochKey  = partition + "epoch"
)

// Store implements eventstore.Store. Make one with Open.
type Store struct {
	opts     Options
	lib      library
	epoch    string
	opened   string // when, in milliseconds of Redis's clock
	commands *goredis.Client
	commit   *committer
	tail     *tail
	memory   *memory
	passed   passed

	replaced atomic.Bool
	done     chan struct{} // closed by Close
	running  sync.WaitGroup

	mu     sync.Mutex          // guards known, closed, and running.Add against Close
	known  eventstore.Position // the newest event that this process wrote or read
	closed bool
}

// poolSize is the number of connections for commands other than appends and waiting.
const poolSize = 32

// Open connects, makes the log's epoch when there is none, and begins to take appends. While Redis
// cannot be reached it keeps trying until ctx ends, and then fails with eventstore.ErrUnavailable.
func Open(ctx context.Context, opts Options) (*Store, error) {
	opts = opts.WithDefaults()
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	s := &Store{opts: opts, lib: newLibrary(), done: make(chan struct{})}
	s.commands = s.client(poolSize)
	if err := s.connect(ctx); err != nil {
		_ = s.commands.Close()
		return nil, err
	}
	s.memory = newMemory(s)
	s.commit = newCommitter(s)
	s.tail = newTail(s)
	return s, nil
}

// connect asks for the epoch until Redis answers.
func (s *Store) connect(ctx context.Context) error {
	const minPause, maxPause = 20 * time.Millisecond, time.Second
	candidate := strings.ToLower(rand.Text()[:10])
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		reply, err := s.lib.call(ctx, s.commands, "open", candidate).StringSlice()
		if err == nil && len(reply) == 2 {
			s.epoch, s.opened = reply[0], reply[1]
			return nil
		}
		if goredis.HasErrorPrefix(err, "unknown command") {
			return fmt.Errorf("open: redis 7.0 or newer is needed: %w", err)
		}
		err = s.fault("open", err)
		if !errors.Is(err, eventstore.ErrUnavailable) {
			return err
		}
		s.opts.Logger.Warn("redis cannot be used yet", "error", err)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// client returns a pool of connections, each of which checks when it is made that the log behind it
// is still the one of the start.
func (s *Store) client(connections int) *goredis.Client {
	o := s.opts.client(connections)
	o.OnConnect = s.check
	return goredis.NewClient(o)
}

// check fails with ErrEpoch when the log is another one or was set back: a server that restarts from
// an older snapshot, or has lost its last second, no longer holds the newest event known here.
func (s *Store) check(ctx context.Context, c *goredis.Conn) error {
	if s.epoch == "" {
		return nil
	}
	s.mu.Lock()
	known := s.known
	s.mu.Unlock()
	epoch, err := c.Get(ctx, epochKey).Result()
	if err != nil && !errors.Is(err, goredis.Nil) {
		return err
	}
	if epoch != s.epoch {
		return s.setReplaced()
	}
	if known == (eventstore.Position{}) {
		return nil
	}
	id := entryID(known)
	entries, err := c.XRange(ctx, logKey, id, id).Result()
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return s.setReplaced()
	}
	return nil
}

func (s *Store) setReplaced() error {
	if !s.replaced.Swap(true) {
		s.opts.Logger.Error("the log was emptied, replaced or set back; this process must open it again", "epoch", s.epoch)
	}
	return eventstore.ErrEpoch
}

// saw remembers the newest event for check.
func (s *Store) saw(p eventstore.Position) {
	s.mu.Lock()
	if p.After(s.known) {
		s.known = p
	}
	s.mu.Unlock()
}

// Epoch implements eventstore.Log.
func (s *Store) Epoch() string { return s.epoch }

// Close implements eventstore.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
	}
	s.mu.Unlock()
	s.running.Wait() // readers tell the fate of their messages
	s.tail.close()
	s.commit.close()
	return ignoreClosed(s.commands.Close())
}

func ignoreClosed(err error) error {
	if errors.Is(err, goredis.ErrClosed) {
		return nil
	}
	return err
}

// start runs f in a goroutine that Close waits for, while the store is usable.
func (s *Store) start(f func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(); err != nil {
		return err
	}
	s.running.Go(f)
	return nil
}

// usable fails when the store was closed or its log replaced.
func (s *Store) usable() error {
	select {
	case <-s.done:
		return eventstore.ErrClosed
	default:
	}
	if s.replaced.Load() {
		return eventstore.ErrEpoch
	}
	return nil
}

// call calls a function with the epoch in front of its arguments.
func (s *Store) call(ctx context.Context, op string, args ...any) *goredis.Cmd {
	if err := s.usable(); err != nil {
		cmd := goredis.NewCmd(ctx)
		cmd.SetErr(err)
		return cmd
	}
	return s.lib.call(ctx, s.commands, op, append([]any{s.epoch}, args...)...)
}

// fault turns an error of the driver into one of the contract.
func (s *Store) fault(op string, err error) error {
	if err == nil {
		return nil
	}
	var reply goredis.Error
	switch {
	case errors.Is(err, eventstore.ErrEpoch), errors.Is(err, eventstore.ErrClosed):
		return err
	case errors.Is(err, goredis.ErrClosed), s.over():
		return eventstore.ErrClosed // Close cuts off whatever is under way, with errors of many kinds
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w: %w", op, eventstore.ErrUnavailable, err)
	case goredis.HasErrorPrefix(err, "EPOCH"):
		return s.setReplaced()
	case goredis.HasErrorPrefix(err, "OOM"):
		return fmt.Errorf("%s: %w: redis is at its memory limit", op, eventstore.ErrFull)
	case errors.As(err, &reply) && !transient(reply):
		return fmt.Errorf("%s: redis answers: %w", op, err)
	default:
		return fmt.Errorf("%s: %w: %w", op, eventstore.ErrUnavailable, err)
	}
}

// transient reports whether an error that Redis answers may pass without a change to what is asked.
func transient(reply goredis.Error) bool {
	for _, prefix := range []string{
		"LOADING", "BUSY", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MISCONF", "NOREPLICAS",
		"NOAUTH", "WRONGPASS", "NOPERM", "max number of clients",
	} {
		if goredis.HasErrorPrefix(reply, prefix) {
			return true
		}
	}
	return false
}

// over reports whether Close was called.
func (s *Store) over() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

var _ eventstore.Store = (*Store)(nil)
