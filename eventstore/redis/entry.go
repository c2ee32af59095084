package redis

import (
	"fmt"
	"strconv"
	"strings"

	"tapedeck/domain/event"
	"tapedeck/eventstore"
)

// The fields of an entry in watermill-redisstream's format.
const (
	fieldUUID     = "_watermill_message_uuid"
	fieldMetadata = "metadata"
	fieldPayload  = "payload"
)

// entryID is the id of the stream entry at a position.
func entryID(p eventstore.Position) string {
	b := make([]byte, 0, 24)
	b = strconv.AppendUint(b, p.Hi, 10)
	b = append(b, '-')
	return string(strconv.AppendUint(b, p.Lo, 10))
}

func parseID(id string) (p eventstore.Position, err error) {
	ms, seq, ok := strings.Cut(id, "-")
	if ok {
		p.Hi, err = strconv.ParseUint(ms, 10, 64)
	}
	if ok && err == nil {
		p.Lo, err = strconv.ParseUint(seq, 10, 64)
	}
	if !ok || err != nil {
		return p, fmt.Errorf("%q is not an entry id", id)
	}
	return p, nil
}

// entry is one entry of a stream as Redis answers it.
type entry struct {
	id       string
	uuid     string
	metadata string
	payload  string
	deleted  bool // its fields are gone
}

// entriesOf reads what XRANGE and XREADGROUP answer. An entry without a message's fields has an
// empty uuid.
func entriesOf(reply any) ([]entry, error) {
	list, ok := reply.([]any)
	if !ok && reply != nil {
		return nil, fmt.Errorf("%T instead of entries", reply)
	}
	out := make([]entry, 0, len(list))
	for _, item := range list {
		pair, _ := item.([]any)
		if len(pair) != 2 {
			return nil, fmt.Errorf("%T instead of an entry", item)
		}
		id, _ := pair[0].(string)
		fields, _ := pair[1].([]any)
		out = append(out, entryOf(id, fields))
	}
	return out, nil
}

func entryOf(id string, fields []any) entry {
	e := entry{id: id, deleted: fields == nil}
	for i := 0; i+1 < len(fields); i += 2 {
		value, _ := fields[i+1].(string)
		switch fields[i] {
		case fieldUUID:
			e.uuid = value
		case fieldMetadata:
			e.metadata = value
		case fieldPayload:
			e.payload = value
		}
	}
	return e
}

// recorded decodes an entry of the log. The error wraps event.ErrMalformed.
func recorded(id, payload string) (eventstore.Recorded, error) {
	p, err := parseID(id)
	if err != nil {
		return eventstore.Recorded{}, err
	}
	stored := []byte(payload)
	e, hash, err := event.Parse(stored)
	if err != nil {
		return eventstore.Recorded{}, fmt.Errorf("entry %s: %w", id, err)
	}
	return eventstore.Recorded{Event: e, Position: p, Hash: hash, Stored: stored}, nil
}
