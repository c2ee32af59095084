package knowledge

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Event is one fact about a source or a document. The set is sealed: the folds, the codec and the JSON Schemas cover
// every member.
//
//sumtype:decl
type Event interface {
	// EventType is the type in the envelope, for example "document.stored".
	EventType() string
	sealed()
}

// SourceDefined says what a source is: the first event of all, and again whenever its input changes. Secrets are not in
// it but references to them.
type SourceDefined struct {
	Kind   SourceKind     `json:"kind"`
	Key    string         `json:"key"`
	Name   string         `json:"name"`
	Labels []string       `json:"labels,omitempty"`
	Input  jsontext.Value `json:"input,omitzero"`
}

// RunStarted begins a job's work on a source, or an attempt's.
type RunStarted struct {
	JobID   string `json:"jobId"`
	Attempt int    `json:"attempt"`
	// Next is the job that reads the source again, when that was asked for.
	Next *NextRun `json:"next,omitzero"`
}

// NextRun is a job that waits for its time.
type NextRun struct {
	JobID string    `json:"jobId"`
	At    time.Time `json:"at"`
}

// Gathered is what a run did since the event before. It is appended together with the documents' own events, so that
// what it says is stored is stored.
type Gathered struct {
	JobID     string           `json:"jobId"`
	Found     []Found          `json:"found,omitempty"`
	Stored    map[string]Entry `json:"stored,omitempty"`
	Unchanged []string         `json:"unchanged,omitempty"` // keys
	Faults    []Fault          `json:"faults,omitempty"`
	Removed   []string         `json:"removed,omitempty"` // keys
	State     string           `json:"state,omitempty"`
}

// RunFinished ends a run. A run whose worker died has none, and is succeeded by the next RunStarted.
type RunFinished struct {
	JobID   string  `json:"jobId"`
	Outcome Outcome `json:"outcome"`
	Reason  string  `json:"reason,omitempty"`
	// Since is where a later run may begin, in the kind's own words.
	Since string `json:"since,omitempty"`
}

// DocumentsRemoved is what somebody took out of a source, between runs. It is appended together with the documents' own
// events. A later run brings back what is still there.
type DocumentsRemoved struct {
	Keys   []string `json:"keys"`
	Reason string   `json:"reason"`
}

// SourceRemoved takes a source away, after its documents. A later run brings it back.
type SourceRemoved struct {
	Reason string `json:"reason"`
}

// DocumentStored is a new version of a document.
type DocumentStored struct{ Facts }

// DocumentRemoved takes a document out of what is known. A later DocumentStored brings it back.
type DocumentRemoved struct {
	Reason string `json:"reason"`
	JobID  string `json:"jobId,omitempty"`
}

// Unknown is an event of a newer build.
type Unknown struct{ Type string }

func (SourceDefined) EventType() string    { return "source.defined" }
func (RunStarted) EventType() string       { return "source.run_started" }
func (Gathered) EventType() string         { return "source.gathered" }
func (RunFinished) EventType() string      { return "source.run_finished" }
func (DocumentsRemoved) EventType() string { return "source.documents_removed" }
func (SourceRemoved) EventType() string    { return "source.removed" }
func (DocumentStored) EventType() string   { return "document.stored" }
func (DocumentRemoved) EventType() string  { return "document.removed" }

// EventType is that of the event which is not known.
func (u Unknown) EventType() string { return u.Type }

func (SourceDefined) sealed()    {}
func (RunStarted) sealed()       {}
func (Gathered) sealed()         {}
func (RunFinished) sealed()      {}
func (DocumentsRemoved) sealed() {}
func (SourceRemoved) sealed()    {}
func (DocumentStored) sealed()   {}
func (DocumentRemoved) sealed()  {}
func (Unknown) sealed()          {}
