package probe_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/environment"
	"tapedeck/domain/secret"
	"tapedeck/proxy/egress"
	"tapedeck/workers"
	"tapedeck/workers/probe"
)

// site answers by path, and refuses whoever does not show the token.
func site(t *testing.T) *httptest.Server {
	t.Helper()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			w.WriteHeader(http.StatusInternalServerError) // what is for one host must not reach another
		}
	}))
	t.Cleanup(elsewhere.Close)
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer letmein-please" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	mux.HandleFunc("/missing", http.NotFound)
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/home?token=letmein-please", http.StatusFound)
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/home/letmein-please", http.StatusFound)
	})
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+"/login", http.StatusFound)
	})
	mux.HandleFunc("/round", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/round", http.StatusFound) })
	mux.HandleFunc("/cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func prober(change ...func(*probe.Config)) *probe.Prober {
	cfg := probe.Config{
		Policy: egress.Policy{AllowLoopback: true},
		Secrets: workers.EnvSecrets{Getenv: func(name string) string {
			return map[string]string{"TAPEDECK_SECRET_SHOP": "letmein-please", "TAPEDECK_SECRET_BROKEN": "two\nlines"}[name]
		}},
		Login: func(project, name string) (bool, error) {
			if project != "p" || name == "none" {
				return false, errors.New("no such login profile")
			}
			return name == "old", nil
		},
	}
	for _, f := range change {
		f(&cfg)
	}
	return probe.New(cfg)
}

func at(address string) environment.State {
	return environment.State{Project: "p", Name: "staging", Settings: environment.Settings{
		BaseURL: address, Secrets: []secret.Ref{{Name: "token", Ref: "TAPEDECK_SECRET_SHOP"}},
		Headers: map[string]string{"Authorization": "Bearer ${secret:token}"},
	}}
}

func TestAnEnvironmentInGoodOrder(t *testing.T) {
	t.Parallel()
	e := at(site(t).URL)
	e.LoginProfile = "buyer"
	require.Equal(t, []probe.Finding{
		{Subject: "baseUrl", Level: probe.OK, Message: "it answers 200 OK"},
		{Subject: "secrets/token", Level: probe.OK, Message: "TAPEDECK_SECRET_SHOP has a value"},
		{Subject: "loginProfile", Level: probe.OK, Message: "buyer is kept"},
	}, prober().Look(t.Context(), e))
}

func TestWhatAnAddressAnswers(t *testing.T) {
	t.Parallel()
	s := site(t)
	for _, c := range []struct {
		path  string
		level probe.Level
		says  string
	}{
		{"/broken", probe.Error, "502 Bad Gateway"},
		{"/missing", probe.Warning, "404 Not Found"},
		{"/moved", probe.OK, "it answers 200 OK, at " + s.URL + "/home"},
		{"/echo", probe.OK, s.URL + "/home/[redacted]"},
		{"/away", probe.Warning, "tests may not reach: add it to the allowed hosts"},
		{"/round", probe.Error, "redirects more than 10 times"},
		{"/cut", probe.Error, "EOF"},
	} {
		f := prober().Look(t.Context(), at(s.URL+c.path))[0]
		require.Equal(t, c.level, f.Level, "%s: %s", c.path, f.Message)
		require.Contains(t, f.Message, c.says, c.path)
		require.NotContains(t, f.Message, "letmein")
	}
}

// A host that tests may reach is followed to, and never gets the headers.
func TestHeadersStayWithTheirHost(t *testing.T) {
	t.Parallel()
	e := at(site(t).URL + "/away")
	e.AllowedHosts = []string{"127.0.0.1"}
	f := prober().Look(t.Context(), e)[0]
	require.Equal(t, probe.OK, f.Level, f.Message)
	require.Contains(t, f.Message, "/login")
}

func TestWhatTestsWouldLack(t *testing.T) {
	t.Parallel()
	e := at(site(t).URL)
	e.Secrets = []secret.Ref{{Name: "token", Ref: "TAPEDECK_SECRET_NONE"}, {Name: "broken", Ref: "TAPEDECK_SECRET_BROKEN"}, {Name: "other", Ref: "HOME"}}
	e.Headers["X-Broken"] = "${secret:broken}"
	e.LoginProfile = "none"
	found := map[string]probe.Finding{}
	for _, f := range prober().Look(t.Context(), e) {
		found[f.Subject] = f
		require.NotContains(t, f.Message, "lines")
	}
	for subject, want := range map[string]struct {
		level probe.Level
		says  string
	}{
		"baseUrl":               {probe.Warning, "401 Unauthorized: tests need a header or a login"},
		"headers/Authorization": {probe.Warning, "secret token has no value"},
		"headers/X-Broken":      {probe.Error, "cannot stand in a header"},
		"secrets/token":         {probe.Error, "neither TAPEDECK_SECRET_NONE nor TAPEDECK_SECRET_NONE_FILE is set"},
		"secrets/broken":        {probe.OK, "has a value"},
		"secrets/other":         {probe.Error, "not an allowed name"},
		"loginProfile":          {probe.Error, "no such login profile"},
	} {
		require.Equal(t, want.level, found[subject].Level, subject)
		require.Contains(t, found[subject].Message, want.says, subject)
	}
	e.LoginProfile = "old"
	require.Equal(t, probe.Warning, last(prober().Look(t.Context(), e)).Level)
	blind := prober(func(c *probe.Config) { c.Login = nil })
	require.Equal(t, probe.Error, last(blind.Look(t.Context(), e)).Level)
}

func last(found []probe.Finding) probe.Finding { return found[len(found)-1] }

func TestWhereNothingAnswers(t *testing.T) {
	t.Parallel()
	safe := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(safe.Close)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for _, c := range []struct{ address, says string }{
		{safe.URL, "certificate is not valid"},
		{closed.URL, "connection refused"},
		{"http://169.254.169.254/", "denied"},
		{strings.Replace(safe.URL, "https", "http", 1), "400"},
	} {
		f := prober().Look(t.Context(), at(c.address))[0]
		require.NotEqual(t, probe.OK, f.Level, c.address)
		require.Contains(t, f.Message, c.says, c.address)
	}
	e := at(safe.URL)
	e.IgnoreHTTPSErrors = true
	require.Contains(t, prober().Look(t.Context(), e)[0].Message, "404")

	strict := prober(func(c *probe.Config) { c.Policy = egress.Policy{} })
	f := strict.Look(t.Context(), at(closed.URL))[0]
	require.Equal(t, probe.Error, f.Level)
	require.Contains(t, f.Message, "denied")
	require.Contains(t, f.Message, "RECORDER_ALLOW_HOSTS")
}

// A redirect into what the policy forbids is not followed, whatever the environment allows.
func TestThePolicyHoldsForRedirects(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.RedirectHandler("http://169.254.169.254/latest/meta-data", http.StatusFound))
	t.Cleanup(s.Close)
	e := at(s.URL)
	e.AllowedHosts = []string{"169.254.169.254"}
	f := prober().Look(t.Context(), e)[0]
	require.Equal(t, probe.Error, f.Level)
	require.Contains(t, f.Message, "metadata")
}

func TestALookEnds(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	}))
	t.Cleanup(s.Close)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	f := prober().Look(ctx, at(s.URL))[0]
	require.Equal(t, probe.Error, f.Level)
	require.Contains(t, f.Message, "canceled")

	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(slow.Close)
	f = prober(func(c *probe.Config) { c.Timeout = 50 * time.Millisecond }).Look(t.Context(), at(slow.URL))[0]
	require.Equal(t, fmt.Sprintf("it does not answer within %s", 50*time.Millisecond), f.Message)
}
