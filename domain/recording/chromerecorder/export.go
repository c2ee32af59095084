package chromerecorder

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/recording"
)

// Export writes a recording for Chrome's Recorder panel. The notes say what Chrome has no word for; such steps are
// kept as custom steps, which Chrome passes over. A secret's value is in no recording, and so not here either.
func Export(d recording.Document) ([]byte, []Note, error) {
	ex := &exporter{flow: flow{Title: d.Name, Steps: []step{}}, targets: map[string]string{"page": mainTarget}}
	for i, s := range d.Steps {
		ex.at = i
		ex.step(s, d.Steps[i+1:])
	}
	raw, err := json.Marshal(ex.flow, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return nil, nil, fmt.Errorf("export for Chrome: %w", err)
	}
	return append(raw, '\n'), ex.notes, nil
}

type exporter struct {
	flow    flow
	notes   []Note
	at      int
	targets map[string]string // Chrome's target, by our name of a page
	held    bool              // the last step of ours is in the flow as Chrome's own, so that events may be added to it
}

func (ex *exporter) lost(member, format string, args ...any) {
	path := "steps/" + strconv.Itoa(ex.at)
	if member != "" {
		path += "/" + member
	}
	ex.notes = append(ex.notes, Note{Path: path, Message: fmt.Sprintf(format, args...)})
}

// stepPage is the name of the page that a step happens in.
func stepPage(s recording.Step) string { return cmp.Or(s.Page, "page") }

func (ex *exporter) step(s recording.Step, next []recording.Step) {
	target, known := ex.targets[stepPage(s)]
	if s.Type == recording.OpenPage && !s.Disabled && !known && ex.free(s.URL) {
		ex.targets[stepPage(s)] = s.URL
		if ex.implied(s, next) {
			return // the next step's target says it
		}
		known = false
	}
	out, ok := ex.translate(s)
	if !ok || s.Disabled || !known {
		ex.keep(s)
		return
	}
	for i := range out {
		out[i].Target = target
	}
	ex.flow.Steps = append(ex.flow.Steps, out...)
	ex.held = true
	if s.Note != "" {
		ex.lost("note", "Chrome has no notes: left out")
	}
	if s.Type == recording.ClosePage && target != mainTarget {
		delete(ex.targets, stepPage(s))
	}
}

// implied says that the next step happens in the page that was opened, and that Chrome has a word for it.
func (ex *exporter) implied(open recording.Step, next []recording.Step) bool {
	if len(next) == 0 || next[0].Disabled || stepPage(next[0]) != stepPage(open) || open.Opener != "page" {
		return false
	}
	notes := ex.notes
	out, ok := ex.translate(next[0])
	ex.notes = notes
	return ok && len(out) > 0
}

// free says that an address can be the name of a page.
func (ex *exporter) free(url string) bool {
	if url == "" || url == mainTarget {
		return false
	}
	for _, t := range ex.targets {
		if t == url {
			return false
		}
	}
	return true
}

// keep puts a step that Chrome has no word for into a custom step, without what was seen.
func (ex *exporter) keep(s recording.Step) {
	ex.lost("", "Chrome has no word for this %s: kept as a custom step, which it passes over", s.Type)
	s.Evidence = nil
	raw, err := json.Marshal(s, json.Deterministic(true))
	if err != nil {
		ex.lost("", "left out: %v", err)
		return
	}
	ex.flow.Steps = append(ex.flow.Steps, step{Type: "customStep", Name: ourStep, Parameters: raw})
	ex.held = false
}

// translate gives Chrome's steps for one of ours; false when there are none that say the same.
func (ex *exporter) translate(s recording.Step) ([]step, bool) {
	switch s.Type {
	case recording.Navigate:
		return []step{{Type: "navigate", URL: s.URL}}, s.History == ""
	case recording.SetViewport:
		return []step{{
			Type: "setViewport", Width: float64(s.Viewport.Width), Height: float64(s.Viewport.Height), DeviceScaleFactor: 1,
		}}, true
	case recording.ClosePage:
		return []step{{Type: "close"}}, true
	case recording.Press:
		return ex.press(s)
	case recording.Scroll:
		return ex.scroll(s)
	case recording.Assert:
		return ex.assert(s)
	case recording.Click, recording.Fill, recording.Hover, recording.Wait, recording.Check, recording.Uncheck, recording.Select:
		return ex.onElement(s)
	case recording.Upload, recording.Drag, recording.Dialog, recording.Download, recording.OpenPage:
	}
	return nil, false
}

// element is a step on a target; false when Chrome has no way to it.
func (ex *exporter) element(t *recording.Target, out step) (step, bool) {
	frames, ok := chromeFrames(t.Frames)
	if !ok {
		return step{}, false
	}
	out.Frame = frames
	best := t.Best()
	for _, c := range t.Candidates {
		s := chrome(c)
		switch {
		case s == nil:
		case c.Selector == best:
			out.Selectors = slices.Insert(out.Selectors, 0, s)
		default:
			out.Selectors = append(out.Selectors, s)
		}
	}
	return out, len(out.Selectors) > 0
}

