// Package near finds texts that are nearly the same: a 64-bit SimHash over
// shingles of words, compared by Hamming distance.
package near

import (
	"math/bits"
	"strings"
	"unicode"
)

// Distance is the most bits in which the hashes of near-duplicates differ.
const Distance = 3

const (
	shingle  = 3  // words
	minWords = 40 // of a text for which the hash says anything
)

// Print is a text's fingerprint.
type Print struct {
	Hash  uint64
	Words int
}

// Of is the fingerprint of a text. Case and punctuation do not count.
func Of(text string) Print {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	var sums [64]int
	for i := range words {
		if i+shingle > len(words) && i > 0 {
			break
		}
		vote(&sums, hash(words[i:min(i+shingle, len(words))]))
	}
	p := Print{Words: len(words)}
	for bit, sum := range sums {
		if sum > 0 {
			p.Hash |= 1 << bit
		}
	}
	return p
}

func vote(sums *[64]int, h uint64) {
	for bit := range sums {
		if h>>bit&1 == 1 {
			sums[bit]++
		} else {
			sums[bit]--
		}
	}
}

// hash is FNV-1a with a finish that spreads it (Murmur3): SimHash needs every bit to be even-handed.
func hash(words []string) uint64 {
	h := uint64(14695981039346656037)
	for _, w := range words {
		for i := range len(w) {
			h = (h ^ uint64(w[i])) * 1099511628211
		}
		h = (h ^ ' ') * 1099511628211
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// Near says whether two texts are nearly the same. Of short ones it does only if
// they are the same.
func Near(a, b Print) bool {
	if a.Words < minWords || b.Words < minWords {
		return a == b && a.Words > 0
	}
	return bits.OnesCount64(a.Hash^b.Hash) <= Distance
}

// bands is one more than Distance: hashes that differ in three bits are equal in
// one of four parts.
const bands = Distance + 1

// Index finds near-duplicates among many. It is not safe for concurrent use. It
// keeps about 100 bytes for each text, and its key.
type Index struct {
	prints []Print
	keys   []string
	bands  [bands]map[uint16][]int32
}

// NewIndex makes an empty Index.
func NewIndex() *Index {
	x := &Index{}
	for i := range x.bands {
		x.bands[i] = map[uint16][]int32{}
	}
	return x
}

// Add keeps a text's fingerprint under a key.
func (x *Index) Add(key string, p Print) {
	at := int32(len(x.prints))
	x.prints, x.keys = append(x.prints, p), append(x.keys, key)
	for i := range x.bands {
		x.bands[i][band(p, i)] = append(x.bands[i][band(p, i)], at)
	}
}

// Find is the key of the nearest text that is nearly the same as this one, the
// one that was added first among equals.
func (x *Index) Find(p Print) (key string, ok bool) {
	best, at := Distance+1, int32(-1)
	for i := range x.bands {
		for _, j := range x.bands[i][band(p, i)] {
			if !Near(p, x.prints[j]) {
				continue
			}
			if d := bits.OnesCount64(p.Hash ^ x.prints[j].Hash); d < best || d == best && j < at {
				best, at = d, j
			}
		}
	}
	if at < 0 {
		return "", false
	}
	return x.keys[at], true
}

func band(p Print, i int) uint16 { return uint16(p.Hash >> (16 * i)) }
