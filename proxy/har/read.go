package har

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
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
// encoded and how long they were on the wire are gone. max bounds the bytes of
// all bodies together (ErrTooLarge beyond it); 0 is 1 GiB. Times are as exact as
// the file has them, to the millisecond in ours.
func Read(r io.Reader, max int64) ([]proxy.Entry, error) {
	if max <= 0 {
		max = 1 << 30
	}
	dec := jsontext.NewDecoder(r, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	if err := enter(dec, "log"); err != nil {
		return nil, fmt.Errorf("read HAR: %w", err)
	}
	if err := enter(dec, "entries"); err != nil {
		return nil, fmt.Errorf("read HAR: %w", err)
	}
	if _, err := dec.ReadToken(); err != nil { // [
		return nil, fmt.Errorf("read HAR: %w", err)
	}
	var entries []proxy.Entry
	for dec.PeekKind() != ']' {
		var in entry
		if err := json.UnmarshalDecode(dec, &in); err != nil {
			return nil, fmt.Errorf("read HAR: entry %d: %w", len(entries)+1, err)
		}
		e, size, err := in.read()
		if err != nil {
			return nil, fmt.Errorf("read HAR: entry %d: %w", len(entries)+1, err)
		}
		if max -= size; max < 0 {
			return nil, fmt.Errorf("read HAR: %w", ErrTooLarge)
		}
		if e.ID == 0 {
			e.ID = int64(len(entries) + 1)
		}
		entries = append(entries, e)
	}
	return entries, nil
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

func (in entry) read() (proxy.Entry, int64, error) {
	started, err := time.Parse(time.RFC3339Nano, in.StartedDateTime)
	if err != nil {
		return proxy.Entry{}, 0, errors.New("startedDateTime is no time")
	}
	if u, err := url.Parse(in.Request.URL); err != nil || u.Host == "" {
		return proxy.Entry{}, 0, errors.New("the request's url is not absolute")
	}
	e := proxy.Entry{
		ID: in.ID, Started: started, Done: !in.Incomplete, Timings: proxy.Timings{Total: duration(in.Time)}, Dropped: in.Dropped,
	}
	e.Connection, _ = strconv.ParseInt(in.Connection, 10, 64) // other programs name them otherwise
	e.Request = proxy.Request{Method: in.Request.Method, URL: in.Request.URL, Proto: in.Request.HTTPVersion, Header: headersIn(in.Request.Headers)}
	size := int64(0)
	if p := in.Request.PostData; p != nil {
		data, err := dataIn(p.Text, p.Encoding)
		if err != nil {
			return e, 0, fmt.Errorf("the request's body: %w", err)
		}
		e.Request.Body, size = kept(data, p.Comment), int64(len(data))
		e.Request.Header = plain(e.Request.Header)
	}
	if e.Response, err = in.Response.read(); err != nil {
		return e, 0, err
	}
	if e.Response != nil && e.Response.Body != nil {
		size += e.Response.Body.Kept
	}
	if in.Response.ErrorCode != "" || in.Response.Error != "" {
		e.Error = &proxy.Failure{Code: in.Response.ErrorCode, Message: in.Response.Error}
	}
	more, err := in.live(&e)
	return e, size + more, err
}

// live reads messages and events; it answers their size.
func (in entry) live(e *proxy.Entry) (size int64, err error) {
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

func (in response) read() (*proxy.Response, error) {
	if in.Status <= 0 {
		return nil, nil
	}
	out := &proxy.Response{
		Status: in.Status, StatusText: in.StatusText, Proto: in.HTTPVersion, Header: headersIn(in.Headers), Trailer: headersIn(in.Trailers),
	}
	c := in.Content
	data, err := dataIn(c.Text, c.Encoding)
	if err != nil {
		return nil, fmt.Errorf("the response's body: %w", err)
	}
	if c.ContentEncoding == "" {
		out.Header = plain(out.Header)
	}
	cause := c.Comment
	if c.Truncated && cause == "" {
		cause = "it was cut when it was recorded"
	}
	if len(data) == 0 && c.Size > 0 && cause == "" {
		cause = "the file holds no text of it"
	}
	if len(data) > 0 || cause != "" {
		out.Body = kept(data, cause)
	}
	return out, nil
}

// kept is a body as the file has it; cause says why that is not all.
func kept(data []byte, cause string) *proxy.Body {
	b := proxy.NewBody(data)
	b.Cause = cause
	return b
}

func dataIn(text, encoding string) ([]byte, error) {
	if encoding != "base64" {
		return []byte(text), nil
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("is no base64")
	}
	return data, nil
}

// plain leaves out what spoke of the bytes on the wire.
func plain(in proxy.Headers) proxy.Headers {
	out := make(proxy.Headers, 0, len(in))
	for _, h := range in {
		switch strings.ToLower(h.Name) {
		case "content-encoding", "content-length", "transfer-encoding":
		default:
			out = append(out, h)
		}
	}
	return out
}

// headersIn leaves out what HTTP/2 puts between header lines.
func headersIn(in []pair) proxy.Headers {
	out := make(proxy.Headers, 0, len(in))
	for _, h := range in {
		if !strings.HasPrefix(h.Name, ":") {
			out = append(out, proxy.Header(h))
		}
	}
	return out
}

func duration(millis float64) time.Duration {
	return time.Duration(max(millis, 0) * float64(time.Millisecond))
}

func instant(seconds float64) time.Time { return time.UnixMicro(int64(seconds * 1e6)).UTC() }
