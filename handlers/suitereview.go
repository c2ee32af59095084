package handlers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"github.com/gofiber/fiber/v2"

	"tapedeck/artifacts"
	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/domain/proof"
	"tapedeck/domain/suite"
	"tapedeck/domain/testcase"
	"tapedeck/eventstore/jobs"
	"tapedeck/handlers/problem"
)

// projectFile is the artefact with a generated suite's whole project.
const projectFile = "project.zip"

// reviewBody is a review as the API answers it: its proofs say how they stand.
type reviewBody struct {
	suite.State
	Proofs []proofBody `json:"proofs"`
}

// proofBody is a proof of a text, as it is now.
type proofBody struct {
	suite.Proof
	// Status is the proof's; before it has begun, that of its job.
	Status string `json:"status"`
	// Tests are all of the proof, Proven those that are.
	Tests  int `json:"tests"`
	Proven int `json:"proven"`
}

func (s *Server) sendReview(ctx context.Context, c *fiber.Ctx, state suite.State) error {
	body := reviewBody{State: state, Proofs: make([]proofBody, len(state.Proofs))}
	for i, p := range state.Proofs {
		var err error
		if body.Proofs[i], err = s.proofNow(ctx, p); err != nil {
			return err
		}
	}
	c.Set(fiber.HeaderETag, etag(state.Version))
	c.Set(fiber.HeaderCacheControl, "no-cache")
	return sendJSON(c, fiber.StatusOK, body)
}

// proofNow asks the proof itself how it stands: a review does not copy that.
func (s *Server) proofNow(ctx context.Context, p suite.Proof) (proofBody, error) {
	body := proofBody{Proof: p}
	state, err := s.repo.LoadProof(ctx, p.ProofID)
	if errors.Is(err, proof.ErrNotFound) {
		j, err := s.repo.Load(ctx, p.ProofID)
		body.Status = cmp.Or(string(j.Status), "gone")
		if errors.Is(err, job.ErrNotFound) {
			err = nil
		}
		return body, err
	}
	body.Status, body.Tests = string(state.Status), len(state.Tests)
	for _, t := range state.Tests {
		if state.Verdict(t.ID).Proven {
			body.Proven++
		}
	}
	return body, err
}

// loadReview is the review in the path.
func (s *Server) loadReview(ctx context.Context, c *fiber.Ctx) (suite.State, error) {
	id, err := jobID(c)
	if err != nil {
		return suite.State{}, suite.ErrNotFound
	}
	return s.repo.LoadSuite(ctx, id)
}

// writtenReview is the review of a suite whose job has ended: before that, its job may propose another text.
func (s *Server) writtenReview(ctx context.Context, c *fiber.Ctx) (suite.State, error) {
	state, err := s.loadReview(ctx, c)
	if err != nil {
		return state, err
	}
	j, err := s.repo.Load(ctx, state.ID)
	if err != nil {
		return state, err
	}
	if j.Status != job.StatusSucceeded {
		return state, problem.New(problem.Conflict, "the suite's job is "+string(j.Status)+": wait until it has written its tests")
	}
	return state, nil
}

// getReview answers what became of a generated suite.
func (s *Server) getReview(c *fiber.Ctx) error {
	if err := readQuery(c).err(); err != nil {
		return err
	}
	ctx, cancel := within()
	defer cancel()
	state, err := s.loadReview(ctx, c)
	if err != nil {
		return err
	}
	return s.sendReview(ctx, c, state)
}

// sayOfSuite decides a command on the review in the path, at the version in If-Match.
func (s *Server) sayOfSuite(ctx context.Context, c *fiber.Ctx, command suite.Command, word suite.Word) (suite.State, error) {
	version, err := ifMatch(c)
	if err != nil {
		return suite.State{}, err
	}
	state, err := s.writtenReview(ctx, c)
	if err != nil {
		return state, err
	}
	next, err := s.repo.ReviewSuite(ctx, state.ID, reviewer(c, word), version, s.cfg.Now(), command)
	var stale *jobs.VersionError
	if errors.As(err, &stale) {
		err = problem.New(problem.Conflict, "the suite has changed since this version",
			problem.Field{Path: "header/If-Match", Message: "not the current version"}).WithStatus(http.StatusPreconditionFailed)
	}
	return next, err
}

