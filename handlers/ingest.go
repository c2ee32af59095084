package handlers

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofiber/fiber/v2"

	"tapedeck/artifacts"
	"tapedeck/domain/knowledge"
	"tapedeck/handlers/problem"
)

// Uploads keeps files for jobs that do not exist yet. *artifacts.Store implements it.
type Uploads interface {
	// PutUpload fails with artifacts.ErrTooLarge, or with r's own error.
	PutUpload(ctx context.Context, r io.Reader, limit int64) (artifacts.Upload, error)
	DeleteUpload(ctx context.Context, id string) error
}

// ingest answers submissions of a kind that gathers knowledge. labels are the documents', not the job's.
func (s *Server) ingest(kind knowledge.SourceKind) fiber.Handler {
	return func(c *fiber.Ctx) error {
		r, err := s.submitBody(c, kind.JobKind(), "project", "priority")
		if err != nil {
			return err
		}
		return sendIngest(c, r)
	}
}

func sendIngest(c *fiber.Ctx, r submitted) error {
	c.Set(fiber.HeaderLocation, "/api/jobs/"+r.job.JobID)
	return sendJSON(c, fiber.StatusAccepted, map[string]any{
		"jobId": r.job.JobID, "status": r.job.Status, "version": r.job.Version, "cursor": r.job.Cursor,
	})
}

// Preview is what a job that gathers knowledge would read, as far as that can be told without reading it.
type Preview struct {
	// Count is how many there are; an Approximate one is an estimate.
	Count       int  `json:"count"`
	Approximate bool `json:"approximate,omitzero"`
	// Items are the first of them, and what would be left out.
	Items []PreviewItem `json:"items"`
	Notes []string      `json:"notes,omitempty"`
}

// PreviewItem is an address or a key; Reason says why it would be left out.
type PreviewItem struct {
	Key    string `json:"key"`
	Reason string `json:"reason,omitempty"`
}

// previewTimeout bounds the asking of somebody else.
const previewTimeout = 30 * time.Second

// preview answers what a job of the kind would read. Nothing is kept.
func (s *Server) preview(source knowledge.SourceKind) fiber.Handler {
	return func(c *fiber.Ctx) error {
		kind, ok := s.kinds[source.JobKind()]
		if !ok || s.cfg.Preview == nil {
			return unknownKind(source.JobKind())
		}
		raw, err := rawBody(c)
		if err != nil {
			return err
		}
		if raw, err = bodySubmission(raw, kind.Name, "project", "priority"); err != nil {
			return err
		}
		var asked struct {
			Input jsontext.Value `json:"input"`
		}
		if err := json.Unmarshal(raw, &asked); err != nil {
			return err
		}
		if kind.Check != nil {
			if err := kind.Check(asked.Input); err != nil {
				return outOfInput(err)
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), previewTimeout)
		defer cancel()
		p, err := s.cfg.Preview(ctx, source, asked.Input)
		switch {
		case ctx.Err() != nil:
			return problem.New(problem.Unavailable, "it takes too long to look; a job has the time")
		case err != nil:
			return problem.New(problem.Invalid, err.Error())
		}
		if p.Items == nil {
			p.Items = []PreviewItem{}
		}
		return sendJSON(c, fiber.StatusOK, p)
	}
}

// documents is the input of a job of ingest.documents, and what of its form belongs to the job.
type documents struct {
	Files   []uploadedFile `json:"files"`
	Name    string         `json:"name,omitempty"`
	Replace bool           `json:"replace,omitzero"`
	Labels  []string       `json:"labels,omitempty"`

	project string
}

type uploadedFile struct {
	Name        string `json:"name"`
	Upload      string `json:"upload"`
	SHA256      string `json:"sha256"`
	Size        int64  `json:"size"`
	ContentType string `json:"contentType,omitempty"`
}

// Bounds of a form.
const (
	maxFormField = 4 << 10
	maxFiles     = 10_000
	maxFileName  = 1024
	maxFormRest  = 64 << 10 // behind the form's end
)

