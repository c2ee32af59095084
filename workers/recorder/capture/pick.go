package capture

import (
	"errors"
	"fmt"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
)

// Picked is the element at a point, and what may be claimed of it.
type Picked struct {
	Page   string
	Target recording.Target
	// Label is what a person would call it.
	Label string
	// Box is where it is in the page's viewport.
	Box recording.Box
	// Assertions hold now; the first ones are the most likely to be wanted.
	Assertions []recording.Assertion
}

// pickWait bounds how long a page may take to say what is at a point.
const pickWait = 3 * time.Second

// ErrNotWatched: the page is not watched, or not any more.
var ErrNotWatched = errors.New("the page is not watched")

// Describe says what is at a point of a page's viewport, in frames too. It fails with ErrNotWatched, or when the page
// does not answer.
func (c *Capture) Describe(pw playwright.Page, x, y float64) (Picked, error) {
	type answer struct {
		picked Picked
		err    error
	}
	answers := make(chan answer, 1)
	pushed := c.queue.push(func() {
		p, ok := c.page(pw)
		if !ok || p.main == nil {
			answers <- answer{err: ErrNotWatched}
			return
		}
		sessions := p.sessions()
		go func() {
			picked, err := p.pick(sessions, x, y)
			answers <- answer{picked, err}
		}()
	})
	if !pushed {
		return Picked{}, ErrNotWatched
	}
	timer := time.NewTimer(pickWait)
	defer timer.Stop()
	select {
	case a := <-answers:
		return a.picked, a.err
	case <-timer.C:
		return Picked{}, errSlow
	}
}

// sessions are the page's lines to its processes, the page's own first.
func (p *page) sessions() []*session {
	all := []*session{p.main}
	for _, s := range p.remote {
		all = append(all, s)
	}
	return all
}

// found is what the script says of a point.
type found struct {
	Iframe  bool            `json:"iframe"`
	Offset  recording.Point `json:"offset"`
	Element *element        `json:"element"`
	Claims  []claim         `json:"claims"`
}

// claim is an assertion as the script writes it.
type claim struct {
	Claim    recording.Claim `json:"claim"`
	Not      bool            `json:"not"`
	Name     string          `json:"name"`
	Expected string          `json:"expected"`
}

// pick goes down through the frames at a point.
func (p *page) pick(sessions []*session, x, y float64) (Picked, error) {
	s := sessions[0]
	frameID := s.rootFrame()
	var offset recording.Point
	for range maxDepth {
		at := found{}
		if err := s.evaluate(frameID, fmt.Sprintf("JSON.stringify(tapedeck.pickAt(%g, %g))", x-offset.X, y-offset.Y), &at); err != nil {
			return Picked{}, err
		}
		if !at.Iframe {
			return p.picked(frameID, at, offset), nil
		}
		child, err := s.frameAt(frameID, x-offset.X, y-offset.Y)
		if err != nil {
			return Picked{}, err
		}
		if s = watching(sessions, child); s == nil {
			return Picked{}, fmt.Errorf("the frame at this point: %w", ErrNotWatched)
		}
		frameID = child
		offset.X, offset.Y = offset.X+at.Offset.X, offset.Y+at.Offset.Y
	}
	return Picked{}, errors.New("too many frames in frames")
}

func (p *page) picked(frameID string, at found, offset recording.Point) Picked {
	p.refresh(frameID)
	frames, _ := p.way(frameID)
	target := at.Element.target(frames)
	out := Picked{Page: p.name, Target: *target, Label: named(target), Box: *shifted(at.Element.Box, offset)}
	for _, c := range at.Claims {
		out.Assertions = append(out.Assertions, recording.Assertion{Claim: c.Claim, Not: c.Not, Name: c.Name, Expected: c.Expected})
	}
	return out
}

func watching(sessions []*session, frameID string) *session {
	for _, s := range sessions {
		if s.world(frameID) != 0 {
			return s
		}
	}
	return nil
}

func (s *session) rootFrame() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.root
}

// evaluate runs an expression in the script's world of a frame and reads the JSON that it returns.
func (s *session) evaluate(frameID, expression string, into any) error {
	context := s.world(frameID)
	if context == 0 {
		return ErrNotWatched
	}
	reply, err := s.cdp.Send("Runtime.evaluate", map[string]any{
		"expression": expression, "contextId": context, "returnByValue": true,
	})
	if err != nil {
		return fmt.Errorf("ask the capture script: %w", err)
	}
	return readResult(reply, into)
}

// frameAt is the frame whose element is at a point of another frame's document.
func (s *session) frameAt(frameID string, x, y float64) (string, error) {
	reply, err := s.cdp.Send("Runtime.evaluate", map[string]any{
		"expression": fmt.Sprintf("tapedeck.elementAt(%g, %g)", x, y), "contextId": s.world(frameID),
	})
	if err != nil {
		return "", fmt.Errorf("the frame at this point: %w", err)
	}
	object := asParams(reply).at("result").text("objectId")
	node, err := s.cdp.Send("DOM.describeNode", map[string]any{"objectId": object})
	if err != nil {
		return "", fmt.Errorf("the frame at this point: %w", err)
	}
	_, _ = s.cdp.Send("Runtime.releaseObject", map[string]any{"objectId": object})
	child := asParams(node).at("node").text("frameId")
	if child == "" {
		return "", errors.New("the frame at this point has no document")
	}
	return child, nil
}
