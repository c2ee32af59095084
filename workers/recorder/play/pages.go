package play

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
)

// tab is one page of the context.
type tab struct {
	page    playwright.Page
	name    string // empty until a step names it
	crashed chan struct{}
	closed  chan struct{}
	once    [2]sync.Once
}

func (t *tab) isClosed() bool  { return over(t.closed) }
func (t *tab) isCrashed() bool { return over(t.crashed) }

func over(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// pages follows what appears in a context by itself: pages, dialogs, downloads, file choosers. The driver's handlers
// must not block, so they only write down what came; whoever waits is woken by changed.
type pages struct {
	ctx        playwright.BrowserContext
	unanswered func(playwright.Dialog) bool
	onPage     func(playwright.Page)
	onDialog   func(playwright.Dialog)

	mu        sync.Mutex
	tabs      []*tab
	downloads []playwright.Download
	choosers  []playwright.FileChooser
	expected  []recording.Step // dialog steps that answer what comes
	answers   []Answer         // since the last step
	answered  map[string]bool  // dialog steps whose dialog came
	left      chan struct{}    // closed when a dialog was left to somebody else
	changed   chan struct{}    // closed and made anew at every change
	stopped   bool
}

func newPages(ctx playwright.BrowserContext) *pages {
	p := &pages{ctx: ctx, answered: map[string]bool{}, left: make(chan struct{}), changed: make(chan struct{})}
	p.onPage = func(page playwright.Page) { p.add(page) }
	p.onDialog = p.answer
	ctx.OnPage(p.onPage)
	ctx.OnDialog(p.onDialog)
	for i, page := range ctx.Pages() {
		p.add(page).name = pageName(i + 1)
	}
	return p
}

func pageName(n int) string {
	if n == 1 {
		return "page"
	}
	return "page" + strconv.Itoa(n)
}

// stop ends listening. The dialog listener must go: one that answers nothing would freeze the page.
func (p *pages) stop() {
	p.mu.Lock()
	p.stopped = true
	p.mu.Unlock()
	p.ctx.RemoveListener("page", p.onPage)
	p.ctx.RemoveListener("dialog", p.onDialog)
}

// change runs f and wakes whoever waits.
func (p *pages) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return
	}
	f()
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *pages) add(page playwright.Page) *tab {
	t := &tab{page: page, crashed: make(chan struct{}), closed: make(chan struct{})}
	known := false
	p.change(func() {
		if i := slices.IndexFunc(p.tabs, func(o *tab) bool { return o.page == page }); i >= 0 {
			t, known = p.tabs[i], true
			return
		}
		p.tabs = append(p.tabs, t)
	})
	if known {
		return t
	}
	page.OnCrash(func(playwright.Page) { p.change(func() { t.once[0].Do(func() { close(t.crashed) }) }) })
	page.OnClose(func(playwright.Page) { p.change(func() { t.once[1].Do(func() { close(t.closed) }) }) })
	page.OnDownload(func(d playwright.Download) { p.change(func() { p.downloads = append(p.downloads, d) }) })
	page.OnFileChooser(func(c playwright.FileChooser) { p.change(func() { p.choosers = append(p.choosers, c) }) })
	return t
}

func (p *pages) named(name string) *tab {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range slices.Backward(p.tabs) {
		if t.name == name {
			return t
		}
	}
	return nil
}

func (p *pages) nameOf(page playwright.Page) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.tabs {
		if t.page == page {
			return t.name
		}
	}
	return ""
}

// claim gives the oldest page without a name its name.
func (p *pages) claim(name string) (t *tab) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.tabs {
		if t.name == "" {
			t.name = name
			return t
		}
	}
	return nil
}

func (p *pages) wake() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changed
}

// await waits until ready answers true, at most for limit; false says that the time was over.
func (r *run) await(limit time.Duration, ready func() bool) (bool, error) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		wake := r.pages.wake()
		if ready() {
			return true, nil
		}
		select {
		case <-wake:
		case <-timer.C:
			return ready(), nil
		case <-r.parent.Done():
			return false, context.Cause(r.parent)
		}
	}
}

