package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/internal/browsertest"
	"tapedeck/workers/recorder/stage"
)

const (
	firstFrames  = 20 // frames before they are counted
	restOfPerson = 300 * time.Millisecond
	clicksWanted = 75
)

// canvas measures the live picture, and the same clicks' way to the tape.
func (b *bench) canvas(ctx context.Context, s *studio, site *site) ([]figure, error) {
	frames := figure{Section: liveSection, Name: "full-page animation, at a viewer's WebSocket", Unit: "frames/s", Target: atLeast(20)}
	drawn := figure{Section: liveSection, Name: "full-page animation, drawn by the real page in a second Chromium", Unit: "frames/s", Target: atLeast(20)}
	half := figure{Section: liveSection, Name: "click sent → frame with the changed pixel, median", Unit: "ms", Target: atMost(60)}
	tail := figure{Section: liveSection, Name: "click sent → frame with the changed pixel, p95", Unit: "ms", Target: atMost(120)}
	onTape := figure{Section: liveSection, Name: "click sent → step_recorded at a live client, p95", Unit: "ms", Target: atMost(100)}
	second, err := browsertest.Launch()
	if err != nil {
		return nil, err
	}
	defer second.Close()
	length := time.Duration(b.scale(10)) * time.Second
	for range b.runs {
		rate, err := live(ctx, s, site.url+"/moving", viewed(ctx, s, func(v *viewer) (float64, error) { return v.rate(length) }))
		if err != nil {
			return nil, fmt.Errorf("frames: %w", err)
		}
		seen, err := live(ctx, s, site.url+"/buttons", viewed(ctx, s, func(v *viewer) (clicked, error) { return s.clicks(ctx, v, b.scale(clicksWanted)) }))
		if err != nil {
			return nil, fmt.Errorf("clicks: %w", err)
		}
		painted, err := live(ctx, s, site.url+"/moving", func(id string) (float64, error) {
			return s.drawn(ctx, second, id, length)
		})
		if err != nil {
			return nil, fmt.Errorf("frames in the page: %w", err)
		}
		frames.Runs, drawn.Runs = append(frames.Runs, rate), append(drawn.Runs, painted)
		half.Runs, tail.Runs = append(half.Runs, seen.pixel.quantile(.5)), append(tail.Runs, seen.pixel.quantile(.95))
		onTape.Runs = append(onTape.Runs, seen.step.quantile(.95))
		onTape.Note = fmt.Sprintf("p50 %s, longest %s", number(seen.step.quantile(.5)), number(seen.step.quantile(1)))
	}
	return []figure{frames, drawn, half, tail, onTape}, nil
}

// live records a page interactively, and stops in good order.
func live[T any](ctx context.Context, s *studio, url string, run func(id string) (T, error)) (out T, err error) {
	id, err := s.open(map[string]any{"url": url, "name": "Bench", "mode": "interactive"})
	if err != nil {
		return out, err
	}
	out, err = run(id)
	return out, errors.Join(err, s.stop(ctx, id))
}

// viewed runs with one viewer before the canvas.
func viewed[T any](ctx context.Context, s *studio, run func(*viewer) (T, error)) func(string) (T, error) {
	return func(id string) (out T, err error) {
		v, err := s.join(ctx, id)
		if err != nil {
			return out, err
		}
		defer v.Close()
		return run(v)
	}
}

// viewer sits before a session's canvas, as a page would.
type viewer struct {
	id     string
	ws     *wsClient
	frames chan shot
}

// shot is a frame with the time of its arrival.
type shot struct {
	at   time.Time
	jpeg []byte
}

// joinWithin bounds the time until a session is live.
const joinWithin = 30 * time.Second

func (s *studio) join(ctx context.Context, id string) (*viewer, error) {
	deadline := time.Now().Add(joinWithin)
	for {
		ws, err := dialWS(ctx, s.address, "/api/recorder/sessions/"+id+"/ws")
		if err == nil {
			v := &viewer{id: id, ws: ws, frames: make(chan shot, 64)}
			go v.read()
			return v, nil
		}
		if time.Now().After(deadline) {
			return nil, err
		}
		time.Sleep(50 * time.Millisecond) // it answers 503 until the session is live
	}
}

func (v *viewer) Close() { v.ws.Close() }

// read acknowledges frames as they come, which has the next one sent.
func (v *viewer) read() {
	defer close(v.frames)
	for {
		op, data, err := v.ws.next()
		if err != nil {
			return
		}
		if op != opBinary {
			continue
		}
		now := time.Now()
		header, picture, err := stage.DecodeFrame(data)
		if err != nil || v.ws.Send(fmt.Sprintf(`{"op":"ack","frame":%d}`, header.Frame)) != nil {
			return
		}
		select {
		case v.frames <- shot{now, bytes.Clone(picture)}:
		default: // nobody looks
		}
	}
}

// noFrame bounds the time without a frame that is waited for.
const noFrame = 30 * time.Second

var errClosed = errors.New("the session's socket was closed")

func (v *viewer) next() (shot, error) {
	timer := time.NewTimer(noFrame)
	defer timer.Stop()
	select {
	case f, ok := <-v.frames:
		if !ok {
			return f, errClosed
		}
		return f, nil
	case <-timer.C:
		return shot{}, fmt.Errorf("no frame for %s", noFrame)
	}
}

// rate counts frames.
func (v *viewer) rate(length time.Duration) (float64, error) {
	var first shot
	for range firstFrames {
		f, err := v.next()
		if err != nil {
			return 0, err
		}
		first = f
	}
	for n := 1; ; n++ {
		f, err := v.next()
		if err != nil {
			return 0, err
		}
		if took := f.at.Sub(first.at); took >= length {
			return float64(n) / took.Seconds(), nil
		}
	}
}

