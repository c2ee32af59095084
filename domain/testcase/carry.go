package testcase

import (
	"fmt"
	"slices"
)

// Carried takes over cases of an earlier set of the same recording, with all that became of them: a set that makes only some
// cases anew keeps what people said of the others.
type Carried struct {
	// From is the earlier set.
	From  string     `json:"from"`
	Cases []Reviewed `json:"cases"`
}

// Carry tells of cases that are taken over; those that are known already are left out.
type Carry struct{ Carried Carried }

// EventType implements Event.
func (Carried) EventType() string { return "testcases.carried" }

func (Carried) sealed() {}

func (Carry) command() {}

func (s State) carry(c Carried) ([]Event, error) {
	if s.Status != Generating {
		return nil, &RefusedError{ID: s.ID, Why: "they are not being generated"}
	}
	seen := map[string]bool{}
	c.Cases = slices.DeleteFunc(slices.Clone(c.Cases), func(r Reviewed) bool {
		again := seen[r.ID] || s.index(r.ID) >= 0
		seen[r.ID] = true
		return again
	})
	for _, r := range c.Cases {
		faults := r.check()
		if !slices.Contains(Standings, r.Standing) {
			faults = append(faults, Fault{Path: "standing", Message: "is not known"})
		}
		if len(faults) > 0 {
			return nil, fmt.Errorf("case %s: %w", r.ID, &InvalidError{Faults: faults})
		}
	}
	if len(c.Cases) == 0 {
		return nil, nil
	}
	return []Event{c}, nil
}

// Onto puts what a person made of a case onto one that was generated anew: her text stays, with what the new one cites and
// its id, and the new one is kept beside it. It is for review, and unproven. Where both read the same, nothing of the
// edit is left but its history.
func (r Reviewed) Onto(c Case) Reviewed {
	next := r.content().of(c)
	next.Proof = Manual
	out := Reviewed{Case: next, Standing: IsEdited, Generated: &c, Changes: Diff(c, next), History: slices.Clone(r.History)}
	if len(out.Changes) == 0 {
		out.Standing, out.Generated = IsProposed, nil
	}
	return out
}

// content is what people write of a case.
func (c Case) content() Content {
	out := Content{Title: c.Title, Type: c.Type, Priority: c.Priority, Preconditions: c.Preconditions, Tags: c.Tags}
	for _, s := range c.Steps {
		out.Steps = append(out.Steps, ContentStep{ID: s.ID, Action: s.Action, Data: s.Data, Expected: s.Expected})
	}
	return out
}
