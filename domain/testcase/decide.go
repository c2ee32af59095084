package testcase

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Command asks for a change.
//
//sumtype:decl
type Command interface{ command() }

type (
	// Start begins an attempt.
	Start struct{ Started Started }
	// Add tells of a part of what was generated; cases and findings that are known already are left out.
	Add struct{ Generated Generated }
	// Finish closes the attempt.
	Finish struct{ Finished Finished }
	// Edit gives a case another content.
	Edit struct {
		CaseID  string
		Content Content
		Word    Word
	}
	// Accept says that a case is right.
	Accept struct {
		CaseID string
		Word   Word
	}
	// Reject says that a case is not wanted; a reason is needed.
	Reject struct {
		CaseID string
		Word   Word
	}
	// Export tells that cases were handed out.
	Export struct{ Exported Exported }
	// Prove tells what stands behind a case.
	Prove struct{ Proven Proven }
)

// Content is what people write of a case. A step that keeps its id keeps what it cites; one without gets an id.
type Content struct {
	Title         string        `json:"title"`
	Type          Type          `json:"type"`
	Priority      Priority      `json:"priority"`
	Preconditions []string      `json:"preconditions"`
	Steps         []ContentStep `json:"steps"`
	Tags          []string      `json:"tags"`
}

// ContentStep is what people write of a step.
type ContentStep struct {
	ID       string `json:"stepId"`
	Action   string `json:"action"`
	Data     string `json:"data"`
	Expected string `json:"expected"`
}

func (Start) command()  {}
func (Add) command()    {}
func (Finish) command() {}
func (Edit) command()   {}
func (Accept) command() {}
func (Reject) command() {}
func (Export) command() {}
func (Prove) command()  {}

// RefusedError says that the state of the cases does not allow a command.
type RefusedError struct {
	ID  string
	Why string
}

// Error implements error.
func (e *RefusedError) Error() string { return fmt.Sprintf("test cases %s: %s", e.ID, e.Why) }

// MaxBy and MaxReason bound a Word, in characters.
const (
	MaxBy     = 100
	MaxReason = 1000
)

// Decide answers what follows from a command: no events when it is so already. It fails with *RefusedError, *InvalidError
// or ErrNoCase.
func Decide(s State, c Command) ([]Event, error) {
	switch c := c.(type) {
	case Start:
		if s.Exists() && (s.Attempt >= c.Started.Attempt || s.Status == Complete) {
			return nil, &RefusedError{ID: s.ID, Why: fmt.Sprintf("attempt %d follows attempt %d, which is %s", c.Started.Attempt, s.Attempt, s.Status)}
		}
		return []Event{c.Started}, nil
	case Add:
		return s.add(c.Generated)
	case Carry:
		return s.carry(c.Carried)
	case Finish:
		if s.Status != Generating {
			return nil, &RefusedError{ID: s.ID, Why: "they are not being generated"}
		}
		return []Event{c.Finished}, nil
	case Edit:
		return s.edit(c)
	case Accept:
		r, err := s.review(c.CaseID, &c.Word)
		if err != nil || r.Standing == IsAccepted {
			return nil, err
		}
		return []Event{Accepted{CaseID: r.ID, Word: c.Word}}, nil
	case Reject:
		r, err := s.review(c.CaseID, &c.Word)
		if err != nil || r.Standing == IsRejected {
			return nil, err
		}
		if c.Word.Reason == "" {
			return nil, &InvalidError{Faults: []Fault{{Path: "reason", Message: "say why it is rejected"}}}
		}
		return []Event{Rejected{CaseID: r.ID, Word: c.Word}}, nil
	case Export:
		return s.export(c.Exported)
	case Prove:
		return s.prove(c.Proven)
	}
	return nil, nil
}

func (s State) add(g Generated) ([]Event, error) {
	if s.Status != Generating {
		return nil, &RefusedError{ID: s.ID, Why: "they are not being generated"}
	}
	seen := map[string]bool{}
	g.Cases = slices.DeleteFunc(slices.Clone(g.Cases), func(c Case) bool {
		again := seen[c.ID] || s.index(c.ID) >= 0
		seen[c.ID] = true
		return again
	})
	g.Findings = slices.DeleteFunc(slices.Clone(g.Findings), func(f Finding) bool {
		return slices.ContainsFunc(s.Findings, func(o Finding) bool { return o.ID == f.ID })
	})
	for _, c := range g.Cases {
		if faults := c.check(); len(faults) > 0 {
			return nil, fmt.Errorf("case %s: %w", c.ID, &InvalidError{Faults: faults})
		}
	}
	if len(g.Cases)+len(g.Findings)+len(g.Uncovered) == 0 {
		return nil, nil
	}
	return []Event{g}, nil
}

