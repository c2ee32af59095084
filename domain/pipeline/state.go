package pipeline

import (
	"errors"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/job"
)

// ErrNotFound: no such pipeline.
var ErrNotFound = errors.New("no such pipeline")

// Outcomes of a pipeline, beside those of its proof (proven, failed, broken).
const (
	OutcomeProven  = "proven"
	OutcomeStopped = "stopped"
)

// Result is the job's. An id is empty while its step has not succeeded.
type Result struct {
	RecordingID string   `json:"recordingId,omitempty"`
	Sources     []string `json:"sources,omitempty"`
	CasesID     string   `json:"casesId,omitempty"`
	GenerateID  string   `json:"generateId,omitempty"`
	ProofID     string   `json:"proofId,omitempty"`
	// Outcome is the proof's, or "stopped".
	Outcome string `json:"outcome,omitempty"`
}

// Statuses of steps, beside those of their jobs.
const (
	// StepPending: not begun.
	StepPending = "pending"
	// StepGiven: the pipeline was told a recording.
	StepGiven = "given"
	// StepLeftOut: not asked for.
	StepLeftOut = "left_out"
)

// State is a pipeline as its job and the jobs of its steps are now.
type State struct {
	ID         string            `json:"jobId"`
	Project    string            `json:"project"`
	Status     job.Status        `json:"status"`
	Labels     map[string]string `json:"labels,omitempty"`
	Error      *Fault            `json:"error,omitempty"`
	Steps      []StepState       `json:"steps"`
	Result     *Result           `json:"result,omitempty"`
	Earlier    *Earlier          `json:"earlier,omitempty"`
	CreatedAt  time.Time         `json:"createdAt"`
	FinishedAt time.Time         `json:"finishedAt,omitzero"`
	// Version is the job's.
	Version uint64 `json:"version"`
	// Input is the job's, as it was submitted.
	Input jsontext.Value `json:"-"`
}

// StepState is one step. What belongs to its job is zero when there is none.
type StepState struct {
	Step Step `json:"step"`
	// Status is that of the step's job, or "pending", "given" or "left_out".
	Status string `json:"status"`
	JobID  string `json:"jobId,omitempty"`
	Kind   string `json:"kind,omitempty"`
	// TakenFrom is the pipeline that did the step, when it was another one.
	TakenFrom  string    `json:"takenFrom,omitempty"`
	Attempt    int       `json:"attempt,omitzero"`
	Error      *Fault    `json:"error,omitempty"`
	CreatedAt  time.Time `json:"createdAt,omitzero"`
	StartedAt  time.Time `json:"startedAt,omitzero"`
	FinishedAt time.Time `json:"finishedAt,omitzero"`
}

// Fault is why a job failed.
type Fault struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Detail  string `json:"detail,omitempty"`
}

// Done reports whether nothing is left to do for the step.
func (s StepState) Done() bool {
	return s.Status == string(job.StatusSucceeded) || s.Status == StepGiven || s.Status == StepLeftOut
}

// First is the first step that is not done; ok is false when all are.
func (s State) First() (step Step, ok bool) {
	for _, st := range s.Steps {
		if !st.Done() {
			return st.Step, true
		}
	}
	return "", false
}
