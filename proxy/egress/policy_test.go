package egress_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/proxy/egress"
)

var errDialled = errors.New("dialled")

// dialled is where a Policy went; nothing is connected.
type dialled []string

func (d *dialled) dial(_ context.Context, _, address string) (net.Conn, error) {
	*d = append(*d, address)
	return nil, errDialled
}

// names answers from a list, one element for each look-up; the last one stays.
type names struct {
	answers [][]netip.Addr
	asked   atomic.Int64
}

func (n *names) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return n.answers[min(int(n.asked.Add(1)), len(n.answers))-1], nil
}

func resolves(addrs ...string) *names { return new(names).then(addrs...) }

func (n *names) then(addrs ...string) *names {
	var list []netip.Addr
	for _, a := range addrs {
		list = append(list, netip.MustParseAddr(a))
	}
	n.answers = append(n.answers, list)
	return n
}

func reasonOf(t *testing.T, err error) egress.Reason {
	t.Helper()
	var denied *egress.Denied
	require.ErrorAs(t, err, &denied)
	return denied.Reason
}

// places are addresses with the reason for which each policy refuses them: the
// zero one, one with AllowLoopback, one with AllowLoopback and AllowPrivate.
var places = []struct {
	host                string
	zero, loopback, all egress.Reason
}{
	{"93.184.216.34", "", "", ""},
	{"2606:2800:220:1:248:1893:25c8:1946", "", "", ""},
	{"1572395042", "", "", ""}, // 93.184.216.34

	{"127.0.0.1", egress.Loopback, "", ""},
	{"127.255.255.254", egress.Loopback, "", ""},
	{"::1", egress.Loopback, "", ""},
	{"[::1]", egress.Loopback, "", ""},
	{"2130706433", egress.Loopback, "", ""},
	{"017700000001", egress.Loopback, "", ""},
	{"0x7f000001", egress.Loopback, "", ""},
	{"0x7F.1", egress.Loopback, "", ""},
	{"0177.0.0.1", egress.Loopback, "", ""},
	{"0177.0.0.01", egress.Loopback, "", ""},
	{"127.1", egress.Loopback, "", ""},
	{"127.0.1", egress.Loopback, "", ""},
	{"127.0.0.1.", egress.Loopback, "", ""},
	{"::ffff:127.0.0.1", egress.Loopback, "", ""},
	{"::ffff:7f00:1", egress.Loopback, "", ""},
	{"64:ff9b::127.0.0.1", egress.Loopback, "", ""},
	{"localhost", egress.Loopback, "", ""},
	{"LOCALHOST.", egress.Loopback, "", ""},
	{"app.localhost", egress.Loopback, "", ""},

	{"10.0.0.1", egress.Private, egress.Private, ""},
	{"172.16.0.1", egress.Private, egress.Private, ""},
	{"172.31.255.255", egress.Private, egress.Private, ""},
	{"172.32.0.1", "", "", ""},
	{"192.168.1.1", egress.Private, egress.Private, ""},
	{"3232235777", egress.Private, egress.Private, ""}, // 192.168.1.1
	{"100.64.0.1", egress.Private, egress.Private, ""},
	{"fc00::1", egress.Private, egress.Private, ""},
	{"fd12:3456::1", egress.Private, egress.Private, ""},
	{"fec0::1", egress.Private, egress.Private, ""},
	{"::ffff:10.0.0.1", egress.Private, egress.Private, ""},
	{"64:ff9b::10.0.0.1", egress.Private, egress.Private, ""},
	{"64:ff9b:1::10.0.0.1", egress.Private, egress.Private, ""},
	{"2002:a00:1::1", egress.Private, egress.Private, ""},       // 6to4 of 10.0.0.1
	{"2001:0:1::f5ff:fffe", egress.Private, egress.Private, ""}, // Teredo of 10.0.0.1
	{"2002:5db8:d822::1", egress.Reserved, egress.Reserved, ""}, // 6to4 of a public one
	{"::10.0.0.1", egress.Private, egress.Private, ""},          // IPv4-compatible
	{"64:ff9b::93.184.216.34", "", "", ""},                      // NAT64 of a public one
	{"192.0.2.1", egress.Reserved, egress.Reserved, ""},         // documentation
	{"198.18.0.1", egress.Reserved, egress.Reserved, ""},        // benchmarks
	{"240.0.0.1", egress.Reserved, egress.Reserved, ""},         // class E
	{"2001:db8::1", egress.Reserved, egress.Reserved, ""},       // documentation
	{"100::1", egress.Reserved, egress.Reserved, ""},            // discard
	{"4000::1", egress.Reserved, egress.Reserved, ""},           // nobody's
	{"169.254.169.254", egress.Metadata, egress.Metadata, egress.Metadata},
	{"2852039166", egress.Metadata, egress.Metadata, egress.Metadata},
	{"0xa9fea9fe", egress.Metadata, egress.Metadata, egress.Metadata},
	{"0251.0376.0251.0376", egress.Metadata, egress.Metadata, egress.Metadata},
	{"169.16689662", egress.Metadata, egress.Metadata, egress.Metadata},
	{"::ffff:169.254.169.254", egress.Metadata, egress.Metadata, egress.Metadata},
	{"::ffff:a9fe:a9fe", egress.Metadata, egress.Metadata, egress.Metadata},
	{"64:ff9b::a9fe:a9fe", egress.Metadata, egress.Metadata, egress.Metadata},
	{"64:ff9b:1::a9fe:a9fe", egress.Metadata, egress.Metadata, egress.Metadata},
	{"2002:a9fe:a9fe::1", egress.Metadata, egress.Metadata, egress.Metadata},
	{"169.254.170.2", egress.Metadata, egress.Metadata, egress.Metadata},
	{"fd00:ec2::254", egress.Metadata, egress.Metadata, egress.Metadata},
	{"100.100.100.200", egress.Metadata, egress.Metadata, egress.Metadata},
	{"192.0.0.192", egress.Metadata, egress.Metadata, egress.Metadata},
	{"168.63.129.16", egress.Metadata, egress.Metadata, egress.Metadata},
	{"metadata.google.internal", egress.Metadata, egress.Metadata, egress.Metadata},
	{"Metadata.Google.Internal.", egress.Metadata, egress.Metadata, egress.Metadata},
	{"169.254.1.1", egress.LinkLocal, egress.LinkLocal, egress.LinkLocal},
	{"fe80::1", egress.LinkLocal, egress.LinkLocal, egress.LinkLocal},
	{"fe80::1%lo", egress.LinkLocal, egress.LinkLocal, egress.LinkLocal},
	{"224.0.0.1", egress.Multicast, egress.Multicast, egress.Multicast},
	{"239.255.255.250", egress.Multicast, egress.Multicast, egress.Multicast},
	{"ff02::1", egress.Multicast, egress.Multicast, egress.Multicast},
	{"255.255.255.255", egress.Broadcast, egress.Broadcast, egress.Broadcast},
	{"0.0.0.0", egress.Unspecified, egress.Unspecified, egress.Unspecified},
	{"0", egress.Unspecified, egress.Unspecified, egress.Unspecified},
	{"0x0", egress.Unspecified, egress.Unspecified, egress.Unspecified},
	{"0x", egress.Unspecified, egress.Unspecified, egress.Unspecified},
	{"0.1.2.3", egress.Unspecified, egress.Unspecified, egress.Unspecified},
	{"::", egress.Unspecified, egress.Unspecified, egress.Unspecified},
	{"::ffff:0.0.0.0", egress.Unspecified, egress.Unspecified, egress.Unspecified},
	{"", egress.BadHost, egress.BadHost, egress.BadHost},
	{".", egress.BadHost, egress.BadHost, egress.BadHost},
	{"256.1.1.1", egress.BadHost, egress.BadHost, egress.BadHost},
	{"4294967296", egress.BadHost, egress.BadHost, egress.BadHost},
	{"1.2.3.4.5", egress.BadHost, egress.BadHost, egress.BadHost},
	{"08.0.0.1", egress.BadHost, egress.BadHost, egress.BadHost},
}

