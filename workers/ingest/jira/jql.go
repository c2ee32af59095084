package jira

import (
	"fmt"
	"strings"
	"time"
)

// overlap is how far a bound in time reaches back: JQL knows minutes only.
const overlap = time.Minute

// split takes the ORDER BY off a query. It fails where brackets or quotes do not match: what is put around the query
// would then mean something else.
func split(jql string) (where, order string, err error) {
	end, depth, err := scan(jql)
	if err == nil && depth != 0 {
		err = fmt.Errorf("brackets do not match")
	}
	if err != nil {
		return "", "", &Error{Code: Invalid, Op: "query", Err: err, Hint: "correct the query; it can be tried out in Jira's issue search"}
	}
	return strings.TrimSpace(jql[:end]), strings.TrimSpace(jql[end:]), nil
}

// scan finds where ORDER BY begins, outside of quotes and brackets, and counts the brackets.
func scan(jql string) (end, depth int, err error) {
	end = len(jql)
	for i := 0; i < len(jql); i++ {
		switch b := jql[i]; {
		case b == '"' || b == '\'':
			n := quoted(jql[i:])
			if n == 0 {
				return 0, 0, fmt.Errorf("a quote is not closed")
			}
			i += n - 1
		case b == '(':
			depth++
		case b == ')':
			if depth--; depth < 0 {
				return 0, 0, fmt.Errorf("brackets do not match")
			}
		case depth == 0 && end == len(jql) && orderBy(jql, i):
			end = i
		}
	}
	return end, depth, nil
}

// quoted is the length of a quoted string, 0 when it has no end.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			return i + 1
		}
	}
	return 0
}

func orderBy(jql string, i int) bool {
	if i > 0 && !strings.ContainsRune(" \t\n\r)\"'", rune(jql[i-1])) {
		return false
	}
	rest := jql[i:]
	if len(rest) < 6 || !strings.EqualFold(rest[:5], "order") {
		return false
	}
	by := strings.TrimLeft(rest[5:], " \t\r\n")
	return len(by) < len(rest[5:]) && len(by) >= 2 && strings.EqualFold(by[:2], "by") &&
		(len(by) == 2 || strings.ContainsRune(" \t\r\n", rune(by[2])))
}

// and joins conditions; each is put in brackets, so that an OR inside stays inside.
func and(conditions ...string) string {
	var kept []string
	for _, c := range conditions {
		if c != "" {
			kept = append(kept, c)
		}
	}
	if len(kept) > 1 && conditions[0] != "" {
		kept[0] = "(" + kept[0] + ")"
	}
	return strings.Join(kept, " AND ")
}

// since bounds a field in time from below, as the account reads it: local time, in minutes, and never later than t. A
// time that a change of clocks repeats could be read as the later one: the bound is then an hour earlier. Where the zone is not known the bound is half
// a day earlier, which is right in every zone (UTC-12 is the last).
func since(field string, t time.Time, a Account) string {
	if t.IsZero() {
		return ""
	}
	t = t.Add(-overlap)
	loc, known := a.location()
	if !known {
		t = t.Add(-12 * time.Hour)
	}
	const layout = "2006-01-02 15:04"
	text := t.In(loc).Format(layout)
	for _, step := range []time.Duration{30 * time.Minute, time.Hour} { // Lord Howe Island changes by half an hour
		if t.Add(step).In(loc).Format(layout) == text {
			return fmt.Sprintf(`%s >= "%s"`, field, t.Add(-time.Hour).In(loc).Format(layout))
		}
	}
	return fmt.Sprintf(`%s >= "%s"`, field, text)
}
