package proxy

import (
	"crypto/tls"
	"crypto/x509/pkix"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// exchange is an entry in the making. What fills it are the goroutines of one
// request and the transport's, which may still speak when the request is over:
// nothing changes once it is done.
type exchange struct {
	log *record

	viaProxy bool // the connection's other end is not the origin

	mu       sync.Mutex
	entry    Entry
	marks    marks
	sent     *capture
	received *capture
}

// marks are the moments of an exchange.
type marks struct {
	dnsStart, dnsDone, connectStart, connectDone, tlsStart, tlsDone, gotConn, wrote, first time.Time
	reused                                                                                 bool
}

// trace listens to the transport.
func (x *exchange) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:          func(httptrace.DNSStartInfo) { x.mark(func(m *marks) *time.Time { return &m.dnsStart }) },
		DNSDone:           func(httptrace.DNSDoneInfo) { x.mark(func(m *marks) *time.Time { return &m.dnsDone }) },
		ConnectStart:      func(string, string) { x.mark(func(m *marks) *time.Time { return &m.connectStart }) },
		ConnectDone:       func(string, string, error) { x.mark(func(m *marks) *time.Time { return &m.connectDone }) },
		TLSHandshakeStart: func() { x.mark(func(m *marks) *time.Time { return &m.tlsStart }) },
		TLSHandshakeDone: func(tls.ConnectionState, error) {
			x.mark(func(m *marks) *time.Time { return &m.tlsDone })
		},
		GotConn: func(info httptrace.GotConnInfo) {
			x.mark(func(m *marks) *time.Time { return &m.gotConn })
			x.change(func() {
				x.marks.reused = info.Reused
				if !x.viaProxy {
					x.entry.ServerAddr = addrOf(info.Conn.RemoteAddr().String())
				}
			})
		},
		WroteRequest: func(httptrace.WroteRequestInfo) { x.mark(func(m *marks) *time.Time { return &m.wrote }) },
		GotFirstResponseByte: func() {
			x.mark(func(m *marks) *time.Time { return &m.first })
		},
	}
}

