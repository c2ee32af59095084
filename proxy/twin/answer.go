package twin

import (
	"cmp"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tapedeck/proxy"
)

// Answer is what a request is about to get.
type Answer struct {
	// Entry is the recorded exchange; it is not to be changed.
	Entry proxy.Entry
	// Dest is what the request is for (Sec-Fetch-Dest), or what follows from its type: "document", "script", "empty", …
	Dest   string
	Status int
	Header http.Header
	// Body is without content encoding. It may be replaced, not written into.
	Body []byte
	// Delay comes before the answer, beside the run's latency.
	Delay time.Duration
}

// nowhere answers what a page sends without being able to read the answer.
var nowhere = &exchange{kind: background, entry: proxy.Entry{Response: &proxy.Response{Status: http.StatusNoContent}}}

// answer plays a recorded answer.
func (r *Run) answer(q query, x *exchange) (*http.Response, error) {
	if x.entry.Response == nil {
		return nil, r.failAgain(q, x)
	}
	full := r.bodyOf(q, x)
	a := &Answer{
		Entry: x.entry, Dest: destOf(q.Request, full), Status: full.entry.Response.Status, Header: r.headerOf(full), Body: full.body,
	}
	r.sayCut(q, x, full)
	r.rename(a)
	if r.opts.Alter != nil {
		r.opts.Alter(q.Request, a)
	}
	r.inject(a)
	if err := r.wait(q.Context(), a.Delay); err != nil {
		return nil, err
	}
	lacking := partly(q.Request, a)
	r.mu.Lock()
	if lacking != "" {
		r.driftLocked(Drift{Kind: Incomplete, Method: q.Request.Method, URL: q.request.url.String(), Entry: x.entry.ID, Detail: lacking})
	}
	r.serveLocked(q, x.entry.ID, a.Status)
	r.mu.Unlock()
	text := ""
	if a.Status == full.entry.Response.Status {
		text = full.entry.Response.StatusText
	}
	resp := respond(q.Request, a.Status, text, a.Header, a.Body)
	switch e := x.entry.Error; {
	case q.Request.Method == http.MethodHead:
		resp.ContentLength = -1 // its header has it
	case e != nil && !x.givenUp():
		resp.Body, resp.ContentLength = io.NopCloser(io.MultiReader(resp.Body, broken{e})), -1
	case len(a.Body) > 0:
		a.Header.Set("Content-Length", strconv.Itoa(len(a.Body)))
	}
	return resp, nil
}

// broken is a body at the place where the server broke off.
type broken struct{ failure *proxy.Failure }

func (b broken) Read([]byte) (int, error) { return 0, b.failure }

// failAgain fails as the recorded exchange did.
func (r *Run) failAgain(q query, x *exchange) error {
	failure := &proxy.Failure{Code: proxy.CodeCancelled, Message: "was given up in the recording"}
	if x.entry.Error != nil && x.entry.Error.Code != "" {
		failure = &proxy.Failure{Code: x.entry.Error.Code, Message: x.entry.Error.Message}
	}
	if x.pending {
		if err := r.wait(q.Context(), aDay); err != nil {
			return err
		}
	}
	if failure.Code == proxy.CodeCancelled || !x.entry.Done {
		// Nobody saw an answer then: a page that waits for it now, waits.
		if err := r.wait(q.Context(), unanswered); err != nil {
			return err
		}
	}
	r.mu.Lock()
	r.serveLocked(q, x.entry.ID, 0)
	r.mu.Unlock()
	return failure
}

// unanswered is how long something stays without an answer that had none in the recording.
const unanswered = 5 * time.Second

// bodyOf is the exchange with the body: for an answer that only said that nothing changed, an earlier one.
func (r *Run) bodyOf(q query, x *exchange) *exchange {
	if x.entry.Response.Status != http.StatusNotModified || keeps(q.Header, x.entry.Response.Header) {
		return x
	}
	full := x
	for _, other := range r.tape.byKey[x.key] {
		if other.entry.Response != nil && other.entry.Response.Status == http.StatusOK && other.url.RawQuery == x.url.RawQuery &&
			(full == x || !other.entry.Started.After(x.entry.Started)) {
			full = other
		}
	}
	return full
}

// keeps says that a page has the body of an answer that only says that nothing changed.
func keeps(asked http.Header, answered proxy.Headers) bool {
	if tags := asked.Get("If-None-Match"); tags != "" {
		tag := strings.TrimPrefix(answered.Get("ETag"), "W/")
		return tag == "" || tags == "*" || strings.Contains(tags, tag)
	}
	return asked.Get("If-Modified-Since") != ""
}

