package recording

import (
	"time"
)

// Action is what a step does. Its values are the "type" of a step in recording.json.
type Action string

// The actions.
const (
	Navigate    Action = "navigate"    // URL; History says back, forward or reload
	Click       Action = "click"       // Button, Count (2 is a double click), Modifiers, Position
	Fill        Action = "fill"        // Value, the whole content of a field after typing; contenteditable too
	Press       Action = "press"       // Key, with Modifiers
	Check       Action = "check"       // a checkbox or radio button is on afterwards
	Uncheck     Action = "uncheck"     // a checkbox is off afterwards
	Select      Action = "select"      // Values, the chosen options' values
	Upload      Action = "upload"      // Files
	Hover       Action = "hover"       // something appeared that was then used
	Drag        Action = "drag"        // from Target to To, at Position and ToPosition
	Scroll      Action = "scroll"      // Scroll, when what came after needed it
	Dialog      Action = "dialog"      // Dialog: the answer to an alert, confirm, prompt or beforeunload
	Download    Action = "download"    // Files[0] is what arrived
	OpenPage    Action = "openPage"    // a popup or tab appeared; Page is its name, Opener who opened it
	ClosePage   Action = "closePage"   // Page was closed
	Assert      Action = "assert"      // Assertion
	SetViewport Action = "setViewport" // Viewport
	Wait        Action = "wait"        // Target becomes visible, as an imported recording may ask
)

// Actions lists every action.
var Actions = []Action{
	Navigate, Click, Fill, Press, Check, Uncheck, Select, Upload, Hover, Drag, Scroll, Dialog, Download, OpenPage,
	ClosePage, Assert, SetViewport, Wait,
}

// The words of a step's other fields; an empty Button or Match is the first of its words.
var (
	Histories   = []string{"back", "forward", "reload"}
	Buttons     = []string{"left", "middle", "right"}
	Modifiers   = []string{"Alt", "Control", "ControlOrMeta", "Meta", "Shift"}
	DialogKinds = []string{"alert", "confirm", "prompt", "beforeunload"}
	Matches     = []string{"contains", "exact", "regex"}
)

// Step is one thing that a person or a script did, or a claim about the page.
type Step struct {
	// ID is unique within the recording and stays when the step is edited or moved.
	ID string `json:"id"`
	// Type is the action; which of the fields below it uses stands with each Action.
	Type Action `json:"type"`
	// Title is one line for people, for example `Click button "Save"`.
	Title string `json:"title,omitempty"`
	// Page names the tab: "page" is the first, "page2" the next.
	Page string `json:"page,omitempty"`
	// Target is the element acted on.
	Target *Target `json:"target,omitempty"`

	// Opener names the page that opened this one, for OpenPage; empty for a tab that a person or a script opened.
	Opener string `json:"opener,omitempty"`

	URL     string `json:"url,omitempty"`
	History string `json:"history,omitempty"` // "back", "forward" or "reload"

	Button    string   `json:"button,omitempty"` // "left" (also when empty), "middle" or "right"
	Count     int      `json:"count,omitzero"`   // clicks; 0 is 1
	Modifiers []string `json:"modifiers,omitempty"`
	// Position is where in the element, in CSS pixels from its top left corner; nil is its middle.
	Position *Point `json:"position,omitempty"`

	Key    string  `json:"key,omitempty"`   // Playwright's key names: "Enter", "ArrowDown", "a"
	Value  *Value  `json:"value,omitempty"` // Fill
	Values []Value `json:"values,omitempty"`
	Files  []File  `json:"files,omitempty"`

	To         *Target `json:"to,omitempty"` // Drag
	ToPosition *Point  `json:"toPosition,omitempty"`

	// Scroll is the scroll offset afterwards, of Target or, without one, of the page.
	Scroll    *Point     `json:"scroll,omitempty"`
	Dialog    *DialogBox `json:"dialog,omitempty"`
	Assertion *Assertion `json:"assertion,omitempty"`
	Viewport  *Size      `json:"viewport,omitempty"`

	// Disabled steps are kept and passed over.
	Disabled bool   `json:"disabled,omitzero"`
	Note     string `json:"note,omitempty"`
	// By says who did it: "person", "script" or "editor".
	By string `json:"by,omitempty"`
	// At is when it happened; zero for a step that was written by hand.
	At time.Time `json:"at,omitzero"`
	// Evidence is what was seen; nil for a step that was written by hand.
	Evidence *Evidence `json:"evidence,omitempty"`
}

