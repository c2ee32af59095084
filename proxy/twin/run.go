package twin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"tapedeck/proxy"
)

// Mode says what a request gets that the recording does not have.
type Mode int

const (
	// Strict refuses it. Only a strict run proves something.
	Strict Mode = iota
	// Closest answers with the nearest recorded answer, if there is one at all.
	Closest
)

// CodeUnrecorded is the Failure's code of what a strict run refuses.
const CodeUnrecorded = "not_recorded"

// RunOptions say how a tape is played.
type RunOptions struct {
	// Mode defaults to Strict.
	Mode Mode
	// Pin shows pages the time of the recording, flowing, and seeds their random numbers, by a script in every document
	// and worker. Defaults to false.
	Pin bool
	// Seed changes the random numbers, and the latencies.
	Seed uint64
	// MaxLatency holds each answer up for 0 up to this long, drawn from Seed; with it the order of concurrent answers
	// changes. Defaults to 0.
	MaxLatency time.Duration
	// Scripts are run at the beginning of every document, after pinning. Defaults to none.
	Scripts []string
	// StripIntegrity takes the integrity attributes out of documents, for runs whose Alter changes scripts.
	StripIntegrity bool
	// Alter may change an answer before it is sent. It is called from the requests' own goroutines, at the same time.
	// Defaults to none.
	Alter func(*http.Request, *Answer)
	// Until ends the part of the recording that is played: what was sent at that time or later is not expected, and a write
	// of it that is sent all the same is Extra. Defaults to the zero time, which is the whole recording.
	Until time.Time
	// Now is this machine's clock. Defaults to time.Now.
	Now func() time.Time
}

// beyond says that something happened after the part that is played.
func (o RunOptions) beyond(at time.Time) bool { return !o.Until.IsZero() && !at.Before(o.Until) }

// Run is one playing of a Tape. It is safe for concurrent use.
type Run struct {
	tape    *Tape
	opts    RunOptions
	now     func() time.Time
	started time.Time
	ctx     context.Context
	end     context.CancelFunc

	mu       sync.Mutex
	changed  chan struct{}      // closed and made anew whenever something was asked or said
	sent     []bool             // by index of Tape.writes
	sentUpTo int                // all before were sent
	asked    map[string]bool    // keys that were asked for
	given    map[*exchange]bool // answers that were given
	opened   map[*exchange]bool // sockets
	ordinals map[string]int     // documents by address
	names    names
	replacer *strings.Replacer // of names; nil when they changed
	talks    []*talk
	// unsettled are addresses whose last save was not one of the recording.
	unsettled map[string]nearby
	report    Report
	finished  *Report
}

// Play begins a run. It needs no end, but Finish tells what was not sent.
func (t *Tape) Play(o RunOptions) *Run {
	r := &Run{
		tape: t, opts: o, now: o.Now, changed: make(chan struct{}), sent: make([]bool, len(t.writes)), asked: map[string]bool{},
		given: map[*exchange]bool{}, opened: map[*exchange]bool{}, ordinals: map[string]int{}, names: newNames(),
		unsettled: map[string]nearby{},
	}
	if r.now == nil {
		r.now = time.Now
	}
	r.ctx, r.end = context.WithCancel(context.Background())
	r.started = r.now()
	r.report.Writes = len(t.writes)
	return r
}

// maxSent bounds a request's body.
const maxSent = 64 << 20

// RoundTrip implements http.RoundTripper. Its errors are *proxy.Failure, or the request's own end.
func (r *Run) RoundTrip(req *http.Request) (*http.Response, error) {
	if r.ctx.Err() != nil {
		return nil, &proxy.Failure{Code: proxy.CodeStopped, Message: "the playing of the recording is over"}
	}
	body, err := readBody(req)
	if err != nil {
		return nil, &proxy.Failure{Code: proxy.CodeRequest, Message: err.Error()}
	}
	if plain, cut := decode(body, req.Header.Values("Content-Encoding")); cut == "" {
		body = plain // as the tape has it; what cannot be decoded is compared as it is
	}
	u := *req.URL
	plainScheme(&u)
	q := query{Request: req, request: newRequest(req.Method, &u, req.Header.Get("Content-Type"), body)}
	d := r.decide(q)
	x := d.exchange
	switch {
	case x != nil:
	case d.drift.Kind != "":
		return r.unrecorded(q, d.drift)
	default:
		return nil, &proxy.Failure{Code: proxy.CodeCancelled, Message: "was given up before it was answered"}
	}
	if err := r.wait(req.Context(), r.latency(x)); err != nil {
		return nil, err
	}
	if err := r.holdBack(req.Context(), d); err != nil {
		return nil, err
	}
	switch {
	case x.kind == socket:
		return r.playSocket(q, x)
	case streams(x.entry):
		return r.playStream(q, x)
	}
	return r.answer(q, x)
}

