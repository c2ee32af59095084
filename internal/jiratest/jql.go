package jiratest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// query is a parsed JQL; where is nil when it restricts nothing.
type query struct {
	where   func(Issue) bool
	compare func(a, b Issue) int
}

type parser struct {
	tokens []string
	zone   *time.Location
}

func parse(jql string, zone *time.Location) (query, error) {
	p := &parser{tokens: tokens(jql), zone: zone}
	q := query{compare: byKey}
	var err error
	if len(p.tokens) > 0 && !p.is("ORDER") {
		if q.where, err = p.or(); err != nil {
			return query{}, err
		}
	}
	if p.take("ORDER") && p.take("BY") {
		if q.compare, err = p.order(); err != nil {
			return query{}, err
		}
	}
	if len(p.tokens) > 0 {
		return query{}, fmt.Errorf("Error in the JQL Query: Expecting either 'OR' or 'AND' but got '%s'.", p.tokens[0]) //nolint:staticcheck // Jira's own words
	}
	return q, nil
}

func tokens(s string) []string {
	var out []string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		n := strings.IndexAny(s, " \t\n(),=<>!\"'")
		switch {
		case s[0] == '"' || s[0] == '\'':
			n = quoted(s)
		case n == 0 && strings.ContainsRune("<>!", rune(s[0])) && len(s) > 1 && s[1] == '=':
			n = 2
		case n == 0:
			n = 1
		case n < 0:
			n = len(s)
		}
		out = append(out, s[:n])
		s = s[n:]
	}
	return out
}

// quoted is the length of a string in quotes, or of all when it has no end.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			return i + 1
		}
	}
	return len(s)
}

func (p *parser) is(word string) bool {
	return len(p.tokens) > 0 && strings.EqualFold(p.tokens[0], word)
}

func (p *parser) take(word string) bool {
	if !p.is(word) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *parser) next() string {
	if len(p.tokens) == 0 {
		return ""
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	return strings.Trim(t, `"'`)
}

func (p *parser) or() (func(Issue) bool, error) {
	left, err := p.and()
	for err == nil && p.take("OR") {
		var right func(Issue) bool
		if right, err = p.and(); err == nil {
			a := left
			left = func(i Issue) bool { return a(i) || right(i) }
		}
	}
	return left, err
}

func (p *parser) and() (func(Issue) bool, error) {
	left, err := p.term()
	for err == nil && p.take("AND") {
		var right func(Issue) bool
		if right, err = p.term(); err == nil {
			a := left
			left = func(i Issue) bool { return a(i) && right(i) }
		}
	}
	return left, err
}

func (p *parser) term() (func(Issue) bool, error) {
	if p.take("(") {
		inner, err := p.or()
		if err == nil && !p.take(")") {
			err = fmt.Errorf("Error in the JQL Query: Expecting ')' before the end of the query.") //nolint:staticcheck // Jira's own words
		}
		return inner, err
	}
	field, op := strings.ToLower(p.next()), strings.ToLower(p.next())
	var values []string
	if op == "in" && p.take("(") {
		for len(p.tokens) > 0 && !p.take(")") {
			values = append(values, p.next())
			p.take(",")
		}
	} else {
		values = []string{p.next()}
	}
	return p.condition(field, op, values)
}

func (p *parser) condition(field, op string, values []string) (func(Issue) bool, error) {
	switch field {
	case "project", "key", "issuekey", "status":
		if op != "=" && op != "in" {
			return nil, fmt.Errorf("Error in the JQL Query: the stand-in knows = and in for '%s'.", field) //nolint:staticcheck // as Jira says it
		}
		if field == "project" && slices.Contains(values, "NOPE") {
			return nil, fmt.Errorf("The value 'NOPE' does not exist for the field 'project'.") //nolint:staticcheck // Jira's own words
		}
		return func(i Issue) bool { return slices.Contains(values, i.value(field)) }, nil
	case "created", "updated":
		at, err := time.ParseInLocation("2006-01-02 15:04", values[0], p.zone)
		if err != nil || op != ">=" {
			return nil, fmt.Errorf("Date value '%s' for field '%s' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm'.", values[0], field) //nolint:staticcheck // Jira's own words
		}
		return func(i Issue) bool { return !i.time(field).Before(at) }, nil
	}
	return nil, fmt.Errorf("Field '%s' does not exist or you do not have permission to view it.", field) //nolint:staticcheck // Jira's own words
}

func (i Issue) value(field string) string {
	project, _, _ := strings.Cut(i.Key, "-")
	switch field {
	case "project":
		return project
	case "status":
		status, _ := i.Fields["status"].(map[string]any)
		name, _ := status["name"].(string)
		return name
	}
	return i.Key
}

func (i Issue) time(field string) time.Time {
	if field == "updated" {
		return i.Updated
	}
	return i.Created
}

func byKey(a, b Issue) int {
	number := func(i Issue) int {
		_, n, _ := strings.Cut(i.Key, "-")
		v, _ := strconv.Atoi(n)
		return v
	}
	return cmp.Or(strings.Compare(a.value("project"), b.value("project")), cmp.Compare(number(a), number(b)))
}

func (p *parser) order() (func(a, b Issue) int, error) {
	var orders []func(a, b Issue) int
	for len(p.tokens) > 0 {
		field := strings.ToLower(p.next())
		var by func(a, b Issue) int
		switch field {
		case "created", "updated":
			by = func(a, b Issue) int { return a.time(field).Compare(b.time(field)) }
		case "key", "issuekey":
			by = byKey
		default:
			return nil, fmt.Errorf("Not able to sort using field '%s'.", field) //nolint:staticcheck // Jira's own words
		}
		if p.take("DESC") {
			ascending := by
			by = func(a, b Issue) int { return -ascending(a, b) }
		} else {
			p.take("ASC")
		}
		orders = append(orders, by)
		p.take(",")
	}
	return func(a, b Issue) int {
		for _, by := range orders {
			if c := by(a, b); c != 0 {
				return c
			}
		}
		return byKey(a, b)
	}, nil
}
