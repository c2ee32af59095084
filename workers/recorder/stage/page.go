package stage

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/playwright-community/playwright-go"
)

const (
	// maxPages bounds the tabs of a session: a page may open them in a loop.
	maxPages = 30
	// historyRest is the least time between two looks at a page's address.
	historyRest = 50 * time.Millisecond
	// longTitle and longURL are what viewers get of a title and an address, in bytes; a data: URL may have megabytes.
	longTitle, longURL = 1_000, 8_000
)

// page is one tab. What stands below "of the stage" is guarded by the stage's lock.
type page struct {
	stage  *Stage
	pw     playwright.Page
	number uint16
	cdp    playwright.CDPSession // set before the goroutines begin
	target string                // the browser's name of the page, also its main frame's
	ready  chan struct{}         // closed when cdp is there
	gone   chan struct{}
	stale  chan struct{} // has a token when the address may have changed
	input  *input
	cast   *cast
	world  *world

	// of the stage
	name          string
	url, title    string
	loading       bool
	back, forward bool
	last          *picture
	opener        *page
	closing       bool

	dialogs    atomic.Int32 // in a row: without input or a rest in between
	dialogEnd  atomic.Int64 // of the last one, Unix nanoseconds
	dialogOpen atomic.Bool
}

// appeared takes a page that the driver tells of.
func (s *Stage) appeared(pw playwright.Page, show bool) {
	if p := s.add(pw, show); p != nil {
		p.listen()
	}
}

// add makes a page of the driver one of the stage's; nil when it is already, or the stage has stopped.
func (s *Stage) add(pw playwright.Page, show bool) *page {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || slices.ContainsFunc(s.pages, func(p *page) bool { return p.pw == pw }) {
		return nil
	}
	if len(s.pages) >= maxPages {
		s.run(func() { s.refuse(pw) })
		return nil
	}
	s.pageNo++
	p := &page{
		stage: s, pw: pw, number: s.pageNo, opener: s.active,
		ready: make(chan struct{}), gone: make(chan struct{}), stale: make(chan struct{}, 1), url: pw.URL(),
	}
	p.input, p.cast, p.world = newInput(p), newCast(p), newWorld(p)
	s.pages = append(s.pages, p)
	if show || s.active == nil {
		s.activate(p)
	}
	return p
}

// refuse closes a tab that is one too many.
func (s *Stage) refuse(pw playwright.Page) {
	s.Notice("warn", fmt.Sprintf("A tab was closed: %d are open already.", maxPages))
	if err := pw.Close(); err != nil && s.ctx.Err() == nil {
		s.cfg.Logger.Warn("a tab too many could not be closed", "session", s.cfg.SessionID, "error", err)
	}
}

// listen asks the driver for the page's events. No lock is held: the driver holds one of its own while it calls a
// handler, and our handlers take the stage's.
func (p *page) listen() {
	s, pw := p.stage, p.pw
	pw.OnClose(func(playwright.Page) { s.removed(p) })
	pw.OnCrash(func(playwright.Page) { s.crashed(p) })
	pw.OnFileChooser(func(c playwright.FileChooser) { s.spawn(func() { s.fileChooser(p, c) }) })
	pw.OnDownload(func(d playwright.Download) { s.downloading(d) })
	pw.OnFrameNavigated(func(f playwright.Frame) { p.world.navigated(f) })
	if pw.IsClosed() {
		s.removed(p)
	}
	s.spawn(p.attach)
}

// attach opens the page's session with the browser and starts what runs beside it.
func (p *page) attach() {
	s := p.stage
	name := nameOf(p.number)
	if s.cfg.PageName != nil {
		name = cmp.Or(s.cfg.PageName(p.pw), name)
	}
	s.change(func() {
		p.name = name
		p.number = cmp.Or(numberOf(name), p.number) // before the first frame
	})

	if err := p.connect(); err != nil {
		if !p.isGone() && s.ctx.Err() == nil {
			s.cfg.Logger.Error("a page cannot be shown", "session", s.cfg.SessionID, "page", name, "error", err)
			s.Notice("error", fmt.Sprintf("%s cannot be shown: %s", name, reason(err)))
		}
		return
	}
	close(p.ready)
	s.run(p.cast.loop)
	s.run(p.watch)
	p.isStale()
	p.world.install(p.cdp)
	s.run(p.input.loop) // no list may open before the script is there to take its place
}

// nameOf is what the n-th page is called.
func nameOf(n uint16) string {
	if n == 1 {
		return "page"
	}
	return fmt.Sprintf("page%d", n)
}

// numberOf is the inverse of nameOf; 0 for a name that is not of its kind.
func numberOf(name string) uint16 {
	if name == "page" {
		return 1
	}
	rest, ok := strings.CutPrefix(name, "page")
	n, err := strconv.ParseUint(rest, 10, 16)
	if !ok || err != nil {
		return 0
	}
	return uint16(n)
}

func (p *page) connect() error {
	cdp, err := p.stage.cfg.Context.NewCDPSession(p.pw)
	if err != nil {
		return err
	}
	p.cdp = cdp
	p.cast.listen()
	p.input.listen()
	cdp.On("Page.frameStartedLoading", func(e map[string]any) { p.isLoading(e, true) })
	cdp.On("Page.frameStoppedLoading", func(e map[string]any) { p.isLoading(e, false) })
	cdp.On("Page.navigatedWithinDocument", func(map[string]any) { p.isStale() })
	cdp.On("Page.frameNavigated", func(map[string]any) { p.isStale() })
	info, err := p.send("Target.getTargetInfo", nil)
	if err != nil {
		return err
	}
	if target, ok := info["targetInfo"].(map[string]any); ok {
		p.target, _ = target["targetId"].(string)
	}
	_, err = p.send("Page.enable", nil)
	return err
}

