package suite

import (
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/event"
)

var codec = event.NewCodec(func(eventType string) Event { return Unknown{Type: eventType} },
	event.Of[Event, Proposed](), event.Of[Event, Edited](), event.Of[Event, Accepted](), event.Of[Event, Rejected](),
	event.Of[Event, ProofBegun](), event.Of[Event, Exported](),
)

// Encode returns the data of an event for its envelope.
func Encode(e Event) (jsontext.Value, error) { return codec.Encode(e) }

// Decode reads the data of an event. A type that is not known, or a newer schema, gives Unknown.
func Decode(eventType string, schemaVersion int, data jsontext.Value) (Event, error) {
	return codec.Decode(eventType, schemaVersion, data)
}

// Types lists every event type of reviews, in the order of their life.
func Types() []string { return codec.Types() }

// Prototype returns the zero event of a type, for example to derive its JSON Schema.
func Prototype(eventType string) (Event, bool) { return codec.Prototype(eventType) }
