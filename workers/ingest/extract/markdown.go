package extract

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// markdown writes blocks, one blank line between them, until its limit.
type markdown struct {
	out   strings.Builder
	limit int
	cut   bool
	// title is the text of the first heading.
	title string
	// inList says that the last block was a list item, which the next one joins without a blank line.
	inList bool
}

func (m *markdown) String() string { return m.out.String() }

// block writes a block as it is: its text has been escaped where that is needed. Empty blocks are none.
func (m *markdown) block(text string) { m.write(text, false) }

func (m *markdown) write(text string, item bool) {
	text = strings.Trim(tidyKept(text), "\n")
	if strings.TrimSpace(text) == "" || m.cut {
		return
	}
	if m.out.Len()+len(text) > m.limit {
		m.cut = true
		text = strings.TrimRight(strings.ToValidUTF8(text[:max(0, m.limit-m.out.Len())], ""), " \n\t")
		if text == "" {
			return
		}
	}
	if m.out.Len() > 0 && (!item || !m.inList) {
		m.out.WriteByte('\n')
	}
	m.inList = item
	m.out.WriteString(text)
	m.out.WriteByte('\n')
}

// keep writes Markdown that already is as it should be.
func (m *markdown) keep(text string) {
	text = strings.Trim(text, "\n")
	if len(text) > m.limit {
		m.cut = true
		text = strings.ToValidUTF8(text[:m.limit], "")
	}
	if text != "" {
		m.out.WriteString(text + "\n")
	}
}

// next is the offset at which the next block will begin.
func (m *markdown) next() int {
	if m.out.Len() == 0 {
		return 0
	}
	return m.out.Len() + 1
}

// heading writes one; levels are brought into 1 to 6.
func (m *markdown) heading(level int, text string) {
	text = beginMark.ReplaceAllString(oneLine(text), "$1$2")
	if text == "" {
		return
	}
	if m.title == "" {
		m.title = shorten(plain(text), 300)
	}
	m.block(strings.Repeat("#", min(max(level, 1), 6)) + " " + text)
}

// item writes a list item. Levels count from 0; number 0 is a bullet.
func (m *markdown) item(level, number int, text string) {
	marker, step := "- ", 2
	if number > 0 {
		marker, step = strconv.Itoa(number)+". ", 3
	}
	indent := strings.Repeat(" ", step*min(max(level, 0), 8))
	hanging := "\n" + indent + strings.Repeat(" ", len(marker))
	text = strings.TrimSpace(tidy(text))
	if text != "" {
		m.write(indent+marker+strings.ReplaceAll(text, "\n", hanging), true)
	}
}

// quote writes "> **label:** text".
func (m *markdown) quote(label, text string) {
	text = strings.TrimSpace(tidy(text))
	if text == "" {
		return
	}
	if label != "" {
		text = "**" + oneLine(label) + ":** " + text
	}
	m.block("> " + strings.ReplaceAll(text, "\n", "\n> "))
}

// code writes a fenced block; the fence is longer than any in the text.
func (m *markdown) code(language, text string) {
	text = strings.Trim(tidyKept(text), "\n")
	if strings.TrimSpace(text) == "" {
		return
	}
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if m.out.Len()+len(text) > m.limit {
		m.cut = true
		return
	}
	m.block(fence + language + "\n" + text + "\n" + fence)
}

// table writes rows, the first as the head, all as wide as the widest. Cells are Markdown of one or more lines.
// Columns that are empty throughout are left out.
func (m *markdown) table(rows [][]string) {
	keep := filled(rows)
	if len(keep) == 0 {
		return
	}
	var b strings.Builder
	for i, row := range rows {
		if b.Len() > m.limit {
			break
		}
		for _, column := range keep {
			b.WriteString("| ")
			if column < len(row) {
				b.WriteString(cell(row[column]))
			}
			b.WriteByte(' ')
		}
		b.WriteString("|\n")
		if i == 0 {
			b.WriteString(strings.Repeat("| --- ", len(keep)) + "|\n")
		}
	}
	m.block(b.String())
}

// filled are the columns that have text in some row.
func filled(rows [][]string) []int {
	var has []bool
	for _, row := range rows {
		for len(has) < len(row) {
			has = append(has, false)
		}
		for i, text := range row {
			has[i] = has[i] || strings.TrimSpace(text) != ""
		}
	}
	var keep []int
	for i, ok := range has {
		if ok {
			keep = append(keep, i)
		}
	}
	return keep
}

// cell is a text on one line, with pipes that do not end it.
func cell(text string) string {
	text = strings.TrimSpace(tidy(text))
	text = beginMark.ReplaceAllString(text, "$1$2") // no block begins in a cell
	text = strings.ReplaceAll(text, "|", `\|`)
	return strings.ReplaceAll(text, "\n", "<br>")
}

// tidy makes a text valid UTF-8, NFC, with LF, without control characters and trailing blanks. Runs of blank lines
// become one.
func tidy(s string) string { return tidied(s, false) }

// tidyKept is tidy for Markdown, whose fenced code keeps its blank lines.
func tidyKept(s string) string { return tidied(s, true) }

