package locator_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/recording"
	"tapedeck/workers/locator"
)

func TestWaysOfWritingTheSame(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{`getByRole('button', { name: 'Add' })`, `getByRole("button",{name:"Add"})`, "getByRole(`button`, {\n  name: 'Add', // the first\n})", `getByRole('button', { name: '\x41\u0064\u{64}' })`},
		{`getByRole('link', { name: 'It\'s', exact: true })`, `getByRole("link", { exact: true, name: "It's" })`},
		{`locator('#f').contentFrame().getByText('x')`, `frameLocator("#f").getByText("x")`},
		{`getByText(/a\/[/]b/i).first()`, `getByText( /a\/[/]b/i ) . first()`},
		{`getByRole('row').filter({ has: getByText('x') })`, `getByRole('row').filter({ has: page.getByText('x') })`},
		{`getByText('😀').nth(-1)`, `getByText("\ud83d\ude00").nth(-1)`},
	} {
		first, ok := locator.Parse(same[0])
		require.True(t, ok, same[0])
		for _, other := range same[1:] {
			c, ok := locator.Parse(other)
			require.True(t, ok, other)
			require.Equal(t, first.Key(), c.Key())
		}
	}
	for _, code := range []string{"", "click()", "getByRole(role)", "getByText(`a${b}`)", `getByText("\ud83d")`, `getByText('x`, `getByText(x = 1)`, `getByRole('a', { ...b })`, `evil(getByText('x'))`} {
		_, ok := locator.Parse(code)
		require.False(t, ok, code)
	}
	c, ok := locator.Parse(`getByText('x'); process.exit()`)
	require.True(t, ok)
	require.Equal(t, `getByText("x")`, c.Code("page", '"'), "what follows is no part of it")
}

const sample = `// page.getByText("in a comment")
const no = "page.getByText('in a text')", re = /page.getByText("in an expression")/, half = 4 / 2;
/* page.getByText("in another") */
const t = ` + "`${page.getByText('in a template')}`" + `;
await this.page.getByRole("row").filter({ has: page.getByText("x") }).click({ force: true });
await page.getByLabel(name).fill("Buy tape");
await expect(page
  .getByRole("status", {
    name: "Notes",
  }))
  .not.toHaveText("2 notes");
await expect(list).toHaveCount(n / 2);
await expect.soft(page.locator("li")).toHaveText(["a", "b"]);
await expect.poll(() => page.locator("li").count()).toBe(2);
`

func TestUsesAreFoundWhereCodeIs(t *testing.T) {
	t.Parallel()
	s := locator.Read(sample)
	type found struct {
		key, page, method string
		first, last       int
	}
	var all []found
	for _, u := range s.Uses() {
		all = append(all, found{u.Chain.Key(), u.Page, u.Method, u.First, u.Last})
	}
	require.Equal(t, []found{
		{`getByRole("row").filter({ has: getByText("x") })`, "this.page", "click", 5, 5},
		{"", "page", "fill", 6, 6},
		{`getByRole("status", { name: "Notes" })`, "page", "", 8, 10},
		{`locator("li")`, "page", "", 13, 13},
		{`locator("li")`, "page", "count", 14, 14},
	}, all)
	var claims []string
	for _, c := range s.Claims() {
		claims = append(claims, c.Matcher)
		require.Equal(t, c.Matcher == "toHaveText" && c.First == 11, c.Negated)
		require.Equal(t, c.First != 12, c.Known)
	}
	require.Equal(t, []string{"toHaveText", "toHaveCount", "toHaveText"}, claims, "what is asked again and again is about no element")
}