// reviewer is the caller, with the person's own name.
func reviewer(c *fiber.Ctx, word suite.Word) jobs.Caller {
	by := caller(c)
	by.Actor = testcase.CutLine(word.By, testcase.MaxBy)
	return by
}

// reviewSuite answers a request with a word about a suite; command is what it asks for.
func (s *Server) reviewSuite(command func(suite.Word) suite.Command) fiber.Handler {
	return func(c *fiber.Ctx) error {
		var w suite.Word
		if err := readBody(c, &w); err != nil {
			return err
		}
		ctx, cancel := within()
		defer cancel()
		state, err := s.sayOfSuite(ctx, c, command(w), w)
		if err != nil {
			return err
		}
		return s.sendReview(ctx, c, state)
	}
}

func acceptSuite(w suite.Word) suite.Command { return suite.Accept{Word: w} }
func rejectSuite(w suite.Word) suite.Command { return suite.Reject{Word: w} }

// editSuite puts another text in the place of the current one, and has it proven.
func (s *Server) editSuite(c *fiber.Ctx) error {
	var b struct {
		Text string `json:"text"`
		// Prove is true when absent.
		Prove *bool `json:"prove"`
		suite.Word
	}
	if err := readBody(c, &b); err != nil {
		return err
	}
	if err := suite.CheckText(b.Text); err != nil {
		return err
	}
	ctx, cancel := within()
	defer cancel()
	if _, err := s.writtenReview(ctx, c); err != nil { // or the text would be kept for nobody
		return err
	}
	if _, err := s.cfg.Artifacts.PutText(ctx, []byte(b.Text)); err != nil {
		return err
	}
	state, err := s.sayOfSuite(ctx, c, suite.Edit{Text: b.Text, Word: b.Word}, b.Word)
	if err != nil {
		return err
	}
	if (b.Prove == nil || *b.Prove) && len(state.ProofsOf(state.Current().Number)) == 0 {
		if state, err = s.proveSuite(ctx, c, state, b.Word); err != nil {
			return kept(state, err)
		}
	}
	return s.sendReview(ctx, c, state)
}

// kept says that the edit itself is in the log.
func kept(state suite.State, err error) error {
	p := problem.Of(err)
	if p == nil {
		return err
	}
	p.Detail = fmt.Sprintf("the text was kept as number %d, but it could not be handed over to be proven: %s", state.Current().Number, p.Detail)
	return p
}

// proveSuiteAgain has the current text proven once more.
func (s *Server) proveSuiteAgain(c *fiber.Ctx) error {
	var w suite.Word
	if err := readBody(c, &w); err != nil {
		return err
	}
	if err := w.Check(); err != nil {
		return err
	}
	ctx, cancel := within()
	defer cancel()
	state, err := s.writtenReview(ctx, c)
	if err != nil {
		return err
	}
	if state, err = s.proveSuite(ctx, c, state, w); err != nil {
		return err
	}
	return s.sendReview(ctx, c, state)
}

// readSuiteText answers a text of the suite's test.
func (s *Server) readSuiteText(c *fiber.Ctx) error {
	q := readQuery(c, "number")
	number := q.number("number", 0, 1, 1<<20)
	if err := q.err(); err != nil {
		return err
	}
	ctx, cancel := within()
	defer cancel()
	state, err := s.loadReview(ctx, c)
	if err != nil {
		return err
	}
	text, err := s.suiteText(ctx, state, number)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderETag, etag(state.Version))
	sendPlain(c, text)
	return nil
}

// sendPlain answers text that a browser does not run.
func sendPlain(c *fiber.Ctx, text []byte) {
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderCacheControl, "no-cache")
	c.Response().Header.SetContentType("text/plain; charset=utf-8")
	c.Response().SetBodyRaw(text)
}

