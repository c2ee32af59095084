package proxy

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// replayBody is the largest request body that is held so that it can be sent
// once more on a fresh connection, as browsers do when a kept one has died.
const replayBody = 64 << 10

var buffers = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// ServeHTTP takes the browser's requests: absolute ones, CONNECT, and what
// comes through tunnels.
func (s *Session) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.handlers.enter() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	defer s.handlers.leave()
	if r.Method == http.MethodConnect {
		s.connect(w, r)
		return
	}
	u, ok := target(r)
	if !ok {
		http.Error(w, "this is a recording's proxy, it serves no pages", http.StatusBadRequest)
		return
	}
	if isNoise(u.Hostname(), r) {
		s.record.countNoise(u.Hostname())
		writeFailure(w, r, &Failure{CodeNoise, "the browser's own traffic is not let out"})
		return
	}
	s.exchange(w, r, u)
}

// target is the absolute URL of a request; false when it was not meant for a proxy.
func target(r *http.Request) (*url.URL, bool) {
	u := *r.URL
	if info := infoOf(r.Context()); info.tunnelled {
		u.Scheme, u.Host = info.scheme, info.host
		return &u, true
	}
	return &u, (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// exchange asks the origin and passes its answer on.
func (s *Session) exchange(w http.ResponseWriter, r *http.Request, u *url.URL) {
	x := s.record.begin(infoOf(r.Context()).id)
	x.viaProxy = s.cfg.Upstream != nil
	defer x.done()
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	idle := newIdle(s.cfg.Limits.IdleTimeout, cancel)
	defer idle.stop()
	early := &earlyHints{w: w}
	trace := x.trace()
	trace.Got1xxResponse = early.pass
	out := r.Clone(httptrace.WithClientTrace(ctx, trace))
	out.Trailer = r.Trailer // filled in when the body has been read
	err := s.outgoing(out, u, x, idle)
	upgrade := err == nil && isWebSocket(out.Header)
	x.asked(out, shown(u, upgrade), r.Proto)
	if err != nil {
		s.refuse(w, r, x, &Failure{CodeRequest, "the request's body broke off: " + err.Error()})
		return
	}
	if s.cfg.Admit != nil {
		if err := s.cfg.Admit(out); err != nil {
			s.refuse(w, r, x, s.failure(ctx, r, err))
			return
		}
	}
	resp, err := s.origin.RoundTrip(out)
	early.close()
	if err != nil {
		s.refuse(w, r, x, s.failure(ctx, r, err))
		return
	}
	defer func() { _ = resp.Body.Close() }()
	x.answered(resp)
	if upgrade && resp.StatusCode == http.StatusSwitchingProtocols {
		s.relay(w, resp, x)
		return
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		s.refuse(w, r, x, &Failure{CodeProtocol, "the origin switched protocols without being asked"})
		return
	}
	if err := s.stream(w, resp, x, idle); err != nil {
		x.fail(s.failure(ctx, r, err))
		x.done()
		panic(http.ErrAbortHandler) // the browser must see that it broke off
	}
}

// shown is the URL of the record.
func shown(u *url.URL, socket bool) *url.URL {
	if !socket {
		return u
	}
	ws := *u
	ws.Scheme = "ws" + strings.TrimPrefix(u.Scheme, "http")
	return &ws
}

// outgoing makes the browser's request the origin's. The error is that of
// reading its body.
func (s *Session) outgoing(out *http.Request, u *url.URL, x *exchange, idle *idle) error {
	out.URL, out.RequestURI, out.Close = u, "", false
	if out.Host == "" {
		out.Host = u.Host
	}
	socket := isWebSocket(out.Header)
	stripHops(out.Header)
	if socket {
		// Frames are to be read: nobody may agree to compress them.
		out.Header.Del("Sec-Websocket-Extensions")
		out.Header.Set("Connection", "Upgrade")
		out.Header.Set("Upgrade", "websocket")
	}
	for name, values := range s.cfg.ExtraHeaders {
		if name = textproto.CanonicalMIMEHeaderKey(name); name == "Host" {
			out.Host = values[0]
		} else {
			out.Header[name] = slices.Clone(values)
		}
	}
	s.authorize(out, u)
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header["User-Agent"] = nil // or the transport adds its own
	}
	return s.takeBody(out, x, idle)
}

func (s *Session) authorize(out *http.Request, u *url.URL) {
	c := s.cfg.Credentials
	if c == nil || out.Header.Get("Authorization") != "" {
		return
	}
	if origin, err := url.Parse(c.Origin); err == nil && origin.Scheme == u.Scheme &&
		strings.EqualFold(origin.Hostname(), u.Hostname()) && portOf(origin) == portOf(u) {
		out.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(c.Username+":"+c.Password)))
	}
}

