package handlers

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofiber/fiber/v2"

	"tapedeck/domain/proof"
	"tapedeck/domain/testcase"
	"tapedeck/eventstore/jobs"
	"tapedeck/handlers/caseexport"
	"tapedeck/handlers/problem"
)

// generateCases submits the job that makes test cases. Without sources it reads all of the project, as they are now: the
// job's input names them, because a worker has no index of what is known.
func (s *Server) generateCases(c *fiber.Ctx) error {
	raw, err := rawBody(c)
	if err != nil {
		return err
	}
	key := c.Get("Idempotency-Key")
	if len(key) > maxKey {
		return problem.Field1("header/Idempotency-Key", "at most 255 bytes")
	}
	asked, err := bodySubmission(raw, testcase.Kind, "project", "priority")
	if err != nil {
		return err
	}
	full, err := s.withSources(asked)
	if err != nil {
		return err
	}
	r, err := s.submitFor(full, asked, key, caller(c))
	if err != nil {
		return outOfInput(err)
	}
	c.Set(fiber.HeaderETag, etag(r.job.Version))
	if r.replay {
		c.Set("Idempotent-Replay", "true")
	}
	return sendIngest(c, r)
}

// maxSources is how many sources one job reads.
const maxSources = 100

// withSources names the project's sources in a submission that names none.
func (s *Server) withSources(raw []byte) ([]byte, error) {
	var b map[string]jsontext.Value
	if err := json.Unmarshal(raw, &b); err != nil {
		return nil, err
	}
	var input map[string]jsontext.Value
	var asked []string
	if err := json.Unmarshal(b["input"], &input); err != nil {
		return nil, err
	}
	// What is no list of texts is the kind's to refuse.
	if given := input["sources"]; s.cfg.Knowledge == nil || len(given) > 0 && (json.Unmarshal(given, &asked) != nil || len(asked) > 0) {
		return raw, nil
	}
	project := defaultProject
	if given := b["project"]; len(given) > 0 && (json.Unmarshal(given, &project) != nil || project == "") {
		return raw, nil
	}
	ctx, cancel := within()
	defer cancel()
	known, _, err := s.cfg.Knowledge.Sources(ctx, project)
	if err != nil {
		return nil, readFault(err)
	}
	if len(known) > maxSources {
		return nil, problem.Field1("/sources", "the project has more than 100 sources: name those that are meant")
	}
	ids := make([]string, len(known))
	for i, k := range known {
		ids[i] = k.ID
	}
	if input["sources"], err = json.Marshal(ids); err != nil {
		return nil, err
	}
	if b["input"], err = json.Marshal(input, json.Deterministic(true)); err != nil {
		return nil, err
	}
	return json.Marshal(b, json.Deterministic(true))
}

func (s *Server) sendCases(c *fiber.Ctx, state testcase.State, now actuality) error {
	c.Set(fiber.HeaderETag, now.tag(state.Version))
	return sendJSON(c, fiber.StatusOK, casesBody{state, fromElsewhere, now})
}

func (s *Server) loadCases(c *fiber.Ctx) (testcase.State, error) {
	id, err := jobID(c)
	if err != nil {
		return testcase.State{}, testcase.ErrNotFound
	}
	ctx, cancel := within()
	defer cancel()
	return s.repo.LoadTestCases(ctx, id)
}

// getCases answers the cases with what became of them; while they are being made, what there is so far.
func (s *Server) getCases(c *fiber.Ctx) error {
	if err := readQuery(c).err(); err != nil {
		return err
	}
	state, err := s.loadCases(c)
	if err != nil {
		return err
	}
	now := s.actuality(state)
	c.Set(fiber.HeaderCacheControl, "no-cache")
	if tag := now.tag(state.Version); noneMatch(c, tag) {
		c.Set(fiber.HeaderETag, tag)
		return c.SendStatus(fiber.StatusNotModified)
	}
	return s.sendCases(c, state, now)
}

