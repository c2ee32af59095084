package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"time"

	"tapedeck/client"
	"tapedeck/demo/flows"
	"tapedeck/demo/shop"
	"tapedeck/domain/proof"
	"tapedeck/domain/recording"
)

const (
	generatedSection = "tests that were generated from recordings"
	wroteSection     = "what one generated test notices, and what it cost"
	missedSection    = "faults that the generated tests notice"
)

// shopSecret is where a secret of the demo is.
func shopSecret(name string) string {
	return "TAPEDECK_SECRET_SHOP_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// written is one flow that became a test.
type written struct {
	name              string
	steps             int
	learned           int
	state             proof.State
	recorded, written time.Duration // and from there to the verdict
	proven            time.Duration
}

// generate makes tests of flows, and measures what they are worth.
func (b *bench) generate(ctx context.Context) ([]figure, error) {
	var env []string
	for _, name := range []string{"password", "short-password"} {
		value, _ := flows.Secret(name)
		env = append(env, shopSecret(name)+"="+value)
	}
	s, err := b.openProver(env...)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	list, err := b.shopFlows(ctx, s)
	if err != nil {
		return nil, err
	}
	whole, err := b.inOneGo(ctx, s, list)
	if err != nil {
		return nil, err
	}
	if err := s.recordAll(ctx); err != nil {
		return nil, err
	}
	var failed error
	for _, app := range s.apps() {
		w := written{name: app}
		if err := b.write(ctx, s, s.recordings[app], &w); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", app, err))
			continue
		}
		list = append(list, w)
	}
	return append(b.generated(list), whole), failed
}

