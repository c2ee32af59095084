package website

import (
	"bytes"
	"context"
	"net/url"

	"tapedeck/workers/ingest/website/address"
	"tapedeck/workers/ingest/website/fetch"
	"tapedeck/workers/ingest/website/sitemap"
)

// Of the sitemaps of a crawl.
const (
	maxSitemaps     = 500
	maxSitemapDepth = 3 // the protocol knows indexes of sitemaps, not of indexes; some sites do
)

// readSitemaps reads those that the options name, those of each start's
// robots.txt, and /sitemap.xml of an origin whose robots.txt names none.
func (c *crawl) readSitemaps(ctx context.Context) error {
	for _, s := range c.opts.Sitemaps {
		if err := c.readSitemap(ctx, s, nil, 1); err != nil {
			return err
		}
	}
	origins := map[string]bool{}
	for _, start := range c.starts {
		if origin := start.Scheme + "://" + start.Host; !origins[origin] {
			origins[origin] = true
			if err := c.readOrigin(ctx, start); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *crawl) readOrigin(ctx context.Context, start *url.URL) error {
	var named []string
	if !c.opts.IgnoreRobots {
		_, told, err := c.rules.of(ctx, start)
		if err != nil {
			return err
		}
		if err := c.tell(told); err != nil {
			return err
		}
		named = told.Sitemaps
	}
	if c.opts.Sitemap == SitemapNone {
		return nil
	}
	if len(named) == 0 {
		named = []string{"/sitemap.xml"}
	}
	for _, s := range named {
		if err := c.readSitemap(ctx, s, start, 1); err != nil {
			return err
		}
	}
	return nil
}

// readSitemap reads one and the ones it names. Each is an event; the error is the
// context's or the handler's.
func (c *crawl) readSitemap(ctx context.Context, ref string, base *url.URL, depth int) error {
	at, err := address.Canonical(base, ref)
	if err != nil {
		return c.tell(Sitemap{URL: ref, Err: err.Error()})
	}
	if c.sitemaps[at.String()] || len(c.sitemaps) >= maxSitemaps {
		return nil
	}
	file, err := c.fetchSitemap(ctx, at)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.sitemaps[at.String()] = true
	event := Sitemap{URL: at.String(), Pages: len(file.Pages), Sitemaps: len(file.Sitemaps), Notes: file.Notes}
	if err != nil {
		event.Err = err.Error()
	}
	if err := c.findEntries(at, file.Pages); err != nil {
		return err
	}
	if depth < maxSitemapDepth {
		for _, e := range file.Sitemaps {
			if err := c.readSitemap(ctx, e.Loc, at, depth+1); err != nil {
				return err
			}
		}
	}
	return c.tell(event)
}

func (c *crawl) fetchSitemap(ctx context.Context, at *url.URL) (sitemap.File, error) {
	if err := c.allowed(ctx, at); err != nil {
		return sitemap.File{}, err
	}
	resp, err := c.fetcher.Get(ctx, fetch.Request{URL: at, Types: []string{"*/*"}, MaxSize: sitemap.MaxSize, Cut: true})
	if err != nil {
		return sitemap.File{}, err
	}
	return sitemap.Parse(bytes.NewReader(resp.Body))
}

func (c *crawl) findEntries(from *url.URL, entries []sitemap.Entry) error {
	for _, e := range entries {
		u, err := address.Canonical(from, e.Loc)
		if err != nil {
			continue
		}
		if err := c.find(u, Item{Depth: 1, From: from.String(), LastMod: e.LastMod}); err != nil {
			return err
		}
	}
	return nil
}
