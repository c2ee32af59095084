package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tapedeck/client"
	"tapedeck/domain/proof"
	"tapedeck/internal/tapedecktest"
)

//go:embed testdata/notes.html
var notesPage []byte

//go:embed testdata/notes.js
var notesScript []byte

//go:embed testdata/notes.json
var notesFlow []byte

// notes is an application with a state: what is posted is in the list afterwards.
type notes struct {
	*httptest.Server
	mu   sync.Mutex
	list []map[string]string
}

func newNotes(t *testing.T) *notes {
	t.Helper()
	n := &notes{list: []map[string]string{{"id": "1", "text": "Clean the heads"}}}
	mux := http.NewServeMux()
	file := func(kind string, data []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Content-Security-Policy", "default-src 'self'; script-src 'self'")
			_, _ = w.Write(data)
		}
	}
	mux.HandleFunc("GET /{$}", file("text/html; charset=utf-8", notesPage))
	mux.HandleFunc("GET /app.js", file("text/javascript; charset=utf-8", notesScript))
	mux.HandleFunc("GET /notes", func(w http.ResponseWriter, _ *http.Request) {
		n.mu.Lock()
		defer n.mu.Unlock()
		answer(w, http.StatusOK, n.list)
	})
	mux.HandleFunc("POST /notes", func(w http.ResponseWriter, r *http.Request) {
		var note map[string]string
		if err := json.UnmarshalRead(r.Body, &note); err != nil || note["text"] == "" {
			answer(w, http.StatusUnprocessableEntity, map[string]string{"error": "A note needs a text."})
			return
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		n.list = append(n.list, note)
		answer(w, http.StatusCreated, note)
	})
	n.Server = httptest.NewServer(mux)
	t.Cleanup(n.Close)
	return n
}

// count is how many notes there are.
func (n *notes) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.list)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, v)
}

// recordNotes records the flow with a script; the application is gone afterwards.
func recordNotes(t *testing.T, c *client.Client) string {
	t.Helper()
	return recordFlow(t, c, notesFlow)
}

// recordFlow does the same with steps of the test's own.
func recordFlow(t *testing.T, c *client.Client, flow []byte) string {
	t.Helper()
	app := newNotes(t)
	var doc struct {
		Steps []any `json:"steps"`
	}
	require.NoError(t, json.Unmarshal(bytes.ReplaceAll(flow, []byte("http://app.test"), []byte(app.URL)), &doc))
	input, err := json.Marshal(map[string]any{"url": app.URL + "/", "mode": "script", "steps": doc.Steps, "capture": map[string]any{
		"video": false, "trace": false, "har": true, "screenshots": false, "dom": false, "console": false,
	}})
	require.NoError(t, err)
	j, err := c.Submit(t.Context(), client.Submission{Kind: "recorder.record", Input: input}, "")
	require.NoError(t, err)
	require.Equal(t, "succeeded", jobEnd(t, c, j.JobID).Status)
	app.Close()
	return j.JobID
}

// jobEnd waits for a job's end.
func jobEnd(t *testing.T, c *client.Client, id string) client.Job {
	t.Helper()
	j, err := c.FollowLog(t.Context(), id, nil, func(err error) {
		if err != nil {
			t.Log(err)
		}
	}, func(l client.LogLine) error { t.Log(l.Text); return nil })
	require.NoError(t, err)
	return j
}

func proofOf(t *testing.T, c *client.Client, id string) proof.State {
	t.Helper()
	var p proof.State
	require.NoError(t, c.Get(t.Context(), "/api/suites/"+id+"/proof", nil, &p))
	return p
}

// suiteDir writes a test project.
func suiteDir(t *testing.T, spec string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "tests"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tests", "notes.spec.ts"), []byte(spec), 0o644))
	return dir
}

const addsANote = `import { expect, test } from "@playwright/test";

async function add(page) {
  await page.goto("/");
  await page.getByRole("button", { name: "Add" }).click();
  await expect(page.getByRole("alert")).toHaveText("A note needs a text.");
  await page.getByLabel("Note").fill("Buy tape");
  await page.getByRole("button", { name: "Add" }).click();
}

test("adds a note", async ({ page }) => {
  await add(page);
  await expect(page.getByRole("listitem")).toHaveText(["Clean the heads", "Buy tape"]);
  await expect(page.getByRole("status")).toHaveText("2 notes");
});
`

