package event

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// ErrMalformed is wrapped by every error of Parse.
var ErrMalformed = errors.New("malformed event")

// Seal returns the stored bytes of e, chained to e.PrevHash, and their hash. Data must be one valid
// JSON value or empty (stored as null). The rule, which `tapedeck verify-tape` repeats, is
//
//	hash = SHA-256( prevhash ‖ head ‖ SHA-256(data) )
//
// with prevhash as 32 raw bytes, head the stored bytes up to and including `"data":`, and data the
// value behind it. The data enters by its digest, so that it can be erased and the chain still holds.
func Seal(e *Event) (stored []byte, hash Hash, err error) {
	if !e.DataDigest.IsZero() {
		return nil, Hash{}, errors.New("seal: an erased event cannot be written again")
	}
	head, err := appendHead(make([]byte, 0, 512+len(e.Data)), e)
	if err != nil {
		return nil, Hash{}, fmt.Errorf("seal %s: %w", e.Type, err)
	}
	data := []byte(e.Data)
	if len(data) == 0 {
		data = []byte("null")
	}
	hash = chain(e.PrevHash, head, sha256.Sum256(data))
	return append(append(head, data...), '}'), hash, nil
}

// Erase returns the stored bytes with the data replaced by null and its digest beside it; the
// event's hash stays what it was. Erasing twice changes nothing.
func Erase(stored []byte) ([]byte, error) {
	p, err := parse(stored)
	if err != nil {
		return nil, err
	}
	if !p.event.DataDigest.IsZero() {
		return stored, nil
	}
	digest := sha256.Sum256(p.event.Data)
	out := append([]byte{}, stored[:p.dataStart]...)
	out = append(out, `null,"datadigest":"`...)
	out = hex.AppendEncode(out, digest[:])
	return append(out, `"}`...), nil
}

// Parse decodes stored bytes and computes their hash. The event's Data aliases stored. Unknown
// attributes are passed over (they stay in the stored bytes and in the hash).
func Parse(stored []byte) (Event, Hash, error) {
	p, err := parse(stored)
	if err != nil {
		return Event{}, Hash{}, err
	}
	digest := p.event.DataDigest
	if digest.IsZero() {
		digest = sha256.Sum256(p.event.Data)
	}
	return p.event, chain(p.event.PrevHash, stored[:p.dataStart], digest), nil
}

func chain(prev Hash, head []byte, dataDigest [32]byte) Hash {
	h := sha256.New()
	h.Write(prev[:])
	h.Write(head)
	h.Write(dataDigest[:])
	var out Hash
	h.Sum(out[:0])
	return out
}

// appendHead writes every attribute in a fixed order and ends with `"data":`.
func appendHead(b []byte, e *Event) ([]byte, error) {
	var err error
	str := func(name, value string, optional bool) {
		if err != nil || (optional && value == "") {
			return
		}
		b = append(b, ',', '"')
		b = append(b, name...)
		b = append(b, '"', ':')
		b, err = jsontext.AppendQuote(b, value)
	}
	b = append(b, `{"specversion":"1.0"`...)
	str("id", e.ID, false)
	str("source", e.Source, false)
	str("type", e.Type, false)
	str("subject", e.Subject, false)
	b = append(b, `,"time":"`...)
	b = e.Time.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","datacontenttype":"application/json"`...)
	str("stream", e.Stream, false)
	str("project", e.Project, false)
	b = append(b, `,"sequence":`...)
	b = strconv.AppendUint(b, e.Sequence, 10)
	str("kind", e.Kind, true)
	if e.Attempt != 0 {
		b = append(b, `,"attempt":`...)
		b = strconv.AppendInt(b, int64(e.Attempt), 10)
	}
	str("parentid", e.ParentID, true)
	str("actor", e.Actor, true)
	str("correlationid", e.CorrelationID, true)
	str("causationid", e.CausationID, true)
	str("traceparent", e.TraceParent, true)
	b = append(b, `,"schemaversion":`...)
	b = strconv.AppendInt(b, int64(e.SchemaVersion), 10)
	b = append(b, `,"prevhash":"`...)
	b = hex.AppendEncode(b, e.PrevHash[:])
	return append(b, `","data":`...), err
}

