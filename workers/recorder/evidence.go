package recorder

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
	"tapedeck/workers/recorder/stage"
)

// evidence takes a picture and the document of pages after steps, one at a
// time. Steps that come faster than pictures can be taken share what follows:
// only the last of them gets one.
type evidence struct {
	s    *session
	wake chan struct{}
	quit chan struct{}
	done chan struct{}
	once sync.Once

	mu   sync.Mutex
	todo []target
	busy sync.Mutex // held while one is taken
}

type target struct {
	step   string
	page   playwright.Page
	marked bool // the driver's trace is told: it knows nothing of what a person does
}

// maxWaiting bounds how many steps wait for their pictures.
const maxWaiting = 4

func newEvidence(s *session) *evidence {
	e := &evidence{s: s, wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{})}
	go e.run()
	return e
}

// ask queues a person's step; it does not wait.
func (e *evidence) ask(step string, page playwright.Page) {
	if page == nil || !e.s.in.Capture.Screenshots && !e.s.in.Capture.DOM && !e.s.tracing {
		return
	}
	e.mu.Lock()
	if n := len(e.todo); n > 0 && e.todo[n-1].step == step {
		e.todo[n-1].page = page
	} else {
		e.todo = append(e.todo, target{step, page, true})
	}
	if len(e.todo) > maxWaiting {
		e.s.note("some steps came too fast to take a picture of each")
		e.todo = e.todo[1:]
	}
	e.mu.Unlock()
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

func (e *evidence) run() {
	defer close(e.done)
	for {
		select {
		case <-e.wake:
		case <-e.quit:
			return
		}
		if !e.lull() {
			return
		}
		for {
			next, ok := e.next()
			if !ok {
				break
			}
			e.take(context.Background(), next)
		}
	}
}

// afterglow is how long a page has to show what a step did: its picture would
// hold up the frame that the person waits for.
const afterglow = 120 * time.Millisecond

// lull waits for the afterglow; false when it is over.
func (e *evidence) lull() bool {
	timer := time.NewTimer(afterglow)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-e.quit:
		return false
	}
}

func (e *evidence) next() (target, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case <-e.quit:
		return target{}, false
	default:
	}
	if len(e.todo) == 0 {
		return target{}, false
	}
	next := e.todo[0]
	e.todo = e.todo[1:]
	return next, true
}

// stop ends it; what is being taken is finished.
func (e *evidence) stop() {
	e.once.Do(func() { close(e.quit) })
	<-e.done
}

// drain takes what still waits, and a last picture for a film that has none, and ends.
func (e *evidence) drain(ctx context.Context) {
	for {
		next, ok := e.next()
		if !ok || ctx.Err() != nil {
			break
		}
		e.take(ctx, next)
	}
	e.stop()
	if e.s.stage == nil || e.s.film == nil {
		return
	}
	if page := e.s.stage.Active(); page != nil && e.s.film.empty() && ctx.Err() == nil {
		ctx, cancel := context.WithTimeout(ctx, shotTimeout)
		defer cancel()
		_, _ = e.still(ctx, page) // it stands in; without it the film says what is missing
	}
}

// shotTimeout bounds one picture: a page that shows a dialog gives none.
const shotTimeout = 5 * time.Second

