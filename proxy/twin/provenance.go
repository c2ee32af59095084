package twin

import (
	"bytes"
	"crypto/md5"  //nolint:gosec // not for security: pages send such digests of what was typed
	"crypto/sha1" //nolint:gosec // the same
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"tapedeck/proxy"
)

// typed is what was entered, in the forms in which pages send it.
type typed struct {
	all     string // lower case, one after the other, and what digests and base64 make of it
	letters string // letters and digits alone
}

// shared is how many letters or digits in a row a made value does not have from a typed text.
const shared = 6

func newTyped(texts []string) typed {
	all := slices.Clone(texts)
	for _, s := range texts {
		for _, sum := range digests([]byte(s)) {
			all = append(all, hex.EncodeToString(sum), base64.StdEncoding.EncodeToString(sum), base64.RawURLEncoding.EncodeToString(sum))
		}
	}
	letters := make([]string, len(texts))
	for i, s := range texts {
		letters[i] = solid(s)
	}
	return typed{all: strings.ToLower(strings.Join(all, "\n")), letters: strings.ToLower(strings.Join(letters, "\n"))}
}

func digests(b []byte) [][]byte {
	m, s, s2, s5 := md5.Sum(b), sha1.Sum(b), sha256.Sum256(b), sha512.Sum512(b) //nolint:gosec // see above
	return [][]byte{m[:], s[:], s2[:], s5[:]}
}

// holds says that a value was typed, or made of what was: a telephone number with its country.
func (t typed) holds(value string) bool {
	value = strings.ToLower(value)
	if strings.Contains(t.all, value) {
		return true
	}
	letters := solid(value)
	if strings.Contains(t.letters, letters) {
		return true
	}
	for i := 0; i+shared <= len(letters); i++ {
		if strings.Contains(t.letters, letters[i:i+shared]) {
			return true
		}
	}
	return false
}

// source is the answer that held a value first: when it did, and the exchange's id, 0 for none.
type source struct {
	at time.Time
	id int64
}

// made says that the recording saw a value first in the request of the given id and time: neither did an answer hold it
// before, nor did somebody type it.
func (t *Tape) made(value string, id int64, at time.Time) bool {
	if t.typed.holds(value) {
		return false
	}
	first := t.firstAnswered(value)
	return first.id == 0 || first.id >= id || first.at.After(at)
}

// firstAnswered is what said a value first.
func (t *Tape) firstAnswered(value string) source {
	t.mu.Lock()
	defer t.mu.Unlock()
	first, known := t.first[value]
	if !known {
		first = t.search([]byte(value))
		if len(t.first) >= maxFirst {
			clear(t.first)
		}
		t.first[value] = first
	}
	return first
}

// maxFirst bounds what is remembered of values.
const maxFirst = 100_000

func (t *Tape) search(value []byte) source {
	var first source
	for _, x := range t.all {
		if first.id != 0 && x.entry.Started.After(first.at) {
			break
		}
		if at := x.answered(value); !at.IsZero() && (first.id == 0 || at.Before(first.at)) {
			first = source{at, x.entry.ID}
		}
	}
	return first
}

// answered is when an answer held a value; the zero time when it did not.
func (x *exchange) answered(value []byte) time.Time {
	e := x.entry
	if e.Response == nil {
		return time.Time{}
	}
	if inHeaders(e.Response.Header, string(value)) {
		return x.began()
	}
	for _, m := range e.Messages {
		if !m.Sent && bytes.Contains(m.Data, value) {
			return m.Time
		}
	}
	for _, event := range e.Events {
		if strings.Contains(event.Data, string(value)) || strings.Contains(event.ID, string(value)) {
			return event.Time
		}
	}
	if bytes.Contains(x.body, value) {
		return x.began() // when its end was read nobody knows
	}
	return time.Time{}
}

func inHeaders(headers proxy.Headers, value string) bool {
	return slices.ContainsFunc(headers, func(h proxy.Header) bool { return strings.Contains(h.Value, value) })
}
