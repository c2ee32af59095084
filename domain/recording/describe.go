package recording

import (
	"cmp"
	"fmt"
	"strings"
)

// Describe says in one line for people what an event did, and which step it was about, if one.
func Describe(e Event) (what, stepID string) {
	switch e := e.(type) {
	case Started:
		if e.Attempt > 1 {
			return fmt.Sprintf("Recording began again (attempt %d)", e.Attempt), ""
		}
		return "Recording began", ""
	case StepRecorded:
		return "Recorded: " + e.Step.Words(), e.Step.ID
	case StepChanged:
		if e.Edited {
			return "Edited: " + e.Step.Words(), e.Step.ID
		}
		return "More is known of: " + e.Step.Words(), e.Step.ID
	case StepInserted:
		return fmt.Sprintf("Inserted at %d: %s", e.Index+1, e.Step.Words()), e.Step.ID
	case StepRemoved:
		return "Removed a step", e.StepID
	case StepMoved:
		return fmt.Sprintf("Moved a step to %d", e.Index+1), e.StepID
	case Renamed:
		return fmt.Sprintf("Renamed to %q", e.Name), ""
	case Filed:
		return fmt.Sprintf("Moved to the folder %q", e.Folder), ""
	case VariablesSet:
		return fmt.Sprintf("Set %d variables", len(e.Variables)), ""
	case Reverted:
		return revertedWords[e.Way] + fmt.Sprintf(" (to version %d)", e.Version), ""
	case Finished:
		return "Recording ended: " + e.Outcome, ""
	case Removed:
		return "Removed from the library", ""
	case Restored:
		return "Brought back into the library", ""
	case Unknown:
	}
	return e.EventType(), ""
}

var revertedWords = map[string]string{"undo": "Undid an edit", "redo": "Did an edit again", "restore": "Restored"}

// words is the step's title, or what it does.
// Words is the step in a line for people: its title, else what is done with what.
func (s Step) Words() string {
	if s.Title != "" {
		return s.Title
	}
	words := string(s.Type)
	if s.Target != nil {
		words += " " + s.Target.words()
	} else if s.URL != "" {
		words += " " + s.URL
	}
	if s.Assertion != nil {
		words += " " + s.Assertion.words()
	}
	return words
}

// words name an element as it was seen, else the way to it.
func (t *Target) words() string {
	e := t.Element
	if e == nil {
		return t.Best()
	}
	if name := cmp.Or(e.Name, e.Text); name != "" {
		return fmt.Sprintf("%s %q", cmp.Or(e.Role, e.Tag), shorten(name))
	}
	return t.Best()
}

func (a *Assertion) words() string {
	words := string(a.Claim)
	if a.Not {
		words = "not " + words
	}
	if a.Name != "" {
		words += " " + a.Name
	}
	if a.Expected != "" {
		words += fmt.Sprintf(" %q", shorten(a.Expected))
	}
	return words
}

// shorten leaves of a text what fits into a line.
func shorten(text string) string {
	const most = 80
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) <= most {
		return string(runes)
	}
	return string(runes[:most-1]) + "…"
}
