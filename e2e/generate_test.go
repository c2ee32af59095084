package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

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
