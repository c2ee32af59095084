package cases

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-json-experiment/json"

	"tapedeck/artifacts"
	"tapedeck/domain/recording"
	"tapedeck/domain/testcase"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/workers"
	"tapedeck/workers/cases/advise"
	"tapedeck/workers/cases/derive"
)

// Codes of errors that trying again does not change.
const (
	CodeRecording = "bad_recording"
	CodeSource    = "bad_source"
	CodeNothing   = "nothing_to_write"
	CodeNoModel   = "no_model"
)

// Config sets the kind up.
type Config struct {
	// Jobs and Files are needed; Files has the texts of documents too.
	Jobs  *jobs.Repository
	Files *artifacts.Store
	// Model improves titles and proposes cases for jobs that ask for it. Defaults to none, and such jobs fail.
	Model advise.Model
	// Now is the wall clock. Defaults to time.Now.
	Now func() time.Time
}

// Input is what may be asked for.
type Input struct {
	Recording string   `json:"recordingId" title:"Recording" required:"true" minlen:"1" maxlen:"128"`
	Sources   []string `json:"sources" title:"Sources" doc:"Ids of the sources whose documents are read; with none, no documents are." maxlen:"100"`
	Limit     int      `json:"limit" title:"Limit" doc:"How many cases are kept." min:"1" max:"1000"`
	Improve   bool     `json:"improve" title:"Improve by the model" doc:"Asks the model that is set for clearer titles and for cases that are missing. Steps and expected results stay as they were derived."`
	Base      string   `json:"base" title:"Earlier set" doc:"The job whose set is built on: its cases are taken over with what became of them, but for those that are made anew." maxlen:"64"`
	Only      []string `json:"only" title:"Cases" doc:"Ids of the cases of the earlier set that are made anew." maxlen:"1000"`
}

// Result is the job's.
type Result struct {
	RecordingID string `json:"recordingId"`
	Cases       int    `json:"cases"`
	Findings    int    `json:"findings"`
	// Uncovered counts the requirements that nothing in the recording touches, of Requirements that were read.
	Uncovered    int `json:"uncovered"`
	Requirements int `json:"requirements"`
	// Improved counts the titles that a model worded, Proposed the cases that it added.
	Improved int `json:"improved,omitzero"`
	Proposed int `json:"proposed,omitzero"`
	// Notes say what was left out, and why.
	Notes []string `json:"notes,omitempty"`
}

// Kind is testcases.generate.
func Kind(cfg Config) workers.Kind {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return workers.Define(workers.Spec{
		Name:        testcase.Kind,
		Title:       "Generate test cases",
		Description: "Makes test cases of what a recording holds and documents demand, and tells where they disagree.",
		Queue:       "suite",
		Concurrency: 2,
	}, Input{Limit: 300}, cfg.run)
}

func (c Config) run(ctx context.Context, j *workers.Job, in Input) (any, error) {
	s, err := c.Jobs.LoadTestCases(ctx, j.ID())
	switch {
	case errors.Is(err, testcase.ErrNotFound):
		s = testcase.State{ID: j.ID(), Owner: j.Project()}
	case err != nil:
		return nil, err
	case s.Status == testcase.Complete: // an earlier attempt wrote all and ended before it could say so
		return resultOf(s), nil
	}
	if in.Improve && c.Model == nil {
		return nil, workers.Permanent(CodeNoModel, errors.New("no model is set: set MODEL_URL and MODEL_NAME where the jobs run, or generate without improve"))
	}
	state, err := c.recording(ctx, in.Recording)
	if err != nil {
		return nil, err
	}
	if _, err := c.base(ctx, j, in); err != nil {
		return nil, err
	}
	g := gatherer{cfg: c, job: j, state: state}
	m, err := g.gather(ctx, in.Sources)
	if err != nil {
		return nil, err
	}
	j.Progress(80, "deriving")
	r := derive.Derive(m, derive.Options{Cases: in.Limit})
	r.Notes = append(g.notes, r.Notes...)
	for _, n := range r.Notes {
		j.Logf(slog.LevelWarn, "%s", n)
	}
	if len(r.Cases) == 0 {
		return nil, workers.Permanent(CodeNothing, fmt.Errorf("recording %s has no step that a person can do: record what is to be tested first", in.Recording))
	}
	var finished testcase.Finished
	if in.Improve {
		got, err := c.improve(ctx, j, r.Cases, in)
		if err != nil {
			return nil, err
		}
		r.Cases, r.Notes = got.Cases, append(r.Notes, got.Notes...)
		finished.Improved, finished.Proposed = got.Improved, got.Proposed
	}
	content, err := c.content(ctx, j, in, &g, &r)
	if err != nil {
		return nil, err
	}
	finished.Documents, finished.Requirements, finished.UncoveredOf, finished.Notes = g.documents, g.requirements, r.UncoveredOf, r.Notes
	if s, err = c.write(ctx, j, s, about(j, state, in), content, finished); err != nil {
		return nil, err
	}
	return resultOf(s), nil
}

