package page

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// clean makes a tree ready for conversion: without scripts and what is not read,
// with absolute links of harmless schemes, with code, tasks and admonitions in
// the form that the converter knows.
func clean(doc *html.Node, base *url.URL) {
	for _, n := range all(doc, isNoise) {
		remove(n)
	}
	for _, n := range all(doc, named("a", "img", "pre", "input", "table", "td", "th")) {
		switch n.Data {
		case "td", "th":
			boundSpan(n)
		case "a":
			cleanLink(n, base)
		case "img":
			cleanImage(n, base)
		case "pre":
			cleanCode(n)
		case "input":
			cleanInput(n)
		case "table":
			unwrapCodeTable(n)
		}
	}
	for _, n := range all(doc, named("table")) {
		cleanTable(n)
	}
	admonitions := all(doc, isAdmonition)
	for _, n := range slices.Backward(admonitions) { // inner ones first
		quoteAdmonition(n)
	}
}

// isNoise matches what is never text of a page. What is merely hidden stays:
// tabs and folded parts are hidden until somebody opens them.
func isNoise(n *html.Node) bool {
	switch n.Data {
	case "script", "style", "template", "svg", "noscript", "iframe", "object", "embed", "canvas", "audio", "video":
		return true
	case "a":
		return hasClass(n, "headerlink", "anchorjs-link", "hash-link", "header-anchor") && letters(n) <= 4
	case "button":
		return within(n, "pre") || slices.ContainsFunc(classes(n), func(c string) bool { return strings.Contains(c, "copy") || strings.Contains(c, "clip") })
	case "td":
		return hasClass(n, "linenos", "gutter", "line-numbers", "blob-num")
	case "span":
		return hasClass(n, "lineno", "linenos", "line-number")
	}
	return false
}

// cleanLink keeps a link's text where its address may not stand in a document.
func cleanLink(n *html.Node, base *url.URL) {
	to := absolute(base, attr(n, "href"))
	if !harmless(to) || letters(n) == 0 && first(n, named("img")) == nil {
		unwrap(n)
		return
	}
	n.Attr = []html.Attribute{{Key: "href", Val: to}}
}

func harmless(address string) bool {
	scheme, _, _ := strings.Cut(strings.ToLower(address), ":")
	return slices.Contains([]string{"http", "https", "mailto"}, scheme)
}

func cleanImage(n *html.Node, base *url.URL) {
	src := attr(n, "src")
	for _, lazy := range []string{"data-src", "data-original", "data-lazy-src"} {
		if v := attr(n, lazy); v != "" && (src == "" || strings.HasPrefix(src, "data:")) {
			src = v
		}
	}
	to := absolute(base, src)
	if strings.HasPrefix(to, "http://") || strings.HasPrefix(to, "https://") {
		n.Attr = []html.Attribute{{Key: "src", Val: to}, {Key: "alt", Val: oneLine(attr(n, "alt"))}}
		return
	}
	if alt := oneLine(attr(n, "alt")); alt != "" && n.Parent != nil {
		n.Parent.InsertBefore(textNode(alt), n)
	}
	remove(n)
}

// cleanInput makes a task of a checkbox that begins a list's item.
func cleanInput(n *html.Node) {
	if !strings.EqualFold(attr(n, "type"), "checkbox") || !within(n, "li") {
		remove(n)
		return
	}
	rename(n, taskElement)
}

// taskElement stands for a task's box until the converter writes it.
const taskElement = "x-task"

// cleanCode writes a block's language where the converter looks for it.
func cleanCode(n *html.Node) {
	language := languageOf(n)
	for _, c := range all(n, named("code")) {
		removeAttr(c, "class")
	}
	removeAttr(n, "class")
	if language != "" {
		setAttr(n, "class", "language-"+language)
	}
}

func languageOf(pre *html.Node) string {
	places := []*html.Node{pre}
	if c := first(pre, named("code")); c != nil {
		places = append(places, c)
	}
	for p, i := pre.Parent, 0; p != nil && i < 3; p, i = p.Parent, i+1 {
		places = append(places, p)
	}
	for _, n := range places {
		for _, said := range []string{attr(n, "data-lang"), attr(n, "data-language")} {
			if isLanguage(said) {
				return strings.ToLower(said)
			}
		}
		if language := classLanguage(classes(n)); language != "" {
			return language
		}
	}
	return ""
}

// classLanguage knows the habits of highlighters: language-x (HTML's own
// suggestion), lang-x, highlight-x (Sphinx), highlight-source-x (GitHub),
// "hljs x", "sourceCode x", "brush: x".
func classLanguage(list []string) string {
	for i, c := range list {
		lower := strings.ToLower(c)
		for _, prefix := range []string{"language-", "lang-", "highlight-source-", "highlight-text-", "highlight-"} {
			if rest, ok := strings.CutPrefix(lower, prefix); ok && isLanguage(rest) {
				return rest
			}
		}
		if next := i + 1; next < len(list) && slices.Contains([]string{"hljs", "sourcecode", "brush:", "prettyprint"}, lower) && isLanguage(list[next]) {
			return strings.ToLower(list[next])
		}
	}
	return ""
}

func isLanguage(s string) bool {
	return s != "" && len(s) <= 24 && !slices.Contains([]string{"none", "default", "plaintext", "text", "notranslate", "wrapper", "linenums"}, strings.ToLower(s)) &&
		strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789+#-_.") == ""
}

// unwrapCodeTable takes the code out of a table that was made for its line numbers.
func unwrapCodeTable(n *html.Node) {
	pres := all(n, named("pre"))
	if !hasClass(n, "highlighttable", "rouge-table", "hljs-ln", "lntable") || len(pres) != 1 || n.Parent == nil || within(n, "pre") {
		return
	}
	pre := pres[0]
	remove(pre)
	n.Parent.InsertBefore(pre, n)
	remove(n)
}
