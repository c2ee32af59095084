package knowledge

import (
	"crypto/sha256"
	"encoding/base32"
	"strconv"
	"strings"
)

// PassageKind says what part of a document's structure a passage is.
type PassageKind string

// The kinds of passages.
const (
	Paragraph PassageKind = "paragraph"
	Item      PassageKind = "item" // of a list, without the lists in it
	Row       PassageKind = "row"  // of a table, without its head
	Code      PassageKind = "code"
	Scenario  PassageKind = "scenario" // Given, When, Then
)

// RequirementType says what a passage demands; empty for one that demands nothing. Must, Should and May follow
// RFC 2119, also in lower case and in German.
type RequirementType string

// The types of requirements.
const (
	Must      RequirementType = "must"
	Should    RequirementType = "should"
	May       RequirementType = "may"
	Criterion RequirementType = "criterion" // stands under a heading for acceptance criteria
	Example   RequirementType = "scenario"  // Given, When, Then
	Rule      RequirementType = "rule"      // a numbered rule
)

// Passage is a part of a document's text that can be cited.
type Passage struct {
	// ID is the same in every version of the document in which the passage stands unchanged under the same headings.
	ID   string      `json:"passageId"`
	Kind PassageKind `json:"kind"`
	// Headings are those above it, the document's outermost first.
	Headings []string `json:"headings,omitempty"`
	// Context is what it needs to be understood: a table's head, the items that a nested one belongs to.
	Context string `json:"context,omitempty"`
	// Start and End are offsets in bytes into the document's text.
	Start int    `json:"start"`
	End   int    `json:"end"`
	Text  string `json:"text"`
	// Requirement is what the passage demands.
	Requirement RequirementType `json:"requirement,omitempty"`
}

// idEncoding has no character that a person could take for another, or that a URL escapes.
var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// digestID is a short id made of what identifies something.
func digestID(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
	}
	return idEncoding.EncodeToString(h.Sum(nil)[:15])
}

// identify gives passages their ids. Equal ones under the same headings are told apart by their order.
func identify(documentID string, passages []Passage) {
	seen := map[string]int{}
	for i := range passages {
		p := &passages[i]
		key := digestID(documentID, string(p.Kind), strings.Join(p.Headings, "\x00"), strings.Join(strings.Fields(p.Text), " "))
		p.ID = key
		if n := seen[key]; n > 0 {
			p.ID = digestID(key, strconv.Itoa(n))
		}
		seen[key]++
	}
}
