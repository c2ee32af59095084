package stage

import (
	"errors"
	"fmt"
	"sync"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
)

// maxPicks bounds the picked elements that claims may still be made about.
const maxPicks = 100

// picker finds elements on the canvas for the driver.
type picker struct {
	s    *Stage
	wake chan struct{}

	mu    sync.Mutex
	mode  string
	hover *spot // where to highlight next
	click *spot // what to pick next
	picks map[string]pickedElement
	order []string
	next  int
}

type spot struct {
	seat *seat
	page *page
	x, y float64
}

type pickedElement struct {
	page   playwright.Page
	target recording.Target
}

func newPicker(s *Stage) *picker {
	return &picker{s: s, wake: make(chan struct{}, 1), mode: "off", picks: map[string]pickedElement{}}
}

// setMode turns picking on and off.
func (p *picker) setMode(mode string) error {
	if mode != "off" && p.s.cfg.Describe == nil {
		return errors.New("nothing can be picked in this session")
	}
	if mode == "off" {
		p.off()
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode = mode
	return nil
}

func (p *picker) off() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode, p.hover, p.click = "off", nil, nil
}

// takes says whether the mouse picks. Only the newest place is looked at.
func (p *picker) takes(from *seat, m *mouse) bool {
	shown, err := p.s.shown()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mode == "off" || err != nil {
		return false
	}
	at := &spot{seat: from, page: shown, x: *m.X, y: *m.Y}
	switch m.Type {
	case "move":
		p.hover = at
	case "down":
		p.click = at
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return true
}

func (p *picker) loop() {
	for {
		select {
		case <-p.wake:
		case <-p.s.ctx.Done():
			return
		}
		p.mu.Lock()
		hover, click := p.hover, p.click
		p.hover, p.click = nil, nil
		p.mu.Unlock()
		if hover != nil && click == nil {
			p.highlight(hover)
		}
		if click != nil {
			p.pick(click)
		}
	}
}

func (p *picker) highlight(at *spot) {
	out := highlight{Op: "highlight"}
	if e, err := p.s.cfg.Describe(p.s.ctx, at.page.pw, at.x, at.y); err == nil && e != nil {
		out.Box, out.Label = &e.Box, e.Label
	}
	at.seat.push("highlight", encode(out))
}

func (p *picker) pick(at *spot) {
	e, err := p.s.cfg.Describe(p.s.ctx, at.page.pw, at.x, at.y)
	switch {
	case err != nil:
		at.seat.fail("nothing could be picked: " + reason(err))
		return
	case e == nil:
		at.seat.fail("nothing is there")
		return
	}
	at.seat.push("", encode(picked{
		Op: "picked", PickID: p.keep(at.page.pw, e.Target), Label: e.Label, Target: e.Target, Box: e.Box, Suggestions: e.Suggestions,
	}))
}

// keep remembers an element for claims about it.
func (p *picker) keep(page playwright.Page, target recording.Target) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	id := fmt.Sprintf("p%d", p.next)
	p.picks[id] = pickedElement{page: page, target: target}
	p.order = append(p.order, id)
	if len(p.order) > maxPicks {
		delete(p.picks, p.order[0])
		p.order = p.order[1:]
	}
	return id
}

// claim records what a viewer says about a picked element, or about the page.
func (p *picker) claim(from *seat, m *assert) error {
	if p.s.cfg.AddAssertion == nil {
		return errors.New("this session takes no assertions")
	}
	about, err := p.about(m.PickID)
	if err != nil {
		return err
	}
	var target *recording.Target
	if m.PickID != "" {
		target = &about.target
	}
	p.s.spawn(func() {
		if err := p.s.cfg.AddAssertion(p.s.ctx, about.page, target, *m.assertion()); err != nil {
			from.fail("the assertion was not added: " + reason(err))
		}
	})
	return nil
}

// about is the element with that id; the shown page for "".
func (p *picker) about(id string) (pickedElement, error) {
	if id == "" {
		shown, err := p.s.shown()
		if err != nil {
			return pickedElement{}, err
		}
		return pickedElement{page: shown.pw}, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok := p.picks[id]
	if !ok {
		return e, fmt.Errorf("nothing was picked with the id %.64q", id)
	}
	return e, nil
}