// Follows says whether a step is what the one before it brings.
func (s Step) Follows() bool {
	return s.Type == Dialog || s.Type == Download || s.Type == OpenPage && s.Opener != ""
}

// Point is a place in CSS pixels.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// Size is a width and height in CSS pixels.
type Size struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

// Box is a rectangle in CSS pixels of the page's viewport.
type Box struct {
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
}

// Value is text that a step types or chooses: exactly one of Text, Secret and Variable counts, Secret first. A
// secret's Text is its placeholder, never its value.
type Value struct {
	Text string `json:"text"`
	// Secret names a secret of the run.
	Secret string `json:"secret,omitempty"`
	// Variable names one of the recording's variables; Text is the recorded value.
	Variable string `json:"variable,omitempty"`
}

// File is a file that was uploaded or downloaded.
type File struct {
	Name        string `json:"name"`
	ContentType string `json:"contentType,omitempty"`
	Size        int64  `json:"size"`
	SHA256      string `json:"sha256,omitempty"`
	// Artifact is the name of the job's artefact with the bytes; empty when they were not kept.
	Artifact string `json:"artifact,omitempty"`
}

// DialogBox is a JavaScript dialog and its answer.
type DialogBox struct {
	Kind    string `json:"kind"` // "alert", "confirm", "prompt" or "beforeunload"
	Message string `json:"message,omitempty"`
	Accept  bool   `json:"accept"`
	Text    string `json:"text,omitempty"` // the answer to a prompt
}

// Claim is what an assertion says.
type Claim string

// The claims. Name and Expected are used as said; a claim with Not holds when it does not.
const (
	Visible   Claim = "visible"
	Hidden    Claim = "hidden"
	HasText   Claim = "text"    // Expected; Match "contains" (also when empty) or "exact" or "regex"
	HasValue  Claim = "value"   // Expected
	IsChecked Claim = "checked" // Not for unchecked
	IsEnabled Claim = "enabled" // Not for disabled
	HasCount  Claim = "count"   // Expected is a number
	HasURL    Claim = "url"     // Expected; Match; no Target
	HasTitle  Claim = "title"   // Expected; Match; no Target
	HasAttr   Claim = "attribute"
	IsAria    Claim = "ariaSnapshot" // Expected is Playwright's aria snapshot (YAML)
)

// Claims lists every claim.
var Claims = []Claim{Visible, Hidden, HasText, HasValue, IsChecked, IsEnabled, HasCount, HasURL, HasTitle, HasAttr, IsAria}

// Assertion is a claim about the page at this place of the recording.
type Assertion struct {
	Claim Claim `json:"claim"`
	Not   bool  `json:"not,omitzero"`
	// Name is the attribute's, for HasAttr.
	Name     string `json:"name,omitempty"`
	Expected string `json:"expected,omitempty"`
	Match    string `json:"match,omitempty"`
	// Suggested says that the recorder proposed it and nobody has looked at it yet.
	Suggested bool `json:"suggested,omitzero"`
}

// Target says how an element can be found. The frames lead from the page to the element's document.
type Target struct {
	// Frames are the iframe elements on the way, outermost first; empty for the page's own document.
	Frames []Frame `json:"frames,omitempty"`
	// Candidates are all ways to the element that were tried, the best first.
	Candidates []Candidate `json:"candidates"`
	// Chosen is the Selector that a person picked; empty is the first candidate that matched once.
	Chosen  string `json:"chosen,omitempty"`
	Element *Facts `json:"element,omitempty"`
}

