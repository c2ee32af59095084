package projections

import (
	"fmt"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/domain/queue"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/eventstore/memory"
)

// world makes histories: everything in its log came from job.Decide, through the repository.
type world struct {
	tb     require.TestingT
	ctx    func() testing.TB
	store  *memory.Store
	repo   *jobs.Repository
	now    time.Time
	ids    []string
	states map[string]job.State
	output map[string]*jobs.OutputWriter
}

var by = jobs.Caller{Source: "tapedeck/test"}

func newWorld(tb testing.TB) *world {
	w := &world{
		tb: tb, store: memory.New(nil), now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
		ctx:    func() testing.TB { return tb },
		states: map[string]job.State{}, output: map[string]*jobs.OutputWriter{},
	}
	w.repo = jobs.New(w.store, jobs.Config{})
	tb.Cleanup(func() { require.NoError(tb, w.store.Close()) })
	return w
}

func (w *world) submit(c job.Submit) string {
	c.Now = w.now
	id := fmt.Sprintf("j%03d", len(w.ids)+1)
	project := "default"
	if len(w.ids)%5 == 4 {
		project = "other"
	}
	s, _, err := w.repo.Submit(w.ctx().Context(), id, project, by, c)
	require.NoError(w.tb, err)
	w.ids = append(w.ids, id)
	w.states[id] = s
	return id
}

// try executes a command; one that the job refuses changes nothing.
func (w *world) try(id string, c job.Command) bool {
	s, receipt, err := w.repo.Execute(w.ctx().Context(), id, by, c)
	if err != nil {
		return false
	}
	w.states[id] = s
	if _, ok := c.(job.Start); ok {
		w.output[id] = w.repo.Output(s, by)
	}
	return receipt.Version > 0
}

func (w *world) say(id string, facts ...job.Event) {
	if w.states[id].Status.Active() {
		require.NoError(w.tb, w.output[id].Append(w.ctx().Context(), w.now, facts...))
	}
}

func (w *world) head(id string) job.Head {
	if o := w.output[id]; o != nil {
		return o.Head()
	}
	return job.Head{}
}

// raw appends an event that no decider made.
func (w *world) raw(e event.Event) {
	e.ID = fmt.Sprintf("raw-%d-%s", e.Sequence, e.Stream)
	e.Source, e.Time = "tapedeck/test", w.now
	stored, hash, err := event.Seal(&e)
	require.NoError(w.tb, err)
	expect := eventstore.Exact(e.Sequence - 1)
	_, err = w.store.Append(w.ctx().Context(), eventstore.Append{Writes: []eventstore.Write{{
		Stream: e.Stream, Expect: expect, Prev: e.PrevHash, Events: []eventstore.Sealed{{ID: e.ID, Stored: stored, Hash: hash}},
	}}})
	require.NoError(w.tb, err)
}

var (
	someKinds  = []string{"system.ping", "system.exercise", "recorder.flow", "suite.run"}
	someQueues = []string{"default", "browser", "slow"}
	someWords  = []string{"checkout", "voucher", "Zürich", "naïve", "timeout", "e2e", "日本語", "42"}
)

// live draws n steps of life: submissions, claims, output, ends, requests, queue modes.
func (w *world) live(t *rapid.T, n int) {
	for range n {
		w.now = w.now.Add(time.Duration(rapid.IntRange(0, 40_000).Draw(t, "ms")) * time.Millisecond)
		if rapid.IntRange(0, 3).Draw(t, "recording") == 0 {
			w.record(t)
			continue
		}
		if rapid.IntRange(0, 9).Draw(t, "environment") == 0 {
			w.furnish(t)
			continue
		}
		if len(w.ids) == 0 || rapid.IntRange(0, 4).Draw(t, "what") == 0 {
			w.submit(drawSubmit(t, w))
			continue
		}
		some := w.ids
		if rapid.Bool().Draw(t, "deep") { // long lives as well as many
			some = some[:min(2, len(some))]
		}
		w.step(t, rapid.SampledFrom(some).Draw(t, "job"))
	}
}

