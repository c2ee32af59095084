package generate_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	"tapedeck/eventstore/jobs"
	"tapedeck/eventstore/memory"
	"tapedeck/workers"
	"tapedeck/workers/generate"
	"tapedeck/workers/generate/repository"
)

// scribe is a log with a recording, r1, and a worker that writes tests and pushes them.
type scribe struct {
	*testing.T
	repo  *jobs.Repository
	files *artifacts.Store
	kinds *workers.Registry
	store *memory.Store
	// remotes is where repositories may be.
	remotes string
	// proved are the uploads that the verifier was handed.
	proved chan string
}

// sentInput is what the verifier reads of its input.
type sentInput struct {
	Upload    string `json:"upload"`
	SHA256    string `json:"sha256"`
	Name      string `json:"name"`
	Recording string `json:"recordingId"`
	Cases     string `json:"casesId"`
	Runs      int    `json:"runs"`
	Mutants   int    `json:"mutants"`
	Budget    int    `json:"budgetSeconds"`
	Test      int    `json:"testSeconds"`
}

func scribes(t *testing.T) *scribe {
	t.Helper()
	store := memory.New(nil)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	b := &scribe{T: t, repo: jobs.New(store, jobs.Config{}), store: store, remotes: t.TempDir(), proved: make(chan string, 1)}
	var err error
	b.files, err = artifacts.Open(t.Context(), t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.files.Close()) })
	b.kinds, err = workers.NewRegistry(
		generate.Kind(generate.Config{Jobs: b.repo, Files: b.files}),
		generate.PushKind(generate.Config{Jobs: b.repo, Files: b.files}, repository.Allowed{b.remotes}),
		workers.Define(workers.Spec{Name: proof.Kind, Title: "Verify", Queue: "suite"}, sentInput{}, func(_ context.Context, _ *workers.Job, in sentInput) (any, error) {
			b.proved <- in.Upload
			return nil, nil
		}),
	)
	require.NoError(t, err)
	_, err = b.repo.ApplyRecording(t.Context(), recording.State{ID: "r1", Project: "default"}, tester, time.Now(), nil,
		recording.Start{Started: recording.Started{Attempt: 1, Name: "Buy a tape", Mode: "script", URL: "http://shop.test/"}},
		recording.Record{Step: recording.Step{ID: "s1", Type: recording.Navigate, URL: "http://shop.test/"}},
		recording.Record{Step: recording.Step{ID: "s2", Type: recording.Assert, Assertion: &recording.Assertion{Claim: recording.HasTitle, Expected: "(?=T)apes", Match: "regex"}}},
	)
	require.NoError(t, err)
	w, err := workers.New(workers.Config{
		Store: store, Kinds: b.kinds, Artifacts: b.files, Name: "test", Concurrency: 1, Pulse: 10 * time.Millisecond, DueEvery: 10 * time.Millisecond,
		DrainTimeout: time.Millisecond, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	require.NoError(t, w.Start(t.Context()))
	t.Cleanup(func() { w.Stop(context.Background()) })
	return b
}

// run submits a job and waits for its end.
func (b *scribe) run(kind string, input map[string]any) job.State {
	b.Helper()
	raw, err := json.Marshal(input)
	require.NoError(b, err)
	id := uuid.Must(uuid.NewV7()).String()
	_, _, err = b.repo.Submit(b.Context(), id, "default", tester, job.Submit{Now: time.Now(), Kind: kind, Queue: "suite", Input: raw, Retry: job.RetryPolicy{MaxAttempts: 1}})
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
		require.NoError(b, b.store.Wait(ctx, tail.Position), "job is %+v", s)
	}
}

func (b *scribe) generate(input map[string]any) generate.Result {
	b.Helper()
	input["recordingId"], input["learn"] = "r1", false
	s := b.run(generate.Name, input)
	require.Equal(b, job.StatusSucceeded, s.Status, "%+v", s.Error)
	var r generate.Result
	require.NoError(b, json.Unmarshal(s.Result, &r))
	input["job"] = s.ID
	return r
}

// names are the files of an archive.
func names(t *testing.T, archive io.ReadCloser, err error) []string {
	t.Helper()
	require.NoError(t, err)
	defer func() { _ = archive.Close() }()
	data, err := io.ReadAll(archive)
	require.NoError(t, err)
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	var out []string
	for _, f := range z.File {
		out = append(out, f.Name)
	}
	return out
}

var inTypeScript = []string{".gitignore", "README.md", "package.json", "playwright.config.ts", "tests/buy-a-tape.spec.ts", "tsconfig.json"}

