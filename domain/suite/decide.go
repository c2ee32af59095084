package suite

import (
	"fmt"
	"slices"

	"tapedeck/domain/testcase"
)

// Command asks for a change.
//
//sumtype:decl
type Command interface{ command() }

type (
	// Propose tells what a job has generated; the same again of a review that nobody has edited changes nothing.
	Propose struct{ Proposed Proposed }
	// Edit gives the suite another text; the current one again changes nothing.
	Edit struct {
		Text string
		Word Word
	}
	// Accept says that the suite is right.
	Accept struct{ Word Word }
	// Reject says that the suite is not wanted; a reason is needed.
	Reject struct{ Word Word }
	// BeginProof tells which job proves a text; the same job again changes nothing.
	BeginProof struct{ ProofBegun ProofBegun }
	// Export tells that a text was handed out; that of a suite that is rejected is not.
	Export struct{ Exported Exported }
)

func (Propose) command()    {}
func (Edit) command()       {}
func (Accept) command()     {}
func (Reject) command()     {}
func (BeginProof) command() {}
func (Export) command()     {}

// InvalidError says what is wrong with what somebody wrote.
type InvalidError = testcase.InvalidError

// RefusedError says that the state of the review does not allow a command.
type RefusedError struct {
	ID  string
	Why string
}

// Error implements error.
func (e *RefusedError) Error() string { return fmt.Sprintf("suite %s: %s", e.ID, e.Why) }

// Decide answers what follows from a command: no events when it is so already. It fails with *RefusedError, *InvalidError or
// ErrNotFound.
func Decide(s State, c Command) ([]Event, error) {
	if p, ok := c.(Propose); ok {
		return s.propose(p.Proposed)
	}
	if !s.Exists() {
		return nil, ErrNotFound
	}
	switch c := c.(type) {
	case Edit:
		return s.edit(c)
	case Accept:
		if err := c.Word.Check(); err != nil || s.Standing == testcase.IsAccepted {
			return nil, err
		}
		return []Event{Accepted{c.Word}}, nil
	case Reject:
		return s.reject(c)
	case BeginProof:
		return s.beginProof(c.ProofBegun)
	case Export:
		return s.export(c.Exported)
	case Propose:
	}
	return nil, nil
}

func (s State) propose(p Proposed) ([]Event, error) {
	switch {
	case p.SHA256 == "" || p.Spec == "" || p.Size <= 0:
		return nil, &RefusedError{ID: s.ID, Why: "what is proposed has no text"}
	case s.Exists() && p.Attempt < s.Attempt:
		return nil, &RefusedError{ID: s.ID, Why: fmt.Sprintf("attempt %d follows attempt %d", p.Attempt, s.Attempt)}
	case s.Exists() && s.About == p.About && s.Current().Digest == p.Digest:
		return nil, nil
	}
	return []Event{p}, nil
}

func (s State) edit(c Edit) ([]Event, error) {
	if err := c.Word.Check(); err != nil {
		return nil, err
	}
	if err := CheckText(c.Text); err != nil {
		return nil, err
	}
	d := DigestOf(c.Text)
	if d == s.Current().Digest {
		return nil, nil
	}
	return []Event{Edited{Digest: d, Word: c.Word}}, nil
}

func (s State) reject(c Reject) ([]Event, error) {
	if err := c.Word.Check(); err != nil || s.Standing == testcase.IsRejected {
		return nil, err
	}
	if c.Word.Reason == "" {
		return nil, &InvalidError{Faults: []testcase.Fault{{Path: "reason", Message: "say why it is rejected"}}}
	}
	return []Event{Rejected{c.Word}}, nil
}

func (s State) beginProof(p ProofBegun) ([]Event, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	switch {
	case !s.has(p.Text):
		return nil, ErrNoText
	case p.ProofID == "":
		return nil, &InvalidError{Faults: []testcase.Fault{{Path: "proofId", Message: "want the job of a verification"}}}
	case slices.ContainsFunc(s.Proofs, func(o Proof) bool { return o.ProofID == p.ProofID }):
		return nil, nil
	}
	return []Event{p}, nil
}

func (s State) export(e Exported) ([]Event, error) {
	if err := e.Check(); err != nil {
		return nil, err
	}
	if err := s.Exportable(); err != nil {
		return nil, err
	}
	if !s.has(e.Text) {
		return nil, ErrNoText
	}
	if e.Format != FormatZip && e.Format != FormatGit {
		return nil, &InvalidError{Faults: []testcase.Fault{{Path: "format", Message: "want zip or git"}}}
	}
	return []Event{e}, nil
}

// Exportable refuses, with *RefusedError, a suite that is rejected.
func (s State) Exportable() error {
	if s.Standing != testcase.IsRejected {
		return nil
	}
	why := "the suite was rejected"
	for _, e := range slices.Backward(s.History) {
		if e.What == "rejected" {
			why = fmt.Sprintf("the suite was rejected by %s: %s", e.By, e.Reason)
			break
		}
	}
	return &RefusedError{ID: s.ID, Why: why + "; edit or accept it before it is handed out"}
}
