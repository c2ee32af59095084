package egress

import (
	"fmt"
	"net/netip"
)

// Reason says why a place is not reached.
type Reason string

// The reasons of a Denied.
const (
	Metadata      Reason = "metadata"       // a cloud's metadata service
	LinkLocal     Reason = "link_local"     // 169.254.0.0/16, fe80::/10
	Multicast     Reason = "multicast"      // 224.0.0.0/4, ff00::/8
	Unspecified   Reason = "unspecified"    // 0.0.0.0/8, ::
	Broadcast     Reason = "broadcast"      // 255.255.255.255
	Loopback      Reason = "loopback"       // 127.0.0.0/8, ::1, unless allowed
	Private       Reason = "private"        // RFC 1918, CGNAT, ULA, unless allowed
	Reserved      Reason = "reserved"       // other special ranges, unless private ones are allowed
	DeniedHost    Reason = "denied_host"    // a name the policy forbids
	DeniedAddress Reason = "denied_address" // an address and port the policy forbids
	Scheme        Reason = "scheme"         // neither http nor https
	BadHost       Reason = "bad_host"       // no host, or not a host at all
)

// Denied is the error for a place that the policy does not let be reached.
type Denied struct {
	Host   string     // as it was asked for
	Addr   netip.Addr // the address that was judged; the zero Addr when the name itself is forbidden
	Reason Reason
}

func (d *Denied) Error() string {
	if d.Addr.IsValid() && d.Addr.String() != d.Host {
		return fmt.Sprintf("egress to %q denied: its address %s is forbidden (%s)", d.Host, d.Addr, d.Reason)
	}
	return fmt.Sprintf("egress to %q denied (%s)", d.Host, d.Reason)
}
