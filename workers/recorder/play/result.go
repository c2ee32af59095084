package play

import (
	"time"

	"tapedeck/domain/recording"
)

// Result says how a step was done.
type Result struct {
	StepID string
	// Skipped: the step is disabled.
	Skipped bool
	// Used is the way that led to the element, To's in UsedTo; zero without a target.
	Used   recording.Candidate
	UsedTo recording.Candidate
	// Healed: not the first way (or frame) was used, because that found nothing or too much.
	Healed bool
	// Tried are the ways that were tried before one led to an element, only when Healed.
	Tried []Try
	// Notes say what was done differently from what the step says, for people.
	Notes []string
	// Dialogs appeared since the step before and were answered.
	Dialogs []Answer
	// Download is the file that a download step received.
	Download *recording.File
	Duration time.Duration
}

// Try is one way that was tried.
type Try struct {
	Selector string
	By       string
	// Matches is how many elements it found at the last look; -1 when it could not be tried.
	Matches int
	Why     string
}

// Answer is a dialog and what was answered.
type Answer struct {
	recording.DialogBox
	Page string
	// StepID is the dialog step that says the answer; empty when there was none and the player dismissed it (or
	// accepted a beforeunload), as Playwright does.
	StepID string
	// Left: the dialog was left to Options.Unanswered.
	Left bool
}
