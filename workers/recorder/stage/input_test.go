package stage_test

import (
	"context"
	"errors"
	"image"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
	"tapedeck/workers/recorder/stage"
)

func TestWheelScrolls(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": `<body style="margin:0;height:5000px">`})
	v := b.join("ann")
	b.open("/")
	v.send(`{"op":"wheel","x":100,"y":100,"dx":0,"dy":300,"modifiers":0}`)
	b.becomes("300", "String(scrollY)")
}

func TestMouseHasButtonsCountsAndModifiers(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": `<body style="margin:0;height:100vh"><script>window.said=[];
for(const n of ['click','dblclick','contextmenu','auxclick'])addEventListener(n,e=>{said.push([n,e.button,e.detail,e.ctrlKey,e.shiftKey].join());e.preventDefault()})
addEventListener('mousemove',e=>{window.moved=[e.clientX,e.clientY,e.buttons].join()})</script>`})
	v := b.join("ann")
	b.open("/")
	v.send(`{"op":"mouse","type":"move","x":5.5,"y":6,"button":"none","buttons":0}`)
	b.becomes("5,6,0", "window.moved")
	v.send(`{"op":"mouse","type":"down","x":10,"y":10,"button":"left","buttons":1,"clickCount":1,"modifiers":10}`)
	v.send(`{"op":"mouse","type":"up","x":10,"y":10,"button":"left","buttons":0,"clickCount":1,"modifiers":10}`)
	b.becomes("click,0,1,true,true", "said.join(' ')")
	v.send(`{"op":"mouse","type":"down","x":10,"y":10,"button":"left","buttons":1,"clickCount":2}`)
	v.send(`{"op":"mouse","type":"up","x":10,"y":10,"button":"left","buttons":0,"clickCount":2}`)
	b.becomes("click,0,1,true,true click,0,2,false,false dblclick,0,2,false,false", "said.join(' ')")
	b.script("said.length = 0")
	v.send(`{"op":"mouse","type":"down","x":10,"y":10,"button":"right","buttons":2,"clickCount":1}`)
	v.send(`{"op":"mouse","type":"move","x":20,"y":20,"button":"none","buttons":2}`)
	v.send(`{"op":"mouse","type":"up","x":20,"y":20,"button":"right","buttons":0,"clickCount":1}`)
	b.becomes("contextmenu,2,0,false,false auxclick,2,1,false,false", "said.join(' ')")
	b.becomes("20,20,2", "window.moved")
}

func TestDragAndDrop(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": `<style>body{margin:0}div{position:absolute;width:100px;height:100px;top:100px}</style>
<div id=from draggable=true style="left:50px;background:#f00">Drag</div><div id=to style="left:400px;background:#00f"></div>
<script>window.said=[];from.ondragstart=e=>{e.dataTransfer.setData('text/plain','cargo');said.push('start')}
from.ondragend=e=>said.push('end:'+e.dataTransfer.dropEffect)
to.ondragenter=to.ondragover=e=>e.preventDefault()
to.ondrop=e=>{e.preventDefault();said.push('drop:'+e.isTrusted+':'+e.dataTransfer.getData('text/plain'))}</script>`})
	v := b.join("ann")
	b.open("/")
	drag := func(end string) {
		v.send(`{"op":"mouse","type":"move","x":100,"y":150,"button":"none","buttons":0}`)
		v.send(`{"op":"mouse","type":"down","x":100,"y":150,"button":"left","buttons":1,"clickCount":1}`)
		for x := 110; x <= 450; x += 20 {
			v.send(`{"op":"mouse","type":"move","x":%d,"y":150,"button":"none","buttons":1}`, x)
			pause()
		}
		b.becomes(true, "said.includes('start')")
		v.send(`%s`, end)
	}
	drag(`{"op":"mouse","type":"up","x":450,"y":150,"button":"left","buttons":0,"clickCount":1}`)
	b.becomes("start drop:true:cargo end:none", "said.join(' ').replace(/end:.*/,'end:none')")
	b.script("said.length = 0")
	drag(`{"op":"key","type":"down","key":"Escape","code":"Escape"}`)
	v.send(`{"op":"mouse","type":"up","x":450,"y":150,"button":"left","buttons":0,"clickCount":1}`)
	v.press("a", "KeyA", 0)
	b.becomes(false, "said.join(' ').includes('drop')")
}

func TestTouchOnAMobilePage(t *testing.T) {
	t.Parallel()
	site := pages{"/": `<meta name=viewport content="width=device-width"><body style="margin:0;height:3000px;background:#fff"><button style="position:absolute;left:0;top:0;width:200px;height:200px" onclick="window.clicked=event.isTrusted">Tap</button>
<script>window.said=[];for(const n of ['touchstart','touchend','touchcancel'])addEventListener(n,e=>said.push(n+e.touches.length))</script>`}
	b := setupIn(t, playwright.BrowserNewContextOptions{
		Viewport: &playwright.Size{Width: 390, Height: 844}, DeviceScaleFactor: playwright.Float(2),
		IsMobile: playwright.Bool(true), HasTouch: playwright.Bool(true),
	}, site)
	v := b.join("ann")
	b.open("/")
	v.send(`{"op":"touch","type":"start","points":[{"x":50,"y":50,"id":1}]}`)
	v.send(`{"op":"touch","type":"end","points":[{"x":50,"y":50,"id":1}]}`)
	b.becomes(true, "window.clicked")
	b.becomes("touchstart1 touchend0", "said.join(' ')")
	b.script("said.length = 0")
	v.send(`{"op":"touch","type":"start","points":[{"x":50,"y":500,"id":1}]}`)
	v.send(`{"op":"touch","type":"start","points":[{"x":50,"y":500,"id":1},{"x":150,"y":500,"id":2}]}`)
	v.send(`{"op":"touch","type":"end","points":[{"x":150,"y":500,"id":2}]}`)
	v.send(`{"op":"touch","type":"end","points":[]}`)
	b.becomes("touchstart1 touchstart2 touchend1 touchend0", "said.join(' ')")
	require.Eventually(t, func() bool { return len(v.frames()) > 0 }, patience, blink)
	h := v.frames()[0]
	require.EqualValues(t, 390, h.Width)
	require.EqualValues(t, 844, h.Height)
}

func TestCursorFollowsThePage(t *testing.T) {
	t.Parallel()
	b := setup(t, pages{"/": `<style>body{margin:0}a,p{position:absolute;left:0;margin:0;width:100px;height:100px}</style><a href="/" style="top:0">Link</a><p style="top:200px;cursor:crosshair">`})
	v := b.join("ann")
	b.open("/")
	move := func(y int) { v.send(`{"op":"mouse","type":"move","x":50,"y":%d,"button":"none","buttons":0}`, y) }
	move(50)
	v.hears("cursor", has("cursor", "pointer"))
	move(250)
	v.hears("cursor", has("cursor", "crosshair"))
	move(400)
	v.hears("cursor", has("cursor", "default"))
}

func TestViewportFollowsTheViewer(t *testing.T) {
	t.Parallel()
	sizes := make(chan recording.Size, 1)
	b := setup(t, pages{"/": `<p>`}, func(c *stage.Config) { c.OnViewport = func(_ playwright.Page, s recording.Size) { sizes <- s } })
	v := b.join("ann")
	b.open("/")
	v.send(`{"op":"viewport","width":500,"height":400}`)
	b.becomes("500x400", "innerWidth+'x'+innerHeight")
	require.Equal(t, recording.Size{Width: 500, Height: 400}, <-sizes)
	require.Eventually(t, func() bool {
		frames := v.frames()
		return len(frames) > 0 && frames[len(frames)-1].Width == 500 && frames[len(frames)-1].Height == 400
	}, patience, blink)
	img := v.picture()
	require.Equal(t, 500, img.Bounds().Dx())
}

func TestPickingSendsNothingToThePage(t *testing.T) {
	t.Parallel()
	type claim struct {
		target *recording.Target
		claim  recording.Assertion
	}
	claims := make(chan claim, 2)
	element := stage.Element{
		Label: "button Go", Target: recording.Target{Candidates: []recording.Candidate{{By: "css", Selector: "button", Matches: 1}}},
		Box: recording.Box{X: 100, Y: 100, Width: 200, Height: 100}, Suggestions: []recording.Assertion{{Claim: recording.Visible}},
	}
	b := setup(t, pages{"/": button}, func(c *stage.Config) {
		c.Describe = func(_ context.Context, _ playwright.Page, x, _ float64) (*stage.Element, error) {
			if x > 300 {
				return nil, nil
			}
			return &element, nil
		}
		c.AddAssertion = func(_ context.Context, _ playwright.Page, target *recording.Target, a recording.Assertion) error {
			if a.Expected == "no" {
				return errors.New("it does not hold")
			}
			claims <- claim{target, a}
			return nil
		}
	})
	v := b.join("ann")
	b.open("/")
	v.send(`{"op":"pick","mode":"assert"}`)
	v.send(`{"op":"mouse","type":"move","x":150,"y":150}`)
	m := v.hears("highlight", nil)
	require.Equal(t, "button Go", m["label"])
	require.Equal(t, map[string]any{"x": 100.0, "y": 100.0, "width": 200.0, "height": 100.0}, m["box"])
	v.click(150, 150)
	m = v.hears("picked", nil)
	require.Len(t, m["suggestions"], 1)
	v.send(`{"op":"assert","pickId":%q,"claim":"text","not":true,"expected":"Go","name":"","match":"exact"}`, m["pickId"])
	got := <-claims
	require.Equal(t, &element.Target, got.target)
	require.Equal(t, recording.Assertion{Claim: recording.HasText, Not: true, Expected: "Go", Match: "exact"}, got.claim)
	v.send(`{"op":"assert","pickId":"","claim":"title","not":false,"expected":"Button","name":"","match":""}`)
	require.Nil(t, (<-claims).target)
	v.send(`{"op":"assert","pickId":"nope","claim":"visible"}`)
	require.Contains(t, v.hears("error", nil)["message"], "nothing was picked")
	v.send(`{"op":"assert","claim":"title","expected":"no"}`)
	require.Contains(t, v.hears("error", nil)["message"], "does not hold")
	v.click(350, 150)
	require.Contains(t, v.hears("error", nil)["message"], "nothing is there")
	b.stage.Suggest(element.Target, recording.Assertion{Claim: recording.Visible, Suggested: true}, "button Go")
	m = v.hears("suggested", nil)
	v.send(`{"op":"assert","pickId":%q,"claim":"visible"}`, m["pickId"])
	require.Equal(t, &element.Target, (<-claims).target)
	v.send(`{"op":"pick","mode":"off"}`)
	require.Equal(t, "Button", b.script("document.title"), "no click went to the page")
	v.click(150, 150)
	b.becomes("clicked", "document.title")
}

func TestKeptFramesHideWhatTheyMust(t *testing.T) {
	t.Parallel()
	kept := make(chan stage.Frame, 100)
	b := setup(t, pages{"/": `<body style="background:#f00">`}, func(c *stage.Config) {
		c.Hide = func(context.Context, playwright.Page) ([]recording.Box, error) {
			return []recording.Box{{X: 100, Y: 100, Width: 50, Height: 50}, {X: -1e300, Y: 1e300, Width: 1, Height: 1}}, nil
		}
		c.OnFrame = func(f stage.Frame) { kept <- f }
	})
	b.open("/")
	var last stage.Frame
	require.Eventually(t, func() bool {
		last = <-kept
		return near(pixel(decodeJPEG(t, last.JPEG), 400, 300)[0], 255) && near(pixel(decodeJPEG(t, last.JPEG), 400, 300)[1], 0)
	}, patience, blink)
	img := decodeJPEG(t, last.JPEG)
	for _, at := range []image.Point{{125, 125}, {101, 148}} {
		dark := pixel(img, at.X, at.Y)
		require.True(t, near(dark[0], 0) && near(dark[1], 0) && near(dark[2], 0), "%v", dark)
	}
	require.True(t, near(pixel(img, 200, 125)[0], 255))
	require.Equal(t, "page", last.Name)
	require.Equal(t, width, last.Width)
	v := b.join("ann")
	v.sees(125, 125, 255, 0, 0) // the live view shows what the page shows
}

// Frames wait for their turn. One that shows a document that was left meanwhile is not kept as one of the next.
func TestKeptFramesAreOfTheDocumentThatWasLookedAt(t *testing.T) {
	t.Parallel()
	var looked string // by the keeper alone
	colours := map[string]int{"/red": 0, "/blue": 2}
	kept := make(chan string, 1000)
	moving := func(colour string) string {
		return `<style>div{width:9px;height:9px;animation:a 1s infinite}@keyframes a{to{width:99px}}</style><body style="background:` + colour + `"><div style="background:#fff">`
	}
	b := setup(t, pages{"/red": moving("#f00"), "/blue": moving("#00f")}, func(c *stage.Config) {
		c.Hide = func(_ context.Context, page playwright.Page) ([]recording.Box, error) {
			path, err := page.Evaluate("location.pathname")
			if err != nil {
				return nil, err
			}
			if before := looked; path != before {
				looked, _ = path.(string)
				return nil, stage.ErrElsewhere
			}
			return nil, nil
		}
		c.OnFrame = func(f stage.Frame) {
			seen := pixel(decodeJPEG(t, f.JPEG), 400, 300)
			for path, channel := range colours {
				if near(seen[channel], 255) && near(seen[1], 0) && path != looked {
					t.Errorf("%s is to be seen on a frame of %s", path, looked)
				}
			}
			kept <- looked
		}
	})
	for range 5 {
		for path := range colours {
			b.open(path)
			require.Eventually(t, func() bool { return <-kept == path }, patience, blink)
		}
	}
}

func TestFrameIsNotKeptWhenNobodyKnowsWhatToHide(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 100)
	b := setup(t, pages{"/": animation}, func(c *stage.Config) {
		c.Hide = func(context.Context, playwright.Page) ([]recording.Box, error) {
			asked <- struct{}{}
			return nil, errors.New("no answer")
		}
		c.OnFrame = func(stage.Frame) { t.Error("a frame was kept") }
	})
	b.open("/")
	<-asked
	<-asked
}

// What a person types while a page is busy for long is not lost.
func TestInputWaitsForAPageThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	busy, on := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		close(busy)
		<-on
	}))
	t.Cleanup(slow.Close)
	b := setup(t, pages{"/": `<input autofocus onkeydown="if (event.key === 'a') { const r = new XMLHttpRequest(); r.open('GET', '` + slow.URL + `', false); r.send() }">`})
	v := b.join("ann")
	b.open("/")
	b.becomes("INPUT", "document.activeElement.tagName")
	press := func(key, code string) {
		for _, kind := range []string{"down", "up"} {
			v.send(`{"op":"key","type":"%s","key":"%s","code":"%s","text":"%s","modifiers":0}`, kind, key, code, map[string]string{"down": key}[kind])
		}
	}
	press("a", "KeyA")
	<-busy
	require.Eventually(t, func() bool {
		press("b", "KeyB")
		return v.find("notice", nil) != nil
	}, patience, 10*blink, "nobody said that the page does not answer")
	press("c", "KeyC")
	close(on)
	b.becomes(true, "/^ab+c$/.test(document.querySelector('input').value)")
}