// TestGoIsWrittenAndTypeScriptVerified: what was run is kept beside what was asked for.
func TestGoIsWrittenAndTypeScriptVerified(t *testing.T) {
	t.Parallel()
	b := scribes(t)
	artifact := func(id, name string) []string {
		r, err := b.files.Read(t.Context(), artifacts.Key{JobID: id, Attempt: 1, Name: name}, 0, -1)
		return names(t, r, err)
	}
	in := map[string]any{"target": "go"}
	r := b.generate(in)
	require.Equal(t, "go", r.Target)
	require.Equal(t, "tests/buy-a-tape_test.go", r.Spec)
	require.Len(t, r.Notes, 1)
	require.Contains(t, r.Notes[0], "in Go, step s2")
	id := in["job"].(string)
	require.Equal(t, []string{".gitignore", "README.md", "go.mod", "go.sum", "tests/browser_setup_test.go", "tests/buy-a-tape_test.go"}, artifact(id, generate.ProjectFile))
	require.Equal(t, inTypeScript, artifact(id, generate.TypeScriptFile))
	spec, err := b.files.Read(t.Context(), artifacts.Key{JobID: id, Attempt: 1, Name: r.Spec}, 0, -1)
	require.NoError(t, err)
	code, err := io.ReadAll(spec)
	require.NoError(t, errors.Join(err, spec.Close()))
	require.Contains(t, string(code), "func TestBuyATape(t *testing.T) {")
	require.NotEmpty(t, r.ProofID)
	archive, err := b.files.OpenUpload(t.Context(), <-b.proved)
	require.Equal(t, inTypeScript, names(t, archive, err))

	in = map[string]any{"verify": false}
	r = b.generate(in)
	require.Equal(t, "typescript", r.Target)
	require.Equal(t, "tests/buy-a-tape.spec.ts", r.Spec)
	require.Empty(t, r.Notes)
	require.Equal(t, inTypeScript, artifact(in["job"].(string), generate.ProjectFile))
	_, err = b.files.Read(t.Context(), artifacts.Key{JobID: in["job"].(string), Attempt: 1, Name: generate.TypeScriptFile}, 0, -1)
	require.ErrorIs(t, err, artifacts.ErrNotFound)
}

func TestAnUnknownTargetIsRefused(t *testing.T) {
	t.Parallel()
	b := scribes(t)
	kind, ok := b.kinds.Lookup(generate.Name)
	require.True(t, ok)
	var invalid *job.InvalidError
	require.ErrorAs(t, kind.Check([]byte(`{"recordingId":"r1","target":"rust"}`)), &invalid)
	require.Len(t, invalid.Faults, 1)
	require.Equal(t, "input.target", invalid.Faults[0].Path)
	require.Contains(t, invalid.Faults[0].Message, "typescript")
	require.NoError(t, kind.Check([]byte(`{"recordingId":"r1","target":"go"}`)))
	s := b.run(generate.Name, map[string]any{"recordingId": "r1", "target": "rust"})
	require.Equal(t, job.StatusFailed, s.Status)
	require.Contains(t, s.Error.Message, "target")
}

// TestGoIsPushedBesideTypeScript pushes both to one repository, which has tests of its own.
func TestGoIsPushedBesideTypeScript(t *testing.T) {
	t.Parallel()
	b := scribes(t)
	remote, person := filepath.Join(b.remotes, "shop.git"), filepath.Join(t.TempDir(), "copy")
	git := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=Ada", "-c", "user.email=ada@example.org"}, args...)...).CombinedOutput()
		require.NoError(t, err, "git %v: %s", args, out)
		return string(out)
	}
	git("init", "--quiet", "--bare", "--initial-branch=main", remote)
	git("clone", "--quiet", remote, person)
	require.NoError(t, os.WriteFile(filepath.Join(person, "playwright.config.ts"), []byte("export default {\n  testDir: \"e2e\",\n};\n"), 0o600))
	git("-C", person, "add", "-A")
	git("-C", person, "commit", "--quiet", "-m", "Begin")
	git("-C", person, "push", "--quiet", "origin", "HEAD:main")
	tree := map[string][]string{}
	for _, target := range []string{"typescript", "go"} {
		in := map[string]any{"target": target, "verify": false}
		b.generate(in)
		refused := b.run(generate.PushName, map[string]any{"suiteId": in["job"], "url": remote})
		require.Equal(t, job.StatusFailed, refused.Status)
		require.Equal(t, generate.CodeUnproven, refused.Error.Code)
		s := b.run(generate.PushName, map[string]any{"suiteId": in["job"], "url": remote, "unproven": true})
		require.Equal(t, job.StatusSucceeded, s.Status, "%+v", s.Error)
		var r generate.PushResult
		require.NoError(t, json.Unmarshal(s.Result, &r))
		require.Empty(t, r.Kept)
		tree[r.Branch] = strings.Fields(git("-C", remote, "ls-tree", "-r", "--name-only", r.Branch))
		require.True(t, slices.Contains(tree[r.Branch], r.Spec), "%v", tree)
	}
	require.Equal(t, map[string][]string{
		"tapedeck/buy-a-tape":    {"e2e/buy-a-tape.spec.ts", "playwright.config.ts"},
		"tapedeck/buy-a-tape-go": {".gitignore", "README.md", "go.mod", "go.sum", "playwright.config.ts", "tests/browser_setup_test.go", "tests/buy-a-tape_test.go"},
	}, tree)
}
