package handlers_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/eventstore/memory"
	"tapedeck/handlers"
)

// troubled is a store whose appends fail while trouble is set.
type troubled struct {
	*memory.Store
	trouble atomic.Pointer[error]
}

func (s *troubled) Append(ctx context.Context, a eventstore.Append) (eventstore.Appended, error) {
	if err := s.trouble.Load(); err != nil {
		return eventstore.Appended{}, *err
	}
	return s.Store.Append(ctx, a)
}

func TestStoreInTrouble(t *testing.T) {
	t.Parallel()
	var store *troubled
	b := setup(t, func(c *handlers.Config) {
		store = &troubled{Store: c.Jobs.Store().(*memory.Store)}
		c.Jobs = jobs.New(store, jobs.Config{Patience: time.Millisecond})
	})
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{eventstore.ErrFull, 503, "unavailable"},
		{eventstore.ErrUnavailable, 503, "unavailable"},
		{eventstore.ErrEpoch, 503, "unavailable"},
		{eventstore.ErrClosed, 503, "unavailable"},
		{errors.New("dial tcp 10.1.2.3:6379: password=hunter2"), 500, "internal"},
	} {
		store.trouble.Store(&c.err)
		a := b.do("POST", "/api/jobs", `{"kind":"any.thing"}`).is(c.status)
		p := a.problem(c.code)
		require.NotContains(t, p.Detail, "hunter2", "internals stay inside")
		if c.status == 503 {
			require.NotEmpty(t, a.header.Get("Retry-After"))
		}
	}
	store.trouble.Store(nil)
	require.Zero(t, b.size())
	b.submit(`{"kind":"any.thing"}`)
}

func TestOversizeBodyWithoutALength(t *testing.T) {
	t.Parallel()
	b := setup(t)
	body := io.MultiReader(strings.NewReader(`{"kind":"any.thing","input":"`), bytes.NewReader(make([]byte, 300<<10)))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.base+"/api/jobs", body)
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	require.Zero(t, req.ContentLength, "it is sent in chunks")
	res, err := b.client.Do(req)
	require.NoError(t, err, "the answer is not lost although not everything was read")
	defer func() { _ = res.Body.Close() }()
	require.Equal(t, http.StatusRequestEntityTooLarge, res.StatusCode)
	require.Zero(t, b.size())
}

func TestHeadOfAStreamDoesNotStream(t *testing.T) {
	t.Parallel()
	b := setup(t)
	res := b.do("HEAD", "/api/events?follow=true", "", "Accept", "text/event-stream").is(200)
	require.Empty(t, res.body)
	require.Equal(t, "text/event-stream", res.header.Get("Content-Type"))
}

// rawSocket is a client that has shaken hands and subscribed to everything, and does nothing else by itself.
func (b *bundle) rawSocket(from string) *net.TCPConn {
	b.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(b.base, "http://"))
	require.NoError(b.t, err)
	b.t.Cleanup(func() { _ = conn.Close() })
	tcp := conn.(*net.TCPConn)
	require.NoError(b.t, tcp.SetReadBuffer(4096))
	subscribe := `{"op":"subscribe","from":"` + from + `"}`
	frame := append([]byte{0x81, 0x80 | byte(len(subscribe)), 0, 0, 0, 0}, subscribe...)
	_, err = tcp.Write(append([]byte("GET /api/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"), frame...))
	require.NoError(b.t, err)
	return tcp
}

func TestASilentSocketIsGivenUp(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *handlers.Config) { c.Heartbeat = 50 * time.Millisecond })
	conn := b.rawSocket("now")
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
	_, err := io.Copy(io.Discard, conn) // it never answers a ping
	require.NoError(t, err, "the server hangs up")
}

// TestAFastJobBesideAStalledClient: a client that reads nothing holds nobody up, costs a bounded queue, and gets
// every event once it reads again.
func TestAFastJobBesideAStalledClient(t *testing.T) {
	t.Parallel()
	b := setup(t)
	stalled, watching := b.subscriber(), b.subscriber() // a client reads only when it is told to

	const batches, lines = 400, 50 // some 20 MB: more than any socket's buffers hold
	go func() {
		j := b.submit(`{"kind":"any.thing"}`)
		_, out := b.begin(j.JobID)
		text := strings.Repeat("x", 1000)
		for range batches {
			batch := job.Logged{}
			for range lines {
				batch.Lines = append(batch.Lines, job.Line{Time: time.Now(), Level: "info", Text: text})
			}
			if out.Append(context.Background(), time.Now(), batch) != nil {
				return
			}
		}
	}()
	const want = 2 + batches // submitted, started, and the output
	seen := readEvents(t, watching, want)
	require.Contains(t, string(b.do("GET", "/metrics", "").body), `tapedeck_live_subscriptions{state="catching_up"} 1`)
	require.Equal(t, seen, readEvents(t, stalled, want))
}

// subscriber is a client of everything from the beginning on.
func (b *bundle) subscriber() *websocket.Conn {
	b.t.Helper()
	conn, _, err := websocket.Dial(b.t.Context(), "ws"+strings.TrimPrefix(b.base, "http")+"/api/ws", nil)
	require.NoError(b.t, err)
	b.t.Cleanup(func() { _ = conn.CloseNow() })
	conn.SetReadLimit(-1)
	require.NoError(b.t, conn.Write(b.t.Context(), websocket.MessageText, []byte(`{"op":"subscribe","from":"beginning"}`)))
	return conn
}

// readEvents returns the ids of the next n events; one more in the last message would be one too many.
func readEvents(t *testing.T, conn *websocket.Conn, n int) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var ids []string
	for len(ids) < n {
		_, raw, err := conn.Read(ctx)
		require.NoError(t, err, "%d events", len(ids))
		var m struct {
			Events []struct {
				ID string `json:"id"`
			} `json:"events"`
		}
		require.NoError(t, json.Unmarshal(raw, &m))
		for _, e := range m.Events {
			ids = append(ids, e.ID)
		}
	}
	require.Len(t, ids, n)
	return ids
}
