package play

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
)

// assert waits until the step's claim holds.
func (r *run) assert() error {
	a := plain(*r.step.Assertion)
	if err := meaningful(a); err != nil {
		return err
	}
	switch a.Claim {
	case recording.HasURL, recording.HasTitle:
		return r.assertPage(a)
	case recording.Hidden:
		return r.assertHidden()
	case recording.HasCount:
		return r.assertCount(a)
	}
	return r.assertElement(a)
}

// plain makes one of the two words for the same claim, without Not.
func plain(a recording.Assertion) recording.Assertion {
	switch {
	case a.Claim == recording.Visible && a.Not:
		a.Claim, a.Not = recording.Hidden, false
	case a.Claim == recording.Hidden && a.Not:
		a.Claim, a.Not = recording.Visible, false
	}
	return a
}

// meaningful refuses claims that everything fulfils.
func meaningful(a recording.Assertion) error {
	contains := a.Match == "" || a.Match == "contains"
	switch a.Claim {
	case recording.HasText, recording.HasURL, recording.HasTitle:
		if contains && strings.TrimSpace(a.Expected) == "" {
			return fail(Invalid, "it claims nothing: every %s contains an empty text", a.Claim)
		}
	case recording.HasAttr:
		if a.Match == "contains" && a.Expected == "" {
			return fail(Invalid, "it claims nothing: every attribute contains an empty text")
		}
	case recording.IsAria:
		if strings.TrimSpace(a.Expected) == "" {
			return fail(Invalid, "it claims nothing: an empty aria snapshot fits every element")
		}
	}
	return nil
}

// matching is the rule of Match in the page's own language: its regular expressions are JavaScript's.
const matching = `(seen, how, want) => {
	const squeeze = s => s.replace(/[\u200b\u00ad]/g, "").replace(/\s+/g, " ").trim();
	if (how === "regex") return new RegExp(want).test(seen) || new RegExp(want).test(squeeze(seen));
	if (how === "exact") return seen === want || squeeze(seen) === squeeze(want);
	return squeeze(seen).includes(squeeze(want));
}`

// assertPage compares the page's URL or title.
func (r *run) assertPage(a recording.Assertion) error {
	seen := ""
	ok, err := r.poll(func() (bool, error) {
		answer, err := ask(r, func() (any, error) {
			arg := map[string]any{"how": a.Match, "want": a.Expected, "url": r.tab.page.URL(), "title": a.Claim == recording.HasTitle}
			return r.tab.page.Evaluate(`a => { const seen = a.title ? document.title : a.url; return [(`+matching+`)(seen, a.how, a.want), seen] }`, arg)
		})
		if err != nil {
			return false, tolerate(err)
		}
		var ok bool
		ok, seen = verdict(answer)
		return ok != a.Not, nil
	})
	if err == nil && !ok {
		return fail(Failed, "the %s is %q; wanted: %s", a.Claim, seen, wanted(a))
	}
	return err
}

// tolerate passes on errors that do not go away, among them a regular expression that is none.
func tolerate(err error) error {
	if strings.Contains(err.Error(), "SyntaxError") {
		return fail(Invalid, "%s", brief(err))
	}
	if final(err) {
		return err
	}
	return nil
}

func verdict(answer any) (bool, string) {
	pair, _ := answer.([]any)
	if len(pair) != 2 {
		return false, ""
	}
	ok, _ := pair[0].(bool)
	seen, _ := pair[1].(string)
	return ok, seen
}

// assertHidden holds when nothing that the first way leads to can be seen. A selector that makes no sense is an error.
func (r *run) assertHidden() error {
	return r.assertAll(" >> visible=true", func(n int) bool { return n == 0 }, "%d of the elements can be seen")
}

// assertCount counts what the first way leads to. That there are not so many is no claim about none at all.
func (r *run) assertCount(a recording.Assertion) error {
	want, _ := strconv.Atoi(a.Expected)
	return r.assertAll("", func(n int) bool {
		if a.Not {
			return n != want && n > 0
		}
		return n == want
	}, "there are %d elements; wanted: "+wanted(a))
}

func (r *run) assertAll(suffix string, holds func(n int) bool, otherwise string) error {
	r.result.Used = ways(r.step.Target.Best(), r.step.Target.Candidates)[0]
	n := unknown
	ok, err := r.poll(func() (bool, error) {
		var err error
		n, err = r.all(suffix)
		return n != unknown && holds(n), err
	})
	switch {
	case err != nil:
		return err
	case !ok && n == unknown:
		return fail(Timeout, "the page could not be looked at")
	case !ok:
		return fail(Failed, otherwise, n)
	}
	return nil
}

// unknown is the number of elements when the page could not be asked, as while it is being left.
const unknown = -1

// all counts what the first way to the target leads to; nothing in a frame that is not there.
func (r *run) all(suffix string) (int, error) {
	var t Try
	scope, _, ok, err := r.frames(r.step.Target.Frames, true, &t)
	switch {
	case err != nil:
		return unknown, err
	case !ok && t.Matches > 1:
		return unknown, fail(Ambiguous, "%s", t.Why)
	case !ok:
		return 0, nil
	}
	n, err := r.count(scope + r.step.Target.Best() + suffix)
	switch {
	case err == nil:
		return n, nil
	case final(err):
		return unknown, err
	case badSelector(err):
		return unknown, explain(err, Invalid)
	}
	return unknown, nil
}

