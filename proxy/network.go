package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tapedeck/proxy/egress"
)

// network is the origin that dials: under the policy, or through a user's proxy.
type network struct {
	policy *egress.Policy
	dial   dialer
	tls    *tls.Config
	via    *url.URL
	direct *http.Transport
	tunnel *http.Transport // through an HTTP proxy's CONNECT: HTTPS, and WebSockets, which it takes no other way
}

type dialer func(ctx context.Context, network, address string) (net.Conn, error)

func newNetwork(cfg SessionConfig, policy *egress.Policy, dial dialer) *network {
	n := &network{policy: policy, dial: dial, via: cfg.Upstream, tls: &tls.Config{
		RootCAs: cfg.RootCAs, InsecureSkipVerify: cfg.IgnoreHTTPSErrors, MinVersion: minTLS(cfg),
	}}
	n.direct = n.transport(cfg, dial)
	if n.via == nil {
		return n
	}
	n.direct.Proxy = http.ProxyURL(n.via)
	if n.via.Scheme == "http" || n.via.Scheme == "https" {
		n.tunnel = n.transport(cfg, n.dialThrough)
	}
	return n
}

func (n *network) transport(cfg SessionConfig, dial dialer) *http.Transport {
	return &http.Transport{
		DialContext:            dial,
		TLSClientConfig:        n.tls.Clone(),
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // the browser decodes, the record keeps what was sent
		TLSHandshakeTimeout:    15 * time.Second,
		ResponseHeaderTimeout:  cfg.Limits.HeaderTimeout,
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        time.Minute,
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    32,
		MaxResponseHeaderBytes: 1 << 20,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
	}
}

// minTLS lets old servers be reached by those who ignore their certificates anyway.
func minTLS(cfg SessionConfig) uint16 {
	if cfg.IgnoreHTTPSErrors {
		return tls.VersionTLS10
	}
	return tls.VersionTLS12
}

func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	if n.via == nil {
		return n.direct.RoundTrip(r)
	}
	// The proxy resolves the name; what can be said without resolving is still ours to say.
	if err := n.policy.CheckHost(r.URL.Hostname(), portOf(r.URL)); err != nil {
		return nil, err
	}
	if n.tunnel == nil {
		return n.direct.RoundTrip(r)
	}
	if r.URL.Scheme == "https" || r.Header.Get("Upgrade") != "" {
		return n.tunnel.RoundTrip(r)
	}
	resp, err := n.direct.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusProxyAuthRequired {
		_ = resp.Body.Close()
		return nil, &Failure{CodeProxy, "the upstream proxy refused the request: " + resp.Status}
	}
	return resp, err
}

func (n *network) CloseIdleConnections() {
	n.direct.CloseIdleConnections()
	if n.tunnel != nil {
		n.tunnel.CloseIdleConnections()
	}
}

// dialThrough connects to an address by the HTTP proxy's CONNECT.
func (n *network) dialThrough(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := n.dial(ctx, network, net.JoinHostPort(n.via.Hostname(), strconv.Itoa(int(portOf(n.via)))))
	if err != nil {
		return nil, &net.OpError{Op: opProxy, Net: network, Err: err}
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if n.via.Scheme == "https" {
		config := n.tls.Clone()
		config.ServerName = n.via.Hostname()
		secure := tls.Client(conn, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, &Failure{CodeProxy, "TLS to the upstream proxy: " + err.Error()}
		}
		conn = secure
	}
	if err := connectThrough(conn, address, n.via.User); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

func connectThrough(conn net.Conn, address string, user *url.Userinfo) error {
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	var b strings.Builder
	fmt.Fprintf(&b, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", address, address)
	if user != nil {
		password, _ := user.Password()
		fmt.Fprintf(&b, "Proxy-Authorization: Basic %s\r\n", base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)))
	}
	b.WriteString("\r\n")
	if _, err := conn.Write([]byte(b.String())); err != nil {
		return &Failure{CodeProxy, "the upstream proxy broke off: " + err.Error()}
	}
	br := bufio.NewReader(conn)
	resp, err := http.ReadResponse(br, &http.Request{Method: http.MethodConnect})
	if err != nil {
		return &Failure{CodeProxy, "the upstream proxy's answer: " + err.Error()}
	}
	if resp.StatusCode != http.StatusOK {
		return &Failure{CodeProxy, "the upstream proxy refused the connection: " + resp.Status}
	}
	if br.Buffered() > 0 {
		return &Failure{CodeProxy, "the upstream proxy spoke before it was asked"}
	}
	return conn.SetDeadline(time.Time{})
}

func portOf(u *url.URL) uint16 {
	if n, err := strconv.ParseUint(u.Port(), 10, 16); err == nil {
		return uint16(n)
	}
	switch u.Scheme {
	case "https", "wss":
		return 443
	case "socks5", "socks5h":
		return 1080
	default:
		return 80
	}
}

// opProxy is how net/http marks what failed on the way to a proxy.
const opProxy = "proxyconnect"

// failureOf names an origin's error.
func failureOf(err error) *Failure {
	var own *Failure
	var denied *egress.Denied
	var dns *net.DNSError
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var authority x509.UnknownAuthorityError
	var op *net.OpError
	var timeout net.Error
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &denied):
		return &Failure{CodeDenied, denied.Error()}
	case errors.As(err, &op) && (op.Op == opProxy || op.Op == "socks connect"):
		return &Failure{CodeProxy, "the upstream proxy: " + err.Error()}
	case errors.As(err, &dns):
		return &Failure{CodeDNS, dns.Error()}
	case errors.As(err, &verify), errors.As(err, &record), errors.As(err, &alert), errors.As(err, &authority):
		return &Failure{CodeTLS, "TLS error: " + err.Error()}
	case errors.As(err, &timeout) && timeout.Timeout():
		return &Failure{CodeTimeout, err.Error()}
	case errors.Is(err, context.Canceled):
		return &Failure{CodeCancelled, "the browser gave up"}
	case errors.As(err, &op) && op.Op == "dial":
		return &Failure{CodeConnect, err.Error()}
	case strings.Contains(err.Error(), "tls: "), strings.Contains(err.Error(), "remote error: tls"):
		return &Failure{CodeTLS, "TLS error: " + err.Error()}
	case strings.Contains(err.Error(), "server response headers exceeded"):
		return &Failure{CodeTooLarge, err.Error()}
	default:
		return &Failure{CodeProtocol, err.Error()}
	}
}
