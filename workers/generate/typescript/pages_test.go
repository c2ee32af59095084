package typescript_test

import (
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/recording"
	"tapedeck/domain/testcase"
	"tapedeck/workers/generate/typescript"
)

func at(url string, s recording.Step) recording.Step {
	s.Evidence = &recording.Evidence{URL: url}
	return s
}

func claims(id string, t *recording.Target, text string) recording.Step {
	return recording.Step{ID: id, Type: recording.Assert, Target: t, Assertion: &recording.Assertion{Claim: recording.HasText, Expected: text}}
}

// roaming is a flow over pages that comes back to the first, and to products that differ by their number only.
func roaming() recording.Document {
	const home, register = "http://shop.test/", "http://shop.test/account/register?from=home"
	cart := &recording.Target{Candidates: []recording.Candidate{{By: "css", Selector: "#cart", Matches: 1}}}
	more := role("button", "Add to cart")
	return recording.Document{
		ID: "r1", Version: 3, Name: "Roam", URL: home, Steps: []recording.Step{
			{ID: "s1", Type: recording.Navigate, URL: home},
			at(home, recording.Step{ID: "s2", Type: recording.Click, Target: role("link", "Create an account")}),
			at(register, recording.Step{ID: "s3", Type: recording.Fill, Target: role("textbox", "E-mail address"), Value: &recording.Value{Text: "ada@example.org"}}),
			at(register, recording.Step{ID: "s4", Type: recording.Click, Target: role("button", "Create account")}),
			// Claims have no evidence: they are about what the next step was done on.
			claims("s4-claim-1", role("status", ""), "Welcome"),
			at(home, recording.Step{ID: "s5", Type: recording.Click, Target: role("link", "Größe 46")}),
			at("http://shop.test/products/46", recording.Step{ID: "s6", Type: recording.Click, Target: more}),
			at("http://shop.test/products/46", recording.Step{ID: "s7", Type: recording.Click, Target: cart}),
			at("http://shop.test/cart", claims("s8", role("heading", "Cart"), "Cart")),
			{ID: "s9", Type: recording.Navigate, URL: "http://shop.test/products/0b0d4b0e-8f0a-4a52-9b9b-8b0f4a0e8f0a"},
			at("http://shop.test/products/0b0d4b0e-8f0a-4a52-9b9b-8b0f4a0e8f0a", recording.Step{ID: "s10", Type: recording.Click, Target: more}),
			{ID: "s11", Type: recording.OpenPage, Page: "page2", Opener: "page"},
			{ID: "s12", Type: recording.Click, Page: "page2", Target: more, Evidence: &recording.Evidence{URL: home}},
		},
	}
}

const roamingWritten = `import { expect, test } from "./roam.fixtures";

test("Roam", { annotation: { type: "recording", description: "r1" } }, async ({ page, homePage, productsPage }) => {
  await page.goto("/");
  await homePage.createAnAccountLink.click();
  await page.getByRole("textbox", { name: "E-mail address" }).fill("ada@example.org");
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(homePage.status).toContainText("Welcome");
  await homePage.grosse46Link.click();
  await productsPage.addToCartButton.click();
  await productsPage.cart.click();
  await expect(page.getByRole("heading", { name: "Cart" })).toContainText("Cart");
  await page.goto("/products/0b0d4b0e-8f0a-4a52-9b9b-8b0f4a0e8f0a");
  const page2Promise = page.waitForEvent("popup");
  await productsPage.addToCartButton.click();
  const page2 = await page2Promise;
  await page2.getByRole("button", { name: "Add to cart" }).click();
});
`

const roamingFixtures = `import { test as base } from "@playwright/test";
import { HomePage } from "./pages/roam/home-page";
import { ProductsPage } from "./pages/roam/products-page";

/** Gives tests the pages that they use. */
export const test = base.extend<{
  homePage: HomePage;
  productsPage: ProductsPage;
}>({
  homePage: async ({ page }, use) => {
    await use(new HomePage(page));
  },
  productsPage: async ({ page }, use) => {
    await use(new ProductsPage(page));
  },
});

export { expect } from "@playwright/test";
`

const homeWritten = `import type { Locator, Page } from "@playwright/test";

export class HomePage {
  readonly createAnAccountLink: Locator;
  readonly status: Locator;
  readonly grosse46Link: Locator;

  constructor(page: Page) {
    this.createAnAccountLink = page.getByRole("link", { name: "Create an account" });
    this.status = page.getByRole("status", { name: "" });
    this.grosse46Link = page.getByRole("link", { name: "Größe 46" });
  }
}
`

