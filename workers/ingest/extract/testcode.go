package extract

import (
	"context"
	"path"
	"regexp"
	"strings"
)

// readTestCode writes a Playwright, Cypress, Jest or Mocha file: groups are headings, each test a heading with its code.
func readTestCode(_ context.Context, in *input, doc *Document, out *markdown) error {
	text, err := in.text(doc)
	if err != nil {
		return err
	}
	code := tidyKept(text)
	doc.set("framework", framework(code))
	language := "js"
	if strings.HasPrefix(strings.ToLower(path.Ext(doc.Name)), ".ts") {
		language = "ts"
	}
	blocks := findTests(code)
	if len(blocks) == 0 {
		doc.note("No tests were found in it; it is kept as code.")
		out.code(language, code)
		return nil
	}
	at := 0
	for _, b := range blocks {
		if b.depth == 0 && b.from >= at {
			out.code(language, strings.TrimSpace(code[at:b.from]))
			at = b.to
		}
		out.heading(b.depth+1, escape(b.title))
		if b.skipped != "" {
			out.quote("Note", "marked "+b.skipped)
		}
		if b.leaf {
			out.code(language, dedent(code[b.from:b.to]))
		}
	}
	return nil
}

func framework(code string) string {
	switch {
	case strings.Contains(code, "@playwright/test"):
		return "Playwright"
	case strings.Contains(code, "cy."):
		return "Cypress"
	case strings.Contains(code, "vitest"):
		return "Vitest"
	}
	return ""
}

// testBlock is a call of describe, test or the like.
type testBlock struct {
	from, to int // bytes of the whole call
	title    string
	skipped  string // skip, only, fixme …
	depth    int
	leaf     bool // a test, or a group without tests
}

var testCall = regexp.MustCompile(`^(describe|context|suite|feature|test|it|specify|scenario)((?:\.[A-Za-z]+)*)\s*\(\s*`)

// findTests finds calls in the code outside of strings and comments. Each is found once, in order.
func findTests(code string) []testBlock {
	s := &scan{code: code}
	var blocks []testBlock
	type opened struct{ block, parenthesis int }
	var open []opened
	parentheses := 0
	for s.at < len(code) {
		if b, inner, ok := s.test(); ok && len(open) < 20 {
			b.depth = len(open)
			if b.depth > 0 {
				blocks[open[len(open)-1].block].leaf = false
			}
			open = append(open, opened{len(blocks), parentheses})
			blocks = append(blocks, b)
			parentheses++
			s.at = inner
			continue
		}
		switch s.step() {
		case '(':
			parentheses++
		case ')':
			parentheses--
			if len(open) > 0 && open[len(open)-1].parenthesis == parentheses {
				blocks[open[len(open)-1].block].to = s.at
				open = open[:len(open)-1]
			}
		}
	}
	for _, o := range open { // the file ends within
		blocks[o.block].to = len(code)
	}
	return blocks
}

// scan goes through JavaScript or TypeScript, strings and comments in one step.
type scan struct {
	code string
	at   int
	last byte // the last byte that is no white space, for telling a regular expression from a division
}

// test reads the beginning of a call with a title, up to the title's end.
func (s *scan) test() (b testBlock, inner int, ok bool) {
	if s.at > 0 && (wordByte(s.code[s.at-1]) || s.code[s.at-1] == '.') || !strings.ContainsRune("dcsftiu", rune(s.code[s.at])) {
		return b, 0, false
	}
	window := s.code[s.at:min(len(s.code), s.at+200)]
	m := testCall.FindStringSubmatch(window)
	if m == nil || strings.HasSuffix(m[2], ".step") || strings.Contains(m[2], "Each") || strings.HasSuffix(m[2], ".use") {
		return b, 0, false
	}
	quote := s.at + len(m[0])
	if quote >= len(s.code) || !strings.ContainsRune("'\"`", rune(s.code[quote])) {
		return b, 0, false
	}
	title := &scan{code: s.code, at: quote}
	title.step()
	if title.at <= quote+1 {
		return b, 0, false
	}
	b = testBlock{from: s.at, to: len(s.code), leaf: true, title: unquote(s.code[quote+1 : title.at-1])}
	for _, mark := range []string{"skip", "only", "fixme", "fail", "todo", "slow"} {
		if strings.HasSuffix(m[2], "."+mark) {
			b.skipped = mark
		}
	}
	return b, title.at, true
}

func unquote(s string) string {
	return tidyLine(strings.NewReplacer(`\'`, "'", `\"`, `"`, "\\`", "`", `\n`, " ", `\\`, `\`).Replace(s))
}

// step moves over one byte, string, comment or regular expression and returns its first byte.
func (s *scan) step() byte {
	c := s.code[s.at]
	switch {
	case c == '\'' || c == '"' || c == '`':
		s.quoted(c)
	case strings.HasPrefix(s.code[s.at:], "//"):
		s.until("\n")
		return ' '
	case strings.HasPrefix(s.code[s.at:], "/*"):
		s.at += 2
		s.until("*/")
		return ' '
	case c == '/' && strings.IndexByte("(,=:[!&|?{};\x00", s.last) >= 0:
		s.regexp()
	default:
		s.at++
	}
	if c > ' ' {
		s.last = c
	}
	return c
}

func (s *scan) until(end string) {
	i := strings.Index(s.code[s.at:], end)
	if i < 0 {
		s.at = len(s.code)
		return
	}
	s.at += i + len(end)
}

// quoted moves over a string; one in quotes ends with its line, a template at its own end.
func (s *scan) quoted(quote byte) {
	for s.at++; s.at < len(s.code); s.at++ {
		switch c := s.code[s.at]; {
		case c == '\\':
			s.at++
		case c == quote:
			s.at++
			return
		case c == '\n' && quote != '`':
			return
		}
	}
	s.at = len(s.code)
}

// regexp moves over a regular expression, whose classes may hold slashes.
func (s *scan) regexp() {
	class := false
	for s.at++; s.at < len(s.code); s.at++ {
		switch c := s.code[s.at]; {
		case c == '\\':
			s.at++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '\n':
			return
		case c == '/' && !class:
			s.at++
			return
		}
	}
	s.at = len(s.code)
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$'
}

// dedent takes the last line's indentation from all lines.
func dedent(code string) string {
	lines := strings.Split(code, "\n")
	last := lines[len(lines)-1]
	indent := last[:len(last)-len(strings.TrimLeft(last, " \t"))]
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], indent)
	}
	return strings.Join(lines, "\n")
}
