package kinds

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/net/publicsuffix"

	"tapedeck/workers"
)

// Login is somebody's being signed in.
type Login struct {
	// URL is where the login begins: a page that leads there says that it is over.
	URL string
	// State is the storage state, as Playwright gives it.
	State []byte
	// Expired says that its time is over.
	Expired bool
}

// Visit says who visits a site.
type Visit struct {
	// Proxy is the way there, with its credentials; nil is none.
	Proxy *url.URL
	// State is a login's storage state; empty is nobody's.
	State []byte
	// Agent is added to the browser's user agent.
	Agent string
}

// Browser loads pages whose text comes from scripts. It is safe for concurrent use.
type Browser interface {
	// Render answers a page's HTML once it has settled, and where it ended.
	Render(ctx context.Context, url string) (html []byte, final string, err error)
	Close() error
}

// visitor is who visits a site for a job.
type visitor struct {
	proxy   *url.URL
	trusted bool // the proxy is the settings'
	login   Login
	jar     http.CookieJar
	browser Browser // nil without one
}

// visitor prepares what the input asks for. Close it.
func (c Config) visitor(ctx context.Context, j *workers.Job, in websiteInput) (*visitor, error) {
	v := &visitor{proxy: c.Proxy, trusted: true}
	if in.Proxy.Server != "" {
		password := ""
		if in.Proxy.PasswordRef != "" {
			var err error
			if password, err = j.ResolveSecret(ctx, in.Proxy.PasswordRef); err != nil {
				return nil, err
			}
		}
		v.proxy, v.trusted = in.Proxy.way(password), false
	}
	if in.Profile != "" {
		if err := v.signIn(c, j.Project(), in.Profile); err != nil {
			return nil, workers.Permanent("profile", fmt.Errorf("login profile %q: %w", in.Profile, err))
		}
	}
	if !in.Render {
		return v, nil
	}
	if c.Browse == nil {
		return nil, workers.Permanent("no_browser", errors.New("this worker has no browser that could render pages"))
	}
	var err error
	v.browser, err = c.Browse(ctx, Visit{Proxy: v.proxy, State: v.login.State, Agent: c.agent()})
	return v, err
}

func (v *visitor) close() {
	if v.browser != nil {
		_ = v.browser.Close() // nothing was kept in it
	}
}

func (v *visitor) signIn(c Config, project, name string) (err error) {
	if c.Logins == nil {
		return errors.New("this worker has no login profiles")
	}
	if v.login, err = c.Logins(project, name); err != nil {
		return err
	}
	if v.login.Expired {
		return errors.New("its time is over; record the login again, or run its recording again")
	}
	v.jar, err = jarOf(v.login.State)
	return err
}

// isSignedOut tells whether a page is where the login begins.
func (v *visitor) isSignedOut(at string) bool {
	a, err1 := url.Parse(at)
	b, err2 := url.Parse(v.login.URL)
	return v.login.URL != "" && err1 == nil && err2 == nil && a.Host == b.Host && strings.TrimSuffix(a.Path, "/") == strings.TrimSuffix(b.Path, "/")
}

// signOuts are paths that would end the login.
var signOuts = []string{"*logout*", "*log-out*", "*log_out*", "*logoff*", "*signout*", "*sign-out*", "*sign_out*"}

// jarOf holds a storage state's cookies.
func jarOf(state []byte) (http.CookieJar, error) {
	var s struct {
		Cookies []struct {
			Name     string  `json:"name"`
			Value    string  `json:"value"`
			Domain   string  `json:"domain"`
			Path     string  `json:"path"`
			Expires  float64 `json:"expires"` // seconds; -1 for a session's
			HTTPOnly bool    `json:"httpOnly"`
			Secure   bool    `json:"secure"`
		} `json:"cookies"`
	}
	if err := json.Unmarshal(state, &s); err != nil {
		return nil, errors.New("its storage state cannot be read")
	}
	jar, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	if err != nil {
		return nil, err
	}
	for _, c := range s.Cookies {
		host := strings.TrimPrefix(c.Domain, ".")
		cookie := &http.Cookie{Name: c.Name, Value: c.Value, Path: c.Path, HttpOnly: c.HTTPOnly, Secure: c.Secure} //nolint:gosec // as the browser had it
		if host != c.Domain {
			cookie.Domain = host
		}
		if c.Expires > 0 {
			cookie.Expires = time.UnixMilli(int64(c.Expires * 1000))
		}
		jar.SetCookies(&url.URL{Scheme: "https", Host: host, Path: c.Path}, []*http.Cookie{cookie})
	}
	return jar, nil
}
