package verify

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"tapedeck/domain/proof"
	"tapedeck/workers/verify/runner"
)

// batch is the runs that one invocation of the runner makes: each chosen test once for each of them.
type batch struct {
	workers int
	limits  runner.Limits // those that are zero are the verification's
	runs    []planned
}

// planned is what one repetition of a test is put under.
type planned struct {
	purpose    proof.Purpose
	index      int
	conditions proof.Conditions
	mutant     int    // into verification.sites; -1 for none
	inPlace    []int  // likewise, those that are tried at its assertions
	check      bool   // the assertions themselves are checked
	repair     int    // the number of the test's repair; 0 for none
	film       string // the test for which this run is made once more, with a trace; "" for none
}

// known says that everything which a run would tell of a test is known already.
func (v *verification) known(s proof.State, p planned, test string) bool {
	judged := func(i int) bool {
		t, _ := v.byID(test)
		_, ok := s.Judgement(test, v.sites[t.Recording][i].ID)
		return ok
	}
	switch {
	case p.purpose == proof.Baseline:
		return false
	case p.film != "":
		r, _ := s.Run(p.key(test))
		return p.film != test || r.Again != ""
	case p.mutant >= 0:
		return judged(p.mutant)
	case p.purpose == proof.Mutation:
		return !slices.ContainsFunc(p.inPlace, func(i int) bool { return !judged(i) }) && (!p.check || s.Checked(test))
	}
	_, ok := s.Run(p.key(test))
	return ok
}

func (p planned) key(test string) string {
	key := fmt.Sprintf("%s/%d/%s", p.purpose, p.index, test)
	if p.repair > 0 {
		key += fmt.Sprintf("/repair %d", p.repair)
	}
	return key
}

// stability draws the conditions of each run, and puts runs with as many workers together. The first run is calm and alone,
// so that a test which never passes is told from one that is shaken. A slower processor costs most: every fourth run has it.
func stability(in Input) []batch {
	r := rand.New(rand.NewPCG(in.Seed, 0))
	by := make([][]planned, in.Workers+1)
	for i := range in.Runs {
		c := proof.Conditions{Seed: (in.Seed*1_000_003 + uint64(i)) % exact, CPU: 1, Workers: workersOf(i, in.Workers)}
		latency := r.IntN(in.MaxLatencyMS + 1)
		if i > 0 {
			c.LatencyMS = latency
			if in.ThrottleCPU && i%4 == 2 {
				c.CPU = 4
			}
		}
		purpose := proof.Stability
		if in.Environment != "" {
			purpose, c.LatencyMS = proof.Live, 0 // the site has its own
		}
		by[c.Workers] = append(by[c.Workers], planned{purpose: purpose, index: i, conditions: c, mutant: -1})
	}
	var out []batch
	for workers, runs := range by {
		if len(runs) > 0 {
			out = append(out, batch{workers: workers, runs: runs})
		}
	}
	return out
}

// workersOf is one for the calm run, and from the most down to two for the others in turn.
func workersOf(run, most int) int {
	if run == 0 || most == 1 {
		return 1
	}
	return most - (run-1)%(most-1)
}

// exact bounds seeds to what every reader of JSON keeps as it is (RFC 8259, 6).
const exact = 1 << 53