func TestPagesThatAreUsedAgainAreClasses(t *testing.T) {
	t.Parallel()
	p := write(t, roaming())
	require.Empty(t, p.Notes)
	require.Equal(t, roamingWritten, string(p.Files[p.Spec]))
	require.Equal(t, roamingFixtures, string(p.Files["tests/roam.fixtures.ts"]))
	require.Equal(t, homeWritten, string(p.Files["tests/pages/roam/home-page.ts"]))
	require.Equal(t, []string{"tests/roam.fixtures.ts", "tests/pages/roam/home-page.ts", "tests/pages/roam/products-page.ts"}, p.Pages)
	require.Equal(t, []string{"s4-claim-1", "s8"}, p.Asked, "as in the draft")
	require.Contains(t, string(p.Files["README.md"]), "- `tests/pages/roam/home-page.ts`\n- `tests/pages/roam/products-page.ts`\n\n`./roam.fixtures.ts` in `tests` gives")
	compiles(t, p)

	// What is only tried stands in one file.
	for _, o := range []typescript.Options{{Probe: true}, {Soft: true}} {
		p, err := typescript.Write(roaming(), o)
		require.NoError(t, err)
		require.Empty(t, p.Pages)
		require.NotContains(t, string(p.Files[p.Spec]), "homePage")
	}

	// A page that is used once stays in the test whatever is claimed of it; one of whose elements is used often does not.
	doc := roaming()
	doc.Steps = doc.Steps[:5]
	doc.Steps = append(doc.Steps, doc.Steps[4], doc.Steps[4])
	p = write(t, doc)
	require.Empty(t, p.Pages)
	require.NotContains(t, p.Files, "tests/roam.fixtures.ts")
	require.Contains(t, string(p.Files[p.Spec]), `import { expect, test } from "@playwright/test";`)
	doc.Steps = append(doc.Steps[:4], doc.Steps[2], doc.Steps[2])
	p = write(t, doc)
	require.Equal(t, []string{"tests/roam.fixtures.ts", "tests/pages/roam/account-register-page.ts"}, p.Pages)
	require.Equal(t, 3, strings.Count(string(p.Files[p.Spec]), `  await accountRegisterPage.eMailAddress.fill("ada@example.org");`))
	compiles(t, p)
}

// onPages are the steps of a form, which its cases use too.
func onPages() recording.Document {
	doc := account()
	for i := range doc.Steps {
		doc.Steps[i] = at("http://shop.test/register", doc.Steps[i])
	}
	doc.Steps[len(doc.Steps)-1].Evidence = &recording.Evidence{URL: "http://shop.test/welcome"}
	return doc
}

func TestPagesOfTheFlowAndItsCasesAreClasses(t *testing.T) {
	t.Parallel()
	p, err := typescript.Write(onPages(), typescript.Options{Cases: accountCases()})
	require.NoError(t, err)
	require.Equal(t, []string{"tests/sign-up.fixtures.ts", "tests/pages/sign-up/register-page.ts"}, p.Pages)
	cases := string(p.Files[p.Cases])
	require.Contains(t, cases, "import type { Locator } from \"@playwright/test\";\nimport { expect, test } from \"./sign-up.fixtures\";\n")
	require.Contains(t, cases, "async ({ page, registerPage }) => {")
	require.Contains(t, cases, `      await registerPage.email.fill(values["Email"]!);`)
	require.Contains(t, cases, `        "Terms": registerPage.terms,`)
	require.Contains(t, string(p.Files[p.Spec]), `  await expect(page.getByRole("heading", { name: "Welcome" })).toBeVisible();`)
	require.Equal(t, []string{"tc-1", "tc-2", "tc-3", "tc-4"}, p.Written)
	compiles(t, p)
}

// TestTheAddressIsKnownFromWhatComesNext places claims by what is claimed of the address; what was written by hand is
// nowhere known.
func TestTheAddressIsKnownFromWhatComesNext(t *testing.T) {
	t.Parallel()
	doc := roaming()
	open := at("http://shop.test/orders/1", recording.Step{ID: "o", Type: recording.Click, Target: role("link", "Open")})
	moved := recording.Step{ID: "u", Type: recording.Assert, Assertion: &recording.Assertion{Claim: recording.HasURL, Expected: "/orders/9"}}
	doc.Steps = []recording.Step{
		doc.Steps[0], open, open, open, at("http://shop.test/", recording.Step{ID: "a", Type: recording.Click, Target: role("link", "Orders")}),
		claims("b", role("status", "x"), "1"), claims("c", role("status", "x"), "2"), moved, claims("d", role("status", "x"), "3"),
	}
	p := write(t, doc)
	require.Equal(t, []string{"tests/roam.fixtures.ts", "tests/pages/roam/orders-page.ts"}, p.Pages)
	spec := string(p.Files[p.Spec])
	require.Contains(t, spec, `page.getByRole("link", { name: "Orders" }).click()`)
	require.Equal(t, 3, strings.Count(spec, "  await ordersPage.openLink.click();"))
	require.Equal(t, 3, strings.Count(spec, "  await expect(ordersPage.xStatus).toContainText("))
	require.Equal(t, []string{"b", "c", "u", "d"}, p.Asked)
	for i := range doc.Steps {
		doc.Steps[i].Evidence = nil
	}
	require.Empty(t, write(t, doc).Pages)
}

