package play_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
	"tapedeck/workers/recorder/play"
)

func dialog(kind string, accept bool, text string) recording.Step {
	return recording.Step{Type: recording.Dialog, Dialog: &recording.DialogBox{Kind: kind, Accept: accept, Text: text}}
}

func TestDialogsAreAnsweredByTheStepsThatFollow(t *testing.T) {
	t.Parallel()
	b := setup(t, pagesOf{"/": `<button onclick="alert('hi'); out.textContent = confirm('sure?') + prompt('name?', 'x')">Go</button><p id=out></p>
		<a href=# onclick="setTimeout(() => late.textContent = confirm('late?'), 300)">later</a><p id=late></p>`}, play.Options{})
	b.run(
		click("button"), dialog("alert", true, ""), dialog("confirm", true, ""), dialog("prompt", true, "Ada"),
		claim(recording.HasText, "trueAda", "#out"),
		click("a"), dialog("confirm", true, ""), claim(recording.HasText, "true", "#late"),
	)
}

func TestADialogWithoutAStepIsDismissedAndReported(t *testing.T) {
	t.Parallel()
	b := setup(t, pagesOf{"/": `<button onclick="out.textContent = confirm('sure?')">Go</button><p id=out></p>`}, play.Options{})
	r := b.run(click("button"))
	require.Len(t, r.Dialogs, 1)
	require.Equal(t, "sure?", r.Dialogs[0].Message)
	require.False(t, r.Dialogs[0].Accept)
	require.Empty(t, r.Dialogs[0].StepID)
	b.run(claim(recording.HasText, "false", "#out"))
	// An answer to another kind of dialog is not this one's.
	r = b.run(click("button"))
	require.Len(t, r.Dialogs, 1)
	b.fails(play.Timeout, recording.Step{Type: recording.SetViewport, Viewport: &recording.Size{Width: 700, Height: 500}}, dialog("alert", true, ""))
}

func TestADialogMayBeLeftToAPerson(t *testing.T) {
	t.Parallel()
	left := make(chan playwright.Dialog, 1)
	b := setup(t, pagesOf{"/": `<button onclick="out.textContent = confirm('sure?')">Go</button><p id=out></p>`}, play.Options{
		Unanswered: func(d playwright.Dialog) bool { left <- d; return true },
	})
	r := b.run(click("button"))
	require.True(t, r.Dialogs[0].Left)
	require.NoError(t, (<-left).Accept())
	b.run(claim(recording.HasText, "true", "#out"))
}

func TestAPageMayRefuseToBeLeft(t *testing.T) {
	t.Parallel()
	b := setup(t, pagesOf{
		"/":     `<input id=i><script>onbeforeunload = e => { e.preventDefault(); return "" }</script>`,
		"/next": `<h1>Next</h1>`,
	}, play.Options{})
	b.run(
		recording.Step{Type: recording.Fill, Target: at("#i"), Value: text("typed")},
		click("#i"),
		recording.Step{Type: recording.Navigate, URL: b.url + "/next"}, dialog("beforeunload", false, ""),
		claim(recording.HasValue, "typed", "#i"),
		recording.Step{Type: recording.Navigate, URL: b.url + "/next"}, dialog("beforeunload", true, ""),
		claim(recording.HasText, "Next", "h1"),
	)
}

func TestPopupsAreAwaitedAndNamed(t *testing.T) {
	t.Parallel()
	b := setup(t, pagesOf{
		"/":    `<button onclick="setTimeout(() => window.open('/pop'), 300)">Open</button><p id=got></p><script>onmessage = e => got.textContent = e.data</script>`,
		"/pop": `<h1>Popup</h1><button onclick="opener.postMessage('chosen', '*'); close()">Choose</button>`,
		"/tab": `<h1>Tab</h1>`,
	}, play.Options{})
	b.run(
		click("button"),
		recording.Step{Type: recording.OpenPage, Page: "page2", Opener: "page"},
		recording.Step{Type: recording.Assert, Page: "page2", Target: at("h1"), Assertion: &recording.Assertion{Claim: recording.HasText, Expected: "Popup"}},
		recording.Step{Type: recording.Click, Page: "page2", Target: at("button")},
		recording.Step{Type: recording.ClosePage, Page: "page2"},
		claim(recording.HasText, "chosen", "#got"),
		recording.Step{Type: recording.OpenPage, Page: "page3", URL: b.url + "/tab"},
		recording.Step{Type: recording.Assert, Page: "page3", Assertion: &recording.Assertion{Claim: recording.HasURL, Expected: "/tab"}},
		recording.Step{Type: recording.ClosePage, Page: "page3"},
	)
	b.fails(play.PageClosed, recording.Step{Type: recording.Click, Page: "page3", Target: at("h1")})
	require.Len(t, b.ctx.Pages(), 1)
}

