package derive

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tapedeck/domain/recording"
	"tapedeck/domain/testcase"
)

// trial is a value that a limit has something to say about.
type trial struct {
	// key tells it from the field's others; title is the case's.
	key, title string
	kind       testcase.Type
	priority   testcase.Priority
	// action stands in place of what the recording did with the field, when it is not an entry; data is what is entered.
	action, data string
	expected     string
	why          string
	tag          string
	// text is what is entered, when the data says it in other words; outcome is what should become of it, when that is neither
	// what the type nor what the browser's own check says. A wordy one cannot be entered by a program.
	text    string
	outcome testcase.Outcome
	wordy   bool
	length  int
}

// limits makes the cases of what is demanded of a field: each limit from both of its sides. What is disputed has none.
func (d *deriver) limits(f *demanded) {
	order := []LimitKind{Required, MinLength, MaxLength, Min, Max, Format, Contains, Unique, Same, Optional}
	for _, kind := range order {
		for _, x := range f.demands {
			if x.kind == kind && !x.disputed && len(x.docs)+len(x.shows) > 0 {
				d.trials(f, x)
			}
		}
	}
	if f.Type == "file" && f.Accept != "" && f.in.fill(f.Field) >= 0 {
		shows := &demand{shows: []said{{cite: d.page(f.Field), native: false}}}
		d.try(f, shows, trial{
			key: "accept", title: "Give “" + f.Label + "” a file of another kind", kind: testcase.Negative, priority: testcase.Medium, tag: "file",
			data: "a file that is none of: " + f.Accept, wordy: true, expected: "The file is not taken: the page asks for " + f.Accept + ".",
			why: "The field asks for certain kinds of files.",
		})
	}
}

func (d *deriver) trials(f *demanded, x *demand) {
	name := "“" + f.Label + "”"
	l := x.limit()
	accepted := "The input is accepted."
	switch x.kind {
	case Required:
		d.try(f, x, trial{
			key: "empty", title: "Leave " + name + " empty", kind: testcase.Negative, priority: testcase.High, action: f.leave(), tag: "required",
			expected: x.refusal("marked as required"), why: name + " has to be filled.",
		})
		if f.textual() && f.Type != "email" && f.Type != "url" && len(x.docs) > 0 {
			d.try(f, &demand{kind: x.kind, docs: x.docs}, trial{
				key: "blanks", title: "Fill " + name + " with blanks only", kind: testcase.Negative, priority: testcase.Low, data: "three blanks", text: "   ", tag: "required",
				expected: (&demand{docs: x.docs}).refusal(""), why: "Blanks are no content; a browser's own check lets them pass.",
			})
		}
	case Optional:
		d.try(f, x, trial{
			key: "optional", title: "Leave " + name + ", which is optional, empty", kind: testcase.Edge, priority: testcase.Medium, action: f.leave(), tag: "optional",
			expected: accepted, why: name + " may be left empty.",
		})
	case MinLength, MaxLength:
		d.lengths(f, x, int(l.Value))
	case Min, Max:
		d.values(f, x, l)
	case Format:
		d.formats(f, x, l)
	case Contains:
		d.try(f, x, trial{
			key: "contains-" + x.word, title: name + " without any " + charactersOf[x.word], kind: testcase.Negative, priority: testcase.Medium, tag: "format",
			data: d.filled(lacking[x.word], f), expected: x.refusal(""), why: name + " has to contain one.",
		})
	case Unique:
		d.try(f, x, trial{
			key: "unique", title: "Use a “" + f.Label + "” that exists already", kind: testcase.Negative, priority: testcase.High, tag: "unique",
			data: "one that exists already", wordy: true, expected: x.refusal(""), why: name + " has to be unique.",
		})
	case Same:
		d.try(f, x, trial{
			key: "same", title: name + " that differs from the other one", kind: testcase.Negative, priority: testcase.High, tag: "same",
			data: "something else than in the other field", text: "something-Else-7", expected: x.refusal(""), why: "Both have to be the same.",
		})
	}
}

// lacking are values without what a value has to contain.
var lacking = map[string]string{"digit": "Abcdefgh!", "upper": "abcdefg1!", "lower": "ABCDEFG1!", "special": "Abcdefg1"}

// filled makes a value as long as the field's own limits ask for.
func (d *deriver) filled(value string, f *demanded) string {
	if x := f.get(MinLength); x != nil && !x.disputed {
		for n := int(x.limit().Value); len(value) < n && n <= testcase.MaxText; {
			value += value[1:2]
		}
	}
	return value
}

