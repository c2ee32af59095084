package proof_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/proof"
)

var now = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// given is the state after commands, each of which is accepted.
func given(t require.TestingT, commands ...proof.Command) proof.State {
	s := proof.State{ID: "p1"}
	for _, c := range commands {
		events, err := proof.Decide(s, c)
		require.NoError(t, err)
		for _, e := range events {
			s = proof.Evolve(s, e, now)
		}
	}
	return s
}

func start(attempt int) proof.Start {
	return proof.Start{Started: proof.Started{
		Attempt: attempt, Project: "aa", Mode: "twin", Seed: 1, Runs: 2, Tests: []proof.Test{{ID: "a", Titles: []string{"adds"}}, {ID: "b", Titles: []string{"removes"}}},
	}}
}

func run(test string, index int, change ...func(*proof.Run)) proof.Run {
	r := proof.Run{
		Key: fmt.Sprintf("stability/%d/%s", index, test), Test: test, Purpose: proof.Stability, Index: index, Outcome: proof.Passed, Signature: fmt.Sprint(index),
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

func TestARunIsWrittenDownOnce(t *testing.T) {
	t.Parallel()
	s := given(t, start(1), proof.Record{Runs: []proof.Run{run("a", 0)}})
	events, err := proof.Decide(s, proof.Record{Runs: []proof.Run{run("a", 0)}})
	require.NoError(t, err)
	require.Empty(t, events)
	_, err = proof.Decide(s, proof.Record{Runs: []proof.Run{run("nobody", 0)}})
	require.ErrorContains(t, err, `no test "nobody"`)
	_, err = proof.Decide(given(t, start(1), proof.Finish{Finished: proof.Finished{Outcome: "failed"}}), proof.Record{Runs: []proof.Run{run("a", 1)}})
	require.ErrorContains(t, err, "not being made")
}

func TestALaterAttemptKeepsWhatIsAboutTheSame(t *testing.T) {
	t.Parallel()
	before := []proof.Command{start(1), proof.Record{Runs: []proof.Run{run("a", 0)}}}
	require.Len(t, given(t, append(before, start(2))...).Done, 1)
	other := start(2)
	other.Started.Project = "bb"
	require.Empty(t, given(t, append(before, other)...).Done)
	_, err := proof.Decide(given(t, before...), start(1))
	require.ErrorContains(t, err, "attempt 1 follows attempt 1")
}

func TestATestIsProvenByRunsThatDiffer(t *testing.T) {
	t.Parallel()
	s := given(t, start(1), proof.Record{Runs: []proof.Run{run("a", 0), run("a", 1)}})
	require.True(t, s.Verdict("a").Proven)
	require.Equal(t, 2, s.Verdict("a").Counted)
	require.Equal(t, "0 of 2 runs were made", s.Verdict("b").Why)

	same := given(t, start(1), proof.Record{Runs: []proof.Run{run("a", 0), run("a", 1, func(r *proof.Run) { r.Signature = "0" })}})
	require.Equal(t, 1, same.Verdict("a").Counted, "in both the same happened")

	for name, change := range map[string]func(*proof.Run){
		"was skipped": func(r *proof.Run) { r.Outcome = proof.Skipped },
		"failed by assertion at a.spec.ts:3: no": func(r *proof.Run) {
			r.Outcome, r.End = proof.Failed, &proof.End{By: proof.ByAssertion, Message: "no", File: "a.spec.ts", Line: 3}
		},
		"failed by drift: POST": func(r *proof.Run) { r.Outcome, r.End = proof.Failed, &proof.End{By: proof.ByDrift, Message: "POST"} },
	} {
		v := given(t, start(1), proof.Record{Runs: []proof.Run{run("a", 0), run("a", 1, change)}}).Verdict("a")
		require.False(t, v.Proven)
		require.Contains(t, v.Why, name)
	}
}

func mutant(id, operator string) proof.Mutant { return proof.Mutant{ID: id, Operator: operator} }

func judged(mutant string, fate proof.Fate, visible bool, assertion int) proof.Judgement {
	return proof.Judgement{Test: "a", Mutant: mutant, Applied: true, Visible: visible, Fate: fate, Assertion: assertion}
}

func TestOnlyAnAssertionsWordIsAKill(t *testing.T) {
	t.Parallel()
	s := given(t, start(1),
		proof.Choose{Chosen: proof.Chosen{Recording: "r", Of: 9, Mutants: []proof.Mutant{
			mutant("1", "page.text"), mutant("2", "page.text"), mutant("3", "page.hide"), mutant("4", "page.hide"), mutant("5", "script.negate"), mutant("6", "harmless.notice"), mutant("7", "harmless.wrapper"),
		}}},
		proof.Judge{Judgements: []proof.Judgement{
			judged("1", proof.Killed, true, 1), judged("2", proof.Survived, true, 0), judged("3", proof.Stumbled, true, 0),
			judged("4", proof.NoEffect, false, 0), judged("5", proof.TimedOut, true, 0), judged("6", proof.Killed, true, 2), judged("7", proof.NoEffect, false, 0),
		}})
	score := s.Score("a")
	require.Equal(t, 3, score.Visible, "neither what nobody could see nor what the harness gave up")
	require.Equal(t, 1, score.Killed)
	require.Equal(t, 1, score.First)
	require.Equal(t, 1, score.Stumbled)
	require.InDelta(t, 1.0/3, score.Rate, 1e-9)
	require.InDelta(t, 0.25, score.Macro, 1e-9, "half of the texts, none of the hidden")
	require.Equal(t, 2, score.Harmless)
	require.Equal(t, 1, score.Alarms)
	require.InDelta(t, 2*0.25*0.5/0.75, score.Rank, 1e-9)
	require.Equal(t, 9, s.MutantsOf)
	require.Empty(t, s.Score("b").Operators)
}

// TestAnyHistoryFolds draws commands: what Decide answers, Evolve takes, and no run or judgement is there twice.
func TestAnyHistoryFolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := proof.State{ID: "p"}
		attempt := 0
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			var c proof.Command
			switch rapid.IntRange(0, 8).Draw(t, "command") {
			case 0:
				attempt++
				c = start(attempt)
			case 1:
				c = proof.Record{Runs: []proof.Run{run(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "test"), rapid.IntRange(0, 3).Draw(t, "index"))}}
			case 2:
				c = proof.Choose{Chosen: proof.Chosen{Recording: "r", Mutants: []proof.Mutant{{ID: "1", Operator: "page.text", Recording: "r"}}, Of: 1}}
			case 3:
				c = proof.Judge{Judgements: []proof.Judgement{judged(rapid.SampledFrom([]string{"1", "2"}).Draw(t, "mutant"), proof.Killed, true, 1)}}
			case 4:
				c = proof.Finish{Finished: proof.Finished{Outcome: rapid.SampledFrom([]string{"failed", "stopped"}).Draw(t, "outcome")}}
			case 5:
				c = proof.Probe{Checks: []proof.Check{{Test: "a", Assertion: rapid.IntRange(1, 2).Draw(t, "assertion"), Tried: 2, Noticed: 1}}}
			case 6:
				c = proof.Mend{Repair: proof.Repair{Test: "a", Number: rapid.IntRange(1, 3).Draw(t, "number"), Kept: rapid.Bool().Draw(t, "kept")}}
			case 8:
				c = proof.Film{Filmed: proof.Filmed{Key: fmt.Sprintf("stability/%d/a", rapid.IntRange(0, 3).Draw(t, "index")), Outcome: proof.Failed, Evidence: []string{"trace.zip"}}}
			case 7:
				c = proof.Continue{Continued: proof.Continued{JobID: "j2", Left: rapid.IntRange(0, 3).Draw(t, "left")}}
			}
			events, err := proof.Decide(s, c)
			if err != nil {
				continue
			}
			for _, e := range events {
				data, err := proof.Encode(e)
				require.NoError(t, err)
				back, err := proof.Decode(e.EventType(), 1, data)
				require.NoError(t, err)
				s = proof.Evolve(s, back, now)
			}
			keys := map[string]bool{}
			for _, r := range s.Done {
				require.False(t, keys[r.Key], r.Key)
				keys[r.Key] = true
				require.Len(t, r.Evidence, len(r.Again)/len(proof.Failed), "filmed once")
			}
			pairs := map[string]bool{}
			for _, j := range s.Judgements {
				require.False(t, pairs[j.Test+j.Mutant])
				pairs[j.Test+j.Mutant] = true
			}
		}
	})
}

