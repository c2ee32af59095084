package generate

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/domain/proof"
	"tapedeck/workers"
	"tapedeck/workers/generate/repository"
)

// PushName is the job kind that proposes generated tests to a git repository.
const PushName = "suite.push"

// Codes of errors that trying again does not change.
const (
	CodeSuite      = "bad_suite"
	CodeUnproven   = "not_proven"
	CodeRepository = "repository_refused"
	CodeRejected   = "suite_rejected"
)

// PushInput is what may be asked for.
type PushInput struct {
	Suite    string `json:"suiteId" title:"Suite" doc:"The job that wrote the tests." required:"true" minlen:"1" maxlen:"128"`
	URL      string `json:"url" title:"Repository" doc:"https://HOST/PATH of one of the hosts of GIT_HOSTS." required:"true" minlen:"1" maxlen:"2048"`
	Branch   string `json:"branch" title:"Branch" doc:"What the tests are proposed to; the repository's own when empty." maxlen:"200"`
	Folder   string `json:"folder" title:"Folder" doc:"Where in the repository they belong." maxlen:"300"`
	User     string `json:"user" title:"User" doc:"Of the token." maxlen:"100"`
	TokenRef string `json:"tokenRef" title:"Token" doc:"The secret with the token that may push." maxlen:"128"`
	Unproven bool   `json:"unproven" title:"Unproven" doc:"Push tests too that are not proven."`
	By       string `json:"by" title:"By" doc:"Who pushes, for the suite's history." maxlen:"100"`
	Reason   string `json:"reason" title:"Reason" doc:"Why, for the suite's history." maxlen:"1000"`
}

// PushResult is the job's.
type PushResult struct {
	SuiteID string `json:"suiteId"`
	// Text is the number of the text in the suite's review; 0 for a suite without one.
	Text   int    `json:"text,omitzero"`
	Branch string `json:"branch"`
	Commit string `json:"commit"`
	// URL is where people find the branch; "" where that is not known.
	URL  string `json:"url,omitempty"`
	Spec string `json:"spec"`
	// Kept are files of people's that were left as they are, Merged those with their edits and what is new.
	Kept      []string `json:"kept"`
	Merged    []string `json:"merged"`
	Unchanged bool     `json:"unchanged"`
}

// PushKind is suite.push.
func PushKind(cfg Config, places repository.Allowed) workers.Kind {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return workers.Define(workers.Spec{
		Name:        PushName,
		Title:       "Push tests",
		Description: "Proposes generated tests to a git repository, on a branch that keeps people's edits.",
		Queue:       "suite",
		Concurrency: 2,
	}, PushInput{}, func(ctx context.Context, j *workers.Job, in PushInput) (any, error) {
		return cfg.push(ctx, j, in, repository.Config{Allowed: places})
	})
}

func (c Config) push(ctx context.Context, j *workers.Job, in PushInput, places repository.Config) (any, error) {
	suite, err := c.Jobs.Load(ctx, in.Suite)
	if errors.Is(err, job.ErrNotFound) {
		return nil, workers.Permanent(CodeSuite, fmt.Errorf("there is no job %s", in.Suite))
	}
	if err != nil {
		return nil, err
	}
	if suite.Kind != Name || suite.Status != job.StatusSucceeded {
		return nil, workers.Permanent(CodeSuite, fmt.Errorf("job %s is %s %s: a finished job of %s has tests that can be pushed", in.Suite, suite.Status, suite.Kind, Name))
	}
	var written Result
	if err := json.Unmarshal(suite.Result, &written); err != nil {
		return nil, workers.Permanent(CodeSuite, fmt.Errorf("the result of job %s: %w", in.Suite, err))
	}
	review, err := c.reviewed(ctx, suite.ID)
	if err != nil {
		return nil, err
	}
	if err := c.proven(ctx, proofs(review, written.ProofID), in.Unproven); err != nil {
		return nil, err
	}
	files, err := c.written(ctx, suite)
	if err != nil {
		return nil, err
	}
	if review.Exists() {
		if files[review.Spec], err = c.text(ctx, review); err != nil {
			return nil, err
		}
	}
	remote := repository.Remote{URL: in.URL, Branch: in.Branch, Folder: in.Folder, User: in.User}
	if in.TokenRef != "" {
		if remote.Token, err = j.ResolveSecret(ctx, in.TokenRef); err != nil {
			return nil, err
		}
	}
	j.Progress(-1, "pushing")
	got, err := places.Propose(ctx, remote, proposal(written, files))
	if errors.Is(err, repository.ErrRefused) {
		return nil, workers.Permanent(CodeRepository, err)
	}
	if err != nil {
		return nil, err
	}
	for _, kept := range got.Kept {
		j.Logf(slog.LevelWarn, "%s was left as people have it", kept)
	}
	r := PushResult{
		SuiteID: in.Suite, Text: review.Current().Number, Branch: got.Branch, Commit: got.Commit, URL: got.URL, Spec: got.Spec,
		Kept: orNone(got.Kept), Merged: orNone(got.Merged), Unchanged: got.Unchanged,
	}
	return r, c.exported(ctx, j, review, in, r)
}

// proposal is what a suite's files are proposed as. Those in Go have a branch of their own: the same recording may be there in
// TypeScript too.
func proposal(r Result, files map[string][]byte) repository.Proposal {
	name := strings.TrimSuffix(path.Base(r.Spec), ".spec.ts")
	if r.Target == TargetGo {
		name = strings.TrimSuffix(path.Base(r.Spec), "_test.go")
	}
	p := repository.Proposal{Name: name, Title: "Test " + strings.ReplaceAll(name, "-", " "), Files: files, Spec: r.Spec}
	if r.Target == TargetGo {
		p.Name, p.Title, p.Whole = name+"-go", p.Title+" in Go", true
	}
	return p
}

func orNone(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// proven fails for tests of which none of these proofs, the newest first, says that they are.
func (c Config) proven(ctx context.Context, ids []string, unproven bool) error {
	if unproven {
		return nil
	}
	if len(ids) == 0 {
		return workers.Permanent(CodeUnproven, errors.New("nobody has verified the tests: have them verified, or ask for tests that are not proven"))
	}
	var newest proof.Status
	for i, id := range ids {
		s, err := c.Jobs.LoadProof(ctx, id)
		if err != nil && !errors.Is(err, proof.ErrNotFound) {
			return err
		}
		if s.Status == proof.StatusProven {
			return nil
		}
		if i == 0 {
			newest = s.Status
		}
	}
	return workers.Permanent(CodeUnproven, fmt.Errorf("the tests are not proven: proof %s is %s", ids[0], cmp.Or(string(newest), "not begun")))
}

// written are the files of a suite, as it was proven: repairs of the proof are not in it.
func (c Config) written(ctx context.Context, suite job.State) (map[string][]byte, error) {
	r, err := c.Files.Read(ctx, artifacts.Key{JobID: suite.ID, Attempt: max(suite.Attempt, 1), Name: ProjectFile}, 0, -1)
	if errors.Is(err, artifacts.ErrNotFound) {
		return nil, workers.Permanent(CodeSuite, fmt.Errorf("the files of job %s are gone", suite.ID))
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(io.LimitReader(r, maxProject))
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, f := range z.File {
		one, err := f.Open()
		if err != nil {
			return nil, err
		}
		out[f.Name], err = io.ReadAll(io.LimitReader(one, maxProject))
		if err = errors.Join(err, one.Close()); err != nil {
			return nil, err
		}
	}
	return out, nil
}
