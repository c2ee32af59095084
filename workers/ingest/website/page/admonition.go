package page

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// kinds are the words by which generators of documentation mark their boxes.
var kinds = []string{"note", "info", "tip", "hint", "important", "warning", "caution", "danger", "error", "attention", "seealso", "todo", "success", "deprecated"}

// isAdmonition knows Sphinx and Material (admonition), Docusaurus
// (theme-admonition), VuePress (custom-block), GitHub (markdown-alert), Bootstrap
// (alert) and Starlight (starlight-aside).
func isAdmonition(n *html.Node) bool {
	return slices.Contains([]string{"div", "aside", "section", "details"}, n.Data) && kindOf(n) != "" &&
		hasClass(n, "admonition", "theme-admonition", "custom-block", "markdown-alert", "alert", "starlight-aside", "admonitionblock")
}

func kindOf(n *html.Node) string {
	for _, c := range classes(n) {
		word := strings.ToLower(c[strings.LastIndexAny(c, "-_")+1:])
		if slices.Contains(kinds, word) {
			return word
		}
	}
	if hasClass(n, "admonition") {
		return "note"
	}
	return ""
}

// quoteAdmonition turns a box into a quote that begins with its label in bold.
func quoteAdmonition(n *html.Node) {
	label := strings.ToUpper(kindOf(n)[:1]) + kindOf(n)[1:]
	if t := first(n, isAdmonitionTitle); t != nil {
		if said := strings.TrimRight(oneLine(textOf(t)), ": "); said != "" {
			label = said
		}
		remove(t)
	}
	rename(n, "blockquote")
	bold := element("strong", textNode(label+":"))
	if p := firstContent(n); p != nil && p.Type == html.ElementNode && p.Data == "p" {
		p.InsertBefore(textNode(" "), p.FirstChild)
		p.InsertBefore(bold, p.FirstChild)
		return
	}
	n.InsertBefore(element("p", bold), n.FirstChild)
}

func isAdmonitionTitle(n *html.Node) bool {
	return n.Data == "summary" || slices.ContainsFunc(classes(n), func(c string) bool {
		lower := strings.ToLower(c)
		return strings.HasSuffix(lower, "admonition-title") || strings.HasPrefix(lower, "admonitionheading") ||
			slices.Contains([]string{"custom-block-title", "markdown-alert-title", "alert-heading", "starlight-aside__title"}, lower)
	})
}

// firstContent goes down to the first paragraph of a box, past what only wraps it.
func firstContent(n *html.Node) *html.Node {
	for c := range n.ChildNodes() {
		if c.Type == html.TextNode && strings.TrimSpace(c.Data) == "" || c.Type == html.CommentNode {
			continue
		}
		if c.Type == html.ElementNode && c.Data == "div" {
			return firstContent(c)
		}
		return c
	}
	return nil
}
