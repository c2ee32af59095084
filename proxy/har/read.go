package har

import (
	"bufio"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"

	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/proxy"
)

// ErrTooLarge is the answer to a file that holds more than Read was allowed.
var ErrTooLarge = errors.New("the HAR file holds more than may be read")

// Read reads a HAR 1.2 file, ours or another program's, in the order in which
// it stands. Bodies come decoded: the header lines that said how they were
// encoded and how long they were on the wire are gone. A body that the file does
// not hold, or not whole, has a Cause. Entries that are no HTTP or WebSocket
// (data:, chrome-extension:) are left out. max bounds the bytes of all bodies
// together (ErrTooLarge beyond it); 0 is 1 GiB. Times are as exact as the file
// has them: ours to the microsecond, browsers' to the millisecond. The error names the entry that is wrong.
func Read(r io.Reader, max int64) ([]proxy.Entry, error) {
	if max <= 0 {
		max = 1 << 30
	}
	dec := jsontext.NewDecoder(withoutMark(r), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	if err := enter(dec, "log"); err != nil {
		return nil, fmt.Errorf("read HAR: %w", err)
	}
	if err := enter(dec, "entries"); err != nil {
		return nil, fmt.Errorf("read HAR: %w", err)
	}
	if token, err := dec.ReadToken(); err != nil {
		return nil, fmt.Errorf("read HAR: %w", err)
	} else if token.Kind() != '[' {
		return nil, errors.New(`read HAR: "entries" is no list`)
	}
	var entries []proxy.Entry
	for n := 1; dec.PeekKind() != ']'; n++ {
		var in entryIn
		if err := json.UnmarshalDecode(dec, &in); err != nil {
			return nil, fmt.Errorf("read HAR: entry %d: %w", n, err)
		}
		if !in.isNetwork() {
			continue
		}
		e, size, err := in.read()
		if err != nil {
			return nil, fmt.Errorf("read HAR: entry %d: %w", n, err)
		}
		if max -= size; max < 0 {
			return nil, fmt.Errorf("read HAR: %w", ErrTooLarge)
		}
		entries = append(entries, e)
	}
	number(entries)
	return entries, nil
}

// withoutMark passes over a byte order mark, which some programs write.
func withoutMark(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if head, _ := b.Peek(3); string(head) == "\ufeff" {
		_, _ = b.Discard(3)
	}
	return b
}

// number gives ids to entries that have none, or one that was before.
func number(entries []proxy.Entry) {
	seen, next := map[int64]bool{}, int64(0)
	for _, e := range entries {
		next = max(next, e.ID)
	}
	if next > math.MaxInt64-int64(len(entries)) {
		for i := range entries {
			entries[i].ID = 0
		}
		next = 0
	}
	for i, e := range entries {
		if e.ID <= 0 || seen[e.ID] {
			next++
			entries[i].ID = next
		}
		seen[entries[i].ID] = true
	}
}

// enter reads on to the value of a member of the object that comes next.
func enter(dec *jsontext.Decoder, member string) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if token.Kind() != '{' {
		return fmt.Errorf("no object around %q", member)
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if name.String() == member {
			return nil
		}
		if err := dec.SkipValue(); err != nil {
			return err
		}
	}
	return fmt.Errorf("there is no %q", member)
}

// isNetwork says that something was asked of a server.
func (in entryIn) isNetwork() bool {
	scheme, _, _ := strings.Cut(in.Request.URL, ":")
	switch strings.ToLower(scheme) {
	case "data", "blob", "about", "file", "filesystem", "chrome", "chrome-extension", "moz-extension", "javascript":
		return false
	}
	return true
}

func (in entryIn) ours() bool { return len(in.ID) > 0 }

func whole(v jsontext.Value) int64 {
	n, _ := strconv.ParseInt(strings.Trim(string(v), `"`), 10, 64)
	return n
}

func (in entryIn) read() (proxy.Entry, int64, error) {
	started, err := moment(in.StartedDateTime)
	if err != nil {
		return proxy.Entry{}, 0, err
	}
	u, err := url.Parse(in.Request.URL)
	if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "ws", "wss"}, u.Scheme) {
		return proxy.Entry{}, 0, errors.New("the request's url is no absolute http, https, ws or wss")
	}
	if in.Request.Method == "" {
		return proxy.Entry{}, 0, errors.New("the request has no method")
	}
	e := proxy.Entry{
		ID: whole(in.ID), Started: started, Done: !in.Incomplete, Connection: whole(in.Connection), Dropped: in.Dropped,
		Timings: proxy.Timings{Total: duration(in.Time), Receive: duration(in.Timings.Receive)},
	}
	e.Request = proxy.Request{Method: in.Request.Method, URL: in.Request.URL, Proto: in.Request.HTTPVersion, Header: headersIn(in.Request.Headers)}
	if strings.HasPrefix(u.Scheme, "ws") && !e.WebSocket() {
		e.Request.Header = append(e.Request.Header, proxy.Header{Name: "Upgrade", Value: "websocket"})
	}
	if err := in.Request.body(&e.Request); err != nil {
		return e, 0, err
	}
	if e.Response, err = in.Response.read(in.Request.Method, in.ours()); err != nil {
		return e, 0, err
	}
	r := in.Response
	if r.ErrorCode != "" || r.Error != "" || r.FailureText != "" {
		e.Error = &proxy.Failure{Code: r.ErrorCode, Message: cmp.Or(r.Error, r.FailureText)}
	}
	size := int64(0)
	if e.Request.Body != nil {
		size += e.Request.Body.Kept
	}
	if e.Response != nil && e.Response.Body != nil {
		size += e.Response.Body.Kept
	}
	more, err := in.live(&e)
	return e, size + more, err
}

// moment reads a time; older programs leave the colon out of its zone.
func moment(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at, nil
		}
	}
	return time.Time{}, errors.New("startedDateTime is no time")
}

// live reads messages and events; it answers their size.
func (in entryIn) live(e *proxy.Entry) (size int64, err error) {
	for _, f := range in.WebSocket {
		m := proxy.Message{Time: instant(f.Time), Sent: f.Type == "send", Opcode: f.Opcode, Data: []byte(f.Data)}
		if f.Opcode != 1 {
			if m.Data, err = base64.StdEncoding.DecodeString(f.Data); err != nil {
				return 0, errors.New("a WebSocket message is no base64")
			}
		}
		m.Size = max(f.Size, int64(len(m.Data)))
		size += int64(len(m.Data))
		e.Messages = append(e.Messages, m)
	}
	for _, f := range in.EventStream {
		size += int64(len(f.Data))
		e.Events = append(e.Events, proxy.Event{Time: instant(f.Time), Type: f.EventName, ID: f.EventID, Data: f.Data, Truncated: f.Truncated})
	}
	return size, nil
}

// longest bounds a time that a file tells: what is beyond it is no time.
const longest = 24 * 365 * time.Hour

func duration(millis float64) time.Duration {
	return time.Duration(min(max(millis, 0)*float64(time.Millisecond), float64(longest)))
}

func instant(seconds float64) time.Time {
	return time.UnixMicro(int64(math.Round(seconds * 1e6))).UTC()
}
