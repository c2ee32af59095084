package proxy_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/proxy"
)

func TestEventsPassAtOnceAndAreKept(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"", "gzip"} {
		t.Run("encoding "+encoding, func(t *testing.T) {
			t.Parallel()
			seen := make(chan struct{})
			origin, pool := serveTLS(t, true, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
				var out interface {
					io.Writer
					Flush() error
				} = flushing{w}
				if encoding != "" {
					w.Header().Set("Content-Encoding", encoding)
					out = gzip.NewWriter(w)
				}
				for _, event := range []string{"id: 7\nevent: tick\ndata: one\ndata: two\n\n", ": comment\n\ndata: last\r\n\r\n"} {
					_, _ = io.WriteString(out, event)
					_ = out.Flush()
					_ = flushing{w}.Flush()
					select { // the next one is not sent before this one has arrived
					case <-seen:
					case <-r.Context().Done():
						return
					}
				}
			})
			b := setup(t, proxy.SessionConfig{RootCAs: pool})

			resp, err := b.client.Get(origin.URL)
			require.NoError(t, err)
			var body io.Reader = resp.Body
			if encoding != "" {
				body, err = gzip.NewReader(resp.Body)
				require.NoError(t, err)
			}
			lines := bufio.NewScanner(body)
			for range 2 {
				for lines.Scan() && !strings.HasPrefix(lines.Text(), "data: two") && !strings.HasPrefix(lines.Text(), "data: last") {
				}
				require.NoError(t, lines.Err())
				seen <- struct{}{}
			}
			_, _ = io.Copy(io.Discard, body)
			require.NoError(t, resp.Body.Close())

			e := b.entries(t, 1)[0]
			require.Nil(t, e.Error)
			require.Len(t, e.Events, 2)
			require.Equal(t, "tick", e.Events[0].Type)
			require.Equal(t, "7", e.Events[0].ID)
			require.Equal(t, "one\ntwo", e.Events[0].Data)
			require.Equal(t, "message", e.Events[1].Type)
			require.Equal(t, "last", e.Events[1].Data)
			require.True(t, e.Events[1].Time.After(e.Events[0].Time))
		})
	}
}

type flushing struct{ http.ResponseWriter }

func (f flushing) Flush() error { return http.NewResponseController(f.ResponseWriter).Flush() }

func TestHugeDownloadStreamsWithoutMemory(t *testing.T) {
	t.Parallel()
	const size = 500 << 20
	chunk := make([]byte, 1<<20)
	origin := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(size))
		for range size / len(chunk) {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	b := setup(t, proxy.SessionConfig{SpoolDir: t.TempDir(), Limits: proxy.Limits{MaxBody: 2 << 20}})
	var peak atomic.Uint64
	stop := watchHeap(t, &peak)

	resp, err := b.client.Get(origin.URL)
	require.NoError(t, err)
	n, err := io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	stop()

	require.EqualValues(t, size, n)
	e := b.entries(t, 1)[0]
	require.True(t, e.Response.Body.Truncated())
	require.EqualValues(t, size, e.Response.Body.Size)
	require.EqualValues(t, 2<<20, e.Response.Body.Kept)
	require.Len(t, body(t, e.Response.Body), 2<<20)
	require.Less(t, peak.Load(), uint64(128<<20), "the body must not pile up in memory, whatever the tests beside this one hold")
}

// watchHeap notes the largest heap until it is stopped.
func watchHeap(t *testing.T, peak *atomic.Uint64) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), m.HeapAlloc))
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() { cancel(); <-over }
}

func TestSlowBrowserHoldsTheOriginBack(t *testing.T) {
	t.Parallel()
	var sent atomic.Int64
	origin := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 64<<10)
		for {
			n, err := w.Write(chunk)
			if err != nil {
				return
			}
			sent.Add(int64(n))
		}
	})
	b := setup(t, proxy.SessionConfig{})
	resp, err := b.client.Get(origin.URL)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()

	// Nobody reads: what is under way fits the sockets' buffers, and stays.
	var before int64 = -1
	require.Eventually(t, func() bool {
		now := sent.Load()
		still := now == before
		before = now
		return still && now > 0
	}, 20*time.Second, 200*time.Millisecond)
	require.Less(t, before, int64(64<<20))
	e := b.session.Entries()[0]
	require.False(t, e.Done)
	require.Positive(t, e.Response.Body.Size, "what has passed can be seen before the end")
}

func TestBrowserThatLeavesEndsTheOriginsWork(t *testing.T) {
	t.Parallel()
	left := make(chan struct{})
	origin := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = flushing{w}.Flush()
		<-r.Context().Done()
		close(left)
	})
	b := setup(t, proxy.SessionConfig{})
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, origin.URL, nil)
	require.NoError(t, err)
	resp, err := b.client.Do(r)
	require.NoError(t, err)
	cancel()
	_ = resp.Body.Close()
	<-left
	require.Equal(t, proxy.CodeCancelled, b.entries(t, 1)[0].Error.Code)
}

