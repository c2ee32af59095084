package derive

import (
	"math"
	"slices"
	"strings"
	"unicode"
)

// terms are the stems of a text's words, without those that every text has.
type terms map[string]bool

func termsOf(texts ...string) terms {
	out := terms{}
	for _, text := range texts {
		for _, w := range wordsOf(text) {
			if s := stem(w); len([]rune(s)) > 1 && !common[w] { // the stem of note is no "not"
				out[s] = true
			}
		}
	}
	return out
}

func (t terms) with(others ...terms) terms {
	out := terms{}
	for _, list := range append([]terms{t}, others...) {
		for w := range list {
			out[w] = true
		}
	}
	return out
}

func (t terms) without(other terms) terms {
	out := terms{}
	for w := range t {
		if !other[w] {
			out[w] = true
		}
	}
	return out
}

func (t terms) shared(other terms) terms {
	out := terms{}
	for w := range t {
		if other[w] {
			out[w] = true
		}
	}
	return out
}

// within says whether all of them, and at least one, are in other.
func (t terms) within(other terms) bool { return len(t) > 0 && len(t.shared(other)) == len(t) }

// wordsOf cuts a text into words in lower case; what a program writes in one word (firstName) is two.
func wordsOf(text string) []string {
	var out []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			out = append(out, strings.ToLower(string(word)))
		}
		word = word[:0]
	}
	before := ' '
	for _, r := range text {
		if unicode.IsUpper(r) && unicode.IsLower(before) {
			end()
		}
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			word = append(word, r)
		} else {
			end()
		}
		before = r
	}
	end()
	return out
}

// stem takes an ending away, the same one from words that differ in number or case. It knows neither language well; it
// need only treat both sides alike.
func stem(w string) string {
	runes := []rune(w)
	if len(runes) < 4 {
		return w
	}
	switch {
	case strings.HasSuffix(w, "ies"), strings.HasSuffix(w, "ied"):
		return string(runes[:len(runes)-3]) + "y"
	case strings.HasSuffix(w, "ss"), strings.HasSuffix(w, "us"):
		return w
	}
	for _, ending := range []string{"ungen", "ing", "ed", "es", "en", "er", "em", "e", "s"} {
		if rest, ok := strings.CutSuffix(w, ending); ok && len([]rune(rest)) >= 3 {
			if n := len(rest); n > 3 && rest[n-1] == rest[n-2] && strings.ContainsRune("bdgmnprt", rune(rest[n-1])) {
				rest = rest[:n-1] // adding, added; stopping, stop
			}
			return rest
		}
	}
	return w
}

// common are words that say nothing about what a text is about.
var common = func() map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(`a an the and or but not no of to in on at by for from with without into as is are was were be been being it its
		this that these those there here then than now after before until while when where which who whom whose what how if else only also any all each every some such same
		can cannot could may might must shall should will would has have had do does did done so very more most least less up down out over under
		i you he she we they me my your our their his her them us one two
		user users person people system application app page pages site screen button buttons link links field fields input inputs form forms
		click press open enter entered type choose select selected textbox checkbox combobox element value values given following example test
		http https www com org html php index
		der die das den dem des ein eine einen einem eines einer und oder aber nicht kein keine von zu im in am an auf aus bei mit nach für über unter
		ist sind war waren sein wird werden wurde hat haben kann können muss müssen soll sollen sollte darf dürfen wenn dann als wie auch nur noch jetzt nachdem bevor
		es er sie wir ihr ihm ihn ihre seine dieser diese dieses jeder jede jedes alle man sich so
		benutzer nutzer anwender person system anwendung seite seiten feld felder knopf schaltfläche eingabe eingeben formular`) {
		out[w] = true
	}
	return out
}()

// rarity tells how much a word says among the passages: at least 1, more when few of them have it.
type rarity struct {
	of    map[string]int
	total int
}

func rarityOf(all []terms) rarity {
	r := rarity{of: map[string]int{}, total: len(all)}
	for _, t := range all {
		for w := range t {
			r.of[w]++
		}
	}
	return r
}

func (r rarity) weight(word string) float64 {
	return 1 + math.Log(float64(r.total+1)/float64(r.of[word]+1))
}

// sum is the weight of words; it adds them in their order, so that it is the same in every run.
func (r rarity) sum(t terms) float64 {
	total := 0.0
	for _, w := range t.sorted() {
		total += r.weight(w)
	}
	return total
}

func (t terms) sorted() []string {
	out := make([]string, 0, len(t))
	for w := range t {
		out = append(out, w)
	}
	slices.Sort(out)
	return out
}

// Share is how much of a text's words others have too, from 0 to 1: by their stems, and without those that every text has.
// It is 1 for a text that has no other.
func Share(text string, others ...string) float64 {
	own := termsOf(text)
	if len(own) == 0 {
		return 1
	}
	return float64(len(own.shared(termsOf(others...)))) / float64(len(own))
}
