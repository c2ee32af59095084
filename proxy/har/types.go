package har

// The members of a HAR 1.2 file that are written, in the order of its
// specification.

type log struct {
	Version string    `json:"version"`
	Creator Tool      `json:"creator"`
	Browser *Tool     `json:"browser,omitzero"`
	Pages   []pageOut `json:"pages"`
}

// Tool is a program and its version.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type pageOut struct {
	StartedDateTime string  `json:"startedDateTime"`
	ID              string  `json:"id"`
	Title           string  `json:"title"`
	PageTimings     timings `json:"pageTimings"`
}

type timings struct {
	OnContentLoad float64 `json:"onContentLoad"`
	OnLoad        float64 `json:"onLoad"`
}

type entry struct {
	Pageref         string        `json:"pageref,omitzero"`
	StartedDateTime string        `json:"startedDateTime"`
	Time            float64       `json:"time"`
	Request         request       `json:"request"`
	Response        response      `json:"response"`
	Cache           struct{}      `json:"cache"`
	Timings         entryTimings  `json:"timings"`
	ServerIPAddress string        `json:"serverIPAddress,omitzero"`
	Connection      string        `json:"connection"`
	ID              int64         `json:"_id"`
	ResourceType    string        `json:"_resourceType,omitzero"`
	Incomplete      bool          `json:"_incomplete,omitzero"`
	Security        *security     `json:"_securityDetails,omitzero"`
	WebSocket       []socketFrame `json:"_webSocketMessages,omitzero"`
	EventStream     []streamEvent `json:"_eventStreamMessages,omitzero"`
	Dropped         int64         `json:"_droppedMessages,omitzero"`
}

type request struct {
	Method      string    `json:"method"`
	URL         string    `json:"url"`
	HTTPVersion string    `json:"httpVersion"`
	Cookies     []cookie  `json:"cookies"`
	Headers     []pair    `json:"headers"`
	QueryString []pair    `json:"queryString"`
	PostData    *postData `json:"postData,omitzero"`
	HeadersSize int64     `json:"headersSize"`
	BodySize    int64     `json:"bodySize"`
}

type response struct {
	Status       int      `json:"status"`
	StatusText   string   `json:"statusText"`
	HTTPVersion  string   `json:"httpVersion"`
	Cookies      []cookie `json:"cookies"`
	Headers      []pair   `json:"headers"`
	Content      content  `json:"content"`
	RedirectURL  string   `json:"redirectURL"`
	HeadersSize  int64    `json:"headersSize"`
	BodySize     int64    `json:"bodySize"`
	TransferSize int64    `json:"_transferSize"`
	Trailers     []pair   `json:"_trailers,omitzero"`
	Error        string   `json:"_error,omitzero"`
	ErrorCode    string   `json:"_errorCode,omitzero"`
}

type pair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type cookie struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Path     string `json:"path,omitzero"`
	Domain   string `json:"domain,omitzero"`
	Expires  string `json:"expires,omitzero"`
	HTTPOnly bool   `json:"httpOnly,omitzero"`
	Secure   bool   `json:"secure,omitzero"`
	SameSite string `json:"sameSite,omitzero"`
}

type postData struct {
	MimeType string `json:"mimeType"`
	Text     string `json:"text"`
	Params   []pair `json:"params,omitzero"`
	// Encoding is "base64" where the text is not text; HAR 1.2 has no member for it.
	Encoding string `json:"_encoding,omitzero"`
	Comment  string `json:"comment,omitzero"`
}

type content struct {
	Size        int64  `json:"size"`
	Compression int64  `json:"compression,omitzero"`
	MimeType    string `json:"mimeType"`
	Text        string `json:"text,omitzero"`
	Encoding    string `json:"encoding,omitzero"`
	// ContentEncoding is what the text is still encoded with, because it could not be decoded.
	ContentEncoding string `json:"_contentEncoding,omitzero"`
	Truncated       bool   `json:"_truncated,omitzero"`
	Comment         string `json:"comment,omitzero"`
}

type entryTimings struct {
	Blocked float64 `json:"blocked"`
	DNS     float64 `json:"dns"`
	Connect float64 `json:"connect"`
	SSL     float64 `json:"ssl"`
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"`
	Receive float64 `json:"receive"`
}

type security struct {
	Protocol    string   `json:"protocol"`
	Cipher      string   `json:"cipher"`
	SubjectName string   `json:"subjectName"`
	Issuer      string   `json:"issuer"`
	ValidFrom   float64  `json:"validFrom"`
	ValidTo     float64  `json:"validTo"`
	SANList     []string `json:"sanList,omitzero"`
}

type socketFrame struct {
	Type      string  `json:"type"` // send or receive
	Time      float64 `json:"time"` // seconds since 1970
	Opcode    int     `json:"opcode"`
	Data      string  `json:"data"` // base64 unless the opcode is 1
	Size      int64   `json:"_size,omitzero"`
	Truncated bool    `json:"_truncated,omitzero"`
}

type streamEvent struct {
	Time      float64 `json:"time"`
	EventName string  `json:"eventName"`
	EventID   string  `json:"eventId"`
	Data      string  `json:"data"`
	Truncated bool    `json:"_truncated,omitzero"`
}