// TestARepairedTestIsJudgedByItsOwnRuns keeps what the test did before out of the verdict, and in the history.
func TestARepairedTestIsJudgedByItsOwnRuns(t *testing.T) {
	t.Parallel()
	failed := func(r *proof.Run) {
		r.Outcome, r.End = proof.Failed, &proof.End{By: proof.ByAction, Message: "not found"}
	}
	mended := func(r *proof.Run) { r.Key += "/1"; r.Repair = 1 }
	runs := proof.Record{Runs: []proof.Run{run("a", 0, failed), run("a", 1, failed), run("a", 0, mended), run("a", 1, mended)}}
	dropped := given(t, start(1), runs, proof.Mend{Repair: proof.Repair{Test: "a", Number: 1}})
	require.False(t, dropped.Verdict("a").Proven)
	kept := given(t, start(1), runs, proof.Mend{Repair: proof.Repair{Test: "a", Number: 1, Kept: true}})
	require.True(t, kept.Verdict("a").Proven, kept.Verdict("a").Why)
	require.Equal(t, 2, kept.Verdict("a").Counted)
	require.Len(t, kept.Done, 4)
}

// TestFaultsMayBeTriedAfterTheVerdict: the scores follow, the verdict stays.
func TestFaultsMayBeTriedAfterTheVerdict(t *testing.T) {
	t.Parallel()
	s := given(t, start(1), proof.Record{Runs: []proof.Run{run("a", 0), run("a", 1)}},
		proof.Choose{Chosen: proof.Chosen{Recording: "r", Of: 2, Mutants: []proof.Mutant{mutant("1", "page.text"), mutant("2", "page.text")}}},
		proof.Judge{Judgements: []proof.Judgement{judged("1", proof.Survived, true, 0)}},
		proof.Finish{Finished: proof.Finished{Outcome: "proven", Verdicts: []proof.Verdict{{Test: "a", Proven: true}}}},
		proof.Continue{Continued: proof.Continued{JobID: "j2", Left: 1}},
		proof.Judge{Judgements: []proof.Judgement{judged("2", proof.Killed, true, 2)}})
	require.Equal(t, proof.StatusProven, s.Status)
	require.True(t, s.Verdicts[0].Proven)
	require.InDelta(t, 0.5, s.Verdicts[0].Score.Rate, 1e-9)
	require.Equal(t, "j2", s.Rest.JobID)
	_, err := proof.Decide(s, proof.Mend{Repair: proof.Repair{Test: "a", Number: 1}})
	require.Error(t, err, "the test itself is judged")
	_, err = proof.Decide(given(t, start(1), proof.Finish{Finished: proof.Finished{Outcome: "broken"}}), proof.Judge{Judgements: []proof.Judgement{judged("1", proof.Killed, true, 1)}})
	require.Error(t, err)
}
