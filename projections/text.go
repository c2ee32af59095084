package projections

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/job"
)

const (
	// maxIndexed bounds the text of one job that can be searched, in bytes.
	maxIndexed = 32 << 10
	// maxWords bounds what a search asks for.
	maxWords = 16
)

// submittedText is what search covers of a job from its submission on.
func submittedText(s *job.State) string {
	var b strings.Builder
	b.WriteString(s.ID)
	b.WriteByte('\n')
	b.WriteString(s.Kind)
	for _, k := range sortedKeys(s.Labels) {
		b.WriteByte('\n')
		b.WriteString(k)
		b.WriteByte(' ')
		b.WriteString(s.Labels[k])
	}
	b.WriteByte('\n')
	appendJSONText(&b, s.Input)
	return clip(b.String(), maxIndexed)
}

// errorText is what search covers of a job's error, empty without one.
func errorText(e *job.Error) string {
	if e == nil {
		return ""
	}
	return clip(e.Code+"\n"+e.Message+"\n"+e.Detail, maxIndexed)
}

// appendJSONText writes the names, strings and numbers of a JSON value, without escapes.
func appendJSONText(b *strings.Builder, v jsontext.Value) {
	if bytes.IndexByte(v, '\\') < 0 {
		b.Write(v[:min(len(v), maxIndexed)]) // punctuation separates words
		return
	}
	dec := jsontext.NewDecoder(bytes.NewReader(v))
	for b.Len() < maxIndexed {
		tok, err := dec.ReadToken()
		if err != nil {
			return
		}
		if k := tok.Kind(); k == '"' || k == '0' {
			b.WriteString(tok.String())
			b.WriteByte('\n')
		}
	}
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// match turns what a person typed into an FTS5 query: a string for each word, the last one a prefix.
// A word without a letter or digit is passed over: the index has none. The query is empty when no word
// is left. Nothing a person can type has a meaning in FTS5's language; FuzzSearch holds this.
func match(text string) (string, error) {
	var out []string
	for _, w := range strings.FieldsFunc(text, separates) {
		if strings.ContainsFunc(w, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
			out = append(out, `"`+strings.ReplaceAll(w, `"`, `""`)+`"`)
		}
	}
	if len(out) > maxWords {
		return "", fmt.Errorf("%w: search takes at most %d words", ErrBadQuery, maxWords)
	}
	if len(out) == 0 {
		return "", nil
	}
	return strings.Join(out, " ") + " *", nil
}

// separates: NUL would end the string inside SQLite.
func separates(r rune) bool { return unicode.IsSpace(r) || r == 0 || r == utf8.RuneError }

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
