package stage

import (
	"errors"
	"fmt"

	"tapedeck/domain/recording"
)

// take handles a viewer's message. An error is what the viewer is told.
func (s *Stage) take(from *seat, c command) error {
	if p, ok := c.(*plain); ok && (p.Op == "drive" || p.Op == "release") {
		return s.handOver(from, p.Op == "drive")
	}
	if err := s.mayDrive(from); err != nil {
		return err
	}
	switch c := c.(type) {
	case *plain:
		return s.takePlain(c.Op)
	case *mouse:
		if s.picker.takes(from, c) {
			return nil
		}
		return s.input(c)
	case *wheel, *key, *text, *compose, *touch:
		return s.input(c)
	case *visit:
		return s.visit(c.URL)
	case *tab:
		return s.takeTab(c)
	case *choose:
		return s.answer(c.ID, c)
	case *files:
		return s.answer(c.ID, c)
	case *dialog:
		return s.answer(c.ID, c)
	case *pick:
		return s.picker.setMode(c.Mode)
	case *assert:
		return s.picker.claim(from, c)
	case *viewport:
		return s.resize(recording.Size{Width: c.Width, Height: c.Height})
	}
	return fmt.Errorf("%T cannot be taken", c)
}

func (s *Stage) takePlain(op string) error {
	switch op {
	case "back", "forward", "reload":
		return s.history(op)
	case "openTab":
		s.spawn(s.openTab)
	case "pause", "resume":
		s.pause(op == "pause")
	case "stop":
		if s.cfg.OnStop != nil {
			s.spawn(s.cfg.OnStop)
		}
	}
	return nil
}

// handOver gives the drive to a viewer, or takes it.
func (s *Stage) handOver(seat *seat, wants bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.driver != nil && s.driver.over() {
		s.setDriver(nil) // it was dropped, and its transport has not noticed yet
	}
	switch {
	case wants && s.driver != nil && s.driver != seat:
		return errors.New("another viewer drives")
	case wants:
		s.setDriver(seat)
	case s.driver == seat:
		s.setDriver(nil)
	default:
		return nil
	}
	s.tellState()
	return nil
}

func (s *Stage) mayDrive(seat *seat) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.driver {
	case seat:
		return nil
	case nil:
		return errors.New("you only watch: nobody drives, take the drive first")
	}
	return errors.New("you only watch: another viewer drives")
}

func (s *Stage) pause(paused bool) {
	s.mu.Lock()
	same := s.paused == paused
	s.paused = paused
	s.tellState()
	s.mu.Unlock()
	if !same && s.cfg.OnPause != nil {
		s.spawn(func() { s.cfg.OnPause(paused) })
	}
}

// shown is the page that a viewer's input goes to.
func (s *Stage) shown() (*page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active == nil {
		return nil, errors.New("no page is open")
	}
	return s.active, nil
}

func (s *Stage) input(c command) error {
	p, err := s.shown()
	if err != nil {
		return err
	}
	return p.input.put(c)
}

// resize changes the shown page's size.
func (s *Stage) resize(size recording.Size) error {
	p, err := s.shown()
	if err != nil {
		return err
	}
	return p.input.do(func() {
		if err := p.pw.SetViewportSize(size.Width, size.Height); err != nil {
			s.Notice("error", "The page's size could not be changed: "+reason(err))
			return
		}
		if s.cfg.OnViewport != nil {
			s.cfg.OnViewport(p.pw, size)
		}
		s.mu.Lock()
		s.cfg.Viewport.Width, s.cfg.Viewport.Height = size.Width, size.Height
		s.mu.Unlock()
		p.cast.renew()
	})
}

func (s *Stage) takeTab(m *tab) error {
	p := s.named(m.Page)
	if p == nil {
		return fmt.Errorf("there is no page %.64q", m.Page)
	}
	if m.Op == "showTab" {
		s.show(p)
		return nil
	}
	return p.input.do(func() { s.spawn(p.leave) })
}

// leave closes a tab as a person does: the page may ask first (beforeunload), and its dialog comes by itself. The
// driver's own Close can do so once: when the person stays it takes the page for closing for ever.
func (p *page) leave() {
	select {
	case <-p.ready:
	default: // it hangs since its beginning
		p.shut()
		return
	}
	if _, err := p.send("Page.close", nil); err != nil && !p.isGone() && p.stage.ctx.Err() == nil {
		p.stage.Notice("error", "The tab could not be closed: "+reason(err))
	}
}

func (s *Stage) openTab() {
	if _, err := s.cfg.Context.NewPage(); err != nil {
		s.Notice("error", "No tab could be opened: "+reason(err))
	}
}
