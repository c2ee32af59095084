package mutant

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/proxy/twin"
)

//go:embed page.js
var pageScript string

//go:embed inventory.js
var inventoryScript string

// Inventory is a script that tells which elements a page shows; a run with it (twin.RunOptions.Scripts) says so at its
// checkpoints.
func Inventory() string { return strings.TrimSpace(inventoryScript) + ";" }

// Element is one that a page showed: by its own text, or a control by its label.
type Element struct {
	Tag     string `json:"tag"`
	Text    string `json:"text"`
	Label   string `json:"label"`
	Control bool   `json:"control"`
	Heading bool   `json:"heading"`
}

// ReadInventory reads what such a script told.
func ReadInventory(told jsontext.Value) []Element {
	var out struct {
		Elements []Element `json:"elements"`
	}
	_ = json.Unmarshal(told, &out) // a page may answer anything
	return out.Elements
}

// ReadApplied says whether a page's fault was put anywhere.
func ReadApplied(told jsontext.Value) bool {
	var out struct {
		Applied int `json:"applied"`
	}
	return json.Unmarshal(told, &out) == nil && out.Applied > 0
}

// fault is what page.js is told.
type fault struct {
	Operator string `json:"operator"`
	Tag      string `json:"tag,omitempty"`
	Text     string `json:"text,omitempty"`
	Label    string `json:"label,omitempty"`
	Selector string `json:"selector,omitempty"`
	Once     bool   `json:"once,omitempty"`
	Note     string `json:"note,omitempty"`
}

// Pages are the faults in what pages show and do, for each element that a run saw.
func Pages(recording string, seen []Element) []Site {
	var out []Site
	for _, e := range seen {
		where := fmt.Sprintf("<%s> %q", e.Tag, e.Text)
		if e.Text == "" {
			where = fmt.Sprintf("<%s> labelled %q", e.Tag, e.Label)
		}
		at := func(operator, what string) {
			f := fault{Operator: operator, Tag: e.Tag, Text: e.Text, Label: e.Label}
			s := named(recording, "page."+operator, where, what, f.put)
			if operator != "dead_handler" { // only an action notices it
				s.inPlace = f.said()
			}
			out = append(out, s)
		}
		if e.Text != "" && strings.ContainsFunc(e.Text, changes) {
			at("text", "shows another text")
		}
		at("hide", "is not shown")
		if slices.Contains([]string{"button", "input", "select", "textarea"}, e.Tag) {
			at("disable", "is disabled")
		}
		if e.Control || e.Heading {
			at("role", "is nothing to assistive programs")
		}
		if e.Control {
			at("dead_handler", "does not react")
		}
	}
	return out
}

// changes tells the characters that page.js changes.
func changes(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' }

func (f fault) said() jsontext.Value {
	said, err := json.Marshal(f)
	if err != nil {
		panic(err) // it is our own, of plain strings
	}
	return said
}

func (f fault) put(o *twin.RunOptions, _ func()) {
	o.Scripts = append(slices.Clip(o.Scripts), InPlaceScript()+"("+string(f.said())+");")
}

// InPlaceScript is the source of a function of a fault (Site.InPlace) and true, which looks for the elements that the document
// has now and answers { found, put, undo }: how many these are, and functions that put the fault and take it back.
func InPlaceScript() string { return strings.TrimSpace(pageScript) }

// Harmless are changes that no test should mind: what they add or move has nothing to do with what the page is for.
func Harmless(recording string) []Site {
	at := func(operator, where, what string, f fault) Site {
		f.Operator, f.Once = operator, true
		return named(recording, "harmless."+operator, where, what, f.put)
	}
	return []Site{
		at("notice", "the body", "ends with a note about the opening hours", fault{Selector: "body", Note: "Our office is closed on public holidays."}),
		at("wrapper", "the first block of the page", "stands in one more box", fault{Selector: "body > div, body > main"}),
		at("hidden_twin", "the first button", "has a hidden neighbour", fault{Selector: "button"}),
	}
}
