package twin

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/coder/websocket"

	"tapedeck/proxy"
)

// The opcodes of RFC 6455, 11.8, that matter here.
const (
	opText   = 1
	opBinary = 2
	opClose  = 8
)

// talk is one WebSocket of a run.
type talk struct {
	x     *exchange
	heard map[int]bool // messages of the recording that the page has sent, by index
}

func (r *Run) chooseSocketLocked(q query) (*exchange, Drift, bool) {
	list, near := r.candidatesLocked(q, func(k kind) bool { return k == socket })
	if len(list) == 0 {
		d := Drift{Kind: Unrecorded, Detail: "this WebSocket is not in the recording"}
		n := closest(near, func(*exchange) bool { return true })
		if n == nil {
			return nil, d, false
		}
		d.Entry, d.Differences = n.entry.ID, n.diffs
		if r.opts.Mode == Closest {
			d.Kind = Nearest
		}
		return r.orClosest(n.exchange), d, false
	}
	for _, f := range list {
		if !r.opened[f.exchange] {
			r.opened[f.exchange] = true
			return r.learnLocked(f), Drift{}, false
		}
	}
	last := list[len(list)-1]
	r.noteLocked("the WebSocket %s was opened more often than in the recording", last.entry.Request.URL)
	return r.learnLocked(last), Drift{}, false
}

// playSocket opens a WebSocket and says on it what the server said.
func (r *Run) playSocket(q query, x *exchange) (*http.Response, error) {
	if x.entry.Response == nil || x.entry.Response.Status != http.StatusSwitchingProtocols {
		return r.answer(q, x)
	}
	far, near := net.Pipe()
	w := &upgrade{header: http.Header{}, conn: near}
	o := &websocket.AcceptOptions{InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled}
	if p := x.entry.Response.Header.Get("Sec-WebSocket-Protocol"); p != "" {
		o.Subprotocols = []string{p}
	}
	ws, err := websocket.Accept(w, q.Request, o)
	if err != nil {
		_ = far.Close()
		_ = near.Close()
		return nil, &proxy.Failure{Code: proxy.CodeProtocol, Message: err.Error()}
	}
	ws.SetReadLimit(maxSent)
	t := &talk{x: x, heard: map[int]bool{}}
	r.mu.Lock()
	r.talks = append(r.talks, t)
	r.serveLocked(q, x.entry.ID, http.StatusSwitchingProtocols)
	r.sayLostLocked(x)
	r.mu.Unlock()
	ctx, cancel := context.WithCancel(r.ctx)
	go func() {
		defer cancel()
		r.listen(ctx, ws, t)
	}()
	go r.speak(ctx, ws, t)
	h := r.headerOf(x)
	for name := range h { // those of the handshake are this connection's own
		if strings.HasPrefix(name, "Sec-Websocket-") || name == "Upgrade" {
			h.Del(name)
		}
	}
	maps.Copy(h, w.header)
	resp := respond(q.Request, http.StatusSwitchingProtocols, "", h, nil)
	resp.Body, resp.ContentLength = far, 0
	return resp, nil
}

// upgrade is what websocket.Accept writes its answer to: the caller sends it.
type upgrade struct {
	header http.Header
	conn   net.Conn
}

func (u *upgrade) Header() http.Header         { return u.header }
func (u *upgrade) Write(p []byte) (int, error) { return len(p), nil }
func (u *upgrade) WriteHeader(int)             {}
func (u *upgrade) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return u.conn, bufio.NewReadWriter(bufio.NewReader(u.conn), bufio.NewWriter(u.conn)), nil
}

// speak says what the server said, each message after what preceded it.
func (r *Run) speak(ctx context.Context, ws *websocket.Conn, t *talk) {
	p := r.pace(t.x)
	for i, m := range t.x.entry.Messages {
		if m.Sent || m.Opcode != opText && m.Opcode != opBinary && m.Opcode != opClose {
			continue
		}
		if m.Opcode == opClose && r.closedFirst(t, i) {
			break
		}
		if !p.until(ctx, m.Time, func() bool { return heardAll(t, i) }) {
			break
		}
		if m.Opcode == opClose {
			_ = ws.Close(closeOf(m.Data))
			return
		}
		kind, data := websocket.MessageText, m.Data
		if m.Opcode == opBinary {
			kind = websocket.MessageBinary
		} else {
			data = []byte(r.renamed(string(m.Data)))
		}
		if ws.Write(ctx, kind, data) != nil {
			break
		}
	}
	if ended, over := t.x.ended(); over && t.x.entry.Error != nil && t.x.entry.Error.Code == proxy.CodeProtocol {
		if p.until(ctx, ended, func() bool { return heardAll(t, len(t.x.entry.Messages)) }) {
			_ = ws.CloseNow() // the server left without a word
			return
		}
	}
	<-ctx.Done()
	_ = ws.CloseNow()
}

// sayLostLocked tells of messages and events that the recording does not hold.
func (r *Run) sayLostLocked(x *exchange) {
	lost := x.entry.Dropped
	for _, m := range x.entry.Messages {
		if !m.Sent && isData(m) && (int64(len(m.Data)) < m.Size || m.Compressed) {
			lost++
		}
	}
	for _, e := range x.entry.Events {
		if e.Truncated {
			lost++
		}
	}
	if lost > 0 {
		r.driftLocked(Drift{
			Kind: Incomplete, URL: x.entry.Request.URL, Entry: x.entry.ID, Detail: fmt.Sprintf("the recording does not hold %d messages, or not whole", lost),
		})
	}
}

