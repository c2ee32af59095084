package stage_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tapedeck/internal/browsertest"
	"tapedeck/workers/recorder/stage"
)

const (
	width, height = 800, 600
	patience      = 20 * time.Second
	blink         = 10 * time.Millisecond
)

var chromium struct {
	sync.Once
	*browsertest.Browser
	err error
}

// TestMain shares one browser between the tests that want one, and looks for goroutines that outlive it.
func TestMain(m *testing.M) {
	code := m.Run()
	if chromium.Browser != nil {
		if err := chromium.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "the browser did not close:", err)
			code = 1
		}
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func browser(t testing.TB) *browsertest.Browser {
	chromium.Do(func() { chromium.Browser, chromium.err = browsertest.Launch() })
	require.NoError(t, chromium.err)
	return chromium.Browser
}

// bundle is a stage with one page and a server of pages.
type bundle struct {
	t       testing.TB
	context playwright.BrowserContext
	page    playwright.Page
	stage   *stage.Stage
	all     *stage.Registry
	url     string
}

// pages are what the server serves, by path.
type pages map[string]string

func setup(t testing.TB, site pages, change ...func(*stage.Config)) *bundle {
	t.Helper()
	return setupIn(t, playwright.BrowserNewContextOptions{Viewport: &playwright.Size{Width: width, Height: height}}, site, change...)
}

// setupIn is setup with a context of its own kind.
func setupIn(t testing.TB, options playwright.BrowserNewContextOptions, site pages, change ...func(*stage.Config)) *bundle {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := site[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/file.txt" {
			w.Header().Set("Content-Disposition", `attachment; filename="file.txt"`)
		}
		_, _ = io.WriteString(w, "<!doctype html>"+body)
	}))
	t.Cleanup(srv.Close)
	b := &bundle{t: t, url: srv.URL, all: &stage.Registry{}}
	b.context = browser(t).Context(t, options)
	b.page = browsertest.Observe(t, b.context)
	cfg := stage.Config{
		Context: b.context, SessionID: "s1",
		Logger: slog.New(slog.NewTextHandler(testWriter{t}, nil)),
	}
	for _, f := range change {
		f(&cfg)
	}
	var err error
	b.stage, err = stage.New(cfg)
	require.NoError(t, err)
	require.NoError(t, b.stage.Start(t.Context()))
	_, err = b.all.Add(b.stage)
	require.NoError(t, err)
	t.Cleanup(func() { b.stage.Stop("stopped", "the test is over") })
	return b
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", bytes.TrimSpace(p))
	return len(p), nil
}

// open shows a page of the server.
func (b *bundle) open(path string) {
	b.t.Helper()
	_, err := b.page.Goto(b.url + path)
	require.NoError(b.t, err)
}

// script is what an expression gives in the page.
func (b *bundle) script(expression string) any {
	b.t.Helper()
	out, err := b.page.Evaluate(expression)
	require.NoError(b.t, err)
	return out
}

// becomes waits until an expression gives something in the page.
func (b *bundle) becomes(want any, expression string) {
	b.t.Helper()
	var got any
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		var err error
		if got, err = b.page.Evaluate(expression); err == nil && got == want {
			return
		}
		pause()
	}
	require.Equal(b.t, want, got, expression)
}

func pause() { <-time.After(blink) }

// viewer is a person's page: it reads its seat, acknowledges frames and keeps what it was told.
type viewer struct {
	t    testing.TB
	seat stage.Seat

	mu      sync.Mutex
	said    []map[string]any
	taken   int // of said
	headers []stage.Header
	jpeg    []byte
	err     error
	hold    bool // acknowledge nothing
	done    chan struct{}
}

func (b *bundle) join(name string, change ...func(*viewer)) *viewer {
	b.t.Helper()
	seat, err := b.all.Join(b.t.Context(), "s1", name)
	require.NoError(b.t, err)
	v := &viewer{t: b.t, seat: seat, done: make(chan struct{})}
	for _, f := range change {
		f(v)
	}
	go v.read()
	b.t.Cleanup(func() { seat.Close(); <-v.done })
	return v
}

func (v *viewer) read() {
	defer close(v.done)
	for {
		data, binary, err := v.seat.Next(context.Background())
		v.mu.Lock()
		if err != nil {
			v.err = err
			v.mu.Unlock()
			return
		}
		if binary {
			v.frame(data)
		} else {
			var m map[string]any
			if err := json.Unmarshal(data, &m); err != nil {
				v.t.Errorf("%s: %v", data, err)
			}
			if err := conforms("show_", data); err != nil {
				v.t.Errorf("%s: %v", data, err)
			}
			v.said = append(v.said, m)
		}
		v.mu.Unlock()
	}
}

// frame takes a picture; the caller holds the lock.
func (v *viewer) frame(data []byte) {
	h, picture, err := stage.DecodeFrame(data)
	if err != nil {
		v.t.Error(err)
	}
	v.headers = append(v.headers, h)
	v.jpeg = bytes.Clone(picture)
	if !v.hold {
		_ = v.seat.Take(context.Background(), fmt.Appendf(nil, `{"op":"ack","frame":%d}`, h.Frame))
	}
}

