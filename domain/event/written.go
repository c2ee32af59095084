package event

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

var dataName = []byte(`,"data":`)

// parseWritten reads stored bytes that look exactly as Seal writes them, several times as fast as
// the general parser. Whatever it does not know it leaves to that one: the two agree on all that
// this one accepts (TestBothParsersAgree).
func parseWritten(stored []byte) (parsed, bool) {
	end := bytes.Index(stored, dataName)
	if end < 0 || stored[len(stored)-1] != '}' {
		return parsed{}, false
	}
	p := parsed{dataStart: int64(end + len(dataName))}
	p.event.Data = jsontext.Value(stored[p.dataStart : len(stored)-1])
	if d := p.event.Data; len(d) == 0 || d[0] <= ' ' || d[len(d)-1] <= ' ' || !d.IsValid() {
		return parsed{}, false
	}
	h := head{rest: string(stored[:end]), ok: true}
	e := &p.event
	h.literal(`{"specversion":"1.0"`)
	e.ID = h.text(`,"id":"`)
	e.Source = h.text(`,"source":"`)
	e.Type = h.text(`,"type":"`)
	e.Subject = h.text(`,"subject":"`)
	e.Time = h.time(`,"time":"`)
	h.literal(`,"datacontenttype":"application/json"`)
	e.Stream = h.text(`,"stream":"`)
	e.Project = h.text(`,"project":"`)
	e.Sequence = h.number(`,"sequence":`)
	e.Kind = h.optional(`,"kind":"`)
	if strings.HasPrefix(h.rest, `,"attempt":`) {
		e.Attempt = int(h.number(`,"attempt":`))
	}
	e.ParentID = h.optional(`,"parentid":"`)
	e.Actor = h.optional(`,"actor":"`)
	e.CorrelationID = h.optional(`,"correlationid":"`)
	e.CausationID = h.optional(`,"causationid":"`)
	e.TraceParent = h.optional(`,"traceparent":"`)
	e.SchemaVersion = int(h.number(`,"schemaversion":`))
	prev := h.text(`,"prevhash":"`)
	if !h.ok || h.rest != "" || e.PrevHash.UnmarshalText([]byte(prev)) != nil {
		return parsed{}, false
	}
	return p, e.complete(p.dataStart) == nil
}

// head is what is left of the envelope in front of the data; ok turns false for good at the first
// thing that Seal would not have written so.
type head struct {
	rest string
	ok   bool
}

func (h *head) literal(s string) {
	rest, ok := strings.CutPrefix(h.rest, s)
	h.rest, h.ok = rest, h.ok && ok
}

// text reads a string of plain ASCII with nothing escaped, and its closing quote.
func (h *head) text(name string) string {
	h.literal(name)
	for i := 0; i < len(h.rest); i++ {
		switch c := h.rest[i]; {
		case c == '"':
			s := h.rest[:i]
			h.rest = h.rest[i+1:]
			return s
		case c < ' ' || c == '\\' || c >= 0x7f:
			h.ok = false
			return ""
		}
	}
	h.ok = false
	return ""
}

func (h *head) optional(name string) string {
	if !strings.HasPrefix(h.rest, name) {
		return ""
	}
	return h.text(name)
}

func (h *head) time(name string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, h.text(name))
	h.ok = h.ok && err == nil
	return t
}

// number reads digits without a leading zero, few enough for an int.
func (h *head) number(name string) uint64 {
	h.literal(name)
	i := 0
	for i < len(h.rest) && '0' <= h.rest[i] && h.rest[i] <= '9' {
		i++
	}
	digits := h.rest[:i]
	h.rest = h.rest[i:]
	if len(digits) > 18 || (len(digits) > 1 && digits[0] == '0') {
		h.ok = false
		return 0
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	h.ok = h.ok && err == nil
	return n
}
