package runner_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/workers/verify/runner"
)

const passing = `import { test, expect } from "@playwright/test";
test.describe("reels", () => {
  test("plays", { annotation: { type: "recording", description: "r1" } }, async ({ page }) => {
    await page.goto("/a");
    await expect(page.getByRole("heading", { name: "Reels" })).toBeVisible();
    await page.getByRole("button", { name: "Play" }).click();
    await expect(page.getByRole("button")).toHaveText("Played");
    expect(1 + 1).toBe(2);
  });
});
test("shows its path", async ({ page, baseURL }) => {
  await page.goto("/b");
  await expect(page.locator("#path")).not.toHaveText("/a");
  expect(baseURL).toContain("http://127.0.0.1");
});
`

func TestEachRunHasASession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.host.setup = func(_ runner.Test, s *runner.Setup) error { s.Checkpoints = true; return nil }
	dir := project(t, map[string]string{"tests/reels.spec.ts": passing})
	tests, err := b.run.List(t.Context(), dir, quick)
	require.NoError(t, err)
	require.Len(t, tests, 2)
	require.Equal(t, []string{"reels", "plays"}, tests[0].Titles)
	require.Equal(t, "tests/reels.spec.ts", tests[0].File)
	require.Equal(t, []runner.Annotation{{Type: "recording", Description: "r1"}}, tests[0].Annotations)
	s, err := b.run.Run(t.Context(), dir, runner.Options{Workers: 2, Repeat: 3, Limits: quick}, b.host)
	require.NoError(t, err, s.Output)
	require.Len(t, s.Results, 6)
	for _, r := range s.Results {
		require.Equal(t, "passed", r.Status, "%v", r.Errors)
	}
	require.Len(t, b.host.begun, 6)
	assertions, checkpoints := 0, 0
	for _, o := range b.host.seen {
		switch o.Kind {
		case "assertion":
			assertions++
			require.True(t, o.Held)
			require.Equal(t, "tests/reels.spec.ts", o.File)
			require.NotZero(t, o.Line)
		case "checkpoint":
			checkpoints++
			require.Contains(t, o.Pages[0].Aria, "Reels")
		}
	}
	require.Equal(t, 3*3+3*2, assertions)
	require.Equal(t, 3*3+3*2, checkpoints, "after each claim about a page, and at the end")
	for _, r := range s.Results {
		t.Log(r.Worker, r.DurationMS, r.Test.Titles)
	}
	t.Log(s.Duration)
}
