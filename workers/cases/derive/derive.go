package derive

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tapedeck/domain/knowledge"
	"tapedeck/domain/recording"
	"tapedeck/domain/testcase"
)

// Material is what cases are derived from.
type Material struct {
	// Recording has its id and version.
	Recording recording.Document
	// Forms are those of its pages, in the order of the steps; the same one may be there several times.
	Forms []*Form
	// Answers are refusals of servers.
	Answers []Answer
	// Passages are what documents demand: those of which Demands says so.
	Passages []Passage
}

// Demands says whether a passage demands something: it is a requirement, or it bounds a value in other words.
func Demands(p knowledge.Passage) bool { return p.Requirement != "" || len(limitsIn(p)) > 0 }

func limitsIn(p knowledge.Passage) []Limit {
	if p.Kind == knowledge.Row {
		_, limits := RowLimits(p.Context, p.Text)
		return limits
	}
	return Limits(p.Text)
}

// Passage is a passage with the document that it stands in.
type Passage struct {
	knowledge.Passage
	SourceID, DocumentID, Title, URL string
	// Version is the document's, Hash the SHA-256 of its text in hex.
	Version uint64
	Hash    string
}

// Answer is a server's refusal of what a step sent.
type Answer struct {
	StepID string
	// Entry is the exchange's place in network.har.
	Entry       int
	Method, URL string
	Status      int
	// Text is what the server said about it, in one line; Fields are the names of fields that it named.
	Text   string
	Fields []string
}

// Options bound what is derived.
type Options struct {
	// Cases is how many are kept, Uncovered how many requirements that nothing touches. Default to 300 and 1000.
	Cases, Uncovered int
}

// Result is what was derived.
type Result struct {
	Cases     []testcase.Case
	Findings  []testcase.Finding
	Uncovered []testcase.Uncovered
	// UncoveredOf counts the requirements that nothing touches, also those that were not kept.
	UncoveredOf int
	// Notes say what was left out, and why.
	Notes []string
}

// Derive makes cases, the same ones of the same material.
func Derive(m Material, o Options) Result {
	o.Cases, o.Uncovered = cmp.Or(o.Cases, 300), cmp.Or(o.Uncovered, 1000)
	d := &deriver{m: m, touched: map[int]bool{}, asserted: map[int]bool{}, disputed: map[int]bool{}}
	for _, s := range m.Recording.Steps {
		if !s.Disabled {
			d.steps = append(d.steps, s)
		}
	}
	d.readPassages()
	d.readParts()
	d.useForms()
	for _, u := range d.forms {
		for _, f := range u.Fields {
			d.fields = append(d.fields, d.demandsOf(u, f))
		}
	}
	d.readDemands()
	d.compare()
	d.messages()
	d.flow()
	for _, f := range d.fields {
		d.limits(f)
	}
	d.refusals()
	d.requirements()
	d.out.keep(o.Cases)
	for i, p := range d.passages {
		if d.touched[i] || p.Requirement == "" {
			continue
		}
		d.out.UncoveredOf++
		if len(d.out.Uncovered) < o.Uncovered {
			d.out.Uncovered = append(d.out.Uncovered, testcase.Uncovered{Requirement: string(p.Requirement), Source: p.cite()})
		}
	}
	return d.out
}

// deriver is one derivation.
type deriver struct {
	m     Material
	steps []recording.Step // those that are not disabled
	parts []part
	title string // of the case of the whole flow

	passages []passage
	rare     rarity
	// touched are passages that something of the recording belongs to, asserted those that an assertion of it does.
	touched, asserted map[int]bool
	// disputed are steps whose outcome documents contradict.
	disputed map[int]bool

	forms  []*usedForm
	fields []*demanded
	out    Result
}

// passage is a Passage with what it is compared by.
type passage struct {
	Passage
	own    terms // of its text
	all    terms // of its headings, context and title too
	weight float64
	limits []Limit
	// subject is the first cell of a table's row.
	subject string
	// part is the first part of the flow that it belongs to, from 1; 0 for none. field says that a limit of it is a field's.
	part  int
	field bool
}

func (d *deriver) readPassages() {
	var all []terms
	for _, p := range d.m.Passages {
		q := passage{Passage: p, own: termsOf(plain(p.Text))}
		q.all = q.own.with(termsOf(p.Headings...), termsOf(p.Context, p.Title))
		if q.limits = limitsIn(p.Passage); p.Kind == knowledge.Row {
			q.subject, _ = RowLimits(p.Context, p.Text)
		}
		d.passages = append(d.passages, q)
		all = append(all, q.all)
	}
	d.rare = rarityOf(all)
	for i := range d.passages {
		d.passages[i].weight = d.rare.sum(d.passages[i].own)
	}
}

func (p passage) cite() testcase.Citation {
	c := testcase.Citation{
		Origin: testcase.FromPassage, Quote: testcase.Cut(p.Text, testcase.MaxQuote), SourceID: p.SourceID, DocumentID: p.DocumentID,
		Version: p.Version, PassageID: p.ID, Hash: p.Hash, Title: testcase.CutLine(p.Title, 200), URL: testcase.CutLine(p.URL, 1000),
	}
	for _, h := range p.Headings {
		c.Headings = append(c.Headings, testcase.CutLine(h, 200))
	}
	return c
}

