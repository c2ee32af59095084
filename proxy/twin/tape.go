package twin

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"tapedeck/proxy"
)

// ErrNoNetwork is the answer to a recording without any exchange.
var ErrNoNetwork = errors.New("the recording holds no network: it was made with it switched off, or it asked for nothing")

// Options say what is known of a recording beside its network.
type Options struct {
	// Typed are the texts that a person or a script entered: they have to be entered again. Defaults to none.
	Typed []string
	// Started is when the recording began. Defaults to the start of its first exchange.
	Started time.Time
}

// Tape is a recording's network, made ready to be played. It does not change and
// may be played by any number of Runs at the same time.
type Tape struct {
	started time.Time
	tick    time.Duration // how exact its times are
	all     []*exchange
	byKey   map[string][]*exchange // method, scheme, host and path
	byShape map[string][]*exchange // method, scheme, host and number of path segments
	writes  []*exchange            // in order of their start
	typed   typed
	origins map[string]bool
	saved   map[string]bool // methods and addresses that were saved more than once

	mu    sync.Mutex
	first map[string]source // what said a value first
}

// exchange is one recorded exchange, made ready.
type exchange struct {
	entry   proxy.Entry
	kind    kind
	index   int // in Tape.writes, for a write
	url     *url.URL
	key     string
	request request
	body    []byte // of the answer
	// past are the writes that were over when it began.
	past past
	// cut says why the answer is not all there.
	cut string
	// pending says that the recording ended before an answer began.
	pending bool
	// superseded is the next save of the same address.
	superseded *exchange
}

// began is when the answer began; without one, when the exchange was over.
func (x *exchange) began() time.Time {
	t := x.entry.Timings
	return x.entry.Started.Add(t.Total - max(t.Receive, 0))
}

// ended is when the answer was over; false when it never was.
func (x *exchange) ended() (time.Time, bool) {
	return x.entry.Started.Add(x.entry.Timings.Total), x.entry.Done && !x.pending
}

// long says that the server held its answer back, as it does for those who wait for news.
func (x *exchange) long() bool { return x.began().Sub(x.entry.Started) >= longest }

// longest is what a server takes to answer at once.
const longest = time.Second

// New makes a Tape of a session's entries, or of those of a HAR file. The error
// is ErrNoNetwork, or that of a body that can no longer be read.
func New(entries []proxy.Entry, o Options) (*Tape, error) {
	t := &Tape{
		started: o.Started, byKey: map[string][]*exchange{}, byShape: map[string][]*exchange{}, first: map[string]source{},
		typed: newTyped(o.Typed), origins: map[string]bool{}, saved: map[string]bool{},
	}
	for _, e := range entries {
		x, err := prepare(e)
		if err != nil {
			return nil, fmt.Errorf("exchange %d: %w", e.ID, err)
		}
		if x != nil {
			t.all = append(t.all, x)
		}
	}
	if len(t.all) == 0 {
		return nil, ErrNoNetwork
	}
	slices.SortStableFunc(t.all, inOrder)
	t.tick = tickOf(t.all)
	if t.started.IsZero() {
		t.started = t.all[0].entry.Started
	}
	heartbeats(t.all)
	for _, x := range t.all {
		t.byKey[x.key] = append(t.byKey[x.key], x)
		shape := shapeOf(x.entry.Request.Method, x.url)
		t.byShape[shape] = append(t.byShape[shape], x)
		t.origins[originOf(x.url)] = true
		if x.kind == write {
			x.index = len(t.writes)
			t.writes = append(t.writes, x)
		}
	}
	t.order()
	t.saves()
	return t, nil
}

// Started is when the recording began.
func (t *Tape) Started() time.Time { return t.started }

// Origins are the recorded scheme://host pairs, sorted; WebSockets count as the http or https that they began with.
func (t *Tape) Origins() []string {
	out := make([]string, 0, len(t.origins))
	for o := range t.origins {
		out = append(out, o)
	}
	slices.Sort(out)
	return out
}