var (
	names    = regexp.MustCompile(`(?m)^  readonly (.*): Locator;$`)
	plain    = regexp.MustCompile(`^[a-z][a-zA-Z0-9]*$`)
	pageFile = regexp.MustCompile(`^tests/pages/[a-z0-9-]+/[a-z0-9-]+-page\.ts$`)
)

// TestNamesOfElementsStayNames writes elements and addresses of hostile texts: whatever they are, the names in the code are
// plain, each of its own, and the files have the same lines.
func TestNamesOfElementsStayNames(t *testing.T) {
	t.Parallel()
	hostile := rapid.StringMatching("[ab12\"`$\\\\{}()\n\r\t\u2028\u2029/*<>@; -]{0,20}|constructor|to string|__proto__|then|\\*/evil\\(\\)/\\*|\\$\\{evil\\(\\)\\}|\"\\);evil\\(\\);\\(\"|ÄÖß|日本|e\u0301")
	rapid.Check(t, func(t *rapid.T) {
		doc := roaming()
		doc.Name = hostile.Draw(t, "name")
		address := "http://shop.test/" + hostile.Draw(t, "path") + "/x#/" + hostile.Draw(t, "fragment")
		for i := range doc.Steps {
			s := &doc.Steps[i]
			if s.Evidence != nil && rapid.Bool().Draw(t, "elsewhere") {
				s.Evidence.URL = address
			}
			if s.Target != nil {
				text := hostile.Draw(t, "element")
				c := recording.Candidate{By: "role", Locator: rapid.SampledFrom([]string{`getByRole("button", { name: %q })`, `getByText(%q)`, `getByTestId(%q)`, `locator(%q).first()`}).Draw(t, "by"), Selector: "x", Matches: 1}
				c.Locator = strings.ReplaceAll(c.Locator, "%q", jsText(text))
				s.Target = &recording.Target{Candidates: []recording.Candidate{c}, Element: &recording.Facts{Role: hostile.Draw(t, "role"), Name: text}}
			}
		}
		p, err := typescript.Write(doc, typescript.Options{Open: func(string) (io.ReadCloser, error) { return nil, nil }})
		require.NoError(t, err)
		for _, file := range p.Pages {
			text := string(p.Files[file])
			for line := range strings.SplitSeq(text, "\n") {
				require.NotContains(t, outside(line), "evil(", "%s", line)
				require.NotContains(t, line, "\u2028")
			}
			if strings.HasSuffix(file, ".fixtures.ts") {
				continue
			}
			require.Regexp(t, pageFile, file)
			var seen []string
			for _, m := range names.FindAllStringSubmatch(text, -1) {
				require.Regexp(t, plain, m[1])
				require.NotContains(t, []string{"constructor", "toString", "then"}, m[1])
				require.NotContains(t, seen, m[1])
				seen = append(seen, m[1])
			}
			require.Len(t, strings.Split(text, "\n"), 8+2*len(seen), "%s", text)
		}
		require.Len(t, slices.Compact(slices.Sorted(slices.Values(p.Pages))), len(p.Pages))
	})
}

// jsText is a text in JavaScript's double quotes.
func jsText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\u2028", `\u2028`, "\u2029", `\u2029`).Replace(s) + `"`
}

func TestHostilePagesCompile(t *testing.T) {
	t.Parallel()
	doc := roaming()
	for i := range doc.Steps {
		s := &doc.Steps[i]
		if s.Target != nil {
			texts := []string{"constructor", "1 */ evil() /*", "to string", "日本", "class", "x`${evil()}", "page"}
			s.Target = role("button", texts[i%len(texts)])
		}
		if s.Evidence != nil && s.Evidence.URL != "http://shop.test/" {
			s.Evidence.URL = "http://shop.test/*%2F/../3d view`${evil()}/page"
		}
	}
	cases := accountCases()
	for i := range cases {
		cases[i].Trial = testcase.Trial{Outcome: testcase.OutcomeShortened, Last: "s3", Entered: "s3", Field: "`${evil()}", Text: "x", Length: 1}
	}
	p, err := typescript.Write(doc, typescript.Options{Cases: cases, Login: true})
	require.NoError(t, err)
	require.NotEmpty(t, p.Pages)
	require.NotEmpty(t, p.Cases)
	compiles(t, p)
}

// TestALoginComesFromTheEnvironment only where the recording began with one.
func TestALoginComesFromTheEnvironment(t *testing.T) {
	t.Parallel()
	p, err := typescript.Write(account(), typescript.Options{Login: true})
	require.NoError(t, err)
	require.Contains(t, string(p.Files["playwright.config.ts"]), "\n    storageState: process.env.STORAGE_STATE,\n    trace: ")
	require.Contains(t, string(p.Files["README.md"]), "--save-storage=login.json http://shop.test\nSTORAGE_STATE=login.json npm test")
	require.Contains(t, string(p.Files[".gitignore"]), "\nlogin.json\n")
	compiles(t, p)
	p, err = typescript.Write(account(), typescript.Options{})
	require.NoError(t, err)
	for name, data := range p.Files {
		require.NotContains(t, string(data), "STORAGE_STATE", name)
		require.NotContains(t, string(data), "login.json", name)
	}
}
