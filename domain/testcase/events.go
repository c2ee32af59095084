package testcase

import "strings"

// Kind is the job kind that generates; the events of test cases carry it.
const Kind = "testcases.generate"

// Stream is the name of a set's stream.
func Stream(id string) string { return streamPrefix + id }

const streamPrefix = "testcases/"

// ParseStream is the reverse of Stream.
func ParseStream(name string) (id string, ok bool) {
	id, ok = strings.CutPrefix(name, streamPrefix)
	return id, ok && id != "" && !strings.Contains(id, "/")
}

// Event is one fact about a set of test cases. The set of types is sealed: Evolve, the codec and the JSON Schemas cover
// every member.
//
//sumtype:decl
type Event interface {
	// EventType is the type in the envelope, for example "testcases.generated".
	EventType() string
	sealed()
}

// Started begins an attempt: the first event of all, and again for each later attempt of its job, which begins anew.
type Started About

// About is what cases are generated from.
type About struct {
	Attempt          int    `json:"attempt"`
	RecordingID      string `json:"recordingId"`
	RecordingVersion uint64 `json:"recordingVersion"`
	// Name is the recording's.
	Name string `json:"name"`
	// Sources are the ids of the sources whose documents are read.
	Sources []string `json:"sources,omitempty"`
	// Base is the earlier set whose other cases are taken over; empty when all are made.
	Base string `json:"base,omitempty"`
}

// Generated is a part of what was generated.
type Generated struct {
	Cases     []Case      `json:"cases,omitempty"`
	Findings  []Finding   `json:"findings,omitempty"`
	Uncovered []Uncovered `json:"uncovered,omitempty"`
}

// Finished closes an attempt: what was generated is whole, and can be reviewed.
type Finished Read

// Read is what was read for the cases.
type Read struct {
	// Documents and Requirements count what was read.
	Documents    int `json:"documents"`
	Requirements int `json:"requirements"`
	// UncoveredOf is how many requirements nothing touches; a long list is not kept whole.
	UncoveredOf int `json:"uncoveredOf"`
	// Improved counts the titles that a model worded, Proposed the cases that it added.
	Improved int      `json:"improved,omitzero"`
	Proposed int      `json:"proposed,omitzero"`
	Notes    []string `json:"notes,omitempty"`
}

// Word is who says something about a case, and why.
type Word struct {
	// By is what the person calls herself: the server knows no accounts.
	By     string `json:"by"`
	Reason string `json:"reason,omitempty"`
}

// Edited puts a case in the place of the one with its id. It is for review anew, and unproven.
type Edited struct {
	Case Case `json:"case"`
	Word
}

// Accepted says that a case is right.
type Accepted struct {
	CaseID string `json:"caseId"`
	Word
}

// Rejected says that a case is not wanted.
type Rejected struct {
	CaseID string `json:"caseId"`
	Word
}

// Exported says that cases were handed out.
type Exported struct {
	CaseIDs []string `json:"caseIds"`
	// Format is "xlsx", "csv", "markdown" or "gherkin".
	Format string `json:"format"`
	Word
}

// Proven says what stands behind a case from now on: a test of a proof, whose runs all passed.
type Proven struct {
	CaseID  string `json:"caseId"`
	Class   Class  `json:"class"`
	ProofID string `json:"proofId"`
	// Test is the test's id in that proof.
	Test string `json:"test"`
	Word
}

// Unknown is an event of a type that this build does not know. It changes nothing but the version.
type Unknown struct {
	Type string `json:"-"`
}

// EventType implements Event.
func (Started) EventType() string   { return "testcases.started" }
func (Generated) EventType() string { return "testcases.generated" }
func (Finished) EventType() string  { return "testcases.finished" }
func (Edited) EventType() string    { return "testcase.edited" }
func (Accepted) EventType() string  { return "testcase.accepted" }
func (Rejected) EventType() string  { return "testcase.rejected" }
func (Exported) EventType() string  { return "testcase.exported" }
func (Proven) EventType() string    { return "testcase.proven" }
func (u Unknown) EventType() string { return u.Type }

func (Started) sealed()   {}
func (Generated) sealed() {}
func (Finished) sealed()  {}
func (Edited) sealed()    {}
func (Accepted) sealed()  {}
func (Rejected) sealed()  {}
func (Exported) sealed()  {}
func (Proven) sealed()    {}
func (Unknown) sealed()   {}
