package twin

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// names are the values that the page made: those of the recording and what stands for them in this run.
type names struct {
	now  map[string]string // recorded → this run's
	then map[string]string // this run's → recorded
}

func newNames() names { return names{now: map[string]string{}, then: map[string]string{}} }

// matcher asks whether a request is the one that was recorded. What it learns of made values counts only when the whole
// request matches.
type matcher struct {
	tape    *Tape
	known   names
	learned names
	clock   clock
	id      int64 // of the recorded exchange
	// reading allows what only keeps an answer from a cache.
	reading bool
	diffs   []Difference
}

const (
	maxDiffs = 20
	maxShown = 200
)

// compare answers what differs; nothing when sent is the recorded request. learned are values that the page made.
func (t *Tape) compare(x *exchange, sent request, known names, sentAt, shownAt time.Time) (diffs []Difference, learned names) {
	m := &matcher{
		tape: t, known: known, learned: newNames(), reading: x.kind != write, id: x.entry.ID,
		clock: clock{recorded: x.entry.Started, sent: sentAt, shown: shownAt},
	}
	m.path(x.url.EscapedPath(), sent.url.EscapedPath())
	m.query(x.url.RawQuery, sent.url.RawQuery)
	if !x.request.cut {
		m.node("body", x.request.body, sent.body)
	}
	return m.diffs, m.learned
}

func (m *matcher) query(recorded, sent string) {
	if recorded == sent {
		return
	}
	a, b := form(recorded), form(sent)
	m.dropFresh(a, b)
	m.node("query", a, b)
}

// fresh are the usual names of parameters that only keep an answer from a cache.
var fresh = regexp.MustCompile(`(?i)^(_|_t|t|ts|_ts|time|timestamp|cb|_cb|cachebust(er)?|nocache|_?rnd|_?rand(om)?|r|_dc)$`)

// dropFresh leaves such parameters out when the page had made their values itself and both have one.
func (m *matcher) dropFresh(recorded, sent node) {
	for name, n := range recorded.members {
		other, ok := sent.members[name]
		if !ok || !fresh.MatchString(name) || len(n.items) != 1 || len(other.items) != 1 {
			continue
		}
		a, b := n.items[0].text, other.items[0].text
		if nonce.MatchString(a) && nonce.MatchString(b) && near(a, b, 3) && says(a) == "" && m.made(a) {
			delete(recorded.members, name)
			delete(sent.members, name)
		}
	}
}

// nonce is what keeps an answer from a cache: short, without any structure.
var nonce = regexp.MustCompile(`^(0?\.)?[A-Za-z0-9_-]{4,40}$`)

// says is what a parameter's value tells: a word, a day, a number as people write them. "" when it tells nothing.
func says(s string) string {
	letters := solid(s)
	if digitShape.MatchString(letters) && (len(letters) < shortestNumber || strings.Contains(s, "-")) {
		return s
	}
	if !digitShape.MatchString(letters) && spoken(letters) >= 0 {
		return s
	}
	return ""
}

func (m *matcher) path(recorded, sent string) {
	if recorded == sent {
		return
	}
	a, b := strings.Split(recorded, "/"), strings.Split(sent, "/")
	if len(a) != len(b) {
		m.differ("path", recorded, sent)
		return
	}
	for i := range a {
		m.leaf(fmt.Sprintf("path[%d]", i), unescapePath(a[i]), unescapePath(b[i]))
	}
}

func unescapePath(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}

