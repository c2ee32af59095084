package wire_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tapedeck/handlers/wire"
)

// fasthttp's pool cleaner sleeps for ten seconds before it sees that its pool stopped; its clock never stops.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

type bundle struct {
	addr string
	set  *wire.Set
	app  *fiber.App
}

// setup serves one handler on a free port, detached connections included.
func setup(t *testing.T, handle func(set *wire.Set) fiber.Handler) *bundle {
	t.Helper()
	b := &bundle{
		set: wire.NewSet(slog.New(slog.NewTextHandler(io.Discard, nil))),
		app: fiber.New(fiber.Config{DisableStartupMessage: true, ReadTimeout: 5 * time.Second}),
	}
	b.app.Server().KeepHijackedConns = true
	b.app.Use(func(c *fiber.Ctx) error {
		c.Set("X-Request-Id", "r1")
		return c.Next()
	})
	b.app.Get("/live", handle(b.set))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	b.addr = ln.Addr().String()
	served := make(chan error, 1)
	go func() { served <- b.app.Listener(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		b.set.Shutdown(ctx)
		require.NoError(t, b.app.ShutdownWithContext(ctx))
		require.NoError(t, <-served)
		http.DefaultClient.CloseIdleConnections()
	})
	return b
}

func (b *bundle) dial(t *testing.T) *websocket.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	conn, res, err := websocket.Dial(ctx, "ws://"+b.addr+"/live", nil)
	require.NoError(t, err)
	require.Equal(t, "r1", res.Header.Get("X-Request-Id"), "the answer is a fiber response that middleware saw")
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

func echo(_ context.Context, s *wire.Socket) {
	for {
		msg, err := s.Read()
		if err != nil || s.Write([][]byte{wire.Frame(msg), wire.Frame(msg)}) != nil {
			return
		}
	}
}

func upgrade(run func(context.Context, *wire.Socket)) func(*wire.Set) fiber.Handler {
	return func(set *wire.Set) fiber.Handler {
		return func(c *fiber.Ctx) error { return set.Upgrade(c, run) }
	}
}

func TestUpgradeEchoesEveryFrameSize(t *testing.T) {
	t.Parallel()
	b := setup(t, upgrade(echo))
	conn := b.dial(t)
	for _, n := range []int{0, 1, 125, 126, 4096, 60_000} {
		want := strings.Repeat("x", n)
		require.NoError(t, conn.Write(t.Context(), websocket.MessageText, []byte(want)))
		for range 2 {
			_, got, err := conn.Read(t.Context())
			require.NoError(t, err)
			require.Equal(t, want, string(got))
		}
	}
}

func TestLargeFrame(t *testing.T) {
	t.Parallel()
	want := strings.Repeat("y", 70_000)
	b := setup(t, upgrade(func(_ context.Context, s *wire.Socket) {
		_ = s.Write([][]byte{wire.Frame([]byte(want))})
		_, _ = s.Read()
	}))
	conn := b.dial(t)
	_, got, err := conn.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, string(got))
}

// TestUpgradeKeepsEarlyBytes holds the joint in place: bytes that the client sends together with its handshake, before it has the
// answer, must reach the socket although fasthttp had already read them.
func TestUpgradeKeepsEarlyBytes(t *testing.T) {
	t.Parallel()
	b := setup(t, upgrade(echo))
	conn, err := net.Dial("tcp", b.addr)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	masked := []byte{0x81, 0x82, 0, 0, 0, 0, 'h', 'i'}
	_, err = conn.Write(append([]byte("GET /live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"), masked...))
	require.NoError(t, err)
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, res.StatusCode)
	frame := make([]byte, 4)
	_, err = io.ReadFull(r, frame)
	require.NoError(t, err)
	require.Equal(t, []byte{0x81, 2, 'h', 'i'}, frame)
}

func TestPlainRequestIsToldToUpgrade(t *testing.T) {
	t.Parallel()
	b := setup(t, upgrade(echo))
	res, err := http.Get("http://" + b.addr + "/live")
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	require.Equal(t, http.StatusUpgradeRequired, res.StatusCode)
	require.Equal(t, "websocket", res.Header.Get("Upgrade"))
	require.Zero(t, b.set.Len())
}

