package e2e

import (
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"tapedeck/internal/browsertest"
	"tapedeck/internal/tapedecktest"
)

//go:embed testdata/shop.html
var shopPage []byte

// Where things lie in testdata/shop.html, in its pixels.
var (
	shopThing  = point{250, 145}
	shopAdd    = point{530, 145}
	shopCart   = point{200, 238}
	shopHeader = point{900, 30}
)

type point struct{ x, y float64 }

// shop is the application that is recorded.
type shop struct {
	*httptest.Server
	mu     sync.Mutex
	orders []string
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", func(_ http.ResponseWriter, r *http.Request) {
		what, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.orders = append(s.orders, string(what))
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(shopPage)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *shop) ordered() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.orders...)
}

// recordsHere lets a server record pages of this machine.
func recordsHere(t *testing.T) []string {
	t.Helper()
	driver, err := browsertest.DriverDir()
	require.NoError(t, err)
	return append([]string{
		"PLAYWRIGHT_DRIVER_PATH=" + driver, "RECORDER_ALLOW_LOOPBACK=1",
		"VERIFY_KIT_PATH=" + filepath.Join(tapedecktest.Root(), "deployments", "playwright-test"),
	}, quick...)
}

func openRecorder(t *testing.T, options ...playwright.BrowserNewContextOptions) *deck {
	t.Helper()
	d := openServer(t, tapedecktest.Start(t, "serve", recordsHere(t)...), options...)
	d.expect = playwright.NewPlaywrightAssertions(30_000) // a browser is started on the way
	return d
}

// startRecording fills the form and returns the session's id once its page is live.
func (d *deck) startRecording(url, name, folder string) string {
	d.t.Helper()
	d.open("/record")
	for label, text := range map[string]string{"Address": url, "Name": name, "Folder": folder} {
		require.NoError(d.t, d.GetByLabel(label, playwright.PageGetByLabelOptions{Exact: playwright.Bool(true)}).Fill(text))
	}
	require.NoError(d.t, d.button("Start recording").Click())
	require.NoError(d.t, d.WaitForURL(regexp.MustCompile("/record/[0-9a-f-]+$")))
	d.painted()
	return filepath.Base(d.URL())
}

// painted waits until the live picture shows the shop's header.
func (d *deck) painted() {
	d.t.Helper()
	d.until(`([x, y]) => {
		const canvas = document.querySelector("canvas[data-testid=stage]");
		if (!canvas?.width) return false;
		const at = [Math.round(x / 1280 * canvas.width), Math.round(y / 800 * canvas.height)];
		const [r, g, b] = canvas.getContext("2d").getImageData(...at, 1, 1).data;
		return Math.abs(r - 0x26) + Math.abs(g - 0x46) + Math.abs(b - 0x53) < 30;
	}`, []float64{shopHeader.x, shopHeader.y})
}

// until asks the page until it says true; Playwright's own waiting needs eval, which the page forbids.
func (d *deck) until(predicate string, arg ...any) {
	d.t.Helper()
	require.Eventually(d.t, func() bool {
		v, err := d.Evaluate(predicate, arg...)
		return err == nil && v == true
	}, time.Minute, 20*time.Millisecond, "never true: %s", predicate)
}

// onStage is where a point of the recorded page is shown.
func (d *deck) onStage(p point) (x, y float64) {
	d.t.Helper()
	box, err := d.GetByTestId("stage").BoundingBox()
	require.NoError(d.t, err)
	require.NotNil(d.t, box)
	return box.X + p.x*box.Width/1280, box.Y + p.y*box.Height/800
}

func (d *deck) clickStage(p point) {
	d.t.Helper()
	x, y := d.onStage(p)
	require.NoError(d.t, d.Mouse().Click(x, y))
}

func (d *deck) button(name string) playwright.Locator {
	return d.GetByRole("button", playwright.PageGetByRoleOptions{Name: name, Exact: playwright.Bool(true)})
}

func (d *deck) menuitem(menu, item string) {
	d.t.Helper()
	require.NoError(d.t, d.button(menu).Click())
	require.NoError(d.t, d.GetByRole("menuitem", playwright.PageGetByRoleOptions{Name: item, Exact: playwright.Bool(true)}).Click())
}

