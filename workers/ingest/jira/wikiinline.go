package jira

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxPhrases = 8 // marks inside of each other

// wikiLine is a line that is being written.
type wikiLine struct {
	w     wikiWriter
	depth int
	src   string
	out   strings.Builder
	plain strings.Builder // text that is still to be escaped
	label bool            // inside of a link's text
}

func (w wikiWriter) inline(s string, depth int) string { return w.write(s, depth, false) }

func (w wikiWriter) write(s string, depth int, label bool) string {
	l := &wikiLine{w: w, depth: depth, src: s, label: label}
	for i := 0; i < len(s); {
		n := l.construct(i)
		if n == 0 {
			_, n = utf8.DecodeRuneInString(s[i:])
			l.plain.WriteString(s[i : i+n])
		}
		i += n
	}
	l.flush()
	return l.out.String()
}

func (l *wikiLine) flush() {
	l.out.WriteString(escape(l.plain.String(), l.label))
	l.plain.Reset()
}

// emit writes Markdown in place of n bytes.
func (l *wikiLine) emit(markdown string, n int) int {
	l.flush()
	l.out.WriteString(markdown)
	return n
}

// construct reads what begins at i and answers its length, 0 when it is text.
func (l *wikiLine) construct(i int) int {
	s := l.src[i:]
	switch s[0] {
	case '\\':
		return l.backslash(s)
	case '{':
		return l.brace(s)
	case '[':
		return l.bracket(s)
	case '!':
		return l.image(s)
	case 'h':
		return l.address(i, s)
	case '*', '_', '-', '+', '^', '~', '?':
		return l.phrase(i, s)
	}
	return 0
}

func (l *wikiLine) backslash(s string) int {
	switch {
	case strings.HasPrefix(s, `\\`):
		return l.emit("\\\n", 2)
	case len(s) > 1 && strings.ContainsRune("{}[]!*_-+^~?|#", rune(s[1])):
		l.plain.WriteByte(s[1])
		return 2
	}
	return 0
}

func (l *wikiLine) brace(s string) int {
	near := s[:min(len(s), maxPhrase)]
	if strings.HasPrefix(s, "{{") {
		if end := strings.Index(near, "}}"); end > 2 {
			return l.emit(codeSpan(strings.TrimSpace(s[2:end])), end+2)
		}
		return 0
	}
	if len(s) > 3 && s[2] == '}' && strings.IndexByte("*_-+^~", s[1]) >= 0 { // {*}in a word{*}
		if end := strings.Index(near[3:], s[:3]); end > 0 && l.depth < maxPhrases {
			return l.emit(phraseMark(s[1]).around(l.w.write(s[3:3+end], l.depth+1, l.label)), end+6)
		}
		return 0
	}
	m, ok := opening(s)
	switch {
	case !ok:
		return 0
	case m.name == "code" || m.name == "noformat":
		if end := closing(near, min(m.size, len(near)), m.name); end > 0 {
			return l.emit(codeSpan(strings.TrimSpace(s[m.size:end])), end+len(m.name)+2)
		}
	case m.name == "color", m.name == "anchor":
		return m.size
	}
	return 0
}

func (l *wikiLine) bracket(s string) int {
	end := within(s, "]")
	if end <= 1 || l.label {
		return 0
	}
	label, target, titled := strings.Cut(s[1:end], "|")
	if !titled {
		label, target = "", label
	}
	target, _, _ = strings.Cut(target, "|") // the tip
	target = strings.TrimSpace(target)
	text := l.w.write(label, l.depth+1, true)
	switch {
	case strings.HasPrefix(target, "~"):
		return l.emit(joinWords(text, escape("@"+strings.TrimPrefix(strings.TrimPrefix(target, "~"), "accountid:"), false)), end+1)
	case strings.HasPrefix(target, "^") && len(target) > 1:
		return l.emit(joinWords(text, link(escape(target[1:], true), l.file(target[1:]))), end+1)
	case safeURL(target) != "":
		return l.emit(link(text, safeURL(target)), end+1)
	case titled && label != "":
		return l.emit(text+" ("+escape(target, false)+")", end+1)
	}
	return 0 // brackets in a text
}

func (l *wikiLine) file(name string) string {
	if l.w.files == nil {
		return ""
	}
	return safeURL(l.w.files(name))
}

// image reads !file.png|options! and !https://…!; an exclamation mark in a text has a blank after it or no end.
func (l *wikiLine) image(s string) int {
	end := within(s, "!")
	if end <= 1 {
		return 0
	}
	name, _, _ := strings.Cut(s[1:end], "|")
	if !strings.Contains(name, ".") || strings.TrimSpace(name) != name || strings.Contains(name, " ") && !l.known(name) {
		return 0
	}
	dest := safeURL(name)
	if dest == "" {
		dest = l.file(name)
	}
	return l.emit(image(name, dest), end+1)
}

func (l *wikiLine) known(name string) bool { return l.w.files != nil && l.w.files(name) != "" }

// address keeps a bare URL as it is: what it holds is no markup.
func (l *wikiLine) address(i int, s string) int {
	if l.label || i > 0 && word(l.before(i)) || !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") {
		return 0
	}
	end := strings.IndexFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("|[]{}<>\"!", r) })
	if end < 0 {
		end = len(s)
	}
	url := strings.TrimRight(s[:end], ".,;:)?*_")
	if dest := safeURL(url); dest != "" {
		return l.emit(dest, len(url))
	}
	return 0
}

func (l *wikiLine) before(i int) rune {
	r, _ := utf8.DecodeLastRuneInString(l.src[:i])
	return r
}

func phraseMark(b byte) inlineMark {
	switch b {
	case '*':
		return inlineMark{open: "**", close: "**"}
	case '_', '?':
		return inlineMark{open: "*", close: "*"}
	case '-':
		return inlineMark{open: "~~", close: "~~"}
	case '+':
		return inlineMark{open: "<u>", close: "</u>"}
	case '^':
		return inlineMark{open: "<sup>", close: "</sup>"}
	}
	return inlineMark{open: "<sub>", close: "</sub>"}
}

// phrase reads *strong*, _em_, ??cited??, -struck-, +inserted+, ^raised^ and ~lowered~: the marks touch the text inside
// and stand outside of words.
func (l *wikiLine) phrase(i int, s string) int {
	mark := s[:1]
	if s[0] == '?' {
		mark = "??"
	}
	inside := strings.TrimPrefix(s, mark)
	if l.depth >= maxPhrases || !strings.HasPrefix(s, mark) || i > 0 && (word(l.before(i)) || l.src[i-1] == s[0]) ||
		inside == "" || inside[0] == ' ' || inside[0] == s[0] {
		return 0
	}
	end := phraseEnd(inside[:min(len(inside), maxPhrase)], mark)
	if end <= 0 {
		return 0
	}
	return l.emit(phraseMark(s[0]).around(l.w.write(inside[:end], l.depth+1, l.label)), end+2*len(mark))
}

func phraseEnd(s, mark string) int {
	for from := 1; from < len(s); {
		i := strings.Index(s[from:], mark)
		if i < 0 {
			return -1
		}
		i += from
		after, _ := utf8.DecodeRuneInString(s[i+len(mark):])
		if s[i-1] != ' ' && s[i-1] != '\\' && (i+len(mark) == len(s) || !word(after) && after != rune(mark[0])) {
			return i
		}
		from = i + len(mark)
	}
	return -1
}
