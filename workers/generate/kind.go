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
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/domain/proof"
	"tapedeck/domain/recording"
	"tapedeck/domain/suite"
	"tapedeck/eventstore/jobs"
	"tapedeck/workers"
	"tapedeck/workers/generate/golang"
	"tapedeck/workers/generate/typescript"
)

// Name is the job kind.
const Name = suite.Kind

// Artefacts with whole projects: ProjectFile is what was asked for, TypeScriptFile the project that is run and proven when that
// was another language.
const (
	ProjectFile    = "project.zip"
	TypeScriptFile = "project-typescript.zip"
)

// Targets of what is written.
const (
	TargetTypeScript = "typescript"
	TargetGo         = "go"
)

// Codes of errors that trying again does not change.
const (
	CodeRecording = "bad_recording"
	CodeNothing   = "nothing_to_write"
)

// Config sets a Generator up.
type Config struct {
	// Jobs and Files are needed.
	Jobs  *jobs.Repository
	Files *artifacts.Store
	// Rehearse runs what is being written. Needed for jobs that are to learn.
	Rehearse Rehearse
	// Now is the wall clock. Defaults to time.Now.
	Now func() time.Time
}

// Input is what may be asked for.
type Input struct {
	Recording string   `json:"recordingId" title:"Recording" required:"true" minlen:"1" maxlen:"128"`
	Cases     string   `json:"casesId" title:"Test cases" doc:"The job of test cases of this recording: those that a program can do on its network become tests too." maxlen:"64"`
	Proves    []string `json:"proves" title:"Proves" doc:"Ids of test cases that the recording itself is: its test says so." maxlen:"100"`
	Target    string   `json:"target" title:"Language" doc:"What the tests are written in: typescript for Playwright Test, go for playwright-go. What they are worth is found out in TypeScript in any case." enum:"typescript,go"`
	Learn     bool     `json:"learn" title:"Learn assertions" doc:"Run the flow on the recording's twin, and add assertions of what its steps change that notice when it is broken."`
	Login     bool     `json:"login" title:"Login" doc:"The tests take a login from the file that STORAGE_STATE names. They do anyway where the recording began with a login profile."`
	Verify    bool     `json:"verify" title:"Verify" doc:"Hand the tests to suite.verify, in a job of its own."`
	Runs      int      `json:"runs" title:"Runs" doc:"How often each test runs there." min:"1" max:"100"`
	Mutants   int      `json:"mutants" title:"Mutants" doc:"How many faults they are tried with there; 0 is none." min:"0" max:"10000"`
	Budget    int      `json:"budgetSeconds" title:"Budget (s)" doc:"How long faults may take; the rest goes on in a job of its own." min:"1" max:"86400"`
}

// Result is the job's.
type Result struct {
	RecordingID string `json:"recordingId"`
	// Target is what was asked for: "typescript" or "go".
	Target string `json:"target"`
	// Spec is the path of the test in the project.
	Spec string `json:"spec"`
	// CasesSpec is that of the tests of test cases, Cases how many there are.
	CasesSpec string `json:"casesSpec,omitempty"`
	Cases     int    `json:"cases,omitzero"`
	// Learned counts the assertions that were added to those of the recording.
	Learned int `json:"learned"`
	// Assertions are those of the test, in its order; of more than MaxTold the first are told.
	Assertions []Assertion `json:"assertions,omitempty"`
	// Notes say which steps could not be written, and why.
	Notes []string `json:"notes,omitempty"`
	// ProofID is the job that verifies the tests; "" when that was not asked for.
	ProofID string `json:"proofId,omitempty"`
}

// Kind is suite.generate.
func Kind(cfg Config) workers.Kind {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return workers.Define(workers.Spec{
		Name:        Name,
		Title:       "Generate tests",
		Description: "Writes a recording as a Playwright Test project in TypeScript, or as a module for playwright-go, and has it verified.",
		Queue:       "suite",
		Concurrency: 2,
	}, Input{Target: TargetTypeScript, Learn: true, Verify: true, Runs: 5, Mutants: 200, Budget: 120}, cfg.run)
}

