package play

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
)

// Options are what a player needs of its run.
type Options struct {
	// Secrets gives the value of a secret; a step that needs one that is not there fails with the reason Secret.
	Secrets func(name string) (string, bool)
	// Variables are values by name. A variable that is not there keeps its recorded text.
	Variables map[string]string
	// File gives the bytes of a file to upload, by its artefact or name. Steps with files fail without it.
	File func(ctx context.Context, file recording.File) (playwright.InputFile, error)
	// Download may keep a file that has arrived; its path is gone when the context closes.
	Download func(ctx context.Context, step recording.Step, download playwright.Download) error
	// Unanswered may take a dialog that no step answers, by returning true; the step that caused it then counts as
	// done. Nil answers such dialogs as Playwright does: dismissed, a beforeunload accepted.
	Unanswered func(playwright.Dialog) bool
	// Timeout bounds each step. Defaults to 15 seconds.
	Timeout time.Duration
	// NavigationTimeout bounds loading a page. Defaults to 30 seconds.
	NavigationTimeout time.Duration
	// HealAfter is how long the first way to an element is tried alone. After twice that an element to which no recorded
	// way leads is taken if it is enough like the recorded one. Defaults to a third of Timeout, at most 3 seconds.
	HealAfter time.Duration
}

// WithDefaults fills in what is not set.
func (o Options) WithDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = 15 * time.Second
	}
	if o.NavigationTimeout <= 0 {
		o.NavigationTimeout = 30 * time.Second
	}
	if o.HealAfter <= 0 {
		o.HealAfter = min(o.Timeout/3, 3*time.Second)
	}
	return o
}

// Player runs steps in one browser context, one after the other: its methods are not for concurrent use, and a
// context has one player at a time.
type Player struct {
	opts  Options
	ctx   playwright.BrowserContext
	pages *pages
	calls sync.WaitGroup // calls of the driver under way
	ran   int
	used  []string // values of secrets that were handed out, to keep them out of messages
}

// New makes a player. Pages that are open already are named "page", "page2", … in their order.
func New(ctx playwright.BrowserContext, opts Options) *Player {
	p := &Player{opts: opts.WithDefaults(), ctx: ctx, pages: newPages(ctx)}
	p.pages.unanswered = p.opts.Unanswered
	return p
}

// Close lets go of the context, which stays open, and waits a moment for calls of the driver that are still under way.
// Those of a page that crashed or hangs end only with the context: close that first where it is to end anyway.
func (p *Player) Close() {
	p.pages.stop()
	over := make(chan struct{})
	go func() {
		p.calls.Wait()
		close(over)
	}()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-over:
	case <-timer.C:
	}
}

// Page is the open page of that name.
func (p *Player) Page(name string) (playwright.Page, bool) {
	t := p.pages.named(name)
	if t == nil || t.isClosed() {
		return nil, false
	}
	return t.page, true
}

// Name is the name of a page; empty for one that no step has named yet.
func (p *Player) Name(page playwright.Page) string { return p.pages.nameOf(page) }

// RunAll runs steps in their order until one fails. done, if not nil, is told of each as it happens.
func (p *Player) RunAll(ctx context.Context, steps []recording.Step, done func(recording.Step, Result)) error {
	for i, s := range steps {
		result, err := p.Run(ctx, s, steps[i+1:]...)
		if err != nil {
			return err
		}
		if done != nil {
			done(s, result)
		}
	}
	return nil
}

// Run does one step. next are the steps that follow it: the dialog steps among them, up to the next action, answer the
// dialogs that this one causes; without them such a dialog counts as unanswered. The error is a *StepError, or
// ctx's when that ended.
func (p *Player) Run(ctx context.Context, step recording.Step, next ...recording.Step) (Result, error) {
	return p.run(ctx, step, next, (*run).act)
}

// Find leads to the element of the step's target as Run would, by the same rules for the same step, and does nothing
// with it. The locator is the page's as it is now. What Run says of ctx and errors holds here too.
func (p *Player) Find(ctx context.Context, step recording.Step) (playwright.Locator, Result, error) {
	var f found
	result, err := p.run(ctx, step, nil, func(r *run) (err error) {
		f, err = r.only()
		return err
	})
	return f.loc, result, err
}

// run does what act says of a step, and what belongs around it.
func (p *Player) run(ctx context.Context, step recording.Step, next []recording.Step, act func(*run) error) (Result, error) {
	start := time.Now()
	index := p.ran
	p.ran++
	r := &run{Player: p, parent: ctx, step: step, result: Result{StepID: step.ID}}
	if step.Disabled {
		r.result.Skipped = true
		return r.result, nil
	}
	err := r.do(next, act)
	r.result.Dialogs = p.pages.takeAnswers()
	r.result.Duration = time.Since(start)
	if errors.Is(err, errLeft) {
		r.note("a dialog was left open")
		err = nil
	}
	if err == nil {
		return r.result, nil
	}
	if ctx.Err() != nil {
		return r.result, context.Cause(ctx)
	}
	return r.result, p.stepError(step, index, err)
}

