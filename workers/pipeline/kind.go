package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/domain/pipeline"
	"tapedeck/domain/proof"
	"tapedeck/domain/recording"
	"tapedeck/domain/testcase"
	"tapedeck/eventstore/jobs"
	"tapedeck/workers"
	"tapedeck/workers/generate"
)

// Codes of errors that trying again does not change.
const (
	CodeQueue   = "wrong_queue"
	CodeStep    = "step_failed"
	CodeEarlier = "bad_earlier_pipeline"
)

// Config sets the kind up.
type Config struct {
	// Jobs and Files are needed.
	Jobs  *jobs.Repository
	Files *artifacts.Store
	// Kinds are those of the steps; a step whose kind is missing cannot be asked for. They are needed.
	Kinds []workers.Kind
	// Now is the wall clock. Defaults to time.Now.
	Now func() time.Time
}

// stepKinds are the job kinds of the steps.
var stepKinds = map[pipeline.Step]string{
	pipeline.Record: recording.Kind, pipeline.Ingest: knowledge.Files.JobKind(), pipeline.Cases: testcase.Kind,
	pipeline.Generate: generate.Name, pipeline.Verify: proof.Kind,
}

// kind is pipeline.run, with steps that judge their part of the input.
type kind struct {
	workers.Kind
	cfg Config
}

// Kind is pipeline.run.
func Kind(cfg Config) workers.Kind {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &kind{workers.Define(workers.Spec{
		Name:        pipeline.Kind,
		Title:       "Run the pipeline",
		Description: "Records, reads documents, makes test cases, writes tests and verifies them: each step is a job of its own, and what is done is not done again.",
		Queue:       pipeline.Queue,
		Retry:       job.RetryPolicy{MaxAttempts: 10}, // an attempt ends when its worker dies; what steps have done stays
	}, pipeline.Defaults(), cfg.run), cfg}
}

// Check implements workers.Kind: what a step would refuse is refused at once, before it is in the log.
func (k *kind) Check(input jsontext.Value) error {
	if err := k.Kind.Check(input); err != nil {
		return err
	}
	in := pipeline.Defaults()
	if len(input) > 0 {
		if err := json.Unmarshal(input, &in); err != nil {
			return err
		}
	}
	var faults []job.Fault
	for _, part := range []struct {
		step  pipeline.Step
		input jsontext.Value
	}{{pipeline.Record, in.Record}, {pipeline.Ingest, in.Ingest}} {
		if !in.Wants(part.step) {
			continue
		}
		list, err := k.cfg.judge(part.step, part.input)
		if err != nil {
			return err
		}
		faults = append(faults, list...)
	}
	if len(faults) > 0 {
		return &job.InvalidError{Faults: faults}
	}
	return nil
}

// judge lets a step's kind look at its input; paths begin with "input" and the step's name.
func (c Config) judge(step pipeline.Step, input jsontext.Value) ([]job.Fault, error) {
	k, ok := c.child(step)
	if !ok {
		return []job.Fault{{Path: "input." + string(step), Message: "this server has no jobs of kind " + stepKinds[step]}}, nil
	}
	err := k.Check(input)
	var invalid *job.InvalidError
	if !errors.As(err, &invalid) {
		return nil, err
	}
	faults := slices.Clone(invalid.Faults)
	for i := range faults {
		faults[i].Path = "input." + string(step) + strings.TrimPrefix(faults[i].Path, "input")
	}
	return faults, nil
}

// child is the kind of a step.
func (c Config) child(step pipeline.Step) (workers.Kind, bool) {
	i := slices.IndexFunc(c.Kinds, func(k workers.Kind) bool { return k.Spec().Name == stepKinds[step] })
	if i < 0 {
		return nil, false
	}
	return c.Kinds[i], true
}

func (c Config) run(ctx context.Context, j *workers.Job, in pipeline.Input) (any, error) {
	r, err := c.begin(ctx, j, in)
	if err != nil {
		return nil, err
	}
	return r.all(ctx)
}

// begin looks at what earlier attempts were, and refuses a queue in which the pipeline would wait for what waits for it.
func (c Config) begin(ctx context.Context, j *workers.Job, in pipeline.Input) (*run, error) {
	s, err := c.Jobs.Load(ctx, j.ID())
	if err != nil {
		return nil, err
	}
	for _, step := range pipeline.Steps {
		if k, ok := c.child(step); ok && k.Spec().Queue == s.Queue {
			return nil, workers.Permanent(CodeQueue, fmt.Errorf("queue %s is that of the step %s, which would wait for this pipeline as this one for it: use queue %s", s.Queue, step, pipeline.Queue))
		}
	}
	return &run{cfg: c, job: j, in: in, priority: s.Priority, retriedAt: retriedAt(s)}, nil
}

// retriedAt is when the first attempt began after somebody retried the pipeline for the last time; zero when nobody did.
func retriedAt(s job.State) (at time.Time) {
	for i, a := range s.Attempts {
		if i > 0 && (s.Attempts[i-1].Outcome == "failed" || s.Attempts[i-1].Outcome == "cancelled") {
			at = a.StartedAt
		}
	}
	return at
}
