package proxy

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// frame writes one, masked as browsers do when a mask is given.
func frame(first byte, payload string, mask ...byte) []byte {
	out := []byte{first, 0}
	switch n := len(payload); {
	case n < 126:
		out[1] = byte(n)
	case n < 1<<16:
		out[1] = 126
		out = binary.BigEndian.AppendUint16(out, uint16(n))
	default:
		out[1] = 127
		out = binary.BigEndian.AppendUint64(out, uint64(n))
	}
	if mask != nil {
		out[1] |= 0x80
		out = append(out, mask...)
	}
	for i := range len(payload) {
		b := payload[i]
		if mask != nil {
			b ^= mask[i%4]
		}
		out = append(out, b)
	}
	return out
}

// readFrames puts the messages of a stream together, given to it in pieces.
func readFrames(stream []byte, piece int, limit int64) ([]Message, *frames) {
	var out []Message
	f := newFrames(true, limit, func(m Message) {
		m.Time = time.Time{}
		out = append(out, m)
	})
	for part := range slices.Chunk(stream, piece) {
		_, _ = f.Write(part)
	}
	return out, f
}

func TestFramesBecomeMessages(t *testing.T) {
	t.Parallel()
	long := string(bytes.Repeat([]byte("x"), 70_000))
	stream := slices.Concat(
		frame(0x81, "hello", 1, 2, 3, 4),
		frame(0x01, "first ", 9, 8, 7, 6), frame(0x89, "ping", 5, 5, 5, 5), frame(0x00, "second ", 1, 1, 1, 1), frame(0x80, "third", 2, 2, 2, 2),
		frame(0x82, ""),
		frame(0x82, long[:300]), frame(0x82, long),
		frame(0xc1, "\xaa\x00"), // compressed
		frame(0x88, "\x03\xe8"),
	)
	want := []Message{
		{Sent: true, Opcode: 1, Data: []byte("hello"), Size: 5},
		{Sent: true, Opcode: 9, Data: []byte("ping"), Size: 4},
		{Sent: true, Opcode: 1, Data: []byte("first second third"), Size: 18},
		{Sent: true, Opcode: 2},
		{Sent: true, Opcode: 2, Data: []byte(long[:300]), Size: 300},
		{Sent: true, Opcode: 2, Data: []byte(long[:1000]), Size: 70_000},
		{Sent: true, Opcode: 1, Data: []byte("\xaa\x00"), Size: 2, Compressed: true},
		{Sent: true, Opcode: 8, Data: []byte("\x03\xe8"), Size: 2},
	}
	for _, piece := range []int{1, 2, 3, 7, 1000, len(stream)} {
		got, f := readFrames(stream, piece, 1000)
		require.Equal(t, want, got, "in pieces of %d", piece)
		require.True(t, f.closed)
		require.False(t, f.broken)
	}
}

func TestWhatIsNoFrameEndsTheReading(t *testing.T) {
	t.Parallel()
	good := frame(0x81, "good")
	for name, bad := range map[string][]byte{
		"reserved opcode":       frame(0x83, "x"),
		"continuation of none":  frame(0x80, "x"),
		"text inside a message": slices.Concat(frame(0x01, "a"), frame(0x81, "b")),
		"fragmented ping":       frame(0x09, "x"),
		"long ping":             frame(0x89, string(make([]byte, 126))),
		"length beyond reason":  {0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"HTTP":                  []byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
	} {
		got, f := readFrames(slices.Concat(good, bad, good), 1<<20, 1000)
		require.True(t, f.broken, name)
		require.Equal(t, []Message{{Sent: true, Opcode: 1, Data: []byte("good"), Size: 4}}, got, name)
	}
}

// However the bytes come in, the same messages come out, no larger than allowed.
func FuzzFrames(f *testing.F) {
	f.Add(slices.Concat(frame(0x01, "a", 1, 2, 3, 4), frame(0x80, "b"), frame(0x88, "")), uint8(3))
	f.Add(frame(0x82, string(make([]byte, 300))), uint8(200))
	f.Add([]byte{0x81, 127, 0x7f, 0, 0, 0, 0, 0, 0, 0, 1}, uint8(1))
	f.Fuzz(func(t *testing.T, stream []byte, piece uint8) {
		const limit = 64
		whole, a := readFrames(stream, len(stream)+1, limit)
		parts, b := readFrames(stream, int(piece)+1, limit)
		require.Equal(t, whole, parts)
		require.Equal(t, a.broken, b.broken)
		require.Equal(t, a.closed, b.closed)
		var sum int64
		for _, m := range whole {
			require.LessOrEqual(t, len(m.Data), limit)
			require.LessOrEqual(t, int64(len(m.Data)), m.Size)
			sum += m.Size
		}
		require.LessOrEqual(t, sum, int64(len(stream)))
	})
}
