package stage

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
)

const (
	// maxDialogs is how many dialogs a page may open in a row before the stage answers them. A row ends with any input,
	// and when the page rests for a while after an answer.
	maxDialogs = 10
	// maxLoop is how many it may go on opening before it is closed.
	maxLoop = 30
	// dialogRest is what ends a row: a script in a loop has its next dialog up within milliseconds.
	dialogRest = time.Second
	// longMessage is what viewers get of a dialog's text, in bytes.
	longMessage = 10_000
)

// ask is a question of a page that a viewer answers.
type ask struct {
	id      string
	wants   command // its type is that of the answer
	message []byte
	answer  chan command
	over    chan struct{} // closed when the question is void
}

// ask puts a question to the viewers; the caller closes it.
func (s *Stage) ask(wants command, build func(id string) any) *ask {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextID++
	a := &ask{id: fmt.Sprintf("q%d", s.nextID), wants: wants, answer: make(chan command, 1), over: make(chan struct{})}
	a.message = encode(build(a.id))
	s.asks[a.id] = a
	s.order = append(s.order, a.id)
	for _, seat := range s.seats {
		seat.push("", a.message)
	}
	return a
}

// closeAsk takes a question back.
func (s *Stage) closeAsk(a *ask) {
	s.mu.Lock()
	delete(s.asks, a.id)
	s.order = slices.DeleteFunc(s.order, func(id string) bool { return id == a.id })
	s.mu.Unlock()
	s.tell(closed{Op: "closed", ID: a.id})
}

// answer hands a viewer's answer to whoever asked.
func (s *Stage) answer(id string, c command) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.asks[id]
	if !ok || reflect.TypeOf(a.wants) != reflect.TypeOf(c) {
		return fmt.Errorf("nothing with the id %.64q waits for this answer", id)
	}
	select {
	case a.answer <- c:
		return nil
	default:
		return errors.New("it was answered already")
	}
}

// onDialog runs on a goroutine that the driver makes for the dialog.
func (s *Stage) onDialog(d playwright.Dialog) {
	s.mu.Lock()
	stopped := s.stopped
	if !stopped {
		s.work.Add(1)
		defer s.work.Done()
	}
	s.mu.Unlock()
	switch {
	case stopped:
		_ = settle(d, byDefault(d))
	case s.cfg.TakeDialog == nil || s.cfg.TakeDialog(d):
		s.dialog(d)
	}
}

func (s *Stage) dialog(d playwright.Dialog) {
	p := s.pageOf(d.Page())
	if p == nil { // it closed meanwhile
		_ = settle(d, byDefault(d))
		return
	}
	p.dialogOpen.Store(true)
	if time.Since(time.Unix(0, p.dialogEnd.Load())) > dialogRest {
		p.dialogs.Store(0)
	}
	box, asked := s.decide(p, d)
	p.dialogEnd.Store(time.Now().UnixNano())
	if s.cfg.OnDialog != nil {
		s.cfg.OnDialog(d.Page(), box)
	}
	if err := settle(d, box); err != nil && !p.isGone() && s.ctx.Err() == nil {
		s.cfg.Logger.Warn("a dialog could not be answered", "session", s.cfg.SessionID, "error", err)
	}
	p.dialogOpen.Store(false)
	if asked != nil {
		s.closeAsk(asked) // who hears of it may use the page at once
	}
}

// decide finds the answer to a dialog: a viewer's, if one was asked, or the one that lets the page go on.
func (s *Stage) decide(p *page, d playwright.Dialog) (recording.DialogBox, *ask) {
	n := p.dialogs.Add(1)
	switch _, seats, _ := s.driven(); {
	case n > maxDialogs:
		s.endLoop(p, n)
		return byDefault(d), nil
	case seats == 0:
		return byDefault(d), nil
	}
	a := s.ask(&dialog{}, func(id string) any {
		return askDialog{Op: "dialog", ID: id, Kind: d.Type(), Message: clip(d.Message(), longMessage), Default: clip(d.DefaultValue(), longMessage)}
	})
	box := byDefault(d)
	if c, ok := s.await(p, a).(*dialog); ok {
		box.Accept, box.Text = c.Accept, ""
		if d.Type() == "prompt" && c.Accept {
			box.Text = c.Text
		}
	}
	return box, a
}

