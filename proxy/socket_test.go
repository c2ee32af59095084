package proxy_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"tapedeck/proxy"
)

// echo answers each message in its own kind until it is closed, compressing where it may.
func echo(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		CompressionMode: websocket.CompressionContextTakeover, CompressionThreshold: 1, Subprotocols: []string{"tape"},
	})
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }()
	c.SetReadLimit(-1)
	for {
		kind, data, err := c.Read(r.Context())
		if err != nil {
			return
		}
		if err := c.Write(r.Context(), kind, append([]byte("echo "), data...)); err != nil {
			return
		}
	}
}

func (b *bundle) socket(t *testing.T, url string) *websocket.Conn {
	t.Helper()
	c, resp, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{
		HTTPClient: b.client, CompressionMode: websocket.CompressionContextTakeover, CompressionThreshold: 1, Subprotocols: []string{"tape"},
	})
	require.NoError(t, err)
	require.Equal(t, "tape", resp.Header.Get("Sec-WebSocket-Protocol"))
	require.Empty(t, resp.Header.Get("Sec-WebSocket-Extensions"))
	c.SetReadLimit(-1)
	t.Cleanup(func() { _ = c.CloseNow() })
	return c
}

func dialSocket(t *testing.T, b *bundle, url string) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	return websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPClient: b.client})
}

func TestSocketMessagesAreKept(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		t.Run(map[bool]string{false: "ws", true: "wss"}[secure], func(t *testing.T) {
			t.Parallel()
			cfg := proxy.SessionConfig{Limits: proxy.Limits{MaxMessage: 1000}}
			url := ""
			if secure {
				origin, pool := serveTLS(t, true, echo)
				url, cfg.RootCAs = origin.URL, pool
			} else {
				url = serve(t, echo).URL
			}
			b := setup(t, cfg)
			c := b.socket(t, strings.Replace(url, "http", "ws", 1)+"/chat")

			long := bytes.Repeat([]byte("0123456789"), 10_000)
			for _, m := range []struct {
				kind websocket.MessageType
				data []byte
			}{{websocket.MessageText, []byte("hällo")}, {websocket.MessageBinary, []byte{0, 1, 2, 255}}, {websocket.MessageText, long}} {
				require.NoError(t, c.Write(t.Context(), m.kind, m.data))
				kind, data, err := c.Read(t.Context())
				require.NoError(t, err)
				require.Equal(t, m.kind, kind)
				require.Equal(t, "echo "+string(m.data), string(data))
			}
			open := b.session.Entries()[0]
			require.False(t, open.Done, "messages can be seen while the socket is open")
			require.Len(t, open.Messages, 6)
			require.NoError(t, c.Close(websocket.StatusNormalClosure, "bye"))

			e := b.entries(t, 1)[0]
			require.Nil(t, e.Error)
			require.Equal(t, strings.Replace(url, "http", "ws", 1)+"/chat", e.Request.URL)
			require.True(t, e.WebSocket())
			require.Equal(t, "websocket", e.Dest())
			require.Equal(t, http.StatusSwitchingProtocols, e.Response.Status)
			require.Len(t, e.Messages, 8)
			for i, want := range []struct {
				sent   bool
				opcode int
				data   string
				size   int
			}{
				{true, 1, "hällo", 6}, {false, 1, "echo hällo", 11},
				{true, 2, "\x00\x01\x02\xff", 4}, {false, 2, "echo \x00\x01\x02\xff", 9},
				{true, 1, string(long[:1000]), len(long)}, {false, 1, "echo " + string(long[:995]), len(long) + 5},
				{true, 8, "\x03\xe8bye", 5}, {false, 8, "\x03\xe8bye", 5},
			} {
				m := e.Messages[i]
				require.Equal(t, want.sent, m.Sent, i)
				require.Equal(t, want.opcode, m.Opcode, i)
				require.Equal(t, want.data, string(m.Data), i)
				require.EqualValues(t, want.size, m.Size, i)
				require.False(t, m.Compressed, i)
				require.False(t, m.Time.Before(e.Started), i)
			}
		})
	}
}

func TestSocketPingsPass(t *testing.T) {
	t.Parallel()
	b := setup(t, proxy.SessionConfig{})
	c := b.socket(t, strings.Replace(serve(t, echo).URL, "http", "ws", 1))
	ctx := c.CloseRead(t.Context())
	require.NoError(t, c.Ping(ctx))
	list := b.session.Entries()[0].Messages
	require.Len(t, list, 2)
	require.Equal(t, []int{9, 10}, []int{list[0].Opcode, list[1].Opcode})
}

func TestSocketThatIsRefusedIsAnOrdinaryAnswer(t *testing.T) {
	t.Parallel()
	origin := serve(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "not here", http.StatusTeapot) })
	b := setup(t, proxy.SessionConfig{})
	_, resp, err := dialSocket(t, b, strings.Replace(origin.URL, "http", "ws", 1))
	require.Error(t, err)
	require.Equal(t, http.StatusTeapot, resp.StatusCode)
	e := b.entries(t, 1)[0]
	require.Equal(t, http.StatusTeapot, e.Response.Status)
	require.Equal(t, "not here\n", body(t, e.Response.Body))
}

func TestSocketEndsWithEitherSide(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	origin := serve(t, func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		if r.URL.Path == "/origin" {
			_ = c.CloseNow()
			return
		}
		_, _, _ = c.Read(context.Background())
		close(gone)
	})
	b := setup(t, proxy.SessionConfig{})
	for _, who := range []string{"/origin", "/browser"} {
		c, _, err := dialSocket(t, b, strings.Replace(origin.URL, "http", "ws", 1)+who)
		require.NoError(t, err)
		if who == "/browser" {
			require.NoError(t, c.CloseNow())
			<-gone
			continue
		}
		_, _, err = c.Read(t.Context())
		require.Error(t, err)
		_ = c.CloseNow()
	}
	for _, e := range b.entries(t, 2) {
		require.NotNil(t, e.Error, "an end without a close message is said")
	}
}

// An origin of another kind, such as one that plays a recording back, answers a
// WebSocket with a body to read frames from and write them to.
func TestSocketOfAnotherOrigin(t *testing.T) {
	t.Parallel()
	b := setup(t, proxy.SessionConfig{Origin: roundTrip(func(r *http.Request) (*http.Response, error) {
		require.Equal(t, "https://replayed.test/socket", r.URL.String())
		ours, theirs := net.Pipe()
		go func() {
			_, _ = ours.Write([]byte("\x81\x08recorded\x88\x02\x03\xe8"))
			_, _ = io.Copy(io.Discard, ours)
		}()
		key := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		return &http.Response{
			Status: "101 Switching Protocols", StatusCode: http.StatusSwitchingProtocols, Proto: "HTTP/1.1",
			Header: http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Accept": {base64.StdEncoding.EncodeToString(key[:])}},
			Body:   theirs,
		}, nil
	})})
	c, _, err := dialSocket(t, b, "wss://replayed.test/socket")
	require.NoError(t, err)
	_, data, err := c.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, "recorded", string(data))
	_, _, err = c.Read(t.Context())
	require.Equal(t, websocket.StatusNormalClosure, websocket.CloseStatus(err))
	_ = c.CloseNow()
	e := b.entries(t, 1)[0]
	require.Nil(t, e.Error)
	require.Len(t, e.Messages, 3, "the browser's close message too")
}
