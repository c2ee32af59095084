package page

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/JohannesKaufmann/html-to-markdown/v2/converter"
	"github.com/JohannesKaufmann/html-to-markdown/v2/marker"
	"golang.org/x/net/html"
)

// Page is what is kept of a page. All texts are valid UTF-8.
type Page struct {
	Title       string
	Description string
	Language    string // as the page says, a BCP 47 tag
	// Canonical is the URL that the page gives itself, absolute, not judged; "" when it gives none.
	Canonical string
	Links     []Link
	NoIndex   bool // the page asks not to be kept
	NoFollow  bool // its links are not to be followed
	Published time.Time
	Modified  time.Time
	// Text is the main content as Markdown, or the whole page's where no main content
	// stands out. Of a page that would take the converter minutes it is plain text.
	Text  string
	Whole bool
}

// Link is one that leads somewhere by http or https.
type Link struct {
	URL      string // absolute, as it was written
	NoFollow bool   // rel has nofollow, ugc or sponsored
}

// Extractor reads pages. It is safe for concurrent use.
type Extractor struct{ conv *converter.Converter }

// NewExtractor makes an Extractor.
func NewExtractor() *Extractor { return &Extractor{conv: newConverter()} }

// Parse reads a page that was found at a URL. It takes any bytes for HTML; the
// error is that of a page that is nested too deeply to be one.
func (x *Extractor) Parse(text string, at *url.URL) (*Page, error) {
	text = strings.NewReplacer(string(marker.MarkerEscaping), "", string(marker.MarkerCodeBlockNewline), "").Replace(text) // the converter's own
	doc, err := html.ParseWithOptions(strings.NewReader(text), html.ParseOptionEnableScripting(false))
	if err != nil {
		return nil, fmt.Errorf("page %s: %w", at, err)
	}
	p := &Page{}
	base := baseOf(doc, at)
	p.readHead(doc, base)
	p.readLinks(doc, base)
	clean(doc, base)
	region, whole := mainRegion(doc, at)
	p.Whole = whole
	if whole {
		removeFrame(region)
	}
	p.Title = clip(title(doc, region), maxTitle)
	if p.Text, err = x.markdown(region); err != nil {
		return nil, fmt.Errorf("page %s: %w", at, err)
	}
	return p, nil
}

// The longest title and description, in bytes; more is cut.
const (
	maxTitle       = 300
	maxDescription = 2000
)

func clip(s string, n int) string {
	s = oneLine(s)
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// title is that of the document without the site's name where the first heading
// says the rest, else the document's, else the heading.
func title(doc, region *html.Node) string {
	whole := oneLine(textOf(first(doc, func(n *html.Node) bool { return n.Data == "title" && !within(n, "svg") })))
	heading := oneLine(textOf(first(region, named("h1"))))
	switch {
	case whole == "":
		return heading
	case heading != "" && strings.HasPrefix(whole, heading):
		return heading
	default:
		return whole
	}
}
