package handlers

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/gofiber/fiber/v2"

	"tapedeck/domain/job"
	"tapedeck/domain/proof"
	"tapedeck/domain/recording"
	"tapedeck/domain/testcase"
	"tapedeck/projections"
)

// caseTrace leads from the passages that a case cites over its steps and those of the recording to the assertions of the
// tests that were written from the recording, and to the runs of these in their newest proof.
type caseTrace struct {
	untrusted
	SetID       string        `json:"jobId"`
	CaseID      string        `json:"caseId"`
	Title       string        `json:"title"`
	RecordingID string        `json:"recordingId"`
	Passages    []tracedPlace `json:"passages"`
	Steps       []tracedStep  `json:"steps"`
	Tests       []tracedTest  `json:"tests"`
}

// tracedPlace is a passage that is cited by the case as a whole, or by a step.
type tracedPlace struct {
	Citation testcase.Citation `json:"citation"`
	// Expected says that the step's expected result cites it.
	Expected bool `json:"expected,omitzero"`
	// Current says whether the passage is in its document now; nil when that is not known.
	Current *bool `json:"current,omitzero"`
}

type tracedStep struct {
	StepID   string         `json:"stepId"`
	Action   string         `json:"action"`
	Expected string         `json:"expected,omitempty"`
	Passages []tracedPlace  `json:"passages"`
	Recorded []recordedStep `json:"recorded"`
}

// recordedStep is a step of the recording that a case's step goes back to.
type recordedStep struct {
	StepID string `json:"stepId"`
	// Text says what was done; empty when the recording has the step no more.
	Text       string            `json:"text,omitempty"`
	Picture    string            `json:"picture,omitempty"`
	Assertions []tracedAssertion `json:"assertions"`
}

// tracedAssertion is an assertion of a test, in a suite that was generated.
type tracedAssertion struct {
	SuiteID string `json:"suiteId"`
	// Number is its place in the test, from 1: what a run's failedAt says.
	Number  int    `json:"number"`
	StepID  string `json:"stepId"`
	Learned bool   `json:"learned,omitzero"`
	Text    string `json:"text"`
}

// tracedTest is a test that was played against the recording, or written from it.
type tracedTest struct {
	// SuiteID is the job that wrote it; empty for one that was uploaded.
	SuiteID string `json:"suiteId,omitempty"`
	Spec    string `json:"spec,omitempty"`
	// ProofID is its newest proof; empty when there is none yet.
	ProofID string      `json:"proofId,omitempty"`
	Test    string      `json:"test,omitempty"`
	Titles  []string    `json:"titles"`
	Status  string      `json:"status,omitempty"`
	Proven  bool        `json:"proven"`
	Why     string      `json:"why,omitempty"`
	Runs    []tracedRun `json:"runs"`
	// Proves says that a person named it as what proves the case.
	Proves bool `json:"proves,omitzero"`
}

type tracedRun struct {
	Key     string        `json:"key"`
	Purpose proof.Purpose `json:"purpose"`
	Outcome proof.Outcome `json:"outcome"`
	// FailedAt is the number of the assertion that did not hold; 0 for none.
	FailedAt int        `json:"failedAt,omitzero"`
	Message  string     `json:"message,omitempty"`
	Evidence []evidence `json:"evidence"`
}

// evidence is an artefact about a run. Viewer answers where the trace viewer shows it, for a trace.
type evidence struct {
	Name   string `json:"name"`
	URL    string `json:"url"`
	Viewer string `json:"viewer,omitempty"`
}

// Bounds of what is looked through for one case.
const (
	maxSuites     = 20
	maxTracedRuns = 50 // of a test
)

