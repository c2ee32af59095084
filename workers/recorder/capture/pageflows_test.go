package capture_test

import (
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
)

// popup runs f and returns the page that opens.
func (d doer) popup(f func()) playwright.Page {
	d.t.Helper()
	p, err := d.page.ExpectPopup(func() error { f(); return nil })
	d.NoError(err)
	d.NoError(p.WaitForLoadState())
	d.capture.Sync() // a person needs longer
	return p
}

// inFrame clicks in a frame, after the recorder has found it.
func (d doer) inFrame(selectors ...string) playwright.FrameLocator {
	d.t.Helper()
	f := d.page.FrameLocator(selectors[0])
	for _, s := range selectors[1:] {
		f = f.FrameLocator(s)
	}
	d.NoError(f.Locator("body").WaitFor())
	d.settle()
	d.capture.Sync()
	return f
}

var pageFlows = []flow{
	{
		name: "frames in frames",
		page: `<iframe name=outer src="/outer"></iframe>`,
		more: site{"/outer": `<iframe title=Inner src="/inner"></iframe>`, "/inner": `csp:<button>Deep</button>`},
		do: func(d doer) {
			d.NoError(d.inFrame("iframe", "iframe").Locator("button").Click())
			target := d.step(1).Target
			d.Len(target.Frames, 2)
			d.Equal(`iframe[name="outer"]`, target.Frames[0].Best())
			d.Equal(`iframe[title="Inner"]`, target.Frames[1].Best())
		},
		want: []string{`Click button "Deep"`},
	},
	{
		name: "a frame from another site, with one from ours in it",
		page: `<h1>Shop</h1><iframe style="margin:50px" id=pay src="OTHER/pay"></iframe>`,
		more: site{"/pay": `<label>Card <input name=card></label><iframe id=in srcdoc="<button>Help</button>"></iframe>`},
		do: func(d doer) {
			pay := d.inFrame("#pay")
			d.NoError(pay.Locator("input").Click())
			d.type_("4242")
			d.NoError(pay.FrameLocator("#in").Locator("button").Click())
			d.NoError(d.page.Locator("h1").Click())
			target := d.step(1).Target
			d.Len(target.Frames, 1)
			d.Equal(`#pay`, target.Frames[0].Best())
			box, err := pay.Locator("input").BoundingBox()
			d.NoError(err)
			d.InDelta(box.X, d.step(1).Evidence.Box.X, 1)
			d.InDelta(box.Y, d.step(1).Evidence.Box.Y, 1)
			d.Len(d.step(3).Target.Frames, 2)
		},
		want: []string{`Click textbox "Card"`, `Fill textbox "Card" with "4242"`, `Click button "Help"`, `Click heading "Shop"`},
	},
	{
		name: "a frame that moves to another site and back",
		page: `<iframe id=f src="/a"></iframe>`,
		more: site{"/a": `<a href="OTHER/b">Away</a>`, "/b": `<a href="/c">On</a>`, "/c": `<button>There</button>`},
		do: func(d doer) {
			d.NoError(d.inFrame("#f").Locator("text=Away").Click())
			d.NoError(d.page.FrameLocator("#f").Locator("text=On").WaitFor())
			d.settle()
			d.NoError(d.page.FrameLocator("#f").Locator("text=On").Click())
			d.NoError(d.page.FrameLocator("#f").Locator("button").WaitFor())
			d.settle()
			d.NoError(d.page.FrameLocator("#f").Locator("button").Click())
		},
		want: []string{`Click link "Away"`, `Click link "On"`, `Click button "There"`},
	},
	{
		name: "a frame that its own button closes",
		page: `<iframe name=box srcdoc="<button onclick='parent.document.querySelector(&quot;iframe&quot;).remove()'>Close</button>"></iframe>`,
		do: func(d doer) {
			d.NoError(d.inFrame("iframe").Locator("button").Click())
			d.NoError(d.page.Locator("iframe").WaitFor(playwright.LocatorWaitForOptions{State: playwright.WaitForSelectorStateDetached}))
			d.Len(d.step(1).Target.Frames, 1)
		},
		want: []string{`Click button "Close"`},
	},
	{
		name: "dragging from one frame to another",
		page: `<div id=a draggable=true>Card</div><iframe srcdoc="<body style='height:100px' ondragover='event.preventDefault()' ondrop='event.preventDefault()'><p>Here</p>"></iframe>`,
		do: func(d doer) {
			d.NoError(d.page.Locator("#a").DragTo(d.inFrame("iframe").Locator("p")))
			d.Empty(d.step(1).Target.Frames)
			d.Len(d.step(1).To.Frames, 1)
		},
		want: []string{`Drag div "Card" to paragraph "Here"`},
	},
	{
		name: "popups",
		page: `<a target=_blank href="/b">New</a>`,
		more: site{"/b": `<button>In</button>`},
		do: func(d doer) {
			p := d.popup(func() { d.click("a") })
			d.NoError(p.Locator("button").Click())
			d.NoError(p.Close())
			d.click("a")
			d.Equal("page", d.step(2).Opener)
		},
		want: []string{`Click link "New"`, `Open page2`, `page2: Click button "In"`, `Close page2`, `Click link "New"`, `Open page3`},
	},
	{
		name: "dialogs",
		page: `<button onclick="alert('Hi'); confirm('Sure?'); prompt('Name?', 'x')">Ask</button>`,
		do: func(d doer) {
			d.page.OnDialog(func(dialog playwright.Dialog) {
				if dialog.Type() == "prompt" {
					_ = dialog.Accept("Ada")
				} else if dialog.Type() == "alert" {
					_ = dialog.Accept()
				} else {
					_ = dialog.Dismiss()
				}
			})
			d.click("button")
			d.Equal("Ada", d.step(4).Dialog.Text)
		},
		want: []string{`Click button "Ask"`, `Accept alert "Hi"`, `Dismiss confirm "Sure?"`, `Accept prompt "Name?"`},
	},
	{
		name: "a page that asks before it is left",
		page: `<input aria-label=A><script>onbeforeunload = e => e.preventDefault()</script>`,
		more: site{"/b": `<p>B`},
		do: func(d doer) {
			d.page.OnDialog(func(dialog playwright.Dialog) { _ = dialog.Accept() })
			d.click("input")
			d.type_("x")
			d.goTo("/b")
		},
		want: []string{`Click textbox "A"`, `Fill textbox "A" with "x"`, `Accept beforeunload`, `Go to /b`},
	},
	{
		name: "an editor that is a whole frame",
		page: `<iframe srcdoc="<body contenteditable aria-label=Text role=textbox>"></iframe>`,
		do: func(d doer) {
			d.NoError(d.inFrame("iframe").Locator("body").Click())
			d.type_("ab")
			d.keys("Control+b")
		},
		want: []string{`Click textbox "Text"`, `Fill textbox "Text" with "ab"`, `Press Control+b in textbox "Text"`},
	},
	{
		name: "an editor in a frame that a script writes",
		page: `<script>const f = document.createElement("iframe"); f.title = "Editor"; document.documentElement.append(f); const d = f.contentWindow.document; d.open(); d.write("<textarea aria-label=Text></textarea>"); d.close()</script>`,
		do: func(d doer) {
			d.NoError(d.inFrame("iframe").Locator("textarea").Click())
			d.type_("ab")
		},
		want: []string{`Click textbox "Text"`, `Fill textbox "Text" with "ab"`},
	},
	{
		name: "a tab of one's own",
		page: `<p>Hi`,
		more: site{"/b": `<button>In</button>`},
		do: func(d doer) {
			p, err := d.ctx.NewPage()
			d.NoError(err)
			d.capture.Sync()
			_, err = p.Goto(d.url + "/b")
			d.NoError(err)
			d.NoError(p.Locator("button").Click())
			d.Empty(d.step(1).Opener)
		},
		want: []string{`Open page2`, `page2: Go to /b`, `page2: Click button "In"`},
	},
	{
		name: "an address that is a file",
		page: `<p>Hi`,
		more: site{"/file.txt": `data`},
		do:   func(d doer) { _, err := d.page.Goto(d.url + "/file.txt"); d.Error(err) },
		want: []string{`Go to /file.txt`, `Download "file.txt"`},
	},
	{
		name: "a download",
		page: `<a href="/file.txt">Get</a>`,
		more: site{"/file.txt": `data`},
		do:   func(d doer) { d.click("a") },
		want: []string{`Click link "Get"`, `Download "file.txt"`},
	},
	{
		name: "the address bar, back, forward and reload",
		page: `<a href="/b">B</a><button onclick="history.pushState({}, '', '/pushed')">Push</button>`,
		more: site{"/b": `<button onclick="history.back()">Back</button><a href="#part">Part</a>`, "/pushed": ``, "/r": `<meta http-equiv=refresh content="0;url=/b">`},
		do: func(d doer) {
			d.click("a")
			d.click("text=Part")
			d.NoError(d.capture.Traverse(d.page, "back", func() error { _, err := d.page.GoBack(); return err }))
			d.NoError(d.capture.Traverse(d.page, "forward", func() error { _, err := d.page.GoForward(); return err }))
			_, err := d.page.Reload()
			d.NoError(err)
			d.click("text=Back")
			d.NoError(d.page.WaitForURL("**/b"))
			d.goTo("/")
			d.click("text=Push")
			d.goTo("/r")
			d.NoError(d.page.WaitForURL("**/b"))
		},
		want: []string{
			`Click link "B"`, `Click link "Part"`, `Go back`, `Go forward`, `Reload`, `Click button "Back"`, `Go to /`,
			`Click button "Push"`, `Go to /r`,
		},
	},
	{
		name: "an address that cannot be reached",
		page: `<p>Hi`,
		do:   func(d doer) { _, err := d.page.Goto("http://localhost:1/"); d.Error(err) },
		want: []string{`Go to http://localhost:1/`},
	},
	{
		name: "a document that is written anew",
		page: `<button>Old</button>`,
		do: func(d doer) {
			_, err := d.page.Evaluate(`() => { document.open(); document.write("<button>New</button>"); document.close() }`)
			d.NoError(err)
			d.click("text=New")
		},
		want: []string{`Click button "New"`},
	},
	{
		name: "a frame whose document is written as soon as it is made",
		page: `<iframe></iframe><script>const d = document.querySelector("iframe").contentWindow.document
			d.open(); d.write("<button>In</button>"); d.close()</script>`,
		do:   func(d doer) { d.NoError(d.page.FrameLocator("iframe").Locator("button").Click()) },
		want: []string{`Click button "In"`},
	},
}

func TestNavigationIsEvidenceOfItsCause(t *testing.T) {
	t.Parallel()
	b := setup(t, site{"/": `<a href="/b">Next</a>`, "/b": `<h1>B</h1>`})
	doer{b, require.New(t)}.click("a")
	require.NoError(t, b.page.WaitForURL("**/b"))
	b.wantSteps(`Click link "Next"`)
	require.Eventually(t, func() bool { return b.all()[1].Evidence.Navigated == b.url+"/b" }, 5*time.Second, 5*time.Millisecond)
	require.Equal(t, b.url+"/", b.all()[1].Evidence.URL)
}

func TestPageThatIsOpenAlreadyIsWatched(t *testing.T) {
	t.Parallel()
	b := serve(t, site{"/": `<button>Save</button>`})
	require.NoError(t, b.capture.Close())
	b.goTo("/")
	again := &bundle{t: t, ctx: b.ctx, page: b.page, url: b.url, other: b.other}
	again.attach(nil)
	require.NoError(t, again.page.Locator("button").Click())
	again.wantSteps(`Click button "Save"`)
	require.Empty(t, b.all(), "a closed capture says nothing")
	require.Equal(t, recording.Click, again.all()[0].Type)
}
