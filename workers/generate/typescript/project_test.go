package typescript_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/recording"
	"tapedeck/workers/generate/typescript"
)

func role(role, name string) *recording.Target {
	return &recording.Target{Candidates: []recording.Candidate{{By: "role", Locator: `getByRole('` + role + `', { name: '` + name + `' })`, Selector: "x", Matches: 1}}}
}

// everything is a recording with every action.
func everything() recording.Document {
	at := func(s recording.Step) recording.Step { s.Page = "page"; return s }
	frame := role("button", "Pay")
	frame.Frames = []recording.Frame{{Candidates: []recording.Candidate{{By: "css", Selector: "iframe.pay", Matches: 1}}}}
	canvas := &recording.Target{Candidates: []recording.Candidate{{By: "css", Selector: "#chart", Matches: 1}}, Element: &recording.Facts{Tag: "canvas"}}
	claim := func(a recording.Assertion, t *recording.Target) recording.Step {
		return at(recording.Step{Type: recording.Assert, Assertion: &a, Target: t})
	}
	return recording.Document{
		ID: "r1", Version: 7, Name: "Buy a @tape", URL: "http://shop.test/start?x=1", Viewport: recording.Size{Width: 1280, Height: 720}, Secrets: []string{"admin-password"},
		Steps: []recording.Step{
			at(recording.Step{Type: recording.Navigate, URL: "http://shop.test"}),
			at(recording.Step{Type: recording.Navigate, URL: "https://elsewhere.test/a"}),
			at(recording.Step{Type: recording.Navigate, History: "back"}),
			at(recording.Step{Type: recording.Fill, Target: role("textbox", "Name"), Value: &recording.Value{Text: "Ada \"L\"\n${x}"}}),
			at(recording.Step{Type: recording.Fill, Target: role("textbox", "Password"), Value: &recording.Value{Text: "xxxx", Secret: "admin-password"}}),
			at(recording.Step{Type: recording.Press, Target: role("textbox", "Name"), Key: "Enter", Modifiers: []string{"Shift"}}),
			at(recording.Step{Type: recording.Press, Key: "Escape"}),
			at(recording.Step{Type: recording.Click, Target: role("row", "Tape"), Count: 2, Button: "right", Modifiers: []string{"Alt"}, Position: &recording.Point{X: 3, Y: 4}}),
			at(recording.Step{Type: recording.Click, Target: canvas, Position: &recording.Point{X: 3.5, Y: 4}}),
			at(recording.Step{Type: recording.Click, Target: role("button", "Delete")}),
			at(recording.Step{Type: recording.Dialog, Dialog: &recording.DialogBox{Kind: "confirm", Accept: true}}),
			at(recording.Step{Type: recording.Click, Target: role("link", "Report")}),
			{Type: recording.OpenPage, Page: "page2", Opener: "page"},
			{Type: recording.Click, Page: "page2", Target: role("link", "Save")},
			{Type: recording.Download, Page: "page2", Files: []recording.File{{Name: "report.csv"}}},
			{Type: recording.ClosePage, Page: "page2"},
			at(recording.Step{Type: recording.Check, Target: role("checkbox", "Gift")}),
			at(recording.Step{Type: recording.Uncheck, Target: role("checkbox", "Gift")}),
			at(recording.Step{Type: recording.Select, Target: role("combobox", "Size"), Values: []recording.Value{{Text: "l"}}}),
			at(recording.Step{Type: recording.Upload, Target: role("button", "Cover"), Files: []recording.File{{Name: `..\evil name.PNG`, Artifact: "files/1"}, {Name: "evil-name.png", Artifact: "files/2"}}}),
			at(recording.Step{Type: recording.Hover, Target: role("menuitem", "More")}),
			at(recording.Step{Type: recording.Drag, Target: role("listitem", "A"), To: role("list", "B"), ToPosition: &recording.Point{X: 1, Y: 2}}),
			at(recording.Step{Type: recording.Scroll, Scroll: &recording.Point{X: 0, Y: 300}}),
			at(recording.Step{Type: recording.SetViewport, Viewport: &recording.Size{Width: 390, Height: 844}}),
			at(recording.Step{Type: recording.Click, Target: frame}),
			at(recording.Step{Type: recording.Wait, Target: role("heading", "Thanks")}),
			at(recording.Step{Type: recording.Click, Target: role("button", "Never"), Disabled: true}),
			claim(recording.Assertion{Claim: recording.HasText, Expected: "2 tapes", Match: "exact"}, role("status", "Cart")),
			claim(recording.Assertion{Claim: recording.HasText, Expected: "tapes", Not: true}, role("status", "Cart")),
			claim(recording.Assertion{Claim: recording.HasURL, Expected: "/done?x=1"}, nil),
			claim(recording.Assertion{Claim: recording.HasTitle, Expected: "Shop", Match: "exact"}, nil),
			claim(recording.Assertion{Claim: recording.HasAttr, Name: "href", Expected: "^/a"}, role("link", "A")),
			claim(recording.Assertion{Claim: recording.IsEnabled, Not: true}, role("button", "Buy")),
			claim(recording.Assertion{Claim: recording.HasText}, role("status", "Cart")),
			at(recording.Step{ID: "s9", Type: recording.Click, Target: &recording.Target{Candidates: []recording.Candidate{{By: "role", Locator: "getByRole(evil())", Matches: 1}}}}),
		},
	}
}

