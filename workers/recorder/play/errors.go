package play

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
)

// Reason says why a step failed.
type Reason string

// The reasons.
const (
	NotFound      Reason = "not_found"      // no way leads to the element, the frame or the page
	Ambiguous     Reason = "ambiguous"      // every way that leads somewhere leads to several elements
	NotActionable Reason = "not_actionable" // the element is there but hidden, disabled, covered or of another kind
	Failed        Reason = "assertion"      // the claim does not hold
	Timeout       Reason = "timeout"        // what the step waits for did not come in time
	Navigation    Reason = "navigation"     // the page could not be loaded
	Secret        Reason = "secret"         // the run has no value for a secret
	FileMissing   Reason = "file"           // the run has no bytes for a file to upload, or a download failed
	PageClosed    Reason = "page_closed"    // the page is gone
	Crashed       Reason = "crashed"        // the page's renderer or the browser died
	Invalid       Reason = "invalid"        // the step itself makes no sense
)

// StepError says which step failed and why.
type StepError struct {
	Step   recording.Step
	Index  int // its place among the steps that this player ran, from 0
	Reason Reason
	// Message is for people; it holds no value of a secret.
	Message string
	// Secret is the name of the missing one, with the reason Secret.
	Secret string
	Tried  []Try
}

// Error implements error.
func (e *StepError) Error() string {
	return fmt.Sprintf("step %s (%s): %s: %s", e.Step.ID, e.Step.Type, e.Reason, e.Message)
}

// fault is a failure before it is known of which step.
type fault struct {
	reason Reason
	text   string
	secret string
	tried  []Try
}

func (f *fault) Error() string { return string(f.reason) + ": " + f.text }

func fail(reason Reason, format string, args ...any) error {
	return &fault{reason: reason, text: fmt.Sprintf(format, args...)}
}

var (
	errCrashed = &fault{reason: Crashed, text: "the page's renderer crashed"}
	errClosed  = &fault{reason: PageClosed, text: "the page was closed"}
	errSlow    = &fault{reason: Timeout, text: "the page does not answer"}
	// errLeft: a dialog is open that somebody else answers.
	errLeft = errors.New("a dialog is left open")
)

// explain turns any error into a fault; fallback is the reason of one that says nothing about itself.
func explain(err error, fallback Reason) *fault {
	var f *fault
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, playwright.ErrTargetClosed):
		return errClosed
	case strings.Contains(err.Error(), "Target crashed"), strings.Contains(err.Error(), "Page crashed"):
		return errCrashed
	case strings.Contains(err.Error(), "Connection closed"):
		return &fault{reason: Crashed, text: "the browser is gone"}
	case strings.Contains(err.Error(), "strict mode violation"):
		return &fault{reason: Ambiguous, text: brief(err)}
	}
	return &fault{reason: fallback, text: brief(err)}
}

// final errors are not worth another try.
func final(err error) bool {
	var f *fault
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errLeft) || errors.As(err, &f) ||
		errors.Is(err, playwright.ErrTargetClosed) || strings.Contains(err.Error(), "crashed") || strings.Contains(err.Error(), "Connection closed")
}

var ansi = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// brief is the first line of what a driver's error says.
func brief(err error) string {
	text := ansi.ReplaceAllString(err.Error(), "")
	for _, prefix := range []string{"playwright: ", "timeout: ", "TimeoutError: ", "Error: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
