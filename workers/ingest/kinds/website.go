package kinds

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/workers"
	"tapedeck/workers/ingest"
	"tapedeck/workers/ingest/website"
	"tapedeck/workers/ingest/website/address"
	"tapedeck/workers/ingest/website/fetch"
)

type websiteInput struct {
	URL      string   `json:"url" title:"Address" doc:"Where the crawl begins." required:"true" minlen:"1" maxlen:"8192"`
	MaxDepth int      `json:"maxDepth" title:"Depth" doc:"How many links a page may be away from the first." min:"0" max:"100"`
	MaxPages int      `json:"maxPages" title:"Pages" doc:"How many pages are fetched at most." min:"1" max:"100000"`
	Include  []string `json:"include,omitempty" title:"Include" doc:"Paths that are visited, * for any text; empty is all."`
	Exclude  []string `json:"exclude,omitempty" title:"Exclude" doc:"Paths that are not visited."`
	Sitemap  string   `json:"sitemap" title:"Sitemap" doc:"auto reads the site's sitemaps and follows links, only follows no links, none reads no sitemap." enum:"auto,only,none"`
	Render   bool     `json:"render,omitzero" title:"Render" doc:"Load every page in the recorder's browser: for sites whose text comes from scripts."`
	Profile  string   `json:"profile,omitempty" title:"Login profile" doc:"Whose login the pages are read with." maxlen:"64"`
	Proxy    proxy    `json:"proxy,omitzero" title:"Proxy" doc:"In the place of the one in the settings."`
	Every    every    `json:"every,omitempty" title:"Again every" doc:"Read what changed again after this time, such as 24h; empty is not." maxlen:"20"`
	Name     string   `json:"name,omitempty" title:"Name" doc:"What the source is called; empty is the address." maxlen:"200"`
	Labels   []string `json:"labels,omitempty" title:"Labels"`
}

// proxy is the way to a site.
type proxy struct {
	Server      string `json:"server,omitempty" title:"Server" doc:"http://, https:// or socks5://host:port" maxlen:"1024"`
	Username    string `json:"username,omitempty" title:"User" maxlen:"256"`
	PasswordRef string `json:"passwordRef,omitempty" title:"Password" doc:"A secret's reference." maxlen:"128"`
}

func (p proxy) check() []job.Fault {
	if p.Server == "" {
		if p != (proxy{}) {
			return []job.Fault{{Path: "proxy.server", Message: "is needed"}}
		}
		return nil
	}
	u, err := url.Parse(p.Server)
	if err != nil || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) || u.Hostname() == "" || u.User != nil {
		return []job.Fault{{Path: "proxy.server", Message: "want http://, https:// or socks5://host:port; the user goes into username and passwordRef"}}
	}
	if p.Username == "" && p.PasswordRef != "" {
		return []job.Fault{{Path: "proxy.username", Message: "is needed with a passwordRef"}}
	}
	return nil
}

// way is the proxy's address with its credentials.
func (p proxy) way(password string) *url.URL {
	u, err := url.Parse(p.Server)
	if err != nil {
		return nil // Check refused it
	}
	if p.Username != "" {
		u.User = url.UserPassword(p.Username, password)
	}
	return u
}

// websiteDefaults are what is asked for unless something else is.
var websiteDefaults = websiteInput{MaxDepth: 10, MaxPages: 1000, Sitemap: string(website.SitemapAuto)}

// Check implements workers.Checker.
func (in websiteInput) Check() []job.Fault {
	u, err := address.Canonical(nil, in.URL)
	if err != nil {
		return []job.Fault{{Path: "url", Message: "must be an http or https address"}}
	}
	if _, err := address.NewScope([]*url.URL{u}, in.scope()); err != nil {
		return []job.Fault{{Path: "include", Message: err.Error()}}
	}
	if in.Profile != "" && !job.ValidName(in.Profile) {
		return []job.Fault{{Path: "profile", Message: "want 1–64 of a–z, 0–9, '.', '_', '-'"}}
	}
	return append(in.Proxy.check(), in.Every.check()...)
}

// scope leaves out what would end the login.
func (in websiteInput) scope() address.ScopeConfig {
	s := address.ScopeConfig{Include: in.Include, Exclude: in.Exclude}
	if in.Profile != "" {
		s.Exclude = slices.Concat(in.Exclude, signOuts)
	}
	return s
}

func (c Config) website() workers.Kind {
	spec := c.spec(knowledge.Website, "Ingest a website", "Keeps the pages of a site as text. robots.txt is obeyed; later runs fetch what changed, and notice what is gone.")
	return workers.Define(spec, websiteDefaults, c.runWebsite)
}

// websiteRun is one attempt.
type websiteRun struct {
	*ingest.Run
	cfg Config
	job *workers.Job
	in  websiteInput
	who *visitor
	ctx context.Context // of the crawl's events

	failed int
}

