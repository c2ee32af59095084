package page_test

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/andybalholm/cascadia"
	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"golang.org/x/net/html"

	"tapedeck/workers/ingest/website/page"
)

// regions say by eye where the main content of each project's pages is.
var regions = map[string]string{
	"codemirror": "article",
	"npm":        "#_content",
	"paper":      "article.reference",
	"requests":   "div.body[role=main]",
	"vis":        "div.container.full",
}

func realPages(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/pages/*/*.html")
	require.NoError(t, err)
	require.Len(t, files, 10)
	return files
}

func read(t testing.TB, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(b)
}

func parsed(t testing.TB, text string) *page.Page {
	t.Helper()
	at, err := url.Parse("https://docs.example/guide/page.html")
	require.NoError(t, err)
	p, err := page.NewExtractor().Parse(text, at)
	require.NoError(t, err)
	return p
}

// squashed is text without white space and the signs of links to headings.
func squashed(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && !inside(d, "script", "style") {
			b.WriteString(d.Data)
		}
	}
	return strings.NewReplacer("¶", "", "\u00a0", "").Replace(strings.Join(strings.Fields(b.String()), ""))
}

func inside(n *html.Node, names ...string) bool {
	for p := range n.Ancestors() {
		for _, name := range names {
			if p.Data == name {
				return true
			}
		}
	}
	return false
}

// rendered is what a reader of the Markdown sees.
func rendered(t testing.TB, markdown string) *html.Node {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, goldmark.New(goldmark.WithExtensions(extension.GFM)).Convert([]byte(markdown), &b))
	doc, err := html.Parse(&b)
	require.NoError(t, err)
	return doc
}

// TestNothingOfTheMainTextIsMissing: each block of the main content of real
// pages is in what the Markdown shows, as the same kind of block.
func TestNothingOfTheMainTextIsMissing(t *testing.T) {
	t.Parallel()
	for _, file := range realPages(t) {
		text := read(t, file)
		doc, err := html.Parse(strings.NewReader(text))
		require.NoError(t, err)
		region := cascadia.Query(doc, cascadia.MustCompile(regions[filepath.Base(filepath.Dir(file))]))
		require.NotNil(t, region, file)

		p := parsed(t, text)
		shown := rendered(t, p.Text)
		for _, kind := range []string{"h1", "h2", "h3", "h4", "h5", "p", "li", "dt", "dd", "td", "th", "pre"} {
			within := squashed(shown)
			if as := cascadia.QueryAll(shown, cascadia.MustCompile(kind)); kind[0] == 'h' || kind == "pre" {
				within = ""
				for _, n := range as {
					within += squashed(n) + "\n"
				}
			}
			for _, n := range cascadia.QueryAll(region, cascadia.MustCompile(kind)) {
				for _, leaf := range leaves(n) {
					require.Contains(t, within, leaf, "%s <%s>", file, kind)
				}
			}
		}
	}
}

// leaves are the runs of a block's text that no block inside it interrupts.
func leaves(n *html.Node) []string {
	var out []string
	run := ""
	end := func() {
		if run != "" {
			out = append(out, run)
		}
		run = ""
	}
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		for c := range n.ChildNodes() {
			switch {
			case c.Type == html.TextNode:
				run += squashed(element(c))
			case c.Type == html.ElementNode && blocks[c.Data]:
				end()
				walk(c)
				end()
			case c.Type == html.ElementNode && c.Data != "script":
				walk(c)
			}
		}
	}
	walk(n)
	end()
	return out
}

// element holds a copy of a text.
func element(text *html.Node) *html.Node {
	n := &html.Node{Type: html.ElementNode}
	n.AppendChild(&html.Node{Type: html.TextNode, Data: text.Data})
	return n
}

var blocks = map[string]bool{
	"p": true, "ul": true, "ol": true, "li": true, "pre": true, "table": true, "tbody": true, "thead": true, "tr": true, "td": true, "th": true,
	"div": true, "dl": true, "dt": true, "dd": true, "blockquote": true, "section": true, "h2": true, "h3": true, "h4": true, "br": true, "figure": true,
}

// TestNavigationIsLeftOut: what is around the main content is not in it.
func TestNavigationIsLeftOut(t *testing.T) {
	t.Parallel()
	for file, noise := range map[string][]string{
		"codemirror/internals.html": {"Manual", "Code"},
		"requests/quickstart.html":  {"Useful Links", "Show Source"},
		"vis/physics.html":          {"Toggle navigation"},
	} {
		p := parsed(t, read(t, "testdata/pages/"+file))
		require.False(t, p.Whole, file)
		for _, s := range noise {
			require.NotRegexp(t, `(?m)^(- )?\[?`+s+`\]?(\(.*)?$`, p.Text, file)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	at, err := url.Parse("https://docs.example/guide/page.html")
	require.NoError(b, err)
	x := page.NewExtractor()
	for _, file := range realPages(b) {
		text := read(b, file)
		b.Run(strings.TrimPrefix(file, "testdata/pages/"), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				_, err := x.Parse(text, at)
				require.NoError(b, err)
			}
		})
	}
}
