package runner_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/workers/verify/mutant"
	"tapedeck/workers/verify/runner"
)

// tickingPage changes by itself all the time, and lets no script in but its own.
const tickingPage = `<!doctype html><title>Reels</title><h1>Reels</h1><p>Four heads</p><button>Play</button><input aria-label="Speed" value="7">
<output id="ticks">0</output><script src="/tick.js"></script>`

const looksAtReels = `import { test, expect } from "@playwright/test";
test("looks", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("heading")).toHaveText("Reels");
  await expect(page.getByText("Four heads")).toBeVisible();
  await expect(page).toHaveTitle(/./);
  await page.getByRole("button", { name: "Play" }).click();
  await expect(page.locator("body")).not.toContainText("Speed");
});
test("asks for a value", async ({ page }) => {
  await page.goto("/");
  expect(await page.getByRole("heading").textContent()).toBe("Reels");
});
`

// TestFaultsAreTriedInPlace puts faults into a page at its assertions: each is noticed by those that claim what it changes,
// and the page is as it was for the next step.
func TestFaultsAreTriedInPlace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.site.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; require-trusted-types-for 'script'")
		w.Header().Set("Content-Type", "text/html")
		page := tickingPage
		if r.URL.Path == "/tick.js" {
			w.Header().Set("Content-Type", "text/javascript")
			page = `setInterval(() => { document.querySelector("#ticks").textContent++; }, 20);`
		}
		_, _ = fmt.Fprint(w, page)
	})
	fault := func(id, operator, tag, text string) runner.InPlaceFault {
		return runner.InPlaceFault{ID: id, Fault: jsontext.Value(fmt.Sprintf(`{"operator":%q,"tag":%q,"text":%q}`, operator, tag, text))}
	}
	b.host.setup = func(_ runner.Test, s *runner.Setup) error {
		s.InPlace = &runner.InPlace{Script: mutant.InPlaceScript(), MS: 10_000, Check: true, List: []runner.InPlaceFault{
			fault("heading text", "text", "h1", "Reels"), fault("heading role", "role", "h1", "Reels"), fault("paragraph hidden", "hide", "p", "Four heads"),
			fault("button text", "text", "button", "Play"), fault("button disabled", "disable", "button", "Play"), fault("nowhere", "text", "h2", "Reels"),
		}}
		return nil
	}
	dir := project(t, map[string]string{"a.spec.ts": looksAtReels})
	s, err := b.run.Run(t.Context(), dir, runner.Options{Limits: quick}, b.host)
	require.NoError(t, err, s.Output)
	for _, r := range s.Results {
		require.Equal(t, "passed", r.Status, "%v", r.Errors)
	}
	killed, shown, complete := map[string]int{}, map[string]bool{}, map[int]int{}
	var checks []string
	for _, o := range b.host.seen {
		switch o.Kind {
		case "faults":
			for _, f := range o.Faults {
				shown[f.ID] = shown[f.ID] || len(f.Gone)+len(f.Come) > 0
				if f.Killed {
					killed[f.ID] = o.Index
					require.NotEmpty(t, f.Message)
				}
			}
			if !o.Complete {
				complete[o.Index]++
			}
		case "check":
			checks = append(checks, fmt.Sprintf("%s %v", o.Matcher, o.Noticed > 0))
			require.NotZero(t, o.Tried)
		}
	}
	require.Equal(t, map[string]int{"heading text": 1, "heading role": 1, "paragraph hidden": 2}, killed)
	require.True(t, shown["button text"])
	require.True(t, shown["button disabled"])
	require.NotContains(t, shown, "nowhere")
	require.Equal(t, map[int]int{1: 1}, complete, "the value of the second test's assertion cannot be asked for again")
	require.Equal(t, []string{"toHaveText true", "toBeVisible true", "toHaveTitle false"}, checks)
}
