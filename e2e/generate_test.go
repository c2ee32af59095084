package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/proof"
	"tapedeck/internal/tapedecktest"
)

// TestARecordingBecomesAProvenTest writes a recording as a project, which is proven, and notices faults.
func TestARecordingBecomesAProvenTest(t *testing.T) {
	t.Parallel()
	s := tapedecktest.Start(t, "serve", recordsHere(t)...)
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
	_, said, code = tapedecktest.Run(t.Context(), t, env, "generate", id, "--dir", dir)
	require.Equal(t, 2, code)
	require.Contains(t, said, "is not empty")
	_, said, code = tapedecktest.Run(t.Context(), t, env, "generate", "nothing", "--verify=false")
	require.Equal(t, 1, code)
	require.Contains(t, said, "there is no recording nothing")
}
