package handlers_test

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/domain/proof"
	"tapedeck/domain/suite"
	"tapedeck/domain/testcase"
	"tapedeck/eventstore"
	"tapedeck/handlers"
)

const (
	generatedTest = "import { test } from \"@playwright/test\";\ntest(\"notes\", async () => {});\n"
	suitePath     = "/api/suites/suite-1"
)

// suiteDesk is a server on which suites can be reviewed and verified.
func suiteDesk(t *testing.T) *bundle {
	t.Helper()
	b := setup(t, func(c *handlers.Config) {
		c.Uploads, c.BodyLimit = c.Artifacts.(*artifacts.Store), 4<<20
		c.Kinds = append(c.Kinds, handlers.Kind{Name: proof.Kind, Queue: "suite", Check: func(input jsontext.Value) error {
			var in struct {
				Upload, SHA256, Name, RecordingID string
				Runs, Mutants, BudgetSeconds      int
			}
			return json.Unmarshal(input, &in, json.RejectUnknownMembers(true), json.MatchCaseInsensitiveNames(true))
		}})
	})
	return b
}

// suite keeps a generated suite, as a worker would; one that is not whole is still being written.
func (b *bundle) suite(id string, whole bool) {
	b.t.Helper()
	ctx, now := b.t.Context(), time.Now()
	_, _, err := b.repo.Submit(ctx, id, "shop", worker, job.Submit{Now: now, Kind: suite.Kind, Queue: "suite", Input: jsontext.Value(`{"recordingId":"rec-1"}`), Labels: map[string]string{"team": "a"}, Retry: job.RetryPolicy{}.WithDefaults()})
	require.NoError(b.t, err)
	_, _, err = b.repo.Execute(ctx, id, worker, job.Start{Now: now, Attempt: 1, Worker: "w", Lease: "lease-" + id, LeaseMS: 60_000})
	require.NoError(b.t, err)
	var raw bytes.Buffer
	z := zip.NewWriter(&raw)
	for name, text := range map[string]string{"package.json": "{}", "tests/notes.spec.ts": generatedTest} {
		w, err := z.Create(name)
		require.NoError(b.t, err)
		_, err = w.Write([]byte(text))
		require.NoError(b.t, err)
	}
	require.NoError(b.t, z.Close())
	_, err = b.artifacts.Put(ctx, artifacts.Key{JobID: id, Attempt: 1, Name: "project.zip"}, "application/zip", &raw, 1<<20)
	require.NoError(b.t, err)
	_, err = b.artifacts.PutText(ctx, []byte(generatedTest))
	require.NoError(b.t, err)
	_, err = b.repo.ApplySuite(ctx, suite.State{ID: id, Owner: "shop"}, worker, now, nil, suite.Propose{Proposed: suite.Proposed{
		About:  suite.About{Attempt: 1, RecordingID: "rec-1", RecordingVersion: 3, Name: "Notes", Spec: "tests/notes.spec.ts", Runs: 2, Mutants: 7, BudgetSeconds: 30},
		Digest: suite.DigestOf(generatedTest),
	}})
	require.NoError(b.t, err)
	if whole {
		_, _, err = b.repo.Execute(ctx, id, worker, job.Succeed{Now: time.Now(), Lease: "lease-" + id, Result: jsontext.Value(`{}`)})
		require.NoError(b.t, err)
	}
}

type reviewAnswer struct {
	suite.State
	Proofs []struct {
		suite.Proof
		Status        string
		Tests, Proven int
	} `json:"proofs"`
}

// edit is the body of an edit.
func edit(t *testing.T, text string, more map[string]any) string {
	t.Helper()
	body := map[string]any{"text": text, "by": "Ada", "reason": "it reads better"}
	for name, value := range more {
		body[name] = value
	}
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	return string(raw)
}

