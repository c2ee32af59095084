package handlers_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/domain/proof"
	"tapedeck/domain/testcase"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
)

const cartRules = "# Cart\n\nThe cart must hold at most 30 items.\n\nThe cart must keep its items.\n\nInvoices must be sent by post.\n"

// revise stores another version of a document of the shop; with no text it removes it.
func (l *library) revise(key, text string) {
	l.t.Helper()
	ctx := l.t.Context()
	s, err := l.repo.LoadSource(ctx, knowledge.SourceID("default", knowledge.Website, "https://shop.test/"))
	require.NoError(l.t, err)
	d, err := l.repo.LoadDocument(ctx, knowledge.DocumentID(s.ID, key), 0)
	require.NoError(l.t, err)
	facts, err := s.Begin(knowledge.SourceDefined{Kind: s.Kind, Key: s.Key, Name: s.Name}, knowledge.RunStarted{JobID: "later", Attempt: 1})
	require.NoError(l.t, err)
	g, change := knowledge.Gathered{JobID: "later"}, jobs.Change{Document: d, Fact: knowledge.DocumentRemoved{Reason: "gone", JobID: "later"}}
	if text == "" {
		g.Removed = []string{key}
	} else {
		digest, err := l.artifacts.PutText(ctx, []byte(text))
		require.NoError(l.t, err)
		next := d.Facts
		next.Text = knowledge.Text{SHA256: digest, Size: int64(len(text))}
		g.Stored, change.Fact = map[string]knowledge.Entry{key: {DocumentID: d.ID}}, knowledge.DocumentStored{Facts: next}
	}
	facts = append(facts, g, knowledge.RunFinished{JobID: "later", Outcome: knowledge.Complete})
	require.NoError(l.t, l.repo.ApplyKnowledge(ctx, jobs.Caller{Source: "test"}, time.Now(), nil, s, facts, change))
	l.catchUp()
}

// cited are the passages of the newest version of a document, as citations.
func (l *library) cited(doc string) []testcase.Citation {
	l.t.Helper()
	d, err := l.repo.LoadDocument(l.t.Context(), doc, 0)
	require.NoError(l.t, err)
	passages, err := l.index.Passages(l.t.Context(), doc)
	require.NoError(l.t, err)
	var out []testcase.Citation
	for _, p := range passages {
		out = append(out, testcase.Citation{
			Origin: testcase.FromPassage, Quote: p.Text, SourceID: d.SourceID, DocumentID: doc, Version: d.Version, PassageID: p.ID, Hash: d.Text.SHA256.String(), Title: d.Title,
		})
	}
	return out
}

// set writes a set in which each case cites one passage, as a whole and with the step s1 of the recording in its expected
// result.
func (l *library) set(id, recording string, cites ...testcase.Citation) {
	l.t.Helper()
	commands := []testcase.Command{testcase.Start{Started: testcase.Started{Attempt: 1, RecordingID: recording, RecordingVersion: 1, Name: "Cart", Sources: []string{"src-1"}}}}
	for i, one := range cites {
		step := testcase.Citation{Origin: testcase.FromStep, Quote: "click", RecordingID: recording, StepID: "s1"}
		commands = append(commands, testcase.Add{Generated: testcase.Generated{Cases: []testcase.Case{{
			ID: "tc-" + string(rune('a'+i)), Title: "Case " + string(rune('a'+i)), Type: testcase.Positive, Priority: testcase.High, Proof: testcase.Manual, Sources: []testcase.Citation{one},
			Steps: []testcase.Step{{ID: "1", Action: "Click", Expected: "It is so", Sources: []testcase.Citation{step}, ExpectedSources: []testcase.Citation{one, step}}},
		}}}})
	}
	_, err := l.repo.ApplyTestCases(l.t.Context(), testcase.State{ID: id, Owner: "default"}, worker, time.Now(), nil, append(commands, testcase.Finish{})...)
	require.NoError(l.t, err)
	l.catchUp()
}

