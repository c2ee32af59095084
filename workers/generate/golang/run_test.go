package golang_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
	"tapedeck/domain/testcase"
	"tapedeck/internal/browsertest"
	"tapedeck/workers/generate/golang"
	"tapedeck/workers/generate/typescript"
)

// shopPage has something for every action.
const shopPage = `<!doctype html><title>Tapes</title>
<form action="/done"><label>Name <input name="n" required maxlength="8"></label>
<label>Password <input type="password" onchange="out.textContent = 'secret of ' + this.value.length"></label>
<label><input type="checkbox" onchange="out.textContent = 'gift ' + this.checked"> Gift</label><button>Buy</button></form>
<label>Size <select onchange="out.textContent = 'size ' + this.value"><option>s<option>l</select></label>
<label>Cover <input type="file" multiple onchange="out.textContent = [...this.files].map((f) => f.name).join()"></label>
<button onclick="out.textContent = 'deleted ' + confirm('Sure?')">Delete</button>
<button onclick="out.textContent = 'hello ' + prompt('Who?')">Greet</button>
<button onclick="out.textContent = confirm('Sure?') + ' ' + prompt('Who?') + ' ' + confirm('Still?')">Ask</button>
<button ondblclick="out.textContent = 'twice ' + event.altKey" oncontextmenu="out.textContent = 'menu'; return false" onmouseover="out.title = 'over'">Tape</button>
<a href="/report" target="_blank">Report</a>
<div draggable="true" id="a" ondragstart="event.dataTransfer.setData('text', 'a')">A</div>
<div id="b" ondragover="event.preventDefault()" ondrop="event.preventDefault(); out.textContent = 'dropped'">B</div>
<iframe class="pay" srcdoc="<button onclick=&quot;this.textContent = 'Paid'&quot;>Pay</button>"></iframe>
<canvas id="chart" width="50" height="50" onclick="out.textContent = 'at ' + event.offsetX"></canvas>
<p role="status" id="out" tabindex="0" onkeydown="this.textContent = 'key ' + event.key"></p>
<ul><li>One</li><li>Two <b>tapes</b></li></ul><div style="height: 3000px"></div>
<script>onscroll = () => { document.title = 'Scrolled ' + scrollY }; onresize = () => { out.textContent = 'width ' + innerWidth };</script>`

func shop() http.Handler {
	mux := http.NewServeMux()
	serve := func(path, body string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte(body))
		})
	}
	serve("/shop", shopPage)
	serve("/done", `<title>Done</title><h1>Thanks</h1>`)
	serve("/report", `<title>Report</title><a href="/report.csv">Save</a>`)
	mux.HandleFunc("/report.csv", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Disposition", `attachment; filename="report.csv"`)
		_, _ = w.Write([]byte("a,b\n"))
	})
	return mux
}

