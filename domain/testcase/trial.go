package testcase

import (
	"fmt"
	"slices"

	"tapedeck/domain/recording"
)

// Outcome is what should become of a trial.
type Outcome string

// The outcomes.
const (
	// OutcomeRecorded: nothing is entered but what the recording enters, and what it shows should follow.
	OutcomeRecorded Outcome = "recorded"
	// OutcomeBlocked: the browser itself points at the field and sends nothing.
	OutcomeBlocked Outcome = "blocked"
	// OutcomeShortened: the browser takes no more than the first Length characters.
	OutcomeShortened Outcome = "shortened"
	// OutcomeRefused and OutcomeAccepted: what the application should say to it. A recording of something else does not know.
	OutcomeRefused  Outcome = "refused"
	OutcomeAccepted Outcome = "accepted"
)

// Trial is a case as a program can do it: the recording's steps up to one of them, with another text in one field.
type Trial struct {
	Outcome Outcome `json:"outcome"`
	// Last is the id of the recorded step that it ends with; "" is the whole recording.
	Last string `json:"last,omitempty"`
	// Entered is the id of the step that enters something into the field, Field the field's name for people. Both are empty
	// for OutcomeRecorded.
	Entered string `json:"entered,omitempty"`
	Field   string `json:"field,omitempty"`
	// Text is what is entered instead. Left says that the step is left out: nothing is chosen, checked or uploaded.
	Text string `json:"text,omitempty"`
	Left bool   `json:"left,omitzero"`
	// Length is how many characters of Text stay, for OutcomeShortened.
	Length int `json:"length,omitzero"`
}

// MaxEntered bounds Trial.Text, in bytes.
const MaxEntered = 5000

// Apply is the recording as the trial does it: its steps without what is disabled, up to the last one, with what that brings
// for OutcomeRecorded alone. Assertions behind the field are left out: they were made of another text. It fails when the
// recording no longer has the trial's steps; doc is not changed.
func (t Trial) Apply(doc recording.Document) (recording.Document, error) {
	steps := slices.DeleteFunc(slices.Clone(doc.Steps), func(s recording.Step) bool { return s.Disabled })
	at := func(id string) int { return slices.IndexFunc(steps, func(s recording.Step) bool { return s.ID == id }) }
	if t.Last != "" {
		last := at(t.Last)
		if last < 0 {
			return doc, fmt.Errorf("the recording has no step %s any more", t.Last)
		}
		for last+1 < len(steps) && steps[last+1].Follows() && t.Outcome == OutcomeRecorded {
			last++
		}
		steps = steps[:last+1]
	}
	if t.Entered != "" {
		i := at(t.Entered)
		if i < 0 {
			return doc, fmt.Errorf("the recording has no step %s any more", t.Entered)
		}
		// What is claimed from there on is claimed of what was entered then.
		behind := slices.DeleteFunc(slices.Clone(steps[i+1:]), func(s recording.Step) bool { return s.Type == recording.Assert })
		if t.Left {
			steps = append(steps[:i:i], behind...)
		} else {
			changed := steps[i]
			if changed.Type != recording.Fill {
				return doc, fmt.Errorf("the step %s no longer enters a text", t.Entered)
			}
			changed.Value = &recording.Value{Text: t.Text}
			changed.Evidence = nil
			steps = append(append(steps[:i:i], changed), behind...)
		}
	}
	doc.Steps = steps
	return doc, nil
}

// Proves is what a test of the case proves when it passed all its runs: on an environment (live), or on the twin.
func (c Case) Proves(live bool) Class {
	switch {
	case live:
		return LiveProven
	case c.Candidate == ClientOnly:
		return ClientOnly
	}
	return TwinProven
}
