package egress

import (
	"net/netip"
	"strconv"
	"strings"
)

// parseAddr is the address that a host written as a literal stands for: the
// usual forms, an IPv6 address in brackets, and what inet_aton and browsers
// take for IPv4 (one to four parts, each decimal, octal or hexadecimal).
func parseAddr(host string) (netip.Addr, bool) {
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if a, err := netip.ParseAddr(host); err == nil {
		return a, true
	}
	return parseNumbers(strings.TrimSuffix(host, "."))
}

func parseNumbers(host string) (netip.Addr, bool) {
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var sum uint64
	for i, part := range parts {
		n, ok := parseNumber(part)
		last := i == len(parts)-1
		switch {
		case !ok, !last && n > 255, last && n >= 1<<(8*(5-len(parts))):
			return netip.Addr{}, false
		case last:
			sum |= n
		default:
			sum |= n << (8 * (3 - i))
		}
	}
	return netip.AddrFrom4([4]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}), true
}

func parseNumber(s string) (uint64, bool) {
	base := 10
	lower := strings.ToLower(s)
	switch {
	case strings.HasPrefix(lower, "0x"):
		if s, base = s[2:], 16; s == "" {
			return 0, true // browsers read "0x" as 0
		}
	case len(s) > 1 && s[0] == '0':
		s, base = s[1:], 8
	}
	if s == "" || s[0] == '+' || s[0] == '-' || strings.Contains(s, "_") {
		return 0, false
	}
	n, err := strconv.ParseUint(s, base, 33)
	return n, err == nil
}

// numeric says whether a browser would read a host as an IPv4 address or not at
// all: its last label is a number. Such a host is never asked of a resolver.
func numeric(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last == "" {
		return false
	}
	if strings.Trim(last, "0123456789") == "" {
		return true
	}
	_, ok := parseNumber(last)
	return ok
}

// plain is a name as it is compared: lower case, no dot at its end.
func plain(host string) string { return strings.TrimSuffix(strings.ToLower(host), ".") }

// isLocalhost holds for the names that mean this machine (RFC 6761), whatever a resolver says.
func isLocalhost(name string) bool {
	return name == "localhost" || strings.HasSuffix(name, ".localhost") ||
		name == "localhost.localdomain" || name == "ip6-localhost" || name == "ip6-loopback"
}

// localhost is what these names stand for.
var localhost = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}

// metadataNames lead to a cloud's metadata service; where another proxy
// resolves, the name is all there is to judge.
var metadataNames = []string{
	"metadata", "metadata.google.internal", "*.metadata.google.internal", "metadata.goog", "*.metadata.goog",
	"instance-data", "instance-data.ec2.internal", "metadata.azure.internal", "metadata.azure.com",
}

// matches compares a host with patterns: a name, "*.name" for what is below
// it, an address, or a prefix of addresses (10.1.0.0/16).
func matches(patterns []string, name string, addr netip.Addr) bool {
	for _, p := range patterns {
		p = plain(p)
		if prefix, err := netip.ParsePrefix(p); err == nil {
			if addr.IsValid() && prefix.Contains(addr.WithZone("").Unmap()) {
				return true
			}
			continue
		}
		if a, ok := parseAddr(p); ok {
			if addr.IsValid() && a.Unmap() == addr.WithZone("").Unmap() {
				return true
			}
			continue
		}
		if below, ok := strings.CutPrefix(p, "*"); name != "" && (name == p || ok && strings.HasPrefix(below, ".") && strings.HasSuffix(name, below)) {
			return true
		}
	}
	return false
}
