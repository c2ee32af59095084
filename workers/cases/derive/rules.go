package derive

import (
	"regexp"
	"slices"
	"strings"
)

// rule reads limits from what its expression matches.
type rule struct {
	re   *regexp.Regexp
	read func(groups map[string]string) []Limit
	// counts says that it needs a number.
	counts bool
}

func (r rule) groups(text string, at []int) map[string]string {
	out := map[string]string{}
	for i, name := range r.re.SubexpNames() {
		if name != "" && at[2*i] >= 0 {
			out[name] = text[at[2*i]:at[2*i+1]]
		}
	}
	return out
}

const (
	figures     = `\d+(?:[.,'\x{a0}\x{202f}]\d+)*`
	numberWords = `zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf`
	count       = `(?P<n>` + figures + `|\b(?:` + numberWords + `)\b)`
	last        = `(?P<m>` + figures + `|\b(?:` + numberWords + `)\b)`
	behind      = `(?:[ \x{a0}-]?(?P<unit>[%€$£]|\p{L}+))?`
	lengthOf    = `(?:(?P<length>length|long|länge)\b[^.\d]{0,12})?`
	// refused is what a sentence says of a value that does not do.
	refused = `\b(?:refused|rejected|invalid|an error|not (?:be )?(?:allowed|accepted|possible|valid|saved|sent)|declined|blocked|abgelehnt|zurückgewiesen|ungültig|(?:ein|einem|einen) fehler|nicht (?:erlaubt|zulässig|möglich|akzeptiert))\b`
)

