package handlers

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A server that was told to listen on a name answers to it, and to no other.
func TestGuardKnowsTheNameItListensOn(t *testing.T) {
	t.Parallel()
	g := newGuard(ownHosts("deck.lan:8000"), nil)
	for host, want := range map[string]bool{
		"deck.lan": true, "deck.lan:8000": true, "DECK.lan.:8000": true, "localhost:8000": true, "127.0.0.1": true,
		"[::1]:8000": true, "other.lan": false, "x.deck.lan": false, "deck.lan:x": false, "": false,
	} {
		require.Equal(t, want, g.allowsHost(host), host)
	}
	require.Empty(t, ownHosts(":8000"))
	require.Empty(t, ownHosts("junk"))
}
