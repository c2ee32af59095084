package golang

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tapedeck/domain/recording"
	"tapedeck/domain/secret"
	"tapedeck/workers/generate/naming"
	"tapedeck/workers/locator"
)

// flow writes the steps of a recording as the body of a test.
type flow struct {
	doc    recording.Document
	origin string
	lines  []line
	files  map[string]recording.File
	count  map[string]int // of names that were given
	notes  []string
	// known are the variables that some line declares, inner those that are given a value within a call.
	known, inner map[string]bool
	// given is code for what steps enter instead, only code for the condition that they are done on; both by the step's id.
	given, only map[string]string
}

func newFlow(doc recording.Document, files map[string]recording.File) *flow {
	return &flow{
		doc: doc, origin: naming.Origin(doc.URL), files: files, count: map[string]int{}, known: map[string]bool{"page": true}, inner: map[string]bool{},
		given: map[string]string{}, only: map[string]string{},
	}
}

// line is a statement: a call, or plain code. A variable is declared by it, or given its value; one that no line needs is left
// out.
type line struct {
	call     // nothing in it for plain code
	plain    string
	variable string
}

// call is a Go call that answers an error, or a value and an error.
type call struct {
	code  string
	value bool
	// only is the condition that it is done on; "" for none.
	only string
}

// write writes all steps. What follows from a step stands around it: dialogs it is answered by, pages and files it brings.
func (f *flow) write() {
	steps := slices.DeleteFunc(slices.Clone(f.doc.Steps), func(s recording.Step) bool { return s.Disabled })
	for i := 0; i < len(steps); {
		next := i + 1
		for next < len(steps) && steps[next].Follows() {
			next++
		}
		if steps[i].Follows() { // nothing was done before it
			f.alone(steps[i])
			i++
			continue
		}
		f.step(steps[i], steps[i+1:next])
		i = next
	}
}

// step writes a step within calls that wait for what it brings.
func (f *flow) step(s recording.Step, brings []recording.Step) {
	if s.Type == recording.OpenPage {
		f.open(s)
		return
	}
	if !f.known[pageName(s.Page)] {
		f.note(s, "no step opens its page")
		return
	}
	do, ok := f.action(s)
	if !ok {
		return
	}
	do.only = f.only[s.ID]
	var after []string
	var waits, dialogs []recording.Step
	for _, b := range brings {
		switch {
		case b.Type == recording.Dialog:
			dialogs = append(dialogs, b)
		case b.Type == recording.OpenPage && !f.known[pageName(b.Opener)]:
			f.note(b, "no step opens the page that it comes from")
		default:
			waits = append(waits, b)
		}
	}
	if len(dialogs) > 0 {
		f.add(dialog(pageName(s.Page), dialogs))
	}
	variable := ""
	for i, b := range slices.Backward(waits) {
		var what string
		if b.Type == recording.Download {
			variable, what = f.name("download"), pageName(s.Page)+".ExpectDownload("
			if len(b.Files) > 0 && b.Files[0].Name != "" {
				after = append(after, fmt.Sprintf("same(t, %s.SuggestedFilename(), %s)", variable, quote(b.Files[0].Name)))
			}
		} else {
			variable, what = pageName(b.Page), pageName(b.Opener)+".ExpectPopup("
		}
		do = call{code: what + "func() error {\n" + do.body() + "\n})", value: true}
		if i > 0 { // it is given its value within the call around it
			do = f.within(b, variable, do)
		}
		f.known[variable] = true
	}
	f.lines = append(f.lines, line{call: do, variable: variable})
	for _, a := range slices.Backward(after) {
		f.add(a)
	}
}

// within declares a variable that is given its value within a call, and has the call do so.
func (f *flow) within(b recording.Step, variable string, do call) call {
	if !f.known[variable] {
		kind := "Page"
		if b.Type == recording.Download {
			kind = "Download"
		}
		f.lines = append(f.lines, line{plain: "var " + variable + " playwright." + kind, variable: variable})
	}
	f.inner[variable] = true
	return call{code: "func() (err error) {\n" + variable + ", err = " + do.code + "\nreturn err\n}()"}
}

// body is the call as the body of a function that answers an error.
func (c call) body() string {
	code := "return " + c.code
	if c.value {
		code = "_, err := " + c.code + "\nreturn err"
	}
	if c.only != "" {
		code = "if " + c.only + " {\n" + code + "\n}\nreturn nil"
	}
	return code
}

// open opens a page that no step brings.
func (f *flow) open(s recording.Step) {
	name := pageName(s.Page)
	f.known[name] = true
	f.lines = append(f.lines, line{call: call{code: "page.Context().NewPage()", value: true}, variable: name})
}

// alone writes what came without a step that brought it.
func (f *flow) alone(s recording.Step) {
	switch {
	case s.Type == recording.Dialog && f.known[pageName(s.Page)]:
		f.add(dialog(pageName(s.Page), []recording.Step{s}))
	default:
		f.note(s, "nothing was recorded that brings it")
	}
}

// dialog answers the next dialogs of a page: the second is waited for before the first is answered, and not in the handler
// itself, which holds playwright-go's lock.
func dialog(page string, steps []recording.Step) string {
	answer := "check(t, dialog.Accept())"
	switch d := steps[0].Dialog; {
	case d == nil || !d.Accept:
		answer = "check(t, dialog.Dismiss())"
	case d.Text != "":
		answer = "check(t, dialog.Accept(" + quote(d.Text) + "))"
	}
	if len(steps) > 1 {
		answer = "\ngo func() {\n" + dialog(page, steps[1:]) + "\n" + answer + "\n}()\n"
	}
	return page + ".Once(\"dialog\", func(dialog playwright.Dialog) { " + answer + " })"
}

