package golang_test

import (
	"flag"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/recording"
	"tapedeck/workers/generate/golang"
	"tapedeck/workers/locator"
)

var update = flag.Bool("update", false, "write the golden files anew")

func write(t require.TestingT, doc recording.Document, o golang.Options) golang.Project {
	o.Open = func(name string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("bytes of " + name)), nil
	}
	p, err := golang.Write(doc, o)
	require.NoError(t, err)
	return p
}

// golden compares a written file with the one that is kept.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func TestEveryActionIsWritten(t *testing.T) {
	t.Parallel()
	p := write(t, everything(), golang.Options{})
	require.Equal(t, "tests/buy-a-tape_test.go", p.Spec)
	golden(t, "everything.golden", p.Files[p.Spec])
	require.Equal(t, "bytes of files/1", string(p.Files["tests/testdata/evil-name.png"]))
	require.Equal(t, "bytes of files/2", string(p.Files["tests/testdata/2-evil-name.png"]))
	require.Len(t, p.Notes, 2, "a claim of nothing, and what is no locator")
	require.Contains(t, p.Notes[1], "s9")
	require.Contains(t, string(p.Files["README.md"]), "`ADMIN_PASSWORD`")
	require.Contains(t, string(p.Files["go.mod"]), "module test/buy-a-tape-e2e\n")
}

func TestCasesAreTables(t *testing.T) {
	t.Parallel()
	p := write(t, account(), golang.Options{Cases: accountCases(), Proves: []string{"tc-9"}})
	require.Equal(t, "tests/sign-up.cases_test.go", p.Cases)
	golden(t, "cases.golden", p.Files[p.Cases])
	require.Equal(t, []string{"tc-1", "tc-2", "tc-3", "tc-4"}, p.Written)
	require.Len(t, p.Notes, 1, "of a step that is gone")
	require.Contains(t, string(p.Files[p.Spec]), `t.Log("recording r1, test cases tc-9")`)
}

// odd are recordings in which what Go minds is wrong: variables that nothing needs, that are declared twice, or never.
func odd() map[string][]recording.Step {
	popup := func(page, opener string) recording.Step {
		return recording.Step{Type: recording.OpenPage, Page: page, Opener: opener}
	}
	click := func(page string) recording.Step {
		return recording.Step{Type: recording.Click, Page: page, Target: role("link", "A")}
	}
	download := recording.Step{Type: recording.Download, Page: "page", Files: []recording.File{{Name: "a.csv"}}}
	dialog := recording.Step{Type: recording.Dialog, Dialog: &recording.DialogBox{Accept: true, Text: "x"}}
	title := func(page string) recording.Step {
		return recording.Step{Type: recording.Assert, Page: page, Assertion: &recording.Assertion{Claim: recording.HasTitle, Expected: "A", Match: "exact"}}
	}
	return map[string][]recording.Step{
		"nothing":                {},
		"a popup that is left":   {click("page"), popup("page2", "page")},
		"a download that is":     {click("page"), {Type: recording.Download, Page: "page"}},
		"a page that never came": {click("page7"), click("page")},
		"a popup of none":        {click("page"), popup("page2", "page9")},
		"the same popup twice":   {click("page"), popup("page2", "page"), click("page2"), click("page"), popup("page2", "page"), title("page2")},
		"two things at once":     {click("page"), popup("page2", "page"), download, dialog, title("page2")},
		"two, one of them left":  {click("page"), download, popup("page2", "page")},
		"two popups":             {click("page"), popup("page2", "page"), popup("page3", "page"), click("page"), popup("page3", "page"), popup("page2", "page"), title("page3")},
		"a page of its own":      {{Type: recording.OpenPage, Page: "page2"}, title("page2"), {Type: recording.OpenPage, Page: "page"}, click("page")},
		"only a dialog":          {dialog},
		"three dialogs":          {click("page"), dialog, {Type: recording.Dialog}, dialog},
		"half a drag":            {{Type: recording.Drag, Target: role("listitem", "A")}},
		"numbers": {
			{Type: recording.Scroll, Scroll: &recording.Point{X: 1e300, Y: -0.25}},
			{Type: recording.Scroll, Target: role("list", "A"), Scroll: &recording.Point{X: 12345678, Y: 0}},
		},
	}
}

// texts are locators and claims that Go has other words for, or none.
func texts() recording.Document {
	doc := recording.Document{ID: "r1", Name: "Main", URL: "http://shop.test/"}
	for _, code := range []string{
		`getByText(/a\/[/]b>>/i).first()`, `getByRole('row').filter({ has: page.getByText('x'), hasNotText: /y/ }).nth(-1)`, `frameLocator('#f').first().locator('b', { hasText: 'c' })`,
		`getByRole('heading', { level: 2, exact: true, exact: false, name: /x/u })`, `getByRole('heading', { level: 08, exact: true, exact: false, checked: undefined })`,
		`getByLabel('a', {}).or(getByTestId('b')).and(getByTitle(/c/, { exact: true }))`, `locator('a').locator(getByAltText('b')).last()`, `getByText(3)`, `getByRole('link', { name: 3 })`,
		`getByText('x').contentFrame()`, `getByText(/(?=a)b/)`, `getByPlaceholder('x', { evil: true })`, `getByText(/[(?i)]/)`,
	} {
		doc.Steps = append(doc.Steps, recording.Step{ID: code, Type: recording.Hover, Target: &recording.Target{Candidates: []recording.Candidate{{Locator: code, Matches: 1}}}})
	}
	for _, a := range []recording.Assertion{
		{Claim: recording.HasURL, Expected: "http://shop.test/a?b", Match: "exact"}, {Claim: recording.HasText, Expected: `\d+ (tapes|reels)`, Match: "regex"},
		{Claim: recording.HasText, Expected: `(?<!a)b`, Match: "regex"}, {Claim: recording.HasCount, Expected: "007"}, {Claim: recording.IsAria, Expected: "- list:\n  - listitem\n"},
	} {
		doc.Steps = append(doc.Steps, recording.Step{ID: a.Expected, Type: recording.Assert, Target: role("list", "A"), Assertion: &a})
	}
	return doc
}

