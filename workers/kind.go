package workers

import (
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/job"
	"tapedeck/workers/schema"
)

// Spec describes a kind of work to people and programs.
type Spec struct {
	// Name is the kind, for example "system.ping": see job.ValidName.
	Name        string
	Title       string
	Description string
	// Queue is where its jobs go unless the submission names another. Defaults to "default".
	Queue string
	// Timeout bounds one attempt unless the submission says otherwise. Defaults to 0: no bound.
	Timeout time.Duration
	// Retry is the policy unless the submission says otherwise. Its own defaults are job.RetryPolicy's.
	Retry job.RetryPolicy
	// Concurrency bounds how many jobs of the kind one worker runs at a time. Defaults to 0: only the
	// queue's bound.
	Concurrency int
	// Input is the JSON Schema of the input. Define sets it.
	Input jsontext.Value
}

// Kind is one kind of work. Define makes one from a function; its methods are safe for concurrent use.
type Kind interface {
	Spec() Spec
	// Check refuses input that Run would refuse, with a *job.InvalidError whose paths begin with
	// "input".
	Check(input jsontext.Value) error
	// Run does the work of one attempt. It returns when ctx ends; context.Cause says why (ErrCancelled,
	// ErrTimeout, ErrLeaseLost, ErrShutdown). Its result becomes the job's, as JSON; its error is
	// retried unless it is Permanent. A panic is an error with code "panic", and so
	// is runtime.Goexit.
	Run(ctx context.Context, j *Job) (result any, err error)
}

// Define makes a Kind of a function with typed input. The prototype's values are the input's
// defaults, its type and tags are the schema: see package schema. It panics when they cannot be one.
func Define[In any](spec Spec, prototype In, run func(ctx context.Context, j *Job, in In) (any, error)) Kind {
	input, err := schema.Of(prototype)
	if err != nil {
		panic(fmt.Sprintf("kind %s: %v", spec.Name, err))
	}
	spec.Input = input.JSON()
	if spec.Queue == "" {
		spec.Queue = "default"
	}
	spec.Retry = spec.Retry.WithDefaults()
	return &kind[In]{spec: spec, input: input, run: run}
}

// Checker may be implemented by an input type for what a schema cannot say. Its faults' paths are
// relative to the input.
type Checker interface{ Check() []job.Fault }

type kind[In any] struct {
	spec  Spec
	input *schema.Schema[In]
	run   func(context.Context, *Job, In) (any, error)
}

func (k *kind[In]) Spec() Spec { return k.spec }

func (k *kind[In]) Check(input jsontext.Value) error {
	_, err := k.decode(input)
	return err
}

func (k *kind[In]) decode(input jsontext.Value) (In, error) {
	in, err := k.input.Decode(input)
	if err != nil {
		return in, err
	}
	checker, ok := any(in).(Checker)
	if !ok {
		return in, nil
	}
	faults := checker.Check()
	if len(faults) == 0 {
		return in, nil
	}
	for i := range faults {
		faults[i].Path = "input." + faults[i].Path
	}
	return in, &job.InvalidError{Faults: faults}
}

func (k *kind[In]) Run(ctx context.Context, j *Job) (any, error) {
	in, err := k.decode(j.Input())
	if err != nil {
		return nil, Permanent("input", err)
	}
	return k.run(ctx, j, in)
}
