package suite

import (
	"errors"
	"slices"
	"time"

	"tapedeck/domain/event"
	"tapedeck/domain/testcase"
)

// Errors of what is not there.
var (
	ErrNotFound = errors.New("no such review")
	ErrNoText   = errors.New("no such text")
)

// State is a review at one version of its stream. The zero State is one that does not exist.
type State struct {
	ID string `json:"jobId"`
	// Owner is the Tapedeck project that it belongs to.
	Owner    string            `json:"owner"`
	Standing testcase.Standing `json:"standing"`
	// About is that of the newest proposal.
	About
	// Texts are all that there were, the oldest first; the last one is current. A text's number is its place, from 1.
	Texts []Text `json:"texts"`
	// Proofs are those that were begun, the oldest first.
	Proofs []Proof `json:"proofs"`
	// History is what happened, the oldest first.
	History   []Entry   `json:"history"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	// Version is the number of events folded; Head is the hash of the last one.
	Version uint64     `json:"version"`
	Head    event.Hash `json:"-"`
}

// Text is one text of a suite's test.
type Text struct {
	Number int `json:"number"`
	Digest
	At time.Time `json:"at"`
	// Generated says that a job wrote it and no person; Word is empty then.
	Generated bool   `json:"generated,omitzero"`
	By        string `json:"by,omitempty"`
	Reason    string `json:"reason,omitempty"`
}

// Proof is a proof of a text: the stream proof/ProofID says how it ended.
type Proof struct {
	ProofID string    `json:"proofId"`
	Text    int       `json:"text"`
	At      time.Time `json:"at"`
	Word
}

// Exists reports whether the review was ever begun.
func (s State) Exists() bool { return s.Version > 0 }

// Current is the text that counts now; the zero Text when there is none.
func (s State) Current() Text {
	if len(s.Texts) == 0 {
		return Text{}
	}
	return s.Texts[len(s.Texts)-1]
}

// Proposal is the newest text that was generated.
func (s State) Proposal() Text {
	for _, t := range slices.Backward(s.Texts) {
		if t.Generated {
			return t
		}
	}
	return Text{}
}

// Text finds a text by its number; 0 is the current one. It fails with ErrNoText.
func (s State) Text(number int) (Text, error) {
	if number == 0 {
		number = len(s.Texts)
	}
	if !s.has(number) {
		return Text{}, ErrNoText
	}
	return s.Texts[number-1], nil
}

func (s State) has(number int) bool { return number >= 1 && number <= len(s.Texts) }

// ProofsOf are the proofs of a text, also those of another number with the same words; the oldest first.
func (s State) ProofsOf(number int) []Proof {
	var out []Proof
	for _, p := range s.Proofs {
		if s.has(number) && s.Texts[p.Text-1].Digest == s.Texts[number-1].Digest {
			out = append(out, p)
		}
	}
	return out
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
	if s.CreatedAt.IsZero() {
		s.CreatedAt = at
	}
	switch e := e.(type) {
	case Proposed:
		s.About, s.Standing = e.About, testcase.IsProposed
		s.add(Text{Digest: e.Digest, At: at, Generated: true})
		s.say(Entry{At: at, What: "proposed", Text: len(s.Texts)})
	case Edited:
		s.Standing = testcase.IsEdited
		s.add(Text{Digest: e.Digest, At: at, By: e.By, Reason: e.Reason})
		s.say(Entry{At: at, What: "edited", Word: e.Word, Text: len(s.Texts)})
	case Accepted:
		s.Standing = testcase.IsAccepted
		s.say(Entry{At: at, What: "accepted", Word: e.Word, Text: len(s.Texts)})
	case Rejected:
		s.Standing = testcase.IsRejected
		s.say(Entry{At: at, What: "rejected", Word: e.Word, Text: len(s.Texts)})
	case ProofBegun:
		s.Proofs = append(slices.Clip(s.Proofs), Proof{ProofID: e.ProofID, Text: e.Text, At: at, Word: e.Word})
		s.say(Entry{At: at, What: "proof_begun", Word: e.Word, Text: e.Text, ProofID: e.ProofID})
	case Exported:
		s.say(Entry{At: at, What: "exported", Word: e.Word, Text: e.Text, Format: e.Format, Place: e.Place})
	case Unknown:
	}
	return s
}

func (s *State) add(t Text) {
	t.Number = len(s.Texts) + 1
	s.Texts = append(slices.Clip(s.Texts), t)
}

func (s *State) say(e Entry) { s.History = append(slices.Clip(s.History), e) }
