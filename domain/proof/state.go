package proof

import (
	"errors"
	"slices"
	"time"

	"tapedeck/domain/event"
)

// ErrNotFound: no such proof.
var ErrNotFound = errors.New("no such proof")

// State is a proof at one version of its stream. The zero State is one that does not exist.
type State struct {
	ID string `json:"proofId"`
	// Owner is the Tapedeck project that it belongs to.
	Owner  string `json:"owner"`
	Status Status `json:"status"`
	Reason string `json:"reason,omitempty"`
	// About is that of the current attempt.
	About
	// Done are the finished runs in the order in which they finished.
	Done []Run `json:"done"`
	// Mutants are those that are tried, of MutantsOf that there are.
	Mutants    []Mutant    `json:"mutants"`
	MutantsOf  int         `json:"mutantsOf"`
	Judgements []Judgement `json:"judgements"`
	// Checks are those of the assertions themselves, Repairs the attempts to mend tests.
	Checks  []Check  `json:"checks,omitempty"`
	Repairs []Repair `json:"repairs,omitempty"`
	// Rest is the job that tries the faults for which there was no time; nil for none.
	Rest       *Continued `json:"rest,omitempty"`
	Verdicts   []Verdict  `json:"verdicts"`
	Notes      []string   `json:"notes,omitempty"`
	DurationMS int64      `json:"durationMs,omitzero"`
	CreatedAt  time.Time  `json:"createdAt"`
	UpdatedAt  time.Time  `json:"updatedAt"`
	// Version is the number of events folded; Head is the hash of the last one.
	Version uint64     `json:"version"`
	Head    event.Hash `json:"-"`
}

// Exists reports whether the proof was ever begun.
func (s State) Exists() bool { return s.Version > 0 }

// Run finds a finished run by its key.
func (s State) Run(key string) (Run, bool) {
	i := slices.IndexFunc(s.Done, func(r Run) bool { return r.Key == key })
	if i < 0 {
		return Run{}, false
	}
	return s.Done[i], true
}

// Judgement finds what a test made of a mutant.
func (s State) Judgement(test, mutant string) (Judgement, bool) {
	i := slices.IndexFunc(s.Judgements, func(j Judgement) bool { return j.Test == test && j.Mutant == mutant })
	if i < 0 {
		return Judgement{}, false
	}
	return s.Judgements[i], true
}

// Chose says whether the mutants of a recording were chosen.
func (s State) Chose(recording string) bool {
	return slices.ContainsFunc(s.Mutants, func(m Mutant) bool { return m.Recording == recording })
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
	switch e := e.(type) {
	case Started:
		s = s.started(e, at)
	case Ran:
		s.Done = append(slices.Clip(s.Done), e.Runs...)
	case Chosen:
		s.Mutants = append(slices.Clip(s.Mutants), e.Mutants...)
		s.MutantsOf += e.Of
	case Judged:
		s.Judgements = append(slices.Clip(s.Judgements), e.Judgements...)
		s.Verdicts = s.scored()
	case Checked:
		s.Checks = append(slices.Clip(s.Checks), e.Checks...)
	case Repaired:
		s.Repairs = append(slices.Clip(s.Repairs), Repair(e))
	case Filmed:
		s.Done = slices.Clone(s.Done)
		for i, r := range s.Done {
			if r.Key == e.Key {
				s.Done[i].Evidence, s.Done[i].Again = append(slices.Clip(r.Evidence), e.Evidence...), e.Outcome
			}
		}
	case Continued:
		s.Rest = &e
	case Finished:
		s.Status, s.Reason, s.Verdicts, s.Notes, s.DurationMS = Status(e.Outcome), e.Reason, e.Verdicts, e.Notes, e.DurationMS
	case Unknown:
	}
	s.UpdatedAt = at
	return s
}

// started keeps what was found out about the same project under the same seed: it would come out the same.
func (s State) started(e Started, at time.Time) State {
	if s.CreatedAt.IsZero() {
		s.CreatedAt = at
	}
	if s.Project != e.Project || s.Seed != e.Seed || s.Mode != e.Mode {
		s.Done, s.Mutants, s.MutantsOf, s.Judgements, s.Checks, s.Repairs, s.Rest = nil, nil, 0, nil, nil, nil, nil
	}
	s.About, s.Status, s.Reason, s.Verdicts, s.Notes = About(e), StatusRunning, "", nil, nil
	return s
}

// scored are the verdicts with the scores of all judgements: some may have come after the verdict.
func (s State) scored() []Verdict {
	if len(s.Verdicts) == 0 {
		return s.Verdicts
	}
	out := slices.Clone(s.Verdicts)
	for i := range out {
		out[i].Score = s.Score(out[i].Test)
	}
	return out
}

// Checked says whether a test's assertions were checked themselves.
func (s State) Checked(test string) bool {
	return slices.ContainsFunc(s.Checks, func(c Check) bool { return c.Test == test })
}

// Repair is the number of the repair that a test is run with; 0 for none.
func (s State) Repair(test string) int {
	n := 0
	for _, r := range s.Repairs {
		if r.Test == test && r.Kept {
			n = r.Number
		}
	}
	return n
}
