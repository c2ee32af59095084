package verify

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"tapedeck/domain/proof"
	"tapedeck/domain/recording"
	"tapedeck/workers/locator"
)

// remedy is a change that may mend a test.
type remedy struct {
	proof.Repair
	// key is the locator that it replaces, chain what by; nil for an assertion.
	key   string
	chain locator.Chain
}

// sourceFile is a file of the project.
type sourceFile struct {
	file string
	locator.Source
}

// ailment is what is known of where a test failed.
type ailment struct {
	end   proof.End
	steps []recording.Step
	// claim is the assertion that failed, and stands in line.
	claim *locator.Claim
	line  sourceFile
	// use is the locator that failed, and stands in source.
	use    locator.Use
	source sourceFile
	// key is the whole locator, scope the part of it that stands elsewhere, with its dot.
	key, scope string
}

// remedy puts code into the place of an expression.
func (p sourceFile) remedy(e locator.Expression, code, reason string) remedy {
	before, after := p.Replace(e, code)
	return remedy{Repair: proof.Repair{File: p.file, Line: e.First, Before: before, After: after, Reason: reason}}
}

var (
	failedMethod = regexp.MustCompile(`(?m)^(?:\w*Error: )?locator\.(\w+):`)
	namesLocator = regexp.MustCompile(`(?m)(?:^\s*Locator:\s+|waiting for |strict mode violation: )`)
)

// named is the locator that a message of Playwright's is about; nil when it names none.
func named(message string) locator.Chain {
	for _, at := range namesLocator.FindAllStringIndex(message, -1) {
		if c, ok := locator.Parse(message[at[1]:]); ok {
			return c
		}
	}
	return nil
}

// beyondRepair says why no other locator and no other assertion would help; "" when one may.
func beyondRepair(e *proof.End) string {
	switch {
	case e == nil:
		return "nobody knows how it failed"
	case e.By == proof.ByAction && !failedMethod.MatchString(e.Message):
		return "what could not be done is about no element"
	case e.By != proof.ByAction && e.By != proof.ByAssertion:
		return fmt.Sprintf("it failed by %s: neither an element nor an assertion is to blame", e.By)
	case e.File == "" || e.Line == 0:
		return "nobody knows in which line it failed"
	}
	return ""
}

// remedies are what the recording offers, the best first.
func (a ailment) remedies() []remedy {
	ways := a.ways()
	if a.end.By != proof.ByAssertion {
		return ways
	}
	if strings.Contains(a.end.Message, "element(s) not found") || strings.Contains(a.end.Message, "strict mode violation") {
		return append(ways, a.claims()...)
	}
	return append(a.claims(), ways...)
}

// way is a locator that the recording knows.
type way struct {
	chain locator.Chain
	step  recording.Step
}

// ways are other locators: those of the steps that were recorded with this one, else of steps that did the same.
func (a ailment) ways() []remedy {
	if a.use.To == 0 {
		return nil
	}
	var known []way
	for _, s := range a.steps {
		for _, t := range targets(s) {
			if chains := locator.To(t); slices.ContainsFunc(chains, a.same) {
				for _, c := range chains {
					known = append(known, way{c, s})
				}
			}
		}
	}
	reason := "%s did not work; the recording has this way to the element too (%s)"
	if known == nil {
		known = a.alike()
		reason = "%s did not work and was not recorded; the recording did the same here (%s)"
	}
	var out []remedy
	seen := map[string]bool{a.key: true}
	for _, w := range known {
		if seen[w.chain.Key()] || a.tautology(w.chain) {
			continue
		}
		seen[w.chain.Key()] = true
		chain := a.within(w.chain)
		if chain.Nested() && a.use.Page == "" {
			continue
		}
		code := chain.Code(a.use.Page, a.source.Quote(a.use.Expression))
		r := a.source.remedy(a.use.Expression, code, fmt.Sprintf(reason, cmp.Or(a.key, a.source.Text(a.use.Expression)), w.step.Words()))
		r.key, r.chain = a.key, w.chain
		out = append(out, r)
	}
	return out
}

func (a ailment) same(c locator.Chain) bool { return a.key != "" && c.Key() == a.key }

// within leaves of a locator what is called on the use's own scope.
func (a ailment) within(c locator.Chain) locator.Chain {
	if rest, ok := strings.CutPrefix(c.Key(), a.scope); ok && a.scope != "" {
		if inner, ok := locator.Parse(rest); ok {
			return inner
		}
	}
	return c
}

// tautology says whether an assertion would find its element by what it claims of it: that would be a weaker one.
func (a ailment) tautology(c locator.Chain) bool {
	return a.claim != nil && slices.ContainsFunc(textsOf(a.claim.Args), c.Holds)
}

