package har_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"io"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"tapedeck/proxy"
	"tapedeck/proxy/har"
)

var began = time.Date(2026, 3, 4, 5, 6, 7, 891_000_000, time.UTC)

type object = map[string]any

// written is the log of a HAR file with these entries.
func written(t *testing.T, o har.Options, entries ...proxy.Entry) object {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, har.Write(&out, entries, o))
	var file object
	require.NoError(t, json.Unmarshal(out.Bytes(), &file), out.String())
	return file["log"].(object)
}

func entryOf(t *testing.T, log object, i int) object {
	t.Helper()
	return log["entries"].([]any)[i].(object)
}

// lines are names and values by turns.
func lines(pairs ...string) proxy.Headers {
	var h proxy.Headers
	for i := 0; i < len(pairs); i += 2 {
		h = append(h, proxy.Header{Name: pairs[i], Value: pairs[i+1]})
	}
	return h
}

func answer(kind, encoding string, data []byte) proxy.Entry {
	h := lines("Content-Type", kind)
	if encoding != "" {
		h = append(h, proxy.Header{Name: "Content-Encoding", Value: encoding})
	}
	return proxy.Entry{
		ID: 1, Started: began, Done: true,
		Request:  proxy.Request{Method: "GET", URL: "https://a.test/", Proto: "HTTP/2.0"},
		Response: &proxy.Response{Status: 200, Proto: "HTTP/2.0", Header: h, Body: proxy.NewBody(data)},
		Timings:  proxy.Timings{Blocked: -1, DNS: -1, Connect: -1, TLS: -1, Send: 0, Wait: time.Millisecond, Receive: time.Millisecond},
	}
}

func TestEntryIsWrittenWhole(t *testing.T) {
	t.Parallel()
	log := written(t, har.Options{
		Creator: har.Tool{Name: "Tapedeck", Version: "9"}, Browser: &har.Tool{Name: "Chromium", Version: "156"},
		Pages: []har.Page{{ID: "p1", Title: "Start", Started: began.Add(-time.Second), Load: 1500 * time.Millisecond}, {ID: "p2", Started: began.Add(time.Hour)}},
	}, proxy.Entry{
		ID: 12, Started: began, Done: true, Connection: 4,
		ServerAddr: netip.MustParseAddrPort("[2606:2800::1]:443"),
		Request: proxy.Request{
			Method: "POST", URL: "https://a.test/p?a=1&b=%C3%A5&a=2&c", Proto: "HTTP/1.1",
			Header: lines("Content-Type", "application/x-www-form-urlencoded", "Cookie", "s=1; t=2=3", "Sec-Fetch-Dest", "empty"),
			Body:   proxy.NewBody([]byte("user=ann&pw=%26")),
		},
		Response: &proxy.Response{
			Status: 302, StatusText: "Found", Proto: "HTTP/1.1",
			Header: lines("Location", "/next", "Set-Cookie", "a=1; Path=/; HttpOnly; SameSite=Lax", "Set-Cookie", "b=2; Secure; Expires=Wed, 21 Oct 2026 07:28:00 GMT"),
		},
		Timings: proxy.Timings{Blocked: time.Millisecond, DNS: 2 * time.Millisecond, Connect: 3 * time.Millisecond, TLS: 4 * time.Millisecond, Send: 5 * time.Millisecond, Wait: 6 * time.Millisecond, Receive: 7 * time.Millisecond, Total: time.Second},
		TLS:     &proxy.TLS{Version: "TLS 1.3", Subject: "a.test", Issuer: "CA"},
	})

	require.Equal(t, "1.2", log["version"])
	require.Equal(t, object{"name": "Tapedeck", "version": "9"}, log["creator"])
	require.Equal(t, object{"name": "Chromium", "version": "156"}, log["browser"])
	pages := log["pages"].([]any)
	require.Len(t, pages, 2)
	require.Equal(t, object{"onContentLoad": -1.0, "onLoad": 1500.0}, pages[0].(object)["pageTimings"])

	e := entryOf(t, log, 0)
	require.Equal(t, "p1", e["pageref"])
	require.Equal(t, "2026-03-04T05:06:07.891Z", e["startedDateTime"])
	require.Equal(t, 28.0, e["time"], "all parts, ssl inside connect")
	require.Equal(t, object{"blocked": 1.0, "dns": 2.0, "connect": 7.0, "ssl": 4.0, "send": 5.0, "wait": 6.0, "receive": 7.0}, e["timings"])
	require.Equal(t, "2606:2800::1", e["serverIPAddress"])
	require.Equal(t, "4", e["connection"])
	require.Equal(t, 12.0, e["_id"])
	require.Equal(t, "fetch", e["_resourceType"])
	require.Equal(t, "TLS 1.3", e["_securityDetails"].(object)["protocol"])
	require.Equal(t, object{}, e["cache"])

	request := e["request"].(object)
	require.Equal(t, []any{object{"name": "s", "value": "1"}, object{"name": "t", "value": "2=3"}}, request["cookies"])
	require.Equal(t, []any{object{"name": "a", "value": "1"}, object{"name": "b", "value": "å"}, object{"name": "a", "value": "2"}, object{"name": "c", "value": ""}}, request["queryString"])
	require.Equal(t, object{
		"mimeType": "application/x-www-form-urlencoded", "text": "user=ann&pw=%26",
		"params": []any{object{"name": "user", "value": "ann"}, object{"name": "pw", "value": "&"}},
	}, request["postData"])
	require.Equal(t, 15.0, request["bodySize"])

	response := e["response"].(object)
	require.Equal(t, "/next", response["redirectURL"])
	require.Equal(t, "Found", response["statusText"])
	require.Equal(t, []any{
		object{"name": "a", "value": "1", "path": "/", "httpOnly": true, "sameSite": "Lax"},
		object{"name": "b", "value": "2", "secure": true, "expires": "2026-10-21T07:28:00.000Z"},
	}, response["cookies"])
	require.Len(t, response["headers"], 3)
}

