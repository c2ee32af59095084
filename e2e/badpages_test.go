package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/client"
)

// trouble is a site of pages that misbehave.
func trouble(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	for path, body := range map[string]string{
		"/{$}":    `<h1>Fine</h1>`,
		"/spin":   `<h1>Spin</h1><script>setTimeout(() => { for (;;); }, 300)</script>`,
		"/noisy":  `<h1>Noisy</h1><script>for (let i = 0; i < 100000; i++) console.log("line " + i)</script>`,
		"/alerts": `<h1>Alerts</h1><script>setTimeout(() => { for (;;) alert("again") }, 300)</script>`,
		"/fetch":  `<h1>Much</h1><script>fetch("/big").then((r) => r.arrayBuffer())</script>`,
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<!doctype html>"+body)
		})
	}
	mux.HandleFunc("GET /endless", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<h1>Endless</h1>"+strings.Repeat(" ", 4096))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("GET /big", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Disposition", `attachment; filename="big.bin"`)
		block := make([]byte, 1<<16)
		for range 500_000_000 / len(block) {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	s := httptest.NewServer(mux)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s
}

// leaks is what a server holds that it must give back.
type leaks struct {
	files, processes, open int
	disk                   int64
}

// held counts what the server holds now.
func (s *studio) held() leaks {
	s.t.Helper()
	var l leaks
	for _, dir := range []string{s.scratch, s.tmp} {
		require.NoError(s.t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil //nolint:nilerr // it went away meanwhile
			}
			if strings.Contains(path, "/session-") || strings.Contains(path, "/traces/") {
				l.files++
			}
			if info, err := d.Info(); err == nil {
				l.disk += info.Size()
			}
			return nil
		}))
	}
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.PID()))
	require.NoError(s.t, err)
	l.open = len(fds)
	l.processes = renderers(s.t, s.scratch)
	return l
}

// renderers counts the browser's processes for pages: a context that is not closed keeps one.
func renderers(t *testing.T, scratch string) (n int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, path := range all {
		cmd, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(cmd, []byte("--type=renderer")) {
			continue
		}
		env, err := os.ReadFile(filepath.Join(filepath.Dir(path), "environ"))
		if err == nil && bytes.Contains(env, []byte(scratch)) {
			n++
		}
	}
	return n
}

// Whatever a page does, its recording ends with a clear word, and the server
// holds no more afterwards than before.
func TestBadPagesAreRecordedAndLeaveNothing(t *testing.T) {
	t.Parallel()
	s := openStudio(t)
	site := trouble(t)
	limited := func(path string, ms int) map[string]any {
		return map[string]any{"url": site.URL + path, "timeLimitMs": ms, "capture": map[string]any{"trace": true}}
	}
	warm := s.final(s.record(limited("/", 1500)))
	require.Equal(t, "succeeded", warm.Status, "%+v", warm.Error)
	before := s.settled(leaks{open: 1 << 20, disk: 1 << 40, processes: 1 << 10})

	for _, c := range []struct {
		name, status, code, says string
		input                    map[string]any
	}{
		{"endless", "succeeded", "", "time limit", limited("/endless", 4000)},
		{"spinning", "succeeded", "", "time limit", limited("/spin", 4000)},
		{"100,000 lines", "succeeded", "", "time limit", limited("/noisy", 8000)},
		{"alert loop", "succeeded", "", "nothing but open dialogs", limited("/alerts", 60_000)},
		{"500 MB in the page", "succeeded", "", "time limit", limited("/fetch", 5000)},
		{"500 MB to keep", "succeeded", "", "time limit", limited("/big", 5000)},
		{"no such host", "failed", "dns", "nowhere.invalid", map[string]any{"url": "http://nowhere.invalid/"}},
		{"metadata service", "failed", "egress_denied", "metadata", map[string]any{"url": "http://169.254.169.254/latest/"}},
		{"this server itself", "failed", "egress_denied", "", map[string]any{"url": s.URL() + "/api/jobs"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := s.record(c.input)
			end := s.final(id)
			r, ok := s.recording(id)
			require.True(t, ok)
			require.Equal(t, c.status, end.Status, "%+v %s %v", end.Error, r.Reason, r.Notes)
			require.Contains(t, r.Reason, c.says)
			if c.code != "" {
				require.NotNil(t, end.Error)
				require.Equal(t, c.code, end.Error.Code, end.Error.Message)
			}
		})
	}
	s.settled(before)
	for _, url := range []string{"", "file:///etc/passwd", "http://", "chrome://crash", "javascript:alert(1)", "http://a:b@c.test/"} {
		err := s.cl.Post(s.deadline(), "/api/recorder/sessions", map[string]any{"url": url}, nil)
		var problem *client.Problem
		require.ErrorAs(t, err, &problem, url)
		require.Equal(t, http.StatusBadRequest, problem.Status, url)
		require.Equal(t, "/url", problem.Errors[0].Path, strconv.Quote(url))
	}
	fine := s.final(s.record(limited("/", 1500)))
	require.Equal(t, "succeeded", fine.Status, "the next one is not harmed: %+v", fine.Error)
}

// settled waits until the server holds no more than a limit, and some for what comes and goes.
func (s *studio) settled(limit leaks) (now leaks) {
	s.t.Helper()
	s.eventually("everything is given back", func() (bool, any) {
		now = s.held()
		return now.files == 0 && now.open <= limit.open+8 && now.disk <= limit.disk+(8<<20) && now.processes <= limit.processes+1,
			fmt.Sprintf("%+v, at first %+v", now, limit)
	})
	return now
}
