package twin_test

import (
	"bytes"
	"context"
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
	"tapedeck/proxy"
	"tapedeck/proxy/egress"
	"tapedeck/proxy/har"
	"tapedeck/proxy/twin"
	"tapedeck/workers/recorder/play"
)

// recorded is a flow that was played in a real application, with what was said on the network.
type recorded struct {
	doc     recording.Document
	entries []proxy.Entry
	secrets func(string) (string, bool)
}

// typed are the texts that the flow enters.
func (r recorded) typed() []string {
	var out []string
	for _, s := range r.doc.Steps {
		if s.Value != nil {
			out = append(out, s.Value.Text)
		}
	}
	return out
}

func flow(t *testing.T, file, url string) recording.Document {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("../../workers/recorder/play/testdata", file))
	require.NoError(t, err)
	doc, err := recording.ReadDocument(bytes.ReplaceAll(raw, []byte("http://app.test"), []byte(url)))
	require.NoError(t, err)
	return doc
}

func server(t *testing.T) *proxy.Server {
	t.Helper()
	s, err := proxy.New(proxy.Config{})
	require.NoError(t, err)
	require.NoError(t, s.Start(context.Background()))
	t.Cleanup(s.Stop)
	return s
}

// perform plays steps behind a proxy.
func perform(t *testing.T, s *proxy.Session, doc recording.Document, secrets func(string) (string, bool), settle func()) error {
	t.Helper()
	ctx := browser.Context(t, playwright.BrowserNewContextOptions{
		Viewport: &playwright.Size{Width: doc.Viewport.Width, Height: doc.Viewport.Height},
		Proxy:    &playwright.Proxy{Server: s.URL()}, IgnoreHttpsErrors: playwright.Bool(true),
	})
	browsertest.Observe(t, ctx)
	player := play.New(ctx, play.Options{Secrets: secrets})
	defer func() {
		player.Close()
		_ = ctx.Close()
	}()
	defer settle()
	return player.RunAll(t.Context(), doc.Steps, func(recording.Step, play.Result) { saved(t, ctx.Pages()[0]) })
}

// saved waits, as a careful person does, until TiddlyWiki shows that it has saved; other pages never show that they have
// not.
func saved(t *testing.T, page playwright.Page) {
	t.Helper()
	_, err := page.WaitForFunction(`() => !document.body?.classList.contains("tc-dirty")`, nil)
	require.NoError(t, err)
}

// record plays a flow in the application and keeps what was said, written as HAR and read again as a twin does.
func record(t *testing.T, doc recording.Document, secrets func(string) (string, bool)) recorded {
	t.Helper()
	session, err := server(t).Open(proxy.SessionConfig{Policy: egress.Policy{AllowLoopback: true}, SpoolDir: t.TempDir()})
	require.NoError(t, err)
	require.NoError(t, perform(t, session, doc, secrets, func() {}))
	session.Stop()
	var file bytes.Buffer
	require.NoError(t, har.Write(&file, session.Entries(), har.Options{}))
	require.NoError(t, session.Close())
	if dir := os.Getenv("TWIN_KEEP_HAR"); dir != "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, t.Name()[len("Test"):]+".har"), file.Bytes(), 0o600))
	}
	entries, err := har.Read(&file, 0)
	require.NoError(t, err)
	return recorded{doc: doc, entries: entries, secrets: secrets}
}

// again plays a flow against the twin of what was recorded.
func again(t *testing.T, r recorded, doc recording.Document, o twin.RunOptions) (twin.Report, error) {
	t.Helper()
	tape, err := twin.New(r.entries, twin.Options{Typed: r.typed()})
	require.NoError(t, err)
	run := tape.Play(o)
	session, err := server(t).Open(proxy.SessionConfig{Origin: run})
	require.NoError(t, err)
	failed := perform(t, session, doc, r.secrets, func() { run.Settle(t.Context(), 5*time.Second) })
	session.Stop()
	report := run.Finish()
	require.NoError(t, session.Close())
	return report, failed
}

func followed(t *testing.T, r recorded) {
	t.Helper()
	for seed := range uint64(3) {
		report, err := again(t, r, r.doc, twin.RunOptions{Pin: true, Seed: seed, MaxLatency: time.Duration(seed) * 100 * time.Millisecond})
		for _, d := range report.Drift {
			t.Log(d)
		}
		for _, n := range report.Notes {
			t.Log("note: ", n)
		}
		if err != nil {
			for _, a := range report.Served {
				t.Log(time.Duration(a.OffsetMS)*time.Millisecond.Round(time.Millisecond), a.Method, a.URL, a.Entry, a.Status)
			}
		}
		require.NoError(t, err, "seed %d", seed)
		require.Empty(t, report.Drift)
		require.Equal(t, report.Writes, report.Written)
	}
}

func TestTiddlyWikiIsPlayedWithoutItsServer(t *testing.T) {
	t.Parallel()
	app := apptest.TiddlyWiki(t)
	r := record(t, flow(t, "tiddlywiki.json", app.URL), nil)
	app.Stop()
	followed(t, r)
}

func TestVerdaccioIsPlayedWithoutItsServer(t *testing.T) {
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
	r := record(t, flow(t, "verdaccio.json", app.URL), func(name string) (string, bool) { return "correct-horse", name == "password" })
	app.Stop()
	followed(t, r)
}

func TestNodeREDIsPlayedWithoutItsServer(t *testing.T) {
	t.Parallel()
	app := apptest.NodeRED(t)
	r := record(t, flow(t, "node-red.json", app.URL), nil)
	app.Stop()
	followed(t, r)
}

func TestMailDevIsPlayedWithoutItsServer(t *testing.T) {
	t.Parallel()
	app := apptest.MailDev(t)
	msg := "From: a@example.org\r\nTo: b@example.org\r\nSubject: Hello tape\r\nContent-Type: text/html\r\n\r\n<p>the body of it</p>\r\n"
	require.Eventually(t, func() bool {
		return smtp.SendMail(app.SMTP, nil, "a@example.org", []string{"b@example.org"}, []byte(msg)) == nil
	}, 30*time.Second, 50*time.Millisecond)
	r := record(t, flow(t, "maildev.json", app.URL), nil)
	app.Stop()
	followed(t, r)
}
