package pipeline_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	domain "tapedeck/domain/pipeline"
	"tapedeck/domain/recording"
	"tapedeck/eventstore/jobs"
	"tapedeck/eventstore/sqlite"
	"tapedeck/workers"
	"tapedeck/workers/pipeline"
)

// Three pipelines at once end although there is one slot for each queue.
func TestStepsFollowEachOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.start()
	high := func(c *job.Submit) { c.Priority = job.PriorityHigh }
	ids := []string{b.submit(full(), high), b.submit(full(), high), b.submit(full(), high)}
	for _, id := range ids {
		s := b.final(id)
		require.Equal(t, job.StatusSucceeded, s.Status, "%+v", s.Error)
		var r domain.Result
		require.NoError(t, json.Unmarshal(s.Result, &r))
		require.Equal(t, domain.Result{
			RecordingID: jobs.StepID(id, domain.Record), Sources: []string{"src-1"}, CasesID: jobs.StepID(id, domain.Cases),
			GenerateID: jobs.StepID(id, domain.Generate), ProofID: jobs.StepID(id, domain.Verify), Outcome: "proven",
		}, r)
		p := b.pipeline(id)
		require.Equal(t, &r, p.Result)
		for i, st := range p.Steps {
			require.Equal(t, "succeeded", st.Status)
			require.Equal(t, 1, st.Attempt)
			if i > 0 {
				require.False(t, st.StartedAt.Before(p.Steps[i-1].FinishedAt), "%s began before %s had ended", st.Step, p.Steps[i-1].Step)
			}
			child := b.final(st.JobID)
			require.Equal(t, id, child.ParentID)
			require.Equal(t, job.PriorityHigh, child.Priority)
			require.Equal(t, map[string]string{"of": "test"}, child.Labels)
		}
	}
	verify := b.final(jobs.StepID(ids[0], domain.Verify))
	var in verifyInput
	require.NoError(t, json.Unmarshal(verify.Input, &in))
	require.Equal(t, []any{"A flow", 2, 3, 4}, []any{in.Name, in.Runs, in.Mutants, in.Budget})
	review, err := b.repo.LoadSuite(t.Context(), jobs.StepID(ids[0], domain.Generate))
	require.NoError(t, err)
	require.Equal(t, []int{2, 3, 4}, []int{review.Runs, review.Mutants, review.BudgetSeconds}, "for when it is proven again")
	require.Len(t, review.Proofs, 1)
	require.Equal(t, jobs.StepID(ids[0], domain.Verify), review.Proofs[0].ProofID)
}

func TestWhatIsNotAskedForIsLeftOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.start()
	first := b.submit(full())
	b.final(first)
	id := b.submit(map[string]any{"recordingId": jobs.StepID(first, domain.Record), "cases": false})
	require.Equal(t, job.StatusSucceeded, b.final(id).Status)
	require.Equal(t, []string{"given", "left_out", "left_out", "succeeded", "succeeded"}, b.statuses(id))
	require.Equal(t, 1, b.ran(domain.Record))
}

// A worker that dies between two steps leaves what is done: the attempt behind it goes on.
func TestAnAttemptAfterAKillGoesOn(t *testing.T) {
	t.Parallel()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "log.db")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	b := setupOn(t, store)
	id := b.submit(full())
	// A worker took the pipeline, began its first step and said nothing more.
	b.do(id, job.Start{Now: time.Now(), Attempt: 1, Worker: "dead", Lease: "dead", LeaseMS: 50})
	_, _, err = b.repo.Submit(t.Context(), jobs.StepID(id, domain.Record), "default", tester, job.Submit{
		Now: time.Now(), Kind: recording.Kind, Queue: "recorder", Input: jsontext.Value(`{"url":"http://app.test/"}`), Retry: job.RetryPolicy{}.WithDefaults(),
		ParentID: id, Fingerprint: jobs.StepID(id, domain.Record), CommandID: jobs.StepID(id, domain.Record),
	})
	require.NoError(t, err)
	b.start()
	s := b.final(id)
	require.Equal(t, job.StatusSucceeded, s.Status, "%+v", s.Error)
	require.Len(t, s.Attempts, 2)
	require.Equal(t, "lease_expired", s.Attempts[0].Outcome)
	for _, step := range domain.Steps {
		require.Equal(t, 1, b.ran(step), step)
	}
}