// review finds a case that can be reviewed, and makes the word one that can be kept.
func (s State) review(id string, w *Word) (Reviewed, error) {
	if s.Status != Complete {
		return Reviewed{}, &RefusedError{ID: s.ID, Why: "they are still being generated"}
	}
	r, ok := s.Case(id)
	if !ok {
		return r, ErrNoCase
	}
	return r, w.Check()
}

// Check makes the word one that can be kept. It fails with *InvalidError.
func (w *Word) Check() error {
	var faults []Fault
	w.By, w.Reason = Line(w.By), Clean(w.Reason)
	if n := len([]rune(w.By)); n == 0 || n > MaxBy {
		faults = append(faults, Fault{Path: "by", Message: fmt.Sprintf("say who you are, in 1 to %d characters", MaxBy)})
	}
	if len([]rune(w.Reason)) > MaxReason {
		faults = append(faults, Fault{Path: "reason", Message: fmt.Sprintf("at most %d characters", MaxReason)})
	}
	if len(faults) > 0 {
		return &InvalidError{Faults: faults}
	}
	return nil
}

func (s State) edit(c Edit) ([]Event, error) {
	r, err := s.review(c.CaseID, &c.Word)
	if err != nil {
		return nil, err
	}
	next := c.Content.of(r.Case)
	if faults := next.check(); len(faults) > 0 {
		return nil, &InvalidError{Faults: faults}
	}
	changes := Diff(r.Case, next)
	if len(changes) == 0 {
		return nil, nil
	}
	if slices.ContainsFunc(changes, func(c Change) bool { return c.Path == "order" || strings.HasPrefix(c.Path, "steps/") }) {
		next.Trial, next.Candidate = nil, "" // they did what was written there before
	}
	next.Proof = Manual
	return []Event{Edited{Case: next, Word: c.Word}}, nil
}

// of is the case with this content.
func (c Content) of(old Case) Case {
	next := old
	next.Title, next.Type, next.Priority = Line(c.Title), c.Type, c.Priority
	next.Preconditions, next.Tags, next.Steps = nil, nil, nil
	for _, p := range c.Preconditions {
		next.Preconditions = append(next.Preconditions, Clean(p))
	}
	for _, t := range c.Tags {
		next.Tags = append(next.Tags, Line(t))
	}
	for _, s := range c.Steps {
		step, known := old.step(s.ID)
		if !known {
			step = Step{ID: s.ID}
		}
		step.Action, step.Data, step.Expected = Clean(s.Action), Clean(s.Data), Clean(s.Expected)
		next.Steps = append(next.Steps, step)
	}
	for i := range next.Steps {
		if next.Steps[i].ID == "" {
			next.Steps[i].ID = next.free(old)
		}
	}
	return next
}

// free is a number that is no step's id, in this version or the one before.
func (c Case) free(old Case) string {
	for n := len(c.Steps); ; n++ {
		id := strconv.Itoa(n)
		_, now := c.step(id)
		_, before := old.step(id)
		if !now && !before {
			return id
		}
	}
}

func (s State) export(e Exported) ([]Event, error) {
	if s.Status != Complete {
		return nil, &RefusedError{ID: s.ID, Why: "they are still being generated"}
	}
	if err := e.Check(); err != nil {
		return nil, err
	}
	for _, id := range e.CaseIDs {
		if s.index(id) < 0 {
			return nil, ErrNoCase
		}
	}
	if len(e.CaseIDs) == 0 {
		return nil, &RefusedError{ID: s.ID, Why: "no case has this standing"}
	}
	return []Event{e}, nil
}

func (s State) prove(p Proven) ([]Event, error) {
	r, err := s.review(p.CaseID, &p.Word)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(Classes, p.Class) || p.Class == Manual || p.ProofID == "" || p.Test == "" {
		return nil, &InvalidError{Faults: []Fault{{Path: "proofId", Message: "want a proof with a test that is proven"}}}
	}
	if r.Proof == p.Class && r.ProofID == p.ProofID && r.Test == p.Test {
		return nil, nil
	}
	return []Event{p}, nil
}
