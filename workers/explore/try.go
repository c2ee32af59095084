package explore

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"tapedeck/domain/job"
	"tapedeck/domain/proof"
	"tapedeck/domain/recording"
	"tapedeck/domain/testcase"
	"tapedeck/workers/child"
	"tapedeck/workers/generate"
)

// childSpace makes ids of children: the same at each attempt.
var childSpace = uuid.MustParse("c1a3be0e-55a2-4f9c-9d38-5a6c0e3a7b61")

// try records one candidate on the environment, looks at what the application said, and has it proven when that was expected.
func (e *exploration) try(ctx context.Context, x candidate) (Tried, error) {
	t := Tried{CaseID: x.caseID, Title: x.title, Expected: x.expected}
	input, err := e.script(x)
	if err != nil {
		return t, err
	}
	s, err := e.run(ctx, x, recording.Kind, "record", 0, input)
	var refused *job.InvalidError
	if errors.As(err, &refused) {
		t.Outcome, t.Why = Failed, "its steps cannot be recorded: "+refused.Error()
		return t, nil
	}
	if err != nil {
		return t, err
	}
	t.RecordingID = s.ID
	if s.Status != job.StatusSucceeded {
		t.Outcome, t.Why = Failed, "its steps could not be recorded: "+reason(s)
		return t, nil
	}
	state, err := e.cfg.Jobs.LoadRecording(ctx, s.ID)
	if err != nil {
		return t, err
	}
	var class testcase.Class
	if t.Outcome, t.Why, class = e.judge(x, state.Document()); t.Outcome != "" {
		return t, nil
	}
	return t, e.prove(ctx, x, class, &t)
}

func reason(s job.State) string {
	if s.Error != nil {
		return s.Error.Message
	}
	if s.Reason != "" {
		return s.Reason
	}
	return "it was " + string(s.Status)
}

// run brings a child to its end; part tells which of a candidate's children it is, at is how far the candidate is by then.
func (e *exploration) run(ctx context.Context, x candidate, kind, part string, at float64, input jsontext.Value) (job.State, error) {
	k, _ := e.cfg.child(kind)
	id := uuid.NewSHA1(childSpace, []byte(e.job.ID()+"\x00"+x.caseID+"\x00"+x.title+"\x00"+part)).String()
	s, err := e.cfg.Jobs.Load(ctx, id)
	if errors.Is(err, job.ErrNotFound) {
		if err := k.Check(input); err != nil {
			return s, err
		}
		spec := k.Spec()
		s, _, err = e.cfg.Jobs.Submit(ctx, id, e.job.Project(), e.job.Caller(), job.Submit{
			Now: e.cfg.Now(), Kind: spec.Name, Queue: spec.Queue, Input: input, Labels: e.job.Labels(), Retry: spec.Retry,
			TimeoutMS: spec.Timeout.Milliseconds(), ParentID: e.job.ID(), Fingerprint: id, CommandID: id,
		})
	}
	if err != nil {
		return s, err
	}
	return e.await(ctx, x, s, at)
}

func (e *exploration) await(ctx context.Context, x candidate, s job.State, at float64) (job.State, error) {
	return child.Awaiter{
		Jobs: e.cfg.Jobs, Parent: e.job, Of: "the exploration", Now: e.cfg.Now,
		Tell: func(percent float64, message string) {
			part := (at + max(percent, 0)/3) / 100
			e.job.Progress(100*(float64(e.done)+part)/float64(e.of), fmt.Sprintf("%d of %d, “%s”: %s", e.done+1, e.of, x.title, message))
		},
	}.Await(ctx, s)
}

// answer is what was sent by a step, and what came of it.
type answer struct {
	// wrote says that something was written, status what the server said to the first write that it refused, else to the last.
	wrote  bool
	status int
	// to is where the page went then, without the site and the query.
	to string
}

// answerOf reads what a step sent; false when it sent nothing and the page stayed.
func answerOf(s recording.Step) (answer, bool) {
	var a answer
	if s.Evidence == nil {
		return a, false
	}
	a.to = pathOf(s.Evidence.Navigated)
	for _, r := range s.Evidence.Requests {
		if slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, r.Method) {
			continue
		}
		if a.wrote = true; a.status < 400 {
			a.status = r.Status
		}
	}
	return a, a.wrote || a.to != ""
}

