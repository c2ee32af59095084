package redis

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"tapedeck/domain/event"
	"tapedeck/eventstore"
)

// streamPage bounds how much of a stream one call reads, since Redis does nothing else meanwhile.
const streamPage = 256

// ReadStream implements eventstore.Log.
func (s *Store) ReadStream(ctx context.Context, stream string, from uint64, limit int) ([]eventstore.Recorded, error) {
	var out []eventstore.Recorded
	for first := int64(min(max(from, 1), math.MaxInt32)); len(out) < limit; {
		page := min(limit-len(out), streamPage)
		events, err := s.readStream(ctx, stream, first, page)
		if err != nil {
			return nil, err
		}
		out = append(out, events...)
		first += int64(len(events))
		if len(events) < page {
			break
		}
	}
	return out, nil
}

func (s *Store) readStream(ctx context.Context, stream string, first int64, limit int) ([]eventstore.Recorded, error) {
	reply, err := s.call(ctx, "stream", stream, first, first+int64(limit)-1).Slice()
	if err != nil {
		return nil, s.fault("read stream", err)
	}
	out := make([]eventstore.Recorded, 0, len(reply)/2)
	for i := 0; i+1 < len(reply); i += 2 {
		id, _ := reply[i].(string)
		payload, ok := reply[i+1].(string)
		if !ok {
			return nil, fmt.Errorf("stream %s: %w: the log does not hold entry %s", stream, event.ErrMalformed, id)
		}
		r, err := recorded(id, payload)
		if err != nil {
			return nil, fmt.Errorf("stream %s: %w", stream, err)
		}
		out = append(out, r)
	}
	return out, nil
}

// ReadAll implements eventstore.Log. It reads the entry at the position once more: when that is not
// there, history was taken away, and going on could leave a gap.
func (s *Store) ReadAll(ctx context.Context, after eventstore.Position, limit int) (eventstore.Batch, error) {
	b := eventstore.Batch{Next: after}
	if limit <= 0 || after == eventstore.End {
		return b, s.usable()
	}
	entries, err := s.entries(ctx, "xrange", logKey, entryID(after), "+", "count", limit+1)
	if err != nil {
		return b, err
	}
	if len(entries) > 0 && entries[0].id == entryID(after) {
		entries = entries[1:]
	} else if after != (eventstore.Position{}) {
		if err := s.gap(ctx, after); err != nil {
			return b, err
		}
	}
	err = s.decode(&b, entries[:min(limit, len(entries))])
	if err == nil && len(b.Events) > 0 {
		s.saw(b.Events[len(b.Events)-1].Position)
	}
	return b, err
}

// gap fails when the log begins behind a position or ends before it. An entry that somebody deleted
// leaves none: all others are there.
func (s *Store) gap(ctx context.Context, at eventstore.Position) error {
	c := eventstore.Cursor{Epoch: s.epoch, Position: at}
	info, err := s.info(ctx)
	if err != nil {
		return err
	}
	if last, err := parseID(info.LastGeneratedID); err != nil || at.After(last) {
		return &eventstore.GoneError{Cursor: c, Reason: eventstore.GoneLost, Detail: "the log ends at " + info.LastGeneratedID}
	}
	return trimmed(info, c)
}

// trimmed fails when entries that stood at the log's beginning, up to the cursor or behind it, are
// gone.
func trimmed(info *goredis.XInfoStream, c eventstore.Cursor) error {
	if info.EntriesAdded <= info.Length {
		return nil
	}
	first, err := parseID(info.FirstEntry.ID)
	if err == nil && !first.After(c.Position) {
		return nil
	}
	return &eventstore.GoneError{Cursor: c, Reason: eventstore.GoneArchived, Detail: "the log begins at " + info.FirstEntry.ID}
}

// info describes the log's stream; one that nobody wrote to yet is empty.
func (s *Store) info(ctx context.Context) (*goredis.XInfoStream, error) {
	info, err := s.commands.XInfoStream(ctx, logKey).Result()
	if goredis.HasErrorPrefix(err, "no such key") {
		return &goredis.XInfoStream{LastGeneratedID: "0-0"}, nil
	}
	return info, s.fault("look at the log", err)
}

