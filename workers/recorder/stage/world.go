package stage

import (
	_ "embed"
	"fmt"
	"regexp"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
)

// Names of the stage's world in a document and of what its script reports through.
const (
	worldName   = "tapedeck-stage"
	bindingName = "__tapedeckStage"
)

//go:embed world.js
var worldScript string

var cursorName = regexp.MustCompile(`^[a-z-]{1,20}$`)

// world is the script beside a page, in all of its documents.
type world struct {
	p *page

	mu       sync.Mutex
	down     recording.Point // where a button went down last
	cursor   string
	field    *element // of a picker that cannot be shown
	standing map[string]*ask
}

// element is an element that the script remembers.
type element struct {
	cdp     playwright.CDPSession
	context any // the script's world in its document
	id      int
}

// report is what the script says.
type report struct {
	Type    string           `json:"type"`
	ID      int              `json:"id"`
	Cursor  string           `json:"cursor"`
	Kind    string           `json:"kind"`
	Box     recording.Box    `json:"box"`
	Offset  *recording.Point `json:"offset"`
	Pointer *recording.Point `json:"pointer"`
	Options []selectOption   `json:"options"`
}

func newWorld(p *page) *world { return &world{p: p, standing: map[string]*ask{}} }

// install puts the script into the documents of one session, those that are and those to come.
func (w *world) install(cdp playwright.CDPSession) {
	s := w.p.stage
	cdp.On("Runtime.bindingCalled", func(e map[string]any) {
		if e["name"] == bindingName {
			payload, _ := e["payload"].(string)
			w.reported(cdp, e["executionContextId"], payload)
		}
	})
	for _, step := range []struct {
		method string
		params map[string]any
	}{
		{"Runtime.addBinding", map[string]any{"name": bindingName, "executionContextName": worldName}},
		{"Page.enable", nil},
		{"Runtime.enable", nil},
		{"Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": worldScript, "worldName": worldName, "runImmediately": true}},
	} {
		if _, err := call(cdp, step.method, step.params); err != nil {
			if !w.p.isGone() && s.ctx.Err() == nil {
				s.cfg.Logger.Warn("a page has no lists and cursors of ours", "session", s.cfg.SessionID, "error", err)
			}
			return
		}
	}
}

// navigated takes care of frames that have a process of their own: the page's session does not reach into them.
func (w *world) navigated(f playwright.Frame) {
	if f.ParentFrame() == nil {
		w.replace("choose", nil)
		w.setField(nil)
		return
	}
	w.p.stage.spawn(func() {
		if cdp, err := w.p.stage.cfg.Context.NewCDPSession(f); err == nil {
			w.install(cdp)
		} // else the frame is in the page's own process
	})
}

// reported runs on the driver's dispatch goroutine.
func (w *world) reported(cdp playwright.CDPSession, context any, payload string) {
	var r report
	if err := json.Unmarshal(jsontext.Value(payload), &r); err != nil {
		w.p.stage.cfg.Logger.Warn("the stage's script said what cannot be read", "error", err)
		return
	}
	at := &element{cdp: cdp, context: context, id: r.ID}
	switch r.Type {
	case "cursor":
		w.setCursor(r.Cursor)
	case "title":
		w.p.isStale()
	case "select":
		w.p.stage.spawn(func() { w.choose(at, r) })
	case "picker":
		w.setField(at)
		w.p.stage.Notice("info", fmt.Sprintf("The page's %s picker cannot be shown here: paste or send the value as text, for example %s.", r.Kind, example(r.Kind)))
	}
}

// example is how a field of that kind wants its value.
func example(kind string) string {
	switch kind {
	case "color":
		return "#3366cc"
	case "datetime-local":
		return "2026-01-31T13:30"
	case "month":
		return "2026-01"
	case "time":
		return "13:30"
	case "week":
		return "2026-W05"
	}
	return "2026-01-31"
}

func (w *world) setCursor(cursor string) {
	w.mu.Lock()
	same := w.cursor == cursor
	w.cursor = cursor
	w.mu.Unlock()
	if same || !cursorName.MatchString(cursor) {
		return
	}
	data := encode(cursorIs{Op: "cursor", Cursor: cursor})
	s := w.p.stage
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active != w.p {
		return
	}
	for _, seat := range s.seats {
		seat.push("cursor", data)
	}
}

