package handlers

import (
	"errors"
	"io"
	"mime/multipart"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofiber/fiber/v2"

	"tapedeck/artifacts"
	"tapedeck/domain/proof"
	"tapedeck/handlers/problem"
)

const verifyPath = "/api/suites/verify"

// generateKind writes tests from a recording.
const generateKind = "suite.generate"

// generateSuite submits the job that writes tests from a recording.
func (s *Server) generateSuite(c *fiber.Ctx) error {
	r, err := s.submitBody(c, generateKind, "project", "priority")
	if err != nil {
		return err
	}
	return sendIngest(c, r)
}

// pushKind proposes generated tests to a repository.
const pushKind = "suite.push"

// pushSuite submits the job that proposes tests to a repository.
func (s *Server) pushSuite(c *fiber.Ctx) error {
	r, err := s.submitBody(c, pushKind, "project", "priority")
	if err != nil {
		return err
	}
	return sendIngest(c, r)
}

// exploreKind tries test cases on an environment.
const exploreKind = "suite.explore"

// exploreSuite submits the job that tries test cases on an environment.
func (s *Server) exploreSuite(c *fiber.Ctx) error {
	r, err := s.submitBody(c, exploreKind, "project", "priority")
	if err != nil {
		return err
	}
	return sendIngest(c, r)
}

// maxProject bounds a test project's archive.
const maxProject = 100 << 20

// verifySuite takes a form with a test project, and submits the job that verifies it.
func (s *Server) verifySuite(c *fiber.Ctx) (err error) {
	if _, ok := s.kinds[proof.Kind]; !ok || s.cfg.Uploads == nil {
		return unknownKind(proof.Kind)
	}
	if c.Get("Idempotency-Key") != "" {
		return problem.Field1("header/Idempotency-Key", "uploads take none: each is a job of its own")
	}
	stream, form, err := openForm(c)
	if err != nil {
		return err
	}
	var files []uploadedFile
	defer func() {
		if err != nil {
			s.dropUploads(files)
		}
	}()
	input, owner, err := s.readProject(form, &files)
	if err != nil {
		return err
	}
	if n, err := io.CopyN(io.Discard, stream, maxFormRest); err == nil || n == maxFormRest {
		c.Response().SetConnectionClose() // what is left of it is no next request
	}
	if len(files) == 0 {
		return problem.Field1("project", "no archive was given")
	}
	input["upload"], input["sha256"] = files[0].Upload, files[0].SHA256
	job := map[string]any{"kind": proof.Kind, "input": input}
	if owner != "" {
		job["project"] = owner
	}
	raw, err := json.Marshal(job)
	if err != nil {
		return err
	}
	r, err := s.submitOne(raw, "", caller(c))
	if err != nil {
		return outOfInput(err)
	}
	c.Set(fiber.HeaderETag, etag(r.job.Version))
	return sendIngest(c, r)
}

// readProject reads the form: "input" is the job's input as JSON, "owner" the Tapedeck project, "project" the archive.
func (s *Server) readProject(form *multipart.Reader, files *[]uploadedFile) (input map[string]any, owner string, err error) {
	input = map[string]any{}
	for {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			return input, owner, nil
		}
		if err != nil {
			return nil, "", brokenForm(err)
		}
		if name, isFile := fileName(part); isFile {
			if err := s.takeProject(part, name, files); err != nil {
				return nil, "", err
			}
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, maxInputField+1))
		switch {
		case err != nil:
			return nil, "", brokenForm(err)
		case len(text) > maxInputField:
			return nil, "", problem.Field1(part.FormName(), "is too large")
		case part.FormName() == "owner":
			owner = string(text)
		case part.FormName() == "input":
			if err := json.Unmarshal(text, &input, jsontext.AllowDuplicateNames(false)); err != nil {
				return nil, "", problem.Field1("input", "is no JSON object")
			}
			for _, name := range []string{"upload", "sha256"} {
				if _, given := input[name]; given {
					return nil, "", problem.Field1("input."+name, "follows from what is uploaded")
				}
			}
		default:
			return nil, "", problem.Field1(part.FormName(), "unknown field; want input, owner and project")
		}
	}
}

// maxInputField bounds the input in a form.
const maxInputField = 256 << 10

func (s *Server) takeProject(part *multipart.Part, name string, files *[]uploadedFile) error {
	if part.FormName() != "project" || len(*files) > 0 {
		return problem.Field1(part.FormName(), "want one file, named project")
	}
	ctx, cancel := within()
	defer cancel()
	u, err := s.cfg.Uploads.PutUpload(ctx, part, maxProject)
	switch {
	case errors.Is(err, artifacts.ErrTooLarge):
		return problem.New(problem.TooLarge, "a test project has at most 100 MB; leave node_modules and results out")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return brokenForm(err)
	case err != nil:
		return err
	}
	*files = append(*files, uploadedFile{Name: name, Upload: u.ID, SHA256: u.SHA256.String(), Size: u.Size})
	return nil
}

// openRunTrace answers where the trace viewer shows the trace of one run.
func (s *Server) openRunTrace(c *fiber.Ctx) error {
	q := readQuery(c, "name")
	name := q.one("name")
	if name != traceFile && !strings.HasSuffix(name, "/"+traceFile) {
		q.fault("name", "want the name of a "+traceFile)
	}
	if err := q.err(); err != nil {
		return err
	}
	return s.showTrace(c, name)
}

// getProof answers what is known of a test project's worth.
func (s *Server) getProof(c *fiber.Ctx) error {
	ctx, cancel := within()
	defer cancel()
	state, err := s.repo.LoadProof(ctx, c.Params("id"))
	if err != nil {
		return err
	}
	// Verdicts follow from the runs as they are now, also while it is being made.
	if state.Verdicts == nil {
		for _, t := range state.Tests {
			state.Verdicts = append(state.Verdicts, state.Verdict(t.ID))
		}
	}
	c.Set(fiber.HeaderETag, etag(state.Version))
	return sendJSON(c, fiber.StatusOK, state)
}