// take stores what is to be seen of a page now, and says so in the step.
func (e *evidence) take(ctx context.Context, of target) {
	e.busy.Lock()
	defer e.busy.Unlock()
	step, page := of.step, of.page
	if page == nil || page.IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeoutCause(ctx, 2*shotTimeout, fmt.Errorf("the page does not answer"))
	defer cancel()
	if of.marked && e.s.tracing {
		_, _ = call(ctx, func() (any, error) { return page.Evaluate(traceMark(step)) })
	}
	seen := recording.Evidence{URL: e.s.mask.URL(page.URL())}
	var looks sync.WaitGroup
	if e.s.in.Capture.Screenshots {
		looks.Go(func() { seen.Screenshot = e.picture(ctx, step, page) })
	}
	if e.s.in.Capture.DOM {
		looks.Go(func() { seen.DOM = e.document(ctx, step, page) })
	}
	looks.Go(func() {
		if title, err := call(ctx, func() (string, error) { return page.Title() }); err == nil {
			seen.Title = e.s.mask.Text(title)
		}
	})
	looks.Wait()
	e.s.scribe.amend(step, func(st *recording.Step) {
		if st.Evidence == nil {
			st.Evidence = &recording.Evidence{}
		}
		have := st.Evidence
		have.Screenshot, have.DOM = seen.Screenshot, seen.DOM
		if have.URL == "" {
			have.URL = seen.URL
		}
		if have.Title == "" {
			have.Title = seen.Title
		}
		if have.Viewport == nil {
			if size := page.ViewportSize(); size != nil {
				have.Viewport = &recording.Size{Width: size.Width, Height: size.Height}
			}
		}
	})
}

// A page that goes elsewhere while it is looked at gives no picture: it is tried again.
const (
	shotPatience = 4 * time.Second
	shotPause    = 300 * time.Millisecond
)

// picture stores a picture of the page; "" when there is none, which is said.
func (e *evidence) picture(ctx context.Context, step string, page playwright.Page) string {
	jpeg, err := e.still(ctx, page)
	if err == nil {
		return e.s.store(ctx, "screenshots/"+fileName(step)+".jpeg", bytes.NewReader(jpeg))
	}
	if !page.IsClosed() { // as it often is after a click
		e.s.note("no picture of step %s: %s", step, firstLine(err))
	}
	return ""
}

// still waits for a page that can be looked at.
func (e *evidence) still(ctx context.Context, page playwright.Page) ([]byte, error) {
	for until := time.Now().Add(shotPatience); ; {
		jpeg, err := e.screenshot(ctx, page)
		if err == nil || page.IsClosed() || time.Now().After(until) || pause(ctx, shotPause) != nil {
			return jpeg, err
		}
	}
}

// screenshot is what is to be seen of the page, without secrets. An error of
// looking for them is an error: what must not be shown could be anywhere.
func (e *evidence) screenshot(ctx context.Context, page playwright.Page) ([]byte, error) {
	before, document, err := e.s.hiders.settled(ctx, page)
	if err != nil {
		return nil, err
	}
	jpeg, err := call(ctx, func() ([]byte, error) {
		return page.Screenshot(playwright.PageScreenshotOptions{
			Type: playwright.ScreenshotTypeJpeg, Quality: playwright.Int(80), Scale: playwright.ScreenshotScaleCss,
			Timeout: playwright.Float(float64(shotTimeout.Milliseconds())),
		})
	})
	if err != nil {
		return nil, err
	}
	after, still, err := e.s.hiders.settled(ctx, page)
	if err != nil {
		return nil, err
	}
	if still != document {
		return nil, stage.ErrElsewhere
	}
	size := page.ViewportSize()
	if size == nil {
		size = &playwright.Size{Width: e.s.look.Viewport.Width, Height: e.s.look.Viewport.Height}
	}
	jpeg, err = stage.Paint(jpeg, size.Width, size.Height, append(before, after...))
	if film := e.s.film; err == nil && film != nil {
		film.standIn(e.s.pages.name(page), *size, e.s.cfg.Now().Sub(e.s.began), jpeg)
	}
	return jpeg, err
}

func (e *evidence) document(ctx context.Context, step string, page playwright.Page) string {
	content, err := call(ctx, func() (string, error) { return page.Content() })
	if err != nil {
		return ""
	}
	if len(content) > e.s.cfg.Limits.Document {
		e.s.note("the document of step %s is larger than %d bytes and was not kept", step, e.s.cfg.Limits.Document)
		return ""
	}
	masked := e.s.mask.Body("text/html", []byte(content))
	return e.s.store(ctx, "dom/"+fileName(step)+".html", bytes.NewReader(masked))
}

// fileName is a step's id as a file's name.
func fileName(id string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, id)
}
