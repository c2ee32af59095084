package play_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
	"tapedeck/internal/browsertest"
	"tapedeck/workers/recorder/play"
)

var browser *browsertest.Browser

func TestMain(m *testing.M) {
	var err error
	if browser, err = browsertest.Launch(); err != nil {
		fmt.Fprintln(os.Stderr, "play:", err)
		os.Exit(1)
	}
	code := m.Run()
	if err := browser.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "play: close the browser:", err)
		code = 1
	}
	os.Exit(code)
}

// bundle is one player in a context of its own, on pages that a test writes.
type bundle struct {
	t      *testing.T
	ctx    playwright.BrowserContext
	player *play.Player
	url    string
	steps  int
}

// pagesOf are pages by path; "/" is where the test starts.
type pagesOf map[string]string

func setup(t *testing.T, pages pagesOf, opts play.Options) *bundle {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if strings.HasPrefix(r.URL.Path, "/file") {
			w.Header().Set("Content-Type", "application/octet-stream")
			w.Header().Set("Content-Disposition", `attachment; filename="report.csv"`)
		}
		_, _ = fmt.Fprint(w, text)
	}))
	t.Cleanup(srv.Close)
	var player *play.Player
	t.Cleanup(func() { player.Close() }) // after the context, whose end ends every call
	ctx := browser.Context(t)
	if opts.Timeout == 0 {
		opts.Timeout = 10 * time.Second
	}
	if opts.HealAfter == 0 {
		opts.HealAfter = 400 * time.Millisecond
	}
	player = play.New(ctx, opts)
	b := &bundle{t: t, ctx: ctx, player: player, url: srv.URL}
	b.run(recording.Step{Type: recording.Navigate, URL: srv.URL + "/"})
	return b
}

// numbered gives steps without an id one.
func (b *bundle) numbered(steps []recording.Step) []recording.Step {
	for i := range steps {
		if steps[i].ID == "" {
			b.steps++
			steps[i].ID = fmt.Sprint("s", b.steps)
		}
	}
	return steps
}

// run does steps that must succeed, and answers the last one's result.
func (b *bundle) run(steps ...recording.Step) (last play.Result) {
	b.t.Helper()
	err := b.player.RunAll(b.t.Context(), b.numbered(steps), func(_ recording.Step, r play.Result) { last = r })
	require.NoError(b.t, err)
	return last
}

// fails does steps of which the last must fail with a reason.
func (b *bundle) fails(reason play.Reason, steps ...recording.Step) *play.StepError {
	b.t.Helper()
	err := b.player.RunAll(b.t.Context(), b.numbered(steps), nil)
	var failure *play.StepError
	require.ErrorAs(b.t, err, &failure)
	require.Equal(b.t, reason, failure.Reason, failure.Message)
	require.Equal(b.t, steps[len(steps)-1].ID, failure.Step.ID)
	return failure
}

// eval answers what a script in a page answers.
func (b *bundle) eval(page, script string) any {
	b.t.Helper()
	p, ok := b.player.Page(page)
	require.True(b.t, ok, "no page %q", page)
	v, err := p.Evaluate(script)
	require.NoError(b.t, err)
	return v
}

// at is a target with these selectors, the first the best.
func at(selectors ...string) *recording.Target {
	t := &recording.Target{}
	for _, s := range selectors {
		t.Candidates = append(t.Candidates, recording.Candidate{By: "css", Selector: s, Matches: 1})
	}
	return t
}

func claim(c recording.Claim, expected string, selectors ...string) recording.Step {
	s := recording.Step{Type: recording.Assert, Assertion: &recording.Assertion{Claim: c, Expected: expected}}
	if len(selectors) > 0 {
		s.Target = at(selectors...)
	}
	return s
}

func not(s recording.Step) recording.Step {
	s.Assertion.Not = true
	return s
}

func text(s string) *recording.Value { return &recording.Value{Text: s} }

func click(selectors ...string) recording.Step {
	return recording.Step{Type: recording.Click, Target: at(selectors...)}
}

func TestAFormIsFilledAndSent(t *testing.T) {
	t.Parallel()
	b := setup(t, pagesOf{
		"/": `<form action="/done"><label>Name <input name=n></label><select name=s multiple><option value=1>One<option value=2>Two<option value=3>Three</select><select name=one><option value=a>A<option value=b>B</select>
			<input type=checkbox name=c><input type=radio name=r value=x><div contenteditable id=ed>old</div><button>Send</button></form>
			<script>document.querySelector("form").onsubmit = () => localStorage.ed = document.getElementById("ed").innerText</script>`,
		"/done": `<title>Thanks</title><h1>Done</h1>`,
	}, play.Options{Variables: map[string]string{"who": "Ada"}})
	b.run(
		recording.Step{Type: recording.Fill, Target: at(`internal:label="Name"i`), Value: &recording.Value{Text: "recorded", Variable: "who"}},
		claim(recording.HasValue, "Ada", "[name=n]"),
		recording.Step{Type: recording.Select, Target: at("[name=s]"), Values: []recording.Value{{Text: "1"}, {Text: "Three"}}},
		recording.Step{Type: recording.Fill, Target: at("[name=one]"), Value: text("B")}, // as Chrome's Recorder says it
		recording.Step{Type: recording.Check, Target: at("[name=c]")},
		claim(recording.IsChecked, "", "[name=c]"),
		recording.Step{Type: recording.Uncheck, Target: at("[name=c]")},
		not(claim(recording.IsChecked, "", "[name=c]")),
		recording.Step{Type: recording.Check, Target: at("[name=r]")},
		recording.Step{Type: recording.Fill, Target: at("#ed"), Value: text("new words")},
		recording.Step{Type: recording.Press, Target: at("[name=n]"), Key: "End", Modifiers: []string{"Shift"}},
		click(`internal:role=button[name="Send"i]`),
		claim(recording.HasURL, "/done?n=Ada&s=1&s=3&one=b&r=x"),
		claim(recording.HasTitle, "Thanks"),
	)
	require.Equal(t, "new words", b.eval("page", "localStorage.ed"))
}