func TestRequirementsKnowTheirTests(t *testing.T) {
	t.Parallel()
	l := caseDesk(t)
	source := l.keep(map[string]string{"/cart": cartRules})
	doc := knowledge.DocumentID(source, "/cart")
	cites := l.cited(doc)
	l.set("set-1", "rec-1", cites[0], cites[1])
	var tests struct {
		Untrusted bool
		Coverage  map[string]int
		Passages  []struct {
			PassageID, Text string
			Tests           []struct {
				JobID, CaseID string
				Superseded    bool
				Places        []map[string]any
			}
		}
		Gone []struct{ PassageID string }
	}
	path := "/api/knowledge/documents/" + doc + "/tests"
	l.do("GET", path, "").is(200).into(&tests)
	require.True(t, tests.Untrusted)
	require.Equal(t, map[string]int{"requirements": 3, "covered": 2, "asserted": 2, "uncovered": 1}, tests.Coverage)
	require.Len(t, tests.Passages, 3)
	require.Equal(t, "set-1", tests.Passages[0].Tests[0].JobID)
	require.Len(t, tests.Passages[0].Tests[0].Places, 2)

	var coverage struct {
		Covered, Uncovered int
		Items              []struct{ Text string }
		NextPage           string
	}
	l.do("GET", "/api/knowledge/sources/"+source+"/coverage?minCursor="+l.head(), "").is(200).into(&coverage)
	require.Equal(t, 2, coverage.Covered)
	require.Equal(t, "Invoices must be sent by post.", coverage.Items[0].Text)

	l.set("set-2", "rec-1", cites[1])
	l.do("GET", path, "").is(200).into(&tests)
	require.Empty(t, tests.Passages[0].Tests)
	l.do("GET", path+"?older=true", "").is(200).into(&tests)
	require.True(t, tests.Passages[0].Tests[0].Superseded)
	l.do("GET", "/api/knowledge/sources/"+source+"/coverage?limit=1", "").is(200).into(&coverage)
	require.NotEmpty(t, coverage.NextPage)
	l.do("GET", "/api/knowledge/sources/"+source+"/coverage?limit=1&page="+url.QueryEscape(coverage.NextPage), "").is(200).into(&coverage)
	require.Equal(t, "Invoices must be sent by post.", coverage.Items[0].Text)

	for path, status := range map[string]int{
		"/api/knowledge/documents/none/tests": 404, "/api/knowledge/sources/none/coverage": 404, path + "?older=perhaps": 400, path + "?colour=red": 400,
		"/api/knowledge/sources/" + source + "/coverage?page=zzz": 400, "/api/knowledge/sources/" + source + "/coverage?limit=0": 400,
		"/api/test-cases?limit=0": 400, "/api/test-cases?page=zzz": 400, "/api/test-cases?colour=red": 400,
	} {
		l.do("GET", path, "").is(status)
	}
}

