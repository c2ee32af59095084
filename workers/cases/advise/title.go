package advise

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"tapedeck/domain/testcase"
	"tapedeck/workers/cases/derive"
)

// mostOf is how much of the words of two texts has to be the same for one to speak of the other.
const mostOf = 0.5

// titleFault says why a title is not taken in the place of the case's own; empty for one that says the same. It has to have
// each number and quoted text of the old one, most of its words, and none of these that are not the case's; and it may not
// turn a refusal into the opposite, or a lower limit into an upper one.
func titleFault(c testcase.Case, title string) string {
	known := textsOf(c)
	switch {
	case !oneLine(title, testcase.MaxTitle):
		return "a title is empty, too long or not in one line"
	case !within(numbers(c.Title), numbers(title)) || !within(quoted(c.Title), quoted(title)):
		return "a title lacks a number or a quoted text of the old one"
	case !within(numbers(title), numbers(known)) || !within(quoted(title), quotedOrWhole(c)):
		return "a title has a number or a quoted text that is not in the case"
	case denies(title) != denies(c.Title) || !within(directions(title), directions(c.Title)):
		return "a title turns the old one around"
	case derive.Share(c.Title, title) < mostOf || derive.Share(title, known) < mostOf || addsAddress(title, c.Title):
		return "a title is about something else than the old one"
	}
	return ""
}

// oneLine says whether a text can be kept as it is, in one line of at most so many characters.
func oneLine(text string, most int) bool {
	return text != "" && testcase.Line(text) == text && utf8.RuneCountInString(text) <= most
}

// textsOf is all that a case says, with what it cites.
func textsOf(c testcase.Case) string {
	out := []string{c.Title, c.Why}
	out = append(out, quotesOf(c.Sources)...)
	for _, s := range c.Steps {
		out = append(out, s.Action, s.Data, s.Expected)
		out = append(out, quotesOf(s.Sources)...)
		out = append(out, quotesOf(s.ExpectedSources)...)
	}
	return strings.Join(out, "\n")
}

func quotesOf(list []testcase.Citation) []string {
	var out []string
	for _, c := range list {
		out = append(out, c.Quote)
	}
	return out
}

// quotedOrWhole are the texts that a title may quote: those that the case quotes, and what it enters.
func quotedOrWhole(c testcase.Case) []string {
	out := quoted(textsOf(c))
	for _, s := range c.Steps {
		out = append(out, s.Data)
	}
	return out
}

var (
	digits = regexp.MustCompile(`\p{Nd}+`)
	quotes = regexp.MustCompile(`“([^”\n]*)”|„([^“\n]*)“|«([^»\n]*)»|"([^"\n]*)"`)
)

func numbers(text string) []string { return digits.FindAllString(text, -1) }

// quoted are the texts in quotation marks, whichever these are.
func quoted(text string) []string {
	var out []string
	for _, m := range quotes.FindAllStringSubmatch(text, -1) {
		out = append(out, strings.Join(m[1:], ""))
	}
	return out
}

// within says whether each of some is among others.
func within(some, others []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(others, s) })
}

// addsAddress says whether a text leads somewhere, and the other one does not.
func addsAddress(text, other string) bool {
	return strings.Contains(text, "://") && !strings.Contains(other, "://") || strings.Contains(text, "www.") && !strings.Contains(other, "www.")
}

// Beginnings of words that say that something does not work, or is not there.
var denying = []string{
	"refus", "reject", "deny", "denie", "invalid", "fail", "empty", "missing", "forbid", "forbad", "block", "prevent", "disallow", "wrong", "error",
	"kein", "abgelehnt", "ablehn", "ungültig", "fehl", "verhinder", "verweiger", "verbot", "untersag",
}

// Whole words that do.
var denyingWords = []string{"no", "not", "never", "without", "cannot", "nicht", "nie", "niemals", "ohne", "leer", "leere", "leeren", "lacks", "lack", "neither", "nor", "none", "nothing"}

// denies says whether a text says that something does not work.
func denies(text string) bool {
	for _, w := range plainWords(text) {
		if slices.Contains(denyingWords, w) || strings.HasSuffix(w, "n't") || slices.ContainsFunc(denying, func(d string) bool { return strings.HasPrefix(w, d) }) {
			return true
		}
	}
	return false
}

// ways are words for the sides of a limit.
var ways = map[string][]string{
	"most":  {"most", "max", "maximum", "maximal", "maximally", "longest", "highest", "largest", "höchstens", "maximale"},
	"least": {"least", "min", "minimum", "minimal", "minimally", "shortest", "lowest", "smallest", "mindestens", "minimale"},
	"over":  {"more", "above", "over", "longer", "greater", "larger", "higher", "beyond", "exceeds", "exceeding", "exceed", "long", "mehr", "über", "länger", "größer"},
	"under": {"less", "fewer", "below", "under", "shorter", "smaller", "lower", "short", "weniger", "unter", "kürzer", "kleiner"},
}

// directions are the sides of limits that a text names.
func directions(text string) []string {
	all := plainWords(text)
	var out []string
	for way, list := range ways {
		if slices.ContainsFunc(all, func(w string) bool { return slices.Contains(list, w) }) {
			out = append(out, way)
		}
	}
	return out
}

// plainWords are a text's words in lower case, without what it quotes: a quoted text is somebody's own.
func plainWords(text string) []string {
	return strings.FieldsFunc(strings.ToLower(strings.ReplaceAll(quotes.ReplaceAllString(text, " "), "’", "'")), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && r != '\''
	})
}
