package locator

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tapedeck/domain/recording"
)

// To are the ways to an element from its page, the best first: the one that a person chose, then those that matched
// once, an XPath after all others of these.
func To(t *recording.Target) []Chain {
	var frames Chain
	for _, f := range t.Frames {
		i := slices.IndexFunc(f.Candidates, func(c recording.Candidate) bool { return c.Selector == f.Best() })
		if i < 0 {
			return nil
		}
		c, ok := Of(f.Candidates[i])
		if !ok {
			return nil
		}
		frames = append(append(frames, c...), Call{Name: "contentFrame"})
	}
	list := slices.Clone(t.Candidates)
	rank := func(c recording.Candidate) int {
		switch {
		case c.Selector == t.Chosen:
			return 0
		case c.Matches == 1 && !xpath(c):
			return 1
		case c.Matches == 1:
			return 2
		case c.Matches < 0:
			return 3
		}
		return 4
	}
	slices.SortStableFunc(list, func(x, y recording.Candidate) int { return cmp.Compare(rank(x), rank(y)) })
	var out []Chain
	for _, c := range list {
		if chain, ok := Of(c); ok && c.Matches != 0 {
			out = append(out, append(slices.Clone(frames), chain...))
		}
	}
	return out
}

// xpath says whether a way is one by Playwright's rules: whatever begins with slashes or dots and a slash, too.
func xpath(c recording.Candidate) bool {
	return c.By == "xpath" || strings.HasPrefix(c.Selector, "xpath=") || strings.HasPrefix(c.Selector, "/") || strings.HasPrefix(c.Selector, "../")
}

// selectors are those of Playwright's that a step written by hand may have without code.
var selectors = []struct {
	is   *regexp.Regexp
	code string
}{
	{regexp.MustCompile(`^internal:role=([\w-]+)$`), `getByRole("$1")`},
	{regexp.MustCompile(`^internal:role=([\w-]+)\[name=("(?:[^"\\]|\\.)*")i\]$`), `getByRole("$1", { name: $2 })`},
	{regexp.MustCompile(`^internal:role=([\w-]+)\[name=("(?:[^"\\]|\\.)*")s\]$`), `getByRole("$1", { name: $2, exact: true })`},
	{regexp.MustCompile(`^internal:label=("(?:[^"\\]|\\.)*")i$`), `getByLabel($1)`},
	{regexp.MustCompile(`^internal:label=("(?:[^"\\]|\\.)*")s$`), `getByLabel($1, { exact: true })`},
	{regexp.MustCompile(`^internal:testid=\[data-testid=("(?:[^"\\]|\\.)*")s\]$`), `getByTestId($1)`},
	{regexp.MustCompile(`^internal:text=("(?:[^"\\]|\\.)*")i$`), `getByText($1)`},
	{regexp.MustCompile(`^internal:text=("(?:[^"\\]|\\.)*")s$`), `getByText($1, { exact: true })`},
}

// Of reads a candidate's code; one that was written by hand may have a selector only.
func Of(c recording.Candidate) (Chain, bool) {
	if c.Locator != "" {
		return Parse(c.Locator)
	}
	if c.By == "css" || c.By == "xpath" {
		return Chain{{Name: "locator", Args: []Value{Text(c.Selector)}}}, true
	}
	for _, s := range selectors {
		if s.is.MatchString(c.Selector) {
			return Parse(s.is.ReplaceAllString(c.Selector, s.code))
		}
	}
	return nil, false
}

// Matcher is a recorded claim as a matcher of Playwright's, with its texts in quote: `toHaveText("2 notes")`, and with
// "not." before it where the claim is that it does not hold. It is "" for a claim that everything fulfils. Claims of
// addresses and titles are about the page, all others about an element.
func Matcher(a recording.Assertion, quote byte) string {
	call, ok := MatcherCall(a)
	if !ok {
		return ""
	}
	code := call.write(style{quote: quote})
	if a.Not {
		return "not." + code
	}
	return code
}

// MatcherCall is a recorded claim as a call of one of Playwright's matchers, whether it is to hold or not; false for a claim
// that everything fulfils.
func MatcherCall(a recording.Assertion) (Call, bool) {
	call := func(name string, args ...Value) (Call, bool) { return Call{name, args}, true }
	switch a.Claim {
	case recording.Visible:
		return call("toBeVisible")
	case recording.Hidden:
		return call("toBeHidden")
	case recording.IsChecked:
		return call("toBeChecked")
	case recording.IsEnabled:
		return call("toBeEnabled")
	case recording.HasValue:
		return call("toHaveValue", Text(a.Expected))
	case recording.HasAttr:
		return call("toHaveAttribute", Text(a.Name), wanted(a))
	case recording.HasCount:
		n, err := strconv.Atoi(a.Expected)
		if err != nil || n < 0 {
			return Call{}, false
		}
		return call("toHaveCount", numeric(n))
	case recording.HasText, recording.HasURL, recording.HasTitle, recording.IsAria:
	}
	if strings.TrimSpace(a.Expected) == "" && a.Match != "exact" {
		return Call{}, false
	}
	contains := a.Match == "" || a.Match == "contains"
	switch {
	case a.Claim == recording.IsAria:
		return call("toMatchAriaSnapshot", Text(a.Expected))
	case a.Claim == recording.HasText && a.Match == "exact":
		return call("toHaveText", Text(a.Expected))
	case a.Claim == recording.HasText:
		return call("toContainText", wanted(a))
	case contains: // of an address or a title
		a.Match, a.Expected = "regex", regexp.QuoteMeta(a.Expected)
	}
	if a.Claim == recording.HasURL {
		return call("toHaveURL", wanted(a))
	}
	return call("toHaveTitle", wanted(a))
}

func wanted(a recording.Assertion) Value {
	if a.Match == "regex" {
		return pattern(a.Expected)
	}
	return Text(a.Expected)
}
