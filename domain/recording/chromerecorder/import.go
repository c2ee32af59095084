package chromerecorder

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/job"
	"tapedeck/domain/recording"
)

// Import reads a recording of Chrome's. The document is whole and can be played; the notes say what is not in it, or
// only nearly. It fails with a *job.InvalidError for what is no such recording.
func Import(raw []byte) (recording.Document, []Note, error) {
	if len(raw) > recording.MaxDocument {
		return recording.Document{}, nil, invalid("", "at most %d bytes", recording.MaxDocument)
	}
	var f flow
	if err := json.Unmarshal(raw, &f); err != nil {
		return recording.Document{}, nil, broken(err)
	}
	if f.Steps == nil {
		return recording.Document{}, nil, invalid("steps", "is needed")
	}
	if len(f.Steps) > recording.MaxSteps {
		return recording.Document{}, nil, invalid("steps", "at most %d", recording.MaxSteps)
	}
	im := &importer{
		pages: map[string]string{"": "page", mainTarget: "page"}, keys: keyboard{used: map[string]bool{}, keys: map[string]int{}},
	}
	im.all(f)
	if faults := im.doc.Check(); len(faults) > 0 {
		return recording.Document{}, nil, &job.InvalidError{Faults: faults}
	}
	return im.doc, im.notes, nil
}

// Looks says whether bytes look like a recording of Chrome's and not like one of ours.
func Looks(raw []byte) bool {
	var head struct {
		Format *string `json:"format"`
		Title  *string `json:"title"`
		Steps  []struct {
			ID *string `json:"id"`
		} `json:"steps"`
	}
	if json.Unmarshal(raw, &head) != nil || head.Format != nil || head.Title == nil || head.Steps == nil {
		return false
	}
	return !slices.ContainsFunc(head.Steps, func(s struct {
		ID *string `json:"id"`
	}) bool {
		return s.ID != nil
	})
}

func invalid(path, format string, args ...any) error {
	return &job.InvalidError{Faults: []job.Fault{{Path: path, Message: fmt.Sprintf(format, args...)}}}
}

func broken(err error) error {
	var semantic *json.SemanticError
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.As(err, &syntactic):
		return invalid(strings.TrimPrefix(string(syntactic.JSONPointer), "/"), "not valid JSON")
	case errors.As(err, &semantic) && errors.Is(err, errNoSelector):
		return invalid(strings.TrimPrefix(string(semantic.JSONPointer), "/"), "%v", errNoSelector)
	case errors.As(err, &semantic):
		return invalid(strings.TrimPrefix(string(semantic.JSONPointer), "/"), "wrong type")
	}
	return invalid("", "not valid JSON")
}

type importer struct {
	doc   recording.Document
	notes []Note
	at    int               // the index of Chrome's step that is read
	pages map[string]string // our name of a page, by Chrome's target
	keys  keyboard
}

func (im *importer) note(path, format string, args ...any) {
	im.notes = append(im.notes, Note{Path: path, Message: fmt.Sprintf(format, args...)})
}

// lost notes something about a member of the step that is read.
func (im *importer) lost(member, format string, args ...any) {
	path := "steps/" + strconv.Itoa(im.at)
	if member != "" {
		path += "/" + member
	}
	im.note(path, format, args...)
}

func (im *importer) unknown(prefix string, members map[string]jsontext.Value) {
	for _, name := range slices.Sorted(maps.Keys(members)) {
		im.note(prefix+name, "unknown member: left out")
	}
}

func (im *importer) all(f flow) {
	im.doc = recording.Document{Format: recording.Format, Name: nameOf(f.Title), Steps: []recording.Step{}}
	if im.doc.Name != f.Title {
		im.note("title", "the name became %q", im.doc.Name)
	}
	if f.Timeout != 0 {
		im.note("timeout", "time limits are the run's, not the recording's: left out")
	}
	if f.SelectorAttribute != "" {
		im.note("selectorAttribute", "the selectors hold it already: left out")
	}
	im.unknown("", f.Unknown)
	for i, s := range f.Steps {
		im.at = i
		im.step(s)
	}
	for _, m := range im.keys.modifiers {
		im.note("steps", "%s is never released", m)
	}
	for _, k := range slices.Sorted(maps.Keys(im.keys.keys)) {
		im.note("steps/"+strconv.Itoa(im.keys.keys[k]), "%s is never released: pressed and released at once", k)
	}
	im.head()
}

