package proof

import (
	"fmt"
	"slices"
)

// Command asks for a change.
//
//sumtype:decl
type Command interface{ command() }

type (
	// Start begins an attempt.
	Start struct{ Started Started }
	// Record tells of finished runs; those that are known already are left out.
	Record struct{ Runs []Run }
	// Choose tells which mutants of a recording are tried; once chosen they stay.
	Choose struct{ Chosen Chosen }
	// Judge tells what tests made of mutants; what is known already is left out.
	Judge struct{ Judgements []Judgement }
	// Probe tells which assertions notice what they are about; what is known already is left out.
	Probe struct{ Checks []Check }
	// Mend tells of an attempt to mend a test; one that is known already is left out.
	Mend struct{ Repair Repair }
	// Film tells of a failed run that was made once more; a second time is left out.
	Film struct{ Filmed Filmed }
	// Continue tells which job tries the rest of the faults. It may be said, and judged, when the attempt is closed.
	Continue struct{ Continued Continued }
	// Finish closes the attempt.
	Finish struct{ Finished Finished }
)

func (Start) command()    {}
func (Record) command()   {}
func (Choose) command()   {}
func (Judge) command()    {}
func (Probe) command()    {}
func (Mend) command()     {}
func (Film) command()     {}
func (Continue) command() {}
func (Finish) command()   {}

// RefusedError says that the proof's state does not allow a command.
type RefusedError struct {
	ID  string
	Why string
}

// Error implements error.
func (e *RefusedError) Error() string { return fmt.Sprintf("proof %s: %s", e.ID, e.Why) }

// Decide answers what follows from a command: no events when it is known already. It fails with *RefusedError.
func Decide(s State, c Command) ([]Event, error) {
	if start, ok := c.(Start); ok {
		return decideStart(s, start.Started)
	}
	if s.Status != StatusRunning && !s.goesOn(c) {
		return nil, &RefusedError{ID: s.ID, Why: "it is not being made"}
	}
	switch c := c.(type) {
	case Record:
		runs := slices.DeleteFunc(slices.Clone(c.Runs), func(r Run) bool { _, known := s.Run(r.Key); return known })
		if err := s.check(func(yield func(string) bool) { each(runs, func(r Run) string { return r.Test }, yield) }); err != nil || len(runs) == 0 {
			return nil, err
		}
		return []Event{Ran{Runs: runs}}, nil
	case Choose:
		if s.Chose(c.Chosen.Recording) {
			return nil, nil
		}
		return []Event{c.Chosen}, nil
	case Judge:
		list := slices.DeleteFunc(slices.Clone(c.Judgements), func(j Judgement) bool { _, known := s.Judgement(j.Test, j.Mutant); return known })
		if err := s.check(func(yield func(string) bool) { each(list, func(j Judgement) string { return j.Test }, yield) }); err != nil || len(list) == 0 {
			return nil, err
		}
		return []Event{Judged{Judgements: list}}, nil
	case Probe:
		list := slices.DeleteFunc(slices.Clone(c.Checks), func(k Check) bool {
			return slices.ContainsFunc(s.Checks, func(o Check) bool { return o.Test == k.Test && o.Assertion == k.Assertion })
		})
		if err := s.check(func(yield func(string) bool) { each(list, func(k Check) string { return k.Test }, yield) }); err != nil || len(list) == 0 {
			return nil, err
		}
		return []Event{Checked{Checks: list}}, nil
	case Mend:
		if slices.ContainsFunc(s.Repairs, func(r Repair) bool { return r.Test == c.Repair.Test && r.Number == c.Repair.Number }) {
			return nil, nil
		}
		if err := s.check(func(yield func(string) bool) { yield(c.Repair.Test) }); err != nil {
			return nil, err
		}
		return []Event{Repaired(c.Repair)}, nil
	case Film:
		r, known := s.Run(c.Filmed.Key)
		if !known {
			return nil, &RefusedError{ID: s.ID, Why: fmt.Sprintf("there is no run %q", c.Filmed.Key)}
		}
		if r.Again != "" {
			return nil, nil
		}
		return []Event{c.Filmed}, nil
	case Continue:
		if s.Rest != nil && *s.Rest == c.Continued {
			return nil, nil
		}
		return []Event{c.Continued}, nil
	case Finish:
		return []Event{c.Finished}, nil
	case Start:
	}
	return nil, nil
}

// goesOn says whether a command may come when the attempt is closed: faults are still tried afterwards.
func (s State) goesOn(c Command) bool {
	if s.Status != StatusProven && s.Status != StatusFailed {
		return false
	}
	switch c.(type) {
	case Continue, Choose, Judge, Probe:
		return true
	case Start, Record, Mend, Film, Finish:
	}
	return false
}

func decideStart(s State, e Started) ([]Event, error) {
	if s.Exists() && s.Attempt >= e.Attempt {
		return nil, &RefusedError{ID: s.ID, Why: fmt.Sprintf("attempt %d follows attempt %d", e.Attempt, s.Attempt)}
	}
	seen := map[string]bool{}
	for _, t := range e.Tests {
		if t.ID == "" || seen[t.ID] {
			return nil, &RefusedError{ID: s.ID, Why: fmt.Sprintf("test %q is there twice or has no id", t.ID)}
		}
		seen[t.ID] = true
	}
	return []Event{e}, nil
}

func each[T any](list []T, name func(T) string, yield func(string) bool) {
	for _, v := range list {
		if !yield(name(v)) {
			return
		}
	}
}

// check refuses what is about a test that the proof does not know.
func (s State) check(tests func(yield func(string) bool)) error {
	for id := range tests {
		if !slices.ContainsFunc(s.Tests, func(t Test) bool { return t.ID == id }) {
			return &RefusedError{ID: s.ID, Why: fmt.Sprintf("there is no test %q", id)}
		}
	}
	return nil
}
