package spa

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
)

// minPacked is where compression begins to save a packet.
const minPacked = 1024

// isPacked reports whether a file is the compressed form of another one.
func isPacked(name string) bool {
	ext := path.Ext(name)
	return ext == ".br" || ext == ".gz"
}

func compressible(contentType string) bool {
	t, _, _ := strings.Cut(contentType, ";")
	return strings.HasPrefix(t, "text/") || strings.HasSuffix(t, "json") || t == "image/svg+xml"
}

// packed returns the compressed form that the build made, or makes it when it is first asked for.
func packed(files fs.FS, name string, data []byte, pack func([]byte) []byte) func() []byte {
	if ready, err := fs.ReadFile(files, name); err == nil {
		return func() []byte { return ready }
	}
	return sync.OnceValue(func() []byte { return pack(data) })
}

func brotliBytes(data []byte) []byte {
	var b bytes.Buffer
	return finish(&b, brotli.NewWriterLevel(&b, 9), data)
}

func gzipBytes(data []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // fails only on an unknown level
	return finish(&b, w, data)
}

func finish(b *bytes.Buffer, w io.WriteCloser, data []byte) []byte {
	_, _ = w.Write(data) // a bytes.Buffer does not fail
	_ = w.Close()
	return b.Bytes()
}

// best is br, gzip or nothing, by the client's own weights; a coding with q=0 is refused.
func best(accept string) string {
	weights := map[string]float64{}
	for part := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		weights[strings.ToLower(strings.TrimSpace(name))] = weight(params)
	}
	of := func(name string) float64 {
		if w, ok := weights[name]; ok {
			return w
		}
		return weights["*"]
	}
	br, gz := of("br"), of("gzip")
	switch {
	case br > 0 && br >= gz:
		return "br"
	case gz > 0:
		return "gzip"
	default:
		return ""
	}
}

func weight(params string) float64 {
	_, q, ok := strings.Cut(strings.ReplaceAll(params, " ", ""), "q=")
	if !ok {
		return 1
	}
	w, err := strconv.ParseFloat(q, 64)
	if err != nil {
		return 0
	}
	return w
}
