package apptest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/smtp"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"tapedeck/domain/recording"
)

// Proof is an application with a recording of what a person does in it.
type Proof struct {
	// Name is the application's, in lower case; the recording is a file of that name.
	Name string
	// Secrets are the values of the recording's secrets.
	Secrets map[string]string

	start   func(testing.TB) *App
	prepare func(testing.TB, *App)
	unsaved string // selects what is in the page while something is not saved yet
}

// Proofs are the recordings that what plays and proves them is measured with.
func Proofs() []Proof {
	return []Proof{
		{Name: "tiddlywiki", start: TiddlyWiki, unsaved: "body.tc-dirty"},
		{Name: "verdaccio", start: Verdaccio, prepare: publish, Secrets: map[string]string{"password": password}},
		{Name: "maildev", start: MailDev, prepare: deliver},
		{Name: "node-red", start: NodeRED},
	}
}

// Start runs the application until the test ends, with what the recording finds in it. A failure ends the test.
func (p Proof) Start(t testing.TB) *App {
	t.Helper()
	app := p.start(t)
	if p.prepare != nil {
		p.prepare(t, app)
	}
	return app
}

// Recording is what a person did, with the application's address in it. A failure ends the test.
func (p Proof) Recording(t testing.TB, app *App) recording.Document {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatalf("apptest: %v", err)
	}
	raw, err := os.ReadFile(filepath.Join(root, "workers", "recorder", "play", "testdata", p.Name+".json"))
	if err != nil {
		t.Fatalf("apptest: %v", err)
	}
	doc, err := recording.ReadDocument(bytes.ReplaceAll(raw, []byte("http://app.test"), []byte(app.URL)))
	if err != nil {
		t.Fatalf("apptest: the recording of %s: %v", p.Name, err)
	}
	return doc
}

// Careful are steps as a careful person does them, who waits after each until all is saved: an application may save when
// it likes, and what is recorded ends with the last step.
func (p Proof) Careful(steps []recording.Step) []recording.Step {
	if p.unsaved == "" {
		return steps
	}
	var out []recording.Step
	for _, s := range steps {
		out = append(out, s, recording.Step{
			ID: s.ID + "-saved", Type: recording.Assert, Assertion: &recording.Assertion{Claim: recording.Hidden},
			Target: &recording.Target{Candidates: []recording.Candidate{{By: "css", Selector: p.unsaved, Matches: 1}}},
		})
	}
	return out
}

// Secret is the value of one of the recording's secrets, for a player.
func (p Proof) Secret(name string) (string, bool) {
	value, ok := p.Secrets[name]
	return value, ok
}

const password = "correct-horse"

// publish makes an account and a package of it.
func publish(t testing.TB, app *App) {
	t.Helper()
	var account struct {
		Token string `json:"token"`
	}
	user := map[string]any{"name": "ada", "password": password}
	if err := json.Unmarshal(Call(t, http.MethodPut, app.URL+"/-/user/org.couchdb.user:ada", user), &account); err != nil {
		t.Fatalf("apptest: verdaccio's answer to a new account: %v", err)
	}
	Call(t, http.MethodPut, app.URL+"/tape-reel", map[string]any{
		"_id": "tape-reel", "name": "tape-reel", "dist-tags": map[string]any{"latest": "1.2.3"},
		"versions": map[string]any{"1.2.3": map[string]any{
			"name": "tape-reel", "version": "1.2.3", "readme": "# Reels of tape", "dist": map[string]any{"tarball": app.URL + "/tape-reel/-/tape-reel-1.2.3.tgz"},
		}},
		"readme":       "# Reels of tape",
		"_attachments": map[string]any{"tape-reel-1.2.3.tgz": map[string]any{"content_type": "application/octet-stream", "data": "H4sIAAAAAAAAAwMAAAAAAAAAAAA=", "length": 20}},
	}, "Authorization", "Bearer "+account.Token)
}

// deliver sends the one mail.
func deliver(t testing.TB, app *App) {
	t.Helper()
	msg := "From: a@example.org\r\nTo: b@example.org\r\nSubject: Hello tape\r\nContent-Type: text/html\r\n\r\n<p>the body of it</p>\r\n"
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := smtp.SendMail(app.SMTP, nil, "a@example.org", []string{"b@example.org"}, []byte(msg))
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("apptest: deliver a mail: %v", err)
		}
		<-tick.C
	}
}

// Call is a request to an application's own API, with a body as JSON unless it is nil, and headers as names and
// values in turn. It answers the body of a successful answer; any other ends the test.
func Call(t testing.TB, method, url string, body any, headers ...string) []byte {
	t.Helper()
	answer, err := call(method, url, body, headers)
	if err != nil {
		t.Fatalf("apptest: %s %s: %v", method, url, err)
	}
	return answer
}

func call(method, url string, body any, headers []string) ([]byte, error) {
	raw := []byte{}
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequest(method, url, bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s: %s", resp.Status, answer)
	}
	return answer, err
}