// traceCase answers what stands behind a case, as far as it is known today.
func (s *Server) traceCase(c *fiber.Ctx) error {
	if err := readQuery(c).err(); err != nil {
		return err
	}
	state, err := s.loadCases(c)
	if err != nil {
		return err
	}
	r, ok := state.Case(c.Params("caseId"))
	if !ok {
		return testcase.ErrNoCase
	}
	ctx, cancel := within()
	defer cancel()
	out := caseTrace{untrusted: fromElsewhere, SetID: state.ID, CaseID: r.ID, Title: r.Title, RecordingID: state.RecordingID}
	assertions, tests, err := s.testsOf(ctx, state)
	if err != nil {
		return err
	}
	out.Tests = tests
	for i, t := range tests {
		out.Tests[i].Proves = r.ProofID != "" && t.ProofID == r.ProofID && t.Test == r.Test
	}
	p := placer{s: s, ctx: ctx, current: map[string]*bool{}}
	if out.Passages, err = p.places(r.Sources, false); err != nil {
		return err
	}
	of, err := s.repo.LoadRecording(ctx, state.RecordingID)
	if err != nil && !errors.Is(err, recording.ErrNotFound) {
		return err
	}
	out.Steps = make([]tracedStep, len(r.Steps))
	for i, step := range r.Steps {
		actions, err := p.places(step.Sources, false)
		if err != nil {
			return err
		}
		expected, err := p.places(step.ExpectedSources, true)
		if err != nil {
			return err
		}
		out.Steps[i] = tracedStep{
			StepID: step.ID, Action: step.Action, Expected: step.Expected, Passages: append(actions, expected...), Recorded: recordedSteps(step, of, assertions),
		}
	}
	return sendJSON(c, fiber.StatusOK, out)
}

// placer looks passages up, each once.
type placer struct {
	s       *Server
	ctx     context.Context
	current map[string]*bool
}

func (p *placer) places(list []testcase.Citation, expected bool) ([]tracedPlace, error) {
	out := []tracedPlace{}
	for _, one := range list {
		if one.Origin != testcase.FromPassage {
			continue
		}
		known, seen := p.current[one.PassageID]
		if !seen && p.s.cfg.Knowledge != nil {
			_, there, err := p.s.cfg.Knowledge.Passage(p.ctx, one.PassageID)
			if err != nil {
				return nil, knowledgeFault(err)
			}
			known = &there
			p.current[one.PassageID] = known
		}
		out = append(out, tracedPlace{Citation: one, Expected: expected, Current: known})
	}
	return out, nil
}

// recordedSteps are those that a case's step cites, each once, with the assertions that go back to them.
func recordedSteps(step testcase.Step, of recording.State, assertions []tracedAssertion) []recordedStep {
	out := []recordedStep{}
	for _, one := range slices.Concat(step.Sources, step.ExpectedSources) {
		if one.StepID == "" || slices.ContainsFunc(out, func(r recordedStep) bool { return r.StepID == one.StepID }) {
			continue
		}
		r := recordedStep{StepID: one.StepID, Assertions: []tracedAssertion{}}
		if i := slices.IndexFunc(of.Steps, func(s recording.Step) bool { return s.ID == one.StepID }); i >= 0 {
			r.Text = of.Steps[i].Words()
			if e := of.Steps[i].Evidence; e != nil && e.Screenshot != "" {
				r.Picture = artifactURL(of.ID, e.Screenshot)
			}
		}
		for _, a := range assertions {
			if a.StepID == one.StepID {
				r.Assertions = append(r.Assertions, a)
			}
		}
		out = append(out, r)
	}
	return out
}

// jobFileURL is where an artefact of a job is read.
func jobFileURL(jobID, name string) string {
	return "/api/jobs/" + jobID + "/artifacts/" + escapePath(name)
}

// writtenSuite is what a job of suite.generate made.
type writtenSuite struct {
	id, digest string
	Recording  string            `json:"recordingId"`
	Spec       string            `json:"spec"`
	ProofID    string            `json:"proofId"`
	Assertions []tracedAssertion `json:"assertions"`
}

