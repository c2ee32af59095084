package stage

import (
	"encoding/base64"
	"errors"
	"sync/atomic"
	"time"
)

// cast is a page's screencast. It runs while the page is shown and somebody looks.
type cast struct {
	p      *page
	wake   chan struct{}
	frames chan castFrame
	again  atomic.Bool  // begin anew
	stale  atomic.Bool  // what was taken so far is not kept: nobody knows what it shows
	since  atomic.Int64 // when the cast began, in microseconds; 0 is never
	last   time.Time    // of the loop: when the browser got the frame that is shown
}

// shuffle is how much later than a newer frame one may come. Beyond it the clock was set back.
const shuffle = 5 * time.Second

// castRetry is how soon a cast that did not start is tried again.
const castRetry = 100 * time.Millisecond

// castFrame is a frame as the browser sends it.
type castFrame struct {
	session       any // what to acknowledge
	data          string
	width, height uint16
	at            time.Time // when it came here
	taken         time.Time // when the browser got it
}

func newCast(p *page) *cast {
	// The browser sends two frames before it waits for an acknowledgement, so that the channel is never full.
	return &cast{p: p, wake: make(chan struct{}, 1), frames: make(chan castFrame, 16)}
}

// poke has the loop look whether the cast is wanted.
func (c *cast) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// renew begins the cast anew, with a picture of the page as it is now.
func (c *cast) renew() {
	c.again.Store(true)
	c.poke()
}

// distrust has no frame kept before the cast was renewed.
func (c *cast) distrust() { c.stale.Store(true) }

// trusted says whether a frame may be kept. Frames wait for their turn, so that one may show a document that was left
// since. The browser makes a new source of frames for a new cast: what it gets after that beginning was taken after it.
func (c *cast) trusted(p *picture) bool {
	since := c.since.Load()
	return !c.stale.Load() && since != 0 && p.taken.UnixMicro() >= since
}

// drawn waits until the browser shows the document that is loaded. For a while it goes on with the picture of the one
// before; a screenshot has it draw.
func (p *page) drawn() error {
	done := make(chan error, 1)
	go func() {
		_, err := p.send("Page.captureScreenshot", map[string]any{"format": "jpeg", "quality": 1, "optimizeForSpeed": true})
		done <- err
	}()
	limit := time.NewTimer(drawnWait)
	defer limit.Stop()
	select {
	case err := <-done:
		return err
	case <-limit.C:
		return errors.New("the page is not drawn")
	case <-p.gone:
		return errors.New("the page is gone")
	case <-p.stage.ctx.Done():
		return p.stage.ctx.Err()
	}
}

// drawnWait bounds the waiting for one page, while others are not looked at.
const drawnWait = 5 * time.Second

func (c *cast) listen() {
	now := c.p.stage.cfg.Now
	c.p.cdp.On("Page.screencastFrame", func(e map[string]any) {
		f := castFrame{session: e["sessionId"], at: now()}
		f.data, _ = e["data"].(string)
		meta, _ := e["metadata"].(map[string]any)
		f.width, f.height = pixels(meta["deviceWidth"]), pixels(meta["deviceHeight"])
		seconds, _ := number(meta["timestamp"])
		f.taken = time.UnixMicro(int64(seconds * 1e6))
		select {
		case c.frames <- f:
		default:
		}
	})
}

func (c *cast) loop() {
	running := false
	next := time.Now() // when the next frame may be asked for
	for c.poke(); ; {
		select {
		case <-c.wake:
			running = c.reconcile(running)
		case f := <-c.frames:
			c.show(f)
			if !c.p.rest(time.Until(next)) {
				return
			}
			next = time.Now().Add(c.p.stage.framePace())
			// An error means that the page is gone, or the cast ended: nothing is owed then.
			_, _ = c.p.send("Page.screencastFrameAck", map[string]any{"sessionId": f.session})
		case <-c.p.gone:
			return
		case <-c.p.stage.ctx.Done():
			return
		}
	}
}

// reconcile starts or stops the cast as it is wanted, and says whether it runs.
func (c *cast) reconcile(running bool) bool {
	again := c.again.Swap(false)
	s := c.p.stage
	s.mu.Lock()
	wanted := s.active == c.p && s.watched()
	s.mu.Unlock()
	if running && (!wanted || again) {
		_, _ = c.p.send("Page.stopScreencast", nil)
		running = false
	}
	if wanted && !running {
		running = c.start()
	}
	return running
}

func (c *cast) start() bool {
	cfg := c.p.stage.cfg
	c.since.Store(time.Now().UnixMicro())
	c.stale.Store(false)
	_, _ = c.p.send("Page.bringToFront", nil) // what keeps it from that keeps the cast from starting, too
	_, err := c.p.send("Page.startScreencast", map[string]any{
		"format": "jpeg", "quality": cfg.Quality, "maxWidth": cfg.MaxWidth, "maxHeight": cfg.MaxHeight, "everyNthFrame": 1,
	})
	if err != nil && c.p.rest(castRetry) {
		// A page that is on its way to another process has no pictures until it is there.
		cfg.Logger.Debug("a page sends no pictures yet", "session", cfg.SessionID, "error", err)
		c.poke()
	}
	return err == nil
}

// show hands a frame on. The browser encodes several at a time: one may come after a newer one, and would stay on a page
// that does not change any more.
func (c *cast) show(f castFrame) {
	if late := c.last.Sub(f.taken); late > 0 && late < shuffle {
		return
	}
	c.last = f.taken
	jpeg, err := base64.StdEncoding.DecodeString(f.data)
	if err != nil || len(jpeg) == 0 {
		return
	}
	millis := max(0, f.at.Sub(c.p.stage.began).Milliseconds())
	c.p.stage.publish(&picture{page: c.p, jpeg: jpeg, width: f.width, height: f.height, millis: uint32(millis), taken: f.taken})
}
