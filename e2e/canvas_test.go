package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/client"
	"tapedeck/domain/recording"
	"tapedeck/internal/tapedecktest"
	"tapedeck/workers/recorder/stage"
)

// studio is a server that records.
type studio struct {
	*tapedecktest.Server
	t  *testing.T
	cl *client.Client
	// tmp is where everything else may put its temporary files, scratch where the recorder does.
	tmp, scratch string
}

func openStudio(t *testing.T, env ...string) *studio {
	t.Helper()
	s := &studio{t: t, tmp: t.TempDir(), scratch: scratchFolder(t)}
	root := tapedecktest.Root()
	given := append([]string{
		"TMPDIR=" + s.tmp, "RECORDER_TMP_DIR=" + s.scratch, "RECORDER_ALLOW_LOOPBACK=1",
		"PLAYWRIGHT_DRIVER_PATH=" + filepath.Join(root, "deployments", "playwright"), "LEASE=6s", "CLAIM_BY=2s",
	}, env...)
	for _, name := range []string{"CHROMIUM_PATH", "PLAYWRIGHT_BROWSERS_PATH"} {
		if v := os.Getenv(name); v != "" {
			given = append(given, name+"="+v)
		}
	}
	s.Server = tapedecktest.Start(t, "serve", given...)
	s.cl = s.Client()
	return s
}

// scratchFolder is in memory where the machine allows, as it is in use.
func scratchFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "tapedeck-e2e-")
	if err != nil {
		return filepath.Join(t.TempDir(), "scratch")
	}
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// longWait bounds what a recording takes on a busy machine.
const longWait = 90 * time.Second

func (s *studio) deadline() context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), longWait) // also after the test, to say why it failed
	s.t.Cleanup(cancel)
	return ctx
}

// record opens a session and returns its id.
func (s *studio) record(input map[string]any) string {
	s.t.Helper()
	var session struct {
		SessionID string `json:"sessionId"`
	}
	require.NoError(s.t, s.cl.Post(s.deadline(), "/api/recorder/sessions", input, &session))
	return session.SessionID
}

func (s *studio) job(id string) client.Job {
	s.t.Helper()
	j, err := s.cl.Job(s.deadline(), id, nil)
	require.NoError(s.t, err)
	return j
}

// final waits for the job's end.
func (s *studio) final(id string) (end client.Job) {
	s.t.Helper()
	s.eventually("the end of "+id, func() (bool, any) {
		end = s.job(id)
		return end.Final(), end.Status
	})
	return end
}

func (s *studio) eventually(what string, ok func() (bool, any)) {
	s.t.Helper()
	ctx := s.deadline()
	for { // less often than others ask: the server's log is looked through, and must not be flooded
		done, last := ok()
		if done {
			return
		}
		require.NoError(s.t, ctx.Err(), "never happened: %s; last: %v", what, last)
		pause(ctx, 100*time.Millisecond)
	}
}

// recording is the recording as it is now; ok is false while there is none.
func (s *studio) recording(id string) (r recordingBody, ok bool) {
	s.t.Helper()
	err := s.cl.Get(s.deadline(), "/api/recordings/"+id, nil, &r)
	var problem *client.Problem
	if errors.As(err, &problem) && problem.Status == http.StatusNotFound {
		return r, false
	}
	require.NoError(s.t, err)
	return r, true
}

// recordingBody is what these tests read of a recording.
type recordingBody struct {
	Status  string           `json:"status"`
	Reason  string           `json:"reason"`
	Attempt int              `json:"attempt"`
	Version uint64           `json:"version"`
	Notes   []string         `json:"notes"`
	Steps   []recording.Step `json:"steps"`
}

// awaitStep waits until a recording has a step that is wanted.
func (s *studio) awaitStep(id, what string, want func(recording.Step) bool) (found recording.Step) {
	s.t.Helper()
	s.eventually("a step: "+what, func() (bool, any) {
		r, _ := s.recording(id)
		for _, step := range r.Steps {
			if want(step) {
				found = step
				return true, nil
			}
		}
		return false, append(titles(r.Steps), r.Notes...)
	})
	return found
}

func titles(steps []recording.Step) (out []string) {
	for _, step := range steps {
		line := string(step.Type) + ": " + step.Title
		if step.Evidence != nil {
			line += " " + step.Evidence.Screenshot
		}
		out = append(out, line)
	}
	return out
}

