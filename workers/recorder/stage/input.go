package stage

import (
	"errors"
	"sync"
	"time"
)

const (
	// maxQueue bounds the input that waits for a page which does not keep up.
	maxQueue = 512
	// stuckAfter is how long a page may take for one input before its driver is told, and what is no input goes past it.
	stuckAfter = 4 * time.Second
	// attachTime is how long a page may take until its first input can be handled.
	attachTime = 10 * time.Second
)

// input brings one page's input to the browser, one after the other. A call returns when the page has handled it.
type input struct {
	p    *page
	wake chan struct{}

	mu    sync.Mutex
	queue []any     // a command or a func()
	since time.Time // of what is being handled; zero when nothing is
	said  bool      // that the page does not answer to it
	drag  map[string]any

	// of the loop
	x, y    float64
	buttons int
	held    map[string]*key
	fingers map[int]touchPoint
	over    bool // the drag has entered the page
}

func newInput(p *page) *input {
	// Until its loop begins it is handling the page's own beginning, which may take longer.
	since := time.Now().Add(attachTime - stuckAfter)
	return &input{p: p, wake: make(chan struct{}, 1), since: since, held: map[string]*key{}, fingers: map[int]touchPoint{}}
}

// listen takes over drags: the browser has no desktop on which it could carry one out.
func (in *input) listen() {
	in.p.cdp.On("Input.dragIntercepted", func(e map[string]any) {
		data, _ := e["data"].(map[string]any)
		in.mu.Lock()
		in.drag = data
		in.mu.Unlock()
	})
}

// put hands over what a viewer did. While a dialog is open nothing reaches the page, as on a desktop.
func (in *input) put(c command) error {
	if in.p.dialogOpen.Load() {
		return nil
	}
	if m, ok := c.(*mouse); !ok || m.Type != "move" {
		in.p.dialogs.Store(0)
	}
	if !in.enqueue(c) {
		return errors.New("the page does not keep up: your input was dropped")
	}
	if in.hangs() {
		in.p.stage.Notice("warn", "The page does not answer: your input waits until it does. A reload throws it away.")
	}
	return nil
}

func (in *input) enqueue(c command) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	switch {
	case in.merge(c):
	case len(in.queue) >= maxQueue:
		return false
	default:
		in.add(c)
	}
	return true
}

// hangs says once of each input that the page does not answer to it.
func (in *input) hangs() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.said || !in.stuck() {
		return false
	}
	in.said = true
	return true
}

// merge makes one of what comes more often than the page can take it.
func (in *input) merge(c command) bool {
	if len(in.queue) == 0 {
		return false
	}
	at := len(in.queue) - 1
	switch c := c.(type) {
	case *mouse:
		if last, ok := in.queue[at].(*mouse); ok && last.Type == "move" && c.Type == "move" {
			in.queue[at] = c
			return true
		}
	case *touch:
		if last, ok := in.queue[at].(*touch); ok && last.Type == "move" && c.Type == "move" && len(last.Points) == len(c.Points) {
			in.queue[at] = c
			return true
		}
	case *wheel:
		if last, ok := in.queue[at].(*wheel); ok && last.Modifiers == c.Modifiers {
			sum := *c
			sum.DX, sum.DY = sum.DX+last.DX, sum.DY+last.DY
			in.queue[at] = &sum
			return true
		}
	}
	return false
}

// do runs something after the input that waits; past it when the page hangs.
func (in *input) do(f func()) error {
	in.mu.Lock()
	stuck := in.stuck()
	if stuck {
		in.queue = nil
	} else {
		in.add(f)
	}
	in.mu.Unlock()
	if stuck {
		in.p.stage.spawn(f)
	}
	return nil
}

// letGo lifts whatever is held down.
func (in *input) letGo() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.add(in.release)
}

func (in *input) add(item any) {
	in.queue = append(in.queue, item)
	select {
	case in.wake <- struct{}{}:
	default:
	}
}