// suiteText reads a text by its number; 0 is the current one.
func (s *Server) suiteText(ctx context.Context, state suite.State, number int) ([]byte, error) {
	t, err := state.Text(number)
	if err != nil {
		return nil, err
	}
	var digest event.Hash
	if err := digest.UnmarshalText([]byte(t.SHA256)); err != nil {
		return nil, err
	}
	r, err := s.cfg.Artifacts.OpenText(ctx, digest)
	if errors.Is(err, artifacts.ErrNotFound) {
		return nil, problem.New(problem.NotFound, "the text's bytes are not there any more: generate the suite again")
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	return io.ReadAll(r)
}

// diffSuite answers what differs between two texts, as a unified diff; without numbers, between what was generated and what
// is current.
func (s *Server) diffSuite(c *fiber.Ctx) error {
	q := readQuery(c, "from", "to")
	from, to := q.number("from", 0, 1, 1<<20), q.number("to", 0, 1, 1<<20)
	if err := q.err(); err != nil {
		return err
	}
	ctx, cancel := within()
	defer cancel()
	state, err := s.loadReview(ctx, c)
	if err != nil {
		return err
	}
	from, to = cmp.Or(from, state.Proposal().Number), cmp.Or(to, state.Current().Number)
	before, err := s.suiteText(ctx, state, from)
	if err != nil {
		return err
	}
	after, err := s.suiteText(ctx, state, to)
	if err != nil {
		return err
	}
	label := func(n int) string { return state.Spec + " (" + strconv.Itoa(n) + ")" }
	sendPlain(c, []byte(udiff.Unified(label(from), label(to), string(before), string(after))))
	return nil
}

// suiteProject is the suite's whole project with its current text.
func (s *Server) suiteProject(ctx context.Context, state suite.State) ([]byte, error) {
	text, err := s.suiteText(ctx, state, 0)
	if err != nil {
		return nil, err
	}
	gone := problem.New(problem.NotFound, "the suite's project is not there any more: generate the suite again")
	r, err := s.cfg.Artifacts.Read(ctx, artifacts.Key{JobID: state.ID, Attempt: max(state.Attempt, 1), Name: projectFile}, 0, -1)
	if errors.Is(err, artifacts.ErrNotFound) {
		return nil, gone
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	archive, err := io.ReadAll(io.LimitReader(r, maxProject))
	if err != nil {
		return nil, err
	}
	return artifacts.ReplaceFile(archive, state.Spec, text)
}

// exportSuite answers the project with its current text. A POST says in the history that it was handed out, to whom and why; a
// GET leaves no trace.
func (s *Server) exportSuite(c *fiber.Ctx) error {
	if err := readQuery(c).err(); err != nil {
		return err
	}
	var word suite.Word
	if c.Method() == fiber.MethodPost {
		if err := readBody(c, &word); err != nil {
			return err
		}
	}
	ctx, cancel := within()
	defer cancel()
	state, err := s.writtenReview(ctx, c)
	if err != nil {
		return err
	}
	if err := state.Exportable(); err != nil {
		return err
	}
	archive, err := s.suiteProject(ctx, state)
	if err != nil {
		return err
	}
	if c.Method() == fiber.MethodPost {
		// What is said to be handed out is what the archive holds: an edit that came meanwhile is not in it.
		e := suite.Exported{Text: state.Current().Number, Format: suite.FormatZip, Word: word}
		if state, err = s.sayOfSuite(ctx, c, suite.Export{Exported: e}, word); err != nil {
			return err
		}
	}
	c.Set(fiber.HeaderETag, etag(state.Version))
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	name := strings.TrimSuffix(path.Base(state.Spec), ".spec.ts") + ".zip"
	c.Set(fiber.HeaderContentDisposition, `attachment; filename*=UTF-8''`+url.PathEscape(name))
	c.Response().Header.SetContentType("application/zip")
	c.Response().SetBodyRaw(archive)
	return nil
}
