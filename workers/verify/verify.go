package verify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"tapedeck/artifacts"
	"tapedeck/domain/proof"
	"tapedeck/workers"
	"tapedeck/workers/recorder/browser"
	"tapedeck/workers/verify/mutant"
	"tapedeck/workers/verify/runner"
)

// verification is one attempt of a job.
type verification struct {
	cfg     Config
	job     *workers.Job
	in      Input
	dir     string // the project's files
	out     string // results
	began   time.Time
	ledger  *ledger
	sources map[string]*source
	secrets map[string]string
	hidden  []string // values that are not written, each with what stands for it
	site    *site    // nil on the twin
	tests   []proof.Test
	about   proof.Started
	sites   map[string][]mutant.Site // that are tried, by recording
	unfit   map[string]bool          // tests that did not pass while they were looked at
	// background says that it tries the faults that another job has left.
	background bool

	mu    sync.Mutex
	notes []string
}

func (v *verification) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	v.mu.Lock()
	defer v.mu.Unlock()
	if !slices.Contains(v.notes, text) && len(v.notes) < 100 {
		v.notes = append(v.notes, text)
		v.job.Logf(slog.LevelWarn, "%s", text)
	}
}

// Result is the job's.
type Result struct {
	ProofID string `json:"proofId"`
	Outcome string `json:"outcome"`
	Tests   int    `json:"tests"`
	Proven  int    `json:"proven"`
	Runs    int    `json:"runs"`
	// Mutants were tried, of MutantsOf that there are.
	Mutants   int `json:"mutants"`
	MutantsOf int `json:"mutantsOf"`
}

// run is an attempt of suite.verify.
func (c Config) run(ctx context.Context, j *workers.Job, in Input) (any, error) {
	defer c.turns.enter()()
	return c.attempt(ctx, j, in, func(v *verification) (any, error) {
		var err error
		if v.ledger, err = c.open(ctx, j, v.about); err != nil {
			return nil, err
		}
		result, err := v.work(ctx)
		if err != nil {
			return nil, err
		}
		return result, v.handOver(ctx)
	})
}

