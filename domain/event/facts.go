package event

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Fact is what an envelope's data says, as a type of its own.
type Fact interface {
	// EventType is the type in the envelope.
	EventType() string
}

// Codec turns the facts of one sealed set into the data of envelopes and back. It is safe for concurrent use.
type Codec[E Fact] struct {
	unknown func(eventType string) E
	ordered []Prototype[E]
	byType  map[string]Prototype[E]
}

// Prototype is one type of a set.
type Prototype[E Fact] struct {
	Zero   E
	decode func(jsontext.Value) (E, error)
}

// Of makes a prototype of T, which must implement E.
func Of[E, T Fact]() Prototype[E] {
	var zero T
	return Prototype[E]{any(zero).(E), func(data jsontext.Value) (E, error) {
		var t T
		err := json.Unmarshal(data, &t)
		return any(t).(E), err
	}}
}

// NewCodec makes a codec of a set's types, in the order in which Types lists them. unknown stands for a type of a newer
// build.
func NewCodec[E Fact](unknown func(eventType string) E, types ...Prototype[E]) *Codec[E] {
	c := &Codec[E]{unknown: unknown, ordered: types, byType: make(map[string]Prototype[E], len(types))}
	for _, p := range types {
		c.byType[p.Zero.EventType()] = p
	}
	return c
}

// Encode returns the data of a fact for its envelope.
func (c *Codec[E]) Encode(e E) (jsontext.Value, error) {
	b, err := json.Marshal(e, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", e.EventType(), err)
	}
	return b, nil
}

// Decode reads the data of an event. A type that is not known, or a newer schema, gives the unknown one.
func (c *Codec[E]) Decode(eventType string, schemaVersion int, data jsontext.Value) (E, error) {
	p, known := c.byType[eventType]
	if !known || schemaVersion > SchemaVersion {
		return c.unknown(eventType), nil
	}
	e, err := p.decode(data)
	if err != nil {
		return e, fmt.Errorf("decode %s: %w", eventType, err)
	}
	return e, nil
}

// Types lists every type of the set.
func (c *Codec[E]) Types() []string {
	out := make([]string, len(c.ordered))
	for i, p := range c.ordered {
		out[i] = p.Zero.EventType()
	}
	return out
}

// Prototype returns the zero fact of a type, for example to derive its JSON Schema.
func (c *Codec[E]) Prototype(eventType string) (E, bool) {
	p, ok := c.byType[eventType]
	return p.Zero, ok
}
