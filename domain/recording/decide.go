package recording

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"tapedeck/domain/job"
)

var (
	// ErrNotFound: no such recording.
	ErrNotFound = errors.New("no such recording")
)

// RefusedError says that the recording's state does not allow a command.
type RefusedError struct {
	ID      string
	Status  Status
	Version uint64
	Why     string
}

// Error implements error.
func (e *RefusedError) Error() string { return fmt.Sprintf("recording %s: %s", e.ID, e.Why) }

func refuse(s State, format string, args ...any) error {
	return &RefusedError{ID: s.ID, Status: s.Status, Version: s.Version, Why: fmt.Sprintf(format, args...)}
}

// Command asks for a change.
//
//sumtype:decl
type Command interface{ command() }

type (
	// Start begins an attempt.
	Start struct{ Started Started }
	// Record adds a step while recording.
	Record struct{ Step Step }
	// Amend puts more that is known of a recorded step into its place; the step must be there.
	Amend struct{ Step Step }
	// Retract takes a recorded step away while recording: it turned out to be part of another one.
	Retract struct{ StepID string }
	// Finish closes the attempt.
	Finish struct{ Finished Finished }

	// InsertStep adds a step that a person wrote; Index is its place afterwards.
	InsertStep struct {
		Step  Step
		Index int
	}
	// ReplaceStep puts an edited step into the place of the one with its id.
	ReplaceStep struct{ Step Step }
	// RemoveStep takes a step away.
	RemoveStep struct{ StepID string }
	// MoveStep moves a step to Index.
	MoveStep struct {
		StepID string
		Index  int
	}
	// Rename changes the name.
	Rename struct{ Name string }
	// PutInFolder moves the recording to a folder.
	PutInFolder struct{ Folder string }
	// SetVariables replaces the variables.
	SetVariables struct{ Variables []Variable }
	// Undo takes the last edit back.
	Undo struct{}
	// Redo brings back what was undone.
	Redo struct{}
	// RestoreVersion makes the content what it was at a version.
	RestoreVersion struct{ Version uint64 }
	// Remove takes the recording out of the library.
	Remove struct{}
	// Restore brings a removed recording back.
	Restore struct{}
)

func (Start) command()          {}
func (Record) command()         {}
func (Amend) command()          {}
func (Retract) command()        {}
func (Finish) command()         {}
func (InsertStep) command()     {}
func (ReplaceStep) command()    {}
func (RemoveStep) command()     {}
func (MoveStep) command()       {}
func (Rename) command()         {}
func (PutInFolder) command()    {}
func (SetVariables) command()   {}
func (Undo) command()           {}
func (Redo) command()           {}
func (RestoreVersion) command() {}
func (Remove) command()         {}
func (Restore) command()        {}

// Decide returns the events that a command leads to: none when it changes nothing. It fails with ErrNotFound,
// *RefusedError or *job.InvalidError.
func Decide(s State, c Command) ([]Event, error) {
	if start, ok := c.(Start); ok {
		return decideStart(s, start)
	}
	if !s.Exists() {
		return nil, ErrNotFound
	}
	switch c := c.(type) {
	case Record, Amend, Retract, Finish:
		return decideWhileRecording(s, c)
	case Undo:
		return revert(s.undo, s, "undo")
	case Redo:
		return revert(s.redo, s, "redo")
	case RestoreVersion:
		return decideRestoreVersion(s, c)
	case Remove:
		return unless(s.Removed, Removed{}), nil
	case Restore:
		return unless(!s.Removed, Restored{}), nil
	default:
		return decideEdit(s, c)
	}
}

func unless(done bool, e Event) []Event {
	if done {
		return nil
	}
	return []Event{e}
}

func decideStart(s State, c Start) ([]Event, error) {
	if c.Started.Attempt <= s.Attempt {
		return nil, refuse(s, "attempt %d began already", s.Attempt)
	}
	if err := invalid(checkName(c.Started.Name), checkFolder(c.Started.Folder), checkVariables(c.Started.Variables)); err != nil {
		return nil, err
	}
	return []Event{c.Started}, nil
}

func decideWhileRecording(s State, c Command) ([]Event, error) {
	if s.Status != StatusRecording {
		return nil, refuse(s, "it is %s, nothing is recorded any more", s.Status)
	}
	switch c := c.(type) {
	case Record:
		if _, i := s.Step(c.Step.ID); i >= 0 {
			return nil, refuse(s, "there is a step %q already", c.Step.ID)
		}
		if len(s.Steps) >= MaxSteps {
			return nil, refuse(s, "it holds %d steps, the most that one may", MaxSteps)
		}
		return []Event{StepRecorded(c)}, invalid(c.Step.check("step"))
	case Amend:
		old, i := s.Step(c.Step.ID)
		if i < 0 {
			return nil, refuse(s, "there is no step %q", c.Step.ID)
		}
		if reflect.DeepEqual(old, c.Step) {
			return nil, nil
		}
		return []Event{StepChanged{Step: c.Step}}, invalid(c.Step.check("step"))
	case Retract:
		_, i := s.Step(c.StepID)
		return unless(i < 0, StepRemoved{StepID: c.StepID}), nil
	case Finish:
		return []Event{c.Finished}, nil
	default:
		return nil, fmt.Errorf("%T is no command of a recorder", c)
	}
}

