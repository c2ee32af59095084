package workers

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/go-json-experiment/json/jsontext"
)

// mask stands where a secret was.
const mask = "[redacted]"

// redactor masks the secrets that a job resolved, wherever the job speaks. The zero redactor masks
// nothing; it is safe for concurrent use.
type redactor struct{ forms atomic.Pointer[redaction] }

type redaction struct {
	values   []string
	replacer *strings.Replacer
	longest  int
}

// add masks a value from now on: as it is, each of its lines, and in the encodings that it usually
// travels in.
func (r *redactor) add(secret string) {
	next := &redaction{}
	if old := r.forms.Load(); old != nil {
		next.values = slices.Clone(old.values)
	}
	parts := append([]string{secret}, strings.FieldsFunc(secret, func(c rune) bool { return c == '\n' || c == '\r' })...)
	for _, part := range parts {
		if len(part) >= minSecret {
			quoted, _ := jsontext.AppendQuote(nil, part)
			next.values = append(next.values, part, url.QueryEscape(part), url.PathEscape(part),
				base64.StdEncoding.EncodeToString([]byte(part)), string(quoted[1:len(quoted)-1]))
		}
	}
	slices.SortFunc(next.values, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	next.values = slices.Compact(next.values)
	var pairs []string
	for _, v := range next.values {
		pairs = append(pairs, v, mask)
		next.longest = max(next.longest, len(v))
	}
	next.replacer = strings.NewReplacer(pairs...)
	r.forms.Store(next)
}

func (r *redactor) text(s string) string {
	if f := r.forms.Load(); f != nil {
		return f.replacer.Replace(s)
	}
	return s
}

// overlap is how many bytes at the end of unfinished text may be the beginning of a secret.
func (r *redactor) overlap() int {
	if f := r.forms.Load(); f != nil {
		return f.longest - 1
	}
	return 0
}

// json masks inside the strings of a JSON value, names among them.
func (r *redactor) json(v jsontext.Value) (jsontext.Value, error) {
	if r.forms.Load() == nil || len(v) == 0 {
		return v, nil
	}
	var out bytes.Buffer
	dec := jsontext.NewDecoder(bytes.NewReader(v))
	enc := jsontext.NewEncoder(&out, jsontext.AllowDuplicateNames(true))
	for {
		token, err := dec.ReadToken()
		if errors.Is(err, io.EOF) {
			return bytes.TrimSpace(out.Bytes()), nil
		}
		if err != nil {
			return nil, err
		}
		if token.Kind() == '"' {
			token = jsontext.String(r.text(token.String()))
		}
		if err := enc.WriteToken(token); err != nil {
			return nil, err
		}
	}
}