// limit is what all say who say it.
func (x *demand) limit() Limit {
	for _, s := range slices.Concat(x.shows, x.docs) {
		return s.Limit
	}
	return Limit{}
}

// native says that the browser itself sees to it.
func (x *demand) native() bool {
	return slices.ContainsFunc(x.shows, func(s said) bool { return s.native })
}

// refusal is what is expected of what a limit does not allow: what the browser does, else what the document says, else what
// the page does.
func (x *demand) refusal(mark string) string {
	switch {
	case x.native():
		return "The browser does not send the form and points at the field."
	case len(x.docs) > 0:
		return "The input is refused, because the document says: “" + testcase.CutLine(plain(x.docs[0].Sentence), 400) + "”"
	case mark != "":
		return "The input is refused: the field is " + mark + "."
	case len(x.shows) > 0 && x.shows[0].cite.Origin != testcase.FromPage:
		return "The input is refused, as the recording shows: “" + testcase.CutLine(x.shows[0].cite.Quote, 400) + "”"
	}
	return "The input is refused."
}

func (d *deriver) lengths(f *demanded, x *demand, n int) {
	name := "“" + f.Label + "”"
	at := trial{
		key: fmt.Sprintf("length-%d", n), title: fmt.Sprintf("%s with %d characters", name, n), kind: testcase.Edge, priority: testcase.Medium, tag: "length",
		data: f.textOf(n), text: f.exact(n), expected: "The input is accepted.", why: fmt.Sprintf("%s has %s.", name, x.limit().words()),
	}
	beyond := at
	beyond.kind = testcase.Negative
	if x.kind == MinLength {
		beyond.key, beyond.title, beyond.data = fmt.Sprintf("length-%d", n-1), fmt.Sprintf("%s with %d characters, one too few", name, n-1), f.textOf(n-1)
		beyond.text = f.exact(n - 1)
		beyond.expected = x.refusal("")
	} else {
		beyond.key, beyond.title, beyond.data = fmt.Sprintf("length-%d", n+1), fmt.Sprintf("%s with %d characters, one too many", name, n+1), f.textOf(n+1)
		beyond.text = f.exact(n + 1)
		beyond.expected = x.refusal("")
		if x.native() {
			beyond.expected = fmt.Sprintf("The field takes %d characters and no more.", n)
			beyond.outcome, beyond.length = testcase.OutcomeShortened, n
		}
	}
	if x.kind == MaxLength || n > 1 { // fewer than one is empty, which is another matter
		d.try(f, x, beyond)
	}
	if format := f.get(Format); n > 0 && f.Type != "email" && f.Type != "url" && (format == nil || format.limit().Word == "number") {
		d.try(f, x, at) // a text of that length and another form would say nothing
	}
}

// letter is what texts of a length are made of.
func (f *demanded) letter() string {
	if format := f.get(Format); f.Type == "tel" || format != nil && format.limit().Word == "number" {
		return "1"
	}
	return "a"
}

// exact is a text of a length, as it is entered. An address has no part of more than 63 characters (RFC 1035, 2.3.4).
func (f *demanded) exact(n int) string {
	const end = "@example.com"
	if f.Type != "email" || n <= len(end) {
		return strings.Repeat(f.letter(), n)
	}
	local, rest := min(n-len(end), 64), max(0, n-len(end)-64)
	if rest == 1 { // a part has a letter and a dot
		local, rest = local-1, 2
	}
	domain := ""
	for rest > 0 {
		part := min(rest, 50)
		if rest-part == 1 {
			part--
		}
		domain, rest = domain+strings.Repeat("a", part-1)+".", rest-part
	}
	return strings.Repeat(f.letter(), local) + "@" + domain + end[1:]
}

// textOf is a text of a length; a long one is described.
func (f *demanded) textOf(n int) string {
	letter := f.letter()
	switch {
	case f.Type == "email" && n > len("@example.com"):
		return fmt.Sprintf("an address of %d characters, such as %s@example.com", n, strings.Repeat(letter, min(n-len("@example.com"), 64)))
	case n <= 200:
		return strings.Repeat(letter, n)
	}
	return fmt.Sprintf("“%s” %d times (%d characters)", letter, n, n)
}

