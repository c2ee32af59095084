package proof

import (
	"maps"
	"slices"
	"strings"
)

// Score says which faults a test notices. Rates are 0…1, and 0 where there was nothing to notice.
type Score struct {
	// Visible counts the mutants that changed what the page showed or asked; Killed those of them that an assertion
	// noticed, First those that the first assertion noticed.
	Visible int `json:"visible"`
	Killed  int `json:"killed"`
	First   int `json:"first"`
	// Stumbled and Crashed ended the run without an assertion's word: they are no kills.
	Stumbled int `json:"stumbled"`
	Crashed  int `json:"crashed"`
	// Rate is Killed of Visible; Macro is the mean of the operators' rates, so that many mutants of one sort do not hide
	// the others.
	Rate  float64 `json:"rate"`
	Macro float64 `json:"macro"`
	// Harmless counts changes that no test should mind, Alarms those of them that it minded.
	Harmless int `json:"harmless"`
	Alarms   int `json:"alarms"`
	// Rank orders tests: the harmonic mean of Macro and of the share of harmless changes that it let pass. A test that
	// asserts all that is on the page notices everything and minds everything: it does not come first.
	Rank      float64    `json:"rank"`
	Operators []Operator `json:"operators"`
}

// Operator is a Score's share of one sort of mutant.
type Operator struct {
	Name     string  `json:"name"`
	Applied  int     `json:"applied"`
	Visible  int     `json:"visible"`
	Killed   int     `json:"killed"`
	Stumbled int     `json:"stumbled,omitzero"`
	Crashed  int     `json:"crashed,omitzero"`
	Survived int     `json:"survived,omitzero"`
	TimedOut int     `json:"timedOut,omitzero"`
	Rate     float64 `json:"rate"`
}

// harmless is the layer of changes that no test should mind.
const harmless = "harmless"

// Layer is what stands before the dot of an operator's name.
func Layer(operator string) string {
	layer, _, _ := strings.Cut(operator, ".")
	return layer
}

// Score sums up what a test made of the mutants.
func (s State) Score(test string) Score {
	operators := map[string]string{}
	for _, m := range s.Mutants {
		operators[m.ID] = m.Operator
	}
	var out Score
	by := map[string]*Operator{}
	for _, j := range s.Judgements {
		if j.Test != test {
			continue
		}
		name := operators[j.Mutant]
		o := by[name]
		if o == nil {
			o = &Operator{Name: name}
			by[name] = o
		}
		if Layer(name) == harmless {
			out.mind(j)
		} else {
			out.count(j)
		}
		o.count(j)
	}
	names := slices.Sorted(maps.Keys(by))
	for _, name := range names {
		out.Operators = append(out.Operators, *by[name])
	}
	if out.Operators == nil {
		out.Operators = []Operator{}
	}
	out.sum()
	return out
}

func (s *Score) count(j Judgement) {
	if !j.Visible || j.Fate == TimedOut {
		return
	}
	s.Visible++
	switch j.Fate {
	case Killed:
		s.Killed++
		if j.Assertion == 1 {
			s.First++
		}
	case Stumbled:
		s.Stumbled++
	case Crashed:
		s.Crashed++
	case Survived, NoEffect, TimedOut:
	}
}

func (s *Score) mind(j Judgement) {
	if !j.Applied || j.Fate == TimedOut {
		return
	}
	s.Harmless++
	if j.Fate == Killed || j.Fate == Stumbled || j.Fate == Crashed {
		s.Alarms++
	}
}

func (o *Operator) count(j Judgement) {
	if j.Applied {
		o.Applied++
	}
	if j.Fate == TimedOut {
		o.TimedOut++
		return
	}
	if !j.Visible {
		return
	}
	o.Visible++
	switch j.Fate {
	case Killed:
		o.Killed++
	case Stumbled:
		o.Stumbled++
	case Crashed:
		o.Crashed++
	case Survived:
		o.Survived++
	case NoEffect, TimedOut:
	}
	o.Rate = float64(o.Killed) / float64(o.Visible)
}

func (s *Score) sum() {
	if s.Visible > 0 {
		s.Rate = float64(s.Killed) / float64(s.Visible)
	}
	n := 0
	for _, o := range s.Operators {
		if o.Visible > 0 && Layer(o.Name) != harmless {
			s.Macro += o.Rate
			n++
		}
	}
	if n > 0 {
		s.Macro /= float64(n)
	}
	calm := 1.0
	if s.Harmless > 0 {
		calm = 1 - float64(s.Alarms)/float64(s.Harmless)
	}
	if s.Macro+calm > 0 {
		s.Rank = 2 * s.Macro * calm / (s.Macro + calm)
	}
}