func TestAnEditOfASuiteIsProvenAgain(t *testing.T) {
	t.Parallel()
	b := suiteDesk(t)
	b.do("GET", suitePath+"/review", "").is(404).problem("not_found")
	b.suite("suite-1", true)
	var got reviewAnswer
	a := b.do("GET", suitePath+"/review", "").is(200)
	a.into(&got)
	require.Equal(t, `"1"`, a.header.Get("ETag"))
	require.Equal(t, testcase.IsProposed, got.Standing)
	require.Empty(t, got.Proofs)
	require.Equal(t, generatedTest, string(b.do("GET", suitePath+"/text", "").is(200).body))

	mine := generatedTest + "// mine\n"
	b.do("PUT", suitePath+"/text", edit(t, mine, nil), "If-Match", `"7"`).is(412).problem("conflict")
	b.do("PUT", suitePath+"/text", edit(t, mine, nil), "If-Match", `"1"`).is(200).into(&got)
	require.Equal(t, testcase.IsEdited, got.Standing)
	require.Equal(t, "Ada", got.Texts[1].By)
	require.Len(t, got.Proofs, 1)
	require.Equal(t, []any{2, "queued", "it reads better"}, []any{got.Proofs[0].Text, got.Proofs[0].Status, got.Proofs[0].Reason})
	require.Equal(t, mine, string(b.do("GET", suitePath+"/text", "").is(200).body))
	require.Equal(t, generatedTest, string(b.do("GET", suitePath+"/text?number=1", "").is(200).body), "no text is lost")

	j, err := b.repo.Load(t.Context(), got.Proofs[0].ProofID)
	require.NoError(t, err)
	require.Equal(t, []any{proof.Kind, "shop", "suite-1"}, []any{j.Kind, j.Project, j.ParentID})
	require.Equal(t, map[string]string{"team": "a"}, j.Labels)
	var in struct {
		Upload, SHA256, Name, RecordingID string
		Runs, Mutants, BudgetSeconds      int
	}
	require.NoError(t, json.Unmarshal(j.Input, &in, json.MatchCaseInsensitiveNames(true)))
	require.Equal(t, []any{"Notes", "rec-1", 2, 7, 30}, []any{in.Name, in.RecordingID, in.Runs, in.Mutants, in.BudgetSeconds}, "as the suite's own proof")
	r, err := b.artifacts.OpenUpload(t.Context(), in.Upload)
	require.NoError(t, err)
	archive, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.Equal(t, map[string]string{"package.json": "{}", "tests/notes.spec.ts": mine}, unzip(t, archive))

	before := b.size()
	b.do("PUT", suitePath+"/text", edit(t, mine, nil)).is(200)
	require.Equal(t, before, b.size(), "the same text again")
	diff := string(b.do("GET", suitePath+"/diff", "").is(200).body)
	require.Contains(t, diff, "+// mine\n")
	require.Contains(t, diff, "--- tests/notes.spec.ts (1)\n+++ tests/notes.spec.ts (2)\n")
	require.Empty(t, b.do("GET", suitePath+"/diff?from=2&to=2", "").is(200).body)

	// The proof says itself how it ended.
	id := got.Proofs[0].ProofID
	_, _, err = b.repo.Execute(t.Context(), id, worker, job.Start{Now: time.Now(), Attempt: 1, Worker: "w", Lease: "l", LeaseMS: 60_000})
	require.NoError(t, err)
	_, err = b.repo.ApplyProof(t.Context(), proof.State{ID: id, Owner: "shop"}, worker, time.Now(), eventstore.Hold{Stream: job.Stream(id), Token: "l"},
		proof.Start{Started: proof.Started{Attempt: 1, Mode: "twin", Runs: 1, Tests: []proof.Test{{ID: "t1", Titles: []string{"notes"}, File: "tests/notes.spec.ts"}}}},
		proof.Record{Runs: []proof.Run{{Key: "k", Test: "t1", Purpose: proof.Stability, Outcome: proof.Passed}}},
		proof.Finish{Finished: proof.Finished{Outcome: "proven"}})
	require.NoError(t, err)
	b.do("GET", suitePath+"/review", "").is(200).into(&got)
	require.Equal(t, []any{"proven", 1, 1}, []any{got.Proofs[0].Status, got.Proofs[0].Tests, got.Proofs[0].Proven})

	b.do("POST", suitePath+"/prove", `{"by":"Grace","reason":"once more"}`).is(200).into(&got)
	require.Len(t, got.Proofs, 2)
	require.NotEqual(t, id, got.Proofs[1].ProofID)
	b.do("PUT", suitePath+"/text", edit(t, generatedTest, map[string]any{"prove": false})).is(200).into(&got)
	require.Len(t, got.Proofs, 2)
	require.Len(t, got.Texts, 3)
}

func unzip(t *testing.T, archive []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	require.NoError(t, err)
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		out[f.Name] = string(text)
	}
	return out
}

func TestASuiteIsAcceptedRejectedAndExported(t *testing.T) {
	t.Parallel()
	b := suiteDesk(t)
	b.suite("suite-1", true)
	var got reviewAnswer
	b.do("POST", suitePath+"/accept", `{"by":"Grace"}`, "If-Match", `"1"`).is(200).into(&got)
	require.Equal(t, testcase.IsAccepted, got.Standing)
	b.do("PUT", suitePath+"/text", edit(t, "// mine\n", map[string]any{"prove": false})).is(200)
	before := b.size()
	a := b.do("GET", suitePath+"/project.zip", "").is(200)
	require.Contains(t, a.header.Get("Content-Disposition"), "notes.zip")
	require.Equal(t, "// mine\n", unzip(t, a.body)["tests/notes.spec.ts"])
	require.Equal(t, before, b.size(), "a look leaves no trace")
	a = b.do("POST", suitePath+"/project.zip", `{"by":"Grace","reason":"for the customer"}`).is(200)
	require.Equal(t, "// mine\n", unzip(t, a.body)["tests/notes.spec.ts"])

	b.do("POST", suitePath+"/reject", `{"by":"Ada","reason":"a duplicate"}`).is(200).into(&got)
	require.Equal(t, testcase.IsRejected, got.Standing)
	last := got.History[len(got.History)-2]
	require.Equal(t, []any{"exported", "zip", 2, "Grace", "for the customer"}, []any{last.What, last.Format, last.Text, last.By, last.Reason})
	for _, method := range []string{"GET", "POST"} {
		body := ""
		if method == "POST" {
			body = `{"by":"Grace"}`
		}
		require.Contains(t, b.do(method, suitePath+"/project.zip", body).is(409).problem("conflict").Detail, "rejected by Ada: a duplicate")
	}

	check := schemas(t)
	events, err := b.store.ReadStream(t.Context(), suite.Stream("suite-1"), 1, 100)
	require.NoError(t, err)
	require.Len(t, events, 5)
	for _, e := range events {
		check(t, e.Stored)
	}
	require.Equal(t, "Ada", events[4].Actor, "who it was stands in the envelope")
	require.Equal(t, "shop", events[4].Project)
}

