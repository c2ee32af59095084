package proxy

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Header is one header line. Repeats of a name keep their order.
type Header struct{ Name, Value string }

// Headers are header lines sorted by name.
type Headers []Header

// Get is the first value of a name, or "".
func (h Headers) Get(name string) string {
	for _, line := range h {
		if strings.EqualFold(line.Name, name) {
			return line.Value
		}
	}
	return ""
}

// Values are all values of a name, in order.
func (h Headers) Values(name string) []string {
	var values []string
	for _, line := range h {
		if strings.EqualFold(line.Name, name) {
			values = append(values, line.Value)
		}
	}
	return values
}

func headersOf(h http.Header) Headers {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	var out Headers
	for _, name := range names {
		for _, v := range h[name] {
			out = append(out, Header{name, v})
		}
	}
	return out
}

// Entry is one exchange as it is known at the moment of asking: a copy that no
// longer changes. Its bodies can be opened until the session is closed.
type Entry struct {
	// ID counts the session's exchanges from 1 in the order of their start.
	ID      int64
	Started time.Time
	// Done says that the exchange is over and the entry complete.
	Done bool
	// Connection tells the browser's connections apart.
	Connection int64
	Request    Request
	// Response is nil as long as nothing was answered.
	Response *Response
	Timings  Timings
	// ServerAddr is the address that was connected to; the zero AddrPort when
	// a user's proxy stands between, or nothing was dialled.
	ServerAddr netip.AddrPort
	// TLS tells how the origin's connection was secured; nil without TLS.
	TLS *TLS
	// Error says why there was no complete answer; nil when there was.
	Error *Failure
	// Messages are a WebSocket's, in the order in which they passed.
	Messages []Message
	// Events are those of a text/event-stream, whose whole text is the body.
	Events []Event
	// Dropped counts messages and events beyond the session's limits.
	Dropped int64
}

// Dest is the request's Sec-Fetch-Dest: document, script, image, empty (fetch)
// and so on; "websocket" for a WebSocket; "" where the browser did not say.
func (e Entry) Dest() string {
	if e.WebSocket() {
		return "websocket"
	}
	return e.Request.Header.Get("Sec-Fetch-Dest")
}

// WebSocket says whether the request asked to become a WebSocket.
func (e Entry) WebSocket() bool {
	return strings.EqualFold(e.Request.Header.Get("Upgrade"), "websocket")
}

// Referer is the page that the request says it came from, or "".
func (e Entry) Referer() string { return e.Request.Header.Get("Referer") }

// Ended is when the exchange was over; the zero time before that.
func (e Entry) Ended() time.Time {
	if !e.Done {
		return time.Time{}
	}
	return e.Started.Add(e.Timings.Total)
}

// Request is what was asked of the origin.
type Request struct {
	Method string
	// URL is absolute; ws and wss for WebSockets.
	URL string
	// Proto is what the browser spoke: HTTP/1.1 or HTTP/2.0.
	Proto   string
	Header  Headers
	Trailer Headers
	// Body is the bytes as they were sent; nil when there were none.
	Body *Body
}

// Response is what the origin answered, before anything was taken from it.
type Response struct {
	Status     int
	StatusText string
	// Proto is what the origin spoke.
	Proto   string
	Header  Headers
	Trailer Headers
	// Body is the bytes as they were sent, content encoding included; nil when there were none.
	Body *Body
}

// Timings are the parts of an exchange; what did not happen is -1.
type Timings struct {
	Blocked, DNS, Connect, TLS, Send, Wait, Receive time.Duration
	Total                                           time.Duration
}

// TLS is how a connection to an origin was secured.
type TLS struct {
	Version, Cipher, Subject, Issuer string
	NotBefore, NotAfter              time.Time
	SANs                             []string
}

// The codes of a Failure.
const (
	CodeDenied    = "egress_denied"    // the policy forbids the place
	CodeDNS       = "dns"              // the name has no address
	CodeConnect   = "connect"          // nobody listens, or the network is down
	CodeTLS       = "tls"              // the origin's certificate or handshake is bad
	CodeTimeout   = "timeout"          // the origin said nothing for too long
	CodeProxy     = "upstream_proxy"   // the user's proxy refused or failed
	CodeProtocol  = "protocol"         // the origin's answer is not HTTP, or broke off
	CodeCancelled = "cancelled"        // the browser gave up
	CodeStopped   = "stopped"          // the session was stopped
	CodeRequest   = "bad_request"      // the request's own fault: its body broke off
	CodeNoise     = "browser_traffic"  // the browser's own business, never recorded
	CodeTooLarge  = "header_too_large" // the origin's header is beyond any use
)

// Failure says why an exchange has no complete answer. Origins may return one
// as their error.
type Failure struct {
	// Code is one of the Code constants, or an origin's own.
	Code string
	// Message is for people.
	Message string
}

func (f *Failure) Error() string { return f.Code + ": " + f.Message }

// Message is one message of a WebSocket: its frames put together.
type Message struct {
	Time time.Time
	// Sent says that the browser sent it.
	Sent bool
	// Opcode is 1 text, 2 binary, 8 close, 9 ping, 10 pong.
	Opcode int
	Data   []byte
	// Size is the true length; Data is shorter when it is beyond the limits.
	Size int64
	// Compressed says that the origin compressed it although nobody asked: Data is opaque.
	Compressed bool
}

// Event is one event of a text/event-stream.
type Event struct {
	Time time.Time
	// Type is "message" unless the origin named another.
	Type, ID, Data string
	// Retry is the wait before a reconnect that came with it; 0 if none.
	Retry time.Duration
	// Truncated says that Data is beyond the limits.
	Truncated bool
}
