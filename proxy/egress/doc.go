// Package egress decides where a connection may go, at the moment it is made:
// a name is resolved once, every address it has is judged, and what is dialled
// is a judged address, so that nothing can change between the check and the
// connection (DNS rebinding, a redirect, a second look-up).
//
// Some places are never reached, whatever the settings: cloud metadata,
// link-local, multicast, broadcast and the unspecified address. Loopback,
// private and other special ranges are reached when a Policy says so. An
// address that carries another one (IPv4-mapped, NAT64, 6to4, Teredo) is judged
// by both; the number forms of a host (2130706433, 0x7f.1, 0177.0.0.1) are the
// addresses they stand for.
package egress
