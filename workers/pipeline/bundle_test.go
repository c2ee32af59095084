package pipeline_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	domain "tapedeck/domain/pipeline"
	"tapedeck/domain/proof"
	"tapedeck/domain/recording"
	"tapedeck/domain/suite"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/eventstore/memory"
	"tapedeck/workers"
	"tapedeck/workers/generate"
	"tapedeck/workers/pipeline"
)

// bundle is a log with workers whose steps do what a test says.
type bundle struct {
	*testing.T
	store eventstore.Store
	repo  *jobs.Repository
	files *artifacts.Store
	kinds []workers.Kind

	mu    sync.Mutex
	count map[domain.Step]int
	acts  map[domain.Step]act
}

// act is what a step does before it succeeds.
type act func(ctx context.Context, j *workers.Job) error

var tester = jobs.Caller{Source: "test", Actor: "tester"}

func setup(t *testing.T) *bundle {
	t.Helper()
	store := memory.New(nil)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return setupOn(t, store)
}

func setupOn(t *testing.T, store eventstore.Store) *bundle {
	t.Helper()
	b := &bundle{T: t, store: store, repo: jobs.New(store, jobs.Config{}), count: map[domain.Step]int{}, acts: map[domain.Step]act{}}
	var err error
	b.files, err = artifacts.Open(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.files.Close()) })
	b.kinds = []workers.Kind{
		define(b, domain.Record, recording.Kind, "recorder", recordInput{}, b.record),
		define(b, domain.Ingest, "ingest.documents", "ingest", ingestInput{}, func(context.Context, *workers.Job, ingestInput) (any, error) {
			return map[string]string{"sourceId": "src-1"}, nil
		}),
		define(b, domain.Cases, "testcases.generate", "suite", casesInput{}, func(context.Context, *workers.Job, casesInput) (any, error) { return map[string]int{"cases": 1}, nil }),
		define(b, domain.Generate, generate.Name, "suite", generateInput{}, b.generate),
		define(b, domain.Verify, proof.Kind, "suite", verifyInput{}, b.verify),
	}
	b.kinds = append(b.kinds, pipeline.Kind(pipeline.Config{Jobs: b.repo, Files: b.files, Kinds: b.kinds}))
	return b
}

type recordInput struct {
	URL string `json:"url" required:"true" minlen:"1"`
}

type ingestInput struct {
	Files []string `json:"files"`
}

type casesInput struct {
	Recording string   `json:"recordingId" required:"true" minlen:"1"`
	Sources   []string `json:"sources"`
}

type generateInput struct {
	Recording string `json:"recordingId" required:"true" minlen:"1"`
	Cases     string `json:"casesId"`
	Learn     bool   `json:"learn"`
	Verify    bool   `json:"verify"`
	Runs      int    `json:"runs"`
	Mutants   int    `json:"mutants"`
	Budget    int    `json:"budgetSeconds"`
}

type verifyInput struct {
	Upload      string `json:"upload" required:"true" minlen:"1"`
	SHA256      string `json:"sha256" required:"true"`
	Name        string `json:"name"`
	Recording   string `json:"recordingId" required:"true" minlen:"1"`
	Cases       string `json:"casesId"`
	TestSeconds int    `json:"testSeconds"`
	Runs        int    `json:"runs"`
	Mutants     int    `json:"mutants"`
	Budget      int    `json:"budgetSeconds"`
}

// define makes a step's kind, which counts how often it ran and does what the test says first.
func define[In any](b *bundle, step domain.Step, name, queue string, prototype In, run func(context.Context, *workers.Job, In) (any, error)) workers.Kind {
	return workers.Define(workers.Spec{Name: name, Title: name, Queue: queue, Retry: job.RetryPolicy{MaxAttempts: 1}}, prototype,
		func(ctx context.Context, j *workers.Job, in In) (any, error) {
			b.mu.Lock()
			b.count[step]++
			do := b.acts[step]
			b.mu.Unlock()
			if do != nil {
				if err := do(ctx, j); err != nil {
					return nil, err
				}
			}
			return run(ctx, j, in)
		})
}

func (b *bundle) record(ctx context.Context, j *workers.Job, in recordInput) (any, error) {
	_, err := b.repo.ApplyRecording(ctx, recording.State{ID: j.ID(), Project: j.Project()}, j.Caller(), time.Now(), nil,
		recording.Start{Started: recording.Started{Attempt: j.Attempt(), Name: "A flow", Mode: "script", URL: in.URL}})
	return nil, err
}

