package explore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"tapedeck/domain/environment"
	"tapedeck/domain/job"
	"tapedeck/domain/recording"
	"tapedeck/domain/secret"
	"tapedeck/domain/testcase"
	"tapedeck/eventstore/jobs"
	"tapedeck/workers"
	"tapedeck/workers/generate"
)

// Name is the job kind.
const Name = "suite.explore"

// Queue is that of the jobs of the kind: not one in which their children wait.
const Queue = "explore"

// Codes of errors that trying again does not change.
const (
	CodeCases       = "bad_cases"
	CodeEnvironment = "bad_environment"
	CodeNothing     = "nothing_to_try"
	CodeQueue       = "wrong_queue"
)

// Config sets the kind up.
type Config struct {
	// Jobs is needed.
	Jobs *jobs.Repository
	// Kinds has to have recorder.record and suite.generate.
	Kinds []workers.Kind
	// Now is the wall clock. Defaults to time.Now.
	Now func() time.Time
}

// Input is what may be asked for.
type Input struct {
	Cases       string   `json:"casesId" title:"Test cases" doc:"The job that made them." required:"true" minlen:"1" maxlen:"64"`
	Environment string   `json:"environment" title:"Environment" doc:"Where they are tried; it has to be marked writable." required:"true" minlen:"1" maxlen:"64"`
	Only        []string `json:"caseIds" title:"Only these" doc:"Ids of cases; with none, all that a program can do and no recording answers." maxlen:"1000"`
	Rows        bool     `json:"rows" title:"Data rows" doc:"Try the rows of the recording's variables too."`
	Limit       int      `json:"limit" title:"Limit" doc:"How many are tried." min:"1" max:"200"`
	Learn       bool     `json:"learn" title:"Learn assertions" doc:"Add assertions of what the steps change."`
	Runs        int      `json:"runs" title:"Runs" doc:"How often each test runs." min:"1" max:"100"`
	Mutants     int      `json:"mutants" title:"Mutants" doc:"How many faults each test is tried with; 0 is none." min:"0" max:"10000"`
	Budget      int      `json:"budgetSeconds" title:"Budget (s)" doc:"How long the faults of each test may take." min:"1" max:"86400"`
}

// Outcome is what became of one that was tried.
type Outcome string

// The outcomes.
const (
	Proven      Outcome = "proven"      // it went as expected, and its test is proven
	Unproven    Outcome = "unproven"    // it went as expected; its test is not proven
	Contradicts Outcome = "contradicts" // the application did something else
	Unclear     Outcome = "unclear"     // what it did tells nothing of the expectation
	Failed      Outcome = "failed"      // its steps could not be done
)

// Tried is one that was tried.
type Tried struct {
	// CaseID is empty for a data row.
	CaseID string `json:"caseId,omitempty"`
	Title  string `json:"title"`
	// Expected is what the case expects, "refused" or "accepted".
	Expected testcase.Outcome `json:"expected"`
	Outcome  Outcome          `json:"outcome"`
	// Why says in a sentence what was seen.
	Why         string `json:"why,omitempty"`
	RecordingID string `json:"recordingId,omitempty"`
	GenerateID  string `json:"generateId,omitempty"`
	ProofID     string `json:"proofId,omitempty"`
}

// Result is the job's.
type Result struct {
	CasesID     string          `json:"casesId"`
	RecordingID string          `json:"recordingId"`
	Environment string          `json:"environment"`
	Tried       []Tried         `json:"tried"`
	Counts      map[Outcome]int `json:"counts"`
	Notes       []string        `json:"notes,omitempty"`
}

// Kind is suite.explore.
func Kind(cfg Config) workers.Kind {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return workers.Define(workers.Spec{
		Name:        Name,
		Title:       "Explore test cases",
		Description: "Tries test cases on a writable environment, records each, and proves those that went as expected from that recording.",
		Queue:       Queue,
		Concurrency: 1,
		Retry:       job.RetryPolicy{MaxAttempts: 10}, // an attempt ends when its worker dies; what children have done stays
	}, Input{Limit: 20, Learn: true, Runs: 5, Mutants: 24, Budget: 60}, cfg.run)
}

