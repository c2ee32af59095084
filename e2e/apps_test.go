package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"net/smtp"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
	"tapedeck/internal/apptest"
	"tapedeck/internal/browsertest"
	"tapedeck/workers/recorder/play"
)

// The size of the pages that are recorded.
const appWidth, appHeight = 1280, 800

// double does in a page of its own what is done on the canvas. It says where
// things are, which a person sees: nothing looks into the page that is recorded.
type double struct {
	playwright.Page
	t *testing.T
	c *canvas
}

// shadow opens the application's page beside the recorded one. What would change the application is kept from it.
func shadow(t *testing.T, c *canvas, address string, may ...string) *double {
	t.Helper()
	b, err := browserOnce()
	require.NoError(t, err)
	ctx := b.Context(t, playwright.BrowserNewContextOptions{Viewport: &playwright.Size{Width: appWidth, Height: appHeight}})
	require.NoError(t, ctx.Route("**/*", func(r playwright.Route) {
		passes := r.Request().Method() == http.MethodGet
		for _, part := range may {
			passes = passes || strings.Contains(r.Request().URL(), part)
		}
		if !passes {
			_ = r.Abort()
			return
		}
		_ = r.Continue()
	}))
	d := &double{Page: browsertest.Observe(t, ctx), t: t, c: c}
	_, err = d.Goto(address)
	require.NoError(t, err)
	return d
}

// box is where an element stands, once it stands still.
func (d *double) box(l playwright.Locator) recording.Box {
	d.t.Helper()
	require.NoError(d.t, l.WaitFor())
	var last playwright.Rect
	for range 100 {
		b, err := l.BoundingBox()
		require.NoError(d.t, err)
		if b != nil && *b == last {
			break
		}
		if b != nil {
			last = *b
		}
		pause(d.t.Context(), 50*time.Millisecond)
	}
	return recording.Box{X: last.X, Y: last.Y, Width: last.Width, Height: last.Height}
}

func middle(b recording.Box) (x, y float64) { return b.X + b.Width/2, b.Y + b.Height/2 }

// inside says whether a box lies in another, give or take the width of a border.
func inside(b, in recording.Box) bool {
	const slack = 3
	return b.X >= in.X-slack && b.Y >= in.Y-slack && b.X+b.Width <= in.X+in.Width+slack && b.Y+b.Height <= in.Y+in.Height+slack
}

// await waits until the recorded page shows, at the same place, an element that is no larger.
func (d *double) await(l playwright.Locator) recording.Box {
	d.t.Helper()
	want := d.box(l)
	x, y := middle(want)
	c := d.c
	c.send(map[string]any{"op": "pick", "mode": "target"})
	c.studio.eventually(fmt.Sprintf("the same element at %v, %v", x, y), func() (bool, any) {
		from := c.mark()
		c.click(x, y)
		m, ok := c.within(5*time.Second, from, func(m message) bool { return m.Op == "picked" || m.Op == "error" })
		if !ok || m.Box == nil {
			return false, m.Message
		}
		return inside(*m.Box, want), fmt.Sprintf("%s %+v, not %+v", m.Label, *m.Box, want)
	})
	c.send(map[string]any{"op": "pick", "mode": "off"})
	return want
}

// press clicks an element in both pages.
func (d *double) press(l playwright.Locator) {
	d.t.Helper()
	x, y := middle(d.await(l))
	d.c.click(x, y)
	require.NoError(d.t, l.Click())
}

// types types in both pages.
func (d *double) types(text string) {
	d.t.Helper()
	d.c.write(text)
	require.NoError(d.t, d.Keyboard().Type(text))
}

// pull drags in both pages.
func (d *double) pull(fromX, fromY, toX, toY float64) {
	d.t.Helper()
	d.c.drag(fromX, fromY, toX, toY)
	m := d.Mouse()
	require.NoError(d.t, m.Move(fromX, fromY))
	require.NoError(d.t, m.Down())
	require.NoError(d.t, m.Move(toX, toY, playwright.MouseMoveOptions{Steps: playwright.Int(12)}))
	require.NoError(d.t, m.Up())
}

