package page

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// baseOf is what relative references of a page are resolved by.
func baseOf(doc *html.Node, at *url.URL) *url.URL {
	n := first(doc, func(n *html.Node) bool { return n.Data == "base" && hasAttr(n, "href") })
	if n == nil {
		return at
	}
	if u, err := at.Parse(strings.TrimSpace(attr(n, "href"))); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		return u
	}
	return at
}

func (p *Page) readHead(doc *html.Node, base *url.URL) {
	if n := first(doc, named("html")); n != nil {
		p.Language = clip(attr(n, "lang"), 35)
	}
	for _, n := range all(doc, named("meta")) {
		p.readMeta(n)
	}
	for _, n := range all(doc, named("link")) {
		if p.Canonical == "" && relates(n, "canonical") {
			p.Canonical = absolute(base, attr(n, "href"))
		}
	}
	p.readDates(doc)
}

func (p *Page) readMeta(n *html.Node) {
	name := strings.ToLower(attr(n, "name") + attr(n, "property"))
	content := attr(n, "content")
	switch name {
	case "robots", "tapedeck":
		noIndex, noFollow := directives(content)
		p.NoIndex, p.NoFollow = p.NoIndex || noIndex, p.NoFollow || noFollow
	case "description":
		p.Description = clip(content, maxDescription)
	case "og:description", "twitter:description":
		if p.Description == "" {
			p.Description = clip(content, maxDescription)
		}
	}
	if strings.EqualFold(attr(n, "http-equiv"), "content-language") && p.Language == "" {
		p.Language = clip(content, 35)
	}
}

// RobotsTag reads the values of X-Robots-Tag headers: what they say to all, or to
// this crawler by its product token.
func RobotsTag(values []string, product string) (noIndex, noFollow bool) {
	for _, v := range values {
		agent, rest, ok := strings.Cut(v, ":")
		if ok && !strings.Contains(agent, ",") && !strings.EqualFold(strings.TrimSpace(agent), "unavailable_after") {
			if !strings.EqualFold(strings.TrimSpace(agent), product) {
				continue
			}
			v = rest
		}
		index, follow := directives(v)
		noIndex, noFollow = noIndex || index, noFollow || follow
	}
	return noIndex, noFollow
}

func directives(content string) (noIndex, noFollow bool) {
	for word := range strings.SplitSeq(strings.ToLower(content), ",") {
		switch strings.TrimSpace(word) {
		case "none":
			return true, true
		case "noindex":
			noIndex = true
		case "nofollow":
			noFollow = true
		}
	}
	return noIndex, noFollow
}

func relates(n *html.Node, names ...string) bool {
	return slices.ContainsFunc(strings.Fields(strings.ToLower(attr(n, "rel"))), func(s string) bool { return slices.Contains(names, s) })
}

// absolute resolves a reference, "" when it is none.
func absolute(base *url.URL, ref string) string {
	ref = strings.TrimSpace(ref)
	if strings.ContainsAny(ref, "\n\r\t") {
		ref = strings.NewReplacer("\n", "", "\r", "", "\t", "").Replace(ref)
	}
	if ref == "" {
		return ""
	}
	u, err := base.Parse(ref)
	if err != nil {
		return ""
	}
	return u.String()
}

// readLinks collects where a page leads: links, areas, frames, a refresh, and the
// next and previous page of a series.
func (p *Page) readLinks(doc *html.Node, base *url.URL) {
	seen := map[string]int{}
	for n := range doc.Descendants() {
		ref, ok := reference(n)
		if !ok {
			continue
		}
		to := absolute(base, ref)
		if !strings.HasPrefix(to, "http://") && !strings.HasPrefix(to, "https://") {
			continue
		}
		to, _, _ = strings.Cut(to, "#")
		noFollow := relates(n, "nofollow", "ugc", "sponsored")
		if at, ok := seen[to]; ok {
			p.Links[at].NoFollow = p.Links[at].NoFollow && noFollow
			continue
		}
		seen[to] = len(p.Links)
		p.Links = append(p.Links, Link{URL: to, NoFollow: noFollow})
	}
}

func reference(n *html.Node) (ref string, ok bool) {
	if n.Type != html.ElementNode {
		return "", false
	}
	switch n.Data {
	case "a", "area":
		return attr(n, "href"), hasAttr(n, "href")
	case "frame", "iframe":
		return attr(n, "src"), hasAttr(n, "src")
	case "link":
		return attr(n, "href"), relates(n, "next", "prev")
	case "meta":
		if strings.EqualFold(attr(n, "http-equiv"), "refresh") {
			return refreshTarget(attr(n, "content"))
		}
	}
	return "", false
}

// refreshTarget reads "5; url='x'".
func refreshTarget(content string) (string, bool) {
	at := strings.IndexAny(content, ";,")
	if at < 0 {
		return "", false
	}
	rest := strings.TrimSpace(content[at+1:])
	if len(rest) > 3 && strings.EqualFold(rest[:3], "url") {
		rest = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(rest[3:]), "="))
	}
	return strings.Trim(rest, `'"`), rest != ""
}
