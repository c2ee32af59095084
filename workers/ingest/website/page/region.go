package page

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	readability "codeberg.org/readeck/go-readability/v2"
	"golang.org/x/net/html"
)

// Too little: a main region with less text than this, in bytes, counts only if
// it has at least a third of the page's.
const enoughText = 250

// mainRegion is the element that holds the main content, or the body (whole).
// What a page marks as its main content is believed; elsewhere readability
// judges. What stands around the text inside the region is taken out of it.
func mainRegion(doc *html.Node, at *url.URL) (region *html.Node, whole bool) {
	body := first(doc, named("body"))
	if body == nil {
		body = doc
	}
	total := letters(body)
	enough := func(n *html.Node) bool {
		if n == nil {
			return false
		}
		got := letters(n)
		return got >= enoughText || got*3 >= total
	}
	j := judge(doc, body, at)
	if n := declared(body); enough(n) {
		trim(n, j.kept)
		return n, false
	}
	if n := j.region; enough(n) {
		trim(n, j.kept)
		return n, n == body
	}
	return body, true
}

// declared is the largest main element, else the only article, else nil.
func declared(body *html.Node) *html.Node {
	var best *html.Node
	most := 0
	for _, n := range all(body, func(n *html.Node) bool { return n.Data == "main" || attr(n, "role") == "main" }) {
		if size := letters(n); size > most {
			best, most = n, size
		}
	}
	if best != nil {
		return best
	}
	if articles := all(body, named("article")); len(articles) == 1 {
		return articles[0]
	}
	return nil
}

// mark is the attribute by which elements are known again in what readability
// returns, which is a copy.
const mark = "data-tapedeck"

// judgement is what readability takes for a page's content.
type judgement struct {
	// region is the smallest element that holds all of it, widened while that adds little; nil when nothing was found.
	region *html.Node
	kept   map[*html.Node]bool // what holds some of it
}

func judge(doc, body *html.Node, at *url.URL) judgement {
	nodes := all(body, func(*html.Node) bool { return true })
	for i, n := range nodes {
		setAttr(n, mark, strconv.Itoa(i))
	}
	defer func() {
		for _, n := range nodes {
			removeAttr(n, mark)
		}
	}()
	parser := readability.NewParser()
	parser.DisableJSONLD = true
	article, err := parser.ParseDocument(doc, at)
	if err != nil || article.Node == nil {
		return judgement{}
	}
	region, kept := enclosing(article.Node, nodes)
	if region != nil {
		region = widened(region, body)
	}
	return judgement{region, kept}
}

// widened is the region with what adds little to it: up to the heading that it
// lacks, past a few links, which are taken out when they are nothing else, or as
// far as no links stand in the way.
func widened(region, body *html.Node) *html.Node {
	if titled := upToTitle(region, body); titled != nil {
		for n := region; n != titled; n = n.Parent {
			for _, sibling := range slices.Collect(n.Parent.ChildNodes()) {
				if sibling != n && !hasTitle(sibling) && linkText(sibling)*10 >= letters(sibling)*9 {
					remove(sibling)
				}
			}
		}
		region = titled
	}
	for region != body && region.Parent != nil && worthwhile(region, 0) {
		region = region.Parent
	}
	return region
}

// upToTitle is the first element above the region that has the page's heading;
// nil when the region has it, or when it cannot be reached.
func upToTitle(region, body *html.Node) *html.Node {
	if hasTitle(region) {
		return nil
	}
	few := letters(region) / 20
	for n := region; n != body && n.Parent != nil && worthwhile(n, few); {
		if n = n.Parent; n != body && hasTitle(n) {
			return n
		}
	}
	return nil
}

func hasTitle(n *html.Node) bool {
	return first(n, func(n *html.Node) bool { return n.Data == "h1" && letters(n) > 0 }) != nil
}

// worthwhile says whether the parent is the better region: there is no navigation
// in it beside the region, of a few letters at most, and most of its text is the
// region's.
func worthwhile(region *html.Node, few int) bool {
	inner, outer := letters(region), 0
	for sibling := range region.Parent.ChildNodes() {
		if sibling == region {
			continue
		}
		size := letters(sibling)
		if size == 0 && few == 0 && (sibling.Data == "a" || first(sibling, named("a")) != nil) {
			return false // pictures that lead elsewhere
		}
		if size > few && (isFrame(sibling) || first(sibling, isFrame) != nil || linkText(sibling)*2 > size) {
			return false
		}
		outer += size
	}
	return outer < inner
}

func linkText(n *html.Node) int {
	sum := 0
	for _, a := range all(n, named("a")) {
		sum += letters(a)
	}
	return sum
}

// enclosing is the lowest element above all marked ones of a copy that have text,
// and all that have some of it.
func enclosing(copied *html.Node, nodes []*html.Node) (common *html.Node, kept map[*html.Node]bool) {
	kept = map[*html.Node]bool{}
	for n := range copied.Descendants() {
		if n.Type != html.TextNode || strings.TrimSpace(n.Data) == "" {
			continue
		}
		for p := n.Parent; p != nil; p = p.Parent {
			if i, err := strconv.Atoi(attr(p, mark)); err == nil && i >= 0 && i < len(nodes) {
				common = lowest(common, nodes[i])
				for q := nodes[i]; q != nil && !kept[q]; q = q.Parent {
					kept[q] = true
				}
				break
			}
		}
	}
	return common, kept
}

func lowest(a, b *html.Node) *html.Node {
	if a == nil {
		return b
	}
	above := map[*html.Node]bool{a: true}
	for p := range a.Ancestors() {
		above[p] = true
	}
	for ; b != nil; b = b.Parent {
		if above[b] {
			return b
		}
	}
	return a
}

// isFrame says whether an element is of the frame around a page's content.
func isFrame(n *html.Node) bool {
	if n.Type != html.ElementNode {
		return false
	}
	role := attr(n, "role")
	switch {
	case n.Data == "nav", role == "navigation", role == "search", role == "banner", role == "contentinfo":
		return true
	case n.Data == "header", n.Data == "footer":
		return !within(n, "main", "article", "section")
	}
	return false
}

// removeFrame leaves of a page without main content what is no navigation. If
// that is nothing, the page keeps all it has.
func removeFrame(body *html.Node) {
	frames := all(body, isFrame)
	total, framed := letters(body), 0
	for _, n := range frames {
		framed += letters(n)
	}
	if framed >= total {
		return
	}
	for _, n := range frames {
		remove(n)
	}
}