// attempt prepares what a verification needs, and removes it afterwards.
func (c Config) attempt(ctx context.Context, j *workers.Job, in Input, work func(*verification) (any, error)) (any, error) {
	room, err := os.MkdirTemp("", "tapedeck-verify-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(room) }()
	v := c.verification(j, in, room)
	if err := v.prepare(ctx, filepath.Join(room, "project.zip")); err != nil {
		return nil, projectError(err)
	}
	return work(v)
}

// verification makes one that works in a folder.
func (c Config) verification(j *workers.Job, in Input, room string) *verification {
	return &verification{
		cfg: c, job: j, in: in, dir: filepath.Join(room, "project"), out: filepath.Join(room, "out"), began: c.Now(),
		sources: map[string]*source{}, secrets: map[string]string{}, sites: map[string][]mutant.Site{}, unfit: map[string]bool{},
	}
}

// CodeMissing is the error's code when a program is not installed.
const CodeMissing = "not_installed"

// projectError makes permanent what trying again does not change.
func projectError(err error) error {
	switch {
	case errors.Is(err, runner.ErrProject):
		return workers.Permanent(CodeProject, err)
	case errors.Is(err, browser.ErrMissing):
		return workers.Permanent(CodeMissing, err)
	}
	return err
}

// prepare unpacks the project, and looks at what is in it.
func (v *verification) prepare(ctx context.Context, archive string) error {
	v.job.Progress(-1, "reading the project")
	if err := v.fetch(ctx, archive); err != nil {
		return err
	}
	if err := unpack(archive, v.dir); err != nil {
		return err
	}
	return v.survey(ctx)
}

// survey lists the tests of the project that lies there, and loads their recordings.
func (v *verification) survey(ctx context.Context) error {
	mode := "twin"
	if v.in.Environment != "" {
		mode = "live"
		var err error
		if v.site, err = v.live(ctx, v.in.Environment); err != nil {
			return err
		}
	}
	for _, s := range v.in.Secrets {
		value, err := v.secret(ctx, s.Ref)
		if err != nil {
			return err
		}
		v.secrets[s.Name] = value
	}
	tests, err := v.cfg.Runner.List(ctx, v.dir, v.limits())
	if err != nil {
		return err
	}
	var recordings []proof.Recording
	for _, t := range tests {
		id := recordingOf(t, v.in.Recording)
		if v.site == nil {
			about, err := v.recording(ctx, t, id)
			if err != nil {
				return err
			}
			if !slices.Contains(recordings, about) {
				recordings = append(recordings, about)
			}
		}
		test := proof.Test{
			ID: testID(t), Titles: t.Titles, File: t.File, Line: t.Line, Recording: id, Until: first(annotations(t, AnnotationUntil)), Cases: annotations(t, AnnotationCase),
		}
		if v.site == nil && test.Until != "" {
			if _, ok := v.sources[id].until(test.Until); !ok {
				return badProject("%s:%d: the test ends with step %q, and recording %s has no such step", t.File, t.Line, test.Until, id)
			}
		}
		if slices.ContainsFunc(v.tests, func(o proof.Test) bool { return o.ID == test.ID }) {
			return badProject("%s:%d: two tests have the title %q", t.File, t.Line, strings.Join(t.Titles, " › "))
		}
		v.tests = append(v.tests, test)
	}
	v.about = proof.Started{
		Attempt: v.job.Attempt(), Name: cmp.Or(v.in.Name, "Tests"), Project: v.in.SHA256, Mode: mode, Environment: v.in.Environment, Recordings: recordings, Tests: v.tests,
		Runs: v.in.Runs, Seed: v.in.Seed,
	}
	return nil
}

// recording is what a test is played against.
func (v *verification) recording(ctx context.Context, t runner.Test, id string) (proof.Recording, error) {
	if id == "" {
		return proof.Recording{}, badProject("%s:%d: the test names no recording: give it an annotation { type: \"recording\", description: ID }, or name one for all tests", t.File, t.Line)
	}
	s, err := v.source(ctx, id)
	if err != nil {
		return proof.Recording{}, err
	}
	return s.about, nil
}

// What tests say of themselves, as types of Playwright's annotations.
const (
	AnnotationRecording = "recording" // the recording that the test is played against
	AnnotationUntil     = "until"     // the step of it that the test ends with, which sends nothing here
	AnnotationCase      = "case"      // a test case that it is the code of
)

func recordingOf(t runner.Test, standard string) string {
	return cmp.Or(first(annotations(t, AnnotationRecording)), standard)
}

func annotations(t runner.Test, kind string) []string {
	var out []string
	for _, a := range t.Annotations {
		if a.Type == kind && a.Description != "" {
			out = append(out, a.Description)
		}
	}
	return out
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// testID is the same as long as a test's file and titles are.
func testID(t runner.Test) string {
	sum := sha256.Sum256([]byte(strings.Join(append([]string{t.Project, t.File}, t.Titles...), "\n")))
	return hex.EncodeToString(sum[:6])
}

func (v *verification) test(t runner.Test) (proof.Test, bool) {
	return v.byID(testID(t))
}

func (v *verification) byID(id string) (proof.Test, bool) {
	i := slices.IndexFunc(v.tests, func(o proof.Test) bool { return o.ID == id })
	if i < 0 {
		return proof.Test{}, false
	}
	return v.tests[i], true
}

// fetch brings the project's archive, and checks that it is the one that was uploaded.
func (v *verification) fetch(ctx context.Context, path string) error {
	r, err := v.cfg.Uploads.OpenUpload(ctx, v.in.Upload)
	if errors.Is(err, artifacts.ErrNotFound) {
		return badProject("what was uploaded is gone")
	}
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, sum), r)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != v.in.SHA256 {
		return badProject("what was uploaded is not what it was")
	}
	return os.MkdirAll(v.dir, 0o755)
}

func (v *verification) limits() runner.Limits {
	return runner.Limits{Test: time.Duration(v.in.TestSeconds) * time.Second, Wall: v.cfg.Wall}
}

// work makes all runs that are not yet made, and says what follows.
func (v *verification) work(ctx context.Context) (any, error) {
	err := v.stability(ctx)
	if err == nil && v.in.Repair && v.site == nil {
		err = v.repair(ctx)
	}
	if err == nil && v.in.KeepTraces && v.unshown() == "" {
		err = v.films(ctx)
	}
	if err == nil && v.in.Mutants > 0 {
		err = v.mutation(ctx, v.cfg.Now().Add(time.Duration(v.in.BudgetSeconds)*time.Second))
	}
	if left := v.left(); err == nil && left > 0 {
		v.note("the time for faults was over: %d of %d are left to a job of its own", left, len(v.ledger.now().Mutants))
	}
	outcome, reason := "", ""
	switch {
	case errors.Is(err, errStopped):
		outcome, reason = string(proof.StatusStopped), "it was asked to stop"
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		outcome, reason = string(proof.StatusBroken), err.Error()
	}
	f := v.verdicts(outcome, reason)
	if writeErr := v.ledger.write(ctx, proof.Finish{Finished: f}); writeErr != nil {
		return nil, writeErr
	}
	if f.Outcome == string(proof.StatusBroken) {
		return nil, projectError(err)
	}
	if err := v.tellCases(ctx); err != nil {
		return nil, err
	}
	s := v.ledger.now()
	r := Result{ProofID: s.ID, Outcome: f.Outcome, Tests: len(v.tests), Runs: len(s.Done), Mutants: len(s.Mutants), MutantsOf: s.MutantsOf}
	for _, verdict := range f.Verdicts {
		if verdict.Proven {
			r.Proven++
		}
	}
	return r, v.storeReports(ctx, s)
}

