package jira

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Client reads from one Jira. It asks for what it needs to know (flavour, time zone, fields) once and is safe for
// concurrent use.
type Client struct {
	cfg  Config
	base *url.URL
	http *http.Client

	mu      sync.Mutex // held while the three below are asked for
	flavour Flavour
	site    string // where people see issues
	account *Account
	fields  []Field
}

// New checks the settings and connects to nothing.
func New(cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.WithDefaults()
	base, err := baseURL(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	h := *cfg.HTTP
	h.Jar = nil
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{cfg: cfg, base: base, http: &h, flavour: cfg.guess()}, nil
}

// String names the server only.
func (c *Client) String() string { return c.cfg.String() }

// GoString is String: credentials are not for printing.
func (c *Client) GoString() string { return c.String() }

// auth is the header for what is known of the server.
func (c *Client) auth() string { return c.cfg.authorization(c.flavour) }

// Account is who asks, as Jira knows it.
type Account struct {
	Name     string
	TimeZone string // IANA
	Flavour  Flavour
	// Site is where people see issues, without a slash at its end.
	Site string
}

// Account signs in and answers who that is: the check that the settings work.
func (c *Client) Account(ctx context.Context) (Account, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.account != nil {
		return *c.account, nil
	}
	if err := c.detect(ctx); err != nil {
		return Account{}, err
	}
	var me struct {
		DisplayName string `json:"displayName"`
		Name        string `json:"name"`
		TimeZone    string `json:"timeZone"`
	}
	if _, err := c.do(ctx, call{op: "sign-in", method: http.MethodGet, path: c.api("/myself")}, &me); err != nil {
		return Account{}, err
	}
	c.account = &Account{Name: oneLine(cmp.Or(me.DisplayName, me.Name)), TimeZone: me.TimeZone, Flavour: c.flavour, Site: c.site}
	return *c.account, nil
}

// detect settles flavour and site; serverInfo is asked only where the settings leave a doubt.
func (c *Client) detect(ctx context.Context) error {
	through := gateway(c.cfg.BaseURL)
	if c.flavour != Auto && !through {
		c.site = c.base.String()
		return nil
	}
	var info struct {
		BaseURL        string `json:"baseUrl"`
		DeploymentType string `json:"deploymentType"`
	}
	if _, err := c.do(ctx, call{op: "server information", method: http.MethodGet, path: "/rest/api/2/serverInfo"}, &info); err != nil {
		return err
	}
	if c.flavour == Auto {
		c.flavour = DataCenter // older servers do not say
		if strings.EqualFold(info.DeploymentType, "cloud") {
			c.flavour = Cloud
		}
	}
	c.site = c.base.String()
	if u, err := baseURL(info.BaseURL); through && err == nil {
		c.site = u.String()
	}
	return nil
}

// api is the path of a resource of the flavour's API.
func (c *Client) api(path string) string {
	if c.flavour == Cloud {
		return "/rest/api/3" + path
	}
	return "/rest/api/2" + path
}

// location is the account's time zone; known is false when this machine does not have it.
func (a Account) location() (loc *time.Location, known bool) {
	loc, err := time.LoadLocation(a.TimeZone)
	if err != nil || a.TimeZone == "" || a.TimeZone == "Local" {
		return time.UTC, false
	}
	return loc, true
}
