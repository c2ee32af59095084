package derive

import (
	"regexp"
	"strings"

	"tapedeck/domain/knowledge"
	"tapedeck/domain/testcase"
)

// forbids says that a requirement is about what must not work.
var forbids = regexp.MustCompile(`(?i)\b(must not|may not|cannot|can not|not allowed|refused|rejected|invalid|error|darf nicht|dürfen nicht|nicht erlaubt|abgelehnt|ungültig|fehler(meldung)?)\b`)

// requirements makes a case of each requirement that the flow touches and neither asserts nor has a limit of: its steps are
// those of the flow up to there, its expected result is the requirement's own text.
func (d *deriver) requirements() {
	for i := range d.passages {
		p := &d.passages[i]
		if p.Kind == knowledge.Scenario {
			d.scenario(i)
			continue
		}
		if p.part == 0 || p.field || p.Requirement == "" || d.asserted[i] {
			continue
		}
		part := d.seen(p.part - 1)
		text := testcase.Line(plain(p.Text))
		steps := d.stepsOf(d.parts[:part+1], max(0, part-2))
		last := &steps[len(steps)-1]
		cites := []testcase.Citation{p.cite()}
		last.Expected, last.ExpectedSources = "It is as the document says: “"+testcase.CutLine(text, 700)+"”", cites
		c := testcase.Case{
			Title: text, Type: testcase.Positive, Priority: priorityOf(p.Requirement), Steps: steps, Sources: cites,
			Tags: append([]string{"requirement", string(p.Requirement)}, p.Headings...), Why: "The flow touches it, and nothing that was recorded asserts it.",
		}
		if forbids.MatchString(text) {
			c.Type = testcase.Negative
		}
		d.add(c, "passage", p.ID)
	}
}

// seen is the part at which what a part does is seen: what is entered into a form, when the form is sent.
func (d *deriver) seen(part int) int {
	for _, u := range d.forms {
		if u.begin <= part && part < u.submit {
			return u.submit
		}
	}
	return part
}

func priorityOf(r knowledge.RequirementType) testcase.Priority {
	switch r {
	case knowledge.Should:
		return testcase.Medium
	case knowledge.May:
		return testcase.Low
	case knowledge.Must, knowledge.Criterion, knowledge.Example, knowledge.Rule:
	}
	return testcase.High
}

var (
	gherkinName = regexp.MustCompile(`(?i)^\s*(?:scenario(?: outline| template)?|example|szenario(?:grundriss)?|beispiel)\s*:\s*(.*)$`)
	gherkinStep = regexp.MustCompile(`(?i)^[\s>*+-]*(?:\d+[.)]\s*)?[*_]{0,2}(given|when|then|and|but|angenommen|gegeben sei(?:en)?|wenn|dann|und|aber)\b[*_]{0,2}[:,]?\s*(.*)$`)
)

// scenario makes a case of an example that somebody wrote, when most of its words are the flow's.
func (d *deriver) scenario(i int) {
	p := &d.passages[i]
	flow := terms{}
	for _, part := range d.parts {
		flow = flow.with(part.about, part.around)
		for _, e := range part.expects {
			flow = flow.with(e.about)
		}
	}
	if p.part == 0 && (p.weight == 0 || d.rare.sum(p.own.shared(flow))/p.weight < mostOfThing || len(p.own.shared(flow)) < 3) {
		return
	}
	d.touched[i] = true
	c := testcase.Case{Type: testcase.Positive, Priority: testcase.High, Tags: append([]string{"scenario"}, p.Headings...), Why: "A document gives it as an example, and the flow is about the same."}
	cites := []testcase.Citation{p.cite()}
	what := ""
	for line := range strings.Lines(p.Text) {
		line = strings.TrimSpace(line)
		if m := gherkinName.FindStringSubmatch(line); m != nil {
			c.Title = testcase.Line(plain(m[1]))
			continue
		}
		m := gherkinStep.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		text := testcase.Line(plain(m[2]))
		switch strings.ToLower(strings.Fields(m[1])[0]) {
		case "given", "angenommen", "gegeben":
			what = "given"
		case "when", "wenn":
			what = "when"
		case "then", "dann":
			what = "then"
		}
		switch last := len(c.Steps) - 1; {
		case text == "":
		case what == "given":
			c.Preconditions = append(c.Preconditions, text)
		case what == "when" || last < 0:
			c.Steps = append(c.Steps, testcase.Step{Action: sentence(text), Sources: cites})
		case c.Steps[last].Expected == "":
			c.Steps[last].Expected, c.Steps[last].ExpectedSources = sentence(text), cites
		default:
			c.Steps[last].Expected += ". " + sentence(text)
		}
	}
	if len(c.Steps) == 0 {
		return
	}
	if c.Title == "" {
		c.Title = c.Steps[0].Action
	}
	if forbids.MatchString(p.Text) {
		c.Type = testcase.Negative
	}
	c.Sources = cites
	d.add(c, "passage", p.ID)
}
