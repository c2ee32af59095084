package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tapedeck/client"
	"tapedeck/demo/flows"
	fernway "tapedeck/demo/shop"
	"tapedeck/domain/proof"
	"tapedeck/internal/browsertest"
	"tapedeck/internal/tapedecktest"
)

// TestARecordingBecomesAProvenTest writes a recording as a project, which is proven, and notices faults.
func TestARecordingBecomesAProvenTest(t *testing.T) {
	t.Parallel()
	remote := filepath.Join(t.TempDir(), "shop.git")
	s := tapedecktest.Start(t, "serve", append(recordsHere(t), "GIT_HOSTS="+filepath.Dir(remote))...)
	c := s.Client()
	id := recordNotes(t, c)
	dir := filepath.Join(t.TempDir(), "written")
	env := []string{"TAPEDECK_URL=" + s.URL()}
	out, said, code := tapedecktest.Run(t.Context(), t, env, "generate", id, "--dir", dir, "--runs", "2", "--mutants", "8", "-o", "json")
	require.Equal(t, 0, code, said)
	var p proof.State
	require.NoError(t, json.Unmarshal([]byte(out), &p), said)
	require.Equal(t, proof.StatusProven, p.Status)
	require.Positive(t, p.Verdicts[0].Score.Killed)
	specs, err := filepath.Glob(filepath.Join(dir, "tests", "*.spec.ts"))
	require.NoError(t, err)
	require.Len(t, specs, 1)
	spec, err := os.ReadFile(specs[0])
	require.NoError(t, err)
	rest := string(spec)
	for _, line := range []string{
		`  await page.goto("/");`, `  await page.getByRole("button", { name: "Add" }).click();`,
		`  await expect(page.getByRole("alert")).toContainText("A note needs a text.");`, `  await page.getByLabel("Note").fill("Buy tape");`,
		`  await page.getByRole("button", { name: "Add" }).click();`, `  await expect(page.getByText("Buy tape", { exact: true })).toBeVisible();`,
		"toMatchAriaSnapshot(`", `  await expect(page.getByRole("status")).toContainText("2 notes");`,
	} {
		_, after, found := strings.Cut(rest, line)
		require.True(t, found, "%s is not where it should be in:\n%s", line, spec)
		rest = after
	}
	require.NotContains(t, string(spec), "still(page)")

	// What is proven can be pushed.
	suite, _, _ := strings.Cut(strings.TrimPrefix(said, "job "), "\n")
	runGit(t, "init", "--quiet", "--bare", "--initial-branch=main", remote)
	copied := filepath.Join(t.TempDir(), "copy")
	runGit(t, "clone", "--quiet", remote, copied)
	require.NoError(t, os.WriteFile(filepath.Join(copied, "README.md"), []byte("# Shop\n"), 0o600))
	runGit(t, "-C", copied, "add", "-A")
	runGit(t, "-C", copied, "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "--quiet", "-m", "Begin")
	runGit(t, "-C", copied, "push", "--quiet", "origin", "HEAD:main")
	out, said, code = tapedecktest.Run(t.Context(), t, env, "push", suite, remote, "--folder", "e2e")
	require.Equal(t, 0, code, said)
	branch, _, _ := strings.Cut(out, " ")
	require.Equal(t, string(spec), runGit(t, "-C", remote, "show", branch+":e2e/tests/"+filepath.Base(specs[0])))
	_, said, code = tapedecktest.Run(t.Context(), t, env, "push", suite, "https://git.test/shop.git")
	require.Equal(t, 1, code)
	require.Contains(t, said, "git.test is not one of GIT_HOSTS")
	_, said, code = tapedecktest.Run(t.Context(), t, env, "push", id, remote)
	require.Equal(t, 1, code)
	require.Contains(t, said, "a finished job of suite.generate")
	_, said, code = tapedecktest.Run(t.Context(), t, env, "generate", id, "--dir", dir)
	require.Equal(t, 2, code)
	require.Contains(t, said, "is not empty")
	_, said, code = tapedecktest.Run(t.Context(), t, env, "generate", "nothing", "--verify=false")
	require.Equal(t, 1, code)
	require.Contains(t, said, "there is no recording nothing")
}

// TestARecordingBecomesPageObjects records a flow of the demo shop that comes back to a page, and fills one field of another
// again and again: the test that is proven has classes of both, which fixtures give to it.
func TestARecordingBecomesPageObjects(t *testing.T) {
	t.Parallel()
	s := tapedecktest.Start(t, "serve", recordsHere(t)...)
	c := s.Client()
	site := httptest.NewServer(fernway.New(fernway.Config{}))
	t.Cleanup(site.Close)
	doc, err := flows.Flow{Name: "cart"}.Document(site.URL)
	require.NoError(t, err)
	for _, again := range doc.Steps[:3] {
		again.ID += "-again"
		doc.Steps = append(doc.Steps, again)
	}
	input, err := json.Marshal(map[string]any{"url": site.URL + "/", "name": "Cart", "mode": "script", "steps": doc.Steps, "capture": map[string]any{
		"video": false, "trace": false, "har": true, "screenshots": false, "dom": false, "console": false,
	}})
	require.NoError(t, err)
	j, err := c.Submit(t.Context(), client.Submission{Kind: "recorder.record", Input: input}, "")
	require.NoError(t, err)
	require.Equal(t, "succeeded", jobEnd(t, c, j.JobID).Status)
	site.Close()

	dir := filepath.Join(t.TempDir(), "written")
	out, said, code := tapedecktest.Run(t.Context(), t, []string{"TAPEDECK_URL=" + s.URL()},
		"generate", j.JobID, "--dir", dir, "--login", "--learn=false", "--runs", "2", "--mutants", "0", "-o", "json")
	require.Equal(t, 0, code, said)
	var p proof.State
	require.NoError(t, json.Unmarshal([]byte(out), &p), said)
	require.Equal(t, proof.StatusProven, p.Status)
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		require.NoError(t, err)
		return string(data)
	}
	spec := read("tests/cart.spec.ts")
	require.Contains(t, spec, `import { expect, test } from "./cart.fixtures";`)
	require.Contains(t, spec, "async ({ page, productsDayPackPage, cartPage }) => {")
	require.Equal(t, 2, strings.Count(spec, "  await productsDayPackPage.addToCartButton.click();\n"))
	require.Equal(t, 3, strings.Count(spec, "  await cartPage.voucherCode.fill("))
	require.Contains(t, read("tests/cart.fixtures.ts"), "  cartPage: CartPage;\n")
	require.Contains(t, read("tests/pages/cart/cart-page.ts"), `    this.voucherCode = page.getByRole("textbox", { name: "Voucher code" });`)
	require.Contains(t, read("playwright.config.ts"), "storageState: process.env.STORAGE_STATE,")
}

