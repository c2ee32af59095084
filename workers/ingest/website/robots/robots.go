// Package robots reads robots.txt as RFC 9309 says, with the crawl-delay and
// sitemap lines that are not part of it.
package robots

import (
	"slices"
	"strings"
	"time"
)

// MaxSize is how much of a file is read, in bytes: the RFC asks for at least 500 KiB (2.5).
const MaxSize = 512 << 10

// Rules are what a robots.txt says to one crawler. The zero Rules allow everything.
// Rules are not changed once made and safe for concurrent use.
type Rules struct {
	rules     []rule
	delay     time.Duration
	sitemaps  []string
	forbidden bool
}

// AllowAll is what a file that does not exist says (RFC 9309 2.3.1.3).
func AllowAll() *Rules { return &Rules{} }

// DisallowAll is what an unreachable file says (RFC 9309 2.3.1.4).
func DisallowAll() *Rules { return &Rules{forbidden: true} }

// Delay is the time a crawler is asked to leave between two requests, zero if
// it is not asked. It is never over an hour.
func (r *Rules) Delay() time.Duration { return r.delay }

// Sitemaps are the addresses of sitemap lines, in the file's order, unchecked.
func (r *Rules) Sitemaps() []string { return slices.Clone(r.sitemaps) }

// Allows says whether a path with its query may be fetched. The rule with the
// longest pattern decides, an allow rule against a disallow rule of the same
// length, and /robots.txt is always allowed (RFC 9309 2.2.2).
func (r *Rules) Allows(pathAndQuery string) bool {
	path := normal(pathAndQuery)
	if path == "" || path[0] != '/' {
		path = "/" + path
	}
	if path == "/robots.txt" {
		return true
	}
	if r.forbidden {
		return false
	}
	allowed, longest := true, -1
	for _, rule := range r.rules {
		if n := len(rule.pattern); n < longest || n == longest && !rule.allow || !matches(rule.pattern, path) {
			continue
		}
		allowed, longest = rule.allow, len(rule.pattern)
	}
	return allowed
}

type rule struct {
	pattern string // normal form, "*" and a last "$" are special
	allow   bool
}

// matches compares a path with a pattern from its beginning: "*" stands for any
// characters, "$" at the end for the path's end. It takes len(pattern) × len(path)
// steps at most.
func matches(pattern, path string) bool {
	pattern, anchored := strings.CutSuffix(pattern, "$")
	parts := strings.Split(pattern, "*")
	if !strings.HasPrefix(path, parts[0]) {
		return false
	}
	rest := path[len(parts[0]):]
	for i, part := range parts[1:] {
		if anchored && i == len(parts)-2 {
			return strings.HasSuffix(rest, part)
		}
		at := strings.Index(rest, part)
		if at < 0 {
			return false
		}
		rest = rest[at+len(part):]
	}
	return !anchored || rest == ""
}