// send calls the browser and returns when it has answered.
func (p *page) send(method string, params map[string]any) (map[string]any, error) {
	return call(p.cdp, method, params)
}

func call(cdp playwright.CDPSession, method string, params map[string]any) (map[string]any, error) {
	if params == nil {
		params = map[string]any{}
	}
	answer, err := cdp.Send(method, params)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	out, _ := answer.(map[string]any)
	return out, nil
}

func (p *page) isGone() bool {
	select {
	case <-p.gone:
		return true
	default:
		return false
	}
}

func (p *page) isLoading(event map[string]any, loading bool) {
	if id, _ := event["frameId"].(string); id != p.target {
		return
	}
	p.stage.change(func() { p.loading = loading })
	p.isStale()
}

// isStale has the page's address and title read again.
func (p *page) isStale() {
	select {
	case p.stale <- struct{}{}:
	default:
	}
}

// watch keeps the page's address up to date. The history is the browser's own: it answers also when the page hangs.
func (p *page) watch() {
	for {
		select {
		case <-p.stale:
			p.readHistory()
			p.rest(historyRest)
		case <-p.gone:
			return
		case <-p.stage.ctx.Done():
			p.detach()
			return
		}
	}
}

// rest waits, no longer than the page lives; false when it does not.
func (p *page) rest(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.gone:
		return false
	case <-p.stage.ctx.Done():
		return false
	}
}

// detach ends the page's session, which also ends its screencast.
func (p *page) detach() {
	if err := p.cdp.Detach(); err != nil && !p.isGone() {
		p.stage.cfg.Logger.Debug("a page's session was gone before it was detached", "error", err)
	}
}

func (p *page) readHistory() {
	answer, err := p.send("Page.getNavigationHistory", nil)
	if err != nil {
		return // the page is gone, or will say so
	}
	entries, _ := answer["entries"].([]any)
	current, _ := number(answer["currentIndex"])
	at := int(current)
	if at < 0 || at >= len(entries) {
		return
	}
	entry, _ := entries[at].(map[string]any)
	url, _ := entry["url"].(string)
	title, _ := entry["title"].(string)
	p.stage.mu.Lock()
	defer p.stage.mu.Unlock()
	before := p.tab()
	p.url, p.title, p.back, p.forward = url, title, at > 0, at < len(entries)-1
	if p.tab() != before {
		p.stage.tellState()
	}
}

// tab is what viewers see of the page; the caller holds the stage's lock.
func (p *page) tab() tabInfo {
	return tabInfo{Page: p.name, URL: clip(p.url, longURL), Title: clip(p.title, longTitle), Loading: p.loading, CanGoBack: p.back, CanGoForward: p.forward}
}

// named is the page of that name; nil when there is none.
func (s *Stage) named(name string) *page {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.pages {
		if p.name == name && name != "" {
			return p
		}
	}
	return nil
}

// show brings a page before the viewers.
func (s *Stage) show(p *page) {
	s.change(func() {
		if !p.closing {
			s.activate(p)
		}
	})
}

// activate is show for a caller who holds the lock.
func (s *Stage) activate(p *page) {
	if s.active == p {
		return
	}
	if s.active != nil {
		s.active.input.letGo()
		s.active.cast.poke()
	}
	s.active = p
	if p == nil {
		return
	}
	if p.last != nil { // what it looked like until its next frame comes
		s.frameNo++
		p.last = p.last.numbered(s.frameNo)
		for _, seat := range s.seats {
			seat.show(p.last)
		}
	}
	p.cast.poke()
}

// removed lets go of a page that closed.
func (s *Stage) removed(p *page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.closing {
		return
	}
	p.closing = true
	close(p.gone)
	s.pages = slices.DeleteFunc(s.pages, func(o *page) bool { return o == p })
	if s.active == p {
		s.active = nil
		s.activate(s.successor(p))
	}
	s.tellState()
}

// successor is the page to show after one closed: its opener, or the newest.
func (s *Stage) successor(p *page) *page {
	if p.opener != nil && !p.opener.closing {
		return p.opener
	}
	if len(s.pages) == 0 {
		return nil
	}
	return s.pages[len(s.pages)-1]
}

// crashed tells of a dead renderer and closes what is left of the page: nothing can be done with it.
func (s *Stage) crashed(p *page) {
	s.mu.Lock()
	name := p.name
	s.mu.Unlock()
	s.Notice("error", fmt.Sprintf("The browser's process of %s died, so that it was closed.", name))
	s.removed(p)
	s.spawn(func() {
		if s.cfg.OnCrash != nil {
			s.cfg.OnCrash(p.pw)
		}
		p.shut()
	})
}

// shut closes a page without asking it.
func (p *page) shut() {
	if err := p.pw.Close(); err != nil && p.stage.ctx.Err() == nil {
		p.stage.cfg.Logger.Warn("a page could not be closed", "session", p.stage.cfg.SessionID, "error", err)
	}
}

// clip shortens text to so many bytes, at a character's end.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// reason is an error of the driver for people: its first line.
func reason(err error) string {
	line, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	return strings.TrimPrefix(line, "playwright: ")
}
