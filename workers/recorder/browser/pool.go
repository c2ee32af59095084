package browser

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/playwright-community/playwright-go"
)

// Config sets a Pool up.
type Config struct {
	// Places says where driver and browser are.
	Places Places
	// Headless runs the browser without a window. Defaults to false here; the
	// setting RECORDER_HEADLESS defaults to true.
	Headless bool
	// ScratchBase is where this process's private folder is made
	// (RECORDER_TMP_DIR). Defaults to DefaultScratchBase.
	ScratchBase string
	// SPKI is the key hash that the browser trusts beside the system's roots:
	// that of our proxy. Defaults to none.
	SPKI string
	// Args are further flags of the browser.
	Args []string
	// StartWithin bounds the start of driver and browser. Defaults to 60 s.
	StartWithin time.Duration
	// Logger defaults to slog.Default().
	Logger *slog.Logger
}

// sandbox is on unless root: Chromium's needs a user that is not.
func (c Config) sandbox() bool { return os.Geteuid() != 0 }

// ErrStopped says that the pool was stopped.
var ErrStopped = errors.New("the browser pool was stopped")

// Pool hands out contexts of one browser, which it starts when it is first
// needed and again when it was lost. It is safe for concurrent use.
type Pool struct {
	cfg Config

	mu      sync.Mutex
	stopped bool
	scratch *Scratch
	current *engine
	starts  chan struct{} // holds one token while nobody starts an engine
	open    map[*Context]struct{}
	ending  sync.WaitGroup
	ctx     context.Context
	cancel  context.CancelFunc
}

// New makes a pool; nothing is started yet.
func New(cfg Config) *Pool {
	if cfg.StartWithin <= 0 {
		cfg.StartWithin = time.Minute
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	p := &Pool{cfg: cfg, starts: make(chan struct{}, 1), open: map[*Context]struct{}{}}
	p.starts <- struct{}{}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// Context is a browser context that belongs to one recording.
type Context struct {
	playwright.BrowserContext
	pool   *Pool
	engine *engine
	close  sync.Once
}

// Lost is closed when the browser died: nothing more can be done with the context.
func (c *Context) Lost() <-chan struct{} { return c.engine.lost }

// Version is the browser's version.
func (c *Context) Version() string { return c.engine.browser.Version() }

// Browser is the browser that the context lives in.
func (c *Context) Browser() playwright.Browser { return c.engine.browser }

// Close ends the context and all of its pages. It takes no longer than a few
// seconds: a context that does not close takes the browser with it.
func (c *Context) Close(...playwright.BrowserContextCloseOptions) error {
	var err error
	c.close.Do(func() {
		c.pool.forget(c)
		defer c.pool.leave(c.engine)
		if c.engine.isLost() {
			return
		}
		within(closeWithin, func() { err = c.BrowserContext.Close() }, func() {
			c.pool.cfg.Logger.Error("a browser context does not close: starting the browser again")
			c.engine.lose()
			c.engine.kill()
		})
		if errors.Is(err, playwright.ErrTargetClosed) {
			err = nil
		}
	})
	return err
}

// Context opens a fresh context: no cookies, no storage. It fails with
// ErrMissing, ErrStopped, ErrLost, the cause of ctx, or the browser's own error.
func (p *Pool) Context(ctx context.Context, options playwright.BrowserNewContextOptions) (*Context, error) {
	e, err := p.engine(ctx)
	if err != nil {
		return nil, err
	}
	type answer struct {
		playwright.BrowserContext
		err error
	}
	done := make(chan answer, 1)
	p.enter(e)
	go func() {
		c, err := e.browser.NewContext(options)
		done <- answer{c, err}
	}()
	select {
	case a := <-done:
		if a.err != nil {
			p.leave(e)
			return nil, e.explain(a.err)
		}
		return p.adopt(e, a.BrowserContext)
	case <-e.lost: // what it left is removed with it
		return nil, ErrLost
	case <-ctx.Done():
		p.ending.Go(func() { // not wanted any more
			if a := <-done; a.err == nil {
				_ = a.Close()
			}
			p.leave(e)
		})
		return nil, context.Cause(ctx)
	}
}

// explain tells a lost browser from an error of its own.
func (e *engine) explain(err error) error {
	if e.isLost() || errors.Is(err, playwright.ErrTargetClosed) {
		return fmt.Errorf("%w: %w", ErrLost, err)
	}
	return err
}

func (p *Pool) adopt(e *engine, raw playwright.BrowserContext) (*Context, error) {
	c := &Context{BrowserContext: raw, pool: p, engine: e}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return nil, ErrStopped // the engine's end takes it along
	}
	p.open[c] = struct{}{}
	return c, nil
}

func (p *Pool) forget(c *Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
}

// Open counts the contexts that were not closed.
func (p *Pool) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

// Scratch is this process's private folder for temporary files, made by its first use.
func (p *Pool) Scratch() (*Scratch, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return nil, ErrStopped
	}
	if p.scratch != nil {
		return p.scratch, nil
	}
	base := p.cfg.ScratchBase
	if base == "" {
		var warning string
		if base, warning = DefaultScratchBase(); warning != "" {
			p.cfg.Logger.Warn(warning)
		}
	}
	s, err := newScratch(base)
	if err == nil {
		p.scratch = s
	}
	return s, err
}

// engine is the living one; it starts one when there is none.
func (p *Pool) engine(ctx context.Context) (*engine, error) {
	select {
	case <-p.starts:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { p.starts <- struct{}{} }()
	scratch, err := p.Scratch()
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	e := p.current
	p.mu.Unlock()
	if e != nil && !e.isLost() {
		return e, nil
	}
	if e != nil {
		p.cfg.Logger.Warn("the browser was lost: starting another")
		p.mu.Lock()
		p.current = nil
		p.mu.Unlock()
		p.ending.Go(e.stop)
	}
	scratch.Sweep()
	return p.launch(scratch)
}

// launch does not follow the caller's context: others wait for the same browser.
func (p *Pool) launch(scratch *Scratch) (*engine, error) {
	ctx, cancel := context.WithTimeoutCause(p.ctx, p.cfg.StartWithin, fmt.Errorf("the browser did not start within %s", p.cfg.StartWithin))
	defer cancel()
	began := time.Now()
	e, err := launch(ctx, p.cfg, scratch)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		p.ending.Go(e.stop)
		return nil, ErrStopped
	}
	p.current = e
	p.cfg.Logger.Info("browser started", "version", e.browser.Version(), "took", time.Since(began).Round(time.Millisecond),
		"sandbox", p.sandboxReason())
	return e, nil
}

func (p *Pool) sandboxReason() string {
	if p.cfg.sandbox() {
		return "on"
	}
	return "off: this process runs as root, and Chromium's sandbox needs another user"
}

// Stop ends the browser with every context and removes all temporary files. It
// may be called again.
func (p *Pool) Stop() {
	p.mu.Lock()
	already := p.stopped
	p.stopped = true
	p.cancel()
	p.mu.Unlock()
	<-p.starts // whoever starts an engine is done
	defer func() { p.starts <- struct{}{} }()
	if already {
		return
	}
	p.mu.Lock()
	e, scratch := p.current, p.scratch
	p.current, p.open = nil, map[*Context]struct{}{}
	p.mu.Unlock()
	if e != nil {
		e.stop()
	}
	p.ending.Wait()
	if scratch != nil {
		scratch.close()
	}
}
