package robots_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/workers/ingest/website/robots"
)

// judged are files with what they say of a path to the crawler "FooBot": the
// examples of RFC 9309 (2.2.2, 2.2.3, 5.1, 5.2) and the cases that Google
// publishes for its own parser.
var judged = []struct {
	name, file string
	allowed    []string
	forbidden  []string
}{
	{"empty", "", []string{"/", "/x"}, nil},
	{"rfc 5.1 own group", "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\nUser-Agent: foobot\nDisallow:/\nAllow:/example/page.html\nAllow:/example/allowed.gif\n\nUser-Agent: barbot\nUser-Agent: bazbot\nDisallow: /example/page.html\n\nUser-Agent: quxbot\n\nEOF",
		[]string{"/example/page.html", "/example/allowed.gif", "/robots.txt"}, []string{"/", "/publications/", "/example/"}},
	{"rfc 5.1 all", "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n",
		[]string{"/publications/", "/a.gifs", "/a.gif?x"}, []string{"/a.gif", "/deep/a.gif", "/example/x"}},
	{"rfc 5.2 longest match", "User-Agent: foobot\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n",
		[]string{"/example/page/", "/example/page/x.gif"}, []string{"/example/page/disallowed.gif"}},
	{"rfc 2.2.2 percent", "user-agent: foobot\ndisallow: /foo/bar?baz=https://foo.bar\ndisallow: /foo/bar/ツ\ndisallow: /foo/bar/%62%61%7A\n",
		[]string{"/foo/bar", "/foo/bar/%E3%83"}, []string{"/foo/bar?baz=https://foo.bar", "/foo/bar/%E3%83%84", "/foo/bar/%e3%83%84", "/foo/bar/ツ", "/foo/bar/baz", "/foo/bar/%62%61%7A"}},
	{"rfc 2.2.3 specials", "user-agent: foobot\nallow: /this/*/exactly\ndisallow: /this/*\ndisallow: /path/file-with-a-%2A.html\ndisallow: /path/foo-%24\n",
		[]string{"/this/is/exactly", "/path/file-with-a-b.html", "/path/foo-"}, []string{"/this/path", "/path/file-with-a-%2a.html", "/path/foo-%24"}},
	{"google groups", "allow: /foo/bar/\n\nuser-agent: FooBot\ndisallow: /\nallow: /x/\nuser-agent: BarBot\ndisallow: /\nallow: /y/\n\n\nallow: /w/\nuser-agent: BazBot\n\nuser-agent: FooBot\nallow: /z/\ndisallow: /\n",
		[]string{"/x/b", "/z/d"}, []string{"/y/c", "/foo/bar/", "/w/a"}},
	{"google close groups by rules alone", "user-agent: BarBot\nsitemap: https://foo.bar/sitemap\nuser-agent: *\ndisallow: /\n", nil, []string{"/"}},
	{"google unknown line between", "user-agent: FooBot\ninvalid-unknown-line: x\nuser-agent: *\ndisallow: /\n", nil, []string{"/"}},
	{"google user agent line", "user-agent: FooBot/1.2 bar\ndisallow: /\n", nil, []string{"/x"}},
	{"google case of values", "USER-AGENT: FOOBOT\nALLOW: /x/\nDISALLOW: /\n", []string{"/x/y"}, []string{"/a/b", "/X/y"}},
	{"google global group second", "user-agent: *\nallow: /\nuser-agent: FooBot\ndisallow: /\n", nil, []string{"/x/y"}},
	{"google global star with text", "user-agent: * baz\ndisallow: /\n", nil, []string{"/x"}},
	{"google other name is not a prefix", "user-agent: FooBotNews\ndisallow: /\n", []string{"/x"}, nil},
	{"google no leading colon value", "foo: bar\nuser-agent FooBot\ndisallow: /\n", []string{"/"}, nil},
	{"google longest", "user-agent: FooBot\ndisallow: /x/page.html\nallow: /x/\n", []string{"/x/", "/x/page.htm"}, []string{"/x/page.html"}},
	{"google equal length", "user-agent: FooBot\ndisallow: /x/page.html\nallow: /x/page.html\n", []string{"/x/page.html"}, nil},
	{"google empty both", "user-agent: FooBot\ndisallow:\nallow:\n", []string{"/x/page.html"}, nil},
	{"google wildcard longest", "user-agent: FooBot\ndisallow: *.html\nallow: /x/page\n", []string{"/x/page"}, []string{"/x/a.html"}},
	{"google folder", "user-agent: FooBot\ndisallow: /\nallow: /x\n", []string{"/x/page", "/xyz"}, []string{"/a"}},
	{"google path end", "user-agent: FooBot\ndisallow: /foo/bar$\n", []string{"/foo/bar/", "/foo/bar?q"}, []string{"/foo/bar"}},
	{"google star end", "user-agent: FooBot\ndisallow: /foo/bar*\n", []string{"/foo/ba"}, []string{"/foo/bar", "/foo/bar/quz"}},
	{"google star inside", "user-agent: FooBot\ndisallow: /foo/bar*qux\n", []string{"/foo/bar"}, []string{"/foo/barqux", "/foo/bar/x/qux"}},
	{"google end with star", "user-agent: FooBot\ndisallow: /\nallow: /foo/bar*qux$\n", []string{"/foo/bar/qux", "/foo/barqux-qux"}, []string{"/foo/bar/qux/", "/foo/bar"}},
	{"dollar inside is itself", "user-agent: FooBot\ndisallow: /a$b\n", []string{"/a"}, []string{"/a$b"}},
	{"comments and bom", "\ufeff# hi\nuser-agent: FooBot # me\ndisallow: /a #b\n", []string{"/b"}, []string{"/a"}},
	{"carriage returns", "user-agent: FooBot\rdisallow: /a\r\n\r\ndisallow: /b", []string{"/c"}, []string{"/a", "/b"}},
	{"cut at a comment", "user-agent: FooBot\nuser-agent: *\ndisallow: /q?*=1&\n", []string{"/q?a=2"}, []string{"/q?a=1&b"}},
}

