package knowledge

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// MaxPassage is how long a passage is at most, in bytes; a longer paragraph is cut between sentences.
const MaxPassage = 2000

// Split cuts a document's text, Markdown with GitHub's tables and task lists, along its structure: paragraphs, list
// items, table rows, code. Headings and table heads are not passages of their own, but stand beside those below them.
// The passages are in the order of the text and do not overlap.
func Split(documentID string, markdown []byte) []Passage {
	s := splitter{source: markdown}
	s.blocks(parse(markdown), "")
	identify(documentID, s.passages)
	return s.passages
}

// parse reads Markdown; a parser is made anew because it is cheap and not documented as safe for several goroutines.
func parse(markdown []byte) ast.Node {
	return goldmark.New(goldmark.WithExtensions(extension.Table, extension.TaskList)).Parser().Parse(text.NewReader(markdown))
}

type splitter struct {
	source   []byte
	passages []Passage
	headings []heading
	numbered bool // within an ordered list
}

type heading struct {
	level int
	text  string
}

// blocks walks the blocks in a container.
func (s *splitter) blocks(parent ast.Node, context string) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		s.block(n, context)
	}
}

func (s *splitter) block(n ast.Node, context string) {
	switch n := n.(type) {
	case *ast.Heading:
		s.enter(n)
	case *ast.List:
		s.list(n, context)
	case *east.Table:
		s.table(n, context)
	case *ast.FencedCodeBlock:
		s.code(n, string(n.Language(s.source)), context)
	case *ast.CodeBlock:
		s.code(n, "", context)
	case *ast.Paragraph, *ast.TextBlock:
		s.paragraph(n, Paragraph, context)
	case *ast.HTMLBlock, *ast.ThematicBreak:
	default: // a quote, and whatever else holds blocks
		s.blocks(n, context)
	}
}

// enter notes a heading: it ends those of its level and below.
func (s *splitter) enter(h *ast.Heading) {
	for len(s.headings) > 0 && s.headings[len(s.headings)-1].level >= h.Level {
		s.headings = s.headings[:len(s.headings)-1]
	}
	start, end, ok := extent(h)
	if !ok {
		return
	}
	s.headings = append(s.headings, heading{h.Level, clean(s.source[start:end])})
}

// list takes each item, but steps together: they are one scenario.
func (s *splitter) list(l *ast.List, context string) {
	if start, end, ok := s.steps(l); ok {
		s.add(Scenario, start, end, context)
		return
	}
	before := s.numbered
	s.numbered = l.IsOrdered()
	defer func() { s.numbered = before }()
	for item := l.FirstChild(); item != nil; item = item.NextSibling() {
		s.item(item, context)
	}
}

// steps is the extent of a list that is nothing but Given, When and Then.
func (s *splitter) steps(l *ast.List) (start, end int, ok bool) {
	for item := l.FirstChild(); item != nil; item = item.NextSibling() {
		if item.ChildCount() != 1 {
			return 0, 0, false
		}
		from, to, has := extent(item.FirstChild())
		if !has {
			return 0, 0, false
		}
		if item == l.FirstChild() {
			start = bytes.LastIndexByte(s.source[:from], '\n') + 1
		}
		end = to
	}
	return start, end, end-start <= MaxPassage && isSteps(s.source[start:end])
}

// item takes an item's own text as one passage, and what is nested in it with that text as its context.
func (s *splitter) item(item ast.Node, context string) {
	own := context
	for n := item.FirstChild(); n != nil; n = n.NextSibling() {
		switch n.(type) {
		case *ast.TextBlock, *ast.Paragraph:
			s.paragraph(n, Item, context)
			if start, end, ok := extent(n); ok {
				own = joined(context, clean(s.source[start:end]))
			}
		default:
			s.block(n, own)
		}
	}
}

