package play

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
)

// navigate loads a page. What counts is that there is a document: pages that never stop loading are common.
func (r *run) navigate() error {
	if r.step.History == "" {
		return r.open(r.step.URL)
	}
	timeout := ms(r.left())
	return r.load(func() error {
		var err error
		switch r.step.History {
		case "back":
			_, err = r.tab.page.GoBack(playwright.PageGoBackOptions{Timeout: timeout, WaitUntil: playwright.WaitUntilStateDomcontentloaded})
		case "forward":
			_, err = r.tab.page.GoForward(playwright.PageGoForwardOptions{Timeout: timeout, WaitUntil: playwright.WaitUntilStateDomcontentloaded})
		default:
			_, err = r.tab.page.Reload(playwright.PageReloadOptions{Timeout: timeout, WaitUntil: playwright.WaitUntilStateDomcontentloaded})
		}
		return err
	})
}

func (r *run) open(url string) error {
	return r.load(func() error {
		_, err := r.tab.page.Goto(url, playwright.PageGotoOptions{Timeout: ms(r.left()), WaitUntil: playwright.WaitUntilStateDomcontentloaded})
		return err
	})
}

func (r *run) load(f func() error) error {
	err := r.call(f)
	switch {
	case err == nil:
		r.loaded()
		return nil
	case final(err):
		return err
	case strings.Contains(err.Error(), "interrupted by another navigation"):
		r.note("the page went elsewhere at once")
		return r.settle()
	case strings.Contains(err.Error(), "Download is starting"), strings.Contains(err.Error(), "ERR_ABORTED") && r.downloading():
		return nil
	case strings.Contains(err.Error(), "ERR_ABORTED") && r.pages.refused():
		r.note("the page was not left: so the dialog was answered")
		return nil
	}
	return explain(err, Navigation)
}

// loaded gives a page a moment to finish loading; one that never does is good enough.
func (r *run) loaded() {
	err := r.call(func() error {
		return r.tab.page.WaitForLoadState(playwright.PageWaitForLoadStateOptions{
			State: playwright.LoadStateLoad, Timeout: ms(min(r.left(), r.opts.HealAfter)),
		})
	})
	if err != nil && !final(err) {
		r.note("the page was still loading")
	}
}

// click acts on a target with the mouse. Where in the element matters only on pictures and where the middle belongs to
// another control.
func (r *run) click() error {
	f, err := r.target(healAny)
	if err != nil {
		return err
	}
	pos, err := r.position(f, r.step.Position)
	if err != nil {
		return err
	}
	if r.clear(f, pos) {
		return r.acted(r.call(func() error { return r.clickAt(f, pos)(false, *ms(max(r.left(), grace))) }))
	}
	clicks := []clicking{{click: r.clickAt(f, pos)}}
	if pos == nil && r.step.Position != nil {
		clicks = append(clicks, clicking{"clicked where the recording did: the middle is covered", r.clickAt(f, r.step.Position)})
	}
	if e := r.step.Target.Element; e != nil && slices.Contains([]string{"checkbox", "radio"}, e.Attributes["type"]) {
		clicks = append(clicks, clicking{"clicked its label: the control itself cannot be clicked", r.clickLabel(f)})
	}
	var ways []way
	for _, c := range clicks {
		ways = append(ways, way{note: c.note, try: func(timeout float64) error { return c.click(true, timeout) }})
	}
	i, err := r.ready(f, ways...)
	if err != nil {
		return err
	}
	return r.acted(r.call(func() error { return clicks[i].click(false, *ms(max(r.left(), grace))) }))
}

// clicking is one way to click; a trial waits until it can be done.
type clicking struct {
	note  string
	click func(trial bool, timeout float64) error
}

func (r *run) clickAt(f found, pos *recording.Point) func(bool, float64) error {
	o := playwright.LocatorClickOptions{
		Button: button(r.step.Button), ClickCount: playwright.Int(max(r.step.Count, 1)), Modifiers: modifiers(r.step.Modifiers),
		Position: place(pos),
	}
	return func(trial bool, timeout float64) error {
		o := o
		o.Trial, o.Timeout = &trial, &timeout
		return f.loc.Click(o)
	}
}

func (r *run) clickLabel(f found) func(bool, float64) error {
	return func(trial bool, timeout float64) error {
		label, err := r.labelOf(f)
		if err != nil {
			return err
		}
		return label.Click(playwright.LocatorClickOptions{Trial: &trial, Timeout: &timeout})
	}
}

// acted is the outcome of an action that may have closed its own page.
func (r *run) acted(err error) error {
	if err != nil && errors.Is(err, playwright.ErrTargetClosed) && !r.tab.isCrashed() {
		if closed, waitErr := r.await(closePatience, r.tab.isClosed); closed || waitErr != nil {
			r.note("the page closed")
			return waitErr
		}
	}
	return err
}

