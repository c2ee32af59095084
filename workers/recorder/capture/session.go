package capture

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/playwright-community/playwright-go"
)

// session is our line to one process that draws a page: the page's own, or that of a frame from another site.
type session struct {
	page  *page
	cdp   playwright.CDPSession
	frame playwright.Frame // nil for the page's own
	nav   *navigation

	mu       sync.Mutex
	root     string         // the frame it belongs to
	contexts map[int]string // isolated worlds: execution context → frame
	ended    bool
}

// attach opens a session and starts the script in every document that it shows now or later.
func (p *page) attach(target any, f playwright.Frame) (*session, error) {
	cdp, err := p.c.ctx.NewCDPSession(target)
	if err != nil {
		return nil, err
	}
	s := &session{page: p, cdp: cdp, frame: f, contexts: map[int]string{}}
	s.nav = &navigation{session: s}
	s.listen()
	if err := within(watchWait, s.start); err != nil {
		return nil, fmt.Errorf("start the capture script: %w", err)
	}
	return s, nil
}

func (s *session) listen() {
	on := func(method string, handle func(params)) {
		s.cdp.On(method, func(p map[string]any) { handle(p) })
	}
	on("Runtime.executionContextCreated", s.contextCreated)
	on("Runtime.executionContextDestroyed", s.contextDestroyed)
	on("Runtime.executionContextsCleared", func(params) { s.contextsCleared() })
	on("Runtime.bindingCalled", s.bindingCalled)
	on("Page.frameAttached", s.frameAttached)
	if s.frame == nil {
		s.nav.listen(on)
		on("Page.javascriptDialogOpening", s.dialogOpening)
		on("Page.javascriptDialogClosed", s.dialogClosed)
	}
}

func (s *session) start() error {
	for _, call := range []struct {
		method string
		params map[string]any
	}{
		// Bindings are given to worlds only once the runtime is enabled.
		{"Runtime.enable", map[string]any{}},
		{"Runtime.addBinding", map[string]any{"name": bindingName, "executionContextName": worldName}},
		{"Page.enable", map[string]any{}},
		{"Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": s.page.c.source, "worldName": worldName, "runImmediately": true}},
	} {
		if _, err := s.cdp.Send(call.method, call.params); err != nil {
			return fmt.Errorf("%s: %w", call.method, err)
		}
	}
	tree, err := s.cdp.Send("Page.getFrameTree", map[string]any{})
	if err != nil {
		return fmt.Errorf("the page's frames: %w", err)
	}
	s.learnTree(params{"tree": tree}.at("tree").at("frameTree"), "")
	return nil
}

// learnTree remembers which frame is in which.
func (s *session) learnTree(tree params, parent string) {
	id := tree.at("frame").text("id")
	if parent == "" {
		s.mu.Lock()
		s.root = id
		s.mu.Unlock()
	} else {
		s.page.setParent(id, parent, s)
	}
	for _, child := range tree.list("childFrames") {
		s.learnTree(child, id)
	}
}

func (s *session) frameAttached(p params) {
	s.page.setParent(p.text("frameId"), p.text("parentFrameId"), s)
}

func (s *session) contextCreated(p params) {
	context := p.at("context")
	if context.text("name") != worldName {
		return
	}
	frameID := context.at("auxData").text("frameId")
	s.mu.Lock()
	s.contexts[context.number("id")] = frameID
	s.mu.Unlock()
	s.page.c.queue.push(func() { s.page.learnOwner(s, frameID) })
}

func (s *session) contextDestroyed(p params) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.contexts, p.number("executionContextId"))
}

func (s *session) contextsCleared() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.contexts = map[int]string{}
}

// world is the isolated world of a frame; 0 when there is none.
func (s *session) world(frameID string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	newest := 0
	for context, frame := range s.contexts {
		if frame == frameID {
			newest = max(newest, context)
		}
	}
	return newest
}

// bindingCalled is a message of the script. Everything that it may race with is looked up here, on the dispatch
// goroutine; the rest is the worker's.
func (s *session) bindingCalled(p params) {
	if p.text("name") != bindingName {
		return
	}
	c := s.page.c
	by, paused := c.state()
	if paused {
		return
	}
	at := c.options.Now()
	context := p.number("executionContextId")
	frameID := s.frameIn(context)
	payload := p.text("payload")
	c.queue.push(func() {
		if frameID == "" { // it spoke before the browser had told of it
			frameID = s.frameIn(context)
		}
		s.handle(payload, frameID, by, at)
	})
}

// frameIn is the frame of an isolated world.
func (s *session) frameIn(context int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.contexts[context]
}

func (s *session) handle(payload, frameID, by string, at time.Time) {
	c := s.page.c
	m, err := parseMessage(payload)
	if err != nil {
		c.options.Log.Warn("a message of the capture script is unreadable", "err", err)
		return
	}
	c.mu.Lock()
	c.costs = append(c.costs, m.CostMS)
	if len(c.costs) > keptCosts {
		c.costs = c.costs[1:]
	}
	c.mu.Unlock()
	if m.Kind == "fault" {
		c.options.Log.Warn("the capture script failed on an event", "page", m.URL, "err", m.Text)
		return
	}
	happened := seen{message: m, page: s.page.pw, name: s.page.name, by: by, at: at}
	s.page.place(s, frameID, &happened)
	if m.Kind == "appeared" {
		c.suggest(happened)
		return
	}
	s.page.lastStep = at
	c.emit(c.fold.add(happened))
}

// keptCosts bounds what Costs remembers.
const keptCosts = 10_000

// alive says whether the process that the session talks to is still there.
func (s *session) alive() bool {
	err := within(time.Second, func() error {
		_, err := s.cdp.Send("Page.getFrameTree", map[string]any{})
		return err
	})
	return err == nil || errors.Is(err, errSlow)
}

// detach lets go of the process. It does not wait: a page that hangs answers only when it closes.
func (s *session) detach() {
	s.mu.Lock()
	ended := s.ended
	s.ended = true
	s.mu.Unlock()
	if ended {
		return
	}
	for _, method := range sessionEvents {
		s.cdp.RemoveListeners(method)
	}
	if s.page.gone() {
		return
	}
	let := make(chan struct{})
	go func() {
		defer close(let)
		_ = s.cdp.Detach() // it fails when the page is gone already
	}()
	s.page.c.leaving = append(s.page.c.leaving, let)
}

// sessionEvents are what a session listens to.
var sessionEvents = []string{
	"Runtime.executionContextCreated", "Runtime.executionContextDestroyed", "Runtime.executionContextsCleared",
	"Runtime.bindingCalled", "Page.frameAttached", "Page.frameRequestedNavigation", "Page.frameStartedNavigating",
	"Page.frameNavigated", "Page.navigatedWithinDocument", "Page.javascriptDialogOpening", "Page.javascriptDialogClosed",
}

// params are the parameters of a message of the browser; a member that is missing or of another type reads as zero.
type params map[string]any

func (p params) at(name string) params {
	m, _ := p[name].(map[string]any)
	return m
}

func (p params) text(name string) string {
	text, _ := p[name].(string)
	return text
}

func (p params) bool(name string) bool {
	b, _ := p[name].(bool)
	return b
}

func (p params) number(name string) int {
	switch n := p[name].(type) {
	case float64:
		return int(n)
	case int:
		return n
	}
	return 0
}

func (p params) list(name string) []params {
	all, _ := p[name].([]any)
	out := make([]params, 0, len(all))
	for _, one := range all {
		if m, ok := one.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}
