package derive

import (
	"slices"
	"strconv"
	"strings"
)

// LimitKind says what a text demands of a value.
type LimitKind string

// The kinds of limits.
const (
	MinLength LimitKind = "minLength" // in characters
	MaxLength LimitKind = "maxLength"
	Min       LimitKind = "min" // of a number, or how many there are
	Max       LimitKind = "max"
	Required  LimitKind = "required"
	Optional  LimitKind = "optional"
	Format    LimitKind = "format"   // Word is "email", "url", "number", "date" or "pattern"; Pattern is the pattern
	Contains  LimitKind = "contains" // Word is "digit", "upper", "lower" or "special"
	Unique    LimitKind = "unique"
	Same      LimitKind = "same" // as another value
)

// Limit is what a sentence, a row or a form demands of a value.
type Limit struct {
	Kind LimitKind
	// Value is the number of MinLength, MaxLength, Min and Max.
	Value float64
	// Unit is the word behind the number, "" for none and for characters.
	Unit string
	// Word and Pattern belong to Format and Contains.
	Word    string
	Pattern string
	// Clause is the part of the sentence that it stands in, Sentence the whole.
	Clause   string
	Sentence string
}

// numeric says that it has a value.
func (l Limit) numeric() bool {
	return slices.Contains([]LimitKind{MinLength, MaxLength, Min, Max}, l.Kind)
}

// Limits are what a text demands, in the order in which it says so.
func Limits(text string) []Limit {
	var out []Limit
	for _, sentence := range sentences(plain(text)) {
		out = append(out, limitsOf(sentence)...)
	}
	return out
}

type found struct {
	start, end int
	limits     []Limit
}

// limitsOf applies the rules in their order: what one of them has read is no other's.
func limitsOf(sentence string) []Limit {
	var all []found
	counts := anyNumber.MatchString(sentence)
	for _, r := range rules {
		if r.counts && !counts {
			continue
		}
		for _, at := range r.re.FindAllStringSubmatchIndex(sentence, -1) {
			taken := slices.ContainsFunc(all, func(f found) bool { return at[0] < f.end && f.start < at[1] })
			if limits := r.read(r.groups(sentence, at)); !taken && len(limits) > 0 {
				all = append(all, found{at[0], at[1], limits})
			}
		}
	}
	slices.SortFunc(all, func(a, b found) int { return a.start - b.start })
	var out []Limit
	begin := 0
	for i, f := range all {
		end := len(sentence)
		if i+1 < len(all) { // what stands between two limits belongs to the second from the last comma or "and" on
			end = clauseEnd(sentence, f.end, all[i+1].start)
		}
		for _, l := range f.limits {
			l.Clause, l.Sentence = strings.TrimSpace(sentence[begin:end]), sentence
			out = append(out, l)
		}
		begin = end
	}
	return out
}

func clauseEnd(sentence string, from, to int) int {
	for _, mark := range []string{";", ",", " and ", " und ", " but ", " aber "} {
		if i := strings.Index(sentence[from:to], mark); i >= 0 {
			return from + i
		}
	}
	return from
}

// plain takes Markdown's marks out of a text.
func plain(text string) string {
	var b strings.Builder
	runes := []rune(text)
	for i, r := range runes {
		switch {
		case r == '\\' && i+1 < len(runes) && strings.ContainsRune("\\`*_{}[]<>()#+-.!|~", runes[i+1]):
		case r == '*' && (i == 0 || runes[i-1] != '\\'):
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

var abbreviations = []string{"max", "min", "e.g", "i.e", "z.b", "bzw", "ca", "nr", "no", "etc", "incl", "inkl", "approx", "vs"}

// sentences cuts a text behind full stops and line ends. An abbreviation does not end a sentence, nor does a point before
// what is no beginning.
func sentences(text string) []string {
	var out []string
	start := 0
	end := func(at int) {
		if s := strings.TrimSpace(text[start:at]); s != "" {
			out = append(out, s)
		}
		start = at
	}
	for i, r := range text {
		switch r {
		case '\n':
			end(i)
		case '.', '!', '?':
			rest := text[i+1:]
			if rest == "" || rest[0] != ' ' || r == '.' && abbreviated(text[start:i]) {
				continue
			}
			end(i + 1)
		}
	}
	end(len(text))
	return out
}

func abbreviated(before string) bool {
	i := strings.LastIndexAny(before, " (\t")
	return slices.Contains(abbreviations, strings.ToLower(before[i+1:]))
}

// number reads what people write for a number, in digits or as a word.
func number(text string) (float64, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	if n := slices.Index(numerals, text); n >= 0 {
		return float64(n % 13), true
	}
	text = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", "'", "").Replace(text)
	// 1,000 and 1.000 are thousands; 0,5 and 0.5 are not.
	for _, mark := range []string{",", "."} {
		if groups := strings.Split(text, mark); len(groups) > 1 && !slices.ContainsFunc(groups[1:], func(g string) bool { return len(g) != 3 }) && groups[0] != "0" {
			text = strings.Join(groups, "")
		}
	}
	n, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
	return n, err == nil
}

// numerals are 0 to 12 in English, then in German.
var numerals = []string{
	"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
	"null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf",
}

// written is a number as people write it.
func written(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
