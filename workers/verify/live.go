package verify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/environment"
	"tapedeck/domain/secret"
	"tapedeck/proxy"
	"tapedeck/workers"
)

// CodeEnvironment is the error's code when the environment lacks something.
const CodeEnvironment = "bad_environment"

// CodeNotWritable is the Failure's code of a write where none is allowed.
const CodeNotWritable = "not_writable"

// site is a live environment, ready to be tested against.
type site struct {
	environment.Settings
	headers map[string]string // with their secrets
	env     map[string]string
	login   jsontext.Value
}

// live loads an environment with what it needs.
func (v *verification) live(ctx context.Context, name string) (*site, error) {
	e, err := v.cfg.Jobs.LoadEnvironment(ctx, v.job.Project(), name)
	if errors.Is(err, environment.ErrNotFound) {
		return nil, workers.Permanent(CodeEnvironment, fmt.Errorf("there is no environment %s", name))
	}
	if err != nil {
		return nil, err
	}
	s := &site{Settings: e.Settings, headers: map[string]string{}, env: map[string]string{}}
	values := map[string]string{}
	for _, ref := range e.Secrets {
		if values[ref.Name], err = v.secret(ctx, ref.Ref); err != nil {
			return nil, err
		}
		s.env[secret.Variable(ref.Name)] = values[ref.Name]
	}
	for header, value := range e.Headers {
		s.headers[header] = secret.Expand(value, func(name string) string { return values[name] })
	}
	if e.LoginProfile == "" {
		return s, nil
	}
	if v.cfg.Login == nil {
		return nil, workers.Permanent(CodeEnvironment, errors.New("this worker keeps no login profiles"))
	}
	state, expires, err := v.cfg.Login(v.job.Project(), e.LoginProfile)
	if err != nil {
		return nil, workers.Permanent(CodeEnvironment, fmt.Errorf("login profile %s: %w", e.LoginProfile, err))
	}
	if !expires.IsZero() && expires.Before(v.cfg.Now()) {
		v.note("the login %s has run out: record it again", e.LoginProfile)
	}
	s.login = state
	return s, nil
}

// secret resolves a reference; its value is kept out of the proof.
func (v *verification) secret(ctx context.Context, ref string) (string, error) {
	value, err := v.job.ResolveSecret(ctx, ref)
	if err == nil && len(value) >= minMasked {
		v.hidden = append(v.hidden, value, "[secret]")
	}
	return value, err
}

// minMasked is the length from which on a secret is looked for in what is written: a shorter one stands in innocent text.
const minMasked = 4

// plain takes secrets out of a text.
func (v *verification) plain(s string) string {
	if len(v.hidden) == 0 {
		return s
	}
	return strings.NewReplacer(v.hidden...).Replace(s)
}

// admit lets requests out that the environment allows, with its headers for what it owns.
func (s *site) admit(r *http.Request) error {
	switch {
	case !s.Allows(r.URL):
		return &proxy.Failure{Code: proxy.CodeDenied, Message: r.URL.Host + " is no host of this environment: add it to the allowed ones, or let the test do without"}
	case !s.Writable && writes(r.Method):
		return &proxy.Failure{Code: CodeNotWritable, Message: r.Method + " " + r.URL.Path + " would write, and this environment is not marked writable"}
	}
	if s.Owns(r.URL) {
		for name, value := range s.headers {
			r.Header.Set(name, value)
		}
	}
	return nil
}

func writes(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return false
	}
	return true
}

// variables are what the environment of tests on the site holds; own ones come last.
func (s *site) variables(own map[string]string) map[string]string {
	out := maps.Clone(s.env)
	maps.Copy(out, own)
	return out
}

// Login gives a project's login: its storage state, and when it ends, the zero time for not known.
type Login func(project, name string) (state []byte, expires time.Time, err error)
