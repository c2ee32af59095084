package derive

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"tapedeck/domain/recording"
	"tapedeck/domain/testcase"
)

// part is one thing that a person does in the recording, with what is to be seen then.
type part struct {
	at           int // the recorded step; -1 for what follows from where the recording begins
	action, data string
	expects      []expectation
	about        terms // what it is done with and to
	around       terms // the page that it is done on
}

type expectation struct {
	at    int // the recorded step
	text  string
	about terms
}

// readParts makes instructions of the recorded steps.
func (d *deriver) readParts() {
	d.title = cmp.Or(testcase.CutLine(d.m.Recording.Name, 150), "Recording "+d.m.Recording.ID)
	title, address := "", d.m.Recording.URL
	open := func() {
		if len(d.parts) == 0 {
			d.parts = append(d.parts, part{at: -1, action: "Open " + place(d.m.Recording.URL), around: termsOf(place(address))})
		}
	}
	for i, s := range d.steps {
		if e := s.Evidence; e != nil {
			title, address = cmp.Or(e.Title, title), cmp.Or(e.URL, address)
		}
		words, name := thing(s.Target)
		if action, data, ok := act(s); ok {
			if s.Type != recording.Navigate && d.m.Recording.URL != "" {
				open()
			}
			p := part{at: i, action: action, data: data, about: termsOf(name), around: termsOf(title, place(address), words, data, d.m.Recording.Name)}
			if e := s.Evidence; e != nil && e.Navigated != "" {
				p.expects = append(p.expects, expectation{at: i, text: "The page goes to " + place(e.Navigated), about: termsOf(place(e.Navigated))})
			}
			d.parts = append(d.parts, p)
			continue
		}
		if text := follows(s); text != "" {
			open()
			p := &d.parts[len(d.parts)-1]
			about := termsOf(name)
			if s.Assertion != nil {
				about = about.with(termsOf(s.Assertion.Expected))
			}
			p.expects = append(p.expects, expectation{at: i, text: text, about: about})
		}
	}
}

// steps are the parts as a case's steps; those from "from" on are described, what comes before is done as in the flow's
// case.
func (d *deriver) stepsOf(parts []part, from int) []testcase.Step {
	var out []testcase.Step
	if from > 3 {
		out = append(out, testcase.Step{Action: fmt.Sprintf("Do the steps 1 to %d of “%s”", from, d.title), Sources: d.citesOf(parts[from-1])})
	} else {
		from = 0
	}
	for _, p := range parts[from:] {
		out = append(out, testcase.Step{Action: p.action, Data: p.data, Sources: d.citesOf(p)})
	}
	return out
}

func (d *deriver) citesOf(p part) []testcase.Citation {
	if p.at < 0 {
		return nil
	}
	return []testcase.Citation{d.cite(p.at)}
}

// flow is the case of what was recorded, from its beginning to its end.
func (d *deriver) flow() {
	if len(d.parts) == 0 {
		d.note("the recording has no step that a person can do")
		return
	}
	c := testcase.Case{
		Title: d.title, Type: testcase.Positive, Priority: testcase.High, Tags: []string{"flow", d.m.Recording.Name},
		Why: "It is what was recorded, with what the recording asserts.", Trial: &testcase.Trial{Outcome: testcase.OutcomeRecorded},
	}
	for i, p := range d.parts {
		s := testcase.Step{Action: p.action, Data: p.data, Sources: d.citesOf(p)}
		for _, n := range d.match(p.about, p.around, 3) {
			d.touch(n, i)
			s.Sources = append(s.Sources, d.passages[n].cite())
		}
		var said []string
		for _, e := range p.expects {
			found := d.match(e.about, p.about.with(p.around), 3)
			for _, n := range found {
				d.touch(n, i)
			}
			if d.disputed[e.at] || d.disputed[p.at] {
				d.note("step “%s” has no expected result: documents contradict what was recorded, see the findings", p.action)
				continue
			}
			said = append(said, e.text)
			s.ExpectedSources = append(s.ExpectedSources, d.cite(e.at))
			for _, n := range found {
				// What an assertion has but a part of is for a person to look at.
				whole := d.rare.sum(e.about.shared(d.passages[n].own)) >= mostOfThing*d.passages[n].weight
				d.asserted[n] = d.asserted[n] || whole && d.steps[e.at].Type == recording.Assert
				s.ExpectedSources = append(s.ExpectedSources, d.passages[n].cite())
			}
		}
		s.Expected = strings.Join(said, ". ")
		c.Steps = append(c.Steps, s)
	}
	if slices.ContainsFunc(d.steps, func(s recording.Step) bool { return s.Evidence != nil && len(s.Evidence.Requests) > 0 }) {
		c.Candidate = testcase.TwinProven
	}
	d.add(c, "flow")
}
