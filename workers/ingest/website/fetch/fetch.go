package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"time"

	"golang.org/x/net/publicsuffix"
)

// Validators tell whether a page changed (RFC 9110 8.8).
type Validators struct {
	ETag         string
	LastModified string // as the server wrote it
}

// Request is one page that is wanted.
type Request struct {
	URL *url.URL
	// Known makes the request conditional: a page that did not change is not sent.
	Known Validators
	// Types and MaxSize take the place of the configuration's, when they are set.
	Types   []string
	MaxSize int64
	// Cut keeps the beginning of a body that is over MaxSize. Defaults to false: it is a failure.
	Cut bool
	// MaxRedirects is how many are followed. Defaults to 10.
	MaxRedirects int
	// Allow judges each redirect's target; its error is the failure. Defaults to all.
	Allow func(*url.URL) error
}

// Response is a page as it was sent.
type Response struct {
	URL         *url.URL // after redirects
	Status      int
	NotModified bool // Known still holds; there is no body
	Header      http.Header
	MediaType   string // without parameters, in lower case; sniffed when the server does not say
	Body        []byte // decompressed
	Validators  Validators
	Redirects   []string // the URLs that led to URL
}

// Hash is of the body: SHA-256 in hexadecimal digits.
func (r *Response) Hash() string {
	sum := sha256.Sum256(r.Body)
	return hex.EncodeToString(sum[:])
}

// Fetcher gets pages. It is safe for concurrent use.
type Fetcher struct {
	cfg    Config
	client *http.Client
	paces  *paces
}

// New makes a Fetcher; Close it.
func New(cfg Config) (*Fetcher, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Jar == nil {
		jar, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
		if err != nil {
			return nil, fmt.Errorf("fetch: cookie jar: %w", err)
		}
		cfg.Jar = jar
	}
	return &Fetcher{cfg: cfg, paces: newPaces(cfg), client: &http.Client{
		Transport:     newTransport(cfg),
		Jar:           cfg.Jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close gives the idle connections back.
func (f *Fetcher) Close() { f.client.CloseIdleConnections() }

// UserAgent is the name under which requests are made.
func (f *Fetcher) UserAgent() string { return f.cfg.UserAgent() }

// SetDelay is the time between two requests to a host that its robots.txt asks for.
func (f *Fetcher) SetDelay(u *url.URL, delay time.Duration) { f.paces.of(u.Host).setDelay(delay) }

// Get fetches a page: redirects followed, tried again when that may help, at the
// host's pace. The error is a *Failure.
func (f *Fetcher) Get(ctx context.Context, r Request) (*Response, error) {
	for try := 0; ; try++ {
		resp, err := f.follow(ctx, r)
		var fault *Failure
		if err == nil || !errors.As(err, &fault) || !fault.Temporary || try >= f.cfg.Retries {
			return resp, err
		}
		wait := f.backoff(try, fault)
		if wait > f.cfg.MaxWait {
			return nil, err
		}
		if pause(ctx, wait) != nil {
			return nil, err
		}
	}
}

const maxRedirects = 10

// follow goes along redirects. A page may send its visitor to itself once, to
// see whether a cookie comes back.
func (f *Fetcher) follow(ctx context.Context, r Request) (*Response, error) {
	setDefault(&r.MaxRedirects, maxRedirects)
	visits := map[string]int{}
	var trail []string
	for at := r.URL; ; {
		if visits[at.String()]++; visits[at.String()] > 2 {
			return nil, failure(CodeRedirectLoop, at.String(), "redirects lead back to this page")
		}
		if len(trail) > r.MaxRedirects {
			return nil, failure(CodeRedirectLimit, at.String(), "more than %d redirects", r.MaxRedirects)
		}
		resp, next, err := f.once(ctx, at, r)
		if err != nil {
			return nil, err
		}
		if next == nil {
			resp.Redirects = trail
			return resp, nil
		}
		if r.Allow != nil {
			if err := r.Allow(next); err != nil {
				return nil, redirectDenied(next, err)
			}
		}
		trail = append(trail, at.String())
		at = next
	}
}

func redirectDenied(to *url.URL, err error) error {
	var own *Failure
	if errors.As(err, &own) {
		return own
	}
	return &Failure{Code: CodeRedirect, URL: to.String(), Message: "redirected to where it must not go: " + err.Error(), Err: err}
}

// once makes one request, and answers a page or where it is redirected to.
func (f *Fetcher) once(ctx context.Context, at *url.URL, r Request) (*Response, *url.URL, error) {
	if err := f.cfg.Policy.CheckURL(at); err != nil {
		return nil, nil, failureOf(ctx, at.String(), err)
	}
	pace := f.paces.of(at.Host)
	if err := pace.enter(ctx); err != nil {
		return nil, nil, failureOf(ctx, at.String(), err)
	}
	resp, next, err := f.exchange(ctx, at, r)
	pace.leave(err)
	return resp, next, err
}

func (f *Fetcher) exchange(parent context.Context, at *url.URL, r Request) (*Response, *url.URL, error) {
	ctx, cancel := context.WithTimeout(parent, f.cfg.Timeout)
	defer cancel()
	req, err := f.request(ctx, at, r)
	if err != nil {
		return nil, nil, failure(CodeProtocol, at.String(), "%v", err)
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, nil, failureOf(parent, at.String(), err)
	}
	defer resp.Body.Close()
	if next, err := f.target(at, resp); next != nil || err != nil {
		return nil, next, err
	}
	page, err := f.read(at, resp, r)
	if err != nil {
		return nil, nil, failureOf(parent, at.String(), err)
	}
	return page, nil, nil
}

func (f *Fetcher) request(ctx context.Context, at *url.URL, r Request) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", f.cfg.UserAgent())
	req.Header.Set("Accept", "text/html,application/xhtml+xml,text/markdown;q=0.9,text/plain;q=0.8,*/*;q=0.5")
	req.Header.Set("Accept-Encoding", "gzip, br, zstd")
	if r.Known.ETag != "" {
		req.Header.Set("If-None-Match", r.Known.ETag)
	}
	if r.Known.LastModified != "" {
		req.Header.Set("If-Modified-Since", r.Known.LastModified)
	}
	return req, nil
}

// target is where an answer redirects to, or nil.
func (f *Fetcher) target(at *url.URL, resp *http.Response) (*url.URL, error) {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil, nil
	}
	next, err := at.Parse(resp.Header.Get("Location"))
	if err != nil || resp.Header.Get("Location") == "" || next.Host == "" {
		return nil, failure(CodeRedirect, at.String(), "status %d leads to no URL", resp.StatusCode)
	}
	next.Fragment, next.User = "", nil
	return next, nil
}