type parsed struct {
	event     Event
	dataStart int64
}

func parse(stored []byte) (parsed, error) {
	if p, ok := parseWritten(stored); ok {
		return p, nil
	}
	return parseGeneral(stored)
}

func parseGeneral(stored []byte) (parsed, error) {
	var p parsed
	dec := jsontext.NewDecoder(bytes.NewBuffer(stored))
	if tok, err := dec.ReadToken(); err != nil || tok.Kind() != '{' {
		return p, fmt.Errorf("%w: not a JSON object", ErrMalformed)
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return p, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		key := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			return p, fmt.Errorf("%w: %s: %w", ErrMalformed, key, err)
		}
		if p.dataStart != 0 && key != "datadigest" {
			return p, fmt.Errorf("%w: %s stands behind data, outside the hash", ErrMalformed, key)
		}
		if key == "data" {
			p.dataStart = dec.InputOffset() - int64(len(value))
			p.event.Data = jsontext.Value(stored[p.dataStart:dec.InputOffset()])
			continue
		}
		if err := p.event.setAttribute(key, value); err != nil {
			return p, fmt.Errorf("%w: %s: %w", ErrMalformed, key, err)
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return p, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if len(bytes.TrimSpace(stored[dec.InputOffset():])) > 0 {
		return p, fmt.Errorf("%w: bytes after the envelope", ErrMalformed)
	}
	return p, p.event.complete(p.dataStart)
}

func (e *Event) complete(dataStart int64) error {
	switch {
	case e.ID == "" || e.Type == "" || e.Stream == "" || e.Sequence == 0:
		return fmt.Errorf("%w: id, type, stream and sequence are needed", ErrMalformed)
	case dataStart == 0:
		return fmt.Errorf("%w: data is missing", ErrMalformed)
	case !e.DataDigest.IsZero() && string(e.Data) != "null":
		return fmt.Errorf("%w: datadigest beside data that is still there", ErrMalformed)
	}
	return nil
}

func (e *Event) setAttribute(key string, v jsontext.Value) error {
	switch key {
	case "id":
		return setString(&e.ID, v)
	case "source":
		return setString(&e.Source, v)
	case "type":
		return setString(&e.Type, v)
	case "subject":
		return setString(&e.Subject, v)
	case "stream":
		return setString(&e.Stream, v)
	case "project":
		return setString(&e.Project, v)
	case "kind":
		return setString(&e.Kind, v)
	case "parentid":
		return setString(&e.ParentID, v)
	case "actor":
		return setString(&e.Actor, v)
	case "correlationid":
		return setString(&e.CorrelationID, v)
	case "causationid":
		return setString(&e.CausationID, v)
	case "traceparent":
		return setString(&e.TraceParent, v)
	case "time":
		var s string
		if err := setString(&s, v); err != nil {
			return err
		}
		t, err := time.Parse(time.RFC3339Nano, s)
		e.Time = t
		return err
	case "sequence":
		n, err := strconv.ParseUint(string(v), 10, 64)
		e.Sequence = n
		return err
	case "attempt":
		n, err := strconv.Atoi(string(v))
		e.Attempt = n
		return err
	case "schemaversion":
		n, err := strconv.Atoi(string(v))
		e.SchemaVersion = n
		return err
	case "prevhash":
		return setHash(&e.PrevHash, v)
	case "datadigest":
		return setHash(&e.DataDigest, v)
	}
	return nil
}

func setString(dst *string, v jsontext.Value) error {
	if v.Kind() != '"' {
		return errors.New("want a string")
	}
	raw, err := jsontext.AppendUnquote(nil, v)
	*dst = string(raw)
	return err
}

func setHash(dst *Hash, v jsontext.Value) error {
	if len(v) < 2 || v.Kind() != '"' {
		return errors.New("want a string")
	}
	return dst.UnmarshalText(v[1 : len(v)-1])
}
