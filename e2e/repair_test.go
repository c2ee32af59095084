package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"tapedeck/client"
	"tapedeck/domain/proof"
	"tapedeck/internal/tapedecktest"
)

// renamed is the flow in whose recording the button has another name too, one that it no longer has.
func renamed(t *testing.T) []byte {
	t.Helper()
	const add = `{
            "by": "role",
            "selector": "internal:role=button[name=\"Add\"i]",
            "matches": 1
          }`
	const both = `{"by": "role", "selector": "internal:role=button[name=\"Append\"i]", "locator": "getByRole('button', { name: 'Append' })", "matches": 1}, ` + add
	require.Equal(t, 2, bytes.Count(notesFlow, []byte(add)))
	return bytes.ReplaceAll(notesFlow, []byte(add), []byte(both))
}

const ailing = `import { expect, test } from "@playwright/test";

async function submit(page) {
  await page.getByRole("button", { name: "Append" }).click();
}

test("has an old name", async ({ page }) => {
  await page.goto("/");
  await page.getByRole('button', { name: 'Append' }).click();
  await expect(page.getByRole("alert")).toHaveText("A note needs a text.");
  await page.getByLabel("Note").fill("Buy tape");
  const button = page
    .getByRole("button", {
      name: "Append",
    });
  await button.click();
  await expect(page.getByRole("status")).toHaveText("2 notes");
});

test("has a bad copy", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByLabel("Notes").fill("Buy tape");
  await page.getByRole("button", { name: "Add" }).click();
  await expect(page.getByRole("status")).toHaveText("2 notes");
});

test("claims a value", async ({ page }) => {
  await page.goto("/");
  await submit(page);
  await page.getByLabel("Note").fill("Buy tape");
  await submit(page);
  await expect(page.getByRole("status")).toHaveValue("2 notes");
});

test("uses what is shared", async ({ page }) => {
  await page.goto("/");
  await submit(page);
  await page.getByLabel("Note").fill("Buy tape");
  await submit(page);
  await expect(page.getByRole("status")).toHaveText("2 notes");
});

test("claims what never was", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByLabel("Note").fill("Buy tape");
  await page.getByRole("button", { name: "Add" }).click();
  await expect(page.getByRole("status")).toHaveText("2 notes");
  await expect(page.getByLabel("Note")).toHaveText("Buy tape");
});

test("does not write", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("button", { name: "Add" }).click();
  await expect(page.getByRole("alert")).toHaveText("A note needs a text.");
});
`

// ailingDir is a project whose tests do not wait long for what is not there.
func ailingDir(t *testing.T, spec string) string {
	t.Helper()
	dir := suiteDir(t, spec)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "playwright.config.ts"), []byte(`import { defineConfig } from "@playwright/test";
export default defineConfig({ expect: { timeout: 4000 }, use: { actionTimeout: 4000 } });
`), 0o644))
	return dir
}

