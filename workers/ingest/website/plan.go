package website

import (
	"context"
	"errors"
	"net/url"
	"slices"
)

// Plan is what a crawl would do, as far as its starts and sitemaps tell.
type Plan struct {
	Robots   []Robots
	Sitemaps []Sitemap
	// Pages are the first addresses that would be fetched, the starts first.
	Pages []Item
	// Found counts all of them.
	Found   int
	Skipped []Skipped
	Failed  []Failed
}

// maxPlanned bounds each list of a Plan.
const maxPlanned = 200

// DryRun reads robots.txt and the sitemaps and fetches the starts, and answers
// what a crawl with these options would fetch, and what robots.txt forbids of
// what was found so far. The error is the options' or the context's.
func DryRun(ctx context.Context, o Options) (Plan, error) {
	var p Plan
	o.MaxPages = max(1, len(o.Start))
	o.Known = nil
	c, err := newCrawl(o, Frontier{}, func(e Event) error { p.take(e); return nil })
	if err != nil {
		return p, err
	}
	defer c.fetcher.Close()
	if err := c.begin(ctx); err != nil {
		return p, err
	}
	if err := c.run(ctx); err != nil {
		return p, err
	}
	return p, c.foresee(ctx, &p)
}

// foresee judges what waits, as far as its robots.txt was read.
func (c *crawl) foresee(ctx context.Context, p *Plan) error {
	for _, item := range c.queue[:min(len(c.queue), maxPlanned)] {
		u, err := url.Parse(item.URL)
		if err != nil || !slices.ContainsFunc(c.starts, func(s *url.URL) bool { return s.Scheme == u.Scheme && s.Host == u.Host }) {
			continue
		}
		var no *forbidden
		if err := c.allowed(ctx, u); errors.As(err, &no) {
			p.take(Skipped{Item: item, Reason: no.reason})
		} else if err != nil {
			return err
		}
	}
	return nil
}

func (p *Plan) take(e Event) {
	switch e := e.(type) {
	case Found:
		p.Found++
		p.Pages = appendUpTo(p.Pages, e.Item)
	case Skipped:
		p.Skipped = appendUpTo(p.Skipped, e)
	case Failed:
		p.Failed = appendUpTo(p.Failed, e)
	case Sitemap:
		p.Sitemaps = appendUpTo(p.Sitemaps, e)
	case Robots:
		p.Robots = appendUpTo(p.Robots, e)
	case Page, Unchanged:
	}
}

func appendUpTo[T any](list []T, v T) []T {
	if len(list) == maxPlanned {
		return list
	}
	return append(list, v)
}