func button(name string) *playwright.MouseButton {
	switch name {
	case "right":
		return playwright.MouseButtonRight
	case "middle":
		return playwright.MouseButtonMiddle
	}
	return playwright.MouseButtonLeft
}

func modifiers(names []string) []playwright.KeyboardModifier {
	var out []playwright.KeyboardModifier
	for _, n := range names {
		out = append(out, playwright.KeyboardModifier(n))
	}
	return out
}

func place(p *recording.Point) *playwright.Position {
	if p == nil {
		return nil
	}
	return &playwright.Position{X: p.X, Y: p.Y}
}

// middle says whether the middle of an element belongs to another control inside of it, and the element's size.
const middle = `e => {
	const b = e.getBoundingClientRect();
	const root = e.getRootNode();
	const hit = root.elementFromPoint ? root.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2) : null;
	const control = hit && hit !== e && e.contains(hit) ? hit.closest("a[href],button,input,select,textarea,summary,[role=button],[role=link],[role=checkbox],[role=menuitem],[contenteditable]") : null;
	return {
		tag: e.localName, type: e.type || "", width: b.width, height: b.height, inner: !!control && control !== e && e.contains(control),
		control: !!e.closest("a[href],button,input,select,textarea,label,summary,option,[role]"),
	};
}`

// position is where to act in an element, if that matters; nil is its middle.
func (r *run) position(f found, pos *recording.Point) (*recording.Point, error) {
	if pos == nil {
		return nil, nil
	}
	seen, err := ask(r, func() (any, error) { return evaluate(f.loc, middle, nil) })
	if err != nil {
		if final(err) {
			return nil, err
		}
		return nil, nil
	}
	m, _ := seen.(map[string]any)
	if !mattersFor(m) && !r.plain(m) {
		return nil, nil
	}
	if pos.X >= number(m["width"]) || pos.Y >= number(m["height"]) || pos.X < 0 || pos.Y < 0 {
		r.note("the element is smaller than it was: its middle is used")
		return nil, nil
	}
	return pos, nil
}

func mattersFor(m map[string]any) bool {
	if inner, _ := m["inner"].(bool); inner {
		return true
	}
	tag, _ := m["tag"].(string)
	kind, _ := m["type"].(string)
	return slices.Contains([]string{"canvas", "svg", "rect", "path", "g", "img", "video", "object", "embed", "map", "area"}, tag) ||
		(tag == "input" && (kind == "range" || kind == "image"))
}

// plain says that the element is no control and as large as it was: a calendar, a board, an editor made of boxes.
func (r *run) plain(m map[string]any) bool {
	control, known := m["control"].(bool)
	if !known || control || r.step.Evidence == nil || r.step.Evidence.Box == nil {
		return false
	}
	box := r.step.Evidence.Box
	return near(number(m["width"]), box.Width) && near(number(m["height"]), box.Height)
}

func number(v any) float64 {
	switch n := v.(type) {
	case float64:
		return n
	case int:
		return float64(n)
	}
	return 0
}

// labelling says which label of a control can be seen: one around it, or one that names its id.
const labelling = `e => {
	const seen = l => l && l.getClientRects().length > 0;
	if (seen(e.closest("label"))) return "around";
	return e.id && [...(e.labels || [])].some(l => seen(l) && l.htmlFor === e.id) ? "id:" + e.id : "";
}`

// labelOf is the visible label of a control.
func (r *run) labelOf(f found) (playwright.Locator, error) {
	answer, err := evaluate(f.loc, labelling, nil)
	if err != nil {
		return nil, err
	}
	switch id, _ := answer.(string); id {
	case "":
		return nil, errors.New("it has no label")
	case "around":
		return r.tab.page.Locator(f.scope + f.selector + " >> xpath=ancestor::label[1]"), nil
	default:
		return r.tab.page.Locator(f.scope + "label[for=" + quoteCSS(strings.TrimPrefix(id, "id:")) + "] >> visible=true >> nth=0"), nil
	}
}

// fill gives a field its whole content. What the driver cannot fill gets it from the keyboard.
func (r *run) fill() error {
	text, err := r.text(*r.step.Value)
	if err != nil {
		return err
	}
	f, err := r.target(healAny)
	if err != nil {
		return err
	}
	_, err = r.ready(f,
		way{try: func(timeout float64) error {
			return f.loc.Fill(text, playwright.LocatorFillOptions{Timeout: &timeout})
		}},
		way{note: "chosen from the list: the field is one", try: func(timeout float64) error {
			_, err := f.loc.SelectOption(playwright.SelectOptionValues{ValuesOrLabels: &[]string{text}}, playwright.LocatorSelectOptionOptions{Timeout: &timeout})
			return err
		}},
		way{note: "typed with the keyboard: the field cannot be filled directly", try: func(timeout float64) error {
			return r.typeInto(f, text, timeout)
		}},
	)
	return err
}