// rules are tried in this order. TestLimitsAreReadFromSentences has a sentence for each, and sentences that say nothing.
var rules = []rule{
	// What a value has to contain, before "one digit" becomes a length.
	has(`at least (?:one|a|1) (?:digit|number|numeral)\b|mindestens eine (?:ziffer|zahl)\b`, "digit"),
	has(`at least (?:one|an?|1) (?:upper-?\s?case|capital)(?: letter| character)?\b|mindestens ein(?:en)? großbuchstaben?\b`, "upper"),
	has(`at least (?:one|a|1) lower-?\s?case(?: letter| character)?\b|mindestens ein(?:en)? kleinbuchstaben?\b`, "lower"),
	has(`at least (?:one|a|1) (?:special character|symbol|punctuation mark)\b|mindestens ein sonderzeichen\b`, "special"),

	// Between, exactly.
	numbers(`\b(?:between|zwischen)\s+`+count+`\s*(?P<unit0>\p{L}+)?\s+(?:and|und)\s+`+last+behind, "min,max"),
	numbers(`\b(?:from|von)\s+`+count+`\s+(?:to|up to|bis)\s+`+last+behind, "min,max"),
	numbers(count+`\s*(?:to|bis|-|–|—)\s*`+last+`[ -]?(?P<unit>`+characters+`)\b`, "min,max"),
	numbers(`\b(?:exactly|precisely|genau)\s+`+count+behind, "exact"),
	numbers(`\b`+count+`[ -](?P<unit>`+characters+`)\s+(?:exactly|long exactly)\b`, "exact"),

	// At least, in words that say it directly.
	numbers(`\b(?:at least|no fewer than|not fewer than|no less than|not (?:be )?(?:less|fewer|shorter|lower|smaller) than|a minimum(?: length)? of|mindestens|wenigstens|nicht (?:weniger|kürzer|kleiner) als)\s+`+count+behind, "min"),
	numbers(`\b(?:minimum|minimal|min)\b\.?\s*`+lengthOf+`(?:of|is|are|:|=|von|ist)?\s*`+count+behind, "min"),
	numbers(`\b`+count+`\s+(?:or|oder)\s+(?:more|longer|mehr|länger)`+behind, "min"),
	numbers(`\b`+count+behind+`\s+(?:or|oder)\s+(?:more|longer|greater|mehr|länger)\b`, "min"),
	numbers(`\b`+count+behind+`\s+(?:minimum|at least|at a minimum)\b`, "min"),

	// At most.
	numbers(`\b(?:at most|no more than|not (?:be )?(?:more|longer|larger|greater|higher) than|no (?:longer|larger|greater|higher) than|up to|a maximum(?: length)? of|not exceed|never exceed|cannot exceed|höchstens|nicht (?:mehr|länger|größer) als|bis zu|nicht überschreiten)\s+`+count+behind, "max"),
	numbers(`\b(?:maximum|maximal|maximale|max)\b\.?\s*`+lengthOf+`(?:of|is|are|:|=|von|ist)?\s*`+count+behind, "max"),
	numbers(`\b`+count+`\s+(?:or|oder)\s+(?:fewer|less|shorter|weniger)`+behind, "max"),
	numbers(`\b`+count+behind+`\s+(?:or|oder)\s+(?:fewer|less|shorter|weniger)\b`, "max"),
	numbers(`\b`+count+behind+`\s+(?:maximum|at most|at the most|nicht überschreiten)\b`, "max"),

	// What is refused lies beyond the limit.
	numbers(`\b(?:longer|more|larger|greater|higher) than\s+`+count+behind+`[^.]*`+refused, "max"),
	numbers(`\b(?:over|above|exceeds|exceed|exceeding)\s+`+count+behind+`[^.]*`+refused, "max"),
	numbers(`\b(?:länger|mehr|größer) als\s+`+count+behind+`[^.]*`+refused, "max"),
	numbers(`\b(?:shorter|fewer|less|lower|smaller) than\s+`+count+behind+`[^.]*`+refused, "min"),
	numbers(`\b(?:below|under)\s+`+count+behind+`[^.]*`+refused, "min"),
	numbers(`\b(?:kürzer|weniger|kleiner) als\s+`+count+behind+`[^.]*`+refused, "min"),

	// A bound that is not part of it, where something has to be so.
	numbers(`\b(?:must|shall|should|has to|have to|muss|müssen|soll)\b[^.]{0,40}\b(?:longer than|more than|greater than|mehr als|länger als|größer als)\s+`+count+behind, "above"),
	numbers(`\b(?:must|shall|should|has to|have to|muss|müssen|soll)\b[^.]{0,40}\b(?:shorter than|fewer than|less than|weniger als|kürzer als|kleiner als)\s+`+count+behind, "below"),

	// May be empty, must not be.
	says(Optional, `\b(?:is|are|be|ist|sind)\s+optional\b|\b(?:is|are)\s+not\s+(?:required|mandatory|compulsory)\b|\b(?:can|may)\s+be\s+(?:left\s+)?(?:empty|blank|omitted)\b|\b(?:ist|sind)\s+(?:freiwillig|nicht erforderlich)\b|\bkein pflichtfeld\b|\b(?:kann|darf|können|dürfen)\s+leer\s+(?:sein|bleiben|gelassen)`),
	says(Required, `\b(?:is|are|be)\s+(?:required|mandatory|compulsory)\b(?P<to>\s+to\b)?`),
	says(Required, `\b(?:required|mandatory|compulsory)\s+fields?\b|\bpflichtfeld(?:er)?\b|\bpflichtangaben?\b`),
	says(Required, `\b(?:must not|may not|cannot|can not|can't|should not|shall not)\s+be\s+(?:left\s+)?(?:empty|blank)\b|\bmust\s+(?:be\s+)?(?:non-?empty)\b`),
	says(Required, `\b(?:must|has to|have to|needs to)\s+be\s+(?:entered|given|filled(?:\s+(?:in|out))?|provided|supplied|specified|selected|chosen)\b|\bneeds?\s+an?\s+(?:text|value|entry)\b`),
	says(Required, `\b(?:ist|sind)\s+(?:erforderlich|pflicht|verpflichtend|zwingend)\b|\b(?:darf|dürfen)\s+nicht\s+leer\b|\b(?:muss|müssen)\s+(?:ausgefüllt|angegeben|eingegeben|gewählt|ausgewählt)\b`),

	// What it has to look like.
	shape("email", `\bvalid\s+e-?mail(?:\s+address)?\b|\b(?:gültige|gültigen)\s+(?:e-?mail)(?:-?adresse)?\b`),
	shape("url", `\bvalid\s+(?:url|web\s+address|link)\b|\bgültige\s+(?:url|webadresse)\b`),
	shape("date", `\bvalid\s+date\b|\bgültiges\s+datum\b`),
	shape("number", `\b(?:must|shall|should|has to)\s+be\s+(?:a\s+)?(?:whole\s+|positive\s+)?(?:number|integer|numeric)\b|\b(?:only\s+(?:digits|numbers)|digits\s+only|numbers\s+only|nur\s+(?:ziffern|zahlen))\b`),
	pattern(`\b(?:match(?:es)?|follow(?:s)?|have|in|im|entspricht|entsprechen)\s+(?:the\s+|dem\s+|das\s+)?(?:pattern|regular expression|regex|format|form|muster)\s*:?\s+(?:"(?P<a>[^"]+)"|` + "`(?P<b>[^`]+)`" + `|“(?P<c>[^”]+)”|„(?P<d>[^“]+)“)`),

	says(Unique, `\b(?:must|has to|have to|shall|should)\s+be\s+unique\b|\balready\s+(?:exists|taken|in\s+use|used)\b|\b(?:muss|müssen)\s+eindeutig\b|\bbereits\s+(?:vergeben|vorhanden)\b`),
	says(Same, `\b(?:must|have to|should|shall)\s+(?:match\b|be\s+(?:the\s+same|identical)\b)|\bmüssen\s+(?:übereinstimmen|gleich sein)\b`),
}

