package golang

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"tapedeck/domain/recording"
	"tapedeck/domain/testcase"
	"tapedeck/workers/generate/naming"
	"tapedeck/workers/generate/typescript"
)

// table is the cases that end with the same step: one test over rows of data.
type table struct {
	Title   string
	Blocked bool
	// Usual are the fields that cases change, with what the recording enters; Fields the same fields as elements.
	Usual, Fields []pair
	Rows          []row
	// Optional says that some row leaves a step out.
	Optional bool
	// Lines are the statements of a row's test; Page says that they need the page.
	Lines string
	Page  bool
}

type pair struct{ Name, Code string }

type row struct {
	ID, Title, Field, Text, Kept string // Text and Kept are code
	Left                         bool
}

// tables writes the cases. What cannot be written is a note.
func (f *flow) tables(cases []typescript.Case) []table {
	var out []table
	done := map[string]bool{}
	for _, c := range cases {
		key := string(c.Trial.Outcome) + c.Trial.Last
		if done[key] || !typescript.CanWrite(c.Trial) {
			continue
		}
		done[key] = true
		var group []typescript.Case
		for _, o := range cases {
			if o.Trial.Outcome == c.Trial.Outcome && o.Trial.Last == c.Trial.Last {
				group = append(group, o)
			}
		}
		if t, ok := f.table(group); ok {
			out = append(out, t)
		}
	}
	return out
}

// table writes the cases of one step: the steps up to it once, and a row for each case.
func (f *flow) table(group []typescript.Case) (table, bool) {
	trial := group[0].Trial
	t := table{Blocked: trial.Outcome == testcase.OutcomeBlocked}
	doc, err := testcase.Trial{Outcome: trial.Outcome, Last: trial.Last}.Apply(f.doc)
	if err != nil {
		f.notes = append(f.notes, fmt.Sprintf("%d test cases are left out: %v", len(group), err))
		return t, false
	}
	doc.Steps = slices.DeleteFunc(doc.Steps, func(s recording.Step) bool { return s.Type == recording.Assert })
	t.Title = naming.Title(f.doc.Name) + ": what the browser " + map[bool]string{true: "refuses", false: "cuts off"}[t.Blocked]
	w := newFlow(doc, f.files)
	names := map[string]string{}
	for _, c := range group {
		i := slices.IndexFunc(doc.Steps, func(s recording.Step) bool { return s.ID == c.Trial.Entered })
		if i < 0 {
			f.notes = append(f.notes, fmt.Sprintf("test case %s is left out: the recording has no step %s before %s any more", c.ID, c.Trial.Entered, c.Trial.Last))
			continue
		}
		name, ok := t.field(doc.Steps[i], c.Trial.Field, names)
		if !ok {
			f.notes = append(f.notes, fmt.Sprintf("test case %s is left out: its field has no locator that can be written", c.ID))
			continue
		}
		t.Rows = append(t.Rows, row{
			ID: c.ID, Field: name, Text: repeated(c.Trial.Text), Kept: repeated(kept(c.Trial.Text, c.Trial.Length)), Left: c.Trial.Left,
			Title: naming.Unlike(naming.Title(c.Title), func(s string) bool { return slices.ContainsFunc(t.Rows, func(r row) bool { return r.Title == s }) }),
		})
		t.Optional = t.Optional || c.Trial.Left
	}
	for id, name := range names {
		if i := slices.IndexFunc(doc.Steps, func(s recording.Step) bool { return s.ID == id }); doc.Steps[i].Type == recording.Fill {
			w.given[id] = "values[" + quote(name) + "]"
		} else if t.Optional {
			w.only[id] = "!c.left || c.field != " + quote(name)
		}
	}
	w.write()
	w.add("fields := map[string]playwright.Locator{\n" + members(t.Fields) + "}")
	if t.Blocked {
		w.add(`must(t, expect.Locator(fields[c.field]).ToHaveJSProperty("validity.valid", false))`)
	} else {
		w.add("must(t, expect.Locator(fields[c.field]).ToHaveValue(c.kept))")
	}
	t.Lines, t.Page = w.render(), w.needed()["page"]
	f.notes = append(f.notes, w.notes...)
	for id := range names {
		if i := slices.IndexFunc(doc.Steps, func(s recording.Step) bool { return s.ID == id }); !w.known[pageName(doc.Steps[i].Page)] {
			f.notes = append(f.notes, fmt.Sprintf("%d test cases are left out: no step opens the page of their field", len(t.Rows)))
			return t, false
		}
	}
	return t, len(t.Rows) > 0
}

// field is the name of a step's field in the table; false when there is no way to the field.
func (t *table) field(s recording.Step, name string, names map[string]string) (string, bool) {
	if known, ok := names[s.ID]; ok {
		return known, true
	}
	element, ok := elementOf(s.Target, pageName(s.Page))
	if !ok {
		return "", false
	}
	name = naming.Unlike(naming.Title(name), func(s string) bool { return slices.ContainsFunc(t.Fields, func(p pair) bool { return p.Name == s }) })
	names[s.ID] = name
	t.Fields = append(t.Fields, pair{name, element})
	usual := quote("as recorded")
	if s.Type == recording.Fill && s.Value != nil {
		usual = text(*s.Value)
	}
	t.Usual = append(t.Usual, pair{name, usual})
	return name, true
}

// members are the members of a map.
func members(list []pair) string {
	var out strings.Builder
	for _, p := range list {
		out.WriteString(quote(p.Name) + ": " + p.Code + ",\n")
	}
	return out.String()
}

// kept is what a browser keeps of a text in a field of so many characters, which are those of UTF-16.
func kept(text string, length int) string {
	units := utf16.Encode([]rune(text))
	return string(utf16.Decode(units[:max(0, min(length, len(units)))]))
}

// repeated is a text as code; one of many equal characters is written short.
func repeated(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if n := utf8.RuneCountInString(text); n > 40 && first != utf8.RuneError && text == strings.Repeat(text[:size], n) {
		return "strings.Repeat(" + quote(text[:size]) + ", " + strconv.Itoa(n) + ")"
	}
	return quote(text)
}
