package address_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/workers/ingest/website/address"
)

func scope(t *testing.T, start string, cfg address.ScopeConfig) *address.Scope {
	t.Helper()
	s, err := address.NewScope([]*url.URL{at(t, start)}, cfg)
	require.NoError(t, err)
	return s
}

func TestScope(t *testing.T) {
	t.Parallel()
	const start = "https://www.example.com/docs/index.html"
	for _, c := range []struct {
		cfg  address.ScopeConfig
		ref  string
		want address.Reason
	}{
		{address.ScopeConfig{}, "http://example.com/anything", ""},
		{address.ScopeConfig{}, "https://other.example/", address.OutOfScope},
		{address.ScopeConfig{}, "https://www.example.com:8080/", address.OutOfScope},
		{address.ScopeConfig{}, "https://example.com.evil.example/", address.OutOfScope},
		{address.ScopeConfig{Hosts: []string{"api.example.com"}}, "https://api.example.com/x", ""},
		{address.ScopeConfig{Prefix: true}, "https://example.com/docs/a/b", ""},
		{address.ScopeConfig{Prefix: true}, "https://example.com/docs2", address.OutOfScope},
		{address.ScopeConfig{Exclude: []string{"*.pdf"}}, "https://example.com/a/b.pdf", address.Excluded},
		{address.ScopeConfig{Exclude: []string{"*.pdf"}}, "https://example.com/b.pdf/x", ""},
		{address.ScopeConfig{Exclude: []string{"/docs/*"}}, "https://example.com/docs/a/b", ""},
		{address.ScopeConfig{Exclude: []string{"/docs/**"}}, "https://example.com/docs/a/b", address.Excluded},
		{address.ScopeConfig{Exclude: []string{"/**/print/**"}}, "https://example.com/print/b", address.Excluded},
		{address.ScopeConfig{Exclude: []string{"**"}}, start, ""},
		{address.ScopeConfig{Exclude: []string{"/a?view=*"}}, "https://example.com/a?view=1", address.Excluded},
		{address.ScopeConfig{Exclude: []string{"/ä/**"}}, "https://example.com/%C3%A4/x", address.Excluded},
		{address.ScopeConfig{Exclude: []string{"re:[?&]sort="}}, "https://example.com/a?x&sort=1", address.Excluded},
		{address.ScopeConfig{Include: []string{"https://example.com/b/**"}}, "https://example.com/b/c", ""},
		{address.ScopeConfig{Include: []string{"/b/**"}}, "https://example.com/c", address.NotIncluded},
		{address.ScopeConfig{Include: []string{"/b/**"}, Exclude: []string{"/b/x"}}, "https://example.com/b/x", address.Excluded},
	} {
		require.Equal(t, c.want, scope(t, start, c.cfg).Check(at(t, c.ref)), "%+v %s", c.cfg, c.ref)
	}
}

func TestBadPatternsAreNamed(t *testing.T) {
	t.Parallel()
	for _, cfg := range []address.ScopeConfig{{Include: []string{"re:("}}, {Exclude: []string{""}}, {Hosts: []string{"a b"}}} {
		_, err := address.NewScope([]*url.URL{at(t, "https://a.example")}, cfg)
		require.ErrorContains(t, err, "scope: ")
	}
}

func TestTrapsByForm(t *testing.T) {
	t.Parallel()
	for ref, want := range map[string]address.Reason{
		"https://a.example/docs/guide/docs/api":          "",
		"https://a.example/a/b/a/b/a/b/a/b":              address.RepeatedPath,
		"https://a.example/1/1/1/1/1":                    "",
		"https://a.example/" + strings.Repeat("x", 2000): address.TooLong,
		"https://a.example/" + strings.Repeat("x/1/", 2): "",
		"https://a.example/?a=1&a=1&a=1":                 address.LongQuery,
		"https://a.example/?a=1&a=2&a=3":                 "",
		"https://a.example/?" + strings.Repeat("a&", 17): address.LongQuery,
		"https://a.example" + path(30):                   address.DeepPath,
	} {
		require.Equal(t, want, address.NewTraps(address.Limits{}).Check(at(t, ref)), ref)
	}
}

func path(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "/s%d", i)
	}
	return b.String()
}

func TestTrapsByNumber(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		form   string
		limit  int
		reason address.Reason
	}{
		"calendar path":   {"https://a.example/events/20%02[1]d/05/", 70, address.Calendar},
		"calendar months": {"https://a.example/cal?month=2024-%d", 120, address.Calendar},
		"calendar pages":  {"https://a.example/cal?view=x&year=%d&month=3", 120, address.Calendar},
		"facets":          {"https://a.example/shop?color=%d", 500, address.PatternBudget},
		"numbers":         {"https://a.example/p/%d", 10_000, address.PatternBudget},
	} {
		traps := address.NewTraps(address.Limits{Calendar: min(c.limit, 120)})
		for i := range c.limit {
			require.Empty(t, traps.Check(at(t, fmt.Sprintf(c.form, i))), "%s %d", name, i)
		}
		require.Equal(t, c.reason, traps.Check(at(t, fmt.Sprintf(c.form, c.limit))), name)
	}
	traps := address.NewTraps(address.Limits{Calendar: 1})
	for _, release := range []string{"/v1/2/3", "/blog/title-2024", "/rfc/rfc9110"} {
		for range 3 {
			require.Empty(t, traps.Check(at(t, "https://a.example"+release)), release)
		}
	}
}
