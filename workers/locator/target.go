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
	code := matcherOf(a, quote)
	if a.Not && code != "" {
		return "not." + code
	}
	return code
}

func matcherOf(a recording.Assertion, quote byte) string {
	switch a.Claim {
	case recording.Visible:
		return "toBeVisible()"
	case recording.Hidden:
		return "toBeHidden()"
	case recording.IsChecked:
		return "toBeChecked()"
	case recording.IsEnabled:
		return "toBeEnabled()"
	case recording.HasValue:
		return "toHaveValue(" + Quote(a.Expected, quote) + ")"
	case recording.HasAttr:
		return "toHaveAttribute(" + Quote(a.Name, quote) + ", " + wanted(a, quote) + ")"
	case recording.HasCount:
		n, err := strconv.Atoi(a.Expected)
		if err != nil || n < 0 {
			return ""
		}
		return "toHaveCount(" + strconv.Itoa(n) + ")"
	case recording.HasText, recording.HasURL, recording.HasTitle, recording.IsAria:
	}
	if strings.TrimSpace(a.Expected) == "" && a.Match != "exact" {
		return ""
	}
	contains := a.Match == "" || a.Match == "contains"
	switch {
	case a.Claim == recording.IsAria:
		return "toMatchAriaSnapshot(" + Quote(a.Expected, quote) + ")"
	case a.Claim == recording.HasText && a.Match == "exact":
		return "toHaveText(" + Quote(a.Expected, quote) + ")"
	case a.Claim == recording.HasText:
		return "toContainText(" + wanted(a, quote) + ")"
	case contains: // of an address or a title
		a.Match, a.Expected = "regex", regexp.QuoteMeta(a.Expected)
	}
	if a.Claim == recording.HasURL {
		return "toHaveURL(" + wanted(a, quote) + ")"
	}
	return "toHaveTitle(" + wanted(a, quote) + ")"
}

func wanted(a recording.Assertion, quote byte) string {
	if a.Match == "regex" {
		return "new RegExp(" + Quote(a.Expected, quote) + ")"
	}
	return Quote(a.Expected, quote)
}
