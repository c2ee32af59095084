package website

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"time"

	"tapedeck/workers/ingest/website/fetch"
	"tapedeck/workers/ingest/website/robots"
)

// Of a robots.txt (RFC 9309 2.3.1.2, 2.4).
const (
	robotsRedirects = 5
	robotsAge       = 24 * time.Hour
)

// rules are the robots.txt of each origin, read once a day. Safe for concurrent use.
type rules struct {
	fetcher  *fetch.Fetcher
	maxDelay time.Duration
	mu       sync.Mutex
	origins  map[string]*originRules
}

type originRules struct {
	mu    sync.Mutex
	rules *robots.Rules
	read  time.Time
	told  Robots
}

func newRules(f *fetch.Fetcher, maxDelay time.Duration) *rules {
	return &rules{fetcher: f, maxDelay: maxDelay, origins: map[string]*originRules{}}
}

// of answers the rules for a URL's origin; the error is the context's.
func (r *rules) of(ctx context.Context, u *url.URL) (*robots.Rules, Robots, error) {
	origin := u.Scheme + "://" + u.Host
	r.mu.Lock()
	at := r.origins[origin]
	if at == nil {
		at = &originRules{}
		r.origins[origin] = at
	}
	r.mu.Unlock()

	at.mu.Lock()
	defer at.mu.Unlock()
	if at.rules != nil && time.Since(at.read) < robotsAge {
		return at.rules, at.told, nil
	}
	found, told := r.read(ctx, u)
	if ctx.Err() != nil {
		return nil, Robots{}, ctx.Err()
	}
	at.rules, at.told, at.read = found, told, time.Now()
	r.fetcher.SetDelay(u, min(told.Delay, r.maxDelay))
	return found, told, nil
}

func (r *rules) read(ctx context.Context, u *url.URL) (*robots.Rules, Robots) {
	at := &url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/robots.txt"}
	told := Robots{URL: at.String()}
	resp, err := r.fetcher.Get(ctx, fetch.Request{
		URL: at, Types: []string{"*/*"}, MaxSize: robots.MaxSize, Cut: true, MaxRedirects: robotsRedirects,
	})
	if err != nil {
		if unavailable(err) {
			return robots.AllowAll(), told
		}
		told.Unreachable = err.Error()
		return robots.DisallowAll(), told
	}
	found := robots.Parse(resp.Body, fetch.Product)
	told.Delay, told.Sitemaps = found.Delay(), found.Sitemaps()
	return found, told
}

// unavailable says whether a failure means that there is no robots.txt, which
// allows everything; any other one forbids everything (RFC 9309 2.3.1.3, 2.3.1.4).
func unavailable(err error) bool {
	var fault *fetch.Failure
	if !errors.As(err, &fault) {
		return false
	}
	switch fault.Code {
	case fetch.CodeRedirectLimit, fetch.CodeRedirectLoop, fetch.CodeRedirect, fetch.CodeType, fetch.CodeEncoding:
		return true
	default:
		return fault.Status >= 400 && fault.Status <= 499
	}
}
