package verify

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"tapedeck/domain/proof"
	"tapedeck/proxy"
	"tapedeck/workers/verify/mutant"
	"tapedeck/workers/verify/runner"
)

// A run under a fault is given less patience: most faults end it by an assertion that waits in vain. Where one waits that
// long without a fault, it is given more: to be slow is not to notice.
const (
	mutantExpect = 2 * time.Second
	mutantAction = 3 * time.Second
	mutantTest   = 30 * time.Second
	mutantSlack  = 3 // times the longest that an assertion waited without a fault
)

// mutantLimits are those of runs under faults of tests that were looked at.
func mutantLimits(normal normality) runner.Limits {
	slowest, longest := int64(0), time.Duration(0)
	for _, views := range normal {
		for _, seen := range views {
			longest = max(longest, seen.took)
			for _, o := range seen.assertions {
				slowest = max(slowest, o.DurationMS)
			}
		}
	}
	more := mutantSlack * time.Duration(slowest) * time.Millisecond
	// How long an action waited for its element nobody knows: not longer than the run.
	return runner.Limits{Expect: max(mutantExpect, more), Action: max(mutantAction, more, longest), Test: max(mutantTest, 6*more, mutantSlack*longest)}
}

// baselines is how many runs without a fault are looked at: what differs between them is no fault's doing.
const baselines = 2

// mutantBatch is how many faults one invocation tries: between two the budget and a wish to stop are looked at.
const mutantBatch = 24

// mutation tries the tests of each recording with faults, until a time. What faults there are is found out in any case.
func (v *verification) mutation(ctx context.Context, deadline time.Time) error {
	by := map[string][]proof.Test{}
	for _, t := range v.tests {
		if v.tried(t) {
			by[t.Recording] = append(by[t.Recording], t)
		}
	}
	normal := normality{}
	for _, r := range v.about.Recordings {
		if len(by[r.ID]) > 0 {
			seen, err := v.choose(ctx, v.sources[r.ID], by[r.ID])
			if err != nil {
				return err
			}
			maps.Copy(normal, seen)
		}
	}
	if err := v.checkParts(ctx, deadline); err != nil {
		return err
	}
	for _, r := range v.about.Recordings {
		tests := slices.DeleteFunc(by[r.ID], func(t proof.Test) bool { return len(normal[t.ID]) == 0 })
		if len(tests) == 0 {
			continue
		}
		if err := v.mutate(ctx, v.sources[r.ID], tests, normal, deadline); err != nil {
			return err
		}
	}
	return nil
}

// tried says that a test is tried with the recording's faults. Of one that fails anyway nothing is learnt, and one that plays
// a part alone claims but one thing: its assertions are checked instead.
func (v *verification) tried(t proof.Test) bool {
	return t.Until == "" && v.ledger.now().Verdict(t.ID).Proven
}

// choose looks at the tests of a recording, and chooses the faults that they are tried with.
func (v *verification) choose(ctx context.Context, src *source, tests []proof.Test) (normality, error) {
	v.job.Progress(-1, "looking where faults can be put")
	normal, err := v.baseline(ctx, src, tests)
	if err != nil {
		return nil, err
	}
	sites, err := v.findSites(ctx, src, normal)
	if err != nil {
		return nil, err
	}
	harmless := mutant.Harmless(src.about.ID)
	chosen := append(slices.Clip(harmless), mutant.Choose(sites, v.in.Mutants, v.in.Seed)...)
	list := make([]proof.Mutant, len(chosen))
	for i, s := range chosen {
		list[i] = s.Mutant
	}
	if err := v.ledger.write(ctx, proof.Choose{Chosen: proof.Chosen{Recording: src.about.ID, Mutants: list, Of: len(sites) + len(harmless)}}); err != nil {
		return nil, err
	}
	// What an earlier attempt has chosen stays; where a page shows something else this time, it may be gone.
	by := map[string]mutant.Site{}
	for _, s := range slices.Concat(sites, harmless) {
		by[s.ID] = s
	}
	for _, m := range v.ledger.now().Mutants {
		if s, ok := by[m.ID]; ok {
			v.sites[src.about.ID] = append(v.sites[src.about.ID], s)
		}
	}
	return normal, nil
}

