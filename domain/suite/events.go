package suite

import (
	"strings"
	"time"

	"tapedeck/domain/testcase"
)

// Kind is the job kind that generates; the events of reviews carry it.
const Kind = "suite.generate"

// Stream is the name of a review's stream.
func Stream(id string) string { return streamPrefix + id }

const streamPrefix = "suite/"

// ParseStream is the reverse of Stream.
func ParseStream(name string) (id string, ok bool) {
	id, ok = strings.CutPrefix(name, streamPrefix)
	return id, ok && id != "" && !strings.Contains(id, "/")
}

// Event is one fact about a review. The set of types is sealed: Evolve, the codec and the JSON Schemas cover every member.
//
//sumtype:decl
type Event interface {
	// EventType is the type in the envelope, for example "suite.edited".
	EventType() string
	sealed()
}

// Word is who says something about a suite, and why.
type Word = testcase.Word

// Proposed is the text as a job generated it: the first event of all. A later attempt of the job proposes anew.
type Proposed struct {
	About
	Digest
}

// About is what a suite is generated from, and how it is proven.
type About struct {
	Attempt          int    `json:"attempt"`
	RecordingID      string `json:"recordingId"`
	RecordingVersion uint64 `json:"recordingVersion"`
	// Name is the recording's.
	Name string `json:"name"`
	// Spec is the path of the text in the project.
	Spec string `json:"spec"`
	// Runs is how often each test runs in a proof, Mutants with how many faults it is tried, for BudgetSeconds at most.
	Runs          int `json:"runs"`
	Mutants       int `json:"mutants"`
	BudgetSeconds int `json:"budgetSeconds"`
	// TestSeconds is how long each test may take; 0 is a proof's own default.
	TestSeconds int `json:"testSeconds,omitzero"`
	// CasesID is the job of the test cases that are told what is proven; "" for none.
	CasesID string `json:"casesId,omitempty"`
}

// Digest names a text: its SHA-256 in hex and its size in bytes.
type Digest struct {
	SHA256 string `json:"sha256"`
	Size   int    `json:"size"`
}

// Edited is another text in the place of the current one. It is for review anew, and unproven.
type Edited struct {
	Digest
	Word
}

// Accepted says that the suite is right.
type Accepted struct{ Word }

// Rejected says that the suite is not wanted.
type Rejected struct{ Word }

// ProofBegun says which job proves a text.
type ProofBegun struct {
	// Text is the number of the text that is proven.
	Text    int    `json:"text"`
	ProofID string `json:"proofId"`
	Word
}

// Exported says that a text was handed out.
type Exported struct {
	// Text is the number of the text that was handed out.
	Text int `json:"text"`
	// Format is "zip" for a file, or "git" for a branch of a repository.
	Format string `json:"format"`
	Place
	Word
}

// Place is where in a repository a text was pushed to.
type Place struct {
	Repository string `json:"repository,omitempty"`
	Branch     string `json:"branch,omitempty"`
	Commit     string `json:"commit,omitempty"`
	// URL is where people find the branch; "" where that is not known.
	URL string `json:"url,omitempty"`
	// JobID is the job that pushed.
	JobID string `json:"jobId,omitempty"`
}

// Formats of exports.
const (
	FormatZip = "zip"
	FormatGit = "git"
)

// Unknown is an event of a type that this build does not know. It changes nothing but the version.
type Unknown struct {
	Type string `json:"-"`
}

// EventType implements Event.
func (Proposed) EventType() string   { return "suite.proposed" }
func (Edited) EventType() string     { return "suite.edited" }
func (Accepted) EventType() string   { return "suite.accepted" }
func (Rejected) EventType() string   { return "suite.rejected" }
func (ProofBegun) EventType() string { return "suite.proof_begun" }
func (Exported) EventType() string   { return "suite.exported" }
func (u Unknown) EventType() string  { return u.Type }

func (Proposed) sealed()   {}
func (Edited) sealed()     {}
func (Accepted) sealed()   {}
func (Rejected) sealed()   {}
func (ProofBegun) sealed() {}
func (Exported) sealed()   {}
func (Unknown) sealed()    {}

// Entry is one thing that happened in a review.
type Entry struct {
	At time.Time `json:"at"`
	// What is "proposed", "edited", "accepted", "rejected", "exported" or "proof_begun".
	What string `json:"what"`
	Word
	// Text is the number of the text that it is about.
	Text int `json:"text"`
	// ProofID is that of a proof that began, Format and Place those of an export.
	ProofID string `json:"proofId,omitempty"`
	Format  string `json:"format,omitempty"`
	Place
}
