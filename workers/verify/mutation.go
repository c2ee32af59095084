package verify

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"tapedeck/domain/proof"
	"tapedeck/proxy"
	"tapedeck/workers/verify/mutant"
	"tapedeck/workers/verify/runner"
)

// A run under a fault is given less patience: most faults end it by an assertion that waits in vain.
const (
	mutantExpect = 2 * time.Second
	mutantAction = 3 * time.Second
	mutantTest   = 30 * time.Second
)

// baselines is how many runs without a fault are looked at: what differs between them is no fault's doing.
const baselines = 2

// mutantBatch is how many faults one invocation tries: between two the budget and a wish to stop are looked at.
const mutantBatch = 24

// mutation tries the tests of each recording with faults.
func (v *verification) mutation(ctx context.Context) error {
	deadline := v.cfg.Now().Add(time.Duration(v.in.BudgetSeconds) * time.Second)
	by := map[string][]proof.Test{}
	for _, t := range v.tests {
		if v.ledger.now().Verdict(t.ID).Proven { // of one that fails anyway nothing is learnt
			by[t.Recording] = append(by[t.Recording], t)
		}
	}
	for _, r := range v.ledger.now().Recordings {
		if tests := by[r.ID]; len(tests) > 0 {
			if err := v.mutate(ctx, v.sources[r.ID], tests, deadline); err != nil {
				return err
			}
		}
	}
	return nil
}

// mutate tries the tests of one recording.
func (v *verification) mutate(ctx context.Context, src *source, tests []proof.Test, deadline time.Time) error {
	v.job.Progress(-1, "looking where faults can be put")
	normal, err := v.baseline(ctx, src, tests)
	if err != nil {
		return err
	}
	sites, err := v.findSites(ctx, src, normal)
	if err != nil {
		return err
	}
	harmless := mutant.Harmless(src.about.ID)
	chosen := append(slices.Clip(harmless), mutant.Choose(sites, v.in.Mutants, v.in.Seed)...)
	v.sites[src.about.ID] = chosen
	list := make([]proof.Mutant, len(chosen))
	for i, s := range chosen {
		list[i] = s.Mutant
	}
	if err := v.ledger.write(ctx, proof.Choose{Chosen: proof.Chosen{Recording: src.about.ID, Mutants: list, Of: len(sites) + len(harmless)}}); err != nil {
		return err
	}
	for from := 0; from < len(chosen); from += mutantBatch {
		switch {
		case v.stopped():
			return errStopped
		case v.cfg.Now().After(deadline):
			v.note("the time for faults was over: %d of %d were tried on recording %s", from, len(chosen), src.about.ID)
			return nil
		}
		if err := v.tryMutants(ctx, src, tests, normal, from, min(from+mutantBatch, len(chosen))); err != nil {
			return err
		}
	}
	return nil
}

// normality is what runs without a fault have in common, by test.
type normality map[string][]view

// baseline looks at what the tests see when nothing is wrong. It is done by each attempt: it is not written down.
func (v *verification) baseline(ctx context.Context, src *source, tests []proof.Test) (normality, error) {
	b := batch{workers: min(v.in.Workers, 2)}
	for i := range baselines {
		b.runs = append(b.runs, planned{purpose: proof.Baseline, index: i, conditions: proof.Conditions{Seed: v.in.Seed, CPU: 1, Workers: b.workers}, mutant: -1})
	}
	out := normality{}
	err := v.play(ctx, b, tests, func(_ context.Context, x *session, r runner.Result) {
		if r.Status == "passed" {
			x.mu.Lock()
			defer x.mu.Unlock()
			seen := x.seen
			seen.requests = requestsOf(x.report)
			out[x.test.ID] = append(out[x.test.ID], seen)
		}
	})
	for _, t := range tests {
		if err == nil && len(out[t.ID]) < baselines {
			v.note("%s did not pass while it was looked at: it is not tried with faults", strings.Join(t.Titles, " › "))
			delete(out, t.ID)
		}
	}
	return out, err
}

