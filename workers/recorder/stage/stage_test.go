package stage_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const button = `<title>Button</title><style>body{margin:0;background:#fff}button{position:absolute;left:100px;top:100px;width:200px;height:100px}</style>
<button onclick="document.body.style.background='#00f';document.title='clicked';window.trusted=event.isTrusted">Go</button>`

func TestClickOnTheCanvasChangesThePage(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": button})
	v := b.join("ann")
	hello := v.hears("hello", nil)
	require.Equal(t, "driver", hello["you"])
	require.Equal(t, map[string]any{"width": float64(width), "height": float64(height), "mobile": false, "deviceScaleFactor": 1.0}, hello["viewport"])
	b.open("/")
	v.sees(600, 400, 255, 255, 255)
	v.click(200, 150)
	v.sees(600, 400, 0, 0, 255)
	require.Equal(t, true, b.script("window.trusted"))
	v.hears("state", func(m map[string]any) bool { return len(tabs(m)) == 1 && lastTab(m)["title"] == "clicked" })
	h := v.frames()[0]
	require.EqualValues(t, 1, h.Page)
	require.EqualValues(t, width, h.Width)
	require.EqualValues(t, height, h.Height)
}

func TestTypingReachesThePage(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": `<form onsubmit="event.preventDefault();window.sent=i.value"><input id=i autofocus style="position:absolute;left:0;top:0;width:300px;height:40px"></form>`})
	v := b.join("ann")
	b.open("/")
	v.click(100, 20)
	v.press("h", "KeyH", 0)
	v.press("I", "KeyI", 8)
	b.becomes("hI", "i.value")
	v.press("a", "KeyA", 2)
	v.press("x", "KeyX", 0)
	b.becomes("x", "i.value")
	v.send(`{"op":"text","text":"päste ✓"}`)
	b.becomes("xpäste ✓", "i.value")
	v.press("a", "KeyA", 4)
	v.press("Backspace", "Backspace", 0)
	b.becomes("", "i.value")
	v.send(`{"op":"compose","text":"に","selectionStart":1,"selectionEnd":1}`)
	b.becomes("に", "i.value")
	v.send(`{"op":"text","text":"日本"}`)
	b.becomes("日本", "i.value")
	v.press("Enter", "Enter", 0)
	b.becomes("日本", "window.sent")
}

func TestAddressBarAndHistory(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/one": "<title>One</title>", "/two": "<title>Two</title>"})
	v := b.join("ann")
	b.open("/one")
	v.send(`{"op":"navigate","url":%q}`, b.url+"/two")
	is := func(title string, back, forward bool) func(m map[string]any) bool {
		return func(m map[string]any) bool {
			p := lastTab(m)
			return p["title"] == title && p["canGoBack"] == back && p["canGoForward"] == forward && p["loading"] == false
		}
	}
	v.hears("state", is("Two", true, false))
	v.send(`{"op":"back"}`)
	v.hears("state", is("One", true, true))
	v.send(`{"op":"forward"}`)
	v.hears("state", is("Two", true, false))
	b.script("document.title = 'again'")
	v.hears("state", is("again", true, false))
	v.send(`{"op":"reload"}`)
	v.hears("state", is("Two", true, false))
	v.send(`{"op":"navigate","url":"javascript:alert(1)"}`)
	require.Contains(t, v.hears("error", nil)["message"], "javascript:")
	v.send(`{"op":"navigate","url":"http://no.such.host.invalid/"}`)
	require.Contains(t, v.hears("notice", nil)["text"], "ERR_NAME_NOT_RESOLVED")
}
