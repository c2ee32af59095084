package live

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/job"
	"tapedeck/handlers/problem"
)

// Filter selects events. Members are joined by and, the values of one member by or, labels by and; the zero Filter
// selects everything. Kinds and Types are globs.
type Filter struct {
	Project  string            `json:"project,omitempty"`
	Jobs     []string          `json:"jobs,omitempty"`
	Parents  []string          `json:"parents,omitempty"`
	Kinds    []string          `json:"kinds,omitempty"`
	Types    []string          `json:"types,omitempty"`
	Statuses []job.Status      `json:"statuses,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
	Text     string            `json:"text,omitempty"`
	// StateOnly leaves out what attempts say while they run: progress, log lines, artefacts.
	StateOnly bool `json:"stateOnly,omitempty"`
}

// Bounds of a filter: what one event may cost to match.
const (
	maxFilterValues = 100
	maxFilterValue  = 200
	maxFilterLabels = 32
)

// Validate returns a *problem.Problem that names every fault, or nil.
func (f Filter) Validate() error {
	var faults []problem.Field
	check := func(ok bool, path, message string) {
		if !ok {
			faults = append(faults, problem.Field{Path: "/filter/" + path, Message: message})
		}
	}
	for path, values := range map[string][]string{
		"jobs": f.Jobs, "parents": f.Parents, "kinds": f.Kinds, "types": f.Types, "project": {f.Project}, "text": {f.Text},
	} {
		check(len(values) <= maxFilterValues, path, "at most "+strconv.Itoa(maxFilterValues)+" values")
		for _, v := range values {
			check(len(v) <= maxFilterValue && utf8.ValidString(v), path, "at most "+strconv.Itoa(maxFilterValue)+" bytes of UTF-8 each")
		}
	}
	for _, s := range f.Statuses {
		check(slices.Contains(job.Statuses, s), "statuses", "no status "+strconv.Quote(string(s)))
	}
	check(len(f.Labels) <= maxFilterLabels, "labels", "at most "+strconv.Itoa(maxFilterLabels)+" labels")
	for k, v := range f.Labels {
		check(k != "" && len(k) <= maxFilterValue && len(v) <= 2*maxFilterValue, "labels", "a label is too long or has no key")
	}
	if len(faults) == 0 {
		return nil
	}
	slices.SortFunc(faults, func(a, b problem.Field) int { return strings.Compare(a.Path+a.Message, b.Path+b.Message) })
	return problem.New(problem.Invalid, "the filter is not valid", slices.Compact(faults)...)
}

// canonical returns a filter that selects the same and is equal for equal sets of values.
func (f Filter) canonical() Filter {
	f.Jobs, f.Parents, f.Kinds, f.Types = sorted(f.Jobs), sorted(f.Parents), sorted(f.Kinds), sorted(f.Types)
	f.Statuses = sorted(f.Statuses)
	if len(f.Labels) == 0 {
		f.Labels = nil
	}
	f.Labels = maps.Clone(f.Labels)
	f.Text = strings.ToLower(f.Text)
	return f
}

func sorted[S ~string](values []S) []S {
	if len(values) == 0 {
		return nil
	}
	values = slices.Clone(values)
	slices.Sort(values)
	return slices.Compact(values)
}

// id names what a subscription delivers: equal filters in the same mode have the same.
func (f Filter) id(mode Mode) string {
	b, err := json.Marshal(f, json.Deterministic(true))
	if err != nil {
		panic("live: a validated filter has a JSON form: " + err.Error())
	}
	sum := sha256.Sum256(append(b, mode...))
	return hex.EncodeToString(sum[:12])
}

// matcher is a canonical filter made ready to be asked often.
type matcher struct {
	filter   Filter
	jobs     map[string]bool
	parents  map[string]bool
	statuses map[job.Status]bool
	text     []byte
}

func newMatcher(f Filter) *matcher {
	m := &matcher{filter: f, jobs: set(f.Jobs), parents: set(f.Parents), statuses: set(f.Statuses)}
	if f.Text != "" {
		// The text is looked for in JSON, so it is written as JSON writes it.
		quoted, _ := jsontext.AppendQuote(nil, f.Text)
		m.text = quoted[1 : len(quoted)-1]
	}
	return m
}

func set[S ~string](values []S) map[S]bool {
	if len(values) == 0 {
		return nil
	}
	out := make(map[S]bool, len(values))
	for _, v := range values {
		out[v] = true
	}
	return out
}

// needsLabels reports whether entries must know their job's labels before they are matched.
func (m *matcher) needsLabels() bool { return len(m.filter.Labels) > 0 }

// matches asks the cheap questions first.
func (m *matcher) matches(e *Entry) bool {
	ev := &e.Event
	return (m.filter.Project == "" || ev.Project == m.filter.Project) &&
		(len(m.jobs) == 0 || m.jobs[ev.Subject]) &&
		(len(m.parents) == 0 || m.parents[ev.ParentID]) &&
		anyGlob(m.filter.Types, ev.Type) &&
		anyGlob(m.filter.Kinds, ev.Kind) &&
		(len(m.statuses) == 0 || m.statuses[e.status()]) &&
		(!m.filter.StateOnly || !e.isOutput()) &&
		m.matchesLabels(e) &&
		(len(m.text) == 0 || bytes.Contains(e.lowered(), m.text))
}

func (m *matcher) matchesLabels(e *Entry) bool {
	for k, v := range m.filter.Labels {
		if got, ok := e.labels[k]; !ok || got != v {
			return false
		}
	}
	return true
}

func anyGlob(patterns []string, s string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool { return glob(p, s) })
}
