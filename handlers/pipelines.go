package handlers

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofiber/fiber/v2"

	"tapedeck/domain/job"
	"tapedeck/domain/pipeline"
	"tapedeck/eventstore/jobs"
	"tapedeck/handlers/problem"
)

const pipelinesPath = "/api/pipelines"

// ofJob are the members of a pipeline's body that belong to its job.
var ofJob = []string{"project", "priority", "labels"}

// runPipeline submits a pipeline: its input as JSON, or a form with that and the files that it is to read.
func (s *Server) runPipeline(c *fiber.Ctx) error {
	if isForm(c) {
		return s.runPipelineForm(c)
	}
	r, err := s.submitBody(c, pipeline.Kind, ofJob...)
	if err != nil {
		return err
	}
	return sendPipeline(c, r)
}

// isForm reports whether the request is a form with files.
func isForm(c *fiber.Ctx) bool {
	kind, _, _ := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	return kind == fiber.MIMEMultipartForm
}

func sendPipeline(c *fiber.Ctx, r submitted) error {
	c.Set(fiber.HeaderETag, etag(r.job.Version))
	c.Set(fiber.HeaderLocation, pipelinesPath+"/"+r.job.JobID)
	return sendJSON(c, fiber.StatusAccepted, map[string]any{
		"jobId": r.job.JobID, "status": r.job.Status, "version": r.job.Version, "cursor": r.job.Cursor,
	})
}

// runPipelineForm takes the input and files, which go to the store as they come.
func (s *Server) runPipelineForm(c *fiber.Ctx) (err error) {
	if _, ok := s.kinds[pipeline.Kind]; !ok || s.cfg.Uploads == nil {
		return unknownKind(pipeline.Kind)
	}
	if c.Get("Idempotency-Key") != "" {
		return problem.Field1("header/Idempotency-Key", "uploads take none: each is a job of its own")
	}
	stream, form, err := openForm(c)
	if err != nil {
		return err
	}
	files := documents{}
	defer func() {
		if err != nil {
			s.dropUploads(files.Files)
		}
	}()
	body, err := s.readPipelineForm(form, &files)
	if err != nil {
		return err
	}
	if n, err := io.CopyN(io.Discard, stream, maxFormRest); err == nil || n == maxFormRest {
		c.Response().SetConnectionClose() // what is left of it is no next request
	}
	raw, err := withFiles(body, files.Files)
	if err != nil {
		return err
	}
	if raw, err = bodySubmission(raw, pipeline.Kind, ofJob...); err != nil {
		return err
	}
	r, err := s.submitOne(raw, "", caller(c))
	if err != nil {
		return outOfInput(err)
	}
	return sendPipeline(c, r)
}

// readPipelineForm reads the form: "input" is the JSON of POST /api/pipelines, "files" the documents.
func (s *Server) readPipelineForm(form *multipart.Reader, files *documents) (body map[string]jsontext.Value, err error) {
	body = map[string]jsontext.Value{}
	left := s.cfg.MaxUpload
	for {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			return body, nil
		}
		if err != nil {
			return nil, brokenForm(err)
		}
		if name, isFile := fileName(part); isFile {
			if err := s.takeNamed(part, name, files, &left); err != nil {
				return nil, err
			}
			continue
		}
		if part.FormName() != "input" {
			return nil, problem.Field1(part.FormName(), "unknown field; want input and files")
		}
		text, err := io.ReadAll(io.LimitReader(part, maxPipelineInput+1))
		switch {
		case err != nil:
			return nil, brokenForm(err)
		case len(text) > maxPipelineInput:
			return nil, problem.Field1("input", "is too large")
		}
		if err := decode(text, &body, "input"); err != nil {
			return nil, err
		}
	}
}

// maxPipelineInput bounds the input in a form: it may hold a whole recording.
const maxPipelineInput = 4 << 20

// withFiles puts what was uploaded into a pipeline's input.
func withFiles(body map[string]jsontext.Value, files []uploadedFile) ([]byte, error) {
	if len(files) > 0 {
		ingest := map[string]jsontext.Value{}
		if given := body["ingest"]; len(given) > 0 {
			if err := decode(given, &ingest, "ingest"); err != nil {
				return nil, err
			}
		}
		if _, given := ingest["files"]; given {
			return nil, problem.Field1("ingest.files", "follows from what is uploaded")
		}
		var err error
		if ingest["files"], err = json.Marshal(files); err != nil {
			return nil, err
		}
		if body["ingest"], err = json.Marshal(ingest, json.Deterministic(true)); err != nil {
			return nil, err
		}
	}
	return json.Marshal(body, json.Deterministic(true))
}

// getPipeline answers a pipeline with its steps.
func (s *Server) getPipeline(c *fiber.Ctx) error {
	p, err := s.loadPipeline(c)
	if err != nil {
		return err
	}
	return sendJSON(c, fiber.StatusOK, p)
}

func (s *Server) loadPipeline(c *fiber.Ctx) (pipeline.State, error) {
	id, err := jobID(c)
	if err != nil {
		return pipeline.State{}, pipeline.ErrNotFound
	}
	ctx, cancel := within()
	defer cancel()
	return s.repo.LoadPipeline(ctx, id)
}

// retryPipeline submits a pipeline that does another one again from a step on.
func (s *Server) retryPipeline(c *fiber.Ctx) error {
	var b struct {
		From pipeline.Step `json:"from"`
	}
	if err := optionalBody(c, &b); err != nil {
		return err
	}
	key := c.Get("Idempotency-Key")
	if len(key) > maxKey {
		return problem.Field1("header/Idempotency-Key", "at most 255 bytes")
	}
	p, err := s.loadPipeline(c)
	if err != nil {
		return err
	}
	raw, err := again(p, b.From)
	if err != nil {
		return err
	}
	r, err := s.submitFor(raw, []byte(p.ID+"\x00"+string(b.From)), key, caller(c))
	if err != nil {
		return outOfInput(err)
	}
	if r.replay {
		c.Set("Idempotent-Replay", "true")
	}
	return sendPipeline(c, r)
}

// again is the submission of a pipeline that takes what p has done before a step: the first that is not done, unless from
// names one.
func again(p pipeline.State, from pipeline.Step) ([]byte, error) {
	if !p.Status.Final() {
		return nil, problem.New(problem.Conflict, "the pipeline is "+string(p.Status)+": stop or cancel it first")
	}
	first, open := p.First()
	switch {
	case from == "" && !open:
		return nil, problem.Field1("/from", "every step has succeeded: say from which one it is to be done again")
	case from == "":
		from = first
	case !from.Valid():
		return nil, problem.Field1("/from", "want record, ingest, cases, generate or verify")
	case open && first.Before(from):
		return nil, problem.New(problem.Conflict, "the step "+string(first)+" has not succeeded: begin there")
	}
	input := map[string]jsontext.Value{}
	if err := json.Unmarshal(p.Input, &input); err != nil {
		return nil, err
	}
	var err error
	if input["earlier"], err = json.Marshal(pipeline.Earlier{PipelineID: p.ID, From: from}); err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"kind": pipeline.Kind, "project": p.Project, "labels": p.Labels, "input": input}, json.Deterministic(true))
}

// endSteps passes the end of a pipeline that no worker was running on to its steps.
func (s *Server) endSteps(ctx context.Context, by jobs.Caller, state job.State, cmd job.Command) error {
	switch cmd.(type) {
	case job.RequestCancel, job.RequestStop:
	default:
		return nil
	}
	if state.Kind != pipeline.Kind || state.Status != job.StatusCancelled {
		return nil
	}
	return s.repo.EndSteps(ctx, state.ID, by, cmd)
}