// A worker that shuts down hands the pipeline back and leaves its step running elsewhere, or to be handed back too.
func TestAnAttemptAfterAShutdownGoesOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	reached := make(chan struct{}, 2)
	b.on(domain.Cases, func(ctx context.Context, _ *workers.Job) error {
		reached <- struct{}{}
		<-ctx.Done()
		return context.Cause(ctx)
	})
	stop := b.start()
	id := b.submit(full())
	<-reached
	stop()
	require.Equal(t, []string{"succeeded", "succeeded", "queued", "pending", "pending"}, b.statuses(id))
	b.on(domain.Cases, nil)
	b.start()
	s := b.final(id)
	require.Equal(t, job.StatusSucceeded, s.Status, "%+v", s.Error)
	require.Equal(t, "handed_back", s.Attempts[0].Outcome)
	require.Equal(t, []int{1, 1, 2, 1}, []int{b.ran(domain.Record), b.ran(domain.Ingest), b.ran(domain.Cases), b.ran(domain.Generate)})
}

func TestAFailedStepFailsThePipelineAndARetryGoesOnThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.on(domain.Generate, func(context.Context, *workers.Job) error {
		return workers.Permanent("odd", errors.New("there is no ink"))
	})
	b.start()
	id := b.submit(full())
	s := b.final(id)
	require.Equal(t, job.StatusFailed, s.Status)
	require.Equal(t, pipeline.CodeStep, s.Error.Code)
	require.Contains(t, s.Error.Message, "generate (job "+jobs.StepID(id, domain.Generate)+"): there is no ink")
	require.Equal(t, []string{"succeeded", "succeeded", "succeeded", "failed", "pending"}, b.statuses(id))
	first, open := b.pipeline(id).First()
	require.True(t, open)
	require.Equal(t, domain.Generate, first)

	// It fails again: that is the pipeline's end again, without a third try.
	b.do(id, job.Revive{Now: time.Now()})
	s = b.await(id, func(s job.State) bool { return s.Status.Final() && s.Attempt == 2 })
	require.Equal(t, job.StatusFailed, s.Status)
	require.Equal(t, 2, b.ran(domain.Generate))

	b.on(domain.Generate, nil)
	b.do(id, job.Revive{Now: time.Now()})
	s = b.await(id, func(s job.State) bool { return s.Status.Final() && s.Attempt == 3 })
	require.Equal(t, job.StatusSucceeded, s.Status, "%+v", s.Error)
	require.Equal(t, []int{1, 1, 3}, []int{b.ran(domain.Record), b.ran(domain.Cases), b.ran(domain.Generate)})
}

func TestCancellingReachesTheStepAndARetryRunsItAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	reached := make(chan struct{}, 1)
	b.on(domain.Generate, func(ctx context.Context, _ *workers.Job) error {
		reached <- struct{}{}
		<-ctx.Done()
		return context.Cause(ctx)
	})
	b.start()
	id := b.submit(full())
	<-reached
	b.do(id, job.RequestCancel{Now: time.Now()})
	require.Equal(t, job.StatusCancelled, b.final(id).Status)
	child := b.final(jobs.StepID(id, domain.Generate))
	require.Equal(t, job.StatusCancelled, child.Status)
	require.Equal(t, "the pipeline was cancelled", child.Reason)

	b.on(domain.Generate, nil)
	b.do(id, job.Revive{Now: time.Now()})
	s := b.await(id, func(s job.State) bool { return s.Status.Final() && s.Attempt == 2 })
	require.Equal(t, job.StatusSucceeded, s.Status, "%+v", s.Error)
	require.Equal(t, []int{1, 2, 1}, []int{b.ran(domain.Record), b.ran(domain.Generate), b.ran(domain.Verify)})
}

func TestStoppingKeepsWhatIsDone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	reached := make(chan struct{}, 1)
	b.on(domain.Cases, func(_ context.Context, j *workers.Job) error {
		reached <- struct{}{}
		<-j.StopRequested()
		return nil
	})
	b.start()
	id := b.submit(full())
	<-reached
	b.do(id, job.RequestStop{Now: time.Now()})
	s := b.final(id)
	require.Equal(t, job.StatusSucceeded, s.Status, "%+v", s.Error)
	p := b.pipeline(id)
	require.Equal(t, domain.OutcomeStopped, p.Result.Outcome)
	require.Equal(t, jobs.StepID(id, domain.Cases), p.Result.CasesID)
	require.Equal(t, []string{"succeeded", "succeeded", "succeeded", "pending", "pending"}, b.statuses(id))
}

