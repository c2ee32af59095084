package handlers

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofiber/fiber/v2"

	"tapedeck/eventstore"
	"tapedeck/handlers/live"
	"tapedeck/handlers/problem"
	"tapedeck/handlers/wire"
)

func (s *Server) openSocket(c *fiber.Ctx) error {
	if err := readQuery(c).err(); err != nil {
		return err
	}
	return s.conns.Upgrade(c, func(ctx context.Context, socket *wire.Socket) { s.hub.Converse(ctx, socket) })
}

// tapRequest is what the tap endpoints have in common.
type tapRequest struct {
	filter  live.Filter
	from    string
	fromAt  string // where the request says from
	limit   int
	follow  bool
	control bool
	form    string
}

var tapParams = []string{"from", "limit", "follow", "control"}

func (s *Server) readTap(c *fiber.Ctx, q *query) (tapRequest, error) {
	r := tapRequest{
		from: q.one("from"), limit: q.number("limit", 0, 1, maxEvents), follow: q.flag("follow", false),
		control: q.flag("control", true),
	}
	var err error
	if r.form, err = form(c); err != nil {
		return r, err
	}
	r.fromAt = "query/from"
	if id := c.Get("Last-Event-ID"); id != "" && r.form == formSSE {
		r.from, r.fromAt = strings.Clone(id), "header/Last-Event-ID"
	}
	if r.follow && r.form == formJSON {
		q.fault("follow", "wants Accept: application/x-ndjson or text/event-stream")
	}
	if r.follow && r.limit != 0 {
		q.fault("limit", "a follower has no limit")
	}
	return r, q.err()
}

// start resolves where to begin, while an answer other than 200 is still possible.
func (s *Server) start(ctx context.Context, r tapRequest) (eventstore.Cursor, error) {
	from := r.from
	if from == "" && !r.follow {
		from = "beginning"
	}
	return s.cursor(ctx, from, r.fromAt)
}

func (s *Server) cursor(ctx context.Context, from, at string) (eventstore.Cursor, error) {
	cursor, err := s.hub.From(ctx, from)
	var p *problem.Problem
	if errors.As(err, &p) && p.Code == problem.Invalid {
		return cursor, problem.Field1(at, p.Detail)
	}
	return cursor, err
}

func (r tapRequest) encoding() live.Encoding {
	switch {
	case r.form == formSSE:
		return live.SSE
	case r.control:
		return live.NDJSON
	default:
		return live.BareNDJSON
	}
}

func (s *Server) tap(c *fiber.Ctx) error {
	q := readQuery(c, append([]string{"project", "job", "parent", "kind", "type", "status", "label", "text", "stateOnly"}, tapParams...)...)
	r, err := s.readTap(c, q)
	if err != nil {
		return err
	}
	r.filter = live.Filter{
		Project: q.one("project"), Jobs: q.all("job"), Parents: q.all("parent"), Kinds: q.all("kind"), Types: q.all("type"),
		Statuses: q.statuses("status"), Labels: q.labels("label"), Text: q.one("text"), StateOnly: q.flag("stateOnly", false),
	}
	if err := errors.Join(q.err(), r.filter.Validate()); err != nil {
		return err
	}
	ctx, cancel := within()
	defer cancel()
	from, err := s.start(ctx, r)
	if err != nil {
		return err
	}
	if r.follow {
		return s.followEvents(c, r, from)
	}
	return s.answerEvents(c, r, s.hub.Scan(r.filter, from))
}

// followEvents streams live from a cursor on.
func (s *Server) followEvents(c *fiber.Ctx, r tapRequest, from eventstore.Cursor) error {
	return s.conns.Stream(c, r.form, func(ctx context.Context, stream *wire.Stream) {
		if s.hub.Stream(ctx, stream, r.encoding(), live.Request{Filter: r.filter, From: from.String()}) {
			stream.End()
		}
	})
}