// action is a step as a call; false when it cannot be written.
func (f *flow) action(s recording.Step) (call, bool) {
	page := pageName(s.Page)
	switch s.Type {
	case recording.Navigate:
		switch s.History {
		case "back":
			return call{code: page + ".GoBack()", value: true}, true
		case "forward":
			return call{code: page + ".GoForward()", value: true}, true
		case "reload":
			return call{code: page + ".Reload()", value: true}, true
		}
		return call{code: page + ".Goto(" + quote(naming.Address(f.origin, s.URL)) + ")", value: true}, true
	case recording.ClosePage:
		return call{code: page + ".Close()"}, true
	case recording.SetViewport:
		if s.Viewport == nil {
			return f.unknown(s)
		}
		return call{code: page + "." + fmt.Sprintf("SetViewportSize(%d, %d)", s.Viewport.Width, s.Viewport.Height)}, true
	case recording.Assert:
		return f.claim(s, page)
	case recording.Press:
		key := quote(strings.Join(append(slices.Clone(s.Modifiers), s.Key), "+"))
		if s.Target == nil {
			return call{code: page + ".Keyboard().Press(" + key + ")"}, true
		}
		return f.on(s, page, call{code: "Press(" + key + ")"})
	case recording.Scroll:
		return f.scroll(s, page)
	case recording.Click, recording.Fill, recording.Check, recording.Uncheck, recording.Select, recording.Upload, recording.Hover,
		recording.Drag, recording.Wait:
		do, ok := f.element(s, page)
		if !ok {
			return f.unknown(s)
		}
		return f.on(s, page, do)
	case recording.Dialog, recording.Download, recording.OpenPage:
	}
	return f.unknown(s)
}

// on puts a call on a step's element.
func (f *flow) on(s recording.Step, page string, do call) (call, bool) {
	element, ok := elementOf(s.Target, page)
	if !ok {
		return f.lost(s)
	}
	do.code = element + "." + do.code
	return do, true
}

// elementOf is an element as code; false when no way to it can be written in Go.
func elementOf(t *recording.Target, page string) (string, bool) {
	if t == nil {
		return "", false
	}
	for _, way := range locator.To(t) {
		if code, ok := way.Go(page); ok {
			return code, true
		}
	}
	return "", false
}

func (f *flow) scroll(s recording.Step, page string) (call, bool) {
	if s.Scroll == nil {
		return f.unknown(s)
	}
	to := "map[string]any{\"x\": " + number(s.Scroll.X) + ", \"y\": " + number(s.Scroll.Y) + "}"
	if s.Target == nil {
		return call{code: page + ".Evaluate(\"({ x, y }) => window.scrollTo(x, y)\", " + to + ")", value: true}, true
	}
	return f.on(s, page, call{code: "Evaluate(\"(e, { x, y }) => e.scrollTo(x, y)\", " + to + ")", value: true})
}

// claim is an assertion.
func (f *flow) claim(s recording.Step, page string) (call, bool) {
	if s.Assertion == nil {
		return f.unknown(s)
	}
	a := *s.Assertion
	matcher, ok := locator.MatcherCall(a)
	if !ok {
		f.note(s, "it claims nothing")
		return call{}, false
	}
	code, ok := matcher.Go()
	switch {
	case !ok:
		f.note(s, "Go cannot read its regular expression")
		return call{}, false
	case a.Claim == recording.IsAria:
		code = "ToMatchAriaSnapshot(" + snapshot(a.Expected) + ")"
	case a.Claim == recording.HasURL && a.Match == "exact": // playwright-go takes a text for a path
		code = "ToHaveURL(address(site, " + quote(naming.Address(f.origin, a.Expected)) + "))"
	}
	if a.Not {
		code = "Not()." + code
	}
	if a.Claim == recording.HasURL || a.Claim == recording.HasTitle {
		return call{code: "expect.Page(" + page + ")." + code}, true
	}
	element, ok := elementOf(s.Target, page)
	if !ok {
		return f.lost(s)
	}
	return call{code: "expect.Locator(" + element + ")." + code}, true
}

// snapshot is an aria snapshot with a literal for each line, as people read and edit it.
func snapshot(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, l := range lines {
		if i < len(lines)-1 {
			l += "\n"
		}
		lines[i] = quote(l)
	}
	return strings.Join(lines, " +\n")
}

// text is what is typed: a secret is a variable of the environment.
func text(v recording.Value) string {
	if v.Secret != "" {
		return "env(t, " + quote(secret.Variable(v.Secret)) + ")"
	}
	return quote(v.Text)
}

var plainPage = regexp.MustCompile(`^page\d{0,4}$`)

// pageName is the name of a page's variable.
func pageName(name string) string {
	if !plainPage.MatchString(name) {
		return "page"
	}
	return name
}

// name gives a variable a name that no other one has.
func (f *flow) name(base string) string {
	f.count[base]++
	if n := f.count[base]; n > 1 {
		return base + strconv.Itoa(n)
	}
	return base
}

func (f *flow) add(code string) { f.lines = append(f.lines, line{plain: code}) }

func (f *flow) unknown(s recording.Step) (call, bool) {
	f.note(s, "it does not say enough to be done again")
	return call{}, false
}

func (f *flow) lost(s recording.Step) (call, bool) {
	f.note(s, "its element has no locator that can be written")
	return call{}, false
}

func (f *flow) note(s recording.Step, why string) {
	f.notes = append(f.notes, fmt.Sprintf("step %s (%s) is left out: %s", s.ID, s.Words(), why))
}

func quote(s string) string { return strconv.Quote(s) }
