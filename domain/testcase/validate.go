package testcase

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// Fault is one thing that is wrong.
type Fault struct {
	// Path leads to it with slashes, for example "steps/0/action".
	Path    string
	Message string
}

// InvalidError says what is wrong with what somebody wrote.
type InvalidError struct{ Faults []Fault }

// Error implements error.
func (e *InvalidError) Error() string {
	return fmt.Sprintf("not valid: %s %s", e.Faults[0].Path, e.Faults[0].Message)
}

// check lists what is wrong with a case.
func (c Case) check() []Fault {
	var faults []Fault
	add := func(path, format string, args ...any) {
		faults = append(faults, Fault{Path: path, Message: fmt.Sprintf(format, args...)})
	}
	text := func(path, value string, needed bool, most int) {
		switch n := utf8.RuneCountInString(value); {
		case needed && value == "":
			add(path, "is needed")
		case n > most:
			add(path, "has %d characters, at most %d are kept", n, most)
		case Clean(value) != value:
			add(path, "has blanks at its ends, or control characters")
		}
	}
	text("title", c.Title, true, MaxTitle)
	if !slices.Contains(CaseTypes, c.Type) {
		add("type", "want positive, negative or edge")
	}
	if !slices.Contains(Priorities, c.Priority) {
		add("priority", "want high, medium or low")
	}
	if len(c.Preconditions) > MaxConditions {
		add("preconditions", "at most %d", MaxConditions)
	}
	for i, p := range c.Preconditions {
		text(fmt.Sprintf("preconditions/%d", i), p, true, MaxText)
	}
	if len(c.Tags) > MaxTags {
		add("tags", "at most %d", MaxTags)
	}
	for i, t := range c.Tags {
		text(fmt.Sprintf("tags/%d", i), t, true, MaxTag)
	}
	if len(c.Steps) == 0 || len(c.Steps) > MaxSteps {
		add("steps", "want 1 to %d", MaxSteps)
	}
	seen := map[string]bool{}
	for i, s := range c.Steps {
		path := fmt.Sprintf("steps/%d/", i)
		if s.ID == "" || seen[s.ID] {
			add(path+"stepId", "is empty or there twice")
		}
		seen[s.ID] = true
		text(path+"action", s.Action, true, MaxText)
		text(path+"data", s.Data, false, MaxText)
		text(path+"expected", s.Expected, false, MaxText)
	}
	return faults
}