// sayCut tells of an answer that the recording does not hold.
func (r *Run) sayCut(q query, x, full *exchange) {
	why := full.cut
	if full.entry.Response.Status == http.StatusNotModified && !keeps(q.Header, full.entry.Response.Header) {
		why = "it only said that nothing had changed, and the page kept what it had"
	}
	if why == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if x.entry.Error != nil && x.entry.Error.Code == proxy.CodeCancelled {
		r.noteLocked("%s %s was given up in the recording: what had come of it is all there is", q.Request.Method, q.request.url)
		return
	}
	r.driftLocked(Drift{Kind: Incomplete, Method: q.Request.Method, URL: q.request.url.String(), Entry: x.entry.ID, Detail: why})
}

// headerOf is a recorded answer's header, its times moved to now.
func (r *Run) headerOf(x *exchange) http.Header {
	h := http.Header{}
	for _, line := range x.entry.Response.Header {
		h.Add(line.Name, line.Value)
	}
	if x.entry.Request.Method != http.MethodHead {
		h.Del("Content-Length")
	}
	for _, name := range []string{"Content-Encoding", "Transfer-Encoding", "Connection", "Keep-Alive", "Strict-Transport-Security"} {
		h.Del(name)
	}
	shift := r.now().Sub(x.entry.Started)
	for _, name := range []string{"Date", "Expires"} {
		if at, err := http.ParseTime(h.Get(name)); err == nil {
			h.Set(name, at.Add(shift).UTC().Format(http.TimeFormat))
		}
	}
	for i, line := range h["Set-Cookie"] {
		h["Set-Cookie"][i] = shiftCookie(line, shift)
	}
	return h
}

// shiftCookie moves the time at which a cookie ends (RFC 6265, 4.1.2.1). What is no time stays.
func shiftCookie(line string, shift time.Duration) string {
	fields := strings.Split(line, ";")
	for i, field := range fields[1:] {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		if !strings.EqualFold(name, "expires") {
			continue
		}
		for _, layout := range []string{http.TimeFormat, "Mon, 02-Jan-2006 15:04:05 MST", time.RFC850, time.ANSIC} {
			at, err := time.Parse(layout, value)
			if err != nil {
				continue
			}
			if at.Year() > 1980 { // an early one deletes the cookie
				at = at.Add(shift)
			}
			fields[i+1] = " " + name + "=" + at.UTC().Format(http.TimeFormat)
			break
		}
	}
	return strings.Join(fields, ";")
}

// rename puts this run's names in the place of the recorded ones.
func (r *Run) rename(a *Answer) {
	replace := r.renamer()
	if replace == nil {
		return
	}
	for _, values := range a.Header {
		for i, v := range values {
			values[i] = replace.Replace(v)
		}
	}
	if isText(a.Header.Get("Content-Type")) {
		a.Body = []byte(replace.Replace(string(a.Body)))
	}
}

func (r *Run) renamed(s string) string {
	if replace := r.renamer(); replace != nil {
		return replace.Replace(s)
	}
	return s
}

// renamer is nil when nothing has another name. Of two names that begin alike the longer one counts.
func (r *Run) renamer() *strings.Replacer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.names.now) == 0 || r.replacer != nil {
		return r.replacer
	}
	recorded := slices.SortedFunc(maps.Keys(r.names.now), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	pairs := make([]string, 0, 2*len(recorded))
	for _, name := range recorded {
		pairs = append(pairs, name, r.names.now[name])
	}
	r.replacer = strings.NewReplacer(pairs...)
	return r.replacer
}

func isText(contentType string) bool {
	m := mediaType(contentType)
	return m == "" || strings.HasPrefix(m, "text/") || strings.Contains(m, "json") || strings.Contains(m, "xml") || strings.Contains(m, "script")
}

// destOf is what an answer is for. Browsers say it on secure addresses only.
func destOf(req *http.Request, x *exchange) string {
	if dest := req.Header.Get("Sec-Fetch-Dest"); dest != "" {
		return dest
	}
	if dest := x.entry.Dest(); dest != "" {
		return dest
	}
	kind := mediaType(x.entry.Response.Header.Get("Content-Type"))
	switch {
	case req.Header.Get("Service-Worker") == "script":
		return "serviceworker"
	case kind == "text/html" && strings.Contains(req.Header.Get("Accept"), "text/html"):
		return "document"
	case strings.HasSuffix(kind, "javascript"):
		return "script"
	}
	return ""
}
