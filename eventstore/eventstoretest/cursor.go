package eventstoretest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/eventstore"
)

func testResolve(t *testing.T, b *bundle) {
	start := eventstore.Start(b.Epoch())
	tail, err := b.Tail(b.ctx)
	require.NoError(t, err)
	require.Equal(t, start, tail)
	require.NoError(t, b.Resolve(b.ctx, start))

	one := Stream{Name: "job/1"}
	b.write(t, one.Next(3))
	events := b.stream(t, "job/1")
	tail, err = b.Tail(b.ctx)
	require.NoError(t, err)
	require.Equal(t, events[2].Cursor(b.Epoch()), tail)
	require.NoError(t, b.Resolve(b.ctx, start))
	for _, e := range events {
		c := e.Cursor(b.Epoch())
		require.NoError(t, b.Resolve(b.ctx, c))
		parsed, err := eventstore.ParseCursor(c.String())
		require.NoError(t, err)
		require.Equal(t, c, parsed)
	}

	p := tail.Position
	for why, c := range map[string]struct {
		cursor eventstore.Cursor
		reason eventstore.GoneReason
	}{
		"of another log":         {eventstore.NewCursor("other000", p, events[2].Hash), eventstore.GoneForeign},
		"start of another log":   {eventstore.Start("other000"), eventstore.GoneForeign},
		"of another history":     {eventstore.NewCursor(b.Epoch(), p, events[1].Hash), eventstore.GoneLost},
		"ahead of the log":       {eventstore.NewCursor(b.Epoch(), eventstore.Position{Hi: p.Hi + 1e9, Lo: p.Lo}, events[2].Hash), eventstore.GoneLost},
		"far ahead of the log":   {eventstore.NewCursor(b.Epoch(), eventstore.End, events[2].Hash), eventstore.GoneLost},
		"beside every event":     {eventstore.NewCursor(b.Epoch(), eventstore.Position{Hi: p.Hi, Lo: p.Lo + 1e6}, events[2].Hash), eventstore.GoneLost},
		"start with a check":     {eventstore.NewCursor(b.Epoch(), eventstore.Position{}, events[2].Hash), eventstore.GoneLost},
		"no cursor of any event": {eventstore.NewCursor(b.Epoch(), eventstore.Position{Lo: 7}, events[2].Hash), eventstore.GoneLost},
	} {
		var gone *eventstore.GoneError
		require.ErrorAs(t, b.Resolve(b.ctx, c.cursor), &gone, why)
		require.Equal(t, c.reason, gone.Reason, why)
		require.Equal(t, c.cursor, gone.Cursor, why)
		require.NotEmpty(t, gone.Detail, why)
	}
	require.NoError(t, b.Resolve(b.ctx, tail), "asking changes nothing")
}

func testAt(t *testing.T, b *bundle) {
	start := eventstore.Start(b.Epoch())
	at := func(when time.Time) eventstore.Cursor {
		t.Helper()
		c, err := b.At(b.ctx, when)
		require.NoError(t, err)
		return c
	}
	require.Equal(t, start, at(time.Now()), "an empty log")
	one := Stream{Name: "job/1"}
	var between []time.Time
	for range 5 {
		between = append(between, b.tick(t))
		b.tick(t)
		b.write(t, one.Next(2))
	}
	between = append(between, b.tick(t))
	events := b.stream(t, "job/1")
	require.Equal(t, start, at(between[0]))
	for i, when := range between[1:] {
		require.Equal(t, events[2*i+1].Cursor(b.Epoch()), at(when), "after %d writes", i+1)
	}
	require.Equal(t, start, at(time.Unix(1, 0)))
	require.Equal(t, events[9].Cursor(b.Epoch()), at(time.Now().Add(time.Hour)))
}
