package verify

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"tapedeck/domain/proof"
	"tapedeck/workers/verify/mutant"
	"tapedeck/workers/verify/runner"
)

// inPlaceChunk is how many faults one run tries at its assertions: so few that what a page shows for a moment is still
// there afterwards, for the test's next step.
const inPlaceChunk = 12

// inPlaceBatch is how many such runs one invocation makes.
const inPlaceBatch = 8

// inPlaceAt is how long a run may stay at one assertion for its faults; inPlaceTest is the time for the whole run.
const (
	inPlaceAt   = 3 * time.Second
	inPlaceTest = 3 * time.Minute
)

// inPlaceTried is what all assertions of a run together made of a fault.
type inPlaceTried struct {
	message      string
	killed       int // the assertion's place, from 1
	changed      []changePart
	asked        int
	milliseconds float64
}

func (x *session) tried(f runner.SeenFault, at int) {
	t := x.seen.tried[f.ID]
	t.milliseconds += f.DurationMS
	t.asked++
	if len(f.Gone)+len(f.Come) > 0 {
		t.changed = []changePart{{What: "page", After: at, Before: excerpt(f.Gone), Now: excerpt(f.Come)}}
	}
	if f.Killed {
		t.killed, t.message = at, f.Message
	}
	if x.seen.tried == nil {
		x.seen.tried = map[string]inPlaceTried{}
	}
	x.seen.tried[f.ID] = t
}

// inPlace tries those faults that can be put into a page and taken back, many in one run: at each assertion that held.
// It also checks the assertions themselves. What remains open, a run of its own has to say.
func (v *verification) inPlace(ctx context.Context, src *source, tests []proof.Test, normal normality, deadline time.Time) error {
	chosen := v.sites[src.about.ID]
	var all []int
	for i, m := range chosen {
		if _, ok := m.InPlace(); ok {
			all = append(all, i)
		}
	}
	parts := slices.Collect(slices.Chunk(all, inPlaceChunk))
	if len(parts) == 0 {
		parts = [][]int{nil} // for the checks
	}
	for n, some := range slices.Collect(slices.Chunk(parts, inPlaceBatch)) {
		if on, err := v.goOn(ctx, deadline); !on {
			return err
		}
		b := batch{workers: min(v.in.Workers, 2), limits: mutantLimits(normal)}
		b.limits.Test = inPlaceTest
		for i, part := range some {
			b.runs = append(b.runs, planned{
				purpose: proof.Mutation, index: n*inPlaceBatch + i, conditions: proof.Conditions{Seed: v.in.Seed, CPU: 1, Workers: b.workers},
				mutant: -1, inPlace: part, check: n == 0 && i == 0,
			})
		}
		seen := v.changes(fmt.Sprintf("%s-in-place-%d", src.about.ID, n+1))
		err := v.play(ctx, b, tests, func(ctx context.Context, x *session, r runner.Result) {
			v.judged(ctx, x.judgeInPlace(chosen, r, seen)...)
			v.checked(ctx, x)
		})
		v.storeChanges(ctx, seen)
		if err != nil {
			return err
		}
	}
	return nil
}

// checked writes down what a run tells of its assertions.
func (v *verification) checked(ctx context.Context, x *session) {
	x.mu.Lock()
	checks := x.seen.checks
	x.mu.Unlock()
	if err := v.ledger.write(ctx, proof.Probe{Checks: checks}); err != nil {
		v.note("the checks of assertions could not be written down: %v", err)
	}
}

// checkParts checks the assertions of the tests that play a part of a recording.
func (v *verification) checkParts(ctx context.Context, deadline time.Time) error {
	parts := slices.DeleteFunc(slices.Clone(v.tests), func(t proof.Test) bool { return t.Until == "" || !v.ledger.now().Verdict(t.ID).Proven })
	if len(parts) == 0 {
		return nil
	}
	if on, err := v.goOn(ctx, deadline); !on {
		return err
	}
	b := batch{workers: min(v.in.Workers, 2), limits: v.limits()}
	b.limits.Test = inPlaceTest
	b.runs = []planned{{purpose: proof.Mutation, conditions: proof.Conditions{Seed: v.in.Seed, CPU: 1, Workers: b.workers}, mutant: -1, check: true}}
	return v.play(ctx, b, parts, func(ctx context.Context, x *session, _ runner.Result) { v.checked(ctx, x) })
}

// setupInPlace is what the runner is told.
func (v *verification) setupInPlace(p planned, sites []mutant.Site) *runner.InPlace {
	if len(p.inPlace) == 0 && !p.check {
		return nil
	}
	out := &runner.InPlace{Script: mutant.InPlaceScript(), List: []runner.InPlaceFault{}, MS: int(inPlaceAt.Milliseconds()), Check: p.check}
	for _, i := range p.inPlace {
		if f, ok := sites[i].InPlace(); ok {
			out.List = append(out.List, runner.InPlaceFault{ID: sites[i].ID, Fault: f})
		}
	}
	return out
}

// judgeInPlace says what a run's assertions made of faults. A kill is one whatever became of the run; that a fault survived
// is said only when each assertion was asked about it.
func (x *session) judgeInPlace(chosen []mutant.Site, r runner.Result, seen *changes) []proof.Judgement {
	run := x.record(r)
	x.mu.Lock()
	defer x.mu.Unlock()
	var out []proof.Judgement
	for _, i := range x.plan.inPlace {
		tried, found := x.seen.tried[chosen[i].ID]
		j := proof.Judgement{Test: x.test.ID, Mutant: chosen[i].ID, Applied: true, InPlace: true, Asked: tried.asked, DurationMS: max(int64(tried.milliseconds), 1)}
		switch {
		case tried.killed > 0:
			j.Fate, j.Visible, j.Assertion, j.Message = proof.Killed, true, tried.killed, firstLine(tried.message)
		case !found || run.Outcome != proof.Passed || x.seen.unasked:
			continue
		case len(tried.changed) > 0:
			j.Fate, j.Visible = proof.Survived, true
			j.Message = fmt.Sprintf("after assertion %d showed %s", tried.changed[0].After, firstLine(cmp.Or(tried.changed[0].Now, "no longer "+tried.changed[0].Before)))
		default:
			j.Fate = proof.NoEffect
		}
		seen.keep(&j, tried.changed...)
		out = append(out, j)
	}
	return out
}
