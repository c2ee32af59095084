package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tapedeck/domain/proof"
)

const (
	twinSection    = "hand-written tests of four recorded applications, which are switched off"
	timeSection    = "what proving takes"
	inPlaceSection = "faults that are put into the page in place"
	noticeSection  = "faults that the hand-written tests notice"
)

// replays runs each application's recorded flow again and again, each time under other conditions.
func (b *bench) replays(ctx context.Context, s *prover) ([]figure, error) {
	runs := b.scale(20)
	p, _, err := s.verify(ctx, shaken(runs), "main")
	if err != nil {
		return nil, err
	}
	var figures []figure
	for _, app := range s.apps() {
		passed, drift := 0, 0
		for _, r := range s.runsOf(p, app) {
			if r.Outcome == proof.Passed {
				passed++
			}
			drift += r.Drift
		}
		figures = append(figures,
			figure{Section: twinSection, Name: app + ": replays that pass", Unit: fmt.Sprintf("of %d", runs), Runs: []float64{float64(passed)}, Target: atLeast(float64(runs)), Note: s.size(p, app)},
			figure{Section: twinSection, Name: app + ": requests that drift", Runs: []float64{float64(drift)}, Target: atMost(0)},
		)
	}
	return figures, nil
}

// size says how much of an application is in its recording.
func (s *prover) size(p proof.State, app string) string {
	i := slices.IndexFunc(p.Recordings, func(r proof.Recording) bool { return r.ID == s.recordings[app] })
	if i < 0 {
		return ""
	}
	return fmt.Sprintf("%d exchanges, %d writes", p.Recordings[i].Exchanges, p.Recordings[i].Writes)
}

// brokenWrites runs flows of which one write is not the recorded one: every run has to be refused for that reason.
func (b *bench) brokenWrites(ctx context.Context, s *prover) ([]figure, error) {
	p, _, err := s.verify(ctx, calm(1), "broken")
	if err != nil {
		return nil, err
	}
	var figures []figure
	for _, way := range []struct{ name, drift string }{{"drops a write", "missing"}, {"alters a write", "altered"}, {"doubles a write", "extra"}} {
		refused, all := 0, 0
		for _, r := range p.Done {
			if strings.HasSuffix(titleOf(p, r.Test), way.name) {
				all++
				refused += count(refusedFor(r, way.drift))
			}
		}
		figures = append(figures, figure{
			Section: twinSection, Name: "tests refused, each of which " + way.name, Unit: fmt.Sprintf("of %d", all), Runs: []float64{float64(refused)},
			Target: atLeast(float64(len(s.recordings))), Note: "for drift of the kind " + way.drift,
		})
	}
	return figures, nil
}

// refusedFor says whether a run failed for a kind of drift. A write is missing from every run that stops early: there the
// drift has to be all that was wrong.
func refusedFor(r proof.Run, kind string) bool {
	drifted := slices.ContainsFunc(r.Drifted, func(d string) bool { return strings.HasPrefix(d, kind+":") })
	return r.Outcome == proof.Failed && drifted && (kind != "missing" || r.End != nil && r.End.By == proof.ByDrift)
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// oneReplay measures how long one run of a flow takes that is left alone.
func (b *bench) oneReplay(ctx context.Context, s *prover) ([]figure, error) {
	p, _, err := s.verify(ctx, calm(max(b.scale(10), 2)), "main")
	if err != nil {
		return nil, err
	}
	var figures []figure
	for _, app := range s.apps() {
		f := figure{Section: timeSection, Name: "one full replay: " + app, Unit: "s", Target: atMost(5)}
		for _, r := range s.runsOf(p, app) {
			if r.Outcome == proof.Passed {
				f.Runs = append(f.Runs, seconds(r.DurationMS))
			}
		}
		figures = append(figures, f)
	}
	return figures, nil
}

func seconds(ms int64) float64 { return float64(ms) / 1000 }

// manyTests measures how long it takes to run all tests five times.
func (b *bench) manyTests(ctx context.Context, s *prover) ([]figure, error) {
	runs := b.scale(5)
	p, took, err := s.verify(ctx, shaken(runs), "main", "more")
	if err != nil {
		return nil, err
	}
	proven := 0
	for _, v := range p.Verdicts {
		if v.Proven {
			proven++
		}
	}
	return []figure{
		{Section: twinSection, Name: fmt.Sprintf("tests that are proven by %d runs each", runs), Unit: fmt.Sprintf("of %d", len(p.Tests)), Runs: []float64{float64(proven)}, Target: atLeast(20)},
		{Section: timeSection, Name: fmt.Sprintf("%d tests × %d runs, from the upload to the verdict", len(p.Tests), runs), Unit: "s", Runs: []float64{took.Seconds()}, Target: atMost((3 * time.Minute).Seconds())},
	}, nil
}

// faults tries the recorded flows' tests with faults.
func (b *bench) faults(ctx context.Context, s *prover) ([]figure, error) {
	e := shaken(1)
	e.Mutants = b.scale(60)
	p, _, err := s.verify(ctx, e, "main")
	if err != nil {
		return nil, err
	}
	var inPlace, whole, replayed []float64
	for _, j := range p.Judgements {
		if j.InPlace {
			inPlace = append(inPlace, float64(j.DurationMS)/float64(j.Asked))
			whole = append(whole, float64(j.DurationMS))
		} else {
			replayed = append(replayed, seconds(j.DurationMS))
		}
	}
	note := fmt.Sprintf("%d of %d judgements", len(inPlace), len(p.Judgements))
	figures := []figure{
		{Section: inPlaceSection, Name: "one fault, put, looked at, asked about and taken back", Unit: "ms", Runs: inPlace, Target: atMost(100), Note: note},
		{Section: inPlaceSection, Name: "the same, 95th percentile", Unit: "ms", Runs: percentile(inPlace, 95)},
		{Section: inPlaceSection, Name: "one fault at all assertions of a test, until one notices it", Unit: "ms", Runs: whole},
		{Section: timeSection, Name: "one replay under a fault, two at once", Unit: "s", Runs: replayed, Target: atMost(5)},
	}
	return append(figures, noticed(s, p)...), nil
}

// percentile is empty where nothing was measured.
func percentile(of []float64, percent int) []float64 {
	if len(of) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(of))
	return []float64{sorted[(len(sorted)*percent+99)/100-1]}
}

