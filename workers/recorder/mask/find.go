package mask

import (
	"bytes"
	"encoding/base64"
	"html"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Text masks every known secret in a text, in whatever encoding it stands there.
func (m *Masker) Text(s string) string { return string(m.find([]byte(s), false)) }

// maxNesting bounds how deep base64 in base64 is looked into.
const maxNesting = 3

// find masks known secrets, JSON web tokens and what is in base64. In markup an occurrence may have tags in it.
func (m *Masker) find(text []byte, markup bool) []byte {
	return m.findNested(text, markup, maxNesting)
}

func (m *Masker) findNested(text []byte, markup bool, nesting int) []byte {
	text = m.tokens(text)
	secrets, starts := m.snapshot()
	if len(secrets) == 0 {
		return text
	}
	text = m.plain(text, markup, secrets, starts)
	if nesting > 0 {
		text = m.encoded(text, "+/", base64.RawStdEncoding, nesting)
		text = m.encoded(text, "-_", base64.RawURLEncoding, nesting)
	}
	return text
}

// plain replaces occurrences outside of base64.
func (m *Masker) plain(text []byte, markup bool, secrets []*secret, starts [256]bool) []byte {
	var out []byte
	copied := 0
	for i := 0; i < len(text); i++ {
		if !starts[text[i]] {
			continue
		}
		for _, s := range secrets {
			end, masked := s.at(text, i, false)
			if end < 0 && markup {
				end, masked = s.at(text, i, true)
			}
			if end < 0 {
				continue
			}
			out = append(append(out, text[copied:i]...), masked...)
			copied, i = end, end-1
			m.count(s.kind, 1)
			break
		}
	}
	if copied == 0 {
		return text
	}
	return append(out, text[copied:]...)
}

// at matches the secret at text[i:], one character after the other, each in whatever escape it stands there. It
// returns the end and what to write instead, or -1.
func (s *secret) at(text []byte, i int, markup bool) (end int, masked []byte) {
	m := match{secret: s, text: text, markup: markup}
	return m.from(i, 0)
}

// match is the search for a secret at one place. What stands there can be read in more than one way when the secret
// itself looks escaped, as "%25" does: each way is tried, none twice, and no more than maxFailed of them.
type match struct {
	*secret
	text   []byte
	markup bool
	failed map[[2]int]bool // by the place in the text and in the secret
}

// maxFailed bounds the ways that are tried in vain, lest a page that is made of escapes stops the worker.
const maxFailed = 256

func (m *match) from(i, n int) (end int, masked []byte) {
	for ; n < len(m.runes); n++ {
		if m.markup && n > 0 {
			skipped := tags(m.text[i:])
			masked = append(masked, m.text[i:i+skipped]...)
			i += skipped
		}
		var buffer [4]int
		sizes := units(buffer[:0], m.text[i:], m.runes[n])
		if len(sizes) == 0 {
			return -1, nil
		}
		masked = utf8.AppendRune(masked, m.shown[n])
		if len(sizes) > 1 {
			end, rest := m.any(i, n+1, sizes)
			return end, append(masked, rest...)
		}
		i += sizes[0]
	}
	return i, masked
}

// any goes on after each of the forms in which a character may stand.
func (m *match) any(i, n int, sizes []int) (end int, masked []byte) {
	for _, size := range sizes {
		place := [2]int{i + size, n}
		if m.failed[place] || len(m.failed) >= maxFailed {
			continue
		}
		if end, masked = m.from(i+size, n); end >= 0 {
			return end, masked
		}
		if m.failed == nil {
			m.failed = map[[2]int]bool{}
		}
		m.failed[place] = true
	}
	return -1, nil
}

// tags is the length of the tags and comments that a text begins with.
func tags(text []byte) int {
	n := 0
	for n < len(text) && text[n] == '<' {
		end := bytes.IndexByte(text[n:], '>')
		if end < 0 || end > 2000 {
			break
		}
		n += end + 1
	}
	return n
}

// units appends the lengths of the forms in which a character stands at the beginning of text, none when it is another
// one.
func units(to []int, text []byte, want rune) []int {
	if len(text) == 0 {
		return to
	}
	switch text[0] {
	case '%':
		to = percent(to, text, want)
	case '\\':
		to = escape(to, text, want)
	case '&':
		to = entity(to, text, want)
	case '+':
		if want == ' ' {
			to = append(to, 1)
		}
	}
	if r, size := utf8.DecodeRune(text); r == want && (r != utf8.RuneError || size > 1) {
		to = append(to, size)
	}
	return to
}

// percent reads %XX for each of the character's UTF-8 bytes; percent signs may be encoded again.
func percent(to []int, text []byte, want rune) []int {
	if want == '%' {
		for n := 1; bytes.HasPrefix(text[n:], []byte("25")); {
			n += 2
			to = append(to, n)
		}
		return to
	}
	n := 0
	for _, b := range utf8.AppendRune(nil, want) {
		if n >= len(text) || text[n] != '%' {
			return to
		}
		n++
		for bytes.HasPrefix(text[n:], []byte("25")) {
			n += 2
		}
		v, ok := hexadecimal(text[n:], 2)
		if !ok || byte(v) != b && (want != ' ' || v != '+') { // a query's plus sign, encoded again, is a blank
			return to
		}
		n += 2
	}
	return append(to, n)
}

// maxBackslashes bounds how often a backslash is looked for doubled.
const maxBackslashes = 8

// escape reads \uXXXX (with surrogates), \xXX, \u{…} and \c of JSON and JavaScript; backslashes may be doubled.
func escape(to []int, text []byte, want rune) []int {
	n := 1
	for n < len(text) && text[n] == '\\' && n < maxBackslashes {
		n++
	}
	if want == '\\' {
		for doubled := 2; doubled <= n; doubled *= 2 {
			to = append(to, doubled)
		}
		if n > 1 {
			return to
		}
	}
	if n >= len(text) {
		return to
	}
	rest := text[n+1:]
	size := 0
	switch c := text[n]; {
	case c == 'u' && bytes.HasPrefix(rest, []byte("{")):
		end := bytes.IndexByte(rest, '}')
		if end > 1 && end < 9 {
			if v, ok := hexadecimal(rest[1:], end-1); ok && v == want {
				size = n + 2 + end
			}
		}
	case c == 'u':
		size = utf16unit(rest, want, n+1)
	case c == 'x':
		if v, ok := hexadecimal(rest, 2); ok && v == want {
			size = n + 3
		}
	case rune(c) == want && strings.ContainsRune(`"'/`+"`", want):
		size = n + 1
	case want == '\t' && c == 't', want == '\n' && c == 'n', want == '\r' && c == 'r':
		size = n + 1
	}
	if size == 0 {
		return to
	}
	return append(to, size)
}

func utf16unit(rest []byte, want rune, before int) int {
	high, ok := hexadecimal(rest, 4)
	switch {
	case !ok:
		return 0
	case high == want:
		return before + 4
	case want > 0xFFFF && high == 0xD800+((want-0x10000)>>10) && bytes.HasPrefix(rest[4:], []byte(`\u`)):
		if low, ok := hexadecimal(rest[6:], 4); ok && low == 0xDC00+(want-0x10000)&0x3FF {
			return before + 10
		}
	}
	return 0
}

// entity reads &#1; &#x1; and named entities, also when the ampersand itself was escaped.
func entity(to []int, text []byte, want rune) []int {
	n := 1
	for bytes.HasPrefix(text[n:], []byte("amp;")) {
		n += 4
		if want == '&' {
			to = append(to, n)
		}
	}
	end := bytes.IndexByte(text[n:min(len(text), n+12)], ';')
	if end >= 1 && html.UnescapeString("&"+string(text[n:n+end+1])) == string(want) {
		to = append(to, n+end+1)
	}
	return to
}

func hexadecimal(text []byte, digits int) (rune, bool) {
	if len(text) < digits {
		return 0, false
	}
	v, err := strconv.ParseUint(string(text[:digits]), 16, 32)
	return rune(v), err == nil
}

// encoded looks into stretches that may be base64 of the alphabet with these two signs and, where a secret is in one,
// encodes it again without it.
func (m *Masker) encoded(text []byte, signs string, encoding *base64.Encoding, nesting int) []byte {
	var out []byte
	copied := 0
	for i := 0; i < len(text); {
		end := i
		signed := signs == "+/" // with neither sign in it, both alphabets read the same
		for ; end < len(text) && base64Byte(text[end], signs); end++ {
			signed = signed || text[end] == signs[0] || text[end] == signs[1]
		}
		if end == i {
			i++
			continue
		}
		if signed && end-i >= encoding.EncodedLen(MinLength) {
			if masked, ok := m.stretch(text[i:end], encoding, nesting); ok {
				out = append(append(out, text[copied:i]...), masked...)
				copied = end
			}
		}
		i = end
	}
	if copied == 0 {
		return text
	}
	return append(out, text[copied:]...)
}

func base64Byte(b byte, signs string) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == signs[0] || b == signs[1]
}

// stretch decodes from each of the four places where base64 can begin: what stands in front of it, a path or a word,
// may look like base64 too.
func (m *Masker) stretch(run []byte, encoding *base64.Encoding, nesting int) ([]byte, bool) {
	for skip := range min(4, len(run)) {
		part := run[skip:]
		if len(part)%4 == 1 {
			part = part[:len(part)-1]
		}
		raw, err := encoding.DecodeString(string(part))
		if err != nil {
			continue
		}
		if masked := m.findNested(raw, false, nesting-1); !bytes.Equal(masked, raw) {
			out := append([]byte{}, run[:skip]...)
			out = encoding.AppendEncode(out, masked)
			return append(out, run[skip+len(part):]...), true
		}
	}
	return nil, false
}