func (c Config) run(ctx context.Context, j *workers.Job, in Input) (any, error) {
	e, err := c.prepare(ctx, j, in)
	if err != nil {
		return nil, err
	}
	list, err := e.candidates()
	if err != nil {
		return nil, err
	}
	r := Result{CasesID: in.Cases, RecordingID: e.doc.ID, Environment: in.Environment, Tried: []Tried{}, Counts: map[Outcome]int{}, Notes: e.notes}
	for i, x := range list {
		if e.stopped() {
			r.Notes = append(r.Notes, fmt.Sprintf("it was stopped: %d of %d were not tried", len(list)-i, len(list)))
			return r, nil
		}
		e.done, e.of = i, len(list)
		t, err := e.try(ctx, x)
		if err != nil {
			return nil, err
		}
		j.Logf(slog.LevelInfo, "“%s”: %s%s", t.Title, t.Outcome, strings.TrimSuffix(": "+t.Why, ": "))
		r.Tried = append(r.Tried, t)
		r.Counts[t.Outcome]++
	}
	return r, nil
}

// exploration is one attempt.
type exploration struct {
	cfg   Config
	job   *workers.Job
	in    Input
	set   testcase.State
	doc   recording.Document
	site  environment.Settings
	notes []string
	// done of of are tried.
	done, of int
}

// prepare loads what is needed, and refuses what must not be written to.
func (c Config) prepare(ctx context.Context, j *workers.Job, in Input) (*exploration, error) {
	own, err := c.Jobs.Load(ctx, j.ID())
	if err != nil {
		return nil, err
	}
	for _, name := range []string{recording.Kind, generate.Name} {
		k, ok := c.child(name)
		if !ok {
			return nil, workers.Permanent(CodeNothing, fmt.Errorf("this server has no jobs of kind %s", name))
		}
		if k.Spec().Queue == own.Queue {
			return nil, workers.Permanent(CodeQueue, fmt.Errorf("queue %s is that of %s, which would wait for this job as this one for it: use queue %s", own.Queue, name, Queue))
		}
	}
	e := &exploration{cfg: c, job: j, in: in}
	e.set, err = c.Jobs.LoadTestCases(ctx, in.Cases)
	switch {
	case errors.Is(err, testcase.ErrNotFound), err == nil && e.set.Owner != j.Project():
		return nil, workers.Permanent(CodeCases, fmt.Errorf("there are no test cases %s", in.Cases))
	case err != nil:
		return nil, err
	case e.set.Status != testcase.Complete:
		return nil, workers.Permanent(CodeCases, fmt.Errorf("the test cases %s are still being generated: wait until they are complete", in.Cases))
	}
	state, err := c.Jobs.LoadRecording(ctx, e.set.RecordingID)
	if errors.Is(err, recording.ErrNotFound) {
		return nil, workers.Permanent(CodeCases, fmt.Errorf("the recording %s of the test cases is gone", e.set.RecordingID))
	}
	if err != nil {
		return nil, err
	}
	e.doc = state.Document()
	site, err := c.Jobs.LoadEnvironment(ctx, j.Project(), in.Environment)
	switch {
	case errors.Is(err, environment.ErrNotFound):
		return nil, workers.Permanent(CodeEnvironment, fmt.Errorf("there is no environment %s", in.Environment))
	case err != nil:
		return nil, err
	case !site.Settings.Writable:
		return nil, workers.Permanent(CodeEnvironment, fmt.Errorf("the environment %s is not marked writable: exploring writes to it, so its owner has to allow that first", in.Environment))
	}
	e.site = site.Settings
	for _, name := range e.doc.Secrets {
		if !slices.ContainsFunc(e.site.Secrets, func(r secret.Ref) bool { return r.Name == name }) {
			return nil, workers.Permanent(CodeEnvironment, fmt.Errorf("the recording types the secret “%s”, which the environment %s does not have: add it there", name, in.Environment))
		}
	}
	return e, nil
}

