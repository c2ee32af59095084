package capture_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
	"tapedeck/internal/browsertest"
	"tapedeck/workers/recorder/capture"
)

func TestSecretsStayOutOfSteps(t *testing.T) {
	t.Parallel()
	const page = `<form onsubmit="return false"><label>Password <input type=password name=pw></label>
		<label>Code <input autocomplete=one-time-code></label><label>API token: <input id=tok></label>
		<label>Name <input name=who></label><button type=button onclick="document.querySelector('[name=pw]').type='text'">Show</button></form>`
	b := setup(t, site{"/": page}, func(o *capture.Options) { o.Secrets = []string{"api-token"} })
	d := doer{b, require.New(t)}
	d.click("[name=pw]")
	d.type_("canary-one")
	d.click("text=Show")
	d.click("[name=pw]")
	d.type_("X")
	d.click("[autocomplete]")
	d.type_("canary-two")
	d.click("#tok")
	d.type_("canary-three")
	d.click("[name=who]")
	d.type_("Ada")
	b.wantSteps(
		`Click textbox "Password"`, `Fill textbox "Password" with secret "pw"`, `Click button "Show"`,
		`Click textbox "Password"`, `Fill textbox "Password" with secret "pw"`,
		`Click textbox "Code"`, `Fill textbox "Code" with secret "code"`,
		`Click textbox "API token:"`, `Fill textbox "API token:" with secret "api-token"`,
		`Click textbox "Name"`, `Fill textbox "Name" with "Ada"`,
	)
	secrets := map[string]string{}
	for _, a := range b.actions {
		text, err := json.Marshal(a.Step)
		require.NoError(t, err)
		require.NotContains(t, string(text), "canary")
		if a.Secret != nil {
			secrets[a.Secret.Name] = a.Secret.Value
		}
	}
	require.Equal(t, map[string]string{"pw": "canary-oneX", "code": "canary-two", "api-token": "canary-three"}, secrets)
	picked, err := describeAt(b, "[name=pw]")
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprint(picked), "canary")
}

func boxCentre(t *testing.T, page playwright.Page, selector string) (x, y float64) {
	t.Helper()
	box, err := page.Locator(selector).BoundingBox()
	require.NoError(t, err)
	return box.X + box.Width/2, box.Y + box.Height/2
}

// TestPageCannotSeeTheRecorder compares what a page can know of itself before and after it is used.
func TestPageCannotSeeTheRecorder(t *testing.T) {
	t.Parallel()
	const page = `<input type=password aria-label=PW><button>Save</button><ul><li>One</ul><script>
		const names = () => Reflect.ownKeys(window).concat(Reflect.ownKeys(document)).map(String).sort()
		const before = names(), seen = []
		new MutationObserver(all => seen.push(...all.map(m => m.type + " " + m.target.nodeName))).observe(document, {subtree: true, childList: true, attributes: true, characterData: true})
		for (const name of ["addEventListener", "dispatchEvent"]) {
			const native = EventTarget.prototype[name]
			EventTarget.prototype[name] = function (...args) { seen.push(name + " " + (args[0].type || args[0])); return native.apply(this, args) }
		}
		const getter = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")
		Object.defineProperty(HTMLInputElement.prototype, "value", {...getter, get() { seen.push("value read"); return getter.get.call(this) }})
	</script>`
	b := setup(t, site{"/": page})
	d := doer{b, require.New(t)}
	clickOn := func(selector string) { // without Playwright's own script in the page's world
		box, err := d.page.Evaluate(`s => { const b = document.querySelector(s).getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2] }`, selector)
		d.NoError(err)
		at := box.([]any)
		d.NoError(d.page.Mouse().Click(number(at[0]), number(at[1])))
	}
	clickOn("input")
	d.type_("secret")
	clickOn("button")
	d.NoError(d.page.Mouse().Wheel(0, 10))
	b.wantSteps(`Click textbox "PW"`, `Fill textbox "PW" with secret "pw"`, `Click button "Save"`)
	found, err := d.page.Evaluate(`[...seen, ...names().filter(n => !before.includes(n) && n !== "names")]`)
	d.NoError(err)
	d.Empty(found)
	own, err := d.page.Evaluate(`Object.getOwnPropertyNames(document.querySelector("input"))`)
	d.NoError(err)
	d.Empty(own)
}

