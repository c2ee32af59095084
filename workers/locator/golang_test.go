package locator_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/recording"
	"tapedeck/workers/locator"
)

func TestLocatorsAreWrittenInGo(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		`getByRole('button', { name: 'Add' })`:                            `page.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Add"})`,
		`getByRole('link', { name: /^a/i, exact: true })`:                 `page.GetByRole("link", playwright.PageGetByRoleOptions{Name: regexp.MustCompile("(?i)^a"), Exact: playwright.Bool(true)})`,
		`getByText('x', { exact: false, exact: true })`:                   `page.GetByText("x", playwright.PageGetByTextOptions{Exact: playwright.Bool(true)})`,
		`locator('#f').contentFrame().getByText('x', { exact: true })`:    `page.Locator("#f").ContentFrame().GetByText("x", playwright.FrameLocatorGetByTextOptions{Exact: playwright.Bool(true)})`,
		`frameLocator('#f').nth(1).getByLabel('x').nth(-1)`:               `page.FrameLocator("#f").Nth(1).GetByLabel("x").Nth(-1)`,
		`getByRole('row').filter({ has: page.getByText('x') }).first()`:   `page.GetByRole("row").Filter(playwright.LocatorFilterOptions{Has: page.GetByText("x")}).First()`,
		`getByTestId('a').or(getByTitle('b')).and(locator('c')).last()`:   `page.GetByTestId("a").Or(page.GetByTitle("b")).And(page.Locator("c")).Last()`,
		`getByRole('heading', { level: 010 }).locator(getByText('\x41'))`: `page.GetByRole("heading", playwright.PageGetByRoleOptions{Level: playwright.Int(10)}).Locator(page.GetByText("A"))`,
		`getByText(/(?=a)b/)`:                       "",
		`getByText(/(?i)b/)`:                        "",
		`getByText(/a/v)`:                           "",
		`getByText(3)`:                              "",
		`getByRole(/a/)`:                            "",
		`getByRole('a', { evil: 'b' })`:             "",
		`getByRole('a', { checked: 'b' })`:          "",
		`first()`:                                   "",
		`getByText('a').contentFrame()`:             "",
		`getByText('a', 'b')`:                       "",
		`getByText('a').filter({ exact: true })`:    "",
		`locator(getByText('a'))`:                   "",
		`getByText('a').nth(1.5)`:                   "",
		`getByText('a').filter({ hasText: ['b'] })`: "",
	} {
		c, parsed := locator.Parse(code)
		got, ok := c.Go("page")
		require.Equal(t, want != "", parsed && ok, code)
		require.Equal(t, want, got, code)
	}
}

// TestTextsAreLiteralsInGo puts hostile texts into locators and claims: Go reads them as they were.
func TestTextsAreLiteralsInGo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := strings.ToValidUTF8(hostileText().Draw(t, "text"), "")
		chain := locator.Chain{{Name: "getByText", Args: []locator.Value{locator.Text(text)}}, {Name: "first"}}
		code, ok := chain.Go("page")
		require.True(t, ok)
		tree, err := parser.ParseExpr(code)
		require.NoError(t, err, code)
		require.Equal(t, []string{text}, literals(t, tree))
		for _, match := range []string{"exact", "contains"} {
			a := recording.Assertion{Claim: recording.HasTitle, Match: match, Expected: "x" + text}
			call, ok := locator.MatcherCall(a)
			require.True(t, ok)
			code, ok = call.Go()
			require.True(t, ok)
			tree, err = parser.ParseExpr(code)
			require.NoError(t, err, code)
			require.Len(t, literals(t, tree), 1)
		}
	})
}

// literals are the texts of an expression.
func literals(t require.TestingT, tree ast.Expr) []string {
	var out []string
	ast.Inspect(tree, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			text, err := strconv.Unquote(l.Value)
			require.NoError(t, err)
			out = append(out, text)
		}
		return true
	})
	return out
}
