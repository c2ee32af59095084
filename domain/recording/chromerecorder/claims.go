package chromerecorder

import (
	"maps"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/recording"
)

// waitForElement becomes claims: how many there are, whether they can be seen, attributes, properties.
func (im *importer) waitForElement(s step, page string) {
	t := im.target(s, controlRoles)
	if t == nil {
		im.lost("selectors", "no way to the element was kept: the step is left out")
		return
	}
	before := len(im.doc.Steps)
	im.counts(s, page, t)
	for _, name := range slices.Sorted(maps.Keys(s.Attributes)) {
		im.claim(page, t, recording.Assertion{Claim: recording.HasAttr, Name: name, Expected: s.Attributes[name], Match: "exact"})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		im.property(page, t, name, s.Properties[name])
	}
	if len(im.doc.Steps) == before {
		im.lost("", "it claims nothing that could be kept: left out")
	}
}

func (im *importer) claim(page string, t *recording.Target, a recording.Assertion) {
	im.add(recording.Step{Type: recording.Assert, Page: page, Target: t, Assertion: &a})
}

// counts translates operator, count and visible; Chrome's defaults are ">=", 1 and seen.
func (im *importer) counts(s step, page string, t *recording.Target) {
	count, operator := 1, s.Operator
	if s.Count != nil {
		count = *s.Count
	}
	if operator == "" {
		operator = ">="
	}
	hidden := s.Visible != nil && !*s.Visible
	switch {
	case hidden && count <= 1:
		im.claim(page, t, recording.Assertion{Claim: recording.Hidden})
		if operator != "==" || count != 0 {
			im.lost("visible", "hidden or not there: both count as hidden")
		}
	case operator == ">=" && count == 1:
		im.claim(page, t, recording.Assertion{Claim: recording.Visible})
	case operator == "==" && count == 1:
		im.claim(page, t, recording.Assertion{Claim: recording.HasCount, Expected: "1"})
		im.claim(page, t, recording.Assertion{Claim: recording.Visible})
	case operator == "==" && count >= 0, operator == "<=" && count == 0:
		im.claim(page, t, recording.Assertion{Claim: recording.HasCount, Expected: strconv.Itoa(count)})
		im.unseen(s, count)
	case operator == ">=" && count > 1:
		im.claim(page, t, recording.Assertion{Claim: recording.HasCount, Expected: "0", Not: true})
		im.lost("count", "at least %d became: at least one", count)
		im.unseen(s, count)
	default:
		im.lost("operator", "%q with %d is no claim of ours: left out", operator, count)
	}
}

// unseen notes that elements are counted whether they can be seen or not.
func (im *importer) unseen(s step, count int) {
	if s.Visible != nil && count > 0 {
		im.lost("visible", "elements are counted, not looked at")
	}
}

// reflected are properties that an attribute holds.
var reflected = map[string]string{
	"id": "id", "className": "class", "title": "title", "name": "name", "placeholder": "placeholder", "alt": "alt", "type": "type", "lang": "lang",
}

func (im *importer) property(page string, t *recording.Target, name string, value jsontext.Value) {
	var text string
	var on bool
	isText, isBool := json.Unmarshal(value, &text) == nil, json.Unmarshal(value, &on) == nil
	switch {
	case name == "value" && isText:
		im.claim(page, t, recording.Assertion{Claim: recording.HasValue, Expected: text, Match: "exact"})
	case (name == "textContent" || name == "innerText") && isText:
		im.claim(page, t, recording.Assertion{Claim: recording.HasText, Expected: text, Match: "exact"})
	case name == "checked" && isBool:
		im.claim(page, t, recording.Assertion{Claim: recording.IsChecked, Not: !on})
	case name == "disabled" && isBool:
		im.claim(page, t, recording.Assertion{Claim: recording.IsEnabled, Not: on})
	case reflected[name] != "" && isText:
		im.claim(page, t, recording.Assertion{Claim: recording.HasAttr, Name: reflected[name], Expected: text, Match: "exact"})
	default:
		im.lost("properties/"+name, "no claim of ours: left out")
	}
}
