package website_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tapedeck/proxy/egress"
	"tapedeck/workers/ingest/website"
	"tapedeck/workers/ingest/website/fetch"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"))
}

// host is a site whose pages are given by their path; what is not given is 404.
// A page is HTML, or a handler.
type host struct {
	url string
	mu  sync.Mutex
	hit map[string]int
}

func serve(t testing.TB, pages map[string]any) *host {
	t.Helper()
	h := &host{hit: map[string]int{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		h.hit[r.URL.RequestURI()]++
		h.mu.Unlock()
		answer, ok := pages[r.URL.RequestURI()]
		if !ok {
			answer, ok = pages[r.URL.Path]
		}
		if !ok {
			answer = pages["*"]
		}
		switch answer := answer.(type) {
		case string:
			write(w, answer)
		case func(http.ResponseWriter, *http.Request):
			answer(w, r)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

func write(w http.ResponseWriter, body string) {
	switch {
	case strings.HasPrefix(body, "<?xml"):
		w.Header().Set("Content-Type", "application/xml")
	case strings.HasPrefix(body, "User-agent"):
		w.Header().Set("Content-Type", "text/plain")
	default:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
	}
	_, _ = io.WriteString(w, body)
}

func (h *host) hits(path string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hit[path]
}

// links is a page of its own text that leads to others.
func links(to ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<title>Page</title><main><p>This page leads to %d others: %s.</p>", len(to), strings.Join(to, " and "))
	for _, s := range to {
		fmt.Fprintf(&b, "<a href=%q>%s</a> ", s, s)
	}
	return b.String()
}

func text(s string) string { return "<title>" + s + "</title><main><p>" + s + "</p></main>" }

func options(h *host) website.Options {
	return website.Options{
		Start: []string{h.url + "/"},
		Fetch: fetch.Config{Policy: &egress.Policy{AllowLoopback: true}, Backoff: time.Millisecond, Timeout: 10 * time.Second},
	}
}

// tape keeps a crawl's events, by the path of their address.
type tape struct {
	root      string
	frontier  website.Frontier
	order     []string // of pages
	pages     map[string]website.Page
	unchanged map[string]website.Unchanged
	skipped   map[string]website.Reason
	failed    map[string]fetch.Code
	of        map[string]string
	sitemaps  []website.Sitemap
	robots    []website.Robots
	stopAfter int // events, zero for never
	events    int
}

var errStop = fmt.Errorf("stop here")

func newTape(h *host) *tape {
	return &tape{
		root: h.url, pages: map[string]website.Page{}, unchanged: map[string]website.Unchanged{},
		skipped: map[string]website.Reason{}, failed: map[string]fetch.Code{}, of: map[string]string{},
	}
}

func (p *tape) path(url string) string { return strings.TrimPrefix(url, p.root) }

func (p *tape) handle(e website.Event) error {
	if p.events++; p.stopAfter > 0 && p.events > p.stopAfter {
		return errStop
	}
	p.frontier.Apply(e)
	switch e := e.(type) {
	case website.Page:
		p.pages[p.path(e.URL)] = e
		p.order = append(p.order, p.path(e.URL))
	case website.Unchanged:
		p.unchanged[p.path(e.URL)] = e
	case website.Skipped:
		p.skipped[p.path(e.Item.URL)] = e.Reason
		p.of[p.path(e.Item.URL)] = p.path(e.Of)
	case website.Failed:
		p.failed[p.path(e.Item.URL)] = e.Code
	case website.Sitemap:
		p.sitemaps = append(p.sitemaps, e)
	case website.Robots:
		p.robots = append(p.robots, e)
	case website.Found:
	}
	return nil
}

func (p *tape) paths() []string {
	var out []string
	for path := range p.pages {
		out = append(out, path)
	}
	return out
}

func crawl(t testing.TB, h *host, o website.Options) (*tape, website.Summary) {
	t.Helper()
	p := newTape(h)
	sum, err := website.Crawl(context.Background(), o, website.Frontier{}, p.handle)
	require.NoError(t, err)
	require.Len(t, p.order, sum.Pages)
	return p, sum
}
