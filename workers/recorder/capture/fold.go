package capture

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
)

// seen is one thing that happened with what is known of where.
type seen struct {
	message
	page   playwright.Page
	name   string // the page's
	frames []recording.Frame
	offset recording.Point // of the frame's document in the page's viewport
	top    *recording.Size // the page's viewport, when the document is in a frame
	by     string
	at     time.Time
}

// field identifies an element within the context.
func (s seen) field() string {
	if s.Element == nil {
		return ""
	}
	return fmt.Sprintf("%s/%s/%d", s.name, s.Doc, s.Element.ID)
}

// folder turns what was seen into steps: it joins what belongs to one step. It is pure but for ids and the clock that
// it is given.
type folder struct {
	newID func() string
	now   func() time.Time

	last      *recording.Step // the newest step
	lastField string          // the field it is about
	secretIn  map[string]string
	dragging  *seen
}

func newFolder(newID func() string, now func() time.Time) *folder {
	return &folder{newID: newID, now: now, secretIn: map[string]string{}}
}

// add returns the actions that follow from what was seen.
func (f *folder) add(s seen) []Action {
	switch s.Kind {
	case "click":
		return f.click(s)
	case "fill":
		return f.fill(s)
	case "press":
		step := f.begin(s, recording.Press)
		step.Key, step.Modifiers = s.Key, s.Modifiers
		return f.tell(s, step)
	case "check":
		action := recording.Uncheck
		if s.Checked {
			action = recording.Check
		}
		return f.tell(s, f.begin(s, action))
	case "select":
		return f.choose(s)
	case "upload":
		step := f.begin(s, recording.Upload)
		step.Files = s.Files
		return f.tell(s, step)
	case "hover":
		return f.tell(s, f.begin(s, recording.Hover))
	case "scroll":
		return f.scroll(s)
	case "drag":
		return f.drag(s)
	case "dragstart":
		f.dragging = &s
		return nil
	case "drop":
		return f.drop(s)
	}
	return nil
}

// begin starts a step with what every step has.
func (f *folder) begin(s seen, action recording.Action) recording.Step {
	step := recording.Step{
		ID: f.newID(), Type: action, Page: s.name, By: s.by, At: s.at,
		Evidence: &recording.Evidence{URL: s.URL, Title: s.Title, Viewport: viewport(s)},
	}
	if s.Element != nil {
		step.Target = s.Element.target(s.frames)
		step.Evidence.Box = shifted(s.Element.Box, s.offset)
		step.Evidence.Aria = s.Element.Aria
	}
	return step
}

func viewport(s seen) *recording.Size {
	if s.top != nil {
		return s.top
	}
	if s.Viewport == (recording.Size{}) {
		return nil
	}
	return &s.Viewport
}

func shifted(b recording.Box, by recording.Point) *recording.Box {
	b.X, b.Y = b.X+by.X, b.Y+by.Y
	return &b
}

// tell makes a step the newest one.
func (f *folder) tell(s seen, step recording.Step) []Action {
	step.Title = title(step)
	f.last, f.lastField = &step, s.field()
	return []Action{{Step: step, Page: s.page}}
}

// amend puts more into the newest step.
func (f *folder) amend(s seen, step recording.Step) []Action {
	actions := f.tell(s, step)
	actions[0].Replaces = step.ID
	return actions
}

// follows says that what was seen is about the same element as the newest step, and nothing was between.
func (f *folder) follows(s seen, action recording.Action) bool {
	return f.last != nil && f.last.Type == action && f.lastField == s.field()
}

func (f *folder) click(s seen) []Action {
	if s.Count > 1 && f.continuesClick(s) {
		step := *f.last
		step.Count = s.Count
		return f.amend(s, step)
	}
	step := f.begin(s, recording.Click)
	step.Button, step.Modifiers, step.Position = s.Button, s.Modifiers, s.Position
	if s.Button == "left" {
		step.Button = ""
	}
	return f.tell(s, step)
}

// continuesClick says that a further click of a double click hit the element of the first, or one that was drawn in
// its place in between.
func (f *folder) continuesClick(s seen) bool {
	last := f.last
	if last == nil || last.Type != recording.Click || last.Page != s.name || max(last.Count, 1) != s.Count-1 || last.Target == nil {
		return false
	}
	was, is := *last.Target.Element, s.Element.Facts
	was.Near, is.Near, was.Path, is.Path = "", "", "", "" // the first click may have changed what is around it
	return f.lastField == s.field() || reflect.DeepEqual(was, is) && *last.Evidence.Box == *shifted(s.Element.Box, s.offset)
}