// nameOf makes a name of any title.
func nameOf(title string) string {
	name := strings.TrimSpace(title)
	if len(name) > recording.MaxName {
		name = strings.ToValidUTF8(name[:recording.MaxName], "")
	}
	if strings.TrimSpace(name) == "" {
		return "Imported from Chrome"
	}
	return name
}

// head says where the recording begins.
func (im *importer) head() {
	for _, s := range im.doc.Steps {
		if s.Type == recording.Navigate && im.doc.URL == "" {
			im.doc.URL = s.URL
		}
		if s.Type == recording.SetViewport && im.doc.Viewport == (recording.Size{}) && stepPage(s) == "page" {
			im.doc.Viewport = *s.Viewport
		}
	}
}

// add puts a step of ours at the end, if it is a whole one.
func (im *importer) add(s recording.Step) {
	s.ID = "s" + strconv.Itoa(len(im.doc.Steps)+1)
	if faults := s.Check(); len(faults) > 0 {
		im.lost("", "%s left out: %s: %s", s.Type, faults[0].Path, faults[0].Message)
		return
	}
	if len(im.doc.Steps) >= recording.MaxSteps {
		im.lost("", "%s left out: a recording holds at most %d steps", s.Type, recording.MaxSteps)
		return
	}
	im.doc.Steps = append(im.doc.Steps, s)
}

func (im *importer) step(s step) {
	im.unknown(fmt.Sprintf("steps/%d/", im.at), s.Unknown)
	if s.Timeout != 0 {
		im.lost("timeout", "time limits are the run's, not the step's: left out")
	}
	translate, ok := translators[s.Type]
	if !ok {
		im.lost("type", "no such step is known: %q: left out", s.Type)
		return
	}
	im.strange(s)
	translate(im, s, im.page(s))
	im.events(s)
}

// strange notes members that a step of this type does not have.
func (im *importer) strange(s step) {
	has := map[string]bool{
		"url": s.URL != "", "button": s.Button != "", "deviceType": s.DeviceType != "", "duration": s.Duration != 0,
		"offsetX": s.OffsetX != nil, "offsetY": s.OffsetY != nil, "value": s.Value != nil, "key": s.Key != "", "x": s.X != nil, "y": s.Y != nil,
		"width": s.Width != 0, "height": s.Height != 0, "deviceScaleFactor": s.DeviceScaleFactor != 0, "isMobile": s.IsMobile,
		"hasTouch": s.HasTouch, "isLandscape": s.IsLandscape, "operator": s.Operator != "", "count": s.Count != nil, "visible": s.Visible != nil,
		"attributes": s.Attributes != nil, "properties": s.Properties != nil, "expression": s.Expression != "", "name": s.Name != "",
		"parameters": s.Parameters != nil, "download": s.Download != nil, "upload": s.Upload != nil, "latency": s.Latency != nil,
		"selectors": s.Selectors != nil, "frame": s.Frame != nil,
	}
	for _, member := range slices.Sorted(maps.Keys(has)) {
		if has[member] && !slices.Contains(members[s.Type], member) {
			im.lost(member, "a %s step has no such member: left out", s.Type)
		}
	}
}

var pointing = []string{"selectors", "frame", "button", "deviceType", "duration", "offsetX", "offsetY"}

// members are what each type of step has beside type, target, timeout and assertedEvents.
var members = map[string][]string{
	"navigate":                 {"url"},
	"click":                    pointing,
	"doubleClick":              pointing,
	"hover":                    {"selectors", "frame"},
	"change":                   {"selectors", "frame", "value"},
	"keyDown":                  {"key"},
	"keyUp":                    {"key"},
	"scroll":                   {"selectors", "frame", "x", "y"},
	"setViewport":              {"width", "height", "deviceScaleFactor", "isMobile", "hasTouch", "isLandscape"},
	"close":                    {},
	"waitForElement":           {"selectors", "frame", "operator", "count", "visible", "attributes", "properties"},
	"waitForExpression":        {"expression", "frame"},
	"emulateNetworkConditions": {"download", "upload", "latency"},
	"customStep":               {"name", "parameters", "frame"},
}

