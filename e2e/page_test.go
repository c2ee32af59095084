package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"tapedeck/client"
	"tapedeck/internal/browsertest"
	"tapedeck/internal/tapedecktest"
)

// One browser serves all tests of the page; it is launched by the first.
var browserOnce = sync.OnceValues(func() (*browsertest.Browser, error) {
	launched.Store(true)
	return browsertest.Launch()
})
var launched atomic.Bool

func closeBrowser() error {
	if !launched.Load() {
		return nil
	}
	b, err := browserOnce()
	if err != nil {
		return nil // the test that wanted it has failed
	}
	return b.Close()
}

// deck is a server with its page open.
type deck struct {
	playwright.Page
	t      *testing.T
	server *tapedecktest.Server
	cl     *client.Client
	expect playwright.PlaywrightAssertions
}

func openDeck(t *testing.T, options ...playwright.BrowserNewContextOptions) *deck {
	t.Helper()
	return openServer(t, tapedecktest.Start(t, "serve", quick...), options...)
}

// openServer is openDeck for a server that was started otherwise.
func openServer(t *testing.T, server *tapedecktest.Server, options ...playwright.BrowserNewContextOptions) *deck {
	t.Helper()
	built := filepath.Join(tapedecktest.Root(), "webapp", "dist", "index.html")
	require.FileExists(t, built, "the page is not built: make spa")
	b, err := browserOnce()
	require.NoError(t, err)
	d := &deck{
		Page: b.Page(t, options...), t: t, server: server, cl: server.Client(),
		expect: playwright.NewPlaywrightAssertions(20_000),
	}
	d.OnPageError(func(err error) { t.Errorf("uncaught in the page: %v", err) })
	return d
}

// another is a second person's browser before the same server.
func (d *deck) another(options ...playwright.BrowserNewContextOptions) *deck {
	d.t.Helper()
	other := openServer(d.t, d.server, options...)
	other.expect = d.expect
	return other
}

func (d *deck) open(path string) {
	d.t.Helper()
	_, err := d.Goto(d.server.URL() + path)
	require.NoError(d.t, err)
}

func (d *deck) submit(s client.Submission) client.Job {
	d.t.Helper()
	j, err := d.cl.Submit(d.t.Context(), s, "")
	require.NoError(d.t, err)
	return j
}

func exercise(input string) client.Submission {
	return client.Submission{Kind: "system.exercise", Input: jsontext.Value(input)}
}

// status waits until the open job page shows a status.
func (d *deck) status(want string) {
	d.t.Helper()
	require.NoError(d.t, d.expect.Locator(d.GetByTestId("job-status")).ToHaveText(want))
}

// ends waits for the end of a job that takes its time.
func (d *deck) ends(want string) {
	d.t.Helper()
	long := playwright.LocatorAssertionsToHaveTextOptions{Timeout: playwright.Float(float64(patience.Milliseconds()))}
	require.NoError(d.t, d.expect.Locator(d.GetByTestId("job-status")).ToHaveText(want, long))
}

// live waits until the page says that it is live, or that it is not.
func (d *deck) live(want bool) {
	d.t.Helper()
	status := map[bool]string{true: "live", false: "reconnecting"}[want]
	indicator := d.Locator(`[data-testid=live][data-status=` + status + `]`).First()
	require.NoError(d.t, indicator.WaitFor(playwright.LocatorWaitForOptions{State: playwright.WaitForSelectorStateAttached}))
}

func (d *deck) eval(expression string, arg ...any) any {
	d.t.Helper()
	v, err := d.Evaluate(expression, arg...)
	require.NoError(d.t, err)
	return v
}

// logLines are the texts of the log's lines that are on screen.
func (d *deck) logLines() []string {
	d.t.Helper()
	found, err := d.GetByTestId("log").Locator("time + span").AllTextContents()
	require.NoError(d.t, err)
	return found
}

func numbered(from, to, of int) []string {
	var lines []string
	for n := from; n <= to; n++ {
		lines = append(lines, fmt.Sprintf("line %d of %d", n, of))
	}
	return lines
}

