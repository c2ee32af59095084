package secretscan

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf16"
)

// Hit is a place where a secret stands.
type Hit struct {
	Secret string // its name
	Where  string // the file, and what is inside it
	How    string // the encoding
	Around string // what stands about it, as it was found
}

// String is one line for a failure's text.
func (h Hit) String() string {
	return fmt.Sprintf("%s in %s (%s): %q", h.Secret, h.Where, h.How, h.Around)
}

// Scanner looks for the same secrets everywhere. It is safe for concurrent use.
type Scanner struct{ needles []needle }

// needle is one form of one secret.
type needle struct {
	secret, how string
	bytes       []byte
	fold        bool // letters match in either case
}

// maxNesting bounds archives and encodings inside one another.
const maxNesting = 4

// New makes a scanner of secrets by their names. The beginning of a secret
// counts as the secret: what was typed until then is no less secret.
func New(secrets map[string]string) *Scanner {
	s := &Scanner{}
	for name, value := range secrets {
		if r := []rune(value); len(r) > enough {
			value = string(r[:enough])
		}
		s.add(name, "plain", []byte(strings.ToLower(value)), true)
		s.add(name, "hexadecimal", []byte(hex.EncodeToString([]byte(value))), true)
		s.add(name, "UTF-16", utf16LE(value), false)
		for offset := range 3 {
			s.base64(name, value, offset, base64.StdEncoding)
			s.base64(name, value, offset, base64.URLEncoding)
		}
	}
	return s
}

// enough is how many characters of a secret are a find.
const enough = 8

func (s *Scanner) add(name, how string, b []byte, fold bool) {
	for _, n := range s.needles {
		if n.secret == name && bytes.Equal(n.bytes, b) {
			return
		}
	}
	s.needles = append(s.needles, needle{name, how, b, fold})
}

// base64 adds the characters that depend on the secret alone when it begins at
// an offset of a group of three bytes.
func (s *Scanner) base64(name, value string, offset int, e *base64.Encoding) {
	padded := append(make([]byte, offset), value...)
	text := e.WithPadding(base64.NoPadding).EncodeToString(padded)
	from := []int{0, 2, 3}[offset]
	to := len(padded) / 3 * 4
	if to-from >= 6 {
		s.add(name, "base64", []byte(text[from:to]), false)
	}
}

func utf16LE(s string) (out []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

// Dir looks through every file below a folder. What vanishes meanwhile is passed over.
func (s *Scanner) Dir(root string) (hits []Hit, files int, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		files++
		name, _ := filepath.Rel(root, path)
		hits = append(hits, s.Bytes(name, b)...)
		hits = append(hits, s.Bytes("the name of "+name, []byte(name))...)
		return err
	})
	return hits, files, err
}

// Bytes looks through a file's content.
func (s *Scanner) Bytes(name string, b []byte) []Hit {
	l := look{scanner: s, found: map[string]bool{}}
	l.into(name, b, maxNesting)
	return l.hits
}

// look is one content being looked through.
type look struct {
	scanner *Scanner
	hits    []Hit
	found   map[string]bool // so that one place is told once
}

func (l *look) into(where string, b []byte, nesting int) {
	l.search(where, "", b)
	if nesting == 0 || picture(b) {
		return
	}
	for how, text := range decoded(b) {
		l.search(where, how+" ", text)
	}
	for name, inner := range unpacked(b) {
		l.into(where+" › "+name, inner, nesting-1)
	}
	for i, inner := range stretches(b) {
		l.into(fmt.Sprintf("%s › base64 %d", where, i), inner, nesting-1)
	}
}

func (l *look) search(where, how string, b []byte) {
	lower := bytes.ToLower(b)
	for _, n := range l.scanner.needles {
		in := b
		if n.fold {
			in = lower
		}
		at := bytes.Index(in, n.bytes)
		if key := n.secret + "\x00" + where; at >= 0 && !l.found[key] {
			l.found[key] = true
			l.hits = append(l.hits, Hit{n.secret, where, how + n.how, string(in[max(at-60, 0):min(at+60, len(in))])})
		}
	}
}

// picture says whether the bytes are a JPEG, PNG or WebM: who reads those has to look at them.
func picture(b []byte) bool {
	return bytes.HasPrefix(b, []byte{0xFF, 0xD8, 0xFF}) || bytes.HasPrefix(b, []byte("\x89PNG")) || bytes.HasPrefix(b, []byte{0x1A, 0x45, 0xDF, 0xA3})
}
