package twin_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"tapedeck/proxy"
	"tapedeck/proxy/twin"
)

// chat is a site whose sockets echo, greet when they are opened, and tell of what is posted.
type chat struct {
	mu    sync.Mutex
	conns map[*websocket.Conn]bool
}

func newChat() *chat { return &chat{conns: map[*websocket.Conn]bool{}} }

func (c *chat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") == "" {
		body, _ := io.ReadAll(r.Body)
		c.tell(r.Context(), "posted "+string(body))
		return
	}
	w.Header().Set("Set-Cookie", "seen=1; Path=/")
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"tape"}})
	if err != nil {
		return
	}
	defer func() { _ = ws.CloseNow() }()
	c.mu.Lock()
	c.conns[ws] = true
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.conns, ws)
	}()
	c.talk(r.Context(), ws)
}

func (c *chat) talk(ctx context.Context, ws *websocket.Conn) {
	_ = ws.Write(ctx, websocket.MessageText, []byte("hello"))
	for {
		kind, data, err := ws.Read(ctx)
		if err != nil {
			return
		}
		switch string(data) {
		case "close":
			_ = ws.Close(4001, "enough")
			return
		case "vanish":
			return
		case "2":
			_ = ws.Write(ctx, kind, []byte("3"))
		default:
			_ = ws.Write(ctx, kind, append([]byte("echo "), data...))
		}
	}
}

func (c *chat) tell(ctx context.Context, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ws := range c.conns {
		_ = ws.Write(ctx, websocket.MessageText, []byte(text))
	}
}

// talker is one open socket.
type talker struct {
	*websocket.Conn
	t *testing.T
}

func (v *visitor) dial(path string) talker {
	v.t.Helper()
	ws, resp, err := websocket.Dial(withTimeout(v.t), strings.Replace(v.base, "http", "ws", 1)+path, &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: v.http.Transport}, Subprotocols: []string{"other", "tape"},
	})
	require.NoError(v.t, err)
	require.Equal(v.t, "tape", ws.Subprotocol())
	require.Equal(v.t, "seen=1; Path=/", resp.Header.Get("Set-Cookie"))
	v.t.Cleanup(func() { _ = ws.CloseNow() })
	return talker{ws, v.t}
}

func (k talker) say(text string) {
	k.t.Helper()
	require.NoError(k.t, k.Write(withTimeout(k.t), websocket.MessageText, []byte(text)))
}

func (k talker) hear(want string) {
	k.t.Helper()
	_, data, err := k.Read(withTimeout(k.t))
	require.NoError(k.t, err)
	require.Equal(k.t, want, string(data))
}

func (k talker) bye() {
	k.t.Helper()
	require.NoError(k.t, k.Close(websocket.StatusNormalClosure, "bye"))
}

func TestASocketAnswersWhatItIsAsked(t *testing.T) {
	t.Parallel()
	act := func(v *visitor) {
		k := v.dial("/chat")
		k.hear("hello")
		k.say("one")
		k.hear("echo one")
		k.say("2") // a heartbeat
		k.hear("3")
		require.NoError(t, k.Write(withTimeout(t), websocket.MessageBinary, []byte{0, 1, 255}))
		kind, data, err := k.Read(withTimeout(t))
		require.NoError(t, err)
		require.Equal(t, websocket.MessageBinary, kind)
		require.Equal(t, "echo \x00\x01\xff", string(data))
		k.bye()
	}
	s := film(t, newChat(), proxy.Limits{}, act)
	faithful(t, s.again(t, act))

	report := s.again(t, func(v *visitor) {
		k := v.dial("/chat")
		k.hear("hello")
		k.say("two")
		k.say("2")
		k.bye()
	})
	require.Equal(t, []string{twin.Message, twin.Silent, twin.Silent}, kinds(report))
	require.Equal(t, []twin.Difference{{Path: "message", Recorded: "one", Sent: "two"}}, report.Drift[0].Differences)
	require.Equal(t, "one", report.Drift[1].Differences[0].Recorded)

	report = s.again(t, func(v *visitor) {
		k := v.dial("/chat")
		k.hear("hello")
		k.say("one")
		k.hear("echo one")
		k.say("one")
		k.bye()
	})
	require.Contains(t, kinds(report), twin.Message, "sent twice")
	require.Equal(t, []string{twin.Unrecorded}, kinds(s.again(t, func(v *visitor) {
		_, _, err := websocket.Dial(withTimeout(t), strings.Replace(v.base, "http", "ws", 1)+"/other", &websocket.DialOptions{HTTPClient: &http.Client{Transport: v.http.Transport}})
		require.Error(t, err)
	})))
}