func TestPageSubmitsAJobAndFollowsItToItsEnd(t *testing.T) {
	t.Parallel()
	d := openDeck(t)
	d.open("/submit?kind=system.exercise")
	require.NoError(t, d.GetByLabel("Log lines").Fill("25"))
	require.NoError(t, d.GetByLabel("Lines per second").Fill("1")) // a slow page sees it run
	require.NoError(t, d.expect.Locator(d.GetByTestId("curl")).ToContainText(`"lines": 25`))
	require.NoError(t, d.GetByRole("button", playwright.PageGetByRoleOptions{Name: regexp.MustCompile("^Submit ")}).Click())
	require.NoError(t, d.WaitForURL(regexp.MustCompile("/jobs/[0-9a-f-]+$")))
	d.status("Running")
	require.NoError(t, d.GetByRole("link", playwright.PageGetByRoleOptions{Name: "Log", Exact: playwright.Bool(true)}).Click())
	d.ends("Succeeded")
	require.NoError(t, d.expect.Locator(d.GetByTestId("log-total")).ToHaveText("25 lines"))
	require.NoError(t, d.expect.Locator(d.GetByTestId("log").Locator("time + span")).ToHaveCount(25))
	require.Equal(t, numbered(1, 25, 25), d.logLines(), "no line missing, none twice")
}

func TestPageShowsWhatOthersSubmitWithoutAskingAgain(t *testing.T) {
	t.Parallel()
	d := openDeck(t)
	d.submit(client.Submission{Kind: "system.ping", Labels: map[string]string{"n": "first"}})
	var lists atomic.Int32
	d.OnRequest(func(r playwright.Request) {
		if strings.Contains(r.URL(), "/api/jobs?") && !strings.Contains(r.URL(), "count=true") {
			lists.Add(1)
		}
	})
	d.open("/jobs")
	row := d.Locator("tr[data-job]")
	require.NoError(t, d.expect.Locator(row).ToHaveCount(1))
	d.live(true)
	j := d.submit(client.Submission{Kind: "system.ping", Labels: map[string]string{"n": "second"}})
	mine := d.Locator(`tr[data-job="` + j.JobID + `"]`)
	require.NoError(t, d.expect.Locator(mine).ToContainText("Succeeded"))
	require.NoError(t, d.expect.Locator(row.First()).ToContainText("n: second"), "the newest is on top")
	require.EqualValues(t, 1, lists.Load(), "the list was asked for once, the rest came over the socket")
}

