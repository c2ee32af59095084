package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/domain/pipeline"
	"tapedeck/domain/recording"
	"tapedeck/eventstore/jobs"
	"tapedeck/workers"
	"tapedeck/workers/generate"
)

// run is one attempt.
type run struct {
	cfg Config
	job *workers.Job
	in  pipeline.Input
	// priority is that of the steps too.
	priority job.Priority
	// retriedAt: steps that ended without success before are run again.
	retriedAt time.Time
	result    pipeline.Result
	done      int // steps
}

// all does the steps in their order.
func (r *run) all(ctx context.Context) (any, error) {
	r.result.RecordingID, r.result.Sources = r.in.Recording, slices.Clone(r.in.Sources)
	for _, step := range pipeline.Steps {
		if !r.in.Wants(step) {
			continue
		}
		s, err := r.step(ctx, step)
		if err != nil {
			return nil, err
		}
		stopped := r.stopped()
		if s.Status != job.StatusSucceeded {
			if !stopped {
				return nil, r.failed(step, s)
			}
			r.result.Outcome = pipeline.OutcomeStopped
			return r.result, nil
		}
		if err := r.take(ctx, step, s); err != nil {
			return nil, err
		}
		r.done++
		if stopped && r.result.Outcome == "" {
			r.job.Logf(slog.LevelInfo, "stopped after %s: the steps behind it are not begun", step)
			r.result.Outcome = pipeline.OutcomeStopped
			return r.result, nil
		}
	}
	r.job.Logf(slog.LevelInfo, "the tests are %s", r.result.Outcome)
	return r.result, nil
}

func (r *run) stopped() bool {
	select {
	case <-r.job.StopRequested():
		return true
	default:
		return false
	}
}

// failed says why a step did not succeed.
func (r *run) failed(step pipeline.Step, s job.State) error {
	why := "it was cancelled"
	if s.Reason != "" {
		why += ": " + s.Reason
	}
	detail := ""
	if s.Error != nil {
		why, detail = s.Error.Message, s.Error.Detail
	}
	return &workers.Error{Code: CodeStep, Permanent: true, Detail: detail, Err: fmt.Errorf("%s (job %s): %s", step, s.ID, why)}
}

// step brings a step to its end, and answers its job.
func (r *run) step(ctx context.Context, step pipeline.Step) (job.State, error) {
	owner, err := r.cfg.Jobs.StepOwner(ctx, r.job.ID(), r.in, step)
	if errors.Is(err, pipeline.ErrNotFound) {
		return job.State{}, workers.Permanent(CodeEarlier, fmt.Errorf("%w: begin a new one", err))
	}
	if err != nil {
		return job.State{}, err
	}
	id := jobs.StepID(owner, step)
	s, err := r.cfg.Jobs.Load(ctx, id)
	if err != nil && !errors.Is(err, job.ErrNotFound) {
		return s, err
	}
	if owner != r.job.ID() {
		if err != nil || s.Status != job.StatusSucceeded {
			return s, workers.Permanent(CodeEarlier, fmt.Errorf("the step %s of pipeline %s has not succeeded: begin at it", step, owner))
		}
		r.job.Logf(slog.LevelInfo, "%s: job %s, done by pipeline %s", step, id, owner)
		return s, nil
	}
	if err != nil { // not begun
		if s, err = r.submit(ctx, step, id); err != nil {
			return s, err
		}
	}
	if step == pipeline.Verify {
		if err := r.proofBegan(ctx, id); err != nil {
			return s, err
		}
	}
	return r.finish(ctx, step, s)
}

// submit begins a step.
func (r *run) submit(ctx context.Context, step pipeline.Step, id string) (job.State, error) {
	k, ok := r.cfg.child(step)
	if !ok {
		return job.State{}, workers.Permanent(CodeStep, fmt.Errorf("%s: no worker has the kind %s", step, stepKinds[step]))
	}
	input, err := r.inputOf(ctx, step)
	if err != nil {
		return job.State{}, err
	}
	if err := k.Check(input); err != nil {
		return job.State{}, workers.Permanent(CodeStep, fmt.Errorf("%s: %w", step, err))
	}
	spec := k.Spec()
	s, _, err := r.cfg.Jobs.Submit(ctx, id, r.job.Project(), r.job.Caller(), job.Submit{
		Now: r.cfg.Now(), Kind: spec.Name, Queue: spec.Queue, Priority: r.priority, Input: input, Labels: r.job.Labels(), Retry: spec.Retry,
		TimeoutMS: spec.Timeout.Milliseconds(), ParentID: r.job.ID(), Fingerprint: id, CommandID: id,
	})
	return s, err
}