func (d *deriver) values(f *demanded, x *demand, l Limit) {
	name := "“" + f.Label + "”"
	step := 1.0
	if v, err := strconv.ParseFloat(f.Step, 64); err == nil && v > 0 {
		step = v
	} else if l.Value != float64(int64(l.Value)) {
		step = 0.1
	}
	other := l.Value - step
	if x.kind == Max {
		other = l.Value + step
	}
	unit := strings.TrimSpace(" " + l.Unit)
	number := func(v float64) string {
		return strings.TrimSpace(strconv.FormatFloat(v, 'f', decimals(step), 64) + " " + unit)
	}
	way := map[LimitKind]string{Min: "too little", Max: "too much"}[x.kind]
	d.try(f, x, trial{
		key: "value-" + number(other), title: name + " of " + number(other) + ", " + way, kind: testcase.Negative, priority: testcase.Medium, tag: "range",
		data: strconv.FormatFloat(other, 'f', decimals(step), 64), expected: x.refusal(""), why: fmt.Sprintf("%s has to be %s.", name, l.words()),
	})
	d.try(f, x, trial{
		key: "value-" + number(l.Value), title: name + " of " + number(l.Value), kind: testcase.Edge, priority: testcase.Medium, tag: "range",
		data: written(l.Value), expected: "The input is accepted.", why: fmt.Sprintf("%s has to be %s.", name, l.words()),
	})
}

func decimals(step float64) int {
	_, after, _ := strings.Cut(written(step), ".")
	return len(after)
}

var misshapen = map[string]string{"email": "nobody-at-example", "url": "not an address", "number": "abc", "date": "the day after"}

func (d *deriver) formats(f *demanded, x *demand, l Limit) {
	name := "“" + f.Label + "”"
	if l.Word == "number" && f.Type == "number" {
		return // a browser lets nobody type anything else there
	}
	value := misshapen[l.Word]
	if l.Word == "pattern" {
		var ok bool
		if value, ok = d.unlike(f, l.Pattern); !ok {
			d.note("no value was found that does not match the pattern of %s: its case has to be written by a person", name)
			return
		}
	}
	d.try(f, x, trial{
		key: "format-" + l.Word, title: name + " that is not " + map[bool]string{true: "of its pattern", false: "a valid " + l.Word}[l.Word == "pattern"],
		kind: testcase.Negative, priority: testcase.Medium, tag: "format", data: value, expected: x.refusal(""), why: fmt.Sprintf("%s has %s.", name, l.words()),
	})
}

// unlike finds a value that a pattern does not match, beginning with the recorded one. Patterns are JavaScript's; one that
// means something else here, or nothing, has none.
func (d *deriver) unlike(f *demanded, pattern string) (string, bool) {
	if len(pattern) > 300 {
		return "", false
	}
	re, err := regexp.Compile("^(?:" + pattern + ")$")
	if err != nil {
		return "", false
	}
	candidates := []string{"!", "x", "0", "?? ??", "#####"}
	if i := f.in.fill(f.Field); i >= 0 {
		if v := d.steps[d.parts[i].at].Value; v != nil && v.Secret == "" && v.Text != "" && re.MatchString(v.Text) {
			candidates = append([]string{v.Text + "!", "!" + v.Text}, candidates...)
		}
	}
	for _, c := range candidates {
		if !re.MatchString(c) {
			return c, true
		}
	}
	return "", false
}

// leave says how a field stays without a value.
func (f *demanded) leave() string {
	switch f.Type {
	case "select":
		return "Leave “" + f.Label + "” as it is, with nothing chosen"
	case "checkbox":
		return "Leave the box “" + f.Label + "” unchecked"
	case "radio":
		return "Choose nothing of “" + f.Label + "”"
	case "file":
		return "Give “" + f.Label + "” no file"
	}
	return "Leave the field “" + f.Label + "” empty"
}

