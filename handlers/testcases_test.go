package handlers_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/domain/proof"
	"tapedeck/domain/testcase"
	"tapedeck/eventstore"
	"tapedeck/handlers"
	"tapedeck/projections"
)

// caseDesk is a server on which test cases can be generated and reviewed.
func caseDesk(t *testing.T) *library {
	t.Helper()
	l := &library{}
	l.bundle = setup(t, func(c *handlers.Config) {
		files := c.Artifacts.(*artifacts.Store)
		l.index = projections.NewKnowledge(c.Jobs.Store(), texts{files}, projections.Config{})
		require.NoError(t, l.index.Start(context.Background()))
		c.Knowledge, c.Texts = l.index, texts{files}
		c.Kinds = append(c.Kinds, handlers.Kind{Name: testcase.Kind, Queue: "suite", Check: func(input jsontext.Value) error {
			var in struct {
				RecordingID string   `json:"recordingId"`
				Sources     []string `json:"sources"`
				Limit       int      `json:"limit"`
				Base        string   `json:"base"`
				Only        []string `json:"only"`
			}
			if json.Unmarshal(input, &in, json.RejectUnknownMembers(true)) != nil || in.RecordingID == "" {
				return &job.InvalidError{Faults: []job.Fault{{Path: "input.recordingId", Message: "is needed"}}}
			}
			return nil
		}}, handlers.Kind{Name: proof.Kind, Queue: "suite"}, handlers.Kind{Name: "suite.generate", Queue: "suite"}, handlers.Kind{Name: "recorder.record", Queue: "browser"})
	})
	t.Cleanup(func() { require.NoError(t, l.index.Stop()) })
	return l
}

// cases makes a set, as a worker would.
func (b *bundle) cases(id string, whole bool) {
	b.t.Helper()
	cite := testcase.Citation{Origin: testcase.FromPassage, Quote: "A note needs a text.", DocumentID: "doc-1", Version: 1, PassageID: "p1", Title: "Notes"}
	one := testcase.Case{
		ID: "tc-1", Title: "Leave “Note” empty", Type: testcase.Negative, Priority: testcase.High, Proof: testcase.Manual, Candidate: testcase.ClientOnly, Sources: []testcase.Citation{cite},
		Steps: []testcase.Step{{ID: "1", Action: "Open /"}, {ID: "2", Action: "Click the button “Add”", Data: "=1+1", Expected: "An alert", ExpectedSources: []testcase.Citation{cite}}},
	}
	two := one
	two.ID, two.Title, two.Candidate = "tc-2", "Add a note", testcase.TwinProven
	commands := []testcase.Command{
		testcase.Start{Started: testcase.Started{Attempt: 1, RecordingID: "rec-1", RecordingVersion: 3, Name: "Notes"}},
		testcase.Add{Generated: testcase.Generated{Cases: []testcase.Case{one, two}, Findings: []testcase.Finding{{ID: "f", Kind: testcase.Contradiction, Subject: "Note", Message: "no", Says: []testcase.Citation{cite}}}}},
	}
	if whole {
		commands = append(commands, testcase.Finish{Finished: testcase.Finished{Documents: 1, Requirements: 2, UncoveredOf: 1}})
	}
	_, err := b.repo.ApplyTestCases(b.t.Context(), testcase.State{ID: id, Owner: "default"}, worker, time.Now(), nil, commands...)
	require.NoError(b.t, err)
}

func TestTestCasesAreAskedFor(t *testing.T) {
	t.Parallel()
	l := caseDesk(t)
	source := l.shop()
	var accepted struct{ JobID string }
	a := l.do("POST", "/api/test-cases/generate", `{"recordingId":"rec-1"}`, "Idempotency-Key", "k1").is(202)
	a.into(&accepted)
	require.Equal(t, "/api/jobs/"+accepted.JobID, a.header.Get("Location"))
	j := l.do("GET", "/api/jobs/"+accepted.JobID, "").is(200).job()
	require.Equal(t, testcase.Kind, j.Kind)
	require.JSONEq(t, `{"recordingId":"rec-1","sources":["`+source+`"]}`, string(j.Input), "the project's sources as they are now")

	l.do("POST", "/api/test-cases/generate", `{"recordingId":"rec-1","sources":[],"project":"other","limit":3}`).is(202).into(&accepted)
	require.JSONEq(t, `{"recordingId":"rec-1","sources":[],"limit":3}`, string(l.do("GET", "/api/jobs/"+accepted.JobID, "").is(200).job().Input), "another project has none")
	l.do("POST", "/api/test-cases/generate", `{"recordingId":"rec-1","sources":["src-a"]}`).is(202).into(&accepted)
	require.JSONEq(t, `{"recordingId":"rec-1","sources":["src-a"]}`, string(l.do("GET", "/api/jobs/"+accepted.JobID, "").is(200).job().Input))

	// The same request again is the same job, whatever became of the sources since.
	_, err := l.repo.RemoveSource(t.Context(), source, worker, "gone", time.Now())
	require.NoError(t, err)
	l.catchUp()
	again := l.do("POST", "/api/test-cases/generate", `{"recordingId":"rec-1"}`, "Idempotency-Key", "k1").is(202)
	require.Equal(t, "true", again.header.Get("Idempotent-Replay"))
	require.Equal(t, a.header.Get("Location"), again.header.Get("Location"))

	require.Equal(t, "/recordingId", l.do("POST", "/api/test-cases/generate", `{"sources":[]}`).is(400).problem("invalid").Errors[0].Path)
	l.do("POST", "/api/test-cases/generate", `{"recordingId":"rec-1","colour":"red"}`).is(400).problem("invalid")
	l.do("POST", "/api/test-cases/generate", `{"recordingId":"rec-1","sources":"all"}`).is(400).problem("invalid")
	l.do("POST", "/api/test-cases/generate", `[]`).is(400).problem("invalid")
}

