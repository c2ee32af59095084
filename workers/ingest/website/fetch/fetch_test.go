package fetch_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"tapedeck/proxy/egress"
	"tapedeck/workers/ingest/website/fetch"
)

func html(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, body)
}

func TestGet(t *testing.T) {
	t.Parallel()
	var agent string
	u := site(t, func(w http.ResponseWriter, r *http.Request) {
		agent = r.UserAgent()
		w.Header().Set("ETag", `"1"`)
		html(w, "<p>hi")
	})
	resp, err := get(t, fetcher(t, local()), u)
	require.NoError(t, err)
	require.Equal(t, "<p>hi", string(resp.Body))
	require.Equal(t, "text/html", resp.MediaType)
	require.Equal(t, `"1"`, resp.Validators.ETag)
	require.Equal(t, "Tapedeck/1.0 (+https://example.com/bot)", agent)
}

func TestNotModified(t *testing.T) {
	t.Parallel()
	u := site(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("ETag", `"1"`)
		http.ServeContent(w, r, "", time.Unix(1e9, 0), bytes.NewReader([]byte("<p>hi")))
	})
	f := fetcher(t, local())
	first, err := get(t, f, u)
	require.NoError(t, err)
	again, err := f.Get(t.Context(), fetch.Request{URL: u, Known: first.Validators})
	require.NoError(t, err)
	require.True(t, again.NotModified)
	require.Equal(t, first.Validators, again.Validators)
	byTime, err := f.Get(t.Context(), fetch.Request{URL: u, Known: fetch.Validators{LastModified: first.Validators.LastModified}})
	require.NoError(t, err)
	require.True(t, byTime.NotModified)
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	var hits atomic.Int64
	u := site(t, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	cfg := local()
	cfg.Policy = &egress.Policy{Resolver: named{"inside.example": "127.0.0.1"}}
	f := fetcher(t, cfg)
	for _, at := range []string{
		u.String(), "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data", "http://[::1]:1/", "http://2130706433/",
		"http://inside.example:" + u.Port() + "/", "ftp://example.com/", "http://metadata.google.internal/",
	} {
		_, err := get(t, f, parse(t, at))
		require.Equal(t, fetch.CodeDenied, fetch.CodeOf(err), "%s: %v", at, err)
	}
	require.Zero(t, hits.Load())
}

// named resolves from a list.
type named map[string]string

func (n named) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if a, ok := n[host]; ok {
		return []netip.Addr{netip.MustParseAddr(a)}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func TestRedirectToAPrivateAddressIsRefused(t *testing.T) {
	t.Parallel()
	u := site(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://10.1.2.3/x", http.StatusFound)
	})
	_, err := get(t, fetcher(t, local()), u)
	require.Equal(t, fetch.CodeDenied, fetch.CodeOf(err))
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	u := site(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/end":
			html(w, "end")
		case "/loop":
			http.Redirect(w, r, "/loop2", http.StatusMovedPermanently)
		case "/loop2":
			http.Redirect(w, r, "/loop", http.StatusMovedPermanently)
		case "/start":
			http.Redirect(w, r, "end#part", http.StatusTemporaryRedirect)
		case "/nowhere":
			w.WriteHeader(http.StatusFound)
		case "/cookie":
			if _, err := r.Cookie("seen"); err != nil {
				http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1"})
				http.Redirect(w, r, "/cookie", http.StatusFound)
				return
			}
			html(w, "cookie")
		default:
			var n int
			_, _ = fmt.Sscanf(r.URL.Path, "/hop/%d", &n)
			http.Redirect(w, r, fmt.Sprintf("/hop/%d", n+1), http.StatusFound)
		}
	})
	f := fetcher(t, local())
	resp, err := get(t, f, u.JoinPath("start"))
	require.NoError(t, err)
	require.Equal(t, "/end", resp.URL.RequestURI())
	require.Equal(t, []string{u.JoinPath("start").String()}, resp.Redirects)
	resp, err = get(t, f, u.JoinPath("cookie"))
	require.NoError(t, err)
	require.Equal(t, "cookie", string(resp.Body))
	for path, code := range map[string]fetch.Code{"loop": fetch.CodeRedirectLoop, "hop": fetch.CodeRedirectLimit, "nowhere": fetch.CodeRedirect} {
		_, err := get(t, f, u.JoinPath(path))
		require.Equal(t, code, fetch.CodeOf(err), path)
	}
	_, err = f.Get(t.Context(), fetch.Request{URL: u.JoinPath("start"), Allow: func(*url.URL) error { return io.EOF }})
	require.Equal(t, fetch.CodeRedirect, fetch.CodeOf(err))
}

