package job

import (
	"encoding/hex"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// encodeCommon writes the data of the events that every job has, several times as fast as the general
// encoder. Whatever is not common in them it leaves to that one: the two write the same bytes
// (TestBothEncodersAgree).
func encodeCommon(e Event) (_ []byte, ok bool) {
	w := writer{b: make([]byte, 0, 256), ok: true}
	switch e := e.(type) {
	case Submitted:
		w.submitted(&e)
	case Started:
		w.started(&e)
	case Succeeded:
		w.succeeded(&e)
	default:
		return nil, false
	}
	return append(w.b, '}'), w.ok
}

// writer adds members; ok turns false for good at the first thing that is not common.
type writer struct {
	b  []byte
	ok bool
}

// text writes a name with what stands in front of it, and a string.
func (w *writer) text(name, s string) {
	var err error
	w.b, err = jsontext.AppendQuote(append(w.b, name...), s)
	w.ok = w.ok && err == nil
}

func (w *writer) optional(name, s string) {
	if s != "" {
		w.text(name, s)
	}
}

func (w *writer) number(name string, n int64) {
	w.b = strconv.AppendInt(append(w.b, name...), n, 10)
}

func (w *writer) value(name string, v jsontext.Value) {
	b, err := json.Marshal(v, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	w.b = append(append(w.b, name...), b...)
	w.ok = w.ok && err == nil
}

func (w *writer) submitted(e *Submitted) {
	const exact = 1 << 20 // whole numbers up to here are written as such
	factor := int64(max(-exact, min(exact, e.Retry.Factor)))
	w.ok = e.Labels == nil && e.After == nil && e.RunAt.IsZero() && float64(factor) == e.Retry.Factor && factor > 0
	w.text(`{"kind":`, e.Kind)
	w.text(`,"queue":`, e.Queue)
	w.text(`,"priority":`, string(e.Priority))
	w.text(`,"status":`, string(e.Status))
	if e.Input != nil {
		w.value(`,"input":`, e.Input)
	}
	w.number(`,"retry":{"maxAttempts":`, int64(e.Retry.MaxAttempts))
	w.number(`,"initialMs":`, e.Retry.InitialMS)
	w.number(`,"maxMs":`, e.Retry.MaxMS)
	w.number(`,"factor":`, factor)
	w.b = append(w.b, '}')
	w.number(`,"timeoutMs":`, e.TimeoutMS)
	w.optional(`,"parentId":`, e.ParentID)
	w.optional(`,"fingerprint":`, e.Fingerprint)
	w.optional(`,"commandId":`, e.CommandID)
}

func (w *writer) started(e *Started) {
	w.ok = e.TimeoutAt.IsZero()
	w.number(`{"attempt":`, int64(e.Attempt))
	w.text(`,"worker":`, e.Worker)
	w.text(`,"lease":`, e.Lease)
	w.number(`,"leaseMs":`, e.LeaseMS)
}

func (w *writer) succeeded(e *Succeeded) {
	w.b = append(w.b, '{')
	if e.Result != nil {
		w.value(`"result":`, e.Result)
		w.b = append(w.b, ',')
	}
	w.b = strconv.AppendBool(append(w.b, `"stopped":`...), e.Stopped)
	w.b = strconv.AppendUint(append(w.b, `,"output":{"count":`...), e.Output.Count, 10)
	w.b = append(w.b, `,"hash":"`...)
	w.b = append(hex.AppendEncode(w.b, e.Output.Hash[:]), `"}`...)
}