func TestBadSuiteReviewsChangeNothing(t *testing.T) {
	t.Parallel()
	b := suiteDesk(t)
	b.suite("suite-1", true)
	b.suite("suite-2", false)
	before := b.size()
	for name, c := range map[string]struct {
		method, path, body, code, at string
		status                       int
	}{
		"nobody":                     {"POST", "suite-1/accept", `{}`, "invalid", "/by", 400},
		"no reason":                  {"POST", "suite-1/reject", `{"by":"Ada"}`, "invalid", "/reason", 400},
		"no such suite":              {"POST", "suite-9/accept", `{"by":"Ada"}`, "not_found", "", 404},
		"no suite's text":            {"GET", "suite-9/text", ``, "not_found", "", 404},
		"no suite's project":         {"GET", "suite-9/project.zip", ``, "not_found", "", 404},
		"an edit of no suite":        {"PUT", "suite-9/text", edit(t, "x", nil), "not_found", "", 404},
		"an edit too early":          {"PUT", "suite-2/text", edit(t, "x", nil), "conflict", "", 409},
		"an export too early":        {"POST", "suite-2/project.zip", `{"by":"Ada"}`, "conflict", "", 409},
		"a proof too early":          {"POST", "suite-2/prove", `{"by":"Ada"}`, "conflict", "", 409},
		"a proof by nobody":          {"POST", "suite-1/prove", `{}`, "invalid", "/by", 400},
		"an export by nobody":        {"POST", "suite-1/project.zip", `{}`, "invalid", "/by", 400},
		"an edit by nobody":          {"PUT", "suite-1/text", `{"text":"x"}`, "invalid", "/by", 400},
		"an empty text":              {"PUT", "suite-1/text", edit(t, " ", nil), "invalid", "/text", 400},
		"no text":                    {"PUT", "suite-1/text", `{"by":"Ada"}`, "invalid", "/text", 400},
		"bytes":                      {"PUT", "suite-1/text", edit(t, "a\x00b", nil), "invalid", "/text", 400},
		"what is not UTF-8":          {"PUT", "suite-1/text", "{\"text\":\"\xff\",\"by\":\"Ada\"}", "invalid", "/text", 400},
		"a text that is too large":   {"PUT", "suite-1/text", edit(t, strings.Repeat("x", suite.MaxText+1), nil), "invalid", "/text", 400},
		"a body that is too large":   {"PUT", "suite-1/text", edit(t, strings.Repeat("x", 4<<20), nil), "too_large", "", 413},
		"an unknown member":          {"PUT", "suite-1/text", edit(t, "x", map[string]any{"standing": "accepted"}), "invalid", "/standing", 400},
		"a number that is not there": {"GET", "suite-1/text?number=9", ``, "not_found", "", 404},
		"a number that is none":      {"GET", "suite-1/text?number=one", ``, "invalid", "query/number", 400},
		"a diff to nowhere":          {"GET", "suite-1/diff?to=4", ``, "not_found", "", 404},
		"an unknown parameter":       {"GET", "suite-1/review?all=true", ``, "invalid", "query/all", 400},
	} {
		p := b.do(c.method, "/api/suites/"+c.path, c.body).is(c.status).problem(c.code)
		if c.at != "" {
			require.Equal(t, c.at, p.Errors[0].Path, name)
		}
	}
	require.Equal(t, before, b.size())
}

// An edit is kept also when nobody takes it to be proven: the answer says so, and the same again hands it over.
func TestAnEditIsKeptWhenItCannotBeProven(t *testing.T) {
	t.Parallel()
	b := suiteDesk(t)
	b.suite("suite-1", true)
	b.do("POST", "/api/queues/suite/drain", `{}`).is(http.StatusAccepted)
	p := b.do("PUT", suitePath+"/text", edit(t, "// mine\n", nil)).is(http.StatusConflict)
	require.Contains(t, string(p.body), "the text was kept as number 2")
	b.do("POST", "/api/queues/suite/resume", `{}`).is(http.StatusAccepted)
	var got reviewAnswer
	b.do("PUT", suitePath+"/text", edit(t, "// mine\n", nil)).is(200).into(&got)
	require.Len(t, got.Texts, 2)
	require.Len(t, got.Proofs, 1)
	require.Len(t, got.History, 3)
}
