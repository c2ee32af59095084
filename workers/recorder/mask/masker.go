package mask

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// MinLength is the length in bytes from which on a value is looked for everywhere. A shorter one would turn up in
// innocent text all the time: it is masked only where it is known to stand, and reported.
const MinLength = 6

// Kinds of secrets, as Report names them.
const (
	Password = "password"
	Declared = "declared"
	OneTime  = "one-time code"
	Token    = "token"
	Cookie   = "cookie"
	Auth     = "authorization"
)

// Masker is safe for concurrent use.
type Masker struct {
	key []byte

	mu     sync.RWMutex
	known  map[string]*secret
	order  []*secret // the longest first
	starts [256]bool // bytes that an occurrence of a known secret can begin with
	report map[string]int
	short  map[string]bool
}

// secret is a known value with its placeholder, which has as many runes.
type secret struct {
	value, placeholder string
	runes, shown       []rune
	kind, name         string
}

// New returns a Masker whose placeholders depend on key: 32 random bytes that nobody keeps.
func New(key []byte) *Masker {
	return &Masker{key: slices.Clone(key), known: map[string]*secret{}, report: map[string]int{}, short: map[string]bool{}}
}

// Declare makes a value known and returns its placeholder. A value shorter than MinLength is not looked for, but
// reported by Short. An empty value is its own placeholder.
func (m *Masker) Declare(kind, name, value string) string {
	if value == "" {
		return ""
	}
	m.mu.RLock()
	s := m.known[value]
	m.mu.RUnlock()
	if s != nil {
		return s.placeholder
	}
	s = &secret{value: value, placeholder: m.placeholder(value), kind: kind, name: name}
	s.runes, s.shown = []rune(s.value), []rune(s.placeholder)
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(value) < MinLength {
		m.short[cmp.Or(name, kind)] = true
		return s.placeholder
	}
	if m.known[value] != nil {
		return s.placeholder
	}
	m.known[value] = s
	i, _ := slices.BinarySearchFunc(m.order, s, func(a, b *secret) int { return cmp.Compare(len(b.value), len(a.value)) })
	m.order = slices.Insert(m.order, i, s)
	m.starts[value[0]] = true
	for _, escape := range []byte(`%\&+`) {
		m.starts[escape] = true
	}
	return s.placeholder
}

// Placeholder masks a value that stands where a secret stands, and makes it known.
func (m *Masker) Placeholder(kind, name, value string) string {
	if value != "" {
		m.count(kind, 1)
	}
	shown := m.Declare(kind, name, value)
	if token, ok := m.deadToken(value); ok { // its claims may hold what was learned since
		return token
	}
	return shown
}

// Report counts what was masked, by kind.
func (m *Masker) Report() map[string]int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return maps.Clone(m.report)
}

// Short lists, by name, the secrets that are too short to be looked for.
func (m *Masker) Short() []string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Sorted(maps.Keys(m.short))
}

// Values are the known secrets, the longest first, for whoever must hide them in pictures. They must not be written.
func (m *Masker) Values() []string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := make([]string, len(m.order))
	for i, s := range m.order {
		out[i] = s.value
	}
	return out
}

func (m *Masker) count(kind string, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.report[kind] += n
}

// snapshot is what is known now; the slice is never changed in place.
func (m *Masker) snapshot() ([]*secret, [256]bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Clone(m.order), m.starts
}

// placeholder keeps the format of a value: see the package.
func (m *Masker) placeholder(value string) string {
	if token, ok := m.deadToken(value); ok && utf8.RuneCountInString(token) == utf8.RuneCountInString(value) {
		return token
	}
	return m.scramble(value)
}

// scramble replaces letters by letters and digits by digits, drawn from the key and the value. What would come out as
// it was (only punctuation, or bad luck) becomes asterisks.
func (m *Masker) scramble(value string) string {
	draw := m.stream(value)
	var out strings.Builder
	for _, r := range value {
		switch {
		case r >= 'a' && r <= 'z':
			out.WriteByte('a' + draw()%26)
		case r >= 'A' && r <= 'Z':
			out.WriteByte('A' + draw()%26)
		case r >= '1' && r <= '9': // no leading zero appears where there was none
			out.WriteByte('1' + draw()%9)
		case r == '0':
			out.WriteByte('0')
		case strings.ContainsRune("-._~=:@", r):
			out.WriteByte(byte(r))
		case r < utf8.RuneSelf: // what means something in JSON, HTML or a URL must not come out of an escape
			out.WriteByte('_')
		default:
			out.WriteByte('a' + draw()%26)
		}
	}
	if out.String() == value {
		return strings.Repeat("*", utf8.RuneCountInString(value))
	}
	return out.String()
}

// stream draws bytes from HMAC-SHA256(key, value ‖ counter).
func (m *Masker) stream(value string) func() byte {
	var block []byte
	var counter uint64
	return func() byte {
		if len(block) == 0 {
			mac := hmac.New(sha256.New, m.key)
			mac.Write([]byte(value))
			mac.Write(binary.BigEndian.AppendUint64(nil, counter))
			block = mac.Sum(nil)
			counter++
		}
		b := block[0]
		block = block[1:]
		return b
	}
}
