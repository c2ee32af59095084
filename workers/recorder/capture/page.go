package capture

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
)

// page is a tab that is watched.
type page struct {
	c        *Capture
	pw       playwright.Page
	name     string
	main     *session
	openedAt time.Time

	mu     sync.Mutex
	frames map[string]*frame // by the browser's frame id
	closed bool

	// What follows belongs to the worker.
	remote   map[playwright.Frame]*session // frames that live in a process of their own
	history  int                           // the entry of the session history that is shown
	young    bool                          // a popup whose first document has not come yet
	pending  []recording.DialogBox         // dialogs that are open
	hints    []hint                        // moves in the history that a person said beforehand
	lastStep time.Time
}

// watchWait bounds how long the worker waits for a page that does not answer, because it hangs or shows a dialog.
const watchWait = 3 * time.Second

func (c *Capture) onPage(p playwright.Page) {
	by, paused := c.state()
	at := c.options.Now()
	c.queue.push(func() {
		if _, known := c.page(p); known {
			return
		}
		if err := c.watch(p, true); err != nil && !p.IsClosed() {
			c.options.Log.Warn("a page cannot be watched", "err", err)
		}
		if !paused {
			c.openPage(p, by, at)
		}
	})
}

// openPage tells of a page that appeared.
func (c *Capture) openPage(p playwright.Page, by string, at time.Time) {
	watched, _ := c.page(p)
	s := seen{page: p, name: watched.name, by: by, at: at}
	s.URL = p.URL()
	opener, _ := p.Opener()
	c.emit(c.fold.open(s, c.PageName(opener)))
}

func (c *Capture) page(p playwright.Page) (*page, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.pages, func(known *page) bool { return known.pw == p })
	if i < 0 {
		return nil, false
	}
	return c.pages[i], true
}

// PageName is the name that steps call a page by; empty for one that is not watched.
func (c *Capture) PageName(p playwright.Page) string {
	if watched, ok := c.page(p); ok {
		return watched.name
	}
	return ""
}

// Page is the page with a name; nil when there is none.
func (c *Capture) Page(name string) playwright.Page {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.pages {
		if p.name == name {
			return p.pw
		}
	}
	return nil
}

func (c *Capture) nameFor(p playwright.Page) string {
	if c.options.PageNames != nil {
		if name := c.options.PageNames(p); name != "" {
			return name
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.pages); n > 0 {
		return fmt.Sprintf("page%d", n+1)
	}
	return "page"
}

// watch starts watching a page.
func (c *Capture) watch(pw playwright.Page, opened bool) error {
	p := &page{
		c: c, pw: pw, name: c.nameFor(pw), openedAt: c.options.Now(),
		frames: map[string]*frame{}, remote: map[playwright.Frame]*session{},
	}
	c.mu.Lock()
	c.pages = append(c.pages, p)
	c.mu.Unlock()
	if opened {
		opener, _ := pw.Opener()
		p.young = opener != nil && blank(pw.URL())
	}
	pw.OnClose(p.onClose)
	pw.OnDownload(p.onDownload)
	pw.OnFrameNavigated(p.onFrameNavigated)
	main, err := p.attach(pw, nil)
	if err != nil {
		return fmt.Errorf("watch %s: %w", p.name, err)
	}
	p.main = main
	p.history = main.historyIndex()(0)
	for _, f := range pw.Frames() {
		p.watchFrame(f)
	}
	return nil
}

func blank(url string) bool { return url == "" || url == "about:blank" || url == ":" }

func (p *page) onClose(playwright.Page) {
	by, paused := p.c.state()
	at := p.c.options.Now()
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.c.queue.push(func() {
		p.detach()
		if !paused {
			p.c.emit(p.c.fold.closePage(seen{page: p.pw, name: p.name, by: by, at: at}))
		}
	})
}

func (p *page) onDownload(d playwright.Download) {
	by, paused := p.c.state()
	at := p.c.options.Now()
	p.c.queue.push(func() {
		if paused {
			return
		}
		if p.main != nil {
			p.c.emit(p.main.nav.becameDownload(d.URL()))
		}
		s := seen{page: p.pw, name: p.name, by: by, at: at}
		s.URL = p.pw.URL()
		s.Files = []recording.File{{Name: d.SuggestedFilename()}}
		p.c.emit(p.c.fold.download(s, d))
	})
}

// onFrameNavigated looks whether a frame now lives in a process of its own.
func (p *page) onFrameNavigated(f playwright.Frame) {
	if f.ParentFrame() != nil {
		p.c.queue.push(func() { p.watchFrame(f) })
	}
}

// watchFrame attaches to a frame from another site. Frames of the page's own process come with the page's session.
func (p *page) watchFrame(f playwright.Frame) {
	if f.ParentFrame() == nil || f.IsDetached() || p.gone() {
		return
	}
	if s, ok := p.remote[f]; ok {
		if s.alive() {
			return
		}
		s.detach()
		delete(p.remote, f)
	}
	s, err := p.attach(f, f)
	switch {
	case err == nil:
		p.remote[f] = s
	case !strings.Contains(err.Error(), "separate CDP session"):
		p.c.options.Log.Debug("a frame cannot be watched", "url", f.URL(), "err", err)
	}
}

func (p *page) gone() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// detach lets go of the page.
func (p *page) detach() {
	p.pw.RemoveListener("close", p.onClose)
	p.pw.RemoveListener("download", p.onDownload)
	p.pw.RemoveListener("framenavigated", p.onFrameNavigated)
	if p.main == nil {
		return
	}
	for _, s := range p.sessions() {
		s.detach()
	}
	p.remote, p.main = map[playwright.Frame]*session{}, nil
}

// errSlow is the answer of a page that does not answer.
var errSlow = errors.New("the page does not answer")

// within runs f and waits for it that long at most; a slow f ends by itself when its page answers or closes.
func within(wait time.Duration, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return errSlow
	}
}
