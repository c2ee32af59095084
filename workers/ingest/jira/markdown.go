package jira

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// clean makes text from outside fit to be written: valid UTF-8 in NFC, LF only, no control characters but tab. It comes
// before escaping, because NFC turns some letters into punctuation (U+1FEF into a backtick).
func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return norm.NFC.String(strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r == '\n', r == '\t':
			return r
		case r == '\u2028', r == '\u2029', r == '\u0085':
			return ' '
		case unicode.IsControl(r), r == '\uFEFF':
			return -1
		}
		return r
	}, s))
}

// oneLine is text without line breaks, for titles, names and cells.
func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// tidy ends the making of a text: NFC across its seams, no blanks at line ends, nothing around it.
func tidy(s string) string {
	lines := strings.Split(norm.NFC.String(s), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRightFunc(l, unicode.IsSpace)
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// joinBlocks puts one blank line between the blocks that are not empty.
func joinBlocks(parts ...string) string {
	kept := parts[:0:0]
	for _, p := range parts {
		if p = strings.Trim(p, "\n"); strings.TrimSpace(p) != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "\n\n")
}

// escape keeps text from being read as Markdown (CommonMark 0.31 §2.4, GFM strikethrough), and leaves alone what means
// nothing where it stands. With brackets it is a link's label.
func escape(s string, brackets bool) string {
	var out strings.Builder
	prev := ' '
	for i, r := range s {
		if special(r, prev, s[i+utf8.RuneLen(r):], brackets) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
		prev = r
	}
	return out.String()
}

func special(r, prev rune, rest string, brackets bool) bool {
	next, _ := utf8.DecodeRuneInString(rest)
	edge := rest == ""
	switch r {
	case '\\', '`':
		return true
	case '*':
		return edge || !unicode.IsSpace(next) || !unicode.IsSpace(prev)
	case '_':
		return edge || !word(prev) || !word(next)
	case '~':
		return edge || next == '~' || prev == '~'
	case '[':
		return brackets
	case ']':
		return brackets || !edge && strings.ContainsRune("([:", next)
	case '<':
		return edge || unicode.IsLetter(next) || strings.ContainsRune("/!?", next)
	case '&':
		return entity(rest)
	}
	return false
}

func word(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// entity says whether the text after an ampersand makes it a character reference.
func entity(rest string) bool {
	name, _, ok := strings.Cut(rest[:min(len(rest), 40)], ";")
	return ok && name != "" && strings.Trim(name, "#abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// guard keeps the lines of a paragraph from being read as the start of another block.
func guard(paragraph string) string {
	lines := strings.Split(paragraph, "\n")
	kept := lines[:0]
	for _, l := range lines {
		if l = strings.TrimSpace(l); l != "" {
			kept = append(kept, guardLine(l))
		}
	}
	text := strings.Join(kept, "\n")
	for openBreak(text) { // a break before nothing is none
		text = strings.TrimRight(strings.TrimSuffix(text, `\`), " \t\n")
	}
	return text
}

// openBreak says whether text ends with a hard break: an odd number of backslashes.
func openBreak(text string) bool {
	return (len(text)-len(strings.TrimRight(text, `\`)))%2 == 1
}

func guardLine(l string) string {
	if strings.Trim(l, "|:- \t") == "" { // a rule, a setext underline, a table's delimiter row
		return strings.Replace(l, "-", `\-`, 1)
	}
	hashes := strings.TrimLeft(l, "#")
	digits := strings.TrimLeft(l, "0123456789")
	n := len(l) - len(digits)
	switch {
	case l[0] == '>', strings.Trim(l, "=") == "", strings.ContainsRune("-+*", rune(l[0])) && blankAt(l, 1),
		len(hashes) < len(l) && len(l)-len(hashes) <= 6 && blankAt(hashes, 0):
		return `\` + l
	case n > 0 && n <= 9 && digits != "" && strings.ContainsRune(".)", rune(digits[0])) && blankAt(digits, 1):
		return l[:n] + `\` + digits
	}
	return l
}

func blankAt(s string, i int) bool { return i >= len(s) || s[i] == ' ' || s[i] == '\t' }

// prefix puts first before the first line of text and other before the rest.
func prefix(text, first, other string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if i == 0 {
			lines[i] = first + l
		} else if strings.TrimSpace(other) != "" || l != "" {
			lines[i] = other + l
		}
	}
	return strings.Join(lines, "\n")
}

func quote(text string) string { return prefix(text, "> ", "> ") }

// item is a list item: what follows its first line is indented by the marker's width.
func item(marker, text string) string {
	return prefix(text, marker+" ", strings.Repeat(" ", len(marker)+1))
}

// admonition is a quote that begins with its kind; inline says that text begins with a paragraph.
func admonition(kind, text string, inline bool) string {
	if text == "" {
		return ""
	}
	if inline {
		return quote("**" + kind + ":** " + text)
	}
	return quote("**" + kind + ":**\n\n" + text)
}

func fence(language, code string) string {
	code = strings.Trim(clean(code), "\n")
	marks := strings.Repeat("`", max(3, longestRun(code)+1))
	return marks + languageName(language) + "\n" + code + "\n" + marks
}

func languageName(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789+#_.-") != "" || len(s) > 40 {
		return ""
	}
	return s
}

func codeSpan(s string) string {
	s = strings.ReplaceAll(clean(s), "\n", " ")
	if strings.TrimSpace(s) == "" {
		return s
	}
	if !strings.Contains(s, "`") {
		return "`" + s + "`"
	}
	marks := strings.Repeat("`", longestRun(s)+1)
	return marks + " " + s + " " + marks
}

func longestRun(s string) int {
	longest, run := 0, 0
	for i := range len(s) {
		if s[i] == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return longest
}

func heading(level int, text string) string {
	text = strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(text, "\\\n", " "), "\n", " "))
	if text == "" {
		return ""
	}
	if strings.Trim(text[strings.LastIndexByte(text, ' ')+1:], "#") == "" { // would be read as closing marks
		i := strings.LastIndexByte(text, ' ') + 1
		text = text[:i] + `\` + text[i:]
	}
	return strings.Repeat("#", min(max(level, 1), 6)) + " " + text
}

// safeURL is a link's destination with what would end it encoded, or "" when its scheme is not http, https or mailto.
func safeURL(raw string) string {
	raw = strings.TrimSpace(clean(raw))
	u, err := url.Parse(raw)
	if err != nil || len(raw) > 4096 {
		return ""
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		if u.Host == "" {
			return ""
		}
	case "mailto":
	default:
		return ""
	}
	var out strings.Builder
	for i := range len(raw) {
		if strings.IndexByte(" ()<>\"\\`|\n\t*", raw[i]) >= 0 {
			out.WriteString("%" + strings.ToUpper(strconv.FormatUint(uint64(raw[i])+0x100, 16)[1:]))
		} else {
			out.WriteByte(raw[i])
		}
	}
	return out.String()
}

// link writes a link; a label that says no more than the destination is left out.
func link(label, dest string) string {
	switch {
	case dest == "":
		return label
	case label == "", label == dest, label == escape(dest, true):
		return "<" + dest + ">"
	}
	return "[" + label + "](" + dest + ")"
}

// image writes a picture; one that has no address here has an empty destination.
func image(alt, dest string) string {
	return "![" + escape(oneLine(alt), true) + "](" + dest + ")"
}

// cellText puts the Markdown of a table cell on one line: blocks and breaks become <br>, code lines code spans.
func cellText(text string) string {
	var out []string
	fenced := ""
	for l := range strings.SplitSeq(text, "\n") {
		marks := l[:len(l)-len(strings.TrimLeft(l, "`"))]
		switch {
		case fenced == "" && len(marks) >= 3 && !strings.Contains(l[len(marks):], "`"):
			fenced = marks
		case fenced != "" && l == fenced:
			fenced = ""
		case fenced != "":
			out = append(out, codeSpan(l))
		default:
			if openBreak(l) {
				l = strings.TrimSuffix(l, `\`)
			}
			out = append(out, strings.TrimSpace(l))
		}
	}
	kept := out[:0]
	for _, l := range out {
		if l != "" {
			kept = append(kept, l)
		}
	}
	return strings.ReplaceAll(strings.Join(kept, "<br>"), "|", `\|`)
}

// table writes rows of cells (see cellText) as a GFM table. Without a header the first row of it is empty.
func table(rows [][]string, header bool) string {
	width := 0
	for _, r := range rows {
		width = max(width, len(r))
	}
	if width == 0 {
		return ""
	}
	if !header {
		rows = append([][]string{nil}, rows...)
	}
	rows[0] = append(rows[0], make([]string, width-len(rows[0]))...)
	var out strings.Builder
	for i, r := range rows {
		out.WriteString("|")
		for _, c := range r {
			out.WriteString(strings.TrimRight(" "+c, " ") + " |")
		}
		out.WriteString("\n")
		if i == 0 {
			out.WriteString("|" + strings.Repeat(" --- |", width) + "\n")
		}
	}
	return strings.TrimSuffix(out.String(), "\n")
}
