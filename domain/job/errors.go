package job

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrNotFound: no such job.
	ErrNotFound = errors.New("no such job")
	// ErrExists: a job with this id was submitted before.
	ErrExists = errors.New("the job exists already")
	// ErrFingerprint: the idempotency key was used for another request.
	ErrFingerprint = errors.New("the idempotency key was used for another request")
)

// Fault is one thing wrong with a command.
type Fault struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

// InvalidError lists all that is wrong with a command.
type InvalidError struct{ Faults []Fault }

// Error implements error.
func (e *InvalidError) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = f.Path + ": " + f.Message
	}
	return strings.Join(lines, "; ")
}

func (e *InvalidError) orNil() error {
	if len(e.Faults) == 0 {
		return nil
	}
	return e
}

func invalid(path, format string, args ...any) error {
	return &InvalidError{Faults: []Fault{{Path: path, Message: fmt.Sprintf(format, args...)}}}
}

// RefusedError says that the job's state does not allow a command.
type RefusedError struct {
	JobID   string
	Status  Status
	Version uint64
	Why     string
}

// Error implements error.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("job %s is %s: %s", e.JobID, e.Status, e.Why)
}

func refuse(s State, format string, args ...any) error {
	return &RefusedError{JobID: s.ID, Status: s.Status, Version: s.Version, Why: fmt.Sprintf(format, args...)}
}