// takeBody captures the request's body, a small one at once.
func (s *Session) takeBody(out *http.Request, x *exchange, idle *idle) error {
	if out.ContentLength == 0 || out.Body == nil {
		out.Body = http.NoBody
		return nil
	}
	if out.ContentLength < 0 || out.ContentLength > replayBody || out.Header.Get("Expect") != "" {
		out.Body = &tee{ReadCloser: out.Body, x: x, idle: idle, trailer: out.Trailer}
		return nil
	}
	idle.touch()
	data, err := io.ReadAll(out.Body)
	idle.rest()
	x.sent.take(data)
	if err != nil {
		return err
	}
	x.askedTrailer(out.Trailer)
	out.Body = io.NopCloser(bytes.NewReader(data))
	out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	// An empty key is not sent; it lets the transport repeat what met a dead
	// connection before any answer, whatever the method.
	out.Header["X-Idempotency-Key"] = []string{}
	return nil
}

// tee captures a body as the transport reads it.
type tee struct {
	io.ReadCloser
	x       *exchange
	idle    *idle
	trailer http.Header
}

func (t *tee) Read(p []byte) (int, error) {
	t.idle.touch()
	n, err := t.ReadCloser.Read(p)
	t.x.sent.take(p[:n])
	if err != nil {
		t.idle.rest()
	}
	if errors.Is(err, io.EOF) {
		t.x.askedTrailer(t.trailer)
	}
	return n, err
}

// stream passes the response on as it comes. The error is why it broke off.
func (s *Session) stream(w http.ResponseWriter, resp *http.Response, x *exchange, idle *idle) error {
	passHeader(w.Header(), resp)
	events := eventsOf(resp, x)
	defer events.close()
	w.WriteHeader(resp.StatusCode)
	flusher := http.NewResponseController(w)
	if resp.ContentLength < 0 {
		_ = flusher.Flush() // what comes may take its time
	}
	if events != nil {
		idle = nil
	}
	buf := buffers.Get().(*[32 << 10]byte)
	defer buffers.Put(buf)
	var passed int64
	for {
		idle.touch()
		n, err := resp.Body.Read(buf[:])
		idle.rest() // a browser that does not read on (a paused video) may rest
		if n > 0 {
			passed += int64(n)
			x.received.take(buf[:n])
			events.take(buf[:n])
			if _, err := w.Write(buf[:n]); err != nil {
				return &Failure{CodeCancelled, "the browser gave up"}
			}
			// A full buffer says that more is there already.
			if n < len(buf) && passed != resp.ContentLength {
				_ = flusher.Flush()
			}
		}
		if errors.Is(err, io.EOF) {
			passTrailer(w.Header(), resp)
			x.answeredTrailer(resp.Trailer)
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// hops are the fields of one connection (RFC 9110, 7.6.1).
var hops = []string{"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Authentication-Info", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

func stripHops(h http.Header) {
	trailers := strings.Contains(strings.ToLower(h.Get("Te")), "trailers")
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range hops {
		h.Del(name)
	}
	if trailers {
		h.Set("Te", "trailers")
	}
}

// passHeader gives the browser the origin's header, without what would lead it
// past the proxy and without anything that net/http would add.
func passHeader(h http.Header, resp *http.Response) {
	for name, values := range resp.Header {
		h[name] = slices.Clone(values)
	}
	stripHops(h)
	h.Del("Te")
	h.Del("Alt-Svc")
	h.Del(ErrorHeader)
	for _, name := range []string{"Date", "Content-Type"} {
		if _, ok := h[name]; !ok {
			h[name] = nil
		}
	}
	for name := range resp.Trailer {
		h.Add("Trailer", name)
	}
}

func passTrailer(h http.Header, resp *http.Response) {
	for name, values := range resp.Trailer {
		h[http.TrailerPrefix+name] = values
	}
}

// earlyHints passes 103 on while the origin is asked, and nothing after that.
type earlyHints struct {
	mu   sync.Mutex
	w    http.ResponseWriter
	done bool
}

func (e *earlyHints) pass(code int, h textproto.MIMEHeader) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.done || code != http.StatusEarlyHints {
		return nil
	}
	for _, link := range h["Link"] {
		e.w.Header().Add("Link", link)
	}
	e.w.WriteHeader(code)
	e.w.Header().Del("Link")
	return nil
}

func (e *earlyHints) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.done = true
}

func isEventStream(h http.Header) bool {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && kind == "text/event-stream"
}

func isWebSocket(h http.Header) bool {
	if !strings.EqualFold(h.Get("Upgrade"), "websocket") {
		return false
	}
	for _, line := range h["Connection"] {
		for token := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(token), "upgrade") {
				return true
			}
		}
	}
	return false
}
