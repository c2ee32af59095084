package extract

import (
	"context"
	"errors"
	"fmt"
)

// Why a file could not be read. Test with errors.Is.
var (
	ErrTooLarge    = errors.New("too large")
	ErrUnsupported = errors.New("not a format that can be read")
	ErrBroken      = errors.New("broken")
	ErrBomb        = errors.New("unpacks to far more than it is")
	ErrEncrypted   = errors.New("encrypted")
	ErrNoText      = errors.New("no text")
	ErrTooSlow     = errors.New("takes too long to read")
)

// Fault is a file that could not be read.
type Fault struct {
	// Name is the file's name, for what is in an archive with the archive's in front.
	Name string
	// Reason is one of the package's errors.
	Reason error
	// Detail is a sentence for a person.
	Detail string
}

func (f *Fault) Error() string {
	return fmt.Sprintf("%s: %s: %s", tidyLine(f.Name), f.Reason, f.Detail)
}

// Unwrap returns the reason.
func (f *Fault) Unwrap() error { return f.Reason }

// fault makes one whose name is added by whoever knows it.
func fault(reason error, format string, args ...any) *Fault {
	return &Fault{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// broken wraps what a parser says of a file; a fault stays what it is.
func broken(what string, err error) error {
	if err == nil {
		return nil
	}
	var f *Fault
	if errors.As(err, &f) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fault(ErrBroken, "%s: %s", what, shorten(tidyLine(err.Error()), 300))
}