// badSelector says that the driver or the page does not understand a selector.
func badSelector(err error) bool {
	text := err.Error()
	return slices.ContainsFunc([]string{"parsing", "not a valid", "Unknown engine", "Unexpected", "Malformed", "Error while"}, func(sign string) bool {
		return strings.Contains(text, sign)
	})
}

// assertElement finds the element first, so that no claim holds about nothing.
func (r *run) assertElement(a recording.Assertion) error {
	f, err := r.target(healingOf(a))
	if err != nil {
		return err
	}
	ok, seen, err := r.holds(f, a)
	if err == nil && !ok {
		return fail(Failed, "wanted: %s%s", wanted(a), seen)
	}
	return err
}

// healingOf says which ways a claim may take to its element.
func healingOf(a recording.Assertion) healing {
	switch {
	case a.Not, a.Claim == recording.Hidden, a.Claim == recording.HasCount:
		return healNone // another element would fulfil a claim about none, or about their number, too easily
	case a.Claim == recording.Visible:
		return healSame // that it is there is the claim
	}
	return healAny
}

func (r *run) holds(f found, a recording.Assertion) (bool, string, error) {
	switch a.Claim {
	case recording.HasText:
		return r.matches(f, a, `e => e.textContent`)
	case recording.HasAttr:
		if a.Match == "" {
			a.Match = "exact"
		}
		return r.matches(f, a, `(e, name) => e.getAttribute(name)`)
	case recording.HasValue:
		if a.Match == "" {
			a.Match = "exact"
		}
		return r.matches(f, a, `e => "value" in e && typeof e.value === "string" ? e.value : e.textContent`)
	}
	last := ""
	ok, err := r.claimSaying(f, a, &last)
	return ok, last, err
}

// matches compares a text of the element; an attribute that is not there is no text.
func (r *run) matches(f found, a recording.Assertion, read string) (bool, string, error) {
	seen, there := "", false
	script := `(e, a) => { const seen = (` + read + `)(e, a.name); return seen === null ? null : [(` + matching + `)(seen, a.how, a.want), seen] }`
	arg := map[string]any{"how": a.Match, "want": a.Expected, "name": a.Name}
	ok, err := r.poll(func() (bool, error) {
		answer, err := ask(r, func() (any, error) { return evaluate(f.loc, script, arg) })
		if err != nil {
			return false, tolerate(err)
		}
		var ok bool
		there = answer != nil
		ok, seen = verdict(answer)
		return ok != a.Not, nil
	})
	if !there {
		return ok, "; it has none", err
	}
	return ok, fmt.Sprintf("; it is %q", shorten(seen)), err
}

func (r *run) claimSaying(f found, a recording.Assertion, last *string) (bool, error) {
	return r.claim(f, func(l playwright.LocatorAssertions, timeout *float64) error {
		err := claims(l, a, timeout)
		if err != nil {
			*last = "; " + shorten(received(err))
		}
		return err
	}, a.Not)
}

func claims(l playwright.LocatorAssertions, a recording.Assertion, timeout *float64) error {
	switch a.Claim {
	case recording.Visible:
		return l.ToBeVisible(playwright.LocatorAssertionsToBeVisibleOptions{Timeout: timeout})
	case recording.IsChecked:
		return l.ToBeChecked(playwright.LocatorAssertionsToBeCheckedOptions{Timeout: timeout})
	case recording.IsEnabled:
		return l.ToBeEnabled(playwright.LocatorAssertionsToBeEnabledOptions{Timeout: timeout})
	case recording.IsAria:
		return l.ToMatchAriaSnapshot(a.Expected, playwright.LocatorAssertionsToMatchAriaSnapshotOptions{Timeout: timeout})
	}
	return fail(Invalid, "no such claim: %s", a.Claim)
}

// claim asks the driver's own waiting assertion, again and again in short waits.
func (r *run) claim(f found, ask func(playwright.LocatorAssertions, *float64) error, not bool) (bool, error) {
	l := playwright.NewPlaywrightAssertions().Locator(f.loc)
	if not {
		l = l.Not()
	}
	return r.poll(func() (bool, error) {
		err := r.call(func() error { return ask(l, ms(min(slice, r.left()))) })
		if err != nil && final(err) {
			return false, err
		}
		return err == nil, nil
	})
}

// received is what a failed assertion of the driver says it saw.
func received(err error) string {
	head, _, _ := strings.Cut(ansi.ReplaceAllString(err.Error(), ""), "Call log:")
	_, actual, ok := strings.Cut(head, "Actual value:")
	if !ok {
		return brief(err)
	}
	return "seen: " + strings.TrimSpace(actual)
}

func wanted(a recording.Assertion) string {
	not := ""
	if a.Not {
		not = "not "
	}
	text := not + string(a.Claim)
	if a.Name != "" {
		text += " " + a.Name
	}
	if a.Match != "" {
		text += " " + a.Match
	}
	if a.Expected != "" {
		text += " " + strconv.Quote(shorten(a.Expected))
	}
	return text
}

const maxShown = 400

func shorten(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "…"
}
