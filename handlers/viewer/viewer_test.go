package viewer_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tapedeck/artifacts"
	"tapedeck/handlers/viewer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const job = "0198f3f0-1111-7000-8000-000000000000"

func start(t *testing.T, change ...func(*viewer.Config)) (*viewer.Server, *artifacts.Store) {
	t.Helper()
	store, err := artifacts.Open(t.Context(), t.TempDir())
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "index.html"), []byte("the viewer"), 0o600))
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "out")))
	cfg := viewer.Config{Artifacts: store, Dir: func() (string, error) { return dir, nil }}
	for _, f := range change {
		f(&cfg)
	}
	s := viewer.New(cfg)
	require.NoError(t, s.Start(t.Context()))
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		require.NoError(t, s.Stop(context.Background()))
		require.NoError(t, s.Stop(context.Background()), "stopping twice is harmless")
		require.NoError(t, store.Close())
	})
	return s, store
}

func get(t *testing.T, address, host string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	req.Host = host
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(body), res.Header
}

func TestATraceIsShownByASignedAddress(t *testing.T) {
	t.Parallel()
	s, store := start(t)
	_, err := store.Put(t.Context(), artifacts.Key{JobID: job, Attempt: 2, Name: "runs/a b/trace.zip"}, "", strings.NewReader("a trace"), 100)
	require.NoError(t, err)
	address, err := s.URL(artifacts.Key{JobID: job, Attempt: 2, Name: "runs/a b/trace.zip"}, "127.0.0.1:8000")
	require.NoError(t, err)
	status, body, header := get(t, address, "")
	require.Equal(t, 200, status)
	require.Equal(t, "the viewer", body)
	require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'self'")
	u, err := url.Parse(address)
	require.NoError(t, err)
	trace := u.Query().Get("trace")
	require.True(t, strings.HasPrefix(trace, "http://"+s.Addr()+"/traces/"), "%s: the viewer wants an absolute address", trace)
	status, body, _ = get(t, trace, "")
	require.Equal(t, 200, status)
	require.Equal(t, "a trace", body)

	status, _, _ = get(t, strings.Replace(trace, "/traces/", "/traces/x", 1), "")
	require.Equal(t, 403, status, "another claim")
	missing, err := s.URL(artifacts.Key{JobID: job, Attempt: 3, Name: "trace.zip"}, "localhost:8000")
	require.NoError(t, err)
	u, err = url.Parse(missing)
	require.NoError(t, err)
	require.Equal(t, "localhost", u.Hostname())
	status, _, _ = get(t, strings.Replace(u.Query().Get("trace"), "localhost", "127.0.0.1", 1), "")
	require.Equal(t, 404, status)
}

func TestWhatTheViewerRefuses(t *testing.T) {
	t.Parallel()
	s, _ := start(t, func(c *viewer.Config) { c.Lifetime = -time.Minute })
	address, err := s.URL(artifacts.Key{JobID: job, Attempt: 1, Name: "trace.zip"}, "127.0.0.1")
	require.NoError(t, err)
	u, err := url.Parse(address)
	require.NoError(t, err)
	status, _, _ := get(t, u.Query().Get("trace"), "")
	require.Equal(t, 403, status, "its time is over")
	status, _, _ = get(t, address, "rebound.example")
	require.Equal(t, 403, status)
	base := "http://" + s.Addr()
	status, body, _ := get(t, base+"/out", "")
	require.NotEqual(t, 200, status, body)
	status, body, _ = get(t, base+"/..%2f..%2fetc/passwd", "")
	require.NotEqual(t, 200, status, body)
	res, err := http.Post(base+"/", "text/plain", nil)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, 405, res.StatusCode)
}

func TestAViewerThatIsNotInstalled(t *testing.T) {
	t.Parallel()
	s, _ := start(t, func(c *viewer.Config) { c.Dir = func() (string, error) { return "/nowhere", nil } })
	_, err := s.URL(artifacts.Key{JobID: job, Attempt: 1, Name: "trace.zip"}, "localhost")
	require.ErrorIs(t, err, viewer.ErrMissing)
	status, body, _ := get(t, "http://"+s.Addr()+"/", "")
	require.Equal(t, 503, status)
	require.NotContains(t, body, "/nowhere")
}