// ReadBack implements eventstore.Log.
func (s *Store) ReadBack(ctx context.Context, before eventstore.Position, limit int) (eventstore.Batch, error) {
	if limit <= 0 || before == (eventstore.Position{}) {
		return eventstore.Batch{Next: before}, s.usable()
	}
	b := eventstore.Batch{Next: before}
	entries, err := s.entries(ctx, "xrevrange", logKey, "("+entryID(before), "-", "count", limit)
	if err != nil {
		return b, err
	}
	err = s.decode(&b, entries)
	return b, err
}

// decode adds entries to a batch and passes over those that are no events.
func (s *Store) decode(b *eventstore.Batch, entries []entry) error {
	b.Events = make([]eventstore.Recorded, 0, len(entries))
	for _, e := range entries {
		r, err := recorded(e.id, e.payload)
		if err != nil {
			b.Malformed++
			s.passed.note(logKey, e.id, err)
		} else {
			b.Events = append(b.Events, r)
		}
		if b.Next, err = parseID(e.id); err != nil {
			return err
		}
	}
	return nil
}

// entries carries out a command that answers log entries, and checks afterwards that they were this
// log's.
func (s *Store) entries(ctx context.Context, command ...any) ([]entry, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	var reply, epoch *goredis.Cmd
	_, err := s.commands.Pipelined(ctx, func(p goredis.Pipeliner) error {
		reply = p.Do(ctx, command...)
		epoch = p.Do(ctx, "get", epochKey)
		return nil
	})
	if err != nil && !errors.Is(err, goredis.Nil) {
		return nil, s.fault("read log", err)
	}
	if name, _ := epoch.Text(); name != s.epoch {
		return nil, s.setReplaced()
	}
	return entriesOf(reply.Val())
}

// Tail implements eventstore.Log.
func (s *Store) Tail(ctx context.Context) (eventstore.Cursor, error) {
	return s.lastBefore(ctx, eventstore.End)
}

// At implements eventstore.Log. The time that an entry was taken in is the first part of its id.
func (s *Store) At(ctx context.Context, t time.Time) (eventstore.Cursor, error) {
	ms := t.Add(time.Millisecond - 1).UnixMilli()
	if ms <= 0 {
		return eventstore.Start(s.epoch), s.usable()
	}
	return s.lastBefore(ctx, eventstore.Position{Hi: uint64(ms)})
}

// lastBefore is the cursor of the last event before a position, whatever malformed entries lie
// between.
func (s *Store) lastBefore(ctx context.Context, p eventstore.Position) (eventstore.Cursor, error) {
	for limit := 1; ; limit = min(10*limit, 1000) {
		b, err := s.ReadBack(ctx, p, limit)
		if err != nil {
			return eventstore.Cursor{}, err
		}
		if len(b.Events) > 0 {
			return b.Events[0].Cursor(s.epoch), nil
		}
		if b.Malformed == 0 {
			return eventstore.Start(s.epoch), nil
		}
		p = b.Next
	}
}

// Resolve implements eventstore.Log.
func (s *Store) Resolve(ctx context.Context, c eventstore.Cursor) error {
	if c.Epoch != s.epoch {
		return &eventstore.GoneError{Cursor: c, Reason: eventstore.GoneForeign, Detail: "this log's epoch is " + s.epoch}
	}
	id := entryID(c.Position)
	entries, err := s.entries(ctx, "xrange", logKey, id, id)
	if err != nil {
		return err
	}
	if len(entries) == 1 {
		r, err := recorded(entries[0].id, entries[0].payload)
		if err == nil && r.Cursor(s.epoch) == c {
			return nil
		}
		return &eventstore.GoneError{Cursor: c, Reason: eventstore.GoneLost, Detail: "the log holds another entry there"}
	}
	info, err := s.info(ctx)
	if err != nil {
		return err
	}
	if err := trimmed(info, c); err != nil || c == eventstore.Start(s.epoch) {
		return err
	}
	return &eventstore.GoneError{Cursor: c, Reason: eventstore.GoneLost, Detail: "the log holds no such event"}
}