// reviewCase answers a request that says something about a case; read makes its command of the body.
func (s *Server) reviewCase(read func(c *fiber.Ctx, caseID string) (testcase.Command, testcase.Word, error)) fiber.Handler {
	return func(c *fiber.Ctx) error {
		command, word, err := read(c, strings.Clone(c.Params("caseId")))
		if err != nil {
			return err
		}
		version, err := casesMatch(c)
		if err != nil {
			return err
		}
		state, err := s.review(c, version, command, word)
		if err != nil {
			return err
		}
		return s.sendCases(c, state, s.actuality(state))
	}
}

// review decides a command on the set in the path, at a version; 0 is any.
func (s *Server) review(c *fiber.Ctx, version uint64, command testcase.Command, word testcase.Word) (testcase.State, error) {
	id, err := jobID(c)
	if err != nil {
		return testcase.State{}, testcase.ErrNotFound
	}
	ctx, cancel := within()
	defer cancel()
	by := caller(c)
	by.Actor = testcase.CutLine(word.By, testcase.MaxBy)
	state, err := s.repo.ReviewTestCases(ctx, id, by, version, s.cfg.Now(), command)
	var stale *jobs.VersionError
	if errors.As(err, &stale) {
		err = problem.New(problem.Conflict, "the test cases have changed since this version",
			problem.Field{Path: "header/If-Match", Message: "not the current version"}).WithStatus(http.StatusPreconditionFailed)
	}
	return state, err
}

func editCase(c *fiber.Ctx, id string) (testcase.Command, testcase.Word, error) {
	var b struct {
		testcase.Content
		testcase.Word
	}
	err := readBody(c, &b)
	return testcase.Edit{CaseID: id, Content: b.Content, Word: b.Word}, b.Word, err
}

func acceptCase(c *fiber.Ctx, id string) (testcase.Command, testcase.Word, error) {
	var w testcase.Word
	err := readBody(c, &w)
	return testcase.Accept{CaseID: id, Word: w}, w, err
}

func rejectCase(c *fiber.Ctx, id string) (testcase.Command, testcase.Word, error) {
	var w testcase.Word
	err := readBody(c, &w)
	return testcase.Reject{CaseID: id, Word: w}, w, err
}

// proveCase says which test of a proof proves a case. That the test is of this case, the person says; that it is proven, on
// the same recording, the proof does.
func (s *Server) proveCase(c *fiber.Ctx, id string) (testcase.Command, testcase.Word, error) {
	var b struct {
		ProofID string `json:"proofId"`
		Test    string `json:"test"`
		testcase.Word
	}
	if err := readBody(c, &b); err != nil {
		return nil, b.Word, err
	}
	set, err := s.loadCases(c)
	if err != nil {
		return nil, b.Word, err
	}
	found, ok := set.Case(id)
	if !ok {
		return nil, b.Word, testcase.ErrNoCase
	}
	ctx, cancel := within()
	defer cancel()
	class, err := s.classOf(ctx, set, found, b.ProofID, b.Test)
	return testcase.Prove{Proven: testcase.Proven{CaseID: id, Class: class, ProofID: b.ProofID, Test: b.Test, Word: b.Word}}, b.Word, err
}

// classOf is what a test of a proof makes of a case.
func (s *Server) classOf(ctx context.Context, set testcase.State, c testcase.Reviewed, proofID, test string) (testcase.Class, error) {
	if proofID == "" || len(proofID) > 64 || strings.Trim(proofID, idChars) != "" {
		return "", problem.Field1("/proofId", "want the id of a verification's job")
	}
	p, err := s.repo.LoadProof(ctx, proofID)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(p.Tests, func(t proof.Test) bool { return t.ID == test })
	switch {
	case p.Owner != set.Owner:
		return "", proof.ErrNotFound
	case i < 0:
		return "", problem.Field1("/test", "the proof has no such test")
	case p.Status == proof.StatusRunning:
		return "", problem.New(problem.Conflict, "the proof is still being made")
	}
	if v := p.Verdict(test); !v.Proven {
		return "", problem.New(problem.Conflict, "the test is not proven: "+v.Why)
	}
	if p.Mode != "live" && p.Tests[i].Recording != set.RecordingID {
		return "", problem.New(problem.Conflict, "the test was proven on another recording than the cases are of")
	}
	return c.Proves(p.Mode == "live"), nil
}