// TestARecordingBecomesATestWithItsLogin records behind a login that was kept as a profile: its test takes a login from the
// environment, and is proven on the twin, which answers without one.
func TestARecordingBecomesATestWithItsLogin(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	page := func(w http.ResponseWriter, body string) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!doctype html><html lang=en><title>Club</title>"+body)
	}
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, _ *http.Request) {
		page(w, "<form method=post><label>Password <input type=password name=pw></label><button>Sign in</button></form>")
	})
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "a-session-of-the-club", Path: "/", HttpOnly: true, MaxAge: 3600})
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("session"); err != nil || c.Value != "a-session-of-the-club" {
			http.Redirect(w, r, "/login", http.StatusFound)
			return
		}
		page(w, "<h1>Members</h1><a href=/>Again</a>")
	})
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	s := tapedecktest.Start(t, "serve", append(recordsHere(t), "PROFILE_KEY=0123456789abcdef0123456789abcdef", "TAPEDECK_SECRET_PASSWORD=correct-horse-battery")...)
	c := s.Client()
	way := func(selector string) map[string]any {
		return map[string]any{"candidates": []map[string]any{{"by": "role", "selector": selector, "matches": 1}}}
	}
	record := func(in map[string]any) string {
		in["mode"] = "script"
		in["capture"] = map[string]any{"video": false, "trace": false, "har": true, "screenshots": false, "dom": false, "console": false}
		input, err := json.Marshal(in)
		require.NoError(t, err)
		j, err := c.Submit(t.Context(), client.Submission{Kind: "recorder.record", Input: input}, "")
		require.NoError(t, err)
		require.Equal(t, "succeeded", jobEnd(t, c, j.JobID).Status)
		return j.JobID
	}
	members := map[string]any{"id": "m", "type": "assert", "assertion": map[string]any{"claim": "visible"}, "target": way(`internal:role=heading[name="Members"i]`)}
	record(map[string]any{
		"url": site.URL + "/login", "saveProfile": "member", "secrets": []any{map[string]any{"name": "pw", "ref": "TAPEDECK_SECRET_PASSWORD"}},
		"steps": []map[string]any{
			{"id": "p", "type": "fill", "target": way(`internal:label="Password"i`), "value": map[string]any{"secret": "pw"}},
			{"id": "c", "type": "click", "target": way(`internal:role=button[name="Sign in"i]`)}, members,
		},
	})
	id := record(map[string]any{"url": site.URL + "/", "name": "Members", "profile": "member", "steps": []map[string]any{
		{"id": "n", "type": "navigate", "url": site.URL + "/"}, members,
		{"id": "a", "type": "click", "target": way(`internal:role=link[name="Again"i]`)},
	}})
	site.Close()

	dir := filepath.Join(t.TempDir(), "written")
	out, said, code := tapedecktest.Run(t.Context(), t, []string{"TAPEDECK_URL=" + s.URL()},
		"generate", id, "--dir", dir, "--learn=false", "--runs", "2", "--mutants", "0", "-o", "json")
	require.Equal(t, 0, code, said)
	var p proof.State
	require.NoError(t, json.Unmarshal([]byte(out), &p), said)
	require.Equal(t, proof.StatusProven, p.Status)
	for name, text := range map[string]string{
		"playwright.config.ts": "storageState: process.env.STORAGE_STATE,", "README.md": "STORAGE_STATE=login.json npm test",
		"tests/members.spec.ts": `  await expect(page.getByRole("heading", { name: "Members" })).toBeVisible();`,
	} {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		require.NoError(t, err)
		require.Contains(t, string(data), text)
		require.NotContains(t, string(data), "a-session-of-the-club")
	}
}