func TestPanicClosesOneSocketOnly(t *testing.T) {
	t.Parallel()
	b := setup(t, upgrade(func(_ context.Context, s *wire.Socket) {
		msg, _ := s.Read()
		if string(msg) == "boom" {
			panic("boom")
		}
		_ = s.Write([][]byte{wire.Frame(msg)})
		_, _ = s.Read()
	}))
	bad, good := b.dial(t), b.dial(t)
	require.NoError(t, bad.Write(t.Context(), websocket.MessageText, []byte("boom")))
	_, _, err := bad.Read(t.Context())
	require.Equal(t, websocket.StatusInternalError, websocket.CloseStatus(err))
	require.NoError(t, good.Write(t.Context(), websocket.MessageText, []byte("fine")))
	_, got, err := good.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, "fine", string(got))
}

func TestShutdownClosesSocketsAsGoingAway(t *testing.T) {
	t.Parallel()
	b := setup(t, upgrade(echo))
	conns := make([]*websocket.Conn, 20)
	for i := range conns {
		conns[i] = b.dial(t)
	}
	// The client has its answer a moment before the server's side has joined the set.
	require.Eventually(t, func() bool { return b.set.Len() == len(conns) }, 10*time.Second, time.Millisecond)
	codes := make(chan websocket.StatusCode, len(conns))
	for _, c := range conns {
		go func() {
			_, _, err := c.Read(context.Background())
			codes <- websocket.CloseStatus(err)
		}()
	}
	b.set.Shutdown(t.Context())
	for range conns {
		require.Equal(t, websocket.StatusGoingAway, <-codes)
	}
	require.Zero(t, b.set.Len())
}

func TestShutdownCutsASocketThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t, upgrade(echo))
	_ = b.dial(t) // never reads, so it never agrees to close
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	b.set.Shutdown(ctx)
	require.Zero(t, b.set.Len())
}

func stream(run func(context.Context, *wire.Stream)) func(*wire.Set) fiber.Handler {
	return func(set *wire.Set) fiber.Handler {
		return func(c *fiber.Ctx) error { return set.Stream(c, "application/x-ndjson", run) }
	}
}

func TestStreamIsChunkedAndEnds(t *testing.T) {
	t.Parallel()
	b := setup(t, stream(func(_ context.Context, s *wire.Stream) {
		_ = s.Write([][]byte{[]byte("one\n"), []byte("two\n")})
		_ = s.Write([][]byte{[]byte(strings.Repeat("z", 10_000))})
		s.End()
	}))
	res, err := http.Get("http://" + b.addr + "/live")
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, "one\ntwo\n"+strings.Repeat("z", 10_000), string(body))
	require.Equal(t, "r1", res.Header.Get("X-Request-Id"))
	require.Equal(t, "application/x-ndjson", res.Header.Get("Content-Type"))
	require.Equal(t, []string{"chunked"}, res.TransferEncoding)
}

func TestStreamThatIsCutIsNotComplete(t *testing.T) {
	t.Parallel()
	b := setup(t, stream(func(_ context.Context, s *wire.Stream) { _ = s.Write([][]byte{[]byte("one\n")}) }))
	res, err := http.Get("http://" + b.addr + "/live")
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	_, err = io.ReadAll(res.Body)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestStreamNoticesAtOnceThatTheClientLeft(t *testing.T) {
	t.Parallel()
	left := make(chan struct{})
	b := setup(t, stream(func(ctx context.Context, s *wire.Stream) {
		_ = s.Write([][]byte{[]byte("one\n")})
		<-ctx.Done()
		close(left)
	}))
	res, err := http.Get("http://" + b.addr + "/live")
	require.NoError(t, err)
	_, err = bufio.NewReader(res.Body).ReadString('\n')
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	select {
	case <-left:
	case <-time.After(5 * time.Second):
		require.Fail(t, "the stream outlived its client")
	}
}
