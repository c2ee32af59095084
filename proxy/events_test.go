package proxy

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func readEvents(stream string, piece int, limit int64) []Event {
	var out []Event
	p := &eventParser{limit: limit, emit: func(e Event) {
		e.Time = time.Time{}
		out = append(out, e)
	}}
	for len(stream) > 0 {
		n := min(piece, len(stream))
		_, _ = p.Write([]byte(stream[:n]))
		stream = stream[n:]
	}
	return out
}

func TestEventStreamsAreReadByTheStandard(t *testing.T) {
	t.Parallel()
	stream := "\ufeffdata: bom\n\n" +
		": comment\r\ndata:no space\r\ndata:  two spaces\r\n\r\n" +
		"event: add\rdata: cr\r\r" +
		"id: 1\nretry: 2500\ndata\n\n" +
		"event: nothing\n\n" +
		"id\ndata: id is gone\nunknown: x\n\n" +
		"retry: soon\ndata: [1]\n\n" +
		"data: never ended"
	want := []Event{
		{Type: "message", Data: "bom"},
		{Type: "message", Data: "no space\n two spaces"},
		{Type: "add", Data: "cr"},
		{Type: "message", ID: "1", Retry: 2500 * time.Millisecond},
		{Type: "message", Data: "id is gone"},
		{Type: "message", Data: "[1]"},
	}
	for _, piece := range []int{1, 2, 5, 1000} {
		require.Equal(t, want, readEvents(stream, piece, 1000), "in pieces of %d", piece)
	}
}

func TestLongEventsAreCut(t *testing.T) {
	t.Parallel()
	got := readEvents("data: "+strings.Repeat("x", 5000)+"\n\ndata: a\ndata: "+strings.Repeat("y", 90)+"\ndata: b\n\ndata: ok\n\n", 7, 100)
	require.Len(t, got, 3)
	require.True(t, got[0].Truncated)
	require.LessOrEqual(t, len(got[0].Data), 100)
	require.False(t, got[1].Truncated)
	require.Equal(t, Event{Type: "message", Data: "ok"}, got[2])
}

func FuzzEvents(f *testing.F) {
	f.Add("data: a\n\nid: 1\r\ndata: b\r\n\r\n", uint8(1))
	f.Add("\ufeff:\r\rdata", uint8(2))
	f.Fuzz(func(t *testing.T, stream string, piece uint8) {
		require.Equal(t, readEvents(stream, len(stream)+1, 50), readEvents(stream, int(piece)+1, 50))
	})
}
