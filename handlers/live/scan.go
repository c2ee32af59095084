package live

import (
	"context"
	"errors"

	"tapedeck/eventstore"
	"tapedeck/handlers/problem"
)

// Scan hands what the log holds now to each, in order, until each returns false. It answers the cursor up to which
// everything was handed out, and whether that is all there is.
type Scan func(ctx context.Context, each func(*Entry) bool) (reached eventstore.Cursor, whole bool, err error)

// ErrClientGone is returned by Send when the client does not take any more.
var ErrClientGone = errors.New("client is gone")

// Scan reads the log behind a cursor for a filter, up to the end that it has when the scan begins. A deadline of ctx
// ends it early without an error, so that a search through a long log can be taken up again.
func (h *Hub) Scan(f Filter, from eventstore.Cursor) Scan {
	return func(ctx context.Context, each func(*Entry) bool) (eventstore.Cursor, bool, error) {
		s := &Sub{match: newMatcher(f.canonical()), cursor: from, ctx: ctx}
		tail, err := h.log.Tail(ctx)
		for err == nil {
			var done bool
			if done, err = h.scanOn(s, tail.Position, each); done {
				return s.cursor, !tail.Position.After(s.cursor.Position), nil
			}
		}
		if errors.Is(ctx.Err(), context.DeadlineExceeded) && s.cursor != from {
			return s.cursor, false, nil
		}
		return s.cursor, false, err
	}
}

// scanOn reads one stretch.
func (h *Hub) scanOn(s *Sub, end eventstore.Position, each func(*Entry) bool) (done bool, err error) {
	if !end.After(s.cursor.Position) {
		return true, nil
	}
	entries, err := h.read(s, end)
	if err != nil || len(entries) == 0 {
		return err == nil, err
	}
	for _, e := range entries {
		s.cursor = e.cursor
		if s.match.matches(e) && !each(e) {
			return true, nil
		}
	}
	return false, nil
}

// Limit stops a scan after n events.
func (scan Scan) Limit(n int) Scan {
	return func(ctx context.Context, each func(*Entry) bool) (eventstore.Cursor, bool, error) {
		left := n
		return scan(ctx, func(e *Entry) bool {
			left--
			return each(e) && left > 0
		})
	}
}

// Send writes a scan to a client, no faster than it reads.
func Send(ctx context.Context, conn Conn, encoding Encoding, scan Scan) (eventstore.Cursor, bool, error) {
	var run []*Entry
	gone := false
	write := func() {
		if len(run) > 0 && conn.Write([][]byte{encoding.events("", run)}) != nil {
			gone = true
		}
		run = run[:0]
	}
	at, whole, err := scan(ctx, func(e *Entry) bool {
		if run = append(run, e); len(run) == runSize {
			write()
		}
		return !gone
	})
	write()
	if gone {
		return at, false, ErrClientGone
	}
	return at, whole, err
}

// CaughtUp is what a client is told at the end of what the log holds.
func CaughtUp(encoding Encoding, at eventstore.Cursor) []byte {
	return encoding.control(message{Op: opCaughtUp, Cursor: at.String()})
}

// Fault is what a client is told when a stream cannot go on.
func Fault(encoding Encoding, p *problem.Problem) []byte {
	return encoding.control(message{Op: opError, Problem: p})
}
