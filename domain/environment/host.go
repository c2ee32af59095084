package environment

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// host is a place that may be reached.
type host struct {
	name string // in lower case
	// below says that the names below it are meant, not itself.
	below bool
	port  string // empty is any
}

var (
	hostName = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$`)
	hostIPv6 = regexp.MustCompile(`^[0-9a-f:.]*:[0-9a-f:.]*$`)
)

// parseHost reads a host as people write it: a name or an address with or without a port, *.NAME for what is below it,
// IPv6 in brackets.
func parseHost(text string) (host, bool) {
	rest, below := strings.CutPrefix(strings.ToLower(text), "*.")
	u, err := url.Parse("//" + rest)
	if err != nil || u.Host != rest || u.User != nil || strings.HasSuffix(rest, ":") {
		return host{}, false
	}
	h := host{name: u.Hostname(), below: below, port: u.Port()}
	ok := hostName.MatchString(h.name) || !below && strings.HasPrefix(rest, "[") && hostIPv6.MatchString(h.name)
	return h, ok && !strings.Contains(h.name, "..")
}

func (h host) holds(name, port string) bool {
	if h.port != "" && h.port != port {
		return false
	}
	return !h.below && name == h.name || h.below && strings.HasSuffix(name, "."+h.name)
}

// Owns reports whether an address is on the base URL's own host and port, as safe as that: headers are for these. One on
// port 443 belongs to a base URL on port 80 too, because sites lead from one to the other.
func (s Settings) Owns(u *url.URL) bool {
	base, err := url.Parse(s.BaseURL)
	if err != nil || !strings.EqualFold(u.Hostname(), base.Hostname()) {
		return false
	}
	port, own := portOf(u), portOf(base)
	return port != "" && port == own && isSafe(u) == isSafe(base) || isSafe(u) && port == "443" && own == "80"
}

// Allows reports whether tests may reach an address: one of its own, or one on an allowed host, whose port counts when it
// is given.
func (s Settings) Allows(u *url.URL) bool {
	name, port := strings.ToLower(u.Hostname()), portOf(u)
	if name == "" || port == "" {
		return false
	}
	return s.Owns(u) || slices.ContainsFunc(s.AllowedHosts, func(text string) bool {
		h, ok := parseHost(text)
		return ok && h.holds(name, port)
	})
}

func isSafe(u *url.URL) bool {
	scheme := strings.ToLower(u.Scheme)
	return scheme == "https" || scheme == "wss"
}

// portOf is the port that an address leads to; empty for what is no address of the web.
func portOf(u *url.URL) string {
	usual := map[string]string{"http": "80", "ws": "80", "https": "443", "wss": "443"}[strings.ToLower(u.Scheme)]
	if usual == "" || u.Port() == "" {
		return usual
	}
	return u.Port()
}