func tidied(s string, fences bool) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	s = strings.Map(printable, strings.ToValidUTF8(s, "\uFFFD"))
	lines := strings.Split(norm.NFC.String(s), "\n")
	kept, blank, open := lines[:0], false, ""
	for _, line := range lines {
		line = strings.TrimRight(line, " \t\u00a0")
		if mark := fence.FindString(line); fences && mark != "" {
			switch mark = strings.TrimSpace(mark); {
			case open == "":
				open = mark
			case strings.HasPrefix(mark, open):
				open = ""
			}
		}
		if line == "" && blank && open == "" {
			continue
		}
		blank = line == ""
		kept = append(kept, line)
	}
	return strings.Join(kept, "\n")
}

func printable(r rune) rune {
	switch {
	case r == '\n', r == '\t':
		return r
	case r == '\v', r == '\f', r == '\u2028', r == '\u2029', r == '\u0085':
		return '\n'
	case r == '\u00ad', r == '\ufeff', unicode.IsControl(r), r&0xFFFE == 0xFFFE, r >= 0xFDD0 && r <= 0xFDEF:
		return -1
	}
	return r
}

// tidyLine is a text on one line.
func tidyLine(s string) string { return strings.Join(strings.Fields(tidy(s)), " ") }

// oneLine is Markdown on one line.
func oneLine(s string) string { return tidyLine(s) }

// plain takes out what escape put in.
func plain(s string) string { return strings.NewReplacer(`\\`, `\`, `\`, "").Replace(s) }

var (
	// beginMark is what escape puts at the beginning of a block and nothing needs in a cell or heading.
	beginMark = regexp.MustCompile(`^([0-9]*)\\([-+#>=.)])`)
	// leadingMark is what would become a block at the beginning of a line.
	leadingMark = regexp.MustCompile(`(?m)^([ \t]*)(#{1,6}[ \t]|#{1,6}$|[-+](?:[ \t]|$)|>|~~~|={3,}$|-{3,}$|[0-9]{1,9}[.)](?:[ \t]|$))`)
)

// rawBegin and rawEnd stand around Markdown within a plain text. No format's text can hold them: they are control
// characters, and escape takes out those that are not a pair of ours.
const rawBegin, rawEnd = "\x02", "\x03"

// raw keeps Markdown from being escaped with the text that it stands in.
func raw(markup string) string {
	return rawBegin + strings.NewReplacer(rawBegin, "", rawEnd, "").Replace(markup) + rawEnd
}

// escape makes a plain text Markdown that reads the same.
func escape(s string) string { return escapeWithin(leadingMark.ReplaceAllStringFunc(s, escapeLeading)) }

// escapeWithin is escape for a text that does not begin a block.
func escapeWithin(s string) string {
	var b strings.Builder
	for s != "" {
		text, rest, found := strings.Cut(s, rawBegin)
		escapeInline(&b, text)
		if !found {
			break
		}
		text, s, _ = strings.Cut(rest, rawEnd)
		b.WriteString(text)
	}
	return strings.ReplaceAll(b.String(), rawEnd, "")
}

// escapeInline puts a backslash before what would become markup within a line. Brackets stay, because ids of
// requirements stand in them; what would make them a link or a definition is escaped.
func escapeInline(b *strings.Builder, s string) {
	for i := range len(s) {
		before, after := byte(' '), byte(' ')
		if i > 0 {
			before = s[i-1]
		}
		if i+1 < len(s) {
			after = s[i+1]
		}
		if marks(before, s[i], after) {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
}

func marks(before, c, after byte) bool {
	switch c {
	case '*', '`':
		return true
	case '\\':
		return after > ' ' && after < 0x7F && !wordByte(after) || after == '_'
	case ']':
		return after == '('
	case ':':
		return before == ']'
	case '<':
		return after == '/' || after == '!' || after == '?' || wordByte(after)
	case '_':
		return before <= ' ' || after <= ' '
	}
	return false
}

// escapeLeading puts the backslash in front of the mark, for numbers in front of the point.
func escapeLeading(mark string) string {
	body := strings.TrimLeft(mark, " \t")
	at := len(mark) - len(body)
	if body[0] >= '0' && body[0] <= '9' {
		at += strings.IndexAny(body, ".)")
	}
	return mark[:at] + raw(`\`+mark[at:at+1]) + mark[at+1:]
}

// link is a link with a plain text to an address that may be followed, otherwise the text alone; escape keeps it.
func link(text, address string) string {
	address = safeAddress(address)
	if address == "" || strings.TrimSpace(text) == "" {
		return text
	}
	return raw("[" + strings.NewReplacer("[", `\[`, "]", `\]`).Replace(tidyLine(escape(text))) + "](" + address + ")")
}

// safeAddress is an address with a scheme that only leads to a page or a mail, or nothing.
func safeAddress(address string) string {
	address = strings.TrimSpace(address)
	lower := strings.ToLower(address)
	for _, scheme := range []string{"http://", "https://", "mailto:"} {
		if strings.HasPrefix(lower, scheme) {
			return strings.Map(addressRune, strings.NewReplacer("(", "%28", ")", "%29", " ", "%20", "<", "%3C", ">", "%3E").Replace(address))
		}
	}
	return ""
}

func addressRune(r rune) rune {
	if unicode.IsControl(r) || unicode.IsSpace(r) {
		return -1
	}
	return r
}
