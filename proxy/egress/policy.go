package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Resolver answers the addresses of a name; *net.Resolver is one. It must be
// safe for concurrent use.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Policy says where connections may go. It is not changed once in use; its
// methods are safe for concurrent use. The zero Policy reaches public addresses.
type Policy struct {
	// AllowLoopback opens 127.0.0.0/8 and ::1. Defaults to false.
	AllowLoopback bool
	// AllowPrivate opens private networks and reserved ranges. Defaults to false.
	AllowPrivate bool
	// AllowHosts opens loopback and private addresses for these hosts alone: a
	// name, "*.name", an address or a prefix. What is never reached stays so.
	// Defaults to none.
	AllowHosts []string
	// DenyHosts is never reached, in the same forms. Defaults to none.
	DenyHosts []string
	// DenyAddrs is never reached: where this server itself listens. An
	// unspecified address (0.0.0.0:8000) closes the port on every address of
	// this machine. Defaults to none.
	DenyAddrs []netip.AddrPort
	// Own is never reached either; addresses may be added to it at any time.
	// Defaults to none.
	Own *Own
	// Resolver answers the addresses of names. Defaults to net.DefaultResolver.
	Resolver Resolver
	// Dial connects to an address that was judged, always a literal one.
	// Defaults to a net.Dialer's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// DialTimeout bounds one address's connection. Defaults to 15 s.
	DialTimeout time.Duration
}

// DialContext connects to host:port: it resolves once, judges each address,
// and dials the allowed ones in turn. The error is a *Denied when none is
// allowed, else that of the resolver or the last dial.
func (p *Policy) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := split(address)
	if err != nil {
		return nil, err
	}
	addrs, err := p.Resolve(ctx, host, port)
	if err != nil {
		return nil, err
	}
	var failed error
	for i, a := range addrs {
		conn, err := p.dial(ctx, network, netip.AddrPortFrom(a, port), i == len(addrs)-1)
		if err == nil {
			return conn, nil
		}
		failed = err
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

// Resolve answers the addresses of a host that may be reached on a port, IPv4
// first. The error is a *Denied when the host or all of its addresses are
// forbidden, else the resolver's.
func (p *Policy) Resolve(ctx context.Context, host string, port uint16) ([]netip.Addr, error) {
	if err := p.CheckHost(host, port); err != nil {
		return nil, err
	}
	addrs, err := p.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	var allowed []netip.Addr
	var refused *Denied
	for _, a := range addrs {
		a = a.Unmap()
		if reason := p.judge(host, a, port); reason != "" {
			refused = &Denied{Host: host, Addr: a, Reason: reason}
			continue
		}
		allowed = append(allowed, a)
	}
	switch {
	case len(allowed) > 0:
		slices.SortStableFunc(allowed, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() })
		return allowed, nil
	case refused != nil:
		return nil, refused
	default:
		return nil, &net.DNSError{Err: "no addresses", Name: host, IsNotFound: true}
	}
}

// CheckHost judges a host by itself, without asking a resolver: a literal
// address, a name that is forbidden or means this machine. It is all that can
// be said where another proxy resolves the name. The error is a *Denied.
func (p *Policy) CheckHost(host string, port uint16) error {
	if a, ok := parseAddr(host); ok {
		if reason := p.judge(host, a, port); reason != "" {
			return &Denied{Host: host, Addr: a.Unmap(), Reason: reason}
		}
		return nil
	}
	name := plain(host)
	switch {
	case name == "", numeric(host):
		return &Denied{Host: host, Reason: BadHost}
	case matches(metadataNames, name, netip.Addr{}):
		return &Denied{Host: host, Reason: Metadata}
	case matches(p.DenyHosts, name, netip.Addr{}):
		return &Denied{Host: host, Reason: DeniedHost}
	case isLocalhost(name) && !p.AllowLoopback && !matches(p.AllowHosts, name, netip.Addr{}):
		return &Denied{Host: host, Reason: Loopback}
	case isLocalhost(name) && slices.ContainsFunc(localhost, func(a netip.Addr) bool { return p.deniedAddr(netip.AddrPortFrom(a, port)) }):
		return &Denied{Host: host, Reason: DeniedAddress}
	}
	return nil
}

// CheckURL judges where a URL leads before anything is opened: http and https
// only (a page is never sent to file:), to a host that CheckHost allows. What
// the name resolves to is judged when the connection is made. The error is a
// *Denied.
func (p *Policy) CheckURL(u *url.URL) error {
	port := map[string]uint16{"http": 80, "ws": 80, "https": 443, "wss": 443}[u.Scheme]
	if port == 0 {
		return &Denied{Host: u.Scheme + ":", Reason: Scheme}
	}
	if s := u.Port(); s != "" {
		n, err := strconv.ParseUint(s, 10, 16)
		if err != nil {
			return &Denied{Host: u.Host, Reason: BadHost}
		}
		port = uint16(n)
	}
	return p.CheckHost(u.Hostname(), port)
}

func (p *Policy) judge(host string, a netip.Addr, port uint16) Reason {
	a = a.WithZone("").Unmap()
	name := plain(host)
	if matches(p.DenyHosts, name, a) {
		return DeniedHost
	}
	if p.deniedAddr(netip.AddrPortFrom(a, port)) {
		return DeniedAddress
	}
	allowed := matches(p.AllowHosts, name, a)
	return judge(a, p.AllowLoopback || allowed, p.AllowPrivate || allowed)
}

// deniedAddr looks through the forms that carry an IPv4 address, as judge does.
func (p *Policy) deniedAddr(at netip.AddrPort) bool {
	if inner, ok := carried(at.Addr()); ok && p.deniedAddr(netip.AddrPortFrom(inner, at.Port())) {
		return true
	}
	covers := func(d netip.AddrPort) bool {
		return d.Port() == at.Port() && (d.Addr().Unmap() == at.Addr() || d.Addr().IsUnspecified() && isHere(at.Addr()))
	}
	return slices.ContainsFunc(p.DenyAddrs, covers) || slices.ContainsFunc(p.Own.list(), covers)
}

// isHere says whether an address is one of this machine's.
func isHere(a netip.Addr) bool {
	if loopback.holds(a) {
		return true
	}
	list, err := net.InterfaceAddrs()
	if err != nil {
		return true // not knowing is no permission
	}
	return slices.ContainsFunc(list, func(i net.Addr) bool {
		ipnet, ok := i.(*net.IPNet)
		return ok && ipnet.IP.Equal(a.AsSlice())
	})
}

func (p *Policy) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, ok := parseAddr(host); ok {
		return []netip.Addr{a}, nil
	}
	if isLocalhost(plain(host)) {
		return slices.Clone(localhost), nil
	}
	var r Resolver = net.DefaultResolver
	if p.Resolver != nil {
		r = p.Resolver
	}
	return r.LookupNetIP(ctx, "ip", host)
}

// impatience bounds the dial of an address while there is another one to try.
const impatience = 3 * time.Second

func (p *Policy) dial(ctx context.Context, network string, at netip.AddrPort, last bool) (net.Conn, error) {
	timeout := p.DialTimeout
	if timeout <= 0 {
		timeout = 15 * time.Second
	}
	if !last {
		timeout = min(timeout, impatience)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if p.Dial != nil {
		return p.Dial(ctx, network, at.String())
	}
	return (&net.Dialer{}).DialContext(ctx, network, at.String())
}

func split(address string) (string, uint16, error) {
	host, s, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, fmt.Errorf("address %q: %w", address, err)
	}
	port, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("address %q: %w", address, errors.Unwrap(err))
	}
	return host, uint16(port), nil
}
