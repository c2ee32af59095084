package twin

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
)

// Site serves a tape at an address of its own, for a browser without a proxy: the main origin at its root, the others
// below Elsewhere. Addresses of the recorded origins in texts, headers and cookies become the site's, and back in what is
// sent. It is safe for concurrent use.
//
// Below Control it answers for people and scripts: GET …/report is the Report as JSON, POST …/reset begins again.
type Site struct {
	tape *Tape
	opts RunOptions
	main *url.URL

	mu  sync.Mutex
	run *Run
}

// The paths of a Site that are not the recorded site's.
const (
	Control   = "/.tapedeck"
	Elsewhere = Control + "/at/" // + scheme + "/" + host + path
)

// Site makes one; the main origin is that of the first document.
func (t *Tape) Site(o RunOptions) (*Site, error) {
	first := t.First()
	if first == "" {
		return nil, fmt.Errorf("%w: it has no document to begin with", ErrNoNetwork)
	}
	u, err := url.Parse(first)
	if err != nil {
		return nil, err
	}
	plainScheme(u)
	return &Site{tape: t, opts: o, main: u, run: t.Play(o)}, nil
}

// Start is the path at which the recording began.
func (s *Site) Start() string { return s.main.RequestURI() }

// Report is the current run's.
func (s *Site) Report() Report { return s.current().Report() }

// Finish ends the current run.
func (s *Site) Finish() Report { return s.current().Finish() }

func (s *Site) current() *Run {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.run
}

func (s *Site) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run.end()
	s.run = s.tape.Play(s.opts)
}

// ServeHTTP implements http.Handler.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case Control + "/report":
		report, err := json.Marshal(s.Report())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(report)
		return
	case Control + "/reset":
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "use POST", http.StatusMethodNotAllowed)
			return
		}
		s.reset()
		w.WriteHeader(http.StatusNoContent)
		return
	}
	here := "http://" + r.Host
	there, ok := s.there(r.URL)
	if !ok {
		http.Error(w, "no recorded origin is named "+r.URL.Path, http.StatusNotFound)
		return
	}
	back, forth := s.replacers(here)
	p := &httputil.ReverseProxy{
		Transport: s.current(),
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL, p.Out.Host = there, there.Host
			p.Out.URL.RawQuery = back.Replace(p.Out.URL.RawQuery)
			for _, values := range p.Out.Header {
				for i, v := range values {
					values[i] = back.Replace(v)
				}
			}
			sendBack(p.Out, back)
		},
		ModifyResponse: func(resp *http.Response) error { return s.bring(resp, forth) },
		FlushInterval:  -1,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
	}
	p.ServeHTTP(w, r)
}

// there is the recorded address that a path of the site stands for.
func (s *Site) there(u *url.URL) (*url.URL, bool) {
	out := *u
	rest, elsewhere := strings.CutPrefix(u.Path, Elsewhere)
	if !elsewhere {
		out.Scheme, out.Host = s.main.Scheme, s.main.Host
		return &out, true
	}
	parts := strings.SplitN(rest, "/", 3)
	if len(parts) < 3 || !s.tape.origins[parts[0]+"://"+parts[1]] {
		return nil, false
	}
	out.Scheme, out.Host, out.Path, out.RawPath = parts[0], parts[1], "/"+parts[2], ""
	if raw := u.EscapedPath(); raw != u.Path {
		if _, p, ok := strings.Cut(raw[len(Elsewhere):], parts[1]); ok {
			out.RawPath = p
		}
	}
	return &out, true
}

// replacers lead from the site's addresses to the recorded ones, and the other way.
func (s *Site) replacers(here string) (back, forth *strings.Replacer) {
	var toRecorded, toSite []string
	origins := s.tape.Origins()
	slices.SortFunc(origins, func(a, b string) int { return len(b) - len(a) })
	main := originOf(s.main)
	for _, o := range origins {
		at := here
		if o != main {
			at += Elsewhere + strings.Replace(o, "://", "/", 1)
			toRecorded = append(toRecorded, at, o, url.QueryEscape(at), url.QueryEscape(o))
		}
		socket, siteSocket := "ws"+strings.TrimPrefix(o, "http"), "ws"+strings.TrimPrefix(at, "http")
		toSite = append(toSite, o, at, url.QueryEscape(o), url.QueryEscape(at), socket, siteSocket, strings.ReplaceAll(o, "/", `\/`), strings.ReplaceAll(at, "/", `\/`))
	}
	toRecorded = append(toRecorded, here, main, url.QueryEscape(here), url.QueryEscape(main))
	return strings.NewReplacer(toRecorded...), strings.NewReplacer(toSite...)
}

// sendBack writes the recorded addresses into a body of text.
func sendBack(r *http.Request, back *strings.Replacer) {
	kind := r.Header.Get("Content-Type")
	if r.Body == nil || r.Body == http.NoBody || !isText(kind) && mediaType(kind) != "application/x-www-form-urlencoded" {
		return
	}
	body, err := readBody(r)
	if err != nil {
		body = nil // the answer will say that the body is missing
	}
	body = []byte(back.Replace(string(body)))
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
}

// bring makes a recorded answer one of the site's.
func (s *Site) bring(resp *http.Response, forth *strings.Replacer) error {
	h := resp.Header
	for i, line := range h["Set-Cookie"] {
		h["Set-Cookie"][i] = hereCookie(line, s.main.Scheme == "https")
	}
	for name, values := range h {
		if name == "Set-Cookie" {
			continue
		}
		for i, v := range values {
			values[i] = forth.Replace(v)
		}
	}
	if resp.StatusCode == http.StatusSwitchingProtocols || resp.ContentLength < 0 || !isText(h.Get("Content-Type")) {
		return nil
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	body = []byte(forth.Replace(string(body)))
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	h.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}

// hereCookie makes a cookie one of the site's: of no other domain, and without TLS where the recorded site had it.
func hereCookie(line string, secure bool) string {
	fields := strings.Split(line, ";")
	out := fields[:1]
	for _, f := range fields[1:] {
		name, value, _ := strings.Cut(strings.TrimSpace(f), "=")
		switch {
		case strings.EqualFold(name, "domain"), secure && strings.EqualFold(name, "secure"):
		case secure && strings.EqualFold(name, "samesite") && strings.EqualFold(value, "none"):
		default:
			out = append(out, f)
		}
	}
	return strings.Join(out, ";")
}