// TestWritesHaveToBeTheRecorded runs tests that write too little, something else and too much, and some that were written
// for a newer site: none passes, although the assertions of most hold, and each is told what did not fit.
func TestWritesHaveToBeTheRecorded(t *testing.T) {
	t.Parallel()
	s := tapedecktest.Start(t, "serve", recordsHere(t)...)
	c := s.Client()
	id := recordNotes(t, c)
	dir := suiteDir(t, addsANote+`
test("drops the write", async ({ page }) => {
  await page.route("**/notes", async (route) => {
    if (route.request().postDataJSON()?.text) await route.fulfill({ status: 201, json: route.request().postDataJSON() });
    else await route.fallback();
  });
  await add(page);
});
test("writes something else", async ({ page }) => {
  await page.route("**/notes", async (route) => {
    const sent = route.request().postDataJSON();
    if (sent?.text) await route.continue({ postData: JSON.stringify({ ...sent, text: "Buy tapes" }) });
    else await route.fallback();
  });
  await add(page);
});
test("writes twice", async ({ page }) => {
  let body = "";
  page.on("request", (r) => { if (r.postDataJSON()?.text) body = r.postData(); });
  await add(page);
  await expect(page.getByRole("listitem")).toHaveCount(2);
  await page.evaluate((body) => fetch("/notes", { method: "POST", body, headers: { "content-type": "application/json" } }), body);
});
test.skip("is skipped", async ({ page }) => {
  await add(page);
});
test("asks a newer site", async ({ page }) => {
  await add(page);
  await page.evaluate(() => fetch("/v2/notes").catch(() => {}));
});
test("writes as a newer site", async ({ page }) => {
  await page.route("**/notes", async (route) => {
    const sent = route.request().postDataJSON();
    if (sent?.text) await route.continue({ postData: JSON.stringify({ id: sent.id, title: sent.text, at: sent.at }) });
    else await route.fallback();
  });
  await add(page);
});
test("looks for what a newer site has", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("button", { name: "Archive" }).click({ timeout: 1_000 });
});
`)
	out, said, code := tapedecktest.Run(t.Context(), t, []string{"TAPEDECK_URL=" + s.URL()}, "verify", dir, "--recording", id, "--runs", "2", "--repair=false", "--junit", filepath.Join(dir, "junit.xml"), "-o", "json")
	require.Equal(t, 1, code, said)
	var p proof.State
	require.NoError(t, json.Unmarshal([]byte(out), &p), "%s", said)
	why := map[string]string{}
	for _, test := range p.Tests {
		v := p.Verdict(test.ID)
		why[test.Titles[0]] = v.Why
		require.Equal(t, test.Titles[0] == "adds a note", v.Proven, "%s: %s", test.Titles[0], v.Why)
	}
	require.Contains(t, why["drops the write"], "missing: POST")
	require.Contains(t, why["writes something else"], `body.text was "Buy tape", now "Buy tapes"`)
	require.Contains(t, why["writes twice"], "extra: POST")
	require.Contains(t, why["is skipped"], "skipped")
	for _, r := range p.Done {
		if r.Index != 0 || r.Outcome != proof.Failed {
			continue
		}
		require.Equal(t, proof.Failed, r.Again, "%+v", r)
		kept := strings.Join(r.Evidence, " ")
		for _, name := range []string{"network.json", "trace.zip", "video.webm"} {
			require.Contains(t, kept, name)
		}
	}
	require.Regexp(t, "unrecorded: GET http://[^ ]+/v2/notes: is not in the recording", why["asks a newer site"])
	require.Contains(t, why["writes as a newer site"], `body.text was "Buy tape", now ""`)
	require.Contains(t, why["writes as a newer site"], `body.title was "", now "Buy tape"`)
	require.Contains(t, why["looks for what a newer site has"], "Archive")
	xml, err := os.ReadFile(filepath.Join(dir, "junit.xml"))
	require.NoError(t, err)
	require.Contains(t, string(xml), `tests="8" failures="7"`)
}

// mutants is how many faults are tried, beside the harmless ones: some of each sort, unless MUTANTS asks for more (`make proof`).
func mutants() int {
	if n, err := strconv.Atoi(os.Getenv("MUTANTS")); err == nil {
		return n
	}
	return 21
}

