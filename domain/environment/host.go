package environment

import (
	"net/url"
	"regexp"
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

// Allows reports whether tests may reach an address: one on the base URL's host and port (80 and 443 count as one), or
// on an allowed host, whose port counts when it is given.
func (s Settings) Allows(u *url.URL) bool {
	name, port := strings.ToLower(u.Hostname()), portOf(u)
	if name == "" || port == "" {
		return false
	}
	if base, err := url.Parse(s.BaseURL); err == nil && name == strings.ToLower(base.Hostname()) {
		own := portOf(base)
		if port == own || usual(port) && usual(own) {
			return true
		}
	}
	for _, text := range s.AllowedHosts {
		if h, ok := parseHost(text); ok && h.holds(name, port) {
			return true
		}
	}
	return false
}

func usual(port string) bool { return port == "80" || port == "443" }

// portOf is the port that an address leads to; empty for what is no address of the web.
func portOf(u *url.URL) string {
	usual := map[string]string{"http": "80", "ws": "80", "https": "443", "wss": "443"}[strings.ToLower(u.Scheme)]
	if usual == "" || u.Port() == "" {
		return usual
	}
	return u.Port()
}
