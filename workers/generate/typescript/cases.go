package typescript

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"tapedeck/domain/recording"
	"tapedeck/domain/testcase"
	"tapedeck/workers/generate/naming"
)

// Case is a test case that becomes a test of its own, beside that of the whole recording.
type Case struct {
	ID, Title string
	Trial     testcase.Trial
}

// CanWrite says whether a trial can be a test on the recording that it came from: what is sent in it has to be what was sent
// there, so that only what the browser itself stops is left.
func CanWrite(t testcase.Trial) bool {
	return t.Outcome == testcase.OutcomeBlocked || t.Outcome == testcase.OutcomeShortened
}

// table is the cases that end with the same step: one test over rows of data.
type table struct {
	Title   string
	Until   string
	Blocked bool
	// Usual are the fields that cases change, with what the recording enters; Fields the same fields as elements.
	Usual, Fields []pair
	Rows          []row
	// Optional says that some row leaves a step out.
	Optional bool
	Lines    []string
	Fixtures []string
}

type pair struct{ Name, Code string }

type row struct {
	ID, Title, Field, Text string // Text is code
	Length                 int
}

// tables writes the cases. What cannot be written is a note.
func (f *flow) tables(cases []Case) []table {
	var out []table
	done := map[string]bool{}
	for _, c := range cases {
		key := string(c.Trial.Outcome) + c.Trial.Last
		if done[key] || !CanWrite(c.Trial) {
			continue
		}
		done[key] = true
		var group []Case
		for _, o := range cases {
			if o.Trial.Outcome == c.Trial.Outcome && o.Trial.Last == c.Trial.Last {
				group = append(group, o)
			}
		}
		if t, ok := f.table(group, len(done)); ok {
			t.Title = unlike(t.Title, func(s string) bool { return slices.ContainsFunc(out, func(o table) bool { return o.Title == s }) })
			out = append(out, t)
		}
	}
	return out
}

// table writes the cases of one step: the steps up to it once, and a row for each case. number is the test's.
func (f *flow) table(group []Case, number int) (table, bool) {
	trial := group[0].Trial
	t := table{Until: trial.Last, Blocked: trial.Outcome == testcase.OutcomeBlocked}
	doc, err := testcase.Trial{Outcome: trial.Outcome, Last: trial.Last}.Apply(f.doc)
	if err != nil {
		f.notes = append(f.notes, fmt.Sprintf("%d test cases are left out: %v", len(group), err))
		return t, false
	}
	doc.Steps = slices.DeleteFunc(doc.Steps, func(s recording.Step) bool { return s.Type == recording.Assert })
	t.Title = title(f.doc.Name) + ": what the browser " + map[bool]string{true: "refuses", false: "cuts off"}[t.Blocked]
	w := &flow{doc: doc, origin: f.origin, files: f.files, count: map[string]int{}, given: map[string]string{}, only: map[string]string{}, pages: f.pages, test: number}
	names := map[string]string{}
	for _, c := range group {
		i := slices.IndexFunc(doc.Steps, func(s recording.Step) bool { return s.ID == c.Trial.Entered })
		if i < 0 {
			f.notes = append(f.notes, fmt.Sprintf("test case %s is left out: the recording has no step %s before %s any more", c.ID, c.Trial.Entered, c.Trial.Last))
			continue
		}
		step := doc.Steps[i]
		name, known := names[step.ID]
		if !known {
			element, ok := w.element(step, step.Target, w.page(step.Page))
			if !ok {
				f.notes = append(f.notes, fmt.Sprintf("test case %s is left out: its field has no locator that can be written", c.ID))
				continue
			}
			name = unlike(title(c.Trial.Field), func(s string) bool { return slices.ContainsFunc(t.Fields, func(p pair) bool { return p.Name == s }) })
			names[step.ID] = name
			t.Fields = append(t.Fields, pair{name, element})
			t.Usual = append(t.Usual, pair{name, usual(w, step)})
		}
		r := row{
			ID: c.ID, Field: name, Text: repeated(c.Trial.Text), Length: c.Trial.Length,
			Title: unlike(title(c.Title), func(s string) bool { return slices.ContainsFunc(t.Rows, func(r row) bool { return r.Title == s }) }),
		}
		if c.Trial.Left {
			r.Text, t.Optional = "null", true
		}
		t.Rows = append(t.Rows, r)
	}
	for id, name := range names {
		value := "values[" + quote(name) + "]"
		if i := slices.IndexFunc(doc.Steps, func(s recording.Step) bool { return s.ID == id }); doc.Steps[i].Type == recording.Fill {
			w.given[id] = value + "!"
		} else {
			w.only[id] = value + " !== null"
		}
	}
	w.write()
	t.Lines, t.Fixtures = w.lines, w.fixtures
	f.notes = append(f.notes, w.notes...)
	return t, len(t.Rows) > 0
}

// usual is what the recording enters, as code.
func usual(f *flow, s recording.Step) string {
	if s.Type == recording.Fill && s.Value != nil {
		return f.value(*s.Value)
	}
	return quote("as recorded")
}

func unlike(name string, taken func(string) bool) string { return naming.Unlike(name, taken) }

// repeated is a text as code; one of many equal characters is written short.
func repeated(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if n := utf8.RuneCountInString(text); n > 40 && first != utf8.RuneError && text == strings.Repeat(text[:size], n) {
		return quote(text[:size]) + ".repeat(" + strconv.Itoa(n) + ")"
	}
	return quote(text)
}