// exportCases answers the cases as a file. A POST says in their history that they were handed out, to whom and why, and may
// bring a template; a GET leaves no trace.
func (s *Server) exportCases(c *fiber.Ctx) error {
	q := readQuery(c, "format", "status")
	format := caseexport.Format(q.word("format", string(caseexport.Markdown), caseexport.Formats...))
	wanted := q.words("status", standings()...)
	if err := q.err(); err != nil {
		return err
	}
	var word testcase.Word
	var template []byte
	if c.Method() == fiber.MethodPost {
		var err error
		if word, template, err = exportRequest(c); err != nil {
			return err
		}
	}
	if template != nil && format != caseexport.XLSX {
		return problem.Field1("query/format", "a template is filled in as xlsx")
	}
	version, err := casesMatch(c)
	if err != nil {
		return err
	}
	state, err := s.loadCases(c)
	if err != nil {
		return err
	}
	cases := standing(state, wanted)
	if len(cases) == 0 {
		return problem.New(problem.Conflict, "there is no case of this status to be exported")
	}
	file, err := caseexport.Write(format, state, cases, template)
	var bad *caseexport.TemplateError
	if errors.As(err, &bad) {
		return problem.Field1("/template", bad.Error())
	}
	if err != nil {
		return err
	}
	if c.Method() == fiber.MethodPost {
		exported := testcase.Exported{Format: string(format), Word: word}
		for _, r := range cases {
			exported.CaseIDs = append(exported.CaseIDs, r.ID)
		}
		// What is said to be handed out is what the file holds, or nothing.
		if state, err = s.review(c, cmp.Or(version, state.Version), testcase.Export{Exported: exported}, word); err != nil {
			return err
		}
	}
	c.Set(fiber.HeaderETag, etag(state.Version))
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename*=UTF-8''`+url.PathEscape("test-cases-"+state.ID+format.Extension()))
	c.Response().Header.SetContentType(format.ContentType())
	c.Response().SetBodyRaw(file)
	return nil
}

func standings() []string {
	out := make([]string, len(testcase.Standings))
	for i, s := range testcase.Standings {
		out[i] = string(s)
	}
	return out
}

// standing are the cases of these standings; with none, all but the rejected ones.
func standing(s testcase.State, wanted []string) []testcase.Reviewed {
	var out []testcase.Reviewed
	for _, r := range s.Cases {
		if len(wanted) == 0 && r.Standing != testcase.IsRejected || slices.Contains(wanted, string(r.Standing)) {
			out = append(out, r)
		}
	}
	return out
}

// exportRequest reads who exports and why, as JSON or as a form with a template.
func exportRequest(c *fiber.Ctx) (word testcase.Word, template []byte, err error) {
	kind, params, _ := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if kind != fiber.MIMEMultipartForm {
		return word, nil, readBody(c, &word)
	}
	form := multipart.NewReader(bytes.NewReader(c.Request().Body()), params["boundary"])
	for {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			return word, template, nil
		}
		if err != nil {
			return word, nil, brokenForm(err)
		}
		raw, err := io.ReadAll(part) // of a body that is bounded
		if err != nil {
			return word, nil, brokenForm(err)
		}
		switch part.FormName() {
		case "by":
			word.By = strings.ToValidUTF8(string(raw), "")
		case "reason":
			word.Reason = strings.ToValidUTF8(string(raw), "")
		case "template":
			template = slices.Concat([]byte{}, raw)
		default:
			return word, nil, problem.Field1(part.FormName(), "unknown field; want by, reason and template")
		}
	}
}
