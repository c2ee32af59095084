package fetch

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"tapedeck/proxy/egress"
)

// Config is how a Fetcher goes about it.
type Config struct {
	// Policy says where connections may go. Required.
	Policy *egress.Policy
	// Proxy is the way out: http, https or socks5, with its user name and password
	// if it wants them. It resolves the names. Defaults to none.
	Proxy *url.URL
	// TrustProxy lets the proxy be anywhere: it is the operator's. Defaults to false: it is dialled under Policy.
	TrustProxy bool
	// Contact is a URL or mail address that tells a site's owner who fetches. Defaults to none.
	Contact string
	// Version of this program in the user agent. Defaults to "1.0".
	Version string
	// Jar holds the cookies of a login. Defaults to an empty one that lives as long as the Fetcher.
	Jar http.CookieJar
	// RootCAs verify servers. Defaults to the system's.
	RootCAs *x509.CertPool
	// IgnoreTLSErrors takes any certificate. Defaults to false.
	IgnoreTLSErrors bool
	// Timeout bounds one try, the body included. Defaults to 30 s.
	Timeout time.Duration
	// MaxSize bounds a body in bytes, both as it comes and decompressed. Defaults to 20 MiB.
	MaxSize int64
	// Types are the content types that are read, "text/*" for a family. Defaults to DefaultTypes.
	Types []string
	// Retries is how often a request is tried again that may succeed later. Defaults to 2; negative means never.
	Retries int
	// Backoff is the wait before the first retry, doubled for each further one, with
	// jitter. Defaults to 500 ms.
	Backoff time.Duration
	// MaxWait bounds every wait, one that a server asks for included: a longer one
	// is a failure. Defaults to 60 s.
	MaxWait time.Duration
	// Pace is how each host is treated.
	Pace Pace
}

// DefaultTypes are the types that can become a document of text.
func DefaultTypes() []string {
	return []string{"text/html", "application/xhtml+xml", "text/plain", "text/markdown"}
}

// WithDefaults fills in what is not set.
func (c Config) WithDefaults() Config {
	setDefault(&c.Version, "1.0")
	setDefault(&c.Timeout, 30*time.Second)
	setDefault(&c.MaxSize, 20<<20)
	setDefault(&c.Retries, 2)
	setDefault(&c.Backoff, 500*time.Millisecond)
	setDefault(&c.MaxWait, time.Minute)
	if c.Types == nil {
		c.Types = DefaultTypes()
	}
	c.Pace = c.Pace.WithDefaults()
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Validate joins all faults of a configuration.
func (c Config) Validate() error {
	var faults []error
	if c.Policy == nil {
		faults = append(faults, errors.New("fetch: Policy is required"))
	}
	if c.Proxy != nil && !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, c.Proxy.Scheme) {
		faults = append(faults, fmt.Errorf("fetch: a proxy is http, https or socks5, not %q", c.Proxy.Scheme))
	}
	if c.MaxSize < 0 || c.Timeout < 0 || c.Backoff < 0 || c.MaxWait < 0 {
		faults = append(faults, errors.New("fetch: sizes and times are not negative"))
	}
	return errors.Join(faults...)
}

// UserAgent is the name under which requests are made: "Tapedeck/1.0 (+CONTACT)".
func (c Config) UserAgent() string {
	if c.Contact == "" {
		return Product + "/" + c.Version
	}
	return Product + "/" + c.Version + " (+" + c.Contact + ")"
}

// Product is the token by which robots.txt names this crawler.
const Product = "Tapedeck"