const everythingWritten = `import path from "node:path";
import { expect, test } from "@playwright/test";

test("Buy a at tape", { annotation: { type: "recording", description: "r1" } }, async ({ page }) => {
  await page.goto("/");
  await page.goto("https://elsewhere.test/a");
  await page.goBack();
  await page.getByRole("textbox", { name: "Name" }).fill("Ada \"L\"\n${x}");
  await page.getByRole("textbox", { name: "Password" }).fill(process.env["ADMIN_PASSWORD"]!);
  await page.getByRole("textbox", { name: "Name" }).press("Shift+Enter");
  await page.keyboard.press("Escape");
  await page.getByRole("row", { name: "Tape" }).dblclick({ button: "right", modifiers: ["Alt"] });
  await page.locator("#chart").click({ position: { x: 3.5, y: 4 } });
  page.once("dialog", (dialog) => dialog.accept());
  await page.getByRole("button", { name: "Delete" }).click();
  const page2Promise = page.waitForEvent("popup");
  await page.getByRole("link", { name: "Report" }).click();
  const page2 = await page2Promise;
  const downloadPromise = page2.waitForEvent("download");
  await page2.getByRole("link", { name: "Save" }).click();
  const download = await downloadPromise;
  expect(download.suggestedFilename()).toBe("report.csv");
  await page2.close();
  await page.getByRole("checkbox", { name: "Gift" }).check();
  await page.getByRole("checkbox", { name: "Gift" }).uncheck();
  await page.getByRole("combobox", { name: "Size" }).selectOption(["l"]);
  await page.getByRole("button", { name: "Cover" }).setInputFiles([path.join(__dirname, "files", "evil-name.png"), path.join(__dirname, "files", "2-evil-name.png")]);
  await page.getByRole("menuitem", { name: "More" }).hover();
  await page.getByRole("listitem", { name: "A" }).dragTo(page.getByRole("list", { name: "B" }), { targetPosition: { x: 1, y: 2 } });
  await page.evaluate(({ x, y }) => window.scrollTo(x, y), { x: 0, y: 300 });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.locator("iframe.pay").contentFrame().getByRole("button", { name: "Pay" }).click();
  await page.getByRole("heading", { name: "Thanks" }).waitFor();
  await expect(page.getByRole("status", { name: "Cart" })).toHaveText("2 tapes");
  await expect(page.getByRole("status", { name: "Cart" })).not.toContainText("tapes");
  await expect(page).toHaveURL(new RegExp("/done\\?x=1"));
  await expect(page).toHaveTitle("Shop");
  await expect(page.getByRole("link", { name: "A" })).toHaveAttribute("href", "^/a");
  await expect(page.getByRole("button", { name: "Buy" })).not.toBeEnabled();
});
`

func write(t require.TestingT, doc recording.Document) typescript.Project {
	p, err := typescript.Write(doc, typescript.Options{Open: func(name string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("bytes of " + name)), nil
	}})
	require.NoError(t, err)
	return p
}

func TestEveryActionIsWritten(t *testing.T) {
	t.Parallel()
	p := write(t, everything())
	require.Equal(t, "tests/buy-a-tape.spec.ts", p.Spec)
	require.Equal(t, everythingWritten, string(p.Files[p.Spec]))
	require.Equal(t, "bytes of files/1", string(p.Files["tests/files/evil-name.png"]))
	require.Equal(t, "bytes of files/2", string(p.Files["tests/files/2-evil-name.png"]))
	require.Len(t, p.Notes, 2, "a claim of nothing, and what is no locator")
	require.Contains(t, p.Notes[1], "s9")
	require.Contains(t, string(p.Files["README.md"]), "`ADMIN_PASSWORD`")
	require.Contains(t, string(p.Files["playwright.config.ts"]), `process.env.BASE_URL ?? "http://shop.test"`)
}