func (w *world) setField(at *element) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.field = at
}

// pressed takes note of where a button goes down.
func (w *world) pressed(x, y float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = recording.Point{X: x, Y: y}
	w.field = nil
}

// typed gives text to a field whose picker cannot be shown, if there is one.
func (w *world) typed(value string) (handled bool, err error) {
	w.mu.Lock()
	at := w.field
	w.mu.Unlock()
	if at == nil {
		return false, nil
	}
	answer, err := w.eval(at, "setValue", value)
	if err != nil {
		return false, nil // its document is gone: the text goes where the caret is
	}
	if answer == "invalid" {
		w.p.stage.Notice("error", "The field does not take this value.")
		return true, nil
	}
	w.setField(nil)
	return answer == "same", nil
}

// eval calls the script about an element that it remembers.
func (w *world) eval(at *element, function, value string) (string, error) {
	quoted, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	answer, err := call(at.cdp, "Runtime.evaluate", map[string]any{
		"expression": fmt.Sprintf("tapedeckStage.%s(%d, %s)", function, at.id, quoted), "contextId": at.context, "returnByValue": true,
	})
	if err != nil {
		return "", err
	}
	result, _ := answer["result"].(map[string]any)
	out, ok := result["value"].(string)
	if !ok {
		return "", fmt.Errorf("the stage's script failed in %s", function)
	}
	return out, nil
}

// replace makes a question the page's only one of its kind; nil voids the one there is.
func (w *world) replace(kind string, a *ask) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if old := w.standing[kind]; old != nil {
		close(old.over)
	}
	delete(w.standing, kind)
	if a != nil {
		w.standing[kind] = a
	}
}

// done forgets a question that was answered.
func (w *world) done(kind string, a *ask) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.standing[kind] == a {
		delete(w.standing, kind)
	}
}

// choose puts a select element's options to the viewers.
func (w *world) choose(at *element, r report) {
	s := w.p.stage
	box := w.inPage(r)
	a := s.ask(&choose{}, func(id string) any {
		return chooseFrom{Op: "choose", ID: id, Box: box, Options: r.Options}
	})
	defer s.closeAsk(a)
	w.replace("choose", a)
	defer w.done("choose", a)
	select {
	case answer := <-a.answer:
		if values := answer.(*choose).Values; len(values) > 0 {
			w.apply(at, values[0])
		}
	case <-a.over:
	case <-w.p.gone:
	case <-s.ctx.Done():
	}
}

// inPage is the element's box in the page's viewport. A document that cannot look up knows where the pointer was in
// it, and we know where that was in the page.
func (w *world) inPage(r report) recording.Box {
	box := r.Box
	switch {
	case r.Offset != nil:
		box.X, box.Y = box.X+r.Offset.X, box.Y+r.Offset.Y
	case r.Pointer != nil:
		w.mu.Lock()
		box.X, box.Y = box.X+w.down.X-r.Pointer.X, box.Y+w.down.Y-r.Pointer.Y
		w.mu.Unlock()
	}
	return box
}

// apply makes a choice, in its turn among the input. An arrow key from the option before it makes the browser itself
// change the element and tell the page; the page does not see the key.
func (w *world) apply(at *element, value string) {
	_ = w.p.input.do(func() {
		answer, err := w.eval(at, "arm", value)
		if err == nil && answer == "key" {
			for _, kind := range []string{"rawKeyDown", "keyUp"} {
				_, err = w.p.send("Input.dispatchKeyEvent", map[string]any{
					"type": kind, "key": "ArrowDown", "code": "ArrowDown", "windowsVirtualKeyCode": 40,
				})
			}
			if err == nil {
				answer, err = w.eval(at, "finish", value)
			}
		}
		switch {
		case w.p.isGone() || w.p.stage.ctx.Err() != nil:
		case err != nil || answer == "gone":
			w.p.stage.Notice("warn", "The list is not on the page any more: nothing was chosen.")
		case answer == "unknown":
			w.p.stage.Notice("error", "The list has no such option, or it is disabled.")
		}
	})
}
