package har

import (
	"encoding/base64"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"tapedeck/proxy"
)

type exporter struct{ Options }

func (e exporter) pages() []pageOut {
	pages := make([]pageOut, 0, len(e.Pages))
	for _, p := range e.Pages {
		pages = append(pages, pageOut{
			StartedDateTime: stamp(p.Started), ID: p.ID, Title: e.text("text/plain", p.Title),
			PageTimings: timings{OnContentLoad: known(p.ContentLoad), OnLoad: known(p.Load)},
		})
	}
	return pages
}

func (e exporter) entry(in proxy.Entry) (entry, error) {
	out := entry{
		Pageref:         e.pageOf(in.Started),
		StartedDateTime: stamp(in.Started),
		Timings:         timingsOf(in.Timings),
		Connection:      strconv.FormatInt(in.Connection, 10),
		ID:              in.ID,
		ResourceType:    resourceType(in),
		Incomplete:      !in.Done,
		Security:        securityOf(in.TLS),
		WebSocket:       e.messages(in),
		EventStream:     e.events(in),
		Dropped:         in.Dropped,
	}
	out.Time = out.Timings.total()
	if in.ServerAddr.IsValid() {
		out.ServerIPAddress = in.ServerAddr.Addr().String()
	}
	var errRequest, errResponse error
	out.Request, errRequest = e.request(in.Request)
	out.Response, errResponse = e.response(in)
	return out, errors.Join(errRequest, errResponse)
}

// pageOf is the page that was shown last when something began.
func (e exporter) pageOf(t time.Time) string {
	id := ""
	for i, p := range e.Pages {
		if i == 0 || !p.Started.After(t) {
			id = p.ID
		}
	}
	return id
}

func (e exporter) request(in proxy.Request) (request, error) {
	shown := e.url(in.URL)
	out := request{
		Method: in.Method, URL: shown, HTTPVersion: in.Proto,
		Headers: e.headers(in.Header), QueryString: query(shown), Cookies: []cookie{},
		HeadersSize: -1, BodySize: size(in.Body),
	}
	for _, h := range out.Headers {
		if strings.EqualFold(h.Name, "Cookie") {
			out.Cookies = append(out.Cookies, requestCookies(h.Value)...)
		}
	}
	if in.Body == nil {
		return out, nil
	}
	kind := in.Header.Get("Content-Type")
	b, err := e.body(in.Body, in.Header)
	if err != nil {
		return out, err
	}
	out.PostData = &postData{MimeType: e.header("Content-Type", kind), Comment: b.comment}
	out.PostData.Text, out.PostData.Encoding = asText(kind, b.data)
	if media(kind) == "application/x-www-form-urlencoded" && out.PostData.Encoding == "" {
		out.PostData.Params = formPairs(out.PostData.Text)
	}
	return out, nil
}

func (e exporter) response(in proxy.Entry) (response, error) {
	out := response{HTTPVersion: "unknown", Cookies: []cookie{}, Headers: []pair{}, HeadersSize: -1, BodySize: -1, TransferSize: -1}
	out.Content.MimeType = "x-unknown"
	if in.Error != nil {
		out.Error, out.ErrorCode = e.text("text/plain", in.Error.Message), in.Error.Code
	}
	r := in.Response
	if r == nil {
		return out, nil
	}
	out.Status, out.StatusText, out.HTTPVersion = r.Status, e.text("text/plain", r.StatusText), r.Proto
	out.Headers, out.Trailers = e.headers(r.Header), e.headers(r.Trailer)
	if len(out.Trailers) == 0 {
		out.Trailers = nil
	}
	for _, h := range out.Headers {
		switch strings.ToLower(h.Name) {
		case "set-cookie":
			out.Cookies = append(out.Cookies, responseCookie(h.Value)...)
		case "location":
			out.RedirectURL = e.url(h.Value)
		}
	}
	out.BodySize, out.TransferSize = size(r.Body), size(r.Body)
	return out, e.content(&out, r)
}

func (e exporter) content(out *response, r *proxy.Response) error {
	kind := r.Header.Get("Content-Type")
	out.Content.MimeType = e.header("Content-Type", kind)
	if kind == "" {
		out.Content.MimeType = "x-unknown"
	}
	if r.Body == nil {
		return nil
	}
	b, err := e.body(r.Body, r.Header)
	if err != nil {
		return err
	}
	c := &out.Content
	c.Size, c.Truncated, c.Comment, c.ContentEncoding = b.size, b.truncated, b.comment, b.encoding
	c.Compression = max(b.size-r.Body.Size, 0)
	c.Text, c.Encoding = asText(kind, b.data)
	return nil
}

// decoded is a body as it is written.
type decoded struct {
	data      []byte
	size      int64 // decoded, before anything was taken out
	encoding  string
	truncated bool
	comment   string
}

func (e exporter) body(in *proxy.Body, h proxy.Headers) (decoded, error) {
	raw, err := in.Open()
	if err != nil {
		return decoded{}, err
	}
	defer func() { _ = raw.Close() }()
	encoding := strings.Join(h.Values("Content-Encoding"), ",")
	out := decoded{truncated: in.Truncated(), comment: in.Cause}
	data, err := e.decode(encoding, raw)
	switch {
	case err == nil:
	case in.Truncated() && len(data) > 0:
		// What was kept of a compressed body ends in the middle of it.
	default:
		return e.undecoded(in, encoding, out)
	}
	if int64(len(data)) > e.MaxText {
		data, out.truncated, out.comment = data[:e.MaxText], true, "over the limit for one body in this file"
	}
	out.size = int64(len(data))
	if out.truncated && encoding == "" {
		out.size = in.Size
	}
	out.data = e.redact(h.Get("Content-Type"), data)
	return out, nil
}

