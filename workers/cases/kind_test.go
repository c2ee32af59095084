package cases_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/domain/recording"
	"tapedeck/domain/testcase"
	"tapedeck/eventstore/jobs"
	"tapedeck/eventstore/memory"
	"tapedeck/proxy"
	"tapedeck/proxy/har"
	"tapedeck/workers"
	"tapedeck/workers/cases"
	"tapedeck/workers/cases/advise"
)

// bundle is a worker that knows the kind.
type bundle struct {
	*testing.T
	store *memory.Store
	repo  *jobs.Repository
	files *artifacts.Store
}

var tester = jobs.Caller{Source: "test", Actor: "tester"}

func setup(t *testing.T) *bundle {
	t.Helper()
	return setupWith(t, nil)
}

// setupWith is a worker that may ask a model.
func setupWith(t *testing.T, m advise.Model) *bundle {
	t.Helper()
	b := &bundle{T: t, store: memory.New(nil)}
	var err error
	b.files, err = artifacts.Open(t.Context(), t.TempDir())
	require.NoError(t, err)
	b.repo = jobs.New(b.store, jobs.Config{})
	kinds, err := workers.NewRegistry(cases.Kind(cases.Config{Jobs: b.repo, Files: b.files, Model: m}))
	require.NoError(t, err)
	w, err := workers.New(workers.Config{Store: b.store, Kinds: kinds, Artifacts: b.files, Name: "test", Pulse: 10 * time.Millisecond, DueEvery: 10 * time.Millisecond, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	require.NoError(t, w.Start(t.Context()))
	t.Cleanup(func() {
		w.Stop(context.Background())
		require.NoError(t, b.files.Close())
		require.NoError(t, b.store.Close())
	})
	return b
}

const page = `<!doctype html><title>Notes</title><h1>Notes</h1><form id="new"><label for="text">Note text</label>
<input id="text" name="text" required maxlength="30"><button>Add</button></form>`

const spec = "# Notes\n\n## New notes\n\nThe note text is required.\n\nThe note text must not exceed 80 characters.\n\nA new note must appear at the top of the notes after it was added.\n\nNotes must be synchronised with the mobile client every hour.\n"

// record keeps a finished recording of two notes, the first of which the server refuses.
func (b *bundle) record() string {
	b.Helper()
	id := uuid.Must(uuid.NewV7()).String()
	target := func(tag, role, name string) *recording.Target {
		return &recording.Target{
			Candidates: []recording.Candidate{{By: "role", Selector: `internal:role=` + role + `[name="` + name + `"i]`, Matches: 1}},
			Element:    &recording.Facts{Tag: tag, Role: role, Name: name},
		}
	}
	const url = "http://notes.test/"
	sent := func(entry, status int) *recording.Evidence {
		return &recording.Evidence{URL: url, Title: "Notes", Requests: []recording.Request{{Entry: entry, Method: "POST", URL: url + "notes", Status: status}}}
	}
	steps := []recording.Step{
		{ID: "s1", Type: recording.Navigate, URL: url, Evidence: &recording.Evidence{URL: url, Title: "Notes", DOM: "dom/s1.html"}},
		{ID: "s2", Type: recording.Fill, Target: target("input", "textbox", "Note text"), Value: &recording.Value{Text: "Buy tape"}},
		{ID: "s3", Type: recording.Click, Target: target("button", "button", "Add"), Evidence: sent(1, 422)},
		{ID: "s4", Type: recording.Fill, Target: target("input", "textbox", "Note text"), Value: &recording.Value{Text: "Sell tape"}},
		{ID: "s5", Type: recording.Click, Target: target("button", "button", "Add"), Evidence: sent(2, 201)},
		{ID: "s6", Type: recording.Assert, Target: target("p", "status", "Count"), Assertion: &recording.Assertion{Claim: recording.HasText, Expected: "1 note"}},
	}
	commands := []recording.Command{recording.Start{Started: recording.Started{Attempt: 1, Name: "Add a note", Mode: "script", URL: url}}}
	for _, s := range steps {
		commands = append(commands, recording.Record{Step: s})
	}
	commands = append(commands, recording.Finish{Finished: recording.Finished{Outcome: "complete", Attempt: 1}})
	_, err := b.repo.ApplyRecording(b.Context(), recording.State{ID: id, Project: "default"}, tester, time.Now(), nil, commands...)
	require.NoError(b, err)
	b.keep(id, "dom/s1.html", []byte(page))
	entry := func(n int64, method, path string, status int, body string) proxy.Entry {
		return proxy.Entry{
			ID: n, Started: time.Unix(1700000000+n, 0).UTC(), Done: true, Request: proxy.Request{Method: method, URL: url + path, Proto: "HTTP/1.1"},
			Response: &proxy.Response{Status: status, Proto: "HTTP/1.1", Header: []proxy.Header{{Name: "Content-Type", Value: "application/json"}}, Body: proxy.NewBody([]byte(body))},
		}
	}
	var network bytes.Buffer
	require.NoError(b, har.Write(&network, []proxy.Entry{
		entry(1, "GET", "", 200, "{}"), entry(2, "POST", "notes", 422, `{"errors":[{"field":"text","message":"There is a note of this text already"}]}`), entry(3, "POST", "notes", 201, "{}"),
	}, har.Options{}))
	b.keep(id, "network.har", network.Bytes())
	return id
}

func (b *bundle) keep(id, name string, content []byte) {
	b.Helper()
	_, err := b.files.Put(b.Context(), artifacts.Key{JobID: id, Attempt: 1, Name: name}, "", bytes.NewReader(content), 1<<20)
	require.NoError(b, err)
}

// know keeps a source with one document.
func (b *bundle) know(project, text string) string {
	b.Helper()
	s := &knowledge.Source{ID: knowledge.SourceID(project, knowledge.Website, "https://notes.test/"), Project: project}
	facts, err := s.Begin(knowledge.SourceDefined{Kind: knowledge.Website, Key: "https://notes.test/", Name: "Handbook"}, knowledge.RunStarted{JobID: "gone", Attempt: 1})
	require.NoError(b, err)
	digest, err := b.files.PutText(b.Context(), []byte(text))
	require.NoError(b, err)
	id := knowledge.DocumentID(s.ID, "/notes")
	facts = append(facts, knowledge.Gathered{JobID: "gone", Stored: map[string]knowledge.Entry{"/notes": {DocumentID: id}}}, knowledge.RunFinished{JobID: "gone", Outcome: knowledge.Complete})
	require.NoError(b, b.repo.ApplyKnowledge(b.Context(), tester, time.Now(), nil, s, facts, jobs.Change{
		Document: &knowledge.Document{ID: id, Project: project},
		Fact:     knowledge.DocumentStored{Facts: knowledge.Facts{SourceID: s.ID, Key: "/notes", URL: "https://notes.test/notes", Title: "Notes", Kind: "page", Text: knowledge.Text{SHA256: digest, Size: int64(len(text))}}},
	}))
	return s.ID
}

// generate runs a job to its end.
func (b *bundle) generate(input map[string]any) job.State {
	b.Helper()
	return b.run(uuid.Must(uuid.NewV7()).String(), input)
}

func (b *bundle) run(id string, input map[string]any) job.State {
	b.Helper()
	raw, err := json.Marshal(input)
	require.NoError(b, err)
	_, _, err = b.repo.Submit(b.Context(), id, "default", tester, job.Submit{Now: time.Now(), Kind: testcase.Kind, Queue: "suite", Input: jsontext.Value(raw), Retry: job.RetryPolicy{InitialMS: 1, MaxMS: 1}})
	require.NoError(b, err)
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	for {
		tail, err := b.store.Tail(ctx)
		require.NoError(b, err)
		s, err := b.repo.Load(ctx, id)
		require.NoError(b, err)
		if s.Status.Final() {
			return s
		}
		require.NoError(b, b.store.Wait(ctx, tail.Position))
	}
}

func TestCasesAreGenerated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	source := b.know("default", spec)
	done := b.generate(map[string]any{"recordingId": b.record(), "sources": []string{source}})
	require.Equal(t, job.StatusSucceeded, done.Status, "%+v", done.Error)
	s, err := b.repo.LoadTestCases(t.Context(), done.ID)
	require.NoError(t, err)
	require.Equal(t, testcase.Complete, s.Status)
	require.Equal(t, "default", s.Owner)
	require.Equal(t, "Add a note", s.Name)
	require.Equal(t, 1, s.Documents)
	require.Equal(t, 4, s.Requirements)

	byTitle := map[string]testcase.Reviewed{}
	for _, c := range s.Cases {
		require.Equal(t, testcase.IsProposed, c.Standing)
		require.Equal(t, testcase.Manual, c.Proof)
		byTitle[c.Title] = c
	}
	require.Contains(t, byTitle, "Add a note")
	require.Contains(t, byTitle, "Leave “Note text” empty")
	refused := byTitle["The server refuses: There is a note of this text already"]
	require.Equal(t, 1, *refused.Sources[0].Entry)
	require.Len(t, refused.Steps, 3)

	require.Len(t, s.Findings, 1)
	require.Contains(t, s.Findings[0].Message, "at most 80 characters in the documents, and the recording shows at most 30")
	cite := s.Findings[0].Says[0]
	document, err := b.repo.LoadDocument(t.Context(), cite.DocumentID, cite.Version)
	require.NoError(t, err)
	require.Equal(t, document.Text.SHA256.String(), cite.Hash, "a citation leads to what was read")
	require.Contains(t, spec, cite.Quote)
	var passages []string
	for _, p := range knowledge.Split(cite.DocumentID, []byte(spec)) {
		passages = append(passages, p.ID)
	}
	require.Contains(t, passages, cite.PassageID)
	require.Len(t, s.Uncovered, 1)
	require.Contains(t, s.Uncovered[0].Source.Quote, "mobile client")
	var result cases.Result
	require.NoError(t, json.Unmarshal(done.Result, &result))
	require.Equal(t, cases.Result{RecordingID: s.RecordingID, Cases: len(s.Cases), Findings: 1, Uncovered: 1, Requirements: 4}, result)

	again := b.generate(map[string]any{"recordingId": s.RecordingID, "sources": []string{source}})
	other, err := b.repo.LoadTestCases(t.Context(), again.ID)
	require.NoError(t, err)
	require.Equal(t, s.Cases, other.Cases, "the same material gives the same cases")
}

func TestWhatCannotBeGenerated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	elsewhere := b.know("elsewhere", spec)
	id := b.record()
	for name, c := range map[string]struct {
		input      map[string]any
		code, want string
	}{
		"no such recording":           {map[string]any{"recordingId": "nothing"}, cases.CodeRecording, "there is no recording nothing"},
		"no such source":              {map[string]any{"recordingId": id, "sources": []string{"src-none"}}, cases.CodeSource, "there is no source src-none"},
		"a source of another project": {map[string]any{"recordingId": id, "sources": []string{elsewhere}}, cases.CodeSource, "in the project default"},
	} {
		done := b.generate(c.input)
		require.Equal(t, job.StatusFailed, done.Status, name)
		require.Equal(t, c.code, done.Error.Code, name)
		require.Contains(t, done.Error.Message, c.want, name)
		_, err := b.repo.LoadTestCases(t.Context(), done.ID)
		require.ErrorIs(t, err, testcase.ErrNotFound, "nothing was begun")
	}
	alone := b.generate(map[string]any{"recordingId": id})
	require.Equal(t, job.StatusSucceeded, alone.Status)
	require.Contains(t, string(alone.Result), "no source was named")
}