// typeInto replaces the content of whatever has or gets the focus: editors keep a hidden field or none at all.
func (r *run) typeInto(f found, text string, timeout float64) error {
	if err := f.loc.Focus(playwright.LocatorFocusOptions{Timeout: &timeout}); err != nil {
		return err
	}
	inside, err := evaluate(f.loc, `e => {
		if (e.readOnly || e.disabled || e.localName === "select") throw new Error("the field is not editable");
		const a = e.getRootNode().activeElement;
		return !!a && (e === a || e.contains(a));
	}`, nil)
	if err != nil {
		return err
	}
	if ok, _ := inside.(bool); !ok {
		if err := f.loc.Click(playwright.LocatorClickOptions{Timeout: &timeout}); err != nil {
			return err
		}
	}
	keys := r.tab.page.Keyboard()
	if err := keys.Press("ControlOrMeta+a"); err != nil {
		return err
	}
	if text == "" {
		return keys.Press("Delete")
	}
	return keys.InsertText(text)
}

// press presses a key, in an element if there is a target, else where the focus is.
func (r *run) press() error {
	key := strings.Join(append(slices.Clone(r.step.Modifiers), r.step.Key), "+")
	if r.step.Target == nil {
		return r.acted(r.call(func() error { return r.tab.page.Keyboard().Press(key) }))
	}
	f, err := r.target(healAny)
	if err != nil {
		return err
	}
	return r.acted(r.call(func() error {
		return f.loc.Press(key, playwright.LocatorPressOptions{Timeout: ms(max(r.left(), grace))})
	}))
}

// check turns a checkbox, radio button or switch on or off. Applications often hide the real one behind its label.
func (r *run) check(on bool) error {
	f, err := r.target(healAny)
	if err != nil {
		return err
	}
	set := func(o playwright.LocatorSetCheckedOptions) error { return f.loc.SetChecked(on, o) }
	really := func() error { return set(playwright.LocatorSetCheckedOptions{Timeout: ms(max(r.left(), grace))}) }
	if r.clear(f, nil) {
		return r.acted(r.call(really))
	}
	i, err := r.ready(f,
		way{try: func(timeout float64) error {
			return set(playwright.LocatorSetCheckedOptions{Timeout: &timeout, Trial: playwright.Bool(true)})
		}},
		way{note: "clicked its label: the control itself cannot be clicked", try: func(timeout float64) error {
			return r.labelCheck(f, on, timeout)
		}},
		way{note: "clicked by script: neither the control nor a label can be clicked", try: func(timeout float64) error {
			return scriptCheck(f, on, timeout)
		}},
	)
	if err != nil || i > 0 {
		return r.acted(err)
	}
	return r.acted(r.call(really))
}

func (r *run) labelCheck(f found, on bool, timeout float64) error {
	if is, err := f.loc.IsChecked(playwright.LocatorIsCheckedOptions{Timeout: &timeout}); err != nil || is == on {
		return err
	}
	label, err := r.labelOf(f)
	if err != nil {
		return err
	}
	if err := label.Click(playwright.LocatorClickOptions{Timeout: &timeout}); err != nil {
		return err
	}
	return expectChecked(f, on, timeout)
}

func scriptCheck(f found, on bool, timeout float64) error {
	script := `(e, on) => {
		if (!(e instanceof HTMLInputElement)) throw new Error("no checkbox or radio button");
		if (e.checked !== on) e.click();
	}`
	if _, err := evaluate(f.loc, script, on); err != nil {
		return err
	}
	return expectChecked(f, on, timeout)
}

func expectChecked(f found, on bool, timeout float64) error {
	return playwright.NewPlaywrightAssertions().Locator(f.loc).ToBeChecked(playwright.LocatorAssertionsToBeCheckedOptions{Checked: &on, Timeout: &timeout})
}

// choose selects options by their values, or labels where no value fits.
func (r *run) choose() error {
	values, err := r.texts(r.step.Values)
	if err != nil {
		return err
	}
	f, err := r.target(healAny)
	if err != nil {
		return err
	}
	set := playwright.SelectOptionValues{ValuesOrLabels: &values}
	if len(values) == 0 {
		set = playwright.SelectOptionValues{}
	}
	option := func(force bool) func(float64) error {
		return func(timeout float64) error {
			if off, err := f.loc.IsDisabled(playwright.LocatorIsDisabledOptions{Timeout: &timeout}); force && (err != nil || off) {
				return cmp.Or(err, errors.New("the list is not enabled"))
			}
			_, err := f.loc.SelectOption(set, playwright.LocatorSelectOptionOptions{Timeout: &timeout, Force: &force})
			return err
		}
	}
	_, err = r.ready(f,
		way{try: option(false)},
		way{note: "the list is hidden: its options were set directly", try: option(true)},
	)
	return err
}

