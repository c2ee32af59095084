package proxy

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"

	"tapedeck/proxy/egress"
)

// SessionConfig is one recording's way to the network.
type SessionConfig struct {
	// Policy says where connections may go; the proxy's own ports are closed
	// whatever it says. Defaults to public addresses only.
	Policy egress.Policy
	// Origin is where answers come from. It gets each request with an absolute
	// URL and the browser's header, keeps to http.RoundTripper's contract, and
	// answers a WebSocket's request with status 101 and a body that is an
	// io.ReadWriteCloser of frames. Its error becomes the entry's Error: a
	// *Failure as it is. Defaults to the network under Policy.
	Origin http.RoundTripper
	// Admit is asked before each request goes to the origin, and may add to its header, which is not recorded. Its error
	// refuses the request: a *Failure as it is. It is called at the same time by several goroutines. Defaults to all.
	Admit func(*http.Request) error
	// Upstream is the user's proxy: http, https or socks5, with its credentials
	// in the URL. The proxy itself is dialled under Policy. It resolves the
	// names of what is asked of it, so that of these only literal addresses and
	// names that are forbidden as such are refused here. Defaults to none.
	Upstream *url.URL
	// IgnoreHTTPSErrors leaves the origins' certificates unchecked. Defaults to false.
	IgnoreHTTPSErrors bool
	// RootCAs are who may sign the origins' certificates. Defaults to the system's.
	RootCAs *x509.CertPool
	// ExtraHeaders replace or join the header of every request, whatever its
	// host. Defaults to none.
	ExtraHeaders http.Header
	// Credentials answer HTTP Basic authentication of one origin: they go with
	// every request to it that carries no Authorization. Defaults to none.
	Credentials *Credentials
	// SpoolDir is an existing private folder for bodies that are too large for
	// memory; the session makes its own folder in it and removes it when
	// closed. They are what was sent, secrets included: it belongs on a tmpfs.
	// Defaults to none: such bodies are cut at Limits.MemoryBody.
	SpoolDir string
	// Limits bound what is kept. Defaults to Limits's own.
	Limits Limits
}

// Credentials are for one origin only ("https://staging.example.com").
type Credentials struct {
	Origin, Username, Password string
}

// Validate answers all faults at once.
func (c SessionConfig) Validate() error {
	var faults []error
	if u := c.Upstream; u != nil {
		if !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) || u.Hostname() == "" {
			faults = append(faults, errors.New("the upstream proxy must be http://, https:// or socks5:// with a host"))
		} else if err := c.Policy.CheckHost(u.Hostname(), portOf(u)); err != nil {
			faults = append(faults, fmt.Errorf("the upstream proxy: %w", err))
		}
	}
	for name, values := range c.ExtraHeaders {
		invalid := func(v string) bool { return !httpguts.ValidHeaderFieldValue(v) }
		if !httpguts.ValidHeaderFieldName(name) || len(values) == 0 || slices.ContainsFunc(values, invalid) {
			faults = append(faults, fmt.Errorf("extra header %q is no valid header line", name))
		}
	}
	if c.Credentials != nil {
		if u, err := url.Parse(c.Credentials.Origin); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			faults = append(faults, errors.New("the HTTP credentials need an origin: http(s)://host"))
		}
	}
	return errors.Join(faults...)
}

// Session is one recording's proxy. It is safe for concurrent use.
type Session struct {
	server *Server
	cfg    SessionConfig
	policy *egress.Policy
	origin http.RoundTripper
	log    *slog.Logger
	record *record
	addr   netip.AddrPort
	feed   *feed
	http   *http.Server

	ctx      context.Context
	cancel   context.CancelFunc
	conns    atomic.Int64
	handlers gate
	wg       sync.WaitGroup
	stop     func()
	wipe     func() error
}

// Open starts a session on a loopback port of its own. The error is
// ErrStopped, the config's faults, or that of the port or the spool folder.
func (s *Server) Open(cfg SessionConfig) (*Session, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.Limits = cfg.Limits.WithDefaults()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for a recording's browser: %w", err)
	}
	spool, err := newSpool(cfg.SpoolDir, cfg.Limits)
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	session := s.session(cfg, spool, ln)
	session.serve(ln)
	if err := s.add(session); err != nil {
		return nil, errors.Join(err, session.Close())
	}
	return session, nil
}

