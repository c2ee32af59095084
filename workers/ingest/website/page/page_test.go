package page_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"tapedeck/workers/ingest/website/page"
)

func TestHead(t *testing.T) {
	t.Parallel()
	p := parsed(t, `<!doctype html><html lang="de-AT"><head>
<base href="/base/"><title> Guide &ndash; Site </title><link rel="canonical" href="guide">
<meta name="Description" content="What it
 does"><meta name="robots" content="NoIndex, max-snippet:5"><meta property="article:published_time" content="2024-01-02T03:04:05+01:00">
<script type="application/ld+json">{"@graph":[{"dateModified":"2024-02-03"}]}</script><script type="application/ld+json">{broken</script>
</head><body><h1>Guide</h1><p>Words.`)
	require.Equal(t, "Guide", p.Title)
	require.Equal(t, "de-AT", p.Language)
	require.Equal(t, "What it does", p.Description)
	require.Equal(t, "https://docs.example/base/guide", p.Canonical)
	require.True(t, p.NoIndex)
	require.False(t, p.NoFollow)
	require.Equal(t, time.Date(2024, 1, 2, 2, 4, 5, 0, time.UTC), p.Published)
	require.Equal(t, time.Date(2024, 2, 3, 0, 0, 0, 0, time.UTC), p.Modified)
}

func TestLinks(t *testing.T) {
	t.Parallel()
	p := parsed(t, `<a href="a#x">A</a><a href="a#y" rel="nofollow">A</a><a href="/b" rel="UGC nofollow">B</a><a href="javascript:x()">J</a>
<a href="mailto:a@b.c">M</a><a>none</a><map><area href="c"></map><iframe src="d"></iframe><meta http-equiv="refresh" content="3; URL='e'"><link rel="next" href="f"><link rel="stylesheet" href="g"><a href=" h
i ">H</a>`)
	const root = "https://docs.example/guide/"
	require.ElementsMatch(t, []page.Link{
		{URL: root + "a"}, {URL: "https://docs.example/b", NoFollow: true}, {URL: root + "c"}, {URL: root + "d"}, {URL: root + "e"}, {URL: root + "f"}, {URL: root + "hi"},
	}, p.Links)
}

var conversions = map[string]struct{ html, want string }{
	"blocks":     {"<h2>Head</h2><p>One <b>two</b> <i>three</i>.</p><hr><blockquote>Said</blockquote>", "## Head\n\nOne **two** *three*.\n\n---\n\n> Said\n"},
	"links":      {`<p><a href="/x?a=1#y" onclick="x">ok</a> <a href="javascript:alert(1)">bad</a> <a href="mailto:a@b.c">mail</a> <a href="data:text/html,x">data</a></p>`, "[ok](https://docs.example/x?a=1#y) bad [mail](mailto:a@b.c) data\n"},
	"images":     {`<p><img src="i.png" alt="Alt"> <img src="data:image/png;base64,AA" alt="inline"> <img data-src="lazy.png" src="data:x"></p>`, "![Alt](https://docs.example/guide/i.png) inline ![](https://docs.example/guide/lazy.png)\n"},
	"scripts":    {`<p>a<script>alert(1)</script><style>b{}</style>b</p><svg><title>icon</title></svg><template><p>never</p></template>`, "ab\n"},
	"tasks":      {`<ul><li><input type="checkbox" checked disabled> done</li><li><label><input type=checkbox>open</label></li></ul>`, "- [x] done\n- [ ] open\n"},
	"fence":      {`<div class="highlight-python3 notranslate"><div class="highlight"><pre><span></span><span class="k">def</span> f():` + "\n\n\n    pass\n</pre></div></div>", "```python3\ndef f():\n\n\n    pass\n```\n"},
	"fence hljs": {`<pre><code class="hljs bash">ls</code></pre>`, "```bash\nls\n```\n"},
	"fence lang": {`<pre data-lang="Go"><button>Copy</button><code>x</code></pre>`, "```go\nx\n```\n"},
	"lines":      {`<table class="highlighttable"><tr><td class="linenos"><pre>1` + "\n2</pre></td><td class=code><pre>a\nb</pre></td></tr></table>", "```\na\nb\n```\n"},
	"table":      {"<table><tr><th>A<th>B</tr><tr><td>1|2<td><p>x</p><p>y</p></tr></table>", "| A | B |\n|---|---|\n| 1\\|2 | x<br>y |\n"},
	"pipes":      {"<table><tr><td><code>a|b</code><td><pre>c|d</pre></tr></table>", "|  |  |\n|---|---|\n| `a\\|b` | `c\\|d` |\n"},
	"cells":      {"<table><tr><th>A<th>B</tr><tr><td><ul><li>one</li><li><p>two</p></li></ul><td>see<pre>a\n  b\n</pre></tr></table>", "| A | B |\n|---|---|\n| • one<br>• two | see<br>`a`<br>`b` |\n"},
	"sphinx box": {`<div class="admonition warning"><p class="admonition-title">Warning</p><p>Hot.</p><p>Really.</p></div>`, "> **Warning:** Hot.\n>\n> Really.\n"},
	"quote code": {"<blockquote><p>x</p><pre>a\n\nb</pre></blockquote>", "> x\n>\n> ```\n> a\n>\n> b\n> ```\n"},
	"docusaurus": {`<div class="theme-admonition theme-admonition-tip alert alert--success"><div class="admonitionHeading_x"><svg></svg>Pro tip</div><div class="admonitionContent_y"><p>Do.</p></div></div>`, "> **Pro tip:** Do.\n"},
	"bootstrap":  {`<div class="alert alert-danger">No <b>way</b></div>`, "> **Danger:**\n>\n> No **way**\n"},
	"nfc":        {"<p>a\u0308 \r\n b</p>", "ä b\n"},
	"hidden":     {`<div role=tabpanel hidden><p>second tab</p></div><details><summary>More</summary><p>folded</p></details>`, "second tab\n\nMore\n\nfolded\n"},
	"escapes":    {"<p>1. not a list</p><p># no heading</p><p>&lt;b&gt; a*b*c</p>", "1\\. not a list\n\n\\# no heading\n\n&lt;b&gt; a\\*b\\*c\n"},
	"headerlink": {`<h2>Head<a class="headerlink" href="#head">¶</a></h2>`, "## Head\n"},
	"empty":      {"", ""},
}

