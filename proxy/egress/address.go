package egress

import "net/netip"

// never holds what no setting opens. The order matters: metadata services live
// inside link-local, private and even public ranges.
var never = []block{
	{Metadata, prefixes(
		"169.254.169.254/32", "169.254.170.2/32", "169.254.170.23/32", // AWS, GCP, Azure; ECS; EKS
		"fd00:ec2::/32",      // AWS by IPv6: fd00:ec2::254 and its neighbours
		"fd20:ce::254/128",   // GCP by IPv6
		"100.100.100.200/32", // Alibaba
		"192.0.0.192/32",     // Oracle
		"168.63.129.16/32",   // Azure's wire server, a public address
	)},
	{LinkLocal, prefixes("169.254.0.0/16", "fe80::/10")},
	{Broadcast, prefixes("255.255.255.255/32")},
	{Multicast, prefixes("224.0.0.0/4", "ff00::/8")},
	{Unspecified, prefixes("0.0.0.0/8", "::/128")}, // Linux connects 0.0.0.0 to itself
}

var loopback = block{Loopback, prefixes("127.0.0.0/8", "::1/128")}

// private holds what AllowPrivate opens (IANA's special-purpose registries).
var private = []block{
	{Private, prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10")},
	{Reserved, prefixes(
		"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "3fff::/20", "2002::/16",
	)},
}

// global is the part of IPv6 that is given out; what is outside it is nobody's.
var global = netip.MustParsePrefix("2000::/3")

var (
	nat64      = netip.MustParsePrefix("64:ff9b::/96")
	nat64Local = netip.MustParsePrefix("64:ff9b:1::/48")
	sixToFour  = netip.MustParsePrefix("2002::/16")
	teredo     = netip.MustParsePrefix("2001::/32")
	compatible = netip.MustParsePrefix("::/96")
)

type block struct {
	reason   Reason
	prefixes []netip.Prefix
}

func (b block) holds(a netip.Addr) bool {
	for _, p := range b.prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(list))
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// judge says why an address must not be reached, or "" when it may.
func judge(a netip.Addr, allowLoopback, allowPrivate bool) Reason {
	a = a.WithZone("").Unmap()
	for _, b := range never {
		if b.holds(a) {
			return b.reason
		}
	}
	if loopback.holds(a) {
		return unless(allowLoopback, Loopback)
	}
	if inner, ok := carried(a); ok {
		if reason := judge(inner, allowLoopback, allowPrivate); reason != "" {
			return reason
		}
		if nat64.Contains(a) {
			return "" // a network that translates reaches all of IPv4 so
		}
	}
	for _, b := range private {
		if b.holds(a) {
			return unless(allowPrivate, b.reason)
		}
	}
	if a.Is6() && !global.Contains(a) {
		return unless(allowPrivate, Reserved)
	}
	return ""
}

func unless(allowed bool, reason Reason) Reason {
	if allowed {
		return ""
	}
	return reason
}

// carried is the IPv4 address inside an IPv6 address of a transition mechanism:
// whoever translates it on the way connects to that one.
func carried(a netip.Addr) (netip.Addr, bool) {
	if !a.Is6() {
		return netip.Addr{}, false
	}
	b := a.As16()
	switch {
	case nat64.Contains(a), nat64Local.Contains(a), compatible.Contains(a):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case sixToFour.Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	case teredo.Contains(a):
		return netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]}), true
	default:
		return netip.Addr{}, false
	}
}