// TestTextsStayTexts writes recordings full of hostile texts: the same lines stand in the same places, with other texts in them.
func TestTextsStayTexts(t *testing.T) {
	t.Parallel()
	hostile := rapid.StringMatching("[a\"'`$\\\\{}()\n\r\t\u2028\u2029/*<>@;-]{0,20}|\\*/evil\\(\\)/\\*|</script>|\\$\\{evil\\(\\)\\}|\"\\);evil\\(\\);\\(\"")
	rapid.Check(t, func(t *rapid.T) {
		doc := everything()
		draw := func(s *string) { *s = hostile.Draw(t, "text") }
		draw(&doc.Name)
		for i := range doc.Steps {
			s := &doc.Steps[i]
			for _, v := range []*recording.Value{s.Value} {
				if v != nil && v.Secret == "" {
					draw(&v.Text)
				}
			}
			for j := range s.Files {
				draw(&s.Files[j].Name)
			}
			if s.Assertion != nil && s.Assertion.Expected != "" {
				s.Assertion.Expected = "x" + hostile.Draw(t, "text")
			}
			if s.Key != "" {
				draw(&s.Key)
			}
		}
		p := write(t, doc)
		text := string(p.Files[p.Spec])
		want := strings.Split(everythingWritten, "\n")
		got := strings.Split(text, "\n")
		require.Len(t, got, len(want)-strings.Count(everythingWritten, "suggestedFilename")+strings.Count(text, "suggestedFilename"), "%s", text)
		for _, line := range got {
			require.NotContains(t, outside(line), "evil", "%s", line)
			require.NotContains(t, line, "\u2028")
		}
		for name := range p.Files {
			require.NotContains(t, name, "..")
		}
	})
}

// TestASnapshotStandsInSeveralLines writes hostile snapshots, which the kit's own parser reads as the same text.
func TestASnapshotStandsInSeveralLines(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	require.NoError(t, err)
	kit, err := filepath.Abs("../../../deployments/playwright-test/node_modules/acorn")
	require.NoError(t, err)
	want := "- heading \"Tapes\" [level=1]\n- text: '`${evil()}` \\ \\${evil()} */ </script> \u202e'\n- text: $`{"
	doc := recording.Document{ID: "r1", Name: "x", URL: "http://shop.test/", Steps: []recording.Step{{
		ID: "s1-claim-1", Type: recording.Assert, Target: role("main", "Shop"), Assertion: &recording.Assertion{Claim: recording.IsAria, Expected: want, Suggested: true},
	}}}
	p := write(t, doc)
	require.Equal(t, []string{"s1-claim-1"}, p.Asked)
	require.Contains(t, string(p.Files[p.Spec]), "toMatchAriaSnapshot(`\n    - heading \"Tapes\" [level=1]\n    - text:")
	file := filepath.Join(t.TempDir(), "spec.mjs")
	require.NoError(t, os.WriteFile(file, p.Files[p.Spec], 0o600))
	out, err := exec.CommandContext(t.Context(), node, "-e", `const [kit, file] = process.argv.slice(1);
const tree = require(kit).parse(require("fs").readFileSync(file, "utf8"), { ecmaVersion: "latest", sourceType: "module" });
const call = tree.body.at(-1).expression.arguments.at(-1).body.body.at(-1).expression.argument;
const [text] = call.arguments;
if (text.type !== "TemplateLiteral" || text.expressions.length) throw new Error("it has expressions");
process.stdout.write(text.quasis[0].value.cooked);`, kit, file).CombinedOutput()
	require.NoError(t, err, "%s", out)
	var lines []string
	for line := range strings.SplitSeq(strings.Trim(string(out), "\n "), "\n") {
		lines = append(lines, strings.TrimPrefix(line, "    "))
	}
	require.Equal(t, want, strings.Join(lines, "\n"))
}

// TestADraftLooksAfterEachStep has an assertion after each step that tells which it was, and asks suggestions softly.
func TestADraftLooksAfterEachStep(t *testing.T) {
	t.Parallel()
	doc := recording.Document{ID: "r1", Name: "x", URL: "http://shop.test/", Steps: []recording.Step{
		{ID: "s1", Type: recording.Navigate, URL: "http://shop.test/"},
		{ID: "s2", Type: recording.Click, Target: role("link", "Report")},
		{ID: "s3", Type: recording.Download, Files: []recording.File{{Name: "report.csv"}}},
		{ID: "s4", Type: recording.Assert, Assertion: &recording.Assertion{Claim: recording.Visible, Suggested: true}, Target: role("heading", "Done")},
	}}
	p, err := typescript.Write(doc, typescript.Options{Probe: true, Soft: true})
	require.NoError(t, err)
	require.Equal(t, []string{"s1", "s3", "s2", "s4", "s4"}, p.Asked)
	text := string(p.Files[p.Spec])
	require.Equal(t, 3, strings.Count(text, "await still(page);\n  await expect(page.locator(\":root\")).toBeAttached();"))
	require.Contains(t, text, "await expect.soft(page.getByRole(\"heading\"")
}

// outside is a line without its texts.
func outside(line string) string {
	var b strings.Builder
	in := false
	for i := 0; i < len(line); i++ {
		switch {
		case in && line[i] == '\\':
			i++
		case line[i] == '"':
			in = !in
		case !in:
			b.WriteByte(line[i])
		}
	}
	return b.String()
}