func TestBrokenBodyReachesTheBrowserBroken(t *testing.T) {
	t.Parallel()
	origin := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
		_ = flushing{w}.Flush()
		panic(http.ErrAbortHandler)
	})
	b := setup(t, proxy.SessionConfig{})
	resp, err := b.client.Get(origin.URL)
	require.NoError(t, err)
	_, err = io.ReadAll(resp.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	_ = resp.Body.Close()
	e := b.entries(t, 1)[0]
	require.Equal(t, proxy.CodeProtocol, e.Error.Code)
	require.Equal(t, "half", body(t, e.Response.Body))
}

func TestOriginThatStandsStillIsGivenUp(t *testing.T) {
	t.Parallel()
	origin := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			_, _ = io.WriteString(w, "begin")
			_ = flushing{w}.Flush()
		}
		<-r.Context().Done()
	})
	b := setup(t, proxy.SessionConfig{Limits: proxy.Limits{HeaderTimeout: 50 * time.Millisecond, IdleTimeout: 50 * time.Millisecond}})

	_, resp := b.get(t, origin.URL+"/head")
	require.Equal(t, http.StatusGatewayTimeout, resp.StatusCode)
	require.Equal(t, proxy.CodeTimeout, resp.Header.Get(proxy.ErrorHeader))

	resp, err := b.client.Get(origin.URL + "/body")
	require.NoError(t, err)
	_, err = io.ReadAll(resp.Body)
	require.Error(t, err)
	_ = resp.Body.Close()
	for _, e := range b.entries(t, 2) {
		require.Equal(t, proxy.CodeTimeout, e.Error.Code, e.Request.URL)
	}
}

func TestOriginThatTakesNoBodyIsGivenUp(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	deaf := listen(t, func(net.Conn) { <-over })
	defer close(over)
	b := setup(t, proxy.SessionConfig{Limits: proxy.Limits{IdleTimeout: 200 * time.Millisecond, MaxBody: 1}})
	// More than the sockets' buffers hold.
	r, err := http.NewRequest(http.MethodPost, "http://"+deaf, io.LimitReader(zeros{}, 256<<20))
	require.NoError(t, err)
	_, resp := b.do(t, r)
	require.Equal(t, http.StatusGatewayTimeout, resp.StatusCode)
	e := b.entries(t, 1)[0]
	require.Equal(t, proxy.CodeTimeout, e.Error.Code)
	require.Less(t, e.Request.Body.Size, int64(256<<20))
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestBodiesAreSpooledWithinLimits(t *testing.T) {
	t.Parallel()
	origin := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, strings.Repeat("r", int(n)))
	})
	dir := t.TempDir()
	b := setup(t, proxy.SessionConfig{SpoolDir: dir, Limits: proxy.Limits{MemoryBody: 1000, MaxBody: 5000, MaxTotal: 14_000}})
	send := func(n int) {
		text, _ := b.do(t, post(t, origin.URL, strings.Repeat("q", n)))
		require.Len(t, text, n)
	}
	files := func() []string {
		list, err := filepath.Glob(filepath.Join(dir, "*", "*"))
		require.NoError(t, err)
		return list
	}

	send(1000)
	require.Empty(t, files(), "small bodies stay in memory")
	send(4000)
	require.Len(t, files(), 2)
	for _, file := range files() {
		info, err := os.Stat(file)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		parent, err := os.Stat(filepath.Dir(file))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o700), parent.Mode().Perm())
	}
	send(6000)
	list := b.entries(t, 3)
	require.Equal(t, strings.Repeat("q", 4000), body(t, list[1].Request.Body))
	require.Equal(t, strings.Repeat("r", 4000), body(t, list[1].Response.Body))
	require.False(t, list[1].Response.Body.Truncated())
	require.Equal(t, "over the limit for the session", list[2].Request.Body.Cause) // 10 000 are kept, 4 000 are left
	require.EqualValues(t, 4000, list[2].Request.Body.Kept)
	require.EqualValues(t, 6000, list[2].Response.Body.Size)
	require.Zero(t, list[2].Response.Body.Kept)

	b.session.Stop()
	require.Equal(t, strings.Repeat("q", 4000), body(t, list[1].Request.Body), "a stopped session can be read")
	require.NoError(t, b.session.Close())
	require.Empty(t, files())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestWithoutSpoolFolderNothingIsWritten(t *testing.T) {
	t.Parallel()
	origin := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 5000)) })
	b := setup(t, proxy.SessionConfig{Limits: proxy.Limits{MemoryBody: 1000}})
	text, _ := b.get(t, origin.URL)
	require.Len(t, text, 5000)
	got := b.entries(t, 1)[0].Response.Body
	require.True(t, got.Truncated())
	require.EqualValues(t, 5000, got.Size)
}

func post(t *testing.T, url, text string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(text))
	require.NoError(t, err)
	return r
}
