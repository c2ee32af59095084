package verify

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tapedeck/domain/proof"
	"tapedeck/workers"
	"tapedeck/workers/verify/runner"
)

// Rehearsal is a project with one test that is run on a recording's twin to see what becomes of it. Nothing of it is a
// proof, and nothing is written down.
type Rehearsal struct {
	// Recording answers.
	Recording string
	// Files are the project's, by their path.
	Files map[string][]byte
	// Runs is how often the test is only looked at. Defaults to none.
	Runs int
	// LatencyMS holds answers of those runs up for 0 to as long, each by another time. Defaults to 0.
	LatencyMS int
	// Test is the time that one run is given. Defaults to 3 minutes.
	Test time.Duration
	// Check runs it once more, and asks whether each assertion notices that what it is about is changed. Defaults to false.
	Check bool
}

// Rehearsed is what was seen.
type Rehearsed struct {
	// Views are what was seen in each run that passed.
	Views []Shown
	// Checks tell how each assertion took changes of what it is about, from the first that was asked; those at the end that
	// were not asked are not there.
	Checks []Checked
	// Asked is how many assertions the test came to, in the run that came furthest.
	Asked int
	// Broken are the assertions that did not hold in some run, from 1, in no order.
	Broken []int
	// End is how a run ended that did not pass; nil when all did.
	End *proof.End
	// Drifted are requests that did not fit the recording.
	Drifted []string
}

// Shown is one run: what the pages showed after each assertion, from 1, the first page first.
type Shown map[int][]runner.PageView

// Checked is how many changes of what an assertion is about it noticed, of those that were tried.
type Checked struct{ Noticed, Tried int }

// Rehearse runs a project beside the job that asks for it. Errors are those of the runner, and permanent where the project
// or the recording is to blame.
func (v *Verifier) Rehearse(ctx context.Context, j *workers.Job, r Rehearsal) (Rehearsed, error) {
	var out Rehearsed
	in := defaults()
	in.Recording, in.Workers = r.Recording, 2
	room, err := os.MkdirTemp("", "tapedeck-rehearse-")
	if err != nil {
		return out, err
	}
	defer func() { _ = os.RemoveAll(room) }()
	defer v.cfg.turns.enter()()
	x := v.cfg.verification(j, in, room)
	x.ledger = &ledger{}
	for name, data := range r.Files {
		path := filepath.Join(x.dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return out, err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return out, err
		}
	}
	if err := x.survey(ctx); err != nil {
		return out, projectError(err)
	}
	if len(x.tests) != 1 {
		return out, projectError(badProject("a rehearsal has one test, this project %d", len(x.tests)))
	}
	err = x.play(ctx, x.rehearsal(r), x.tests, func(_ context.Context, s *session, result runner.Result) { out.add(s, result) })
	return out, projectError(err)
}

// rehearsal is what is run.
func (v *verification) rehearsal(r Rehearsal) batch {
	b := batch{workers: v.in.Workers}
	conditions := proof.Conditions{Seed: v.in.Seed, CPU: 1, Workers: b.workers}
	for i := range r.Runs {
		looked := conditions
		looked.LatencyMS = r.LatencyMS
		b.runs = append(b.runs, planned{purpose: proof.Baseline, index: i, conditions: looked, mutant: -1})
	}
	if r.Check {
		b.runs = append(b.runs, planned{purpose: proof.Mutation, conditions: conditions, mutant: -1, check: true})
	}
	b.limits = v.limits()
	b.limits.Test = cmp.Or(r.Test, inPlaceTest) // who looks and checks is given the time for it
	return b
}

// add adds what one run showed. The runner tells of one after the other.
func (r *Rehearsed) add(s *session, result runner.Result) {
	run := s.record(result)
	s.mu.Lock()
	defer s.mu.Unlock()
	if run.End != nil && r.End == nil {
		r.End = run.End
	}
	for _, d := range run.Drifted {
		if !slices.Contains(r.Drifted, d) {
			r.Drifted = append(r.Drifted, d)
		}
	}
	for _, a := range s.seen.assertions {
		r.Asked = max(r.Asked, a.Index)
		if !a.Held && !slices.Contains(r.Broken, a.Index) {
			r.Broken = append(r.Broken, a.Index)
		}
	}
	if s.plan.purpose == proof.Baseline {
		if run.Outcome == proof.Passed {
			r.Views = append(r.Views, s.seen.shown)
		}
		return
	}
	for _, c := range s.seen.checks {
		for len(r.Checks) < c.Assertion {
			r.Checks = append(r.Checks, Checked{})
		}
		r.Checks[c.Assertion-1] = Checked{c.Noticed, c.Tried}
	}
}

// String says how a rehearsal that did not pass ended; "" when it passed.
func (r Rehearsed) String() string {
	switch {
	case r.End != nil:
		return fmt.Sprintf("it failed by %s: %s", r.End.By, firstLine(r.End.Message))
	case len(r.Drifted) > 0:
		return "requests did not fit the recording: " + strings.Join(r.Drifted, "; ")
	}
	return ""
}
