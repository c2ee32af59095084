package proxy_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/proxy"
	"tapedeck/proxy/egress"
)

func TestFailuresAreSaidInAnswerAndRecord(t *testing.T) {
	t.Parallel()
	untrusted, _ := serveTLS(t, true, func(http.ResponseWriter, *http.Request) {})
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})
	rubbish := listen(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1<<10))
		_, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9\r\n")
	})
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	b := setup(t, proxy.SessionConfig{Policy: egress.Policy{AllowLoopback: true, Resolver: missing{}}})
	for _, c := range []struct {
		url, code, message string
		status             int
	}{
		{untrusted.URL, proxy.CodeTLS, "TLS error: ", http.StatusBadGateway},
		{"https" + strings.TrimPrefix(plain.URL, "http"), proxy.CodeTLS, "TLS error: ", http.StatusBadGateway},
		{"http://nowhere.test/", proxy.CodeDNS, "no such host", http.StatusBadGateway},
		{"http://" + closed.Addr().String(), proxy.CodeConnect, "refused", http.StatusBadGateway},
		{"http://" + rubbish, proxy.CodeProtocol, "malformed", http.StatusBadGateway},
		{"http://10.0.0.1/", proxy.CodeDenied, "private", http.StatusForbidden},
		{"https://169.254.169.254/latest/meta-data", proxy.CodeDenied, "metadata", http.StatusForbidden},
	} {
		r, err := http.NewRequest(http.MethodGet, c.url, nil)
		require.NoError(t, err)
		r.Header.Set("Accept", "text/html")
		text, resp := b.do(t, r)
		require.Equal(t, c.status, resp.StatusCode, c.url)
		require.Equal(t, c.code, resp.Header.Get(proxy.ErrorHeader), c.url)
		require.Equal(t, "text/html; charset=utf-8", resp.Header.Get("Content-Type"))
		require.Contains(t, text, c.message, c.url)
		list := b.session.Entries()
		e := list[len(list)-1]
		require.True(t, e.Done)
		require.Nil(t, e.Response)
		require.Equal(t, c.code, e.Error.Code, c.url)
		require.Contains(t, e.Error.Message, c.message)
	}
}

// missing knows no name.
type missing struct{}

func (missing) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// listen hands each connection to serve and closes it.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() { defer func() { _ = c.Close() }(); serve(c) }()
		}
	}()
	return ln.Addr().String()
}

func TestIgnoreHTTPSErrors(t *testing.T) {
	t.Parallel()
	origin, _ := serveTLS(t, true, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "in") })
	b := setup(t, proxy.SessionConfig{IgnoreHTTPSErrors: true})
	text, _ := b.get(t, origin.URL)
	require.Equal(t, "in", text)
}

func TestErrorHeaderOfAnOriginIsNotBelieved(t *testing.T) {
	t.Parallel()
	origin := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set(proxy.ErrorHeader, proxy.CodeTLS) })
	b := setup(t, proxy.SessionConfig{})
	_, resp := b.get(t, origin.URL)
	require.Empty(t, resp.Header.Get(proxy.ErrorHeader))
}

func TestRedirectToMetadataIsRefused(t *testing.T) {
	t.Parallel()
	origin := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
	})
	b := setup(t, proxy.SessionConfig{})
	b.client.CheckRedirect = nil
	_, resp := b.get(t, origin.URL)
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
	list := b.entries(t, 2)
	require.Equal(t, http.StatusFound, list[0].Response.Status)
	require.Equal(t, proxy.CodeDenied, list[1].Error.Code)
}

// turning answers one address first and another one from then on.
type turning struct {
	first, then netip.Addr
	asked       atomic.Int64
}

func (r *turning) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	if r.asked.Add(1) == 1 {
		return []netip.Addr{r.first}, nil
	}
	return []netip.Addr{r.then}, nil
}

func TestRebindingNameReachesNothing(t *testing.T) {
	t.Parallel()
	var reached atomic.Int64
	victim := serve(t, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	_, port, err := net.SplitHostPort(strings.TrimPrefix(victim.URL, "http://"))
	require.NoError(t, err)
	var dialled atomic.Value
	b := setup(t, proxy.SessionConfig{Policy: egress.Policy{
		Resolver: &turning{first: netip.MustParseAddr("93.184.216.34"), then: netip.MustParseAddr("127.0.0.1")},
		Dial: func(_ context.Context, _, address string) (net.Conn, error) {
			dialled.Store(address)
			return nil, errors.New("the internet is not here")
		},
	}})
	_, resp := b.get(t, "http://rebind.test:"+port)
	require.Equal(t, http.StatusBadGateway, resp.StatusCode)
	require.Equal(t, "93.184.216.34:"+port, dialled.Load(), "what was judged is what is dialled")
	_, resp = b.get(t, "http://rebind.test:"+port)
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
	require.Equal(t, proxy.CodeDenied, resp.Header.Get(proxy.ErrorHeader))
	require.Equal(t, "93.184.216.34:"+port, dialled.Load())
	require.Zero(t, reached.Load())
}

func TestNoSessionLeadsToAProxyOrAClosedPort(t *testing.T) {
	t.Parallel()
	api := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the API") })
	policy := local
	policy.DenyAddrs = []netip.AddrPort{netip.MustParseAddrPort(strings.TrimPrefix(api.URL, "http://"))}
	b := setup(t, proxy.SessionConfig{Policy: policy})
	later := open(t, b.server, proxy.SessionConfig{})
	for _, target := range []string{b.session.URL(), later.URL(), api.URL, strings.Replace(api.URL, "127.0.0.1", "localhost", 1)} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			r, err := http.NewRequest(method, target, nil)
			require.NoError(t, err)
			text, resp := b.do(t, r)
			require.NotEqual(t, http.StatusOK, resp.StatusCode, "%s: %s", target, text)
			require.NotContains(t, text, "the API")
		}
	}
	for _, e := range b.entries(t, 8) {
		require.Equal(t, proxy.CodeDenied, e.Error.Code, e.Request.URL)
	}
}