func decideEdit(s State, c Command) ([]Event, error) {
	if s.Removed {
		return nil, refuse(s, "it was removed; restore it first")
	}
	switch c := c.(type) {
	case InsertStep:
		return decideInsert(s, c)
	case ReplaceStep:
		return decideReplace(s, c)
	case RemoveStep:
		if _, i := s.Step(c.StepID); i < 0 {
			return nil, refuse(s, "there is no step %q", c.StepID)
		}
		return []Event{StepRemoved{StepID: c.StepID, Edited: true}}, nil
	case MoveStep:
		_, i := s.Step(c.StepID)
		if i < 0 {
			return nil, refuse(s, "there is no step %q", c.StepID)
		}
		if c.Index < 0 || c.Index >= len(s.Steps) {
			return nil, invalid([]job.Fault{{Path: "index", Message: fmt.Sprintf("want 0 to %d", len(s.Steps)-1)}})
		}
		return unless(i == c.Index, StepMoved(c)), nil
	case Rename:
		return unless(s.Name == c.Name, Renamed(c)), invalid(checkName(c.Name))
	case PutInFolder:
		return unless(s.Folder == c.Folder, Filed(c)), invalid(checkFolder(c.Folder))
	case SetVariables:
		return unless(reflect.DeepEqual(s.Variables, c.Variables), VariablesSet(c)), invalid(checkVariables(c.Variables))
	default:
		return nil, fmt.Errorf("%T is no edit", c)
	}
}

func decideInsert(s State, c InsertStep) ([]Event, error) {
	if _, i := s.Step(c.Step.ID); i >= 0 {
		return nil, refuse(s, "there is a step %q already", c.Step.ID)
	}
	if len(s.Steps) >= MaxSteps {
		return nil, refuse(s, "it holds %d steps, the most that one may", MaxSteps)
	}
	if c.Index < 0 || c.Index > len(s.Steps) {
		return nil, invalid([]job.Fault{{Path: "index", Message: fmt.Sprintf("want 0 to %d", len(s.Steps))}})
	}
	return []Event{StepInserted(c)}, invalid(c.Step.check("step"))
}

// decideReplace keeps the evidence: an edit changes what is to be done, not what was seen.
func decideReplace(s State, c ReplaceStep) ([]Event, error) {
	old, i := s.Step(c.Step.ID)
	if i < 0 {
		return nil, refuse(s, "there is no step %q", c.Step.ID)
	}
	c.Step.Evidence, c.Step.At, c.Step.By = old.Evidence, old.At, old.By
	return unless(reflect.DeepEqual(old, c.Step), StepChanged{Step: c.Step, Edited: true}), invalid(c.Step.check("step"))
}

func revert(stack []uint64, s State, way string) ([]Event, error) {
	if len(stack) == 0 {
		return nil, refuse(s, "there is nothing to %s", way)
	}
	return []Event{Reverted{Version: stack[len(stack)-1], Way: way}}, nil
}

func decideRestoreVersion(s State, c RestoreVersion) ([]Event, error) {
	if s.Status == StatusRecording {
		return nil, refuse(s, "it is still being recorded")
	}
	if c.Version == 0 || c.Version > s.Version {
		return nil, invalid([]job.Fault{{Path: "version", Message: fmt.Sprintf("want 1 to %d", s.Version)}})
	}
	return unless(reflect.DeepEqual(s.past[c.Version], s.Content), Reverted{Version: c.Version, Way: "restore"}), nil
}

// Bounds.
const (
	MaxSteps     = 2000
	MaxName      = 200
	MaxFolder    = 400
	MaxText      = 64 << 10 // bytes of one text of a step
	MaxVariables = 200
	MaxRows      = 1000
)

// invalid joins faults to a *job.InvalidError, nil when there are none.
func invalid(faults ...[]job.Fault) error {
	all := slices.Concat(faults...)
	if len(all) == 0 {
		return nil
	}
	return &job.InvalidError{Faults: all}
}

func checkName(name string) []job.Fault {
	if strings.TrimSpace(name) == "" || len(name) > MaxName {
		return []job.Fault{{Path: "name", Message: fmt.Sprintf("want 1 to %d bytes", MaxName)}}
	}
	return nil
}

func checkFolder(folder string) []job.Fault {
	if folder == "" {
		return nil
	}
	for segment := range strings.SplitSeq(folder, "/") {
		if strings.TrimSpace(segment) != segment || strings.Trim(segment, ".") == "" {
			return []job.Fault{{Path: "folder", Message: "want names with slashes between them"}}
		}
	}
	if len(folder) > MaxFolder {
		return []job.Fault{{Path: "folder", Message: fmt.Sprintf("at most %d bytes", MaxFolder)}}
	}
	return nil
}

func checkVariables(vars []Variable) []job.Fault {
	var faults []job.Fault
	if len(vars) > MaxVariables {
		faults = append(faults, job.Fault{Path: "variables", Message: fmt.Sprintf("at most %d", MaxVariables)})
	}
	seen := map[string]bool{}
	for i, v := range vars {
		path := fmt.Sprintf("variables/%d", i)
		if !validVariable(v.Name) {
			faults = append(faults, job.Fault{Path: path + "/name", Message: "want a letter, then up to 63 letters, digits or underscores"})
		}
		if seen[v.Name] {
			faults = append(faults, job.Fault{Path: path + "/name", Message: "is there twice"})
		}
		seen[v.Name] = true
		if len(v.Rows) > MaxRows {
			faults = append(faults, job.Fault{Path: path + "/rows", Message: fmt.Sprintf("at most %d", MaxRows)})
		}
		if len(v.Rows) > 0 && v.Unique {
			faults = append(faults, job.Fault{Path: path, Message: "rows and unique exclude each other"})
		}
	}
	return faults
}

func validVariable(name string) bool {
	if name == "" || len(name) > 64 {
		return false
	}
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return true
}
