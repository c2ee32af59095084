package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"tapedeck/handlers"
)

const doorToken = "a-token-of-enough-length"

func TestAServerWithATokenAsksForIt(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *handlers.Config) { c.Token = doorToken })
	for _, path := range []string{"/api/jobs", "/api/events", "/api/openapi.yaml", "/metrics", "/readyz", "/api/recordings", "/api/nothing", "/api"} {
		a := b.do("GET", path, "").is(401)
		a.problem("unauthorized")
		require.Contains(t, a.header.Get("WWW-Authenticate"), "Bearer")
	}
	b.do("POST", "/api/jobs", `{"kind":"any.thing"}`).is(401)
	b.do("GET", "/api/jobs", "", "Authorization", "Bearer wrong").is(401)
	b.do("GET", "/api/jobs", "", "Cookie", "tapedeck_token="+doorToken).is(401).problem("unauthorized")
	require.Zero(t, b.size())

	b.do("GET", "/healthz", "").is(200)
	b.do("GET", "/jobs", "").is(200)
	b.do("GET", "/api/jobs", "", "Authorization", "Bearer "+doorToken).is(200)

	b.do("POST", "/api/login", `{"token":"wrong"}`).is(401).problem("unauthorized")
	b.do("POST", "/api/login", `{"token":7}`).is(400)
	cookie := b.do("POST", "/api/login", `{"token":"`+doorToken+`"}`).is(204).header.Get("Set-Cookie")
	require.NotContains(t, cookie, doorToken)
	for _, want := range []string{"HttpOnly", "SameSite=Strict", "path=/"} {
		require.Contains(t, cookie, want)
	}
	pair, _, _ := strings.Cut(cookie, ";")
	b.do("GET", "/api/jobs", "", "Cookie", pair).is(200)
	b.do("POST", "/api/jobs", `{"kind":"any.thing"}`, "Cookie", pair, "Origin", "https://evil.test").is(403)

	url := "ws" + strings.TrimPrefix(b.base, "http") + "/api/ws"
	_, _, err := websocket.Dial(t.Context(), url, nil)
	require.Error(t, err, "sockets ask too")
	ws, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPHeader: http.Header{"Cookie": {pair}}})
	require.NoError(t, err)
	require.NoError(t, ws.CloseNow())

	out := b.do("POST", "/api/logout", "", "Cookie", pair).is(204).header.Get("Set-Cookie")
	require.Contains(t, out, "1970")
}

func TestAServerWithoutATokenLetsEverybodyIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.do("GET", "/api/jobs", "").is(200)
	b.do("POST", "/api/login", `{"token":"whatever"}`).is(204)
	b.do("GET", "/api/jobs", "", "Authorization", "Bearer whatever").is(200)
}