func (v *verification) verdicts(outcome, reason string) proof.Finished {
	s := v.ledger.now()
	f := proof.Finished{Outcome: outcome, Reason: reason, DurationMS: v.cfg.Now().Sub(v.began).Milliseconds(), Notes: v.notes}
	all := true
	for _, t := range v.tests {
		verdict := s.Verdict(t.ID)
		all = all && verdict.Proven
		f.Verdicts = append(f.Verdicts, verdict)
	}
	if f.Outcome == "" {
		f.Outcome = string(proof.StatusProven)
		if !all {
			f.Outcome, f.Reason = string(proof.StatusFailed), "some tests are not proven"
		}
	}
	return f
}

// errStopped ends the work early, keeping what there is.
var errStopped = errors.New("stopped")

func (v *verification) stopped() bool {
	select {
	case <-v.job.StopRequested():
		return true
	default:
		return false
	}
}

// stability runs each test again and again.
func (v *verification) stability(ctx context.Context) error {
	batches := stability(v.in)
	total := v.in.Runs * len(v.tests)
	for _, b := range batches {
		if v.stopped() {
			return errStopped
		}
		err := v.play(ctx, b, v.tests, func(ctx context.Context, x *session, r runner.Result) {
			v.keep(ctx, x, r)
			done := len(v.ledger.now().Done)
			v.job.Progress(100*float64(done)/float64(total), fmt.Sprintf("%d of %d runs", done, total))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// keep writes a run down.
func (v *verification) keep(ctx context.Context, x *session, r runner.Result) {
	run := x.record(r)
	if run.End != nil {
		run.End.Message = v.plain(run.End.Message)
	}
	for i, line := range run.Drifted {
		run.Drifted[i] = v.plain(line)
	}
	run.Evidence = v.evidence(ctx, x, r)
	if err := v.ledger.write(ctx, proof.Record{Runs: []proof.Run{run}}); err != nil {
		v.note("a run could not be written down: %v", err)
	}
	v.job.Logf(slog.LevelInfo, "%s run %d: %s", strings.Join(x.test.Titles, " › "), run.Index+1, run.Outcome)
}

// play runs a batch of those tests for which it was not made yet.
func (v *verification) play(ctx context.Context, b batch, tests []proof.Test, onRun func(context.Context, *session, runner.Result)) error {
	s := v.ledger.now()
	left := batch{workers: b.workers, limits: b.limits}
	for _, p := range b.runs {
		for _, t := range tests {
			if !v.known(s, p, t.ID) {
				left.runs = append(left.runs, p)
				break
			}
		}
	}
	if len(left.runs) == 0 {
		return nil
	}
	var only []string
	for _, t := range tests {
		only = append(only, fmt.Sprintf("%s:%d", t.File, t.Line))
	}
	slices.Sort(only)
	st := v.stage(left, onRun)
	defer st.close()
	var mu sync.Mutex
	if err := os.MkdirAll(v.out, 0o700); err != nil {
		return err
	}
	out, err := os.MkdirTemp(v.out, string(left.runs[0].purpose)+"-")
	if err != nil {
		return err
	}
	limits := v.limits()
	if left.limits.Test > 0 {
		limits.Expect, limits.Action, limits.Test = left.limits.Expect, left.limits.Action, left.limits.Test
	}
	sum, err := v.cfg.Runner.Run(ctx, v.dir, runner.Options{
		Only: slices.Compact(only), Workers: b.workers, Repeat: len(left.runs), Out: out, Trace: left.runs[0].film != "", Limits: limits,
		OnResult: func(r runner.Result) {
			mu.Lock()
			defer mu.Unlock()
			st.result(ctx, r)
		},
	}, st)
	for _, f := range sum.Errors {
		v.note("%s", f)
	}
	if sum.Printed > int64(len(sum.Output)) {
		v.note("the tests printed %d bytes; only the end was kept", sum.Printed)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