// TestWhatAnEarlierAttemptWroteStays: its worker died after the last event and before it could say so.
func TestWhatAnEarlierAttemptWroteStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := uuid.Must(uuid.NewV7()).String()
	_, err := b.repo.ApplyTestCases(t.Context(), testcase.State{ID: id, Owner: "default"}, tester, time.Now(), nil,
		testcase.Start{Started: testcase.Started{Attempt: 1, RecordingID: "gone", Name: "Notes"}}, testcase.Finish{Finished: testcase.Finished{Requirements: 7}})
	require.NoError(t, err)
	done := b.run(id, map[string]any{"recordingId": "gone"})
	require.Equal(t, job.StatusSucceeded, done.Status, "%+v", done.Error)
	require.JSONEq(t, `{"recordingId":"gone","cases":0,"findings":0,"uncovered":0,"requirements":7}`, string(done.Result))
	s, err := b.repo.LoadTestCases(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, uint64(2), s.Version)
}

func TestManyCasesAreSeveralEvents(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var text strings.Builder
	text.WriteString("# Notes\n\n")
	for i := range 400 {
		text.WriteString("Invoices must be " + strings.Repeat("printed and posted, ", 5) + strings.Repeat("again ", i%20) + string(rune('a'+i/20)) + ".\n\n")
	}
	done := b.generate(map[string]any{"recordingId": b.record(), "sources": []string{b.know("default", text.String())}})
	require.Equal(t, job.StatusSucceeded, done.Status, "%+v", done.Error)
	events, err := b.store.ReadStream(t.Context(), testcase.Stream(done.ID), 1, 1000)
	require.NoError(t, err)
	require.Greater(t, len(events), 3)
	for _, e := range events {
		require.Less(t, len(e.Data), 300<<10)
	}
	s, err := b.repo.LoadTestCases(t.Context(), done.ID)
	require.NoError(t, err)
	require.Len(t, s.Uncovered, 400)
	require.Equal(t, 400, s.UncoveredOf)
}