func TestWhatGoHasNoWordsForIsLeftOut(t *testing.T) {
	t.Parallel()
	p := write(t, texts(), golang.Options{})
	golden(t, "texts.golden", p.Files[p.Spec])
	var left []string
	for _, n := range p.Notes {
		left = append(left, strings.Fields(n)[1])
	}
	require.Equal(t, []string{"getByRole('heading',", "getByText(3)", "getByRole('link',", "getByText('x').contentFrame()", "getByText(/(?=a)b/)", "getByPlaceholder('x',", "getByText(/[(?i)]/)", "(?<!a)b"}, left)
}

var hostile = rapid.StringMatching("[a\"'`$%\\\\{}()\n\r\t\u2028\u2029\u202e/*<>@;-]{0,20}|\\*/evil\\(\\)/\\*|\\{\\{evil\\}\\}|`\\+evil\\(\\)\\+`|\"\\)\\nevil\\(\\)\\n\\(\"")

// drawn is everything with hostile texts.
func drawn(t *rapid.T) recording.Document {
	doc := everything()
	draw := func(s *string) { *s = "x" + hostile.Draw(t, "text") }
	draw(&doc.Name)
	draw(&doc.ID)
	draw(&doc.Secrets[0])
	for i := range doc.Steps {
		s := &doc.Steps[i]
		switch {
		case s.Value != nil && s.Value.Secret == "":
			draw(&s.Value.Text)
		case s.Value != nil:
			draw(&s.Value.Secret)
		case s.Key != "":
			draw(&s.Key)
		case s.Assertion != nil && s.Assertion.Expected != "":
			draw(&s.Assertion.Expected)
		case s.Dialog != nil:
			draw(&s.Dialog.Text)
		case s.URL != "":
			s.URL += hostile.Draw(t, "text")
		}
		for j := range s.Files {
			draw(&s.Files[j].Name)
		}
		if s.Target != nil && s.ID != "s9" && s.Target.Candidates[0].Locator != "" {
			s.Target = &recording.Target{Candidates: []recording.Candidate{{Matches: 1, Locator: "getByRole('button', { name: " + locator.Quote("x"+hostile.Draw(t, "text"), '"') + " })"}}}
		}
	}
	return doc
}

// shape is a file without its texts, and without the test's name.
func shape(t require.TestingT, code []byte) string {
	tree, err := parser.ParseFile(token.NewFileSet(), "", code, parser.ParseComments)
	require.NoError(t, err, "%s", code)
	require.Empty(t, tree.Comments)
	var b strings.Builder
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			if strings.HasPrefix(n.Name, "Test") {
				n.Name = "Test"
			}
			b.WriteString(n.Name)
		case *ast.BasicLit:
			b.WriteString(n.Kind.String())
			if n.Kind != token.STRING {
				b.WriteString(n.Value)
			}
		case nil:
			b.WriteString(")")
			return true
		}
		b.WriteString("(")
		return true
	})
	return b.String()
}

// TestTextsStayTexts writes recordings full of hostile texts: but for the texts the tree of what is written is the same.
func TestTextsStayTexts(t *testing.T) {
	t.Parallel()
	harmless := everything()
	for i := range harmless.Steps { // as drawn writes them
		if s := &harmless.Steps[i]; s.Dialog != nil {
			s.Dialog.Text = "x"
		} else if s.Target != nil && s.Target.Frames != nil {
			s.Target = role("button", "Pay")
		}
	}
	p := write(t, harmless, golang.Options{})
	want := shape(t, p.Files[p.Spec])
	rapid.Check(t, func(t *rapid.T) {
		p := write(t, drawn(t), golang.Options{})
		require.Equal(t, want, shape(t, p.Files[p.Spec]), "%s", p.Files[p.Spec])
		for name := range p.Files {
			require.NotContains(t, name, "..")
		}
		require.Regexp(t, `^module test/[a-z0-9-]+-e2e\n`, string(p.Files["go.mod"]))
	})
}

// TestASnapshotStandsInSeveralLines writes a hostile snapshot, which Go reads as the same text.
func TestASnapshotStandsInSeveralLines(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := "- heading \"Tapes\" [level=1]\n- text: `${evil()}`\n- text: x" + hostile.Draw(t, "text") + "x"
		p := write(t, recording.Document{ID: "r1", Name: "x", Steps: []recording.Step{{
			Type: recording.Assert, Target: role("main", "Shop"), Assertion: &recording.Assertion{Claim: recording.IsAria, Expected: want},
		}}}, golang.Options{})
		tree, err := parser.ParseFile(token.NewFileSet(), "", p.Files[p.Spec], 0)
		require.NoError(t, err)
		read := ""
		ast.Inspect(tree, func(n ast.Node) bool {
			if c, ok := n.(*ast.CallExpr); ok {
				if s, ok := c.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "ToMatchAriaSnapshot" {
					value, err := types.Eval(token.NewFileSet(), nil, token.NoPos, types.ExprString(c.Args[0]))
					require.NoError(t, err)
					read = constant.StringVal(value.Value)
				}
			}
			return true
		})
		require.Equal(t, want, read)
	})
}
