package typescript

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
	lines  []string
	files  map[string]recording.File
	count  map[string]int // of names that were given
	notes  []string
	// asked are the steps whose claims the lines assert, one for each assertion in order.
	asked       []string
	probe, soft bool
	// given is code for what steps enter instead, only code for the condition that they are done on; both by the step's id.
	given, only map[string]string
	// pages are those that become classes; nil for none. test is the number of this test among those that use them, fixtures
	// what it gets of them.
	pages    *pages
	test     int
	fixtures []string
}

// write writes all steps. What follows from a step stands beside it: dialogs it is answered by, pages and files it brings.
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
		if f.step(steps[i], steps[i+1:next]); f.probe {
			f.look(steps[i])
		}
		i = next
	}
}

// step writes a step with what it brings.
func (f *flow) step(s recording.Step, brings []recording.Step) {
	code, ok := f.action(s)
	if !ok {
		return
	}
	var after []string
	for _, b := range brings {
		page := f.page(b.Page)
		switch b.Type {
		case recording.Dialog:
			page = f.page(s.Page)
			f.add("%s.once(\"dialog\", (dialog) => dialog.%s);", page, answer(b.Dialog))
		case recording.Download:
			name := f.name("download")
			f.add("const %sPromise = %s.waitForEvent(\"download\");", name, f.page(s.Page))
			after = append(after, fmt.Sprintf("const %s = await %sPromise;", name, name))
			if len(b.Files) > 0 && b.Files[0].Name != "" {
				after = append(after, fmt.Sprintf("expect(%s.suggestedFilename()).toBe(%s);", name, quote(b.Files[0].Name)))
				f.asked = append(f.asked, b.ID)
			}
		default:
			f.add("const %sPromise = %s.waitForEvent(\"popup\");", page, f.page(b.Opener))
			after = append(after, fmt.Sprintf("const %s = await %sPromise;", page, page))
		}
	}
	if condition, ok := f.only[s.ID]; ok {
		code = "if (" + condition + ") " + code
	}
	f.add("%s", code)
	for _, line := range after {
		f.add("%s", line)
	}
}

// look has the page looked at as soon as it is still.
func (f *flow) look(s recording.Step) {
	if s.Type == recording.ClosePage {
		return
	}
	f.add("await still(%s);", f.page(s.Page))
	f.add("await expect(%s.locator(\":root\")).toBeAttached();", f.page(s.Page))
	f.asked = append(f.asked, s.ID)
}

// alone writes what came without a step that brought it.
func (f *flow) alone(s recording.Step) {
	switch s.Type {
	case recording.Dialog:
		f.add("%s.once(\"dialog\", (dialog) => dialog.%s);", f.page(s.Page), answer(s.Dialog))
	default:
		f.note(s, "nothing was recorded that brings it")
	}
}

func answer(d *recording.DialogBox) string {
	switch {
	case d == nil || !d.Accept:
		return "dismiss()"
	case d.Text != "":
		return "accept(" + quote(d.Text) + ")"
	}
	return "accept()"
}

// action is a step as a statement; false when it cannot be written.
func (f *flow) action(s recording.Step) (string, bool) {
	page := f.page(s.Page)
	switch s.Type {
	case recording.Navigate:
		switch s.History {
		case "back":
			return "await " + page + ".goBack();", true
		case "forward":
			return "await " + page + ".goForward();", true
		case "reload":
			return "await " + page + ".reload();", true
		}
		return "await " + page + ".goto(" + quote(f.address(s.URL)) + ");", true
	case recording.OpenPage:
		return "const " + page + " = await page.context().newPage();", true
	case recording.ClosePage:
		return "await " + page + ".close();", true
	case recording.SetViewport:
		if s.Viewport == nil {
			return f.unknown(s)
		}
		return fmt.Sprintf("await %s.setViewportSize({ width: %d, height: %d });", page, s.Viewport.Width, s.Viewport.Height), true
	case recording.Assert:
		return f.claim(s, page)
	case recording.Press:
		key := quote(strings.Join(append(slices.Clone(s.Modifiers), s.Key), "+"))
		if s.Target == nil {
			return "await " + page + ".keyboard.press(" + key + ");", true
		}
		return f.on(s, page, "press("+key+")")
	case recording.Scroll:
		return f.scroll(s, page)
	case recording.Click, recording.Fill, recording.Check, recording.Uncheck, recording.Select, recording.Upload, recording.Hover,
		recording.Drag, recording.Wait:
		call, ok := f.call(s, page)
		if !ok {
			return f.unknown(s)
		}
		return f.on(s, page, call)
	case recording.Dialog, recording.Download:
	}
	return f.unknown(s)
}

// call is what is done with an element.
func (f *flow) call(s recording.Step, page string) (string, bool) {
	switch s.Type {
	case recording.Click:
		return click(s), true
	case recording.Fill:
		if s.Value == nil {
			return "", false
		}
		if code, ok := f.given[s.ID]; ok {
			return "fill(" + code + ")", true
		}
		return "fill(" + f.value(*s.Value) + ")", true
	case recording.Check:
		return "check()", true
	case recording.Uncheck:
		return "uncheck()", true
	case recording.Hover:
		return "hover()", true
	case recording.Wait:
		return "waitFor()", true
	case recording.Select:
		var values []string
		for _, v := range s.Values {
			values = append(values, f.value(v))
		}
		return "selectOption([" + strings.Join(values, ", ") + "])", true
	case recording.Upload:
		var names []string
		for _, file := range s.Files {
			name, ok := f.file(file)
			if !ok {
				return "", false
			}
			names = append(names, "path.join(__dirname, \"files\", "+quote(name)+")")
		}
		return "setInputFiles([" + strings.Join(names, ", ") + "])", true
	case recording.Drag:
		to, ok := f.element(s, s.To, page)
		if !ok {
			return "", false
		}
		var o []string
		if s.Position != nil {
			o = append(o, "sourcePosition: "+point(*s.Position))
		}
		if s.ToPosition != nil {
			o = append(o, "targetPosition: "+point(*s.ToPosition))
		}
		return "dragTo(" + to + options(o) + ")", true
	default:
		return "", false
	}
}