// findSites finds where faults can be put: from the recording and from what all the tests saw, never from one test alone.
func (v *verification) findSites(ctx context.Context, src *source, normal normality) ([]mutant.Site, error) {
	sites := mutant.Responses(src.about.ID, src.entries)
	covered := map[string][][2]int{}
	var elements []mutant.Element
	for _, views := range normal {
		for _, seen := range views {
			for url, ranges := range seen.covered {
				covered[url] = append(covered[url], ranges...)
			}
			elements = append(elements, seen.elements...)
		}
	}
	slices.SortFunc(elements, func(a, b mutant.Element) int {
		return cmp.Or(strings.Compare(a.Tag, b.Tag), strings.Compare(a.Text, b.Text), strings.Compare(a.Label, b.Label))
	})
	sites = append(sites, mutant.Pages(src.about.ID, slices.Compact(elements))...)
	node, kit, err := v.cfg.Programs.Tools()
	if err != nil {
		return nil, err
	}
	scripts, err := mutant.Parser{Node: node, Kit: kit}.Scripts(ctx, src.about.ID, scriptsOf(src.entries, covered))
	if err != nil {
		v.note("no faults in scripts: %v", err)
	}
	sites = append(sites, scripts...)
	seen := map[string]bool{} // the same value at two places of one answer's list is one fault
	return slices.DeleteFunc(sites, func(s mutant.Site) bool { again := seen[s.ID]; seen[s.ID] = true; return again }), nil
}

// scriptsOf are the served scripts of which something was run.
func scriptsOf(entries []proxy.Entry, covered map[string][][2]int) []mutant.Script {
	var out []mutant.Script
	for _, e := range entries {
		ranges := covered[e.Request.URL]
		if len(ranges) == 0 || e.Response == nil || e.Response.Body == nil || !strings.Contains(e.Response.Header.Get("Content-Type"), "script") {
			continue
		}
		if body, err := e.Response.Body.Bytes(); err == nil {
			out = append(out, mutant.Script{URL: e.Request.URL, Source: string(body), Ranges: ranges})
			delete(covered, e.Request.URL)
		}
	}
	return out
}

// tryMutants runs the tests with each of some faults.
func (v *verification) tryMutants(ctx context.Context, src *source, tests []proof.Test, normal normality, from, to int) error {
	state := v.ledger.now()
	chosen := v.sites[src.about.ID]
	b := batch{workers: min(v.in.Workers, 2)}
	for i := from; i < to; i++ {
		for _, t := range tests {
			if _, known := state.Judgement(t.ID, chosen[i].ID); !known && len(normal[t.ID]) > 0 {
				b.runs = append(b.runs, planned{purpose: proof.Mutation, index: i, conditions: proof.Conditions{Seed: v.in.Seed, CPU: 1, Workers: b.workers}, mutant: i})
				break
			}
		}
	}
	if len(b.runs) == 0 {
		return nil
	}
	tests = slices.DeleteFunc(slices.Clone(tests), func(t proof.Test) bool { return len(normal[t.ID]) == 0 })
	seen := &changes{name: fmt.Sprintf("mutants/%s-%d.json", src.about.ID, from+1)}
	defer v.storeChanges(ctx, seen)
	return v.play(ctx, b, tests, func(ctx context.Context, x *session, r runner.Result) {
		m := chosen[x.plan.mutant]
		j := x.judge(m, r, normal[x.test.ID])
		seen.add(&j, x.view(), normal[x.test.ID])
		if err := v.ledger.write(ctx, proof.Judge{Judgements: []proof.Judgement{j}}); err != nil {
			v.note("a judgement could not be written down: %v", err)
		}
		done := len(v.ledger.now().Judgements)
		v.job.Progress(-1, fmt.Sprintf("%d faults tried", done))
		v.job.Logf(slog.LevelInfo, "%s: %s, %s: %s %s", strings.Join(x.test.Titles, " › "), m.Operator, m.What, j.Fate, j.Message)
	})
}

// judge says what a test made of a fault.
func (x *session) judge(m mutant.Site, r runner.Result, normal []view) proof.Judgement {
	run := x.record(r)
	x.mu.Lock()
	defer x.mu.Unlock()
	j := proof.Judgement{Test: x.test.ID, Mutant: m.ID, DurationMS: r.DurationMS, Applied: x.applied.Load() || x.seen.applied}
	if run.End != nil {
		j.Message, j.Assertion = firstLine(run.End.Message), run.End.Assertion
		switch run.End.By {
		case proof.ByAssertion:
			j.Fate = proof.Killed
		case proof.ByAction:
			j.Fate = proof.Stumbled
		case proof.ByTimeout, proof.ByHarness:
			j.Fate = proof.TimedOut
		case proof.ByCrash, proof.ByDrift:
			j.Fate = proof.Crashed
		}
		// What makes a run fail can be seen, once it was put there at all: before its first checkpoint a page cannot say so.
		j.Applied = j.Applied || proof.Layer(m.Operator) == "page" || proof.Layer(m.Operator) == "harmless"
		j.Visible = j.Applied && j.Fate != proof.TimedOut
		return j
	}
	seen := x.seen
	seen.requests = requestsOf(x.report)
	if j.Applied {
		j.Message = difference(seen, normal)
	}
	if j.Visible, j.Fate = j.Message != "", proof.NoEffect; j.Visible {
		j.Fate = proof.Survived
	}
	return j
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
