package website

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"path"
	"strings"
	"time"

	"tapedeck/workers/ingest/website/address"
	"tapedeck/workers/ingest/website/fetch"
	"tapedeck/workers/ingest/website/page"
)

// outcome is what a worker brings of an item.
type outcome struct {
	item  Item
	event Event
	links []link
	at    string // where a page is, after redirects and before its own claim
}

type link struct {
	url      *url.URL
	noFollow bool
}

// visit fetches an item and reads it. It changes nothing of the crawl.
func (c *crawl) visit(ctx context.Context, item Item) outcome {
	u, err := url.Parse(item.URL)
	if err != nil {
		return c.failed(item, &fetch.Failure{Code: fetch.CodeProtocol, URL: item.URL, Message: err.Error()})
	}
	if err := c.allowed(ctx, u); err != nil {
		return c.failed(item, err)
	}
	known, isKnown := c.opts.Known(item.URL)
	resp, err := c.fetcher.Get(ctx, fetch.Request{URL: u, Known: known.Validators, Allow: func(to *url.URL) error { return c.allowedTo(ctx, to) }})
	if err != nil {
		return c.failed(item, err)
	}
	v := &visit{crawl: c, item: item, known: known, isKnown: isKnown, resp: resp, at: resp.URL}
	if canonical, err := address.Canonical(nil, resp.URL.String()); err == nil {
		v.at = canonical
	}
	return v.read(ctx)
}

// forbidden is the error for a page that robots.txt or the scope keeps away.
type forbidden struct{ reason Reason }

func (f *forbidden) Error() string { return "not visited: " + string(f.reason) }

// allowed asks robots.txt.
func (c *crawl) allowed(ctx context.Context, u *url.URL) error {
	if c.opts.IgnoreRobots {
		return nil
	}
	found, told, err := c.rules.of(ctx, u)
	switch {
	case err != nil:
		return err
	case told.Unreachable != "":
		return &forbidden{RobotsUnreachable}
	case !found.Allows(u.RequestURI()):
		return &forbidden{ByRobots}
	}
	return nil
}

// allowedTo judges a redirect's target as a link would be.
func (c *crawl) allowedTo(ctx context.Context, to *url.URL) error {
	canonical, err := address.Canonical(nil, to.String())
	if err != nil {
		return err
	}
	if reason := c.scope.Check(canonical); reason != "" {
		return &forbidden{reason}
	}
	return c.allowed(ctx, to)
}

// failed tells a page that must not be visited from one that cannot be.
func (c *crawl) failed(item Item, err error) outcome {
	var no *forbidden
	if errors.As(err, &no) {
		return outcome{item: item, event: Skipped{Item: item, Reason: no.reason}}
	}
	event := Failed{Item: item, Code: fetch.CodeProtocol, Message: err.Error()}
	var fault *fetch.Failure
	if errors.As(err, &fault) {
		event.Code, event.Status, event.Message = fault.Code, fault.Status, fault.Message
	}
	return outcome{item: item, event: event}
}

// visit is the work on one answer.
type visit struct {
	*crawl
	item    Item
	known   Known
	isKnown bool
	resp    *fetch.Response
	at      *url.URL // where the page is
}

func (v *visit) read(ctx context.Context) outcome {
	if v.resp.NotModified {
		return v.unchanged()
	}
	p := Page{
		Item: v.item, URL: v.at.String(), MediaType: v.resp.MediaType, Validators: v.resp.Validators, FetchedAt: time.Now().UTC(),
	}
	switch v.resp.MediaType {
	case "text/html", "application/xhtml+xml":
		return v.readHTML(ctx, p)
	case "text/plain", "text/markdown":
		text, charset, err := v.resp.Text()
		if err != nil {
			return v.failed(v.item, err)
		}
		p.Text, p.Charset, p.Title = page.Tidy(text), charset, path.Base(v.at.Path)
	default:
		p.Body, p.Title = v.resp.Body, path.Base(v.at.Path)
	}
	noIndex, _ := page.RobotsTag(v.resp.Header.Values("X-Robots-Tag"), fetch.Product)
	return v.finish(p, noIndex, nil)
}

