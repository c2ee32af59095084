package advise

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/testcase"
	"tapedeck/workers/model"
)

// Model answers questions. *model.Client is one.
type Model interface {
	// Name is what people call it.
	Name() string
	// Ask answers a JSON object. It fails with a *model.Error, or with the cause of ctx's end.
	Ask(ctx context.Context, q model.Question) (jsontext.Value, error)
}

// Options bound what is asked.
type Options struct {
	// RecordingID is what the cases are of.
	RecordingID string
	// Room is how many cases may be added. Defaults to 0: none.
	Room int
	// Progress is told before each question: cases from first to last, from 1, of so many.
	Progress func(first, last, of int)
}

// Result is what became of the cases.
type Result struct {
	// Cases are those that were given, in their order, and then those that the model proposed.
	Cases []testcase.Case
	// Improved counts the titles that are the model's, Proposed the cases that it added.
	Improved, Proposed int
	// Notes say what was not taken or not asked, and why.
	Notes []string
}

// Improve asks a model about cases, which it does not change itself. Its error is the cause of ctx's end; the result is
// good also then, with what was taken before. When the model cannot be asked, a note says so.
func Improve(ctx context.Context, m Model, cases []testcase.Case, o Options) (Result, error) {
	a := adviser{model: m, o: o, out: Result{Cases: slices.Clone(cases)}, given: preconditions(cases)}
	questions, err := batches(cases, o.Room)
	if err != nil {
		return a.out, err
	}
	for _, b := range questions {
		last := b.first + len(b.cases) - 1
		if o.Progress != nil {
			o.Progress(b.first, last, len(cases))
		}
		raw, err := m.Ask(ctx, question(b))
		var f *model.Error
		switch {
		case ctx.Err() != nil:
			err = context.Cause(ctx)
			a.note("the model %s was not asked about cases %d to %d: %s", m.Name(), b.first, len(cases), err)
			return a.done(), err
		case errors.As(err, &f) && f.Useless():
			a.refuse(len(b.cases), false, f.Error())
			continue
		case err != nil:
			a.note("the model %s was not asked about cases %d to %d, which are as they were derived: %s", m.Name(), b.first, len(cases), err)
			return a.done(), nil
		}
		a.take(b, raw)
	}
	return a.done(), nil
}

// adviser takes answers.
type adviser struct {
	model   Model
	o       Options
	out     Result
	given   []string // preconditions of every case
	refused []refusal
}

// refusal counts what was not taken for one reason.
type refusal struct {
	why      string
	proposed bool
	n        int
}

func (a *adviser) note(format string, args ...any) {
	a.out.Notes = append(a.out.Notes, testcase.CutLine(fmt.Sprintf(format, args...), 500))
}

func (a *adviser) refuse(n int, proposed bool, why string) {
	i := slices.IndexFunc(a.refused, func(r refusal) bool { return r.why == why && r.proposed == proposed })
	if i < 0 {
		i = len(a.refused)
		a.refused = append(a.refused, refusal{why: why, proposed: proposed})
	}
	a.refused[i].n += n
}

func (a *adviser) done() Result {
	for _, r := range a.refused {
		switch {
		case r.proposed:
			a.note("%s that the model proposed %s not used: %s", counted(r.n), was(r.n), r.why)
		default:
			a.note("the model's answer for %s was not used: %s", counted(r.n), r.why)
		}
	}
	return a.out
}

func counted(n int) string {
	if n == 1 {
		return "1 case"
	}
	return fmt.Sprintf("%d cases", n)
}

func was(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// take looks at each thing that a model says about a batch.
func (a *adviser) take(b batch, raw jsontext.Value) {
	var said answer
	if err := json.Unmarshal(raw, &said); err != nil {
		a.refuse(len(b.cases), false, "it has not the form that was asked for")
		return
	}
	seen := map[string]bool{}
	for _, t := range said.Titles {
		switch i := slices.IndexFunc(b.cases, func(c testcase.Case) bool { return c.ID == t.CaseID }); {
		case i < 0:
			a.refuse(1, false, "it names a case that was not sent")
		case seen[t.CaseID]:
			a.refuse(1, false, "it names a case twice")
		default:
			seen[t.CaseID] = true
			a.title(b.first-1+i, t.Title)
		}
	}
	for i, p := range said.Cases {
		if i == maxProposed {
			a.refuse(len(said.Cases)-maxProposed, true, fmt.Sprintf("at most %d are taken of one answer", maxProposed))
			return
		}
		a.propose(p, b)
	}
}

// title puts a title in the place of a case's own, which stays in what says how the case came about.
func (a *adviser) title(i int, title string) {
	c := &a.out.Cases[i]
	why := titleFault(*c, title)
	switch {
	case title == c.Title:
		return
	case why == "" && named(a.out.Cases)[c.ID]:
		why = "other cases name the case by its title"
	case why == "" && a.has(title):
		why = "another case has that title"
	}
	if why != "" {
		a.refuse(1, false, why)
		return
	}
	c.Why = testcase.CutLine(strings.TrimSpace(fmt.Sprintf("%s The model %s worded the title; derived was “%s”.", c.Why, a.model.Name(), c.Title)), testcase.MaxText)
	c.Title = title
	a.out.Improved++
}

func (a *adviser) has(title string) bool {
	return slices.ContainsFunc(a.out.Cases, func(c testcase.Case) bool { return strings.EqualFold(c.Title, title) })
}

// propose adds a case.
func (a *adviser) propose(p proposal, b batch) {
	c, why := p.proposed(b.sources)
	c.ID = idOf(a.o.RecordingID, c)
	switch {
	case why != "":
	case a.has(c.Title) || slices.ContainsFunc(a.out.Cases, func(o testcase.Case) bool { return o.ID == c.ID }):
		why = "another case has that title"
	case a.out.Proposed >= a.o.Room:
		why = "the limit keeps no more"
	}
	if why != "" {
		a.refuse(1, true, why)
		return
	}
	c.Preconditions = slices.Clone(a.given)
	c.Why = testcase.CutLine(fmt.Sprintf("The model %s proposed it from what it cites; nothing was derived or recorded that shows it.", a.model.Name()), testcase.MaxText)
	a.out.Cases = append(a.out.Cases, c)
	a.out.Proposed++
}

// preconditions are those that all cases have.
func preconditions(cases []testcase.Case) []string {
	if len(cases) == 0 {
		return nil
	}
	var out []string
	for _, p := range cases[0].Preconditions {
		if !slices.ContainsFunc(cases, func(c testcase.Case) bool { return !slices.Contains(c.Preconditions, p) }) {
			out = append(out, p)
		}
	}
	return out
}
