package knowledge

import (
	"bytes"
	"regexp"
	"strings"
)

var (
	criteria = regexp.MustCompile(`(?i)\b(acceptance criteri(a|on)|definition of done|conditions of satisfaction|akzeptanzkriteri(en|um)|abnahmekriteri(en|um))\b`)
	rules    = regexp.MustCompile(`(?i)\b(business rules?|rules?|requirements?|constraints?|regeln|anforderungen|geschäftsregeln)\b`)

	must   = regexp.MustCompile(`(?i)\b(must|shall|required|is required to|has to|have to|needs? to|cannot|can not|may not|is not allowed|are not allowed|muss|müssen|darf nicht|dürfen nicht|darf nur|dürfen nur)\b`)
	should = regexp.MustCompile(`(?i)\b(should|recommended|ought to|soll|sollen|sollte|sollten)\b`)
	may    = regexp.MustCompile(`(\b(MAY|OPTIONAL)\b|(?i)\b(is optional|are optional|optionally|darf|dürfen)\b)`)

	step         = regexp.MustCompile(`(?i)^[\s>*+-]*(\*\*|_)?(given|when|then|and|but|angenommen|gegeben sei(en)?|wenn|dann|und|aber)\b`)
	firstStep    = regexp.MustCompile(`(?i)^[\s>*+-]*(\*\*|_)?(given|when|angenommen|gegeben sei(en)?|wenn)\b`)
	outcome      = regexp.MustCompile(`(?im)^[\s>*+-]*(\*\*|_)?(then|dann)\b`)
	scenarioHead = regexp.MustCompile(`(?im)^[ \t]*(scenario|scenario outline|scenario template|example|szenario|szenariogrundriss|beispiel)[ \t]*:`)
	tagLine      = regexp.MustCompile(`(?m)(^[ \t]*@[^\n]*\n)+$`)
)

// requirement says what a passage demands, by where it stands before what it says.
func requirement(p Passage, numbered bool) RequirementType {
	demands := modal(p.Text)
	switch {
	case p.Kind == Scenario:
		return Example
	case p.Kind == Code:
		return ""
	case under(p.Headings, criteria):
		return Criterion
	case p.Kind == Item && numbered && (demands != "" || under(p.Headings, rules)):
		return Rule
	case (p.Kind == Item || p.Kind == Row) && demands == "" && under(p.Headings, rules):
		return Rule
	}
	return demands
}

func modal(text string) RequirementType {
	switch {
	case must.MatchString(text):
		return Must
	case should.MatchString(text):
		return Should
	case may.MatchString(text):
		return May
	}
	return ""
}

func under(headings []string, words *regexp.Regexp) bool {
	for _, h := range headings {
		if words.MatchString(h) {
			return true
		}
	}
	return false
}

// isSteps: every line is a step, the first one begins, and there is an outcome.
func isSteps(text []byte) bool {
	if !firstStep.Match(text) || !outcome.Match(text) {
		return false
	}
	for line := range bytes.Lines(text) {
		if !step.Match(line) {
			return false
		}
	}
	return true
}

// scenarios cuts Gherkin: each scenario with the tags above it, and what stands before the first one.
func scenarios(gherkin []byte) (parts [][2]int) {
	var starts []int
	for _, at := range scenarioHead.FindAllIndex(gherkin, -1) {
		start := at[0]
		if tags := tagLine.FindIndex(gherkin[:start]); tags != nil {
			start = tags[0]
		}
		starts = append(starts, start)
	}
	if len(starts) == 0 || strings.TrimSpace(string(gherkin[:starts[0]])) != "" {
		starts = append([]int{0}, starts...)
	}
	for i, start := range starts {
		end := len(gherkin)
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		parts = append(parts, [2]int{start, end})
	}
	return parts
}
