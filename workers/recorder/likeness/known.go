package likeness

import (
	_ "embed"
	"regexp"
	"strings"

	"tapedeck/domain/recording"
)

// FactsScript is the source of two JavaScript functions, around(element) and trailOf(element), which give Near and Path
// of recording.Facts. The recorder and the comparison have to mean the same by them.
//
//go:embed facts.js
var FactsScript string

//go:embed compare.js
var compareScript string

// LookScript is for the driver: a function of the elements that a way leads to and of Known.Argument. What it answers
// is for ReadLook.
var LookScript = script("looked({ ...known, places: placed(known.paths) }, elements)")

// RankScript is for the driver: a function of any element of the document that is searched, and of Known.Argument.
// What it answers is for ReadRanking.
var RankScript = script("ranked({ ...known, places: placed(known.paths) })")

func script(answer string) string {
	return "(elements, known) => {\n" + FactsScript + compareScript + "\nreturn " + answer + ";\n}"
}

// Known is what a recording knows of an element.
type Known struct {
	facts recording.Facts
	ways  []recording.Candidate
	// shared: whatever tells the element from others was another's too when it was recorded.
	shared bool
}

// Know gathers what a recording knows; false when that is too little to compare anything by.
func Know(facts *recording.Facts, ways []recording.Candidate) (Known, bool) {
	if facts == nil || facts.Tag == "" || facts.Name == "" && facts.Text == "" && facts.Near == "" && len(facts.Attributes) == 0 {
		return Known{}, false
	}
	return Known{facts: *facts, ways: ways, shared: shared(ways)}, true
}

// shared says that every way that goes by the element alone was counted and found others too.
func shared(ways []recording.Candidate) bool {
	some := false
	for _, w := range ways {
		if !Tells(w) || strings.Contains(w.Selector, " >> ") {
			continue
		}
		if w.Matches <= 1 {
			return false // alone, or nobody counted
		}
		some = true
	}
	return some
}

var (
	bareRole  = regexp.MustCompile(`^internal:role=[\w-]+$`)
	ownName   = regexp.MustCompile(`^(?:[\w-]+)?(?:#(?:[\w-]|\\.)+|\[name=.*\])$`)
	placeSign = regexp.MustCompile(`:nth-|[^>]>[^>]|^xpath=`)
)

// Tells says that a way goes by something that tells an element from others, and not by its make or place.
func Tells(w recording.Candidate) bool {
	switch w.By {
	case "css":
		return ownName.MatchString(w.Selector)
	case "xpath":
		return false
	}
	return !bareRole.MatchString(w.Selector)
}

// isPlace says that a way goes by the place in the tree.
func isPlace(w recording.Candidate) bool {
	return (w.By == "css" || w.By == "xpath") && placeSign.MatchString(w.Selector)
}

// paths are the ways that go by the place in the tree, as far as the page itself can follow them.
func (k Known) paths() []any {
	out := []any{}
	for _, w := range k.ways {
		if isPlace(w) && !strings.Contains(w.Selector, " >> ") {
			out = append(out, w.Selector)
		}
	}
	return out
}

// Argument is what the scripts compare with, as the driver passes it on.
func (k Known) Argument() map[string]any {
	attributes := map[string]any{}
	for name, value := range k.facts.Attributes {
		attributes[name] = value
	}
	return map[string]any{
		"facts": map[string]any{
			"tag": k.facts.Tag, "name": k.facts.Name, "text": k.facts.Text, "near": k.facts.Near, "path": k.facts.Path, "attributes": attributes,
		},
		"paths": k.paths(),
		"least": leastTold,
	}
}
