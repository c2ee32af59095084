package har

import (
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/net/http/httpguts"

	"tapedeck/proxy"
)

// entryIn is what is read of an entry. Programs differ in the types of what is not read, and of the loose members.
type entryIn struct {
	StartedDateTime string         `json:"startedDateTime"`
	Time            float64        `json:"time"`
	Request         requestIn      `json:"request"`
	Response        responseIn     `json:"response"`
	Timings         timingsIn      `json:"timings"`
	Connection      jsontext.Value `json:"connection"`
	ID              jsontext.Value `json:"_id"`
	ResourceType    string         `json:"_resourceType"`
	Incomplete      bool           `json:"_incomplete"`
	WebSocket       []socketFrame  `json:"_webSocketMessages"`
	EventStream     []streamEvent  `json:"_eventStreamMessages"`
	Dropped         int64          `json:"_droppedMessages"`
}

type requestIn struct {
	Method      string    `json:"method"`
	URL         string    `json:"url"`
	HTTPVersion string    `json:"httpVersion"`
	Headers     []pair    `json:"headers"`
	PostData    *postData `json:"postData"`
	BodySize    float64   `json:"bodySize"`
}

type responseIn struct {
	Status      int       `json:"status"`
	StatusText  string    `json:"statusText"`
	HTTPVersion string    `json:"httpVersion"`
	Headers     []pair    `json:"headers"`
	Trailers    []pair    `json:"_trailers"`
	Content     contentIn `json:"content"`
	Error       string    `json:"_error"`
	ErrorCode   string    `json:"_errorCode"`
	FailureText string    `json:"_failureText"` // Playwright's
}

type contentIn struct {
	Size            float64 `json:"size"`
	Text            string  `json:"text"`
	Encoding        string  `json:"encoding"`
	ContentEncoding string  `json:"_contentEncoding"`
	Truncated       bool    `json:"_truncated"`
	Comment         string  `json:"comment"`
}

type timingsIn struct {
	Receive float64 `json:"receive"`
}

func (in requestIn) body(out *proxy.Request) error {
	if in.PostData == nil {
		if in.BodySize > 0 {
			out.Body, out.Header = kept(nil, absent), plain(out.Header)
		}
		return nil
	}
	data, err := dataIn(in.PostData.Text, in.PostData.Encoding)
	if err != nil {
		return fmt.Errorf("the request's body: %w", err)
	}
	if len(data) == 0 && len(in.PostData.Params) > 0 {
		data = paramsIn(in.PostData.Params)
	}
	cause := in.PostData.Comment
	if len(data) == 0 && in.BodySize > 0 && cause == "" {
		cause = absent
	}
	out.Body, out.Header = kept(data, cause), plain(out.Header)
	return nil
}

// absent is the cause of a body that another program saw and did not write.
const absent = "the file holds no text of it"

// paramsIn is a form of which the file has the fields alone.
func paramsIn(list []pair) []byte {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = url.QueryEscape(p.Name) + "=" + url.QueryEscape(p.Value)
	}
	return []byte(strings.Join(out, "&"))
}

func (in responseIn) read(method string, ours bool) (*proxy.Response, error) {
	if in.Status < 200 && in.Status != http.StatusSwitchingProtocols { // 0 and -1 stand for none
		return nil, nil
	}
	if in.Status > 999 {
		return nil, fmt.Errorf("%d is no status of a response", in.Status)
	}
	out := &proxy.Response{
		Status: in.Status, StatusText: in.StatusText, Proto: in.HTTPVersion, Header: headersIn(in.Headers), Trailer: headersIn(in.Trailers),
	}
	c := in.Content
	data, err := dataIn(c.Text, c.Encoding)
	if err != nil {
		return nil, fmt.Errorf("the response's body: %w", err)
	}
	if c.ContentEncoding == "" && method != http.MethodHead { // the answer to HEAD has the length of what GET gets
		out.Header = plain(out.Header)
	}
	if !ours && c.Encoding != "base64" {
		out.Header = inUTF8(out.Header)
	}
	cause := c.Comment
	if c.Truncated && cause == "" {
		cause = "it was cut when it was recorded"
	}
	if len(data) == 0 && c.Size > 0 && cause == "" && method != http.MethodHead {
		cause = absent
	}
	if len(data) > 0 || cause != "" {
		out.Body = kept(data, cause)
	}
	return out, nil
}

// inUTF8 says how the text of a browser's file is written, whatever it was on the wire.
func inUTF8(in proxy.Headers) proxy.Headers {
	for i, h := range in {
		kind, params, err := mime.ParseMediaType(h.Value)
		if !strings.EqualFold(h.Name, "Content-Type") || err != nil || params["charset"] == "" {
			continue
		}
		params["charset"] = "utf-8"
		in[i].Value = mime.FormatMediaType(kind, params)
	}
	return in
}

// kept is a body as the file has it; cause says why that is not all. Nil when there was none.
func kept(data []byte, cause string) *proxy.Body {
	b := proxy.NewBody(data)
	if b == nil && cause != "" {
		b = &proxy.Body{}
	}
	if b != nil {
		b.Cause = cause
	}
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

// headersIn leaves out what HTTP/2 puts between header lines, and parts what some programs join by line ends.
func headersIn(in []pair) proxy.Headers {
	out := make(proxy.Headers, 0, len(in))
	for _, h := range in {
		if strings.HasPrefix(h.Name, ":") || !httpguts.ValidHeaderFieldName(h.Name) {
			continue
		}
		for value := range strings.SplitSeq(h.Value, "\n") {
			if value = strings.TrimRight(value, "\r"); httpguts.ValidHeaderFieldValue(value) {
				out = append(out, proxy.Header{Name: h.Name, Value: value})
			}
		}
	}
	return out
}
