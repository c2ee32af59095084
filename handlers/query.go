package handlers

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"tapedeck/handlers/problem"
	"tapedeck/projections"
)

// query reads parameters strictly: one that is not known is refused, because a misspelt filter must not select
// everything. Every value is a copy; fiber reuses its strings.
type query struct {
	values map[string][]string
	faults []problem.Field
}

func readQuery(c *fiber.Ctx, names ...string) *query {
	q := &query{values: map[string][]string{}}
	c.Context().QueryArgs().VisitAll(func(k, v []byte) {
		name, value := string(k), string(v)
		switch {
		case !slices.Contains(names, name):
			q.fault(name, "unknown parameter")
		case !utf8.ValidString(value):
			q.fault(name, "not UTF-8")
		default:
			q.values[name] = append(q.values[name], value)
		}
	})
	return q
}

func (q *query) fault(name, message string) {
	if len(name) > 64 {
		name = name[:64]
	}
	q.faults = append(q.faults, problem.Field{Path: "query/" + strings.ToValidUTF8(name, "?"), Message: message})
}

// err is a problem with every fault, or nil.
func (q *query) err() error {
	if len(q.faults) == 0 {
		return nil
	}
	return problem.New(problem.Invalid, "a query parameter is not valid", q.faults...)
}

// all returns every value of a repeated parameter; an empty one says nothing.
func (q *query) all(name string) []string {
	return slices.DeleteFunc(slices.Clone(q.values[name]), func(s string) bool { return s == "" })
}

func (q *query) one(name string) string {
	v := q.values[name]
	if len(v) > 1 {
		q.fault(name, "given more than once")
	}
	if len(v) == 0 {
		return ""
	}
	return v[0]
}

func (q *query) number(name string, otherwise, least, most int) int {
	s := q.one(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		q.fault(name, "want a number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most))
		return otherwise
	}
	return n
}

func (q *query) flag(name string, otherwise bool) bool {
	switch q.one(name) {
	case "":
		return otherwise
	case "true", "1":
		return true
	case "false", "0":
		return false
	}
	q.fault(name, "want true or false")
	return otherwise
}

func (q *query) time(name string) time.Time {
	s := q.one(name)
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		q.fault(name, "want an RFC 3339 time")
	}
	return t
}

// word is one of several.
func (q *query) word(name, otherwise string, words ...string) string {
	s := q.one(name)
	if s == "" {
		return otherwise
	}
	if !slices.Contains(words, s) {
		q.fault(name, "want one of "+strings.Join(words, ", "))
		return otherwise
	}
	return s
}

// sort reads a key, with - before it for the greatest first.
func (q *query) sort(name string, keys []projections.SortKey) projections.Sort {
	text := q.one(name)
	if text == "" {
		return projections.Sort{}
	}
	key, descending := strings.CutPrefix(text, "-")
	if !slices.Contains(keys, projections.SortKey(key)) {
		q.fault(name, "cannot sort by this")
	}
	return projections.Sort{Key: projections.SortKey(key), Descending: descending}
}

// words are all of several.
func (q *query) words(name string, words ...string) []string {
	given := q.all(name)
	for _, v := range given {
		if !slices.Contains(words, v) {
			q.fault(name, "want one of "+strings.Join(words, ", "))
		}
	}
	return given
}

// labels reads repeated key:value pairs.
func (q *query) labels(name string) map[string]string {
	var out map[string]string
	for _, pair := range q.all(name) {
		k, v, ok := strings.Cut(pair, ":")
		if !ok || k == "" {
			q.fault(name, "want key:value")
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		if old, twice := out[k]; twice && old != v {
			q.fault(name, "two values for one key match nothing")
		}
		out[k] = v
	}
	return out
}
