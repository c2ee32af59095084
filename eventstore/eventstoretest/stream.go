package eventstoretest

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"tapedeck/domain/event"
	"tapedeck/eventstore"
)

// Stream seals events for one stream, chained from the start. A copy of it is another history that
// shares what came before.
type Stream struct {
	Name  string
	chain eventstore.Chain
}

// Next seals n more events with small data and returns their write.
func (s *Stream) Next(n int) eventstore.Write { return s.next(n, 0) }

// next pads each event's data with this many bytes.
func (s *Stream) next(n, pad int) eventstore.Write {
	w := eventstore.Write{Stream: s.Name, Expect: eventstore.Exact(s.chain.Version), Prev: s.chain.Head}
	for range n {
		e := event.Event{
			ID: uuid.NewString(), Source: "test", Type: "test.happened", Subject: s.Name, Time: time.Unix(1, 0),
			Stream: s.Name, Project: "p", Sequence: s.chain.Version + 1, SchemaVersion: 1, PrevHash: s.chain.Head,
			Data: jsontext.Value(fmt.Sprintf(`{"n":%d,"pad":"é%s"}`, s.chain.Version+1, strings.Repeat("x", pad))),
		}
		stored, hash, err := event.Seal(&e)
		if err != nil {
			panic(err)
		}
		s.chain.Version, s.chain.Head = e.Sequence, hash
		w.Events = append(w.Events, eventstore.Sealed{ID: e.ID, Stored: stored, Hash: hash})
	}
	return w
}
