package twin

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// aDay is how long before a request a time in it may have been taken.
	aDay = 24 * time.Hour
	// apart is how differently far from their requests two times may be that are no times of the past: an expiry.
	apart = 2 * time.Minute
	// aMinute is the same for times that say no seconds, which people choose.
	aMinute = time.Minute
)

// clock says when a request was sent: the recorded one, and this one by this machine's clock and by the page's.
type clock struct{ recorded, sent, shown time.Time }

// moments says that each of two values is a time that was taken when its request was made, written in the same way. What
// a person chooses (a day, an hour) has no seconds; it has to be as far from the request as it was.
func (c clock) moments(recorded, sent string) bool {
	if c.base36(recorded, sent) {
		return true
	}
	r, format := momentOf(recorded)
	s, other := momentOf(sent)
	if format == "" || format != other {
		return false
	}
	then := r.Sub(c.recorded)
	if then.Abs() > aDay+14*time.Hour { // a time without its zone
		return false
	}
	chosen := isWhole(r) || isWhole(s)
	for _, at := range []time.Time{c.sent, c.shown} {
		now := s.Sub(at)
		switch {
		case chosen && (then-now).Abs() <= aMinute, !chosen && (then-now).Abs() <= apart:
			return true
		case !chosen && before(then) && before(now):
			return true
		}
	}
	return false
}

// base36 says that two values are the times of their requests as Date.now().toString(36) writes them, also where no digit
// tells them from a word: one word of 700,000 is so close by chance.
func (c clock) base36(recorded, sent string) bool {
	if len(recorded) != 8 || len(sent) != 8 {
		return false
	}
	r, err := strconv.ParseInt(recorded, 36, 64)
	s, err2 := strconv.ParseInt(sent, 36, 64)
	if err != nil || err2 != nil || time.UnixMilli(r).Sub(c.recorded).Abs() > apart {
		return false
	}
	at := time.UnixMilli(s)
	return at.Sub(c.sent).Abs() <= apart || at.Sub(c.shown).Abs() <= apart
}

func before(d time.Duration) bool { return d > -aDay && d < aMinute }

// isWhole says that a time has no seconds.
func isWhole(t time.Time) bool { return t.Truncate(time.Minute).Equal(t) }

// isNow says that a value is a time close to the request's.
func (c clock) isNow(s string) bool {
	at, _ := momentOf(s)
	return !at.IsZero() && (at.Sub(c.sent).Abs() < aDay || at.Sub(c.shown).Abs() < aDay)
}

// isTime says that a value that could be a number is a time from the years around the recording.
func (c clock) isTime(s string) bool {
	at, _ := momentOf(s)
	return !at.IsZero() && at.Sub(c.recorded).Abs() < years
}

// years is how far a time may be from the recording to be taken for one.
const years = 2 * 365 * aDay

// isFine says that a time is so exact that it can serve as an id.
func isFine(s string) bool {
	at, _ := momentOf(s)
	return !at.IsZero() && at.Nanosecond() != 0
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

// timeless writes a value down with the layouts of times close to at in their place.
func timeless(n node, at time.Time) string {
	var b strings.Builder
	switch n.kind {
	case object:
		for _, name := range slices.Sorted(maps.Keys(n.members)) {
			_, _ = fmt.Fprintf(&b, "%q:%s,", name, timeless(n.members[name], at))
		}
		return "{" + b.String() + "}"
	case array:
		for _, item := range n.items {
			b.WriteString(timeless(item, at) + ",")
		}
		return "[" + b.String() + "]"
	}
	if moment, format := momentOf(n.text); format != "" && moment.Sub(at).Abs() < apart {
		return format
	}
	return strconv.Itoa(int(n.kind)) + strconv.Quote(n.text)
}
