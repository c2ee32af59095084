package proxy_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/proxy"
	"tapedeck/proxy/egress"
)

// bundle is a running proxy with one session and a client that takes it for
// everything, like a browser.
type bundle struct {
	server  *proxy.Server
	session *proxy.Session
	client  *http.Client
}

// local is the policy of a test: its servers are on the loopback interface.
var local = egress.Policy{AllowLoopback: true}

// setup opens a session; the zero Policy is replaced by local.
func setup(t testing.TB, cfg proxy.SessionConfig) *bundle {
	t.Helper()
	server, err := proxy.New(proxy.Config{})
	require.NoError(t, err)
	require.NoError(t, server.Start(context.Background()))
	t.Cleanup(server.Stop)
	session := open(t, server, cfg)
	return &bundle{server: server, session: session, client: clientOf(t, server, session)}
}

func open(t testing.TB, server *proxy.Server, cfg proxy.SessionConfig) *proxy.Session {
	t.Helper()
	if !cfg.Policy.AllowLoopback && cfg.Policy.Resolver == nil && cfg.Policy.Dial == nil && !cfg.Policy.AllowPrivate {
		cfg.Policy = local
	}
	session, err := server.Open(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, session.Close()) })
	return session
}

func clientOf(t testing.TB, server *proxy.Server, session *proxy.Session) *http.Client {
	t.Helper()
	at, err := url.Parse(session.URL())
	require.NoError(t, err)
	transport := &http.Transport{
		Proxy:              http.ProxyURL(at),
		TLSClientConfig:    &tls.Config{RootCAs: server.CA().Pool()},
		DisableCompression: true,
		ForceAttemptHTTP2:  true,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       30 * time.Second,
	}
}

// get answers the body and the response, which is closed.
func (b *bundle) get(t testing.TB, url string) (string, *http.Response) {
	t.Helper()
	resp, err := b.client.Get(url)
	require.NoError(t, err)
	return read(t, resp), resp
}

func (b *bundle) do(t testing.TB, r *http.Request) (string, *http.Response) {
	t.Helper()
	resp, err := b.client.Do(r)
	require.NoError(t, err)
	return read(t, resp), resp
}

func read(t testing.TB, resp *http.Response) string {
	t.Helper()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return string(data)
}

// entries waits until n entries are complete.
func (b *bundle) entries(t testing.TB, n int) []proxy.Entry {
	t.Helper()
	var entries []proxy.Entry
	require.Eventually(t, func() bool {
		entries = b.session.Entries()
		for _, e := range entries {
			if !e.Done {
				return false
			}
		}
		return len(entries) == n
	}, 20*time.Second, 2*time.Millisecond, "%d complete entries", n)
	return entries
}

func body(t testing.TB, b *proxy.Body) string {
	t.Helper()
	data, err := b.Bytes()
	require.NoError(t, err)
	return string(data)
}

// serve starts an origin; with TLS it speaks HTTP/2, and the pool trusts it.
func serve(t testing.TB, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func serveTLS(t testing.TB, http2 bool, h http.HandlerFunc) (*httptest.Server, *x509.CertPool) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = http2
	s.StartTLS()
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return s, pool
}
