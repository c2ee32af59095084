package capture

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"tapedeck/domain/recording"
)

// message is what the script says of one thing that was done.
type message struct {
	Kind     string         `json:"kind"`
	Doc      string         `json:"doc"`
	URL      string         `json:"url"`
	Title    string         `json:"title"`
	Viewport recording.Size `json:"viewport"`
	CostMS   float64        `json:"costMs"`
	Element  *element       `json:"element"`

	Button     string           `json:"button"`
	Count      int              `json:"count"`
	Modifiers  []string         `json:"modifiers"`
	Position   *recording.Point `json:"position"`
	Key        string           `json:"key"`
	Value      string           `json:"value"`
	Fresh      bool             `json:"fresh"` // the first message of a visit to a field
	Checked    bool             `json:"checked"`
	Values     []string         `json:"values"`
	Labels     []string         `json:"labels"`
	Files      []recording.File `json:"files"`
	To         *element         `json:"to"`
	ToPosition *recording.Point `json:"toPosition"`
	Scroll     *recording.Point `json:"scroll"`
	Text       string           `json:"text"`
	Appeared   []appeared       `json:"appeared"`
}

// element is an element as the script describes it.
type element struct {
	ID         int                   `json:"id"`
	Candidates []recording.Candidate `json:"candidates"`
	Facts      recording.Facts       `json:"facts"`
	Box        recording.Box         `json:"box"`
	Aria       string                `json:"aria"`
	Secret     string                `json:"secret"`
}

// appeared is an element that was not there before the last action.
type appeared struct {
	Element element         `json:"element"`
	Claim   recording.Claim `json:"claim"`
	Text    string          `json:"text"`
}

// target is the element with the way to its frame.
func (e *element) target(frames []recording.Frame) *recording.Target {
	facts := e.Facts
	return &recording.Target{Frames: frames, Candidates: e.Candidates, Element: &facts}
}

func parseMessage(payload string) (message, error) {
	var m message
	if err := json.Unmarshal([]byte(payload), &m); err != nil {
		return message{}, fmt.Errorf("capture: a message of the script: %w", err)
	}
	return m, nil
}
