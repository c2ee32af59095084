package environment

import (
	"errors"
	"reflect"
	"slices"

	"tapedeck/domain/job"
)

// ErrNotFound: no such environment, or it was removed.
var ErrNotFound = errors.New("no such environment")

// Command asks for a change.
//
//sumtype:decl
type Command interface{ command() }

type (
	// Set creates the environment, or gives it these settings instead of all that it has.
	Set struct{ Settings Settings }
	// Remove takes the environment away.
	Remove struct{}
)

func (Set) command()    {}
func (Remove) command() {}

// Decide returns the events that a command leads to: none when it changes nothing. It fails with ErrNotFound or
// *job.InvalidError.
func Decide(s State, c Command) ([]Event, error) {
	switch c := c.(type) {
	case Set:
		return decideSet(s, c.Settings.plain())
	case Remove:
		if !s.Exists() {
			return nil, ErrNotFound
		}
		return []Event{Removed{}}, nil
	}
	return nil, nil
}

func decideSet(s State, wanted Settings) ([]Event, error) {
	faults := slices.Concat(checkName("name", s.Name), checkName("project", s.Project), wanted.check())
	switch {
	case len(faults) > 0:
		return nil, &job.InvalidError{Faults: faults}
	case !s.Exists():
		return []Event{Defined{wanted}}, nil
	case reflect.DeepEqual(s.Settings.plain(), wanted):
		return nil, nil
	}
	return []Event{Changed{wanted}}, nil
}

func checkName(path, name string) []job.Fault {
	if job.ValidName(name) {
		return nil
	}
	return []job.Fault{{Path: path, Message: "want 1–64 of a–z, 0–9, '.', '_', '-'"}}
}
