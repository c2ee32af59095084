package probe

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"tapedeck/domain/environment"
	"tapedeck/domain/secret"
	"tapedeck/proxy/egress"
	"tapedeck/workers"
)

// Finding is what was found of one part of an environment.
type Finding struct {
	// Subject is baseUrl, loginProfile, headers/NAME or secrets/NAME.
	Subject string
	Level   Level
	Message string
}

// Level says what a finding means for tests.
type Level string

// The levels of findings.
const (
	OK      Level = "ok"
	Warning Level = "warning" // tests may run, and may find it otherwise than it was thought to be
	Error   Level = "error"   // tests cannot run
)

// Config sets a Prober up.
type Config struct {
	// Secrets resolves references. Defaults to workers.EnvSecrets{}.
	Secrets workers.Secrets
	// Policy says where connections may go. The zero Policy reaches public addresses.
	Policy egress.Policy
	// Login tells whether a project's login has run out; its error says why there is none. nil has no logins.
	Login func(project, name string) (expired bool, err error)
	// Timeout bounds the asking of the address, redirects included. Defaults to 10 s.
	Timeout time.Duration
}

// WithDefaults fills the zero fields but Policy and Login.
func (c Config) WithDefaults() Config {
	if c.Secrets == nil {
		c.Secrets = workers.EnvSecrets{}
	}
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	return c
}

// Prober looks at environments. It is safe for concurrent use.
type Prober struct{ cfg Config }

// New returns a Prober.
func New(cfg Config) *Prober { return &Prober{cfg.WithDefaults()} }

// Look looks at an environment: its address first, then its headers, secrets and login, in the order of their names. A
// fault of the environment is a finding; so is that ctx ended.
func (p *Prober) Look(ctx context.Context, e environment.State) []Finding {
	l := &look{cfg: p.cfg, env: e, values: map[string]string{}}
	secrets := l.secrets(ctx)
	header, headers := l.headers()
	found := append([]Finding{l.address(ctx, header)}, headers...)
	found = append(found, secrets...)
	found = append(found, l.login()...)
	for i := range found {
		found[i].Message = l.masked(found[i].Message)
	}
	return found
}

// look is one look at one environment.
type look struct {
	cfg    Config
	env    environment.State
	values map[string]string // of the secrets that could be resolved
}

func (l *look) secrets(ctx context.Context) []Finding {
	var found []Finding
	for _, s := range l.env.Secrets {
		value, err := l.cfg.Secrets.Resolve(ctx, s.Ref)
		f := Finding{"secrets/" + s.Name, OK, s.Ref + " has a value"}
		if err != nil {
			f.Level, f.Message = Error, strings.TrimPrefix(err.Error(), workers.ErrSecret.Error()+": ")
		} else {
			l.values[s.Name] = value
		}
		found = append(found, f)
	}
	slices.SortFunc(found, func(a, b Finding) int { return strings.Compare(a.Subject, b.Subject) })
	return found
}

// headers are those that can be sent, and what is wrong with the others.
func (l *look) headers() (http.Header, []Finding) {
	header := http.Header{}
	var found []Finding
	for _, name := range slices.Sorted(maps.Keys(l.env.Headers)) {
		missing := ""
		value := secret.Expand(l.env.Headers[name], func(name string) string {
			value, ok := l.values[name]
			if !ok {
				missing = name
			}
			return value
		})
		switch {
		case missing != "":
			found = append(found, Finding{"headers/" + name, Warning, "was left out: secret " + missing + " has no value here"})
		case !httpguts.ValidHeaderFieldValue(value):
			found = append(found, Finding{"headers/" + name, Error, "the value of its secret cannot stand in a header: it has a line break or the like"})
		default:
			header.Set(name, value)
		}
	}
	return header, found
}

func (l *look) login() []Finding {
	name := l.env.LoginProfile
	if name == "" {
		return nil
	}
	f := Finding{"loginProfile", OK, name + " is kept"}
	if l.cfg.Login == nil {
		f.Level, f.Message = Error, "no logins are kept here"
		return []Finding{f}
	}
	expired, err := l.cfg.Login(l.env.Project, name)
	switch {
	case err != nil:
		f.Level, f.Message = Error, name+": "+err.Error()
	case expired:
		f.Level, f.Message = Warning, name+" has run out: record it again unless it is signed in anew by itself"
	}
	return []Finding{f}
}

// leastMasked is the shortest value that is masked, as in a job's log.
const leastMasked = 4

// masked takes the values of secrets out of a text: an answer may repeat what it was sent.
func (l *look) masked(text string) string {
	longest := func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) }
	for _, value := range slices.SortedFunc(maps.Values(l.values), longest) {
		if len(value) >= leastMasked {
			for _, form := range []string{value, url.QueryEscape(value), url.PathEscape(value)} {
				text = strings.ReplaceAll(text, form, "[redacted]")
			}
		}
	}
	return text
}
