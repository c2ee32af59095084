package handlers

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/handlers/tape"
	"tapedeck/projections"
)

// jobBody is a job as the API answers it. Lists leave out input and result.
type jobBody struct {
	JobID       string            `json:"jobId"`
	Project     string            `json:"project"`
	Kind        string            `json:"kind"`
	Status      job.Status        `json:"status"`
	Queue       string            `json:"queue"`
	Priority    job.Priority      `json:"priority"`
	Labels      map[string]string `json:"labels,omitempty"`
	Input       jsontext.Value    `json:"input,omitzero"`
	Result      jsontext.Value    `json:"result,omitzero"`
	Error       *errorBody        `json:"error,omitzero"`
	Attempt     int               `json:"attempt"`
	MaxAttempts int               `json:"maxAttempts"`
	Retry       retryBody         `json:"retry"`
	Progress    *progressBody     `json:"progress,omitzero"`
	ParentID    string            `json:"parentId,omitzero"`
	ForkedFrom  *forkedBody       `json:"forkedFrom,omitzero"`
	After       []job.Dependency  `json:"after,omitempty"`
	Timeout     duration          `json:"timeout,omitzero"`
	Worker      string            `json:"worker,omitzero"`
	Reason      string            `json:"reason,omitzero"`
	Attempts    []attemptBody     `json:"attempts,omitempty"`
	Annotations []job.Annotation  `json:"annotations,omitempty"`
	CreatedAt   time.Time         `json:"createdAt"`
	UpdatedAt   time.Time         `json:"updatedAt"`
	QueuedAt    time.Time         `json:"queuedAt,omitzero"`
	StartedAt   time.Time         `json:"startedAt,omitzero"`
	FinishedAt  time.Time         `json:"finishedAt,omitzero"`
	RunAt       time.Time         `json:"runAt,omitzero"`
	TimeoutAt   time.Time         `json:"timeoutAt,omitzero"`
	Version     uint64            `json:"version"`
	Cursor      eventstore.Cursor `json:"cursor,omitzero"`
}

type forkedBody struct {
	JobID   string `json:"jobId"`
	Version uint64 `json:"version"`
}

type errorBody struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Detail  string `json:"detail,omitzero"`
}

type progressBody struct {
	Percent       float64 `json:"percent"`
	Indeterminate bool    `json:"indeterminate,omitzero"`
	Message       string  `json:"message,omitzero"`
}

type attemptBody struct {
	Number     int        `json:"number"`
	Worker     string     `json:"worker"`
	Outcome    string     `json:"outcome"`
	QueuedAt   time.Time  `json:"queuedAt,omitzero"`
	StartedAt  time.Time  `json:"startedAt"`
	FinishedAt time.Time  `json:"finishedAt,omitzero"`
	Error      *errorBody `json:"error,omitzero"`
}

type retryBody struct {
	MaxAttempts int          `json:"maxAttempts,omitzero"`
	Backoff     *backoffBody `json:"backoff,omitzero"`
}

type backoffBody struct {
	Initial duration `json:"initial,omitzero"`
	Max     duration `json:"max,omitzero"`
	Factor  float64  `json:"factor,omitzero"`
}

func retryOf(p job.RetryPolicy) retryBody {
	return retryBody{MaxAttempts: p.MaxAttempts, Backoff: &backoffBody{
		Initial: milliseconds(p.InitialMS), Max: milliseconds(p.MaxMS), Factor: p.Factor,
	}}
}

// duration is 250ms, 30s or 1h30m in JSON, never negative.
type duration time.Duration

const maxDuration = 366 * 24 * time.Hour

func milliseconds(ms int64) duration { return duration(time.Duration(ms) * time.Millisecond) }
func (d duration) ms() int64         { return time.Duration(d).Milliseconds() }

// MarshalText implements encoding.TextMarshaler.
func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v < 0 || v > maxDuration || v%time.Millisecond != 0 {
		return fmt.Errorf("want a duration such as 250ms, 30s or 1h30m, at most 366 days")
	}
	*d = duration(v)
	return nil
}

// stateBody is a job without its output.
func stateBody(s job.State, cursor eventstore.Cursor) *jobBody {
	b := &jobBody{
		JobID: s.ID, Project: s.Project, Kind: s.Kind, Status: s.Status, Queue: s.Queue, Priority: s.Priority,
		Labels: s.Labels, Input: s.Input, Result: s.Result, Error: errorOf(s.Error), Attempt: s.Attempt,
		MaxAttempts: s.Retry.MaxAttempts, Retry: retryOf(s.Retry), ParentID: s.ParentID, After: s.After,
		Timeout: milliseconds(s.TimeoutMS), Worker: s.Worker, Reason: s.Reason, Annotations: s.Annotations,
		CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, QueuedAt: s.QueuedAt, StartedAt: s.StartedAt,
		FinishedAt: s.FinishedAt, RunAt: s.RunAt, TimeoutAt: s.TimeoutAt, Version: s.Version, Cursor: cursor,
	}
	if s.Forked != nil {
		b.ForkedFrom = &forkedBody{s.Forked.FromJobID, s.Forked.FromVersion}
	}
	for _, a := range s.Attempts {
		b.Attempts = append(b.Attempts, attemptBody{
			Number: a.Number, Worker: a.Worker, Outcome: a.Outcome, QueuedAt: a.QueuedAt, StartedAt: a.StartedAt,
			FinishedAt: a.FinishedAt, Error: errorOf(a.Error),
		})
	}
	return b
}

func tapeBody(j tape.Job) *jobBody {
	b := stateBody(j.State, j.Cursor)
	b.Progress = progressOf(j.Output.Progress)
	return b
}

func rowBody(j projections.Job) *jobBody {
	b := stateBody(j.State, j.Cursor)
	b.Input, b.Result, b.Annotations, b.ForkedFrom = nil, nil, nil, nil
	if j.Progress != nil {
		b.Progress = progressOf(*j.Progress)
	}
	return b
}

func errorOf(e *job.Error) *errorBody {
	if e == nil {
		return nil
	}
	return &errorBody{Code: e.Code, Message: e.Message, Detail: e.Detail}
}

// progressOf is nil when the attempt said nothing.
func progressOf(p job.Progress) *progressBody {
	if p.Percent < 0 && p.Message == "" {
		return nil
	}
	return &progressBody{Percent: max(0, p.Percent), Indeterminate: p.Percent < 0, Message: p.Message}
}
