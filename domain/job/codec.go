package job

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/event"
)

// Encode returns the data of an event for its envelope. Text that is not UTF-8 (a program's output, its
// last words) is kept as far as it is: no event may fail for it.
func Encode(e Event) (jsontext.Value, error) {
	if u, ok := e.(Unknown); ok {
		return u.Data, nil
	}
	if b, ok := encodeCommon(e); ok {
		return b, nil
	}
	b, err := json.Marshal(e, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", e.EventType(), err)
	}
	return b, nil
}

// Decode reads the data of an event. Data of an older schema version is brought up to date here
// (upcast); a type that is not known, or a newer schema, gives Unknown, so that nothing is dropped.
// Erased data (null) gives the type's zero value. It fails only on data that is not what its type
// and version promise.
func Decode(eventType string, schemaVersion int, data jsontext.Value) (Event, error) {
	decode, known := decoders[eventType]
	if !known || schemaVersion > event.SchemaVersion {
		return Unknown{Type: eventType, Data: data}, nil
	}
	e, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", eventType, err)
	}
	return e, nil
}

// Types lists every event type of a job, in the order of a job's life.
func Types() []string {
	out := make([]string, len(prototypes))
	for i, p := range prototypes {
		out[i] = p.zero.EventType()
	}
	return out
}

// Prototype returns the zero event of a type, for example to derive its JSON Schema.
func Prototype(eventType string) (Event, bool) {
	for _, p := range prototypes {
		if p.zero.EventType() == eventType {
			return p.zero, true
		}
	}
	return nil, false
}

type prototype struct {
	zero   Event
	decode func(jsontext.Value) (Event, error)
}

func of[E Event]() prototype {
	var zero E
	return prototype{zero, func(data jsontext.Value) (Event, error) {
		var e E
		err := json.Unmarshal(data, &e)
		return e, err
	}}
}

var prototypes = []prototype{
	of[Submitted](), of[Waiting](), of[DependencyResolved](), of[Queued](), of[Started](),
	of[Progressed](), of[Logged](), of[ArtifactStored](), of[StopRequested](), of[CancelRequested](),
	of[Cancelled](), of[Succeeded](), of[Failed](), of[RetryScheduled](), of[LeaseExpired](),
	of[DeadLettered](), of[Annotated](), of[Forked](), of[Archived](),
}

var decoders = func() map[string]func(jsontext.Value) (Event, error) {
	m := make(map[string]func(jsontext.Value) (Event, error), len(prototypes))
	for _, p := range prototypes {
		m[p.zero.EventType()] = p.decode
	}
	return m
}()
