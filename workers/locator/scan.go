package locator

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type kind int

const (
	word kind = iota
	number
	text     // in quotes, or a template without a hole
	template // with holes
	regex
	mark // any other character
)

// token is a piece of code at src[from:to]; spaces and comments are none.
type token struct {
	kind     kind
	from, to int
}

// afterWord are the words after which a slash begins a regular expression.
var afterWord = map[string]bool{"return": true, "typeof": true, "case": true, "in": true, "of": true, "void": true, "delete": true, "await": true, "yield": true, "else": true, "do": true, "throw": true, "new": true}

// scan splits code. What ends too early ends with the code.
func scan(src string) []token {
	var out []token
	for i := 0; i < len(src); {
		t := token{kind: mark, from: i, to: i + 1}
		c := src[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case strings.HasPrefix(src[i:], "//"):
			i = until(src, i, "\n")
			continue
		case strings.HasPrefix(src[i:], "/*"):
			i = until(src, i+2, "*/")
			continue
		case c == '"' || c == '\'':
			t.kind, t.to = text, quoted(src, i)
		case c == '`':
			t.kind, t.to = backquoted(src, i)
		case c == '/' && expectsValue(src, out):
			if end, ok := regexEnd(src, i); ok {
				t.kind, t.to = regex, end
			}
		case c >= '0' && c <= '9':
			t.kind, t.to = number, wordEnd(src, i, ".")
		default:
			r, size := utf8.DecodeRuneInString(src[i:])
			if t.to = i + size; letter(r) {
				t.kind, t.to = word, wordEnd(src, i, "")
			}
		}
		out = append(out, t)
		i = t.to
	}
	return out
}

func letter(r rune) bool { return r == '_' || r == '$' || r == '#' || unicode.IsLetter(r) }

func wordEnd(src string, i int, more string) int {
	for i < len(src) {
		r, size := utf8.DecodeRuneInString(src[i:])
		if !letter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(more, r) {
			break
		}
		i += size
	}
	return i
}

func until(src string, i int, end string) int {
	if at := strings.Index(src[i:], end); at >= 0 {
		return i + at + len(end)
	}
	return len(src)
}

// quoted is where the text that begins at i ends. One that is not closed in its line is none: it ends with the line.
func quoted(src string, i int) int {
	for j := i + 1; j < len(src); j++ {
		switch src[j] {
		case '\\':
			j++
		case '\n':
			return j
		case src[i]:
			return j + 1
		}
	}
	return len(src)
}

// backquoted is where the template that begins at i ends, with all that its holes hold.
func backquoted(src string, i int) (kind, int) {
	k := text
	for j := i + 1; j < len(src); j++ {
		switch {
		case src[j] == '\\':
			j++
		case src[j] == '`':
			return k, j + 1
		case strings.HasPrefix(src[j:], "${"):
			k, j = template, holeEnd(src, j+2)-1
		}
	}
	return template, len(src)
}

// holeEnd is the place after the brace that ends a template's hole.
func holeEnd(src string, i int) int {
	for depth := 0; i < len(src); i++ {
		switch src[i] {
		case '"', '\'':
			i = quoted(src, i) - 1
		case '`':
			_, end := backquoted(src, i)
			i = end - 1
		case '{':
			depth++
		case '}':
			if depth--; depth < 0 {
				return i + 1
			}
		}
	}
	return len(src)
}

// expectsValue says whether a slash begins a regular expression, by what stands before it.
func expectsValue(src string, before []token) bool {
	if len(before) == 0 {
		return true
	}
	last := before[len(before)-1]
	switch last.kind {
	case word:
		return afterWord[src[last.from:last.to]]
	case mark:
		return !strings.ContainsAny(src[last.from:last.to], ")]}")
	case number, text, template, regex:
	}
	return false
}

func regexEnd(src string, i int) (int, bool) {
	class := false
	for j := i + 1; j < len(src); j++ {
		switch src[j] {
		case '\\':
			j++
		case '\n', '\r':
			return 0, false
		case '[':
			class = true
		case ']':
			class = false
		case '/':
			if !class {
				return wordEnd(src, j+1, ""), j > i+1
			}
		}
	}
	return 0, false
}
