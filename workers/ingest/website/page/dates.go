package page

import (
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/net/html"
)

// readDates takes what a page says of itself to machines: JSON-LD, meta elements,
// microdata. The first of a kind counts.
func (p *Page) readDates(doc *html.Node) {
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch {
		case n.Data == "meta":
			p.date(attr(n, "name")+attr(n, "property")+attr(n, "itemprop"), attr(n, "content"))
		case n.Data == "time":
			p.date(attr(n, "itemprop"), attr(n, "datetime"))
		case n.Data == "script" && strings.EqualFold(attr(n, "type"), "application/ld+json"):
			p.readLinkedData(textOf(n))
		}
	}
}

func (p *Page) date(name, value string) {
	var to *time.Time
	switch strings.ToLower(name) {
	case "article:published_time", "datepublished", "dcterms.issued", "dcterms.created", "dc.date", "dc.date.issued", "date":
		to = &p.Published
	case "article:modified_time", "datemodified", "og:updated_time", "dcterms.modified", "last-modified", "docusaurus_last_update":
		to = &p.Modified
	default:
		return
	}
	if t, ok := parseDate(value); ok && to.IsZero() {
		*to = t
	}
}

// parseDate reads ISO 8601 as pages write it; a time without zone is UTC.
func parseDate(s string) (time.Time, bool) {
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04",
		"2006-01-02 15:04:05", "2006-01-02", time.RFC1123, time.RFC1123Z, "January 2, 2006",
	} {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil && t.Year() > 1970 {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// maxLinkedData bounds one JSON-LD script, in bytes.
const maxLinkedData = 256 << 10

func (p *Page) readLinkedData(text string) {
	var value any
	if len(text) > maxLinkedData || json.Unmarshal([]byte(text), &value) != nil {
		return
	}
	p.takeLinkedData(value)
}

func (p *Page) takeLinkedData(value any) {
	switch value := value.(type) {
	case []any:
		for _, v := range value {
			p.takeLinkedData(v)
		}
	case map[string]any:
		for _, name := range []string{"datePublished", "dateModified"} {
			if s, ok := value[name].(string); ok {
				p.date(name, s)
			}
		}
		p.takeLinkedData(value["@graph"])
	}
}
