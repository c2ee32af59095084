package stage

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"sync"
	"time"

	"tapedeck/domain/recording"
)

// ErrElsewhere is an answer of Config.Hide.
var ErrElsewhere = errors.New("the page went elsewhere since it was last looked at")

// keeper hands frames to whoever keeps them, painted over where they must not be seen. It is a goroutine beside the
// live view, which never waits for it.
type keeper struct {
	s    *Stage
	wake chan struct{}

	mu     sync.Mutex
	newest *picture

	looks   map[*page][]look // the last ones, as far as a frame may be as old as they are
	failing bool
}

// look is what was to be hidden on a page at a time.
type look struct {
	at    time.Time
	boxes []recording.Box
}

// lag is how much older than its time a frame may be: the browser notes when it got the frame, not when it was drawn.
const lag = time.Second

func newKeeper(s *Stage) *keeper {
	return &keeper{s: s, wake: make(chan struct{}, 1), looks: map[*page][]look{}}
}

// offer puts a frame in place of one that was not kept yet.
func (k *keeper) offer(p *picture) {
	if k.s.cfg.OnFrame == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.newest = p
	k.poke()
}

func (k *keeper) poke() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *keeper) loop() {
	pace := time.Second / time.Duration(k.s.cfg.KeepFPS)
	for {
		select {
		case <-k.wake:
		case <-k.s.ctx.Done():
			return
		}
		k.mu.Lock()
		p := k.newest
		k.newest = nil
		k.mu.Unlock()
		if p == nil {
			continue
		}
		k.keep(p)
		timer := time.NewTimer(pace)
		select {
		case <-timer.C:
		case <-k.s.ctx.Done():
			timer.Stop()
			return
		}
	}
}

func (k *keeper) keep(p *picture) {
	if k.s.cfg.Hide != nil && !p.page.cast.trusted(p) {
		k.renew(p)
		return
	}
	data, err := k.mask(p)
	if errors.Is(err, ErrElsewhere) {
		p.page.cast.distrust()
		k.renew(p)
		return
	}
	if err != nil {
		if !p.page.isGone() && k.s.ctx.Err() == nil && !k.failing {
			k.failing = true // said once, until one is kept again
			k.s.cfg.Logger.Warn("a frame is not kept", "session", k.s.cfg.SessionID, "error", err)
		}
		return
	}
	k.failing = false
	k.s.mu.Lock()
	name := p.page.name
	k.s.mu.Unlock()
	offset := time.Duration(p.millis) * time.Millisecond
	k.s.cfg.OnFrame(Frame{
		Page: p.page.pw, Name: name, JPEG: data, Width: int(p.width), Height: int(p.height),
		At: k.s.began.Add(offset), Offset: offset,
	})
}

// renew sees to a frame that shows what is loaded now, which may never change again.
func (k *keeper) renew(p *picture) {
	c := p.page.cast
	if !c.stale.Load() || c.again.Load() {
		return // it comes
	}
	if p.page.drawn() == nil {
		c.renew()
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.newest == nil && !p.page.isGone() {
		k.newest = p // to try again
		k.poke()
	}
}

// mask paints over what may not be kept: where it is now, and where it was at all looks since the frame was drawn and
// at the one before, because the picture is from in between.
func (k *keeper) mask(p *picture) ([]byte, error) {
	if k.s.cfg.Hide == nil {
		return p.jpeg, nil
	}
	boxes, err := k.s.cfg.Hide(k.s.ctx, p.page.pw)
	if err != nil {
		if errors.Is(err, ErrElsewhere) {
			k.looks[p.page] = append(k.looks[p.page], look{time.Now(), boxes})
		}
		return nil, err
	}
	looks := append(k.looks[p.page], look{time.Now(), boxes})
	drawn := p.taken.Add(-lag)
	for len(looks) > 1 && looks[1].at.Before(drawn) {
		looks = looks[1:]
	}
	k.looks[p.page] = looks
	if p.page.isGone() {
		delete(k.looks, p.page)
	}
	var all []recording.Box
	for _, l := range looks {
		all = append(all, l.boxes...)
	}
	return Paint(p.jpeg, int(p.width), int(p.height), all)
}

// Paint blackens boxes of a picture of a viewport that is width by height CSS pixels. Without boxes it returns the
// picture as it is.
func Paint(picture []byte, width, height int, boxes []recording.Box) ([]byte, error) {
	if len(boxes) == 0 {
		return picture, nil
	}
	src, err := jpeg.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, err
	}
	bounds := src.Bounds()
	out := image.NewRGBA(bounds)
	draw.Draw(out, bounds, src, bounds.Min, draw.Src)
	sx, sy := float64(bounds.Dx())/float64(max(1, width)), float64(bounds.Dy())/float64(max(1, height))
	for _, b := range boxes {
		draw.Draw(out, scaled(b, sx, sy).Intersect(bounds), image.NewUniform(color.Black), image.Point{}, draw.Src)
	}
	var buf bytes.Buffer
	err = jpeg.Encode(&buf, out, &jpeg.Options{Quality: 70})
	return buf.Bytes(), err
}

// scaled is a box in the picture's pixels, a little larger: a JPEG smears what is in a block over all of it.
func scaled(b recording.Box, sx, sy float64) image.Rectangle {
	const margin = 2
	at := func(v, scale float64) int { return int(math.Round(min(max(v*scale, -1e6), 1e6))) }
	return image.Rect(at(b.X, sx)-margin, at(b.Y, sy)-margin, at(b.X+b.Width, sx)+margin, at(b.Y+b.Height, sy)+margin)
}