func (s *Server) session(cfg SessionConfig, spool *spool, ln net.Listener) *Session {
	session := &Session{
		server: s, cfg: cfg, log: s.log,
		record: newRecord(spool, cfg.Limits),
		addr:   addrOf(ln.Addr().String()),
		feed:   newFeed(ln.Addr()),
		wipe:   sync.OnceValue(spool.wipe),
	}
	session.stop = sync.OnceFunc(session.shutdown)
	session.ctx, session.cancel = context.WithCancel(context.Background())
	session.policy = s.closeOwn(cfg.Policy)
	session.origin = cfg.Origin
	if session.origin == nil {
		session.origin = newNetwork(cfg, session.policy, session.dial)
	}
	session.http = &http.Server{
		Handler:                      session,
		ReadHeaderTimeout:            30 * time.Second,
		IdleTimeout:                  3 * time.Minute,
		MaxHeaderBytes:               1 << 20,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext:                  func(net.Listener) context.Context { return session.ctx },
		ConnContext:                  session.connContext,
		ConnState:                    session.connState,
	}
	return session
}

// connState closes a connection that was taken in just as the server closed:
// http.Server.Close does not know of it.
func (s *Session) connState(c net.Conn, state http.ConnState) {
	if state == http.StateNew && s.ctx.Err() != nil {
		_ = c.Close()
	}
}

// dial connects under the policy, for no longer than the session lasts: the
// transport goes on with dials and handshakes that nobody waits for any more.
func (s *Session) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	conn, err := s.policy.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &boundConn{Conn: conn, stop: context.AfterFunc(s.ctx, func() { _ = conn.Close() })}, nil
}

// boundConn ends with its session.
type boundConn struct {
	net.Conn
	stop func() bool
}

func (c *boundConn) Close() error {
	c.stop()
	return c.Conn.Close()
}

// closeOwn closes the ports of all sessions, those opened later included.
func (s *Server) closeOwn(p egress.Policy) *egress.Policy {
	dial := p.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	p.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if at := addrOf(address); s.isOwn(at) {
			return nil, &egress.Denied{Host: at.String(), Addr: at.Addr(), Reason: egress.DeniedAddress}
		}
		return dial(ctx, network, address)
	}
	return &p
}

func (s *Session) serve(ln net.Listener) {
	s.wg.Go(func() { s.feed.accept(ln) })
	s.wg.Go(func() { _ = s.http.Serve(s.feed) })
	context.AfterFunc(s.ctx, func() { _ = ln.Close() })
}

// Addr is where the session listens.
func (s *Session) Addr() netip.AddrPort { return s.addr }

// URL is the value of a browser context's proxy server option.
func (s *Session) URL() string { return "http://" + s.addr.String() }

// Entries is what was said so far, in the order in which it began; exchanges
// that are under way included.
func (s *Session) Entries() []Entry { return s.record.since(time.Time{}) }

// Since is the part of Entries that began at t or later.
func (s *Session) Since(t time.Time) []Entry { return s.record.since(t) }

// OnEntry calls tell with every entry that is complete from now on. Calls come
// from the exchanges' own goroutines, at the same time: tell must not wait.
func (s *Session) OnEntry(tell func(Entry)) { s.record.listen(tell) }

// Stats counts what passed.
type Stats struct {
	// Exchanges is the number of all exchanges; Beyond of those that were not
	// kept, because there were too many.
	Exchanges, Beyond int64
	// Noise counts the browser's own requests that were refused, by host.
	Noise map[string]int
}

// Stats counts what passed so far.
func (s *Session) Stats() Stats {
	s.record.mu.Lock()
	defer s.record.mu.Unlock()
	return Stats{Exchanges: s.record.next, Beyond: s.record.beyond, Noise: maps.Clone(s.record.noise)}
}

// Stop ends all connections and answers when nothing runs any more; entries
// and bodies stay readable. It may be called any number of times.
func (s *Session) Stop() { s.stop() }

// Close stops the session and removes the bodies from disk. The error is that
// of removing them.
func (s *Session) Close() error {
	s.stop()
	return s.wipe()
}

func (s *Session) shutdown() {
	s.cancel()
	s.feed.close()
	_ = s.http.Close()
	s.handlers.close()
	s.wg.Wait()
	if idle, ok := s.origin.(interface{ CloseIdleConnections() }); ok {
		idle.CloseIdleConnections()
	}
	s.server.remove(s)
}

// gate counts what is inside and lets nothing in once it is closed.
type gate struct {
	mu     sync.Mutex
	closed bool
	inside sync.WaitGroup
}

func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.inside.Add(1)
	}
	return !g.closed
}

func (g *gate) leave() { g.inside.Done() }

// close answers when the last one has left.
func (g *gate) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.inside.Wait()
}