// countDraws counts what is drawn on canvases.
const countDraws = `(() => {
	const draw = CanvasRenderingContext2D.prototype.drawImage;
	window.draws = 0;
	CanvasRenderingContext2D.prototype.drawImage = function (...args) { window.draws++; return draw.apply(this, args); };
})()`

// awaitDraws waits until some frames were drawn. The driver's own wait would need eval, which the page forbids.
const awaitDraws = `(n) => new Promise((done, fail) => {
	setTimeout(() => fail(new Error("the page has drawn " + window.draws + " frames in 30 s")), 30_000);
	const look = () => (window.draws > n ? done() : setTimeout(look, 50));
	look();
})`

// drawn counts the frames that the page draws for a person.
func (s *studio) drawn(ctx context.Context, second *browsertest.Browser, id string, length time.Duration) (float64, error) {
	v, err := s.join(ctx, id) // it is live when somebody can sit down
	if err != nil {
		return 0, err
	}
	v.Close()
	page, err := second.NewPage(playwright.BrowserNewContextOptions{Viewport: &playwright.Size{Width: 1440, Height: 900}})
	if err != nil {
		return 0, err
	}
	defer page.Context().Close()
	if err := page.AddInitScript(playwright.Script{Content: playwright.String(countDraws)}); err != nil {
		return 0, err
	}
	if _, err := page.Goto("http://" + s.address + "/record/" + id); err != nil {
		return 0, err
	}
	if _, err := page.Evaluate(awaitDraws, firstFrames); err != nil {
		return 0, err
	}
	got, err := page.Evaluate(`(ms) => new Promise((done) => {
		const from = window.draws, start = performance.now();
		setTimeout(() => done([window.draws - from, performance.now() - start]), ms);
	})`, int(length.Milliseconds()))
	if err != nil {
		return 0, err
	}
	pair, _ := got.([]any)
	if len(pair) != 2 {
		return 0, fmt.Errorf("the page answers %v", got)
	}
	return numberOf(pair[0]) / numberOf(pair[1]) * 1000, nil
}

// numberOf is a number of JavaScript as the driver hands it out.
func numberOf(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case int:
		return float64(v)
	}
	return 0
}

// clicked are two ways of each click, in milliseconds.
type clicked struct{ pixel, step latencies }

// clicks presses one button after the other, as fast as a busy person.
func (s *studio) clicks(ctx context.Context, v *viewer, n int) (out clicked, err error) {
	tape, err := s.listen(ctx, "recording.step_recorded")
	if err != nil {
		return out, err
	}
	defer tape.Close()
	steps := make(chan time.Time, n)
	broken := make(chan error, 1)
	go func() { broken <- tape.each(v.id, steps) }()

	if err := v.awaitColour(0, false, nil); err != nil {
		return out, err
	}
	const warm = 3
	for i := range n + warm {
		on := i/(buttonRows*buttonColumns)%2 == 0
		if err := errors.Join(v.point(i), v.rest(ctx)); err != nil {
			return out, err
		}
		var pixel time.Time
		start := time.Now()
		if err := v.press(i); err != nil {
			return out, err
		}
		if err := v.awaitColour(i, on, &pixel); err != nil {
			return out, fmt.Errorf("click %d: %w", i, err)
		}
		var step time.Time
		select {
		case step = <-steps:
		case err := <-broken:
			return out, err
		case <-time.After(noFrame):
			return out, fmt.Errorf("click %d is not on the tape after %s", i, noFrame)
		}
		if i >= warm {
			out.pixel = append(out.pixel, millis(pixel.Sub(start)))
			out.step = append(out.step, millis(step.Sub(start)))
		}
	}
	return out, nil
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// each hands on when the clicks of one recording were seen.
func (t *tap) each(id string, seen chan<- time.Time) error {
	for {
		events, err := t.next()
		if err != nil {
			return err
		}
		for _, e := range events {
			if e.Subject == id && e.Data.Step.Type == "click" {
				seen <- e.at
			}
		}
	}
}

// point moves the pointer to a button: it is there before a person presses.
func (v *viewer) point(n int) error {
	x, y := buttonAt(n)
	return v.ws.Send(fmt.Sprintf(`{"op":"mouse","type":"move","x":%d,"y":%d,"button":"none","buttons":0,"modifiers":0,"clickCount":0}`, x, y))
}

// press clicks where the pointer is.
func (v *viewer) press(n int) error {
	x, y := buttonAt(n)
	down := fmt.Sprintf(`{"op":"mouse","type":"down","x":%d,"y":%d,"button":"left","buttons":1,"modifiers":0,"clickCount":1}`, x, y)
	up := fmt.Sprintf(`{"op":"mouse","type":"up","x":%d,"y":%d,"button":"left","buttons":0,"modifiers":0,"clickCount":1}`, x, y)
	return errors.Join(v.ws.Send(down), v.ws.Send(up))
}

// awaitColour waits for a frame on which a button is blue, or red, and notes when it arrived.
func (v *viewer) awaitColour(n int, blue bool, at *time.Time) error {
	x, y := buttonAt(n)
	for {
		f, err := v.next()
		if err != nil {
			return err
		}
		img, err := jpeg.Decode(bytes.NewReader(f.jpeg))
		if err != nil {
			return err
		}
		r, g, b, _ := img.At(x, y).RGBA()
		if coloured := g < 0x4000; coloured && (b > r) == blue {
			if at != nil {
				*at = f.at
			}
			return nil
		}
	}
}

// rest lets time pass as a person does, and looks at what comes.
func (v *viewer) rest(ctx context.Context) error {
	timer := time.NewTimer(restOfPerson)
	defer timer.Stop()
	for {
		select {
		case _, ok := <-v.frames:
			if !ok {
				return errClosed
			}
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
