package kinds_test

import (
	"encoding/base64"
	"errors"
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
	"tapedeck/eventstore/jobs"
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

// lobby is a site whose pages want a cookie, and that ends the login of whoever visits /logout.
func lobby(t *testing.T) (url string, signedOut func() bool) {
	t.Helper()
	out := false
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		c, err := r.Cookie("sid")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		switch {
		case r.URL.Path == "/robots.txt":
			http.NotFound(w, r)
		case r.URL.Path == "/login":
			_, _ = w.Write([]byte(article("Sign in", "Who are you?")))
		case err != nil || c.Value != "s3cret-session" || out:
			http.Redirect(w, r, "/login", http.StatusFound)
		case r.URL.Path == "/logout":
			out = true
		default:
			_, _ = w.Write([]byte(article("Inside", "Members must see this at "+r.URL.Path+".", "/rules", "/logout", "/users/sign-out?now")))
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, func() bool { mu.Lock(); defer mu.Unlock(); return out }
}

func TestWebsiteIsReadBehindALogin(t *testing.T) {
	t.Parallel()
	at, signedOut := lobby(t)
	state := func(value string) []byte {
		return fmt.Appendf(nil, `{"cookies":[{"name":"sid","value":%q,"domain":"127.0.0.1","path":"/","expires":-1,"httpOnly":true}],"origins":[]}`, value)
	}
	logins := map[string]kinds.Login{
		"ada": {URL: at + "/login", State: state("s3cret-session")}, "old": {URL: at + "/login", State: state("another")},
		"over": {URL: at + "/login", Expired: true}, "odd": {State: []byte("{")},
	}
	b := setup(t, func(c *kinds.Config) {
		c.Logins = func(project, name string) (kinds.Login, error) {
			require.Equal(t, "default", project)
			l, ok := logins[name]
			if !ok {
				return l, errors.New("no such login profile")
			}
			return l, nil
		}
	})
	in := func(profile string) map[string]any {
		return map[string]any{"url": at + "/", "profile": profile, "maxPages": 10}
	}
	b.succeed("ingest.website", in("ada"))
	s := b.source(knowledge.Website, at+"/")
	require.Contains(t, b.text(b.document(s, at+"/rules")), "Members must see this at /rules.")
	require.False(t, signedOut(), "links that end the login are not followed")
	require.Len(t, s.Entries, 2)
	for profile, says := range map[string]string{"none": "no such login profile", "over": "record the login again", "odd": "cannot be read"} {
		end := b.final(b.submit("ingest.website", in(profile)))
		require.Equal(t, "profile", end.Error.Code, profile)
		require.Contains(t, end.Error.Message, says)
	}
	end := b.final(b.submit("ingest.website", in("old")))
	require.Equal(t, "nothing_read", end.Error.Code)
	require.Contains(t, end.Error.Message, "the login is over")
	s = b.source(knowledge.Website, at+"/")
	require.Len(t, s.Entries, 2, "a login that is over removes nothing")
	require.Equal(t, "signed_out", s.Faults[0].Code)
	require.Error(t, b.check("ingest.website", in("No such name")))
}

func TestWebsiteIsReadThroughAProxy(t *testing.T) {
	t.Setenv("TAPEDECK_SECRET_WAY", "open-sesame")
	s := publish(t, map[string]string{"/": article("Home", "Welcome.")})
	var mu sync.Mutex
	var asked []string
	way := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.Host+" "+r.Header.Get("Proxy-Authorization"))
		mu.Unlock()
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(way.Close)
	in := map[string]any{"url": "http://docs.example/", "proxy": map[string]any{"server": way.URL, "username": "ada", "passwordRef": "TAPEDECK_SECRET_WAY"}}
	s.succeed("ingest.website", in)
	src := s.source(knowledge.Website, "http://docs.example/")
	require.Equal(t, "Home", s.document(src, "http://docs.example/").Title)
	mu.Lock()
	require.Contains(t, asked, "docs.example Basic "+base64.StdEncoding.EncodeToString([]byte("ada:open-sesame")))
	mu.Unlock()
	require.NotContains(t, string(src.Input), "open-sesame")

	for _, bad := range []map[string]any{
		{"server": "ftp://x"}, {"server": "http://u:p@x"}, {"username": "ada"}, {"server": way.URL, "passwordRef": "TAPEDECK_SECRET_WAY"},
	} {
		require.Error(t, s.check("ingest.website", map[string]any{"url": "http://docs.example/", "proxy": bad}), "%v", bad)
	}
	// A job's proxy is where pages may be: nobody reaches this machine's other ports through one.
	closed := setup(t, func(c *kinds.Config) { c.Policy = egress.Policy{} })
	mu.Lock()
	before := len(asked)
	mu.Unlock()
	end := closed.final(closed.submit("ingest.website", in))
	require.Equal(t, "nothing_read", end.Error.Code, end.Error.Message)
	mu.Lock()
	defer mu.Unlock()
	require.Len(t, asked, before)
}

func TestRenderingWantsABrowser(t *testing.T) {
	t.Parallel()
	s := publish(t, map[string]string{"/": article("Home", "Welcome.")})
	end := s.final(s.submit("ingest.website", map[string]any{"url": s.url + "/", "render": true}))
	require.Equal(t, "no_browser", end.Error.Code)
}

func TestASourceIsReadAgainLater(t *testing.T) {
	t.Parallel()
	s := publish(t, map[string]string{"/": article("Home", "Welcome to the shop.")})
	in := s.input()
	in["every"] = "24h"
	begun := time.Now()
	s.succeed("ingest.website", in)
	next := s.known().Next
	require.NotNil(t, next)
	require.WithinRange(t, next.At, begun.Add(24*time.Hour), time.Now().Add(24*time.Hour))
	waiting := s.job(next.JobID)
	require.Equal(t, job.StatusDelayed, waiting.Status)
	require.Equal(t, "ingest.website", waiting.Kind)

	// Whoever reads it at once puts the next run off; the old one does not come as well.
	s.succeed("ingest.website", in)
	later := s.known().Next
	require.NotEqual(t, next.JobID, later.JobID)
	require.Equal(t, job.StatusCancelled, s.job(next.JobID).Status)

	// The run itself brings the one after it.
	s.do(later.JobID, job.Revive{Now: time.Now()})
	require.Equal(t, job.StatusSucceeded, s.final(later.JobID).Status)
	third := s.known().Next
	require.NotEqual(t, later.JobID, third.JobID)
	require.Equal(t, job.StatusDelayed, s.job(third.JobID).Status)

	// Taking the source away, or reading it without that wish, ends it.
	_, err := s.repo.RemoveSource(t.Context(), s.known().ID, jobs.Caller{Source: "test"}, "test", time.Now())
	require.NoError(t, err)
	require.Equal(t, job.StatusCancelled, s.job(third.JobID).Status)
	s.succeed("ingest.website", in)
	fourth := s.known().Next
	s.succeed("ingest.website", s.input())
	require.Nil(t, s.known().Next)
	require.Equal(t, job.StatusCancelled, s.job(fourth.JobID).Status)
	for _, bad := range []string{"soon", "1m", "9000h", "-24h"} {
		require.Error(t, s.check("ingest.website", map[string]any{"url": s.url, "every": bad}), bad)
	}
}
