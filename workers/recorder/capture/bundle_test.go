package capture_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
	"tapedeck/internal/browsertest"
	"tapedeck/workers/recorder/capture"
)

// bundle is a context that is watched, and what was seen in it.
type bundle struct {
	t       *testing.T
	ctx     playwright.BrowserContext
	page    playwright.Page
	capture *capture.Capture
	url     string // of the site, as http://127.0.0.1:port
	other   string // the same site under another name: http://localhost:port

	mu          sync.Mutex
	steps       []recording.Step
	actions     []capture.Action
	suggestions []capture.Suggestion
}

// csp is as strict as it gets: nothing of the page's own runs, inline handlers neither.
const csp = "default-src 'none'; script-src 'none'; style-src 'unsafe-inline'; frame-src *; form-action *"

// site serves pages by path. A page that starts with "csp:" comes with the strict policy.
type site map[string]string

func (s site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := s[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if strict, found := strings.CutPrefix(body, "csp:"); found {
		w.Header().Set("Content-Security-Policy", csp)
		body = strict
	}
	if r.URL.Path == "/file.txt" {
		w.Header().Set("Content-Disposition", "attachment")
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	body = strings.ReplaceAll(body, "OTHER", "http://localhost:"+port(r.Host))
	_, _ = fmt.Fprint(w, "<!doctype html><meta charset=utf-8>", body)
}

func port(host string) string { return host[strings.LastIndex(host, ":")+1:] }

// setup serves a site and opens its page "/", which is watched from the beginning.
func setup(t *testing.T, pages site, change ...func(*capture.Options)) *bundle {
	t.Helper()
	b := serve(t, pages, change...)
	b.goTo("/")
	return b
}

func serve(t *testing.T, pages site, change ...func(*capture.Options)) *bundle {
	t.Helper()
	srv := httptest.NewServer(pages)
	t.Cleanup(srv.Close)
	b := &bundle{t: t, url: srv.URL, other: "http://localhost:" + port(srv.URL)}
	b.ctx = browser.Context(t)
	b.page = browsertest.Observe(t, b.ctx)
	b.attach(change)
	return b
}

// attach watches the context until the test ends.
func (b *bundle) attach(change []func(*capture.Options)) {
	b.t.Helper()
	options := capture.Options{
		Script: script, OnAction: b.onAction, OnSuggestion: b.onSuggestion, Log: slog.New(failing{b.t}),
		Budget: time.Minute, // what is counted must not depend on how busy the machine is
	}
	for _, f := range change {
		f(&options)
	}
	c, err := capture.Attach(b.ctx, options)
	require.NoError(b.t, err)
	b.capture = c
	b.t.Cleanup(func() { require.NoError(b.t, c.Close()) })
}

func (b *bundle) goTo(path string) {
	b.t.Helper()
	_, err := b.page.Goto(b.url + path)
	require.NoError(b.t, err)
}

// onAction applies an action as the recording does.
func (b *bundle) onAction(a capture.Action) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.actions = append(b.actions, a)
	b.steps = slices.DeleteFunc(b.steps, func(s recording.Step) bool { return slices.Contains(a.Retracts, s.ID) })
	if a.Replaces == "" {
		b.steps = append(b.steps, a.Step)
		return
	}
	i := slices.IndexFunc(b.steps, func(s recording.Step) bool { return s.ID == a.Replaces })
	if i < 0 || a.Step.ID != a.Replaces {
		b.t.Errorf("%s amends %s, which is not there", a.Step.ID, a.Replaces)
		return
	}
	b.steps[i] = a.Step
}

func (b *bundle) onSuggestion(s capture.Suggestion) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.suggestions = append(b.suggestions, s)
}

// all are the steps so far.
func (b *bundle) all() []recording.Step {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.steps)
}

// titles are the steps so far as people read them, without the first one, which opened the site.
func (b *bundle) titles() []string {
	out := []string{}
	for i, s := range b.all() {
		if i == 0 && s.Type == recording.Navigate {
			continue
		}
		title := strings.NewReplacer(b.url, "", b.other, "OTHER").Replace(s.Title)
		if s.Page != "page" && s.Type != recording.OpenPage && s.Type != recording.ClosePage {
			title = s.Page + ": " + title
		}
		out = append(out, title)
	}
	return out
}

// step waits for the step of that number. What a page says may come later than the answer to the input that caused it.
func (b *bundle) step(n int) recording.Step {
	b.t.Helper()
	require.Eventually(b.t, func() bool {
		b.capture.Sync()
		return len(b.all()) > n
	}, 10*time.Second, 10*time.Millisecond, "there is no step %d", n)
	return b.all()[n]
}

// wantSteps waits for exactly these steps.
func (b *bundle) wantSteps(want ...string) {
	b.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) && !slices.Equal(b.titles(), want) {
		b.capture.Sync()
		time.Sleep(10 * time.Millisecond)
	}
	require.Equal(b.t, want, b.titles())
	for _, s := range b.all() {
		require.Empty(b.t, s.Check(), "step %q", s.Title)
	}
}

// settle waits until the script has looked at what is hidden: a person needs longer to find it.
func (b *bundle) settle() {
	b.t.Helper()
	time.Sleep(600 * time.Millisecond)
}

// failing is a log whose warnings fail the test.
type failing struct{ t *testing.T }