func TestEveryFormOfAnAddressIsJudged(t *testing.T) {
	t.Parallel()
	for _, p := range places {
		for name, c := range map[string]struct {
			policy egress.Policy
			reason egress.Reason
		}{
			"zero":     {egress.Policy{}, p.zero},
			"loopback": {egress.Policy{AllowLoopback: true}, p.loopback},
			"all":      {egress.Policy{AllowLoopback: true, AllowPrivate: true}, p.all},
		} {
			var went dialled
			c.policy.Dial = went.dial
			c.policy.Resolver = resolves("93.184.216.34")
			_, err := c.policy.DialContext(t.Context(), "tcp", net.JoinHostPort(unbracket(p.host), "80"))
			if c.reason == "" {
				require.ErrorIs(t, err, errDialled, "%s under %s", p.host, name)
				continue
			}
			require.Equal(t, c.reason, reasonOf(t, err), "%s under %s", p.host, name)
			require.Empty(t, went, "%s under %s", p.host, name)
		}
	}
}

func unbracket(host string) string {
	if len(host) > 2 && host[0] == '[' {
		return host[1 : len(host)-1]
	}
	return host
}

func TestNamesAreJudgedByEveryAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		addrs  []string
		reason egress.Reason
		dials  []string
	}{
		"public":                 {[]string{"93.184.216.34"}, "", []string{"93.184.216.34:443"}},
		"private":                {[]string{"10.0.0.1"}, egress.Private, nil},
		"metadata":               {[]string{"169.254.169.254"}, egress.Metadata, nil},
		"mapped loopback":        {[]string{"::ffff:127.0.0.1"}, egress.Loopback, nil},
		"public, then loopback":  {[]string{"93.184.216.34", "127.0.0.1"}, "", []string{"93.184.216.34:443"}},
		"loopback, then public":  {[]string{"::1", "93.184.216.34"}, "", []string{"93.184.216.34:443"}},
		"IPv4 is tried first":    {[]string{"2606:2800::1", "93.184.216.34"}, "", []string{"93.184.216.34:443", "[2606:2800::1]:443"}},
		"mapped public is IPv4":  {[]string{"::ffff:93.184.216.34"}, "", []string{"93.184.216.34:443"}},
		"several, all forbidden": {[]string{"127.0.0.1", "10.0.0.1"}, egress.Private, nil},
	} {
		var went dialled
		p := egress.Policy{Resolver: resolves(c.addrs...), Dial: went.dial}
		_, err := p.DialContext(t.Context(), "tcp", "example.test:443")
		if c.reason != "" {
			require.Equal(t, c.reason, reasonOf(t, err), name)
		} else {
			require.ErrorIs(t, err, errDialled, name)
		}
		require.Equal(t, dialled(c.dials), went, name)
	}
}

