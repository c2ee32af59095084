package generate

import (
	"strings"

	"tapedeck/domain/recording"
	"tapedeck/workers/generate/learn"
)

// Assertion says what an assertion of a test goes back to. A proof knows it by its number.
type Assertion struct {
	// Number is its place in the test, from 1.
	Number int `json:"number"`
	// StepID is the recorded step that claims it, or behind which it was learnt.
	StepID  string `json:"stepId"`
	Learned bool   `json:"learned,omitzero"`
	// Text says in a line what it claims.
	Text string `json:"text"`
}

// MaxTold is how many assertions a result tells.
const MaxTold = 200

// assertions are those of a test that was written; asked are the ids of the steps that its assertions are about, in order.
func assertions(doc recording.Document, asked []string) []Assertion {
	steps := make(map[string]recording.Step, len(doc.Steps))
	for _, s := range doc.Steps {
		steps[s.ID] = s
	}
	var out []Assertion
	for i, id := range asked[:min(len(asked), MaxTold)] {
		of, _, learned := strings.Cut(id, learn.Mark)
		s := steps[id]
		out = append(out, Assertion{Number: i + 1, StepID: of, Learned: learned && s.By == learn.By, Text: s.Words()})
	}
	return out
}
