package proxy

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// maxEncodings is more than any honest server applies one over the other.
const maxEncodings = 4

// Decode reads a body through its Content-Encoding (gzip, deflate, br, zstd,
// or several of them). Closing the answer does not close r. The error says
// which encoding is unknown, or what the body's beginning lacks.
func Decode(encoding string, r io.Reader) (io.ReadCloser, error) {
	out := io.NopCloser(r)
	names := strings.Split(encoding, ",")
	if len(names) > maxEncodings {
		return nil, fmt.Errorf("content encoding %q: too many", encoding)
	}
	for _, name := range slices.Backward(names) {
		next, err := decoder(strings.ToLower(strings.TrimSpace(name)), out)
		if err != nil {
			return nil, fmt.Errorf("content encoding %q: %w", encoding, err)
		}
		out = next
	}
	return out, nil
}

func decoder(name string, r io.Reader) (io.ReadCloser, error) {
	switch name {
	case "", "identity":
		return io.NopCloser(r), nil
	case "gzip", "x-gzip":
		return gzip.NewReader(r)
	case "deflate":
		return deflate(r)
	case "br":
		return io.NopCloser(brotli.NewReader(r)), nil
	case "zstd":
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(32<<20))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	default:
		return nil, fmt.Errorf("%q is not known", name)
	}
}

// deflate is zlib by its definition, and bare deflate by the habit of some servers.
func deflate(r io.Reader) (io.ReadCloser, error) {
	br := bufio.NewReader(r)
	head, err := br.Peek(2)
	if err != nil {
		return nil, err
	}
	if head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
		return zlib.NewReader(br)
	}
	return flate.NewReader(br), nil
}
