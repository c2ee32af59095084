package pipeline

import (
	"context"
	"errors"

	"tapedeck/domain/pipeline"
	"tapedeck/domain/suite"
)

// proofBegan says in the suite's review which job proves what was generated; saying it again changes nothing.
func (r *run) proofBegan(ctx context.Context, proofID string) error {
	s, err := r.cfg.Jobs.LoadSuite(ctx, r.result.GenerateID)
	if errors.Is(err, suite.ErrNotFound) { // it was generated before there were reviews
		return nil
	}
	if err != nil {
		return err
	}
	_, err = r.cfg.Jobs.ReviewSuite(ctx, s.ID, r.job.Caller(), 0, r.cfg.Now(), suite.BeginProof{ProofBegun: suite.ProofBegun{
		Text: s.Proposal().Number, ProofID: proofID, Word: suite.Word{By: pipeline.Kind},
	}})
	return err
}
