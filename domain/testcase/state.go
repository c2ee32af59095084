package testcase

import (
	"errors"
	"slices"
	"time"

	"tapedeck/domain/event"
)

// Errors of what is not there.
var (
	ErrNotFound = errors.New("no such test cases")
	ErrNoCase   = errors.New("no such test case")
)

// Status is how far a set is.
type Status string

// The statuses. A set whose job failed stays generating.
const (
	Generating Status = "generating"
	Complete   Status = "complete"
)

// Standing is what people think of a case.
type Standing string

// The standings. An edited case waits for a review as a proposed one does.
const (
	IsProposed Standing = "proposed"
	IsEdited   Standing = "edited"
	IsAccepted Standing = "accepted"
	IsRejected Standing = "rejected"
)

// Standings are all of them.
var Standings = []Standing{IsProposed, IsEdited, IsAccepted, IsRejected}

// State is a set of test cases at one version of its stream. The zero State is one that does not exist.
type State struct {
	ID string `json:"jobId"`
	// Owner is the Tapedeck project that it belongs to.
	Owner  string `json:"owner"`
	Status Status `json:"status"`
	// About is that of the current attempt.
	About
	Cases     []Reviewed  `json:"cases"`
	Findings  []Finding   `json:"findings"`
	Uncovered []Uncovered `json:"uncovered"`
	Read
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	// Version is the number of events folded; Head is the hash of the last one.
	Version uint64     `json:"version"`
	Head    event.Hash `json:"-"`
}

// Reviewed is a case with what became of it.
type Reviewed struct {
	Case
	Standing Standing `json:"standing"`
	// Generated is the case as it was generated, and Changes what differs from it; nil for one that nobody edited.
	Generated *Case    `json:"generated,omitempty"`
	Changes   []Change `json:"changes,omitempty"`
	// ProofID and Test are what proves it.
	ProofID string `json:"proofId,omitempty"`
	Test    string `json:"test,omitempty"`
	// History is what was said about it, the oldest first.
	History []Entry `json:"history,omitempty"`
}

// Entry is one thing that was said about a case.
type Entry struct {
	At time.Time `json:"at"`
	// What is "edited", "accepted", "rejected", "exported" or "proven".
	What string `json:"what"`
	Word
	// Changes are those of an edit, Format that of an export.
	Changes []Change `json:"changes,omitempty"`
	Format  string   `json:"format,omitempty"`
}

// Exists reports whether the set was ever begun.
func (s State) Exists() bool { return s.Version > 0 }

// Case finds a case by its id.
func (s State) Case(id string) (Reviewed, bool) {
	i := s.index(id)
	if i < 0 {
		return Reviewed{}, false
	}
	return s.Cases[i], true
}

func (s State) index(id string) int {
	return slices.IndexFunc(s.Cases, func(r Reviewed) bool { return r.ID == id })
}

// Fold applies one stored event. It does not change s or anything s refers to.
func Fold(s State, e event.Event, hash event.Hash) (State, error) {
	fact, err := Decode(e.Type, e.SchemaVersion, e.Data)
	if err != nil {
		return s, err
	}
	if s.Version == 0 {
		s.ID, s.Owner = e.Subject, e.Project
	}
	s = Evolve(s, fact, e.Time)
	s.Head = hash
	return s, nil
}

// Evolve applies one fact that happened at a time.
func Evolve(s State, e Event, at time.Time) State {
	s.Version++
	s.UpdatedAt = at
	switch e := e.(type) {
	case Started:
		if s.CreatedAt.IsZero() {
			s.CreatedAt = at
		}
		s.About, s.Status, s.Read = About(e), Generating, Read{}
		s.Cases, s.Findings, s.Uncovered = nil, nil, nil
	case Generated:
		s.Cases = slices.Clip(s.Cases)
		for _, c := range e.Cases {
			s.Cases = append(s.Cases, Reviewed{Case: c, Standing: IsProposed})
		}
		s.Findings = append(slices.Clip(s.Findings), e.Findings...)
		s.Uncovered = append(slices.Clip(s.Uncovered), e.Uncovered...)
	case Carried:
		s.Cases = append(slices.Clip(s.Cases), e.Cases...)
	case Finished:
		s.Read, s.Status = Read(e), Complete
	case Edited:
		return s.with(e.Case.ID, func(r *Reviewed) { r.edit(e, at) })
	case Accepted:
		return s.with(e.CaseID, func(r *Reviewed) {
			r.Standing = IsAccepted
			r.say(Entry{At: at, What: "accepted", Word: e.Word})
		})
	case Rejected:
		return s.with(e.CaseID, func(r *Reviewed) {
			r.Standing = IsRejected
			r.say(Entry{At: at, What: "rejected", Word: e.Word})
		})
	case Exported:
		for _, id := range e.CaseIDs {
			s = s.with(id, func(r *Reviewed) { r.say(Entry{At: at, What: "exported", Word: e.Word, Format: e.Format}) })
		}
	case Proven:
		return s.with(e.CaseID, func(r *Reviewed) {
			r.Proof, r.ProofID, r.Test = e.Class, e.ProofID, e.Test
			r.say(Entry{At: at, What: "proven", Word: e.Word})
		})
	case Unknown:
	}
	return s
}

// with changes a copy of a case; one that is not there changes nothing.
func (s State) with(id string, change func(*Reviewed)) State {
	i := s.index(id)
	if i < 0 {
		return s
	}
	s.Cases = slices.Clone(s.Cases)
	change(&s.Cases[i])
	return s
}

func (r *Reviewed) say(e Entry) { r.History = append(slices.Clip(r.History), e) }

// edit keeps the case as it was generated. What was proven was another text.
func (r *Reviewed) edit(e Edited, at time.Time) {
	if r.Generated == nil {
		before := r.Case
		r.Generated = &before
	}
	r.say(Entry{At: at, What: "edited", Word: e.Word, Changes: Diff(r.Case, e.Case)})
	r.Case, r.Standing = e.Case, IsEdited
	r.Proof, r.ProofID, r.Test = Manual, "", ""
	r.Changes = Diff(*r.Generated, r.Case)
}