func packed(t *testing.T, encoding string, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch encoding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "br":
		w = brotli.NewWriter(&b)
	case "zstd":
		z, err := zstd.NewWriter(&b)
		require.NoError(t, err)
		w = z
	}
	_, err := w.Write(body)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func TestEncodingsAndBombs(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"gzip", "br", "zstd"} {
		cut := map[string]int{"gzip": 4, "zstd": 4, "br": 10}[encoding] // the reader of br notices an end only before its first byte
		small, bomb := packed(t, encoding, []byte("<p>packed")), packed(t, encoding, make([]byte, 2<<20))
		u := site(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", encoding)
			w.Header().Set("Content-Type", "text/html")
			switch r.URL.Path {
			case "/small":
				_, _ = w.Write(small)
			case "/bomb":
				_, _ = w.Write(bomb)
			case "/broken":
				_, _ = w.Write(small[:len(small)-cut])
			}
		})
		cfg := local()
		cfg.MaxSize = 1 << 20
		f := fetcher(t, cfg)
		resp, err := get(t, f, u.JoinPath("small"))
		require.NoError(t, err, encoding)
		require.Equal(t, "<p>packed", string(resp.Body))
		_, err = get(t, f, u.JoinPath("bomb"))
		require.Equal(t, fetch.CodeTooLarge, fetch.CodeOf(err), encoding)
		_, err = get(t, f, u.JoinPath("broken"))
		require.Equal(t, fetch.CodeEncoding, fetch.CodeOf(err), "%s: %v", encoding, err)
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	u := site(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path == "/told" {
			w.Header().Set("Content-Length", "5000")
		}
		_, _ = w.Write(make([]byte, 2500))
		_ = http.NewResponseController(w).Flush()
		_, _ = w.Write(make([]byte, 2500))
	})
	cfg := local()
	cfg.MaxSize = 4000
	for _, path := range []string{"told", "untold"} {
		_, err := get(t, fetcher(t, cfg), u.JoinPath(path))
		require.Equal(t, fetch.CodeTooLarge, fetch.CodeOf(err), path)
	}
}

func TestTypes(t *testing.T) {
	t.Parallel()
	png := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
	u := site(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.FormValue("type"))
		if r.FormValue("type") == "" {
			w.Header()["Content-Type"] = nil
		}
		_, _ = io.WriteString(w, r.FormValue("body"))
	})
	f := fetcher(t, local())
	for _, c := range []struct {
		declared, body string
		want           string
		code           fetch.Code
	}{
		{"text/html", "<p>x", "text/html", ""},
		{"TEXT/HTML;charset", "<p>x", "text/html", ""},
		{"text/plain", png, "", fetch.CodeType},
		{"text/html", "%PDF-1.7\n", "", fetch.CodeType},
		{"image/png", png, "", fetch.CodeType},
		{"application/pdf", "%PDF", "", fetch.CodeType},
		{"", "<!doctype html><p>x", "text/html", ""},
		{"application/octet-stream", png, "", fetch.CodeType},
		{"application/octet-stream", "plain words", "text/plain", ""},
		{"text/html", "", "text/html", ""},
		{"text/html", "<\x00p\x00>\x00x\x00", "text/html", ""},
	} {
		at := *u
		at.RawQuery = url.Values{"type": {c.declared}, "body": {c.body}}.Encode()
		resp, err := get(t, f, &at)
		require.Equal(t, c.code, fetch.CodeOf(err), "%+v: %v", c, err)
		if c.code == "" {
			require.Equal(t, c.want, resp.MediaType)
		}
	}
	resp, err := f.Get(t.Context(), fetch.Request{URL: u, Types: []string{"*/*"}})
	require.NoError(t, err)
	require.Equal(t, "text/plain", resp.MediaType)
}