// The second answer of a rebinding name is never asked for: what is dialled is
// the address that was judged.
func TestRebindingNameIsResolvedOnce(t *testing.T) {
	t.Parallel()
	var went dialled
	rebinding := resolves("93.184.216.34").then("127.0.0.1")
	p := egress.Policy{Resolver: rebinding, Dial: went.dial}

	_, err := p.DialContext(t.Context(), "tcp", "rebind.test:80")
	require.ErrorIs(t, err, errDialled)
	require.Equal(t, dialled{"93.184.216.34:80"}, went)
	require.EqualValues(t, 1, rebinding.asked.Load())

	_, err = p.DialContext(t.Context(), "tcp", "rebind.test:80")
	require.Equal(t, egress.Loopback, reasonOf(t, err), "the next connection is judged anew")
	require.Equal(t, dialled{"93.184.216.34:80"}, went)
}

func TestOwnPortsAreClosed(t *testing.T) {
	t.Parallel()
	own := []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:8000"), netip.MustParseAddrPort("0.0.0.0:9000")}
	p := egress.Policy{AllowLoopback: true, AllowPrivate: true, DenyAddrs: own, Resolver: resolves("127.0.0.1")}
	for _, address := range []string{
		"127.0.0.1:8000", "localhost:8000", "[::ffff:127.0.0.1]:8000", "[64:ff9b::127.0.0.1]:8000", "2130706433:8000", "name.test:8000",
		"127.0.0.1:9000", "127.8.8.8:9000", "[::1]:9000",
	} {
		var went dialled
		p.Dial = went.dial
		_, err := p.DialContext(t.Context(), "tcp", address)
		require.Equal(t, egress.DeniedAddress, reasonOf(t, err), address)
		require.Empty(t, went)
	}
	_, err := p.DialContext(t.Context(), "tcp", "127.0.0.1:8001")
	require.ErrorIs(t, err, errDialled)
}

// A server that took a free port knows it only when policies are in use already.
func TestOwnPortsAreClosedAsTheyAreKnown(t *testing.T) {
	t.Parallel()
	var own egress.Own
	p := egress.Policy{AllowLoopback: true, Own: &own}
	var went dialled
	p.Dial = went.dial
	_, err := p.DialContext(t.Context(), "tcp", "127.0.0.1:8000")
	require.ErrorIs(t, err, errDialled)
	require.Len(t, went, 1)

	var adding sync.WaitGroup
	for _, address := range []string{"127.0.0.1:8000", "[::]:9000"} {
		adding.Go(func() { require.NoError(t, own.Add(address)) })
	}
	adding.Wait()
	for _, address := range []string{"127.0.0.1:8000", "localhost:8000", "[::1]:8000", "127.0.0.1:9000"} {
		_, err := p.DialContext(t.Context(), "tcp", address)
		require.Equal(t, egress.DeniedAddress, reasonOf(t, err), address)
	}
	require.Len(t, went, 1)
	for _, junk := range []string{"", "127.0.0.1", "localhost:80", "127.0.0.1:0"} {
		require.Error(t, own.Add(junk, "127.0.0.1:7000"), junk)
	}
	_, err = p.DialContext(t.Context(), "tcp", "127.0.0.1:7000")
	require.Equal(t, egress.DeniedAddress, reasonOf(t, err), "what stands after junk counts")
}