// What is kept of the page around an element is the page's own: nothing that a person has typed, nor what passes.
func TestWhatIsTypedIsNotInTheTextAround(t *testing.T) {
	t.Parallel()
	const page = `<p>Reply to Ada</p><div contenteditable>dear diary</div><textarea>draft words</textarea><input value="in a field">
		<button ng-click="send()" width=7 data-kind=reply data-open=true aria-expanded=false style="color: red">Send</button>`
	b := setup(t, site{"/": page})
	doer{b, require.New(t)}.click("button")
	facts := b.step(1).Target.Element
	require.Equal(t, "Reply to Ada", facts.Near)
	require.Equal(t, map[string]string{"ng-click": "send()", "data-kind": "reply"}, facts.Attributes)
}

func TestStepKeepsEveryWayToItsElement(t *testing.T) {
	t.Parallel()
	const page = `<title>Shop</title><main><h2>Cart</h2><button class=x>Buy</button><button data-qa=buy title="Buy it all" class=x>Buy</button>
		<img alt=Deck width=20 height=20><label>Search <input id=q name=q placeholder="What?"></label></main>`
	b := setup(t, site{"/": page}, func(o *capture.Options) { o.TestIDAttribute = "data-qa" })
	d := doer{b, require.New(t)}
	d.click("[data-qa]")
	d.click("img")
	d.click("input")
	b.wantSteps(`Click button "Buy"`, `Click img "Deck"`, `Click textbox "Search"`)
	steps := b.all()[1:]

	button := steps[0]
	require.Equal(t, `internal:testid=[data-qa="buy"s]`, button.Target.Best())
	require.Equal(t, map[string]int{"testid": 1, "role": 2, "text": 2, "title": 1, "css": 2, "xpath": 1}, mostMatches(button.Target))
	require.Equal(t, "getByTestId('buy')", button.Target.Candidates[0].Locator)
	require.Equal(t, recording.Facts{
		Tag: "button", Role: "button", Name: "Buy", Text: "Buy",
		Attributes: map[string]string{"data-qa": "buy", "title": "Buy it all", "class": "x"},
		Near:       "Cart Buy Search", Path: "html/body/main/button[2]",
	}, *button.Target.Element)
	require.Equal(t, "Shop", button.Evidence.Title)
	require.Equal(t, &recording.Size{Width: 1280, Height: 720}, button.Evidence.Viewport)
	require.Contains(t, button.Evidence.Aria, `- heading "Cart" [level=2]`)
	require.Nil(t, button.Position)

	require.Contains(t, mostMatches(steps[1].Target), "alt")
	require.Equal(t, map[string]int{"role": 1, "label": 1, "placeholder": 1, "css": 1, "xpath": 1}, mostMatches(steps[2].Target))
	for _, s := range steps {
		for _, c := range s.Target.Candidates {
			n, err := d.page.Locator(c.Selector).Count()
			require.NoError(t, err, c.Selector)
			require.Equal(t, c.Matches, n, c.Selector)
		}
	}
}