type casesAnswer struct {
	Status    string
	Version   uint64
	Untrusted bool
	Cases     []testcase.Reviewed
	Findings  []testcase.Finding
	Uncovered []testcase.Uncovered
}

func TestTestCasesAreReviewed(t *testing.T) {
	t.Parallel()
	l := caseDesk(t)
	const path = "/api/test-cases/set-1"
	l.do("GET", path, "").is(404).problem("not_found")
	l.cases("set-1", true)
	var got casesAnswer
	a := l.do("GET", path, "").is(200)
	a.into(&got)
	require.Equal(t, `"3"`, a.header.Get("ETag"))
	require.True(t, got.Untrusted)
	require.Equal(t, "complete", got.Status)
	require.Len(t, got.Cases, 2)
	l.do("GET", path, "", "If-None-Match", `"3"`).is(304)

	edit := `{"title":"Leave it empty","type":"negative","priority":"low","steps":[{"stepId":"2","action":"Click the button “Add”","expected":"An alert says so"},{"action":"Close it"}],"by":"Ada","reason":"clearer"}`
	l.do("POST", path+"/cases/tc-1/edit", edit, "If-Match", `"2"`).is(412).problem("conflict")
	l.do("POST", path+"/cases/tc-1/edit", edit, "If-Match", `"3"`).is(200).into(&got)
	c := got.Cases[0]
	require.Equal(t, testcase.IsEdited, c.Standing)
	require.Equal(t, "Leave “Note” empty", c.Generated.Title, "both versions")
	require.Contains(t, c.Changes, testcase.Change{Path: "steps/2/expected", Before: "An alert", After: "An alert says so"})
	require.Contains(t, c.Changes, testcase.Change{Path: "steps/1", Before: "Open /"})
	require.NotEmpty(t, c.Steps[0].ExpectedSources)
	require.Equal(t, "Ada", c.History[0].By)
	require.Equal(t, "clearer", c.History[0].Reason)

	l.do("POST", path+"/cases/tc-1/accept", `{"by":"Grace"}`).is(200).into(&got)
	require.Equal(t, testcase.IsAccepted, got.Cases[0].Standing)
	l.do("POST", path+"/cases/tc-2/reject", `{"by":"Grace","reason":"a duplicate"}`).is(200).into(&got)
	require.Equal(t, testcase.IsRejected, got.Cases[1].Standing)
	before := l.size()
	l.do("POST", path+"/cases/tc-1/accept", `{"by":"Grace"}`).is(200)
	require.Equal(t, before, l.size(), "it was accepted already")

	check := schemas(t)
	events, err := l.store.ReadStream(t.Context(), testcase.Stream("set-1"), 1, 100)
	require.NoError(t, err)
	require.Len(t, events, 6)
	for _, e := range events {
		check(t, e.Stored)
	}
	require.Equal(t, "Grace", events[5].Actor, "who it was stands in the envelope")
}

