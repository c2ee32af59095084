// Package prose writes text for benchmarks, the same in every run.
package prose

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Writer writes text whose words are as unevenly common as those of a language.
type Writer struct {
	rng   *rand.Rand
	words *rand.Zipf
}

// New begins the text of a seed.
func New(seed uint64) Writer {
	rng := rand.New(rand.NewPCG(seed, 4))
	return Writer{rng, rand.NewZipf(rng, 1.1, 8, 30_000)}
}

const syllables = "bacedifoguhajekilomunaperisotuvawexiyozu"

// Word is a word; of 30,000 some are far commoner than others.
func (p Writer) Word() string {
	var b strings.Builder
	for i := p.words.Uint64() + 3; i > 0; i /= 20 {
		b.WriteString(syllables[2*(i%20):][:2])
	}
	return b.String()
}

// Sentence has 12 to 31 words.
func (p Writer) Sentence() string {
	words := make([]string, 12+p.rng.IntN(20))
	for i := range words {
		words[i] = p.Word()
	}
	return strings.Join(words, " ") + "."
}

// Document is Markdown with so many passages.
func (p Writer) Document(passages int) string {
	var b strings.Builder
	for i := range passages {
		switch {
		case i%10 == 0:
			fmt.Fprintf(&b, "## %s\n\n%s\n\n", p.Word(), p.Sentence())
		case i%10 < 5:
			fmt.Fprintf(&b, "- %s must %s\n", p.Word(), p.Sentence())
		default:
			fmt.Fprintf(&b, "\n%s\n", p.Sentence())
		}
	}
	return b.String()
}