// TestWhatFailsIsRepairedOrWithheld mends what the recording knows how to, and keeps back the rest with its reason; no
// assertion is lost on the way.
func TestWhatFailsIsRepairedOrWithheld(t *testing.T) {
	slow(t, "TestRepairsGoOnAfterAKill")
	t.Parallel()
	s := tapedecktest.Start(t, "serve", recordsHere(t)...)
	c := s.Client()
	id := recordFlow(t, c, renamed(t))
	dir := ailingDir(t, ailing)
	out, said, code := tapedecktest.Run(t.Context(), t, []string{"TAPEDECK_URL=" + s.URL()}, "verify", dir, "--recording", id, "--runs", "2", "--throttle-cpu=false", "-o", "json")
	require.Equal(t, 1, code, said)
	var p proof.State
	require.NoError(t, json.Unmarshal([]byte(out), &p), "%s", said)
	asserted := map[string]int{"has an old name": 2, "has a bad copy": 1, "claims a value": 1, "uses what is shared": 1}
	for _, test := range p.Tests {
		v, title := p.Verdict(test.ID), test.Titles[0]
		require.Equal(t, asserted[title] > 0, v.Proven, "%s: %s\n%s", title, v.Why, said)
		require.Equal(t, asserted[title] > 0, p.Repair(test.ID) > 0, title)
		for _, r := range p.Done {
			if r.Test == test.ID && r.Repair > 0 && r.Repair == p.Repair(test.ID) {
				require.Equal(t, asserted[title], r.Assertions, "%s: every assertion is asked", title)
			}
		}
	}
	kept, vain, also := map[string][]string{}, map[string]int{}, map[string]bool{}
	for _, r := range p.Repairs {
		title := p.Tests[indexOf(p, r.Test)].Titles[0]
		require.NotEmpty(t, r.Reason)
		if strings.HasPrefix(r.Reason, "it was changed for") {
			require.Contains(t, r.Before, "Append", "what concerns the others is in the function")
			also[title] = also[title] || r.Kept
			continue
		}
		if r.Kept {
			kept[title] = append(kept[title], strings.TrimSpace(r.After))
		} else {
			require.NotEmpty(t, r.Message, title)
			vain[title]++
		}
	}
	require.Len(t, kept["has an old name"], 2, "the name stands in two places")
	require.Contains(t, kept["has an old name"][0], "'button', { name: 'Add' }", "quotes stay as they are")
	require.Contains(t, kept["has a bad copy"], `await page.getByLabel("Note").fill("Buy tape");`)
	require.Len(t, kept["claims a value"], 2)
	require.Contains(t, kept["claims a value"][0], `{ name: "Add" }`)
	require.Contains(t, kept["claims a value"][1], `toHaveText("2 notes")`)
	require.Equal(t, map[string]bool{"has an old name": true, "has a bad copy": true, "uses what is shared": true, "claims what never was": false}, also, "whoever may use the function is run again")
	require.NotEmpty(t, vain["claims what never was"])
	require.Zero(t, vain["does not write"]+len(kept["does not write"]))
	require.Contains(t, said, "does not write is not repaired: it failed by drift")
	require.Contains(t, said, "claims what never was is not repaired")

	// The patch gives a project that is proven as it stands, but for what was withheld.
	patch, err := os.Create(filepath.Join(t.TempDir(), "repairs.patch"))
	require.NoError(t, err)
	require.NoError(t, c.Download(t.Context(), "/api/jobs/"+p.ID+"/artifacts/repairs.patch", patch))
	require.NoError(t, patch.Close())
	git := exec.CommandContext(t.Context(), "git", "apply", "-v", patch.Name())
	git.Dir = dir
	answer, err := git.CombinedOutput()
	require.NoError(t, err, "%s", answer)
	mended, err := os.ReadFile(filepath.Join(dir, "tests", "notes.spec.ts"))
	require.NoError(t, err)
	require.Equal(t, strings.Count(ailing, "expect("), strings.Count(string(mended), "expect("))
	require.Equal(t, strings.Count(ailing, "\n"), strings.Count(string(mended), "\n"))
	if os.Getenv("MUTANTS") == "" {
		return // `make proof` runs it: that takes as long again
	}
	out, said, code = tapedecktest.Run(t.Context(), t, []string{"TAPEDECK_URL=" + s.URL()}, "verify", dir, "--recording", id, "--runs", "1", "--repair=false", "-o", "json")
	require.Equal(t, 1, code, said)
	var again proof.State
	require.NoError(t, json.Unmarshal([]byte(out), &again), "%s", said)
	require.Empty(t, again.Repairs)
	for _, test := range again.Tests {
		v := again.Verdict(test.ID)
		require.Equal(t, asserted[test.Titles[0]] > 0, v.Proven, "%s: %s", test.Titles[0], v.Why)
	}
}

func indexOf(p proof.State, test string) int {
	for i, t := range p.Tests {
		if t.ID == test {
			return i
		}
	}
	return -1
}

// TestRepairsGoOnAfterAKill kills the server when one test was repaired and another was not yet: what was changed is
// changed again, and no run that was finished is made again.
func TestRepairsGoOnAfterAKill(t *testing.T) {
	t.Parallel()
	s := tapedecktest.Start(t, "serve", recordsHere(t)...)
	c := s.Client()
	id := recordFlow(t, c, renamed(t))
	var archive bytes.Buffer
	zipDir(t, &archive, ailingDir(t, ailing[:strings.Index(ailing, `test("claims a value"`)]))
	var j client.Job
	input := fmt.Sprintf(`{"recordingId":%q,"runs":2,"maxLatencyMs":0,"throttleCpu":false}`, id)
	require.NoError(t, c.Upload(t.Context(), "/api/suites/verify", map[string][]string{"input": {input}}, []client.File{{
		Name: "p.zip", Field: "project", Open: func() (io.ReadCloser, error) { return io.NopCloser(&archive), nil },
	}}, &j))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	require.NoError(t, client.Tap{JobID: j.JobID, Follow: true, From: "beginning"}.Run(ctx, c, func(l client.TapLine) error {
		if l.Type == "proof.repaired" && bytes.Contains(l.Data, []byte(`"kept":true`)) {
			return client.ErrStop
		}
		return nil
	}))
	require.NoError(t, s.Kill())
	s.Restart()
	require.Equal(t, "succeeded", jobEnd(t, c, j.JobID).Status)
	p := proofOf(t, c, j.JobID)
	require.Equal(t, proof.StatusProven, p.Status, "%v\n%+v", p.Notes, p.Repairs)
	require.Greater(t, p.Attempt, 1)
	keys := map[string]bool{}
	for _, r := range p.Done {
		require.False(t, keys[r.Key], r.Key)
		keys[r.Key] = true
	}
	var patch bytes.Buffer
	require.NoError(t, c.Download(t.Context(), "/api/jobs/"+j.JobID+"/artifacts/repairs.patch", &patch))
	for _, line := range []string{
		`  await page.getByRole('button', { name: 'Add' }).click();`, `    .getByRole("button", { name: "Add" })`, `  await page.getByLabel("Note").fill("Buy tape");`,
	} {
		require.Contains(t, patch.String(), "\n+"+line+"\n")
	}
}
