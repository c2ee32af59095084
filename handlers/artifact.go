package handlers

import (
	"errors"
	"io"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"tapedeck/artifacts"
	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/handlers/problem"
	"tapedeck/handlers/tape"
)

type artifactBody struct {
	Name        string     `json:"name"`
	Size        int64      `json:"size"`
	ContentType string     `json:"contentType"`
	SHA256      event.Hash `json:"sha256"`
	Attempt     int        `json:"attempt"`
	StoredAt    time.Time  `json:"storedAt"`
	URL         string     `json:"url"`
}

// stored lists what the tape of a job says was kept, attempt by attempt.
func (s *Server) stored(c *fiber.Ctx) (id string, all []job.Artifact, err error) {
	if id, err = jobID(c); err != nil {
		return id, nil, err
	}
	ctx, cancel := within()
	defer cancel()
	j, err := s.tapes.Job(ctx, id, tape.Until{})
	if err != nil {
		return id, nil, err
	}
	for n := 1; n <= j.Attempt; n++ {
		out, _, err := s.tapes.Output(ctx, id, n, tape.Until{})
		if err != nil {
			return id, nil, err
		}
		all = append(all, out.Artifacts...)
	}
	return id, all, nil
}

func (s *Server) listArtifacts(c *fiber.Ctx) error {
	id, all, err := s.stored(c)
	if err != nil {
		return err
	}
	if err := readQuery(c).err(); err != nil {
		return err
	}
	items := make([]artifactBody, len(all))
	for i, a := range all {
		items[i] = artifactBody{
			Name: a.Name, Size: a.Size, ContentType: a.ContentType, SHA256: a.SHA256, Attempt: a.Attempt, StoredAt: a.StoredAt,
			URL: "/api/jobs/" + id + "/artifacts/" + escapePath(a.Name) + "?attempt=" + strconv.Itoa(a.Attempt),
		}
	}
	return sendJSON(c, fiber.StatusOK, map[string]any{"items": items})
}

func escapePath(name string) string {
	segments := strings.Split(name, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return strings.Join(segments, "/")
}

// readArtifact serves only what the tape names: a file without an event is not there.
func (s *Server) readArtifact(c *fiber.Ctx) error {
	q := readQuery(c, "attempt", "download")
	attempt, download := q.number("attempt", 0, 1, 1<<20), q.flag("download", false)
	if err := q.err(); err != nil {
		return err
	}
	name, err := artifactName(c)
	if err != nil {
		return err
	}
	id, all, err := s.stored(c)
	if err != nil {
		return err
	}
	a, ok := latest(all, name, attempt)
	if !ok {
		return fiber.NewError(fiber.StatusNotFound, "no such artefact")
	}
	return s.sendArtifact(c, artifacts.Key{JobID: id, Attempt: a.Attempt, Name: a.Name}, a, download)
}

// artifactName takes the name from the path as the client sent it: fasthttp has already cleaned `..` out of its own
// copy, and a name with a trick in it must be refused, not repaired.
func artifactName(c *fiber.Ctx) (string, error) {
	raw, _, _ := strings.Cut(string(c.Request().Header.RequestURI()), "?")
	_, raw, ok := strings.Cut(raw, "/artifacts/")
	name, err := url.PathUnescape(raw)
	if !ok || err != nil {
		return "", problem.Field1("path/name", "not a valid name")
	}
	if err := artifacts.ValidateName(name); err != nil {
		return "", problem.Field1("path/name", "not a valid name")
	}
	return name, nil
}

func latest(all []job.Artifact, name string, attempt int) (found job.Artifact, ok bool) {
	for _, a := range all {
		if a.Name == name && (attempt == 0 || a.Attempt == attempt) {
			found, ok = a, true
		}
	}
	return found, ok
}

func (s *Server) sendArtifact(c *fiber.Ctx, k artifacts.Key, a job.Artifact, download bool) error {
	tag := `"` + a.SHA256.String() + `"`
	c.Set(fiber.HeaderETag, tag)
	c.Set(fiber.HeaderCacheControl, "private, no-cache")
	c.Set(fiber.HeaderAcceptRanges, "bytes")
	// What a job stored is shown from this origin: it must not act on the page's behalf.
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderContentSecurityPolicy, "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:")
	if noneMatch(c, tag) {
		return c.SendStatus(fiber.StatusNotModified)
	}
	from, length, partial, err := byteRange(c, tag, a.Size)
	if err != nil {
		c.Set(fiber.HeaderContentRange, "bytes */"+strconv.FormatInt(a.Size, 10))
		return err
	}
	// The body is read after the handler returned; the reader is closed by fasthttp.
	r, err := s.cfg.Artifacts.Read(c.Context(), k, from, length)
	if errors.Is(err, artifacts.ErrNotFound) {
		return fiber.NewError(fiber.StatusNotFound, "the artefact's bytes are not there any more")
	}
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, a.ContentType)
	if download {
		c.Set(fiber.HeaderContentDisposition, `attachment; filename*=UTF-8''`+url.PathEscape(path.Base(k.Name)))
	}
	if partial {
		c.Status(fiber.StatusPartialContent)
		c.Set(fiber.HeaderContentRange, "bytes "+strconv.FormatInt(from, 10)+"-"+strconv.FormatInt(from+length-1, 10)+"/"+strconv.FormatInt(a.Size, 10))
	}
	if c.Method() == fiber.MethodHead {
		c.Response().SkipBody = true
		c.Response().Header.SetContentLength(int(length))
		return r.Close()
	}
	c.Context().SetBodyStream(io.ReadCloser(r), int(length))
	return nil
}

// byteRange reads a Range header with one range; several are answered with everything, as RFC 9110 allows.
func byteRange(c *fiber.Ctx, tag string, size int64) (from, length int64, partial bool, err error) {
	header := c.Get(fiber.HeaderRange)
	if cond := c.Get(fiber.HeaderIfRange); cond != "" && cond != tag {
		header = ""
	}
	spec, ok := strings.CutPrefix(header, "bytes=")
	if !ok || strings.Contains(spec, ",") {
		return 0, size, false, nil
	}
	first, last, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok {
		return 0, size, false, nil
	}
	from, to := int64(0), size-1
	if first == "" {
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil {
			return 0, size, false, nil
		}
		from = max(0, size-n)
		if n <= 0 {
			from = size
		}
	} else {
		if from, err = strconv.ParseInt(first, 10, 64); err != nil || from < 0 {
			return 0, size, false, nil
		}
		if last != "" {
			if to, err = strconv.ParseInt(last, 10, 64); err != nil || to < from {
				return 0, size, false, nil
			}
			to = min(to, size-1)
		}
	}
	if from >= size {
		return 0, 0, false, fiber.NewError(fiber.StatusRequestedRangeNotSatisfiable, "the artefact is shorter")
	}
	return from, to - from + 1, true, nil
}