// table takes each row as a passage, with the head as its context.
func (s *splitter) table(t *east.Table, context string) {
	head := context
	for n := t.FirstChild(); n != nil; n = n.NextSibling() {
		start, end, ok := s.rowExtent(n)
		if !ok {
			continue
		}
		if _, is := n.(*east.TableHeader); is {
			head = joined(context, strings.Trim(clean(s.source[start:end]), "| "))
			continue
		}
		s.add(Row, start, end, head)
	}
}

// rowExtent is a row's line: the parser knows only where its cells lie.
func (s *splitter) rowExtent(row ast.Node) (start, end int, ok bool) {
	for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
		from, to, has := extent(cell)
		if !has {
			continue
		}
		if !ok {
			start = from
		}
		end, ok = to, true
	}
	if !ok {
		return 0, 0, false
	}
	start = bytes.LastIndexByte(s.source[:start], '\n') + 1
	if i := bytes.IndexByte(s.source[end:], '\n'); i >= 0 {
		return start, end + i, true
	}
	return start, len(s.source), true
}

// code takes a block of code as one passage, and Gherkin scenario by scenario.
func (s *splitter) code(n ast.Node, language, context string) {
	start, end, ok := extent(n)
	if !ok {
		return
	}
	if !strings.EqualFold(language, "gherkin") && !strings.EqualFold(language, "feature") {
		s.add(Code, start, end, context)
		return
	}
	for _, part := range scenarios(s.source[start:end]) {
		kind := Scenario
		if !scenarioHead.Match(s.source[start+part[0] : start+part[1]]) {
			kind = Code // what a feature says of itself
		}
		s.add(kind, start+part[0], start+part[1], context)
	}
}

// paragraph takes a paragraph whole, or cut between sentences where it is long. Steps are one scenario.
func (s *splitter) paragraph(n ast.Node, kind PassageKind, context string) {
	start, end, ok := extent(n)
	if !ok {
		return
	}
	if isSteps(s.source[start:end]) {
		kind = Scenario
	}
	for start < end {
		cut := end
		if end-start > MaxPassage {
			cut = start + sentenceEnd(s.source[start:start+MaxPassage])
		}
		s.add(kind, start, cut, context)
		start = cut
	}
}

// sentenceEnd is where the last whole sentence of a text ends, else its last word, else its last character.
func sentenceEnd(t []byte) int {
	for _, ends := range []string{". ", ".\n", "! ", "? ", "; ", "\n", " "} {
		if i := bytes.LastIndex(t, []byte(ends)); i > len(t)/2 {
			return i + len(ends)
		}
	}
	for i := len(t); i > len(t)-utf8.UTFMax; i-- {
		if utf8.RuneStart(t[i-1]) {
			return i - 1
		}
	}
	return len(t)
}

// add keeps a passage without the blanks around it; an empty one is none.
func (s *splitter) add(kind PassageKind, start, end int, context string) {
	t := s.source[start:end]
	trimmed := bytes.TrimLeft(t, " \t\n")
	start += len(t) - len(trimmed)
	trimmed = bytes.TrimRight(trimmed, " \t\n")
	end = start + len(trimmed)
	if len(trimmed) == 0 {
		return
	}
	p := Passage{Kind: kind, Context: context, Start: start, End: end, Text: string(trimmed)}
	for _, h := range s.headings {
		p.Headings = append(p.Headings, h.text)
	}
	p.Requirement = requirement(p, s.numbered)
	s.passages = append(s.passages, p)
}

// extent is where a block that holds text lies in the source.
func extent(n ast.Node) (start, end int, ok bool) {
	lines := n.Lines()
	if lines == nil || lines.Len() == 0 {
		return 0, 0, false
	}
	return lines.At(0).Start, lines.At(lines.Len() - 1).Stop, true
}

// clean is a text in one line.
func clean(t []byte) string { return strings.Join(strings.Fields(string(t)), " ") }

func joined(context, t string) string {
	if context == "" {
		return t
	}
	return context + " › " + t
}
