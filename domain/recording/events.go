package recording

import (
	"strings"
	"time"
)

// Stream is the name of a recording's stream.
func Stream(id string) string { return streamPrefix + id }

const streamPrefix = "recording/"

// ParseStream is the reverse of Stream.
func ParseStream(name string) (id string, ok bool) {
	id, ok = strings.CutPrefix(name, streamPrefix)
	return id, ok && id != "" && !strings.Contains(id, "/")
}

// Event is one fact about a recording. The set is sealed: Evolve, the codec and the JSON Schemas cover every member.
//
//sumtype:decl
type Event interface {
	// EventType is the type in the envelope, for example "recording.step_recorded".
	EventType() string
	sealed()
}

// Started begins a recording: the first event of all, and again for each later attempt of its job, which records from
// the beginning (what was recorded before stays in the history).
type Started struct {
	Attempt  int    `json:"attempt"`
	Name     string `json:"name"`
	Folder   string `json:"folder,omitempty"`
	Mode     string `json:"mode"` // "interactive", "script", "mixed" or "import"
	URL      string `json:"url"`
	Viewport Size   `json:"viewport,omitzero"`
	Browser  string `json:"browser,omitempty"`
	// Variables are those of the recording that is run again, or of an import.
	Variables []Variable `json:"variables,omitempty"`
	// Secrets are the names of the secrets that steps refer to.
	Secrets []string `json:"secrets,omitempty"`
	// FromID and FromVersion name the recording whose steps are run first.
	FromID      string `json:"fromId,omitempty"`
	FromVersion uint64 `json:"fromVersion,omitzero"`
}

// StepRecorded adds a step at the end while recording.
type StepRecorded struct {
	Step Step `json:"step"`
}

// StepChanged puts a step in the place of the one with its id: while recording when more is known of it (more was
// typed, a screenshot was stored), afterwards when a person edits it.
type StepChanged struct {
	Step Step `json:"step"`
	// Edited says that a person did it: it can be undone.
	Edited bool `json:"edited,omitzero"`
}

// StepInserted is an edit: Index is the step's place afterwards, from 0.
type StepInserted struct {
	Step  Step `json:"step"`
	Index int  `json:"index"`
}

// StepRemoved takes a step away. It is an edit, except while recording.
type StepRemoved struct {
	StepID string `json:"stepId"`
	Edited bool   `json:"edited,omitzero"`
}

// StepMoved is an edit: Index is the step's place afterwards, from 0.
type StepMoved struct {
	StepID string `json:"stepId"`
	Index  int    `json:"index"`
}

// Renamed is an edit.
type Renamed struct {
	Name string `json:"name"`
}

// Filed is an edit: the folder that the recording lies in, with slashes; empty is the top.
type Filed struct {
	Folder string `json:"folder"`
}

// VariablesSet is an edit: the recording's variables from now on.
type VariablesSet struct {
	Variables []Variable `json:"variables"`
}

// Reverted makes the content what it was at Version. Undo and redo are this.
type Reverted struct {
	Version uint64 `json:"version"`
	// Way is "undo", "redo" or "restore".
	Way string `json:"way"`
}

// Finished closes an attempt.
type Finished struct {
	// Outcome is "complete", "cancelled" or "failed".
	Outcome    string `json:"outcome"`
	Reason     string `json:"reason,omitempty"`
	DurationMS int64  `json:"durationMs"`
	// Thumbnail is the artefact shown in lists.
	Thumbnail string `json:"thumbnail,omitempty"`
	// Attempt is whose artefacts belong to the steps.
	Attempt int `json:"attempt"`
	// Masked reports what was replaced by placeholders, by kind of secret.
	Masked map[string]int `json:"masked,omitempty"`
	// Notes are what a person should know: a capture that was cut off, a value too short to mask safely.
	Notes []string `json:"notes,omitempty"`
}

// Removed takes the recording out of the library; its tape stays.
type Removed struct{}

// Restored brings a removed recording back.
type Restored struct{}

// Unknown is an event of a type that this build does not know. It changes nothing but the version.
type Unknown struct {
	Type string `json:"-"`
}

// EventType implements Event.
func (Started) EventType() string      { return "recording.started" }
func (StepRecorded) EventType() string { return "recording.step_recorded" }
func (StepChanged) EventType() string  { return "recording.step_changed" }
func (StepInserted) EventType() string { return "recording.step_inserted" }
func (StepRemoved) EventType() string  { return "recording.step_removed" }
func (StepMoved) EventType() string    { return "recording.step_moved" }
func (Renamed) EventType() string      { return "recording.renamed" }
func (Filed) EventType() string        { return "recording.filed" }
func (VariablesSet) EventType() string { return "recording.variables_set" }
func (Reverted) EventType() string     { return "recording.reverted" }
func (Finished) EventType() string     { return "recording.finished" }
func (Removed) EventType() string      { return "recording.removed" }
func (Restored) EventType() string     { return "recording.restored" }
func (u Unknown) EventType() string    { return u.Type }

func (Started) sealed()      {}
func (StepRecorded) sealed() {}
func (StepChanged) sealed()  {}
func (StepInserted) sealed() {}
func (StepRemoved) sealed()  {}
func (StepMoved) sealed()    {}
func (Renamed) sealed()      {}
func (Filed) sealed()        {}
func (VariablesSet) sealed() {}
func (Reverted) sealed()     {}
func (Finished) sealed()     {}
func (Removed) sealed()      {}
func (Restored) sealed()     {}
func (Unknown) sealed()      {}

// Status is what a recording is.
type Status string

// The statuses. A recording whose worker died stays "recording" until its job's next attempt or end is known; readers
// that know the job show it as interrupted.
const (
	StatusRecording Status = "recording"
	StatusComplete  Status = "complete"
	StatusCancelled Status = "cancelled"
	StatusFailed    Status = "failed"
)

// Content is what edits change and undo brings back.
type Content struct {
	Name      string     `json:"name"`
	Folder    string     `json:"folder,omitempty"`
	Steps     []Step     `json:"steps"`
	Variables []Variable `json:"variables,omitempty"`
}

// Meta is what edits do not change.
type Meta struct {
	Status     Status         `json:"status"`
	Attempt    int            `json:"attempt"`
	Mode       string         `json:"mode"`
	URL        string         `json:"url"`
	Viewport   Size           `json:"viewport,omitzero"`
	Browser    string         `json:"browser,omitempty"`
	Secrets    []string       `json:"secrets,omitempty"`
	FromID     string         `json:"fromId,omitempty"`
	DurationMS int64          `json:"durationMs,omitzero"`
	Thumbnail  string         `json:"thumbnail,omitempty"`
	Reason     string         `json:"reason,omitempty"`
	Masked     map[string]int `json:"masked,omitempty"`
	Notes      []string       `json:"notes,omitempty"`
	Removed    bool           `json:"removed,omitzero"`
	CreatedAt  time.Time      `json:"createdAt,omitzero"`
	UpdatedAt  time.Time      `json:"updatedAt,omitzero"`
}

// Kind is the job kind that records; recordings' events carry it, so that a tap of "recorder*" sees them.
const Kind = "recorder.record"
