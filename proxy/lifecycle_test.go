package proxy_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/proxy"
)

func TestStopEndsEverythingThatIsUnderWay(t *testing.T) {
	t.Parallel()
	waiting := make(chan struct{}, 3)
	origin := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			echo(w, r)
			return
		}
		if r.URL.Path == "/stream" {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "data: x\n\n")
			_ = flushing{w}.Flush()
		}
		waiting <- struct{}{}
		<-r.Context().Done()
	})
	b := setup(t, proxy.SessionConfig{SpoolDir: t.TempDir()})
	socket := b.socket(t, strings.Replace(origin.URL, "http", "ws", 1))
	stream, err := b.client.Get(origin.URL + "/stream")
	require.NoError(t, err)
	defer func() { _ = stream.Body.Close() }()
	var wg sync.WaitGroup
	wg.Go(func() {
		if resp, err := b.client.Get(origin.URL + "/head"); err == nil {
			_ = resp.Body.Close()
		}
	})
	_, idle := b.raw(t, "CONNECT 127.0.0.1:9 HTTP/1.1\r\nHost: 127.0.0.1:9\r\n\r\n")
	<-waiting
	<-waiting

	for range 3 {
		wg.Go(b.session.Stop)
	}
	wg.Wait()
	b.session.Stop()

	_, err = net.Dial("tcp", b.session.Addr().String())
	require.Error(t, err, "the port is closed")
	_, err = io.Copy(io.Discard, idle)
	require.NotErrorIs(t, err, context.DeadlineExceeded)
	_, _, err = socket.Read(t.Context())
	require.Error(t, err)
	for _, e := range b.entries(t, 3) {
		require.Equal(t, proxy.CodeStopped, e.Error.Code, e.Request.URL)
	}
}

func TestServersStopWithTheirContextAndAgain(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	server, err := proxy.New(proxy.Config{})
	require.NoError(t, err)
	require.NoError(t, server.Start(ctx))
	session, err := server.Open(proxy.SessionConfig{})
	require.NoError(t, err)
	cancel()
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", session.Addr().String())
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	}, 10*time.Second, 2*time.Millisecond)
	server.Stop()
	server.Stop()
	_, err = server.Open(proxy.SessionConfig{})
	require.ErrorIs(t, err, proxy.ErrStopped)
	require.Error(t, server.Start(ctx))

	require.NoError(t, server.Start(t.Context()))
	_, err = server.Open(proxy.SessionConfig{})
	require.NoError(t, err)
	server.Stop()
}

func TestStartAndStopAtTheSameTime(t *testing.T) {
	t.Parallel()
	origin := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") })
	server, err := proxy.New(proxy.Config{})
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				if server.Start(context.Background()) != nil {
					return
				}
				session, err := server.Open(proxy.SessionConfig{Policy: local})
				if err != nil {
					continue // another one has stopped the server
				}
				client := clientOf(t, server, session)
				wg.Go(func() {
					if resp, err := client.Get(origin.URL); err == nil {
						_, _ = io.Copy(io.Discard, resp.Body)
						_ = resp.Body.Close()
					}
				})
				server.Stop()
			}
		})
	}
	wg.Wait()
	server.Stop()
}

func TestSessionsKnowNothingOfEachOther(t *testing.T) {
	t.Parallel()
	origin := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) })
	first := setup(t, proxy.SessionConfig{})
	second := &bundle{server: first.server, session: open(t, first.server, proxy.SessionConfig{})}
	second.client = clientOf(t, second.server, second.session)
	first.get(t, origin.URL+"/first")
	second.get(t, origin.URL+"/second")
	require.Equal(t, origin.URL+"/first", first.entries(t, 1)[0].Request.URL)
	require.Equal(t, origin.URL+"/second", second.entries(t, 1)[0].Request.URL)
	first.session.Stop()
	text, _ := second.get(t, origin.URL+"/still")
	require.Equal(t, "/still", text)
}

func TestEntriesAreTold(t *testing.T) {
	t.Parallel()
	origin := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) })
	b := setup(t, proxy.SessionConfig{Limits: proxy.Limits{MaxEntries: 2}})
	told := make(chan proxy.Entry, 10)
	b.session.OnEntry(func(e proxy.Entry) { told <- e })
	b.get(t, origin.URL+"/1")
	between := time.Now()
	b.get(t, origin.URL+"/2")
	b.get(t, origin.URL+"/3")
	for i := range 3 {
		e := <-told
		require.True(t, e.Done)
		require.EqualValues(t, i+1, e.ID)
		require.Equal(t, fmt.Sprint(origin.URL, "/", i+1), e.Request.URL)
		require.False(t, e.Ended().Before(e.Started))
	}
	require.Len(t, b.entries(t, 2), 2, "the third is beyond the limit")
	since := b.session.Since(between)
	require.Len(t, since, 1)
	require.EqualValues(t, 2, since[0].ID)
	require.Equal(t, proxy.Stats{Exchanges: 3, Beyond: 1, Noise: map[string]int{}}, b.session.Stats())
}

func TestManyAtTheSameTime(t *testing.T) {
	t.Parallel()
	origin, pool := serveTLS(t, true, func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprint(w, r.URL.Path, string(data))
	})
	b := setup(t, proxy.SessionConfig{RootCAs: pool, SpoolDir: t.TempDir(), Limits: proxy.Limits{MemoryBody: 100}})
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			_, _ = b.client.Post(origin.URL+fmt.Sprint("/", i), "text/plain", strings.NewReader(strings.Repeat("x", i*10)))
		})
		if i%10 == 0 {
			b.session.Entries() // while they run
		}
	}
	wg.Wait()
	for _, e := range b.entries(t, 100) {
		require.Nil(t, e.Error)
		_, path, _ := strings.Cut(strings.TrimPrefix(e.Request.URL, "https://"), "/")
		require.Equal(t, "/"+path+body(t, e.Request.Body), body(t, e.Response.Body))
	}
}

// An origin that neither answers the handshake nor goes away must not keep
// anything alive behind a stop (goleak looks at the end).
func TestStopEndsHandshakesThatNobodyWaitsFor(t *testing.T) {
	t.Parallel()
	taken, gone := make(chan struct{}), make(chan struct{})
	silent := listen(t, func(c net.Conn) {
		close(taken)
		_, _ = io.Copy(io.Discard, c)
		close(gone)
	})
	b := setup(t, proxy.SessionConfig{})
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+silent, nil)
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		if resp, err := b.client.Do(r); err == nil {
			_ = resp.Body.Close()
		}
	})
	<-taken
	cancel() // the browser gives up first, so that the transport goes on alone
	wg.Wait()
	b.session.Stop()
	<-gone
}