// characters are units of length. Digits are too: a code of 6 digits has 6 characters.
const characters = `characters?|chars?|letters?|digits?|symbols?|zeichen|buchstaben|ziffern|stellen`

var anyNumber = compile(count)

var isCharacters = regexp.MustCompile(`(?i)^(?:` + characters + `)$`)

// notUnits are words that stand behind a number and say nothing of it.
var notUnits = []string{"and", "or", "is", "are", "in", "to", "for", "of", "on", "at", "with", "must", "will", "be", "und", "oder", "ist", "sein", "lang", "liegen", "betragen", "werden", "nicht", "not", "but", "as", "by", "from", "haben", "enthalten", "long", "each", "per", "inclusive"}

func compile(expression string) *regexp.Regexp { return regexp.MustCompile(`(?i)` + expression) }

// numbers reads "min", "max", "min,max", "exact", "above" or "below".
func numbers(expression, what string) rule {
	return rule{counts: true, re: compile(expression), read: func(g map[string]string) []Limit {
		first, ok := number(g["n"])
		if !ok {
			return nil
		}
		l := Limit{Value: first, Unit: strings.ToLower(g["unit"])}
		long := isCharacters.MatchString(l.Unit) || isCharacters.MatchString(g["unit0"]) || g["length"] != "" && l.Unit == ""
		if long || slices.Contains(notUnits, l.Unit) {
			l.Unit = ""
		}
		low, high := l, l
		low.Kind, high.Kind = Min, Max
		if long {
			low.Kind, high.Kind = MinLength, MaxLength
		}
		switch what {
		case "min":
			return []Limit{low}
		case "max":
			return []Limit{high}
		case "exact":
			return []Limit{low, high}
		case "above", "below":
			if first != float64(int64(first)) {
				return nil // what comes next is not known
			}
			low.Value++
			high.Value--
			if what == "above" {
				return []Limit{low}
			}
			return []Limit{high}
		}
		end, ok := number(g["m"])
		if !ok || end < first {
			return nil
		}
		high.Value = end
		return []Limit{low, high}
	}}
}

func says(kind LimitKind, expression string) rule {
	return rule{re: compile(expression), read: func(g map[string]string) []Limit {
		if g["to"] != "" { // somebody is required to do something
			return nil
		}
		return []Limit{{Kind: kind}}
	}}
}

func has(expression, word string) rule {
	return rule{re: compile(expression), read: func(map[string]string) []Limit { return []Limit{{Kind: Contains, Word: word}} }}
}

func shape(word, expression string) rule {
	return rule{re: compile(expression), read: func(map[string]string) []Limit { return []Limit{{Kind: Format, Word: word}} }}
}

func pattern(expression string) rule {
	return rule{re: compile(expression), read: func(g map[string]string) []Limit {
		for _, name := range []string{"a", "b", "c", "d"} {
			if g[name] != "" {
				return []Limit{{Kind: Format, Word: "pattern", Pattern: g[name]}}
			}
		}
		return nil
	}}
}
