package projections

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"

	"tapedeck/eventstore"
)

// Config sets a Projector up.
type Config struct {
	// Path is the file of the read models, which belongs to one process at a time; SQLite's -wal and
	// -shm and a .lock stand beside it. Defaults to a file in a temporary folder that Stop removes.
	Path string
	// Source is read instead of the log, for example the process's Feed. Defaults to the log.
	Source eventstore.Source
	// Batch is the most events folded in one transaction. Defaults to 5000.
	Batch int
	// Pace is how long events gather while more keep coming, up to five times as long when there are so
	// many that folding them takes long; the first one after a pause of this length, and those that
	// WaitFor waits for, are folded at once. Defaults to 20 ms.
	Pace time.Duration
	// Verify is how often the checkpoint is compared with the log while nothing arrives, so that a
	// log that was restored from an older snapshot is noticed. Defaults to 2 s.
	Verify time.Duration
	// Logger takes what operators should know. Defaults to slog.Default().
	Logger *slog.Logger
}

// WithDefaults fills the zero fields but Path and Source.
func (c Config) WithDefaults() Config {
	if c.Batch == 0 {
		c.Batch = 5000
	}
	if c.Pace == 0 {
		c.Pace = 20 * time.Millisecond
	}
	if c.Verify == 0 {
		c.Verify = 2 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// follower follows a log and keeps a file of read models.
type follower struct {
	log   eventstore.Log
	cfg   Config
	model *model

	// lifecycle serves Start and Stop.
	lifecycle sync.Mutex
	cancel    context.CancelFunc
	alive     context.Context // ends with Stop
	done      chan struct{}
	lock      *sqlite.Conn
	path      string
	private   string // temporary folder

	// exchange is held for reading by every query, for writing while file changes.
	exchange sync.RWMutex
	file     *file // nil when stopped, or when it could not be made
	// building is held by Rebuild and Check.
	building sync.Mutex
	// folding is held by whoever uses file's writing connection.
	folding sync.Mutex
	// cost is how long the last batch took; the following goroutine's.
	cost time.Duration

	mu      sync.Mutex
	changed chan struct{} // closed and replaced whenever now changes
	now     standing
	waiting int           // calls of WaitFor
	hurry   chan struct{} // closed while there are any
}

// standing is what Status tells.
type standing struct {
	running   bool
	at        progress
	caughtUp  bool
	lastTime  time.Time     // of the last event that was folded
	took      time.Duration // from the first event of the last live batch to its commit
	committed time.Time     // when that was
	folded    int64
	rebuilt   string
	err       error
}

// Projector keeps the read models of jobs, queues, recordings and environments. It implements Reader.
type Projector struct{ *follower }

// New returns a Projector of the log. It does nothing until Start.
func New(log eventstore.Log, cfg Config) *Projector {
	return &Projector{newFollower(jobModel, log, cfg)}
}

func newFollower(m *model, log eventstore.Log, cfg Config) *follower {
	p := &follower{log: log, model: m, cfg: cfg.WithDefaults(), changed: make(chan struct{}), hurry: make(chan struct{})}
	if p.cfg.Source == nil {
		p.cfg.Source = log
	}
	return p
}

// Start opens the read models and begins to follow the log, until Stop or the end of ctx. It does
// nothing on one that runs, and fails with ErrLocked when another process has the file.
func (p *follower) Start(ctx context.Context) error {
	p.lifecycle.Lock()
	defer p.lifecycle.Unlock()
	if p.cancel != nil {
		return nil
	}
	why, err := p.open()
	if err != nil {
		return errors.Join(err, p.close())
	}
	if why != "" {
		p.cfg.Logger.Info("building the "+p.model.name, "because", why)
	}
	p.set(func(s *standing) { *s = standing{running: true, at: p.file.at, rebuilt: why} })
	ctx, p.cancel = context.WithCancel(ctx)
	p.exchange.Lock()
	p.alive = ctx
	p.exchange.Unlock()
	p.done = make(chan struct{})
	go func() {
		defer close(p.done)
		p.run(ctx)
		p.set(func(s *standing) { s.running = false })
	}()
	return nil
}

func (p *follower) open() (why string, err error) {
	p.path = p.cfg.Path
	if p.path == "" {
		if p.private, err = os.MkdirTemp("", "tapedeck-read-"); err != nil {
			return "", err
		}
		p.path = filepath.Join(p.private, "read.db")
	}
	if p.lock, err = lockFile(p.path); err != nil {
		return "", err
	}
	f, why, err := openFile(p.model, p.path, p.log.Epoch())
	if err != nil {
		return "", err
	}
	p.exchange.Lock()
	p.file = f
	p.exchange.Unlock()
	return why, nil
}

// Stop ends the following and closes the file; queries fail with ErrStopped from then on. It does nothing on one that does not run, which can be started again.
func (p *follower) Stop() error {
	p.lifecycle.Lock()
	defer p.lifecycle.Unlock()
	if p.cancel == nil {
		return nil
	}
	p.cancel()
	<-p.done
	p.cancel = nil
	return p.close()
}

func (p *follower) close() error {
	var errs []error
	p.exchange.Lock()
	if p.file != nil {
		errs = append(errs, p.file.close())
	}
	p.file = nil
	p.exchange.Unlock()
	if p.lock != nil {
		errs = append(errs, p.lock.Close())
	}
	p.lock = nil
	if p.private != "" {
		errs = append(errs, os.RemoveAll(p.private))
	}
	p.private = ""
	return errors.Join(errs...)
}

// set changes what Status tells and wakes everybody who waits for it.
func (p *follower) set(change func(*standing)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.now)
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *follower) standing() (standing, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now, p.changed
}

// read runs f on a reading connection in one snapshot.
func (p *follower) read(ctx context.Context, f func(*sqlite.Conn, progress) error) error {
	return p.readWith(ctx, func(_ context.Context, conn *sqlite.Conn, at progress) error { return f(conn, at) })
}

// readWith is read for an f that does more than query: its ctx ends with Stop too.
func (p *follower) readWith(ctx context.Context, f func(context.Context, *sqlite.Conn, progress) error) error {
	p.exchange.RLock()
	defer p.exchange.RUnlock()
	if p.file == nil {
		return ErrStopped
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(p.alive, func() { cancel(ErrStopped) })()
	conn, err := p.file.readers.Take(ctx)
	if err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	defer p.file.readers.Put(conn)
	err = transaction(conn, func() error {
		at, err := readProgress(conn)
		if err != nil {
			return err
		}
		return f(ctx, conn, at)
	})
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// Checkpoint implements Reader.
func (p *follower) Checkpoint() eventstore.Cursor {
	s, _ := p.standing()
	return s.at.checkpoint
}

// lagKept is how long the lag of the last batch is told when nothing comes.
const lagKept = 10 * time.Second

// Status implements Reader.
func (p *follower) Status(ctx context.Context) Status {
	s, _ := p.standing()
	out := Status{
		Checkpoint: s.at.checkpoint, CaughtUp: s.caughtUp, Folded: s.folded, Skipped: s.at.skipped,
		Rebuilt: s.rebuilt, Err: s.err,
	}
	if !s.running {
		out.Err = ErrStopped
	}
	if tail, err := p.log.Tail(ctx); err == nil {
		out.Tail = tail
	}
	switch {
	case s.caughtUp && time.Since(s.committed) < lagKept:
		out.Lag = s.took
	case !s.caughtUp && !s.lastTime.IsZero():
		out.Lag = max(0, time.Since(s.lastTime))
	}
	return out
}

// WaitFor implements Reader.
func (p *follower) WaitFor(ctx context.Context, c eventstore.Cursor) error {
	resolved := false
	for {
		s, changed := p.standing()
		switch {
		case !s.running:
			return ErrStopped
		case c.Epoch != s.at.epoch:
			return &eventstore.GoneError{Cursor: c, Reason: eventstore.GoneForeign, Detail: "the read models are of epoch " + s.at.epoch}
		case !c.Position.After(s.at.scanned):
			return nil
		case !resolved: // a cursor that the log does not have would never be reached
			if err := p.log.Resolve(ctx, c); err != nil {
				return err
			}
			resolved = true
			defer p.want()()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return fmt.Errorf("%w: they are at %s, waiting for %s", ErrBehind, s.at.checkpoint, c)
			}
			return ctx.Err()
		}
	}
}

// want makes the fold hurry until the answered function is called.
func (p *follower) want() (done func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting++; p.waiting == 1 {
		close(p.hurry)
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.waiting--; p.waiting == 0 {
			p.hurry = make(chan struct{})
		}
	}
}

// wanted is closed while somebody waits for the fold.
func (p *follower) wanted() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hurry
}

// lockFile holds an exclusive lock beside the file, which ends with the process at the latest.
func lockFile(path string) (*sqlite.Conn, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	conn, err := sqlite.OpenConn(path+".lock", sqlite.OpenReadWrite|sqlite.OpenCreate)
	if err != nil {
		return nil, err
	}
	conn.SetBusyTimeout(0)
	if err = exec(conn, "BEGIN EXCLUSIVE", nil); err == nil {
		return conn, nil
	}
	_ = conn.Close()
	if sqlite.ErrCode(err).ToPrimary() == sqlite.ResultBusy {
		err = ErrLocked
	}
	return nil, fmt.Errorf("open read models %s: %w", path, err)
}
