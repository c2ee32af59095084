package twin

import (
	"math/big"
	"regexp"
	"strings"
)

// Values that a page makes itself have shapes. A value counts as made only when the recording shows that it was: no
// answer held it before, and nobody typed it (matcher.made).

// piece finds what may be a made value within a text: a time, a UUID, a number with a fraction as of Math.random, a word.
var piece = regexp.MustCompile(`\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?` +
	`|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}` +
	`|\d*\.\d{8,}` +
	`|[A-Za-z0-9]+`)

var (
	uuidShape   = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	hexShape    = regexp.MustCompile(`^[0-9A-Fa-f]+$`)
	digitShape  = regexp.MustCompile(`^[0-9]+$`)
	wordShape   = regexp.MustCompile(`^[A-Za-z0-9]+$`)
	nanoidShape = regexp.MustCompile(`^[A-Za-z0-9_-]{16,64}$`)
	// dayShape is a day in one word, as 20Dec2026 (which is hexadecimal too): somebody chose it.
	dayShape = regexp.MustCompile(`(?i)^\d{1,2}(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\d{2,4}$`)
)

const (
	// shortestRead and shortestWrite bound made words: what keeps a request from a cache is often short.
	shortestRead  = 6
	shortestWrite = 8
	// shortestHex is longer than a colour, shortestNumber than most amounts and counts, both in reads and writes.
	shortestHex    = 8
	shortestNumber = 9
	// unlikely is how little spoken a made word is, in bits. Of 11 random digits and letters one in 50 is more so. Letters
	// alone may be a name in any language.
	unlikely, unlikelyName = -4, -12
	// shortestVouched is the length of a word that tells for another.
	shortestVouched = 10
)

// alike says that two values could have been made by the same code, at random.
func alike(recorded, sent string, shortest int) bool {
	switch {
	case uuidShape.MatchString(recorded):
		return uuidShape.MatchString(sent)
	case isFraction(recorded):
		return isFraction(sent)
	case len(recorded) < shortest || len(sent) < shortest || dayShape.MatchString(recorded):
		return false
	case digitShape.MatchString(recorded) && digitShape.MatchString(sent):
		return len(recorded) >= shortestNumber && near(recorded, sent, 2) && !isRound(recorded)
	case isHex(recorded) && isHex(sent):
		return near(recorded, sent, 2)
	}
	return wordShape.MatchString(recorded) && wordShape.MatchString(sent) && near(recorded, sent, 3) &&
		(isRandom(recorded) && spoken(sent) < 0 || isVouchedFor(recorded, sent))
}

// isVouchedFor lets a long word pass that by chance is a little like a spoken one (one in 36 of Math.random's) when what
// stands in its place now is not at all: nobody chooses such a word.
func isVouchedFor(recorded, sent string) bool {
	return min(len(recorded), len(sent)) >= shortestVouched && strings.ContainsAny(recorded, "0123456789") &&
		spoken(recorded) < -unlikely && spoken(sent) < 2*unlikely
}

func isRandom(word string) bool {
	if strings.ContainsAny(word, "0123456789") {
		return spoken(word) < unlikely
	}
	return spoken(word) < unlikelyName
}

// nanoids are random words with dashes: they are looked at as a whole, because the dashes stand anywhere.
func nanoids(recorded, sent string) bool {
	return nanoidShape.MatchString(recorded) && nanoidShape.MatchString(sent) && len(recorded) == len(sent) &&
		isRandom(solid(recorded)) && spoken(solid(sent)) < 0
}

func near(a, b string, by int) bool { return max(len(a)-len(b), len(b)-len(a)) <= by }

// isHex wants letters and digits in it: otherwise it is a word or a number.
func isHex(s string) bool {
	return len(s) >= shortestHex && hexShape.MatchString(s) && strings.ContainsAny(s, "0123456789") && strings.ContainsAny(s, "abcdefABCDEF")
}

// isFraction tells what Math.random answers from a share that was computed (a third, 5/12): those repeat themselves.
func isFraction(s string) bool {
	digits, ok := strings.CutPrefix(strings.TrimPrefix(s, "0"), ".")
	if !ok || len(digits) < 14 || !digitShape.MatchString(digits) {
		return false
	}
	tail := digits[len(digits)-11 : len(digits)-1] // the last digit is rounded
	for period := 1; period <= 4; period++ {
		if tail[period:] == tail[:len(tail)-period] {
			return false
		}
	}
	return true
}

// isRound tells numbers that count something, and times of whole quarters of an hour.
func isRound(digits string) bool {
	n, ok := new(big.Int).SetString(digits, 10)
	return ok && (new(big.Int).Mod(n, big.NewInt(900)).Sign() == 0 || new(big.Int).Mod(n, big.NewInt(1000)).Sign() == 0)
}

// solid is a text's letters and digits alone.
func solid(s string) string {
	return strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return c
		}
		return -1
	}, s)
}
