package fetch_test

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/proxy/egress"
	"tapedeck/workers/ingest/website/fetch"
)

// local is a configuration that reaches this machine and does not wait long.
func local() fetch.Config {
	return fetch.Config{
		Policy: &egress.Policy{AllowLoopback: true}, Backoff: time.Millisecond, Timeout: 10 * time.Second,
		Contact: "https://example.com/bot",
	}
}

func fetcher(t *testing.T, cfg fetch.Config) *fetch.Fetcher {
	t.Helper()
	f, err := fetch.New(cfg)
	require.NoError(t, err)
	t.Cleanup(f.Close)
	return f
}

func site(t *testing.T, h http.HandlerFunc) *url.URL {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return parse(t, s.URL+"/")
}

func parse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	require.NoError(t, err)
	return u
}

func get(t *testing.T, f *fetch.Fetcher, u *url.URL) (*fetch.Response, error) {
	t.Helper()
	return f.Get(t.Context(), fetch.Request{URL: u})
}

// forward is an HTTP proxy that wants a user name and password, by CONNECT or not.
func forward(t *testing.T, user, password string) (*url.URL, *atomic.Int64) {
	t.Helper()
	var used atomic.Int64
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	u := site(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != want {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		used.Add(1)
		if r.Method == http.MethodConnect {
			tunnel(w, r.Host)
			return
		}
		r.RequestURI = ""
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		_, _ = io.Copy(w, resp.Body)
	})
	u.User = url.UserPassword(user, password)
	u.Path = ""
	return u, &used
}

func tunnel(w http.ResponseWriter, host string) {
	to, err := net.Dial("tcp", host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	from, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n")
	splice(from, to)
}

func splice(a, b net.Conn) {
	go func() { _, _ = io.Copy(a, b); _ = a.Close() }()
	_, _ = io.Copy(b, a)
	_ = b.Close()
}

// socks is a SOCKS5 proxy (RFC 1928) that wants a user name and password (RFC 1929).
func socks(t *testing.T, user, password string) *url.URL {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go serveSOCKS(conn, user, password)
		}
	}()
	return &url.URL{Scheme: "socks5", Host: ln.Addr().String(), User: url.UserPassword(user, password)}
}

func serveSOCKS(conn net.Conn, user, password string) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	head := make([]byte, 2)
	if _, err := io.ReadFull(r, head); err != nil {
		return
	}
	_, _ = r.Discard(int(head[1]))
	_, _ = conn.Write([]byte{5, 2})
	_, _ = r.Discard(1)
	if short(r) != user || short(r) != password {
		_, _ = conn.Write([]byte{1, 1})
		return
	}
	_, _ = conn.Write([]byte{1, 0})
	request := make([]byte, 4)
	if _, err := io.ReadFull(r, request); err != nil {
		return
	}
	var host string
	if request[3] == 3 {
		host = short(r)
	} else {
		addr := make([]byte, 4)
		_, _ = io.ReadFull(r, addr)
		host = net.IP(addr).String()
	}
	port := make([]byte, 2)
	_, _ = io.ReadFull(r, port)
	to, err := net.Dial("tcp", net.JoinHostPort(host, strconv.Itoa(int(binary.BigEndian.Uint16(port)))))
	if err != nil {
		_, _ = conn.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
		return
	}
	_, _ = conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	splice(conn, to)
}

func short(r *bufio.Reader) string {
	n, err := r.ReadByte()
	if err != nil {
		return ""
	}
	b := make([]byte, n)
	_, _ = io.ReadFull(r, b)
	return string(b)
}
