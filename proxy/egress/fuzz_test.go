package egress_test

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/proxy/egress"
)

// Whatever a host looks like, an open policy dials nothing that is never
// reached, and a closed one only what is global, as the standard library sees it.
func FuzzHosts(f *testing.F) {
	for _, p := range places {
		f.Add(p.host, uint16(80))
	}
	f.Fuzz(func(t *testing.T, host string, port uint16) {
		for _, open := range []bool{false, true} {
			p := egress.Policy{AllowLoopback: open, AllowPrivate: open, Resolver: resolves("169.254.169.254")}
			p.Dial = func(_ context.Context, _, address string) (net.Conn, error) {
				at, err := netip.ParseAddrPort(address)
				require.NoError(t, err, "%q dialled as %q, which is no address", host, address)
				a := at.Addr()
				require.Equal(t, port, at.Port())
				require.False(t, a.Is4In6() || a.IsUnspecified() || a.IsMulticast() || a.IsLinkLocalUnicast(), "%q dialled %s", host, a)
				require.NotEqual(t, netip.MustParseAddr("169.254.169.254"), a)
				if !open {
					require.False(t, a.IsLoopback() || a.IsPrivate(), "%q dialled %s", host, a)
					require.True(t, a.IsGlobalUnicast(), "%q dialled %s", host, a)
				}
				return nil, errDialled
			}
			_, _ = p.DialContext(t.Context(), "tcp", net.JoinHostPort(host, portText(port)))
		}
	})
}

func portText(port uint16) string {
	_, text, _ := net.SplitHostPort(netip.AddrPortFrom(netip.IPv4Unspecified(), port).String())
	return text
}