// visit is a recording of a visit to the shop, at another address.
func visit() recording.Document {
	css := func(selector string) *recording.Target {
		return &recording.Target{Candidates: []recording.Candidate{{By: "css", Selector: selector, Matches: 1}}, Element: &recording.Facts{Tag: "canvas"}}
	}
	label := func(name string) *recording.Target {
		return &recording.Target{Candidates: []recording.Candidate{{Locator: `getByLabel('` + name + `')`, Matches: 1}}}
	}
	says := func(text string) recording.Step {
		return recording.Step{Type: recording.Assert, Target: &recording.Target{Candidates: []recording.Candidate{{Locator: `getByRole('status')`, Matches: 1}}},
			Assertion: &recording.Assertion{Claim: recording.HasText, Match: "exact", Expected: text}}
	}
	claim := func(a recording.Assertion, t *recording.Target) recording.Step {
		return recording.Step{Type: recording.Assert, Assertion: &a, Target: t}
	}
	pay := role("button", "Pay")
	pay.Frames = []recording.Frame{{Candidates: []recording.Candidate{{By: "css", Selector: "iframe.pay", Matches: 1}}}}
	paid := role("button", "Paid")
	paid.Frames = pay.Frames
	return recording.Document{
		ID: "r1", Name: "Visit the shop", URL: "http://recorded.test/shop", Viewport: recording.Size{Width: 900, Height: 700}, Secrets: []string{"password"}, Steps: []recording.Step{
			{ID: "open", Type: recording.Navigate, URL: "http://recorded.test/shop"},
			{Type: recording.Fill, Target: label("Password"), Value: &recording.Value{Secret: "password"}},
			{Type: recording.Press, Target: label("Password"), Key: "Tab"}, says("secret of 7"),
			{Type: recording.Check, Target: label("Gift")}, says("gift true"), {Type: recording.Uncheck, Target: label("Gift")},
			claim(recording.Assertion{Claim: recording.IsChecked, Not: true}, label("Gift")),
			{Type: recording.Select, Target: label("Size"), Values: []recording.Value{{Text: "l"}}}, says("size l"),
			claim(recording.Assertion{Claim: recording.HasValue, Expected: "l"}, label("Size")),
			{Type: recording.Upload, Target: label("Cover"), Files: []recording.File{{Name: "a.go", Artifact: "1"}, {Name: "b.png", Artifact: "2"}}}, says("a.go,b.png"),
			{Type: recording.Click, Target: role("button", "Delete")}, {Type: recording.Dialog, Dialog: &recording.DialogBox{Kind: "confirm", Accept: true}}, says("deleted true"),
			{Type: recording.Click, Target: role("button", "Delete")}, {Type: recording.Dialog, Dialog: &recording.DialogBox{Kind: "confirm"}}, says("deleted false"),
			{Type: recording.Click, Target: role("button", "Greet")}, {Type: recording.Dialog, Dialog: &recording.DialogBox{Kind: "prompt", Accept: true, Text: "Ada \"L\""}}, says(`hello Ada "L"`),
			{Type: recording.Click, Target: role("button", "Ask")}, {Type: recording.Dialog, Dialog: &recording.DialogBox{Kind: "confirm", Accept: true}},
			{Type: recording.Dialog, Dialog: &recording.DialogBox{Kind: "prompt", Accept: true, Text: "Ada"}}, {Type: recording.Dialog, Dialog: &recording.DialogBox{Kind: "confirm"}}, says("true Ada false"),
			{Type: recording.Hover, Target: role("button", "Tape")}, claim(recording.Assertion{Claim: recording.HasAttr, Name: "title", Expected: "^ov", Match: "regex"}, css("#out")),
			{Type: recording.Click, Target: role("button", "Tape"), Count: 2, Modifiers: []string{"Alt"}}, says("twice true"),
			{Type: recording.Click, Target: role("button", "Tape"), Button: "right"}, says("menu"),
			{Type: recording.Click, Target: css("#chart"), Position: &recording.Point{X: 7, Y: 9}}, says("at 7"),
			{Type: recording.Drag, Target: css("#a"), To: css("#b"), ToPosition: &recording.Point{X: 2, Y: 2}}, says("dropped"),
			{Type: recording.Click, Target: css("#out")}, {Type: recording.Press, Key: "a"}, says("key a"),
			{Type: recording.Click, Target: pay}, {Type: recording.Wait, Target: paid},
			claim(recording.Assertion{Claim: recording.Visible}, paid), claim(recording.Assertion{Claim: recording.IsEnabled}, paid), claim(recording.Assertion{Claim: recording.Hidden}, pay),
			claim(recording.Assertion{Claim: recording.HasCount, Expected: "2"}, css("li")),
			claim(recording.Assertion{Claim: recording.IsAria, Expected: "- list:\n  - listitem: One\n  - listitem: Two tapes\n"}, css("ul")),
			{ID: "report", Type: recording.Click, Target: role("link", "Report")}, {Type: recording.OpenPage, Page: "page2", Opener: "page"},
			{Type: recording.Click, Page: "page2", Target: role("link", "Save")}, {Type: recording.Download, Page: "page2", Files: []recording.File{{Name: "report.csv"}}},
			{Type: recording.Assert, Page: "page2", Assertion: &recording.Assertion{Claim: recording.HasTitle, Expected: "Report", Match: "exact"}},
			{Type: recording.ClosePage, Page: "page2"},
			{Type: recording.SetViewport, Viewport: &recording.Size{Width: 500, Height: 400}}, says("width 500"),
			{Type: recording.Scroll, Scroll: &recording.Point{Y: 300}}, claim(recording.Assertion{Claim: recording.HasTitle, Expected: "Scrolled 300"}, nil),
			{ID: "name", Type: recording.Fill, Target: label("Name"), Value: &recording.Value{Text: "Ada"}},
			{ID: "buy", Type: recording.Click, Target: role("button", "Buy")},
			{ID: "thanks", Type: recording.Assert, Target: role("heading", "Thanks"), Assertion: &recording.Assertion{Claim: recording.HasText, Expected: "Thanks"}},
			claim(recording.Assertion{Claim: recording.HasURL, Expected: "http://recorded.test/done?n=Ada", Match: "exact"}, nil),
			{Type: recording.Navigate, History: "back"}, claim(recording.Assertion{Claim: recording.HasURL, Expected: "/shop"}, nil),
			{Type: recording.Navigate, History: "forward"}, {Type: recording.Navigate, History: "reload"}, claim(recording.Assertion{Claim: recording.HasTitle, Expected: "Done", Match: "exact"}, nil),
			{Type: recording.OpenPage, Page: "page3"}, {Type: recording.Navigate, Page: "page3", URL: "http://recorded.test/report"},
			{Type: recording.Assert, Page: "page3", Assertion: &recording.Assertion{Claim: recording.HasURL, Expected: "/report"}},
		},
	}
}

