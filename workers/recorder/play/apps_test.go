package play_test

import (
	"bytes"
	"io"
	"net/http"
	"net/smtp"
	"os"
	"path/filepath"
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

// replay runs a recording.json of testdata against an application, whose address stands as http://app.test in it.
func replay(t *testing.T, file string, app *apptest.App, opts play.Options) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	doc, err := recording.ReadDocument(bytes.ReplaceAll(raw, []byte("http://app.test"), []byte(app.URL)))
	require.NoError(t, err)
	ctx := browser.Context(t, playwright.BrowserNewContextOptions{Viewport: &playwright.Size{Width: doc.Viewport.Width, Height: doc.Viewport.Height}})
	browsertest.Observe(t, ctx)
	player := play.New(ctx, opts)
	t.Cleanup(player.Close)
	err = player.RunAll(t.Context(), doc.Steps, func(s recording.Step, r play.Result) {
		t.Logf("%s %s %v by %q healed=%v %v", s.ID, s.Type, r.Duration.Round(time.Millisecond), r.Used.Selector, r.Healed, r.Notes)
	})
	require.NoError(t, err)
}

// call is a request to an application's own API; it answers the body of a successful answer.
func call(t *testing.T, method, url string, body any, headers ...string) []byte {
	t.Helper()
	raw := []byte{}
	if body != nil {
		var err error
		raw, err = json.Marshal(body)
		require.NoError(t, err)
	}
	req, err := http.NewRequest(method, url, bytes.NewReader(raw))
	require.NoError(t, err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Less(t, resp.StatusCode, 300, "%s", answer)
	return answer
}

func TestTiddlyWikiIsEdited(t *testing.T) {
	t.Parallel()
	app := apptest.TiddlyWiki(t)
	replay(t, "tiddlywiki.json", app, play.Options{})
	// The page saves by itself, a moment later.
	var got struct {
		Text string `json:"text"`
		Tags any    `json:"tags"`
	}
	require.Eventually(t, func() bool {
		resp, err := http.Get(app.URL + "/recipes/default/tiddlers/Tape%20deck")
		if err != nil {
			return false
		}
		defer func() { _ = resp.Body.Close() }()
		return json.UnmarshalRead(resp.Body, &got) == nil && resp.StatusCode == http.StatusOK
	}, 30*time.Second, 100*time.Millisecond)
	require.Equal(t, "!! Heading\n\n* one\n* two", got.Text)
	require.Contains(t, got.Tags, "reel")
}

func TestVerdaccioIsSignedInTo(t *testing.T) {
	t.Parallel()
	app := apptest.Verdaccio(t)
	var account struct {
		Token string `json:"token"`
	}
	user := map[string]any{"name": "ada", "password": "correct-horse"}
	require.NoError(t, json.Unmarshal(call(t, http.MethodPut, app.URL+"/-/user/org.couchdb.user:ada", user), &account))
	call(t, http.MethodPut, app.URL+"/tape-reel", map[string]any{
		"_id": "tape-reel", "name": "tape-reel", "dist-tags": map[string]any{"latest": "1.2.3"},
		"versions": map[string]any{"1.2.3": map[string]any{
			"name": "tape-reel", "version": "1.2.3", "readme": "# Reels of tape", "dist": map[string]any{"tarball": app.URL + "/tape-reel/-/tape-reel-1.2.3.tgz"},
		}},
		"readme":       "# Reels of tape",
		"_attachments": map[string]any{"tape-reel-1.2.3.tgz": map[string]any{"content_type": "application/octet-stream", "data": "H4sIAAAAAAAAAwMAAAAAAAAAAAA=", "length": 20}},
	}, "Authorization", "Bearer "+account.Token)
	replay(t, "verdaccio.json", app, play.Options{
		Secrets: func(name string) (string, bool) { return "correct-horse", name == "password" },
	})
}

func TestNodeREDIsWiredByDragging(t *testing.T) {
	t.Parallel()
	app := apptest.NodeRED(t)
	replay(t, "node-red.json", app, play.Options{})
	var nodes []struct {
		ID    string     `json:"id"`
		Type  string     `json:"type"`
		Name  string     `json:"name"`
		Wires [][]string `json:"wires"`
	}
	require.NoError(t, json.Unmarshal(call(t, http.MethodGet, app.URL+"/flows", nil), &nodes))
	wires, debug := [][]string{}, ""
	for _, n := range nodes {
		switch n.Type {
		case "inject":
			wires = n.Wires
		case "debug":
			debug = n.ID
			require.Equal(t, "Tape out", n.Name)
		}
	}
	require.NotEmpty(t, debug)
	require.Equal(t, [][]string{{debug}}, wires)
}

func TestMailDevThrowsAMailAway(t *testing.T) {
	t.Parallel()
	app := apptest.MailDev(t)
	msg := "From: a@example.org\r\nTo: b@example.org\r\nSubject: Hello tape\r\nContent-Type: text/html\r\n\r\n<p>the body of it</p>\r\n"
	require.Eventually(t, func() bool {
		return smtp.SendMail(app.SMTP, nil, "a@example.org", []string{"b@example.org"}, []byte(msg)) == nil
	}, 30*time.Second, 50*time.Millisecond)
	replay(t, "maildev.json", app, play.Options{})
	require.JSONEq(t, "[]", string(call(t, http.MethodGet, app.URL+"/email", nil)))
}