// testsOf are the tests that were written from the recording of a set, the newest first, each with its newest proof, and
// those of other proofs that were played against it.
func (s *Server) testsOf(ctx context.Context, state testcase.State) (assertions []tracedAssertion, tests []tracedTest, err error) {
	suites, err := s.suitesOf(ctx, state)
	if err != nil {
		return nil, nil, err
	}
	proofs, err := s.proofsOf(ctx, state, suites)
	if err != nil {
		return nil, nil, err
	}
	tests = []tracedTest{}
	shown := map[string]bool{}
	add := func(t tracedTest, p proof.State) {
		for _, of := range p.Tests {
			if of.Recording == state.RecordingID {
				tests = append(tests, provenBy(t, p, of))
			}
		}
		shown[p.Project] = true
	}
	for _, one := range suites {
		for _, a := range one.Assertions {
			a.SuiteID = one.id
			assertions = append(assertions, a)
		}
		t := tracedTest{SuiteID: one.id, Spec: jobFileURL(one.id, one.Spec), Titles: []string{}, Runs: []tracedRun{}}
		i := slices.IndexFunc(proofs, func(p proof.State) bool { return p.ID == one.ProofID || one.digest != "" && p.Project == one.digest })
		if i < 0 {
			tests = append(tests, t)
			continue
		}
		add(t, proofs[i])
	}
	for _, p := range proofs {
		if !shown[p.Project] {
			add(tracedTest{}, p)
		}
	}
	return assertions, tests, nil
}

// named lists the newest jobs of a kind whose input names the recording.
func (s *Server) named(ctx context.Context, state testcase.State, kind string) ([]projections.Job, error) {
	page, err := s.cfg.Reader.Jobs(ctx, projections.JobQuery{
		Filter: projections.Filter{Project: state.Owner, Kinds: []string{kind}, Text: state.RecordingID}, Limit: maxSuites,
	})
	return page.Items, readFault(err)
}

func (s *Server) suitesOf(ctx context.Context, state testcase.State) ([]writtenSuite, error) {
	list, err := s.named(ctx, state, generateKind)
	if err != nil {
		return nil, err
	}
	var out []writtenSuite
	for _, row := range list {
		if row.Status != job.StatusSucceeded {
			continue
		}
		j, err := s.repo.Load(ctx, row.ID)
		if err != nil {
			return nil, err
		}
		one := writtenSuite{id: row.ID}
		if json.Unmarshal(j.Result, &one) != nil || one.Recording != state.RecordingID {
			continue
		}
		for _, a := range row.Artifacts {
			if a.Name == "project.zip" {
				one.digest = a.SHA256.String()
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// proofsOf are the proofs of jobs that name the recording, and those of the suites, the newest first.
func (s *Server) proofsOf(ctx context.Context, state testcase.State, suites []writtenSuite) ([]proof.State, error) {
	list, err := s.named(ctx, state, proof.Kind)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, row := range list {
		ids = append(ids, row.ID)
	}
	for _, one := range suites {
		if one.ProofID != "" && !slices.Contains(ids, one.ProofID) {
			ids = append(ids, one.ProofID)
		}
	}
	var out []proof.State
	for _, id := range ids {
		p, err := s.repo.LoadProof(ctx, id)
		switch {
		case errors.Is(err, proof.ErrNotFound):
		case err != nil:
			return nil, err
		case p.Owner == state.Owner:
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b proof.State) int { return cmp.Compare(b.CreatedAt.UnixNano(), a.CreatedAt.UnixNano()) })
	return out, nil
}

// provenBy adds what a proof says of a test.
func provenBy(t tracedTest, p proof.State, of proof.Test) tracedTest {
	v := p.Verdict(of.ID)
	t.ProofID, t.Test, t.Titles, t.Status, t.Proven, t.Why, t.Runs = p.ID, of.ID, of.Titles, string(p.Status), v.Proven, v.Why, []tracedRun{}
	for _, r := range p.Done {
		if r.Test != of.ID || r.Purpose != proof.Stability && r.Purpose != proof.Live || len(t.Runs) == maxTracedRuns {
			continue
		}
		one := tracedRun{Key: r.Key, Purpose: r.Purpose, Outcome: r.Outcome, Evidence: []evidence{}}
		if r.End != nil {
			one.FailedAt, one.Message = r.End.Assertion, r.End.Message
		}
		for _, name := range r.Evidence {
			e := evidence{Name: name, URL: jobFileURL(p.ID, name)}
			if name == traceFile || strings.HasSuffix(name, "/"+traceFile) {
				e.Viewer = "/api/suites/" + p.ID + "/trace?name=" + url.QueryEscape(name)
			}
			one.Evidence = append(one.Evidence, e)
		}
		t.Runs = append(t.Runs, one)
	}
	return t
}
