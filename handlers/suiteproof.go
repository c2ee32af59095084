package handlers

import (
	"bytes"
	"context"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"tapedeck/domain/proof"
	"tapedeck/domain/suite"
)

// reproofSpace makes ids of the jobs that prove reviewed texts: the same when the same request comes again.
var reproofSpace = uuid.MustParse("6f0c1c52-7f0b-4b8b-9a55-3c1f3a1f9d7e")

// proveSuite submits the job that verifies the project with its current text, with the same effort as what was generated, and
// says so in the review.
func (s *Server) proveSuite(ctx context.Context, c *fiber.Ctx, state suite.State, word suite.Word) (suite.State, error) {
	kind, ok := s.kinds[proof.Kind]
	if !ok || s.cfg.Uploads == nil {
		return state, unknownKind(proof.Kind)
	}
	written, err := s.repo.Load(ctx, state.ID)
	if err != nil {
		return state, err
	}
	archive, err := s.suiteProject(ctx, state)
	if err != nil {
		return state, err
	}
	text := state.Current()
	u, err := s.cfg.Uploads.PutUpload(ctx, bytes.NewReader(archive), maxProject)
	if err != nil {
		return state, err
	}
	unused := func() { s.dropUploads([]uploadedFile{{Upload: u.ID}}) }
	verify := map[string]any{
		"upload": u.ID, "sha256": u.SHA256.String(), "name": state.Name, "recordingId": state.RecordingID,
		"runs": state.Runs, "mutants": state.Mutants, "budgetSeconds": state.BudgetSeconds,
	}
	if state.TestSeconds > 0 {
		verify["testSeconds"] = state.TestSeconds
	}
	if state.CasesID != "" {
		verify["casesId"] = state.CasesID
	}
	input, err := json.Marshal(verify, json.Deterministic(true))
	if err != nil {
		return state, err
	}
	id := uuid.NewSHA1(reproofSpace, fmt.Appendf(nil, "%s/%s/%d", state.ID, text.SHA256, len(state.ProofsOf(text.Number)))).String()
	asked := submission{Input: input, Labels: written.Labels, ParentID: state.ID}
	cmd, err := asked.command(kind, s.cfg.Now())
	if err != nil {
		unused()
		return state, err
	}
	cmd.CommandID, cmd.Fingerprint = id, id
	r, err := s.append(id, state.Owner, reviewer(c, word), cmd, kind)
	if err != nil || r.replay {
		unused()
	}
	if err != nil {
		return state, outOfInput(err)
	}
	next, err := s.repo.ReviewSuite(ctx, state.ID, reviewer(c, word), 0, s.cfg.Now(), suite.BeginProof{ProofBegun: suite.ProofBegun{
		Text: text.Number, ProofID: id, Word: word,
	}})
	if err != nil {
		return state, err
	}
	return next, nil
}