func TestStatusesAndRetries(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	u := site(t, func(w http.ResponseWriter, r *http.Request) {
		n := asked.Add(1)
		switch r.URL.Path {
		case "/404":
			w.WriteHeader(http.StatusNotFound)
		case "/500":
			w.WriteHeader(http.StatusInternalServerError)
		case "/busy":
			if n < 3 {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			html(w, "at last")
		case "/later":
			w.Header().Set("Retry-After", "7200")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	for path, c := range map[string]struct {
		code fetch.Code
		asks int64
	}{"404": {fetch.Status(404), 1}, "500": {fetch.Status(500), 3}, "busy": {"", 3}, "later": {fetch.Status(429), 1}} {
		asked.Store(0)
		_, err := get(t, fetcher(t, local()), u.JoinPath(path))
		require.Equal(t, c.code, fetch.CodeOf(err), path)
		require.Equal(t, c.asks, asked.Load(), path)
	}
}

func TestFailuresOfTheWay(t *testing.T) {
	t.Parallel()
	cfg := local()
	cfg.Retries = -1
	cfg.Policy = &egress.Policy{AllowLoopback: true, Resolver: named{}}
	f := fetcher(t, cfg)
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	stopped := httptest.NewServer(http.NotFoundHandler())
	stopped.Close()
	hang := site(t, func(w http.ResponseWriter, r *http.Request) {
		html(w, "some")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	cut := site(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		html(w, "some")
	})
	for at, code := range map[string]fetch.Code{
		"http://nowhere.example/": fetch.CodeDNS, secure.URL: fetch.CodeTLS, stopped.URL: fetch.CodeConnect,
		cut.String(): fetch.CodeProtocol, "https://" + cut.Host: fetch.CodeTLS,
	} {
		_, err := get(t, f, parse(t, at))
		require.Equal(t, code, fetch.CodeOf(err), "%s: %v", at, err)
	}
	hasty := cfg
	hasty.Timeout = 100 * time.Millisecond
	_, err := get(t, fetcher(t, hasty), hang)
	require.Equal(t, fetch.CodeTimeout, fetch.CodeOf(err))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = f.Get(ctx, fetch.Request{URL: hang})
	require.Equal(t, fetch.CodeCancelled, fetch.CodeOf(err))
}

func TestProxies(t *testing.T) {
	t.Parallel()
	plain := site(t, func(w http.ResponseWriter, _ *http.Request) { html(w, "plain") })
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { html(w, "secure") }))
	t.Cleanup(secure.Close)
	via, used := forward(t, "user", "p@ss")
	for _, proxy := range []*url.URL{via, socks(t, "user", "p@ss")} {
		cfg := local()
		cfg.Proxy, cfg.RootCAs = proxy, x509.NewCertPool()
		cfg.RootCAs.AddCert(secure.Certificate())
		f := fetcher(t, cfg)
		resp, err := f.Get(t.Context(), fetch.Request{URL: plain, Types: []string{"*/*"}})
		require.NoError(t, err)
		require.Equal(t, "plain", string(resp.Body))
		resp, err = get(t, f, parse(t, secure.URL))
		require.NoError(t, err)
		require.Equal(t, "secure", string(resp.Body))

		cfg.Policy = &egress.Policy{}
		_, err = get(t, fetcher(t, cfg), plain)
		require.Equal(t, fetch.CodeDenied, fetch.CodeOf(err), "behind a proxy too")

		wrong := *proxy
		wrong.User = url.UserPassword("user", "secret-word")
		cfg.Policy, cfg.Proxy = &egress.Policy{AllowLoopback: true}, &wrong
		for _, at := range []string{plain.String(), secure.URL} {
			_, err = get(t, fetcher(t, cfg), parse(t, at))
			require.Equal(t, fetch.CodeProxy, fetch.CodeOf(err), "%s by %s: %v", at, proxy.Scheme, err)
			require.NotContains(t, err.Error(), "secret-word")
		}
	}
	require.EqualValues(t, 2, used.Load())
}

func TestCookiesOfALogin(t *testing.T) {
	t.Parallel()
	u := site(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("session"); err != nil {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		html(w, "inside")
	})
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	jar.SetCookies(u, []*http.Cookie{{Name: "session", Value: "1"}})
	cfg := local()
	cfg.Jar = jar
	resp, err := get(t, fetcher(t, cfg), u)
	require.NoError(t, err)
	require.Equal(t, "inside", string(resp.Body))
}

func TestConfigFaultsAreJoined(t *testing.T) {
	t.Parallel()
	_, err := fetch.New(fetch.Config{Proxy: &url.URL{Scheme: "ftp"}, MaxSize: -1})
	require.ErrorContains(t, err, "Policy is required")
	require.ErrorContains(t, err, `not "ftp"`)
	require.ErrorContains(t, err, "not negative")
}