func (v *visit) readHTML(ctx context.Context, p Page) outcome {
	text, charset, err := v.resp.Text()
	if err != nil {
		return v.failed(v.item, err)
	}
	read, err := v.extractor.Parse(text, v.resp.URL)
	if err != nil {
		return v.failed(v.item, &fetch.Failure{Code: CodePage, URL: p.URL, Message: err.Error()})
	}
	if v.opts.Render != nil && (v.opts.RenderAll || empty(read, text)) {
		if read, err = v.render(ctx, &p); err != nil {
			return v.failed(v.item, err)
		}
	}
	p.Charset, p.Title, p.Description, p.Language = charset, read.Title, read.Description, read.Language
	p.Published, p.Modified, p.Text, p.Whole = read.Published, read.Modified, read.Text, read.Whole
	if own := address.Declared(v.at, read.Canonical); v.scope.Check(own) == "" {
		p.URL = own.String()
	}
	noIndex, noFollow := page.RobotsTag(v.resp.Header.Values("X-Robots-Tag"), fetch.Product)
	return v.finish(p, noIndex || read.NoIndex, v.links(read, noFollow || read.NoFollow))
}

// thinText is how little text a page has that scripts will fill, in bytes.
const thinText = 200

func empty(p *page.Page, html string) bool {
	return len(p.Text) < thinText && strings.Contains(strings.ToLower(html), "<script")
}

// render loads the page in a browser, and judges where that ended.
func (v *visit) render(ctx context.Context, p *Page) (*page.Page, error) {
	html, final, err := v.opts.Render(ctx, v.at.String())
	if err != nil {
		return nil, &fetch.Failure{Code: CodeRender, URL: p.URL, Message: err.Error(), Err: err}
	}
	at, err := address.Canonical(v.at, final)
	if err != nil {
		return nil, &fetch.Failure{Code: CodeRender, URL: p.URL, Message: err.Error(), Err: err}
	}
	if at.String() != v.at.String() {
		if err := v.allowedTo(ctx, at); err != nil {
			return nil, err
		}
	}
	read, err := v.extractor.Parse(strings.ToValidUTF8(string(html), "\ufffd"), at)
	if err != nil {
		return nil, &fetch.Failure{Code: CodePage, URL: p.URL, Message: err.Error()}
	}
	v.at, p.URL, p.Rendered = at, at.String(), true
	return read, nil
}

// links are a page's in their canonical form; what is no address of a page is left out.
func (v *visit) links(p *page.Page, noFollow bool) []link {
	if v.opts.Sitemap == SitemapOnly {
		return nil
	}
	var out []link
	for _, l := range p.Links {
		if u, err := address.Canonical(nil, l.URL); err == nil {
			out = append(out, link{u, (noFollow || l.NoFollow) && !v.opts.IgnoreRobots})
		}
	}
	return out
}

func (v *visit) finish(p Page, noIndex bool, links []link) outcome {
	for _, l := range links {
		if !l.noFollow && v.scope.Check(l.url) == "" {
			p.Links = append(p.Links, l.url.String())
		}
	}
	p.Hash = hashOf(p)
	if !v.isKnown && p.URL != v.item.URL {
		v.known, v.isKnown = v.opts.Known(p.URL)
	}
	o := outcome{item: v.item, event: p, links: links, at: v.at.String()}
	switch {
	case noIndex && !v.opts.IgnoreRobots:
		o.event = Skipped{Item: v.item, Reason: NoIndex}
	case v.isKnown && v.known.Hash == p.Hash:
		o.event = Unchanged{Item: v.item, URL: p.URL, Hash: p.Hash, Validators: p.Validators, FetchedAt: p.FetchedAt}
	}
	return o
}

func hashOf(p Page) string {
	h := sha256.New()
	_, _ = h.Write([]byte(p.Title + "\x00" + p.Text + "\x00"))
	_, _ = h.Write(p.Body)
	return hex.EncodeToString(h.Sum(nil))
}

// unchanged follows the links that the page had when it was read.
func (v *visit) unchanged() outcome {
	o := outcome{item: v.item, at: v.at.String(), event: Unchanged{
		Item: v.item, URL: v.at.String(), Hash: v.known.Hash, Validators: v.resp.Validators, FetchedAt: time.Now().UTC(),
	}}
	if v.opts.Sitemap == SitemapOnly {
		return o
	}
	for _, s := range v.known.Links {
		if u, err := address.Canonical(nil, s); err == nil {
			o.links = append(o.links, link{url: u})
		}
	}
	return o
}
