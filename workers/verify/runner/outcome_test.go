package runner_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/workers/recorder/browser"
	"tapedeck/workers/verify/runner"
	"tapedeck/workers/video"
)

const endings = `import { test, expect } from "@playwright/test";
test("fails by its second assertion", async ({ page }) => {
  await page.goto("/");
  await expect(page.locator("h1")).toHaveText("Reels");
  await expect(page.locator("h1")).toHaveText("Tapes");
});
test("fails by an action", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("button", { name: "Rewind" }).click();
});
test("fails by itself", async () => { throw new Error("out of tape"); });
test("never ends", async () => { test.setTimeout(1500); await new Promise(() => {}); });
test("exits", async () => { process.exit(3); });
test("is told to fail", async ({ page }) => { await page.goto("/"); });
test.skip("is skipped", async () => {});
test.fixme("is to be mended", async () => {});
`

func TestEachEndIsTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.host.fail = func(t runner.Test) string {
		if t.Titles[0] == "is told to fail" {
			return "2 requests did not fit"
		}
		return ""
	}
	dir := project(t, map[string]string{"a.spec.ts": endings})
	s, err := b.run.Run(t.Context(), dir, runner.Options{Workers: 2, Limits: quick, Trace: true, Out: t.TempDir()}, b.host)
	require.NoError(t, err, s.Output)
	got := map[string]runner.Result{}
	for _, r := range s.Results {
		got[r.Test.Titles[0]] = r
	}
	require.Len(t, got, 8)
	for title, status := range map[string]string{
		"fails by its second assertion": "failed", "fails by an action": "failed", "fails by itself": "failed", "never ends": "timedOut",
		"exits": "failed", "is told to fail": "failed", "is skipped": "skipped", "is to be mended": "skipped",
	} {
		require.Equal(t, status, got[title].Status, title)
	}
	require.Contains(t, got["is told to fail"].Errors[0].Message, "2 requests did not fit")
	for _, title := range []string{"fails by an action", "is told to fail"} {
		require.NotEmpty(t, pictures(t, got[title]), "%s: its trace shows no page", title)
	}
	by := map[string]string{}
	for _, e := range b.host.ended {
		if e.End != nil {
			by[e.End.By] += e.End.Message
			if e.End.By == "assertion" {
				require.Equal(t, 2, e.End.Assertion)
				require.Equal(t, "a.spec.ts", e.End.File)
				require.Equal(t, 5, e.End.Line)
			}
			if e.End.By == "action" {
				require.Equal(t, "a.spec.ts", e.End.File)
				require.Equal(t, 9, e.End.Line)
			}
		}
	}
	require.Contains(t, by["action"], "locator.click")
	require.Contains(t, by["crash"], "out of tape")
	require.Contains(t, by["timeout"], "1500ms")
}

// pictures are those of a run's trace.
func pictures(t *testing.T, r runner.Result) []video.Frame {
	t.Helper()
	i := slices.IndexFunc(r.Attachments, func(a runner.Attachment) bool { return a.Name == "trace" })
	require.GreaterOrEqual(t, i, 0, "it has no trace")
	data, err := os.ReadFile(r.Attachments[i].Path)
	require.NoError(t, err)
	frames, err := video.FromTrace(bytes.NewReader(data), int64(len(data)), t.TempDir())
	require.NoError(t, err)
	return frames
}

// TestSoftAssertionsAreTold runs a test that goes on after assertions that did not hold.
func TestSoftAssertionsAreTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dir := project(t, map[string]string{"a.spec.ts": `import { test, expect } from "@playwright/test";
test("goes on", async ({ page }) => {
  await page.goto("/");
  await expect.soft(page.locator("h1")).toHaveText("Reels");
  await expect.soft(page.locator("h1")).toHaveText("Tapes");
  expect.soft(1).toBe(2);
  await expect(page.locator("h1")).toHaveText("Reels");
});
`})
	s, err := b.run.Run(t.Context(), dir, runner.Options{Limits: quick}, b.host)
	require.NoError(t, err, s.Output)
	require.Equal(t, "failed", s.Results[0].Status)
	var held []bool
	for _, o := range b.host.seen {
		if o.Kind == "assertion" {
			held = append(held, o.Held)
		}
	}
	require.Equal(t, []bool{true, false, false, true}, held)
	require.Equal(t, "assertion", b.host.ended[0].End.By)
	require.Equal(t, 2, b.host.ended[0].End.Assertion)
}