// TestAModuleRuns runs a written module in Chromium: it passes on the site, and fails when something else is claimed.
func TestAModuleRuns(t *testing.T) {
	t.Parallel()
	driver, chromium, err := browsertest.Installed()
	require.NoError(t, err)
	site := httptest.NewServer(shop())
	t.Cleanup(site.Close)
	env := []string{"BASE_URL=" + site.URL, "PLAYWRIGHT_DRIVER_PATH=" + driver, "CHROMIUM_PATH=" + chromium, "PASSWORD=sesame!"}
	doc := visit()
	cases := []typescript.Case{
		{ID: "tc-1", Title: "Leave the name empty", Trial: testcase.Trial{Outcome: testcase.OutcomeBlocked, Last: "buy", Entered: "name", Field: "Name"}},
		{ID: "tc-2", Title: "A name of 9", Trial: testcase.Trial{Outcome: testcase.OutcomeShortened, Last: "name", Entered: "name", Field: "Name", Text: "123456789", Length: 8}},
	}
	p := write(t, doc, golang.Options{Cases: cases})
	require.Empty(t, p.Notes)
	dir := t.TempDir()
	unpack(t, dir, p.Files)
	out, err := goTool(t.Context(), dir, env, "test", "-v", "./...")
	require.NoError(t, err, "%s", out)
	for _, name := range []string{"TestVisitTheShop ", "TestVisitTheShop_Cases/Visit_the_shop:_what_the_browser_refuses/Leave_the_name_empty", "TestVisitTheShop_Cases/Visit_the_shop:_what_the_browser_cuts_off/A_name_of_9"} {
		require.Contains(t, out, "--- PASS: "+name)
	}
	require.NoDirExists(t, filepath.Join(dir, "tests", "test-results"))

	spec := strings.Replace(string(p.Files[p.Spec]), `ToContainText("Thanks")`, `ToContainText("No thanks")`, 1)
	require.NotEqual(t, string(p.Files[p.Spec]), spec)
	unpack(t, dir, map[string][]byte{p.Spec: []byte(spec)})
	out, err = goTool(t.Context(), dir, env, "test", "-run", "^TestVisitTheShop$", "./...")
	require.Error(t, err, "%s", out)
	require.Contains(t, out, "--- FAIL: TestVisitTheShop ")
	require.Contains(t, out, "'No thanks'")
	trace, err := os.Stat(filepath.Join(dir, "tests", "test-results", "TestVisitTheShop.zip"))
	require.NoError(t, err)
	require.Positive(t, trace.Size())

	out, err = goTool(t.Context(), dir, env[:3], "test", "-run", "^TestVisitTheShop$", "./...")
	require.Error(t, err, "%s", out)
	require.Contains(t, out, "set PASSWORD in the environment")
}
