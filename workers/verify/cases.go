package verify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"tapedeck/domain/proof"
	"tapedeck/domain/testcase"
)

// tellCases tells the test cases that tests are the code of what is proven. One that is no longer there, or that somebody
// has changed so that no program can do it any more, is passed over.
func (v *verification) tellCases(ctx context.Context) error {
	if v.in.Cases == "" {
		return nil
	}
	set, err := v.cfg.Jobs.LoadTestCases(ctx, v.in.Cases)
	if errors.Is(err, testcase.ErrNotFound) || err == nil && set.Owner != v.job.Project() {
		v.job.Logf(slog.LevelWarn, "there are no test cases %s: nothing is said to them", v.in.Cases)
		return nil
	}
	if err != nil {
		return err
	}
	now := v.ledger.now()
	for _, t := range v.tests {
		if !now.Verdict(t.ID).Proven || v.site == nil && t.Recording != set.RecordingID {
			continue
		}
		for _, id := range t.Cases {
			c, ok := set.Case(id)
			if !ok || c.Trial == nil {
				continue
			}
			_, err := v.cfg.Jobs.ReviewTestCases(ctx, set.ID, v.job.Caller(), 0, v.cfg.Now(), testcase.Prove{Proven: testcase.Proven{
				CaseID: id, Class: c.Proves(v.site != nil), ProofID: now.ID, Test: t.ID,
				Word: testcase.Word{By: proof.Kind, Reason: fmt.Sprintf("its test passed %d of %d runs", v.in.Runs, v.in.Runs)},
			}})
			if errors.As(err, new(*testcase.RefusedError)) || errors.Is(err, testcase.ErrNoCase) {
				continue
			}
			if err != nil {
				return fmt.Errorf("tell test case %s: %w", id, err)
			}
		}
	}
	return nil
}