func (f *folder) fill(s seen) []Action {
	if f.follows(s, recording.Fill) && !s.Fresh {
		step := *f.last
		step.Value = fillValue(s)
		return f.withSecret(s, f.amend(s, step))
	}
	step := f.begin(s, recording.Fill)
	step.Value = fillValue(s)
	return f.withSecret(s, f.tell(s, step))
}

func fillValue(s seen) *recording.Value {
	if s.Element.Secret != "" {
		return &recording.Value{Secret: s.Element.Secret}
	}
	return &recording.Value{Text: s.Value}
}

func (f *folder) withSecret(s seen, actions []Action) []Action {
	if s.Element.Secret != "" {
		actions[0].Secret = &Secret{Name: s.Element.Secret, Value: s.Value}
	}
	return actions
}

func (f *folder) choose(s seen) []Action {
	values := make([]recording.Value, len(s.Values))
	for i, v := range s.Values {
		values[i] = recording.Value{Text: v}
	}
	if f.follows(s, recording.Select) {
		step := *f.last
		step.Values = values
		return f.amend(s, step)
	}
	step := f.begin(s, recording.Select)
	step.Values = values
	return f.tell(s, step)
}

func (f *folder) scroll(s seen) []Action {
	if f.follows(s, recording.Scroll) {
		step := *f.last
		step.Scroll = s.Scroll
		return f.amend(s, step)
	}
	step := f.begin(s, recording.Scroll)
	step.Scroll = s.Scroll
	return f.tell(s, step)
}

func (f *folder) drag(s seen) []Action {
	step := f.begin(s, recording.Drag)
	step.Position, step.ToPosition = s.Position, s.ToPosition
	step.To = s.To.target(slices.Clone(s.frames))
	return f.tell(s, step)
}

// drop ends a drag that may have begun in another frame.
func (f *folder) drop(s seen) []Action {
	from := f.dragging
	f.dragging = nil
	if from == nil || s.Element == nil {
		return nil
	}
	step := f.begin(*from, recording.Drag)
	step.Position, step.ToPosition = from.Position, s.Position
	step.To = s.Element.target(s.frames)
	return f.tell(*from, step)
}

// navigate tells of a navigation that a person made.
func (f *folder) navigate(s seen, url, history string) []Action {
	step := f.begin(s, recording.Navigate)
	step.URL, step.History = url, history
	return f.tell(s, step)
}

// ledTo notes where the newest step led its page.
func (f *folder) ledTo(s seen) []Action {
	if f.last == nil || f.last.Page != s.name || f.last.Evidence == nil {
		return nil
	}
	step := *f.last
	evidence := *step.Evidence
	evidence.Navigated = s.URL
	step.Evidence = &evidence
	field := f.lastField
	actions := f.amend(s, step)
	f.lastField = field
	return actions
}

// open tells of a page that appeared; opener is the name of the one that opened it.
func (f *folder) open(s seen, opener string) []Action {
	step := f.begin(s, recording.OpenPage)
	step.Opener = opener
	if !blank(s.URL) {
		step.URL = s.URL
	}
	return f.tell(s, step)
}

func (f *folder) closePage(s seen) []Action {
	step := f.begin(s, recording.ClosePage)
	return f.tell(s, step)
}

func (f *folder) dialog(s seen, box recording.DialogBox) []Action {
	step := f.begin(s, recording.Dialog)
	step.Dialog = &box
	return f.tell(s, step)
}

func (f *folder) download(s seen, d playwright.Download) []Action {
	step := f.begin(s, recording.Download)
	step.Files = s.Files
	actions := f.tell(s, step)
	actions[0].Download = d
	return actions
}

// uploaded adds what is known of files that were given to a file chooser. Their step is there already, unless the
// chooser's input is in no document: then what was clicked last stands for it.
func (f *folder) uploaded(s seen, files []recording.File) []Action {
	if f.last == nil || f.last.Page != s.name {
		return nil
	}
	step := *f.last
	if step.Type == recording.Upload {
		step.Files = files
		return f.amend(s, step)
	}
	if step.Type != recording.Click && step.Type != recording.Press || step.Target == nil {
		return nil
	}
	upload := f.begin(s, recording.Upload)
	upload.Target, upload.Files = step.Target, files
	return f.tell(s, upload)
}
