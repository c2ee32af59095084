package page

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// cleanTable makes lines of what stands in a table's cells: a cell of Markdown is
// one line. A table without header cells that holds headings or lists is there
// for its layout, and is left to the converter, which takes it apart.
func cleanTable(table *html.Node) {
	layout := first(table, named("h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "hr", "blockquote"))
	if first(table, named("table")) != nil || first(table, named("th")) == nil && layout != nil {
		return
	}
	for _, cell := range all(table, named("td", "th")) {
		flattenCell(cell)
	}
}

// breakElement stands for a line's end in a cell until the converter writes it.
const breakElement = "x-break"

func flattenCell(cell *html.Node) {
	for _, n := range all(cell, named("br")) {
		rename(n, breakElement)
	}
	for _, n := range all(cell, named("code", "tt", "kbd", "samp", "var")) {
		escapePipes(n)
	}
	inner := all(cell, named("p", "div", "pre", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "section", "figure"))
	for _, n := range slices.Backward(inner) {
		if strings.TrimSpace(textOf(n)) == "" {
			unwrap(n)
			continue
		}
		switch n.Data {
		case "pre":
			codeLines(n)
		case "li":
			beginItem(n)
		}
		if comesAfterText(cell, n) {
			n.Parent.InsertBefore(element(breakElement), n)
		}
		if n.NextSibling != nil {
			n.Parent.InsertBefore(element(breakElement), n.NextSibling)
		}
		unwrap(n)
	}
	joinBreaks(cell)
}

// escapePipes keeps a pipe in a span of code from ending the cell (GFM 4.10).
func escapePipes(code *html.Node) {
	if within(code, "pre") || within(code, "code") {
		return
	}
	for d := range code.Descendants() {
		if d.Type == html.TextNode {
			d.Data = pipes.Replace(d.Data)
		}
	}
}

var pipes = strings.NewReplacer("|", `\|`)

// beginItem puts a bullet before an item's text, and takes the break away that one of its blocks left there.
func beginItem(item *html.Node) {
	for _, n := range leafNodes(item) {
		if n.Data == breakElement {
			remove(n)
		}
		if n.Type == html.TextNode && strings.TrimSpace(n.Data) != "" {
			break
		}
	}
	item.InsertBefore(textNode("• "), item.FirstChild)
}

// codeLines makes of a block of code one span of code for each line.
func codeLines(pre *html.Node) {
	lines := strings.Split(strings.Trim(textOf(pre), "\n"), "\n")
	for c := pre.FirstChild; c != nil; c = pre.FirstChild {
		pre.RemoveChild(c)
	}
	for i, line := range lines {
		if i > 0 {
			pre.AppendChild(element(breakElement))
		}
		if strings.TrimSpace(line) != "" {
			pre.AppendChild(element("code", textNode(pipes.Replace(line))))
		}
	}
}

// comesAfterText says whether there is text in a cell before an element.
func comesAfterText(cell, n *html.Node) bool {
	for d := range cell.Descendants() {
		if d == n {
			return false
		}
		if d.Type == html.TextNode && strings.TrimSpace(d.Data) != "" {
			return true
		}
	}
	return false
}

// joinBreaks leaves one break where several follow each other, and none at the end.
func joinBreaks(cell *html.Node) {
	var last *html.Node
	for _, n := range leafNodes(cell) {
		switch {
		case n.Type == html.TextNode && strings.TrimSpace(n.Data) == "":
		case n.Type == html.ElementNode && n.Data == breakElement && last != nil:
			remove(n)
		case n.Type == html.ElementNode && n.Data == breakElement:
			last = n
		default:
			last = nil
		}
	}
	if last != nil {
		remove(last)
	}
}

func leafNodes(n *html.Node) []*html.Node {
	var out []*html.Node
	for d := range n.Descendants() {
		if d.FirstChild == nil {
			out = append(out, d)
		}
	}
	return out
}