// Frame is one iframe on the way to an element.
type Frame struct {
	Candidates []Candidate `json:"candidates"`
	Name       string      `json:"name,omitempty"`
	URL        string      `json:"url,omitempty"`
}

// Candidate is one way to find an element.
type Candidate struct {
	// By is "testid", "role", "label", "placeholder", "alt", "text", "title", "css" or "xpath".
	By string `json:"by"`
	// Selector is in Playwright's selector language, for example `internal:role=button[name="Save"i]`.
	Selector string `json:"selector"`
	// Locator is the same as code for people: `getByRole('button', { name: 'Save' })`.
	Locator string `json:"locator,omitempty"`
	// Matches is how many elements it found in its document at that moment; -1 when it was not counted.
	Matches int `json:"matches"`
}

// Best is the selector to use: the chosen one, else the first that matched exactly once, else the first. It is empty
// when there is none.
func (t *Target) Best() string {
	if t.Chosen != "" {
		return t.Chosen
	}
	return best(t.Candidates)
}

// Best is the selector of the iframe element to use.
func (f Frame) Best() string { return best(f.Candidates) }

func best(candidates []Candidate) string {
	for _, c := range candidates {
		if c.Matches == 1 {
			return c.Selector
		}
	}
	if len(candidates) == 0 {
		return ""
	}
	return candidates[0].Selector
}

// Facts describe an element as it was.
type Facts struct {
	Tag        string            `json:"tag"`
	Role       string            `json:"role,omitempty"`
	Name       string            `json:"name,omitempty"` // the accessible name
	Text       string            `json:"text,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"`
	// Near is the beginning of the text around it: of the smallest part of the page that has text beside its own.
	Near string `json:"near,omitempty"`
	// Path is where it stood: the tags from the root to it, each with its number among those of its kind from the second on.
	Path string `json:"path,omitempty"`
}

// Evidence is what was seen when a step happened. Names of files are those of the job's artefacts.
type Evidence struct {
	Box      *Box   `json:"box,omitempty"`
	Viewport *Size  `json:"viewport,omitempty"`
	URL      string `json:"url,omitempty"`
	Title    string `json:"title,omitempty"`
	// Navigated is the address that the page went to because of this step: no step of its own.
	Navigated string `json:"navigated,omitempty"`
	// Aria is the accessibility tree around the element, as Playwright's aria snapshot.
	Aria       string `json:"aria,omitempty"`
	Screenshot string `json:"screenshot,omitempty"`
	DOM        string `json:"dom,omitempty"`
	// Requests are what the page asked for between this step and the next.
	Requests []Request `json:"requests,omitempty"`
	// Console are the lines of console.ndjson that fell into this step.
	Console []ConsoleLine `json:"console,omitempty"`
	// OffsetMS is the time since the recording's start; DurationMS how long the step took.
	OffsetMS   int64 `json:"offsetMs"`
	DurationMS int64 `json:"durationMs,omitzero"`
}

// Request is one exchange of network.har.
type Request struct {
	Entry  int    `json:"entry"` // its index in the HAR
	Method string `json:"method"`
	URL    string `json:"url"`
	Status int    `json:"status,omitzero"`
	Type   string `json:"type,omitempty"` // Sec-Fetch-Dest: "document", "empty", "script", …
	Error  string `json:"error,omitempty"`
}

// ConsoleLine is one line that a page said.
type ConsoleLine struct {
	Level string `json:"level"`
	Text  string `json:"text"`
}

// Variable is a value that differs from run to run.
type Variable struct {
	Name string `json:"name"`
	// Rows are the values to run with, one run each; empty keeps the recorded one.
	Rows []string `json:"rows,omitempty"`
	// Unique makes each run's value its own: the recorded one with a suffix.
	Unique bool   `json:"unique,omitzero"`
	Note   string `json:"note,omitempty"`
}
