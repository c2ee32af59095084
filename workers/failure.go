package workers

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"tapedeck/domain/job"
)

// Why a job's context ends: context.Cause(ctx) is one of these.
var (
	// ErrCancelled: somebody asked to cancel the job.
	ErrCancelled = errors.New("the job was cancelled")
	// ErrTimeout: the attempt is longer than its bound.
	ErrTimeout = errors.New("the attempt took longer than its timeout")
	// ErrLeaseLost: the lease could not be renewed in time, or another worker has the job now.
	ErrLeaseLost = errors.New("the lease was lost")
	// ErrShutdown: the worker ends, and hands the job back to its queue.
	ErrShutdown = errors.New("the worker shuts down")
)

// ErrAttemptOver answers output of an attempt that was closed: nothing late is kept.
var ErrAttemptOver = errors.New("the attempt is over")

// Error is a job's own error with a code for programs. Kinds return it, or any other error, which
// becomes code "error".
type Error struct {
	Code      string
	Detail    string
	Permanent bool
	Err       error
}

// Error implements error.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Permanent says that trying again cannot help.
func Permanent(code string, err error) error { return &Error{Code: code, Permanent: true, Err: err} }

// Bounds of an error, in bytes.
const (
	maxErrorMessage = 4 << 10
	maxErrorDetail  = 32 << 10
)

// failureOf words why a run ended without success.
func failureOf(ctx context.Context, err error) job.Error {
	var own *Error
	switch {
	case errors.Is(context.Cause(ctx), ErrTimeout):
		return job.Error{Code: "timeout", Message: ErrTimeout.Error(), Detail: err.Error()}
	case errors.As(err, &own):
		return job.Error{Code: own.Code, Message: err.Error(), Detail: own.Detail, Permanent: own.Permanent}
	}
	return job.Error{Code: "error", Message: err.Error()}
}

// call runs the kind and turns a panic into an error.
func call(ctx context.Context, k Kind, j *Job) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Error{Code: "panic", Detail: string(debug.Stack()), Err: fmt.Errorf("panic: %v", p)}
		}
	}()
	return k.Run(ctx, j)
}

// goexit is the error of a kind that called runtime.Goexit; its frames are still on the stack.
func goexit() error {
	return &Error{Code: "panic", Detail: string(debug.Stack()), Err: errors.New("the job called runtime.Goexit")}
}