// recordApp begins the recording of an application's page.
func (s *studio) recordApp(address string) *canvas {
	s.t.Helper()
	return s.sit(s.record(map[string]any{"url": address, "viewport": map[string]any{"width": appWidth, "height": appHeight}}))
}

// replay runs a stored recording.json in a fresh browser, on an application that may be another one of its kind.
func (s *studio) replay(id, recorded, now string, secrets map[string]string) playwright.Page {
	s.t.Helper()
	doc, err := recording.ReadDocument(bytes.ReplaceAll(s.artefact(id, "recording.json"), []byte(recorded), []byte(now)))
	require.NoError(s.t, err)
	b, err := browserOnce()
	require.NoError(s.t, err)
	ctx := b.Context(s.t, playwright.BrowserNewContextOptions{Viewport: &playwright.Size{Width: doc.Viewport.Width, Height: doc.Viewport.Height}})
	page := browsertest.Observe(s.t, ctx)
	player := play.New(ctx, play.Options{Secrets: func(name string) (string, bool) { v, ok := secrets[name]; return v, ok }})
	s.t.Cleanup(player.Close)
	err = player.RunAll(s.t.Context(), doc.Steps, nil)
	require.NoError(s.t, err, "%s", strings.Join(titles(doc.Steps), "\n"))
	return page
}

// finished stops the recording and requires everything of it to be there.
func (c *canvas) finished() recording.Document {
	c.t.Helper()
	end := c.stop()
	require.Equal(c.t, "succeeded", end.Status, "%+v", end.Error)
	names := c.studio.artefacts(c.id)
	for _, name := range []string{"recording.json", "metadata.json", "trace.zip", "network.har", "video.webm", "console.ndjson"} {
		require.Contains(c.t, names, name)
	}
	return c.studio.document(c.id)
}