// shopFlows records and writes each flow of the demo shop; the shop is switched off before its test is proven.
func (b *bench) shopFlows(ctx context.Context, s *prover) ([]written, error) {
	var out []written
	for _, f := range flows.All() {
		w, id, err := b.recordShop(ctx, s, f)
		if err == nil {
			err = b.write(ctx, s, id, &w)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		out = append(out, w)
	}
	return out, nil
}

// recordShop records a flow in a shop of its own.
func (b *bench) recordShop(ctx context.Context, s *prover, f flows.Flow) (written, string, error) {
	w := written{name: "shop: " + f.Name}
	site := shop.New(shop.Config{})
	defer site.Close()
	server := httptest.NewServer(site)
	defer server.Close()
	doc, err := f.Document(server.URL)
	if err != nil {
		return w, "", err
	}
	for _, step := range doc.Steps {
		if step.Type != recording.Assert {
			w.steps++
		}
	}
	began := time.Now()
	id, err := s.record(ctx, doc, doc.Steps, shopSecret)
	w.recorded = time.Since(began)
	return w, id, err
}

// inOneGo measures the longest flow of the shop from its first step to the verdict, with the effort that a person makes who
// waits for it.
func (b *bench) inOneGo(ctx context.Context, s *prover, list []written) (figure, error) {
	most := slices.MaxFunc(list, func(a, b written) int { return cmp.Compare(a.steps, b.steps) })
	w, id, err := b.recordShop(ctx, s, flows.Flow{Name: strings.TrimPrefix(most.name, "shop: ")})
	if err == nil {
		err = b.writeWith(ctx, s, map[string]any{"recordingId": id, "runs": 5, "mutants": 24, "budgetSeconds": 20}, &w)
	}
	return figure{
		Section: generatedSection, Name: fmt.Sprintf("a flow of %d steps: recorded, written, proven by 5 runs, held against faults", w.steps), Unit: "s",
		Runs: []float64{(w.recorded + w.written + w.proven).Seconds()}, Target: atMost(90),
		Note: fmt.Sprintf("%.0f + %.0f + %.0f s; %d of %d faults were tried", w.recorded.Seconds(), w.written.Seconds(), w.proven.Seconds(), len(w.state.Judgements), len(w.state.Mutants)),
	}, err
}

// write generates a recording's test and waits for its proof. In a quick run it is held against fewer faults.
func (b *bench) write(ctx context.Context, s *prover, recordingID string, w *written) error {
	return b.writeWith(ctx, s, map[string]any{"recordingId": recordingID, "runs": b.scale(20), "mutants": b.scale(60), "budgetSeconds": b.scale(600)}, w)
}

func (b *bench) writeWith(ctx context.Context, s *prover, o map[string]any, w *written) error {
	input, err := json.Marshal(o)
	if err != nil {
		return err
	}
	began := time.Now()
	j, err := s.client.Submit(ctx, client.Submission{Kind: "suite.generate", Input: input}, "")
	if err != nil {
		return err
	}
	if err := s.succeeded(ctx, j.JobID); err != nil {
		return err
	}
	w.written = time.Since(began)
	if j, err = s.client.Job(ctx, j.JobID, nil); err != nil {
		return err
	}
	var result struct {
		Learned int    `json:"learned"`
		ProofID string `json:"proofId"`
	}
	if err := json.Unmarshal(j.Result, &result); err != nil {
		return err
	}
	w.learned = result.Learned
	began = time.Now()
	if err := s.succeeded(ctx, result.ProofID); err != nil {
		return err
	}
	w.proven = time.Since(began)
	if err := s.client.Get(ctx, "/api/suites/"+result.ProofID+"/proof", nil, &w.state); err != nil {
		return err
	}
	for _, v := range w.state.Verdicts {
		if v.Why != "" {
			fmt.Fprintf(os.Stderr, "  %s: %s\n", w.name, v.Why)
		}
	}
	return nil
}

// generated are the figures of all tests together, and of each.
func (b *bench) generated(list []written) []figure {
	tests, proven, runs, passed := 0, 0, 0, 0
	total := map[string]proof.Operator{}
	var each []figure
	for _, w := range list {
		for _, v := range w.state.Verdicts {
			tests, proven = tests+1, proven+count(v.Proven)
		}
		for _, r := range w.state.Done {
			if r.Purpose == proof.Stability && r.Repair == 0 {
				runs, passed = runs+1, passed+count(r.Outcome == proof.Passed)
			}
		}
		for _, t := range w.state.Tests {
			score := w.state.Score(t.ID)
			addUp(total, score)
			each = append(each, figure{
				Section: wroteSection, Name: w.name + ": mean of the operators", Unit: "%", Runs: []float64{100 * score.Macro},
				Note: fmt.Sprintf("%d of %d that could be seen, %d stumbled; harmless ones minded: %d of %d; %d assertions learnt; written in %.0f s, proven in %.0f s",
					score.Killed, score.Visible, score.Stumbled, score.Alarms, score.Harmless, w.learned, w.written.Seconds(), w.proven.Seconds()),
			})
		}
	}
	figures := []figure{
		{Section: generatedSection, Name: "proposed tests that are proven", Unit: fmt.Sprintf("%% of %d", tests), Runs: []float64{share(proven, tests)}, Target: atLeast(90)},
		{Section: generatedSection, Name: fmt.Sprintf("their runs that pass, %d of each", b.scale(20)), Unit: fmt.Sprintf("%% of %d", runs), Runs: []float64{share(passed, runs)}, Target: atLeast(100)},
		{Section: generatedSection, Name: "faults that could be seen and were noticed by an assertion, mean of the operators", Unit: "%", Runs: []float64{100 * macro(total)}, Target: atLeast(60)},
	}
	return append(append(figures, each...), operators(missedSection, total)...)
}

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return 100 * float64(n) / float64(of)
}

// macro is the mean over the operators of which something could be seen, of the share that was noticed.
func macro(total map[string]proof.Operator) float64 {
	sum, n := 0.0, 0
	for name, o := range total {
		if o.Visible > 0 && proof.Layer(name) != "harmless" {
			sum, n = sum+float64(o.Killed)/float64(o.Visible), n+1
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}