func TestHistoryGoesBackAndForward(t *testing.T) {
	t.Parallel()
	b := setup(t, pagesOf{"/": `<a href=/two>two</a>`, "/two": `<h1>Two</h1>`}, play.Options{})
	b.run(
		click("a"), claim(recording.HasURL, "/two"),
		recording.Step{Type: recording.Navigate, History: "back"}, not(claim(recording.HasURL, "/two")),
		recording.Step{Type: recording.Navigate, History: "forward"}, claim(recording.HasText, "Two", "h1"),
		recording.Step{Type: recording.Navigate, History: "reload"}, claim(recording.HasText, "Two", "h1"),
	)
	b.fails(play.Navigation, recording.Step{Type: recording.Navigate, URL: "http://127.0.0.1:1/"})
}

func TestFilesGoUpAndComeDown(t *testing.T) {
	t.Parallel()
	var kept []byte
	b := setup(t, pagesOf{
		"/": `<input type=file multiple hidden id=f><button onclick="f.click()">Pick</button><p id=names></p>
			<button id=made onclick="const i = document.createElement('input'); i.type = 'file'; i.onchange = () => names.textContent = 'made ' + i.files[0].name; i.click()">Made</button>
			<button id=slow onclick="setTimeout(() => made.click(), 400)">Slow</button>
			<a href=/file download>Get</a><script>f.onchange = async () => names.textContent = f.files.length + await f.files[1].text()</script>`,
		"/file": "a,b\n1,2\n",
	}, play.Options{
		File: func(_ context.Context, f recording.File) (playwright.InputFile, error) {
			return playwright.InputFile{Name: f.Name, MimeType: "text/plain", Buffer: []byte("bytes of " + f.Artifact)}, nil
		},
		Download: func(_ context.Context, _ recording.Step, d playwright.Download) error {
			path, err := d.Path()
			if err == nil {
				kept, err = os.ReadFile(path)
			}
			return err
		},
	})
	b.run(
		recording.Step{Type: recording.Upload, Target: at("#f"), Files: []recording.File{{Name: "1.txt", Artifact: "uploads/1"}, {Name: "2.txt", Artifact: "uploads/2"}}},
		claim(recording.HasText, "2bytes of uploads/2", "#names"),
		click("#made"),
		recording.Step{Type: recording.Upload, Target: at("#nowhere"), Files: []recording.File{{Name: "3.txt"}}},
		claim(recording.HasText, "made 3.txt", "#names"),
		click("#slow"), // its chooser comes after the step is over
		recording.Step{Type: recording.Upload, Target: at("#slow"), Files: []recording.File{{Name: "4.txt"}}},
		claim(recording.HasText, "made 4.txt", "#names"),
	)
	b.fails(play.NotActionable, recording.Step{Type: recording.Upload, Target: at("#slow"), Files: []recording.File{{Name: "5.txt"}}})
	r := b.run(click("a"), recording.Step{Type: recording.Download, Files: []recording.File{{Name: "other.csv"}}})
	require.Equal(t, "report.csv", r.Download.Name)
	require.EqualValues(t, 8, r.Download.Size)
	require.NotEmpty(t, r.Notes)
	require.Equal(t, "a,b\n1,2\n", string(kept))
}

