package page

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// What the converter takes in a second or two. Beyond it, its time grows with the
// square (signs that Markdown escapes) or with the depth (lists in lists), which
// only a hostile page comes near.
const (
	maxSigns = 30_000
	maxNests = 40
	maxSpan  = 100 // cells that one cell covers
)

// costly says whether a tree is one that the converter would take too long for.
func costly(region *html.Node) bool {
	signs := 0
	for n := range region.Descendants() {
		switch {
		case n.Type == html.TextNode && !within(n, "pre", "code"):
			signs += strings.Count(n.Data, "*") + strings.Count(n.Data, "_") + strings.Count(n.Data, "[") + strings.Count(n.Data, "`")
		case n.Data == "li" || n.Data == "blockquote":
			if nests(n) > maxNests {
				return true
			}
		}
		if signs > maxSigns {
			return true
		}
	}
	return false
}

func nests(n *html.Node) int {
	count := 0
	for p := range n.Ancestors() {
		if p.Data == "li" || p.Data == "blockquote" {
			count++
		}
	}
	return count
}

// boundSpan takes away spans by which a few bytes make a table of any size.
func boundSpan(cell *html.Node) {
	cols, errCols := strconv.Atoi(attr(cell, "colspan"))
	rows, errRows := strconv.Atoi(attr(cell, "rowspan"))
	cols, rows = max(1, cols), max(1, rows)
	if errCols != nil && hasAttr(cell, "colspan") || errRows != nil && hasAttr(cell, "rowspan") || cols > maxSpan || rows > maxSpan || cols*rows > maxSpan {
		removeAttr(cell, "colspan")
		removeAttr(cell, "rowspan")
	}
}

// plainBlocks end a paragraph of plain text.
var plainBlocks = []string{
	"p", "div", "section", "article", "main", "ul", "ol", "li", "dl", "dt", "dd", "table", "tr", "td", "th", "pre", "blockquote", "br", "hr",
	"h1", "h2", "h3", "h4", "h5", "h6", "header", "footer", "nav", "aside", "form", "figure", "details", "summary",
}

// plainText is a region's text without marks, a paragraph for each block.
func plainText(region *html.Node) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
			return
		}
		block := n.Type == html.ElementNode && slices.Contains(plainBlocks, n.Data)
		if block {
			b.WriteString("\n\n")
		}
		for c := range n.ChildNodes() {
			walk(c)
		}
		if block {
			b.WriteString("\n\n")
		}
	}
	walk(region)
	return b.String()
}