// First is the address of the first document, where a person would begin; "" when there is none.
func (t *Tape) First() string {
	for _, x := range t.all {
		if x.entry.Dest() == "document" {
			return x.entry.Request.URL
		}
	}
	for _, x := range t.all { // browsers say what a request is for on secure addresses only
		if r := x.entry.Response; r != nil && x.kind == read && r.Status == http.StatusOK && mediaType(r.Header.Get("Content-Type")) == "text/html" {
			return x.entry.Request.URL
		}
	}
	return ""
}

// Cut lists the recorded answers that are not all there, as "METHOD URL: why".
func (t *Tape) Cut() []string {
	var out []string
	for _, x := range t.all {
		if x.cut != "" {
			out = append(out, x.entry.Request.Method+" "+x.entry.Request.URL+": "+x.cut)
		}
	}
	return out
}

// prepare answers nil for what cannot be asked again.
func prepare(e proxy.Entry) (*exchange, error) {
	if e.Error != nil && e.Error.Code == proxy.CodeNoise {
		return nil, nil
	}
	u, err := url.Parse(e.Request.URL)
	if err != nil {
		return nil, err
	}
	plainScheme(u)
	x := &exchange{entry: e, kind: kindOf(e), url: u, key: keyOf(e.Request.Method, u)}
	x.pending = e.Response == nil && e.Error != nil && e.Error.Code == proxy.CodeStopped
	sent, cut, err := plainBody(e.Request.Body, e.Request.Header)
	if err != nil {
		return nil, err
	}
	x.request = newRequest(e.Request.Method, u, e.Request.Header.Get("Content-Type"), sent)
	x.request.cut = cut != ""
	if e.Response != nil {
		if x.body, x.cut, err = plainBody(e.Response.Body, e.Response.Header); err != nil {
			return nil, err
		}
		if streams(e) {
			x.cut = "" // a stream ends where the recording ended
		}
	}
	return x, nil
}

// maxPlain bounds a decoded body: a small one can be packed to hold anything.
const maxPlain = 256 << 20

// plainBody is a body without its content encoding; cut says why it is not all there.
func plainBody(b *proxy.Body, h proxy.Headers) (data []byte, cut string, err error) {
	if b == nil {
		return nil, "", nil
	}
	raw, err := b.Bytes()
	if err != nil {
		return nil, "", err
	}
	data, cut = decode(raw, h.Values("Content-Encoding"))
	return data, cmp.Or(b.Cause, cut), nil
}

// decode takes content encodings off; cut says why not all of it.
func decode(raw []byte, encodings []string) (data []byte, cut string) {
	if len(encodings) == 0 || len(raw) == 0 {
		return raw, ""
	}
	var out bytes.Buffer
	plain, err := proxy.Decode(strings.Join(encodings, ","), bytes.NewReader(raw))
	if err == nil {
		_, err = out.ReadFrom(io.LimitReader(plain, maxPlain))
		_ = plain.Close()
	}
	switch {
	case out.Len() >= maxPlain:
		return out.Bytes(), "it is larger than a twin takes"
	case err != nil:
		return out.Bytes(), "it cannot be decoded: " + err.Error()
	}
	return out.Bytes(), ""
}

func keyOf(method string, u *url.URL) string { return method + " " + originOf(u) + u.EscapedPath() }

func shapeOf(method string, u *url.URL) string {
	return fmt.Sprintf("%s %s %d", method, originOf(u), strings.Count(u.EscapedPath(), "/"))
}

func originOf(u *url.URL) string { return u.Scheme + "://" + strings.ToLower(u.Host) }

// plainScheme writes ws as http: a WebSocket begins as a request.
func plainScheme(u *url.URL) {
	if rest, ok := strings.CutPrefix(u.Scheme, "ws"); ok {
		u.Scheme = "http" + rest
	}
	if u.Path == "" {
		u.Path = "/"
	}
	if port := u.Port(); port == "80" && u.Scheme == "http" || port == "443" && u.Scheme == "https" {
		u.Host = strings.TrimSuffix(u.Host, ":"+port)
	}
}