func TestClicksHaveButtonsCountsAndModifiers(t *testing.T) {
	t.Parallel()
	b := setup(t, pagesOf{"/": `<button id=b>x</button><script>
		window.seen = [];
		for (const k of ["click","dblclick","contextmenu","auxclick"]) b.addEventListener(k, e => seen.push(k + e.button + (e.shiftKey ? "s" : "")));</script>`}, play.Options{})
	b.run(
		click("#b"),
		recording.Step{Type: recording.Click, Target: at("#b"), Count: 2},
		recording.Step{Type: recording.Click, Target: at("#b"), Button: "right"},
		recording.Step{Type: recording.Click, Target: at("#b"), Button: "middle", Modifiers: []string{"Shift"}},
	)
	require.Equal(t, "click0 click0 click0 dblclick0 contextmenu2 auxclick2 auxclick1s", b.eval("page", `seen.join(" ")`))
}

func TestAWayThatIsGoneIsHealedAndSaid(t *testing.T) {
	t.Parallel()
	b := setup(t, pagesOf{"/": `<button onclick="this.textContent = 'pressed'">Go</button><p>Go</p>`}, play.Options{})
	target := at("#gone", "css=p", "css=button")
	target.Element = &recording.Facts{Tag: "button"}
	r := b.run(recording.Step{Type: recording.Click, Target: target})
	require.True(t, r.Healed)
	require.Equal(t, "css=button", r.Used.Selector)
	require.Equal(t, 0, r.Tried[0].Matches)
	require.Contains(t, r.Tried[1].Why, "a <p>, not a <button>")
	b.run(claim(recording.HasText, "pressed", "button"))
}

func TestASecretIsTypedAndNeverSaid(t *testing.T) {
	t.Parallel()
	b := setup(t, pagesOf{"/": `<input id=p type=password><div id=off hidden contenteditable></div>`}, play.Options{
		Timeout: time.Second,
		Secrets: func(name string) (string, bool) { return "hunter2-and-more", name == "password" },
	})
	secret := &recording.Value{Text: "•••", Secret: "password"}
	b.run(recording.Step{Type: recording.Fill, Target: at("#p"), Value: secret})
	require.Equal(t, "hunter2-and-more", b.eval("page", `document.getElementById("p").value`))
	e := b.fails(play.NotActionable, recording.Step{Type: recording.Fill, Target: at("#off"), Value: secret})
	require.NotContains(t, e.Error(), "hunter2")
	e = b.fails(play.Secret, recording.Step{Type: recording.Fill, Target: at("#p"), Value: &recording.Value{Secret: "pin"}})
	require.Equal(t, "pin", e.Secret)
}

func TestACancelledRunReturnsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, pagesOf{"/": `<button disabled>x</button>`}, play.Options{Timeout: time.Minute})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	start := time.Now()
	_, err := b.player.Run(ctx, recording.Step{ID: "1", Type: recording.Click, Target: at("button")})
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, time.Since(start), 5*time.Second)
}

func TestWhatStandsInTheWayIsSaid(t *testing.T) {
	t.Parallel()
	b := setup(t, pagesOf{"/": `<button id=c>Covered</button><div id=cover style="position:absolute;inset:0"></div><button id=off disabled>Off</button>
		<button id=h hidden>Hidden</button><input id=ro readonly><p class=two>1</p><p class=two>2</p>`}, play.Options{Timeout: 700 * time.Millisecond, HealAfter: 200 * time.Millisecond})
	for selector, says := range map[string]string{"#c": "covered by <div id=cover>", "#off": "is not enabled", "#h": "is not visible"} {
		require.Contains(t, b.fails(play.NotActionable, click(selector)).Message, says)
	}
	b.fails(play.NotActionable, recording.Step{Type: recording.Fill, Target: at("#ro"), Value: text("x")})
	b.fails(play.NotActionable, recording.Step{Type: recording.Fill, Target: at("#off"), Value: text("x")})
	require.Contains(t, b.fails(play.Ambiguous, click(".two")).Message, "2 elements were found by .two")
	e := b.fails(play.NotFound, click("#nowhere", "xpath=//nothing", "###"))
	require.Len(t, e.Tried, 3)
	require.NotEmpty(t, e.Tried[2].Why)
	b.fails(play.NotFound, recording.Step{Type: recording.Hover, Page: "page9", Target: at("#c")})
	b.fails(play.Invalid, recording.Step{Type: recording.Click})
	r, err := b.player.Run(t.Context(), recording.Step{ID: "x", Type: recording.Click, Disabled: true})
	require.NoError(t, err)
	require.True(t, r.Skipped)
}
