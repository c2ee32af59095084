package live

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/handlers/problem"
	"tapedeck/handlers/wire"
)

// message is every control message of the protocol; asyncapi.yaml says which members belong to which op.
type message struct {
	Op           string           `json:"op"`
	Ref          string           `json:"ref,omitempty"`
	Subscription string           `json:"subscription,omitempty"`
	Epoch        string           `json:"epoch,omitempty"`
	Heartbeat    int64            `json:"heartbeat,omitzero"`
	Folded       int              `json:"folded,omitzero"`
	Jobs         []jsontext.Value `json:"jobs,omitempty"`
	Cursor       string           `json:"cursor,omitempty"`
	Reason       string           `json:"reason,omitempty"`
	Detail       string           `json:"detail,omitempty"`
	Problem      *problem.Problem `json:"problem,omitempty"`
}

// The ops that the server sends.
const (
	opHello        = "hello"
	opSubscribed   = "subscribed"
	opUnsubscribed = "unsubscribed"
	opEvents       = "events"
	opCoalesced    = "coalesced"
	opCaughtUp     = "caught_up"
	opScanned      = "scanned"
	opGone         = "gone"
	opError        = "error"
	opPong         = "pong"
)

// Encoding writes events and control messages for one kind of connection. Subscriptions share frames only within one.
type Encoding interface {
	// name tells encodings apart.
	name() string
	// events writes a run of events, never empty.
	events(subscription string, run []*Entry) []byte
	// control writes a message, or nothing when this connection does not carry it.
	control(m message) []byte
	// heartbeat is what keeps a silent connection alive.
	heartbeat() []byte
}

// The encodings.
var (
	WebSocket Encoding = webSocket{beat: append(bytes.Clone(wire.PingFrame), wire.Frame([]byte(`{"op":"pong"}`))...)}
	SSE       Encoding = serverSent{}
	NDJSON    Encoding = ndjson{withControl: true}
	// BareNDJSON leaves out all control messages but gone and error.
	BareNDJSON Encoding = ndjson{}
)

// encode never fails: a message holds strings, numbers and JSON that was valid before.
func (m message) encode() []byte {
	b, err := json.Marshal(m, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic("live: a control message has a JSON form: " + err.Error())
	}
	return b
}

type webSocket struct{ beat []byte }

func (webSocket) name() string { return "ws" }

func (webSocket) events(subscription string, run []*Entry) []byte {
	const head, mid, tail = `{"op":"events","subscription":"`, `","events":[`, `]}`
	size := len(head) + len(subscription) + len(mid) + len(tail) + len(run) - 1
	for _, e := range run {
		size += len(e.JSON())
	}
	b := wire.AppendFrameHeader(make([]byte, 0, size+wire.MaxFrameHeader), size)
	b = append(b, head...)
	b = append(b, subscription...)
	b = append(b, mid...)
	for i, e := range run {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, e.JSON()...)
	}
	return append(b, tail...)
}

func (webSocket) control(m message) []byte { return wire.Frame(m.encode()) }
func (w webSocket) heartbeat() []byte      { return w.beat }

type serverSent struct{}

func (serverSent) name() string { return "sse" }

func (serverSent) events(_ string, run []*Entry) []byte {
	var b []byte
	for _, e := range run {
		b = append(b, "id: "...)
		b = append(b, e.cursor.String()...)
		b = append(b, "\ndata: "...)
		b = append(b, e.JSON()...)
		b = append(b, "\n\n"...)
	}
	return b
}

// control messages have the cursor as id too, so that a browser that reconnects goes on from there.
func (serverSent) control(m message) []byte {
	if m.Op == opSubscribed {
		// The browser waits this long before it reconnects.
		return []byte("retry: 1000\nid: " + m.Cursor + "\n\n")
	}
	var b []byte
	if m.Cursor != "" {
		b = append(b, "id: "+m.Cursor+"\n"...)
	}
	b = append(b, "event: "+m.Op+"\ndata: "...)
	b = append(b, m.encode()...)
	return append(b, "\n\n"...)
}

func (serverSent) heartbeat() []byte { return []byte(":\n\n") }

type ndjson struct{ withControl bool }

func (n ndjson) name() string {
	if n.withControl {
		return "ndjson"
	}
	return "bare"
}

func (ndjson) events(_ string, run []*Entry) []byte {
	var b []byte
	for _, e := range run {
		b = append(b, e.JSON()...)
		b = append(b, '\n')
	}
	return b
}

func (n ndjson) control(m message) []byte {
	always := m.Op == opGone || m.Op == opError
	if !always && (!n.withControl || m.Op == opSubscribed) {
		return nil
	}
	return append(m.encode(), '\n')
}

// heartbeat is a blank line: every reader of lines of JSON passes over it.
func (ndjson) heartbeat() []byte { return []byte("\n") }

// Ops lists every op of the protocol, those of clients among them.
func Ops() []string {
	return []string{
		"subscribe", "unsubscribe", "ping", opHello, opSubscribed, opUnsubscribed, opEvents, opCoalesced, opCaughtUp, opScanned,
		opGone, opError, opPong,
	}
}
