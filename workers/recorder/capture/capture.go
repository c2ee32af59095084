package capture

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
)

// Action is one step that was seen, or more that is known of an earlier one.
type Action struct {
	// Step is the step as far as it is known here: with target, facts and box. The recorder adds screenshots and the rest.
	Step recording.Step
	// Replaces is the id of an earlier step that this one amends, for example a fill that grew; Step.ID is the same.
	Replaces string
	// Retracts are the ids of steps that turned out to be part of this one.
	Retracts []string
	// Secret is the real value of a secret field. It is here only, never in Step.
	Secret *Secret
	// Page is where it happened.
	Page playwright.Page
	// Download is the file that a step of type download is about.
	Download playwright.Download
}

// Secret is the value of a password, a one-time code or a field that was declared secret.
type Secret struct {
	Name  string
	Value string
}

// Suggestion is something that newly appeared after a step and may be worth asserting.
type Suggestion struct {
	// After is the id of the step that it came after.
	After     string
	Page      string
	Target    recording.Target
	Assertion recording.Assertion
	// Label is one line for people.
	Label string
	Box   recording.Box
}

// Options says what to watch for and whom to tell.
type Options struct {
	// Script is what runs in the pages, from LoadScript.
	Script Script
	// OnAction gets every action in causal order, one at a time. It may take its time: nothing is lost meanwhile. It
	// must not call Close, Sync or Describe, which wait for it.
	OnAction func(Action)
	// OnSuggestion gets what newly appeared after an action; nil if nobody asks.
	OnSuggestion func(Suggestion)
	// TestIDAttribute is the attribute of test ids. Defaults to "data-testid".
	TestIDAttribute string
	// Budget is how long an event may be held up by counting what each way to its element finds; the rest is left
	// uncounted. Defaults to 8 ms.
	Budget time.Duration
	// Secrets are the names of declared secrets: a field whose name or label is such a name holds that secret.
	Secrets []string
	// By says who acts: "person" or "script"; SetBy changes it. Defaults to "person".
	By string
	// NewID makes the id of a step. Defaults to s1, s2, …
	NewID func() string
	// PageNames gives a page that is already there its name. Defaults to "page", "page2", … in the order of opening.
	PageNames func(playwright.Page) string
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
	// Log gets faults of the capture itself. Defaults to nothing.
	Log *slog.Logger
}