// step is a line of the list of steps.
func (d *deck) step(title string) playwright.Locator {
	return d.Locator("ol[aria-label=Steps] > li").Filter(playwright.LocatorFilterOptions{HasText: title})
}

func (d *deck) steps() int {
	d.t.Helper()
	n, err := d.Locator("ol[aria-label=Steps] > li").Count()
	require.NoError(d.t, err)
	return n
}

func (d *deck) sees(l playwright.Locator) {
	d.t.Helper()
	require.NoError(d.t, d.expect.Locator(l.First()).ToBeVisible())
}

// loaded waits until an image has its picture.
func (d *deck) loaded(img playwright.Locator) {
	d.t.Helper()
	d.sees(img)
	require.Eventually(d.t, func() bool {
		width, err := img.First().Evaluate("(img) => img.complete ? img.naturalWidth : 0", nil)
		return err == nil && fmt.Sprint(width) != "0"
	}, 20*time.Second, 20*time.Millisecond, "the picture is broken")
}

// A person records in the page, somebody else watches and takes over, and what was made is edited.
func TestPageRecords(t *testing.T) {
	t.Parallel()
	app := newShop(t)
	d := openRecorder(t)
	id := d.startRecording(app.URL, "Buy a lamp", "shop/checkout")
	d.sees(d.step("127.0.0.1"))

	d.clickStage(shopThing)
	require.NoError(t, d.Keyboard().Type("Lamp"))
	d.sees(d.step("Lamp"))
	d.clickStage(shopAdd)
	d.sees(d.step(`Click button "Add"`))
	require.Eventually(t, func() bool { return len(app.ordered()) == 1 }, 20*time.Second, 10*time.Millisecond)
	require.Equal(t, []string{"Lamp"}, app.ordered())

	d.assertAbout(shopCart)
	d.sees(d.step("1 thing: Lamp"))
	d.handsOver(id, app)

	require.NoError(t, d.button("Stop and keep").Click())
	require.NoError(t, d.WaitForURL("**/recordings/"+id))
	d.inspects()
	d.opensTrace(`Click button "Add"`, `assert status "1 thing: Lamp" text`, `Fill textbox "Thing" with "Rug"`)
	d.edits()
	d.lists(app.URL)
}

// assertAbout picks an element on the canvas and adds what is suggested about its text.
func (d *deck) assertAbout(p point) {
	d.t.Helper()
	require.NoError(d.t, d.button("Assert").Click())
	x, y := d.onStage(p)
	require.NoError(d.t, d.Mouse().Move(x, y))
	d.sees(d.GetByTestId("highlight"))
	d.clickStage(p)
	panel := d.Locator("section[aria-label=Assertion]")
	require.NoError(d.t, panel.GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "has text"}).First().Click())
	require.NoError(d.t, d.button("Add the assertion").Click())
	require.NoError(d.t, d.expect.Locator(panel).ToHaveCount(0))
}

// handsOver lets a second viewer watch, drive, and record a step that both see.
func (d *deck) handsOver(id string, app *shop) {
	d.t.Helper()
	other := d.another()
	other.open("/record/" + id)
	other.painted()
	other.sees(other.GetByText("You watch; whoever drives can hand over"))
	other.sees(other.step(`Click button "Add"`))
	require.NoError(d.t, other.expect.Locator(other.button("Assert")).ToBeDisabled())
	before := d.steps()
	other.clickStage(shopAdd) // whoever watches does nothing to the page

	d.sees(d.GetByText("One other watches"))
	require.NoError(d.t, d.button("Hand over").Click())
	require.NoError(d.t, other.button("Drive").Click())
	d.sees(d.GetByText("You watch; whoever drives can hand over"))
	other.clickStage(shopThing)
	require.NoError(d.t, other.Keyboard().Press("Control+A"))
	require.NoError(d.t, other.Keyboard().Type("Rug"))
	require.NoError(d.t, other.Keyboard().Press("Enter"))
	for _, each := range []*deck{d, other} {
		each.sees(each.step("Rug"))
	}
	require.Eventually(d.t, func() bool { return len(app.ordered()) == 2 }, 20*time.Second, 10*time.Millisecond)
	require.Equal(d.t, []string{"Lamp", "Rug"}, app.ordered())
	require.Greater(d.t, d.steps(), before)
	require.NoError(d.t, other.Context().Close())
	d.sees(d.GetByText("Nobody drives"))
	require.NoError(d.t, d.button("Drive").Click())
}