// upload gives files to the chooser that is open, or to the field. What opened a chooser without a field in the page
// stands for it as its target: then the chooser is awaited.
func (r *run) upload() error {
	files, err := r.files()
	if err != nil {
		return err
	}
	if c := r.pages.takeChooser(r.tab.page); c != nil {
		return r.call(func() error { return c.SetFiles(files) })
	}
	f, err := r.target(healAny)
	if err == nil {
		err = r.call(func() error {
			return f.loc.SetInputFiles(files, playwright.LocatorSetInputFilesOptions{Timeout: ms(r.left())})
		})
	}
	if err == nil || final(err) && r.chooserless(err) {
		return err
	}
	var c playwright.FileChooser
	if _, waitErr := r.await(popupPatience, func() bool { c = r.pages.takeChooser(r.tab.page); return c != nil }); waitErr != nil {
		return waitErr
	}
	if c == nil {
		return explain(err, NotActionable)
	}
	return r.call(func() error { return c.SetFiles(files) })
}

// chooserless says that no file chooser could help: only that the field was not found is no reason.
func (r *run) chooserless(err error) bool {
	var f *fault
	return !errors.As(err, &f) || f.reason != NotFound
}

func (r *run) files() ([]playwright.InputFile, error) {
	out := make([]playwright.InputFile, 0, len(r.step.Files))
	for _, f := range r.step.Files {
		if r.opts.File == nil {
			return nil, fail(FileMissing, "this run has no files: %s is needed", f.Name)
		}
		file, err := r.opts.File(r.ctx, f)
		if err != nil {
			return nil, fail(FileMissing, "%s: %v", f.Name, err)
		}
		out = append(out, file)
	}
	return out, nil
}

// takeChooser is the newest file chooser of a page; older ones are over.
func (p *pages) takeChooser(page playwright.Page) (last playwright.FileChooser) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.choosers = slices.DeleteFunc(p.choosers, func(c playwright.FileChooser) bool {
		if c.Page() != page {
			return false
		}
		last = c
		return true
	})
	return last
}

// hover moves the mouse over an element.
func (r *run) hover() error {
	f, err := r.target(healAny)
	if err != nil {
		return err
	}
	return r.over(f, nil)
}

func (r *run) over(f found, pos *recording.Point) error {
	_, err := r.ready(f, way{try: func(timeout float64) error {
		return f.loc.Hover(playwright.LocatorHoverOptions{Timeout: &timeout, Position: place(pos), Modifiers: modifiers(r.step.Modifiers)})
	}})
	return err
}

// scrolling moves an element or the page, and answers where it is then.
const scrolling = `(e, to) => {
	const s = e === document.documentElement || e === document.body ? document.scrollingElement || e : e;
	s.scrollTo({ left: to.x, top: to.y, behavior: "instant" });
	return [s.scrollLeft, s.scrollTop];
}`

// scroll moves to an offset; content that comes while scrolling is waited for.
func (r *run) scroll() error {
	loc := r.tab.page.Locator(":root")
	if r.step.Target != nil {
		f, err := r.target(healAny)
		if err != nil {
			return err
		}
		loc = f.loc
	}
	until := r.start.Add(r.opts.HealAfter)
	if r.deadline.After(until) {
		r.deadline = until // not getting all the way is no failure
	}
	to := map[string]any{"x": r.step.Scroll.X, "y": r.step.Scroll.Y}
	var x, y float64
	there, err := r.poll(func() (bool, error) {
		at, err := ask(r, func() (any, error) { return evaluate(loc, scrolling, to) })
		if err != nil {
			return false, err
		}
		if pair, ok := at.([]any); ok && len(pair) == 2 {
			x, y = number(pair[0]), number(pair[1])
		}
		return near(x, r.step.Scroll.X) && near(y, r.step.Scroll.Y), nil
	})
	if err == nil && !there {
		r.note("scrolled to %.0f,%.0f: there is no more", x, y)
	}
	return err
}

func near(a, b float64) bool { return a-b < 2 && b-a < 2 }

// wait waits until an element can be seen.
func (r *run) wait() error {
	f, err := r.target(healAny)
	if err != nil {
		return err
	}
	ok, err := r.claim(f, func(a playwright.LocatorAssertions, timeout *float64) error {
		return a.ToBeVisible(playwright.LocatorAssertionsToBeVisibleOptions{Timeout: timeout})
	}, false)
	if err == nil && !ok {
		return fail(Timeout, "the element is there but not visible")
	}
	return err
}

// refused says that a beforeunload dialog of this step was answered with "stay".
func (p *pages) refused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.answers, func(a Answer) bool { return a.Kind == "beforeunload" && !a.Accept })
}
