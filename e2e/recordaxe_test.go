package e2e

import (
	"regexp"
	"testing"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"
)

// A recording is started, driven, left and ended without a mouse; each page of it is clean in both themes and fits a phone.
func TestPagesOfTheRecorderAreAccessible(t *testing.T) {
	t.Parallel()
	app := newShop(t)
	d := openRecorder(t)
	press := func(keys ...string) {
		t.Helper()
		for _, key := range keys {
			require.NoError(t, d.Keyboard().Press(key))
		}
	}
	focused := func() any { return d.eval("document.activeElement.ariaLabel ?? document.activeElement.textContent") }

	d.open("/record")
	require.NoError(t, d.expect.Locator(d.GetByLabel("Address", playwright.PageGetByLabelOptions{Exact: playwright.Bool(true)})).ToBeFocused())
	d.axe("/record")
	require.NoError(t, d.Keyboard().Type(app.URL))
	press("Enter")
	require.NoError(t, d.WaitForURL(regexp.MustCompile("/record/[0-9a-f-]+$")))
	d.painted()

	d.eval(`document.querySelector("[aria-label='Keyboard of the page']").focus()`)
	press("Tab") // to the page's first field
	require.NoError(t, d.Keyboard().Type("Chair"))
	press("Enter")
	d.sees(d.step("Chair"))
	require.Equal(t, "Keyboard of the page", focused(), "Tab went to the page")
	press("Control+Alt+Enter")
	require.Equal(t, "Address", focused())
	d.axe("a live session")
	press("Escape", "a")
	require.NoError(t, d.button("About the last step’s element").WaitFor())
	d.axe("picking")
	require.NoError(t, d.button("About the page").Press("Enter"))
	d.axe("claiming")
	press("Escape")
	require.NoError(t, d.expect.Locator(d.Locator("section[aria-label=Assertion]")).ToHaveCount(0))
	d.fits("a live session")

	press("Control+k")
	require.NoError(t, d.GetByRole("combobox", playwright.PageGetByRoleOptions{Name: regexp.MustCompile("Command")}).Fill("Stop and keep"))
	press("Enter")
	require.NoError(t, d.WaitForURL(regexp.MustCompile("/recordings/[0-9a-f-]+$")))
	recording := regexp.MustCompile("/recordings/[^/?]+").FindString(d.URL())
	for _, view := range []struct{ path, shows string }{
		{"/recordings", "li[data-recording]"},
		{"/recordings?q=nothing-has-this-name", "text=No recording matches"},
		{recording, "img[alt*='The page at']"},
		{recording + "?tab=network", "text=orders"},
		{recording + "?tab=console", "text=ordered Chair"},
		{recording + "?tab=variables", "main"},
		{recording + "?tab=versions", "table[aria-label=Versions]"},
		{recording + "?v=3", "text=You look at version 3"},
		{recording + "?tab=artifacts", "table[aria-label=Artefacts]"},
		{"/recordings/nothing", "text=There is no such recording"},
		{"/record/nothing", "text=There is no such session"},
	} {
		d.open(view.path)
		d.sees(d.Locator(view.shows))
		d.axe(view.path)
		d.fits(view.path)
	}
}

// fits says that nothing is cut off or scrolls sideways on a phone.
func (d *deck) fits(what string) {
	d.t.Helper()
	before := *d.ViewportSize() // the driver changes its own
	require.NoError(d.t, d.SetViewportSize(375, 740))
	wide := d.eval("document.documentElement.scrollWidth - document.documentElement.clientWidth")
	require.Zero(d.t, wide, "%s is wider than the screen", what)
	require.Empty(d.t, d.eval(`[...document.querySelectorAll("main, main .overflow-y-auto")]
		.filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.outerHTML.slice(0, 200))`),
		"%s: what scrolls down is wider than the screen", what)
	require.NoError(d.t, d.SetViewportSize(before.Width, before.Height))
}
