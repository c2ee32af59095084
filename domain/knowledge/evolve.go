package knowledge

import (
	"maps"
	"slices"
	"time"

	"tapedeck/domain/event"
)

// Fold applies one stored event to s, in place: a source may have many documents.
func (s *Source) Fold(e *event.Event, hash event.Hash) error {
	fact, err := Decode(e.Type, e.SchemaVersion, e.Data)
	if err != nil {
		return err
	}
	if s.Version == 0 {
		s.ID, s.Project, s.CreatedAt = e.Subject, e.Project, e.Time
	}
	s.Evolve(fact, e.Time)
	s.Head = hash
	return nil
}

// Evolve applies one fact that happened at a time, in place.
func (s *Source) Evolve(e Event, at time.Time) {
	s.Version++
	s.UpdatedAt = at
	switch e := e.(type) {
	case SourceDefined:
		s.Kind, s.Key, s.Name, s.Labels, s.Input, s.Removed = e.Kind, e.Key, e.Name, e.Labels, e.Input, false
	case RunStarted:
		s.runStarted(e, at)
	case Gathered:
		s.gathered(e)
	case RunFinished:
		s.runFinished(e, at)
	case DocumentsRemoved:
		for _, key := range e.Keys {
			delete(s.Entries, key)
		}
	case SourceRemoved:
		s.Removed, s.Entries, s.Faults, s.Since, s.LastComplete, s.Next = true, nil, nil, "", time.Time{}, nil
	case DocumentStored, DocumentRemoved, Unknown:
	}
}

// runStarted begins a run; a later attempt of the same job goes on with what the one before left.
func (s *Source) runStarted(e RunStarted, at time.Time) {
	if s.Run.JobID == e.JobID && s.Run.Outcome == Running {
		s.Run.Attempt = e.Attempt
		return
	}
	s.Next = e.Next
	s.Run = Run{JobID: e.JobID, Attempt: e.Attempt, Outcome: Running, StartedAt: at, Done: map[string]bool{}}
	s.Faults = nil
}

func (s *Source) gathered(e Gathered) {
	if s.Entries == nil {
		s.Entries = map[string]Entry{}
	}
	r := &s.Run
	if r.JobID != e.JobID || r.Done == nil {
		return // no part of the run
	}
	maps.Copy(s.Entries, e.Stored)
	for _, key := range e.Removed {
		delete(s.Entries, key)
	}
	r.Pending = append(r.Pending, e.Found...)
	for key := range e.Stored {
		r.Done[key] = true
	}
	for _, key := range slices.Concat(e.Unchanged, e.Removed) {
		r.Done[key] = true
	}
	for _, f := range e.Faults {
		r.Done[f.Key] = true
	}
	r.Counts.add(e)
	s.Faults = append(s.Faults, e.Faults[:min(len(e.Faults), MaxFaults-min(len(s.Faults), MaxFaults))]...)
	if e.State != "" {
		r.State = e.State
	}
}

// MaxFaults bounds the faults that a source keeps of a run; the counts go on.
const MaxFaults = 1000

func (c *Counts) add(e Gathered) {
	c.Found += int64(len(e.Found))
	c.Stored += int64(len(e.Stored))
	c.Unchanged += int64(len(e.Unchanged))
	c.Removed += int64(len(e.Removed))
	for _, f := range e.Faults {
		if f.Skipped {
			c.Skipped++
		} else {
			c.Failed++
		}
	}
}

func (s *Source) runFinished(e RunFinished, at time.Time) {
	if s.Run.JobID != e.JobID || s.Run.Outcome != Running {
		return
	}
	s.Run.Outcome, s.Run.Reason, s.Run.FinishedAt = e.Outcome, e.Reason, at
	s.Run.Pending, s.Run.Done, s.Run.State = nil, nil, ""
	if e.Outcome == Complete {
		s.LastComplete, s.Since = at, e.Since
	}
}

// Left is what was found and not dealt with yet, in the order in which it was found, each once.
func (r *Run) Left() []Found {
	seen := make(map[string]bool, len(r.Pending))
	return slices.DeleteFunc(slices.Clone(r.Pending), func(f Found) bool {
		drop := r.Done[f.Key] || seen[f.Key]
		seen[f.Key] = true
		return drop
	})
}

// Fold applies one stored event to d, in place.
func (d *Document) Fold(e *event.Event, hash event.Hash) error {
	fact, err := Decode(e.Type, e.SchemaVersion, e.Data)
	if err != nil {
		return err
	}
	if d.Version == 0 {
		d.ID, d.Project, d.CreatedAt = e.Subject, e.Project, e.Time
	}
	d.Evolve(fact, e.Time)
	d.Head = hash
	return nil
}

// Evolve applies one fact that happened at a time, in place.
func (d *Document) Evolve(e Event, at time.Time) {
	d.Version++
	d.UpdatedAt = at
	switch e := e.(type) {
	case DocumentStored:
		d.Facts, d.Removed, d.Reason = e.Facts, false, ""
	case DocumentRemoved:
		d.Removed, d.Reason = true, e.Reason
	case SourceDefined, RunStarted, Gathered, RunFinished, DocumentsRemoved, SourceRemoved, Unknown:
	}
}