// hostile are texts that try to leave their quotes.
var hostile = []string{"'", `"`, "`", `\`, "${x}", "*/", "//", "</script>", "\n", "\r\n", "\u2028", "\u202e", "\x00", "a\tb", "'); process.exit(); ('", "😀", "\\'", "/* "}

func hostileText() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOf(rapid.OneOf(rapid.SampledFrom(hostile), rapid.String())).Draw(t, "parts"), "")
	})
}

// TestAReplacementChangesItsExpressionOnly puts locators of any text into the places of others.
func TestAReplacementChangesItsExpressionOnly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := strings.ToValidUTF8(hostileText().Draw(t, "text"), "")
		chain := locator.Chain{{Name: "getByText", Args: []locator.Value{locator.Text(text)}}}
		s := locator.Read(sample)
		uses := s.Uses()
		i := rapid.IntRange(0, len(uses)-1).Draw(t, "use")
		u := uses[i]
		quote := rapid.SampledFrom([]byte{'"', '\''}).Draw(t, "quote")
		code := chain.Code(u.Page, quote)
		require.NotContains(t, code, "\n")
		before, after := s.Replace(u.Expression, code)
		require.Equal(t, strings.Count(before, "\n"), strings.Count(after, "\n"))
		require.Equal(t, 1, strings.Count(sample, before))
		changed := strings.Replace(sample, before, after, 1)
		require.Equal(t, sample[:u.From], changed[:u.From])
		rest := strings.Repeat("\n", u.Last-u.First) + sample[u.To:]
		require.Equal(t, code+rest, changed[u.From:])
		now := locator.Read(changed).Uses()
		require.Len(t, now, len(uses))
		for k := range now {
			if k == i {
				require.Equal(t, chain.Key(), now[k].Chain.Key())
				require.Equal(t, text, now[k].Chain[0].Args[0].Text)
			} else {
				require.Equal(t, uses[k].Chain.Key(), now[k].Chain.Key())
			}
		}
	})
}

// TestWhatIsWrittenParses has the kit's own parser read what is made of hostile texts.
func TestWhatIsWrittenParses(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	require.NoError(t, err)
	kit, err := filepath.Abs("../../deployments/playwright-test/node_modules/acorn")
	require.NoError(t, err)
	var b strings.Builder
	var texts []string
	for _, text := range append(hostile, strings.Join(hostile, "")) {
		for _, quote := range []byte{'"', '\''} {
			s := locator.Read("await page.getByText('x').click();\n")
			_, after := s.Replace(s.Uses()[0].Expression, locator.Chain{{Name: "getByText", Args: []locator.Value{locator.Text(text)}}}.Code("page", quote))
			b.WriteString(after + "\n")
			texts = append(texts, text)
		}
	}
	file := filepath.Join(t.TempDir(), "all.mjs")
	require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o600))
	out, err := exec.CommandContext(t.Context(), node, "-e", `const [kit, file] = process.argv.slice(1);
const tree = require(kit).parse(require("fs").readFileSync(file, "utf8"), { ecmaVersion: "latest", sourceType: "module" });
console.log(JSON.stringify(tree.body.map((s) => s.expression.argument.callee.object.arguments[0].value)));`, kit, file).CombinedOutput()
	require.NoError(t, err, "%s", out)
	var read []string
	require.NoError(t, json.Unmarshal(out, &read), "%s", out)
	require.Equal(t, texts, read)
}

func FuzzRead(f *testing.F) {
	f.Add(sample)
	f.Add("page.getByText(`${`${'}'}`}`).click()")
	f.Fuzz(func(t *testing.T, code string) {
		s := locator.Read(code)
		for _, u := range s.Uses() {
			require.Equal(t, code[u.From:u.To], s.Text(u.Expression))
			before, after := s.Replace(u.Expression, "x")
			require.Contains(t, code, before)
			require.Contains(t, after, "x")
		}
		s.Claims()
		s.CallEnd(1)
	})
}

// TestXPathIsTheLastThatMatchedOnce unless a person chose it.
func TestXPathIsTheLastThatMatchedOnce(t *testing.T) {
	t.Parallel()
	way := func(by, selector string, matches int) recording.Candidate {
		return recording.Candidate{By: by, Selector: selector, Matches: matches}
	}
	for name, c := range map[string]struct {
		list   []recording.Candidate
		chosen string
		want   string
	}{
		"before a role":        {[]recording.Candidate{way("xpath", "//button[1]", 1), way("role", "internal:role=button", 1)}, "", `getByRole("button")`},
		"before a class":       {[]recording.Candidate{way("css", "/html/body/button", 1), way("css", ".add", 1)}, "", `locator(".add")`},
		"beside what is many":  {[]recording.Candidate{way("role", "internal:role=button", 2), way("xpath", "//button[1]", 1)}, "", `locator("//button[1]")`},
		"beside the uncounted": {[]recording.Candidate{way("role", "internal:role=button", -1), way("xpath", "//button[1]", 1)}, "", `locator("//button[1]")`},
		"chosen":               {[]recording.Candidate{way("role", "internal:role=button", 1), way("xpath", "//button[1]", 1)}, "//button[1]", `locator("//button[1]")`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ways := locator.To(&recording.Target{Candidates: c.list, Chosen: c.chosen})
			require.Len(t, ways, len(c.list))
			require.Equal(t, c.want, ways[0].Code("page", '"'))
		})
	}
}