// mutate tries the tests of one recording.
func (v *verification) mutate(ctx context.Context, src *source, tests []proof.Test, normal normality, deadline time.Time) error {
	if err := v.inPlace(ctx, src, tests, normal, deadline); err != nil {
		return err
	}
	for from := 0; from < len(v.sites[src.about.ID]); from += mutantBatch {
		if on, err := v.goOn(ctx, deadline); !on {
			return err
		}
		if err := v.tryMutants(ctx, src, tests, normal, from, min(from+mutantBatch, len(v.sites[src.about.ID]))); err != nil {
			return err
		}
	}
	return nil
}

// goOn says whether there is still time for faults. A job in the background waits here for its turn.
func (v *verification) goOn(ctx context.Context, deadline time.Time) (bool, error) {
	if v.background {
		if err := v.cfg.turns.wait(ctx, v.job.StopRequested()); err != nil {
			return false, err
		}
	}
	if v.stopped() {
		return false, errStopped
	}
	return !v.cfg.Now().After(deadline), nil
}

// left counts the faults that were chosen for the tests and that nothing is known of yet.
func (v *verification) left() int {
	s, n := v.ledger.now(), 0
	for _, m := range s.Mutants {
		for _, t := range v.tests {
			if _, known := s.Judgement(t.ID, m.ID); !known && t.Recording == m.Recording && v.tried(t) && !v.unfit[t.ID] {
				n++
				break
			}
		}
	}
	return n
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
			seen.requests, seen.took = requestsOf(x.report), time.Duration(r.DurationMS)*time.Millisecond
			out[x.test.ID] = append(out[x.test.ID], seen)
		}
	})
	for _, t := range tests {
		if err == nil && len(out[t.ID]) < baselines {
			v.note("%s did not pass while it was looked at: it is not tried with faults", strings.Join(t.Titles, " › "))
			delete(out, t.ID)
			v.unfit[t.ID] = true
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
	chosen := v.sites[src.about.ID]
	b := batch{workers: min(v.in.Workers, 2), limits: mutantLimits(normal)}
	for i := from; i < to; i++ {
		b.runs = append(b.runs, planned{purpose: proof.Mutation, index: i, conditions: proof.Conditions{Seed: v.in.Seed, CPU: 1, Workers: b.workers}, mutant: i})
	}
	seen := v.changes(fmt.Sprintf("%s-%d", src.about.ID, from+1))
	defer v.storeChanges(ctx, seen)
	return v.play(ctx, b, tests, func(ctx context.Context, x *session, r runner.Result) {
		j := x.judge(chosen[x.plan.mutant], r, normal[x.test.ID])
		seen.add(&j, x.view(), normal[x.test.ID])
		v.judged(ctx, j)
	})
}

// judged writes down what a test made of faults.
func (v *verification) judged(ctx context.Context, list ...proof.Judgement) {
	if err := v.ledger.write(ctx, proof.Judge{Judgements: list}); err != nil {
		v.note("a judgement could not be written down: %v", err)
	}
	s := v.ledger.now()
	v.job.Progress(-1, fmt.Sprintf("%d faults tried", len(s.Judgements)))
	for _, j := range list {
		i, k := slices.IndexFunc(s.Mutants, func(m proof.Mutant) bool { return m.ID == j.Mutant }), slices.IndexFunc(v.tests, func(t proof.Test) bool { return t.ID == j.Test })
		v.job.Logf(slog.LevelInfo, "%s: %s, %s: %s %s", strings.Join(v.tests[k].Titles, " › "), s.Mutants[i].Operator, s.Mutants[i].What, j.Fate, j.Message)
	}
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