func TestBodiesAreDecoded(t *testing.T) {
	t.Parallel()
	plain := strings.Repeat("hällo ", 100)
	for encoding, make := range map[string]func(io.Writer) io.WriteCloser{
		"":         func(w io.Writer) io.WriteCloser { return nop{w} },
		"gzip":     func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"deflate":  func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
		"br":       func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) },
		"zstd":     func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z },
		"gzip, br": func(w io.Writer) io.WriteCloser { return both{gzip.NewWriter, w}.open() },
		"identity": func(w io.Writer) io.WriteCloser { return nop{w} },
		"GZIP":     func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
	} {
		var body bytes.Buffer
		w := make(&body)
		_, err := io.WriteString(w, plain)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		size := body.Len()
		content := entryOf(t, written(t, har.Options{}, answer("text/html; charset=utf-8", encoding, body.Bytes())), 0)["response"].(object)
		require.EqualValues(t, size, content["bodySize"], encoding)
		c := content["content"].(object)
		require.Equal(t, plain, c["text"], encoding)
		require.EqualValues(t, len(plain), c["size"], encoding)
		require.NotContains(t, c, "encoding")
	}
}

type nop struct{ io.Writer }

func (nop) Close() error { return nil }

// both is gzip inside brotli.
type both struct {
	inner func(io.Writer) *gzip.Writer
	out   io.Writer
}

func (b both) open() io.WriteCloser {
	outer := brotli.NewWriter(b.out)
	return chain{b.inner(outer), outer}
}

type chain struct {
	*gzip.Writer
	outer io.Closer
}

func (c chain) Close() error { return errors.Join(c.Writer.Close(), c.outer.Close()) }

func TestWhatIsNoTextIsBase64(t *testing.T) {
	t.Parallel()
	for kind, data := range map[string]string{
		"image/png":                "\x89PNG\r\n",
		"text/html":                "latin1 \xe4",
		"application/octet-stream": "looks like text",
	} {
		c := entryOf(t, written(t, har.Options{}, answer(kind, "", []byte(data))), 0)["response"].(object)["content"].(object)
		require.Equal(t, "base64", c["encoding"], kind)
		require.Equal(t, base64.StdEncoding.EncodeToString([]byte(data)), c["text"], kind)
	}
}

func TestDamagedBodies(t *testing.T) {
	t.Parallel()
	damaged := answer("text/html", "gzip", []byte("no gzip at all: secret"))
	c := entryOf(t, written(t, har.Options{}, damaged), 0)["response"].(object)["content"].(object)
	require.Equal(t, "gzip", c["_contentEncoding"])
	require.Equal(t, "no gzip at all: secret", c["text"])

	c = entryOf(t, written(t, har.Options{Redactor: masking{}}, damaged), 0)["response"].(object)["content"].(object)
	require.NotContains(t, c, "text", "what nobody can look into is not written")
	require.Contains(t, c["comment"], "left out")

	var body bytes.Buffer
	w := gzip.NewWriter(&body)
	_, err := w.Write([]byte(strings.Repeat("x", 10_000)))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	c = entryOf(t, written(t, har.Options{MaxText: 100}, answer("text/plain", "gzip", body.Bytes())), 0)["response"].(object)["content"].(object)
	require.Equal(t, strings.Repeat("x", 100), c["text"], "a small body that becomes large is cut")
	require.Equal(t, true, c["_truncated"])
}