// TestFaultsTellTestsApart holds a test that claims what matters against one of trifles and one that claims all there is.
func TestFaultsTellTestsApart(t *testing.T) {
	t.Parallel()
	s := tapedecktest.Start(t, "serve", recordsHere(t)...)
	c := s.Client()
	id := recordNotes(t, c)
	trifles := strings.Repeat("  await expect(page).toHaveTitle(/./);\n", 20)
	dir := suiteDir(t, addsANote+`
test("claims trifles", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByLabel("Note").fill("Buy tape");
  await page.getByRole("button", { name: "Add" }).click();
`+trifles+`});
test("claims all there is", async ({ page }) => {
  await add(page);
  await expect(page.locator("body")).toMatchAriaSnapshot(`+"`"+`
    - /children: equal
    - heading "Notes" [level=1]
    - text: Note
    - textbox "Note"
    - button "Add"
    - alert
    - list:
      - /children: equal
      - listitem: Clean the heads
      - listitem: Buy tape
    - status: 2 notes
  `+"`"+`);
});
`)
	_, said, code := tapedecktest.Run(t.Context(), t, []string{"TAPEDECK_URL=" + s.URL()}, "verify", dir, "--recording", id, "--runs", "1", "--mutants", strconv.Itoa(mutants()), "--budget", "1200")
	require.Equal(t, 0, code, said)
	page, err := c.Jobs(t.Context(), map[string][]string{"kind": {proof.Kind}})
	require.NoError(t, err)
	p := proofOf(t, c, page.Items[0].JobID)
	scores := map[string]proof.Score{}
	for _, test := range p.Tests {
		scores[test.Titles[0]] = p.Score(test.ID)
	}
	good, trivial, all := scores["adds a note"], scores["claims trifles"], scores["claims all there is"]
	t.Logf("good %+v\ntrifles %+v\nall %+v", good, trivial, all)
	require.Greater(t, good.Killed, 2)
	require.Greater(t, good.Rank, trivial.Rank)
	require.Greater(t, good.Rank, all.Rank)
	require.Greater(t, all.Alarms, good.Alarms, "a test that claims all there is minds what is harmless")
	var inPlace []int64
	for _, j := range p.Judgements {
		if j.InPlace {
			inPlace = append(inPlace, j.DurationMS)
		}
	}
	require.NotEmpty(t, inPlace)
	slices.Sort(inPlace)
	t.Logf("%d of %d judgements in place, the middle one in %d ms", len(inPlace), len(p.Judgements), inPlace[len(inPlace)/2])
	for _, c := range p.Checks {
		require.Equal(t, c.Matcher != "toHaveTitle", c.Noticed > 0, "%+v", c)
	}
	require.Len(t, p.Checks, 3+20+2)
}

// TestFaultsWithoutTimeAreLeftToAJob gives faults no time: the verdict says so, and a job of its own goes on with them.
func TestFaultsWithoutTimeAreLeftToAJob(t *testing.T) {
	t.Parallel()
	s := tapedecktest.Start(t, "serve", recordsHere(t)...)
	c := s.Client()
	id := recordNotes(t, c)
	out, said, code := tapedecktest.Run(t.Context(), t, []string{"TAPEDECK_URL=" + s.URL()}, "verify", suiteDir(t, addsANote), "--recording", id, "--runs", "1", "--mutants", "12", "--budget", "1")
	require.Equal(t, 0, code, said)
	require.Contains(t, out, "goes on")
	page, err := c.Jobs(t.Context(), map[string][]string{"kind": {proof.Kind}})
	require.NoError(t, err)
	p := proofOf(t, c, page.Items[0].JobID)
	require.NotNil(t, p.Rest)
	require.Equal(t, "succeeded", jobEnd(t, c, p.Rest.JobID).Status)
	p = proofOf(t, c, p.ID)
	require.Equal(t, proof.StatusProven, p.Status)
	for _, m := range p.Mutants {
		_, tried := p.Judgement(p.Tests[0].ID, m.ID)
		require.True(t, tried, "%+v", m)
	}
	require.Equal(t, p.Score(p.Tests[0].ID), p.Verdicts[0].Score)
	children, err := c.Jobs(t.Context(), map[string][]string{"parent": {p.ID}})
	require.NoError(t, err)
	require.Len(t, children.Items, 1)
}

// TestAVerificationGoesOnAfterAKill kills the server in the middle: no run that was finished is made again.
func TestAVerificationGoesOnAfterAKill(t *testing.T) {
	t.Parallel()
	s := tapedecktest.Start(t, "serve", recordsHere(t)...)
	c := s.Client()
	id := recordNotes(t, c)
	var j client.Job
	var archive bytes.Buffer
	zipDir(t, &archive, suiteDir(t, addsANote))
	input := fmt.Sprintf(`{"recordingId":%q,"runs":8,"workers":2,"maxLatencyMs":0,"throttleCpu":false}`, id)
	require.NoError(t, c.Upload(t.Context(), "/api/suites/verify", map[string][]string{"input": {input}}, []client.File{{
		Name: "p.zip", Field: "project", Open: func() (io.ReadCloser, error) { return io.NopCloser(&archive), nil },
	}}, &j))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ran := 0
	err := client.Tap{JobID: j.JobID, Follow: true, From: "beginning"}.Run(ctx, c, func(l client.TapLine) error {
		if l.Type == "proof.ran" {
			if ran++; ran == 2 {
				return client.ErrStop
			}
		}
		return nil
	})
	require.NoError(t, err)
	require.NoError(t, s.Kill())
	s.Restart()
	require.Equal(t, "succeeded", jobEnd(t, c, j.JobID).Status)
	p := proofOf(t, c, j.JobID)
	require.Equal(t, proof.StatusProven, p.Status, p.Reason)
	require.Equal(t, 2, p.Attempt)
	keys := map[string]int{}
	for _, r := range p.Done {
		keys[r.Key]++
	}
	require.Len(t, keys, 8)
	for key, n := range keys {
		require.Equal(t, 1, n, key)
	}
	require.Equal(t, 8, p.Verdicts[0].Counted)
}