func (m *matcher) node(path string, recorded, sent node) {
	if recorded.kind != sent.kind {
		m.differ(path, recorded.String(), sent.String())
		return
	}
	switch recorded.kind {
	case object:
		names := slices.Collect(maps.Keys(recorded.members))
		for name := range sent.members {
			if _, ok := recorded.members[name]; !ok {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for _, name := range names {
			m.member(path+"."+name, recorded.members, sent.members, name)
		}
	case array:
		for i := range max(len(recorded.items), len(sent.items)) {
			at := fmt.Sprintf("%s[%d]", path, i)
			switch {
			case i >= len(sent.items):
				m.differ(at, recorded.items[i].String(), "")
			case i >= len(recorded.items):
				m.differ(at, "", sent.items[i].String())
			default:
				m.node(at, recorded.items[i], sent.items[i])
			}
		}
	case text, literal:
		m.leaf(path, recorded.text, sent.text)
	case binary:
		if recorded.text != sent.text {
			m.differ(path, fmt.Sprintf("%d bytes", len(recorded.text)), fmt.Sprintf("%d other bytes", len(sent.text)))
		}
	}
}

func (m *matcher) member(path string, recorded, sent map[string]node, name string) {
	a, inA := recorded[name]
	b, inB := sent[name]
	switch {
	case inA && inB:
		m.node(path, a, b)
	case inA:
		m.differ(path, a.String(), "")
	default:
		if m.spare(b) {
			return
		}
		m.differ(path, "", b.String())
	}
}

// spare lets a time that keeps an answer from the cache come where the recording had none.
func (m *matcher) spare(n node) bool {
	return m.reading && n.kind == array && len(n.items) == 1 && m.clock.isNow(n.items[0].text)
}

// leaf compares two texts: equal, or different only in values that the page makes.
func (m *matcher) leaf(path, recorded, sent string) {
	if recorded == sent {
		return
	}
	if one, other := unwrap(recorded), unwrap(sent); one != "" && other != "" {
		m.leaf(path, one, other)
		return
	}
	if m.same(recorded, sent) || m.pieces(recorded, sent) || m.renamed(recorded) == sent {
		return
	}
	// The dashes of a nanoid stand anywhere: it is looked at as a whole, unless it holds something that has a name.
	if nanoids(recorded, sent) && !m.holdsNamed(recorded) && m.standFor(recorded, sent) {
		return
	}
	m.differ(path, recorded, sent)
}

// pieces compares the words of two texts, and what stands between them. What it learnt counts only when all are alike.
func (m *matcher) pieces(recorded, sent string) bool {
	before := names{maps.Clone(m.learned.now), maps.Clone(m.learned.then)}
	if m.eachPiece(recorded, sent) {
		return true
	}
	m.learned = before
	return false
}

func (m *matcher) eachPiece(recorded, sent string) bool {
	a, b := piece.FindAllStringIndex(recorded, -1), piece.FindAllStringIndex(sent, -1)
	if len(a) != len(b) || len(a) == 0 {
		return false
	}
	endA, endB := 0, 0
	for i := range a {
		between := recorded[endA:a[i][0]] == sent[endB:b[i][0]]
		if one, other := recorded[a[i][0]:a[i][1]], sent[b[i][0]:b[i][1]]; !between || one != other && !m.same(one, other) {
			return false
		}
		endA, endB = a[i][1], b[i][1]
	}
	return recorded[endA:] == sent[endB:]
}

// renamed is a recorded text with this run's names in it.
func (m *matcher) renamed(text string) string {
	for _, list := range []map[string]string{m.known.now, m.learned.now} {
		for name, now := range list {
			text = strings.ReplaceAll(text, name, now)
		}
	}
	return text
}

// holdsNamed says that a text has a value in it that has a name in this run, or another shape of its own.
func (m *matcher) holdsNamed(text string) bool {
	for _, list := range []map[string]string{m.known.now, m.learned.now} {
		for name := range list {
			if name != text && strings.Contains(text, name) {
				return true
			}
		}
	}
	return uuidShape.MatchString(text) || slices.ContainsFunc(piece.FindAllString(text, -1), uuidShape.MatchString)
}

// unwrap is the text that stands in a value as base64, or "". Bytes drawn at random are hardly ever text.
func unwrap(s string) string {
	if len(s) < 8 || len(s) > maxWrapped || strings.ContainsAny(s, " .") {
		return ""
	}
	raw := strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(s), "=")
	out, err := base64.RawStdEncoding.DecodeString(raw)
	if err != nil || !utf8.Valid(out) {
		return ""
	}
	for _, c := range string(out) {
		if c != '\n' && c != '\t' && c != '\r' && !unicode.IsPrint(c) {
			return ""
		}
	}
	return string(out)
}

// maxWrapped bounds the base64 that is looked into.
const maxWrapped = 1 << 20

// same says whether two values that differ stand for each other.
func (m *matcher) same(recorded, sent string) bool {
	now, named := m.name(recorded)
	if named && now == sent {
		return true
	}
	if m.clock.moments(recorded, sent) {
		if !m.made(recorded) {
			return false
		}
		// Two times that fell together once need not do so again: such a name is taken where it helps.
		if !named && isFine(recorded) && m.standsFor(sent) == "" {
			m.learn(recorded, sent)
		}
		return true
	}
	shortest := shortestWrite
	if m.reading {
		shortest = shortestRead
	}
	return alike(recorded, sent, shortest) && !m.clock.isTime(recorded) && m.standFor(recorded, sent)
}

// standFor lets a made value take a recorded one's place, if nothing else does.
func (m *matcher) standFor(recorded, sent string) bool {
	if !m.made(recorded) {
		return false
	}
	if then := m.standsFor(sent); then != "" && then != recorded {
		return false
	}
	if _, named := m.name(recorded); named {
		// What only keeps an answer from a cache is another one each time; an answer never holds it.
		return m.reading && m.tape.firstAnswered(recorded).id == 0
	}
	m.learn(recorded, sent)
	return true
}

func (m *matcher) learn(recorded, sent string) {
	m.learned.now[recorded], m.learned.then[sent] = sent, recorded
}

// standsFor is the recorded value in whose place one of this run stands, or "".
func (m *matcher) standsFor(sent string) string {
	return cmp.Or(m.learned.then[sent], m.known.then[sent])
}

func (m *matcher) name(recorded string) (string, bool) {
	if now, ok := m.known.now[recorded]; ok {
		return now, true
	}
	now, ok := m.learned.now[recorded]
	return now, ok
}

// made allows for the times of answers being no more exact than a tick.
func (m *matcher) made(recorded string) bool {
	return m.tape.made(recorded, m.id, m.clock.recorded.Add(m.tape.tick))
}

func (m *matcher) differ(path, recorded, sent string) {
	if len(m.diffs) < maxDiffs {
		recorded, sent = around(recorded, sent)
		m.diffs = append(m.diffs, Difference{Path: path, Recorded: cut(recorded), Sent: cut(sent)})
	}
}

// around leaves out of two long texts most of what is the same before they differ.
func around(a, b string) (string, string) {
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	from := same - maxShown/4
	if max(len(a), len(b)) <= maxShown || from <= 0 {
		return a, b
	}
	for from > 0 && !utf8.RuneStart(a[from]) {
		from--
	}
	return "…" + a[from:], "…" + b[from:]
}

func cut(s string) string {
	if len(s) <= maxShown {
		return s
	}
	s = s[:maxShown]
	for len(s) > 0 && !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}

// String is a short form for people.
func (n node) String() string {
	switch n.kind {
	case nothing:
		return ""
	case object:
		return fmt.Sprintf("an object of %d", len(n.members))
	case array:
		if len(n.items) == 1 {
			return n.items[0].String()
		}
		return fmt.Sprintf("a list of %d", len(n.items))
	case binary:
		return fmt.Sprintf("%d bytes", len(n.text))
	default:
		return n.text
	}
}
