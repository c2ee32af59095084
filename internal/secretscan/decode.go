package secretscan

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"html"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"
)

// decoded are the readings of a text, without those that change nothing.
func decoded(b []byte) map[string][]byte {
	chains := map[string][]func([]byte) []byte{
		"percent-encoded":                {percent},
		"percent-encoded twice":          {percent, percent},
		"escaped":                        {escapes},
		"escaped twice":                  {escapes, escapes},
		"escaped, percent-encoded":       {escapes, percent},
		"entities":                       {entities},
		"entities, twice":                {entities, entities},
		"escaped entities":               {escapes, entities},
		"split between tags":             {tags},
		"entities between tags":          {tags, entities},
		"escaped, entities between tags": {escapes, tags, entities},
		"texts of a snapshot":            {snapshots},
	}
	out := map[string][]byte{}
	for name, chain := range chains {
		text := b
		for _, f := range chain {
			text = f(text)
		}
		if !bytes.Equal(text, b) {
			out[name] = text
		}
	}
	return out
}

var percentPattern = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

func percent(b []byte) []byte {
	return percentPattern.ReplaceAllFunc(b, func(m []byte) []byte {
		v, _ := strconv.ParseUint(string(m[1:]), 16, 8)
		return []byte{byte(v)}
	})
}

var escapePattern = regexp.MustCompile(`\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|["'/\\])`)

func escapes(b []byte) []byte {
	return escapePattern.ReplaceAllFunc(b, func(m []byte) []byte {
		if m[1] != 'u' && m[1] != 'x' {
			return m[1:]
		}
		v, _ := strconv.ParseUint(string(m[2:]), 16, 32)
		return []byte(string(rune(v)))
	})
}

func entities(b []byte) []byte { return []byte(html.UnescapeString(string(b))) }

var tagPattern = regexp.MustCompile(`<[^<>]{0,1000}>`)

func tags(b []byte) []byte { return tagPattern.ReplaceAll(b, nil) }

// snapshots joins the texts of each line of JSON that stand in arrays: a page's
// snapshot is a tree of arrays with the texts of its elements.
func snapshots(b []byte) []byte {
	var out bytes.Buffer
	for line := range bytes.Lines(b) {
		var v any
		if line = bytes.TrimSpace(line); len(line) == 0 || line[0] != '{' && line[0] != '[' || json.Unmarshal(line, &v) != nil {
			continue
		}
		texts(v, &out)
		out.WriteByte('\n')
	}
	return out.Bytes()
}

func texts(v any, out *bytes.Buffer) {
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			if s, ok := e.(string); ok && i > 0 { // the first is the element's name
				out.WriteString(s)
			}
			texts(e, out)
		}
	case map[string]any:
		for _, e := range v {
			texts(e, out)
		}
	}
}

// maxInner bounds what is taken out of one archive.
const maxInner = 64 << 20

// unpacked are the files of a ZIP archive, and what is in gzip and zstd streams that begin anywhere.
func unpacked(b []byte) map[string][]byte {
	out := map[string][]byte{}
	if z, err := zip.NewReader(bytes.NewReader(b), int64(len(b))); err == nil {
		for _, f := range z.File {
			if r, err := f.Open(); err == nil {
				inner, _ := io.ReadAll(io.LimitReader(r, maxInner))
				_ = r.Close()
				out[f.Name] = inner
			}
		}
	}
	for name, open := range streams {
		for from, at := 0, 0; ; from += at + 1 {
			if at = bytes.Index(b[from:], []byte(name)); at < 0 {
				break
			}
			if r, err := open(bytes.NewReader(b[from+at:])); err == nil {
				if inner, _ := io.ReadAll(io.LimitReader(r, maxInner)); len(inner) > 0 {
					out["compressed at "+strconv.Itoa(from+at)] = inner
				}
			}
		}
	}
	return out
}

// streams are compressed, by what they begin with.
var streams = map[string]func(io.Reader) (io.Reader, error){
	"\x1F\x8B\x08":     func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	"\x28\xB5\x2F\xFD": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r, zstd.WithDecoderConcurrency(1)) },
}

var stretchPattern = regexp.MustCompile(`[A-Za-z0-9+/_-]{24,}`)

// stretches are what long runs of base64 hold.
func stretches(b []byte) [][]byte {
	var out [][]byte
	for _, run := range stretchPattern.FindAll(b, -1) {
		e := base64.RawStdEncoding
		if bytes.ContainsAny(run, "-_") {
			e = base64.RawURLEncoding
		}
		run = run[:len(run)-len(run)%4]
		if inner, err := e.DecodeString(strings.ToValidUTF8(string(run), "")); err == nil {
			out = append(out, inner)
		}
	}
	return out
}
