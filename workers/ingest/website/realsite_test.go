package website_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"tapedeck/internal/apptest"
	"tapedeck/workers/ingest/website"
)

// documentation serves a real documentation site with a robots.txt and a sitemap, and tells its pages.
func documentation(t *testing.T) (h *host, pages map[string]string) {
	t.Helper()
	dir := apptest.YUIDocSite(t)
	pages = map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".html") || strings.Contains(path, "/assets/") {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		pages["/"+strings.TrimSuffix(filepath.ToSlash(name), "index.html")] = string(text)
		return err
	}))
	files := http.FileServer(http.Dir(dir))
	served := map[string]any{"*": files.ServeHTTP, "/robots.txt": "User-agent: *\nDisallow: /api/files/\nSitemap: /sitemap.xml\n"}
	h = serve(t, served)
	var list strings.Builder
	for path := range pages {
		fmt.Fprintf(&list, "<url><loc>%s%s</loc></url>", h.url, path)
	}
	served["/robots.txt"] = "User-agent: *\nDisallow: /api/files/\nSitemap: " + h.url + "/sitemap.xml\n"
	served["/sitemap.xml"] = `<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">` + list.String() + "</urlset>"
	return h, pages
}

// Every page of a real site that robots.txt allows is read, and nothing of its main text is missing.
func TestARealSiteIsReadWhole(t *testing.T) {
	t.Parallel()
	h, pages := documentation(t)
	got, _ := crawl(t, h, options(h))
	read := got.pages
	for path, source := range pages {
		p, ok := read[path]
		if strings.HasPrefix(path, "/api/files/") {
			require.False(t, ok, path)
			require.Zero(t, h.hits(path), path)
			continue
		}
		if got.skipped[path] == website.Duplicate {
			continue
		}
		require.True(t, ok, "%s was not read: %s %s", path, got.skipped[path], got.failed[path])
		require.NotEmpty(t, p.Title, path)
		for _, missing := range missingFrom(p.Text, mainTexts(t, source)) {
			t.Errorf("%s lacks %q", path, missing)
		}
		require.NotContains(t, p.Text, "Fork me on", "%s: what stands around the text", path)
	}
	require.Contains(t, read["/syntax/"].Text, "| Name", "tables are tables")
	require.Contains(t, read["/syntax/"].Text, "```", "code is code")
}

// mainTexts are the texts of the paragraphs, headings, list items, cells and code in a page's main part.
func mainTexts(t *testing.T, source string) (texts []string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(source))
	require.NoError(t, err)
	var walk func(n *html.Node, inside bool)
	walk = func(n *html.Node, inside bool) {
		for _, a := range n.Attr {
			inside = inside || a.Key == "class" && slices.Contains(strings.Fields(a.Val), "content") || a.Key == "id" && a.Val == "classdocs"
		}
		if inside && n.Type == html.ElementNode && slices.Contains([]string{"p", "h2", "h3", "h4", "li", "td", "th", "pre", "dt", "dd"}, n.Data) && isLeafBlock(n) {
			if text := letters(textOf(n)); text != "" {
				texts = append(texts, text)
			}
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, inside)
		}
	}
	walk(doc, false)
	return texts
}

// isLeafBlock tells whether a block holds no other.
func isLeafBlock(n *html.Node) bool {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && slices.Contains([]string{"p", "ul", "ol", "table", "pre", "div", "dl"}, d.Data) {
			return false
		}
	}
	return true
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && d.Parent.Data != "script" && d.Parent.Data != "style" {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// letters are the letters and digits of a text: what is written, however it is set.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// target is where a link leads.
var target = regexp.MustCompile(`\]\([^)\s]*(\s"[^"]*")?\)`)

func missingFrom(markdown string, texts []string) (missing []string) {
	have := letters(html.UnescapeString(strings.ReplaceAll(target.ReplaceAllString(markdown, "]"), "<br>", " ")))
	for _, text := range texts {
		if !strings.Contains(have, text) {
			missing = append(missing, text)
		}
	}
	return missing
}
