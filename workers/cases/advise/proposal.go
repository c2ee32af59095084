package advise

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tapedeck/domain/testcase"
	"tapedeck/workers/cases/derive"
)

// Bounds of what a model may propose.
const (
	maxProposed      = 10 // cases in one answer
	maxProposedSteps = 50
)

// Tag marks cases that a model proposed.
const Tag = "model"

// proposed makes a case of a proposal, or says why it is not taken. What it expects has to stand in passages that were
// sent, in their words, numbers and quoted texts; title and actions must not have a number or quoted text of their own.
func (p proposal) proposed(sources map[string]testcase.Citation) (testcase.Case, string) {
	c := testcase.Case{Title: p.Title, Type: p.Type, Priority: p.Priority, Tags: []string{Tag}, Proof: testcase.Manual}
	switch {
	case !oneLine(p.Title, testcase.MaxTitle):
		return c, "a title is empty, too long or not in one line"
	case !slices.Contains(testcase.CaseTypes, p.Type) || !slices.Contains(testcase.Priorities, p.Priority):
		return c, "a type or a priority is none"
	case len(p.Steps) == 0 || len(p.Steps) > maxProposedSteps:
		return c, fmt.Sprintf("a case has no steps, or more than %d", maxProposedSteps)
	}
	expects := false
	for i, s := range p.Steps {
		step, why := s.step(sources)
		if why != "" {
			return c, why
		}
		step.ID = strconv.Itoa(i + 1)
		expects = expects || step.Expected != ""
		c.Steps = append(c.Steps, step)
		for _, cite := range step.ExpectedSources {
			c.Sources = with(c.Sources, cite)
		}
	}
	if !expects {
		return c, "a case expects nothing"
	}
	c.Sources = c.Sources[:min(len(c.Sources), testcase.MaxCitations)]
	return c, p.fault(c)
}

// step is a step of a proposal with what it cites.
func (s sentStep) step(sources map[string]testcase.Citation) (testcase.Step, string) {
	out := testcase.Step{Action: s.Action, Data: s.Data, Expected: s.Expected}
	var why string
	if out.Sources, why = cited(s.Sources, sources); why != "" {
		return out, why
	}
	if out.ExpectedSources, why = cited(s.ExpectedSources, sources); why != "" {
		return out, why
	}
	switch {
	case !oneLine(s.Action, testcase.MaxText) || s.Data != "" && !oneLine(s.Data, testcase.MaxText) || s.Expected != "" && !oneLine(s.Expected, testcase.MaxText):
		return out, "a text of a step is empty, too long or not in one line"
	case len(out.Sources) == 0:
		return out, "a step cites nothing"
	case s.Data != "" && entersSecret(s.Action):
		return out, "a step enters a value for a secret"
	case s.Expected == "":
		out.ExpectedSources = nil
		return out, ""
	}
	var said []string
	for _, c := range out.ExpectedSources {
		if c.Origin == testcase.FromPassage {
			said = append(said, sentences(c.Quote)...)
		}
	}
	if len(said) == 0 {
		return out, "an expected result cites no passage"
	}
	for _, part := range sentences(s.Expected) {
		if why := expectedFault(part, said); why != "" {
			return out, why
		}
	}
	return out, ""
}

// expectedFault says why a sentence is not expected: it has to say what the one does that is most like it of those that are
// cited, with its numbers and quoted texts, as a demand where that is one and as a refusal where that is one.
func expectedFault(text string, said []string) string {
	like := slices.MaxFunc(said, func(a, b string) int { return cmp.Compare(derive.Share(text, a), derive.Share(text, b)) })
	empty := derive.Share(text) == 1 // every word of it is one that all texts have
	switch {
	case empty || derive.Share(text, like) < mostOf || addsAddress(text, like):
		return "an expected result is not what the cited passage says"
	case !within(numbers(text), numbers(like)) || !stands(quoted(text), like):
		return "an expected result has a number or a quoted text that the cited passage has not"
	case denies(text) != denies(like) || !within(directions(text), directions(like)):
		return "an expected result turns the cited passage around"
	}
	return ""
}

var ends = regexp.MustCompile(`[.!?;:]\s+|\n`)

// sentences are the parts of a text between its full stops, without empty ones.
func sentences(text string) []string {
	return slices.DeleteFunc(ends.Split(text, -1), func(s string) bool { return strings.TrimSpace(s) == "" })
}

// fault says why a case is not taken whose steps are right by themselves: its title and actions may only have numbers and
// quoted texts of what the case cites, and have to speak of that.
func (p proposal) fault(c testcase.Case) string {
	var texts []string
	for _, s := range c.Steps {
		texts = append(texts, quotesOf(s.Sources)...)
		texts = append(texts, quotesOf(s.ExpectedSources)...)
	}
	known := strings.Join(texts, "\n")
	own := []string{c.Title}
	for _, s := range c.Steps {
		own = append(own, s.Action)
		if derive.Share(s.Action, known) == 0 || addsAddress(s.Action, known) || addsAddress(s.Data, known) {
			return "a step is about something else than what the case cites"
		}
	}
	all := strings.Join(own, "\n")
	switch {
	case !within(numbers(all), numbers(known)) || !stands(quoted(all), known):
		return "a case has a number or a quoted text that nothing it cites has"
	case derive.Share(c.Title, append(own[1:], known)...) < mostOf || addsAddress(c.Title, known):
		return "a title is about something else than what the case cites"
	}
	return ""
}

// stands says whether each of some texts is a part of another one.
func stands(some []string, text string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !strings.Contains(text, s) })
}

// cited are the places that ids name, each once.
func cited(ids []string, sources map[string]testcase.Citation) ([]testcase.Citation, string) {
	var out []testcase.Citation
	for _, id := range ids {
		c, ok := sources[id]
		if !ok {
			return nil, "it cites a source that was not sent"
		}
		out = with(out, c)
	}
	return out[:min(len(out), testcase.MaxCitations)], ""
}

func with(list []testcase.Citation, c testcase.Citation) []testcase.Citation {
	same := func(o testcase.Citation) bool {
		return o.Origin == c.Origin && o.PassageID == c.PassageID && o.StepID == c.StepID && o.File == c.File && o.Quote == c.Quote
	}
	if slices.ContainsFunc(list, same) {
		return list
	}
	return append(list, c)
}

// idOf is the same for the same content.
func idOf(recordingID string, c testcase.Case) string {
	h := sha256.New()
	put := func(parts ...string) {
		for _, p := range parts {
			h.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
		}
	}
	put(recordingID, Tag, string(c.Type), string(c.Priority), c.Title)
	for _, s := range c.Steps {
		put(s.Action, s.Data, s.Expected)
	}
	return "tc-" + hex.EncodeToString(h.Sum(nil)[:10])
}
