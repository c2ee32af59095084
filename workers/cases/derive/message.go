package derive

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"tapedeck/domain/recording"
	"tapedeck/domain/testcase"
)

var (
	// quotes are texts that a document gives word for word.
	quotes = regexp.MustCompile(`"([^"\n]{6,200})"|“([^”\n]{6,200})”|„([^“\n]{6,200})“|«([^»\n]{6,200})»`)
	// speaks says that a document is about what is shown.
	speaks = regexp.MustCompile(`(?i)\b(message|error|alert|notice|hint|text|says?|reads?|shows?|shown|displays?|displayed|meldung|fehlermeldung|hinweis|anzeigt?|angezeigt|lautet)\b`)
)

// messages finds texts that documents give word for word, and that the recording shows in other words. Texts that have
// little in common are about different things, and are left alone.
func (d *deriver) messages() {
	for _, p := range d.passages {
		if !speaks.MatchString(p.Text) {
			continue
		}
		for _, m := range quotes.FindAllStringSubmatch(plain(p.Text), -1) {
			wanted := testcase.Line(strings.Join(m[1:], ""))
			for i, s := range d.steps {
				if s.Type == recording.Assert && s.Assertion != nil && s.Assertion.Claim == recording.HasText && !s.Assertion.Not && s.Assertion.Match != "regex" {
					d.compareText(p, wanted, s.Assertion.Expected, d.cite(i), i)
				}
			}
			for _, a := range d.m.Answers {
				at := slices.IndexFunc(d.steps, func(s recording.Step) bool { return s.ID == a.StepID })
				d.compareText(p, wanted, a.Text, d.answer(a), at)
			}
		}
	}
}

// mostOfText is how much two texts have in common that are meant to be the same one.
const mostOfText = 0.6

func (d *deriver) compareText(p passage, wanted, shown string, cite testcase.Citation, step int) {
	a, b := wordsOf(wanted), wordsOf(shown)
	if len(a) < 2 || len(b) < 2 || strings.Contains(strings.Join(b, " "), strings.Join(a, " ")) || strings.Contains(strings.Join(a, " "), strings.Join(b, " ")) {
		return
	}
	common := 0
	for _, w := range a {
		if slices.Contains(b, w) {
			common++
		}
	}
	if float64(common) < mostOfText*float64(max(len(a), len(b))) {
		return
	}
	message := fmt.Sprintf("“%s” is what the document says, and the recording shows “%s”", testcase.CutLine(wanted, 300), testcase.CutLine(shown, 300))
	if step >= 0 {
		d.disputed[step] = true
	}
	d.found(testcase.Finding{
		Kind: testcase.Contradiction, Subject: testcase.CutLine(wanted, 100), Message: message, Says: []testcase.Citation{p.cite()}, Shows: []testcase.Citation{cite},
	}, p.ID)
}

// found keeps a finding once; the key says what it is about.
func (d *deriver) found(f testcase.Finding, key ...string) {
	f.Message = testcase.CutLine(f.Message, testcase.MaxText)
	f.ID = "tf-" + digest(append([]string{d.m.Recording.ID, string(f.Kind), f.Message}, key...)...)
	if !slices.ContainsFunc(d.out.Findings, func(o testcase.Finding) bool { return o.ID == f.ID }) {
		d.out.Findings = append(d.out.Findings, f)
	}
}
