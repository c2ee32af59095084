package capture

import (
	"slices"
	"strings"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
)

// navigation watches where a page's main frame goes. A navigation that the page asked for was caused by something
// that is a step already; the others are steps: the address bar, back, forward and reload.
type navigation struct {
	session *session
	// Of the dispatch goroutine, which handles one event at a time.
	requested string // the address that the page asked for
	started   *started

	unfinished *started // of the worker: a navigation that has no document yet
}

// started is a navigation on its way.
type started struct {
	url    string
	loader string
	kind   string // the browser's navigationType
	caused bool   // the page asked for it
	by     string
	paused bool
	at     time.Time
}

// causedWithin is how long after a step a move in the history counts as the page's own, when nobody says otherwise.
const causedWithin = 1500 * time.Millisecond

func (n *navigation) listen(on func(string, func(params))) {
	on("Page.frameRequestedNavigation", n.onRequested)
	on("Page.frameStartedNavigating", n.onStarted)
	on("Page.frameNavigated", n.onNavigated)
	on("Page.navigatedWithinDocument", n.onWithin)
}

func (n *navigation) isMain(frameID string) bool {
	n.session.mu.Lock()
	defer n.session.mu.Unlock()
	return n.session.root == "" || n.session.root == frameID
}

func (n *navigation) onRequested(p params) {
	if n.isMain(p.text("frameId")) && p.text("disposition") == "currentTab" {
		n.requested = p.text("url")
	}
}

func (n *navigation) onStarted(p params) {
	if !n.isMain(p.text("frameId")) {
		return
	}
	by, paused := n.session.page.c.state()
	start := &started{
		url: p.text("url"), loader: p.text("loaderId"), kind: p.text("navigationType"),
		caused: n.requested != "" && n.requested == p.text("url"), by: by, paused: paused, at: n.session.page.c.options.Now(),
	}
	n.requested, n.started = "", start
	n.session.page.c.queue.push(func() { n.unfinished = start })
}

func (n *navigation) onNavigated(p params) {
	frame := p.at("frame")
	if frame.text("parentId") != "" || n.started == nil || n.started.loader != frame.text("loaderId") {
		return
	}
	n.commit(frame.text("url"))
}

func (n *navigation) onWithin(p params) {
	if !n.isMain(p.text("frameId")) {
		return
	}
	if n.started != nil && strings.HasSuffix(strings.ToLower(n.started.kind), "samedocument") && n.started.url == p.text("url") {
		n.commit(p.text("url"))
		return
	}
	index := n.session.historyIndex()
	n.session.page.c.queue.push(func() { n.session.page.history = index(n.session.page.history) })
}

// commit hands a navigation that has its document to the worker.
func (n *navigation) commit(url string) {
	start := n.started
	n.started = nil
	index := n.session.historyIndex()
	n.session.page.c.queue.push(func() {
		n.unfinished = nil
		n.finish(start, url, index)
	})
}

func (n *navigation) finish(start *started, url string, index func(int) int) {
	p := n.session.page
	before := p.history
	p.history = index(before)
	young := p.young && start.at.Sub(p.openedAt) < 3*time.Second
	p.young = false
	s := seen{page: p.pw, name: p.name, by: start.by, at: start.at}
	s.URL = url
	if start.paused {
		return
	}
	if young || start.caused || n.causedByStep(start) {
		p.c.emit(p.c.fold.ledTo(s))
		return
	}
	p.lastStep = time.Time{}
	move := historyMove(start.kind, before, p.history)
	if hint := p.takeHint(start); hint != "" {
		move = hint
	}
	p.c.emit(p.c.fold.navigate(s, start.url, move))
}

// causedByStep says that the page itself moved in its history, as far as one can tell: the browser says it only of
// other navigations.
func (n *navigation) causedByStep(start *started) bool {
	p := n.session.page
	if !strings.HasPrefix(start.kind, "history") || len(p.hints) > 0 {
		return false
	}
	return !p.lastStep.IsZero() && start.at.Sub(p.lastStep) < causedWithin
}

func historyMove(kind string, before, after int) string {
	switch {
	case strings.HasPrefix(kind, "reload"):
		return "reload"
	case !strings.HasPrefix(kind, "history"):
		return ""
	case after > before:
		return "forward"
	default:
		return "back"
	}
}

// becameDownload tells of an address that was typed and led to a file instead of a document.
func (n *navigation) becameDownload(url string) []Action {
	start := n.unfinished
	n.unfinished = nil
	if start == nil || start.caused || start.paused || start.url != url {
		return nil
	}
	p := n.session.page
	s := seen{page: p.pw, name: p.name, by: start.by, at: start.at}
	s.URL = p.pw.URL()
	return p.c.fold.navigate(s, start.url, "")
}

// historyIndex asks which entry of the session history is shown. It asks at once, on a goroutine of its own, and is
// read later: by then the page may have moved on. Without an answer it is what it was.
func (s *session) historyIndex() func(before int) int {
	answer := make(chan int, 1)
	go func() {
		defer close(answer)
		if reply, err := s.cdp.Send("Page.getNavigationHistory", map[string]any{}); err == nil {
			answer <- asParams(reply).number("currentIndex")
		}
	}()
	return func(before int) int {
		timer := time.NewTimer(time.Second)
		defer timer.Stop()
		select {
		case index, ok := <-answer:
			if ok {
				return index
			}
		case <-timer.C:
		}
		return before
	}
}

// hint is a move in the history that a person is about to make.
type hint struct {
	direction string
	at        time.Time
}

// hintFor is how long a hint waits for its navigation: there is none at the end of the history.
const hintFor = 5 * time.Second

// Traverse runs a person's move in the history of a page, direction "back" or "forward". Without it the direction is
// guessed, and a move right after a click is taken for the page's own.
func (c *Capture) Traverse(pw playwright.Page, direction string, move func() error) error {
	at := c.options.Now()
	c.queue.push(func() {
		if p, ok := c.page(pw); ok {
			p.hints = append(p.hints, hint{direction, at})
		}
	})
	return move()
}

// takeHint is the direction that was said of a navigation; empty when nothing was.
func (p *page) takeHint(start *started) string {
	p.hints = slices.DeleteFunc(p.hints, func(h hint) bool { return start.at.Sub(h.at) > hintFor })
	if len(p.hints) == 0 || !strings.HasPrefix(start.kind, "history") {
		return ""
	}
	direction := p.hints[0].direction
	p.hints = p.hints[1:]
	return direction
}

func (s *session) dialogOpening(p params) {
	box := recording.DialogBox{Kind: p.text("type"), Message: p.text("message")}
	s.page.c.queue.push(func() { s.page.pending = append(s.page.pending, box) })
}

// dialogClosed tells of a dialog with the answer that whoever drives gave.
func (s *session) dialogClosed(p params) {
	by, paused := s.page.c.state()
	at := s.page.c.options.Now()
	accept, text := p.bool("result"), p.text("userInput")
	s.page.c.queue.push(func() {
		page := s.page
		if len(page.pending) == 0 {
			return
		}
		box := page.pending[0]
		page.pending = page.pending[1:]
		if paused {
			return
		}
		box.Accept = accept
		if box.Kind == "prompt" && accept {
			box.Text = text
		}
		happened := seen{page: page.pw, name: page.name, by: by, at: at}
		happened.URL = page.pw.URL()
		page.c.emit(page.c.fold.dialog(happened, box))
	})
}