func TestHostLists(t *testing.T) {
	t.Parallel()
	p := egress.Policy{
		AllowHosts: []string{"Staging.internal", "*.dev.internal", "10.1.0.0/16", "::1"},
		DenyHosts:  []string{"*.ads.test", "10.1.9.9", "bad.test"},
	}
	for _, c := range []struct {
		host, addr string
		reason     egress.Reason
	}{
		{"staging.internal", "10.0.0.1", ""},
		{"a.dev.internal", "127.0.0.1", ""},
		{"dev.internal", "127.0.0.1", egress.Loopback},
		{"staging.internal", "169.254.169.254", egress.Metadata},
		{"any.test", "10.1.2.3", ""},
		{"any.test", "10.1.9.9", egress.DeniedHost},
		{"any.test", "10.2.0.1", egress.Private},
		{"any.test", "::1", ""},
		{"x.ads.test", "93.184.216.34", egress.DeniedHost},
		{"BAD.test.", "93.184.216.34", egress.DeniedHost},
		{"ads.test", "93.184.216.34", ""},
	} {
		var went dialled
		p.Resolver, p.Dial = resolves(c.addr), went.dial
		_, err := p.DialContext(t.Context(), "tcp", c.host+":80")
		if c.reason == "" {
			require.ErrorIs(t, err, errDialled, "%s at %s", c.host, c.addr)
			continue
		}
		require.Equal(t, c.reason, reasonOf(t, err), "%s at %s", c.host, c.addr)
	}
}

func TestURLsAreJudgedBeforeTheyAreOpened(t *testing.T) {
	t.Parallel()
	p := egress.Policy{}
	for raw, reason := range map[string]egress.Reason{
		"http://example.test/":          "",
		"https://example.test:8443/":    "",
		"wss://example.test/":           "",
		"file:///etc/passwd":            egress.Scheme,
		"ftp://example.test/":           egress.Scheme,
		"javascript:alert(1)":           egress.Scheme,
		"chrome://settings":             egress.Scheme,
		"view-source:http://a.test":     egress.Scheme,
		"http://":                       egress.BadHost,
		"http://example.test:99999/":    egress.BadHost,
		"http://2130706433/":            egress.Loopback,
		"http://0x7f.1:8080/":           egress.Loopback,
		"http://[::ffff:a9fe:a9fe]/":    egress.Metadata,
		"http://user@169.254.169.254/":  egress.Metadata,
		"http://metadata.goog/computeM": egress.Metadata,
	} {
		u, err := url.Parse(raw)
		require.NoError(t, err, raw)
		err = p.CheckURL(u)
		if reason == "" {
			require.NoError(t, err, raw)
			continue
		}
		require.Equal(t, reason, reasonOf(t, err), raw)
	}
}

func TestDeniedSaysWhatWasJudged(t *testing.T) {
	t.Parallel()
	p := egress.Policy{Resolver: resolves("10.0.0.7")}
	_, err := p.DialContext(t.Context(), "tcp", "intranet.test:80")
	require.EqualError(t, err, `egress to "intranet.test" denied: its address 10.0.0.7 is forbidden (private)`)
	require.EqualError(t, p.CheckHost("10.0.0.7", 80), `egress to "10.0.0.7" denied (private)`)
}

func TestUnknownNameIsNoRefusal(t *testing.T) {
	t.Parallel()
	p := egress.Policy{Resolver: resolves()}
	_, err := p.DialContext(t.Context(), "tcp", "nowhere.test:80")
	var dns *net.DNSError
	require.ErrorAs(t, err, &dns)
	require.True(t, dns.IsNotFound)
}

func TestRealConnection(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	p := egress.Policy{AllowLoopback: true}
	_, port, err := net.SplitHostPort(ln.Addr().String())
	require.NoError(t, err)
	conn, err := p.DialContext(t.Context(), "tcp", "some.localhost:"+port)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	p = egress.Policy{}
	_, err = p.DialContext(t.Context(), "tcp", ln.Addr().String())
	require.Equal(t, egress.Loopback, reasonOf(t, err))
}
