package typescript_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/recording"
	"tapedeck/domain/testcase"
	"tapedeck/workers/generate/typescript"
)

// account is a form that is filled and sent.
func account() recording.Document {
	fill := func(id, name string, v recording.Value) recording.Step {
		return recording.Step{ID: id, Type: recording.Fill, Target: role("textbox", name), Value: &v}
	}
	return recording.Document{
		ID: "r1", Name: "Sign up", URL: "http://shop.test/", Secrets: []string{"password"}, Steps: []recording.Step{
			{ID: "open", Type: recording.Navigate, URL: "http://shop.test/register"},
			{ID: "here", Type: recording.Assert, Target: role("heading", "Sign up"), Assertion: &recording.Assertion{Claim: recording.Visible}},
			fill("email", "Email", recording.Value{Text: "ada@example.com"}),
			fill("password", "Password", recording.Value{Text: "xxxx", Secret: "password"}),
			{ID: "terms", Type: recording.Check, Target: role("checkbox", "Terms")},
			{ID: "send", Type: recording.Click, Target: role("button", "Create")},
			{ID: "done", Type: recording.Assert, Target: role("heading", "Welcome"), Assertion: &recording.Assertion{Claim: recording.Visible}},
		},
	}
}

func accountCases() []typescript.Case {
	blocked := func(id, title, entered, field, text string) typescript.Case {
		return typescript.Case{ID: id, Title: title, Trial: testcase.Trial{Outcome: testcase.OutcomeBlocked, Last: "send", Entered: entered, Field: field, Text: text}}
	}
	box := blocked("tc-3", "Leave “Terms” unchecked", "terms", "Terms", "")
	box.Trial.Left = true
	return []typescript.Case{
		blocked("tc-1", "Leave “Email” empty", "email", "Email", ""),
		blocked("tc-2", "A short password", "password", "Password", "aaaaaaa"),
		box,
		{ID: "tc-4", Title: "An email of 65", Trial: testcase.Trial{
			Outcome: testcase.OutcomeShortened, Last: "email", Entered: "email", Field: "Email", Text: strings.Repeat("a", 65), Length: 64,
		}},
		{ID: "tc-5", Title: "Taken", Trial: testcase.Trial{Outcome: testcase.OutcomeRefused, Last: "send", Entered: "email", Text: "x"}},
		blocked("tc-6", "Of a step that is gone", "phone", "Phone", "1"),
	}
}

const accountWritten = `import { expect, test, type Locator } from "@playwright/test";

test.describe("Sign up: what the browser refuses", () => {
  const recording = { type: "recording", description: "r1" };
  // These tests end where the recording first sends what they change: nothing may be sent instead.
  const until = { type: "until", description: "send" };
  const usual = {
    "Email": "ada@example.com",
    "Password": process.env["PASSWORD"]!,
    "Terms": "as recorded",
  };
  const cases = [
    { id: "tc-1", title: "Leave “Email” empty", field: "Email", text: "" },
    { id: "tc-2", title: "A short password", field: "Password", text: "aaaaaaa" },
    { id: "tc-3", title: "Leave “Terms” unchecked", field: "Terms", text: null },
  ];

  for (const { id, title, field, text } of cases) {
    test(title, { annotation: [recording, until, { type: "case", description: id }] }, async ({ page }) => {
      const values: Record<string, string | null> = { ...usual, [field]: text };
      await page.goto("/register");
      await page.getByRole("textbox", { name: "Email" }).fill(values["Email"]!);
      await page.getByRole("textbox", { name: "Password" }).fill(values["Password"]!);
      if (values["Terms"] !== null) await page.getByRole("checkbox", { name: "Terms" }).check();
      await page.getByRole("button", { name: "Create" }).click();
      const fields: Record<string, Locator> = {
        "Email": page.getByRole("textbox", { name: "Email" }),
        "Password": page.getByRole("textbox", { name: "Password" }),
        "Terms": page.getByRole("checkbox", { name: "Terms" }),
      };
      await expect(fields[field]!).toHaveJSProperty("validity.valid", false);
    });
  }
});

test.describe("Sign up: what the browser cuts off", () => {
  const recording = { type: "recording", description: "r1" };
  // These tests end where the recording first sends what they change: nothing may be sent instead.
  const until = { type: "until", description: "email" };
  const usual = {
    "Email": "ada@example.com",
  };
  const cases = [
    { id: "tc-4", title: "An email of 65", field: "Email", text: "a".repeat(65), kept: 64 },
  ];

  for (const { id, title, field, text, kept } of cases) {
    test(title, { annotation: [recording, until, { type: "case", description: id }] }, async ({ page }) => {
      const values: Record<string, string> = { ...usual, [field]: text };
      await page.goto("/register");
      await page.getByRole("textbox", { name: "Email" }).fill(values["Email"]!);
      const fields: Record<string, Locator> = {
        "Email": page.getByRole("textbox", { name: "Email" }),
      };
      await expect(fields[field]!).toHaveValue(text.slice(0, kept));
    });
  }
});
`