// jobEvents reads one job's streams, and follows it through the hub.
func (s *Server) jobEvents(c *fiber.Ctx) error {
	id, err := jobID(c)
	if err != nil {
		return err
	}
	q := readQuery(c, append([]string{"output"}, tapParams...)...)
	r, err := s.readTap(c, q)
	if err != nil {
		return err
	}
	output := q.flag("output", false)
	if err := q.err(); err != nil {
		return err
	}
	ctx, cancel := within()
	defer cancel()
	if _, err := s.repo.Load(ctx, id); err != nil {
		return err
	}
	from, err := s.cursor(ctx, orBeginning(r.from), r.fromAt)
	if err != nil {
		return err
	}
	if r.follow {
		// What is there is read from the job's own streams, not from the whole log.
		r.filter = live.Filter{Jobs: []string{id}, StateOnly: !output}
		return s.followJob(c, r, id, output, from)
	}
	return s.answerEvents(c, r, s.jobScan(id, output, from))
}

func orBeginning(from string) string {
	if from == "" {
		return "beginning"
	}
	return from
}

// jobScan reads a job's streams as a scan.
func (s *Server) jobScan(id string, output bool, from eventstore.Cursor) live.Scan {
	return func(ctx context.Context, each func(*live.Entry) bool) (eventstore.Cursor, bool, error) {
		at, whole := from, true
		err := s.tapes.Events(ctx, id, from.Position, output, func(r eventstore.Recorded) bool {
			e := live.NewEntry(r, s.store.Epoch())
			at, whole = e.Cursor(), each(e)
			return whole
		})
		return at, whole, err
	}
}

// followJob first sends what the job has, then follows it live from there.
func (s *Server) followJob(c *fiber.Ctx, r tapRequest, id string, output bool, from eventstore.Cursor) error {
	return s.conns.Stream(c, r.form, func(ctx context.Context, stream *wire.Stream) {
		at, _, err := live.Send(ctx, stream, r.encoding(), s.jobScan(id, output, from))
		if err != nil {
			s.endBadly(stream, r, err)
			return
		}
		if s.hub.Stream(ctx, stream, r.encoding(), live.Request{Filter: r.filter, From: at.String()}) {
			stream.End()
		}
	})
}

func (s *Server) endBadly(stream *wire.Stream, r tapRequest, err error) {
	if errors.Is(err, context.Canceled) || errors.Is(err, live.ErrClientGone) {
		return
	}
	_ = stream.Write([][]byte{live.Fault(r.encoding(), s.known(err, ""))})
	stream.End()
}

const (
	// maxEvents bounds a page, pageEvents is its size unless the client asks for another.
	maxEvents  = 10_000
	pageEvents = 500
	// scanTimeout bounds the search for a page; the cursor says how far it got.
	scanTimeout = 3 * time.Second
)

type eventPage struct {
	Items    []jsontext.Value  `json:"items"`
	Cursor   eventstore.Cursor `json:"cursor"`
	CaughtUp bool              `json:"caughtUp"`
}

// answerEvents sends what is in the log now, as a page or as a stream that ends.
func (s *Server) answerEvents(c *fiber.Ctx, r tapRequest, scan live.Scan) error {
	if r.form == formJSON {
		return s.pageOfEvents(c, r, scan)
	}
	if r.limit > 0 {
		scan = scan.Limit(r.limit)
	}
	return s.conns.Stream(c, r.form, func(ctx context.Context, stream *wire.Stream) {
		at, whole, err := live.Send(ctx, stream, r.encoding(), scan)
		if err != nil {
			s.endBadly(stream, r, err)
			return
		}
		if whole {
			_ = stream.Write([][]byte{live.CaughtUp(r.encoding(), at)})
		}
		stream.End()
	})
}

func (s *Server) pageOfEvents(c *fiber.Ctx, r tapRequest, scan live.Scan) error {
	if r.limit == 0 {
		r.limit = pageEvents
	}
	ctx, cancel := context.WithTimeout(context.Background(), scanTimeout)
	defer cancel()
	page := eventPage{Items: []jsontext.Value{}}
	var err error
	page.Cursor, page.CaughtUp, err = scan.Limit(r.limit)(ctx, func(e *live.Entry) bool {
		page.Items = append(page.Items, e.JSON())
		return true
	})
	if err != nil {
		return err
	}
	return sendJSON(c, fiber.StatusOK, page)
}
