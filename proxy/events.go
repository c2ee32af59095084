package proxy

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// events reads a text/event-stream along as it passes, through its content
// encoding. A nil events reads nothing.
type events struct {
	parser *eventParser
	pipe   *io.PipeWriter // to the decoder; nil when there is no encoding
	done   chan struct{}
}

func eventsOf(resp *http.Response, x *exchange) *events {
	if !isEventStream(resp.Header) {
		return nil
	}
	e := &events{parser: &eventParser{limit: x.log.limits.MaxMessage, emit: x.keepEvent}}
	encoding := resp.Header.Get("Content-Encoding")
	if encoding == "" || strings.EqualFold(encoding, "identity") {
		return e
	}
	r, w := io.Pipe()
	e.pipe, e.done = w, make(chan struct{})
	go func() {
		defer close(e.done)
		plain, err := Decode(encoding, r)
		if err == nil {
			_, err = io.Copy(e.parser, plain)
			_ = plain.Close()
		}
		_ = r.CloseWithError(err) // what follows is not read along
	}()
	return e
}

func (e *events) take(p []byte) {
	switch {
	case e == nil:
	case e.pipe != nil:
		_, _ = e.pipe.Write(p)
	default:
		_, _ = e.parser.Write(p)
	}
}

func (e *events) close() {
	if e != nil && e.pipe != nil {
		_ = e.pipe.Close()
		<-e.done
	}
}

// eventParser follows the HTML standard's rules for event streams.
type eventParser struct {
	limit int64
	emit  func(Event)

	line    []byte
	cut     bool // the line is beyond the limit
	afterCR bool
	begun   bool
	data    []string
	size    int64
	event   Event
	lastID  string
}

func (p *eventParser) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		if p.afterCR {
			p.afterCR = false
			if b[0] == '\n' {
				b = b[1:]
				continue
			}
		}
		i := bytes.IndexAny(b, "\r\n")
		if i < 0 {
			p.grow(b)
			break
		}
		p.grow(b[:i])
		p.afterCR = b[i] == '\r'
		p.endLine()
		b = b[i+1:]
	}
	return n, nil
}

func (p *eventParser) grow(b []byte) {
	room := max(p.limit-int64(len(p.line)), 0)
	if int64(len(b)) > room {
		b, p.cut = b[:room], true
	}
	p.line = append(p.line, b...)
}

func (p *eventParser) endLine() {
	line := string(p.line)
	if !p.begun {
		line, p.begun = strings.TrimPrefix(line, "\ufeff"), true
	}
	p.line = p.line[:0]
	p.event.Truncated = p.event.Truncated || p.cut
	p.cut = false
	if line == "" {
		p.dispatch()
		return
	}
	name, value, _ := strings.Cut(line, ":")
	p.field(name, strings.TrimPrefix(value, " "))
}

func (p *eventParser) field(name, value string) {
	switch name {
	case "data":
		if p.size+int64(len(value)) > p.limit {
			p.event.Truncated = true
			return
		}
		p.size += int64(len(value)) + 1
		p.data = append(p.data, value)
	case "event":
		p.event.Type = value
	case "id":
		if !strings.Contains(value, "\x00") {
			p.lastID = value
		}
	case "retry":
		if ms, err := strconv.ParseUint(value, 10, 31); err == nil {
			p.event.Retry = time.Duration(ms) * time.Millisecond
		}
	}
}

func (p *eventParser) dispatch() {
	e := p.event
	e.Data, e.ID, e.Time = strings.Join(p.data, "\n"), p.lastID, time.Now()
	if e.Type == "" {
		e.Type = "message"
	}
	if p.data != nil || e.Truncated {
		p.emit(e)
	}
	p.event, p.data, p.size = Event{}, nil, 0
}
