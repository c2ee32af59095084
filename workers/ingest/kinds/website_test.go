package kinds_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/proxy/egress"
	"tapedeck/workers/ingest/kinds"
)

// site is a website with a worker that ingests it. Pages are given by their path; a page's tag changes with it.
type site struct {
	*bundle
	url string

	mu    sync.Mutex
	pages map[string]string
	hits  map[string]int
	hold  map[string]chan struct{} // pages that are answered when theirs is closed
	fail  map[string]int           // how often a page is still answered with 503
}

func publish(t *testing.T, pages map[string]string, adjust ...func(*kinds.Config)) *site {
	t.Helper()
	s := &site{bundle: setup(t, adjust...), pages: pages, hits: map[string]int{}, hold: map[string]chan struct{}{}, fail: map[string]int{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.hits[r.URL.Path]++
	page, ok := s.pages[r.URL.Path]
	hold := s.hold[r.URL.Path]
	fails := s.fail[r.URL.Path] > 0
	s.fail[r.URL.Path]--
	s.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	}
	tag := fmt.Sprintf(`"%x"`, page)
	switch {
	case fails:
		w.WriteHeader(http.StatusServiceUnavailable)
	case !ok:
		http.NotFound(w, r)
	case strings.HasPrefix(page, "to:"):
		http.Redirect(w, r, strings.TrimPrefix(page, "to:"), http.StatusMovedPermanently)
	case r.URL.Path == "/robots.txt":
		_, _ = w.Write([]byte(page))
	case r.Header.Get("If-None-Match") == tag:
		w.WriteHeader(http.StatusNotModified)
	default:
		w.Header().Set("ETag", tag)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(page))
	}
}

func (s *site) set(path, page string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if page == "" {
		delete(s.pages, path)
		return
	}
	s.pages[path] = page
}

func (s *site) asked(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits[path]
}

func (s *site) input() map[string]any { return map[string]any{"url": s.url + "/"} }

func (s *site) known() *knowledge.Source {
	s.Helper()
	return s.source(knowledge.Website, s.url+"/")
}

func article(title, text string, links ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<!doctype html><title>%s</title><main><h1>%s</h1><p>%s</p><ul>", title, title, text)
	for _, l := range links {
		fmt.Fprintf(&b, `<li><a href="%s">%s</a>`, l, l)
	}
	return b.String() + "</ul></main>"
}

func TestWebsiteIsKeptAndOnlyChangesAreRead(t *testing.T) {
	t.Parallel()
	s := publish(t, map[string]string{
		"/":           article("Home", "Welcome to the shop.", "/cart", "/old", "/secret", "/gone"),
		"/cart":       article("Cart", "The cart must keep its items for a week.", "/deep"),
		"/deep":       article("Deep", "Far away from everything else."),
		"/old":        "to:/moved",
		"/moved":      article("Moved", "It was somewhere else before."),
		"/secret":     article("Secret", "Nobody should crawl this."),
		"/robots.txt": "User-agent: *\nDisallow: /secret\n",
	})
	s.succeed("ingest.website", s.input())
	src := s.known()
	require.Equal(t, knowledge.Complete, src.Run.Outcome, src.Run.Reason)
	require.Len(t, src.Entries, 4)
	require.Zero(t, s.asked("/secret"))
	d := s.document(src, s.url+"/cart")
	require.Equal(t, "Cart", d.Title)
	require.Equal(t, 1, d.Requirements)
	require.Contains(t, s.text(d), "The cart must keep its items for a week.")
	require.Equal(t, "Moved", s.document(src, s.url+"/moved").Title)
	require.True(t, slices.ContainsFunc(src.Faults, func(f knowledge.Fault) bool {
		return f.Key == s.url+"/secret" && f.Code == "robots" && f.Skipped
	}), "%+v", src.Faults)

	s.set("/cart", article("Cart", "The cart must keep its items for a month.", "/deep"))
	s.set("/moved", "")
	s.succeed("ingest.website", s.input())
	src = s.known()
	require.Equal(t, knowledge.Complete, src.Run.Outcome, src.Run.Reason)
	require.Equal(t, int64(1), src.Run.Counts.Stored)
	require.Equal(t, int64(2), src.Run.Counts.Unchanged)
	require.Equal(t, int64(1), src.Run.Counts.Removed)
	require.Contains(t, s.text(s.document(src, s.url+"/cart")), "a month")
	require.True(t, s.document(src, s.url+"/moved").Removed)

	s.set("/moved", article("Moved", "It was somewhere else before."))
	s.succeed("ingest.website", s.input())
	require.False(t, s.document(s.known(), s.url+"/moved").Removed)
}

func TestWebsiteWithAFailureRemovesNothing(t *testing.T) {
	t.Parallel()
	s := publish(t, map[string]string{"/": article("Home", "Welcome.", "/a", "/b"), "/a": article("A", "First page."), "/b": article("B", "Second page.")})
	s.succeed("ingest.website", s.input())
	s.set("/", article("Home", "Welcome again.", "/a"))
	s.mu.Lock()
	s.fail["/a"] = 1000
	s.mu.Unlock()
	s.succeed("ingest.website", s.input())
	src := s.known()
	require.Equal(t, knowledge.Partial, src.Run.Outcome)
	require.Contains(t, src.Run.Reason, "could not be fetched")
	require.False(t, s.document(src, s.url+"/b").Removed)
	require.False(t, s.document(src, s.url+"/a").Removed)
}

func TestWebsiteThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s := publish(t, map[string]string{"/": article("Home", "Welcome."), "/robots.txt": "User-agent: *\nDisallow: /\n"})
	end := s.final(s.submit("ingest.website", s.input()))
	require.Equal(t, job.StatusFailed, end.Status)
	require.Equal(t, "nothing_read", end.Error.Code)
	require.Contains(t, end.Error.Message, "robots.txt forbids it")

	closed := publish(t, map[string]string{"/": article("Home", "Welcome.")}, func(c *kinds.Config) { c.Policy = egress.Policy{} })
	end = closed.final(closed.submit("ingest.website", closed.input()))
	require.Equal(t, job.StatusFailed, end.Status)
	require.Equal(t, "nothing_read", end.Error.Code)
	require.Zero(t, closed.asked("/"))

	require.Error(t, s.check("ingest.website", map[string]any{"url": "ftp://example.org"}))
	require.Error(t, s.check("ingest.website", map[string]any{"url": "https://example.org", "include": []string{"["}, "maxPages": 0}))
}

// A crawl goes on after its worker is gone, and fetches no page twice that was stored.
func TestWebsiteGoesOnAfterItsWorkerIsGone(t *testing.T) {
	t.Parallel()
	pages := map[string]string{}
	var all []string
	for i := range 40 {
		path := fmt.Sprintf("/%d", i)
		all = append(all, path)
		pages[path] = article("Page "+path, fmt.Sprintf("This is the page with the number %d of a long list of pages.", i))
	}
	pages["/"] = article("Home", "Welcome.", append(all, "/held")...)
	pages["/held"] = article("Held", "The last one.")
	s := publish(t, pages)
	held := make(chan struct{})
	s.mu.Lock()
	s.hold["/held"] = held
	s.mu.Unlock()
	id := s.submit("ingest.website", s.input())
	s.await("all pages but one", func() bool {
		src, err := s.repo.LoadSource(t.Context(), knowledge.SourceID("default", knowledge.Website, s.url+"/"))
		return err == nil && src.Run.Counts.Stored >= 41
	})
	s.stop()
	close(held)
	s.work()
	require.Equal(t, job.StatusSucceeded, s.final(id).Status)
	src := s.known()
	require.Equal(t, knowledge.Complete, src.Run.Outcome, src.Run.Reason)
	require.Len(t, src.Entries, 42)
	for _, path := range append(all, "/") {
		require.Equal(t, 1, s.asked(path), path)
	}
}

func TestWebsiteIsStopped(t *testing.T) {
	t.Parallel()
	s := publish(t, map[string]string{"/": article("Home", "Welcome.", "/held"), "/held": article("Held", "It takes its time.")})
	s.mu.Lock()
	s.hold["/held"] = make(chan struct{})
	s.mu.Unlock()
	id := s.submit("ingest.website", s.input())
	s.await("the first page", func() bool {
		src, err := s.repo.LoadSource(t.Context(), knowledge.SourceID("default", knowledge.Website, s.url+"/"))
		return err == nil && src.Run.JobID == id
	})
	s.do(id, job.RequestStop{Now: time.Now()})
	require.Equal(t, job.StatusSucceeded, s.final(id).Status)
	require.Equal(t, knowledge.Partial, s.known().Run.Outcome)
}

func TestWebsiteKeepsToItsLimit(t *testing.T) {
	t.Parallel()
	s := publish(t, map[string]string{"/": article("Home", "Welcome.", "/a", "/b"), "/a": article("A", "First page."), "/b": article("B", "Second page.")})
	in := s.input()
	in["maxPages"] = 2
	s.succeed("ingest.website", in)
	src := s.known()
	require.Equal(t, knowledge.Partial, src.Run.Outcome)
	require.Contains(t, src.Run.Reason, "the limit of 2 pages was reached, 1 more were found")
	require.Len(t, src.Entries, 2)
}

func TestWebsiteIsPreviewed(t *testing.T) {
	t.Parallel()
	s := publish(t, map[string]string{
		"/": article("Home", "Welcome.", "/a", "/secret"), "/a": article("A", "First page."), "/robots.txt": "User-agent: *\nDisallow: /secret\n",
	})
	in, err := json.Marshal(s.input())
	require.NoError(t, err)
	p, err := s.cfg.Preview(t.Context(), knowledge.Website, in)
	require.NoError(t, err)
	require.True(t, p.Approximate)
	require.Contains(t, p.Items, kinds.PreviewItem{Key: s.url + "/a"})
	require.Contains(t, p.Items, kinds.PreviewItem{Key: s.url + "/secret", Reason: "robots.txt forbids it"})
	require.Zero(t, s.asked("/a"))
	_, err = s.repo.LoadSource(t.Context(), knowledge.SourceID("default", knowledge.Website, s.url+"/"))
	require.Error(t, err, "nothing is kept")
}