// TestASlowRunIsGivenTime runs a test whose page is later than its assertions and actions wait: it passes where it is known
// to be slowed down.
func TestASlowRunIsGivenTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.site.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, `<!doctype html><script>setTimeout(() => { document.body.innerHTML = "<h1>Reels</h1>"; setTimeout(() => { document.body.innerHTML += "<button>Play</button>"; }, 2500); }, 1500);</script><body>`)
	})
	b.host.setup = func(t runner.Test, s *runner.Setup) error { s.Patience = float64(1 + 7*t.Repeat); return nil }
	dir := project(t, map[string]string{"a.spec.ts": `import { test, expect } from "@playwright/test";
test("waits", async ({ page }) => {
  await page.goto("/");
  await expect.soft(page.locator("h1")).toHaveText("Reels");
  await page.getByRole("button").click();
});
test("has its own limit", async ({ page }) => {
  await page.goto("/");
  await expect.configure({ timeout: 500 })(page.locator("h1")).toHaveText("Reels");
});
`})
	s, err := b.run.Run(t.Context(), dir, runner.Options{Repeat: 2, Limits: quick}, b.host)
	require.NoError(t, err, s.Output)
	for _, r := range s.Results {
		want := "failed"
		if r.Test.Titles[0] == "waits" && r.Test.Repeat == 1 {
			want = "passed"
		}
		require.Equal(t, want, r.Status, "%v %v", r.Test, r.Errors)
	}
}

// TestNothingOutsideIsReached runs tests that look for what is not theirs.
func TestNothingOutsideIsReached(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var asked atomic.Int32
	bystander := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(bystander.Close)
	secret := filepath.Join(t.TempDir(), "secret.txt")
	require.NoError(t, os.WriteFile(secret, []byte("canary"), 0o644))
	dir := project(t, map[string]string{"a.spec.ts": fmt.Sprintf(`import { test, expect } from "@playwright/test";
import fs from "node:fs";
import os from "node:os";
test("asks a server", async () => { await fetch(%[1]q); });
test("reads a file", async () => { fs.readFileSync(%[2]q); });
test("reads the passwords", async () => { fs.readFileSync("/etc/shadow"); });
test("writes into the project", async () => { fs.writeFileSync("a.txt", "x"); });
test("has no environment but its own", async () => {
  expect(Object.keys(process.env).filter((n) => /GOPATH|GOCACHE|SSH|USER_SECRET/.test(n))).toEqual([]);
  expect(os.hostname()).toBe("tapedeck");
});
`, bystander.URL, secret)})
	s, err := b.run.Run(t.Context(), dir, runner.Options{Workers: 2, Limits: quick}, b.host)
	require.NoError(t, err, s.Output)
	for _, r := range s.Results {
		title := r.Test.Titles[0]
		if title == "has no environment but its own" {
			require.Equal(t, "passed", r.Status, "%v", r.Errors)
			continue
		}
		require.Equal(t, "failed", r.Status, title)
		t.Log(title, ": ", r.Errors[0].Message)
	}
	require.Zero(t, asked.Load())
	require.NoFileExists(t, filepath.Join(dir, "a.txt"))
}

func TestProjectsThatBringTooMuchAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	spec := `import { test } from "@playwright/test"; test("a", async () => {});`
	for why, files := range map[string]map[string]string{
		"brings no packages": {"a.spec.ts": spec, "node_modules/left-pad/index.js": ""},
		"No tests found":     {"readme.md": "hello"},
		"a.spec.ts":          {"a.spec.ts": "import { test } from '@playwright/test'; test('a', async () => {"},
	} {
		_, err := b.run.List(t.Context(), project(t, files), quick)
		require.ErrorIs(t, err, runner.ErrProject, why)
		require.ErrorContains(t, err, why)
	}
	dir := project(t, map[string]string{"a.spec.ts": spec})
	require.NoError(t, os.Symlink("/etc", filepath.Join(dir, "etc")))
	_, err := b.run.List(t.Context(), dir, quick)
	require.ErrorContains(t, err, "leads out of the project")
}

