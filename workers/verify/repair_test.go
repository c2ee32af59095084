package verify

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/proof"
	"tapedeck/domain/recording"
	"tapedeck/workers/locator"
)

func known(code string, matches int) recording.Candidate {
	return recording.Candidate{By: "role", Selector: code, Locator: code, Matches: matches}
}

func target(list ...recording.Candidate) *recording.Target {
	return &recording.Target{Candidates: list}
}

var recorded = []recording.Step{
	{ID: "1", Type: recording.Click, Target: target(known(`getByRole('button', { name: 'Add' })`, 1), known(`locator('button')`, 2), known(`getByText('Add')`, 1), known(`getByText('gone')`, 0))},
	{ID: "2", Type: recording.Fill, Value: &recording.Value{Text: "a"}, Target: target(known(`getByLabel('Name')`, 1))},
	{ID: "3", Type: recording.Fill, Value: &recording.Value{Text: "b"}, Target: &recording.Target{
		Frames:     []recording.Frame{{Candidates: []recording.Candidate{known(`locator('#f')`, 1)}}},
		Candidates: []recording.Candidate{known(`getByLabel('Note')`, 1), known(`getByRole('textbox').filter({ has: getByText('x') })`, 1), known(`getByText('x'); evil()`, 1), known(`evil('x')`, 1)},
	}},
	{ID: "4", Type: recording.Assert, Target: target(known(`getByRole('status')`, 1), known(`getByText('2 notes')`, 1), known(`locator('#s')`, 1)), Assertion: &recording.Assertion{Claim: recording.HasText, Expected: "2 notes"}},
	{ID: "5", Type: recording.Assert, Target: target(known(`getByRole('status')`, 1)), Assertion: &recording.Assertion{Claim: recording.Visible}},
	{ID: "6", Type: recording.Assert, Target: target(known(`getByRole('status')`, 1)), Assertion: &recording.Assertion{Claim: recording.HasText, Expected: "never", Not: true}},
	{ID: "7", Type: recording.Click, Disabled: true, Target: target(known(`getByText('never')`, 1))},
}

// bench is a mender over files, the first of which holds the test.
func bench(t *testing.T, spec string, others map[string]string) *mender {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.spec.ts"), []byte(spec), 0o600))
	for name, text := range others {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	files, err := os.OpenRoot(dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, files.Close()) })
	v := &verification{dir: dir, sources: map[string]*source{"r": {steps: recorded}}, tests: []proof.Test{{ID: "t", File: "a.spec.ts", Line: 1, Recording: "r"}}}
	for i, line := range strings.Split(spec, "\n") {
		if strings.HasPrefix(line, `test("other`) {
			v.tests = append(v.tests, proof.Test{ID: "o", File: "a.spec.ts", Line: i + 1, Recording: "r"})
		}
	}
	return &mender{v: v, files: files, came: map[string][]byte{}}
}

