package capture

import (
	"fmt"
	"time"

	"tapedeck/domain/recording"
)

// suggestWithin is how long after a step what appears is put down to it.
const suggestWithin = 10 * time.Second

// suggest tells of what newly appeared after the newest step.
func (c *Capture) suggest(s seen) {
	last := c.fold.last
	if last == nil || s.at.Sub(last.At) > suggestWithin || last.Type == recording.Navigate {
		return
	}
	for _, a := range s.Appeared {
		target := a.Element.target(s.frames)
		assertion := recording.Assertion{Claim: a.Claim, Suggested: true}
		if a.Claim == recording.HasText {
			assertion.Expected = a.Text
		}
		c.options.OnSuggestion(Suggestion{
			After: last.ID, Page: s.name, Target: *target, Assertion: assertion,
			Label: fmt.Sprintf("%s appeared", named(target)), Box: *shifted(a.Element.Box, s.offset),
		})
	}
}
