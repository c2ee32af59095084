package page

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Of what readability left out inside the region, this much is taken out: blocks
// with less text than fragment, in bytes, and those of whose text more than a
// third are links. A block with more of the region's text than a third stays.
const (
	fragment = 80
	most     = 3
)

// trim takes out of a region what stands around its text: shares, comments,
// teasers of other pages. kept is what readability takes for content; without any
// of it in the region nothing is known of its blocks.
func trim(region *html.Node, kept map[*html.Node]bool) {
	total := letters(region)
	small := func(n *html.Node) bool { return letters(n)*most <= total }
	if kept[region] && !isReference(region, kept) {
		for _, n := range all(region, isBlock) {
			size := letters(n)
			around := size < fragment && !isSentence(n) || linkText(n)*3 > size
			if n != region && n.Parent != nil && !kept[n] && size > 0 && small(n) && !heads(n, kept) && around {
				remove(n)
			}
		}
	}
	for _, n := range all(region, isAside) {
		if n != region && n.Parent != nil && letters(n)*2 <= total {
			remove(n)
		}
	}
}

// heads tells a heading of what was kept.
func heads(n *html.Node, kept map[*html.Node]bool) bool {
	if !slices.Contains([]string{"h2", "h3", "h4"}, n.Data) {
		return false
	}
	for next := n.NextSibling; next != nil; next = next.NextSibling {
		if next.Type == html.ElementNode {
			return kept[next]
		}
	}
	return false
}

// isSentence tells a short paragraph from a label.
func isSentence(n *html.Node) bool {
	text := strings.TrimSpace(textOf(n))
	return n.Data == "p" && strings.HasSuffix(text, ".") && strings.Count(text, " ") >= 3
}

// isReference tells a page that is looked things up in from one that is read from
// its beginning to its end: in the former, fragments and lists of links are content.
func isReference(region *html.Node, kept map[*html.Node]bool) bool {
	parts := 0
	for _, n := range all(region, named("h2", "h3", "h4", "pre", "dt", "tr")) {
		if kept[n] {
			parts++
		}
	}
	return parts >= referenceParts
}

const referenceParts = 8

func isBlock(n *html.Node) bool {
	return slices.Contains([]string{
		"div", "section", "ul", "ol", "aside", "header", "footer", "form", "p", "table", "dl", "figure", "nav", "h2", "h3", "h4",
	}, n.Data)
}

// isAside matches what says of itself that it is no part of the text.
func isAside(n *html.Node) bool {
	switch n.Data {
	case "nav", "aside", "form", "footer":
		return true
	}
	if slices.Contains([]string{"navigation", "complementary", "search", "contentinfo"}, attr(n, "role")) {
		return true
	}
	return slices.ContainsFunc(append(classes(n), attr(n, "id")), func(name string) bool { return asideName.MatchString(strings.ToLower(name)) })
}

// asideName are names that the themes of content management systems give to what
// stands around a text.
var asideName = regexp.MustCompile(`^(` + strings.Join([]string{
	`comments?([-_](area|list|form|respond|section|wrapper|reply.*|notes))?`, `commentlist`, `respond`, `disqus.*`,
	`share`, `sharing`, `shar(e|ing)[-_].*`, `sharedaddy`, `sd-(sharing|social|block|title|like).*`, `jp-(post-flair|relatedposts)`,
	`social([-_].*)?`, `.*[-_]social`, `(.*[-_])?related([-_].*)?`, `(.*[-_])?sidebar([-_].*)?`, `widgets?`, `widget[-_].*`, `textwidget`,
	`(.*[-_])?breadcrumbs?([-_].*)?`, `pagination`, `pager`, `(.*[-_])?newsletter([-_].*)?`, `subscribe([-_].*)?`,
	`advert(isement|ising)?`, `ads?`, `promo([-_].*)?`, `sponsor(ed)?`, `cookie([-_].*)?`, `consent`, `(.*[-_])?teaser([-_].*)?`,
	`recommend(ed|ations)?([-_].*)?`, `author[-_]?(box|bio|info)`, `post[-_]?(navigation|nav|meta|tags|footer)`,
	`entry[-_](meta|footer|utility)`, `nav[-_]links`, `tagcloud`, `tags`, `taglist`, `tag-list`, `byline`, `robots-nocontent`,
	`masthead`, `navbar`,
}, "|") + `)$`)
