package address_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/workers/ingest/website/address"
)

func at(t testing.TB, ref string) *url.URL {
	t.Helper()
	u, err := address.Canonical(nil, ref)
	require.NoError(t, err)
	return u
}

var canonicals = [][2]string{
	{"HTTP://EXAMPLE.com:80", "http://example.com/"},
	{"https://example.com:443/a", "https://example.com/a"},
	{"https://example.com:8443/a", "https://example.com:8443/a"},
	{"https://example.com./a", "https://example.com/a"},
	{"https://example.com/a/./b/../c", "https://example.com/a/c"},
	{"https://example.com/a/%2e%2E/c/..", "https://example.com/"},
	{"https://example.com/../../x", "https://example.com/x"},
	{"https://example.com/%7euser/%c3%a4?q=%7e%2f", "https://example.com/~user/%C3%A4?q=~%2F"},
	{"https://example.com/ä b", "https://example.com/%C3%A4%20b"},
	{"https://example.com/a%2Fb", "https://example.com/a%2Fb"},
	{"https://example.com/100%", "https://example.com/100%25"},
	{"https://example.com/a//b", "https://example.com/a//b"},
	{"https://example.com/a#b?c", "https://example.com/a"},
	{"https://example.com/a?", "https://example.com/a"},
	{"https://example.com/a?b=2&a=1&b=1", "https://example.com/a?b=2&a=1&b=1"},
	{"https://example.com/a?utm_source=x&id=1&fbclid=y&UTM_medium=z", "https://example.com/a?id=1"},
	{"https://example.com/a?gclid=1", "https://example.com/a"},
	{"https://example.com/a;jsessionid=12AB/b?x", "https://example.com/a/b?x"},
	{"https://bücher.example/", "https://xn--bcher-kva.example/"},
	{" \n https://exa\nmple.com/a\tb \r\n", "https://example.com/ab"},
	{`https:\\example.com\a`, "https://example.com/a"},
	{"http://[::1]:80/a", "http://[::1]/a"},
	{"https://example.com/a?q=a b|c\"d", "https://example.com/a?q=a%20b%7Cc%22d"},
	{"https://example.com/:x", "https://example.com/:x"},
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	for _, c := range canonicals {
		require.Equal(t, c[1], at(t, c[0]).String(), c[0])
		require.Equal(t, c[1], at(t, c[1]).String(), "idempotent")
	}
}

func TestCanonicalResolves(t *testing.T) {
	t.Parallel()
	base := at(t, "https://example.com/docs/page?x=1")
	for ref, want := range map[string]string{
		"":                 "https://example.com/docs/page?x=1",
		"#part":            "https://example.com/docs/page?x=1",
		"other":            "https://example.com/docs/other",
		"../up":            "https://example.com/up",
		"?y=2":             "https://example.com/docs/page?y=2",
		"//b.example/z":    "https://b.example/z",
		"/abs?a=%2E":       "https://example.com/abs?a=.",
		"a:b/../../../c":   "",
		"./a:b":            "https://example.com/docs/a:b",
		"mailto:a@b.c":     "",
		"javascript:x()":   "",
		"http:only":        "",
		"https://u:p@c.d/": "",
		"http://a b/":      "",
		"http://a:99999/":  "",
		"http://":          "",
		"http://%00/":      "",
	} {
		u, err := address.Canonical(base, ref)
		if want == "" {
			var reason *address.Error
			require.ErrorAs(t, err, &reason, ref)
			require.NotEmpty(t, reason.Reason)
			continue
		}
		require.NoError(t, err, ref)
		require.Equal(t, want, u.String(), ref)
	}
}

func TestDeclaredStaysOnTheSite(t *testing.T) {
	t.Parallel()
	page := at(t, "https://www.example.com/a?page=1")
	for said, want := range map[string]string{
		"":                       page.String(),
		"/b":                     "https://www.example.com/b",
		"http://example.com/c#x": "http://example.com/c",
		"https://evil.example/":  page.String(),
		"https://example.com:1/": page.String(),
		"javascript:alert(1)":    page.String(),
	} {
		require.Equal(t, want, address.Declared(page, said).String(), said)
	}
}

func FuzzCanonical(f *testing.F) {
	for _, c := range canonicals {
		f.Add(c[0])
	}
	f.Add("../x/%2e%2e/%zz?a=%&b#c")
	f.Fuzz(func(t *testing.T, ref string) {
		base := at(t, "https://example.com/docs/page?x=1")
		u, err := address.Canonical(base, ref)
		if err != nil {
			var own *address.Error
			require.ErrorAs(t, err, &own)
			return
		}
		again, err := address.Canonical(nil, u.String())
		require.NoError(t, err)
		require.Equal(t, u.String(), again.String())
		require.Empty(t, u.Fragment)
		require.Equal(t, strings.ToLower(u.Host), u.Host)
		require.NotContains(t, u.EscapedPath()+"/", "/../")
	})
}
