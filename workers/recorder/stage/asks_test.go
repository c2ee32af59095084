package stage_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
	"tapedeck/workers/recorder/stage"
)

const list = `<style>body{margin:0}select{position:absolute;left:50px;top:40px;width:200px;height:30px}</style>
<select id=s><option value=a>Ape</option><optgroup label=Group><option value=b>Bee</option><option value=c disabled>Cat</option></optgroup><option value=d>Dog</option></select>
<script>window.events=[];for(const n of ['input','change','keydown','mousedown','click'])s.addEventListener(n,e=>events.push(n+':'+e.isTrusted+':'+s.value))</script>`

func TestNativeSelectIsShownAsAListOfOurs(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": list})
	v := b.join("ann")
	b.open("/")
	v.sees(600, 400, 255, 255, 255)
	v.click(100, 50)
	m := v.hears("choose", nil)
	require.Equal(t, map[string]any{"x": 50.0, "y": 40.0, "width": 200.0, "height": 30.0}, m["box"])
	require.Equal(t, false, m["multiple"])
	options := m["options"].([]any)
	require.Len(t, options, 4)
	require.Equal(t, map[string]any{"value": "a", "label": "Ape", "group": "", "disabled": false, "selected": true}, options[0])
	require.Equal(t, map[string]any{"value": "c", "label": "Cat", "group": "Group", "disabled": true, "selected": false}, options[2])

	v.send(`{"op":"choose","id":%q,"values":["d"]}`, m["id"])
	v.hears("closed", has("id", m["id"]))
	b.becomes("mousedown:true:a click:true:a input:true:d change:true:d", "events.join(' ')")

	v.click(100, 50)
	m = v.hears("choose", nil)
	v.send(`{"op":"choose","id":%q,"values":null}`, m["id"])
	v.hears("closed", has("id", m["id"]))
	b.becomes("d", "s.value")
	v.press(" ", "Space", 0)
	m = v.hears("choose", nil)
	v.send(`{"op":"choose","id":%q,"values":["a"]}`, m["id"])
	b.becomes("a", "s.value")
	v.click(100, 50)
	m = v.hears("choose", nil)
	v.send(`{"op":"choose","id":%q,"values":["c"]}`, m["id"])
	require.Contains(t, v.hears("notice", nil)["text"], "disabled")
	b.becomes("a", "s.value")
}

func TestSelectInAFrameIsPlacedOnThePage(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{"same", "other"} {
		t.Run(origin, func(t *testing.T) {
			t.Parallel()
			site := pages{"/list": list + `<style>html{background:#0f0}</style>`}
			b := setup(t, site)
			host := b.url
			if origin == "other" {
				host = strings.Replace(host, "127.0.0.1", "localhost", 1)
			}
			site["/"] = `<style>body{margin:0}iframe{position:absolute;left:30px;top:60px;width:400px;height:300px;border:5px solid}</style><iframe src="` + host + `/list"></iframe>`
			v := b.join("ann")
			b.open("/")
			v.sees(400, 340, 0, 255, 0) // the frame takes no click before it is drawn
			v.click(30+5+100, 60+5+50)
			m := v.hears("choose", nil)
			require.Equal(t, map[string]any{"x": 85.0, "y": 105.0, "width": 200.0, "height": 30.0}, m["box"])
			v.send(`{"op":"choose","id":%q,"values":["b"]}`, m["id"])
			require.Eventually(t, func() bool {
				value, err := b.page.Frames()[1].Evaluate("events.join(' ')")
				return err == nil && value == "mousedown:true:a click:true:a input:true:b change:true:b"
			}, patience, blink)
		})
	}
}

func TestDialogIsAnsweredByTheDriver(t *testing.T) {
	t.Parallel()
	answers := make(chan recording.DialogBox, 10)
	b := setup(t, pages{"/": `<button style="position:absolute;left:0;top:0;width:100px;height:100px" onclick="window.answer=prompt('Name?','Bob')">Ask</button>`},
		func(c *stage.Config) {
			c.OnDialog = func(_ playwright.Page, box recording.DialogBox) { answers <- box }
		})
	v, w := b.join("ann"), b.join("ben")
	b.open("/")
	v.click(50, 50)
	m := v.hears("dialog", nil)
	require.Equal(t, "prompt", m["kind"])
	require.Equal(t, "Name?", m["message"])
	require.Equal(t, "Bob", m["default"])
	late := b.join("cat")
	require.Equal(t, m["id"], late.hears("dialog", nil)["id"], "who comes late sees the dialog too")
	w.send(`{"op":"dialog","id":%q,"accept":false,"text":""}`, m["id"])
	require.Contains(t, w.hears("error", nil)["message"], "another viewer drives")
	v.send(`{"op":"dialog","id":%q,"accept":true,"text":"Eve"}`, m["id"])
	w.hears("closed", has("id", m["id"]))
	b.becomes("Eve", "window.answer")
	require.Equal(t, recording.DialogBox{Kind: "prompt", Message: "Name?", Accept: true, Text: "Eve"}, <-answers)
	v.send(`{"op":"dialog","id":%q,"accept":true,"text":"Eve"}`, m["id"])
	v.hears("error", nil)
}

func TestDialogDoesNotWaitForNobody(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": `<p>`}, func(c *stage.Config) { c.DialogTimeout = 200 * time.Millisecond })
	b.open("/")
	require.Equal(t, false, b.script("confirm('no seat')"))
	v := b.join("ann")
	v.send(`{"op":"release"}`)
	require.Equal(t, false, b.script("confirm('no driver')"))
	v.hears("dialog", nil)
	require.Contains(t, v.hears("notice", nil)["text"], "nobody drives")
	v.hears("closed", nil)
}