// noticed are the tests' scores, and those of the operators over all tests.
func noticed(s *prover, p proof.State) []figure {
	var figures []figure
	total := map[string]proof.Operator{}
	for _, t := range p.Tests {
		score := p.Score(t.ID)
		figures = append(figures, figure{
			Section: noticeSection, Name: s.appOf(t.Recording) + ": mean of the operators", Unit: "%", Runs: []float64{100 * score.Macro},
			Note: fmt.Sprintf("%d of %d that could be seen, %d stumbled, %d crashed; harmless ones minded: %d of %d", score.Killed, score.Visible, score.Stumbled, score.Crashed, score.Alarms, score.Harmless),
		})
		addUp(total, score)
	}
	return append(figures, operators(noticeSection, total)...)
}

func addUp(total map[string]proof.Operator, score proof.Score) {
	for _, o := range score.Operators {
		sum := total[o.Name]
		sum.Visible, sum.Killed, sum.Applied, sum.Stumbled, sum.Survived = sum.Visible+o.Visible, sum.Killed+o.Killed, sum.Applied+o.Applied, sum.Stumbled+o.Stumbled, sum.Survived+o.Survived
		total[o.Name] = sum
	}
}

// operators are how often each one's faults were noticed, the worst first.
func operators(section string, total map[string]proof.Operator) []figure {
	var figures []figure
	rate := func(name string) float64 { return 100 * float64(total[name].Killed) / float64(total[name].Visible) }
	names := slices.SortedFunc(maps.Keys(total), func(a, b string) int { return cmp.Or(cmp.Compare(rate(a), rate(b)), strings.Compare(a, b)) })
	for _, name := range names {
		o := total[name]
		if proof.Layer(name) == "harmless" {
			continue
		}
		f := figure{Section: section, Name: name, Unit: "%", Note: fmt.Sprintf("%d of %d that could be seen, of %d; %d survived, %d stumbled", o.Killed, o.Visible, o.Applied, o.Survived, o.Stumbled)}
		if o.Visible > 0 {
			f.Runs = []float64{rate(name)}
		}
		figures = append(figures, f)
	}
	return figures
}

func (s *prover) apps() []string { return slices.Sorted(maps.Keys(s.recordings)) }

// runsOf are the runs of an application's tests.
func (s *prover) runsOf(p proof.State, app string) []proof.Run {
	var out []proof.Run
	for _, r := range p.Done {
		for _, t := range p.Tests {
			if t.ID == r.Test && t.Recording == s.recordings[app] {
				out = append(out, r)
			}
		}
	}
	return out
}

func (s *prover) appOf(recording string) string {
	for app, id := range s.recordings {
		if id == recording {
			return app
		}
	}
	return recording
}
