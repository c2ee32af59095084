package environment

import (
	"time"

	"tapedeck/domain/event"
)

// State is an environment at one version of its stream. One with only a project and a name does not exist yet.
type State struct {
	Project string `json:"project"`
	Name    string `json:"name"`
	Settings
	Removed   bool      `json:"removed,omitzero"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	// Version is the number of events folded; Head is the hash of the last one.
	Version uint64     `json:"version"`
	Head    event.Hash `json:"-"`
}

// Exists reports whether the environment is defined now: not before its first event, when it was removed, or while all
// that is known of it came from a newer build.
func (s State) Exists() bool { return s.BaseURL != "" }

// Fold applies one stored event. It does not change s or anything s refers to.
func Fold(s State, e event.Event, hash event.Hash) (State, error) {
	fact, err := Decode(e.Type, e.SchemaVersion, e.Data)
	if err != nil {
		return s, err
	}
	if s.Version == 0 {
		s.Project, s.Name = e.Project, e.Subject
	}
	s = Evolve(s, fact, e.Time)
	s.Head = hash
	return s, nil
}

// Evolve applies one fact that happened at a time.
func Evolve(s State, e Event, at time.Time) State {
	s.Version++
	s.UpdatedAt = at
	switch e := e.(type) {
	case Defined:
		s.Settings, s.Removed, s.CreatedAt = e.Settings, false, at
	case Changed:
		s.Settings = e.Settings
	case Removed:
		s.Settings, s.Removed = Settings{}, true
	case Unknown:
	}
	return s
}
