package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"tapedeck/client"
	"tapedeck/domain/knowledge"
	"tapedeck/internal/jiratest"
	"tapedeck/internal/tapedecktest"
)

// handbook is a site that says what a shop should do.
func handbook(t *testing.T) string {
	t.Helper()
	pages := map[string]string{
		"/":        `<title>Handbook</title><main><h1>Handbook</h1><p>The cart must keep its items for a week.</p><a href="/returns">returns</a></main>`,
		"/returns": `<title>Returns</title><main><h1>Returns</h1><p>Items of the cart may be sent back. <img src=x onerror="document.title='broken in'"></p></main>`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, ok := pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprint(w, "<!doctype html>", page)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/"
}

// A person has a site and a file read, finds a passage, reads it in its document, and takes the source away again.
func TestWhatIsKnownIsGatheredFoundAndRemoved(t *testing.T) {
	t.Parallel()
	d := openRecorder(t)
	role := func(role, name string) playwright.Locator {
		return d.GetByRole(playwright.AriaRole(role), playwright.PageGetByRoleOptions{Name: regexp.MustCompile(name)})
	}
	d.open("/knowledge")
	d.sees(d.Locator("text=Nothing is known yet"))
	require.NoError(t, role("button", "^Website$").Click())
	require.NoError(t, d.GetByLabel(regexp.MustCompile("^Address")).Fill(handbook(t)))
	d.axe("adding a site")
	require.NoError(t, role("button", "Read the site").Click())
	d.sees(role("link", "Handbook").First())
	d.sees(role("link", "Returns").First())

	require.NoError(t, role("button", "Add a source").Click())
	require.NoError(t, role("tab", "Documents").Click())
	require.NoError(t, d.GetByLabel("Files to send").SetInputFiles([]playwright.InputFile{
		{Name: "login.feature", MimeType: "text/plain", Buffer: []byte("Feature: Login\n  Scenario: It works\n    Given a user\n    When they sign in\n    Then they see the cart\n")},
		{Name: "noise.bin", MimeType: "application/octet-stream", Buffer: []byte{0x7f, 'E', 'L', 'F', 0, 1, 2}},
	}))
	require.NoError(t, role("button", "Send 2 files").Click())
	d.sees(role("link", "Login").First())

	require.NoError(t, d.GetByRole("searchbox").Fill("cart items"))
	d.sees(role("link", "The cart must keep its items"))
	d.axe("what was found")
	d.fits("what was found")
	require.NoError(t, role("link", "The cart must keep its items").Click())
	require.NoError(t, d.WaitForURL(regexp.MustCompile(`/knowledge/doc-.*passage=`)))
	d.sees(d.Locator("main [aria-current=page]", playwright.PageLocatorOptions{HasText: "for a week"}))
	d.sees(d.Locator("text=Similar passages elsewhere"))
	d.axe("a document")
	d.fits("a document")
	require.NotContains(t, d.eval("document.title"), "broken in", "what was read runs nowhere")

	d.open("/knowledge")
	require.NoError(t, d.GetByRole("navigation", playwright.PageGetByRoleOptions{Name: "Sources"}).Locator("text=Documents").Click())
	require.NoError(t, d.Locator("text=What was left out or failed (1)").Click())
	d.sees(d.Locator("text=noise.bin"))
	require.NoError(t, role("button", "^Remove$").Click())
	require.NoError(t, role("button", "Remove the source").Click())
	require.NoError(t, d.expect.Locator(role("link", "Login")).ToHaveCount(0))
	d.sees(role("link", "Handbook").First())
}

// A process that is killed while it reads goes on where it was: each page of Jira's answers is asked for once, and each
// page of the site.
func TestIngestGoesOnAfterAKill(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	jira := jiratest.Start(t, jiratest.Options{Cloud: true})
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for i := range 2000 {
		jira.Put(jiratest.Issue{Key: fmt.Sprintf("A-%d", i+1), Created: at.Add(time.Duration(i) * time.Minute), Updated: at, Fields: map[string]any{"summary": fmt.Sprint("Issue ", i+1)}})
	}
	busy := jiratest.Fault{Status: http.StatusTooManyRequests, RetryAfter: "50"} // it is killed while it waits
	jira.Fail(append(make([]jiratest.Fault, 10), busy)...)
	site := newHeldSite(t, 60)

	serve := tapedecktest.Start(t, "serve", append([]string{
		"RECORDER_ALLOW_LOOPBACK=1", "JIRA_BASE_URL=" + jira.URL, "JIRA_EMAIL=" + jiratest.Email, "JIRA_API_TOKEN=" + jiratest.Token,
	}, quick...)...)
	cl := serve.Client()
	var issues, pages client.Job
	require.NoError(t, cl.Post(ctx, "/api/ingest/jira", map[string]any{"jql": "project = A"}, &issues))
	require.NoError(t, cl.Post(ctx, "/api/ingest/website", map[string]any{"url": site.url}, &pages))
	stored := func(kind string) int64 {
		var list struct {
			Items []struct {
				Kind string `json:"kind"`
				Run  struct {
					Counts knowledge.Counts `json:"counts"`
				} `json:"run"`
			} `json:"items"`
		}
		if err := cl.Get(ctx, "/api/knowledge/sources", nil, &list); err != nil {
			return -1
		}
		for _, s := range list.Items {
			if s.Kind == kind {
				return s.Run.Counts.Stored
			}
		}
		return 0
	}
	eventually(ctx, t, "half of the issues and all pages but one", func() (bool, any) {
		a, b := stored("jira"), stored("website")
		return a >= 1000 && b >= 60, fmt.Sprint(a, b)
	})
	require.NoError(t, serve.Kill())
	close(site.held)
	serve.Restart()
	for _, id := range []string{issues.JobID, pages.JobID} {
		awaitStatus(ctx, t, cl, id, "succeeded")
		j, err := cl.Job(ctx, id, nil)
		require.NoError(t, err)
		require.Equal(t, 2, j.Attempt)
	}
	eventually(ctx, t, "everything in the index", func() (bool, any) {
		a, b := stored("jira"), stored("website")
		return a == 2000 && b == 61, fmt.Sprint(a, b)
	})
	require.Len(t, jira.Queries(), 20+1, "and the one that was refused")
	site.mu.Lock()
	defer site.mu.Unlock()
	for path, n := range site.hits {
		if path != "/held" && path != "/robots.txt" && path != "/sitemap.xml" {
			require.Equal(t, 1, n, path)
		}
	}
}

// heldSite has pages that its first one links to, and one that is answered when held is closed.
type heldSite struct {
	url  string
	held chan struct{}

	mu   sync.Mutex
	hits map[string]int
}

func newHeldSite(t *testing.T, pages int) *heldSite {
	t.Helper()
	s := &heldSite{held: make(chan struct{}), hits: map[string]int{}}
	var links strings.Builder
	for i := range pages - 1 {
		fmt.Fprintf(&links, `<a href="/%d">%d</a> `, i, i)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.hits[r.URL.Path]++
		s.mu.Unlock()
		switch r.URL.Path {
		case "/robots.txt", "/sitemap.xml":
			http.NotFound(w, r)
			return
		case "/held":
			select {
			case <-s.held:
			case <-r.Context().Done():
				return
			}
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, `<!doctype html><title>%s</title><main><h1>Page %s</h1><p>This is the text of %[1]s, which no other page has.</p>%[3]s<a href="/held">held</a></main>`,
			r.URL.Path, strings.Trim(r.URL.Path, "/"), links.String())
	}))
	t.Cleanup(server.Close)
	s.url = server.URL + "/"
	return s
}