var translators = map[string]func(*importer, step, string){
	"navigate":       (*importer).navigate,
	"click":          func(im *importer, s step, page string) { im.click(s, page, 0) },
	"doubleClick":    func(im *importer, s step, page string) { im.click(s, page, 2) },
	"hover":          (*importer).hover,
	"change":         (*importer).change,
	"keyDown":        (*importer).keyDown,
	"keyUp":          (*importer).keyUp,
	"scroll":         (*importer).scroll,
	"setViewport":    (*importer).setViewport,
	"close":          (*importer).close,
	"waitForElement": (*importer).waitForElement,
	"waitForExpression": func(im *importer, s step, _ string) {
		im.lost("expression", "a script in the page is not a claim of ours: left out: %s", shorten(s.Expression))
	},
	"emulateNetworkConditions": func(im *importer, _ step, _ string) {
		im.lost("", "a slow network is not part of a recording: left out")
	},
	"customStep": (*importer).custom,
}

func shorten(s string) string {
	if len(s) > 200 {
		return strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}

// page is our name of the page that a step happens in. Chrome names a popup by its address, at its first use.
func (im *importer) page(s step) string {
	if name, ok := im.pages[s.Target]; ok {
		return name
	}
	taken := slices.Collect(maps.Values(im.pages))
	name := ""
	for n := 2; name == "" || slices.Contains(taken, name); n++ {
		name = "page" + strconv.Itoa(n)
	}
	im.pages[s.Target] = name
	im.lost("target", "%q is taken for a new page, %q, that the steps before opened", shorten(s.Target), name)
	im.add(recording.Step{Type: recording.OpenPage, Page: name, Opener: "page", URL: s.Target})
	return name
}

// target is the element of a step; nil when no selector could be kept.
func (im *importer) target(s step, roles []string) *recording.Target {
	t := &recording.Target{Candidates: []recording.Candidate{}}
	for i, sel := range s.Selectors {
		c, err := sel.candidate(roles)
		switch {
		case err != nil:
			im.lost("selectors/"+strconv.Itoa(i), "not kept: %v", err)
		case len(c.Selector) > recording.MaxText || len(t.Candidates) == maxCandidates:
			im.lost("selectors/"+strconv.Itoa(i), "not kept: there is too much")
		case !slices.Contains(t.Candidates, c):
			t.Candidates = append(t.Candidates, c)
		}
	}
	if len(t.Candidates) == 0 {
		return nil
	}
	if len(s.Frame) > 0 {
		t.Frames = framesOf(s.Frame)
		im.lost("frame", "frames are found by their place in the document")
	}
	return t
}

const maxCandidates = 50

func (im *importer) navigate(s step, page string) {
	im.add(recording.Step{Type: recording.Navigate, Page: page, URL: s.URL})
}

func (im *importer) hover(s step, page string) {
	im.add(recording.Step{Type: recording.Hover, Page: page, Target: im.target(s, controlRoles)})
}

var buttons = map[string]string{"": "", "primary": "", "auxiliary": "middle", "secondary": "right"}

// longPress is when holding the button matters, in milliseconds.
const longPress = 500

func (im *importer) click(s step, page string, count int) {
	button, ok := buttons[s.Button]
	if !ok {
		im.lost("button", "there is no button %q: the click is left out", s.Button)
		return
	}
	if s.DeviceType != "" && s.DeviceType != "mouse" {
		im.lost("deviceType", "done with the mouse, not by %s", s.DeviceType)
	}
	if s.Duration >= longPress {
		im.lost("duration", "not held for %.0f ms", s.Duration)
	}
	out := recording.Step{Type: recording.Click, Page: page, Target: im.target(s, controlRoles), Button: button, Count: count, Modifiers: im.keys.held()}
	if s.OffsetX != nil && s.OffsetY != nil {
		out.Position = &recording.Point{X: *s.OffsetX, Y: *s.OffsetY}
	}
	im.add(out)
}

func (im *importer) change(s step, page string) {
	if s.Value == nil {
		im.lost("value", "is missing: the step is left out")
		return
	}
	if strings.HasPrefix(*s.Value, `C:\fakepath\`) {
		im.lost("value", "an upload, of which Chrome keeps the name only: left out: %s", shorten(*s.Value))
		return
	}
	im.add(recording.Step{Type: recording.Fill, Page: page, Target: im.target(s, fieldRoles), Value: &recording.Value{Text: *s.Value}})
}

func (im *importer) keyDown(s step, page string) {
	if s.Key == "" {
		im.lost("key", "is missing: the step is left out")
		return
	}
	if im.keys.down(s.Key, im.at) {
		im.add(recording.Step{Type: recording.Press, Page: page, Key: s.Key, Modifiers: im.keys.held()})
	}
}

func (im *importer) keyUp(s step, page string) {
	was, alone := im.keys.up(s.Key)
	switch {
	case !was:
		im.lost("key", "%s is released but was not pressed: left out", shorten(s.Key))
	case alone:
		im.add(recording.Step{Type: recording.Press, Page: page, Key: modifierOf(s.Key), Modifiers: im.keys.held()})
	}
}

func (im *importer) scroll(s step, page string) {
	out := recording.Step{Type: recording.Scroll, Page: page, Scroll: &recording.Point{}}
	if s.X != nil {
		out.Scroll.X = *s.X
	}
	if s.Y != nil {
		out.Scroll.Y = *s.Y
	}
	if len(s.Selectors) > 0 {
		if out.Target = im.target(s, controlRoles); out.Target == nil {
			im.lost("selectors", "no way to the element was kept: the step is left out")
			return
		}
	} else if len(s.Frame) > 0 {
		out.Target = &recording.Target{Frames: framesOf(s.Frame), Candidates: []recording.Candidate{{By: "css", Selector: "css=:root", Matches: -1}}}
		im.lost("frame", "frames are found by their place in the document")
	}
	im.add(out)
}

func (im *importer) setViewport(s step, page string) {
	if s.DeviceScaleFactor != 0 && s.DeviceScaleFactor != 1 {
		im.lost("deviceScaleFactor", "is a setting of the session: left out")
	}
	for member, on := range map[string]bool{"isMobile": s.IsMobile, "hasTouch": s.HasTouch} {
		if on {
			im.lost(member, "is a setting of the session: left out")
		}
	}
	if s.IsLandscape && s.Width < s.Height {
		im.lost("isLandscape", "width and height count: left out")
	}
	im.add(recording.Step{Type: recording.SetViewport, Page: page, Viewport: &recording.Size{Width: whole(s.Width), Height: whole(s.Height)}})
}

// whole is a number of pixels; what is none becomes 0, which no viewport has.
func whole(f float64) int {
	if f < 1 || f > 1<<20 {
		return 0
	}
	return int(f)
}

func (im *importer) close(s step, page string) {
	im.add(recording.Step{Type: recording.ClosePage, Page: page})
	if page != "page" {
		delete(im.pages, s.Target) // the next one of that address is another page
		im.pages["\x00closed "+page] = page
	}
}

// custom reads our own steps again.
func (im *importer) custom(s step, _ string) {
	var own recording.Step
	if s.Name != ourStep || json.Unmarshal(s.Parameters, &own, json.RejectUnknownMembers(true)) != nil {
		im.lost("", "the custom step %q is known to its maker only: left out", shorten(s.Name))
		return
	}
	if _, known := im.pages[own.URL]; own.Type == recording.OpenPage && !known && !own.Disabled {
		im.pages[own.URL] = stepPage(own)
	}
	im.add(own)
}

// events keeps what a step led to as claims that nobody has looked at yet: Chrome itself only waits for a navigation.
func (im *importer) events(s step) {
	for i, e := range s.AssertedEvents {
		path := "assertedEvents/" + strconv.Itoa(i)
		im.unknown(fmt.Sprintf("steps/%d/%s/", im.at, path), e.Unknown)
		switch {
		case e.Type != "navigation":
			im.lost(path, "no such event is known: %q: left out", shorten(e.Type))
			continue
		case e.URL == "" && e.Title == "":
			im.lost(path, "a navigation to anywhere is no claim: left out")
			continue
		case len(im.doc.Steps) == 0:
			im.lost(path, "its step was left out, and it too")
			continue
		}
		page := im.page(s)
		im.claimPage(page, recording.HasURL, e.URL)
		im.claimPage(page, recording.HasTitle, e.Title)
	}
}

func (im *importer) claimPage(page string, c recording.Claim, want string) {
	if want != "" {
		im.add(recording.Step{Type: recording.Assert, Page: page, Assertion: &recording.Assertion{Claim: c, Expected: want, Match: "exact", Suggested: true}})
	}
}
