package knowledge

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"tapedeck/domain/job"
)

// Begin decides what begins a run over s, which may be new: its definition, where that changed, and the run. A run of
// another job that never ended is taken over. It fails with *job.InvalidError.
func (s *Source) Begin(def SourceDefined, run RunStarted) ([]Event, error) {
	var facts []Event
	if err := def.check(); err != nil {
		return nil, err
	}
	if !s.Exists() || s.Removed || !s.is(def) {
		facts = append(facts, def)
	}
	if s.Run.JobID == run.JobID && s.Run.Attempt == run.Attempt {
		return facts, nil
	}
	return append(facts, run), nil
}

// ErrRunning says that a job is at work on the source.
var ErrRunning = errors.New("a job is at work on the source")

// RemoveDocuments decides what takes documents out by their keys; keys that the source does not have are passed over,
// and without any there is nothing to do. It fails with ErrRunning unless the newest run ended, or its job did, which the
// caller says.
func (s *Source) RemoveDocuments(keys []string, reason string, ended bool) ([]Event, error) {
	if err := s.idle(ended); err != nil {
		return nil, err
	}
	has := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { _, ok := s.Entries[key]; return !ok })
	if len(has) == 0 {
		return nil, nil
	}
	return []Event{DocumentsRemoved{Keys: has, Reason: reason}}, nil
}

// Remove decides what takes away a source without documents; a removed one stays as it is. It fails as RemoveDocuments
// does.
func (s *Source) Remove(reason string, ended bool) ([]Event, error) {
	if err := s.idle(ended); err != nil || s.Removed {
		return nil, err
	}
	return []Event{SourceRemoved{Reason: reason}}, nil
}

func (s *Source) idle(ended bool) error {
	if s.Run.Outcome == Running && !ended {
		return fmt.Errorf("%w: stop or cancel job %s first", ErrRunning, s.Run.JobID)
	}
	return nil
}

func (s *Source) is(def SourceDefined) bool {
	return s.Kind == def.Kind && s.Key == def.Key && s.Name == def.Name && slices.Equal(s.Labels, def.Labels) && bytes.Equal(s.Input, def.Input)
}

func (d SourceDefined) check() error {
	var faults []job.Fault
	if !d.Kind.valid() {
		faults = append(faults, job.Fault{Path: "kind", Message: fmt.Sprintf("%q is no kind of source", d.Kind)})
	}
	if d.Key == "" {
		faults = append(faults, job.Fault{Path: "key", Message: "must not be empty"})
	}
	if d.Name == "" {
		faults = append(faults, job.Fault{Path: "name", Message: "must not be empty"})
	}
	if len(faults) > 0 {
		return &job.InvalidError{Faults: faults}
	}
	return nil
}
