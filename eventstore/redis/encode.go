package redis

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tapedeck/domain/event"
	"tapedeck/eventstore"
)

// checkBytes of an event's hash stand in its slot, slotBlock slots in a block; lua/library.lua has both.
const (
	checkBytes = 8
	slotBlock  = 16
)

// slotTail is what stands behind the entry id in the slot of event v, and proves it; empty for v = 0.
func slotTail(v uint64, hash event.Hash) string {
	if v == 0 {
		return ""
	}
	b := make([]byte, 0, 32)
	if v%slotBlock == 1 {
		b = append(b, ';')
	} else {
		b = append(b, ' ')
	}
	b = strconv.AppendUint(b, v, 10)
	b = append(b, ' ')
	return string(append(b, hash[:checkBytes]...))
}

// encode writes an append as arguments of the function into a buffer, without the streams of its
// writes; lua/append.lua has the form.
func encode(a eventstore.Append, buffer []any) (args []any, size int) {
	args = append(buffer[:0], nil)
	var few [4]int
	first := append(few[:0], make([]int, len(a.Writes))...) // index of each write's first event
	single := len(a.Writes) == 1 && len(a.Writes[0].Events) == 1 && len(a.Holds) == 0
	if !single {
		args = append(args, len(a.Writes), len(a.Holds))
	}
	for i, w := range a.Writes {
		v := w.Expect.Version()
		args = append(args, slotTail(v, w.Prev))
		if !single {
			args = append(args, len(w.Events))
		}
		first[i] = len(args)
		for j, e := range w.Events {
			args = append(args, e.ID, slotTail(v+uint64(j)+1, e.Hash), e.Stored)
			size += len(e.Stored)
		}
	}
	for _, h := range a.Holds {
		args = append(args, h.Stream, h.Token, flag(h.Touch), stillAt(h))
	}
	args, more := appendEffects(args, a, first)
	args[0] = len(args) - 1
	if single {
		args[0] = 1 - len(args)
	}
	return args, size + more + 8*len(args)
}

// appendEffects adds the effects; first holds the index of each write's first event.
func appendEffects(args []any, a eventstore.Append, first []int) (_ []any, size int) {
	own := a.Writes[0].Stream
	tag := func(ofOwn, name, stream string) {
		if stream == own {
			args = append(args, ofOwn)
		} else {
			args = append(args, name, stream)
		}
	}
	for _, d := range a.Deadlines {
		tag("D", "d", d.Stream)
		args = append(args, score(d.At))
	}
	for _, stream := range a.Ends {
		tag("X", "x", stream)
	}
	for _, g := range a.Grants {
		tag("G", "g", g.Stream)
		args = append(args, g.Token, g.TTL.Milliseconds())
	}
	for _, q := range a.Enqueue {
		if q.Payload == nil {
			args = append(args, "Q", q.Topic, first[q.Write]+3*q.Event-1)
			continue
		}
		args = append(args, "q", q.Topic, a.Writes[q.Write].Events[q.Event].ID, q.Payload)
		size += len(q.Payload)
	}
	for _, w := range a.Watches {
		args = append(args, "w", w.Stream, w.Topic, w.MessageID(), w.Message())
	}
	for _, stream := range a.Wakes {
		tag("K", "k", stream)
	}
	for _, m := range a.Modes {
		args = append(args, "p", m.Prefix, flag(m.Paused))
	}
	return args, size
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

func stillAt(h eventstore.Hold) string {
	if !h.Still {
		return ""
	}
	return strconv.FormatUint(h.Counter, 10)
}

// score is a time in whole milliseconds, rounded up so that nothing fires early; empty is no time.
func score(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.Add(time.Millisecond-1).UnixMilli(), 10)
}

// validate checks what the contract's own validation leaves to the back end: names that would be
// keys of the store itself, and the line breaks that separate a watch's parts.
func validate(a eventstore.Append) error {
	if err := a.Validate(); err != nil {
		return err
	}
	for _, q := range a.Enqueue {
		if err := validTopic(q.Topic); err != nil {
			return err
		}
	}
	for _, w := range a.Watches {
		if err := validTopic(w.Topic); err != nil {
			return err
		}
	}
	for _, g := range a.Grants {
		if g.TTL < time.Millisecond {
			return errors.New("append: a lease is shorter than a millisecond")
		}
	}
	return nil
}

func validTopic(topic string) error {
	if !strings.Contains(topic, "/") || strings.ContainsAny(topic, "\n,") {
		return fmt.Errorf("topic %q: want a name with a slash, without commas and line breaks", topic)
	}
	return nil
}

// decode reads the function's answer to one append.
func (r *request) decode(answer string) (eventstore.Appended, error) {
	if answer == "" {
		return eventstore.Appended{}, errors.New("append: empty answer")
	}
	out := eventstore.Appended{Duplicate: answer[0] == 'D'}
	switch answer[0] {
	case 'C':
		return out, eventstore.ErrConflict
	case 'L':
		return out, eventstore.ErrLeaseLost
	case 'X':
		return out, fmt.Errorf("append: redis refuses: %s", answer[1:])
	case 'D':
		answer = answer[1:]
	}
	for _, n := range r.events {
		positions := make([]eventstore.Position, n)
		for i := range positions {
			var id string
			var err error
			id, answer, _ = strings.Cut(answer, ",")
			if positions[i], err = parseID(id); err != nil {
				return out, fmt.Errorf("append: answer: %w", err)
			}
		}
		out.Positions = append(out.Positions, positions)
	}
	return out, nil
}