func drawSubmit(t *rapid.T, w *world) job.Submit {
	c := job.Submit{
		Kind:     rapid.SampledFrom(someKinds).Draw(t, "kind"),
		Queue:    rapid.SampledFrom(someQueues).Draw(t, "queue"),
		Priority: rapid.SampledFrom(job.Priorities).Draw(t, "priority"),
		Retry:    job.RetryPolicy{MaxAttempts: rapid.IntRange(1, 3).Draw(t, "attempts")},
		Input:    jsontext.Value(fmt.Sprintf(`{"text":"%s\n%s","n":%d}`, drawWord(t), drawWord(t), rapid.IntRange(0, 9).Draw(t, "n"))),
	}
	if rapid.Bool().Draw(t, "labelled") {
		c.Labels = map[string]string{"team": rapid.SampledFrom([]string{"a", "b"}).Draw(t, "team"), "word": drawWord(t)}
	}
	if len(w.ids) > 0 && rapid.IntRange(0, 3).Draw(t, "family") == 0 {
		c.ParentID = rapid.SampledFrom(w.ids).Draw(t, "parent")
		c.After = []job.Dependency{{JobID: rapid.SampledFrom(w.ids).Draw(t, "after"), OnFailure: rapid.SampledFrom([]job.OnFailure{job.OnFailureFail, job.OnFailureCancel, job.OnFailureRun}).Draw(t, "onFailure")}}
	}
	if rapid.IntRange(0, 5).Draw(t, "delayed") == 0 {
		c.RunAt = w.now.Add(time.Minute)
	}
	return c
}

func drawWord(t *rapid.T) string { return rapid.SampledFrom(someWords).Draw(t, "word") }

func (w *world) step(t *rapid.T, id string) {
	s := w.states[id]
	fault := job.Error{Code: "exit", Message: drawWord(t) + " failed", Detail: drawWord(t), Permanent: rapid.IntRange(0, 3).Draw(t, "permanent") == 0}
	switch rapid.IntRange(0, 15).Draw(t, "step") {
	case 0, 1, 2, 3:
		w.try(id, job.Start{Now: w.now, Attempt: s.Attempt + 1, Worker: "w1", Lease: fmt.Sprintf("%s-%d", id, s.Attempt+1), LeaseMS: 1000})
	case 4, 5:
		w.say(id, job.Logged{Lines: []job.Line{{Time: w.now, Text: "a line"}}}, job.Progressed{Percent: float64(rapid.IntRange(0, 100).Draw(t, "percent")), Message: drawWord(t)})
	case 6:
		w.say(id, job.ArtifactStored{Name: rapid.SampledFrom([]string{"trace.zip", "video.webm"}).Draw(t, "file"), Size: int64(rapid.IntRange(0, 99).Draw(t, "size"))})
	case 7:
		w.try(id, job.Succeed{Now: w.now, Lease: s.Lease, Result: jsontext.Value(`{"ok":true}`), Output: w.head(id)})
	case 8, 9:
		w.try(id, job.Fail{Now: w.now, Lease: s.Lease, Error: fault, Output: w.head(id), Jitter: 0.5})
	case 10:
		w.try(id, job.Due{Now: w.now.Add(time.Hour)})
	case 11:
		w.try(id, job.RequestCancel{Now: w.now, Reason: "no longer needed"})
		w.try(id, job.ConfirmCancel{Now: w.now, Lease: s.Lease, Output: w.head(id)})
	case 12:
		w.try(id, job.Revive{Now: w.now})
	case 13:
		w.try(id, job.Annotate{Now: w.now, Text: "a note"})
		w.try(id, job.HandBack{Now: w.now, Lease: s.Lease, Output: w.head(id)})
	case 14:
		w.try(id, job.ExpireLease{Now: w.now, Lease: s.Lease, Output: w.head(id)})
		if len(s.After) > 0 {
			if dep := w.states[s.After[0].JobID]; dep.Status.Final() {
				w.try(id, job.ResolveDependency{Now: w.now, Dep: job.DependencyResolved{JobID: dep.ID, Status: dep.Status, Version: dep.Version, Hash: dep.Head}})
			}
		}
	case 15:
		mode := rapid.SampledFrom([]queue.Mode{queue.ModePaused, queue.ModeRunning, queue.ModeDraining}).Draw(t, "mode")
		_, err := w.repo.SetQueueMode(w.ctx().Context(), rapid.SampledFrom(someQueues).Draw(t, "queue"), by, mode, "test", w.now)
		require.NoError(w.tb, err)
	}
}