// A step that somebody cancels by itself ends the pipeline, with the reason.
func TestACancelledStepFailsThePipeline(t *testing.T) {
	t.Parallel()
	b := setup(t)
	reached := make(chan struct{}, 1)
	b.on(domain.Record, func(ctx context.Context, _ *workers.Job) error {
		reached <- struct{}{}
		<-ctx.Done()
		return context.Cause(ctx)
	})
	b.start()
	id := b.submit(full())
	<-reached
	b.do(jobs.StepID(id, domain.Record), job.RequestCancel{Now: time.Now(), Reason: "wrong page"})
	s := b.final(id)
	require.Equal(t, job.StatusFailed, s.Status)
	require.Contains(t, s.Error.Message, "it was cancelled: wrong page")
}

func TestANewPipelineTakesWhatAnotherHasDone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.start()
	first := b.submit(full())
	b.final(first)
	again := full()
	again["earlier"] = map[string]any{"pipelineId": first, "from": "generate"}
	second := b.submit(again)
	require.Equal(t, job.StatusSucceeded, b.final(second).Status)
	again["earlier"] = map[string]any{"pipelineId": second, "from": "verify"}
	third := b.submit(again)
	s := b.final(third)
	require.Equal(t, job.StatusSucceeded, s.Status, "%+v", s.Error)
	require.Equal(t, []int{1, 1, 1, 2, 3}, []int{
		b.ran(domain.Record), b.ran(domain.Ingest), b.ran(domain.Cases), b.ran(domain.Generate), b.ran(domain.Verify),
	})
	p := b.pipeline(third)
	require.Equal(t, []string{first, first, first, second, ""}, []string{
		p.Steps[0].TakenFrom, p.Steps[1].TakenFrom, p.Steps[2].TakenFrom, p.Steps[3].TakenFrom, p.Steps[4].TakenFrom,
	})
	require.Equal(t, jobs.StepID(first, domain.Record), p.Result.RecordingID)
	require.Equal(t, jobs.StepID(third, domain.Verify), p.Result.ProofID)

	again["earlier"] = map[string]any{"pipelineId": "nothing", "from": "verify"}
	s = b.final(b.submit(again))
	require.Equal(t, pipeline.CodeEarlier, s.Error.Code)
	b.on(domain.Cases, func(context.Context, *workers.Job) error { return workers.Permanent("odd", errors.New("no")) })
	bad := b.submit(full())
	b.final(bad)
	again["earlier"] = map[string]any{"pipelineId": bad, "from": "generate"}
	s = b.final(b.submit(again))
	require.Equal(t, pipeline.CodeEarlier, s.Error.Code)
	require.Contains(t, s.Error.Message, "cases of pipeline "+bad+" has not succeeded")
}

// In a queue of its own steps a pipeline would hold the slot that they wait for.
func TestAPipelineRefusesTheQueueOfItsSteps(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.start()
	s := b.final(b.submit(full(), func(c *job.Submit) { c.Queue = "suite" }))
	require.Equal(t, job.StatusFailed, s.Status)
	require.Equal(t, pipeline.CodeQueue, s.Error.Code)
	require.Zero(t, b.ran(domain.Record))
}

func TestWhatAStepWouldRefuseIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	k := setup(t).kinds[5]
	for input, path := range map[string]string{
		`{}`:                           "input.record",
		`{"record":{}}`:                "input.record",
		`{"record":{"link":"x"}}`:      "input.record.link",
		`{"record":{"url":1}}`:         "input.record.url",
		`{"recordingId":"1","runs":0}`: "input.runs",
		`{"recordingId":"1","ingest":{"files":1}}`:                                      "input.ingest.files",
		`{"recordingId":"1","record":{"url":"http://a.test"}}`:                          "input.record",
		`{"recordingId":"1","earlier":{"pipelineId":"1","from":"nowhere"}}`:             "input.earlier.from",
		`{"recordingId":"1","earlier":{"from":"verify"}}`:                               "input.earlier.pipelineId",
		`{"recordingId":"1","cases":false,"earlier":{"pipelineId":"1","from":"cases"}}`: "input.earlier.from",
	} {
		var invalid *job.InvalidError
		require.ErrorAs(t, k.Check(jsontext.Value(input)), &invalid, input)
		require.Equal(t, path, invalid.Faults[0].Path, input)
	}
	require.NoError(t, k.Check(jsontext.Value(`{"record":{"url":"http://a.test"}}`)))
}