func addrOf(s string) netip.AddrPort {
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// mark notes a moment; of several tries the last counts.
func (x *exchange) mark(at func(*marks) *time.Time) {
	now := time.Now()
	x.change(func() { *at(&x.marks) = now })
}

// change does something unless the exchange is over.
func (x *exchange) change(do func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.entry.Done {
		do()
	}
}

// asked notes the request as it goes out.
func (x *exchange) asked(out *http.Request, u *url.URL, proto string) {
	h := headersOf(out.Header)
	if !strings.HasPrefix(proto, "HTTP/2") {
		h = slices.Insert(h, 0, Header{"Host", out.Host})
	}
	x.change(func() {
		x.entry.Request.Method, x.entry.Request.URL, x.entry.Request.Proto = out.Method, u.String(), proto
		x.entry.Request.Header = h
	})
}

// answered notes the response's head as it came in.
func (x *exchange) answered(resp *http.Response) {
	status, text := resp.StatusCode, strings.TrimSpace(strings.TrimPrefix(resp.Status, statusDigits(resp.StatusCode)))
	r := &Response{Status: status, StatusText: text, Proto: resp.Proto, Header: headersOf(resp.Header)}
	x.change(func() {
		x.entry.Response = r
		if x.marks.first.IsZero() {
			x.marks.first = time.Now()
		}
		if resp.TLS != nil {
			x.entry.TLS = tlsOf(resp.TLS)
		}
	})
}

func statusDigits(code int) string {
	return string([]byte{byte('0' + code/100%10), byte('0' + code/10%10), byte('0' + code%10)})
}

func tlsOf(s *tls.ConnectionState) *TLS {
	out := &TLS{Version: tls.VersionName(s.Version), Cipher: tls.CipherSuiteName(s.CipherSuite)}
	if len(s.PeerCertificates) > 0 {
		c := s.PeerCertificates[0]
		out.Subject, out.Issuer = nameOf(c.Subject), nameOf(c.Issuer)
		out.NotBefore, out.NotAfter = c.NotBefore, c.NotAfter
		out.SANs = slices.Clone(c.DNSNames)
		for _, ip := range c.IPAddresses {
			out.SANs = append(out.SANs, ip.String())
		}
	}
	return out
}

func nameOf(n pkix.Name) string {
	if n.CommonName != "" {
		return n.CommonName
	}
	return n.String()
}

// fail notes why there is no complete answer; the first reason counts.
func (x *exchange) fail(f *Failure) {
	x.change(func() {
		if x.entry.Error == nil {
			x.entry.Error = f
		}
	})
}

// askedTrailer notes what came behind the request's body.
func (x *exchange) askedTrailer(h http.Header) {
	trailer := headersOf(h)
	x.change(func() { x.entry.Request.Trailer = trailer })
}

// answeredTrailer notes what came behind the response's body.
func (x *exchange) answeredTrailer(h http.Header) {
	trailer := headersOf(h)
	x.change(func() { x.entry.Response.Trailer = trailer })
}

// keepMessage keeps a message within the session's limits.
func (x *exchange) keepMessage(m Message) {
	if !x.log.admit() {
		x.change(func() { x.entry.Dropped++ })
		return
	}
	if !x.log.spool.memory.whole(int64(len(m.Data))) {
		m.Data = nil
	}
	x.change(func() { x.entry.Messages = append(x.entry.Messages, m) })
}

// keepEvent keeps an event within the session's limits.
func (x *exchange) keepEvent(e Event) {
	if !x.log.admit() {
		x.change(func() { x.entry.Dropped++ })
		return
	}
	if !x.log.spool.memory.whole(int64(len(e.Data))) {
		e.Data, e.Truncated = "", true
	}
	x.change(func() { x.entry.Events = append(x.entry.Events, e) })
}

// done completes the entry and hands it on, once.
func (x *exchange) done() {
	x.mu.Lock()
	if x.entry.Done {
		x.mu.Unlock()
		return
	}
	x.entry.Timings = x.marks.timings(x.entry.Started, time.Now())
	x.entry.Done = true
	x.mu.Unlock()
	x.sent.end()
	x.received.end()
	x.log.completed(x)
}

func (x *exchange) snapshot() Entry {
	x.mu.Lock()
	defer x.mu.Unlock()
	e := x.entry
	if !e.Done {
		e.Timings = x.marks.timings(e.Started, time.Now())
	}
	e.Request.Body = x.sent.body()
	if e.Response != nil {
		r := *e.Response
		r.Body = x.received.body()
		e.Response = &r
	}
	// What is appended later does not reach the copy.
	e.Messages, e.Events = slices.Clip(e.Messages), slices.Clip(e.Events)
	return e
}

func (m marks) timings(start, end time.Time) Timings {
	t := Timings{Blocked: -1, DNS: -1, Connect: -1, TLS: -1, Send: -1, Wait: -1, Receive: -1, Total: end.Sub(start)}
	if !m.reused {
		t.DNS = between(m.dnsStart, m.dnsDone)
		t.Connect = between(m.connectStart, m.connectDone)
		t.TLS = between(m.tlsStart, m.tlsDone)
	}
	if !m.gotConn.IsZero() {
		t.Blocked = max(m.gotConn.Sub(start)-max(t.DNS, 0)-max(t.Connect, 0)-max(t.TLS, 0), 0)
	}
	t.Send = between(m.gotConn, m.wrote)
	if m.wrote.After(m.first) && !m.first.IsZero() {
		m.wrote = m.first // the answer began before the request's body was over
	}
	t.Wait = between(m.wrote, m.first)
	t.Receive = between(m.first, end)
	return t
}

func between(a, b time.Time) time.Duration {
	if a.IsZero() || b.IsZero() || b.Before(a) {
		return -1
	}
	return b.Sub(a)
}
