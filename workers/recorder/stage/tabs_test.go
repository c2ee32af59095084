package stage_test

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"tapedeck/workers/recorder/stage"
)

func TestPopupIsATab(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{
		"/":    `<title>Main</title><body style="margin:0;background:#f00"><button style="position:absolute;left:0;top:0;width:100px;height:100px" onclick="window.open('/pop')">Open</button>`,
		"/pop": `<title>Pop</title><body style="background:#0f0"><button style="position:absolute;left:0;top:0;width:100px;height:100px" onclick="window.close()">Close</button>`,
	})
	v := b.join("ann")
	b.open("/")
	v.sees(400, 300, 255, 0, 0)
	v.click(50, 50)
	v.sees(400, 300, 0, 255, 0)
	v.hears("state", func(m map[string]any) bool {
		return m["active"] == "page2" && len(tabs(m)) == 2 && tabs(m)[1]["title"] == "Pop"
	})
	frames := v.frames()
	require.EqualValues(t, 2, frames[len(frames)-1].Page)
	v.send(`{"op":"showTab","page":"page"}`)
	v.sees(400, 300, 255, 0, 0)
	late := b.join("ben")
	late.sees(400, 300, 255, 0, 0)
	v.send(`{"op":"showTab","page":"page2"}`)
	v.sees(400, 300, 0, 255, 0)
	v.click(50, 50)
	v.sees(400, 300, 255, 0, 0)
	v.hears("state", func(m map[string]any) bool { return m["active"] == "page" && len(tabs(m)) == 1 })
	v.send(`{"op":"openTab"}`)
	v.hears("state", has("active", "page3"))
	v.send(`{"op":"closeTab","page":"page3"}`)
	v.hears("state", has("active", "page"))
	v.send(`{"op":"closeTab","page":"page3"}`)
	require.Contains(t, v.hears("error", nil)["message"], "page3")
	require.True(t, slices.IsSortedFunc(v.frames(), func(a, b stage.Header) int { return int(a.Frame) - int(b.Frame) }))
}

func TestLateViewerSeesAStaticPage(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": `<body style="background:#00f">`})
	b.open("/")
	v := b.join("ann")
	v.sees(400, 300, 0, 0, 255)
	w := b.join("ben")
	w.sees(400, 300, 0, 0, 255)
	v.seat.Close()
	w.seat.Close()
	x := b.join("cat")
	x.sees(400, 300, 0, 0, 255)
}

const animation = `<body style="margin:0;overflow:hidden"><script>
let n=0;(function step(){document.body.style.background='hsl('+(n++*7%360)+',90%,50%)';requestAnimationFrame(step)})()</script>`

func TestSlowViewerSeesOnlyTheNewest(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": animation})
	fast := b.join("fast")
	slow := b.join("slow", func(v *viewer) { v.hold = true })
	b.open("/")
	enough := func(n int) { require.Eventually(t, func() bool { return len(fast.frames()) > n }, patience, blink) }
	enough(40)
	require.Len(t, slow.frames(), 2, "two frames may be on their way, no more")
	slow.send(`{"op":"ack","frame":%d}`, slow.frames()[1].Frame)
	require.Eventually(t, func() bool { return len(slow.frames()) == 4 }, patience, blink)
	last := slow.frames()
	require.Greater(t, last[2].Frame, last[1].Frame+20, "frames in between were not kept")
	numbers := fast.frames()
	for i := 1; i < len(numbers); i++ {
		require.Greater(t, numbers[i].Frame, numbers[i-1].Frame)
		require.GreaterOrEqual(t, numbers[i].Millis, numbers[i-1].Millis)
	}
}

func TestOneDrivesAndOthersWatch(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": `<body onmousedown="window.down=true" onmouseup="window.down=false" style="height:100vh">`})
	ann, ben := b.join("ann"), b.join("ben")
	b.open("/")
	require.Equal(t, "watcher", ben.hears("hello", nil)["you"])
	ben.click(10, 10)
	require.Contains(t, ben.hears("error", nil)["message"], "another viewer drives")
	ben.send(`{"op":"drive"}`)
	require.Contains(t, ben.hears("error", nil)["message"], "another viewer drives")
	ann.send(`{"op":"mouse","type":"down","x":50,"y":50,"button":"left","buttons":1,"clickCount":1}`)
	b.becomes(true, "window.down")
	ann.seat.Close()
	ben.hears("state", has("driver", nil))
	b.becomes(false, "window.down")
	ben.send(`{"op":"key","type":"down","key":"a","code":"KeyA"}`)
	require.Contains(t, ben.hears("error", nil)["message"], "take the drive")
	ben.send(`{"op":"drive"}`)
	ben.hears("state", has("driver", "ben"))
	again := b.join("ben")
	require.Equal(t, "driver", again.hears("hello", nil)["you"], "a driver who comes back drives on")
	ben.send(`{"op":"back"}`)
	ben.hears("error", nil)
	again.send(`{"op":"release"}`)
	ben.hears("state", has("driver", nil))
}

