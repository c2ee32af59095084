package twin

import (
	"bytes"
	"crypto/sha256"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"tapedeck/proxy"
)

// kind is what an exchange is to the state.
type kind int

const (
	read kind = iota
	// write may have changed the server's state: it has to be sent once.
	write
	// background is a write that the page does on its own account, whose answer it cannot read (beacons), or that it
	// repeats by the clock (heartbeats): how often it is sent says nothing.
	background
	socket
)

func kindOf(e proxy.Entry) kind {
	switch {
	case e.WebSocket():
		return socket
	case safe(e.Request.Method), isQuery(e.Request):
		return read
	case isBeacon(e.Request.Header.Get):
		return background
	}
	return write
}

// streams says that an answer is a stream of events, which come when they happen.
func streams(e proxy.Entry) bool {
	return e.Response != nil && mediaType(e.Response.Header.Get("Content-Type")) == "text/event-stream"
}

// safe methods only read (RFC 9110, 9.2.1; QUERY and those of WebDAV that only read).
func safe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, "QUERY", "PROPFIND", "REPORT", "SEARCH":
		return true
	}
	return false
}

// isBeacon tells what a page sends without being able to read the answer: sendBeacon, ping attributes, reports.
func isBeacon(header func(string) string) bool {
	switch header("Sec-Fetch-Dest") {
	case "report":
		return true
	case "empty":
		return header("Sec-Fetch-Mode") == "no-cors"
	}
	return header("Ping-To") != ""
}

// isQuery tells a GraphQL query, which travels in a POST and reads (GraphQL over HTTP, 6.2: only a mutation may change
// something).
func isQuery(r proxy.Request) bool {
	if r.Method != http.MethodPost || r.Body == nil {
		return false
	}
	data, err := r.Body.Bytes()
	return err == nil && isQueryBody(r.Header.Get("Content-Type"), data)
}

func isQueryBody(contentType string, data []byte) bool {
	switch mediaType(contentType) {
	case "application/graphql":
		return isQueryText(string(data))
	case "application/json", "application/graphql+json", "application/graphql-response+json":
	default:
		return false
	}
	if !bytes.Contains(data, []byte(`"query"`)) {
		return false
	}
	type operation struct {
		Query         string `json:"query"`
		OperationName string `json:"operationName"`
	}
	var one operation
	if json.Unmarshal(data, &one) == nil {
		return isQueryText(one.Query)
	}
	var many []operation
	if json.Unmarshal(data, &many) != nil || len(many) == 0 {
		return false
	}
	for _, o := range many {
		if !isQueryText(o.Query) {
			return false
		}
	}
	return true
}

// isQueryText says that a GraphQL document has nothing but queries and fragments. A word inside a string could look like
// an operation; then the document counts as a write, which is the safe side.
func isQueryText(document string) bool {
	return queryText.MatchString(document) && !strings.Contains(document, "mutation") && !strings.Contains(document, "subscription")
}

// queryText is how a GraphQL document of queries begins and ends.
var queryText = regexp.MustCompile(`^\s*(query\b[^{]*|fragment\s+\w+\s+on\s+\w+[^{]*)?\{(?s:.*)\}\s*$`)

func mediaType(contentType string) string {
	m, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		m, _, _ = strings.Cut(contentType, ";")
	}
	return strings.ToLower(strings.TrimSpace(m))
}

// The rhythm of a heartbeat: a person does not repeat the same request so evenly.
const (
	minBeats    = 4
	minInterval = time.Second
	unevenness  = 0.2 // of the mean interval
)

// heartbeats makes background of what was sent again and again by the clock and answered alike. What it says of the time
// may differ; a new id would be a new thing, and an answer that changes tells that something was done.
func heartbeats(all []*exchange) {
	type likeness struct {
		key, query string
		body       [sha256.Size]byte
		answer     [sha256.Size]byte
	}
	same := map[likeness][]*exchange{}
	for _, x := range all {
		if x.kind == write && !x.request.cut {
			at := x.entry.Started
			key := likeness{x.key, timeless(form(x.url.RawQuery), at), sha256.Sum256([]byte(timeless(x.request.body, at))), sha256.Sum256([]byte(x.said()))}
			same[key] = append(same[key], x)
		}
	}
	for _, list := range same {
		at := make([]time.Time, len(list))
		for i, x := range list {
			at[i] = x.entry.Started
		}
		if !even(at) {
			continue
		}
		for _, x := range list {
			x.kind = background
		}
	}
}

// said is an answer's status and body, without their times.
func (x *exchange) said() string {
	r := x.entry.Response
	if r == nil {
		return ""
	}
	return strconv.Itoa(r.Status) + timeless(parseBody(r.Header.Get("Content-Type"), x.body), x.entry.Started)
}

// even says that moments, in order, make a rhythm.
func even(at []time.Time) bool {
	if len(at) < minBeats {
		return false
	}
	mean := at[len(at)-1].Sub(at[0]) / time.Duration(len(at)-1)
	if mean < minInterval {
		return false
	}
	for i := 1; i < len(at); i++ {
		gap := at[i].Sub(at[i-1])
		if (gap - mean).Abs() > time.Duration(float64(mean)*unevenness) {
			return false
		}
	}
	return true
}