func TestElementsInFramesAndShadowTreesAreFound(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<button onclick="this.textContent = 'in'">x</button>`)
	}))
	t.Cleanup(other.Close)
	b := setup(t, pagesOf{
		"/":      `<iframe name=other></iframe><iframe id=outer src=/frame></iframe><my-el></my-el><script>customElements.define("my-el", class extends HTMLElement { constructor() { super().attachShadow({mode:"open"}).innerHTML = "<button onclick=\"this.textContent='shadow'\">s</button>" } })</script>`,
		"/frame": `<iframe id=inner src="` + other.URL + `"></iframe>`,
	}, play.Options{})
	in := at("button")
	in.Frames = []recording.Frame{{Candidates: []recording.Candidate{{By: "css", Selector: "#gone"}, {By: "css", Selector: "#outer"}}}, {Candidates: at("#inner").Candidates}}
	r := b.run(recording.Step{Type: recording.Click, Target: in})
	require.True(t, r.Healed, "by the frame's second way")
	b.run(recording.Step{Type: recording.Assert, Target: in, Assertion: &recording.Assertion{Claim: recording.HasText, Expected: "in", Match: "exact"}})
	b.run(click("my-el button"), claim(recording.HasText, "shadow", "my-el button"))
}

func TestDragAndDropWorksByEventsAndByMouse(t *testing.T) {
	t.Parallel()
	short := play.Options{Timeout: 5 * time.Second, HealAfter: 200 * time.Millisecond}
	b := setup(t, pagesOf{"/": `<style>#m,#d{width:60px;height:60px;background:#ccc}#z{margin-top:1400px;width:300px;height:200px;background:#eee}</style>
		<div id=d draggable=true>d</div><div id=m style="position:absolute;left:200px;top:0">m</div><div id=z>zone</div><p id=out></p><script>
		d.ondragstart = e => e.dataTransfer.setData("text/plain", "card");
		z.ondragover = e => e.preventDefault();
		z.ondrop = e => { e.preventDefault(); out.textContent = e.dataTransfer.getData("text/plain") + Math.round(e.offsetX) };
		m.onmousedown = e => { onmousemove = e => { m.style.left = e.clientX - 10 + "px"; m.style.top = e.clientY - 10 + "px" }; onmouseup = () => onmousemove = null };</script>`}, short)
	b.run(
		recording.Step{Type: recording.Drag, Target: at("#d"), To: at("#z"), ToPosition: &recording.Point{X: 250, Y: 20}},
		claim(recording.HasText, "card250", "#out"),
		recording.Step{Type: recording.Scroll, Scroll: &recording.Point{}},
	)
	// A place that is there only while something is dragged.
	b.eval("page", `d.addEventListener("dragstart", () => setTimeout(() => { const p = document.createElement("div"); p.id = "late"; p.textContent = "drop here";
		p.ondragover = e => e.preventDefault(); p.ondrop = () => { out.textContent = "dropped late" }; z.before(p) })); 0`)
	b.run(recording.Step{Type: recording.Drag, Target: at("#d"), To: at("#late")}, claim(recording.HasText, "dropped late", "#out"))
	b.fails(play.NotFound, recording.Step{Type: recording.Drag, Target: at("#m"), To: at("#never")})
	b.run(recording.Step{Type: recording.Scroll, Scroll: &recording.Point{}},
		recording.Step{Type: recording.Drag, Target: at("#m"), Position: &recording.Point{X: 10, Y: 10}, To: at("#d"), ToPosition: &recording.Point{X: 30, Y: 40}})
	box := b.eval("page", `(() => { const a = m.getBoundingClientRect(), c = d.getBoundingClientRect(); return (a.x - c.x) + "," + (a.y - c.y) })()`)
	require.Equal(t, "20,30", box)
}

func TestPositionsAreUsedWhereTheyMatter(t *testing.T) {
	t.Parallel()
	b := setup(t, pagesOf{"/": `<canvas id=c width=200 height=100 onclick="out.textContent = event.offsetX + ',' + event.offsetY"></canvas>
		<div id=row style="width:300px;height:60px;background:#eee" onclick="out.textContent = 'row'"><button style="margin:10px 100px;width:100px;height:40px" onclick="event.stopPropagation(); out.textContent = 'button'">b</button></div>
		<div id=grid style="width:200px;height:50px" onclick="out.textContent = 'grid ' + event.offsetX"></div>
		<button id=b style="width:200px" onclick="out.textContent = 'at ' + Math.round(event.offsetX)">wide</button><p id=out></p>`}, play.Options{})
	at10 := &recording.Point{X: 10, Y: 10}
	grid := recording.Step{Type: recording.Click, Target: at("#grid"), Position: at10, Evidence: &recording.Evidence{Box: &recording.Box{Width: 200, Height: 50}}}
	b.run(grid, claim(recording.HasText, "grid 10", "#out"))
	b.run(
		recording.Step{Type: recording.Click, Target: at("#c"), Position: at10}, claim(recording.HasText, "10,10", "#out"),
		recording.Step{Type: recording.Click, Target: at("#row"), Position: at10}, claim(recording.HasText, "row", "#out"),
		recording.Step{Type: recording.Click, Target: at("#b"), Position: at10}, match(claim(recording.HasText, "at (9[89]|10[01])", "#out"), "regex"),
	)
}

func TestHiddenControlsAreReachedByTheirLabel(t *testing.T) {
	t.Parallel()
	b := setup(t, pagesOf{"/": `<style>.h{position:absolute;opacity:0;width:0;height:0}.n{display:none}</style>
		<label><input type=checkbox class=h id=a><span>Switch</span></label><input type=checkbox class=n id=n><label for=n>None</label><input type=checkbox class=n id=alone>`}, play.Options{})
	for id, how := range map[string]string{"#a": "label", "#n": "label", "#alone": "script"} {
		r := b.run(recording.Step{Type: recording.Check, Target: at(id)})
		require.Contains(t, r.Notes[0], "clicked "+map[string]string{"label": "its label", "script": "by script"}[how], id)
		require.Equal(t, true, b.eval("page", `document.querySelector("`+id+`").checked`), id)
	}
	e := at("#a")
	e.Element = &recording.Facts{Tag: "input", Attributes: map[string]string{"type": "checkbox"}}
	b.run(recording.Step{Type: recording.Click, Target: e})
	require.Equal(t, false, b.eval("page", `document.querySelector("#a").checked`))
}

func TestHoverScrollViewportAndWait(t *testing.T) {
	t.Parallel()
	b := setup(t, pagesOf{"/": `<style>#menu{display:none}nav:hover #menu{display:block}body{height:3000px}#box{height:50px;overflow:auto}#box p{height:900px}</style>
		<nav>Menu<a id=menu href=#x>Item</a></nav><div id=box><p>x</p></div><script>setTimeout(() => { const p = document.createElement("p"); p.id = "late"; p.textContent = "late"; document.body.append(p) }, 500)</script>`}, play.Options{})
	b.run(
		recording.Step{Type: recording.Hover, Target: at("nav")}, click("#menu"), claim(recording.HasURL, "#x"),
		recording.Step{Type: recording.Wait, Target: at("#late")},
		recording.Step{Type: recording.Scroll, Target: at("#box"), Scroll: &recording.Point{Y: 300}},
		recording.Step{Type: recording.SetViewport, Viewport: &recording.Size{Width: 640, Height: 480}},
	)
	require.EqualValues(t, 300, b.eval("page", "box.scrollTop"))
	require.EqualValues(t, 640, b.eval("page", "innerWidth"))
	r := b.run(recording.Step{Type: recording.Scroll, Scroll: &recording.Point{Y: 99999}})
	require.Contains(t, r.Notes[0], "there is no more")
}

func TestACrashedPageEndsTheStep(t *testing.T) {
	t.Parallel()
	b := setup(t, pagesOf{"/": `<button disabled>x</button>`}, play.Options{Timeout: time.Minute})
	page, _ := b.player.Page("page")
	go func() { _, _ = page.Goto("chrome://crash") }()
	start := time.Now()
	b.fails(play.Crashed, click("button"))
	require.Less(t, time.Since(start), 20*time.Second)
}