func TestBadReviewsChangeNothing(t *testing.T) {
	t.Parallel()
	l := caseDesk(t)
	l.cases("set-1", true)
	l.cases("set-2", false)
	before := l.size()
	for name, c := range map[string]struct {
		path, body, code, at string
		status               int
	}{
		"nobody":                {"set-1/cases/tc-1/accept", `{}`, "invalid", "/by", 400},
		"no reason":             {"set-1/cases/tc-1/reject", `{"by":"Ada"}`, "invalid", "/reason", 400},
		"no such case":          {"set-1/cases/tc-9/accept", `{"by":"Ada"}`, "not_found", "", 404},
		"no such set":           {"nothing/cases/tc-1/accept", `{"by":"Ada"}`, "not_found", "", 404},
		"no such action":        {"set-1/cases/tc-1/explode", `{"by":"Ada"}`, "not_found", "", 404},
		"too early":             {"set-2/cases/tc-1/accept", `{"by":"Ada"}`, "conflict", "", 409},
		"no title":              {"set-1/cases/tc-1/edit", `{"type":"edge","priority":"low","steps":[{"action":"x"}],"by":"Ada"}`, "invalid", "/title", 400},
		"no steps":              {"set-1/cases/tc-1/edit", `{"title":"T","type":"edge","priority":"low","steps":[],"by":"Ada"}`, "invalid", "/steps", 400},
		"an unknown member":     {"set-1/cases/tc-1/edit", `{"title":"T","proof":"twin-proven","by":"Ada"}`, "invalid", "/proof", 400},
		"a long step":           {"set-1/cases/tc-1/edit", `{"title":"T","type":"edge","priority":"low","steps":[{"action":"` + strings.Repeat("x", 2000) + `"}],"by":"Ada"}`, "invalid", "/steps/0/action", 400},
		"no such proof":         {"set-1/cases/tc-1/prove", `{"proofId":"p","test":"t","by":"Ada"}`, "not_found", "", 404},
		"what is no proof":      {"set-1/cases/tc-1/prove", `{"proofId":"../p","test":"t","by":"Ada"}`, "invalid", "/proofId", 400},
		"an export by nobody":   {"set-1/export?format=csv", `{}`, "invalid", "/by", 400},
		"an export of none":     {"set-1/export?format=csv&status=accepted", `{"by":"Ada"}`, "conflict", "", 409},
		"an unknown format":     {"set-1/export?format=pdf", `{"by":"Ada"}`, "invalid", "query/format", 400},
		"an unknown standing":   {"set-1/export?status=odd", `{"by":"Ada"}`, "invalid", "query/status", 400},
		"an export too early":   {"set-2/export?format=csv", `{"by":"Ada"}`, "conflict", "", 409},
		"an export without who": {"set-1/export?format=csv", `{"reason":"x"}`, "invalid", "/by", 400},
	} {
		p := l.do("POST", "/api/test-cases/"+c.path, c.body).is(c.status).problem(c.code)
		if c.at != "" {
			require.Equal(t, c.at, p.Errors[0].Path, name)
		}
	}
	require.Equal(t, before, l.size())
}

func TestTestCasesAreExported(t *testing.T) {
	t.Parallel()
	l := caseDesk(t)
	l.cases("set-1", true)
	const path = "/api/test-cases/set-1/export"
	before := l.size()
	a := l.do("GET", path+"?format=csv", "").is(200)
	require.Equal(t, "text/csv; charset=utf-8", a.header.Get("Content-Type"))
	require.Contains(t, a.header.Get("Content-Disposition"), "test-cases-set-1.csv")
	lines, err := csv.NewReader(bytes.NewReader(a.body)).ReadAll()
	require.NoError(t, err)
	require.Len(t, lines, 5)
	require.Equal(t, "'=1+1", lines[2][9], "no formula")
	require.Contains(t, string(l.do("GET", path, "").is(200).body), "# Test cases: Notes")
	require.Contains(t, string(l.do("GET", path+"?format=gherkin", "").is(200).body), "Scenario: Add a note")
	require.Equal(t, before, l.size(), "a look leaves no trace")

	l.do("POST", "/api/test-cases/set-1/cases/tc-2/reject", `{"by":"Ada","reason":"no"}`).is(200)
	a = l.do("POST", path+"?format=xlsx", `{"by":"Ada","reason":"for the customer"}`).is(200)
	book, err := excelize.OpenReader(bytes.NewReader(a.body))
	require.NoError(t, err)
	rows, err := book.GetRows("Test cases")
	require.NoError(t, err)
	require.NoError(t, book.Close())
	require.Len(t, rows, 3, "the rejected one is left out")
	var got casesAnswer
	l.do("GET", "/api/test-cases/set-1", "").is(200).into(&got)
	last := got.Cases[0].History[0]
	require.Equal(t, "exported", last.What)
	require.Equal(t, "for the customer", last.Reason)
	require.Equal(t, "xlsx", last.Format)
	require.Len(t, got.Cases[1].History, 1)

	plan := excelize.NewFile()
	require.NoError(t, plan.SetCellStr("Sheet1", "B2", "{{id}} {{title}}"))
	var raw bytes.Buffer
	_, err = plan.WriteTo(&raw)
	require.NoError(t, err)
	require.NoError(t, plan.Close())
	body, kind := form(t, [][2]string{{"by", "Ada"}}, nil)
	l.do("POST", path+"?format=csv&status=odd", body, "Content-Type", kind).is(400).problem("invalid")
	send := func(query string, template []byte) answer {
		body, kind := templateForm(t, template)
		return l.do("POST", path+query, body, "Content-Type", kind)
	}
	a = send("?format=xlsx", raw.Bytes()).is(200)
	book, err = excelize.OpenReader(bytes.NewReader(a.body))
	require.NoError(t, err)
	value, err := book.GetCellValue("Sheet1", "B2")
	require.NoError(t, err)
	require.NoError(t, book.Close())
	require.Equal(t, "tc-1 Leave “Note” empty", value)

	before = l.size()
	require.Equal(t, "/template", send("?format=xlsx", []byte("no workbook")).is(400).problem("invalid").Errors[0].Path)
	require.Equal(t, "query/format", send("?format=csv", raw.Bytes()).is(400).problem("invalid").Errors[0].Path)
	l.do("POST", path+"?format=xlsx", "--x\r\nbroken", "Content-Type", "multipart/form-data; boundary=x").is(400).problem("invalid")
	l.do("POST", path+"?format=xlsx", `{"by":"Ada"}`, "If-Match", `"1"`).is(412).problem("conflict")
	require.Equal(t, before, l.size())
}

