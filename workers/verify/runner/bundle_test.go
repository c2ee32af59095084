package runner_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/proxy"
	"tapedeck/proxy/egress"
	"tapedeck/workers/recorder/browser"
	"tapedeck/workers/verify/runner"
)

// bundle is a runner with a site that its tests are about.
type bundle struct {
	run   *runner.Runner
	proxy *proxy.Server
	site  *httptest.Server
	host  *host
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{}
	b.site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<!doctype html><title>Reels</title><h1>Reels</h1><p id="path">%s</p><button onclick="this.textContent='Played'">Play</button>`, r.URL.Path)
	}))
	t.Cleanup(b.site.Close)
	var err error
	b.proxy, err = proxy.New(proxy.Config{})
	require.NoError(t, err)
	require.NoError(t, b.proxy.Start(context.Background()))
	t.Cleanup(b.proxy.Stop)
	b.run = runner.New(runner.Config{Places: browser.Places{Roots: []string{"../../.."}}, SPKI: b.proxy.CA().SPKIHash()})
	b.host = &host{t: t, server: b.proxy, base: b.site.URL, open: map[string]*proxy.Session{}}
	return b
}

// host opens a proxy for each run and keeps what it is told.
type host struct {
	t      *testing.T
	server *proxy.Server
	base   string
	setup  func(runner.Test, *runner.Setup) error
	fail   func(runner.Test) string

	mu    sync.Mutex
	count int
	begun []runner.Test
	seen  []runner.Observation
	ended []runner.Ended
	open  map[string]*proxy.Session
	about map[string]runner.Test
}

func (h *host) Begin(_ context.Context, t runner.Test) (string, runner.Setup, error) {
	session, err := h.server.Open(proxy.SessionConfig{Policy: egress.Policy{AllowLoopback: true}})
	if err != nil {
		return "", runner.Setup{}, err
	}
	s := runner.Setup{Proxy: session.Addr(), BaseURL: h.base}
	if h.setup != nil {
		if err := h.setup(t, &s); err != nil {
			return "", s, err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count++
	id := fmt.Sprint(h.count)
	h.open[id] = session
	if h.about == nil {
		h.about = map[string]runner.Test{}
	}
	h.about[id] = t
	h.begun = append(h.begun, t)
	return id, s, nil
}

func (h *host) Observe(_ string, o runner.Observation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen = append(h.seen, o)
}

func (h *host) Settle(_ context.Context, id string) bool {
	h.mu.Lock()
	about := h.about[id]
	h.mu.Unlock()
	return h.fail == nil || h.fail(about) == ""
}

func (h *host) Finish(_ context.Context, id string, e runner.Ended) runner.Verdict {
	h.mu.Lock()
	session, about := h.open[id], h.about[id]
	delete(h.open, id)
	h.ended = append(h.ended, e)
	h.mu.Unlock()
	_ = session.Close()
	if h.fail != nil {
		return runner.Verdict{Fail: h.fail(about)}
	}
	return runner.Verdict{}
}

// project writes files into a folder of its own.
func project(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return dir
}

// quick are limits that let what fails fail soon.
var quick = runner.Limits{Wall: 2 * time.Minute, Test: 15 * time.Second, Expect: time.Second, Action: 2 * time.Second}
