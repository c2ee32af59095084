package twin_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/proxy"
	"tapedeck/proxy/egress"
	"tapedeck/proxy/har"
	"tapedeck/proxy/twin"
)

// visitor is a client behind a proxy session, as a browser would be.
type visitor struct {
	t    *testing.T
	base string
	http *http.Client
	// pool is what the visitor trusts beside the system's.
	tls *tls.Config
}

func visit(t *testing.T, server *proxy.Server, session *proxy.Session, base string) *visitor {
	t.Helper()
	at, err := url.Parse(session.URL())
	require.NoError(t, err)
	cfg := &tls.Config{RootCAs: server.CA().Pool()}
	transport := &http.Transport{Proxy: http.ProxyURL(at), TLSClientConfig: cfg, DisableCompression: true, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := &http.Client{
		Transport: transport, Jar: jar, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &visitor{t: t, base: base, http: client, tls: cfg}
}

// request is an address of the site, or an absolute one; header lines come in pairs.
func (v *visitor) request(method, path, body string, header ...string) *http.Request {
	v.t.Helper()
	if !strings.Contains(path, "://") {
		path = v.base + path
	}
	req, err := http.NewRequestWithContext(v.t.Context(), method, path, strings.NewReader(body))
	require.NoError(v.t, err)
	if body == "" {
		req.Body, req.ContentLength = http.NoBody, 0
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	return req
}

// do answers the response, which is closed, and its body.
func (v *visitor) do(method, path, body string, header ...string) (*http.Response, string) {
	v.t.Helper()
	resp, err := v.http.Do(v.request(method, path, body, header...))
	require.NoError(v.t, err)
	data, err := io.ReadAll(resp.Body)
	require.NoError(v.t, err)
	require.NoError(v.t, resp.Body.Close())
	return resp, string(data)
}

func (v *visitor) get(path string, header ...string) string {
	v.t.Helper()
	_, body := v.do(http.MethodGet, path, "", header...)
	return body
}

// send writes JSON.
func (v *visitor) send(method, path, body string) (int, string) {
	v.t.Helper()
	resp, answer := v.do(method, path, body, "Content-Type", "application/json")
	return resp.StatusCode, answer
}

func (v *visitor) post(path, body string) (int, string) {
	v.t.Helper()
	return v.send(http.MethodPost, path, body)
}

// scene is what was said between a visitor and a site that is gone.
type scene struct {
	base    string
	entries []proxy.Entry
}

// film records a visit to a site, writes it as HAR and reads it again.
func film(t *testing.T, site http.Handler, limits proxy.Limits, act func(*visitor)) scene {
	t.Helper()
	return filmAt(t, httptest.NewServer(site), proxy.SessionConfig{Limits: limits}, act)
}

func filmAt(t *testing.T, origin *httptest.Server, cfg proxy.SessionConfig, act func(*visitor)) scene {
	t.Helper()
	stop := func() { origin.CloseClientConnections(); origin.Close() }
	t.Cleanup(stop)
	cfg.Policy, cfg.SpoolDir = egress.Policy{AllowLoopback: true}, t.TempDir()
	if c := origin.Certificate(); c != nil {
		cfg.RootCAs = x509.NewCertPool()
		cfg.RootCAs.AddCert(c)
	}
	s := server(t)
	session, err := s.Open(cfg)
	require.NoError(t, err)
	act(visit(t, s, session, origin.URL))
	session.Stop()
	entries := reread(t, session)
	require.NoError(t, session.Close())
	stop()
	return scene{base: origin.URL, entries: entries}
}

func reread(t *testing.T, session *proxy.Session) []proxy.Entry {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, har.Write(&file, session.Entries(), har.Options{}))
	entries, err := har.Read(&file, 0)
	require.NoError(t, err)
	return entries
}

// tape makes the scene ready to be played; typed is what a person entered.
func (s scene) tape(t *testing.T, typed ...string) *twin.Tape {
	t.Helper()
	tape, err := twin.New(s.entries, twin.Options{Typed: typed})
	require.NoError(t, err)
	return tape
}

// take plays a tape once and answers the report of the run.
func (s scene) take(t *testing.T, tape *twin.Tape, o twin.RunOptions, act func(*visitor)) twin.Report {
	t.Helper()
	run := tape.Play(o)
	srv := server(t)
	session, err := srv.Open(proxy.SessionConfig{Origin: run})
	require.NoError(t, err)
	act(visit(t, srv, session, s.base))
	session.Stop()
	report := run.Finish()
	require.NoError(t, session.Close())
	return report
}

// again plays the scene once, strictly.
func (s scene) again(t *testing.T, act func(*visitor), typed ...string) twin.Report {
	t.Helper()
	return s.take(t, s.tape(t, typed...), twin.RunOptions{}, act)
}

// kinds are those of a report's drift.
func kinds(r twin.Report) []string {
	out := []string{}
	for _, d := range r.Drift {
		out = append(out, d.Kind)
	}
	return out
}

// faithful says that a run followed its recording.
func faithful(t *testing.T, r twin.Report) {
	t.Helper()
	for _, d := range r.Drift {
		t.Log(d)
	}
	require.Empty(t, r.Drift)
	require.Equal(t, r.Writes, r.Written)
}

// paths are the values that a drift says differ.
func paths(d twin.Drift) []string {
	var out []string
	for _, diff := range d.Differences {
		out = append(out, diff.Path)
	}
	return out
}

// withTimeout is a context for what must not take for ever.
func withTimeout(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}