// query is a request of this run.
type query struct {
	*http.Request
	request
}

func readBody(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	defer func() { _ = req.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(req.Body, maxSent+1))
	if err == nil && len(body) > maxSent {
		err = errors.New("the request's body is larger than a twin takes")
	}
	return body, err
}

// unrecorded is the answer to what the recording does not have.
func (r *Run) unrecorded(q query, d Drift) (*http.Response, error) {
	if isPreflight(q.Request) {
		if resp := r.preflight(q); resp != nil {
			return resp, nil
		}
	}
	d.Method, d.URL = q.Request.Method, q.request.url.String()
	r.mu.Lock()
	r.driftLocked(d)
	r.serveLocked(q, 0, http.StatusBadGateway)
	r.mu.Unlock()
	return nil, &proxy.Failure{Code: CodeUnrecorded, Message: d.String()}
}

// preflight allows what the recording shows to have been allowed: browsers keep such answers for a while, so that not
// every one is recorded.
func (r *Run) preflight(q query) *http.Response {
	method := q.Header.Get(askedMethod)
	if len(r.tape.byKey[keyOf(method, q.request.url)]) == 0 && len(r.tape.byShape[shapeOf(method, q.request.url)]) == 0 {
		return nil
	}
	h := http.Header{
		"Access-Control-Allow-Origin":      {q.Header.Get("Origin")},
		"Access-Control-Allow-Methods":     {method},
		"Access-Control-Allow-Credentials": {"true"},
	}
	if names := q.Header.Get("Access-Control-Request-Headers"); names != "" {
		h.Set("Access-Control-Allow-Headers", names)
	}
	return respond(q.Request, http.StatusNoContent, "", h, nil)
}

func respond(req *http.Request, status int, text string, h http.Header, body []byte) *http.Response {
	if text == "" {
		text = http.StatusText(status)
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", status, text), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: req,
	}
}

// wait holds an answer up. The error is why nobody waits for it any more.
func (r *Run) wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-r.ctx.Done():
		return &proxy.Failure{Code: proxy.CodeStopped, Message: "the playing of the recording is over"}
	}
}

func (r *Run) latency(x *exchange) time.Duration {
	if r.opts.MaxLatency <= 0 {
		return 0
	}
	return time.Duration(draw(r.opts.Seed, uint64(x.entry.ID)) * float64(r.opts.MaxLatency))
}

// draw is a number from 0 up to 1 that follows from the two (splitmix64).
func draw(seed, n uint64) float64 {
	z := seed + (n+1)*0x9e3779b97f4a7c15
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return float64((z^(z>>31))>>11) / (1 << 53)
}

// shownNow is the time that pages are shown.
func (r *Run) shownNow() time.Time { return r.now().Add(r.shift()) }

// shift leads from this machine's clock to the recording's.
func (r *Run) shift() time.Duration { return r.tape.started.Sub(r.started) }

func (r *Run) serveLocked(q query, entry int64, status int) {
	r.report.Requests++
	if len(r.report.Served) < maxServed {
		r.report.Served = append(r.report.Served, Served{
			OffsetMS: r.now().Sub(r.started).Milliseconds(), Method: q.Request.Method, URL: masked(q.request.url), Entry: entry, Status: status,
		})
	}
}

func masked(u *url.URL) string {
	out := *u
	out.User = nil
	return out.String()
}

// touchLocked wakes those who wait for something to happen.
func (r *Run) touchLocked() {
	close(r.changed)
	r.changed = make(chan struct{})
}
