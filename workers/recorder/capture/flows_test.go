package capture_test

import (
	"os"
	"path/filepath"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
)

var pointerFlows = []flow{
	{
		name: "a double click",
		page: `<p id=p style="display:inline">word</p>`,
		do:   func(d doer) { d.NoError(d.page.Locator("p").Dblclick()) },
		want: []string{`Double-click paragraph "word"`},
	},
	{
		name: "two slow clicks on two things",
		page: `<button>A</button><button>B</button>`,
		do:   func(d doer) { d.click("text=A"); d.click("text=B") },
		want: []string{`Click button "A"`, `Click button "B"`},
	},
	{
		name: "a double click on something that is drawn anew",
		page: `<div id=host><button>Go</button></div><script>host.onclick = () => { host.innerHTML = "<button>Go</button>" }</script>`,
		do:   func(d doer) { d.NoError(d.page.Locator("button").Dblclick()) },
		want: []string{`Double-click button "Go"`},
	},
	{
		name: "right, middle and modified clicks",
		page: `<button>Save</button>`,
		do: func(d doer) {
			d.click("button", playwright.LocatorClickOptions{Button: playwright.MouseButtonRight})
			d.click("button", playwright.LocatorClickOptions{Button: playwright.MouseButtonMiddle})
			d.click("button", playwright.LocatorClickOptions{Modifiers: []playwright.KeyboardModifier{"Shift", "Control"}})
		},
		want: []string{`Right-click button "Save"`, `Middle-click button "Save"`, `Control+Shift+click button "Save"`},
	},
	{
		name: "an element that goes away under the pointer",
		page: `<ul><li onmousedown="this.remove()">One</li><li>Two</li></ul>`,
		do:   func(d doer) { d.click("text=One") },
		want: []string{`Click listitem "One"`},
	},
	{
		name: "an icon in a button in a shadow tree",
		page: `<x-card></x-card><script>customElements.define("x-card", class extends HTMLElement { connectedCallback() {
			this.attachShadow({mode: "open"}).innerHTML = "<button aria-label=Like><svg width=16 height=16><circle r=8 cx=8 cy=8 /></svg></button>" } })</script>`,
		do:   func(d doer) { d.click("svg") },
		want: []string{`Click button "Like"`},
	},
	{
		name: "a menu that opens under the pointer by style",
		page: `<style>.m ul{display:none}.m:hover ul{display:block}</style><div class=m><a href="#x">Products</a><ul><li><a href="#deck">Deck</a></li></ul></div>`,
		do: func(d doer) {
			d.settle()
			d.NoError(d.page.Locator("text=Products").Hover())
			d.click("text=Deck")
		},
		want: []string{`Hover link "Products"`, `Click link "Deck"`},
	},
	{
		name: "menus that scripts open under the pointer, one in the other",
		page: `<div id=a>File</div><script>
			a.onmouseenter = () => { document.body.insertAdjacentHTML("beforeend", "<div id=b>Export</div>"); b.onmouseenter = () => document.body.insertAdjacentHTML("beforeend", "<button>PDF</button>") }</script>`,
		do: func(d doer) {
			d.NoError(d.page.Locator("#a").Hover())
			d.NoError(d.page.Locator("#b").Hover())
			d.click("button")
		},
		want: []string{`Hover div "File"`, `Hover div "Export"`, `Click button "PDF"`},
	},
	{
		name: "a hover that does not matter",
		page: `<div>Nothing</div><button>Save</button>`,
		do:   func(d doer) { d.NoError(d.page.Locator("div").Hover()); d.click("button") },
		want: []string{`Click button "Save"`},
	},
	{
		name: "a menu that a click opens",
		page: `<button onclick="setTimeout(() => m.hidden = false)">Menu</button><ul id=m hidden><li><button>Copy</button></ul>`,
		do:   func(d doer) { d.settle(); d.click("text=Menu"); d.click("text=Copy") },
		want: []string{`Click button "Menu"`, `Click button "Copy"`},
	},
	{
		name: "more that scrolling loads",
		page: `<div id=box style="height:100px;overflow:auto"><div style="height:900px">List</div></div><script>
			box.onscroll = () => { if (!window.more) { more = true; box.insertAdjacentHTML("beforeend", "<button>Last</button>") } }</script>`,
		do: func(d doer) {
			d.NoError(d.page.Locator("#box").Hover())
			d.NoError(d.page.Mouse().Wheel(0, 2000))
			d.click("text=Last")
		},
		want: []string{`Scroll div "ListLast"`, `Click button "Last"`},
	},
	{
		name: "scrolling that does not matter",
		page: `<div style="height:3000px">Long</div><button>End</button>`,
		do:   func(d doer) { d.NoError(d.page.Mouse().Wheel(0, 500)); d.click("button") },
		want: []string{`Click button "End"`},
	},
	{
		name: "dragging and dropping",
		page: `<div id=a draggable=true>Card</div><div id=b style="height:60px">Bin</div><script>b.ondragover = e => e.preventDefault(); b.ondrop = e => b.append(a)</script>`,
		do:   func(d doer) { d.NoError(d.page.Locator("#a").DragTo(d.page.Locator("#b"))) },
		want: []string{`Drag div "Card" to div "Bin"`},
	},
	{
		name: "a card that a script moves with the pointer",
		page: `<style>div{position:absolute;width:80px;height:40px;user-select:none}</style><div id=b style="left:300px;top:200px;width:200px;height:200px">Bin</div><div id=a>Card</div><script>
			a.onpointerdown = e => { a.setPointerCapture(e.pointerId); a.onpointermove = m => { a.style.left = m.clientX - 20 + "px"; a.style.top = m.clientY - 20 + "px" } }</script>`,
		do: func(d doer) {
			m := d.page.Mouse()
			d.NoError(m.Move(30, 20))
			d.NoError(m.Down())
			d.NoError(m.Move(350, 250, playwright.MouseMoveOptions{Steps: playwright.Int(5)}))
			d.NoError(m.Up())
		},
		want: []string{`Drag div "Card" to div "Bin"`},
	},
	{
		name: "a card that a script moves instead of the browser",
		page: `<style>div{position:absolute;width:80px;height:40px}</style><div id=b style="left:300px;top:200px;width:200px;height:200px">Bin</div><div id=a draggable=true>Card</div><script>
			a.ondragstart = e => e.preventDefault(); a.onmousedown = () => { document.onmousemove = m => { a.style.left = m.clientX - 20 + "px"; a.style.top = m.clientY - 20 + "px" } }; document.onmouseup = () => { document.onmousemove = null }</script>`,
		do: func(d doer) {
			m := d.page.Mouse()
			d.NoError(m.Move(30, 20))
			d.NoError(m.Down())
			d.NoError(m.Move(350, 250, playwright.MouseMoveOptions{Steps: playwright.Int(5)}))
			d.NoError(m.Up())
		},
		want: []string{`Drag div "Card" to div "Bin"`},
	},
	{
		name: "a picture of a card that a script draws under the pointer",
		page: `<style>div{position:absolute;width:80px;height:40px;user-select:none}</style><div id=b style="left:300px;top:200px;width:200px;height:200px">Bin</div><div id=a>Card</div><script>
			a.onmousedown = () => { const c = a.cloneNode(true); c.id = "c"; document.body.append(c); document.onmousemove = m => { c.style.left = m.clientX - 20 + "px"; c.style.top = m.clientY - 20 + "px" }; document.onmouseup = () => { c.remove(); b.append("!") } }</script>`,
		do: func(d doer) {
			m := d.page.Mouse()
			d.NoError(m.Move(30, 20))
			d.NoError(m.Down())
			d.NoError(m.Move(350, 250, playwright.MouseMoveOptions{Steps: playwright.Int(5)}))
			d.NoError(m.Up())
		},
		want: []string{`Drag div "Card" to div "Bin"`},
	},
	{
		name: "an icon font in a name",
		page: "<style>b::before{content:'\uf02b '}</style><label for=n><b></b>Name</label><input id=n>",
		do: func(d doer) {
			d.click("input")
			d.Equal(`internal:role=textbox[name="Name"i]`, d.step(1).Target.Best())
		},
		want: []string{`Click textbox "Name"`},
	},
	{
		name: "a grid while other text is marked",
		page: `<p>Marked words</p><div id=a style="width:80px;height:40px">Card</div><svg id=s width=400 height=300 style="display:block"><rect width=400 height=300 fill="#eee"/><line x1=0 y1=100 x2=400 y2=100 stroke=black /></svg><script>
			getSelection().selectAllChildren(document.querySelector("p")); a.onmousedown = e => e.preventDefault()</script>`,
		do: func(d doer) {
			box, err := d.page.Locator("svg").BoundingBox()
			d.NoError(err)
			m := d.page.Mouse()
			x, y := boxCentre(d.t, d.page, "#a")
			d.NoError(m.Move(x, y))
			d.NoError(m.Down())
			d.NoError(m.Move(box.X+50, box.Y+100, playwright.MouseMoveOptions{Steps: playwright.Int(5)}))
			d.NoError(m.Up())
			d.Equal("#s", d.step(1).To.Best())
			d.Equal(&recording.Point{X: 50, Y: 100}, d.step(1).ToPosition)
		},
		want: []string{`Drag div "Card" to img "s"`},
	},
	{
		name: "a drag that ends nowhere",
		page: `<div id=a draggable=true>Card</div><p>Floor</p>`,
		do:   func(d doer) { d.NoError(d.page.Locator("#a").DragTo(d.page.Locator("p"))) },
		want: []string{},
	},
	{
		name: "drawing on a canvas",
		page: `<canvas width=300 height=200></canvas>`,
		do: func(d doer) {
			m := d.page.Mouse()
			d.NoError(m.Move(50, 50))
			d.NoError(m.Down())
			d.NoError(m.Move(150, 100, playwright.MouseMoveOptions{Steps: playwright.Int(5)}))
			d.NoError(m.Up())
		},
		want: []string{`Drag canvas to canvas`},
	},
	{
		name: "marking text with the pointer",
		page: `<p>Some words to mark here</p>`,
		do: func(d doer) {
			m := d.page.Mouse()
			d.NoError(m.Move(10, 25))
			d.NoError(m.Down())
			d.NoError(m.Move(120, 25, playwright.MouseMoveOptions{Steps: playwright.Int(5)}))
			d.NoError(m.Up())
		},
		want: []string{},
	},
}

