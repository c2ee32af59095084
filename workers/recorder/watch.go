package recorder

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/eventstore"
	"tapedeck/proxy"
	"tapedeck/proxy/har"
	"tapedeck/workers"
)

func holds(j *workers.Job) []eventstore.Hold { return []eventstore.Hold{j.Hold()} }

// watch attaches everything that listens to the context. Handlers run on the
// driver's dispatch goroutine: they only write down what came.
func (s *session) watch() error {
	s.pages = newPageList(s.noPages)
	hear := s.onConsole // one value, by which it is found again
	s.lines = &console{
		mask: s.mask.Text, maskURL: s.mask.URL, maxLines: s.cfg.Limits.ConsoleLines, maxBytes: s.cfg.Limits.ConsoleBytes,
		full: func() { go s.ctx.RemoveListener("console", hear) }, // each line costs the driver several messages
	}
	s.arrivals = &arrivals{byID: map[string]*arrival{}}
	s.hiders = newHiders(s.mask, s.secretNames())
	if s.in.Capture.Video {
		var err error
		if s.film, err = newFilm(s.path("film"), s.cfg.Limits.Frames); err != nil {
			return err
		}
	}
	s.learner = newLearner(s.mask)
	s.proxy.OnEntry(s.learner.offer)
	s.pics = newEvidence(s)
	s.ctx.OnPage(s.onPage)
	if s.in.Capture.Console {
		s.ctx.OnConsole(hear)
		s.ctx.OnWebError(s.onWebError)
	}
	if s.in.Capture.Trace {
		err := s.ctx.Tracing().Start(playwright.TracingStartOptions{
			Snapshots: playwright.Bool(true), Screenshots: playwright.Bool(false), Sources: playwright.Bool(false),
		})
		if err != nil {
			return explain(err)
		}
		s.tracing = true
	}
	return nil
}

// lossWithin is how long after its pages a browser that dies may be missed.
const lossWithin = 500 * time.Millisecond

// noPages ends the session, in good order unless it was the browser that went.
func (s *session) noPages() {
	go func() {
		select {
		case <-s.ctx.Lost():
		case <-s.over:
		case <-time.After(lossWithin):
			s.stop(s.whyNoPages())
		}
	}()
}

func (s *session) whyNoPages() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loop != "" {
		return fmt.Sprintf("all pages were closed, %s because its script did nothing but open dialogs", s.loop)
	}
	return "all pages were closed"
}

// looped is told of a page that is closed because of its dialogs.
func (s *session) looped(page playwright.Page) {
	name := s.pages.name(page)
	s.mu.Lock()
	s.loop = name
	s.mu.Unlock()
	s.note("%s was closed: its script did nothing but open dialogs", name)
}

func (s *session) onPage(page playwright.Page) {
	s.pages.add(page)
	if s.pages.count() > s.cfg.Limits.Pages {
		s.stop(fmt.Sprintf("more than %d pages were opened, the most that a recording may", s.cfg.Limits.Pages))
		return
	}
	s.mu.Lock()
	_, attended := s.attended[page]
	s.attended[page] = true
	s.mu.Unlock()
	if attended {
		return
	}
	page.OnDownload(s.arrivals.onDownload)
	s.attending.Go(func() { s.attend(page) })
}

// attend opens a session of the browser's own protocol for a page: it tells how
// far files have come and where texts stand.
func (s *session) attend(page playwright.Page) {
	cdp, err := s.ctx.NewCDPSession(page)
	if err != nil {
		return // it is closed already
	}
	cdp.On("Page.downloadWillBegin", s.arrivals.begins)
	cdp.On("Page.downloadProgress", func(params map[string]any) {
		if d := s.arrivals.progress(params, s.cfg.Limits.Download); d != nil {
			go s.cancelDownload(d)
		}
	})
	if _, err := cdp.Send("Page.enable", map[string]any{}); err != nil {
		return
	}
	s.hiders.add(page, cdp)
}

func (s *session) onConsole(m playwright.ConsoleMessage) {
	now := s.cfg.Now()
	l := line{Time: now, OffsetMS: now.Sub(s.began).Milliseconds(), Level: m.Type(), Text: m.Text()}
	if page := m.Page(); page != nil {
		l.Page = s.pages.name(page)
	}
	if at := m.Location(); at != nil {
		l.URL, l.Line = at.URL, at.LineNumber
	}
	s.lines.add(l)
}

func (s *session) onWebError(e playwright.WebError) {
	now := s.cfg.Now()
	l := line{Time: now, OffsetMS: now.Sub(s.began).Milliseconds(), Level: "error"}
	if err := e.Error(); err != nil {
		l.Text = "uncaught: " + err.Error()
		var own *playwright.Error
		if errors.As(err, &own) && own.Stack != "" {
			l.Text = "uncaught: " + own.Stack
		}
	}
	if page := e.Page(); page != nil {
		l.Page = s.pages.name(page)
	}
	s.lines.add(l)
}

// learner passes every exchange through the masker as it is complete, so that
// a token is known before a page shows it.
type learner struct {
	mask  har.Redactor
	queue chan proxy.Entry
	quit  chan struct{}
	once  sync.Once
	done  chan struct{}
}

func newLearner(m har.Redactor) *learner {
	l := &learner{mask: m, queue: make(chan proxy.Entry, 256), quit: make(chan struct{}), done: make(chan struct{})}
	go l.run()
	return l
}

// maxLearn bounds how much of a body is looked at while recording; all of it is at the end.
const maxLearn = 1 << 20

func (l *learner) run() {
	defer close(l.done)
	for {
		select {
		case e := <-l.queue:
			_ = har.Write(io.Discard, []proxy.Entry{e}, har.Options{Redactor: l.mask, MaxText: maxLearn})
		case <-l.quit:
			return
		}
	}
}

// offer does not wait: what does not fit is looked at when the HAR is written.
func (l *learner) offer(e proxy.Entry) {
	select {
	case l.queue <- e:
	default:
	}
}

func (l *learner) stop() {
	l.once.Do(func() { close(l.quit) })
	<-l.done
}