func TestSocketsAndStreamsAreWritten(t *testing.T) {
	t.Parallel()
	socket := proxy.Entry{
		ID: 1, Started: began,
		Request:  proxy.Request{Method: "GET", URL: "wss://a.test/ws", Header: lines("Upgrade", "websocket")},
		Response: &proxy.Response{Status: 101},
		Messages: []proxy.Message{
			{Time: began, Sent: true, Opcode: 1, Data: []byte("hi"), Size: 2},
			{Time: began.Add(time.Second), Opcode: 2, Data: []byte{0, 1}, Size: 5},
		},
	}
	stream := answer("text/event-stream", "", []byte("data: x\n\n"))
	stream.Events = []proxy.Event{{Time: began, Type: "tick", ID: "7", Data: "x"}}
	log := written(t, har.Options{}, socket, stream)
	first, second := entryOf(t, log, 0), entryOf(t, log, 1)
	require.Equal(t, "websocket", first["_resourceType"])
	require.Equal(t, true, first["_incomplete"], "the socket was open when it was written")
	at := float64(began.UnixMilli()) / 1000
	require.Equal(t, []any{
		object{"type": "send", "time": at, "opcode": 1.0, "data": "hi"},
		object{"type": "receive", "time": at + 1, "opcode": 2.0, "data": "AAE=", "_size": 5.0, "_truncated": true},
	}, first["_webSocketMessages"])
	require.Equal(t, []any{object{"time": at, "eventName": "tick", "eventId": "7", "data": "x"}}, second["_eventStreamMessages"])
}

func TestFailureIsWritten(t *testing.T) {
	t.Parallel()
	response := entryOf(t, written(t, har.Options{}, proxy.Entry{
		ID: 1, Started: began, Done: true, Request: proxy.Request{Method: "GET", URL: "https://a.test/"},
		Error: &proxy.Failure{Code: proxy.CodeTLS, Message: "TLS error: expired"},
	}), 0)["response"].(object)
	require.Equal(t, "TLS error: expired", response["_error"])
	require.Equal(t, "tls", response["_errorCode"])
	require.Equal(t, 0.0, response["status"])
	require.Equal(t, []any{}, response["headers"])
}

func TestEmptyFileIsValid(t *testing.T) {
	t.Parallel()
	log := written(t, har.Options{})
	require.Equal(t, []any{}, log["entries"])
	require.Equal(t, []any{}, log["pages"])
}

func TestWriterThatFailsIsReported(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, har.Write(full{}, []proxy.Entry{answer("text/plain", "", make([]byte, 1<<20))}, har.Options{}), "disk full")
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

// masking replaces every canary, whatever it stands in.
type masking struct{}

var canary = regexp.MustCompile(`c4n4ry-\w+`)

func (masking) Header(_, v string) string      { return canary.ReplaceAllString(v, "***") }
func (masking) URL(u string) string            { return canary.ReplaceAllString(u, "***") }
func (masking) Body(_ string, b []byte) []byte { return canary.ReplaceAll(b, []byte("***")) }

// Whatever came from outside goes through the redactor: no canary is left in
// the file, in clear, in base64 or in what is taken apart.
func TestNothingPassesTheRedactor(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, err := io.WriteString(w, `{"token":"c4n4ry-gzip"}`)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	e := answer("application/json", "gzip", zipped.Bytes())
	e.Request.URL = "https://a.test/c4n4ry-path?k=c4n4ry-query"
	e.Request.Header = lines("Authorization", "Bearer c4n4ry-auth", "Cookie", "s=c4n4ry-cookie", "Content-Type", "application/x-www-form-urlencoded")
	e.Request.Body = proxy.NewBody([]byte("pw=c4n4ry-form"))
	e.Request.Trailer = lines("X-T", "c4n4ry-trailer")
	e.Response.Header = append(e.Response.Header, proxy.Header{Name: "Set-Cookie", Value: "s=c4n4ry-set"}, proxy.Header{Name: "Location", Value: "/?t=c4n4ry-location"})
	e.Response.Trailer = lines("X-T", "c4n4ry-trailer")
	e.Messages = []proxy.Message{{Opcode: 1, Data: []byte("c4n4ry-ws"), Size: 9}, {Opcode: 2, Data: []byte("\x00c4n4ry-binary"), Size: 14}, {Opcode: 8, Data: []byte("\x03\xe8c4n4ry-close"), Size: 14}, {Opcode: 1, Compressed: true, Data: []byte("c4n4ry-opaque"), Size: 13}}
	e.Events = []proxy.Event{{Type: "c4n4ry-type", ID: "c4n4ry-id", Data: "c4n4ry-event"}}
	e.Response.StatusText = "c4n4ry-status"
	e.Error = &proxy.Failure{Code: "protocol", Message: "bad c4n4ry-error"}
	binary := answer("image/png", "", []byte("\x89c4n4ry-image"))

	var out bytes.Buffer
	require.NoError(t, har.Write(&out, []proxy.Entry{e, binary}, har.Options{Redactor: masking{}, Pages: []har.Page{{Title: "c4n4ry-title", Started: began}}}))
	require.NotContains(t, out.String(), "c4n4ry")
	for _, word := range regexp.MustCompile(`"([A-Za-z0-9+/=]{8,})"`).FindAllStringSubmatch(out.String(), -1) {
		if data, err := base64.StdEncoding.DecodeString(word[1]); err == nil {
			require.NotContains(t, string(data), "c4n4ry")
		}
	}
	require.GreaterOrEqual(t, strings.Count(out.String(), "***"), 14, out.String())
}