// stuck says that the page hangs; a dialog is no fault of the page.
func (in *input) stuck() bool {
	return !in.since.IsZero() && time.Since(in.since) > stuckAfter && !in.p.dialogOpen.Load()
}

func (in *input) loop() {
	if _, err := in.p.send("Input.setInterceptDrags", map[string]any{"enabled": true}); err != nil && !in.p.isGone() && in.p.stage.ctx.Err() == nil {
		in.p.stage.cfg.Logger.Warn("drag and drop will not work", "error", err)
	}
	for {
		item := in.take()
		if item == nil {
			select {
			case <-in.wake:
			case <-in.p.gone:
				return
			case <-in.p.stage.ctx.Done():
				return
			}
			continue
		}
		in.handle(item)
	}
}

// take is the next item; nil when there is none.
func (in *input) take() any {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.since, in.said = time.Time{}, false
	if len(in.queue) == 0 || in.p.isGone() || in.p.stage.ctx.Err() != nil {
		return nil
	}
	item := in.queue[0]
	in.queue = in.queue[1:]
	in.since = time.Now()
	return item
}

func (in *input) handle(item any) {
	var err error
	switch item := item.(type) {
	case func():
		item()
	case *mouse:
		err = in.mouse(item)
	case *wheel:
		err = in.send("Input.dispatchMouseEvent", map[string]any{
			"type": "mouseWheel", "x": *item.X, "y": *item.Y, "deltaX": item.DX, "deltaY": item.DY, "modifiers": item.Modifiers,
		})
	case *key:
		err = in.key(item)
	case *text:
		err = in.text(item.Text)
	case *compose:
		err = in.send("Input.imeSetComposition", map[string]any{
			"text": item.Text, "selectionStart": item.SelectionStart, "selectionEnd": item.SelectionEnd,
		})
	case *touch:
		err = in.touch(item)
	}
	if err != nil && !in.p.isGone() && in.p.stage.ctx.Err() == nil {
		in.p.stage.cfg.Logger.Warn("an input was refused by the browser", "session", in.p.stage.cfg.SessionID, "error", err)
	}
}

func (in *input) send(method string, params map[string]any) error {
	_, err := in.p.send(method, params)
	return err
}

func (in *input) dragging() map[string]any {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.drag
}

func (in *input) mouse(m *mouse) error {
	in.x, in.y = *m.X, *m.Y
	if in.dragging() != nil {
		return in.dragMouse(m)
	}
	params := map[string]any{
		"x": in.x, "y": in.y, "modifiers": m.Modifiers, "buttons": m.Buttons, "button": button(m), "pointerType": "mouse",
	}
	switch m.Type {
	case "move":
		params["type"] = "mouseMoved"
		params["button"] = heldButton(m.Buttons)
	case "down":
		params["type"], params["clickCount"] = "mousePressed", max(1, m.ClickCount)
		in.buttons = m.Buttons | bit(button(m))
		params["buttons"] = in.buttons
		in.p.world.pressed(in.x, in.y)
	case "up":
		params["type"], params["clickCount"] = "mouseReleased", max(1, m.ClickCount)
		in.buttons = m.Buttons &^ bit(button(m))
		params["buttons"] = in.buttons
	}
	if err := in.send("Input.dispatchMouseEvent", params); err != nil {
		return err
	}
	if m.Type == "move" && in.dragging() != nil {
		return in.dragMouse(m) // the drag began with this very move
	}
	return nil
}

// dragMouse carries a drag on. The button's release is the drop: the page sees no mouseup then, as on a desktop.
func (in *input) dragMouse(m *mouse) error {
	var errs []error
	if !in.over {
		in.over = true
		errs = append(errs, in.dragEvent("dragEnter", m.Modifiers))
	}
	errs = append(errs, in.dragEvent("dragOver", m.Modifiers))
	if m.Type == "up" {
		errs = append(errs, in.dragEvent("drop", m.Modifiers))
		in.endDrag()
		in.buttons = 0
	}
	return errors.Join(errs...)
}

