package chromerecorder

import (
	"github.com/go-json-experiment/json/jsontext"
)

// Note is one thing that could not be mapped, or not quite.
type Note struct {
	// Path is the place in what was given: "steps/3/button".
	Path    string `json:"path"`
	Message string `json:"message"`
}

// flow is a recording of Chrome's.
type flow struct {
	Title             string                    `json:"title"`
	Timeout           float64                   `json:"timeout,omitzero"`
	SelectorAttribute string                    `json:"selectorAttribute,omitempty"`
	Steps             []step                    `json:"steps"`
	Unknown           map[string]jsontext.Value `json:",embed"`
}

// step has the members of all of Chrome's types of steps.
type step struct {
	Type           string          `json:"type"`
	Target         string          `json:"target,omitempty"`
	Frame          []int           `json:"frame,omitempty"`
	Selectors      []selector      `json:"selectors,omitempty"`
	AssertedEvents []assertedEvent `json:"assertedEvents,omitempty"`
	Timeout        float64         `json:"timeout,omitzero"`

	URL string `json:"url,omitempty"` // navigate

	Button     string   `json:"button,omitempty"` // click, doubleClick
	DeviceType string   `json:"deviceType,omitempty"`
	Duration   float64  `json:"duration,omitzero"`
	OffsetX    *float64 `json:"offsetX,omitzero"`
	OffsetY    *float64 `json:"offsetY,omitzero"`

	Value *string  `json:"value,omitzero"` // change; a pointer, because it may be set to nothing
	Key   string   `json:"key,omitempty"`  // keyDown, keyUp
	X     *float64 `json:"x,omitzero"`     // scroll
	Y     *float64 `json:"y,omitzero"`

	Width             float64 `json:"width,omitzero"` // setViewport
	Height            float64 `json:"height,omitzero"`
	DeviceScaleFactor float64 `json:"deviceScaleFactor,omitzero"`
	IsMobile          bool    `json:"isMobile,omitzero"`
	HasTouch          bool    `json:"hasTouch,omitzero"`
	IsLandscape       bool    `json:"isLandscape,omitzero"`

	Operator   string                    `json:"operator,omitempty"` // waitForElement
	Count      *int                      `json:"count,omitzero"`
	Visible    *bool                     `json:"visible,omitzero"`
	Attributes map[string]string         `json:"attributes,omitempty"`
	Properties map[string]jsontext.Value `json:"properties,omitempty"`

	Expression string         `json:"expression,omitempty"` // waitForExpression
	Name       string         `json:"name,omitempty"`       // customStep
	Parameters jsontext.Value `json:"parameters,omitempty"`

	Download *float64 `json:"download,omitzero"` // emulateNetworkConditions
	Upload   *float64 `json:"upload,omitzero"`
	Latency  *float64 `json:"latency,omitzero"`

	Unknown map[string]jsontext.Value `json:",embed"`
}

// assertedEvent is something that a step must cause.
type assertedEvent struct {
	Type    string                    `json:"type"`
	URL     string                    `json:"url,omitempty"`
	Title   string                    `json:"title,omitempty"`
	Unknown map[string]jsontext.Value `json:",embed"`
}

// selector is a way to an element: one part, or one for each shadow tree on the way.
type selector []string

// UnmarshalJSONFrom reads a string or a list of them.
func (s *selector) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != '[' {
		tok, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if tok.Kind() != '"' {
			return errNoSelector
		}
		*s = selector{tok.String()}
		return nil
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != ']' {
		tok, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if tok.Kind() != '"' {
			return errNoSelector
		}
		*s = append(*s, tok.String())
	}
	_, err := dec.ReadToken()
	return err
}

// mainTarget is the page that a recording begins in.
const mainTarget = "main"

// ourStep is the name of the custom step that keeps one of ours.
const ourStep = "tapedeck.step"