func (c Config) run(ctx context.Context, j *workers.Job, in Input) (any, error) {
	state, err := c.Jobs.LoadRecording(ctx, in.Recording)
	if errors.Is(err, recording.ErrNotFound) {
		return nil, workers.Permanent(CodeRecording, fmt.Errorf("there is no recording %s", in.Recording))
	}
	if err != nil {
		return nil, err
	}
	doc := state.Document()
	o := typescript.Options{Open: func(name string) (io.ReadCloser, error) {
		return c.Files.Read(ctx, artifacts.Key{JobID: in.Recording, Attempt: max(state.Attempt, 1), Name: name}, 0, -1)
	}}
	if o.Login = in.Login; !o.Login {
		if o.Login, err = c.signedIn(ctx, in.Recording); err != nil {
			return nil, err
		}
	}
	var notes []string
	if in.Learn && slices.ContainsFunc(doc.Steps, func(s recording.Step) bool { return !s.Disabled }) {
		if doc, notes, err = c.learn(ctx, j, doc, o); err != nil {
			return nil, err
		}
	}
	if in.Cases != "" {
		var more []string
		if o.Cases, o.Proves, more, err = c.cases(ctx, j, in.Cases, doc); err != nil {
			return nil, err
		}
		notes = append(notes, more...)
	}
	o.Proves = append(o.Proves, in.Proves...)
	p, err := typescript.Write(doc, o)
	if err != nil {
		return nil, workers.Permanent(CodeRecording, err)
	}
	p.Notes = append(p.Notes, notes...)
	if p.Statements == 0 {
		return nil, workers.Permanent(CodeNothing, fmt.Errorf("recording %s has no step that can be written: record what is to be tested first", in.Recording))
	}
	if len(p.Asked) == 0 {
		p.Notes = append(p.Notes, "the test asserts nothing: it shows only that its steps can be done. Let assertions be learnt, or add some to the recording")
	}
	proven, err := pack(p.Files)
	if err != nil {
		return nil, err
	}
	out := written{Project: p, archive: proven}
	if in.Target == TargetGo {
		if out, err = inGo(doc, o, p); err != nil {
			return nil, err
		}
		if _, err := j.Store(ctx, TypeScriptFile, "application/zip", bytes.NewReader(proven)); err != nil {
			return nil, err
		}
	}
	for _, n := range out.Notes {
		j.Logf(slog.LevelWarn, "%s", n)
	}
	if err := out.store(ctx, j); err != nil {
		return nil, err
	}
	r := Result{
		RecordingID: in.Recording, Target: cmp.Or(in.Target, TargetTypeScript), Spec: out.Spec, CasesSpec: out.Cases, Cases: len(out.Written),
		Learned: claims(doc), Assertions: assertions(doc, p.Asked), Notes: out.Notes,
	}
	reviewed := in.Target != TargetGo // what people would edit there is not what is proven
	if reviewed {
		if err := c.propose(ctx, j, in, state, p.Spec, p.Files[p.Spec]); err != nil {
			return nil, err
		}
	}
	if in.Verify {
		if r.ProofID, err = c.verify(ctx, j, in, doc, proven); err != nil {
			return nil, err
		}
		if reviewed {
			err = c.proofBegan(ctx, j, r.ProofID)
		}
	}
	return r, err
}

// written is a project in the language that was asked for.
type written struct {
	typescript.Project
	archive []byte
}

// store keeps the project, and its tests beside it.
func (w written) store(ctx context.Context, j *workers.Job) error {
	if _, err := j.Store(ctx, ProjectFile, "application/zip", bytes.NewReader(w.archive)); err != nil {
		return err
	}
	for _, spec := range append([]string{w.Spec, w.Cases}, w.Pages...) {
		if spec == "" {
			continue
		}
		if _, err := j.Store(ctx, spec, "text/plain; charset=utf-8", bytes.NewReader(w.Files[spec])); err != nil {
			return err
		}
	}
	return nil
}

// inGo writes in Go what p is in TypeScript.
func inGo(doc recording.Document, o typescript.Options, p typescript.Project) (written, error) {
	g, err := golang.Write(doc, golang.Options{Open: o.Open, MaxFile: o.MaxFile, Cases: o.Cases, Proves: o.Proves})
	if err != nil {
		return written{}, workers.Permanent(CodeRecording, err)
	}
	if g.Statements == 0 {
		return written{}, workers.Permanent(CodeNothing, fmt.Errorf("recording %s has no step that can be written in Go: ask for TypeScript", doc.ID))
	}
	out := written{Project: typescript.Project{Files: g.Files, Spec: g.Spec, Cases: g.Cases, Written: g.Written, Notes: p.Notes}}
	for _, n := range g.Notes {
		if !slices.Contains(out.Notes, n) {
			out.Notes = append(out.Notes, "in Go, "+n)
		}
	}
	out.archive, err = pack(g.Files)
	return out, err
}

// pack makes an archive of files, the same one of the same files.
func pack(files map[string][]byte) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(name)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(files[name]); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return out.Bytes(), err
}

// proofSpace makes ids of the jobs that verify what was written: the same at each attempt.
var proofSpace = uuid.MustParse("0a5f7a5e-3a3f-4c55-8d0c-6f3c5a8f4b21")

// maxProject bounds the archive, as it is for those that are uploaded.
const maxProject = 100 << 20

// TestSeconds is how long a recording's test may take in a proof: longer than a minute where it has many steps.
func TestSeconds(doc recording.Document) int { return min(60+len(doc.Steps)/4, 600) }

// verify submits the job that verifies a project.
func (c Config) verify(ctx context.Context, j *workers.Job, in Input, doc recording.Document, archive []byte) (string, error) {
	u, err := c.Files.PutUpload(ctx, bytes.NewReader(archive), maxProject)
	if err != nil {
		return "", err
	}
	input, err := json.Marshal(map[string]any{
		"upload": u.ID, "sha256": u.SHA256.String(), "name": doc.Name, "recordingId": in.Recording, "testSeconds": TestSeconds(doc), "casesId": in.Cases, "runs": in.Runs, "mutants": in.Mutants, "budgetSeconds": in.Budget,
	}, json.Deterministic(true))
	if err != nil {
		return "", err
	}
	id := uuid.NewSHA1(proofSpace, []byte(j.ID())).String()
	_, _, err = c.Jobs.Submit(ctx, id, j.Project(), j.Caller(), job.Submit{
		Now: c.Now(), Kind: proof.Kind, Queue: "suite", Input: input, Labels: j.Labels(), Retry: job.RetryPolicy{}.WithDefaults(), ParentID: j.ID(),
		Fingerprint: id, CommandID: id,
	})
	return id, err
}
