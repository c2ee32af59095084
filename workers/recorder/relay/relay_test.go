package relay_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tapedeck/workers/recorder/relay"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// seat answers each message with itself, as a frame when it says so.
type seat struct {
	said   chan []byte
	closed chan struct{}
}

func (s *seat) Next(ctx context.Context) ([]byte, bool, error) {
	select {
	case m := <-s.said:
		if string(m) == "end" {
			return nil, false, io.EOF
		}
		return m, strings.HasPrefix(string(m), "frame"), nil
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
}
func (s *seat) Take(_ context.Context, m []byte) error { s.said <- m; return nil }
func (s *seat) Close()                                 { close(s.closed) }

func serve(t *testing.T) (base, token string, s *seat) {
	t.Helper()
	s, token = &seat{said: make(chan []byte, 10), closed: make(chan struct{})}, relay.NewToken()
	server := httptest.NewServer(relay.Handler(token, func(_ context.Context, id, viewer string) (relay.Seat, error) {
		if id != "live" || viewer != "me" {
			return nil, errors.New("not here")
		}
		return s, nil
	}))
	t.Cleanup(server.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return server.URL, token, s
}

func TestASeatInAnotherProcess(t *testing.T) {
	t.Parallel()
	base, token, here := serve(t)
	there, err := relay.Dial(t.Context(), base, token, "live", "me")
	require.NoError(t, err)
	for _, m := range []string{"hello", "frame" + strings.Repeat("x", 1<<20)} {
		require.NoError(t, there.Take(t.Context(), []byte(m)))
		got, binary, err := there.Next(t.Context())
		require.NoError(t, err)
		require.Equal(t, m, string(got))
		require.Equal(t, strings.HasPrefix(m, "frame"), binary)
	}
	require.NoError(t, there.Take(t.Context(), []byte("end")))
	_, _, err = there.Next(t.Context())
	require.ErrorIs(t, err, io.EOF)
	<-here.closed
	there.Close()
}

func TestAViewerThatLeavesGivesItsSeatUp(t *testing.T) {
	t.Parallel()
	base, token, here := serve(t)
	there, err := relay.Dial(t.Context(), base, token, "live", "me")
	require.NoError(t, err)
	there.Close()
	<-here.closed
}

func TestWhoIsNotLetIn(t *testing.T) {
	t.Parallel()
	base, token, _ := serve(t)
	_, err := relay.Dial(t.Context(), base, token, "other", "me")
	require.ErrorIs(t, err, relay.ErrNoStage)
	_, err = relay.Dial(t.Context(), base, token+"x", "live", "me")
	require.Error(t, err)
	require.NotErrorIs(t, err, relay.ErrNoStage)
	_, _, err = websocket.Dial(t.Context(), base+relay.Path+"live?viewer=me", &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + token}, "Origin": {base}},
	})
	require.Error(t, err, "a page never has the token; if it did, it would still be a page")
}
