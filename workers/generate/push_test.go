package generate_test

import (
	"context"
	"log/slog"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/domain/proof"
	"tapedeck/domain/recording"
	"tapedeck/domain/suite"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/eventstore/memory"
	"tapedeck/workers"
	"tapedeck/workers/generate"
)

// bundle is a worker that writes suites and pushes them to a repository on this machine.
type bundle struct {
	*testing.T
	store  *memory.Store
	repo   *jobs.Repository
	files  *artifacts.Store
	remote string
}

var tester = jobs.Caller{Source: "test", Actor: "tester"}

func setup(t *testing.T) *bundle {
	t.Helper()
	dir := t.TempDir()
	b := &bundle{T: t, store: memory.New(nil), remote: filepath.Join(dir, "shop.git")}
	b.git(dir, "init", "--quiet", "--bare", "--initial-branch=main", b.remote)
	b.git(dir, "clone", "--quiet", b.remote, "copy")
	b.git(filepath.Join(dir, "copy"), "commit", "--quiet", "--allow-empty", "-m", "Begin")
	b.git(filepath.Join(dir, "copy"), "push", "--quiet", "origin", "HEAD:main")
	var err error
	b.files, err = artifacts.Open(t.Context(), t.TempDir())
	require.NoError(t, err)
	b.repo = jobs.New(b.store, jobs.Config{})
	cfg := generate.Config{Jobs: b.repo, Files: b.files}
	kinds, err := workers.NewRegistry(generate.Kind(cfg), generate.PushKind(cfg, []string{dir}))
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

func (b *bundle) git(dir string, args ...string) string {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), "git", append([]string{"-c", "user.name=Ada", "-c", "user.email=ada@example.org"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(b, err, "git %v: %s", args, out)
	return strings.TrimSpace(string(out))
}

// record keeps a recording of one step.
func (b *bundle) record() string {
	b.Helper()
	id := uuid.Must(uuid.NewV7()).String()
	_, err := b.repo.ApplyRecording(b.Context(), recording.State{ID: id, Project: "default"}, tester, time.Now(), nil,
		recording.Start{Started: recording.Started{Attempt: 1, Name: "Take a note", Mode: "script", URL: "http://notes.test/"}},
		recording.Record{Step: recording.Step{ID: "s1", Type: recording.Navigate, URL: "http://notes.test/"}},
		recording.Finish{Finished: recording.Finished{Outcome: "complete", Attempt: 1}},
	)
	require.NoError(b, err)
	return id
}

// run submits a job and waits until it has ended.
func (b *bundle) run(kind string, input any) job.State {
	b.Helper()
	raw, err := json.Marshal(input)
	require.NoError(b, err)
	id := uuid.Must(uuid.NewV7()).String()
	_, _, err = b.repo.Submit(b.Context(), id, "default", tester, job.Submit{Now: time.Now(), Kind: kind, Queue: "suite", Input: raw, Retry: job.RetryPolicy{MaxAttempts: 1}.WithDefaults()})
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

func (b *bundle) say(id string, c suite.Command) suite.State {
	b.Helper()
	s, err := b.repo.ReviewSuite(b.Context(), id, tester, 0, time.Now(), c)
	require.NoError(b, err)
	return s
}

// prove ends a proof of the suite's current text.
func (b *bundle) prove(id, proofID, outcome string) {
	b.Helper()
	s, err := b.repo.LoadSuite(b.Context(), id)
	require.NoError(b, err)
	b.say(id, suite.BeginProof{ProofBegun: suite.ProofBegun{Text: s.Current().Number, ProofID: proofID, Word: ada}})
	_, _, err = b.repo.Submit(b.Context(), proofID, "default", tester, job.Submit{Now: time.Now(), Kind: proof.Kind, Queue: "elsewhere", Retry: job.RetryPolicy{}.WithDefaults()})
	require.NoError(b, err)
	_, _, err = b.repo.Execute(b.Context(), proofID, tester, job.Start{Now: time.Now(), Attempt: 1, Worker: "w", Lease: "t", LeaseMS: 60_000})
	require.NoError(b, err)
	_, err = b.repo.ApplyProof(b.Context(), proof.State{ID: proofID, Owner: "default"}, tester, time.Now(), eventstore.Hold{Stream: job.Stream(proofID), Token: "t"},
		proof.Start{Started: proof.Started{Attempt: 1, Mode: "twin"}}, proof.Finish{Finished: proof.Finished{Outcome: outcome}})
	require.NoError(b, err)
}

var ada = suite.Word{By: "Ada", Reason: "it reads better"}

func TestWhatIsGeneratedIsProposed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	recordingID := b.record()
	j := b.run(generate.Name, map[string]any{"recordingId": recordingID, "learn": false, "runs": 2, "mutants": 3, "budgetSeconds": 4})
	require.Equal(t, job.StatusSucceeded, j.Status, "%+v", j.Error)
	var r generate.Result
	require.NoError(t, json.Unmarshal(j.Result, &r))
	s, err := b.repo.LoadSuite(t.Context(), j.ID)
	require.NoError(t, err)
	require.Equal(t, suite.About{Attempt: 1, RecordingID: recordingID, RecordingVersion: 3, Name: "Take a note", Spec: r.Spec, Runs: 2, Mutants: 3, BudgetSeconds: 4, TestSeconds: 60}, s.About)
	require.Equal(t, r.ProofID, s.Proofs[0].ProofID)
	require.Equal(t, "default", s.Owner)
	file, err := b.files.Read(t.Context(), artifacts.Key{JobID: j.ID, Attempt: 1, Name: r.Spec}, 0, -1)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	require.EqualValues(t, file.Size, s.Current().Size)
}

// pushed submits the job that pushes a suite, and answers its code when it fails.
func (b *bundle) pushed(id string, more map[string]any) (generate.PushResult, string) {
	b.Helper()
	input := map[string]any{"suiteId": id, "url": b.remote}
	for name, value := range more {
		input[name] = value
	}
	j := b.run(generate.PushName, input)
	if j.Error != nil {
		return generate.PushResult{}, j.Error.Code + ": " + j.Error.Message
	}
	var r generate.PushResult
	require.NoError(b, json.Unmarshal(j.Result, &r))
	return r, ""
}

func TestTheTextThatPeopleHaveMadeOfItIsPushed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.run(generate.Name, map[string]any{"recordingId": b.record(), "learn": false, "verify": false}).ID
	_, refused := b.pushed(id, nil)
	require.Contains(t, refused, "nobody has verified")

	b.prove(id, "p1", "proven")
	first, refused := b.pushed(id, map[string]any{"by": "Grace", "reason": "for the team"})
	require.Empty(t, refused)
	require.Equal(t, 1, first.Text)

	const text = "// mine\nimport { test } from \"@playwright/test\";\n"
	b.keep(text)
	b.say(id, suite.Edit{Text: text, Word: ada})
	_, refused = b.pushed(id, nil)
	require.Contains(t, refused, "nobody has verified", "the proof was of another text")
	b.prove(id, "p2", "failed")
	_, refused = b.pushed(id, nil)
	require.Contains(t, refused, "proof p2 is failed")
	b.prove(id, "p3", "proven")
	second, refused := b.pushed(id, nil)
	require.Empty(t, refused)
	require.Equal(t, 2, second.Text)
	require.Equal(t, strings.TrimSpace(text), b.git(b.remote, "show", second.Branch+":"+second.Spec))
	require.Contains(t, b.git(b.remote, "ls-tree", "--name-only", second.Branch), "playwright.config.ts", "the rest of the project")

	s, err := b.repo.LoadSuite(t.Context(), id)
	require.NoError(t, err)
	var exports []suite.Entry
	for _, e := range s.History {
		if e.What == "exported" {
			exports = append(exports, e)
		}
	}
	require.Len(t, exports, 2)
	require.Equal(t, suite.Word{By: "Grace", Reason: "for the team"}, exports[0].Word)
	require.Equal(t, []any{2, suite.FormatGit, b.remote, second.Branch, second.Commit}, []any{exports[1].Text, exports[1].Format, exports[1].Repository, exports[1].Branch, exports[1].Commit})

	b.say(id, suite.Reject{Word: ada})
	_, refused = b.pushed(id, nil)
	require.Equal(t, "suite_rejected: the suite was rejected by Ada: it reads better; edit or accept it before it is handed out", refused)
}

// keep stores a text as the API does before it is edited in.
func (b *bundle) keep(text string) {
	b.Helper()
	_, err := b.files.PutText(b.Context(), []byte(text))
	require.NoError(b, err)
}