func (c Config) recording(ctx context.Context, id string) (recording.State, error) {
	state, err := c.Jobs.LoadRecording(ctx, id)
	switch {
	case errors.Is(err, recording.ErrNotFound):
		return state, workers.Permanent(CodeRecording, fmt.Errorf("there is no recording %s", id))
	case err == nil && state.Status == recording.StatusRecording:
		return state, workers.Permanent(CodeRecording, fmt.Errorf("recording %s is still being made: wait until it has ended", id))
	}
	return state, err
}

func about(j *workers.Job, state recording.State, in Input) testcase.Started {
	return testcase.Started{
		Attempt: j.Attempt(), RecordingID: state.ID, RecordingVersion: state.Version, Name: testcase.CutLine(state.Name, testcase.MaxTitle), Sources: in.Sources,
		Base: in.Base,
	}
}

func resultOf(s testcase.State) Result {
	return Result{
		RecordingID: s.RecordingID, Cases: len(s.Cases), Findings: len(s.Findings), Uncovered: s.UncoveredOf, Requirements: s.Requirements,
		Improved: s.Improved, Proposed: s.Proposed, Notes: s.Notes,
	}
}

// batchSize is about how many bytes of cases one event holds.
const batchSize = 128 << 10

// write appends what was derived, batch by batch, while the job's lease holds.
func (c Config) write(ctx context.Context, j *workers.Job, s testcase.State, started testcase.Started, content []testcase.Command, finished testcase.Finished) (testcase.State, error) {
	apply := func(commands ...testcase.Command) (err error) {
		s, err = c.Jobs.ApplyTestCases(ctx, s, j.Caller(), c.Now(), []eventstore.Hold{j.Hold()}, commands...)
		return err
	}
	if err := apply(testcase.Start{Started: started}); err != nil {
		return s, err
	}
	for _, command := range content {
		if err := apply(command); err != nil {
			return s, err
		}
	}
	return s, apply(testcase.Finish{Finished: finished})
}

// batches cuts what was derived into events that are not too large to be sent around.
func batches(r derive.Result) []testcase.Generated {
	var out []testcase.Generated
	var now testcase.Generated
	held := 0
	add := func(v any, put func()) {
		size := 0
		if raw, err := json.Marshal(v); err == nil {
			size = len(raw)
		}
		if held > 0 && held+size > batchSize {
			out, now, held = append(out, now), testcase.Generated{}, 0
		}
		held += size
		put()
	}
	for _, f := range r.Findings {
		add(f, func() { now.Findings = append(now.Findings, f) })
	}
	for _, c := range r.Cases {
		add(c, func() { now.Cases = append(now.Cases, c) })
	}
	for _, u := range r.Uncovered {
		add(u, func() { now.Uncovered = append(now.Uncovered, u) })
	}
	return append(out, now)
}