// TestCandidatesCountAsPlaywrightDoes compares our counting with the engine's, on what makes names and texts differ.
func TestCandidatesCountAsPlaywrightDoes(t *testing.T) {
	t.Parallel()
	const page = `<style>.i::before{content:"\uf02b "}.gone{display:none}</style>
		<button id=b1>Save</button><button>save  draft</button><button class=gone>Save</button><button aria-hidden=true>Save</button>
		<input type=submit value=Save><input type=button value="Save all"><span role=button aria-label=Save>x</span><a href=#>Save</a>
		<p>Save<b> now</b></p><div><span>Save</span></div><div>Say <i>Save</i>!</div><noscript>Save</noscript>
		<label>Email <input id=m1></label><label for=m2>Work email</label><input id=m2><input aria-label="Email 2"><input placeholder="Your email" title="email" id=m3>
		<span id=l>Email three</span><input aria-labelledby=l id=m4><img alt="Deck of cards" id=i1 width=9 height=9><img alt=deck width=9 height=9>
		<button id=b2><img alt=Print width=9 height=9></button><button id=b3><svg width=9 height=9><title>Print</title><rect width=9 height=9 /></svg></button><button class=i id=b4>Tag</button>
		<ul><li id=li1>One <button class=x>Open</button></li><li>Two <button class=x>Open</button></li></ul>
		<table><tr><td>Ada<td><button id=t1>Edit</button><tr><td>Bob<td><button>Edit</button></table>
		<x-a></x-a><div data-testid=save-1>A</div><div data-testid=save>B</div><h2>Save &amp; "go"</h2><select id=s1 aria-label=Pick><option>Save</select>
		<script>customElements.define("x-a", class extends HTMLElement { connectedCallback() { this.attachShadow({mode: "open"}).innerHTML = "<button>Save</button><p>Inner <em>Email</em></p>" } })</script>`
	b := setup(t, site{"/": page})
	selectors := []string{
		"#b1", "button:has-text('draft')", "[type=submit]", "[type=button]", "span[role=button]", "a", "p >> nth=0", "div > span", "i", "#m1", "#m2", "[aria-label='Email 2']",
		"#m3", "#m4", "#i1", "#b2", "#b3", "#b4", "#li1", "#li1 button", "#t1", "x-a button", "x-a em", "[data-testid=save]", "h2", "#s1",
	}
	for _, selector := range selectors {
		x, y := boxCentre(t, b.page, selector)
		picked, err := b.capture.Describe(b.page, x, y)
		require.NoError(t, err, selector)
		require.NotEmpty(t, picked.Target.Candidates, selector)
		for _, c := range picked.Target.Candidates {
			n, err := b.page.Locator(c.Selector).Count()
			require.NoError(t, err, c.Selector)
			if c.Matches >= 0 {
				require.Equal(t, n, c.Matches, "%s: %s", selector, c.Selector)
			}
		}
		hits, err := b.page.Locator(picked.Target.Best()).Count()
		require.NoError(t, err)
		require.Equal(t, 1, hits, "%s: %s", selector, picked.Target.Best())
	}
}

// mostMatches is for each kind of candidate how many elements the one that found most found.
func mostMatches(target *recording.Target) map[string]int {
	out := map[string]int{}
	for _, c := range target.Candidates {
		out[c.By] = max(out[c.By], c.Matches)
	}
	return out
}

func TestPlaceInTheElementIsKeptWhereItMatters(t *testing.T) {
	t.Parallel()
	b := setup(t, site{"/": `<canvas width=300 height=200 style="display:block"></canvas><button style="width:300px">Wide</button>`})
	d := doer{b, require.New(t)}
	at := &playwright.Position{X: 20, Y: 10}
	d.click("canvas", playwright.LocatorClickOptions{Position: at})
	d.click("button", playwright.LocatorClickOptions{Position: at})
	b.wantSteps(`Click canvas`, `Click button "Wide"`)
	require.Equal(t, &recording.Point{X: 20, Y: 10}, b.all()[1].Position)
	require.Nil(t, b.all()[2].Position)
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	const page = `<h1>Cart</h1><label><input type=checkbox checked>Gift</label><a href="/b">More</a><button disabled>Pay</button>
		<iframe style="margin:20px;padding:5px" srcdoc="<input aria-label=Card value=42>"></iframe><iframe id=o src="OTHER/o"></iframe>`
	b := setup(t, site{"/": page, "/o": `<p>Terms</p>`})
	d := doer{b, require.New(t)}
	d.inFrame("#o")
	at := func(selector string) capture.Picked {
		x, y := boxCentre(t, d.page, selector)
		picked, err := b.capture.Describe(d.page, x, y)
		require.NoError(t, err)
		return picked
	}
	heading := at("h1")
	require.Equal(t, `heading "Cart"`, heading.Label)
	require.Equal(t, recording.Visible, heading.Assertions[0].Claim)
	require.Contains(t, heading.Assertions, recording.Assertion{Claim: recording.HasText, Expected: "Cart"})
	require.Contains(t, heading.Assertions, recording.Assertion{Claim: recording.IsAria, Expected: `- heading "Cart" [level=1]`})
	require.Contains(t, at("[type=checkbox]").Assertions, recording.Assertion{Claim: recording.IsChecked})
	require.Contains(t, at("a").Assertions, recording.Assertion{Claim: recording.HasAttr, Name: "href", Expected: "/b"})
	require.Contains(t, at("button").Assertions, recording.Assertion{Claim: recording.IsEnabled, Not: true})

	inner, err := d.page.FrameLocator("iframe >> nth=0").Locator("input").BoundingBox()
	require.NoError(t, err)
	field, err := b.capture.Describe(d.page, inner.X+5, inner.Y+5)
	require.NoError(t, err)
	require.Equal(t, `textbox "Card"`, field.Label)
	require.Contains(t, field.Assertions, recording.Assertion{Claim: recording.HasValue, Expected: "42"})
	require.Len(t, field.Target.Frames, 1)
	require.InDelta(t, inner.X, field.Box.X, 1)
	require.InDelta(t, inner.Y, field.Box.Y, 1)

	outer, err := d.page.FrameLocator("#o").Locator("p").BoundingBox()
	require.NoError(t, err)
	terms, err := b.capture.Describe(d.page, outer.X+5, outer.Y+5)
	require.NoError(t, err)
	require.Equal(t, `paragraph "Terms"`, terms.Label)
	require.Equal(t, "#o", terms.Target.Frames[0].Best())
}

