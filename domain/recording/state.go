package recording

import (
	"slices"
	"time"

	"tapedeck/domain/event"
)

// State is a recording at one version of its stream. The zero State is a recording that does not exist.
type State struct {
	ID      string `json:"recordingId"`
	Project string `json:"project"`
	Meta
	Content
	// CanUndo and CanRedo say what Undo and Redo would find.
	CanUndo bool `json:"canUndo"`
	CanRedo bool `json:"canRedo"`
	// Version is the number of events folded; Head is the hash of the last one.
	Version uint64     `json:"version"`
	Head    event.Hash `json:"-"`

	// past[n] is the content at version n. Steps are shared between versions: none is ever changed in place.
	past []Content
	// undo and redo are versions to revert to, the next one last.
	undo, redo []uint64
}

// Exists reports whether the recording was ever started.
func (s State) Exists() bool { return s.Version > 0 }

// Step finds a step by its id; index is -1 when there is none.
func (s State) Step(id string) (step Step, index int) {
	index = slices.IndexFunc(s.Steps, func(st Step) bool { return st.ID == id })
	if index < 0 {
		return Step{}, index
	}
	return s.Steps[index], index
}

// Fold applies one stored event. It does not change s or anything s refers to.
func Fold(s State, e event.Event, hash event.Hash) (State, error) {
	fact, err := Decode(e.Type, e.SchemaVersion, e.Data)
	if err != nil {
		return s, err
	}
	if s.Version == 0 {
		s.ID, s.Project = e.Subject, e.Project
	}
	s = Evolve(s, fact, e.Time)
	s.Head = hash
	return s, nil
}

// Evolve applies one fact that happened at a time.
func Evolve(s State, e Event, at time.Time) State {
	before := s.Version
	if len(s.past) == 0 {
		s.past = []Content{{}}
	}
	s.Version++
	switch e := e.(type) {
	case Started:
		s = s.started(e, at)
	case StepRecorded:
		s.Steps = append(slices.Clip(s.Steps), e.Step)
	case StepChanged:
		s.Steps = replaced(s.Steps, e.Step)
	case StepInserted:
		s.Steps = slices.Insert(slices.Clone(s.Steps), min(max(e.Index, 0), len(s.Steps)), e.Step)
	case StepRemoved:
		s.Steps = without(s.Steps, e.StepID)
	case StepMoved:
		s.Steps = moved(s.Steps, e.StepID, e.Index)
	case Renamed:
		s.Name = e.Name
	case Filed:
		s.Folder = e.Folder
	case VariablesSet:
		s.Variables = e.Variables
	case Reverted:
		s = s.reverted(e, before)
	case Finished:
		s = s.finished(e)
	case Removed:
		s.Removed = true
	case Restored:
		s.Removed = false
	case Unknown:
	}
	if isEdit(e) && s.Status != StatusRecording { // undo would take back what was recorded since
		s.undo, s.redo = append(slices.Clip(s.undo), before), nil
	}
	s.past = append(slices.Clip(s.past), s.Content)
	s.UpdatedAt = at
	s.CanUndo, s.CanRedo = len(s.undo) > 0, len(s.redo) > 0
	return s
}

// isEdit says whether undo takes the event back.
func isEdit(e Event) bool {
	switch e := e.(type) {
	case StepChanged:
		return e.Edited
	case StepRemoved:
		return e.Edited
	case StepInserted, StepMoved, Renamed, Filed, VariablesSet:
		return true
	case Reverted:
		return e.Way == "restore"
	default:
		return false
	}
}

func (s State) started(e Started, at time.Time) State {
	created := s.CreatedAt
	if created.IsZero() {
		created = at
	}
	s.Meta = Meta{
		Status: StatusRecording, Attempt: e.Attempt, Mode: e.Mode, URL: e.URL, Viewport: e.Viewport, Browser: e.Browser,
		Secrets: e.Secrets, FromID: e.FromID, CreatedAt: created, Removed: s.Removed,
	}
	s.Content = Content{Name: e.Name, Folder: e.Folder, Variables: e.Variables}
	s.undo, s.redo = nil, nil
	return s
}

func (s State) finished(e Finished) State {
	switch e.Outcome {
	case "complete":
		s.Status = StatusComplete
	case "cancelled":
		s.Status = StatusCancelled
	default:
		s.Status = StatusFailed
	}
	s.Reason, s.DurationMS, s.Thumbnail, s.Masked, s.Notes = e.Reason, e.DurationMS, e.Thumbnail, e.Masked, e.Notes
	if e.Attempt > 0 {
		s.Attempt = e.Attempt
	}
	return s
}

func (s State) reverted(e Reverted, before uint64) State {
	if e.Version < uint64(len(s.past)) {
		s.Content = s.past[e.Version]
	}
	switch {
	case e.Way == "undo" && len(s.undo) > 0:
		s.undo, s.redo = s.undo[:len(s.undo)-1], append(slices.Clip(s.redo), before)
	case e.Way == "redo" && len(s.redo) > 0:
		s.redo, s.undo = s.redo[:len(s.redo)-1], append(slices.Clip(s.undo), before)
	}
	return s
}

func replaced(steps []Step, step Step) []Step {
	i := slices.IndexFunc(steps, func(s Step) bool { return s.ID == step.ID })
	if i < 0 {
		return steps
	}
	steps = slices.Clone(steps)
	steps[i] = step
	return steps
}

func without(steps []Step, id string) []Step {
	return slices.DeleteFunc(slices.Clone(steps), func(s Step) bool { return s.ID == id })
}

func moved(steps []Step, id string, to int) []Step {
	i := slices.IndexFunc(steps, func(s Step) bool { return s.ID == id })
	if i < 0 {
		return steps
	}
	step := steps[i]
	steps = slices.Delete(slices.Clone(steps), i, i+1)
	return slices.Insert(steps, min(max(to, 0), len(steps)), step)
}
