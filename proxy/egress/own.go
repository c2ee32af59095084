package egress

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
)

// Own is a set of addresses where this server itself listens. Unlike the rest of a Policy it grows while the policy is
// in use: a port that the system chose is known only once it is bound. It is safe for concurrent use, and the zero Own
// is empty.
type Own struct {
	mu    sync.RWMutex
	addrs []netip.AddrPort
}

// Add closes the port of each address on every address of this machine. The error names what is no address with a
// port, after the others were added.
func (o *Own) Add(addrs ...string) error {
	var fault error
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, text := range addrs {
		at, err := netip.ParseAddrPort(text)
		if err != nil || at.Port() == 0 {
			fault = fmt.Errorf("egress: %q is no address that something listens on", text)
			continue
		}
		o.addrs = append(o.addrs, netip.AddrPortFrom(netip.IPv4Unspecified(), at.Port()))
	}
	return fault
}

// list answers what was added so far; none for a nil Own.
func (o *Own) list() []netip.AddrPort {
	if o == nil {
		return nil
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	return slices.Clip(o.addrs)
}
