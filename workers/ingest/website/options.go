package website

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"tapedeck/workers/ingest/website/address"
	"tapedeck/workers/ingest/website/fetch"
)

// Options are what a crawl is told.
type Options struct {
	// Start are the pages that it begins at. Required.
	Start []string
	// MaxDepth is how many links a page may be away from a start; what a sitemap
	// names is one away. Negative means the starts alone. Defaults to 10.
	MaxDepth int
	// MaxPages bounds the pages that are fetched, over all runs with one frontier. Defaults to 1000.
	MaxPages int
	// MaxFound bounds the addresses that are remembered; further ones are not
	// looked at. Defaults to 100000.
	MaxFound int
	// Scope says which addresses belong to the crawl.
	Scope address.ScopeConfig
	// Traps bounds what a site makes for ever.
	Traps address.Limits
	// Sitemap says whether sitemaps are read. Defaults to SitemapAuto.
	Sitemap SitemapMode
	// Sitemaps are further ones, by their URL. Defaults to none.
	Sitemaps []string
	// IgnoreRobots goes where robots.txt, noindex and nofollow forbid: for sites of
	// one's own. Defaults to false.
	IgnoreRobots bool
	// MaxCrawlDelay bounds the delay that a robots.txt can ask for. Defaults to 30 s.
	MaxCrawlDelay time.Duration
	// Concurrency is how many pages are worked on at once; Fetch.Pace bounds it for
	// each host. Defaults to 4.
	Concurrency int
	// Fetch says how pages are fetched. Its Policy is required.
	Fetch fetch.Config
	// Render loads a page in a browser and answers its HTML and where it ended. It
	// is called for pages that have scripts and next to no text. Defaults to none.
	Render func(ctx context.Context, url string) (html []byte, final string, err error)
	// RenderAll calls Render for every page. Defaults to false.
	RenderAll bool
	// Known answers what an earlier crawl learnt of a page. It is called by several
	// goroutines at once. Defaults to nothing.
	Known func(url string) (Known, bool)
}

// SitemapMode says whether sitemaps are read.
type SitemapMode string

// The modes of Options.Sitemap.
const (
	SitemapAuto SitemapMode = "auto" // those of robots.txt, else /sitemap.xml
	SitemapNone SitemapMode = "none" // only Options.Sitemaps
	SitemapOnly SitemapMode = "only" // as auto, and no links are followed
)

// Known is what was learnt of a page before.
type Known struct {
	Validators fetch.Validators
	Hash       string   // Page.Hash
	Links      []string // Page.Links: they are followed when the page did not change
}

// WithDefaults fills in what is not set.
func (o Options) WithDefaults() Options {
	for field, value := range map[*int]int{&o.MaxDepth: 10, &o.MaxPages: 1000, &o.MaxFound: 100_000, &o.Concurrency: 4} {
		if *field == 0 {
			*field = value
		}
	}
	if o.MaxCrawlDelay == 0 {
		o.MaxCrawlDelay = 30 * time.Second
	}
	if o.Sitemap == "" {
		o.Sitemap = SitemapAuto
	}
	if o.Known == nil {
		o.Known = func(string) (Known, bool) { return Known{}, false }
	}
	return o
}

// Validate joins all faults of the options.
func (o Options) Validate() error {
	faults := []error{o.Fetch.Validate()}
	if len(o.Start) == 0 {
		faults = append(faults, errors.New("website: give at least one URL to start at"))
	}
	starts, err := o.starts()
	if err == nil {
		_, err = address.NewScope(starts, o.Scope)
	}
	if err != nil {
		faults = append(faults, err)
	}
	switch o.Sitemap {
	case "", SitemapAuto, SitemapNone, SitemapOnly:
	default:
		faults = append(faults, fmt.Errorf("website: sitemap is auto, none or only, not %q", o.Sitemap))
	}
	if o.MaxPages < 0 || o.MaxFound < 0 || o.Concurrency < 0 {
		faults = append(faults, errors.New("website: MaxPages, MaxFound and Concurrency are not negative"))
	}
	return errors.Join(faults...)
}

func (o Options) starts() ([]*url.URL, error) {
	var out []*url.URL
	for _, s := range o.Start {
		u, err := address.Canonical(nil, s)
		if err != nil {
			return nil, fmt.Errorf("website: start: %w", err)
		}
		out = append(out, u)
	}
	return out, nil
}