func TestDeadRendererIsSaid(t *testing.T) {
	t.Parallel()
	crashed := make(chan playwright.Page, 1)
	b := setup(t, pages{"/": `<title>Doomed</title>`}, func(c *stage.Config) { c.OnCrash = func(p playwright.Page) { crashed <- p } })
	b.open("/")
	v := b.join("ann")
	go func() { _, _ = b.page.Goto("chrome://crash") }()
	require.Contains(t, v.ever("notice", has("level", "error"))["text"], "died")
	v.ever("state", func(m map[string]any) bool { return m["active"] == "" && len(tabs(m)) == 0 })
	require.Equal(t, b.page, <-crashed)
	v.click(1, 1)
	require.Contains(t, v.hears("error", nil)["message"], "no page")
	v.send(`{"op":"openTab"}`)
	v.hears("state", has("active", "page2"))
}

func TestHungPageHoldsUpNothingElse(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": `<button style="position:absolute;left:0;top:0;width:100px;height:100px" onclick="for(;;);">Hang</button>`, "/next": `<title>Next</title>`})
	v := b.join("ann")
	b.open("/")
	v.click(50, 50)
	require.Eventually(t, func() bool {
		v.press("a", "KeyA", 0)
		return v.find("notice", nil) != nil
	}, patience, 10*blink)
	v.send(`{"op":"openTab"}`)
	v.hears("state", has("active", "page2"))
	v.send(`{"op":"navigate","url":%q}`, b.url+"/next")
	v.hears("state", func(m map[string]any) bool { return lastTab(m)["title"] == "Next" })
}

func TestEndIsSaidOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": animation})
	b.open("/")
	v := b.join("ann")
	v.hears("hello", nil)
	b.stage.Stop("succeeded", "stopped by a person")
	m := v.hears("ended", nil)
	require.Equal(t, "succeeded", m["outcome"])
	require.Equal(t, "stopped by a person", m["reason"])
	require.ErrorIs(t, v.ended(), io.EOF)
	b.stage.Stop("failed", "too late")
	require.ErrorIs(t, v.seat.Take(t.Context(), []byte(`{"op":"drive"}`)), stage.ErrClosed)
	_, err := b.all.Join(t.Context(), "s1", "late")
	require.ErrorIs(t, err, stage.ErrNoStage)
	_, err = b.all.Join(t.Context(), "s2", "lost")
	require.ErrorIs(t, err, stage.ErrNoStage)
	require.Equal(t, b.url+"/", b.page.URL(), "the pages stay open")
}

func TestContextThatClosesEndsTheStage(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": `<p>`})
	b.open("/")
	v := b.join("ann")
	v.hears("hello", nil)
	require.NoError(t, b.context.Close())
	require.Equal(t, "failed", v.hears("ended", nil)["outcome"])
	select {
	case <-b.stage.Done():
	case <-time.After(patience):
		t.Fatal("the stage goes on")
	}
}

func TestTabsAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": `<button style="position:absolute;left:0;top:0;width:100px;height:100px" onclick="for(let i=0;i<32;i++)window.open('about:blank')">Flood</button>`})
	v := b.join("ann")
	b.open("/")
	v.click(50, 50)
	for range 3 {
		require.Contains(t, v.hears("notice", nil)["text"], "30 are open")
	}
	require.Eventually(t, func() bool { return len(b.context.Pages()) == 30 }, patience, blink)
	v.send(`{"op":"showTab","page":"page"}`)
	require.LessOrEqual(t, len(tabs(v.hears("state", has("active", "page")))), 30)
}

func TestWhatAPageSaysIsShortened(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": `<title>` + strings.Repeat("ä", 5000) + `</title>`})
	v := b.join("ann")
	b.open("/")
	m := v.hears("state", func(m map[string]any) bool { return lastTab(m)["title"] != "" && lastTab(m)["title"] != nil })
	require.Equal(t, strings.Repeat("ä", 500)+"…", lastTab(m)["title"])
	go func() { _, _ = b.page.Evaluate("alert('x'.repeat(1e6))") }()
	m = v.hears("dialog", nil)
	require.Len(t, m["message"], 10_000+len("…"))
	v.send(`{"op":"dialog","id":%q,"accept":true}`, m["id"])
}

func TestPicturesFollowAPageFromProcessToProcess(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/red": `<body style="background:#f00">`, "/blue": `<body style="background:#00f">`})
	v := b.join("ann")
	other := strings.Replace(b.url, "127.0.0.1", "localhost", 1)
	for range 4 {
		v.send(`{"op":"navigate","url":%q}`, b.url+"/red")
		v.sees(400, 300, 255, 0, 0)
		v.send(`{"op":"navigate","url":%q}`, other+"/blue")
		v.sees(400, 300, 0, 0, 255)
	}
}