// stepPage is the name of the page that a step happens in.
func stepPage(s recording.Step) string {
	if s.Page == "" {
		return pageName(1)
	}
	return s.Page
}

// enter finds the page of the step. The first page is opened by whoever needs it; a page that no openPage step
// announced is awaited and named.
func (r *run) enter() error {
	name := stepPage(r.step)
	t := r.pages.named(name)
	if t == nil && name == pageName(1) {
		var err error
		if t, err = r.newPage(name); err != nil {
			return err
		}
	}
	if t == nil {
		ok, err := r.await(r.opts.Timeout, func() bool { t = r.pages.claim(name); return t != nil })
		if err != nil {
			return err
		}
		if !ok {
			return fail(NotFound, "there is no page named %q", name)
		}
		r.note("a page that no step announced was taken for %q", name)
	}
	switch {
	case t.isCrashed():
		return errCrashed
	case t.isClosed() && r.step.Type == recording.Download:
		// What a page that closed has downloaded is still there.
	case t.isClosed():
		return errClosed
	}
	r.tab = t
	return nil
}

// newPage opens a page of our own.
func (r *run) newPage(name string) (*tab, error) {
	page, err := ask(r, func() (playwright.Page, error) { return r.Player.ctx.NewPage() })
	if err != nil {
		return nil, explain(err, Crashed)
	}
	t := r.pages.add(page)
	r.pages.mu.Lock()
	defer r.pages.mu.Unlock()
	t.name = name
	return t, nil
}

// popupPatience is how long a page that may open by itself is waited for before one is opened.
const popupPatience = 2 * time.Second

// openPage names the page that an earlier step opened, or opens one as a person opens a tab.
func (r *run) openPage() error {
	name := stepPage(r.step)
	if t := r.pages.named(name); t != nil && !t.isClosed() {
		r.note("%q is open already", name)
		r.tab = t
		return nil
	}
	limit := r.opts.Timeout
	if r.step.Opener == "" {
		limit = min(limit, popupPatience)
	}
	ok, err := r.await(limit, func() bool { r.tab = r.pages.claim(name); return r.tab != nil })
	switch {
	case err != nil:
		return err
	case ok:
		return r.settle()
	case r.step.Opener != "":
		return fail(Timeout, "no page was opened by %q", r.step.Opener)
	}
	if r.tab, err = r.newPage(name); err != nil || r.step.URL == "" || r.step.URL == "about:blank" {
		return err
	}
	return r.open(r.step.URL)
}

// settle waits until a popup has its document; one that closes meanwhile is no failure.
func (r *run) settle() error {
	err := r.call(func() error {
		return r.tab.page.WaitForLoadState(playwright.PageWaitForLoadStateOptions{
			State: playwright.LoadStateDomcontentloaded, Timeout: ms(r.opts.NavigationTimeout),
		})
	})
	if err == nil || r.tab.isClosed() || errors.Is(err, errSlow) || errors.Is(err, playwright.ErrTimeout) {
		if err != nil {
			r.note("the page has not loaded: %s", brief(err))
		}
		return nil
	}
	return err
}

// closePatience is how long a page may take to close by itself before it is closed.
const closePatience = time.Second

// closePage waits for a page that closes by itself, else closes it as a person does.
func (r *run) closePage() error {
	name := stepPage(r.step)
	t := r.pages.named(name)
	if t == nil {
		t = r.pages.claim(name) // a popup that nothing was done in
	}
	if t == nil {
		return fail(NotFound, "there is no page named %q", name)
	}
	gone, err := r.await(closePatience, t.isClosed)
	if gone || err != nil {
		return err
	}
	r.tab = t
	unload := r.pages.expects("beforeunload")
	if err := r.call(func() error { return t.page.Close(playwright.PageCloseOptions{RunBeforeUnload: &unload}) }); err != nil && !t.isClosed() {
		return explain(err, PageClosed)
	}
	if unload {
		_, err = r.await(closePatience, t.isClosed) // the answer may have kept it open
	}
	return err
}