func (in *input) dragEvent(kind string, modifiers int) error {
	return in.send("Input.dispatchDragEvent", map[string]any{
		"type": kind, "x": in.x, "y": in.y, "data": in.dragging(), "modifiers": modifiers,
	})
}

func (in *input) endDrag() {
	in.over = false
	in.mu.Lock()
	defer in.mu.Unlock()
	in.drag = nil
}

func (in *input) cancelDrag() error {
	err := in.dragEvent("dragCancel", 0)
	in.endDrag()
	in.buttons = 0
	return err
}

func (in *input) key(m *key) error {
	if m.Key == "Escape" && m.Type == "down" && in.dragging() != nil {
		return in.cancelDrag()
	}
	id := m.Code + "/" + m.Key
	if m.Type == "down" {
		in.held[id] = m
	} else {
		delete(in.held, id)
	}
	return in.send("Input.dispatchKeyEvent", m.params())
}

// text is pasted or committed by an input method. A field whose own picker cannot be shown takes it as its value.
func (in *input) text(value string) error {
	if handled, err := in.p.world.typed(value); handled {
		return err
	}
	return in.send("Input.insertText", map[string]any{"text": value})
}

// touch names the fingers that are on the page afterwards.
func (in *input) touch(m *touch) error {
	kind := map[string]string{"start": "touchStart", "move": "touchMove", "end": "touchEnd"}[m.Type]
	stay := m.Points
	if m.Type == "end" && len(stay) == len(in.fingers) {
		stay = nil // who names the fingers that were lifted means these
	}
	if m.Type == "end" && len(stay) > 0 {
		kind = "touchMove" // of those that stay: the browser lifts the one that is missing
	}
	clear(in.fingers)
	for _, p := range stay {
		in.fingers[p.ID] = p
	}
	if m.Type == "start" {
		last := m.Points[len(m.Points)-1]
		in.p.world.pressed(last.X, last.Y)
	}
	return in.send("Input.dispatchTouchEvent", map[string]any{"type": kind, "touchPoints": in.touchPoints()})
}

func (in *input) touchPoints() []map[string]any {
	points := []map[string]any{}
	for _, p := range in.fingers {
		points = append(points, map[string]any{"x": p.X, "y": p.Y, "id": p.ID})
	}
	return points
}

// release lifts buttons, keys and fingers that nobody holds any more.
func (in *input) release() {
	var errs []error
	if in.dragging() != nil {
		errs = append(errs, in.cancelDrag())
	}
	for _, name := range []string{"left", "right", "middle"} {
		if in.buttons&bit(name) == 0 {
			continue
		}
		in.buttons &^= bit(name)
		errs = append(errs, in.send("Input.dispatchMouseEvent", map[string]any{
			"type": "mouseReleased", "x": in.x, "y": in.y, "button": name, "buttons": in.buttons, "clickCount": 1,
		}))
	}
	for id, m := range in.held {
		up := *m
		up.Type, up.Modifiers = "up", 0
		errs = append(errs, in.send("Input.dispatchKeyEvent", up.params()))
		delete(in.held, id)
	}
	if len(in.fingers) > 0 {
		clear(in.fingers)
		errs = append(errs, in.send("Input.dispatchTouchEvent", map[string]any{"type": "touchCancel", "touchPoints": []any{}}))
	}
	if err := errors.Join(errs...); err != nil && !in.p.isGone() {
		in.p.stage.cfg.Logger.Debug("what was held could not be let go", "error", err)
	}
}

func button(m *mouse) string {
	if m.Button == "" {
		return "none"
	}
	return m.Button
}

// bit is a button's place among the buttons that are down.
func bit(button string) int {
	return map[string]int{"left": 1, "right": 2, "middle": 4}[button]
}

// heldButton is the button that a move drags with.
func heldButton(buttons int) string {
	for _, name := range []string{"left", "right", "middle"} {
		if buttons&bit(name) != 0 {
			return name
		}
	}
	return "none"
}