// judge compares what the application did with what the case expects. "" is as expected: class is then what a test of it
// proves.
func (e *exploration) judge(x candidate, got recording.Document) (o Outcome, why string, class testcase.Class) {
	sent := func(doc recording.Document) (answer, bool) {
		i := slices.IndexFunc(doc.Steps, func(s recording.Step) bool { return s.ID == x.last })
		if i < 0 {
			return answer{}, false
		}
		return answerOf(doc.Steps[i])
	}
	was, ok := sent(e.doc)
	if !ok || was.status >= 400 {
		return Unclear, "the recording does not show how the application takes this form: nothing was sent there, or it was refused", ""
	}
	is, reacted := sent(got)
	accepted := false
	class = testcase.TwinProven
	switch {
	case !reacted:
		why, class = "the page sent nothing", testcase.ClientOnly
	case was.wrote && !is.wrote:
		why, class = "the page sent nothing to be written", testcase.ClientOnly
	case is.status >= 400:
		why = fmt.Sprintf("the server answered %d", is.status)
	case was.to != "" && is.to != was.to:
		why = fmt.Sprintf("the page did not go to %s, as it did in the recording", was.to)
	default:
		accepted, why = true, "it was taken as in the recording"
	}
	if accepted == (x.expected == testcase.OutcomeAccepted) {
		return "", why, class
	}
	if accepted {
		return Contradicts, "it should be refused, and " + why, ""
	}
	return Contradicts, "it should be taken, and " + why, ""
}

// prove has tests written from the new recording, and tells the case what comes of them.
func (e *exploration) prove(ctx context.Context, x candidate, class testcase.Class, t *Tried) error {
	asked := map[string]any{
		"recordingId": t.RecordingID, "learn": e.in.Learn, "verify": true, "runs": e.in.Runs, "mutants": e.in.Mutants, "budgetSeconds": e.in.Budget,
	}
	if x.caseID != "" {
		asked["proves"] = []string{x.caseID}
	}
	input, err := json.Marshal(asked, json.Deterministic(true))
	if err != nil {
		return err
	}
	s, err := e.run(ctx, x, generate.Name, "generate", 100.0/3, input)
	if err != nil {
		return err
	}
	t.GenerateID, t.Outcome = s.ID, Unproven
	if s.Status != job.StatusSucceeded {
		t.Why += "; its test could not be written: " + reason(s)
		return nil
	}
	var written generate.Result
	if err := json.Unmarshal(s.Result, &written); err != nil {
		return fmt.Errorf("the result of job %s: %w", s.ID, err)
	}
	if written.Learned == 0 && !slices.ContainsFunc(x.doc.Steps, func(s recording.Step) bool { return s.Type == recording.Assert && !s.Disabled }) {
		t.Why += "; its test asserts nothing"
		return nil
	}
	t.ProofID = written.ProofID
	if s, err = e.cfg.Jobs.Load(ctx, t.ProofID); err != nil {
		return err
	}
	if s, err = e.await(ctx, x, s, 200.0/3); err != nil {
		return err
	}
	if s.Status != job.StatusSucceeded {
		t.Why += "; its test was not verified: " + reason(s)
		return nil
	}
	p, err := e.cfg.Jobs.LoadProof(ctx, t.ProofID)
	if err != nil {
		return err
	}
	return e.tell(ctx, x, class, t, p)
}

// tell tells the case what its test has proven.
func (e *exploration) tell(ctx context.Context, x candidate, class testcase.Class, t *Tried, p proof.State) error {
	if len(p.Tests) != 1 || !p.Verdict(p.Tests[0].ID).Proven {
		t.Why += "; its test is not proven"
		if len(p.Tests) == 1 {
			t.Why += ": " + p.Verdict(p.Tests[0].ID).Why
		}
		return nil
	}
	t.Outcome = Proven
	if x.caseID == "" {
		return nil
	}
	_, err := e.cfg.Jobs.ReviewTestCases(ctx, e.set.ID, e.job.Caller(), 0, e.cfg.Now(), testcase.Prove{Proven: testcase.Proven{
		CaseID: x.caseID, Class: class, ProofID: p.ID, Test: p.Tests[0].ID,
		Word: testcase.Word{By: Name, Reason: "tried on " + e.in.Environment + ": " + t.Why},
	}})
	if errors.Is(err, testcase.ErrNoCase) || errors.As(err, new(*testcase.RefusedError)) {
		return nil // made anew meanwhile
	}
	return err
}

func pathOf(address string) string {
	if address == "" {
		return ""
	}
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Path
}
