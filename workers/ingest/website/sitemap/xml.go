package sitemap

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/net/html/charset"
)

// element is what the reader needs to know of an open element.
type element struct {
	name string
	text strings.Builder // of loc and lastmod alone
}

// maxDepth is more than any sitemap nests, extensions included.
const maxDepth = 32

// xmlReader walks the elements. Namespaces are not looked at (many files have a
// wrong one); what tells <loc> from <image:loc> is the parent.
type xmlReader struct {
	file  *File
	open  []*element
	entry Entry
	root  bool
}

func (f *File) readXML(r io.Reader) error {
	dec := xml.NewDecoder(r)
	dec.Strict = false
	dec.CharsetReader = charset.NewReaderLabel
	x := xmlReader{file: f}
	for {
		token, err := dec.RawToken()
		if errors.Is(err, io.EOF) {
			return x.finish()
		}
		if err != nil {
			x.close("url")
			x.close("sitemap")
			return f.broken(err)
		}
		if more, err := x.take(token); err != nil || !more {
			return err
		}
	}
}

func (x *xmlReader) take(token xml.Token) (more bool, err error) {
	switch token := token.(type) {
	case xml.StartElement:
		return true, x.start(strings.ToLower(token.Name.Local))
	case xml.CharData:
		if n := len(x.open); n > 0 && x.open[n-1].text.Len() <= maxLoc {
			x.open[n-1].text.Write(token)
		}
	case xml.EndElement:
		return x.close(strings.ToLower(token.Name.Local)), nil
	}
	return true, nil
}

func (x *xmlReader) start(name string) error {
	if !x.root && name != "urlset" && name != "sitemapindex" {
		return fmt.Errorf("%w: its first element is <%s>", ErrNotSitemap, name)
	}
	x.root = true
	if name == "url" || name == "sitemap" {
		x.close(name) // one that was never closed
		x.entry = Entry{}
	}
	if len(x.open) == maxDepth {
		return x.file.broken(errors.New("elements nested too deeply"))
	}
	x.open = append(x.open, &element{name: name})
	return nil
}

// close ends the innermost element of a name with whatever is open inside it,
// and says whether there is room for more entries.
func (x *xmlReader) close(name string) (more bool) {
	at := len(x.open) - 1
	for at >= 0 && x.open[at].name != name {
		at--
	}
	more = true
	for at >= 0 && len(x.open) > at {
		more = x.end(x.open[len(x.open)-1], x.parent()) && more
		x.open = x.open[:len(x.open)-1]
	}
	return more
}

func (x *xmlReader) parent() string {
	if len(x.open) < 2 {
		return ""
	}
	return x.open[len(x.open)-2].name
}

func (x *xmlReader) end(e *element, parent string) bool {
	switch {
	case e.name == "loc" && (parent == "url" || parent == "sitemap"):
		x.entry.Loc = strings.TrimSpace(e.text.String())
	case e.name == "lastmod":
		x.entry.LastMod = parseTime(strings.TrimSpace(e.text.String()))
	case e.name == "url":
		return x.file.add(&x.file.Pages, x.entry)
	case e.name == "sitemap":
		return x.file.add(&x.file.Sitemaps, x.entry)
	}
	return true
}

func (x *xmlReader) finish() error {
	if !x.root {
		return fmt.Errorf("%w: it has no element", ErrNotSitemap)
	}
	if len(x.open) > 0 {
		x.close(x.open[0].name)
		x.file.note("the file ends before its last element does")
	}
	return nil
}

// parseTime reads the forms of W3C-DTF, and the ones without a zone that many sites write, as UTC.
func parseTime(s string) time.Time {
	for _, layout := range []string{
		time.RFC3339, "2006-01-02", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700",
		"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01", "2006",
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