// zipDir makes an archive of a folder.
func zipDir(t *testing.T, w io.Writer, dir string) {
	t.Helper()
	z := zip.NewWriter(w)
	require.NoError(t, z.AddFS(os.DirFS(dir)))
	require.NoError(t, z.Close())
}

// TestAnEnvironmentAllowsWhatItSays runs the same tests against a live site that may not be written to, and one that may.
func TestAnEnvironmentAllowsWhatItSays(t *testing.T) {
	t.Parallel()
	app := newNotes(t)
	s := tapedecktest.Start(t, "serve", append(recordsHere(t), "TAPEDECK_SECRET_NOTES=hunter2hunter2")...)
	env := []string{"TAPEDECK_URL=" + s.URL()}
	dir := suiteDir(t, `import { expect, test } from "@playwright/test";
test("reads", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("listitem").first()).toHaveText("Clean the heads");
});
test("writes", async ({ page }) => {
  await page.goto("/");
  await page.getByLabel("Note").fill("Buy tape");
  await page.getByRole("button", { name: "Add" }).click();
  await expect(page.getByRole("listitem").last()).toHaveText("Buy tape");
});
test("tells a secret", async () => { throw new Error("it is " + process.env.TOKEN); });
test("goes elsewhere", async ({ page }) => { await page.goto("http://localhost:18999/").catch(() => {}); });
`)
	verify := func(flags ...string) map[string]proof.Verdict {
		_, said, code := tapedecktest.Run(t.Context(), t, env, append([]string{"environments", "set", "here", "--base-url", app.URL, "--secret", "token=TAPEDECK_SECRET_NOTES"}, flags...)...)
		require.Zero(t, code, said)
		out, said, code := tapedecktest.Run(t.Context(), t, env, "verify", dir, "--environment", "here", "--runs", "2", "--throttle-cpu=false", "-o", "json")
		require.Equal(t, 1, code, said)
		require.NotContains(t, out+said, "hunter2")
		var p proof.State
		require.NoError(t, json.Unmarshal([]byte(out), &p), said)
		require.Equal(t, "live", p.Mode)
		verdicts := map[string]proof.Verdict{}
		for _, test := range p.Tests {
			verdicts[test.Titles[0]] = p.Verdict(test.ID)
		}
		return verdicts
	}
	before := verify()
	require.True(t, before["reads"].Proven, before["reads"].Why)
	require.False(t, before["writes"].Proven)
	require.Contains(t, before["tells a secret"].Why, "it is [secret]")
	require.Contains(t, before["goes elsewhere"].Why, "no host of this environment")
	require.Equal(t, 1, app.count(), "nothing was written")
	after := verify("--writable")
	require.True(t, after["writes"].Proven, after["writes"].Why)
	require.Equal(t, 2, after["writes"].Counted, "runs without a reset in between count apart")
	require.Equal(t, 3, app.count())
}

// TestAllFaultsThereAreStayWithinTheirTime asks for more faults than there are, and gives no time for them.
func TestAllFaultsThereAreStayWithinTheirTime(t *testing.T) {
	t.Parallel()
	s := tapedecktest.Start(t, "serve", recordsHere(t)...)
	c := s.Client()
	id := recordNotes(t, c)
	out, said, code := tapedecktest.Run(t.Context(), t, []string{"TAPEDECK_URL=" + s.URL()}, "verify", suiteDir(t, addsANote), "--recording", id, "--runs", "1", "--mutants", "10000", "--budget", "1", "-o", "json")
	require.Equal(t, 0, code, said)
	var p proof.State
	require.NoError(t, json.Unmarshal([]byte(out), &p), said)
	require.Equal(t, proof.StatusProven, p.Status, "what was not tried says nothing against a test")
	require.Len(t, p.Mutants, p.MutantsOf, "all there are")
	require.Greater(t, len(p.Mutants), 50)
	require.Less(t, len(p.Judgements), len(p.Mutants))
	left := len(p.Mutants) - len(p.Judgements)
	require.Contains(t, strings.Join(p.Notes, "\n"), fmt.Sprintf("%d of %d are left to a job of its own", left, len(p.Mutants)))
	require.Equal(t, left, p.Rest.Left)
}
