package recording

import (
	"fmt"
	"slices"
	"strconv"

	"tapedeck/domain/job"
)

// Check returns all that is wrong with a step; paths are relative to it.
func (s Step) Check() []job.Fault { return s.check("") }

// checker gathers faults below a path.
type checker struct {
	prefix string
	faults []job.Fault
}

func (c *checker) want(ok bool, path, format string, args ...any) {
	if !ok {
		if c.prefix != "" {
			path = c.prefix + "/" + path
		}
		c.faults = append(c.faults, job.Fault{Path: path, Message: fmt.Sprintf(format, args...)})
	}
}

func (s Step) check(prefix string) []job.Fault {
	c := &checker{prefix: prefix}
	c.want(s.ID != "" && len(s.ID) <= 64, "id", "want 1 to 64 bytes")
	c.want(slices.Contains(Actions, s.Type), "type", "want one of %v", Actions)
	for path, text := range map[string]string{"title": s.Title, "url": s.URL, "key": s.Key, "note": s.Note} {
		c.want(len(text) <= MaxText, path, "at most %d bytes", MaxText)
	}
	for path, text := range map[string]string{"page": s.Page, "opener": s.Opener, "by": s.By} {
		c.want(len(text) <= 64, path, "at most 64 bytes")
	}
	c.oneOf(s.Button, "button", Buttons)
	c.oneOf(s.History, "history", Histories)
	for i, m := range s.Modifiers {
		c.want(slices.Contains(Modifiers, m), "modifiers/"+strconv.Itoa(i), "want one of %v", Modifiers)
	}
	c.want(s.Count >= 0 && s.Count <= 10, "count", "want 0 to 10")
	c.want(s.Viewport == nil || s.Viewport.fits(), "viewport", "want 1 to %d pixels each way", maxPixels)
	if s.Dialog != nil {
		c.oneOf(s.Dialog.Kind, "dialog/kind", DialogKinds)
		c.want(len(s.Dialog.Message) <= MaxText && len(s.Dialog.Text) <= MaxText, "dialog", "texts of at most %d bytes", MaxText)
	}
	for i, v := range append(values(s.Value), s.Values...) {
		c.want(len(v.Text) <= MaxText, "values/"+strconv.Itoa(i), "at most %d bytes", MaxText)
		c.want(v.Variable == "" || validVariable(v.Variable), "values/"+strconv.Itoa(i), "not a variable's name")
	}
	s.checkFields(c)
	s.Target.check(c, "target")
	s.To.check(c, "to")
	return c.faults
}

// oneOf wants one of some words; empty is the first.
func (c *checker) oneOf(word, path string, words []string) {
	c.want(word == "" || slices.Contains(words, word), path, "want one of %v", words)
}

// maxPixels bounds a viewport.
const maxPixels = 16384

func (s Size) fits() bool {
	return s.Width > 0 && s.Height > 0 && s.Width <= maxPixels && s.Height <= maxPixels
}

func values(v *Value) []Value {
	if v == nil {
		return nil
	}
	return []Value{*v}
}

// checkFields holds each action's own fields.
func (s Step) checkFields(c *checker) {
	switch s.Type {
	case Navigate:
		c.want(s.URL != "" || s.History != "", "url", "is needed, or history")
	case Click, Check, Uncheck, Hover, Wait:
		c.want(s.Target != nil, "target", "is needed")
	case Fill:
		c.want(s.Target != nil, "target", "is needed")
		c.want(s.Value != nil, "value", "is needed")
	case Press:
		c.want(s.Key != "", "key", "is needed")
	case Select:
		c.want(s.Target != nil, "target", "is needed")
	case Upload:
		c.want(s.Target != nil, "target", "is needed")
	case Drag:
		c.want(s.Target != nil && s.To != nil, "to", "target and to are needed")
	case Scroll:
		c.want(s.Scroll != nil, "scroll", "is needed")
	case Dialog:
		c.want(s.Dialog != nil, "dialog", "is needed")
	case SetViewport:
		c.want(s.Viewport != nil, "viewport", "is needed")
	case Assert:
		s.Assertion.check(c, s.Target)
	case Download, OpenPage, ClosePage:
	}
}

func (a *Assertion) check(c *checker, target *Target) {
	if a == nil {
		c.want(false, "assertion", "is needed")
		return
	}
	c.want(slices.Contains(Claims, a.Claim), "assertion/claim", "want one of %v", Claims)
	c.want(target != nil || a.Claim == HasURL || a.Claim == HasTitle, "target", "is needed")
	c.want(a.Claim != HasAttr || a.Name != "", "assertion/name", "is needed")
	c.oneOf(a.Match, "assertion/match", Matches)
	c.want(len(a.Expected) <= MaxText, "assertion/expected", "at most %d bytes", MaxText)
	if a.Claim == HasCount {
		n, err := strconv.Atoi(a.Expected)
		c.want(err == nil && n >= 0, "assertion/expected", "want a number")
	}
}

func (t *Target) check(c *checker, path string) {
	if t == nil {
		return
	}
	c.want(t.Best() != "", path+"/candidates", "at least one way to find the element is needed")
	c.want(len(t.Candidates) <= 50 && len(t.Frames) <= 20, path, "at most 50 candidates and 20 frames")
	for i, f := range t.Frames {
		c.want(f.Best() != "", fmt.Sprintf("%s/frames/%d", path, i), "at least one way to find the frame is needed")
	}
}