// artefacts are the names of what a job's attempts stored.
func (s *studio) artefacts(id string) (names []string) {
	s.t.Helper()
	var page struct {
		Items []struct {
			Name string `json:"name"`
		} `json:"items"`
	}
	require.NoError(s.t, s.cl.Get(s.deadline(), "/api/jobs/"+id+"/artifacts", nil, &page))
	for _, item := range page.Items {
		names = append(names, item.Name)
	}
	return names
}

func (s *studio) artefact(id, name string) []byte {
	s.t.Helper()
	var b strings.Builder
	require.NoError(s.t, s.cl.Download(s.deadline(), "/api/recorder/"+id+"/artifacts/"+name, &b), name)
	return []byte(b.String())
}

// document is the recording.json that was stored.
func (s *studio) document(id string) (d recording.Document) {
	s.t.Helper()
	require.NoError(s.t, json.Unmarshal(s.artefact(id, "recording.json"), &d))
	require.Equal(s.t, recording.Format, d.Format)
	return d
}

// canvas is a person before a live session: what a browser would send, over the session's own socket.
type canvas struct {
	studio *studio
	t      *testing.T
	id     string
	conn   *websocket.Conn

	mu      sync.Mutex
	told    []message
	news    chan struct{} // closed and replaced when something came
	over    bool
	picture []byte // the newest frame
	buttons int
	x, y    float64
}

// message is one text message of the server.
type message struct {
	Op      string         `json:"op"`
	ID      string         `json:"id"`
	PickID  string         `json:"pickId"`
	Label   string         `json:"label"`
	Box     *recording.Box `json:"box"`
	Message string         `json:"message"`
	Text    string         `json:"text"`
	Outcome string         `json:"outcome"`
	Reason  string         `json:"reason"`
	Kind    string         `json:"kind"`
	You     string         `json:"you"`
	Pages   []struct {
		Page    string `json:"page"`
		URL     string `json:"url"`
		Loading bool   `json:"loading"`
	} `json:"pages"`
	Active string         `json:"active"`
	Raw    jsontext.Value `json:"-"`
}

// sit joins a session as soon as it is live.
func (s *studio) sit(id string) *canvas {
	s.t.Helper()
	c := &canvas{studio: s, t: s.t, id: id, news: make(chan struct{})}
	address := "ws" + strings.TrimPrefix(s.URL(), "http") + "/api/recorder/sessions/" + url.PathEscape(id) + "/ws"
	s.eventually("a live session", func() (bool, any) {
		conn, resp, err := websocket.Dial(s.deadline(), address, nil)
		c.conn = conn
		if err != nil {
			j := s.job(id)
			require.False(s.t, j.Final(), "the session ended: %s %+v", j.Status, j.Error)
		}
		_ = resp
		return err == nil, err
	})
	c.conn.SetReadLimit(64 << 20)
	s.t.Cleanup(func() {
		if s.t.Failed() && s.Running() {
			r, _ := s.recording(id)
			s.t.Logf("last told: %s", c.last(10))
			s.t.Logf("last shown: %s", c.shown())
			var log strings.Builder
			_ = s.cl.Download(s.deadline(), "/api/jobs/"+id+"/log?limit=1000", &log)
			s.t.Logf("the job's log: %s", log.String())
			s.t.Logf("what was recorded:\n%s", strings.Join(append(titles(r.Steps), r.Notes...), "\n"))
		}
		_ = c.conn.CloseNow()
	})
	go c.read()
	return c
}

func (c *canvas) read() {
	for {
		kind, data, err := c.conn.Read(context.Background())
		if err != nil {
			c.tell(message{}, true)
			return
		}
		if kind == websocket.MessageBinary {
			if h, jpeg, err := stage.DecodeFrame(data); err == nil {
				_ = c.conn.Write(context.Background(), websocket.MessageText, fmt.Appendf(nil, `{"op":"ack","frame":%d}`, h.Frame))
				c.mu.Lock()
				c.picture = jpeg
				c.mu.Unlock()
			}
			continue
		}
		m := message{Raw: data}
		if json.Unmarshal(data, &m) == nil {
			c.tell(m, false)
		}
	}
}

func (c *canvas) tell(m message, over bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if over {
		c.over = true
	} else {
		c.told = append(c.told, m)
	}
	close(c.news)
	c.news = make(chan struct{})
}

// mark is where the messages are now, for await.
func (c *canvas) mark() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.told)
}

// await returns the first message from a mark on that is wanted.
func (c *canvas) await(from int, what string, want func(message) bool) message {
	c.t.Helper()
	m, ok := c.within(longWait, from, want)
	require.True(c.t, ok, "never told: %s; last: %s", what, c.last(5))
	return m
}