func TestCasesAreTables(t *testing.T) {
	t.Parallel()
	p, err := typescript.Write(account(), typescript.Options{Cases: accountCases(), Proves: []string{"tc-0"}})
	require.NoError(t, err)
	require.Equal(t, "tests/sign-up.cases.spec.ts", p.Cases)
	require.Equal(t, accountWritten, string(p.Files[p.Cases]))
	require.Equal(t, []string{"tc-1", "tc-2", "tc-3", "tc-4"}, p.Written, "another answer is not in the recording")
	require.Contains(t, strings.Join(p.Notes, "|"), "tc-6 is left out")
	require.Contains(t, string(p.Files[p.Spec]), `annotation: [{ type: "recording", description: "r1" }, { type: "case", description: "tc-0" }] }`)
	require.Contains(t, string(p.Files["README.md"]), "sign-up.cases.spec.ts")
	compiles(t, p)

	p, err = typescript.Write(account(), typescript.Options{})
	require.NoError(t, err)
	require.Empty(t, p.Cases)
	require.NotContains(t, p.Files, "tests/sign-up.cases.spec.ts")
}

// TestTextsOfCasesStayTexts writes cases full of hostile texts: the file has the same lines, with other texts in them.
func TestTextsOfCasesStayTexts(t *testing.T) {
	t.Parallel()
	hostile := rapid.StringMatching("[a\"'`$\\\\{}()\n\r\t\u2028\u2029/*<>@;-]{0,20}|\\*/evil\\(\\)/\\*|</script>|\\$\\{evil\\(\\)\\}|\"\\);evil\\(\\);\\(\"")
	rapid.Check(t, func(t *rapid.T) {
		doc, cases := account(), accountCases()
		doc.Name = hostile.Draw(t, "name")
		doc.Steps[2].Value = &recording.Value{Text: hostile.Draw(t, "usual")}
		for i := range cases {
			c := &cases[i]
			c.ID, c.Title, c.Trial.Field, c.Trial.Text = hostile.Draw(t, "id"), hostile.Draw(t, "title"), hostile.Draw(t, "field"), hostile.Draw(t, "text")
		}
		p, err := typescript.Write(doc, typescript.Options{Cases: cases, Proves: []string{hostile.Draw(t, "proves")}})
		require.NoError(t, err)
		text := string(p.Files[p.Cases])
		require.Len(t, strings.Split(text, "\n"), strings.Count(accountWritten, "\n")+1, "%s", text)
		for line := range strings.SplitSeq(text+string(p.Files[p.Spec]), "\n") {
			require.NotContains(t, outside(line), "evil", "%s", line)
			require.NotContains(t, line, "\u2028")
		}
	})
}

func TestEverythingCompiles(t *testing.T) {
	t.Parallel()
	compiles(t, write(t, everything()))
	doc := everything()
	hostile := "`${evil()}` \\ \" ' */ </script> \u2028 \r\n // @ts-expect-error"
	doc.Name = hostile
	for i := range doc.Steps {
		if v := doc.Steps[i].Value; v != nil && v.Secret == "" {
			v.Text = hostile
		}
		if a := doc.Steps[i].Assertion; a != nil && a.Expected != "" {
			a.Expected = hostile
		}
	}
	compiles(t, write(t, doc))
	p, err := typescript.Write(account(), typescript.Options{Probe: true, Soft: true})
	require.NoError(t, err)
	compiles(t, p)
}

// compiles has TypeScript check a project as its own configuration says.
func compiles(t *testing.T, p typescript.Project) {
	t.Helper()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	dir := t.TempDir()
	for name, data := range p.Files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, data, 0o600))
	}
	modules := filepath.Join(dir, "node_modules")
	require.NoError(t, os.MkdirAll(filepath.Join(modules, "@types"), 0o755))
	for name, from := range map[string]string{
		"@playwright": "deployments/playwright-test/node_modules/@playwright", "playwright": "deployments/playwright-test/node_modules/playwright",
		"playwright-core": "deployments/playwright-test/node_modules/playwright-core", "@types/node": "webapp/node_modules/@types/node",
		"undici-types": "webapp/node_modules/undici-types",
	} {
		require.NoError(t, os.Symlink(filepath.Join(root, from), filepath.Join(modules, name)))
	}
	out, err := exec.CommandContext(t.Context(), filepath.Join(root, "webapp/node_modules/.bin/tsc"), "--project", dir, "--noUncheckedIndexedAccess").CombinedOutput()
	require.NoError(t, err, "%s", out)
}
