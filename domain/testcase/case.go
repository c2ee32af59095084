package testcase

// Type says what a case is about.
type Type string

// The types.
const (
	Positive Type = "positive" // what should work
	Negative Type = "negative" // what should be refused
	Edge     Type = "edge"     // what lies at a limit, on the side where it should work
)

// CaseTypes are the types in the order in which lists show them.
var CaseTypes = []Type{Positive, Negative, Edge}

// Priority says which cases come first.
type Priority string

// The priorities.
const (
	High   Priority = "high"
	Medium Priority = "medium"
	Low    Priority = "low"
)

// Priorities are all of them, the highest first.
var Priorities = []Priority{High, Medium, Low}

// Class says what stands behind a case. A case is Manual until something proves it.
type Class string

// The classes of proof.
const (
	// TwinProven: a test of it passed its runs against the recording's network.
	TwinProven Class = "twin-proven"
	// LiveProven: a test of it passed its runs on an environment.
	LiveProven Class = "live-proven"
	// ClientOnly: a test of it passed, and nothing of it reaches a server: the browser itself stops it.
	ClientOnly Class = "client-only"
	// Manual: nothing has proven it; a person has to do it.
	Manual Class = "manual"
)

// Classes are all of them.
var Classes = []Class{TwinProven, LiveProven, ClientOnly, Manual}

// Case is one test case.
type Case struct {
	// ID is the same when the same is generated again.
	ID            string   `json:"caseId"`
	Title         string   `json:"title"`
	Type          Type     `json:"type"`
	Priority      Priority `json:"priority"`
	Preconditions []string `json:"preconditions,omitempty"`
	Steps         []Step   `json:"steps"`
	Tags          []string `json:"tags,omitempty"`
	// Sources are what the case as a whole goes back to.
	Sources []Citation `json:"sources,omitempty"`
	// Proof is what stands behind it, and Candidate the class that it may reach: ClientOnly for a case that a browser's own
	// validation stops, TwinProven for one whose answers were recorded. Candidate is empty where neither is known.
	Proof     Class `json:"proof"`
	Candidate Class `json:"candidate,omitempty"`
	// Why says in a sentence how the case came about.
	Why string `json:"why,omitempty"`
	// Trial is the case as a program can do it; nil where only a person can, and once a person has changed its steps.
	Trial *Trial `json:"trial,omitempty"`
}

// Step is one thing to do, and what should follow.
type Step struct {
	// ID is unique within the case.
	ID     string `json:"stepId"`
	Action string `json:"action"`
	// Data is what is entered or chosen; never the value of a secret.
	Data     string `json:"data,omitempty"`
	Expected string `json:"expected,omitempty"`
	// Sources are where the action goes back to, ExpectedSources where the expected result does.
	Sources         []Citation `json:"sources,omitempty"`
	ExpectedSources []Citation `json:"expectedSources,omitempty"`
}

// Origin says what kind of place a citation leads to.
type Origin string

// The origins.
const (
	FromPassage Origin = "passage" // of a document
	FromStep    Origin = "step"    // of a recording
	FromPage    Origin = "page"    // a page as a step's document shows it
	FromAnswer  Origin = "answer"  // of a server, in the recording's network
)

// Citation is a place that says something, with what it says. It can be opened: a passage by its id, the others as a step
// or artefact of the recording.
type Citation struct {
	Origin Origin `json:"origin"`
	// Quote is the place's own text, word for word; a long one is cut at its end and ends in "…".
	Quote string `json:"quote"`

	// Of a passage: the version of the document that was read, and the SHA-256 of that version's text in hex.
	SourceID   string   `json:"sourceId,omitempty"`
	DocumentID string   `json:"documentId,omitempty"`
	Version    uint64   `json:"version,omitzero"`
	PassageID  string   `json:"passageId,omitempty"`
	Hash       string   `json:"hash,omitempty"`
	Title      string   `json:"title,omitempty"`
	URL        string   `json:"url,omitempty"`
	Headings   []string `json:"headings,omitempty"`

	// Of a recording: its version, its step, the artefact that shows it, and the exchange's place in its network.har.
	RecordingID string `json:"recordingId,omitempty"`
	StepID      string `json:"stepId,omitempty"`
	File        string `json:"file,omitempty"`
	Entry       *int   `json:"entry,omitempty"`
}

// FindingKind says what is wrong.
type FindingKind string

// The kinds of findings.
const (
	// Contradiction: a document says one thing, and the recording shows another.
	Contradiction FindingKind = "contradiction"
	// Disagreement: documents say different things.
	Disagreement FindingKind = "disagreement"
)

// Finding is something that a person has to settle. What it is about is no case's expected result.
type Finding struct {
	// ID is the same when the same is found again.
	ID   string      `json:"findingId"`
	Kind FindingKind `json:"kind"`
	// Subject is what it is about, for example a field's name.
	Subject string `json:"subject"`
	// Message says it in a sentence.
	Message string `json:"message"`
	// Says is what documents say, Shows what the recording shows.
	Says  []Citation `json:"says"`
	Shows []Citation `json:"shows,omitempty"`
}

// Uncovered is a requirement that nothing in the recording touches.
type Uncovered struct {
	// Requirement is its type, as knowledge.RequirementType.
	Requirement string   `json:"requirement"`
	Source      Citation `json:"source"`
}