// templateForm is a form of who exports, with a template.
func templateForm(t *testing.T, template []byte) (body, contentType string) {
	t.Helper()
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	require.NoError(t, w.WriteField("by", "Ada"))
	require.NoError(t, w.WriteField("reason", "the plan"))
	part, err := w.CreateFormFile("template", "plan.xlsx")
	require.NoError(t, err)
	_, err = part.Write(template)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return buf.String(), w.FormDataContentType()
}

func TestACaseIsProvenByATest(t *testing.T) {
	t.Parallel()
	l := caseDesk(t)
	l.cases("set-1", true)
	prove := func(id, recording string, outcome proof.Outcome, finish bool) {
		_, _, err := l.repo.Submit(t.Context(), id, "default", worker, job.Submit{Now: time.Now(), Kind: proof.Kind, Queue: "suite", Retry: job.RetryPolicy{}.WithDefaults()})
		require.NoError(t, err)
		l.begin(id)
		commands := []proof.Command{
			proof.Start{Started: proof.Started{Attempt: 1, Name: "Notes", Project: "aa", Mode: "twin", Runs: 1, Tests: []proof.Test{{ID: "t1", Titles: []string{"adds"}, File: "a.spec.ts", Recording: recording}}}},
			proof.Record{Runs: []proof.Run{{Key: "stability/0/t1", Test: "t1", Purpose: proof.Stability, Outcome: outcome, Signature: "1"}}},
		}
		if finish {
			commands = append(commands, proof.Finish{Finished: proof.Finished{Outcome: "proven"}})
		}
		_, err = l.repo.ApplyProof(t.Context(), proof.State{ID: id, Owner: "default"}, worker, time.Now(), eventstore.Hold{Stream: job.Stream(id), Token: "lease-" + id}, commands...)
		require.NoError(t, err)
	}
	prove("good", "rec-1", proof.Passed, true)
	prove("bad", "rec-1", proof.Failed, true)
	prove("other", "rec-2", proof.Passed, true)
	prove("running", "rec-1", proof.Passed, false)
	say := func(id, proofID, test string) answer {
		return l.do("POST", "/api/test-cases/set-1/cases/"+id+"/prove", `{"proofId":"`+proofID+`","test":"`+test+`","by":"Ada","reason":"it is its test"}`)
	}
	var got casesAnswer
	say("tc-2", "good", "t1").is(http.StatusOK).into(&got)
	require.Equal(t, testcase.TwinProven, got.Cases[1].Proof)
	require.Equal(t, "good", got.Cases[1].ProofID)
	require.Equal(t, testcase.Manual, got.Cases[0].Proof)
	say("tc-1", "good", "t1").is(http.StatusOK).into(&got)
	require.Equal(t, testcase.ClientOnly, got.Cases[0].Proof, "the browser itself stops it")

	require.Contains(t, say("tc-2", "bad", "t1").is(409).problem("conflict").Detail, "not proven")
	require.Contains(t, say("tc-2", "other", "t1").is(409).problem("conflict").Detail, "another recording")
	require.Contains(t, say("tc-2", "running", "t1").is(409).problem("conflict").Detail, "still being made")
	require.Equal(t, "/test", say("tc-2", "good", "t9").is(400).problem("invalid").Errors[0].Path)
}
