package likeness

import (
	"fmt"
	"strings"

	"tapedeck/domain/recording"
)

// Seen is how one element compares.
type Seen struct {
	Tag  string
	Text string // its beginning
	Path string // a way to it as the page is now; empty in a shadow tree
	// Telling is the weight of all that tells the recorded element from others, Told of what is the same here.
	Telling, Told float64
	// Class and Near are how alike its classes and the text around it are, 0 to 1; -1 when nothing was recorded.
	Class, Near float64
	// Place: a recorded path leads to it.
	Place bool
	// Score is how alike it is all in all, 0 to 1.
	Score float64
}

// The bounds were set on the elements of the proof applications' recordings (package crash) and checked on other
// controls of the same pages.
const (
	leastTold    = 0.3  // share of what tells, unless a way that tells led there
	leastAround  = 0.6  // the text around it is still the same
	surelyAround = 0.9  // all of it
	leastClass   = 0.5  // its make is still the same
	leastAhead   = 0.08 // of the next, so that it is no guess
	muchAlike    = 0.7  // all in all, where neither its make nor its place says who it is
	leastScore   = 0.5  // all in all, where not everything that tells is the same
	leastWhole   = 0.35 // all in all, where it is
)

// Crowd is what became of the elements that a way found beside the recorded one.
type Crowd int

// The crowds.
const (
	Uncounted Crowd = iota // no way was counted that found others too
	Complete               // there are as many as there were, or more
	Fewer                  // some are gone, and it may be one of them
)

// Is says whether the only element that a way leads to may be taken for the recorded one at once; if not, why.
func (k Known) Is(way recording.Candidate, s Seen) (bool, string) {
	if s.Telling == 0 {
		return isNameless(way, s)
	}
	least := leastTold
	if Tells(way) {
		least = 0
	}
	switch {
	case s.Told == 0, s.Told < least*s.Telling:
		return false, "it is another element: what it says and is called is not the same"
	case k.shared && !Tells(way) && s.Near >= 0 && s.Near < leastAround:
		return false, "it may be another of its kind: the text around it is not the same"
	}
	return true, ""
}

// isNameless judges an element that nothing tells from others but its make and where it stands.
func isNameless(way recording.Candidate, s Seen) (bool, string) {
	switch {
	case ofItsMake(way), isScoped(way):
		return true, ""
	case s.Near >= 0 && s.Near < leastAround:
		return false, "it may be another element: the text around it is not the same"
	case s.Class >= 0 && s.Class < leastClass:
		return false, "it may be another element: its class is not the same"
	}
	return true, ""
}

// isScoped says that a way looks in something that is found without doubt.
func isScoped(way recording.Candidate) bool {
	return way.Matches == 1 && !isPlace(way) && strings.Contains(way.Selector, " >> ")
}

// ofItsMake says that a way goes by classes that no other element had.
func ofItsMake(way recording.Candidate) bool {
	return way.By == "css" && way.Matches == 1 && !isPlace(way) && strings.Contains(way.Selector, ".")
}

// Holds says whether the only element of a way can be used although the best way led nowhere: where the way goes by
// what tells elements apart and none of the ranking is clearly more like the recorded one, and where nothing but ways is
// there to go by.
func (k Known) Holds(way recording.Candidate, s Seen, ranking []Seen) bool {
	if s.Path == "" || s.Telling == 0 && s.Near < 0 {
		return true
	}
	behind := len(ranking) > 0 && ranking[0].Path != s.Path && ranking[0].Score-s.Score >= leastAhead
	alone := way.Matches <= 1 // as it was, or nobody counted
	return alone && !behind && (Tells(way) || s.Telling == 0 && (ofItsMake(way) || isScoped(way)))
}

// Stands says whether the first of a ranking may be taken for the recorded element, whichever way leads to it; if not,
// why. The crowd is what became of the others of its kind.
func (k Known) Stands(ranking []Seen, crowd Crowd) (bool, string) {
	if len(ranking) == 0 {
		return false, "nothing that would tell it is the same"
	}
	s := ranking[0]
	bound := leastScore
	if s.Told == s.Telling {
		bound = leastWhole
	}
	switch {
	case s.Score < bound:
		return false, fmt.Sprintf("it is not like it (%.2f)", s.Score)
	case len(ranking) > 1 && s.Score-ranking[1].Score < leastAhead:
		return false, fmt.Sprintf("two elements are about as much (%.2f, %.2f)", s.Score, ranking[1].Score)
	case (s.Telling == 0 || k.shared || crowd == Fewer) && !stays(s, crowd):
		return false, "it may be another of its kind: the text around it is not the same"
	case s.Telling == 0 && s.Class < leastClass && !s.Place && s.Score < muchAlike:
		return false, "neither its class nor its place is the same"
	}
	return true, ""
}

// stays says that an element of which there were others is still where it was: in the same text or, where that is
// another one, at the same place. While some of them are gone there has to be no doubt.
func stays(s Seen, crowd Crowd) bool {
	switch crowd {
	case Fewer:
		return s.Near >= surelyAround && (s.Class < 0 || s.Class >= leastClass)
	case Complete:
		return s.Near >= leastAround || s.Place
	}
	return s.Near >= leastAround
}