func (c *canvas) within(d time.Duration, from int, want func(message) bool) (message, bool) {
	patience := time.After(d)
	for {
		c.mu.Lock()
		for ; from < len(c.told); from++ {
			if want(c.told[from]) {
				m := c.told[from]
				c.mu.Unlock()
				return m, true
			}
		}
		news, over := c.news, c.over
		c.mu.Unlock()
		if over {
			return message{}, false
		}
		select {
		case <-news:
		case <-patience:
			return message{}, false
		}
	}
}

func (c *canvas) last(n int) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out strings.Builder
	for _, m := range c.told[max(len(c.told)-n, 0):] {
		fmt.Fprintf(&out, "\n%s", m.Raw)
	}
	return out.String()
}

// shown writes the newest frame beside the screenshots and returns its path.
func (c *canvas) shown() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	path := filepath.Join("screenshots", strings.NewReplacer("/", "_", " ", "_").Replace(c.t.Name())+"-canvas.jpg")
	if err := errors.Join(os.MkdirAll("screenshots", 0o755), os.WriteFile(path, c.picture, 0o600)); err != nil {
		return err.Error()
	}
	return path
}

func (c *canvas) send(m map[string]any) {
	c.t.Helper()
	b, err := json.Marshal(m)
	require.NoError(c.t, err)
	require.NoError(c.t, c.conn.Write(c.studio.deadline(), websocket.MessageText, b))
}

func (c *canvas) mouse(kind string, x, y float64, button string) {
	c.t.Helper()
	clicks := 1
	if kind == "move" {
		clicks = 0
	}
	c.x, c.y = x, y
	c.send(map[string]any{
		"op": "mouse", "type": kind, "x": x, "y": y, "button": button, "buttons": c.buttons, "modifiers": 0, "clickCount": clicks,
	})
}

func (c *canvas) click(x, y float64) {
	c.t.Helper()
	c.mouse("move", x, y, "none")
	c.down(x, y)
	c.up(x, y)
}

func (c *canvas) down(x, y float64) {
	c.t.Helper()
	c.buttons = 1
	c.mouse("down", x, y, "left")
}

func (c *canvas) up(x, y float64) {
	c.t.Helper()
	c.buttons = 0
	c.mouse("up", x, y, "left")
}

// drag moves from one place to another with the button held, in steps as a hand does.
func (c *canvas) drag(fromX, fromY, toX, toY float64) {
	c.t.Helper()
	c.mouse("move", fromX, fromY, "none")
	c.down(fromX, fromY)
	const steps = 12
	for i := 1; i <= steps; i++ {
		c.mouse("move", fromX+(toX-fromX)*float64(i)/steps, fromY+(toY-fromY)*float64(i)/steps, "none")
		pause(c.t.Context(), 20*time.Millisecond) // moves that wait for one another are sent as one
	}
	c.up(toX, toY)
}

// write types a text key by key.
func (c *canvas) write(text string) {
	c.t.Helper()
	for _, r := range text {
		c.key(string(r))
	}
}

// key presses a key by its name or the character that it types.
func (c *canvas) key(name string) {
	c.t.Helper()
	code, text, modifiers := name, "", 0
	if r := []rune(name); len(r) == 1 {
		text = name
		switch {
		case unicode.IsDigit(r[0]):
			code = "Digit" + name
		case unicode.IsLetter(r[0]):
			code = "Key" + strings.ToUpper(name)
			if unicode.IsUpper(r[0]) {
				modifiers = 8
			}
		default:
			code = map[string]string{" ": "Space", "-": "Minus", ".": "Period", "/": "Slash"}[name]
		}
	}
	for _, kind := range []string{"down", "up"} {
		c.send(map[string]any{
			"op": "key", "type": kind, "key": name, "code": code, "text": text, "modifiers": modifiers, "repeat": false, "location": 0, "keyCode": 0,
		})
		text = ""
	}
}

// loaded waits until the shown page's address holds a text and the page is loaded.
func (c *canvas) loaded(part string) {
	c.t.Helper()
	c.await(0, "a page at "+part, func(m message) bool {
		for _, p := range m.Pages {
			if m.Op == "state" && p.Page == m.Active && strings.Contains(p.URL, part) && !p.Loading {
				return true
			}
		}
		return false
	})
}

// stop ends the session in good order and returns its job.
func (c *canvas) stop() client.Job {
	c.t.Helper()
	c.send(map[string]any{"op": "stop"})
	return c.studio.final(c.id)
}
