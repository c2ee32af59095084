package play

import (
	"slices"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
)

// expect notes which dialog steps answer the dialogs of a step: those that follow before anything else is done.
func (p *pages) expect(step recording.Step, next []recording.Step) {
	steps := []recording.Step{step}
	for _, s := range next {
		passive := slices.Contains([]recording.Action{recording.Dialog, recording.OpenPage, recording.ClosePage, recording.Download}, s.Type)
		if !s.Disabled && !passive {
			break
		}
		steps = append(steps, s)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expected = nil
	for _, s := range steps {
		if s.Type == recording.Dialog && !s.Disabled && s.Dialog != nil && !p.answered[s.ID] {
			p.expected = append(p.expected, s)
		}
	}
}

// expects says whether a dialog of that kind is going to be answered by a step.
func (p *pages) expects(kind string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.expected, func(s recording.Step) bool { return s.Dialog.Kind == kind })
}

// answer is the driver's dialog handler. It runs on a goroutine of its own and may block.
func (p *pages) answer(d playwright.Dialog) {
	a := Answer{
		DialogBox: recording.DialogBox{Kind: d.Type(), Message: d.Message()},
		Page:      p.nameOf(d.Page()),
	}
	if step := p.takeExpected(d); step != nil {
		a.Accept, a.Text, a.StepID = step.Dialog.Accept, step.Dialog.Text, step.ID
	} else if p.unanswered != nil && p.unanswered(d) {
		a.Left = true
	} else {
		a.Accept = a.Kind == "beforeunload"
	}
	if !a.Left {
		_ = reply(d, a.DialogBox) // it fails when the page is gone, and then there is no dialog either
	}
	p.change(func() {
		p.answers = append(p.answers, a)
		if a.StepID != "" {
			p.answered[a.StepID] = true
		}
		if a.Left {
			close(p.left)
			p.left = make(chan struct{})
		}
	})
}

func (p *pages) takeExpected(d playwright.Dialog) *recording.Step {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, s := range p.expected {
		if s.Dialog.Kind == "" || s.Dialog.Kind == d.Type() {
			p.expected = slices.Delete(p.expected, i, i+1)
			return &s
		}
	}
	return nil
}

func reply(d playwright.Dialog, box recording.DialogBox) error {
	switch {
	case !box.Accept:
		return d.Dismiss()
	case box.Kind == "prompt":
		return d.Accept(box.Text)
	}
	return d.Accept()
}

func (p *pages) takeAnswers() []Answer {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.answers
	p.answers = nil
	return out
}

func (p *pages) leftOpen() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.left
}

// dialog waits until the step's dialog has come; it may have been answered while the step before was under way.
func (r *run) dialog() error {
	ok, err := r.await(r.left(), func() bool {
		r.pages.mu.Lock()
		defer r.pages.mu.Unlock()
		return r.pages.answered[r.step.ID]
	})
	if err != nil {
		return err
	}
	if !ok {
		return fail(Timeout, "no %s appeared", dialogName(r.step.Dialog.Kind))
	}
	r.pages.mu.Lock()
	delete(r.pages.answered, r.step.ID) // the same step may be run again
	r.pages.mu.Unlock()
	return nil
}

func dialogName(kind string) string {
	if kind == "" {
		return "dialog"
	}
	return kind + " dialog"
}
