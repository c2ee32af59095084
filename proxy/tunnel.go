package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/idna"
)

// sniffTimeout is how long a browser may hold a tunnel open without a word:
// it opens some ahead of need.
const sniffTimeout = time.Minute

// firstTLSByte begins every TLS connection (a handshake record).
const firstTLSByte = 0x16

// feed is the listener of a session's HTTP server: connections that the
// browser made, and what comes out of their tunnels.
type feed struct {
	addr  net.Addr
	conns chan net.Conn
	done  chan struct{}
	close func()
}

func newFeed(addr net.Addr) *feed {
	f := &feed{addr: addr, conns: make(chan net.Conn), done: make(chan struct{})}
	f.close = sync.OnceFunc(func() { close(f.done) })
	return f
}

func (f *feed) Addr() net.Addr { return f.addr }

func (f *feed) Close() error { f.close(); return nil }

func (f *feed) Accept() (net.Conn, error) {
	select {
	case c := <-f.conns:
		return c, nil
	case <-f.done:
		return nil, net.ErrClosed
	}
}

func (f *feed) push(c net.Conn) {
	select {
	case f.conns <- c:
	case <-f.done:
		_ = c.Close()
	}
}

// accept feeds what the port takes until it is closed. A process that is out
// of files waits a little and tries again.
func (f *feed) accept(ln net.Listener) {
	for {
		c, err := ln.Accept()
		switch {
		case err == nil:
			f.push(c)
		case errors.Is(err, net.ErrClosed):
			return
		default:
			select {
			case <-time.After(50 * time.Millisecond):
			case <-f.done:
				return
			}
		}
	}
}

// connInfo is what is known of a connection before its first request.
type connInfo struct {
	id        int64
	scheme    string // "" outside a tunnel, where requests name it
	host      string // as in the URL: the default port left out
	tunnelled bool
}

type connKey struct{}

// tunnelConn is a browser's connection behind its CONNECT.
type tunnelConn struct {
	net.Conn
	r    *bufio.Reader // may hold what came right behind the CONNECT
	info connInfo
}

func (c *tunnelConn) Read(p []byte) (int, error) { return c.r.Read(p) }

func (c *tunnelConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Conn.Close()
}

func (s *Session) connContext(ctx context.Context, c net.Conn) context.Context {
	inner := c
	if secure, ok := c.(*tls.Conn); ok {
		inner = secure.NetConn()
	}
	if t, ok := inner.(*tunnelConn); ok {
		return context.WithValue(ctx, connKey{}, t.info)
	}
	return context.WithValue(ctx, connKey{}, connInfo{id: s.conns.Add(1)})
}

func infoOf(ctx context.Context) connInfo {
	info, _ := ctx.Value(connKey{}).(connInfo)
	return info
}

// connect opens a tunnel to ourselves. Whether its end may be reached is
// decided when something is asked of it, so that a refusal is an answer that
// the page and the recorder can read, and not a broken tunnel.
func (s *Session) connect(w http.ResponseWriter, r *http.Request) {
	info := infoOf(r.Context())
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil || host == "" || info.tunnelled {
		http.Error(w, "CONNECT needs host:port", http.StatusBadRequest)
		return
	}
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "CONNECT needs a connection of its own", http.StatusBadRequest)
		return
	}
	stop := context.AfterFunc(s.ctx, func() { _ = conn.Close() })
	t, err := s.dig(conn, buf.Reader, connInfo{id: info.id, tunnelled: true}, host, port)
	if !stop() || err != nil {
		_ = conn.Close()
		return
	}
	s.feed.push(t)
}

// dig answers the CONNECT and looks whether TLS or plain HTTP (a ws:// URL)
// comes through the tunnel.
func (s *Session) dig(conn net.Conn, r *bufio.Reader, info connInfo, host, port string) (net.Conn, error) {
	_ = conn.SetDeadline(time.Now().Add(sniffTimeout))
	if _, err := conn.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		return nil, err
	}
	first, err := r.Peek(1)
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Time{})
	if first[0] != firstTLSByte {
		info.scheme, info.host = "http", authority(host, port, "80")
		return &tunnelConn{conn, r, info}, nil
	}
	info.scheme, info.host = "https", authority(host, port, "443")
	config, err := s.server.ca.config(certName(host))
	if err != nil {
		s.log.Warn("no certificate for the browser", "host", host, "error", err)
		return nil, err
	}
	return tls.Server(&tunnelConn{conn, r, info}, config), nil
}

func authority(host, port, usual string) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port == usual {
		return host
	}
	return host + ":" + port
}

// certName is the host as certificates write it.
func certName(host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		return ascii
	}
	return host
}