func (e exporter) decode(encoding string, raw io.Reader) ([]byte, error) {
	plain, err := proxy.Decode(encoding, raw)
	if err != nil {
		return nil, err
	}
	defer func() { _ = plain.Close() }()
	return io.ReadAll(io.LimitReader(plain, e.MaxText+1))
}

// undecoded is a body that is not what its encoding says.
func (e exporter) undecoded(in *proxy.Body, encoding string, out decoded) (decoded, error) {
	out.encoding, out.size = encoding, in.Size
	if e.Redactor != nil {
		out.comment = "left out: it cannot be decoded, so nobody can say what is in it"
		return out, nil
	}
	out.comment = "it cannot be decoded"
	raw, err := in.Bytes()
	out.data = raw
	return out, err
}

func (e exporter) headers(in proxy.Headers) []pair {
	out := make([]pair, 0, len(in))
	for _, h := range in {
		out = append(out, pair{h.Name, e.header(h.Name, h.Value)})
	}
	return out
}

func (e exporter) header(name, value string) string {
	if e.Redactor == nil {
		return value
	}
	return e.Redactor.Header(name, value)
}

func (e exporter) url(s string) string {
	if e.Redactor == nil {
		return s
	}
	return e.Redactor.URL(s)
}

func (e exporter) redact(kind string, b []byte) []byte {
	if e.Redactor == nil || len(b) == 0 {
		return b
	}
	return e.Redactor.Body(kind, b)
}

func (e exporter) text(kind, s string) string { return string(e.redact(kind, []byte(s))) }

func (e exporter) messages(in proxy.Entry) []socketFrame {
	var out []socketFrame
	for _, m := range in.Messages {
		f := socketFrame{Type: "receive", Time: seconds(m.Time), Opcode: m.Opcode}
		if m.Sent {
			f.Type = "send"
		}
		if int64(len(m.Data)) < m.Size {
			f.Truncated, f.Size = true, m.Size
		}
		f.Data = e.messageData(m)
		out = append(out, f)
	}
	return out
}

func (e exporter) messageData(m proxy.Message) string {
	if m.Opcode == 1 && !m.Compressed {
		return e.text("text/plain", string(m.Data))
	}
	if m.Compressed && e.Redactor != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(e.redact("application/octet-stream", m.Data))
}

func (e exporter) events(in proxy.Entry) []streamEvent {
	var out []streamEvent
	for _, ev := range in.Events {
		out = append(out, streamEvent{
			Time: seconds(ev.Time), EventName: e.text("text/plain", ev.Type), EventID: e.text("text/plain", ev.ID),
			Data: e.text("text/plain", ev.Data), Truncated: ev.Truncated,
		})
	}
	return out
}

// resourceType is Chrome's word for what a request was made for.
func resourceType(in proxy.Entry) string {
	switch dest := in.Dest(); dest {
	case "":
		return ""
	case "empty":
		if len(in.Events) > 0 {
			return "eventsource"
		}
		return "fetch"
	case "style":
		return "stylesheet"
	case "iframe", "frame":
		return "document"
	default:
		return dest
	}
}

func securityOf(t *proxy.TLS) *security {
	if t == nil {
		return nil
	}
	return &security{
		Protocol: t.Version, Cipher: t.Cipher, SubjectName: t.Subject, Issuer: t.Issuer,
		ValidFrom: seconds(t.NotBefore), ValidTo: seconds(t.NotAfter), SANList: t.SANs,
	}
}

// timingsOf keeps the specification's rule that connect includes ssl.
func timingsOf(t proxy.Timings) entryTimings {
	out := entryTimings{
		Blocked: millis(t.Blocked), DNS: millis(t.DNS), Connect: millis(t.Connect), SSL: millis(t.TLS),
		Send: max(millis(t.Send), 0), Wait: max(millis(t.Wait), 0), Receive: max(millis(t.Receive), 0),
	}
	if out.Connect >= 0 && out.SSL >= 0 {
		out.Connect += out.SSL
	}
	return out
}

// total is an entry's time by the specification: all parts but ssl.
func (t entryTimings) total() float64 {
	var sum float64
	for _, part := range []float64{t.Blocked, t.DNS, t.Connect, t.Send, t.Wait, t.Receive} {
		sum += max(part, 0)
	}
	return sum
}

func millis(d time.Duration) float64 {
	if d < 0 {
		return -1
	}
	return float64(d.Microseconds()) / 1000
}

func known(d time.Duration) float64 {
	if d <= 0 {
		return -1
	}
	return millis(d)
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// stamp is a time to the millisecond, as browsers write it, and to the microsecond where it has those: what followed what
// is lost otherwise.
func stamp(t time.Time) string {
	layout := "2006-01-02T15:04:05.000000Z"
	if t.Truncate(time.Microsecond).Equal(t.Truncate(time.Millisecond)) {
		layout = "2006-01-02T15:04:05.000Z"
	}
	return t.UTC().Format(layout)
}

func size(b *proxy.Body) int64 {
	if b == nil {
		return 0
	}
	return b.Size
}
