package jobs

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"tapedeck/domain/job"
	"tapedeck/domain/pipeline"
)

// stepSpace makes ids of the jobs of pipelines' steps: the same at each attempt of a pipeline.
var stepSpace = uuid.MustParse("c1f7a0de-95a2-4d1b-8f0e-3f6b6f1c7a52")

// StepID is the id of the job that does a step of a pipeline.
func StepID(pipelineID string, step pipeline.Step) string {
	return uuid.NewSHA1(stepSpace, []byte(pipelineID+"/"+string(step))).String()
}

// maxEarlier bounds how many pipelines may have taken steps from each other.
const maxEarlier = 100

// StepOwner is the pipeline that does a step of the pipeline id, whose input is in: itself, or an earlier one. It fails with
// pipeline.ErrNotFound when that is gone.
func (r *Repository) StepOwner(ctx context.Context, id string, in pipeline.Input, step pipeline.Step) (string, error) {
	for range maxEarlier {
		if !in.Takes(step) {
			return id, nil
		}
		id = in.Earlier.PipelineID
		s, err := r.loadPipelineJob(ctx, id)
		if err != nil {
			return "", fmt.Errorf("pipeline %s: %w", id, err)
		}
		if in, err = pipelineInput(s); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("more than %d pipelines took steps from each other: begin with a new one", maxEarlier)
}

func (r *Repository) loadPipelineJob(ctx context.Context, id string) (job.State, error) {
	s, err := r.Load(ctx, id)
	if errors.Is(err, job.ErrNotFound) || err == nil && s.Kind != pipeline.Kind {
		return s, pipeline.ErrNotFound
	}
	return s, err
}

func pipelineInput(s job.State) (pipeline.Input, error) {
	in := pipeline.Defaults()
	if err := json.Unmarshal(s.Input, &in); err != nil {
		return in, fmt.Errorf("the input of pipeline %s: %w", s.ID, err)
	}
	return in, nil
}

// LoadPipeline reads a pipeline and its steps as they are now. It fails with pipeline.ErrNotFound.
func (r *Repository) LoadPipeline(ctx context.Context, id string) (pipeline.State, error) {
	s, err := r.loadPipelineJob(ctx, id)
	if err != nil {
		return pipeline.State{}, err
	}
	in, err := pipelineInput(s)
	if err != nil {
		return pipeline.State{}, err
	}
	p := pipeline.State{
		ID: s.ID, Project: s.Project, Status: s.Status, Labels: s.Labels, Error: shown(s.Error), CreatedAt: s.CreatedAt, FinishedAt: s.FinishedAt,
		Version: s.Version, Input: s.Input,
	}
	if in.Earlier.PipelineID != "" {
		p.Earlier = &in.Earlier
	}
	if len(s.Result) > 0 {
		p.Result = &pipeline.Result{}
		if err := json.Unmarshal(s.Result, p.Result); err != nil {
			return p, fmt.Errorf("the result of pipeline %s: %w", id, err)
		}
	}
	for _, step := range pipeline.Steps {
		st, err := r.loadStep(ctx, id, in, step)
		if err != nil {
			return p, err
		}
		p.Steps = append(p.Steps, st)
	}
	return p, nil
}

func (r *Repository) loadStep(ctx context.Context, id string, in pipeline.Input, step pipeline.Step) (pipeline.StepState, error) {
	st := pipeline.StepState{Step: step, Status: pipeline.StepPending}
	if !in.Wants(step) {
		st.Status = pipeline.StepLeftOut
		if step == pipeline.Record {
			st.Status, st.JobID = pipeline.StepGiven, in.Recording
		}
		return st, nil
	}
	owner, err := r.StepOwner(ctx, id, in, step)
	if errors.Is(err, pipeline.ErrNotFound) { // the earlier pipeline was never there: the job says so
		return st, nil
	}
	if err != nil {
		return st, err
	}
	if owner != id {
		st.TakenFrom = owner
	}
	s, err := r.Load(ctx, StepID(owner, step))
	if errors.Is(err, job.ErrNotFound) {
		return st, nil
	}
	if err != nil {
		return st, err
	}
	st.JobID, st.Kind, st.Status, st.Attempt, st.Error = s.ID, s.Kind, string(s.Status), s.Attempt, shown(s.Error)
	st.CreatedAt, st.StartedAt, st.FinishedAt = s.CreatedAt, s.StartedAt, s.FinishedAt
	return st, nil
}

// shown is an error as a reader is told it: whether the engine would have tried again is no part of it.
func shown(e *job.Error) *pipeline.Fault {
	if e == nil {
		return nil
	}
	return &pipeline.Fault{Code: e.Code, Message: e.Message, Detail: e.Detail}
}

// EndSteps passes a command to stop or cancel on to the step of a pipeline that has not ended. A pipeline's own attempt does
// so while it runs; this is for one that was ended while none did.
func (r *Repository) EndSteps(ctx context.Context, id string, by Caller, c job.Command) error {
	var errs []error
	for _, step := range pipeline.Steps {
		_, _, err := r.Execute(ctx, StepID(id, step), by, c)
		var refused *job.RefusedError
		if !errors.Is(err, job.ErrNotFound) && !errors.As(err, &refused) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