func TestConversion(t *testing.T) {
	t.Parallel()
	for name, c := range conversions {
		require.Equal(t, c.want, parsed(t, "<main>"+c.html+"</main>").Text, name)
	}
}

func TestWhichPartIsMain(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("<p>A paragraph of the text that people came to read, with commas, and more words.</p>", 8)
	nav := "<nav><ul><li><a href=x>Menu</a></ul></nav><header>Banner</header>"
	for name, c := range map[string]struct {
		html  string
		whole bool
	}{
		"main":              {nav + "<main>" + long + "</main><aside>Side</aside>", false},
		"role":              {nav + "<div role=main>" + long + "</div><div>Side</div>", false},
		"largest main":      {"<main>Side</main><main>" + long + "</main>", false},
		"article":           {nav + "<article>" + long + "</article><div>Side</div>", false},
		"judged":            {`<div class=sidebar><a href=x>Side</a></div><div class=content>` + long + "</div><div class=footer><a href=y>Banner</a></div>", false},
		"too little marked": {"<main>Menu</main>", true},
	} {
		p := parsed(t, "<body>"+c.html)
		if name == "too little marked" {
			require.Equal(t, "Menu\n", p.Text)
			continue
		}
		require.Equal(t, c.whole, p.Whole, name)
		require.Equal(t, 8, strings.Count(p.Text, "people came to read"), name)
		require.NotRegexp(t, "Menu|Banner|Side", p.Text, name)
	}
	p := parsed(t, "<body>"+nav+"<p>Short.</p><footer>Foot</footer>")
	require.True(t, p.Whole)
	require.Equal(t, "Short.\n", p.Text)
	require.Equal(t, "- [Menu](https://docs.example/guide/x)\n", parsed(t, "<nav><ul><li><a href=x>Menu</a></ul></nav>").Text, "nothing but navigation")
}

func TestRobotsTag(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values           []string
		index, following bool
	}{
		{[]string{"noindex"}, true, false},
		{[]string{"googlebot: noindex", "nofollow"}, false, true},
		{[]string{"tapedeck: none"}, true, true},
		{[]string{"noarchive, unavailable_after: 25 Jun 2025 15:00:00 PST"}, false, false},
		{nil, false, false},
	} {
		noIndex, noFollow := page.RobotsTag(c.values, "Tapedeck")
		require.Equal(t, c.index, noIndex, c.values)
		require.Equal(t, c.following, noFollow, c.values)
	}
}

func TestTooDeepIsAnError(t *testing.T) {
	t.Parallel()
	at := &url.URL{Scheme: "https", Host: "a.example", Path: "/"}
	_, err := page.NewExtractor().Parse(strings.Repeat("<div>", 5000), at)
	require.ErrorContains(t, err, "https://a.example/")
}

// hangs is what no input may take: it says that something ends, not how fast.
const hangs = 3 * time.Minute

// TestHostilePagesEndSoon: pages that are small, and made the converter run for minutes or for ever.
func TestHostilePagesEndSoon(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"signs": strings.Repeat("*_[`", 100_000),
		"lists": strings.Repeat("<ul><li>x", 200) + strings.Repeat("<li>y", 20_000),
		"spans": "<table><tr><th>a</th></tr><tr><td colspan=100000 rowspan=100000>x</td></tr></table>",
		"cells": "<table><tr><td>" + strings.Repeat("<p></p>", 60_000) + "x</table>",
	} {
		begin := time.Now()
		require.NotEmpty(t, parsed(t, text).Text, name)
		require.Less(t, time.Since(begin), hangs, name)
	}
	require.Equal(t, "a*b\n\nc\n", strings.TrimLeft(parsed(t, "<p>"+strings.Repeat("*", 40_000)+"</p><p>a*b</p>c").Text, "*\n"), "plain text keeps its paragraphs")
}

func FuzzParse(f *testing.F) {
	for _, c := range conversions {
		f.Add(c.html)
	}
	f.Add(`<html lang=x><base href=//b><meta http-equiv=refresh content=";url=x"><frameset><frame src=y></frameset>`)
	x := page.NewExtractor()
	at := &url.URL{Scheme: "https", Host: "a.example", Path: "/"}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := x.Parse(text, at)
		if err != nil {
			return
		}
		require.True(t, utf8.ValidString(p.Text))
		require.True(t, norm.NFC.IsNormalString(p.Text))
		require.NotContains(t, p.Text, "\r")
		require.NotContains(t, p.Text, " \n")
		for _, l := range p.Links {
			require.Regexp(t, "^https?://", l.URL)
		}
	})
}