func (b *bundle) generate(ctx context.Context, j *workers.Job, in generateInput) (any, error) {
	if _, err := j.Store(ctx, generate.ProjectFile, "application/zip", strings.NewReader("a project")); err != nil {
		return nil, err
	}
	_, err := b.repo.ApplySuite(ctx, suite.State{ID: j.ID(), Owner: j.Project()}, j.Caller(), time.Now(), []eventstore.Hold{j.Hold()}, suite.Propose{Proposed: suite.Proposed{
		About:  suite.About{Attempt: j.Attempt(), RecordingID: in.Recording, Spec: "tests/flow.spec.ts", Runs: in.Runs, Mutants: in.Mutants, BudgetSeconds: in.Budget},
		Digest: suite.DigestOf("a test"),
	}})
	return nil, err
}

func (b *bundle) verify(ctx context.Context, j *workers.Job, in verifyInput) (any, error) {
	_, err := b.repo.ApplyProof(ctx, proof.State{ID: j.ID(), Owner: j.Project()}, j.Caller(), time.Now(), j.Hold(),
		proof.Start{Started: proof.Started{Attempt: j.Attempt(), Name: in.Name, Project: in.SHA256, Mode: "twin", Runs: in.Runs}},
		proof.Finish{Finished: proof.Finished{Outcome: "proven"}})
	return nil, err
}

// on says what a step does from now on.
func (b *bundle) on(step domain.Step, do act) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.acts[step] = do
}

func (b *bundle) ran(step domain.Step) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.count[step]
}

// start runs a worker of one slot for each queue until stop or the end of the test.
func (b *bundle) start() (stop func()) {
	b.Helper()
	kinds, err := workers.NewRegistry(b.kinds...)
	require.NoError(b, err)
	w, err := workers.New(workers.Config{
		Store: b.store, Kinds: kinds, Artifacts: b.files, Name: "test", Concurrency: 1, Pulse: 10 * time.Millisecond, DueEvery: 10 * time.Millisecond,
		DrainTimeout: time.Millisecond, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(b, err)
	require.NoError(b, w.Start(b.Context()))
	stop = func() { w.Stop(context.Background()) }
	b.Cleanup(stop)
	return stop
}

// full asks for every step.
func full() map[string]any {
	return map[string]any{"record": map[string]any{"url": "http://app.test/"}, "ingest": map[string]any{"files": []string{"a"}}, "runs": 2, "mutants": 3, "budgetSeconds": 4}
}

func (b *bundle) submit(input map[string]any, adjust ...func(*job.Submit)) string {
	b.Helper()
	raw, err := json.Marshal(input)
	require.NoError(b, err)
	id := uuid.Must(uuid.NewV7()).String()
	c := job.Submit{
		Now: time.Now(), Kind: domain.Kind, Queue: domain.Queue, Input: raw, Labels: map[string]string{"of": "test"},
		Retry: job.RetryPolicy{MaxAttempts: 5, InitialMS: 1, MaxMS: 1},
	}
	for _, f := range adjust {
		f(&c)
	}
	_, _, err = b.repo.Submit(b.Context(), id, "default", tester, c)
	require.NoError(b, err)
	return id
}

func (b *bundle) do(id string, c job.Command) {
	b.Helper()
	_, _, err := b.repo.Execute(b.Context(), id, tester, c)
	require.NoError(b, err)
}

// await waits until a job is as wanted, woken by the log.
func (b *bundle) await(id string, want func(job.State) bool) job.State {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	for {
		tail, err := b.store.Tail(ctx)
		require.NoError(b, err)
		s, err := b.repo.Load(ctx, id)
		if err == nil && want(s) {
			return s
		}
		if err != nil {
			require.ErrorIs(b, err, job.ErrNotFound)
		}
		require.NoError(b, b.store.Wait(ctx, tail.Position), "job is %+v", s)
	}
}

func (b *bundle) final(id string) job.State {
	b.Helper()
	return b.await(id, func(s job.State) bool { return s.Status.Final() })
}

func (b *bundle) pipeline(id string) domain.State {
	b.Helper()
	p, err := b.repo.LoadPipeline(b.Context(), id)
	require.NoError(b, err)
	return p
}

// statuses are those of a pipeline's steps in their order.
func (b *bundle) statuses(id string) (out []string) {
	b.Helper()
	for _, s := range b.pipeline(id).Steps {
		out = append(out, s.Status)
	}
	return out
}
