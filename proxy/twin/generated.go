package twin

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Values that a page makes itself have shapes. A value counts as made only when the recording shows that it was: no
// answer held it before, and nobody typed it (matcher.made).

// piece finds what may be a made value within a text: a time, a UUID, a decimal fraction as of Math.random, a word.
var piece = regexp.MustCompile(`\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?` +
	`|[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}` +
	`|0?\.\d{8,}` +
	`|[A-Za-z0-9]+`)

var (
	uuidShape   = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	hexShape    = regexp.MustCompile(`^[0-9A-Fa-f]+$`)
	digitShape  = regexp.MustCompile(`^[0-9]+$`)
	fracShape   = regexp.MustCompile(`^0?\.[0-9]{8,}$`)
	wordShape   = regexp.MustCompile(`^[A-Za-z0-9]+$`)
	nanoidShape = regexp.MustCompile(`^[A-Za-z0-9_-]{16,64}$`)
)

// alike says that two values could have been made by the same code, at random. Reads may carry shorter ones: what keeps
// a request from a cache is often short.
func alike(recorded, sent string, shortest int) bool {
	switch {
	case uuidShape.MatchString(recorded):
		return uuidShape.MatchString(sent)
	case fracShape.MatchString(recorded):
		return fracShape.MatchString(sent)
	case len(recorded) < shortest || len(sent) < shortest:
		return false
	case digitShape.MatchString(recorded) && digitShape.MatchString(sent):
		return len(recorded) >= 8 && near(recorded, sent, 1)
	case hexShape.MatchString(recorded) && hexShape.MatchString(sent):
		return near(recorded, sent, 1) && mixed(recorded)
	case wordShape.MatchString(recorded) && wordShape.MatchString(sent):
		return near(recorded, sent, 2) && random(recorded) && random(sent)
	}
	return false
}

// nanoids are random words with dashes: they are looked at as a whole, because the dashes stand anywhere.
func nanoids(recorded, sent string) bool {
	return nanoidShape.MatchString(recorded) && nanoidShape.MatchString(sent) && len(recorded) == len(sent) &&
		random(recorded) && random(sent)
}

func near(a, b string, by int) bool { return max(len(a)-len(b), len(b)-len(a)) <= by }

// mixed says that letters and digits stand in it.
func mixed(s string) bool {
	return strings.ContainsAny(s, "0123456789") && strings.ContainsAny(s, "abcdefABCDEF")
}

// random tells a random word from one of a language or a program: it changes between letters, capitals and digits more
// often than names do.
func random(s string) bool {
	changes, last := 0, -1
	for _, c := range s {
		class := 0
		switch {
		case c >= '0' && c <= '9':
			class = 1
		case c >= 'A' && c <= 'Z':
			class = 2
		case c == '_' || c == '-':
			continue
		}
		if last >= 0 && class != last {
			changes++
		}
		last = class
	}
	return changes*4 >= len(s) && changes >= 2
}

// aDay is how far a time in a request may be from the moment at which it was sent.
const aDay = 24 * time.Hour

// moments says that each of two values is a time close to the moment at which it was sent, written in the same way.
func moments(recorded, sent string, recordedAt, sentAt, shownAt time.Time) bool {
	r, format := momentOf(recorded)
	s, other := momentOf(sent)
	if format == "" || format != other {
		return false
	}
	return r.Sub(recordedAt).Abs() < aDay && (s.Sub(sentAt).Abs() < aDay || s.Sub(shownAt).Abs() < aDay)
}

// digitTimes are the ways to write a time in digits alone, by their length.
var digitTimes = map[int]string{14: "20060102150405", 17: "20060102150405.000"}

func momentOf(s string) (at time.Time, format string) {
	if digitShape.MatchString(s) {
		return digitMoment(s)
	}
	if strings.ContainsAny(s, "T ") && len(s) >= 16 {
		iso := strings.Replace(s, " ", "T", 1)
		for _, layout := range []string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04"} {
			if at, err := time.Parse(layout, iso); err == nil {
				return at, layout
			}
		}
	}
	if len(s) == 8 { // Date.now().toString(36)
		if ms, err := strconv.ParseInt(strings.ToLower(s), 36, 64); err == nil && strings.ContainsAny(s, "0123456789") {
			return time.UnixMilli(ms), "base36"
		}
	}
	return time.Time{}, ""
}

func digitMoment(s string) (at time.Time, format string) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}, ""
	}
	switch len(s) {
	case 10:
		return time.Unix(n, 0), "seconds"
	case 13:
		return time.UnixMilli(n), "milliseconds"
	case 16:
		return time.UnixMicro(n), "microseconds"
	case 14, 17:
		written := s
		if len(s) == 17 {
			written = s[:14] + "." + s[14:]
		}
		if at, err := time.Parse(digitTimes[len(s)], written); err == nil {
			return at, "digits"
		}
	}
	return time.Time{}, ""
}