func TestStaleCasesAreToldAndMadeAnew(t *testing.T) {
	t.Parallel()
	l := caseDesk(t)
	source := l.keep(map[string]string{"/cart": cartRules, "/help": "It must help.\n"})
	doc := knowledge.DocumentID(source, "/cart")
	cites := append(l.cited(doc), l.cited(knowledge.DocumentID(source, "/help"))...)
	_, _, err := l.repo.Submit(t.Context(), "set-1", "default", worker, job.Submit{
		Now: time.Now(), Kind: testcase.Kind, Queue: "suite", Input: []byte(`{"recordingId":"rec-1","limit":7,"sources":[]}`), Retry: job.RetryPolicy{}.WithDefaults(),
	})
	require.NoError(t, err)
	l.set("set-1", "rec-1", cites...)
	var set struct {
		Version      uint64
		Stale        []struct{ CaseID, Reason string }
		SupersededBy string
	}
	a := l.do("GET", "/api/test-cases/set-1", "").is(200)
	a.into(&set)
	require.NotNil(t, set.Stale)
	require.Empty(t, set.Stale)
	fresh := a.header.Get("ETag")
	require.Equal(t, "no case is stale: name those that are to be made anew all the same", l.do("POST", "/api/test-cases/set-1/regenerate", `{}`).is(409).problem("conflict").Detail)

	l.revise("/cart", strings.Replace(cartRules, "30 items", "20 items", 1))
	l.revise("/help", "")
	a = l.do("GET", "/api/test-cases/set-1", "", "If-None-Match", fresh).is(200)
	a.into(&set)
	require.Equal(t, []struct{ CaseID, Reason string }{{"tc-a", "changed"}, {"tc-d", "removed"}}, set.Stale)
	l.do("GET", "/api/test-cases/set-1", "", "If-None-Match", a.header.Get("ETag")).is(304)
	var sets struct {
		Items []struct {
			JobID        string
			Stale, Cases int
		}
	}
	l.do("GET", "/api/test-cases?project=default&recording=rec-1", "").is(200).into(&sets)
	require.Len(t, sets.Items, 1)
	require.Equal(t, 2, sets.Items[0].Stale)
	require.Equal(t, 4, sets.Items[0].Cases)
	l.do("GET", "/api/test-cases?project=other", "").is(200).into(&sets)
	require.Empty(t, sets.Items, "another project has none")

	var stale struct {
		Items []struct {
			CaseID, Reason string
			Citation       testcase.Citation
			Now            *struct{ Text string }
		}
	}
	l.do("GET", "/api/test-cases/set-1/stale", "").is(200).into(&stale)
	require.Len(t, stale.Items, 2)
	require.Equal(t, "The cart must hold at most 30 items.", stale.Items[0].Citation.Quote)
	require.Equal(t, "The cart must hold at most 20 items.", stale.Items[0].Now.Text)
	require.Nil(t, stale.Items[1].Now)

	// What documents make of a set is no part of its version: a review at the tag goes on.
	l.do("POST", "/api/test-cases/set-1/cases/tc-d/reject", `{"by":"Ada","reason":"no"}`, "If-Match", a.header.Get("ETag")).is(200)
	l.do("POST", "/api/test-cases/set-1/cases/tc-b/accept", `{"by":"Ada"}`, "If-Match", a.header.Get("ETag")).is(412)
	l.catchUp()

	var accepted struct{ JobID string }
	again := l.do("POST", "/api/test-cases/set-1/regenerate", `{}`, "Idempotency-Key", "k1").is(202)
	again.into(&accepted)
	j := l.do("GET", "/api/jobs/"+accepted.JobID, "").is(200).job()
	require.JSONEq(t, `{"recordingId":"rec-1","limit":7,"sources":["src-1"],"base":"set-1","only":["tc-a"]}`, string(j.Input), "a rejected one is not made anew")
	l.do("POST", "/api/test-cases/set-1/regenerate", `{"cases":["tc-b"],"priority":"high"}`).is(202).into(&accepted)
	require.Contains(t, string(l.do("GET", "/api/jobs/"+accepted.JobID, "").is(200).job().Input), `"only":["tc-b"]`)

	l.set("set-2", "rec-1", cites[1])
	require.Contains(t, l.do("POST", "/api/test-cases/set-1/regenerate", `{}`).is(409).problem("conflict").Detail, "set-2")
	repeat := l.do("POST", "/api/test-cases/set-1/regenerate", `{}`, "Idempotency-Key", "k1").is(202)
	require.Equal(t, again.header.Get("Location"), repeat.header.Get("Location"))
	require.Equal(t, "true", repeat.header.Get("Idempotent-Replay"))
	l.do("GET", "/api/test-cases/set-1", "").is(200).into(&set)
	require.Equal(t, "set-2", set.SupersededBy)

	l.cases("open", false)
	before := l.size()
	for name, c := range map[string]struct {
		set, body, code, at string
		status              int
	}{
		"no such set":       {"nothing", `{}`, "not_found", "", 404},
		"no such case":      {"set-2", `{"cases":["tc-z"]}`, "invalid", "/cases/0", 400},
		"twice":             {"set-2", `{"cases":["tc-a","tc-a"]}`, "invalid", "/cases/1", 400},
		"no list":           {"set-2", `{"cases":"all"}`, "invalid", "/cases", 400},
		"an unknown member": {"set-2", `{"colour":"red"}`, "invalid", "/colour", 400},
		"too early":         {"open", `{}`, "conflict", "", 409},
		"no JSON":           {"set-2", `{`, "invalid", "", 400},
	} {
		p := l.do("POST", "/api/test-cases/"+c.set+"/regenerate", c.body).is(c.status).problem(c.code)
		if c.at != "" {
			require.Equal(t, c.at, p.Errors[0].Path, name)
		}
	}
	l.do("GET", "/api/test-cases/nothing/stale", "").is(404)
	require.Equal(t, before, l.size())
}