func runGit(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", args...).CombinedOutput()
	require.NoError(t, err, "git %v: %s", args, out)
	return string(out)
}

// TestWhatIsLearntHoldsInGo writes a recording in Go: the assertions that were learnt with Playwright Test hold in the browser
// that playwright-go drives too.
func TestWhatIsLearntHoldsInGo(t *testing.T) {
	t.Parallel()
	driver, chromium, err := browsertest.Installed()
	require.NoError(t, err)
	s := tapedecktest.Start(t, "serve", recordsHere(t)...)
	id := recordNotes(t, s.Client())
	dir := filepath.Join(t.TempDir(), "written")
	env := []string{"TAPEDECK_URL=" + s.URL()}
	out, said, code := tapedecktest.Run(t.Context(), t, env, "generate", id, "--dir", dir, "--target", "go", "--runs", "1", "--mutants", "0", "-o", "json")
	require.Equal(t, 0, code, said)
	var p proof.State
	require.NoError(t, json.Unmarshal([]byte(out), &p), said)
	require.Equal(t, proof.StatusProven, p.Status)
	specs, err := filepath.Glob(filepath.Join(dir, "tests", "127-*_test.go")) // it is named by its address
	require.NoError(t, err)
	require.Len(t, specs, 1, said)
	spec, err := os.ReadFile(specs[0])
	require.NoError(t, err)
	require.Contains(t, string(spec), "ToMatchAriaSnapshot(", "something was learnt")
	cmd := exec.CommandContext(t.Context(), "go", "test", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=off", "BASE_URL="+newNotes(t).URL, "PLAYWRIGHT_DRIVER_PATH="+driver, "CHROMIUM_PATH="+chromium)
	ran, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", ran, spec)

	_, said, code = tapedecktest.Run(t.Context(), t, env, "generate", id, "--target", "rust")
	require.Equal(t, 2, code)
	require.Contains(t, said, "/input/target: value must be one of 'typescript', 'go'")
}