// inspects looks at the recording's page: the picture of a step, and the ways to its element.
func (d *deck) inspects() {
	d.t.Helper()
	d.sees(d.GetByRole("heading", playwright.PageGetByRoleOptions{Name: "Buy a lamp"}))
	require.NoError(d.t, d.step(`Click button "Add"`).GetByRole("button").First().Click())
	d.loaded(d.GetByAltText(regexp.MustCompile("The page at “.*Add.*”")))
	d.sees(d.GetByTestId("box"))
	ways := d.GetByRole("group", playwright.PageGetByRoleOptions{Name: regexp.MustCompile("Ways to the element")})
	d.sees(ways.GetByRole("radio", playwright.LocatorGetByRoleOptions{Name: regexp.MustCompile(`getByTestId.*1 match$`)}))
	d.sees(ways.GetByRole("radio", playwright.LocatorGetByRoleOptions{Name: regexp.MustCompile(`getByRole.*Add.*1 match$`)}))
	d.tab("Network")
	d.sees(d.Locator("tr, li").Filter(playwright.LocatorFilterOptions{HasText: "orders"}))
	d.tab("Console")
	d.sees(d.GetByText("ordered Lamp"))
	d.tab("Versions")
	d.sees(d.Locator("table[aria-label=Versions] tr", playwright.PageLocatorOptions{HasText: "recording.finished"}))
	d.tab("Artefacts")
	for _, name := range []string{"recording.json", "trace.zip", "network.har", "video.webm"} {
		d.sees(d.GetByText(name, playwright.PageGetByTextOptions{Exact: playwright.Bool(true)}))
	}
	d.tab("Steps")
}

func (d *deck) tab(name string) {
	d.t.Helper()
	parts := d.GetByRole("navigation", playwright.PageGetByRoleOptions{Name: "Parts of the recording"})
	require.NoError(d.t, parts.GetByRole("link", playwright.LocatorGetByRoleOptions{Name: name, Exact: playwright.Bool(true)}).Click())
}

// edits renames the recording, removes a step and takes that back.
func (d *deck) edits() {
	d.t.Helper()
	d.menuitem("More actions", "Rename…")
	name := d.GetByRole("dialog").GetByLabel("Name")
	require.NoError(d.t, name.Fill("Buy two things"))
	require.NoError(d.t, name.Press("Enter"))
	d.sees(d.GetByRole("heading", playwright.PageGetByRoleOptions{Name: "Buy two things"}))
	rows := d.Locator("ol[aria-label=Steps] > li")
	before := d.steps()
	d.menuitem("Actions of step 4", "Delete")
	require.NoError(d.t, d.expect.Locator(rows).ToHaveCount(before-1))
	require.NoError(d.t, d.expect.Locator(d.step(`Click button "Add"`)).ToHaveCount(0))
	require.NoError(d.t, d.button("Undo").Click())
	require.NoError(d.t, d.expect.Locator(rows).ToHaveCount(before))
	require.NoError(d.t, d.expect.Locator(rows.Nth(3)).ToContainText("Add"))
}

// lists finds the recording in the library, with its folder and picture.
func (d *deck) lists(url string) {
	d.t.Helper()
	d.open("/recordings")
	card := d.Locator("li[data-recording]").Filter(playwright.LocatorFilterOptions{HasText: "Buy two things"})
	d.sees(card)
	require.NoError(d.t, d.expect.Locator(card).ToContainText("shop/checkout"))
	require.NoError(d.t, d.expect.Locator(card).ToContainText(strings.TrimPrefix(url, "http://")))
	d.loaded(card.Locator("img"))
}
