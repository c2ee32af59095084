package jira

import (
	"strconv"
	"strings"
)

// lines reads what stands between macros: headings, rules, lists, tables and paragraphs, whose line breaks count.
func (w wikiWriter) lines(text string, depth int) string {
	var parts, paragraph []string
	flush := func() {
		parts = append(parts, guard(strings.Join(paragraph, "\\\n")))
		paragraph = nil
	}
	rest := strings.Split(text, "\n")
	for len(rest) > 0 {
		l := strings.TrimSpace(rest[0])
		block, n := w.startsBlock(l, rest, depth)
		switch {
		case n > 0:
			flush()
			parts = append(parts, block)
		case l == "":
			flush()
			n = 1
		default:
			paragraph = append(paragraph, w.inline(l, 0))
			n = 1
		}
		rest = rest[n:]
	}
	flush()
	return joinBlocks(parts...)
}

// startsBlock reads a block that begins with line l, the first of rest, and answers how many lines it has; 0 for none.
func (w wikiWriter) startsBlock(l string, rest []string, depth int) (string, int) {
	switch {
	case len(l) > 3 && l[0] == 'h' && l[1] >= '1' && l[1] <= '6' && l[2:4] == ". ":
		return heading(int(l[1]-'0'), w.inline(l[4:], 0)), 1
	case strings.HasPrefix(l, "bq. "):
		return quote(guard(w.inline(l[4:], 0))), 1
	case len(l) >= 4 && strings.Trim(l, "-") == "":
		return "---", 1
	case markers(l) != "":
		return w.list(rest)
	case l != "" && l[0] == '|' && depth <= maxMacros:
		return w.table(rest, depth)
	}
	return "", 0
}

// markers are the stars, hashes and dashes that begin a list item, "" when a line is none.
func markers(l string) string {
	m := l[:len(l)-len(strings.TrimLeft(l, "*#-"))]
	if m == "" || len(m) >= len(l) || l[len(m)] != ' ' || len(m) > 1 && m[0] == '-' && strings.Trim(m, "-") == "" {
		return ""
	}
	return m
}

// level is a list that is open while its items are read.
type level struct {
	ordered bool
	number  int
	indent  int // of what stands inside of it
}

func (w wikiWriter) list(lines []string) (string, int) {
	var out []string
	var open []level
	n := 0
	for ; n < len(lines); n++ {
		l := strings.TrimSpace(lines[n])
		m := markers(l)
		if m == "" {
			if _, blocks := w.startsBlock(l, lines[n:n+1], maxMacros+1); l == "" || blocks > 0 || l[0] == '|' {
				break
			}
			out[len(out)-1] += "\\"
			out = append(out, strings.Repeat(" ", open[len(open)-1].indent)+guard(w.inline(l, 0)))
			continue
		}
		var marker string
		open, marker = next(open, m)
		text := strings.ReplaceAll(guard(w.inline(strings.TrimSpace(l[len(m):]), 0)), "\n", "\n"+strings.Repeat(" ", open[len(open)-1].indent))
		out = append(out, strings.Repeat(" ", open[len(open)-1].indent-len(marker)-1)+marker+" "+text)
	}
	return strings.Join(out, "\n"), n
}

// next opens and closes levels for an item with these markers. A level that was skipped is not made up.
func next(open []level, markers string) ([]level, string) {
	depth := min(len(markers), len(open)+1, maxMacros)
	ordered := markers[len(markers)-1] == '#'
	if len(open) > depth {
		open = open[:depth]
	}
	if len(open) == depth && open[depth-1].ordered != ordered {
		open = open[:depth-1]
	}
	if len(open) < depth {
		open = append(open, level{ordered: ordered})
	}
	at := &open[depth-1]
	at.number++
	marker := "-"
	if ordered {
		marker = strconv.Itoa(at.number) + "."
	}
	at.indent = len(marker) + 1
	if depth > 1 {
		at.indent += open[depth-2].indent
	}
	return open, marker
}

// table reads rows; a row goes on over lines until one ends with a bar.
func (w wikiWriter) table(lines []string, depth int) (string, int) {
	var rows [][]string
	header := false
	n := 0
	for n < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[n]), "|") {
		row := strings.TrimSpace(lines[n])
		n++
		for !strings.HasSuffix(row, "|") && n < len(lines) {
			l := strings.TrimSpace(lines[n])
			if l == "" || l[0] == '|' {
				break
			}
			row += "\n" + l
			n++
		}
		cells, allHeaders := w.cells(row, len(rows) > 0, depth)
		header = header || allHeaders && len(rows) == 0
		rows = append(rows, cells)
	}
	return table(rows, header), n
}

// cells are those of a row: || begins a header, which is bold where it is not in the first row.
func (w wikiWriter) cells(row string, below bool, depth int) (out []string, allHeaders bool) {
	allHeaders = true
	var headers []bool
	for row != "" {
		isHeader := strings.HasPrefix(row, "||")
		row = strings.TrimPrefix(strings.TrimPrefix(row, "|"), "|")
		end := cellEnd(row)
		if end == len(row) && strings.TrimSpace(row) == "" {
			break
		}
		out = append(out, cellText(w.lines(row[:end], depth+1+maxMacros)))
		headers = append(headers, isHeader)
		allHeaders = allHeaders && isHeader
		row = row[end:]
	}
	for i, text := range out {
		if headers[i] && text != "" && (below || !allHeaders) {
			out[i] = emphasised(text)
		}
	}
	return out, allHeaders && len(out) > 0
}

// cellEnd is the next bar that is none of a link, an image or a code span.
func cellEnd(s string) int {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '|':
			return i
		case s[i] == '[':
			i += within(s[i:], "]")
		case s[i] == '!' && i+1 < len(s) && s[i+1] != ' ':
			i += within(s[i:], "!")
		case strings.HasPrefix(s[i:], "{{"):
			i += within(s[i:], "}}")
		case s[i] == '{':
			if m, ok := opening(s[i:]); ok && isBlock(m.name) {
				i += max(closing(s[i:min(len(s), i+maxPhrase)], m.size, m.name), 0)
			}
		}
	}
	return len(s)
}

// within is how far it is to the end of something on the same line, 0 when there is none.
func within(s, end string) int {
	line, _, _ := strings.Cut(s[:min(len(s), maxPhrase)], "\n")
	return max(strings.Index(line[min(1, len(line)):], end)+1, 0)
}