// TestWhatTakesTooMuchIsEnded: nothing is left of an invocation that is ended, whatever it started.
func TestWhatTakesTooMuchIsEnded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, c := range map[string]struct {
		body   string
		limits runner.Limits
		why    string
	}{
		"time":      {`await new Promise(() => {});`, runner.Limits{Wall: 4 * time.Second}, "longer than 4s"},
		"memory":    {`const all = []; for (;;) { all.push(Buffer.alloc(16 << 20, 1)); await new Promise((r) => setTimeout(r, 5)); }`, runner.Limits{Memory: 700 << 20}, "of memory"},
		"processes": {`const { spawn } = await import("node:child_process"); for (let i = 0; i < 60; i++) spawn("sleep", ["1000"]); await new Promise(() => {});`, runner.Limits{Processes: 40}, "processes"},
	} {
		dir := project(t, map[string]string{"a.spec.ts": `import { test } from "@playwright/test"; test("takes", async () => { ` + c.body + ` });`})
		c.limits.Test = time.Minute
		_, err := b.run.Run(t.Context(), dir, runner.Options{Limits: c.limits}, b.host)
		require.ErrorIs(t, err, runner.ErrLimit, name)
		require.ErrorContains(t, err, c.why)
	}
}

func TestAFloodIsCutAndSaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dir := project(t, map[string]string{"a.spec.ts": `import { test } from "@playwright/test";
test("floods", async () => { for (let i = 0; i < 20000; i++) process.stdout.write("x".repeat(200) + "\n"); });`})
	s, err := b.run.Run(t.Context(), dir, runner.Options{Limits: quick}, b.host)
	require.NoError(t, err)
	require.Equal(t, "passed", s.Results[0].Status)
	require.LessOrEqual(t, len(s.Output), 64<<10)
}

func TestCancellingEndsIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dir := project(t, map[string]string{"a.spec.ts": `import { test } from "@playwright/test"; test("waits", async () => { await new Promise(() => {}); });`})
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("nobody wants it any more")
	b.host.setup = func(runner.Test, *runner.Setup) error { cancel(why); return nil }
	_, err := b.run.Run(ctx, dir, runner.Options{Limits: quick}, b.host)
	require.ErrorIs(t, err, why)
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	dir := project(t, map[string]string{"a.spec.ts": passing})
	_, err := runner.New(runner.Config{Kit: t.TempDir()}).List(t.Context(), dir, quick)
	require.ErrorContains(t, err, "scripts/install-test-kit")
	require.ErrorIs(t, err, browser.ErrMissing)
}

func TestOwnFixturesProjectsAndConfigurationsWork(t *testing.T) {
	t.Parallel()
	b := setup(t)
	dir := project(t, map[string]string{
		"playwright.config.ts": `import { defineConfig, devices } from "@playwright/test";
export default defineConfig({ testDir: "./specs", retries: 3, projects: [
  { name: "desktop", use: { ...devices["Desktop Chrome"] } },
  { name: "fox", use: { ...devices["Desktop Firefox"] } },
], webServer: { command: "false", url: "http://127.0.0.1:1" } });`,
		"specs/fixtures.ts": `import { test as base, expect as real } from "@playwright/test";
export const test = base.extend<{ heading: string }>({ heading: async ({ page }, use) => { await page.goto("/"); await use(await page.locator("h1").innerText()); } });
export const expect = real.extend({ toBeTape(received: string) { return { pass: received === "Reels", message: () => "no tape" }; } });`,
		"specs/a.spec.ts": `import { test, expect } from "./fixtures";
test("uses its own", async ({ heading, page }) => {
  (expect as any)(heading).toBeTape();
  await expect.poll(() => page.title()).toBe("Reels");
  await expect(async () => { expect(await page.title()).toBe("Reels"); }).toPass();
  expect.soft(1).toBe(1);
});
test.describe.serial("in a row", () => {
  let seen = 0;
  test("first", async () => { seen++; });
  test("second", async () => { expect(seen).toBe(1); });
});`,
		"tsconfig.json": `{}`,
	})
	s, err := b.run.Run(t.Context(), dir, runner.Options{Workers: 1, Repeat: 2, Limits: quick}, b.host)
	require.NoError(t, err, s.Output)
	require.Len(t, s.Results, 6)
	for _, r := range s.Results {
		require.Equal(t, "passed", r.Status, "%v %v", r.Test.Titles, r.Errors)
		require.Equal(t, "desktop", r.Test.Project)
	}
}
