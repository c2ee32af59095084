package capture

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"tapedeck/domain/recording"
)

// frame is what is known of an iframe: where it is, and how its element is found there.
type frame struct {
	parent string
	owner  *session // that of the parent's document
	info   recording.Frame
	offset recording.Point // of its document in the parent's viewport
	known  bool
}

// frameWait bounds how long a step waits for fresh facts of the frames around it: a click that opened a dialog has
// stopped the page, and what was learnt when the frame appeared is used instead.
const frameWait = 150 * time.Millisecond

// maxDepth bounds nesting.
const maxDepth = 20

func (p *page) setParent(id, parent string, owner *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.frames[id]
	if f == nil {
		f = &frame{}
		p.frames[id] = f
	}
	if f.parent != parent || f.owner != owner {
		f.parent, f.owner = parent, owner
	}
}

func (p *page) frameOf(id string) (frame, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, ok := p.frames[id]
	if !ok {
		return frame{}, false
	}
	return *f, true
}

// place adds where in the page something happened.
func (p *page) place(s *session, frameID string, happened *seen) {
	p.refresh(frameID)
	happened.frames, happened.offset = p.way(frameID)
	if len(happened.frames) > 0 {
		if size := p.pw.ViewportSize(); size != nil {
			happened.top = &recording.Size{Width: size.Width, Height: size.Height}
		}
	}
}

// way is the frames from the page to a frame's document, and where that document is in the page.
func (p *page) way(id string) (frames []recording.Frame, offset recording.Point) {
	for range maxDepth {
		f, ok := p.frameOf(id)
		if !ok || f.parent == "" {
			break
		}
		frames = append([]recording.Frame{f.info}, frames...)
		offset.X, offset.Y = offset.X+f.offset.X, offset.Y+f.offset.Y
		id = f.parent
	}
	return frames, offset
}

// refresh learns anew how the frames around a document are found.
func (p *page) refresh(id string) {
	deadline := time.Now().Add(frameWait)
	for range maxDepth {
		f, ok := p.frameOf(id)
		if !ok || f.parent == "" {
			return
		}
		if left := time.Until(deadline); left > 0 || !f.known {
			wait := max(left, frameWait/3)
			current := id
			if err := within(wait, func() error { return p.learn(current) }); err != nil {
				p.c.options.Log.Debug("no fresh facts of a frame", "err", err)
			}
		}
		id = f.parent
	}
}

// learnOwner learns where a frame is as soon as it shows a document.
func (p *page) learnOwner(s *session, id string) {
	s.mu.Lock()
	isRoot := id == s.root
	s.mu.Unlock()
	if isRoot && s.frame == nil {
		return
	}
	if _, ok := p.frameOf(id); !ok {
		p.adoptRoot(s, id)
	}
	if err := within(frameWait, func() error { return p.learn(id) }); err != nil {
		p.c.options.Log.Debug("the element of a frame is not known", "err", err)
	}
}

// adoptRoot finds the parent of a frame that was there before it was watched: it is in the nearest session above.
func (p *page) adoptRoot(s *session, id string) {
	if s.frame == nil {
		return
	}
	for above := s.frame.ParentFrame(); above != nil; above = above.ParentFrame() {
		owner := p.main
		if above.ParentFrame() != nil {
			owner = p.remote[above]
		}
		if owner == nil {
			continue
		}
		if parent, err := owner.frameHolding(id); err == nil {
			p.setParent(id, parent, owner)
		}
		return
	}
}

// frameHolding is the frame of this session in whose document another frame's element is.
func (s *session) frameHolding(id string) (string, error) {
	node, err := s.ownerNode(id)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	worlds := make(map[int]string, len(s.contexts))
	for context, frame := range s.contexts {
		worlds[context] = frame
	}
	s.mu.Unlock()
	for context, frame := range worlds {
		if _, err := s.resolve(node, context); err == nil {
			return frame, nil
		}
	}
	return "", errors.New("no document holds the frame")
}

func (s *session) ownerNode(id string) (int, error) {
	reply, err := s.cdp.Send("DOM.getFrameOwner", map[string]any{"frameId": id})
	if err != nil {
		return 0, fmt.Errorf("the frame's element: %w", err)
	}
	return asParams(reply).number("backendNodeId"), nil
}

// resolve makes a node an object of an isolated world.
func (s *session) resolve(node, context int) (string, error) {
	reply, err := s.cdp.Send("DOM.resolveNode", map[string]any{"backendNodeId": node, "executionContextId": context})
	if err != nil {
		return "", fmt.Errorf("the frame's element: %w", err)
	}
	return asParams(reply).at("object").text("objectId"), nil
}

// learn asks the parent's document about a frame's element.
func (p *page) learn(id string) error {
	f, ok := p.frameOf(id)
	if !ok || f.owner == nil {
		return errors.New("the frame's parent is not known")
	}
	context := f.owner.world(f.parent)
	if context == 0 {
		return errors.New("the parent's document is not watched")
	}
	node, err := f.owner.ownerNode(id)
	if err != nil {
		return err
	}
	object, err := f.owner.resolve(node, context)
	if err != nil {
		return err
	}
	var about struct {
		recording.Frame
		Offset recording.Point `json:"offset"`
	}
	if err := f.owner.callOn(object, "function() { return JSON.stringify(tapedeck.describeFrame(this)) }", &about); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.frames[id]; known != nil {
		known.info, known.offset, known.known = about.Frame, about.Offset, true
	}
	return nil
}

// callOn calls a function of the script on an object and reads the JSON that it returns. The object is let go.
func (s *session) callOn(object, function string, into any) error {
	reply, err := s.cdp.Send("Runtime.callFunctionOn", map[string]any{
		"objectId": object, "functionDeclaration": function, "returnByValue": true,
	})
	if err != nil {
		return fmt.Errorf("ask the capture script: %w", err)
	}
	_, _ = s.cdp.Send("Runtime.releaseObject", map[string]any{"objectId": object})
	return readResult(reply, into)
}

// readResult reads JSON that the script returned as a string.
func readResult(reply, into any) error {
	r := asParams(reply)
	if failed := r.at("exceptionDetails"); failed != nil {
		return fmt.Errorf("the capture script: %s %s", failed.text("text"), failed.at("exception").text("description"))
	}
	text := r.at("result").text("value")
	if text == "" {
		return errors.New("the capture script answered nothing")
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("the capture script's answer: %w", err)
	}
	return nil
}

func asParams(reply any) params {
	m, _ := reply.(map[string]any)
	return m
}
