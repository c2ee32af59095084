package locator

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Parse reads code that is one locator, as the recorder and Playwright's messages write it, or the beginning of a text:
// what follows it is passed over. It fails when anything in it is not written out.
func Parse(code string) (Chain, bool) {
	r := reader{src: code, tokens: scan(code)}
	if !r.starts(0) {
		return nil, false
	}
	c, _, ok := r.chain(0)
	return c, ok
}

// reader reads tokens; i is always the place of one.
type reader struct {
	src    string
	tokens []token
}

func (r reader) at(i int) string {
	if i < 0 || i >= len(r.tokens) {
		return ""
	}
	return r.src[r.tokens[i].from:r.tokens[i].to]
}

func (r reader) kind(i int) kind {
	if i < 0 || i >= len(r.tokens) {
		return mark
	}
	return r.tokens[i].kind
}

// starts says whether a locator begins at i.
func (r reader) starts(i int) bool { return slices.Contains(begins, r.at(i)) && r.at(i+1) == "(" }

// chain reads the locator at i up to next; ok says that all of it is written out.
func (r reader) chain(i int) (c Chain, next int, ok bool) {
	for ok = true; ; {
		args, end, read := r.values(i+2, ")")
		if !read {
			ok, end = false, r.close(i+1)
		}
		c = append(c, Call{r.at(i), args})
		if r.at(end) != "." || !slices.Contains(goesOn, r.at(end+1)) || r.at(end+2) != "(" {
			return c, end, ok
		}
		i = end + 1
	}
}

// close is the place after the bracket that closes the one at i.
func (r reader) close(i int) int {
	for depth := 0; i < len(r.tokens); i++ {
		switch r.at(i) {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			if depth--; depth <= 0 {
				return i + 1
			}
		}
	}
	return i
}

// values reads what stands from i up to a bracket, and answers the place after it.
func (r reader) values(i int, end string) (list []Value, next int, ok bool) {
	for r.at(i) != end {
		v, next, ok := r.value(i)
		if !ok {
			return nil, i, false
		}
		list = append(list, v)
		if i = next; r.at(i) == "," {
			i++
		} else if r.at(i) != end {
			return nil, i, false
		}
	}
	return list, i + 1, true
}

var plainWords = []string{"true", "false", "null", "undefined"}

func (r reader) value(i int) (v Value, next int, ok bool) {
	at := r.at(i)
	switch r.kind(i) {
	case text:
		s, ok := unquote(at)
		return Text(s), i + 1, ok
	case number:
		_, err := strconv.ParseUint(at, 10, 32)
		return Value{Raw: at, sort: isRaw}, i + 1, err == nil
	case regex:
		return Value{Raw: at, sort: isRaw}, i + 1, !strings.ContainsAny(at, "\u2028\u2029")
	case mark:
		switch at {
		case "[":
			items, next, ok := r.values(i+1, "]")
			return Value{Items: items, sort: isArray}, next, ok
		case "{":
			fields, next, ok := r.fields(i + 1)
			return Value{Fields: fields, sort: isObject}, next, ok
		case "-":
			if v, next, ok := r.value(i + 1); ok && r.kind(i+1) == number {
				v.Raw = "-" + v.Raw
				return v, next, true
			}
		}
	case word:
		if slices.Contains(plainWords, at) {
			return Value{Raw: at, sort: isRaw}, i + 1, true
		}
		for r.kind(i) == word && r.at(i+1) == "." {
			i += 2
		}
		if r.starts(i) {
			c, next, ok := r.chain(i)
			return Value{Inner: c, sort: isChain}, next, ok
		}
	case template:
	}
	return Value{}, i, false
}

func (r reader) fields(i int) (list []Field, next int, ok bool) {
	for r.at(i) != "}" {
		if r.kind(i) != word || r.at(i+1) != ":" {
			return nil, i, false
		}
		v, next, ok := r.value(i + 2)
		if !ok {
			return nil, i, false
		}
		list = append(list, Field{r.at(i), v})
		if i = next; r.at(i) == "," {
			i++
		} else if r.at(i) != "}" {
			return nil, i, false
		}
	}
	return list, i + 1, true
}

var escapes = map[byte]string{'n': "\n", 't': "\t", 'r': "\r", 'b': "\b", 'f': "\f", 'v': "\v"}

// unquote reads a text of JavaScript's; half of a pair of surrogates is none.
func unquote(code string) (string, bool) {
	if len(code) < 2 || code[len(code)-1] != code[0] || !utf8.ValidString(code) {
		return "", false
	}
	var b strings.Builder
	var units []uint16 // of one character
	for s := code[1 : len(code)-1]; s != ""; {
		r, size := utf8.DecodeRuneInString(s)
		if r == '\\' {
			var ok bool
			if r, size, ok = escaped(s); !ok {
				return "", false
			}
		}
		s = s[size:]
		switch {
		case utf16.IsSurrogate(r):
			if units = append(units, uint16(r)); len(units) == 2 {
				if r = utf16.DecodeRune(rune(units[0]), rune(units[1])); r == utf8.RuneError {
					return "", false
				}
				b.WriteRune(r)
				units = nil
			}
		case len(units) > 0:
			return "", false
		case r >= 0:
			b.WriteRune(r)
		}
	}
	return b.String(), len(units) == 0
}

// escaped reads what begins with a backslash; -1 is no character at all.
func escaped(s string) (r rune, size int, ok bool) {
	if len(s) < 2 {
		return 0, 0, false
	}
	hex := func(from, to int) (rune, int, bool) {
		if to > len(s) || from >= to {
			return 0, 0, false
		}
		n, err := strconv.ParseUint(s[from:to], 16, 21)
		return rune(n), to, err == nil && n <= utf8.MaxRune
	}
	switch c := s[1]; {
	case c == 'x':
		return hex(2, 4)
	case c == 'u' && strings.HasPrefix(s[2:], "{"):
		end := strings.IndexByte(s, '}')
		r, _, ok = hex(3, end)
		return r, end + 1, ok
	case c == 'u':
		return hex(2, 6)
	case c == '\n':
		return -1, 2, true
	case c >= '0' && c <= '9':
		return 0, 0, false
	case escapes[c] != "":
		return rune(escapes[c][0]), 2, true
	}
	r, n := utf8.DecodeRuneInString(s[1:])
	return r, 1 + n, true
}
