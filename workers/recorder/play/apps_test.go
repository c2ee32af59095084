package play_test

import (
	"net/http"
	"slices"
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

// replay runs an application's recording in it.
func replay(t *testing.T, name string) *apptest.App {
	t.Helper()
	proofs := apptest.Proofs()
	proof := proofs[slices.IndexFunc(proofs, func(p apptest.Proof) bool { return p.Name == name })]
	app := proof.Start(t)
	doc := proof.Recording(t, app)
	ctx := browser.Context(t, playwright.BrowserNewContextOptions{Viewport: &playwright.Size{Width: doc.Viewport.Width, Height: doc.Viewport.Height}})
	browsertest.Observe(t, ctx)
	player := play.New(ctx, play.Options{Secrets: proof.Secret})
	t.Cleanup(player.Close)
	err := player.RunAll(t.Context(), doc.Steps, func(s recording.Step, r play.Result) {
		t.Logf("%s %s %v by %q healed=%v %v", s.ID, s.Type, r.Duration.Round(time.Millisecond), r.Used.Selector, r.Healed, r.Notes)
	})
	require.NoError(t, err)
	return app
}

func TestTiddlyWikiIsEdited(t *testing.T) {
	t.Parallel()
	app := replay(t, "tiddlywiki")
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
	replay(t, "verdaccio")
}

func TestNodeREDIsWiredByDragging(t *testing.T) {
	t.Parallel()
	app := replay(t, "node-red")
	var nodes []struct {
		ID    string     `json:"id"`
		Type  string     `json:"type"`
		Name  string     `json:"name"`
		Wires [][]string `json:"wires"`
	}
	require.NoError(t, json.Unmarshal(apptest.Call(t, http.MethodGet, app.URL+"/flows", nil), &nodes))
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
	app := replay(t, "maildev")
	require.JSONEq(t, "[]", string(apptest.Call(t, http.MethodGet, app.URL+"/email", nil)))
}