// send hands a message to the stage.
func (v *viewer) send(format string, args ...any) {
	v.t.Helper()
	require.NoError(v.t, v.seat.Take(context.Background(), fmt.Appendf(nil, format, args...)))
}

// hears waits for the next message with that op for which is holds; nil is any.
func (v *viewer) hears(op string, is func(map[string]any) bool) map[string]any {
	v.t.Helper()
	return v.await(op, func() map[string]any { return v.find(op, is) })
}

// ever waits for a message of which nobody knows whether it comes before another.
func (v *viewer) ever(op string, is func(map[string]any) bool) map[string]any {
	v.t.Helper()
	return v.await(op, func() map[string]any {
		v.mu.Lock()
		defer v.mu.Unlock()
		i := slices.IndexFunc(v.said, func(m map[string]any) bool { return m["op"] == op && (is == nil || is(m)) })
		if i < 0 {
			return nil
		}
		return maps.Clone(v.said[i])
	})
}

func (v *viewer) await(op string, look func() map[string]any) map[string]any {
	v.t.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		if m := look(); m != nil {
			return m
		}
		pause()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	require.FailNow(v.t, "not said: "+op, "%v", v.said)
	return nil
}

func (v *viewer) find(op string, is func(map[string]any) bool) map[string]any {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := v.taken; i < len(v.said); i++ {
		if m := v.said[i]; m["op"] == op && (is == nil || is(m)) {
			v.taken = i + 1
			return maps.Clone(m)
		}
	}
	return nil
}

// insists sends a message until the page asks whether to leave: while the browser is busy with taking one attempt back,
// it takes the next one back with it.
func (v *viewer) insists(format string, args ...any) map[string]any {
	v.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		v.send(format, args...)
		for end := time.Now().Add(time.Second); time.Now().Before(end); pause() {
			if m := v.find("dialog", has("kind", "beforeunload")); m != nil {
				return m
			}
		}
	}
	require.FailNow(v.t, "the page does not ask")
	return nil
}

func has(key string, want any) func(map[string]any) bool {
	return func(m map[string]any) bool { return m[key] == want }
}

// lastTab is the newest tab of a state message; empty when there is none yet.
func lastTab(m map[string]any) map[string]any {
	if all := tabs(m); len(all) > 0 {
		return all[len(all)-1]
	}
	return nil
}

// tabs are those of a state message.
func tabs(m map[string]any) []map[string]any {
	var out []map[string]any
	for _, p := range m["pages"].([]any) {
		out = append(out, p.(map[string]any))
	}
	return out
}

// sees waits until the pixel at a place of the canvas is nearly that colour.
func (v *viewer) sees(x, y int, r, g, b uint8) {
	v.t.Helper()
	deadline := time.Now().Add(patience)
	var got [3]uint8
	for time.Now().Before(deadline) {
		if img := v.picture(); img != nil {
			got = pixel(img, x, y)
			if near(got[0], r) && near(got[1], g) && near(got[2], b) {
				return
			}
		}
		pause()
	}
	require.Equal(v.t, [3]uint8{r, g, b}, got)
}

func (v *viewer) picture() image.Image {
	v.mu.Lock()
	data := v.jpeg
	v.mu.Unlock()
	if data == nil {
		return nil
	}
	return decodeJPEG(v.t, data)
}

func decodeJPEG(t testing.TB, data []byte) image.Image {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	return img
}

func pixel(img image.Image, x, y int) [3]uint8 {
	r, g, b, _ := img.At(x, y).RGBA()
	return [3]uint8{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}
}

func near(a, b uint8) bool { return max(a, b)-min(a, b) < 40 }

func (v *viewer) click(x, y int) {
	v.t.Helper()
	v.send(`{"op":"mouse","type":"move","x":%d,"y":%d,"button":"none","buttons":0,"modifiers":0,"clickCount":0}`, x, y)
	v.send(`{"op":"mouse","type":"down","x":%d,"y":%d,"button":"left","buttons":1,"modifiers":0,"clickCount":1}`, x, y)
	v.send(`{"op":"mouse","type":"up","x":%d,"y":%d,"button":"left","buttons":0,"modifiers":0,"clickCount":1}`, x, y)
}

// press types one key.
func (v *viewer) press(key, code string, modifiers int) {
	v.t.Helper()
	text := ""
	if len([]rune(key)) == 1 && modifiers&6 == 0 {
		text = key
	}
	for _, kind := range []string{"down", "up"} {
		data, err := json.Marshal(map[string]any{"op": "key", "type": kind, "key": key, "code": code, "text": text, "modifiers": modifiers})
		require.NoError(v.t, err)
		require.NoError(v.t, v.seat.Take(context.Background(), data))
		text = ""
	}
}

// frames are the headers of all frames so far.
func (v *viewer) frames() []stage.Header {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]stage.Header(nil), v.headers...)
}

// ended waits for the seat's last word.
func (v *viewer) ended() error {
	v.t.Helper()
	select {
	case <-v.done:
		return v.err
	case <-time.After(patience):
		v.t.Fatal("the seat did not end")
		return errors.ErrUnsupported
	}
}