func textsOf(values []locator.Value) []string {
	var out []string
	for _, v := range values {
		out = append(append(out, v.Text), textsOf(v.Items)...)
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

// nearly is from when on a locator is taken for a bad copy of another.
const nearly = 0.6

// alike are the ways of the steps that did or claimed the same: first those that look like the one that failed, then in
// the order of the recording; of each step its best way before any second one.
func (a ailment) alike() []way {
	var steps [][]way
	for _, s := range a.steps {
		if s.Target == nil || !a.did(s) {
			continue
		}
		var list []way
		for _, c := range locator.To(s.Target) {
			list = append(list, way{c, s})
		}
		slices.SortStableFunc(list, func(x, y way) int { return cmp.Compare(a.nearness(y), a.nearness(x)) })
		steps = append(steps, list)
	}
	slices.SortStableFunc(steps, func(x, y []way) int { return cmp.Compare(a.nearest(y), a.nearest(x)) })
	var out []way
	for i := 0; ; i++ {
		n := len(out)
		for _, list := range steps {
			if i < len(list) {
				out = append(out, list[i])
			}
		}
		if len(out) == n {
			return out
		}
	}
}

func (a ailment) nearest(list []way) float64 {
	if len(list) == 0 {
		return 0
	}
	return a.nearness(list[0])
}

// nearness is 0 for what is no copy.
func (a ailment) nearness(w way) float64 {
	if d := dice(a.key, w.chain.Key()); d >= nearly {
		return d
	}
	return 0
}

// dice is the share of pairs of neighbouring bytes that two texts have in common.
func dice(x, y string) float64 {
	pairs := map[string]int{}
	for i := range len(x) - 1 {
		pairs[x[i:i+2]]++
	}
	both := 0
	for i := range len(y) - 1 {
		if p := y[i : i+2]; pairs[p] > 0 {
			pairs[p]--
			both++
		}
	}
	return 2 * float64(both) / float64(max(len(x)+len(y)-2, 1))
}

// actions are what Playwright's methods do to an element.
var actions = map[string]recording.Action{
	"click": recording.Click, "dblclick": recording.Click, "tap": recording.Click, "fill": recording.Fill, "pressSequentially": recording.Fill, "type": recording.Fill,
	"clear": recording.Fill, "press": recording.Press, "check": recording.Check, "uncheck": recording.Uncheck, "selectOption": recording.Select,
	"setInputFiles": recording.Upload, "hover": recording.Hover, "dragTo": recording.Drag,
}

// did says whether a step is what the failed line tried. An assertion has to claim the same text: what any element would
// hold is not claimed of another one.
func (a ailment) did(s recording.Step) bool {
	if s.Disabled {
		return false
	}
	if a.end.By == proof.ByAssertion {
		return s.Assertion != nil && a.claim != nil && slices.Contains(textsOf(a.claim.Args), s.Assertion.Expected)
	}
	method := a.use.Method
	if m := failedMethod.FindStringSubmatch(a.end.Message); m != nil {
		method = m[1]
	}
	if actions[method] == "" || s.Type != actions[method] {
		return false
	}
	values := slices.Clone(s.Values)
	if s.Value != nil {
		values = append(values, *s.Value)
	}
	if said := textsOf(a.use.Args); (s.Type == recording.Fill || s.Type == recording.Select) && a.use.Method == method && len(said) > 0 {
		return slices.ContainsFunc(values, func(v recording.Value) bool { return slices.Contains(said, v.Text) })
	}
	return true
}

func targets(s recording.Step) []*recording.Target {
	return slices.DeleteFunc([]*recording.Target{s.Target, s.To}, func(t *recording.Target) bool { return t == nil || s.Disabled })
}

// strength orders matchers: state, part of a content, the whole of it. A claim is never replaced by a weaker one.
var strength = map[string]int{
	"toHaveCount": 1, "toContainText": 2, "toHaveAttribute": 2, "toContainClass": 2, "toHaveClass": 2, "toHaveId": 2, "toHaveAccessibleName": 2,
	"toHaveText": 3, "toHaveValue": 3, "toMatchAriaSnapshot": 3,
}

// claims are other assertions that were recorded of the same element.
func (a ailment) claims() []remedy {
	if a.claim == nil || a.claim.Negated || strength[a.claim.Matcher] == 0 || !a.claim.Known || slices.ContainsFunc(a.claim.Args, locator.Value.Many) {
		return nil
	}
	var out []remedy
	now, quote := a.line.Text(a.claim.Expression), a.line.Quote(a.claim.Expression)
	seen := map[string]bool{"": true, now: true}
	for _, s := range a.steps {
		if s.Assertion == nil || s.Assertion.Not || s.Disabled || s.Target == nil || !slices.ContainsFunc(locator.To(s.Target), a.same) {
			continue
		}
		if (a.claim.Matcher == "toHaveCount") != (s.Assertion.Claim == recording.HasCount) {
			continue // how many there are and what one holds cannot be weighed against each other
		}
		code := claimCode(*s.Assertion, strength[a.claim.Matcher], quote)
		if !seen[code] {
			seen[code] = true
			out = append(out, a.line.remedy(a.claim.Expression, code, fmt.Sprintf("%s did not hold; the recording claims this of the element (%s)", now, s.Words())))
		}
	}
	return out
}

// claimCode is a recorded assertion as code that is at least as strong; "" when there is none.
func claimCode(a recording.Assertion, least int, quote byte) string {
	if strings.TrimSpace(a.Expected) == "" || a.Claim == recording.HasAttr && a.Match != "" && a.Match != "exact" {
		return ""
	}
	if a.Claim == recording.HasText && a.Match != "regex" && least > strength["toContainText"] {
		a.Match = "exact"
	}
	code := locator.Matcher(a, quote)
	if name, _, _ := strings.Cut(code, "("); strength[name] == 0 || strength[name] < least {
		return ""
	}
	return code
}