// await waits for an answer; nil when nobody drives for too long, or the page or the stage is gone.
func (s *Stage) await(p *page, a *ask) command {
	for {
		driver, _, changed := s.driven()
		var timeout <-chan time.Time
		if !driver {
			timer := time.NewTimer(s.cfg.DialogTimeout)
			defer timer.Stop()
			timeout = timer.C
		}
		select {
		case c := <-a.answer:
			return c
		case <-changed:
		case <-timeout:
			s.Notice("warn", "A dialog was dismissed, because nobody drives.")
			return nil
		case <-p.gone:
			return nil
		case <-s.ctx.Done():
			return nil
		}
	}
}

// endLoop stops a page that does nothing but open dialogs.
func (s *Stage) endLoop(p *page, n int32) {
	if n == maxDialogs+1 {
		s.Notice("warn", "The page opens one dialog after the other: they are dismissed until you use the page again.")
	}
	if n != maxLoop {
		return
	}
	// Runtime.terminateExecution does not end such a loop within hundreds of dialogs: the tab has to go.
	s.Notice("error", "A tab was closed: its script did nothing but open dialogs.")
	s.spawn(func() {
		if s.cfg.OnLoop != nil {
			s.cfg.OnLoop(p.pw)
		}
		p.shut()
	})
}

// byDefault is the answer that lets a page go on.
func byDefault(d playwright.Dialog) recording.DialogBox {
	return recording.DialogBox{Kind: d.Type(), Message: d.Message(), Accept: d.Type() == "beforeunload"}
}

func settle(d playwright.Dialog, box recording.DialogBox) error {
	switch {
	case !box.Accept:
		return d.Dismiss()
	case box.Kind == "prompt":
		return d.Accept(box.Text)
	}
	return d.Accept()
}

func (s *Stage) pageOf(pw playwright.Page) *page {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.pages {
		if p.pw == pw {
			return p
		}
	}
	return nil
}

// fileChooser asks for files. A page has one chooser: a second one takes the first one's place.
func (s *Stage) fileChooser(p *page, c playwright.FileChooser) {
	accept, err := c.Element().GetAttribute("accept") //nolint:staticcheck // a chooser has a handle and no locator
	if err != nil {
		return // the element is gone, nobody waits for files
	}
	a := s.ask(&files{}, func(id string) any {
		return askFiles{Op: "files", ID: id, Multiple: c.IsMultiple(), Accept: accept}
	})
	defer s.closeAsk(a)
	p.world.replace("files", a)
	defer p.world.done("files", a)
	select {
	case answer := <-a.answer:
		if given := answer.(*files).Files; given != nil {
			s.giveFiles(p, c, given)
		}
	case <-a.over:
	case <-p.gone:
	case <-s.ctx.Done():
	}
}

func (s *Stage) giveFiles(p *page, c playwright.FileChooser, given []uploadFile) {
	if len(given) > 1 && !c.IsMultiple() {
		s.Notice("error", "The page takes one file only: none was given to it.")
		return
	}
	list := make([]playwright.InputFile, len(given))
	for i, f := range given {
		list[i] = playwright.InputFile{Name: f.Name, MimeType: f.ContentType, Buffer: f.Data}
	}
	if s.cfg.OnFiles != nil {
		s.cfg.OnFiles(p.pw, list)
	}
	if err := c.SetFiles(list); err != nil && !p.isGone() {
		s.Notice("error", "The files could not be given to the page: "+reason(err))
	}
}

// downloading tells of a download and of its end. Its goroutine is not waited for: the driver answers when the
// download ends, or the context does.
func (s *Stage) downloading(d playwright.Download) {
	name := d.SuggestedFilename()
	s.tell(downloadIs{Op: "download", Name: name, Status: "started"})
	go func() {
		out := downloadIs{Op: "download", Name: name, Status: "finished"}
		if err := d.Failure(); err != nil {
			out.Status = "failed"
		} else if path, err := d.Path(); err == nil {
			if info, err := os.Stat(path); err == nil {
				out.Size = info.Size()
			}
		}
		s.tell(out)
	}()
}
