package twin

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
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
	tape     *Tape
	known    names
	learned  names
	recorded time.Time // when the recorded one was sent
	sent     time.Time // when this one was, by this machine's clock
	shown    time.Time // and by the clock that the page was shown
	shortest int       // of made words
	diffs    []Difference
}

const (
	shortestRead  = 6
	shortestWrite = 8
	maxDiffs      = 20
	maxShown      = 200
)

// compare answers what differs; nothing when sent is the recorded request. learned are values that the page made.
func (t *Tape) compare(x *exchange, sent request, known names, sentAt, shownAt time.Time) (diffs []Difference, learned names) {
	m := &matcher{
		tape: t, known: known, learned: newNames(), recorded: x.entry.Started, sent: sentAt, shown: shownAt, shortest: shortestWrite,
	}
	if x.kind != write {
		m.shortest = shortestRead
	}
	m.path(x.url.EscapedPath(), sent.url.EscapedPath())
	recordedQuery, sentQuery := form(x.url.RawQuery), form(sent.url.RawQuery)
	m.dropFresh(recordedQuery, sentQuery)
	m.node("query", recordedQuery, sentQuery)
	if !x.request.cut {
		m.node("body", x.request.body, sent.body)
	}
	return m.diffs, m.learned
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
		if len(a) >= 4 && near(a, b, 2) && !plainWord.MatchString(a) && m.made(a) {
			delete(recorded.members, name)
			delete(sent.members, name)
		}
	}
}

// plainWord is lower case letters, or a short number: a value that says something.
var plainWord = regexp.MustCompile(`^([a-z]+|[0-9]{1,6})$`)

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
	return m.shortest == shortestRead && n.kind == array && len(n.items) == 1 && m.isNow(n.items[0].text)
}

func (m *matcher) isNow(s string) bool {
	at, _ := momentOf(s)
	return !at.IsZero() && (at.Sub(m.sent).Abs() < aDay || at.Sub(m.shown).Abs() < aDay)
}

// leaf compares two texts: equal, or different only in values that the page makes.
func (m *matcher) leaf(path, recorded, sent string) {
	if recorded == sent || m.same(recorded, sent) {
		return
	}
	a, b := piece.FindAllStringIndex(recorded, -1), piece.FindAllStringIndex(sent, -1)
	if len(a) != len(b) {
		m.differ(path, recorded, sent)
		return
	}
	endA, endB := 0, 0
	for i := range a {
		between := recorded[endA:a[i][0]] == sent[endB:b[i][0]]
		if one, other := recorded[a[i][0]:a[i][1]], sent[b[i][0]:b[i][1]]; !between || one != other && !m.same(one, other) {
			m.differ(path, recorded, sent)
			return
		}
		endA, endB = a[i][1], b[i][1]
	}
	if recorded[endA:] != sent[endB:] {
		m.differ(path, recorded, sent)
	}
}

// same says whether two values that differ stand for each other.
func (m *matcher) same(recorded, sent string) bool {
	if now, ok := m.name(recorded); ok {
		return now == sent
	}
	if moments(recorded, sent, m.recorded, m.sent, m.shown) {
		return m.made(recorded)
	}
	if !alike(recorded, sent, m.shortest) && !nanoids(recorded, sent) || !m.made(recorded) {
		return false
	}
	if then, ok := m.known.then[sent]; ok && then != recorded {
		return false // it stands for another one
	}
	if then, ok := m.learned.then[sent]; ok && then != recorded {
		return false
	}
	m.learned.now[recorded], m.learned.then[sent] = sent, recorded
	return true
}

func (m *matcher) name(recorded string) (string, bool) {
	if now, ok := m.known.now[recorded]; ok {
		return now, true
	}
	now, ok := m.learned.now[recorded]
	return now, ok
}

// made says that the recording saw a value first in a request: neither did an answer hold it before, nor did somebody
// type it.
func (m *matcher) made(recorded string) bool {
	if strings.Contains(m.tape.typed, strings.ToLower(recorded)) {
		return false
	}
	at, answered := m.tape.firstAnswered(recorded)
	return !answered || at.After(m.recorded)
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