// userProxy is an HTTP proxy that wants ann's password, and counts.
func userProxy(t *testing.T, tunnels *atomic.Int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != "Basic YW5uOnB3" {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		if r.Method != http.MethodConnect {
			r.Header.Del("Proxy-Authorization")
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			defer func() { _ = resp.Body.Close() }()
			w.Header().Set("Via", "user proxy")
			_, _ = io.Copy(w, resp.Body)
			return
		}
		tunnels.Add(1)
		back, err := net.Dial("tcp", strings.Replace(r.Host, "only-there.test", "127.0.0.1", 1))
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		require.NoError(t, err)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		pipe(conn, back)
	}
}

func pipe(a, b net.Conn) {
	over := make(chan struct{})
	go func() {
		defer close(over)
		_, _ = io.Copy(a, b)
		_ = a.Close()
	}()
	_, _ = io.Copy(b, a)
	_ = b.Close()
	<-over
}

func TestUsersHTTPProxyIsChained(t *testing.T) {
	t.Parallel()
	var tunnels atomic.Int64
	via, err := url.Parse(serve(t, userProxy(t, &tunnels)).URL)
	require.NoError(t, err)
	via.User = url.UserPassword("ann", "pw")
	origin := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			echo(w, r)
			return
		}
		_, _ = io.WriteString(w, "plain")
	})
	secure, pool := serveTLS(t, true, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "secure") })
	b := setup(t, proxy.SessionConfig{Upstream: via, RootCAs: pool})

	text, resp := b.get(t, origin.URL)
	require.Equal(t, "plain", text)
	require.Equal(t, "user proxy", resp.Header.Get("Via"))
	require.Zero(t, tunnels.Load())
	text, _ = b.get(t, secure.URL)
	require.Equal(t, "secure", text)
	require.EqualValues(t, 1, tunnels.Load())
	// The name is the upstream's to resolve: it exists nowhere here.
	c := b.socket(t, strings.NewReplacer("http", "ws", "127.0.0.1", "only-there.test").Replace(origin.URL))
	require.NoError(t, c.CloseNow())
	require.EqualValues(t, 2, tunnels.Load(), "a WebSocket takes a tunnel")

	for _, host := range []string{"169.254.169.254", "10.0.0.1", "metadata.google.internal", "2852039166"} {
		_, resp = b.get(t, "http://"+host+"/")
		require.Equal(t, proxy.CodeDenied, resp.Header.Get(proxy.ErrorHeader), host)
	}
	require.False(t, b.entries(t, 7)[0].ServerAddr.IsValid(), "nobody here knows which address answered")
}

func TestUsersProxyThatRefusesIsNamed(t *testing.T) {
	t.Parallel()
	var tunnels atomic.Int64
	via, err := url.Parse(serve(t, userProxy(t, &tunnels)).URL)
	require.NoError(t, err)
	via.User = url.UserPassword("ann", "wrong")
	b := setup(t, proxy.SessionConfig{Upstream: via})
	text, resp := b.get(t, "https://example.test/")
	require.Equal(t, proxy.CodeProxy, resp.Header.Get(proxy.ErrorHeader), text)
	require.Contains(t, text, "407")
	require.NotContains(t, text, "wrong")
	_, _, err = dialSocket(t, b, "ws://example.test/")
	require.Error(t, err)
	_, resp = b.get(t, "http://example.test/")
	require.Equal(t, proxy.CodeProxy, resp.Header.Get(proxy.ErrorHeader))
	require.NotEqual(t, http.StatusProxyAuthRequired, resp.StatusCode, "the browser must not ask a person for it")

	gone := listen(t, func(net.Conn) {})
	b = setup(t, proxy.SessionConfig{Upstream: &url.URL{Scheme: "http", Host: gone}})
	_, resp = b.get(t, "https://example.test/")
	require.Equal(t, proxy.CodeProxy, resp.Header.Get(proxy.ErrorHeader))
}

