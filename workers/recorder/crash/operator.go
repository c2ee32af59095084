package crash

import (
	"embed"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/playwright-community/playwright-go"
)

//go:embed script/*.js
var scripts embed.FS

// Operator is one change of a document around one of its elements.
type Operator struct {
	// Name is what it is called in the script and in tables.
	Name string
	// About says what changes, for people.
	About string
	// Removes: the element is not there afterwards.
	Removes bool
	// Rewords: the element's own text changes, so that a claim of that text rightly no longer holds.
	Rewords bool
}

// Operators are all changes, in the order of the report.
func Operators() []Operator {
	return []Operator{
		{Name: "ids", About: "every id is another one"},
		{Name: "classes", About: "every class is another one, as after a new build"},
		{Name: "testIds", About: "attributes for tests are dropped"},
		{Name: "attribute", About: "the element's placeholder, title or name is another one"},
		{Name: "order", About: "siblings stand in another order"},
		{Name: "wrapElement", About: "the element is wrapped"},
		{Name: "wrapAncestors", About: "up to three of its ancestors are wrapped"},
		{Name: "unwrap", About: "the nearest wrapper is gone"},
		{Name: "ownCopy", About: "the element's text is other wording", Rewords: true},
		{Name: "nearCopy", About: "the text beside the element is other wording"},
		{Name: "labelCopy", About: "the element's label is other wording"},
		{Name: "twinBefore", About: "a similar element stands before it"},
		{Name: "twinAfter", About: "a similar element stands after it"},
		{Name: "remove", About: "the element is gone", Removes: true},
		{Name: "replace", About: "the element is gone, a similar one stands in its place", Removes: true},
	}
}

// parts are the files of the operators' script in the order in which they are joined.
var parts = []string{"core", "names", "structure", "copy", "twin"}

// changing is a function for the driver that applies an operator to the first element it gets.
func changing() (string, error) {
	var out strings.Builder
	out.WriteString("(elements, change) => {\n")
	for _, part := range parts {
		text, err := scripts.ReadFile("script/" + part + ".js")
		if err != nil {
			return "", fmt.Errorf("crash: %w", err)
		}
		out.Write(text)
	}
	out.WriteString("\nreturn Boolean(operators[change.name](elements[0], seeded(change.seed)));\n}")
	return out.String(), nil
}

// seed is the same for the same sample and operator, so that every run makes the same change.
func seed(sample, operator string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(sample + "\x00" + operator))
	return h.Sum32()
}

// apply changes the document of the element at place; false when the change does not apply to it.
func apply(page playwright.Page, script, place string, o Operator, seed uint32) (bool, error) {
	done, err := page.Locator(place).EvaluateAll(script, map[string]any{"name": o.Name, "seed": float64(seed)})
	if err != nil {
		return false, fmt.Errorf("crash: apply %s: %w", o.Name, err)
	}
	return done == true, nil
}
