package environment

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"tapedeck/domain/job"
	"tapedeck/domain/secret"
)

// Settings are what an environment is.
type Settings struct {
	// Title is what people call it; empty is its name.
	Title string `json:"title,omitempty"`
	// BaseURL is where it is: http or https, without credentials, query and fragment.
	BaseURL string `json:"baseUrl"`
	// Secrets are names for values, each with where its value is.
	Secrets []secret.Ref `json:"secrets,omitempty"`
	// Headers are sent with every request to what it owns (see Owns); secret parts are ${secret:NAME}.
	Headers map[string]string `json:"headers,omitempty"`
	// LoginProfile is the name of a login of the same project that tests begin with; empty is none.
	LoginProfile string `json:"loginProfile,omitempty"`
	// Writable lets tests that write run against it. Defaults to false: they are refused.
	Writable bool `json:"writable,omitzero"`
	// IgnoreHTTPSErrors accepts any certificate. Defaults to false.
	IgnoreHTTPSErrors bool `json:"ignoreHttpsErrors,omitzero"`
	// AllowedHosts may be reached beside the base URL's own: see Allows. Defaults to none.
	AllowedHosts []string `json:"allowedHosts,omitempty"`
	Note         string   `json:"note,omitempty"`
}

// Bounds; those of texts are in bytes.
const (
	MaxTitle   = 200
	MaxURL     = 8192
	MaxSecrets = 100
	MaxRef     = 128
	MaxHeader  = 8192
	MaxHosts   = 100
	MaxNote    = 4000
)

// plain are the settings with one form for what is empty.
func (s Settings) plain() Settings {
	if len(s.Secrets) == 0 {
		s.Secrets = nil
	}
	if len(s.Headers) == 0 {
		s.Headers = nil
	}
	if len(s.AllowedHosts) == 0 {
		s.AllowedHosts = nil
	}
	return s
}

func (s Settings) check() []job.Fault {
	var faults []job.Fault
	want := func(ok bool, path, format string, args ...any) {
		if !ok {
			faults = append(faults, job.Fault{Path: path, Message: fmt.Sprintf(format, args...)})
		}
	}
	text := func(path, value string, most int) {
		want(len(value) <= most && utf8.ValidString(value), path, "at most %d bytes of UTF-8", most)
	}
	text("title", s.Title, MaxTitle)
	text("note", s.Note, MaxNote)
	if err := checkURL(s.BaseURL); err != nil {
		want(false, "baseUrl", "%v", err)
	}
	want(len(s.Secrets) <= MaxSecrets, "secrets", "at most %d", MaxSecrets)
	faults = append(faults, secret.CheckNames("secrets", s.Secrets)...)
	for i, ref := range s.Secrets {
		want(len(ref.Name) <= 64, fmt.Sprintf("secrets.%d.name", i), "at most 64 bytes")
		want(reference.MatchString(ref.Ref) && len(ref.Ref) <= MaxRef, fmt.Sprintf("secrets.%d.ref", i),
			"want the name of a secret such as TAPEDECK_SECRET_SHOP, never its value")
	}
	faults = append(faults, secret.CheckHeaders("headers", s.Headers, s.Secrets)...)
	for name, value := range s.Headers {
		text("headers."+name, value, MaxHeader)
	}
	if s.LoginProfile != "" {
		faults = append(faults, checkName("loginProfile", s.LoginProfile)...)
	}
	want(len(s.AllowedHosts) <= MaxHosts, "allowedHosts", "at most %d", MaxHosts)
	for i, text := range s.AllowedHosts {
		_, ok := parseHost(text)
		want(ok, fmt.Sprintf("allowedHosts.%d", i), "want a host such as api.example.org, *.example.org or localhost:8080")
	}
	return faults
}

// reference is how places of secrets are named; a value that is put there by mistake hardly looks so.
var reference = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return errors.New("is needed")
	case len(text) > MaxURL:
		return fmt.Errorf("at most %d bytes", MaxURL)
	case err != nil:
		return errors.New("is no address")
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("want http:// or https://")
	case u.Hostname() == "":
		return errors.New("has no host")
	case u.User != nil:
		return errors.New("holds credentials, which would be written down: use a header with ${secret:NAME}, or a login profile")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#"):
		return errors.New("want an address without a query and a fragment")
	}
	return nil
}