func (c Config) runWebsite(ctx context.Context, j *workers.Job, in websiteInput) (any, error) {
	start, err := address.Canonical(nil, in.URL)
	if err != nil {
		return nil, workers.Permanent("invalid", err)
	}
	name := in.Name
	if name == "" {
		name = clip(start.String(), 200)
	}
	run, err := c.begin(ctx, j, ingest.Definition{Kind: knowledge.Website, Key: start.String(), Name: name, Labels: in.Labels}, in, in.Every)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	who, err := c.visitor(ctx, j, in)
	if err != nil {
		return failVisit(ctx, run, err)
	}
	defer who.close()
	r := &websiteRun{Run: run, cfg: c, job: j, in: in, who: who, ctx: ctx}
	return r.run(ctx, start.String())
}

// failVisit ends the run of a job that cannot begin, unless another attempt may.
func failVisit(ctx context.Context, r *ingest.Run, err error) (any, error) {
	var e *workers.Error
	if errors.As(err, &e) && e.Permanent {
		return fail(ctx, r, e.Code, e.Err)
	}
	return nil, err
}

// errStopped ends the crawl of a job that was asked to finish early.
var errStopped = errors.New("stopped")

func (r *websiteRun) run(ctx context.Context, start string) (any, error) {
	crawl, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-r.job.StopRequested():
			cancel(errStopped)
		case <-crawl.Done():
		}
	}()
	options := r.cfg.websiteOptions(r.in, start, r.who)
	options.Known = func(at string) (website.Known, bool) { return r.recall(ctx, at) }
	sum, err := website.Crawl(crawl, options, r.frontier(), r.take)
	if errors.Is(context.Cause(crawl), errStopped) && ctx.Err() == nil {
		return r.Finish(ctx, knowledge.Partial, stoppedEarly, "")
	}
	if err != nil {
		return nil, errors.Join(err, r.Flush(ctx))
	}
	switch {
	case isEmpty(r.Run):
		return fail(ctx, r.Run, "nothing_read", errors.New("nothing could be read: "+faultText(r.FirstFault())))
	case sum.Left > 0:
		return r.Finish(ctx, knowledge.Partial, "the limit of "+count(r.in.MaxPages, "page")+" was reached, "+strconv.Itoa(sum.Left)+" more were found", "")
	case r.failed > 0:
		return r.Finish(ctx, knowledge.Partial, count(r.failed, "page")+" could not be fetched, so nobody knows what is gone", "")
	}
	return r.Finish(ctx, knowledge.Complete, "", "")
}

func (c Config) websiteOptions(in websiteInput, start string, who *visitor) website.Options {
	depth := in.MaxDepth
	if depth == 0 {
		depth = -1 // the start alone
	}
	o := website.Options{
		Start: []string{start}, MaxDepth: depth, MaxPages: in.MaxPages, Scope: in.scope(), Sitemap: website.SitemapMode(in.Sitemap),
		Fetch: fetch.Config{Policy: &c.Policy, Proxy: who.proxy, TrustProxy: who.trusted, Contact: c.Contact, Pace: c.Pace, Jar: who.jar},
	}
	if who.browser != nil {
		o.Render, o.RenderAll, o.Concurrency = who.browser.Render, true, pagesAtOnce
	}
	return o
}

// pagesAtOnce is how many pages a browser renders at a time.
const pagesAtOnce = 2

// agent is how a site's owner hears who visits.
func (c Config) agent() string { return fetch.Config{Contact: c.Contact}.WithDefaults().UserAgent() }

// linksTo is the type of the relations that are a page's links: a page that did not change is not read again, and the
// crawl goes on from what it led to.
const linksTo = "links to"

// recall is what an earlier run learnt of a page.
func (r *websiteRun) recall(ctx context.Context, at string) (website.Known, bool) {
	e, ok := r.Known(at)
	if !ok {
		return website.Known{}, false
	}
	d, err := r.cfg.Ingest.Jobs.LoadDocument(ctx, e.DocumentID, 0)
	if err != nil {
		return website.Known{}, false // it is fetched as if it were new
	}
	known := website.Known{Validators: fetch.Validators(e.Validators), Hash: e.Hash}
	if r.who.browser != nil {
		known.Validators = fetch.Validators{} // they are those of the page without what its scripts bring
	}
	for _, rel := range d.Relations {
		if rel.Type == linksTo {
			known.Links = append(known.Links, rel.URL)
		}
	}
	return known, true
}