func (p *Player) stepError(step recording.Step, index int, err error) error {
	f := explain(err, NotActionable)
	return &StepError{Step: step, Index: index, Reason: f.reason, Message: p.scrub(f.text), Secret: f.secret, Tried: f.tried}
}

// scrub keeps values of secrets out of a message: the driver repeats what it was told to type.
func (p *Player) scrub(text string) string {
	for _, v := range p.used {
		text = strings.ReplaceAll(text, v, "[secret]")
	}
	return text
}

// run is one step under way.
type run struct {
	*Player
	parent   context.Context
	ctx      context.Context // parent's, ending some time after the deadline
	deadline time.Time
	start    time.Time
	step     recording.Step
	tab      *tab // the page it happens in; nil while there is none
	result   Result
}

// grace is how much longer than its own limit a call of the driver may take before the page counts as dead.
const grace = 3 * time.Second

func (r *run) do(next []recording.Step, act func(*run) error) error {
	if faults := r.step.Check(); len(faults) > 0 {
		return fail(Invalid, "%s: %s", faults[0].Path, faults[0].Message)
	}
	limit := r.opts.Timeout
	if r.step.Type == recording.Navigate {
		limit = r.opts.NavigationTimeout
	}
	r.start = time.Now()
	r.deadline = r.start.Add(limit)
	ctx, cancel := context.WithDeadline(r.parent, r.deadline.Add(grace))
	defer cancel()
	r.ctx = ctx
	r.pages.expect(r.step, next)
	return act(r)
}

// act does the step's action in its page.
func (r *run) act() error {
	switch r.step.Type {
	case recording.OpenPage:
		return r.openPage()
	case recording.ClosePage:
		return r.closePage()
	case recording.Dialog:
		return r.dialog()
	}
	if err := r.enter(); err != nil {
		return err
	}
	switch r.step.Type {
	case recording.Navigate:
		return r.navigate()
	case recording.Click:
		return r.click()
	case recording.Fill:
		return r.fill()
	case recording.Press:
		return r.press()
	case recording.Check, recording.Uncheck:
		return r.check(r.step.Type == recording.Check)
	case recording.Select:
		return r.choose()
	case recording.Upload:
		return r.upload()
	case recording.Hover:
		return r.hover()
	case recording.Drag:
		return r.drag()
	case recording.Scroll:
		return r.scroll()
	case recording.Download:
		return r.download()
	case recording.Assert:
		return r.assert()
	case recording.SetViewport:
		return r.call(func() error { return r.tab.page.SetViewportSize(r.step.Viewport.Width, r.step.Viewport.Height) })
	case recording.Wait:
		return r.wait()
	}
	return fail(Invalid, "no such action")
}

func (r *run) note(format string, args ...any) {
	r.result.Notes = append(r.result.Notes, fmt.Sprintf(format, args...))
}

// left is the time that the step still has; never nothing, so that a last look is taken.
func (r *run) left() time.Duration { return max(time.Until(r.deadline), 50*time.Millisecond) }

func (r *run) late() bool { return time.Now().After(r.deadline) }

// call runs one call of the driver. It does not wait for one whose page died or whose time is over.
func (r *run) call(f func() error) error {
	done := make(chan error, 1)
	r.calls.Go(func() { done <- guard(f) })
	var crashed <-chan struct{}
	if r.tab != nil {
		crashed = r.tab.crashed
	}
	select {
	case err := <-done:
		return err
	case <-crashed:
		return errCrashed
	case <-r.pages.leftOpen():
		return errLeft
	case <-r.ctx.Done():
		if r.parent.Err() != nil {
			return context.Cause(r.parent)
		}
		return errSlow
	}
}

// guard makes an error of a panic: the driver's library trusts answers that a dying browser does not give.
func guard(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the browser's driver: %v", v)
		}
	}()
	return f()
}

// ask is call for a call that answers something.
func ask[T any](r *run, f func() (T, error)) (T, error) {
	answer := make(chan T, 1)
	err := r.call(func() error {
		v, err := f()
		answer <- v
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return <-answer, nil
}

// pause waits before another look.
func (r *run) pause(d time.Duration) error {
	timer := time.NewTimer(min(d, r.left()))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-r.parent.Done():
		return context.Cause(r.parent)
	}
}

// pauses are the waits between looks; the last one repeats.
var pauses = []time.Duration{20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond}

// poll looks until look says true, fails for good, or the time is over, which is no error: it then answers false.
func (r *run) poll(look func() (bool, error)) (bool, error) {
	for i := 0; ; i++ {
		late := r.late()
		ok, err := look()
		if ok || err != nil {
			return ok, err
		}
		if late {
			return false, nil
		}
		if err := r.pause(pauses[min(i, len(pauses)-1)]); err != nil {
			return false, err
		}
	}
}

// ms is a duration as the driver wants it.
func ms(d time.Duration) *float64 {
	return playwright.Float(float64(d) / float64(time.Millisecond))
}