func click(s recording.Step) string {
	var o []string
	method := "click"
	switch {
	case s.Count == 2:
		method = "dblclick"
	case s.Count > 2:
		o = append(o, "clickCount: "+strconv.Itoa(s.Count))
	}
	if s.Button == "right" || s.Button == "middle" {
		o = append(o, "button: "+quote(s.Button))
	}
	if len(s.Modifiers) > 0 {
		var names []string
		for _, m := range s.Modifiers {
			names = append(names, quote(m))
		}
		o = append(o, "modifiers: ["+strings.Join(names, ", ")+"]")
	}
	if s.Position != nil && naming.Pictured(s.Target) {
		o = append(o, "position: "+point(*s.Position))
	}
	return method + "(" + strings.TrimPrefix(options(o), ", ") + ")"
}

func options(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return ", { " + strings.Join(list, ", ") + " }"
}

func point(p recording.Point) string {
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	return "{ x: " + number(p.X) + ", y: " + number(p.Y) + " }"
}

// on writes a call on a step's element.
func (f *flow) on(s recording.Step, page, call string) (string, bool) {
	element, ok := f.element(s, s.Target, page)
	if !ok {
		f.note(s, "its element has no locator that can be written")
		return "", false
	}
	return "await " + element + "." + call + ";", true
}

func (f *flow) element(s recording.Step, t *recording.Target, page string) (string, bool) {
	if t == nil {
		return "", false
	}
	ways := locator.To(t)
	if len(ways) == 0 {
		return "", false
	}
	if property, ok := f.ofPage(s, t, ways[0], page); ok {
		return property, true
	}
	return page + "." + ways[0].Code(page, '"'), true
}

func (f *flow) scroll(s recording.Step, page string) (string, bool) {
	if s.Scroll == nil {
		return f.unknown(s)
	}
	if s.Target == nil {
		return "await " + page + ".evaluate(({ x, y }) => window.scrollTo(x, y), " + point(*s.Scroll) + ");", true
	}
	return f.on(s, page, "evaluate((e, { x, y }) => e.scrollTo(x, y), "+point(*s.Scroll)+")")
}

// claim is an assertion.
func (f *flow) claim(s recording.Step, page string) (string, bool) {
	if s.Assertion == nil {
		return f.unknown(s)
	}
	a := *s.Assertion
	matcher := locator.Matcher(a, '"')
	if a.Claim == recording.IsAria && matcher != "" {
		matcher = snapshot(a)
	}
	if matcher == "" {
		f.note(s, "it claims nothing")
		return "", false
	}
	if a.Claim == recording.HasURL || a.Claim == recording.HasTitle {
		f.asked = append(f.asked, s.ID)
		return "await " + f.expect(a) + "(" + page + ")." + matcher + ";", true
	}
	element, ok := f.element(s, s.Target, page)
	if !ok {
		f.note(s, "its element has no locator that can be written")
		return "", false
	}
	f.asked = append(f.asked, s.ID)
	return "await " + f.expect(a) + "(" + element + ")." + matcher + ";", true
}

func (f *flow) expect(a recording.Assertion) string {
	if f.soft && a.Suggested {
		return "expect.soft"
	}
	return "expect"
}

// snapshot is the matcher of an aria snapshot over several lines, as people read and edit it; Playwright takes off what all
// of them are indented by.
func snapshot(a recording.Assertion) string {
	var out strings.Builder
	if a.Not {
		out.WriteString("not.")
	}
	out.WriteString("toMatchAriaSnapshot(`\n")
	for line := range strings.SplitSeq(strings.Trim(a.Expected, "\n"), "\n") {
		out.WriteString("    " + inTemplate(line) + "\n")
	}
	out.WriteString("  `)")
	return out.String()
}

// inTemplate writes a text into a template literal (ECMAScript, 12.9.6); nothing in it is an expression.
func inTemplate(text string) string {
	quoted := locator.Quote(text, '`')
	return strings.ReplaceAll(quoted[1:len(quoted)-1], "${", `\${`)
}

// value is what is typed: a secret is a variable of the environment.
func (f *flow) value(v recording.Value) string {
	if v.Secret != "" {
		return "process.env[" + quote(secret.Variable(v.Secret)) + "]!"
	}
	return quote(v.Text)
}

// file gives an uploaded file a name in the project.
func (f *flow) file(file recording.File) (string, bool) { return naming.Upload(f.files, file) }

// address is relative to where the recording began.
func (f *flow) address(address string) string { return naming.Address(f.origin, address) }

var plainPage = regexp.MustCompile(`^page\d{0,4}$`)

// page is the name of a page's variable.
func (f *flow) page(name string) string {
	if name == "" || !plainPage.MatchString(name) {
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

func (f *flow) add(format string, args ...any) {
	f.lines = append(f.lines, fmt.Sprintf(format, args...))
}

func (f *flow) unknown(s recording.Step) (string, bool) {
	f.note(s, "it does not say enough to be done again")
	return "", false
}

func (f *flow) note(s recording.Step, why string) {
	f.notes = append(f.notes, fmt.Sprintf("step %s (%s) is left out: %s", s.ID, s.Words(), why))
}

func quote(s string) string { return locator.Quote(s, '"') }
