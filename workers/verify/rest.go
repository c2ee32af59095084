package verify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"tapedeck/domain/job"
	"tapedeck/domain/proof"
	"tapedeck/workers"
)

// restKind is the job kind that goes on where the time for faults was over.
const restKind = "suite.mutate"

// RestInput is what may be asked of it.
type RestInput struct {
	ProofID string `json:"proofId" title:"Proof" doc:"The job that verified the tests." required:"true" minlen:"1" maxlen:"128"`
}

// CodeProof is the error's code when a proof cannot be gone on with.
const CodeProof = "bad_proof"

// restSpace makes ids of the jobs that go on with a proof: always the same, however often it is handed over.
var restSpace = uuid.MustParse("5b0e6a52-6c2f-4f0f-9a53-0d8a0f2f3c11")

// handOver leaves the faults that were not tried to a job of its own.
func (v *verification) handOver(ctx context.Context) error {
	s := v.ledger.now()
	left := v.left()
	if left == 0 || s.Status != proof.StatusProven && s.Status != proof.StatusFailed {
		return nil
	}
	input, err := json.Marshal(RestInput{ProofID: s.ID})
	if err != nil {
		return err
	}
	id := uuid.NewSHA1(restSpace, fmt.Append(nil, s.ID, s.Attempt)).String()
	_, _, err = v.cfg.Jobs.Submit(ctx, id, v.job.Project(), v.job.Caller(), job.Submit{
		Now: v.cfg.Now(), Kind: restKind, Queue: "suite", Input: input, Labels: v.job.Labels(), Retry: job.RetryPolicy{}.WithDefaults(), ParentID: s.ID,
		Fingerprint: id, CommandID: id,
	})
	if err != nil {
		return fmt.Errorf("hand the faults over that are left: %w", err)
	}
	return v.ledger.write(ctx, proof.Continue{Continued: proof.Continued{JobID: id, Left: left}})
}

// RestResult is the job's.
type RestResult struct {
	ProofID string `json:"proofId"`
	// Tried faults, and those that are still left because it was stopped.
	Tried int `json:"tried"`
	Left  int `json:"left"`
}

// rest is an attempt of suite.mutate.
func (c Config) rest(ctx context.Context, j *workers.Job, in RestInput) (any, error) {
	ledger, err := c.reopen(ctx, j, in.ProofID)
	if errors.Is(err, proof.ErrNotFound) {
		return nil, workers.Permanent(CodeProof, fmt.Errorf("there is no proof %s", in.ProofID))
	}
	if err != nil {
		return nil, err
	}
	s := ledger.now()
	if s.Status != proof.StatusProven && s.Status != proof.StatusFailed {
		return nil, workers.Permanent(CodeProof, fmt.Errorf("proof %s is %s: only one that is finished is gone on with", s.ID, s.Status))
	}
	began, err := c.Jobs.Load(ctx, in.ProofID)
	if err != nil {
		return nil, err
	}
	input := defaults()
	if err := json.Unmarshal(began.Input, &input); err != nil {
		return nil, workers.Permanent(CodeProof, fmt.Errorf("the input of job %s: %w", in.ProofID, err))
	}
	return c.attempt(ctx, j, input, func(v *verification) (any, error) {
		v.ledger, v.background = ledger, true
		if v.about.Project != s.Project || len(v.tests) != len(s.Tests) {
			return nil, workers.Permanent(CodeProof, fmt.Errorf("the project is not the one that proof %s is about", s.ID))
		}
		if err := v.repaired(); err != nil {
			return nil, err
		}
		before := len(s.Judgements)
		err := v.mutation(ctx, c.Now().Add(restWithin))
		if err != nil && !errors.Is(err, errStopped) {
			return nil, projectError(err)
		}
		return RestResult{ProofID: s.ID, Tried: len(ledger.now().Judgements) - before, Left: v.left()}, nil
	})
}

// restWithin bounds one attempt.
const restWithin = 24 * time.Hour

// turns lets work in the background wait while a verification is at work in this process: it would slow the runs down that
// are to show how stable a test is.
type turns struct {
	mu   sync.Mutex
	busy int
	free chan struct{} // closed when nobody is at work
}

func (t *turns) enter() (leave func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.busy++; t.busy == 1 {
		t.free = make(chan struct{})
	}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.busy--; t.busy == 0 {
			close(t.free)
		}
	}
}

// wait returns when nobody is at work, when stop is closed, or with ctx's cause.
func (t *turns) wait(ctx context.Context, stop <-chan struct{}) error {
	t.mu.Lock()
	busy, free := t.busy > 0, t.free
	t.mu.Unlock()
	if !busy {
		return nil
	}
	select {
	case <-free:
	case <-stop:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}
