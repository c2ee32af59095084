package flows_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"tapedeck/demo/flows"
	"tapedeck/demo/shop"
	"tapedeck/internal/browsertest"
)

// look runs axe-core on the page, and answers the rules that it breaks and whether it is wider than its window.
const look = `async () => {
	const broken = (await axe.run(document, { resultTypes: ["violations"] })).violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target).join(", "));
	if (document.documentElement.scrollWidth > innerWidth) broken.push("wider than the window");
	return broken.join("\n");
}`

// Every page is clean under axe-core in both themes, and fits a telephone.
func TestPagesAreAccessible(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("..", "..", "webapp", "node_modules", "axe-core", "axe.min.js"))
	require.NoError(t, err, "the page's packages are not installed: make spa")
	s := shop.New(shop.Config{})
	srv := httptest.NewServer(s)
	t.Cleanup(func() { s.Close(); srv.Close() })
	browser := browsertest.Start(t)
	ctx := browser.Context(t)
	page := browsertest.Observe(t, ctx)
	visit := func(path string) {
		_, err := page.Goto(srv.URL + path)
		require.NoError(t, err)
	}
	clean := func(what string) {
		for _, scheme := range []*playwright.ColorScheme{playwright.ColorSchemeLight, playwright.ColorSchemeDark} {
			for _, width := range []int{390, 1280} {
				require.NoError(t, page.EmulateMedia(playwright.PageEmulateMediaOptions{ColorScheme: scheme, ReducedMotion: playwright.ReducedMotionReduce}))
				require.NoError(t, page.SetViewportSize(width, 844))
				_, err := page.Evaluate(string(source))
				require.NoError(t, err)
				broken, err := page.Evaluate(look)
				require.NoError(t, err)
				require.Empty(t, broken, fmt.Sprint(what, " ", *scheme, " ", width))
			}
		}
	}
	for _, path := range []string{
		"/", "/?q=kitchen", "/?q=spaceship", "/products/trail-boots", "/products/pocket-stove", "/cart", "/register", "/sign-in", "/size-guide",
		"/delivery", "/delivery?country=Austria&postcode=1010", "/delivery?country=Austria&postcode=1", "/nowhere",
	} {
		visit(path)
		clean(path)
	}
	visit("/register")
	require.NoError(t, page.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Create account"}).Click())
	clean("a form with faults")
	visit("/products/trail-boots")
	_, err = page.Locator("#size").SelectOption(playwright.SelectOptionValues{Values: &[]string{"42"}})
	require.NoError(t, err)
	require.NoError(t, page.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Add to cart"}).Click())
	require.NoError(t, page.GetByText("Added to your cart").WaitFor())
	clean("a message")
	visit("/cart")
	clean("a cart")
	visit("/checkout")
	secret, _ := flows.Secret("password")
	require.NoError(t, page.Locator("#email").Fill(shop.Customer))
	require.NoError(t, page.Locator("#password").Fill(secret))
	require.NoError(t, page.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Sign in"}).Click())
	require.NoError(t, page.WaitForURL("**/checkout"))
	clean("a checkout")
	require.NoError(t, page.Locator("#street").Fill("Linienstraße 12"))
	require.NoError(t, page.Locator("#city").Fill("Berlin"))
	require.NoError(t, page.Locator("#terms").Check())
	require.NoError(t, page.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Place the order"}).Click())
	require.NoError(t, page.WaitForURL("**/orders/*"))
	for _, path := range []string{"/orders/FW-1001", "/orders", "/account"} {
		visit(path)
		clean(path)
	}
}
