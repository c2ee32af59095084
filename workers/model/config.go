package model

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Config says where a model is and who asks. Its String and GoString leave the key out.
type Config struct {
	// URL is the endpoint's base address, to which /chat/completions is added: https://api.openai.com/v1. With APIVersion it
	// is that of an Azure OpenAI resource: https://NAME.openai.azure.com. Required.
	URL string
	// Name is the model, or Azure's deployment. Required.
	Name string
	// APIKey is sent as a bearer token, to Azure as its api-key. Defaults to none, which Azure does not take.
	APIKey string
	// APIVersion makes it an Azure OpenAI deployment, such as 2024-10-21. Defaults to none.
	APIVersion string
	// Timeout bounds one try. Defaults to 60 s.
	Timeout time.Duration
	// Attempts is how often is tried what may work the next time: no connection, 408, 409, 429, 5xx. Defaults to 3.
	Attempts int
	// MaxWait bounds one wait between two tries; a server that asks for a longer one gets no further try. Defaults to 30 s.
	MaxWait time.Duration
	// MaxAnswer bounds an answer, in bytes. Defaults to 4 MiB.
	MaxAnswer int64
	// HTTP connects; its redirect policy and cookies are not used. Defaults to one of its own.
	HTTP *http.Client
}

// WithDefaults fills what is not set.
func (c Config) WithDefaults() Config {
	c.Timeout = cmp.Or(c.Timeout, time.Minute)
	c.Attempts = cmp.Or(c.Attempts, 3)
	c.MaxWait = cmp.Or(c.MaxWait, 30*time.Second)
	c.MaxAnswer = cmp.Or(c.MaxAnswer, 4<<20)
	if c.HTTP == nil {
		c.HTTP = &http.Client{}
	}
	return c
}

// Validate joins all faults of the settings.
func (c Config) Validate() error {
	var faults []error
	u, err := baseURL(c.URL)
	if err != nil {
		faults = append(faults, err)
	}
	if c.Name == "" {
		faults = append(faults, errors.New("model: no name: set the model, or Azure's deployment"))
	}
	if c.APIVersion != "" && c.APIKey == "" {
		faults = append(faults, errors.New("model: an Azure OpenAI deployment needs a key"))
	}
	if err == nil && c.APIVersion != "" && u.Scheme == "http" && !loopback(u) {
		faults = append(faults, errors.New("model: an Azure OpenAI deployment is reached by https"))
	}
	if c.Timeout < 0 || c.Attempts < 0 || c.MaxWait < 0 || c.MaxAnswer < 0 {
		faults = append(faults, errors.New("model: limits must not be negative"))
	}
	return errors.Join(faults...)
}

// String names the model and its server only.
func (c Config) String() string {
	if u, err := baseURL(c.URL); err == nil {
		return fmt.Sprintf("%s at %s", c.Name, u)
	}
	return c.Name + " at an invalid address"
}

// GoString is String: a key is not for printing.
func (c Config) GoString() string { return c.String() }

func baseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(strings.TrimSpace(raw), "/"))
	switch {
	case err != nil: // the parser's error repeats what it was given, which may hold a password
		return nil, errors.New("model: the address cannot be read: use https://host/path")
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return nil, errors.New("model: the address needs a scheme and a host: https://host/path")
	case u.User != nil:
		return nil, errors.New("model: the address must not hold credentials: set the key on its own")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("model: the address must end with the path: no query, no fragment")
	}
	return u, nil
}

func loopback(u *url.URL) bool {
	a, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && a.IsLoopback()
}