func TestRules(t *testing.T) {
	t.Parallel()
	for _, c := range judged {
		rules := robots.Parse([]byte(c.file), "FooBot/2.1 (+https://example.com)")
		for _, path := range c.allowed {
			require.True(t, rules.Allows(path), "%s: %s", c.name, path)
		}
		for _, path := range c.forbidden {
			require.False(t, rules.Allows(path), "%s: %s", c.name, path)
		}
	}
}

func TestDelayAndSitemaps(t *testing.T) {
	t.Parallel()
	file := "Sitemap: https://a.example/1.xml\nuser-agent: *\ncrawl-delay: 9\nuser-agent: tapedeck\ncrawl-delay: 2.5\nsitemap:/rel.xml\nsitemap:\n"
	rules := robots.Parse([]byte(file), "Tapedeck")
	require.Equal(t, 2500*time.Millisecond, rules.Delay())
	require.Equal(t, []string{"https://a.example/1.xml", "/rel.xml"}, rules.Sitemaps())
	for text, want := range map[string]time.Duration{"NaN": 0, "-1": 0, "x": 0, "1e99": time.Hour, "+Inf": time.Hour} {
		require.Equal(t, want, robots.Parse([]byte("user-agent: *\ncrawl-delay: "+text), "a").Delay(), text)
	}
}

func TestExtremes(t *testing.T) {
	t.Parallel()
	require.True(t, robots.AllowAll().Allows("/x"))
	require.False(t, robots.DisallowAll().Allows("/x"))
	require.True(t, robots.DisallowAll().Allows("/robots.txt"))
}

func TestHalfAMegabyteIsRead(t *testing.T) {
	t.Parallel()
	padding := strings.Repeat("# padding that says nothing\n", 500<<10/28)
	require.False(t, robots.Parse([]byte(padding+"user-agent: *\ndisallow: /\n"), "a").Allows("/x"))
	cut := robots.Parse([]byte("user-agent: *\ndisallow: /a\n"+strings.Repeat("#", robots.MaxSize-30)+"\ndisallow: /b\n"), "a")
	require.False(t, cut.Allows("/a"))
	require.True(t, cut.Allows("/b"), "a rule that was cut would forbid something else")
}

// TestPatternsTakeNoTime: a pattern that makes a backtracking matcher exponential.
func TestPatternsTakeNoTime(t *testing.T) {
	t.Parallel()
	rules := robots.Parse([]byte("user-agent: *\ndisallow: /"+strings.Repeat("*a", 2000)+"*b$\n"), "a")
	require.True(t, rules.Allows("/"+strings.Repeat("a", 4000)))
}

// FuzzParse: a mark of byte order, other line ends and a repeated file change nothing.
func FuzzParse(f *testing.F) {
	for _, c := range judged {
		f.Add([]byte(c.file), "/x?y")
	}
	f.Fuzz(func(t *testing.T, file []byte, path string) {
		if len(file) > robots.MaxSize/4 || strings.HasPrefix(string(file), "\ufeff") {
			return
		}
		rules := robots.Parse(file, "FooBot")
		require.True(t, rules.Allows("/robots.txt"))
		require.GreaterOrEqual(t, rules.Delay(), time.Duration(0))
		for _, same := range []string{"\ufeff" + string(file), strings.ReplaceAll(string(file), "\n", "\r\n"), string(file) + "\n#\n"} {
			again := robots.Parse([]byte(same), "FooBot")
			require.Equal(t, rules.Allows(path), again.Allows(path))
			require.Equal(t, rules.Sitemaps(), again.Sitemaps())
		}
	})
}