func TestLeavingAPageThatAsks(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": `<body style="height:100vh" onclick="onbeforeunload=(e)=>{e.preventDefault();return ''}"><p>`, "/next": `<title>Next</title>`})
	v := b.join("ann")
	b.open("/")
	v.click(300, 300)
	v.send(`{"op":"navigate","url":%q}`, b.url+"/next")
	m := v.hears("dialog", has("kind", "beforeunload"))
	v.send(`{"op":"dialog","id":%q,"accept":false,"text":""}`, m["id"])
	v.hears("closed", nil)
	m = v.insists(`{"op":"navigate","url":%q}`, b.url+"/next")
	v.send(`{"op":"dialog","id":%q,"accept":true,"text":""}`, m["id"])
	v.hears("state", func(m map[string]any) bool { return lastTab(m)["title"] == "Next" })
}

func TestClosingATabThatAsks(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": `<body style="height:100vh" onclick="onbeforeunload=(e)=>{e.preventDefault();return ''};window.ready=true"><p>`})
	v := b.join("ann")
	b.open("/")
	v.click(300, 300)
	b.becomes(true, "window.ready")
	v.send(`{"op":"closeTab","page":"page"}`)
	m := v.hears("dialog", has("kind", "beforeunload"))
	v.send(`{"op":"dialog","id":%q,"accept":false,"text":""}`, m["id"])
	v.hears("closed", nil)
	require.False(t, b.page.IsClosed())
	m = v.insists(`{"op":"closeTab","page":"page"}`)
	v.send(`{"op":"dialog","id":%q,"accept":true,"text":""}`, m["id"])
	v.hears("state", has("active", ""))
}

func TestAlertLoopEnds(t *testing.T) {
	t.Parallel()
	looped := make(chan playwright.Page, 1)
	b := setup(t, pages{"/": `<button style="position:absolute;left:0;top:0;width:100px;height:100px" onclick="window.n=0;for(;;){n++;alert(n)}">Loop</button>`},
		func(c *stage.Config) { c.OnLoop = func(p playwright.Page) { looped <- p } })
	v := b.join("ann")
	b.open("/")
	v.click(50, 50)
	for range 10 {
		v.send(`{"op":"dialog","id":%q,"accept":true,"text":""}`, v.hears("dialog", nil)["id"])
	}
	require.Contains(t, v.hears("notice", nil)["text"], "one dialog after the other")
	require.Contains(t, v.hears("notice", nil)["text"], "tab was closed")
	require.Equal(t, b.page, <-looped)
	v.hears("state", has("active", ""))
	require.True(t, b.page.IsClosed())
}

func TestFilesFromTheViewer(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": `<style>input{position:absolute;left:0;width:300px;height:100px}</style><input id=one type=file accept="image/*" style="top:0"><input id=many type=file multiple style="top:200px">
<script>const read=(el)=>Promise.all([...el.files].map(async f=>f.name+'='+f.type+'='+await f.text())).then(l=>el.said=l.join());for(const el of [one,many])el.onchange=e=>{read(el)}</script>`})
	v := b.join("ann")
	b.open("/")
	v.click(40, 10)
	m := v.hears("files", nil)
	require.Equal(t, "image/*", m["accept"])
	require.Equal(t, false, m["multiple"])
	data := base64.StdEncoding.EncodeToString([]byte("hello"))
	v.send(`{"op":"files","id":%q,"files":[{"name":"a.txt","contentType":"text/plain","data":%q}]}`, m["id"], data)
	v.hears("closed", nil)
	b.becomes("a.txt=text/plain=hello", "one.said")

	v.click(40, 210)
	m = v.hears("files", nil)
	require.Equal(t, true, m["multiple"])
	v.send(`{"op":"files","id":%q,"files":[{"name":"../x","contentType":"","data":""}]}`, m["id"])
	v.hears("error", nil)
	v.send(`{"op":"files","id":%q,"files":null}`, m["id"])
	v.hears("closed", nil)
	require.Nil(t, b.script("many.said ?? null"))
}

func TestDownloadIsSaid(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": `<a href="/file.txt" style="position:absolute;left:0;top:0;width:100px;height:100px">Get</a>`, "/file.txt": "12345"})
	v := b.join("ann")
	b.open("/")
	v.click(10, 10)
	require.Equal(t, "file.txt", v.hears("download", has("status", "started"))["name"])
	require.EqualValues(t, len("<!doctype html>12345"), v.hears("download", has("status", "finished"))["size"])
}

func TestPickersThatCannotBeShownTakeText(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": `<style>input{position:absolute;left:0;width:200px;height:40px}</style><input id=c type=color style="top:0"><input id=d type=date style="top:100px">`})
	v := b.join("ann")
	b.open("/")
	v.click(50, 20)
	require.Contains(t, v.hears("notice", nil)["text"], "color picker")
	v.send(`{"op":"text","text":"red"}`)
	require.Contains(t, v.hears("notice", nil)["text"], "does not take")
	v.send(`{"op":"text","text":"#ff8800"}`)
	b.becomes("#ff8800", "c.value")
	v.click(190, 120)
	require.Contains(t, v.hears("notice", nil)["text"], "date picker")
	v.send(`{"op":"text","text":"2026-02-03"}`)
	b.becomes("2026-02-03", "d.value")
	v.click(10, 120)
	for _, digit := range "04052027" {
		v.press(string(digit), "Digit"+string(digit), 0)
	}
	b.becomes("2027-04-05", "d.value")
}