// cite is where a recorded step is seen.
func (d *deriver) cite(i int) testcase.Citation {
	s := d.steps[i]
	c := testcase.Citation{
		Origin: testcase.FromStep, Quote: testcase.CutLine(s.Words(), testcase.MaxQuote),
		RecordingID: d.m.Recording.ID, Version: d.m.Recording.Version, StepID: s.ID,
	}
	if s.Evidence != nil {
		c.File = cmp.Or(s.Evidence.Screenshot, s.Evidence.DOM)
	}
	return c
}

// page is where a field's start tag stands, or the step that used it when no page was kept.
func (d *deriver) page(f *Field) testcase.Citation {
	if f.Form.File == "" {
		return testcase.Citation{Origin: testcase.FromStep, Quote: f.Markup, RecordingID: d.m.Recording.ID, Version: d.m.Recording.Version, StepID: f.Form.StepID}
	}
	return testcase.Citation{
		Origin: testcase.FromPage, Quote: f.Markup, RecordingID: d.m.Recording.ID, Version: d.m.Recording.Version,
		StepID: f.Form.StepID, File: f.Form.File, URL: testcase.CutLine(f.Form.URL, 1000), Title: f.Form.Title,
	}
}

func (d *deriver) answer(a Answer) testcase.Citation {
	entry := a.Entry
	return testcase.Citation{
		Origin: testcase.FromAnswer, Quote: testcase.CutLine(fmt.Sprintf("%s %s → %d %s", a.Method, place(a.URL), a.Status, a.Text), testcase.MaxQuote),
		RecordingID: d.m.Recording.ID, Version: d.m.Recording.Version, StepID: a.StepID, File: "network.har", Entry: &entry,
	}
}

func (d *deriver) note(format string, args ...any) {
	if text := testcase.CutLine(fmt.Sprintf(format, args...), 500); len(d.out.Notes) < 50 && !slices.Contains(d.out.Notes, text) {
		d.out.Notes = append(d.out.Notes, text)
	}
}

// add keeps a case once, in the bounds of one, with steps that are numbered.
func (d *deriver) add(c testcase.Case, key ...string) {
	c.ID = "tc-" + digest(append([]string{d.m.Recording.ID}, key...)...)
	if slices.ContainsFunc(d.out.Cases, func(o testcase.Case) bool { return o.ID == c.ID }) {
		return
	}
	c.Title, c.Why, c.Proof = testcase.CutLine(c.Title, testcase.MaxTitle), testcase.CutLine(c.Why, testcase.MaxText), testcase.Manual
	c.Preconditions = append(d.preconditions(), c.Preconditions...)
	if len(c.Preconditions) > testcase.MaxConditions {
		c.Preconditions = c.Preconditions[:testcase.MaxConditions]
	}
	for i := range c.Preconditions {
		c.Preconditions[i] = testcase.Cut(c.Preconditions[i], testcase.MaxText)
	}
	c.Tags = tags(c.Tags)
	c.Sources = few(c.Sources)
	if len(c.Steps) > testcase.MaxSteps {
		d.note("“%s” has %d steps, of which the first %d are kept", c.Title, len(c.Steps), testcase.MaxSteps)
		c.Steps = c.Steps[:testcase.MaxSteps]
	}
	for i := range c.Steps {
		s := &c.Steps[i]
		s.ID = strconv.Itoa(i + 1)
		s.Action, s.Data, s.Expected = testcase.Cut(s.Action, testcase.MaxText), testcase.Cut(s.Data, testcase.MaxText), testcase.Cut(s.Expected, testcase.MaxText)
		s.Sources, s.ExpectedSources = few(s.Sources), few(s.ExpectedSources)
	}
	d.out.Cases = append(d.out.Cases, c)
}

func few(list []testcase.Citation) []testcase.Citation {
	return list[:min(len(list), testcase.MaxCitations)]
}

// preconditions are those of every case of the recording.
func (d *deriver) preconditions() []string {
	var out []string
	if origin := originOf(d.m.Recording.URL); origin != "" {
		out = append(out, "The application can be reached, as it was recorded at "+origin)
	}
	for _, name := range d.m.Recording.Secrets {
		out = append(out, "A value for the secret “"+name+"” is at hand")
	}
	return out
}

// tags makes labels of texts: lower case, with dashes, each once.
func tags(texts []string) []string {
	var out []string
	for _, t := range texts {
		t = strings.Join(wordsOf(t), "-")
		if t = strings.Trim(testcase.CutLine(t, 40), "-…"); t != "" && !slices.Contains(out, t) && len(out) < testcase.MaxTags {
			out = append(out, t)
		}
	}
	return out
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
	}
	return hex.EncodeToString(h.Sum(nil)[:10])
}

// keep leaves the first cases: the flow, then by what they are made of.
func (r *Result) keep(most int) {
	if over := len(r.Cases) - most; over > 0 {
		r.Cases = r.Cases[:most]
		r.Notes = append(r.Notes, fmt.Sprintf("%d more cases were derived than the limit of %d keeps", over, most))
	}
}