// ingestDocuments takes a form with files, which go to the store as they come.
func (s *Server) ingestDocuments(c *fiber.Ctx) (err error) {
	kind := knowledge.Files.JobKind()
	if _, ok := s.kinds[kind]; !ok || s.cfg.Uploads == nil {
		return unknownKind(kind)
	}
	if c.Get("Idempotency-Key") != "" {
		return problem.Field1("header/Idempotency-Key", "uploads take none: each is a job of its own")
	}
	stream, form, err := openForm(c)
	if err != nil {
		return err
	}
	in := documents{}
	defer func() {
		if err != nil {
			s.dropUploads(in.Files)
		}
	}()
	if err := s.readForm(form, &in); err != nil {
		return err
	}
	if n, err := io.CopyN(io.Discard, stream, maxFormRest); err == nil || n == maxFormRest {
		c.Response().SetConnectionClose() // what is left of it is no next request
	}
	if len(in.Files) == 0 {
		return problem.Field1("files", "no file was given")
	}
	job := map[string]any{"kind": kind, "input": in}
	if in.project != "" {
		job["project"] = in.project
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

// dropUploads removes what no job will read.
func (s *Server) dropUploads(files []uploadedFile) {
	ctx, cancel := within()
	defer cancel()
	for _, f := range files {
		if err := s.cfg.Uploads.DeleteUpload(ctx, f.Upload); err != nil {
			s.log.Warn("an upload that no job reads is left", "upload", f.Upload, "err", err)
		}
	}
}

func openForm(c *fiber.Ctx) (io.Reader, *multipart.Reader, error) {
	kind, params, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil || kind != fiber.MIMEMultipartForm || params["boundary"] == "" {
		return nil, nil, fiber.NewError(fiber.StatusUnsupportedMediaType, "want multipart/form-data")
	}
	stream := c.Context().RequestBodyStream()
	if stream == nil {
		return nil, nil, problem.Field1("files", "no file was given")
	}
	slow := &patient{stream, c.Context().Conn()}
	return slow, multipart.NewReader(slow, params["boundary"]), nil
}

// patient reads a request for as long as it goes on: a large file takes longer than a request may.
type patient struct {
	r    io.Reader
	conn net.Conn
}

const uploadPatience = time.Minute

// Read implements io.Reader.
func (p *patient) Read(b []byte) (int, error) {
	_ = p.conn.SetReadDeadline(time.Now().Add(uploadPatience))
	return p.r.Read(b)
}

func (s *Server) readForm(form *multipart.Reader, in *documents) error {
	left := s.cfg.MaxUpload
	for {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return brokenForm(err)
		}
		name, isFile := fileName(part)
		if isFile {
			err = s.takeNamed(part, name, in, &left)
		} else {
			err = in.field(part)
		}
		if err != nil {
			return err
		}
	}
}

// takeNamed takes a file whose name no other has.
func (s *Server) takeNamed(part *multipart.Part, name string, in *documents, left *int64) error {
	switch {
	case len(in.Files) == maxFiles:
		return problem.Field1("files", "at most "+strconv.Itoa(maxFiles)+" files at a time")
	case name == "":
		return problem.Field1("files", "a file needs a name")
	case in.has(name):
		return problem.Field1("files", "two files are named "+name)
	}
	return s.takeFile(part, name, in, left)
}

func brokenForm(err error) error {
	var known *problem.Problem
	if errors.As(err, &known) {
		return err
	}
	return problem.New(problem.Invalid, "the form is broken or ended too early; nothing of it was kept")
}

func (s *Server) takeFile(part *multipart.Part, name string, in *documents, left *int64) error {
	u, err := s.cfg.Uploads.PutUpload(context.Background(), part, *left)
	if errors.Is(err, artifacts.ErrTooLarge) {
		return problem.New(problem.TooLarge, "an upload has at most "+strconv.FormatInt(s.cfg.MaxUpload, 10)+" bytes (INGEST_MAX_UPLOAD); nothing of it was kept")
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return brokenForm(err)
	}
	if err != nil {
		return err
	}
	*left -= u.Size
	contentType, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
	in.Files = append(in.Files, uploadedFile{Name: name, Upload: u.ID, SHA256: u.SHA256.String(), Size: u.Size, ContentType: contentType})
	return nil
}

func (in *documents) has(name string) bool {
	for _, f := range in.Files {
		if f.Name == name {
			return true
		}
	}
	return false
}

func (in *documents) field(part *multipart.Part) error {
	raw, err := io.ReadAll(io.LimitReader(part, maxFormField+1))
	if err != nil {
		return brokenForm(err)
	}
	name, value := part.FormName(), strings.ToValidUTF8(string(raw), "")
	if len(raw) > maxFormField {
		return problem.Field1(name, "at most "+strconv.Itoa(maxFormField)+" bytes")
	}
	switch name {
	case "name":
		in.Name = value
	case "project":
		in.project = value
	case "label":
		in.Labels = append(in.Labels, value)
	case "replace":
		if in.Replace, err = strconv.ParseBool(value); err != nil {
			return problem.Field1(name, "want true or false")
		}
	default:
		return problem.Field1(name, "unknown field; want name, project, label, replace and files")
	}
	return nil
}

// fileName is a file's name with the folders that it was given in, none of which leads out of them.
func fileName(part *multipart.Part) (name string, isFile bool) {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	name, isFile = params["filename"]
	if err != nil || !isFile {
		return "", isFile
	}
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, strings.ToValidUTF8(strings.ReplaceAll(name, `\`, "/"), ""))
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if len(name) > maxFileName {
		name = strings.ToValidUTF8(name[len(name)-maxFileName:], "")
	}
	return name, true
}
