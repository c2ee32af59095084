package proof

import "fmt"

// Verdict is what follows for a test from its runs so far.
func (s State) Verdict(test string) Verdict {
	v := Verdict{Test: test, Score: s.Score(test)}
	seen := map[string]bool{}
	ran, repair := 0, s.Repair(test)
	for _, r := range s.Done {
		if r.Test != test || r.Repair != repair || r.Purpose != Stability && r.Purpose != Live {
			continue
		}
		ran++
		if r.Outcome != Passed {
			if v.Why == "" {
				v.Why = reason(r)
			}
			v.Counted++
			continue
		}
		if r.Signature != "" && seen[r.Signature] {
			continue // the same happened in the same order: it says nothing new
		}
		seen[r.Signature] = true
		v.Counted++
		v.Passed++
	}
	if v.Why == "" && ran < s.Runs {
		v.Why = fmt.Sprintf("%d of %d runs were made", ran, s.Runs)
	}
	v.Proven = v.Why == "" && v.Passed > 0 && v.Passed == v.Counted
	return v
}

func reason(r Run) string {
	where := fmt.Sprintf("run %d (seed %d, up to %d ms latency, CPU ÷ %d, %d workers)", r.Index+1, r.Conditions.Seed, r.Conditions.LatencyMS, max(r.Conditions.CPU, 1), max(r.Conditions.Workers, 1))
	switch {
	case r.Outcome == Skipped:
		return where + " was skipped: a skipped test proves nothing"
	case r.End == nil:
		return where + " " + string(r.Outcome)
	case r.End.File != "":
		return fmt.Sprintf("%s failed by %s at %s:%d: %s", where, r.End.By, r.End.File, r.End.Line, r.End.Message)
	default:
		return fmt.Sprintf("%s failed by %s: %s", where, r.End.By, r.End.Message)
	}
}