func TestWhatAppearsIsSuggested(t *testing.T) {
	t.Parallel()
	const page = `<button onclick="setTimeout(() => toast.textContent = 'Saved', 50)">Save</button><div id=toast role=status></div>
		<button onclick="list.insertAdjacentHTML('beforeend', '<li>Milk</li>')">Add</button><ul id=list></ul><a href="/b">Go</a>`
	b := setup(t, site{"/": page, "/b": `<h1>Thanks</h1>`})
	d := doer{b, require.New(t)}
	want := func(label, text string) {
		t.Helper()
		require.Eventually(t, func() bool {
			b.mu.Lock()
			defer b.mu.Unlock()
			return slices.ContainsFunc(b.suggestions, func(s capture.Suggestion) bool {
				return s.Label == label && s.Assertion == recording.Assertion{Claim: recording.HasText, Expected: text, Suggested: true} && s.After == b.steps[len(b.steps)-1].ID
			})
		}, 10*time.Second, 10*time.Millisecond, label)
	}
	d.click("text=Save")
	want(`status "Saved" appeared`, "Saved")
	d.click("text=Add")
	want(`listitem "Milk" appeared`, "Milk")
	d.click("a")
	want(`heading "Thanks" appeared`, "Thanks")
}

func TestPauseDropsAndNamesStay(t *testing.T) {
	t.Parallel()
	b := setup(t, site{"/": `<button>Save</button><a target=_blank href="/b">New</a>`, "/b": `<button>In</button>`})
	d := doer{b, require.New(t)}
	require.NoError(t, b.capture.SuspendWhile(func() error { d.click("button"); return nil }))
	b.capture.Pause()
	p := d.popup(func() { d.click("a") })
	b.capture.Resume()
	b.capture.SetBy("script")
	d.NoError(p.Locator("button").Click())
	b.wantSteps(`page2: Click button "In"`)
	require.Equal(t, "script", b.all()[1].By)
	require.Equal(t, "person", b.all()[0].By)
	require.Equal(t, "page2", b.capture.PageName(p))
	require.Equal(t, p, b.capture.Page("page2"))
}

func TestTypingIsToldAFewTimesASecond(t *testing.T) {
	t.Parallel()
	b := setup(t, site{"/": `<textarea aria-label=A></textarea>`})
	d := doer{b, require.New(t)}
	d.click("textarea")
	d.type_(strings.Repeat("abcdefghij", 20))
	b.wantSteps(`Click textbox "A"`, `Fill textbox "A" with "`+strings.Repeat("abcdefghij", 6)[:59]+`…"`)
	require.Eventually(t, func() bool {
		b.capture.Sync()
		return b.all()[2].Value.Text == strings.Repeat("abcdefghij", 20)
	}, 10*time.Second, 10*time.Millisecond)
	require.Less(t, len(b.actions), 100)
}

func TestInputInNoDocumentIsUploadedTo(t *testing.T) {
	t.Parallel()
	b := setup(t, site{"/": `<button onclick="const i = document.createElement('input'); i.type = 'file'; i.click()">Attach</button>`})
	d := doer{b, require.New(t)}
	chooser, err := d.page.ExpectFileChooser(func() error { return d.page.Locator("button").Click() })
	d.NoError(err)
	d.NoError(chooser.SetFiles(playwright.InputFile{Name: "a.txt", MimeType: "text/plain", Buffer: []byte("hi")}))
	file := recording.File{Name: "a.txt", ContentType: "text/plain", Size: 2, SHA256: "x"}
	b.capture.Uploaded(d.page, []recording.File{file})
	b.wantSteps(`Click button "Attach"`, `Upload "a.txt" to button "Attach"`)
	require.Equal(t, []recording.File{file}, b.all()[2].Files)
}

