// Package tapefile writes a job's tape to a file and checks it without the store it came from.
//
// A tape file is NDJSON, compressed with zstd or gzip or not at all. The first line is a Header. Then
// follow the events, stream by stream (the state stream first, then the attempts' output), each line
// an Entry with the bytes exactly as they were stored. The last line is a Trailer; a file without one
// was cut off.
package tapefile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/zstd"

	"tapedeck/domain/event"
)

// Format is the version of the file's form.
const Format = 1

// Header is the first line.
type Header struct {
	Tape       int       `json:"tapedeckTape"`
	JobID      string    `json:"jobId"`
	Epoch      string    `json:"epoch"`
	ExportedAt time.Time `json:"exportedAt"`
}

// Entry is one event.
type Entry struct {
	Position string         `json:"position"`
	Hash     event.Hash     `json:"hash"`
	Event    jsontext.Value `json:"event"`
}

// Trailer is the last line: the head of each stream.
type Trailer struct {
	End     bool         `json:"end"`
	Events  uint64       `json:"events"`
	Streams []StreamHead `json:"streams"`
}

// StreamHead is the end of one stream.
type StreamHead struct {
	Stream string     `json:"stream"`
	Count  uint64     `json:"count"`
	Hash   event.Hash `json:"hash"`
}

// ErrNotATape: the input is no tape file, or one of a newer form.
var ErrNotATape = errors.New("not a tape file")

// Compression names how a file is packed.
type Compression string

// The compressions.
const (
	Zstd Compression = "zstd"
	Gzip Compression = "gzip"
	None Compression = ""
)

// Compress wraps w; Close the result to finish the file.
func Compress(w io.Writer, c Compression) (io.WriteCloser, error) {
	switch c {
	case Zstd:
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	case Gzip:
		return gzip.NewWriter(w), nil
	case None:
		return nopCloser{w}, nil
	}
	return nil, fmt.Errorf("unknown compression %q", c)
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// maxWindow bounds the memory that a hostile zstd file can ask for.
const maxWindow = 64 << 20

// Decompress finds out how r is packed.
func Decompress(r io.Reader) (io.ReadCloser, error) {
	b := bufio.NewReader(r)
	magic, err := b.Peek(4)
	switch {
	case err == nil && bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		d, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxWindow))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotATape, err)
		}
		return d.IOReadCloser(), nil
	case err == nil && magic[0] == 0x1f && magic[1] == 0x8b:
		d, err := gzip.NewReader(b)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotATape, err)
		}
		return d, nil
	}
	return io.NopCloser(b), nil
}
