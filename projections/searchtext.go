package projections

import (
	"fmt"
	"strings"
	"unicode"
)

// searchQuery is what a person looks for in texts: words, "phrases", beginnings* and -what must not be there.
type searchQuery struct {
	terms []string // in FTS5's language
	not   []string
}

// parseSearch never fails because of how something is written: what has no meaning is a word. It fails with ErrBadQuery
// when there is nothing to look for, or too much.
func parseSearch(text string) (q searchQuery, err error) {
	for rest := text; ; {
		var word string
		var phrase, exclude bool
		if word, phrase, exclude, rest = nextTerm(rest); word == "" && rest == "" {
			break
		}
		term := ftsTerm(word, phrase)
		switch {
		case term == "":
		case exclude:
			q.not = append(q.not, term)
		default:
			q.terms = append(q.terms, term)
		}
	}
	switch {
	case len(q.terms)+len(q.not) > maxWords:
		return q, fmt.Errorf("%w: search takes at most %d words", ErrBadQuery, maxWords)
	case len(q.terms) == 0:
		return q, fmt.Errorf("%w: search needs a word to look for", ErrBadQuery)
	}
	return q, nil
}

// nextTerm cuts the first term off a text.
func nextTerm(text string) (word string, phrase, exclude bool, rest string) {
	text = strings.TrimLeftFunc(text, separates)
	if after, ok := strings.CutPrefix(text, "-"); ok {
		exclude, text = true, after
	}
	if after, ok := strings.CutPrefix(text, `"`); ok {
		word, rest, _ = strings.Cut(after, `"`) // an open one goes on to the end
		return word, true, exclude, rest
	}
	end := strings.IndexFunc(text, func(r rune) bool { return separates(r) || r == '"' })
	if end < 0 {
		end = len(text)
	}
	return text[:end], false, exclude, text[end:]
}

// ftsTerm is a word or phrase as a string of FTS5, a beginning with a star behind it; empty when the index has nothing
// like it.
func ftsTerm(word string, phrase bool) string {
	word = strings.Map(func(r rune) rune {
		if separates(r) {
			return ' '
		}
		return r
	}, word)
	if !strings.ContainsFunc(word, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
		return ""
	}
	star := ""
	if !phrase && strings.HasSuffix(word, "*") {
		star = " *"
	}
	return `"` + strings.ReplaceAll(word, `"`, `""`) + `"` + star
}

// all asks for every term, any for at least one of them.
func (q searchQuery) all() string { return q.join(" AND ") }
func (q searchQuery) any() string { return q.join(" OR ") }

func (q searchQuery) join(how string) string {
	out := "(" + strings.Join(q.terms, how) + ")"
	if len(q.not) > 0 {
		out += " NOT (" + strings.Join(q.not, " OR ") + ")"
	}
	return out
}

// Marks that SQLite puts around what was found. A text has none of them, see unmarked.
const (
	markBegin = "\x02"
	markEnd   = "\x03"
)

// unmarked leaves out the marks, and what would end a string inside SQLite.
func unmarked(text string) string {
	return strings.Map(func(r rune) rune {
		if r == 0 || r == '\x02' || r == '\x03' {
			return -1
		}
		return r
	}, text)
}

// Fragment is a part of a snippet.
type Fragment struct {
	Text string `json:"text"`
	// Match: it is what was looked for.
	Match bool `json:"match,omitzero"`
}

// snippetLength is about how much of a passage is shown, in characters, the first match near its beginning.
const (
	snippetLength = 300
	snippetBefore = 80
)

// snippet cuts a text with marks around its first match.
func snippet(marked string) []Fragment {
	runes := []rune(marked)
	from := 0
	if first := strings.Index(marked, markBegin); first >= 0 {
		from = max(0, len([]rune(marked[:first]))-snippetBefore)
	}
	if from > 0 {
		from = wordBegin(runes, from)
	}
	var out []Fragment
	var b strings.Builder
	if from > 0 {
		b.WriteRune('…')
	}
	match := false
	flush := func() {
		if b.Len() > 0 {
			out = append(out, Fragment{b.String(), match})
		}
		b.Reset()
	}
	shown := 0
	for _, r := range runes[from:] {
		switch string(r) {
		case markBegin:
			flush()
			match = true
			continue
		case markEnd:
			flush()
			match = false
			continue
		}
		if shown >= snippetLength && !match && (unicode.IsSpace(r) || shown > 2*snippetLength) {
			b.WriteRune('…')
			break
		}
		b.WriteRune(r)
		shown++
	}
	flush()
	return out
}

// wordBegin is the next beginning of a word behind a place, not far from it.
func wordBegin(runes []rune, from int) int {
	for i := from; i < min(len(runes), from+snippetBefore/2); i++ {
		if string(runes[i]) == markBegin {
			return i
		}
		if unicode.IsSpace(runes[i]) {
			return i + 1
		}
	}
	return from
}
