// Package problem is the one place where an error becomes an RFC 9457 answer: every fault has one of ten codes, and
// what is not known stays inside.
package problem

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"tapedeck/domain/environment"
	"tapedeck/domain/job"
	"tapedeck/domain/pipeline"
	"tapedeck/domain/proof"
	"tapedeck/domain/recording"
	"tapedeck/domain/suite"
	"tapedeck/domain/testcase"
	"tapedeck/eventstore"
)

// Code is the machine-readable kind of a fault. The set is small on purpose: it is what a client can act on.
type Code string

// The codes, each with one HTTP status unless a Problem says otherwise.
const (
	Invalid      Code = "invalid"
	Unauthorized Code = "unauthorized"
	Forbidden    Code = "forbidden"
	NotFound     Code = "not_found"
	Conflict     Code = "conflict"
	Gone         Code = "gone"
	TooLarge     Code = "too_large"
	RateLimited  Code = "rate_limited"
	Unavailable  Code = "unavailable"
	Internal     Code = "internal"
)

var codeStatus = map[Code]int{
	Invalid:      http.StatusBadRequest,
	Unauthorized: http.StatusUnauthorized,
	Forbidden:    http.StatusForbidden,
	NotFound:     http.StatusNotFound,
	Conflict:     http.StatusConflict,
	Gone:         http.StatusGone,
	TooLarge:     http.StatusRequestEntityTooLarge,
	RateLimited:  http.StatusTooManyRequests,
	Unavailable:  http.StatusServiceUnavailable,
	Internal:     http.StatusInternalServerError,
}

// Problem is an RFC 9457 problem and the only error that reaches a client.
type Problem struct {
	Type     string  `json:"type"`
	Title    string  `json:"title"`
	Status   int     `json:"status"`
	Detail   string  `json:"detail,omitempty"`
	Code     Code    `json:"code"`
	Instance string  `json:"instance,omitempty"`
	Reason   string  `json:"reason,omitempty"`
	Errors   []Field `json:"errors,omitempty"`

	// RetryAfter is sent as a header when it is not zero.
	RetryAfter time.Duration `json:"-"`
}

// Field says what is wrong with one part of a request.
type Field struct {
	// Path is a JSON pointer into the body, query/NAME, header/NAME or path/NAME.
	Path    string `json:"path"`
	Message string `json:"message"`
}

// Error implements error.
func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// New returns a problem with its code's status.
func New(code Code, detail string, fields ...Field) *Problem {
	return (&Problem{Type: "about:blank", Code: code, Detail: detail, Errors: fields}).WithStatus(codeStatus[code])
}

// Field1 is an invalid request with one fault.
func Field1(path, message string) *Problem {
	return New(Invalid, message, Field{Path: path, Message: message})
}

// WithStatus changes the status, for a code that has several (412 and 422 beside 409).
func (p *Problem) WithStatus(status int) *Problem {
	p.Status, p.Title = status, http.StatusText(status)
	return p
}

// OfStatus is a problem for a status that the HTTP layer decided.
func OfStatus(status int, detail string) *Problem {
	return New(codeOf(status), detail).WithStatus(status)
}

func codeOf(status int) Code {
	for code, s := range codeStatus {
		if s == status {
			return code
		}
	}
	if status >= http.StatusInternalServerError {
		return Internal
	}
	return Invalid
}

