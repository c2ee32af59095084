package caseexport

import (
	"fmt"
	"strings"

	"tapedeck/domain/testcase"
)

// newline stands for a line end where a text has to stay in its line.
const newline = " ⏎ "

// oneLine is a text that cannot begin a line of its own.
func oneLine(text string) string {
	var lines []string
	for line := range strings.Lines(testcase.Clean(text)) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, newline)
}

// md escapes a text for any place within a line of Markdown: every mark that could mean something has a backslash before it
// (CommonMark, 2.4), addresses too, so that nobody's text becomes a link.
func md(text string) string {
	var b strings.Builder
	for _, r := range oneLine(text) {
		if strings.ContainsRune("\\`*_{}[]<>()#+-.!|~&:@\"'=$^", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func writeMarkdown(s testcase.State, cases []testcase.Reviewed) []byte {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Test cases: %s\n", md(s.Name))
	line("From recording %s, version %d. %d cases, %d findings, %d of %d requirements not covered.", md(s.RecordingID), s.RecordingVersion, len(cases), len(s.Findings), s.UncoveredOf, s.Requirements)
	for _, c := range cases {
		line("\n## %s\n", md(c.Title))
		line("- Id: %s\n- Type: %s\n- Priority: %s\n- Status: %s\n- Proof: %s", md(c.ID), c.Type, c.Priority, c.Standing, c.Proof)
		if len(c.Tags) > 0 {
			line("- Tags: %s", md(strings.Join(c.Tags, ", ")))
		}
		if len(c.Preconditions) > 0 {
			line("\n**Preconditions**\n")
			for _, p := range c.Preconditions {
				line("- %s", md(p))
			}
		}
		line("\n| Step | Action | Data | Expected result |\n| --- | --- | --- | --- |")
		for i, step := range c.Steps {
			line("| %d | %s | %s | %s |", i+1, md(step.Action), md(step.Data), md(step.Expected))
		}
		if sources := allSources(c.Case); len(sources) > 0 {
			line("\n**Sources**\n")
			for _, cite := range sources {
				line("- “%s” — %s", md(cite.Quote), md(placeOf(cite)))
			}
		}
	}
	if len(s.Findings) > 0 {
		line("\n# Findings")
		for _, f := range s.Findings {
			line("\n## %s\n", md(f.Message))
			for _, cite := range append(append([]testcase.Citation(nil), f.Says...), f.Shows...) {
				line("- “%s” — %s", md(cite.Quote), md(placeOf(cite)))
			}
		}
	}
	if len(s.Uncovered) > 0 {
		line("\n# Requirements that are not covered\n")
		for _, u := range s.Uncovered {
			line("- “%s” — %s", md(u.Source.Quote), md(placeOf(u.Source)))
		}
	}
	return []byte(b.String())
}

// allSources are what a case and its steps cite, each place once.
func allSources(c testcase.Case) []testcase.Citation {
	seen := map[string]bool{}
	var out []testcase.Citation
	add := func(list []testcase.Citation) {
		for _, cite := range list {
			if key := placeOf(cite) + "\x00" + cite.Quote; !seen[key] {
				seen[key] = true
				out = append(out, cite)
			}
		}
	}
	add(c.Sources)
	for _, s := range c.Steps {
		add(s.Sources)
		add(s.ExpectedSources)
	}
	return out
}

// writeGherkin writes a feature. No text stands at the beginning of a line, where Gherkin would read keywords, tags, tables
// or comments.
func writeGherkin(s testcase.State, cases []testcase.Reviewed) []byte {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# language: en\nFeature: %s", oneLine(s.Name))
	for _, c := range cases {
		line("")
		for _, cite := range c.Sources {
			line("  # Source: “%s” (%s)", oneLine(cite.Quote), oneLine(placeOf(cite)))
		}
		tags := []string{"@" + string(c.Type), "@" + string(c.Priority), "@" + string(c.Proof), "@" + tag(c.ID)}
		for _, t := range c.Tags {
			if t = tag(t); t != "" {
				tags = append(tags, "@"+t)
			}
		}
		line("  %s\n  Scenario: %s", strings.Join(tags, " "), oneLine(c.Title))
		for i, p := range c.Preconditions {
			line("    %s %s", word(i, "Given", "And"), oneLine(p))
		}
		before := "Given"
		for _, step := range c.Steps {
			action := oneLine(step.Action)
			if data := oneLine(step.Data); data != "" {
				action += ": " + data
			}
			keyword := "When"
			if before == "When" {
				keyword = "And"
			}
			line("    %s %s", keyword, action)
			before = "When"
			if step.Expected != "" {
				line("    Then %s", oneLine(step.Expected))
				before = "Then"
			}
		}
	}
	return []byte(b.String())
}

func word(i int, first, more string) string {
	if i == 0 {
		return first
	}
	return more
}

// tag is a text as a tag of Gherkin.
func tag(text string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, text), "-")
}