func call(t *testing.T, method, address string, body any, headers ...string) (answer []byte, status int) {
	t.Helper()
	var raw []byte
	var err error
	if body != nil {
		raw, err = json.Marshal(body)
		require.NoError(t, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, address, bytes.NewReader(raw))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	var out bytes.Buffer
	_, err = out.ReadFrom(resp.Body)
	require.NoError(t, err)
	return out.Bytes(), resp.StatusCode
}

// Each application is recorded by a person on the canvas and replayed from its
// recording.json in a fresh browser; it must end in the same state.
func TestRealApplicationsAreRecordedAndReplayed(t *testing.T) {
	t.Parallel()
	s := openStudio(t)
	for name, test := range map[string]func(*studio){
		"TiddlyWiki": (*studio).tiddlyWiki, "Verdaccio": (*studio).verdaccio, "MailDev": (*studio).mailDev, "Node-RED": (*studio).nodeRED,
	} {
		t.Run(name, func(t *testing.T) { // one after the other: each runs two browsers and an application
			if name != "MailDev" {
				slow(t, "MailDev")
			}
			own := *s
			own.t = t
			test(&own)
		})
	}
}

// awaitFill waits, as a person does, until all that was typed is there.
func (s *studio) awaitFill(id, text string) {
	s.t.Helper()
	s.awaitStep(id, "fill "+text, func(step recording.Step) bool {
		return step.Type == recording.Fill && step.Value != nil && step.Value.Text == text
	})
}

// tiddlyWiki writes a note: the editor's text stands in a frame.
func (s *studio) tiddlyWiki() {
	app := apptest.TiddlyWiki(s.t)
	note := func(base string) string {
		var text string
		s.eventually("the note on the server", func() (bool, any) {
			b, status := call(s.t, http.MethodGet, base+"/recipes/default/tiddlers/Reel", nil)
			var tiddler struct {
				Text string `json:"text"`
			}
			if status == http.StatusOK {
				require.NoError(s.t, json.Unmarshal(b, &tiddler))
			}
			text = tiddler.Text
			return text != "", status
		})
		return text
	}
	c := s.recordApp(app.URL)
	d := shadow(s.t, c, apptest.TiddlyWiki(s.t).URL, "") // it writes, to a wiki of its own
	d.press(d.Locator(`button[aria-label="new tiddler"]`).First())
	title := d.Locator("input.tc-titlebar")
	d.press(title)
	for range len("New Tiddler") {
		c.key("End")
		c.key("Backspace")
		require.NoError(s.t, title.Press("End"))
		require.NoError(s.t, title.Press("Backspace"))
	}
	d.types("Reel")
	s.awaitFill(c.id, "Reel")
	d.press(d.FrameLocator("iframe.tc-edit-texteditor-body").Locator("textarea"))
	d.types("one two")
	s.awaitFill(c.id, "one two")
	d.press(d.Locator(`.tc-tiddler-edit-frame button[class*="save"]`).First())
	require.Equal(s.t, "one two", note(app.URL))
	c.finished()

	fresh := apptest.TiddlyWiki(s.t)
	s.replay(c.id, app.URL, fresh.URL, nil)
	require.Equal(s.t, "one two", note(fresh.URL))
}

// verdaccio signs in, searches a package and opens it.
func (s *studio) verdaccio() {
	app := apptest.Verdaccio(s.t)
	const password = "correct-horse-7"
	var account struct {
		Token string `json:"token"`
	}
	b, _ := call(s.t, http.MethodPut, app.URL+"/-/user/org.couchdb.user:ada", map[string]any{"name": "ada", "password": password})
	require.NoError(s.t, json.Unmarshal(b, &account))
	_, status := call(s.t, http.MethodPut, app.URL+"/tape-reel", map[string]any{
		"_id": "tape-reel", "name": "tape-reel", "dist-tags": map[string]any{"latest": "1.2.3"}, "readme": "# Reels of tape",
		"versions": map[string]any{"1.2.3": map[string]any{
			"name": "tape-reel", "version": "1.2.3", "readme": "# Reels of tape", "dist": map[string]any{"tarball": app.URL + "/tape-reel/-/tape-reel-1.2.3.tgz"},
		}},
		"_attachments": map[string]any{"tape-reel-1.2.3.tgz": map[string]any{"content_type": "application/octet-stream", "data": "H4sIAAAAAAAAAwMAAAAAAAAAAAA=", "length": 20}},
	}, "Authorization", "Bearer "+account.Token)
	require.Less(s.t, status, 300)

	c := s.recordApp(app.URL)
	d := shadow(s.t, c, app.URL, "/-/verdaccio/sec/login")
	d.press(d.Locator("[data-testid=header--button-login]"))
	d.press(d.Locator("#login--dialog-username"))
	d.types("ada")
	d.press(d.Locator("#login--dialog-password"))
	d.types(password)
	d.press(d.Locator("#login--dialog-button-submit"))
	signedIn := `[data-testid="logInDialogIcon"]`
	require.NoError(s.t, d.Locator(signedIn).WaitFor())
	d.press(d.GetByPlaceholder("Search Packages"))
	d.types("tape")
	d.press(d.Locator("[role=option]").First())
	require.NoError(s.t, d.WaitForURL("**/detail/tape-reel**"))
	c.loaded("/detail/tape-reel")
	doc := c.finished()
	raw, err := json.Marshal(doc)
	require.NoError(s.t, err)
	require.NotContains(s.t, string(raw), password)

	page := s.replay(c.id, app.URL, app.URL, map[string]string{doc.Secrets[0]: password})
	require.NoError(s.t, page.Locator(signedIn).WaitFor())
	require.NoError(s.t, page.WaitForURL("**/detail/tape-reel**"))
}

// mailDev opens a mail, whose text stands in a frame, and throws it away.
func (s *studio) mailDev() {
	app := apptest.MailDev(s.t)
	msg := "From: a@example.org\r\nTo: b@example.org\r\nSubject: Hello tape\r\nContent-Type: text/html\r\n\r\n<p>the body of it</p>\r\n"
	mails := func() string {
		b, _ := call(s.t, http.MethodGet, app.URL+"/email", nil)
		return string(b)
	}
	send := func() {
		s.eventually("the mail is sent", func() (bool, any) {
			err := smtp.SendMail(app.SMTP, nil, "a@example.org", []string{"b@example.org"}, []byte(msg))
			return err == nil, err
		})
		s.eventually("the mail is there", func() (bool, any) { return strings.Contains(mails(), "Hello tape"), mails() })
	}
	gone := func() { s.eventually("the mail is gone", func() (bool, any) { return mails() == "[]", mails() }) }
	send()
	c := s.recordApp(app.URL)
	d := shadow(s.t, c, app.URL)
	d.press(d.Locator(`.email-item:has-text("Hello tape")`).First())
	d.press(d.FrameLocator("iframe.panel-html").Locator("p")) // it reads: the button is there before the mail that it is for
	d.press(d.Locator(`[ng-click="delete(item)"]`).First())
	gone()
	c.finished()

	send()
	s.replay(c.id, app.URL, app.URL, nil)
	gone()
}

// nodeRED drags two nodes onto the drawing, wires them and deploys. The editor follows its server over a socket.
func (s *studio) nodeRED() {
	app := apptest.NodeRED(s.t)
	deployed := func(base string) {
		s.eventually("the flow is deployed", func() (bool, any) {
			b, _ := call(s.t, http.MethodGet, base+"/flows", nil)
			var nodes []struct {
				ID    string     `json:"id"`
				Type  string     `json:"type"`
				Wires [][]string `json:"wires"`
			}
			if json.Unmarshal(b, &nodes) != nil {
				return false, string(b)
			}
			debug, wires := "", ""
			for _, n := range nodes {
				switch n.Type {
				case "debug":
					debug = n.ID
				case "inject":
					wires = fmt.Sprint(n.Wires)
				}
			}
			return debug != "" && wires == "[["+debug+"]]", string(b)
		})
	}
	c := s.recordApp(app.URL)
	d := shadow(s.t, c, app.URL)
	chart := d.box(d.Locator("#red-ui-workspace-chart"))
	for i, kind := range []string{"inject", "debug"} {
		node := d.Locator(`.red-ui-palette-node[data-palette-type="` + kind + `"]`)
		x, y := middle(d.await(node))
		d.pull(x, y, chart.X+200+float64(i)*240, chart.Y+200)
	}
	fromX, fromY := middle(d.box(d.Locator(".red-ui-flow-port-output .red-ui-flow-port").First()))
	toX, toY := middle(d.box(d.Locator(".red-ui-flow-port-input .red-ui-flow-port").First()))
	d.pull(fromX, fromY, toX, toY)
	require.NoError(s.t, d.Locator("path.red-ui-flow-link-line").First().WaitFor(playwright.LocatorWaitForOptions{State: playwright.WaitForSelectorStateAttached}))
	d.press(d.Locator("#red-ui-header-button-deploy"))
	deployed(app.URL)
	c.finished()
	s.requireSocket(c.id, "/comms")

	_, status := call(s.t, http.MethodPost, app.URL+"/flows", []any{}, "Node-RED-Deployment-Type", "full")
	require.Equal(s.t, http.StatusNoContent, status)
	s.replay(c.id, app.URL, app.URL, nil)
	deployed(app.URL)
}

// requireSocket looks for a WebSocket and its messages in the HAR.
func (s *studio) requireSocket(id, path string) {
	s.t.Helper()
	var har struct {
		Log struct {
			Entries []struct {
				Request struct {
					URL string `json:"url"`
				} `json:"request"`
				Messages []struct {
					Type string `json:"type"`
					Data string `json:"data"`
				} `json:"_webSocketMessages"`
			} `json:"entries"`
		} `json:"log"`
	}
	require.NoError(s.t, json.Unmarshal(s.artefact(id, "network.har"), &har))
	for _, e := range har.Log.Entries {
		u, err := url.Parse(e.Request.URL)
		require.NoError(s.t, err)
		if u.Path == path && len(e.Messages) > 0 {
			return
		}
	}
	s.t.Errorf("no messages of a socket at %s in the HAR", path)
}
