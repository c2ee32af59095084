package robots

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// maxDelay bounds what a Crawl-delay line can ask for.
const maxDelay = time.Hour

// Parse reads the rules for a crawler by its product token ("Tapedeck" of
// "Tapedeck/1.0"). Nothing is an error: what is no rule is passed over, and what
// is beyond MaxSize is not read, the line that it cuts included.
func Parse(body []byte, product string) *Rules {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if len(body) > MaxSize {
		body = body[:MaxSize]
		body = body[:bytes.LastIndexAny(body, "\r\n")+1]
	}
	p := parser{product: token(product)}
	for line := range strings.FieldsFuncSeq(string(body), func(r rune) bool { return r == '\n' || r == '\r' }) {
		p.line(line)
	}
	return p.rules()
}

// group collects the rules of all groups that name the crawler, or of all for
// "*": they count as one (RFC 9309 2.2.1).
type group struct {
	named bool
	rules []rule
	delay time.Duration
}

type parser struct {
	product   string
	own, all  group
	sitemaps  []string
	toOwn     bool // the current group is for the crawler
	toAll     bool // the current group is for "*"
	hasMember bool // a rule was seen since the last user-agent line: another one begins a group
}

func (p *parser) rules() *Rules {
	g := p.all
	if p.own.named {
		g = p.own
	}
	return &Rules{rules: g.rules, delay: g.delay, sitemaps: p.sitemaps}
}

func (p *parser) line(line string) {
	line, _, _ = strings.Cut(line, "#")
	key, value, ok := strings.Cut(line, ":")
	if !ok {
		return
	}
	value = strings.TrimSpace(value)
	switch strings.ToLower(strings.TrimSpace(key)) {
	case "user-agent":
		p.agent(value)
	case "allow":
		p.rule(value, true)
	case "disallow":
		p.rule(value, false)
	case "crawl-delay":
		p.delay(value)
	case "sitemap":
		if value != "" {
			p.sitemaps = append(p.sitemaps, value)
		}
	}
}

func (p *parser) agent(value string) {
	if p.hasMember {
		p.toOwn, p.toAll, p.hasMember = false, false, false
	}
	switch {
	case value == "*" || strings.HasPrefix(value, "* "):
		p.toAll = true
	case p.product != "" && token(value) == p.product:
		p.toOwn, p.own.named = true, true
	}
}

// rule ignores an empty pattern: "Disallow:" forbids nothing, and one that
// begins with neither "/" nor "*" can never match.
func (p *parser) rule(value string, allow bool) {
	p.hasMember = true
	if value == "" {
		return
	}
	if value[0] != '/' && value[0] != '*' {
		value = "/" + value // what its author meant; crawlers agree on it
	}
	p.each(func(g *group) { g.rules = append(g.rules, rule{normal(value), allow}) })
}

func (p *parser) delay(value string) {
	p.hasMember = true
	seconds, err := strconv.ParseFloat(value, 64)
	if err != nil || !(seconds > 0) {
		return
	}
	delay := maxDelay
	if seconds < maxDelay.Seconds() {
		delay = time.Duration(seconds * float64(time.Second))
	}
	p.each(func(g *group) { g.delay = max(g.delay, delay) })
}

func (p *parser) each(do func(*group)) {
	if p.toOwn {
		do(&p.own)
	}
	if p.toAll {
		do(&p.all)
	}
}

// token is the product token that a value begins with, in lower case (RFC 9309
// 2.2.1: letters, "_" and "-").
func token(s string) string {
	end := strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '_' && r != '-'
	})
	if end >= 0 {
		s = s[:end]
	}
	return strings.ToLower(s)
}

// normal is the form in which paths and patterns are compared (RFC 9309 2.2.2):
// octets outside US-ASCII and those that are no URI characters percent-encoded,
// encoded unreserved ones decoded, hexadecimal digits in upper case.
func normal(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if decoded, ok := escape(s[i:]); ok {
			i += 2
			if unreserved(decoded) {
				b.WriteByte(decoded)
			} else {
				writeEscape(&b, decoded)
			}
			continue
		}
		if c <= ' ' || c >= 0x7f {
			writeEscape(&b, c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

func escape(s string) (byte, bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[1:3], 16, 8)
	return byte(n), err == nil
}

func writeEscape(b *strings.Builder, c byte) {
	const digits = "0123456789ABCDEF"
	b.WriteByte('%')
	b.WriteByte(digits[c>>4])
	b.WriteByte(digits[c&15])
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}
