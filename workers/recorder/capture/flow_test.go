package capture_test

import (
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"
)

// flow is something that a person does, and the steps that it is.
type flow struct {
	name string
	page string
	more site
	do   func(do doer)
	want []string
}

// doer acts with the real mouse and keyboard.
type doer struct {
	*bundle
	*require.Assertions
}

func (d doer) click(selector string, options ...playwright.LocatorClickOptions) {
	d.t.Helper()
	d.NoError(d.page.Locator(selector).Click(options...))
}

func (d doer) keys(keys ...string) {
	d.t.Helper()
	for _, key := range keys {
		d.NoError(d.page.Keyboard().Press(key))
	}
}

// type_ presses key after key; Keyboard.Type of playwright-go inserts the whole text at once.
func (d doer) type_(text string) {
	d.t.Helper()
	d.keys(strings.Split(text, "")...)
}

func (f flow) run(t *testing.T) {
	t.Parallel()
	pages := site{"/": f.page}
	for path, body := range f.more {
		pages[path] = body
	}
	b := setup(t, pages)
	f.do(doer{b, require.New(t)})
	b.wantSteps(f.want...)
}

var clickFlows = []flow{
	{
		name: "a click",
		page: `<button>Save</button>`,
		do:   func(d doer) { d.click("button") },
		want: []string{`Click button "Save"`},
	},
	{
		name: "a click under a strict policy",
		page: `csp:<button>Save</button>`,
		do:   func(d doer) { d.click("button") },
		want: []string{`Click button "Save"`},
	},
	{
		name: "a click that leaves the page at once",
		page: `<a href="/b">Next</a><button onmousedown="location.href='/b'">Down</button>`,
		more: site{"/b": `<a href="/">Home</a>`},
		do: func(d doer) {
			d.click("a")
			d.NoError(d.page.WaitForURL("**/b"))
			d.click("a")
			d.NoError(d.page.WaitForURL("**/"))
		},
		want: []string{`Click link "Next"`, `Click link "Home"`},
	},
	{
		name: "filling a form",
		page: `<form action="/done"><label>Email <input name=email></label><label>About <textarea></textarea></label><button>Send</button></form>`,
		more: site{"/done": `<h1>Done</h1>`},
		do: func(d doer) {
			d.click("input")
			d.type_("ada@example.org")
			d.keys("Tab")
			d.type_("a")
			d.keys("Enter")
			d.type_("b")
			d.click("button")
			d.NoError(d.page.WaitForURL("**/done*"))
		},
		want: []string{
			`Click textbox "Email"`, `Fill textbox "Email" with "ada@example.org"`, `Press Tab in textbox "Email"`,
			`Fill textbox "About" with "a b"`, `Click button "Send"`,
		},
	},
}

func TestFlows(t *testing.T) {
	t.Parallel()
	for name, flows := range map[string][]flow{"click": clickFlows, "pointer": pointerFlows, "field": fieldFlows, "page": pageFlows} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, f := range flows {
				t.Run(f.name, f.run)
			}
		})
	}
}
