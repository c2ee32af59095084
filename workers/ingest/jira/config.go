package jira

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Flavour is which Jira answers: its paths, bodies and paging differ.
type Flavour string

// The flavours of Jira.
const (
	Auto       Flavour = ""            // told from the credentials, or asked of the server
	Cloud      Flavour = "cloud"       // REST v3, ADF, page tokens
	DataCenter Flavour = "data_center" // REST v2, wiki markup, offsets
)

// Config says where Jira is and who asks. Its String and GoString leave the credentials out.
type Config struct {
	// BaseURL is where Jira is, with a context path if it has one: https://example.atlassian.net, https://host/jira,
	// or https://api.atlassian.com/ex/jira/CLOUD_ID. Required.
	BaseURL string
	// Email and APIToken sign in by Basic authentication (Cloud). Defaults to none.
	Email, APIToken string
	// PAT is a personal access token, sent as Bearer (Data Center). With both kinds of credentials the server is asked
	// what it is and gets those that fit it. Defaults to none.
	PAT string
	// Flavour overrides what the credentials suggest. Defaults to Auto.
	Flavour Flavour
	// HTTP connects; its redirect policy and cookies are not used. Defaults to a client with a timeout of 60 s.
	HTTP *http.Client
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
	// Sleep waits before another try; it returns early with the context's error. Defaults to a timer.
	Sleep func(ctx context.Context, d time.Duration) error
	// Attempts is how often a request is tried. Defaults to 5.
	Attempts int
	// MaxWait bounds one wait between two tries; a server that asks for a longer one gets no further try. Defaults to 1 min.
	MaxWait time.Duration
	// MaxAnswer bounds an answer, in bytes. Defaults to 32 MiB.
	MaxAnswer int64
	// MaxAttachment bounds a download, in bytes. Defaults to 100 MiB.
	MaxAttachment int64
	// MaxComments bounds the comments that are read of one issue; a note says when there are more. Defaults to 1,000.
	MaxComments int
}

// WithDefaults fills what is not set.
func (c Config) WithDefaults() Config {
	if c.HTTP == nil {
		c.HTTP = &http.Client{Timeout: time.Minute}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	c.Attempts = cmp.Or(c.Attempts, 5)
	c.MaxWait = cmp.Or(c.MaxWait, time.Minute)
	c.MaxAnswer = cmp.Or(c.MaxAnswer, 32<<20)
	c.MaxAttachment = cmp.Or(c.MaxAttachment, 100<<20)
	c.MaxComments = cmp.Or(c.MaxComments, 1000)
	return c
}

// Validate joins all faults of the settings.
func (c Config) Validate() error {
	var faults []error
	if _, err := baseURL(c.BaseURL); err != nil {
		faults = append(faults, err)
	}
	if c.PAT == "" && c.APIToken == "" {
		faults = append(faults, errors.New("jira: no credentials: set an API token with its e-mail address (Cloud) or a personal access token (Data Center)"))
	}
	if c.APIToken != "" && c.Email == "" && c.Flavour != DataCenter && !gateway(c.BaseURL) {
		faults = append(faults, errors.New("jira: an API token needs the e-mail address of its account"))
	}
	switch c.Flavour {
	case Auto, Cloud, DataCenter:
	default:
		faults = append(faults, fmt.Errorf("jira: flavour %q: use %q, %q or none", c.Flavour, Cloud, DataCenter))
	}
	if c.Attempts < 0 || c.MaxWait < 0 || c.MaxAnswer < 0 || c.MaxAttachment < 0 || c.MaxComments < 0 {
		faults = append(faults, errors.New("jira: limits must not be negative"))
	}
	return errors.Join(faults...)
}

// String names the server only.
func (c Config) String() string {
	if u, err := baseURL(c.BaseURL); err == nil {
		return "jira at " + u.String()
	}
	return "jira at an invalid address"
}

// GoString is String: credentials are not for printing.
func (c Config) GoString() string { return c.String() }

func baseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(strings.TrimSpace(raw), "/"))
	switch {
	case err != nil: // the parser's error repeats what it was given, which may hold a password
		return nil, errors.New("jira: the base URL cannot be read: use https://host or https://host/path")
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return nil, errors.New("jira: the base URL needs a scheme and a host: https://host or https://host/path")
	case u.User != nil:
		return nil, errors.New("jira: the base URL must not hold credentials: set them on their own")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("jira: the base URL must end with the path: no query, no fragment")
	}
	return u, nil
}

// gateway says whether Cloud is reached through Atlassian's gateway, where issues have no page to link to.
func gateway(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Hostname() == "api.atlassian.com"
}

// guess is the flavour that the settings leave no doubt about, else Auto.
func (c Config) guess() Flavour {
	switch {
	case c.Flavour != Auto:
		return c.Flavour
	case gateway(c.BaseURL):
		return Cloud
	case c.PAT == "" && c.APIToken != "" && c.Email != "":
		return Cloud
	case c.PAT != "" && c.APIToken == "" && c.Email == "":
		return DataCenter
	}
	return Auto
}

// authorization is the header for a flavour: Basic belongs to Cloud and Bearer to Data Center, where there is a choice.
func (c Config) authorization(f Flavour) string {
	basic := c.Email != "" && c.APIToken != ""
	if basic && (f == Cloud || c.PAT == "") {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(c.Email+":"+c.APIToken))
	}
	return "Bearer " + cmp.Or(c.PAT, c.APIToken)
}

// secrets are the strings that must not be seen in what leaves the package.
func (c Config) secrets() []string {
	var out []string
	for _, s := range []string{c.APIToken, c.PAT, base64.StdEncoding.EncodeToString([]byte(c.Email + ":" + c.APIToken))} {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