// Of maps an error of the domain, of the store or of this package. It returns nil for one that is not known: that is
// an internal fault, to be logged.
func Of(err error) *Problem {
	var p *Problem
	var bad *job.InvalidError
	var refused *job.RefusedError
	var refusedRecording *recording.RefusedError
	var refusedCases *testcase.RefusedError
	var refusedSuite *suite.RefusedError
	var badCase *testcase.InvalidError
	var gone *eventstore.GoneError
	switch {
	case errors.As(err, &p):
		copied := *p
		return &copied
	case errors.As(err, &bad):
		return ofInvalid(bad)
	case errors.As(err, &refused):
		return New(Conflict, "the job is "+string(refused.Status)+": "+refused.Why)
	case errors.As(err, &refusedRecording):
		return New(Conflict, refusedRecording.Why)
	case errors.Is(err, recording.ErrNotFound):
		return New(NotFound, "no such recording")
	case errors.Is(err, proof.ErrNotFound):
		return New(NotFound, "no such proof: it begins when the job of a verification has read its project")
	case errors.Is(err, pipeline.ErrNotFound):
		return New(NotFound, pipeline.ErrNotFound.Error())
	case errors.As(err, &refusedCases):
		return New(Conflict, refusedCases.Why)
	case errors.As(err, &badCase):
		return ofCase(badCase)
	case errors.Is(err, testcase.ErrNotFound):
		return New(NotFound, "no such test cases: they begin when their job has read its recording")
	case errors.Is(err, testcase.ErrNoCase):
		return New(NotFound, "no such test case")
	case errors.As(err, &refusedSuite):
		return New(Conflict, refusedSuite.Why)
	case errors.Is(err, suite.ErrNotFound):
		return New(NotFound, "no such review: it begins when a job has written its tests; those written before there were reviews have none")
	case errors.Is(err, suite.ErrNoText):
		return New(NotFound, "the suite has no text of this number")
	case errors.Is(err, environment.ErrNotFound):
		return New(NotFound, environment.ErrNotFound.Error())
	case errors.As(err, &gone):
		p := New(Gone, gone.Detail)
		p.Reason = string(gone.Reason)
		return p
	case errors.Is(err, job.ErrNotFound):
		return New(NotFound, "no such job")
	case errors.Is(err, job.ErrExists):
		return New(Conflict, job.ErrExists.Error())
	case errors.Is(err, job.ErrFingerprint):
		return New(Conflict, job.ErrFingerprint.Error(),
			Field{Path: "header/Idempotency-Key", Message: "used for another request"}).WithStatus(http.StatusUnprocessableEntity)
	case errors.Is(err, eventstore.ErrBadCursor):
		return New(Invalid, eventstore.ErrBadCursor.Error())
	}
	return ofStore(err)
}

// pathOf names what a request calls otherwise than the domain does.
var pathOf = map[string]string{
	"retry.initialMs": "/retry/backoff/initial",
	"retry.maxMs":     "/retry/backoff/max",
	"retry.factor":    "/retry/backoff/factor",
}

func ofInvalid(err *job.InvalidError) *Problem {
	p := New(Invalid, "the request is not valid")
	for _, f := range err.Faults {
		path, named := pathOf[f.Path]
		if !named {
			path = "/" + strings.ReplaceAll(f.Path, ".", "/")
		}
		p.Errors = append(p.Errors, Field{Path: path, Message: f.Message})
	}
	return p
}

func ofCase(err *testcase.InvalidError) *Problem {
	p := New(Invalid, "the request is not valid")
	for _, f := range err.Faults {
		p.Errors = append(p.Errors, Field{Path: "/" + f.Path, Message: f.Message})
	}
	return p
}

func ofStore(err error) *Problem {
	retry := func(detail string, after time.Duration) *Problem {
		p := New(Unavailable, detail)
		p.RetryAfter = after
		return p
	}
	switch {
	case errors.Is(err, eventstore.ErrConflict), errors.Is(err, eventstore.ErrLeaseLost):
		return New(Conflict, "the job changed at the same time; try again")
	case errors.Is(err, eventstore.ErrFull):
		return retry("the store is out of room and takes no new work; running jobs may finish", 30*time.Second)
	case errors.Is(err, eventstore.ErrEpoch):
		return retry("the log was replaced; the server has to start again on it", 5*time.Second)
	case errors.Is(err, eventstore.ErrUnavailable), errors.Is(err, eventstore.ErrClosed):
		return retry("the store cannot be reached now; with an Idempotency-Key this request can safely be sent again", time.Second)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return retry("the request took too long", time.Second)
	}
	return nil
}