func TestWhatTheRecordingOffers(t *testing.T) {
	t.Parallel()
	const waiting = "TimeoutError: locator.click: Timeout 10000ms exceeded.\nCall log:\n  - waiting for "
	for name, c := range map[string]struct {
		body, message string
		by            proof.By
		line          int
		others        map[string]string
		want          []string // the lines afterwards
		in            string   // the file that they are in, if that matters
		why           string
	}{
		"another way, the best first": {
			body: `await page.getByRole("button", { name: "Add" }).click();`, message: waiting + `getByRole('button', { name: 'Add' })`,
			want: []string{`await page.getByText("Add").click();`, `await page.locator("button").click();`},
		},
		"a bad copy comes from the step that did the same": {
			body: `await page.getByLabel('Names').fill('a');`, message: "Error: locator.fill: Timeout\n - waiting for getByLabel('Names')",
			want: []string{`await page.getByLabel('Name').fill('a');`},
		},
		"frames and locators within": {
			body: `await page.getByLabel("Nota").fill("b");`, message: "Error: locator.fill: Timeout\n - waiting for getByLabel('Nota')",
			want: []string{
				`await page.locator("#f").contentFrame().getByLabel("Note").fill("b");`,
				`await page.locator("#f").contentFrame().getByRole("textbox").filter({ has: page.getByText("x") }).fill("b");`,
				`await page.locator("#f").contentFrame().getByText("x").fill("b");`,
			},
		},
		"within a scope": {
			body: `await frame.getByLabel("Note").fill(text);`, message: "Error: locator.fill: Timeout\n - waiting for locator('#f').contentFrame().getByLabel('Note')",
			want: []string{`await frame.getByRole("textbox").filter({ has: frame.getByText("x") }).fill(text);`, `await frame.getByText("x").fill(text);`},
		},
		"a variable elsewhere": {
			body: `await add.click();`, message: waiting + `getByRole('button', { name: 'Add' })`,
			others: map[string]string{"page.ts": "// the page\nconst add = page.getByRole('button', { name: 'Add' });\n"},
			want:   []string{`const add = page.getByText('Add');`, `const add = page.locator('button');`},
		},
		"a page object's": {
			body:    "await page.getByRole(\"button\", { name: \"Add\" }).hover();\n  await registerPage.addButton.click();",
			message: waiting + `getByRole('button', { name: 'Add' })`, line: 1,
			others: map[string]string{
				"cart-page.ts":     "class CartPage {\n  constructor(page: Page) {\n    this.addButton = page.getByRole(\"button\", { name: \"Add\" });\n  }\n}\n",
				"register-page.ts": "class RegisterPage {\n  constructor(page: Page) {\n    this.addButton = page.getByRole(\"button\", { name: \"Add\" });\n  }\n}\n",
			},
			in:   "register-page.ts",
			want: []string{`this.addButton = page.getByText("Add");`, `this.addButton = page.locator("button");`},
		},
		"a page object's element in an assertion": {
			body: `await expect(cartPage.status).toHaveText("2 notes");`, by: proof.ByAssertion, message: "Error: expect(locator).toHaveText(expected)\nLocator: getByRole('status')\nelement(s) not found",
			others: map[string]string{"cart-page.ts": "class CartPage {\n  constructor(page: Page) {\n    this.status = page.getByRole(\"status\");\n  }\n}\n"},
			in:     "cart-page.ts",
			want:   []string{`this.status = page.locator("#s");`},
		},
		"not what is another test's": {
			body: "await add.click();\n});\ntest(\"other\", async () => {\n  const add = page.getByRole('button', { name: 'Add' });", message: waiting + `getByRole('button', { name: 'Add' })`,
			why: "could not be read",
		},
		"an assertion keeps what it claims, and is not about itself": {
			body: `await expect(page.getByRole("status")).toHaveText("2 notes");`, by: proof.ByAssertion, message: "Error: expect(locator).toHaveText(expected)\nLocator: getByRole('status')\nelement(s) not found",
			want: []string{`await expect(page.locator("#s")).toHaveText("2 notes");`},
		},
		"an assertion of the same element": {
			body: `await expect(page.getByRole('status')).toHaveValue('2 notes');`, by: proof.ByAssertion, message: "Error: expect(locator).toHaveValue(expected)\nLocator: getByRole('status')",
			want: []string{`await expect(page.getByRole('status')).toHaveText('2 notes');`, `await expect(page.locator('#s')).toHaveValue('2 notes');`},
		},
		"a bad copy in an assertion": {
			body: `await expect(page.getByRole("state")).toContainText("2 notes");`, by: proof.ByAssertion, message: "Error: expect(locator).toContainText(expected)\nLocator: getByRole('state')\nelement(s) not found",
			want: []string{`await expect(page.getByRole("status")).toContainText("2 notes");`, `await expect(page.locator("#s")).toContainText("2 notes");`},
		},
		"what any element would hold is not claimed of another": {
			body: `await expect(page.getByRole("state")).toBeVisible();`, by: proof.ByAssertion, message: "Error: expect(locator).toBeVisible()\nLocator: getByRole('state')\nelement(s) not found",
		},
		"drift":          {body: "x", by: proof.ByDrift, message: "extra: POST", why: "it failed by drift"},
		"no element":     {body: `await page.goto("/");`, message: "Error: page.goto: net::ERR_FAILED", why: "about no element"},
		"out of the way": {body: "x", message: waiting + "getByText('y')", line: -2, why: "in which line"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.by == "" {
				c.by = proof.ByAction
			}
			m := bench(t, "test(\"t\", async ({ page }) => {\n  "+c.body+"\n});\n", c.others)
			end := proof.End{By: c.by, Message: c.message, File: "a.spec.ts", Line: 2 + c.line}
			list, why := m.remedies(m.v.tests[0], proof.Run{End: &end})
			if c.why != "" {
				require.Contains(t, why, c.why)
				require.Empty(t, list)
				return
			}
			require.Empty(t, why)
			var got []string
			for _, r := range list {
				require.NotEmpty(t, r.Reason)
				if c.in != "" {
					require.Equal(t, c.in, r.File)
				}
				got = append(got, strings.TrimSpace(r.After))
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestSelectorsWithoutCode(t *testing.T) {
	t.Parallel()
	for selector, code := range map[string]string{
		`internal:role=status`:                     `getByRole("status")`,
		`internal:role=button[name="A \"b\""i]`:    `getByRole("button", { name: "A \"b\"" })`,
		`internal:label="Note"s`:                   `getByLabel("Note", { exact: true })`,
		`internal:text="x"i`:                       `getByText("x")`,
		`internal:role=button[name="A"i] >> nth=0`: ``,
		`internal:label="x"i"); evil("`:            ``,
	} {
		c, ok := locator.Of(recording.Candidate{By: "role", Selector: selector})
		require.Equal(t, code != "", ok, selector)
		require.Equal(t, code, c.Code("page", '"'))
	}
}

func TestFilesOutsideOfTheProjectAreNotTouched(t *testing.T) {
	t.Parallel()
	m := bench(t, "x", nil)
	outside := filepath.Join(t.TempDir(), "b.ts")
	require.NoError(t, os.WriteFile(outside, []byte("a"), 0o600))
	rel, err := filepath.Rel(m.v.dir, outside)
	require.NoError(t, err)
	for _, file := range []string{rel, outside} {
		require.Error(t, m.change(file, 1, "a", "b"))
		require.Empty(t, m.read(file).Lines(1, 1))
	}
}

func TestNoClaimGetsWeaker(t *testing.T) {
	t.Parallel()
	for _, claim := range recording.Claims {
		for _, match := range append([]string{""}, recording.Matches...) {
			for least := 1; least <= 3; least++ {
				code := claimCode(recording.Assertion{Claim: claim, Match: match, Name: "href", Expected: "2"}, least, '"')
				matcher, _, _ := strings.Cut(code, "(")
				require.True(t, code == "" || strength[matcher] >= least, code)
			}
		}
	}
	require.Equal(t, `toContainText(new RegExp("a\"b"))`, claimCode(recording.Assertion{Claim: recording.HasText, Match: "regex", Expected: `a"b`}, 2, '"'))
	require.Empty(t, claimCode(recording.Assertion{Claim: recording.HasText, Expected: " "}, 1, '"'), "every text contains it")
	require.Empty(t, claimCode(recording.Assertion{Claim: recording.HasCount, Expected: "2); evil("}, 1, '"'))
}

// TestAChangeCanBeTakenBack: twice is once, and back is what was there.
func TestAChangeCanBeTakenBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.StringMatching(`[ab]{0,3}`), 1, 6).Draw(t, "lines")
		n := rapid.IntRange(1, len(lines)).Draw(t, "line")
		after := rapid.StringMatching(`[xy]{1,3}`).Draw(t, "after")
		text := []byte(strings.Join(lines, "\n"))
		once, err := swap(text, n, lines[n-1], after)
		require.NoError(t, err)
		want := append([]string{}, lines...)
		want[n-1] = after
		require.Equal(t, strings.Join(want, "\n"), string(once))
		twice, err := swap(once, n, lines[n-1], after)
		require.NoError(t, err)
		require.Equal(t, string(once), string(twice))
		back, err := swap(once, n, after, lines[n-1])
		require.NoError(t, err)
		require.Equal(t, string(text), string(back))
		_, err = swap(text, n, "c", after)
		require.ErrorIs(t, err, errChanged)
		_, err = swap(text, len(lines)+1, lines[0], after)
		require.ErrorIs(t, err, errChanged)
	})
}

func TestARepairHasRunsOfItsOwn(t *testing.T) {
	t.Parallel()
	p := planned{purpose: proof.Stability, index: 1}
	require.Equal(t, "stability/1/a", p.key("a"), "as it was written before there were repairs")
	p.repair = 1
	one := p.key("a")
	p.repair = 2
	require.NotEqual(t, one, p.key("a"))
}
