package knowledge

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// likeness is the least share of words that a passage has in common with what it became.
const likeness = 0.5

// nearby bounds how many passages on either side one is compared with, in the order of the texts.
const nearby = 100

// Successors says what became of passages of a document's earlier version: for each one that is gone, by its id, the
// passage of the later version that is new, of the same kind and most like it. One that is like none has none, and none
// is the successor of two.
func Successors(old, now []Passage) map[string]Passage {
	gone, fresh := without(old, now), without(now, old)
	type pair struct {
		gone, fresh int
		like        float64
	}
	var pairs []pair
	words := make([][]string, len(fresh))
	for i, p := range fresh {
		words[i] = sortedWords(p.Text)
	}
	for i, p := range gone {
		own := sortedWords(p.Text)
		for j := max(0, i-nearby); j < min(len(fresh), i+nearby+1); j++ {
			if p.Kind != fresh[j].Kind {
				continue
			}
			like := shared(own, words[j])
			if like < likeness {
				continue
			}
			if slices.Equal(p.Headings, fresh[j].Headings) { // of two that are as like, the one in the same place
				like += 0.01
			}
			pairs = append(pairs, pair{i, j, like})
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.like, a.like) })
	out, taken := map[string]Passage{}, map[int]bool{}
	for _, p := range pairs {
		if _, known := out[gone[p.gone].ID]; !known && !taken[p.fresh] {
			out[gone[p.gone].ID], taken[p.fresh] = fresh[p.fresh], true
		}
	}
	return out
}

// without are the passages that others do not have.
func without(list, others []Passage) []Passage {
	known := make(map[string]bool, len(others))
	for _, p := range others {
		known[p.ID] = true
	}
	return slices.DeleteFunc(slices.Clone(list), func(p Passage) bool { return known[p.ID] })
}

func sortedWords(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	slices.Sort(words)
	return words
}

// shared is how much two sorted lists of words have in common, from 0 to 1.
func shared(a, b []string) float64 {
	same := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch c := strings.Compare(a[i], b[j]); {
		case c == 0:
			same, i, j = same+1, i+1, j+1
		case c < 0:
			i++
		default:
			j++
		}
	}
	return 2 * float64(same) / float64(max(1, len(a)+len(b)))
}