// WithDefaults fills what is not set.
func (o Options) WithDefaults() Options {
	if o.TestIDAttribute == "" {
		o.TestIDAttribute = "data-testid"
	}
	if o.Budget == 0 {
		o.Budget = 8 * time.Millisecond
	}
	if o.By == "" {
		o.By = "person"
	}
	if o.NewID == nil {
		n := 0
		o.NewID = func() string { n++; return fmt.Sprintf("s%d", n) }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.OnSuggestion == nil {
		o.OnSuggestion = func(Suggestion) {}
	}
	return o
}

// Validate says what is missing.
func (o Options) Validate() error {
	var faults []error
	if o.Script.engine == "" {
		faults = append(faults, errors.New("capture: Options.Script is needed: see LoadScript"))
	}
	if o.OnAction == nil {
		faults = append(faults, errors.New("capture: Options.OnAction is needed"))
	}
	return errors.Join(faults...)
}

// Capture watches one context until it is closed. Its methods may be called from any goroutine.
type Capture struct {
	ctx     playwright.BrowserContext
	options Options
	source  string // the script with its configuration
	queue   *queue
	done    chan struct{} // closed when the worker has ended

	mu     sync.Mutex
	by     string
	paused bool
	pages  []*page // in the order of opening; those that are closed too, so that names stay
	costs  []float64

	fold    *folder         // of the worker alone
	leaving []chan struct{} // of the worker alone: sessions that are being let go
	held    *Action         // of the worker alone: an amendment that more may follow

	closeOnce sync.Once
	closeErr  error
}

// closeWait bounds how long Close waits for what is still queued.
const closeWait = 10 * time.Second

// Attach watches a context. Every page that is open now is watched when it returns, and so is each later one as soon
// as it opens.
func Attach(ctx playwright.BrowserContext, options Options) (*Capture, error) {
	options = options.WithDefaults()
	if err := options.Validate(); err != nil {
		return nil, err
	}
	source, err := options.Script.configured(options)
	if err != nil {
		return nil, err
	}
	c := &Capture{
		ctx: ctx, options: options, source: source, queue: newQueue(), done: make(chan struct{}), by: options.By,
	}
	c.fold = newFolder(options.NewID, options.Now)
	go c.work()
	ctx.OnPage(c.onPage)
	attached := make(chan error, 1)
	c.queue.push(func() { attached <- c.attachOpen() })
	if err := <-attached; err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Capture) attachOpen() error {
	var faults []error
	for _, p := range c.ctx.Pages() {
		if _, known := c.page(p); !known {
			faults = append(faults, c.watch(p, false))
		}
	}
	return errors.Join(faults...)
}

// work runs what is queued, one after the other.
func (c *Capture) work() {
	defer close(c.done)
	for {
		task, ok := c.queue.next()
		if !ok {
			return
		}
		task()
	}
}

// Close ends the watching after everything that was seen has been told. It is idempotent.
func (c *Capture) Close() error {
	c.closeOnce.Do(func() {
		c.ctx.RemoveListener("page", c.onPage)
		c.queue.push(c.detachAll)
		c.queue.close()
		select {
		case <-c.done:
		case <-time.After(closeWait):
			c.closeErr = errors.New("capture: the browser does not let go of its pages")
		}
	})
	return c.closeErr
}

func (c *Capture) detachAll() {
	c.flush()
	c.mu.Lock()
	pages := c.pages
	c.mu.Unlock()
	for _, p := range pages {
		p.detach()
	}
	limit := time.After(detachWait)
	for _, let := range c.leaving {
		select {
		case <-let:
		case <-limit:
			return
		}
	}
}

// detachWait bounds how long Close waits for pages to let go: one that hangs does so when it closes.
const detachWait = 2 * time.Second

// SetBy says who acts from now on: "person" or "script".
func (c *Capture) SetBy(by string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by = by
}

// Pause drops what is done from now on, until Resume. Pages that open are named all the same.
func (c *Capture) Pause() { c.setPaused(true) }

// Resume ends a pause.
func (c *Capture) Resume() { c.setPaused(false) }

func (c *Capture) setPaused(paused bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paused = paused
}

// SuspendWhile runs f and drops what it does.
func (c *Capture) SuspendWhile(f func() error) error {
	c.Pause()
	defer func() {
		c.Sync()
		c.Resume()
	}()
	return f()
}

// Sync waits until everything that the browser has said so far was told.
func (c *Capture) Sync() {
	reached := make(chan struct{})
	if !c.queue.push(func() { c.flush(); close(reached) }) {
		return
	}
	select {
	case <-reached:
	case <-c.done:
	}
}

// Costs are the milliseconds that each message took in its page, for measuring.
func (c *Capture) Costs() []float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]float64(nil), c.costs...)
}

// amendWait is how long an amendment waits for the next one: a text that is typed is told a few times a second.
const amendWait = 200 * time.Millisecond

// emit tells actions. A further amendment of the same fill takes the place of the one before.
func (c *Capture) emit(actions []Action) {
	for _, a := range actions {
		amends := a.Replaces != "" && a.Step.Type == recording.Fill && len(a.Retracts) == 0
		if c.held != nil && (!amends || c.held.Replaces != a.Replaces) {
			c.flush()
		}
		if !amends {
			c.options.OnAction(a)
			continue
		}
		if c.held == nil {
			time.AfterFunc(amendWait, func() { c.queue.push(c.flush) })
		}
		c.held = &a
	}
}

// flush tells what is held back.
func (c *Capture) flush() {
	if c.held != nil {
		held := *c.held
		c.held = nil
		c.options.OnAction(held)
	}
}

// state is what holds for an event when it is seen.
func (c *Capture) state() (by string, paused bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.by, c.paused
}