// TestACaseIsTracedToItsRuns: passage, step, recorded step, assertion, test, run, evidence.
func TestACaseIsTracedToItsRuns(t *testing.T) {
	t.Parallel()
	l := caseDesk(t)
	source := l.keep(map[string]string{"/cart": cartRules})
	recording := l.record(2)
	l.set("set-1", recording, l.cited(knowledge.DocumentID(source, "/cart"))[0])
	make := func(id, kind, input string) {
		_, _, err := l.repo.Submit(t.Context(), id, "default", worker, job.Submit{Now: time.Now(), Kind: kind, Queue: "suite", Input: []byte(input), Retry: job.RetryPolicy{}.WithDefaults()})
		require.NoError(t, err)
	}
	type traced struct {
		Title    string
		Passages []struct{ Current *bool }
		Steps    []struct {
			StepID   string
			Passages []struct {
				Expected, Current bool
			}
			Recorded []struct {
				StepID, Text string
				Assertions   []struct {
					SuiteID string
					Number  int
					Learned bool
				}
			}
		}
		Tests []struct {
			SuiteID, Spec, ProofID, Test string
			Proven, Proves               bool
			Runs                         []struct {
				Outcome  string
				FailedAt int
				Evidence []struct{ Name, URL, Viewer string }
			}
		}
	}
	const path = "/api/test-cases/set-1/cases/tc-a/trace"
	var got traced
	l.do("GET", path, "").is(200).into(&got)
	require.Empty(t, got.Tests)
	require.True(t, *got.Passages[0].Current)
	require.True(t, got.Steps[0].Passages[0].Expected)
	require.Equal(t, "s1", got.Steps[0].Recorded[0].StepID)
	require.NotEmpty(t, got.Steps[0].Recorded[0].Text)
	require.Empty(t, got.Steps[0].Recorded[0].Assertions)

	make("suite-1", "suite.generate", `{"recordingId":"`+recording+`"}`)
	_, out := l.begin("suite-1")
	l.succeed("suite-1", out, `{"recordingId":"`+recording+`","spec":"tests/a b.spec.ts","learned":1,"proofId":"proof-1","assertions":[{"number":1,"stepId":"s1","text":"a"},{"number":2,"stepId":"s1","learned":true,"text":"b"},{"number":3,"stepId":"s9","text":"c"}]}`)
	make("other-suite", "suite.generate", `{"recordingId":"another","note":"`+recording+`"}`)
	_, out = l.begin("other-suite")
	l.succeed("other-suite", out, `{"recordingId":"another","spec":"x"}`)
	prove := func(id, test string, outcome proof.Outcome, end *proof.End, files ...string) {
		make(id, proof.Kind, `{"recordingId":"`+recording+`"}`)
		l.begin(id)
		_, err := l.repo.ApplyProof(t.Context(), proof.State{ID: id, Owner: "default"}, worker, time.Now(), eventstore.Hold{Stream: job.Stream(id), Token: "lease-" + id},
			proof.Start{Started: proof.Started{Attempt: 1, Name: "Cart", Project: test, Mode: "twin", Runs: 1, Tests: []proof.Test{
				{ID: test, Titles: []string{"buys"}, File: "a.spec.ts", Recording: recording}, {ID: "alien", Titles: []string{"else"}, File: "b.spec.ts", Recording: "another"},
			}}},
			proof.Record{Runs: []proof.Run{
				{Key: "stability/0/" + test, Test: test, Purpose: proof.Stability, Outcome: outcome, End: end, Signature: "1", Evidence: files},
				{Key: "baseline/0/" + test, Test: test, Purpose: proof.Baseline, Outcome: proof.Passed},
			}},
			proof.Finish{Finished: proof.Finished{Outcome: "proven"}})
		require.NoError(t, err)
	}
	prove("proof-1", "t1", proof.Failed, &proof.End{By: proof.ByAssertion, Assertion: 2, Message: "not so"}, "runs/1/trace.zip", "runs/1/film.webm")
	prove("uploaded", "t2", proof.Passed, nil)
	l.do("POST", "/api/test-cases/set-1/cases/tc-a/prove", `{"proofId":"uploaded","test":"t2","by":"Ada"}`).is(200)
	tail, err := l.store.Tail(t.Context())
	require.NoError(t, err)
	l.do("GET", "/api/jobs?minCursor="+tail.String(), "").is(200)
	l.do("GET", path, "").is(200).into(&got)
	require.Len(t, got.Steps[0].Recorded[0].Assertions, 2)
	require.True(t, got.Steps[0].Recorded[0].Assertions[1].Learned)
	require.Len(t, got.Tests, 2, "tests of other recordings are left out")
	first, second := got.Tests[0], got.Tests[1]
	require.Equal(t, "suite-1", first.SuiteID)
	require.Equal(t, "/api/jobs/suite-1/artifacts/tests/a%20b.spec.ts", first.Spec)
	require.Equal(t, "proof-1", first.ProofID)
	require.False(t, first.Proven)
	require.Len(t, first.Runs, 1, "what is run for faults is no run of the test")
	require.Equal(t, 2, first.Runs[0].FailedAt)
	require.Equal(t, "/api/jobs/proof-1/artifacts/runs/1/film.webm", first.Runs[0].Evidence[1].URL)
	require.Equal(t, "/api/suites/proof-1/trace?name=runs%2F1%2Ftrace.zip", first.Runs[0].Evidence[0].Viewer)
	require.Empty(t, second.SuiteID)
	require.True(t, second.Proven)
	require.True(t, second.Proves)

	for path, status := range map[string]int{
		"/api/test-cases/nothing/cases/tc-a/trace": 404, "/api/test-cases/set-1/cases/none/trace": 404, path + "?colour=red": 400,
	} {
		l.do("GET", path, "").is(status)
	}
}