// try makes the case of a value: the flow as it was recorded up to the sending of the form, with that value in the field.
func (d *deriver) try(f *demanded, x *demand, t trial) {
	u := f.in
	end := u.submit
	if end < 0 {
		end = len(d.parts) - 1
		for _, fills := range u.fills {
			end = min(end, slices.Max(append(slices.Clone(fills), u.begin)))
		}
	}
	way := d.parts[:u.begin]
	steps := d.stepsOf(way, len(way))
	var cites []testcase.Citation
	for _, s := range slices.Concat(x.docs, x.shows) {
		if !slices.ContainsFunc(cites, func(c testcase.Citation) bool { return same(c, s.cite) }) {
			cites = append(cites, s.cite)
		}
	}
	entry := testcase.Step{Action: cmp.Or(t.action, "Enter into the field “"+f.Label+"”"), Data: t.data, Sources: []testcase.Citation{d.page(f.Field)}}
	if f.Type == "file" && t.action == "" {
		entry.Action = "Give a file to “" + f.Label + "”"
	}
	at, placed := u.fill(f.Field), false
	for i := max(u.begin, u.after); i <= end; i++ {
		p := d.parts[i]
		switch {
		case i == at:
			entry.Sources = append(d.citesOf(p), entry.Sources...)
			steps, placed = append(steps, entry), true
		case slices.Contains(u.fills[f.Field], i):
		case i == u.submit && !placed && i != at:
			steps, placed = append(steps, entry), true
			fallthrough
		default:
			steps = append(steps, testcase.Step{Action: p.action, Data: p.data, Sources: d.citesOf(p)})
		}
	}
	if !placed {
		steps = append(steps, entry)
	}
	if u.submit < 0 {
		steps = append(steps, testcase.Step{Action: strings.TrimSpace("Send the form " + quoted(u.Submit))})
	}
	last := &steps[len(steps)-1]
	last.Expected, last.ExpectedSources = t.expected, cites
	c := testcase.Case{
		Title: t.title, Type: t.kind, Priority: t.priority, Steps: steps, Tags: []string{"form", t.tag, cmp.Or(u.Heading, u.Title), f.Label}, Sources: cites, Why: t.why,
	}
	if x.native() && t.kind == testcase.Negative {
		c.Candidate = testcase.ClientOnly
	}
	c.Trial = d.trial(f, x, t)
	d.add(c, "field", u.Key, f.key(), t.key)
}

// trial is a case as a program can do it; nil when the recording enters nothing into the field, or sends nothing.
func (d *deriver) trial(f *demanded, x *demand, t trial) *testcase.Trial {
	u, at := f.in, f.in.fill(f.Field)
	if at < 0 || t.wordy {
		return nil
	}
	entered := d.steps[d.parts[at].at]
	out := &testcase.Trial{Outcome: t.outcome, Entered: entered.ID, Field: testcase.CutLine(f.Label, 100), Text: cmp.Or(t.text, t.data), Length: t.length}
	if entered.Type != recording.Fill {
		out.Text, out.Left = "", true
		if t.action == "" || len(u.fills[f.Field]) > 1 { // a value that a list or a box does not have; one of several choices
			return nil
		}
	}
	if t.action != "" {
		out.Text = ""
	}
	switch {
	case out.Outcome == testcase.OutcomeShortened:
		out.Last = entered.ID
	case u.submit < 0:
		return nil
	case t.kind != testcase.Negative:
		out.Outcome = testcase.OutcomeAccepted
	case x.native():
		out.Outcome = testcase.OutcomeBlocked
	default:
		out.Outcome = testcase.OutcomeRefused
	}
	if out.Last == "" {
		out.Last = d.steps[d.parts[u.submit].at].ID
	}
	if out.Entered == "" || out.Last == "" || len(out.Text) > testcase.MaxEntered {
		return nil
	}
	return out
}

func quoted(text string) string {
	if text == "" {
		return ""
	}
	return "with “" + text + "”"
}

func same(a, b testcase.Citation) bool {
	return a.Origin == b.Origin && a.PassageID == b.PassageID && a.StepID == b.StepID && a.File == b.File && a.Quote == b.Quote
}

// refusals makes the cases of what servers refused in the recording.
func (d *deriver) refusals() {
	for _, a := range d.m.Answers {
		at := slices.IndexFunc(d.steps, func(s recording.Step) bool { return s.ID == a.StepID })
		end := -1
		for i, p := range d.parts {
			if p.at <= at {
				end = i
			}
		}
		if at < 0 || end < 0 {
			continue
		}
		for _, n := range d.match(termsOf(append(slices.Clone(a.Fields), a.Text)...), d.parts[end].around, 3) {
			d.touch(n, end)
		}
		steps := d.stepsOf(d.parts[:end+1], max(0, end-8))
		last := &steps[len(steps)-1]
		last.Expected = fmt.Sprintf("The server refuses it (%d)", a.Status)
		if a.Text != "" {
			last.Expected += ": “" + testcase.CutLine(a.Text, 400) + "”"
		}
		last.ExpectedSources = []testcase.Citation{d.answer(a)}
		if d.disputed[at] {
			continue
		}
		d.add(testcase.Case{
			Title: "The server refuses: " + cmp.Or(a.Text, a.Method+" "+place(a.URL)), Type: testcase.Negative, Priority: testcase.High, Steps: steps,
			Tags: []string{"server", "refusal", d.m.Recording.Name}, Sources: last.ExpectedSources, Candidate: testcase.TwinProven,
			Why: "The server's answer was recorded.", Trial: &testcase.Trial{Outcome: testcase.OutcomeRecorded, Last: a.StepID},
		}, "answer", a.Method, place(a.URL), strconv.Itoa(a.Status), a.Text)
	}
}
