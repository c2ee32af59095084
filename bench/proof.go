package main

import (
	"archive/zip"
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tapedeck/client"
	"tapedeck/domain/proof"
	"tapedeck/domain/recording"
	"tapedeck/internal/apptest"
)

// proofSpecs are hand-written tests of the proof applications: in each one's folder main (the recorded flow), more (other
// claims about it) and broken (the flow with a write dropped, altered and doubled).
//
//go:embed testdata/proof
var proofSpecs embed.FS

// proof measures what the twin and the verification are worth: applications are recorded and switched off, and tests that
// were written by hand are run against their recordings.
func (b *bench) proof(ctx context.Context) ([]figure, error) {
	s, err := b.openProver()
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if err := s.recordAll(ctx); err != nil {
		return nil, err
	}
	var figures []figure
	var failed error
	for _, part := range []func(*bench, context.Context, *prover) ([]figure, error){
		(*bench).replays, (*bench).brokenWrites, (*bench).oneReplay, (*bench).manyTests, (*bench).faults,
	} {
		got, err := part(b, ctx, s)
		figures, failed = append(figures, got...), errors.Join(failed, err)
		if ctx.Err() != nil {
			break
		}
	}
	return figures, failed
}

// prover is a server that records and verifies, with the recordings that it made.
type prover struct {
	*tapedeck
	client     *client.Client
	recordings map[string]string // ids by application
}

func (b *bench) openProver(more ...string) (*prover, error) {
	root, err := filepath.Abs(filepath.Join(b.peers.dir, "..", ".."))
	if err != nil {
		return nil, err
	}
	env := []string{
		"RECORDER_ALLOW_LOOPBACK=1", "PLAYWRIGHT_DRIVER_PATH=" + filepath.Join(root, "deployments", "playwright"),
		"VERIFY_KIT_PATH=" + filepath.Join(root, "deployments", "playwright-test"),
	}
	for _, p := range apptest.Proofs() {
		for name, value := range p.Secrets {
			env = append(env, secretRef(name)+"="+value)
		}
	}
	app, err := b.serve("", append(env, more...)...)
	if err != nil {
		return nil, err
	}
	c, err := client.New("http://" + app.address)
	if err != nil {
		app.Close()
		return nil, err
	}
	return &prover{app, c, map[string]string{}}, nil
}

func secretRef(name string) string { return "TAPEDECK_SECRET_" + strings.ToUpper(name) }

// Close gives browsers and sandboxes time to end.
func (s *prover) Close() {
	s.client.Close()
	_ = s.Stop()
	s.tapedeck.Close()
}

// recordAll records each application and switches it off. Applications end with a test, so it is run as a benchmark of
// one iteration.
func (s *prover) recordAll(ctx context.Context) error {
	err := errors.New("the applications did not start: make deps-test")
	testing.Benchmark(func(t *testing.B) {
		if len(s.recordings) > 0 {
			return
		}
		for _, p := range apptest.Proofs() {
			app := p.Start(t)
			doc := p.Recording(t, app)
			s.recordings[p.Name], err = s.record(ctx, doc, p.Careful(doc.Steps), secretRef)
			app.Stop()
			if err != nil {
				err = fmt.Errorf("record %s: %w", p.Name, err)
				return
			}
		}
	})
	return err
}

// record plays steps in a session that keeps the network. ref is where a secret's value is.
func (s *prover) record(ctx context.Context, doc recording.Document, steps []recording.Step, ref func(secret string) string) (string, error) {
	type reference struct {
		Name string `json:"name"`
		Ref  string `json:"ref"`
	}
	secrets := []reference{}
	for _, name := range doc.Secrets {
		secrets = append(secrets, reference{name, ref(name)})
	}
	input, err := json.Marshal(map[string]any{
		"name": doc.Name, "url": doc.URL, "mode": "script", "steps": steps, "viewport": doc.Viewport, "secrets": secrets,
		"capture": map[string]any{"har": true, "video": false, "trace": false, "screenshots": false, "dom": false, "console": false},
	})
	if err != nil {
		return "", err
	}
	j, err := s.client.Submit(ctx, client.Submission{Kind: "recorder.record", Input: input}, "")
	if err != nil {
		return "", err
	}
	return j.JobID, s.succeeded(ctx, j.JobID)
}

