package website

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"net/url"

	"golang.org/x/sync/errgroup"

	"tapedeck/workers/ingest/website/address"
	"tapedeck/workers/ingest/website/fetch"
	"tapedeck/workers/ingest/website/near"
	"tapedeck/workers/ingest/website/page"
)

// Summary counts what a run did.
type Summary struct {
	Found     int
	Pages     int // new or changed
	Unchanged int
	Skipped   int
	Failed    int
	// Left are found addresses that were not fetched because of MaxPages.
	Left int
}

// Crawl runs until nothing is left, MaxPages are fetched, the context ends or the
// handler fails. It goes on from a frontier; the zero one begins anew. What was
// under way when it is stopped stays in the frontier. The error is the options',
// the context's or the handler's; a page that fails is an event.
func Crawl(ctx context.Context, o Options, from Frontier, handle Handler) (Summary, error) {
	c, err := newCrawl(o, from, handle)
	if err != nil {
		return Summary{}, err
	}
	defer c.fetcher.Close()
	if err := c.begin(ctx); err != nil {
		return c.sum, err
	}
	err = c.run(ctx)
	c.sum.Left = len(c.queue)
	return c.sum, err
}

// crawl is what the goroutine that runs it owns. Workers use only what is safe
// for concurrent use: opts, fetcher, extractor, scope, rules.
type crawl struct {
	opts      Options
	starts    []*url.URL
	handle    Handler
	fetcher   *fetch.Fetcher
	extractor *page.Extractor
	scope     *address.Scope
	rules     *rules

	traps    *address.Traps
	seen     seen // found
	kept     seen // told as pages, or dealt with before this run
	queue    []Item
	pages    int // fetched, earlier runs included
	prints   *near.Index
	texts    map[string]string // the first page with a hash
	sitemaps map[string]bool   // that were read
	sum      Summary
}

func newCrawl(o Options, from Frontier, handle Handler) (*crawl, error) {
	o = o.WithDefaults()
	if err := o.Validate(); err != nil {
		return nil, err
	}
	starts, err := o.starts()
	if err != nil {
		return nil, err
	}
	scope, err := address.NewScope(starts, o.Scope)
	if err != nil {
		return nil, err
	}
	fetcher, err := fetch.New(o.Fetch)
	if err != nil {
		return nil, err
	}
	c := &crawl{
		opts: o, starts: starts, handle: handle, fetcher: fetcher, extractor: page.NewExtractor(), scope: scope,
		rules: newRules(fetcher, o.MaxCrawlDelay), traps: address.NewTraps(o.Traps), seen: newSeen(), kept: newSeen(),
		prints: near.NewIndex(), texts: map[string]string{}, sitemaps: map[string]bool{},
	}
	c.goOn(from)
	return c, nil
}

// goOn takes over a frontier; traps count what it has as if it were found again.
func (c *crawl) goOn(from Frontier) {
	c.pages = from.Pages
	for _, s := range from.Sitemaps {
		c.sitemaps[s] = true
	}
	for _, done := range from.Done {
		c.recall(done)
		c.kept.add(done)
	}
	maps.Copy(c.texts, from.Texts)
	for _, item := range from.Waiting {
		if c.recall(item.URL) {
			c.queue = append(c.queue, item)
		}
	}
}

func (c *crawl) recall(at string) (first bool) {
	if first = c.seen.add(at); !first {
		return false
	}
	if u, err := url.Parse(at); err == nil && c.scope.Check(u) == "" {
		c.traps.Check(u)
	}
	return true
}

// begin finds the starts, and what the sitemaps name.
func (c *crawl) begin(ctx context.Context) error {
	for _, u := range c.starts {
		if err := c.find(u, Item{}); err != nil {
			return err
		}
	}
	return c.readSitemaps(ctx)
}

// find decides on an address that was seen for the first time.
func (c *crawl) find(u *url.URL, item Item) error {
	item.URL = u.String()
	if c.seen.has(item.URL) {
		return nil
	}
	if c.seen.len() >= c.opts.MaxFound {
		if !c.seen.add(string(TooMany)) {
			return nil // it is said once
		}
		return c.skip(item, TooMany, "")
	}
	c.seen.add(item.URL)
	if reason := c.judge(u, item); reason != "" {
		return c.skip(item, reason, "")
	}
	c.queue = append(c.queue, item)
	c.sum.Found++
	return c.tell(Found{item})
}

func (c *crawl) judge(u *url.URL, item Item) Reason {
	if reason := c.scope.Check(u); reason != "" {
		return reason
	}
	if item.Depth > max(0, c.opts.MaxDepth) {
		return TooDeep
	}
	if item.From == "" || c.sitemaps[item.From] {
		return "" // somebody wrote it down, so it has an end
	}
	return c.traps.Check(u)
}

