package website

import (
	"time"

	"tapedeck/workers/ingest/website/address"
	"tapedeck/workers/ingest/website/fetch"
)

// Handler is told what happens, by one goroutine, one event after the other. Its
// error ends the crawl and is what Crawl answers.
type Handler func(Event) error

// Event is one of Found, Page, Unchanged, Skipped, Failed, Sitemap and Robots.
// The Found events of a page's links come before the page's own, so that a crash
// in between loses no link.
//
//sumtype:decl
type Event interface{ event() }

// Item is an address that waits to be fetched.
type Item struct {
	URL   string `json:"url"`
	Depth int    `json:"depth,omitzero"`
	// From is the page or sitemap that it was found on, "" for a start.
	From string `json:"from,omitempty"`
	// LastMod is what a sitemap says of it.
	LastMod time.Time `json:"lastMod,omitzero"`
}

// Found is an address that will be fetched.
type Found struct{ Item }

// Page is a page that is new or changed.
type Page struct {
	Item Item
	// URL is the page's own: after redirects, and as it says itself where that is on the site.
	URL         string
	MediaType   string
	Title       string
	Description string
	Language    string
	Published   time.Time
	Modified    time.Time
	// Text is Markdown; "" for a type that is not text, which is in Body.
	Text string
	// Whole says that no main content stood out and Text is of the whole page.
	Whole bool
	// Body is what was fetched of a type that is not text.
	Body []byte
	// Charset of an HTML page or text.
	Charset    string
	Validators fetch.Validators
	// Hash is of title and text, or of the body: SHA-256 in hexadecimal digits.
	Hash string
	// Links are the canonical addresses in scope that it leads to.
	Links []string
	// NearOf is a page of this crawl that is nearly the same, "" for none.
	NearOf string
	// Rendered says that a browser loaded it.
	Rendered  bool
	FetchedAt time.Time
}

// Unchanged is a page that is as it was (304, or the same hash).
type Unchanged struct {
	Item       Item
	URL        string
	Hash       string // as Options.Known told it
	Validators fetch.Validators
	FetchedAt  time.Time
}

// Skipped is an address that was not fetched, or a page that is not kept.
type Skipped struct {
	Item   Item
	Reason Reason
	// Of is the page that it duplicates.
	Of string
}

// Reason says why an address or page was skipped: one of package address, or one of these.
type Reason = address.Reason

// The reasons that are not those of an address alone.
const (
	ByRobots          Reason = "robots"             // robots.txt forbids it
	RobotsUnreachable Reason = "robots_unreachable" // robots.txt cannot be read, so all is forbidden (RFC 9309 2.3.1.4)
	NoIndex           Reason = "noindex"            // the page asks not to be kept
	NoFollow          Reason = "nofollow"           // the page asks not to follow the link
	TooDeep           Reason = "max_depth"
	TooMany           Reason = "max_found"
	Duplicate         Reason = "duplicate" // another address has the same page
)

// Failed is an address that could not be fetched or read.
type Failed struct {
	Item    Item
	Code    fetch.Code
	Status  int // of the answer, zero for none
	Message string
}

// CodePage is the code of HTML that cannot be read, CodeRender that of Options.Render.
const (
	CodePage   fetch.Code = "page"
	CodeRender fetch.Code = "render"
)

// Sitemap is one that was read, or could not be.
type Sitemap struct {
	URL      string
	Pages    int
	Sitemaps int
	Notes    []string
	Err      string
}

// Robots is what a site's robots.txt says.
type Robots struct {
	URL         string
	Delay       time.Duration
	Sitemaps    []string
	Unreachable string // why it cannot be read
}

func (Found) event()     {}
func (Page) event()      {}
func (Unchanged) event() {}
func (Skipped) event()   {}
func (Failed) event()    {}
func (Sitemap) event()   {}
func (Robots) event()    {}
