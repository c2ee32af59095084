package address

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Limits bound what a crawl follows of a site that makes links for ever.
type Limits struct {
	// Length of a URL in bytes. Defaults to 2000.
	Length int
	// Depth is the number of a path's segments. Defaults to 24.
	Depth int
	// Repeats is how often one segment may stand in a path. Defaults to 3.
	Repeats int
	// Parameters of a query. Defaults to 16.
	Parameters int
	// Calendar bounds the pages of one pattern that has a date in it. Defaults to 120.
	Calendar int
	// Query bounds the pages of one path that differ in their query. Defaults to 500.
	Query int
	// Pattern bounds the pages whose paths differ in their numbers alone. Defaults to 10000.
	Pattern int
}

// WithDefaults fills in what is not set.
func (l Limits) WithDefaults() Limits {
	for field, value := range map[*int]int{
		&l.Length: 2000, &l.Depth: 24, &l.Repeats: 3, &l.Parameters: 16, &l.Calendar: 120, &l.Query: 500, &l.Pattern: 10_000,
	} {
		if *field <= 0 {
			*field = value
		}
	}
	return l
}

// Traps notices addresses that have no end. It counts patterns, up to
// maxPatterns of them; it is safe for concurrent use.
type Traps struct {
	limits Limits
	mu     sync.Mutex
	counts map[string]int
}

// maxPatterns bounds the memory of Traps; what has a pattern beyond them is judged by its form alone.
const maxPatterns = 50_000

// NewTraps makes a detector that has seen nothing.
func NewTraps(limits Limits) *Traps {
	return &Traps{limits: limits.WithDefaults(), counts: map[string]int{}}
}

// Check counts a canonical URL and says why it is not to be visited, or "".
// Whoever calls it gives each URL once.
func (t *Traps) Check(u *url.URL) Reason {
	if reason := t.form(u); reason != "" {
		return reason
	}
	shape, budget, reason := t.pattern(u)
	t.mu.Lock()
	defer t.mu.Unlock()
	n, known := t.counts[shape]
	switch {
	case n >= budget:
		return reason
	case known || len(t.counts) < maxPatterns:
		t.counts[shape] = n + 1
	}
	return ""
}

// form judges an address by itself.
func (t *Traps) form(u *url.URL) Reason {
	segments := strings.FieldsFunc(u.EscapedPath(), func(r rune) bool { return r == '/' })
	switch {
	case len(u.String()) > t.limits.Length:
		return TooLong
	case len(segments) > t.limits.Depth:
		return DeepPath
	case t.repeats(segments):
		return RepeatedPath
	case u.RawQuery != "" && strings.Count(u.RawQuery, "&")+1 > t.limits.Parameters, repeatedParameters(u.RawQuery):
		return LongQuery
	}
	return ""
}

// repeats says whether a segment stands too often in a path, numbers aside
// (/1/1/1/1 may be a date or a version).
func (t *Traps) repeats(segments []string) bool {
	counts := map[string]int{}
	for _, s := range segments {
		if counts[s]++; counts[s] > t.limits.Repeats && strings.Trim(s, "0123456789") != "" {
			return true
		}
	}
	return false
}

// maxSameParameter is how often a query may set the same parameter to the same value.
const maxSameParameter = 2

// repeatedParameters finds a query to which each link adds the same part again.
func repeatedParameters(query string) bool {
	counts := map[string]int{}
	for part := range strings.SplitSeq(query, "&") {
		if counts[part]++; part != "" && counts[part] > maxSameParameter {
			return true
		}
	}
	return false
}

// pattern is the shape of an address, how many pages of that shape are visited
// and the reason for the rest.
func (t *Traps) pattern(u *url.URL) (shape string, budget int, reason Reason) {
	path := strings.ToLower(u.EscapedPath())
	if u.RawQuery == "" {
		if datePath.MatchString(path) {
			return u.Host + datePath.ReplaceAllString(path, "/DATE/"), t.limits.Calendar, Calendar
		}
		return u.Host + digits.ReplaceAllString(path, "0"), t.limits.Pattern, PatternBudget
	}
	names, dated := parameters(u.RawQuery)
	if dated {
		return u.Host + digits.ReplaceAllString(path, "0") + "?" + names, t.limits.Calendar, Calendar
	}
	return u.Host + path + "?", t.limits.Query, PatternBudget
}

var (
	digits    = regexp.MustCompile(`[0-9]+`)
	datePath  = regexp.MustCompile(`/(?:19|20|21)[0-9]{2}[/-](?:0?[1-9]|1[0-9])(?:[/-][0-9]{1,2})?(?:/|$)`)
	dateValue = regexp.MustCompile(`^(?:[0-9]{4}-[0-9]{1,2}(?:-[0-9]{1,2})?.*|[0-9]{8}|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{4})$`)
)

// dateNames are the parameters by which calendars turn their pages.
var dateNames = []string{"date", "day", "week", "month", "year", "calendar", "tribe-bar-date", "from", "until", "start", "end", "startdate", "enddate", "d", "m", "y"}

// parameters are a query's names in order of the alphabet, and whether one of them is a date.
func parameters(query string) (names string, dated bool) {
	var list []string
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(strings.ToLower(part), "=")
		list = append(list, name)
		number := strings.Trim(value, "0123456789+-") == "" && value != ""
		dated = dated || dateValue.MatchString(value) || slices.Contains(dateNames, name) && number
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), "&"), dated
}