// frontier is how far earlier attempts came.
func (r *websiteRun) frontier() website.Frontier {
	f := website.Frontier{Texts: map[string]string{}}
	for _, left := range r.Left() {
		f.Waiting = append(f.Waiting, website.Item{URL: left.Key, Depth: left.Depth, From: left.More})
	}
	for key, hash := range r.Dealt() {
		f.Done = append(f.Done, key)
		if hash != "" {
			f.Texts[hash] = key
			f.Pages++
		}
	}
	return f
}

// take keeps what the crawl tells.
func (r *websiteRun) take(e website.Event) error {
	switch e := e.(type) {
	case website.Found:
		_, err := r.Found(r.ctx, knowledge.Found{Key: e.URL, Depth: e.Depth, More: e.From})
		return err
	case website.Page:
		return r.page(e)
	case website.Unchanged:
		if e.Item.URL != e.URL {
			return errors.Join(r.Unchanged(r.ctx, e.URL), r.leads(e.Item.URL, e.URL))
		}
		return r.Unchanged(r.ctx, e.URL)
	case website.Skipped:
		return r.skipped(e)
	case website.Failed:
		return r.failure(e)
	case website.Sitemap:
		if e.Err != "" {
			r.job.Logf(slog.LevelWarn, "sitemap %s: %s", e.URL, e.Err)
		}
	case website.Robots:
		if e.Unreachable != "" {
			r.job.Logf(slog.LevelWarn, "%s cannot be read, so nothing may be fetched: %s", e.URL, e.Unreachable)
		}
	}
	return nil
}

func (r *websiteRun) page(p website.Page) error {
	if r.who.isSignedOut(p.URL) && !r.who.isSignedOut(r.in.URL) {
		return r.failure(website.Failed{Item: p.Item, Code: "signed_out", Message: "it leads to where the login begins: the login is over"})
	}
	if p.Item.URL != p.URL {
		if _, err := r.Found(r.ctx, knowledge.Found{Key: p.URL, Depth: p.Item.Depth, More: p.Item.URL}); err != nil {
			return err
		}
		if err := r.leads(p.Item.URL, p.URL); err != nil {
			return err
		}
	}
	return r.Store(r.ctx, pageDraft(p, r.in.Labels))
}

// leads notes an address that is another name of a page.
func (r *websiteRun) leads(from, to string) error {
	return r.Fault(r.ctx, knowledge.Fault{Key: from, Code: "redirected", Message: "it is " + to, Skipped: true})
}

func (r *websiteRun) skipped(e website.Skipped) error {
	if e.Reason == website.NoFollow || e.Reason == website.TooMany {
		return nil // of the link alone
	}
	f := knowledge.Fault{Key: e.Item.URL, Code: string(e.Reason), Message: skipText(e), Skipped: true}
	if _, err := r.Found(r.ctx, knowledge.Found{Key: f.Key, Depth: e.Item.Depth, More: e.Item.From}); err != nil {
		return err
	}
	return r.Fault(r.ctx, f)
}

func skipText(e website.Skipped) string {
	switch e.Reason {
	case website.ByRobots:
		return "robots.txt forbids it"
	case website.RobotsUnreachable:
		return "robots.txt cannot be read, so it may not be fetched"
	case website.NoIndex:
		return "the page asks not to be kept"
	case website.TooDeep:
		return "it is too many links away"
	case website.Duplicate:
		return "it is the same as " + e.Of
	default:
		return "it is left out: " + string(e.Reason)
	}
}

// failure notes what could not be fetched. A page that its site says is gone is one that is left out.
func (r *websiteRun) failure(e website.Failed) error {
	gone := e.Status == http.StatusNotFound || e.Status == http.StatusGone
	f := knowledge.Fault{Key: e.Item.URL, Code: string(e.Code), Message: e.Message, Skipped: gone}
	if !gone {
		r.failed++
	}
	logFault(r.job, f)
	return r.Fault(r.ctx, f)
}

func pageDraft(p website.Page, labels []string) ingest.Draft {
	d := ingest.Draft{
		Key: p.URL, URL: p.URL, Title: p.Title, Kind: "page", ContentType: p.MediaType, Language: p.Language, Labels: labels,
		Markdown: []byte(p.Text), Hash: p.Hash, Validators: knowledge.Validators(p.Validators), ChangedAt: latest(p.Modified, p.Published),
	}
	if d.Title == "" {
		d.Title = p.URL
	}
	if p.Description != "" {
		d.Metadata = map[string]string{"description": p.Description}
	}
	if p.Whole {
		d.Notes = append(d.Notes, "No main content stood out: the text is of the whole page.")
	}
	if p.NearOf != "" {
		d.Relations = append(d.Relations, knowledge.Relation{Type: "nearly the same as", Key: p.NearOf, URL: p.NearOf})
	}
	for _, link := range p.Links {
		d.Relations = append(d.Relations, knowledge.Relation{Type: linksTo, Key: link, URL: link})
	}
	return d
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