func (c Config) child(name string) (workers.Kind, bool) {
	i := slices.IndexFunc(c.Kinds, func(k workers.Kind) bool { return k.Spec().Name == name })
	if i < 0 {
		return nil, false
	}
	return c.Kinds[i], true
}

func (e *exploration) stopped() bool {
	select {
	case <-e.job.StopRequested():
		return true
	default:
		return false
	}
}

// candidate is one that can be tried.
type candidate struct {
	caseID, title string
	expected      testcase.Outcome
	doc           recording.Document
	values        map[string]string // of the recording's variables
	// last is the step whose sending tells what the application says.
	last string
}

// candidates are those that were asked for, in their order.
func (e *exploration) candidates() ([]candidate, error) {
	for _, id := range e.in.Only {
		c, ok := e.set.Case(id)
		switch {
		case !ok:
			return nil, workers.Permanent(CodeCases, fmt.Errorf("the test cases have none with the id %s", id))
		case c.Trial == nil:
			return nil, workers.Permanent(CodeCases, fmt.Errorf("the test case “%s” is for a person: no program can do its steps as they stand", c.Title))
		}
	}
	var list []candidate
	for _, c := range e.set.Cases {
		t := c.Trial
		asked := slices.Contains(e.in.Only, c.ID)
		if t == nil || len(e.in.Only) > 0 && !asked || !asked && c.Standing == testcase.IsRejected ||
			t.Outcome != testcase.OutcomeRefused && t.Outcome != testcase.OutcomeAccepted {
			continue
		}
		doc, err := t.Apply(e.doc)
		if err == nil && t.Text != "" && e.secret(t.Entered) {
			err = errors.New("what is entered there is a secret, and a recording holds none: a person has to try it")
		}
		if err != nil {
			e.notes = append(e.notes, fmt.Sprintf("“%s” is left out: %v", c.Title, err))
			continue
		}
		list = append(list, candidate{caseID: c.ID, title: c.Title, expected: t.Outcome, doc: doc, last: t.Last})
	}
	if e.in.Rows && len(e.in.Only) == 0 {
		list = append(list, e.rows()...)
	}
	if over := len(list) - e.in.Limit; over > 0 {
		e.notes = append(e.notes, fmt.Sprintf("%d more could be tried than the limit of %d", over, e.in.Limit))
		list = list[:e.in.Limit]
	}
	if len(list) == 0 {
		return nil, workers.Permanent(CodeNothing, errors.New("no test case needs to be tried: what a program can do of them, the recording answers"))
	}
	return list, nil
}

// secret says that a step enters a secret.
func (e *exploration) secret(step string) bool {
	i := slices.IndexFunc(e.doc.Steps, func(s recording.Step) bool { return s.ID == step })
	return i >= 0 && e.doc.Steps[i].Value != nil && e.doc.Steps[i].Value.Secret != ""
}

// rows are the recording with each other value of its variables.
func (e *exploration) rows() []candidate {
	var list []candidate
	for _, v := range e.doc.Variables {
		for _, row := range v.Rows {
			list = append(list, candidate{
				title:    fmt.Sprintf("%s with %s “%s”", cmp.Or(e.doc.Name, e.doc.ID), v.Name, testcase.CutLine(row, 60)),
				expected: testcase.OutcomeAccepted, doc: e.doc, values: map[string]string{v.Name: row}, last: lastSent(e.doc.Steps),
			})
		}
	}
	return list
}

// lastSent is the last step that something was sent by; "" when none was.
func lastSent(steps []recording.Step) string {
	for _, s := range slices.Backward(steps) {
		if _, sent := answerOf(s); sent {
			return s.ID
		}
	}
	return ""
}