func (ex *exporter) onElement(s recording.Step) ([]step, bool) {
	out, ok := step{}, true
	switch s.Type {
	case recording.Click:
		return ex.click(s)
	case recording.Fill:
		out = ex.change(*s.Value)
	case recording.Select:
		if ok = len(s.Values) == 1; ok {
			out = ex.change(s.Values[0])
			ex.lost("", "read again, it is a field that is filled")
		}
	case recording.Hover:
		out.Type = "hover"
	case recording.Wait:
		out.Type = "waitForElement"
		ex.lost("", "read again, it is a claim that the element is visible")
	case recording.Check, recording.Uncheck:
		ok = false // a click would be right in one of two states only
	default:
		ok = false
	}
	if !ok {
		return nil, false
	}
	out, ok = ex.element(s.Target, out)
	return []step{out}, ok
}

func (ex *exporter) change(v recording.Value) step {
	switch {
	case v.Secret != "":
		ex.lost("value", "the value of the secret %s is not in the recording: its placeholder is written", v.Secret)
	case v.Variable != "":
		ex.lost("value", "Chrome has no variables: the recorded value of %s is written", v.Variable)
	}
	return step{Type: "change", Value: &v.Text}
}

func (ex *exporter) click(s recording.Step) ([]step, bool) {
	out := step{Type: "click", Button: map[string]string{"middle": "auxiliary", "right": "secondary"}[s.Button]}
	switch {
	case s.Count == 2:
		out.Type = "doubleClick"
	case s.Count > 2:
		return nil, false
	}
	at := s.Position
	if at == nil && s.Evidence != nil && s.Evidence.Box != nil {
		at = &recording.Point{X: s.Evidence.Box.Width / 2, Y: s.Evidence.Box.Height / 2}
	}
	if at == nil {
		at = &recording.Point{X: 1, Y: 1} // Chrome wants a place; the middle is not known
		ex.lost("position", "the element's size is not known: its top left corner is clicked")
	}
	out.OffsetX, out.OffsetY = &at.X, &at.Y
	out, ok := ex.element(s.Target, out)
	return around(s.Modifiers, out), ok
}

// around holds modifiers while something else is done.
func around(modifiers []string, inner ...step) []step {
	var out []step
	for _, m := range modifiers {
		out = append(out, step{Type: "keyDown", Key: modifier(m)})
	}
	out = append(out, inner...)
	for _, m := range slices.Backward(modifiers) {
		out = append(out, step{Type: "keyUp", Key: modifier(m)})
	}
	return out
}

func modifier(m string) string {
	if m == "ControlOrMeta" {
		return "Control"
	}
	return m
}

func (ex *exporter) press(s recording.Step) ([]step, bool) {
	if s.Target != nil {
		ex.lost("target", "Chrome presses keys where the focus is: left out")
	}
	return around(s.Modifiers, step{Type: "keyDown", Key: s.Key}, step{Type: "keyUp", Key: s.Key}), true
}

func (ex *exporter) scroll(s recording.Step) ([]step, bool) {
	out := step{Type: "scroll", X: &s.Scroll.X, Y: &s.Scroll.Y}
	if s.Target == nil {
		return []step{out}, true
	}
	out, ok := ex.element(s.Target, out)
	return []step{out}, ok
}

func (ex *exporter) assert(s recording.Step) ([]step, bool) {
	a := s.Assertion
	if a.Claim == recording.HasURL || a.Claim == recording.HasTitle {
		return nil, ex.event(s)
	}
	out, ok := waiting(*a)
	if !ok {
		return nil, false
	}
	out, ok = ex.element(s.Target, out)
	return []step{out}, ok
}

// event adds the claim to the step before, as what that led to.
func (ex *exporter) event(s recording.Step) bool {
	a := s.Assertion
	if a.Not || a.Match != "exact" || a.Expected == "" || !ex.held || len(ex.flow.Steps) == 0 {
		return false
	}
	last := &ex.flow.Steps[len(ex.flow.Steps)-1]
	if last.Target != ex.targets[stepPage(s)] {
		return false
	}
	n := len(last.AssertedEvents)
	switch {
	case a.Claim == recording.HasURL:
		last.AssertedEvents = append(last.AssertedEvents, assertedEvent{Type: "navigation", URL: a.Expected})
	case n > 0 && last.AssertedEvents[n-1].Title == "":
		last.AssertedEvents[n-1].Title = a.Expected
	default:
		last.AssertedEvents = append(last.AssertedEvents, assertedEvent{Type: "navigation", Title: a.Expected})
	}
	if !a.Suggested {
		ex.lost("assertion", "Chrome waits for a navigation and does not compare its address or title")
	}
	return true
}

// waiting is a claim about an element as Chrome's waitForElement, which always wants the element visible too; false
// when that would be another claim.
func waiting(a recording.Assertion) (step, bool) {
	out := step{Type: "waitForElement"}
	switch {
	case a.Claim == recording.Visible && !a.Not, a.Claim == recording.Hidden && a.Not:
		return out, true
	case a.Claim == recording.HasCount && !a.Not && a.Expected != "1":
		n, err := strconv.Atoi(a.Expected)
		out.Operator, out.Count = "==", &n
		return out, err == nil
	}
	return out, false
}