var fieldFlows = []flow{
	{
		name: "typing into a field in two visits",
		page: `<input placeholder=A><input placeholder=B>`,
		do: func(d doer) {
			d.click("[placeholder=A]")
			d.type_("one")
			d.click("[placeholder=B]")
			d.type_("two")
			d.click("[placeholder=A]")
			d.type_("!")
		},
		want: []string{
			`Click textbox "A"`, `Fill textbox "A" with "one"`, `Click textbox "B"`, `Fill textbox "B" with "two"`,
			`Click textbox "A"`, `Fill textbox "A" with "one!"`,
		},
	},
	{
		name: "keys that do something",
		page: `<input aria-label=Search><button onclick="1">Go</button>`,
		do: func(d doer) {
			d.click("input")
			d.type_("ab")
			d.keys("Backspace", "ArrowDown", "Enter", "Escape", "Control+A", "Control+Enter", "Tab", "Enter")
		},
		want: []string{
			`Click textbox "Search"`, `Fill textbox "Search" with "a"`, `Press ArrowDown in textbox "Search"`,
			`Press Enter in textbox "Search"`, `Press Escape in textbox "Search"`, `Press Control+Enter in textbox "Search"`,
			`Press Tab in textbox "Search"`, `Press Enter in button "Go"`,
		},
	},
	{
		name: "shortcuts of the page",
		page: `<p>Read</p>`,
		do:   func(d doer) { d.keys("j", "Shift+K", "?", "Control+s") },
		want: []string{`Press j`, `Press K`, `Press ?`, `Press Control+s`},
	},
	{
		name: "a chat that sends on Enter",
		page: `<textarea aria-label=Say></textarea><script>document.querySelector("textarea").onkeydown = e => { if (e.key == "Enter" && !e.shiftKey) { e.preventDefault(); e.target.value = "" } }</script>`,
		do:   func(d doer) { d.click("textarea"); d.type_("hi"); d.keys("Enter"); d.type_("ho") },
		want: []string{`Click textbox "Say"`, `Fill textbox "Say" with "hi"`, `Press Enter in textbox "Say"`, `Fill textbox "Say" with "ho"`},
	},
	{
		name: "an editor",
		page: `<div contenteditable aria-label=Note role=textbox><p>Old</p></div>`,
		do:   func(d doer) { d.click("div"); d.keys("Control+A"); d.type_("New"); d.keys("Enter"); d.type_("line") },
		want: []string{`Click textbox "Note"`, `Fill textbox "Note" with "New line"`},
	},
	{
		name: "an editor that handles its input itself",
		page: `<div id=e contenteditable aria-label=Note role=textbox></div><script>e.addEventListener("beforeinput", v => { v.preventDefault(); e.textContent += v.data })</script>`,
		do:   func(d doer) { d.click("div"); d.type_("abc") },
		want: []string{`Click textbox "Note"`, `Fill textbox "Note" with "abc"`},
	},
	{
		name: "dates, numbers, colours and ranges",
		page: `<input type=date aria-label=Day><input type=number aria-label=N><input type=color aria-label=Paint><input type=range aria-label=Loud min=0 max=10 value=0 style="width:200px">`,
		do: func(d doer) {
			d.NoError(d.page.Locator("[type=date]").Fill("2026-01-31"))
			d.NoError(d.page.Locator("[type=number]").Fill("7"))
			d.NoError(d.page.Locator("[type=color]").Fill("#ff0000"))
			d.click("[type=range]")
		},
		want: []string{
			`Fill textbox "Day" with "2026-01-31"`, `Fill spinbutton "N" with "7"`, `Fill textbox "Paint" with "#ff0000"`,
			`Fill slider "Loud" with "5"`,
		},
	},
	{
		name: "switches and radio buttons, also by their labels and keys",
		page: `<input type=checkbox id=a><label for=a>News</label><label><input type=checkbox checked>Ads</label><label><input type=radio name=r>Red</label><label><input type=radio name=r>Blue</label>`,
		do: func(d doer) {
			d.click("text=News")
			d.click("text=Ads")
			d.click("text=Red")
			d.keys("ArrowDown")
			d.NoError(d.page.Locator("#a").Focus())
			d.keys("Space")
		},
		want: []string{
			`Check checkbox "News"`, `Uncheck checkbox "Ads"`, `Check radio "Red"`, `Check radio "Blue"`, `Uncheck checkbox "News"`,
		},
	},
	{
		name: "a switch that the page paints itself",
		page: `<label><input type=checkbox style="opacity:0;position:absolute"><b>Dark</b></label>`,
		do:   func(d doer) { d.click("b") },
		want: []string{`Click label "Dark"`},
	},
	{
		name: "a switch that the page holds fast",
		page: `<label><input type=checkbox onclick="event.preventDefault()">Fixed</label>`,
		do:   func(d doer) { d.click("input") },
		want: []string{`Click checkbox "Fixed"`},
	},
	{
		name: "a label of a text field",
		page: `<label for=n>Name</label><input id=n>`,
		do:   func(d doer) { d.click("label"); d.type_("Ada") },
		want: []string{`Click label "Name"`, `Fill textbox "Name" with "Ada"`},
	},
	{
		name: "choosing",
		page: `<select aria-label=One><option value=a>A<option value=b>B</select><select aria-label=Many multiple><option>x<option>y<option>z</select>`,
		do: func(d doer) {
			_, err := d.page.Locator("select").First().SelectOption(playwright.SelectOptionValues{Values: &[]string{"b"}})
			d.NoError(err)
			d.click("text=x")
			d.click("text=z", playwright.LocatorClickOptions{Modifiers: []playwright.KeyboardModifier{"Control"}})
		},
		want: []string{`Select "b" in combobox "One"`, `Select "x", "z" in listbox "Many"`},
	},
	{
		name: "a choice that the page makes",
		page: `<select id=s aria-label=One><option>a<option>b</select><button onclick="s.value='b'; s.dispatchEvent(new Event('change', {bubbles: true}))">Preset</button>`,
		do:   func(d doer) { d.click("button") },
		want: []string{`Click button "Preset"`},
	},
	{
		name: "uploading",
		page: `<label>Photo <input type=file></label>`,
		do: func(d doer) {
			path := filepath.Join(d.t.TempDir(), "me.txt")
			d.NoError(os.WriteFile(path, []byte("me"), 0o600))
			chooser, err := d.page.ExpectFileChooser(func() error { return d.page.Locator("input").Click() })
			d.NoError(err)
			d.NoError(chooser.SetFiles(path))
		},
		want: []string{`Upload "me.txt" to button "Photo"`},
	},
}