func TestUsersHTTPSAndSOCKSProxies(t *testing.T) {
	t.Parallel()
	var tunnels atomic.Int64
	secureProxy, pool := serveTLS(t, false, userProxy(t, &tunnels))
	socks := socksProxy(t, "ann", "pw")
	origin := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			echo(w, r)
			return
		}
		_, _ = io.WriteString(w, "plain")
	})
	for _, via := range []*url.URL{
		{Scheme: "https", Host: strings.TrimPrefix(secureProxy.URL, "https://"), User: url.UserPassword("ann", "pw")},
		{Scheme: "socks5", Host: socks, User: url.UserPassword("ann", "pw")},
	} {
		b := setup(t, proxy.SessionConfig{Upstream: via, RootCAs: pool})
		text, _ := b.get(t, origin.URL)
		require.Equal(t, "plain", text, via.Scheme)
		c := b.socket(t, strings.NewReplacer("http", "ws", "127.0.0.1", "only-there.test").Replace(origin.URL))
		require.NoError(t, c.CloseNow())
	}
	b := setup(t, proxy.SessionConfig{Upstream: &url.URL{Scheme: "socks5", Host: socks, User: url.UserPassword("ann", "no")}})
	text, resp := b.get(t, origin.URL)
	require.Equal(t, proxy.CodeProxy, resp.Header.Get(proxy.ErrorHeader), text)
}

// socksProxy speaks as much of RFC 1928 and 1929 as a client needs.
func socksProxy(t *testing.T, user, password string) string {
	return listen(t, func(c net.Conn) {
		take := func(n int) []byte {
			b := make([]byte, n)
			if _, err := io.ReadFull(c, b); err != nil {
				return make([]byte, n)
			}
			return b
		}
		take(int(take(2)[1]))
		_, _ = c.Write([]byte{5, 2})
		take(1)
		name := take(int(take(1)[0]))
		word := take(int(take(1)[0]))
		if string(name) != user || string(word) != password {
			_, _ = c.Write([]byte{1, 1})
			return
		}
		_, _ = c.Write([]byte{1, 0})
		host := ""
		switch take(4)[3] {
		case 1:
			host = net.IP(take(4)).String()
		case 3:
			host = strings.Replace(string(take(int(take(1)[0]))), "only-there.test", "127.0.0.1", 1)
		}
		port := take(2)
		back, err := net.Dial("tcp", net.JoinHostPort(host, fmt.Sprint(int(port[0])<<8|int(port[1]))))
		if err != nil {
			_, _ = c.Write([]byte{5, 1, 0, 1, 0, 0, 0, 0, 0, 0})
			return
		}
		_, _ = c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
		pipe(c, back)
	})
}

func TestBadSessionsAreRefused(t *testing.T) {
	t.Parallel()
	server, err := proxy.New(proxy.Config{})
	require.NoError(t, err)
	_, err = server.Open(proxy.SessionConfig{})
	require.ErrorIs(t, err, proxy.ErrStopped)
	require.NoError(t, server.Start(t.Context()))
	t.Cleanup(server.Stop)
	for want, cfg := range map[string]proxy.SessionConfig{
		"must be http":         {Upstream: &url.URL{Scheme: "ftp", Host: "x"}},
		"denied (metadata)":    {Upstream: &url.URL{Scheme: "http", Host: "169.254.169.254:3128"}},
		"denied (loopback)":    {Upstream: &url.URL{Scheme: "http", Host: "127.0.0.1:6379"}},
		"no valid header line": {ExtraHeaders: http.Header{"X": {"a\r\nb"}}},
		"need an origin":       {Credentials: &proxy.Credentials{Origin: "example.com"}},
		"spool folder":         {SpoolDir: t.TempDir() + "/missing"},
		`header "a b"`:         {ExtraHeaders: http.Header{"a b": {"x"}}},
	} {
		_, err := server.Open(cfg)
		require.ErrorContains(t, err, want)
	}
}

func TestCertificateIsTheSameForEachConnection(t *testing.T) {
	t.Parallel()
	b := setup(t, proxy.SessionConfig{Origin: roundTrip(func(*http.Request) (*http.Response, error) {
		return nil, &proxy.Failure{Code: "replay_miss", Message: "nothing was recorded for this"}
	})})
	var first []byte
	for range 2 {
		client := clientOf(t, b.server, b.session)
		resp, err := client.Get("https://example.test/")
		require.NoError(t, err)
		require.Contains(t, read(t, resp), "nothing was recorded for this")
		require.Equal(t, "replay_miss", resp.Header.Get(proxy.ErrorHeader), "an origin's own code is passed on")
		if first != nil {
			require.Equal(t, first, resp.TLS.PeerCertificates[0].Raw)
		}
		first = resp.TLS.PeerCertificates[0].Raw
	}
	require.Len(t, b.server.CA().SPKIHash(), 44)
	other, err := proxy.NewCA()
	require.NoError(t, err)
	require.NotEqual(t, b.server.CA().SPKIHash(), other.SPKIHash())

	transport := b.client.Transport.(*http.Transport)
	transport.TLSClientConfig = &tls.Config{RootCAs: other.Pool()}
	_, err = b.client.Get("https://example.test/")
	require.ErrorContains(t, err, "certificate signed by unknown authority")
}