func TestCrashedAndHangingPagesDoNoHarm(t *testing.T) {
	t.Parallel()
	b := setup(t, site{"/": `<button>Save</button>`, "/hang": `<button onclick="for (;;) {}">Hang</button>`})
	d := doer{b, require.New(t)}
	crashing, hanging := browsertest.Observe(t, b.ctx), browsertest.Observe(t, b.ctx)
	b.capture.Sync()
	_, err := hanging.Goto(b.other + "/hang")
	require.NoError(t, err)
	_, err = hanging.Evaluate(`setTimeout(() => { for (;;) {} }, 50), 0`)
	require.NoError(t, err)
	crashed := make(chan struct{})
	crashing.OnCrash(func(playwright.Page) { close(crashed) })
	go func() { _, _ = crashing.Goto("chrome://crash") }()
	<-crashed
	d.click("button")
	require.Eventually(t, func() bool { return slices.Contains(b.titles(), `Click button "Save"`) }, 10*time.Second, 10*time.Millisecond)
	started := time.Now()
	require.NoError(t, b.capture.Close())
	require.Less(t, time.Since(started), 8*time.Second)
	_, err = b.capture.Describe(b.page, 1, 1)
	require.ErrorIs(t, err, capture.ErrNotWatched)
}

func TestCloseIsIdempotentAndConcurrent(t *testing.T) {
	t.Parallel()
	b := setup(t, site{"/": `<button>Save</button>`})
	doer{b, require.New(t)}.click("button")
	done := make(chan error, 4)
	for range 4 {
		go func() { done <- b.capture.Close() }()
	}
	for range 4 {
		require.NoError(t, <-done)
	}
	require.Contains(t, b.titles(), `Click button "Save"`)
	b.capture.Sync()
}

// TestCostInThePage holds the script to its budget on a page of a few thousand elements.
func TestCostInThePage(t *testing.T) {
	var rows strings.Builder
	for i := range 100 {
		fmt.Fprintf(&rows, `<tr><td>Row %d</td><td><a href="/r/%d">Open</a></td><td><button>Edit %d</button></td><td><input aria-label="Note %d"></td></tr>`, i, i, i, i)
	}
	b := setup(t, site{"/": `<nav><ul><li><a href=#>Home</a></ul></nav><table>` + rows.String() + `</table>`}, func(o *capture.Options) { o.Budget = 0 })
	d := doer{b, require.New(t)}
	for i := range 20 {
		row := d.page.Locator("tr").Nth(i)
		d.NoError(row.Locator("button").Click())
		d.NoError(row.Locator("input").Click())
		d.type_("abc")
	}
	b.capture.Sync()
	costs := b.capture.Costs()
	require.GreaterOrEqual(t, len(costs), 100)
	median, p95 := quietest(costs, 5)
	t.Logf("%d messages: median %.1f ms, p95 %.1f ms in the quietest fifth", len(costs), median, p95)
	require.Less(t, median, 2.0*busy)
	require.Less(t, p95, 12.0*busy)
}

// busy is what other work on the machine may add to the budget; the engine's own ranking takes 25 times as long.
const busy = 8

// quietest is the median and the 95th percentile of the part in which the machine had least else to do.
func quietest(costs []float64, parts int) (median, p95 float64) {
	median, p95 = math.Inf(1), math.Inf(1)
	for part := range slices.Chunk(costs, len(costs)/parts) {
		sorted := slices.Sorted(slices.Values(part))
		median, p95 = min(median, sorted[len(sorted)/2]), min(p95, sorted[len(sorted)*95/100])
	}
	return median, p95
}

func number(n any) float64 {
	if i, ok := n.(int); ok {
		return float64(i)
	}
	return n.(float64)
}

func describeAt(b *bundle, selector string) (capture.Picked, error) {
	x, y := boxCentre(b.t, b.page, selector)
	return b.capture.Describe(b.page, x, y)
}