func (c *crawl) skip(item Item, reason Reason, of string) error {
	c.sum.Skipped++
	return c.tell(Skipped{Item: item, Reason: reason, Of: of})
}

func (c *crawl) tell(e Event) error {
	if err := c.handle(e); err != nil {
		return fmt.Errorf("website: %w", err)
	}
	return nil
}

// run hands items to workers and takes what they bring, until nothing is left.
func (c *crawl) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	items, outcomes := make(chan Item), make(chan outcome)
	for range c.opts.Concurrency {
		group.Go(func() error { return c.work(ctx, items, outcomes) })
	}
	group.Go(func() error {
		defer close(items)
		return c.coordinate(ctx, items, outcomes)
	})
	return group.Wait()
}

func (c *crawl) work(ctx context.Context, items <-chan Item, outcomes chan<- outcome) error {
	for item := range items {
		o := c.visit(ctx, item)
		select {
		case outcomes <- o:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (c *crawl) coordinate(ctx context.Context, items chan<- Item, outcomes <-chan outcome) error {
	active := 0
	for {
		if err := c.dropKept(); err != nil {
			return err
		}
		var give chan<- Item
		var next Item
		if len(c.queue) > 0 && c.pages+active < c.opts.MaxPages {
			give, next = items, c.queue[0]
		}
		if give == nil && active == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case give <- next:
			c.queue = c.queue[1:]
			active++
		case o := <-outcomes:
			active--
			if ctx.Err() != nil {
				return context.Cause(ctx) // it may have failed for that reason alone
			}
			if err := c.take(o); err != nil {
				return err
			}
		}
	}
}

// take deals with what a worker brings: first the links, then the page.
func (c *crawl) take(o outcome) error {
	for _, l := range o.links {
		if err := c.follow(o.item, l); err != nil {
			return err
		}
	}
	switch e := o.event.(type) {
	case Page:
		return c.takePage(o.at, e)
	case Unchanged:
		c.pages++
		c.sum.Unchanged++
		c.keep(e.URL, e.Hash)
	case Skipped:
		c.sum.Skipped++
	case Failed:
		c.sum.Failed++
	case Found, Sitemap, Robots:
		return errors.New("website: a worker brings pages")
	}
	return c.tell(o.event)
}

func (c *crawl) follow(from Item, l link) error {
	item := Item{URL: l.url.String(), Depth: from.Depth + 1, From: from.URL}
	if !l.noFollow {
		return c.find(l.url, item)
	}
	if c.seen.has(item.URL) || !c.scope.SameSite(l.url) {
		return nil
	}
	return c.skip(item, NoFollow, "") // another page may lead there without
}

// takePage gives a page its address, and drops it when another one has the same.
// A redirect is believed; what a page calls itself is, unless that is the address
// of another page that was found: on some sites it is the same everywhere.
func (c *crawl) takePage(at string, p Page) error {
	if c.kept.has(at) {
		return c.skip(p.Item, Duplicate, at)
	}
	if of, ok := c.texts[p.Hash]; ok {
		return c.skip(p.Item, Duplicate, of)
	}
	if p.URL != at && c.seen.has(p.URL) {
		p.URL = at
	}
	c.keep(p.URL, p.Hash)
	if p.Text != "" {
		look := near.Of(p.Text)
		p.NearOf, _ = c.prints.Find(look)
		c.prints.Add(p.URL, look)
	}
	c.pages++
	c.sum.Pages++
	return c.tell(p)
}

func (c *crawl) keep(url, hash string) {
	c.seen.add(url)
	c.kept.add(url)
	if _, ok := c.texts[hash]; !ok && hash != "" {
		c.texts[hash] = url
	}
}

// dropKept takes from the queue's front what a redirect led to already.
func (c *crawl) dropKept() error {
	for len(c.queue) > 0 && c.kept.has(c.queue[0].URL) {
		item := c.queue[0]
		c.queue = c.queue[1:]
		if err := c.skip(item, Duplicate, item.URL); err != nil {
			return err
		}
	}
	return nil
}

// seen are the addresses that were found, as hashes: 64 bits are enough to tell
// some million apart.
type seen struct {
	seed maphash.Seed
	set  map[uint64]struct{}
}

func newSeen() seen { return seen{maphash.MakeSeed(), map[uint64]struct{}{}} }

func (s seen) has(url string) bool {
	_, ok := s.set[maphash.String(s.seed, url)]
	return ok
}

func (s seen) add(url string) (first bool) {
	if s.has(url) {
		return false
	}
	s.set[maphash.String(s.seed, url)] = struct{}{}
	return true
}

func (s seen) len() int { return len(s.set) }
