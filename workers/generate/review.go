package generate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"tapedeck/artifacts"
	"tapedeck/domain/event"
	"tapedeck/domain/recording"
	"tapedeck/domain/suite"
	"tapedeck/domain/testcase"
	"tapedeck/eventstore"
	"tapedeck/workers"
)

// propose keeps the text of the test under its digest and begins the suite's review.
func (c Config) propose(ctx context.Context, j *workers.Job, in Input, of recording.State, spec string, text []byte) error {
	if _, err := c.Files.PutText(ctx, text); err != nil {
		return err
	}
	s, err := c.Jobs.LoadSuite(ctx, j.ID())
	if errors.Is(err, suite.ErrNotFound) {
		s, err = suite.State{ID: j.ID(), Owner: j.Project()}, nil
	}
	if err != nil {
		return err
	}
	_, err = c.Jobs.ApplySuite(ctx, s, j.Caller(), c.Now(), []eventstore.Hold{j.Hold()}, suite.Propose{Proposed: suite.Proposed{
		About: suite.About{
			Attempt: j.Attempt(), RecordingID: of.ID, RecordingVersion: of.Version, Name: testcase.CutLine(of.Name, testcase.MaxTitle), Spec: spec,
			Runs: in.Runs, Mutants: in.Mutants, BudgetSeconds: in.Budget, TestSeconds: TestSeconds(of.Document()), CasesID: in.Cases,
		},
		Digest: suite.DigestOf(string(text)),
	}})
	return err
}

// proofBegan says in the review which job proves what was generated.
func (c Config) proofBegan(ctx context.Context, j *workers.Job, proofID string) error {
	s, err := c.Jobs.LoadSuite(ctx, j.ID())
	if err != nil {
		return err
	}
	_, err = c.Jobs.ApplySuite(ctx, s, j.Caller(), c.Now(), []eventstore.Hold{j.Hold()}, suite.BeginProof{ProofBegun: suite.ProofBegun{
		Text: s.Proposal().Number, ProofID: proofID, Word: suite.Word{By: Name},
	}})
	return err
}

// reviewed is the review of a suite; zero when it was generated before there were any. It fails permanently for a suite that
// is rejected.
func (c Config) reviewed(ctx context.Context, id string) (suite.State, error) {
	s, err := c.Jobs.LoadSuite(ctx, id)
	if errors.Is(err, suite.ErrNotFound) {
		return suite.State{ID: id}, nil
	}
	if err != nil {
		return s, err
	}
	var refused *suite.RefusedError
	if err := s.Exportable(); errors.As(err, &refused) {
		return s, workers.Permanent(CodeRejected, errors.New(refused.Why))
	}
	return s, nil
}

// proofs are the proofs of the suite's current text, the newest first; written names the one that its job had made.
func proofs(s suite.State, written string) []string {
	var ids []string
	of := s.ProofsOf(s.Current().Number)
	for i := range of {
		ids = append(ids, of[len(of)-1-i].ProofID)
	}
	if written != "" && s.Current().Digest == s.Proposal().Digest {
		ids = append(ids, written)
	}
	return ids
}

// text reads the suite's current text.
func (c Config) text(ctx context.Context, s suite.State) ([]byte, error) {
	var digest event.Hash
	if err := digest.UnmarshalText([]byte(s.Current().SHA256)); err != nil {
		return nil, err
	}
	r, err := c.Files.OpenText(ctx, digest)
	if errors.Is(err, artifacts.ErrNotFound) {
		return nil, workers.Permanent(CodeSuite, fmt.Errorf("the text of suite %s is gone", s.ID))
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	return io.ReadAll(io.LimitReader(r, maxProject))
}

// exported says in the review where its text was pushed to.
func (c Config) exported(ctx context.Context, j *workers.Job, s suite.State, in PushInput, r PushResult) error {
	if !s.Exists() {
		return nil
	}
	_, err := c.Jobs.ReviewSuite(ctx, s.ID, j.Caller(), 0, c.Now(), suite.Export{Exported: suite.Exported{
		Text: s.Current().Number, Format: suite.FormatGit, Word: suite.Word{By: cmp.Or(testcase.CutLine(in.By, testcase.MaxBy), PushName), Reason: in.Reason},
		Place: suite.Place{Repository: in.URL, Branch: r.Branch, Commit: r.Commit, URL: r.URL, JobID: j.ID()},
	}})
	var refused *suite.RefusedError
	if errors.As(err, &refused) { // it was rejected while it was pushed; the branch is there all the same
		return workers.Permanent(CodeRejected, fmt.Errorf("branch %s was pushed, but meanwhile %s", r.Branch, refused.Why))
	}
	return err
}