// closedFirst says that the page closed the socket before the server did.
func (r *Run) closedFirst(t *talk, i int) bool {
	for _, m := range t.x.entry.Messages[:i] {
		if m.Sent && m.Opcode == opClose {
			return true
		}
	}
	return false
}

// heardAll says that the page has sent everything that it had sent before a message.
func heardAll(t *talk, i int) bool {
	for j, m := range t.x.entry.Messages[:i] {
		if m.Sent && isData(m) && !t.heard[j] && !beats(t.x, m) {
			return false
		}
	}
	return true
}

func isData(m proxy.Message) bool { return m.Opcode == opText || m.Opcode == opBinary }

func closeOf(data []byte) (websocket.StatusCode, string) {
	if len(data) < 2 {
		return websocket.StatusNormalClosure, ""
	}
	code := websocket.StatusCode(uint16(data[0])<<8 | uint16(data[1]))
	if code == websocket.StatusNoStatusRcvd || code == websocket.StatusAbnormalClosure {
		code = websocket.StatusNormalClosure // these stand for the lack of a code
	}
	return code, string(data[2:])
}

// listen takes what the page says.
func (r *Run) listen(ctx context.Context, ws *websocket.Conn, t *talk) {
	for {
		kind, data, err := ws.Read(ctx)
		if err != nil {
			return
		}
		op := opText
		if kind == websocket.MessageBinary {
			op = opBinary
		}
		r.hear(t, op, data)
	}
}

// hear matches one message of the page with a recorded one.
func (r *Run) hear(t *talk, op int, data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body := messageBody(op, data)
	var diffs []Difference
	again := false
	for i, m := range t.x.entry.Messages {
		if !m.Sent || m.Opcode != op || int64(len(m.Data)) < m.Size && int64(len(data)) != m.Size {
			continue
		}
		learned, differs := r.compareMessage(m, body)
		if int64(len(m.Data)) < m.Size { // cut when it was recorded
			learned, differs = r.compareMessage(m, messageBody(op, data[:len(m.Data)]))
		}
		if len(differs) > 0 {
			if diffs == nil && !t.heard[i] {
				diffs = differs
			}
			continue
		}
		if t.heard[i] {
			again = again || beats(t.x, m)
			continue
		}
		t.heard[i] = true
		r.learnLocked(found{t.x, learned})
		r.touchLocked()
		return
	}
	if !again && !heartbeat.Match(data) {
		r.driftLocked(Drift{
			Kind: Message, URL: t.x.entry.Request.URL, Entry: t.x.entry.ID, Detail: "the page sent a message that is not in the recording",
			Differences: orMessage(diffs, data),
		})
	}
}

func orMessage(diffs []Difference, data []byte) []Difference {
	if diffs != nil {
		return diffs
	}
	return []Difference{{Path: "message", Sent: cut(string(data))}}
}

func messageBody(op int, data []byte) node {
	if op == opBinary {
		return node{kind: binary, text: string(data)}
	}
	return parseBody("", data)
}

func (r *Run) compareMessage(recorded proxy.Message, sent node) (names, []Difference) {
	m := &matcher{
		tape: r.tape, known: r.names, learned: newNames(), id: math.MaxInt64, clock: clock{recorded: recorded.Time.Add(-r.tape.tick), sent: r.now(), shown: r.shownNow()},
	}
	m.node("message", messageBody(recorded.Opcode, recorded.Data), sent)
	return m.learned, m.diffs
}

// heartbeat tells messages that say nothing but that somebody is there: those of socket.io (2 and 3), SockJS, SignalR,
// Phoenix and STOMP, and the usual words.
var heartbeat = regexp.MustCompile(`(?i)^(\s*|[23h]|\{\}|"?(ping|pong|hb|heartbeat)"?|\{"(type|event|op|action)":"(ping|pong|heartbeat)".{0,80}\}` +
	`|\{"type":6\}\x1e|\[null,"\d+","phoenix","heartbeat",\{\}\])$`)

// beats says that a page sent a message by the clock: it says nothing, or came again and again in one rhythm.
func beats(x *exchange, m proxy.Message) bool {
	if heartbeat.Match(m.Data) {
		return true
	}
	var at []time.Time
	for _, other := range x.entry.Messages {
		if other.Sent && other.Opcode == m.Opcode && bytes.Equal(other.Data, m.Data) {
			at = append(at, other.Time)
		}
	}
	return even(at)
}

// silentLocked tells what the page did not say on the sockets that it opened.
func (r *Run) silentLocked() {
	for _, t := range r.talks {
		for i, m := range t.x.entry.Messages {
			if m.Sent && isData(m) && !r.opts.beyond(m.Time) && !t.heard[i] && !beats(t.x, m) && !r.heardElsewhereLocked(t.x, i) {
				r.driftLocked(Drift{
					Kind: Silent, URL: t.x.entry.Request.URL, Entry: t.x.entry.ID, Detail: "a message of the recording was not sent",
					Differences: []Difference{{Path: "message", Recorded: cut(string(m.Data))}},
				})
			}
		}
	}
	for _, x := range r.tape.all {
		if x.kind == socket && !r.opened[x] {
			r.noteLocked("the WebSocket %s was not opened", x.entry.Request.URL)
		}
	}
}

// heardElsewhereLocked says that the message was sent on another opening of the same recorded socket.
func (r *Run) heardElsewhereLocked(x *exchange, i int) bool {
	for _, t := range r.talks {
		if t.x == x && t.heard[i] {
			return true
		}
	}
	return false
}

// errEnded is why a body of a stream ends when its run does.
var errEnded = errors.New("the playing of the recording is over")