func TestAPushFollowsTheWriteThatCausedIt(t *testing.T) {
	t.Parallel()
	s := film(t, newChat(), proxy.Limits{}, func(v *visitor) {
		a, b := v.dial("/chat?tab=1"), v.dial("/chat?tab=2")
		a.hear("hello")
		b.hear("hello")
		v.post("/items", pear)
		a.hear("posted " + pear)
		b.hear("posted " + pear)
		a.say("one")
		a.hear("echo one")
		a.bye()
		b.bye()
	})
	faithful(t, s.again(t, func(v *visitor) {
		a, b := v.dial("/chat?tab=1"), v.dial("/chat?tab=2")
		a.hear("hello")
		b.hear("hello")
		v.post("/items", pear)
		b.hear("posted " + pear)
		a.hear("posted " + pear)
		a.say("one")
		a.hear("echo one")
		a.bye()
		b.bye()
	}))
	report := s.again(t, func(v *visitor) {
		a := v.dial("/chat?tab=1")
		a.hear("hello")
		a.say("one") // the push was before the answer to this
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, _, err := a.Read(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
	require.Equal(t, []string{twin.Missing}, kinds(report))
}

func TestSocketsOfOneAddressAreToldApart(t *testing.T) {
	t.Parallel()
	act := func(v *visitor) {
		a, b := v.dial("/chat"), v.dial("/chat")
		a.hear("hello")
		b.hear("hello")
		a.say("one")
		a.hear("echo one")
		b.say("two")
		b.hear("echo two")
		a.bye()
		b.bye()
	}
	s := film(t, newChat(), proxy.Limits{}, act)
	faithful(t, s.again(t, act))
	report := s.again(t, func(v *visitor) {
		act(v)
		v.dial("/chat").bye()
	})
	require.Empty(t, report.Drift)
	require.Contains(t, strings.Join(report.Notes, "\n"), "opened more often")
}

func TestASocketIsClosedByWhoClosedIt(t *testing.T) {
	t.Parallel()
	act := func(v *visitor) {
		k := v.dial("/chat")
		k.hear("hello")
		k.say("close")
		_, _, err := k.Read(withTimeout(t))
		require.Equal(t, websocket.StatusCode(4001), websocket.CloseStatus(err))
		require.ErrorContains(t, err, "enough")

		k = v.dial("/chat") // once more
		k.hear("hello")
		k.say("vanish")
		_, _, err = k.Read(withTimeout(t))
		require.Error(t, err)
		require.EqualValues(t, -1, websocket.CloseStatus(err), "it went without a word")
		_ = k.CloseNow()

		k = v.dial("/chat")
		k.hear("hello")
		k.bye()
	}
	s := film(t, newChat(), proxy.Limits{}, act)
	faithful(t, s.again(t, act))
}

func TestWhatASocketMakesTakesThisRunsPlace(t *testing.T) {
	t.Parallel()
	act := func(id string) func(*visitor) {
		return func(v *visitor) {
			k := v.dial("/chat")
			k.hear("hello")
			k.say(`{"do":"add","id":"` + id + `"}`)
			k.hear(`echo {"do":"add","id":"` + id + `"}`)
			v.post("/items", `{"of":"`+id+`"}`)
			k.hear(`posted {"of":"` + id + `"}`)
			k.bye()
		}
	}
	s := film(t, newChat(), proxy.Limits{}, act(makers["uuid"]()))
	faithful(t, s.again(t, act(makers["uuid"]())))
}

func TestMessagesThatWereCutAreTold(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789", 100)
	act := func(v *visitor) {
		k := v.dial("/chat")
		k.hear("hello")
		k.say(long)
		_, data, err := k.Read(withTimeout(t))
		require.NoError(t, err)
		require.True(t, strings.HasPrefix("echo "+long, string(data)))
		k.bye()
	}
	s := film(t, newChat(), proxy.Limits{MaxMessage: 300}, act)
	report := s.again(t, act)
	require.Equal(t, []string{twin.Incomplete}, kinds(report))
}

func TestMessagesByTheClockAreNoSilence(t *testing.T) {
	t.Parallel()
	message := func(at int, text string) proxy.Message {
		return proxy.Message{Time: epoch.Add(time.Duration(at) * time.Millisecond), Sent: true, Opcode: 1, Data: []byte(text), Size: int64(len(text))}
	}
	play := func(messages ...proxy.Message) twin.Report {
		e := exchange(1, 0, http.MethodGet, "ws://site.test/chat", "", "")
		e.Request.Header = append(e.Request.Header, proxy.Header{Name: "Upgrade", Value: "websocket"})
		e.Response = &proxy.Response{Status: http.StatusSwitchingProtocols}
		e.Messages, e.Timings.Total = messages, time.Minute
		tape, err := twin.New([]proxy.Entry{e}, twin.Options{})
		require.NoError(t, err)
		s := scene{base: "http://site.test"}
		return s.take(t, tape, twin.RunOptions{}, func(v *visitor) {
			ws, _, err := websocket.Dial(withTimeout(t), "ws://site.test/chat", &websocket.DialOptions{HTTPClient: &http.Client{Transport: v.http.Transport}})
			require.NoError(t, err)
			_ = ws.Close(websocket.StatusNormalClosure, "")
		})
	}
	require.Empty(t, play(message(10, `{"here":true}`), message(5010, `{"here":true}`), message(10_020, `{"here":true}`), message(15_000, `{"here":true}`)).Drift)
	require.Equal(t, []string{twin.Silent, twin.Silent, twin.Silent, twin.Silent},
		kinds(play(message(10, "ok"), message(1010, "ok"), message(9020, "ok"), message(9500, "ok"))), "a person says the same again")
	require.Empty(t, play(message(10, "ping"), message(20, `{"type":"heartbeat"}`)).Drift)
}

// news is a site with streams of events.
func news() http.Handler {
	var mu sync.Mutex
	posted := make(chan string, 8)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		event := func(format string, args ...any) {
			_, _ = fmt.Fprintf(w, format, args...)
			_ = http.NewResponseController(w).Flush()
		}
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		switch r.URL.Path {
		case "/items":
			posted <- string(body)
		case "/answer":
			for _, word := range strings.Fields(string(body)) {
				event("event: word\nid: %s\ndata: %s\ndata: and more\n\n", word, word)
			}
		case "/news":
			mu.Lock()
			defer mu.Unlock()
			event("retry: 50\n: comment\nid: 1\ndata: after %s\n\n", r.Header.Get("Last-Event-ID"))
			select {
			case text := <-posted:
				event("id: 2\ndata: %s\n\n", text)
			case <-r.Context().Done():
			}
		}
	})
}

// stream reads a stream as it comes.
func (v *visitor) stream(path string, header ...string) (next func(until string) string, end func()) {
	v.t.Helper()
	ctx, cancel := context.WithCancel(withTimeout(v.t))
	resp, err := v.http.Do(v.request(http.MethodGet, path, "", header...).WithContext(ctx))
	require.NoError(v.t, err)
	require.Equal(v.t, "text/event-stream", resp.Header.Get("Content-Type"))
	text := ""
	next = func(until string) string {
		buf := make([]byte, 1024)
		for !strings.Contains(text, until) {
			n, err := resp.Body.Read(buf)
			text += string(buf[:n])
			if err != nil && !strings.Contains(text, until) {
				return "the end"
			}
		}
		out := text
		text = ""
		return out
	}
	return next, func() { cancel(); _ = resp.Body.Close() }
}

func TestEventsFollowTheWritesThatCausedThem(t *testing.T) {
	t.Parallel()
	s := film(t, news(), proxy.Limits{}, func(v *visitor) {
		next, end := v.stream("/news")
		next("after \n\n")
		v.post("/items", pear)
		next("pear")
		require.Equal(t, "the end", next("never"))
		end()
		next, end = v.stream("/news", "Last-Event-ID", "2")
		next("after 2\n\n")
		end()
		v.post("/answer", "two words")
	})
	faithful(t, s.again(t, func(v *visitor) {
		next, end := v.stream("/news")
		require.Contains(t, next("after \n\n"), "id: 1\n")
		v.post("/items", pear)
		require.Equal(t, "id: 2\ndata: "+pear+"\n\n", next("pear"+`"}`+"\n\n"))
		require.Equal(t, "the end", next("never"))
		end()
		next, end = v.stream("/news", "Last-Event-ID", "2")
		next("after 2\n\n")
		end()
		_, answer := v.post("/answer", "two words")
		require.Equal(t, "event: word\nid: two\ndata: two\ndata: and more\n\nevent: word\nid: words\ndata: words\ndata: and more\n\n", answer)
	}))
	report := s.again(t, func(v *visitor) {
		next, end := v.stream("/news")
		next("after \n\n")
		over := make(chan string)
		go func() { over <- next("pear") }()
		select {
		case <-over:
			require.Fail(t, "the event came although nothing was posted")
		case <-time.After(200 * time.Millisecond):
		}
		end()
		<-over
		v.post("/answer", "two others")
	})
	require.Equal(t, []string{twin.Altered, twin.Missing, twin.Missing}, kinds(report))
}

func TestAStreamThatTheRecordingCutStaysOpen(t *testing.T) {
	t.Parallel()
	s := film(t, news(), proxy.Limits{}, func(v *visitor) {
		next, _ := v.stream("/news")
		next("after \n\n") // and the session stops
	})
	faithful(t, s.again(t, func(v *visitor) {
		next, end := v.stream("/news")
		next("after \n\n")
		over := make(chan string)
		go func() { over <- next("never") }()
		select {
		case <-over:
			require.Fail(t, "the stream has ended")
		case <-time.After(200 * time.Millisecond):
		}
		end()
		<-over
	}))
}
