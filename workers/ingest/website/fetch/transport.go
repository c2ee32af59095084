package fetch

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// newTransport dials under the policy, or through the proxy, which resolves the
// names. What can be said of a host without resolving it is said for every
// request (Fetcher.once).
func newTransport(cfg Config) *http.Transport {
	t := &http.Transport{
		DialContext:            cfg.Policy.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: cfg.RootCAs, InsecureSkipVerify: cfg.IgnoreTLSErrors, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // bounded here, and more kinds of it
		TLSHandshakeTimeout:    15 * time.Second,
		IdleConnTimeout:        30 * time.Second,
		MaxIdleConnsPerHost:    max(2, cfg.Pace.Concurrency),
		MaxResponseHeaderBytes: 256 << 10,
	}
	if cfg.Proxy != nil {
		t.Proxy = http.ProxyURL(cfg.Proxy)
		if cfg.TrustProxy {
			t.DialContext = (&net.Dialer{Timeout: 15 * time.Second}).DialContext
		}
	}
	return t
}

// retryAfter reads seconds or a date (RFC 9110 10.2.3).
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// proxyRefused is the answer of a proxy to a plain request, which net/http takes for the origin's.
func proxyRefused(via *url.URL, resp *http.Response) bool {
	return via != nil && resp.StatusCode == http.StatusProxyAuthRequired
}