// succeeded waits for a job's end.
func (s *prover) succeeded(ctx context.Context, id string) error {
	var last string
	j, err := s.client.FollowLog(ctx, id, nil, func(error) {}, func(l client.LogLine) error { last = l.Text; return nil })
	if err == nil && j.Status != "succeeded" {
		err = fmt.Errorf("job %s is %s: %s", id, j.Status, last)
	}
	return err
}

// effort is what is asked of a verification, as suite.verify takes it.
type effort struct {
	Runs          int  `json:"runs"`
	Workers       int  `json:"workers"`
	MaxLatencyMS  int  `json:"maxLatencyMs"`
	ThrottleCPU   bool `json:"throttleCpu"`
	Mutants       int  `json:"mutants"`
	BudgetSeconds int  `json:"budgetSeconds"`
	KeepTraces    bool `json:"keepTraces"`
	Repair        bool `json:"repair"` // never: what fails is to be seen
}

// shaken is the effort that `tapedeck verify` makes unless it is told otherwise.
func shaken(runs int) effort {
	return effort{Runs: runs, Workers: 4, MaxLatencyMS: 500, ThrottleCPU: true, BudgetSeconds: 600, KeepTraces: true}
}

// calm leaves a test alone: nothing is slowed down, nothing runs beside it, and no trace is made.
func calm(runs int) effort { return effort{Runs: runs, Workers: 1, BudgetSeconds: 600} }

// verify runs the specs of some names, of all applications, and returns what they are worth and how long that took.
func (s *prover) verify(ctx context.Context, e effort, specs ...string) (proof.State, time.Duration, error) {
	var p proof.State
	archive, err := s.project(specs)
	if err != nil {
		return p, 0, err
	}
	input, err := json.Marshal(e)
	if err != nil {
		return p, 0, err
	}
	start := time.Now()
	var j client.Job
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive)), nil }
	err = s.client.Upload(ctx, "/api/suites/verify", url.Values{"input": {string(input)}}, []client.File{{Name: "project.zip", Field: "project", Open: open}}, &j)
	if err != nil {
		return p, 0, err
	}
	if err := s.succeeded(ctx, j.JobID); err != nil {
		return p, 0, err
	}
	took := time.Since(start)
	err = s.client.Get(ctx, "/api/suites/"+j.JobID+"/proof", nil, &p)
	for _, v := range p.Verdicts {
		if v.Why != "" {
			fmt.Fprintf(os.Stderr, "  %s: %s\n", titleOf(p, v.Test), v.Why)
		}
	}
	for _, n := range p.Notes {
		fmt.Fprintln(os.Stderr, "  note:", n)
	}
	return p, took, err
}

// project packs the specs of some names with what they import and the recordings' ids.
func (s *prover) project(specs []string) ([]byte, error) {
	ids, err := json.Marshal(s.recordings)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	files, err := fs.Sub(proofSpecs, "testdata/proof")
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		spec, isSpec := strings.CutSuffix(path.Base(name), ".spec.ts")
		if err != nil || d.IsDir() || isSpec && !slices.Contains(specs, spec) {
			return err
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		return pack(z, name, text)
	})
	err = errors.Join(err, pack(z, "recordings.json", ids), z.Close())
	return out.Bytes(), err
}

func pack(z *zip.Writer, name string, text []byte) error {
	w, err := z.Create(name)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

func titleOf(p proof.State, test string) string {
	for _, t := range p.Tests {
		if t.ID == test {
			return strings.Join(t.Titles, " › ")
		}
	}
	return test
}