// A page that loses its connection says so, and afterwards has every job once.
func TestPageReconnectsWithoutAGap(t *testing.T) {
	t.Parallel()
	d := openDeck(t)
	var cut atomic.Bool
	var mu sync.Mutex
	var open []playwright.WebSocketRoute
	require.NoError(t, d.RouteWebSocket(regexp.MustCompile("/api/ws$"), func(ws playwright.WebSocketRoute) {
		if cut.Load() {
			ws.Close()
			return
		}
		if _, err := ws.ConnectToServer(); err != nil {
			t.Errorf("connect the page's socket: %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		open = append(open, ws)
	}))
	d.open("/jobs")
	d.live(true)
	d.eval("window.mark = 'the page was not loaded again'")

	cut.Store(true)
	mu.Lock()
	for _, ws := range open {
		ws.Close()
	}
	mu.Unlock()
	require.NoError(t, d.GetByTestId("not-live").WaitFor())
	d.live(false)
	var want []string
	for range 20 {
		want = append(want, d.submit(client.Submission{Kind: "system.ping"}).JobID)
	}
	require.Zero(t, d.eval("document.querySelectorAll('tr[data-job]').length"))

	cut.Store(false)
	// The page may have come back by itself, and the button gone with the banner.
	d.eval("[...document.querySelectorAll('button')].find((b) => b.textContent.includes('Try now'))?.click()")
	d.live(true)
	require.NoError(t, d.expect.Locator(d.Locator("tr[data-job] [data-status=succeeded]")).ToHaveCount(20))
	var got []string
	for _, id := range d.eval("[...document.querySelectorAll('tr[data-job]')].map((row) => row.dataset.job)").([]any) {
		got = append(got, id.(string))
	}
	require.ElementsMatch(t, want, got)
	require.Equal(t, "the page was not loaded again", d.eval("window.mark"))
}

// The server is killed under a running job; the page comes back by itself and shows the next attempt.
func TestPageOutlivesTheServer(t *testing.T) {
	t.Parallel()
	d := openDeck(t)
	// Slow enough that the fifth line has not scrolled away before it is looked for.
	j := d.submit(exercise(`{"lines":100000,"rate":2}`))
	d.open("/jobs/" + j.JobID + "?tab=log")
	fifth := d.GetByTestId("log").GetByText("line 5 of 100000", playwright.LocatorGetByTextOptions{Exact: playwright.Bool(true)})
	require.NoError(t, fifth.WaitFor())
	d.eval("window.mark = 'same page'")
	// What the page loads ahead of time must not be cut off: a browser asks for a part that failed never again.
	palette := pageChunk(t, "src/features/shell/palette.tsx")
	require.Eventually(t, func() bool {
		return d.eval(fmt.Sprintf("performance.getEntriesByType('resource').some((r) => r.name.endsWith('/%s'))", palette)) == true
	}, time.Minute, 100*time.Millisecond)
	require.NoError(t, d.server.Kill())
	require.NoError(t, d.GetByTestId("not-live").WaitFor())
	require.NoError(t, d.Keyboard().Press("?"), "a part of the page that it has not loaded yet")
	d.server.Restart()
	help := d.GetByRole("dialog", playwright.PageGetByRoleOptions{Name: "Keyboard shortcuts"})
	require.NoError(t, help.WaitFor())
	require.NoError(t, d.Keyboard().Press("Escape"))
	require.NoError(t, d.expect.Locator(help).ToHaveCount(0))
	later := regexp.MustCompile("^[2-9]$") // a machine that is busy enough lets another short lease pass
	attempt := d.GetByLabel("Attempt", playwright.PageGetByLabelOptions{Exact: playwright.Bool(true)})
	require.NoError(t, d.expect.Locator(attempt).ToHaveValue(later))
	d.live(true)
	require.NoError(t, fifth.WaitFor(), "the later attempt's log begins at its first line")
	require.NoError(t, d.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Stop"}).Click())
	d.status("Succeeded")
	require.NoError(t, d.expect.Locator(attempt).ToHaveValue(later))
	require.Equal(t, "same page", d.eval("window.mark"))
}

// pageChunk is the file of the built page that holds a part of its source.
func pageChunk(t *testing.T, source string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "webapp", "dist", ".vite", "manifest.json"))
	require.NoError(t, err)
	var manifest map[string]struct {
		File string `json:"file"`
	}
	require.NoError(t, json.Unmarshal(raw, &manifest))
	require.NotEmpty(t, manifest[source].File, "the page has no part of its own for %s", source)
	return manifest[source].File
}

// Another log under the same address is not passed over in silence.
func TestPageTellsThatTheLogIsAnother(t *testing.T) {
	t.Parallel()
	d := openDeck(t)
	d.submit(client.Submission{Kind: "system.ping", Labels: map[string]string{"log": "old"}})
	d.open("/jobs")
	require.NoError(t, d.GetByText("log: old").WaitFor())
	d.live(true)
	require.NoError(t, d.server.Kill())
	require.NoError(t, d.GetByTestId("not-live").WaitFor())
	entries, err := os.ReadDir(d.server.Dir)
	require.NoError(t, err)
	for _, e := range entries {
		require.NoError(t, os.RemoveAll(filepath.Join(d.server.Dir, e.Name())))
	}
	d.server.Restart()
	d.submit(client.Submission{Kind: "system.ping", Labels: map[string]string{"log": "new"}})
	require.NoError(t, d.GetByText("The page was loaded afresh").WaitFor())
	require.NoError(t, d.GetByText("log: new").WaitFor())
	require.NoError(t, d.expect.Locator(d.GetByText("log: old")).ToHaveCount(0))
}

func TestPageTravelsInTime(t *testing.T) {
	t.Parallel()
	d := openDeck(t)
	s := exercise(`{"lines":4,"rate":0,"fail":"error"}`)
	s.Retry = &client.Retry{MaxAttempts: 1}
	j := d.submit(s)
	d.open("/jobs/" + j.JobID)
	d.status("Dead")
	require.NoError(t, d.GetByRole("link", playwright.PageGetByRoleOptions{Name: "State", Exact: playwright.Bool(true)}).Click())
	slider, diff := d.GetByTestId("time-travel"), d.GetByTestId("diff")
	require.NoError(t, slider.Press("Home"))
	require.NoError(t, d.expect.Locator(d.GetByText("State at version 1")).ToBeVisible())
	require.NoError(t, slider.Press("ArrowRight"))
	require.NoError(t, d.expect.Locator(diff.Locator("tr", playwright.LocatorLocatorOptions{HasText: "status"})).ToContainText(`"queued""running"`))
	require.NoError(t, d.expect.Page(d.Page).ToHaveURL(regexp.MustCompile("[?&]v=2(&|$)")))
	_, err := d.Reload()
	require.NoError(t, err)
	require.NoError(t, d.expect.Locator(d.GetByText("State at version 2")).ToBeVisible(), "the moment is in the address")

	past, err := d.cl.Job(t.Context(), j.JobID, map[string][]string{"version": {"2"}})
	require.NoError(t, err)
	require.Equal(t, "running", past.Status, "the page shows what the API says")
}

func TestPageBulkActionAsksTheServerFirst(t *testing.T) {
	t.Parallel()
	d := openDeck(t)
	for range 5 {
		s := client.Submission{Kind: "system.ping", Delay: "1h"}
		d.submit(s)
	}
	done := d.submit(client.Submission{Kind: "system.ping"})
	d.open("/jobs")
	require.NoError(t, d.expect.Locator(d.Locator(`tr[data-job="`+done.JobID+`"]`)).ToContainText("Succeeded"))
	require.NoError(t, d.GetByLabel("Select all loaded jobs").Check())
	require.NoError(t, d.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Cancel…"}).Click())
	confirm := d.GetByRole("dialog").GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Cancel 5 jobs"})
	require.NoError(t, confirm.WaitFor())
	page, err := d.cl.Jobs(t.Context(), map[string][]string{"status": {"cancelled"}})
	require.NoError(t, err)
	require.Empty(t, page.Items, "a dry run changes nothing")
	require.NoError(t, confirm.Click())
	require.NoError(t, d.expect.Locator(d.Locator("tr[data-job] [data-status=cancelled]")).ToHaveCount(5))
}

func TestPageWorksFromTheKeyboard(t *testing.T) {
	t.Parallel()
	d := openDeck(t)
	j := d.submit(client.Submission{Kind: "system.ping"})
	d.open("/jobs")
	require.NoError(t, d.Locator("tr[data-job]").WaitFor())
	press := func(keys ...string) {
		t.Helper()
		for _, key := range keys {
			require.NoError(t, d.Keyboard().Press(key))
		}
	}
	press("Tab")
	require.Equal(t, "Skip to content", d.eval("document.activeElement.textContent"))
	press("Enter")
	require.Equal(t, "main", d.eval("document.activeElement.id"))
	press("j", "Enter")
	require.NoError(t, d.WaitForURL("**/jobs/"+j.JobID))
	press("g", "q")
	require.NoError(t, d.WaitForURL("**/queues"))
	press("?")
	require.NoError(t, d.GetByRole("dialog", playwright.PageGetByRoleOptions{Name: "Keyboard shortcuts"}).WaitFor())
	press("Escape")
	require.NoError(t, d.expect.Locator(d.GetByRole("dialog")).ToHaveCount(0))
	press("Control+k")
	require.NoError(t, d.GetByRole("combobox", playwright.PageGetByRoleOptions{Name: regexp.MustCompile("Command")}).Fill("statist"))
	press("Enter")
	require.NoError(t, d.WaitForURL("**/stats"))
}

// axeFinding is one rule of axe-core that a page breaks.
type axeFinding struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// axe runs axe-core on what is on screen, in both themes.
func (d *deck) axe(what string) {
	d.t.Helper()
	source, err := os.ReadFile(filepath.Join(tapedecktest.Root(), "webapp", "node_modules", "axe-core", "axe.min.js"))
	require.NoError(d.t, err, "the page's packages are not installed: make spa")
	d.eval(string(source) + "; true")
	for _, theme := range []*playwright.ColorScheme{playwright.ColorSchemeLight, playwright.ColorSchemeDark} {
		require.NoError(d.t, d.EmulateMedia(playwright.PageEmulateMediaOptions{
			ColorScheme: theme, ReducedMotion: playwright.ReducedMotionReduce,
		}))
		themed := d.Locator("html[data-theme=" + string(*theme) + "]")
		require.NoError(d.t, themed.WaitFor(playwright.LocatorWaitForOptions{State: playwright.WaitForSelectorStateAttached}))
		text := d.eval(`async () => {
			await Promise.all(document.getAnimations().filter((a) => a.effect.getTiming().iterations !== Infinity).map((a) => a.finished.catch(() => {})));
			return JSON.stringify((await axe.run(document, { resultTypes: ["violations"] })).violations);
		}`).(string)
		var found []axeFinding
		require.NoError(d.t, json.Unmarshal([]byte(text), &found))
		for _, f := range found {
			for _, n := range f.Nodes {
				d.t.Errorf("%s, %s theme: %s: %s\n%s\n%s", what, *theme, f.ID, f.Help, n.HTML, n.Summary)
			}
		}
	}
}

// populated is a deck with jobs of every look.
func populated(t *testing.T, options ...playwright.BrowserNewContextOptions) (d *deck, failed, stored client.Job) {
	d = openDeck(t, options...)
	d.submit(client.Submission{Kind: "system.ping", Labels: map[string]string{"suite": "checkout-regression-with-a-rather-long-name", "env": "staging"}})
	d.submit(client.Submission{Kind: "system.ping", Delay: "1h"})
	running := d.submit(exercise(`{"lines":100000,"rate":2,"artifactBytes":100}`))
	d.submit(client.Submission{Kind: "system.ping", After: []client.After{{JobID: running.JobID}}, ParentID: running.JobID})
	stored = d.submit(exercise(`{"lines":1,"rate":0,"artifactBytes":300}`))
	s := exercise(`{"lines":30,"rate":0,"fail":"error"}`)
	s.Retry = &client.Retry{MaxAttempts: 2}
	failed = d.submit(s)
	d.open("/jobs/" + failed.JobID)
	d.status("Dead")
	_, err := d.cl.Command(t.Context(), failed.JobID, "annotate", map[string]string{"text": "seen before in staging"})
	require.NoError(t, err)
	return d, failed, stored
}

func TestPageIsAccessibleInBothThemes(t *testing.T) {
	t.Parallel()
	d, failed, stored := populated(t)
	shown := func(locator playwright.Locator) { t.Helper(); require.NoError(t, locator.First().WaitFor()) }
	job := "/jobs/" + failed.JobID

	for _, view := range []struct{ path, shows string }{
		{"/jobs", "tr[data-job]"},
		{"/jobs?status=waiting&status=delayed&kind=system.*&label=a:b", "text=No job matches"},
		{job, "text=seen before in staging"},
		{job + "?tab=log", "text=line 1 of 30"},
		{job + "?tab=log&find=line", "text=1 of"},
		{job + "?tab=events&event=2", "text=specversion"},
		{job + "?tab=state&v=3", "[data-testid=diff]"},
		{"/jobs/" + stored.JobID + "?tab=artifacts", "table[aria-label=Artefacts]"},
		{"/jobs/nobody", "text=/not found|no such/i"},
		{"/submit?kind=system.exercise", "[data-testid=curl]"},
		{"/queues", "table[aria-label=Workers]"},
		{"/dead", "tr[data-job]"},
		{"/stats", "table[aria-label='By kind']"},
		{"/nowhere", "text=There is no such page"},
	} {
		d.open(view.path)
		shown(d.Locator(view.shows))
		d.axe(view.path)
	}

	d.open("/jobs")
	shown(d.Locator("tr[data-job]"))
	require.NoError(t, d.GetByLabel("Select all loaded jobs").Check())
	require.NoError(t, d.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Cancel…"}).Click())
	shown(d.GetByRole("dialog").GetByRole("table"))
	d.axe("the bulk dialog")
	require.NoError(t, d.Keyboard().Press("Escape"))
	require.NoError(t, d.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Status", Exact: playwright.Bool(true)}).First().Click())
	shown(d.Locator("[role=dialog][aria-label=Status]"))
	d.axe("a filter")
	require.NoError(t, d.Keyboard().Press("Escape"))
	require.NoError(t, d.Keyboard().Press("Control+k"))
	shown(d.GetByRole("listbox"))
	d.axe("the commands")
}

// Nothing is cut off or scrolls sideways on a phone, and the page loads nothing from elsewhere.
func TestPageFitsAPhone(t *testing.T) {
	t.Parallel()
	d, failed, _ := populated(t, playwright.BrowserNewContextOptions{Viewport: &playwright.Size{Width: 375, Height: 740}})
	d.OnRequest(func(r playwright.Request) {
		if !strings.HasPrefix(r.URL(), d.server.URL()) && !strings.HasPrefix(r.URL(), "data:") {
			t.Errorf("the page asked for %s", r.URL())
		}
	})
	job := "/jobs/" + failed.JobID
	for _, view := range []struct{ path, shows string }{
		{"/jobs", "tr[data-job]"},
		{job, "text=seen before in staging"},
		{job + "?tab=log", "text=line 1 of 30"},
		{job + "?tab=events&event=2", "text=specversion"},
		{job + "?tab=state&v=3", "[data-testid=diff]"},
		{"/submit?kind=system.exercise", "[data-testid=curl]"},
		{"/queues", "table[aria-label=Workers]"},
		{"/stats", "table[aria-label='By kind']"},
	} {
		d.open(view.path)
		require.NoError(t, d.Locator(view.shows).First().WaitFor(), view.path)
		d.fits(view.path)
	}
}