// inputOf is a step's input, with what earlier steps have made.
func (r *run) inputOf(ctx context.Context, step pipeline.Step) (jsontext.Value, error) {
	switch step {
	case pipeline.Record:
		return r.in.Record, nil
	case pipeline.Ingest:
		return r.in.Ingest, nil
	case pipeline.Cases:
		return encode(map[string]any{"recordingId": r.result.RecordingID, "sources": append([]string{}, r.result.Sources...)})
	case pipeline.Generate: // verifying is a step of its own here
		return encode(map[string]any{
			"recordingId": r.result.RecordingID, "casesId": r.result.CasesID, "learn": r.in.Learn, "verify": false,
			"runs": r.in.Runs, "mutants": r.in.Mutants, "budgetSeconds": r.in.Budget, // for when an edited text is proven
		})
	case pipeline.Verify:
		return r.verifyInput(ctx)
	}
	return nil, fmt.Errorf("unknown step %q", step)
}

func encode(v any) (jsontext.Value, error) { return json.Marshal(v, json.Deterministic(true)) }

// maxProject bounds the archive, as it is for those that are uploaded.
const maxProject = 100 << 20

// verifyInput hands over the project that was generated.
func (r *run) verifyInput(ctx context.Context) (jsontext.Value, error) {
	from, err := r.cfg.Jobs.Load(ctx, r.result.GenerateID)
	if err != nil {
		return nil, err
	}
	file, err := r.cfg.Files.Read(ctx, artifacts.Key{JobID: from.ID, Attempt: from.Attempt, Name: generate.ProjectFile}, 0, -1)
	if errors.Is(err, artifacts.ErrNotFound) {
		return nil, workers.Permanent(CodeStep, fmt.Errorf("verify: the project of job %s is no longer there: begin at generate", from.ID))
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	u, err := r.cfg.Files.PutUpload(ctx, file, maxProject)
	if err != nil {
		return nil, err
	}
	doc, err := r.recording(ctx)
	if err != nil {
		return nil, err
	}
	return encode(map[string]any{
		"upload": u.ID, "sha256": u.SHA256.String(), "name": doc.Name, "testSeconds": generate.TestSeconds(doc), "recordingId": r.result.RecordingID, "casesId": r.result.CasesID, "runs": r.in.Runs,
		"mutants": r.in.Mutants, "budgetSeconds": r.in.Budget,
	})
}

func (r *run) recording(ctx context.Context) (recording.Document, error) {
	s, err := r.cfg.Jobs.LoadRecording(ctx, r.result.RecordingID)
	if errors.Is(err, recording.ErrNotFound) {
		return recording.Document{}, workers.Permanent(CodeStep, fmt.Errorf("verify: there is no recording %s", r.result.RecordingID))
	}
	return s.Document(), err
}

// take notes what a step has made.
func (r *run) take(ctx context.Context, step pipeline.Step, s job.State) error {
	switch step {
	case pipeline.Record:
		r.result.RecordingID = s.ID
	case pipeline.Ingest:
		var made struct {
			SourceID string `json:"sourceId"`
		}
		if err := json.Unmarshal(s.Result, &made); err != nil {
			return fmt.Errorf("the result of job %s: %w", s.ID, err)
		}
		if !slices.Contains(r.result.Sources, made.SourceID) {
			r.result.Sources = append(r.result.Sources, made.SourceID)
		}
	case pipeline.Cases:
		r.result.CasesID = s.ID
	case pipeline.Generate:
		r.result.GenerateID = s.ID
	case pipeline.Verify:
		p, err := r.cfg.Jobs.LoadProof(ctx, s.ID)
		if err != nil {
			return err
		}
		r.result.ProofID, r.result.Outcome = s.ID, string(p.Status)
		for _, v := range p.Verdicts {
			if v.Why != "" {
				r.job.Logf(slog.LevelWarn, "verify: a test is not proven: %s", v.Why)
			}
		}
	}
	return nil
}
