package handlers

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gofiber/fiber/v2"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/handlers/live"
	"tapedeck/handlers/problem"
	"tapedeck/handlers/tape"
	"tapedeck/handlers/wire"
)

type lineBody struct {
	Seq     int64     `json:"seq"`
	Attempt int       `json:"attempt"`
	Time    time.Time `json:"time"`
	Stream  string    `json:"stream,omitzero"`
	Level   string    `json:"level,omitzero"`
	Text    string    `json:"text"`
}

func lineOf(l tape.Line) lineBody {
	return lineBody{Seq: l.Seq, Attempt: l.Attempt, Time: l.Time, Stream: l.Stream, Level: l.Level, Text: l.Text}
}

type logPage struct {
	Lines     []lineBody        `json:"lines"`
	Next      int64             `json:"next,omitzero"`
	Total     int64             `json:"total"`
	Attempt   int               `json:"attempt"`
	Attempts  int               `json:"attempts"`
	Ended     bool              `json:"ended"`
	Truncated bool              `json:"truncated,omitzero"`
	Cursor    eventstore.Cursor `json:"cursor,omitzero"`
}

// logRequest says which lines; attempt 0 is the latest one. With all a follower goes on into later
// attempts, also one that comes back with the id of a line.
type logRequest struct {
	id      string
	attempt int
	all     bool
	from    int64
	limit   int
	until   tape.Until
	follow  bool
	form    string
}

const (
	maxLines  = 10_000
	pageLines = 1000
	maxTail   = 100_000
)

func (s *Server) jobLog(c *fiber.Ctx) error {
	id, err := jobID(c)
	if err != nil {
		return err
	}
	q := readQuery(c, "attempt", "from", "tail", "limit", "at", "follow")
	r := logRequest{
		id: id, attempt: q.number("attempt", 0, 1, 1<<20), limit: q.number("limit", 0, 1, maxLines), follow: q.flag("follow", false),
	}
	r.all = r.attempt == 0
	r.from = int64(q.number("from", 1, 1, 1<<40))
	if tail := q.number("tail", -1, 0, maxTail); tail >= 0 {
		r.from = -int64(tail)
	}
	if r.form, err = form(c); err != nil {
		return err
	}
	if r.follow && (r.form == formJSON || q.one("at") != "" || r.limit != 0) {
		q.fault("follow", "wants Accept: application/x-ndjson or text/event-stream, without at and limit")
	}
	if last := c.Get("Last-Event-ID"); last != "" && r.form != formJSON {
		if r.attempt, r.from, err = parseLineID(last); err != nil {
			return problem.Field1("header/Last-Event-ID", err.Error())
		}
	}
	if err := q.err(); err != nil {
		return err
	}
	ctx, cancel := within()
	defer cancel()
	if r.until, err = s.until(ctx, q.one("at")); err != nil {
		return err
	}
	return s.answerLog(ctx, c, r)
}

// parseLineID reads the id of an SSE message, "<attempt>-<seq>", and answers the line behind it.
func parseLineID(id string) (attempt int, from int64, err error) {
	a, b, ok := strings.Cut(id, "-")
	attempt, err1 := strconv.Atoi(a)
	seq, err2 := strconv.ParseInt(b, 10, 64)
	if !ok || err1 != nil || err2 != nil || attempt < 1 || seq < 0 || seq == math.MaxInt64 {
		return 0, 0, fmt.Errorf("want <attempt>-<seq>")
	}
	return attempt, seq + 1, nil
}

func (s *Server) answerLog(ctx context.Context, c *fiber.Ctx, r logRequest) error {
	j, err := s.tapes.Job(ctx, r.id, r.until)
	if err != nil {
		return err
	}
	if r.attempt > j.Attempt {
		return fiber.NewError(fiber.StatusNotFound, "no such attempt")
	}
	if r.form == formJSON {
		if r.limit == 0 {
			r.limit = pageLines
		}
		page, err := s.readLog(ctx, j, r)
		if err != nil {
			return err
		}
		return sendJSON(c, fiber.StatusOK, page)
	}
	return s.conns.Stream(c, r.form, func(ctx context.Context, stream *wire.Stream) {
		f := &logFollower{server: s, request: r, stream: stream}
		f.run(ctx)
	})
}

func (s *Server) readLog(ctx context.Context, j tape.Job, r logRequest) (logPage, error) {
	page := logPage{Lines: []lineBody{}, Attempt: r.attempt, Attempts: j.Attempt, Cursor: j.Cursor, Ended: true}
	if page.Attempt == 0 {
		page.Attempt = j.Attempt
	}
	if page.Attempt == 0 {
		page.Ended = j.Status.Final()
		return page, nil
	}
	page.Ended = ended(j.State, page.Attempt)
	lines, err := s.tapes.Lines(ctx, j.ID, page.Attempt, r.from, r.limit, r.until)
	if err != nil {
		return page, err
	}
	page.Total, page.Truncated = lines.Total, lines.Truncated != nil
	for _, l := range lines.Lines {
		page.Lines = append(page.Lines, lineOf(l))
	}
	if n := len(page.Lines); n > 0 && page.Lines[n-1].Seq < page.Total {
		page.Next = page.Lines[n-1].Seq + 1
	}
	return page, nil
}

// ended reports whether an attempt can say nothing more.
func ended(s job.State, attempt int) bool {
	if attempt < s.Attempt {
		return true
	}
	return !s.Status.Active()
}

// logFollower writes lines as they come. It reads the store whenever the hub says that something happened to the job,
// so that nothing is buffered for a client that is slow.
type logFollower struct {
	server  *Server
	request logRequest
	stream  *wire.Stream
}

func (f *logFollower) run(ctx context.Context) {
	var changed <-chan struct{}
	if f.request.follow {
		var stop func()
		changed, stop = f.server.hub.Watch(f.request.id)
		defer stop()
	}
	beat := time.NewTicker(f.server.cfg.Heartbeat)
	defer beat.Stop()
	for {
		j, err := f.server.tapes.Job(ctx, f.request.id, f.request.until)
		if err == nil {
			err = f.write(ctx, j)
		}
		if err != nil {
			f.fail(err)
			return
		}
		if !f.request.follow || f.over(j) {
			f.end(j)
			return
		}
		select {
		case <-changed:
		case <-beat.C:
			if f.stream.Write([][]byte{f.beat()}) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// write sends every line that is there and goes on into later attempts.
func (f *logFollower) write(ctx context.Context, j tape.Job) error {
	r := &f.request
	if r.attempt == 0 {
		r.attempt = j.Attempt
	}
	if r.attempt == 0 && r.from <= 0 {
		r.from = 1 // nothing is there yet, so all that comes is behind the tail
	}
	for r.attempt > 0 {
		limit := pageLines
		if r.limit > 0 {
			limit = min(limit, r.limit)
		}
		page, err := f.server.tapes.Lines(ctx, r.id, r.attempt, r.from, limit, r.until)
		if err != nil {
			return err
		}
		if r.from <= 0 {
			r.from = max(1, page.Total+1+r.from)
		}
		if len(page.Lines) > 0 {
			if err := f.send(page.Lines); err != nil {
				return err
			}
			r.from = page.Lines[len(page.Lines)-1].Seq + 1
			if r.limit > 0 {
				if r.limit -= len(page.Lines); r.limit == 0 {
					return nil
				}
			}
			continue
		}
		if !r.all || !r.follow || r.attempt >= j.Attempt {
			return nil
		}
		r.attempt, r.from = r.attempt+1, 1
	}
	return nil
}

// over reports whether no line can follow: j was read before the lines were.
func (f *logFollower) over(j tape.Job) bool {
	if f.request.all {
		return j.Status.Final()
	}
	return ended(j.State, f.request.attempt)
}

func (f *logFollower) send(lines []tape.Line) error {
	var b []byte
	for _, l := range lines {
		raw, err := json.Marshal(lineOf(l))
		if err != nil {
			return err
		}
		if f.request.form == formSSE {
			b = fmt.Appendf(b, "id: %d-%d\ndata: %s\n\n", l.Attempt, l.Seq, raw)
		} else {
			b = append(append(b, raw...), '\n')
		}
	}
	if f.stream.Write([][]byte{b}) != nil {
		return live.ErrClientGone
	}
	return nil
}

func (f *logFollower) beat() []byte {
	if f.request.form == formSSE {
		return []byte(":\n\n")
	}
	return []byte("\n")
}

// end says that the log is complete as far as it was asked for; NDJSON says it by ending.
func (f *logFollower) end(j tape.Job) {
	if f.request.form == formSSE {
		_ = f.stream.Write([][]byte{fmt.Appendf(nil, "event: end\ndata: {\"status\":%q}\n\n", j.Status)})
	}
	f.stream.End()
}

func (f *logFollower) fail(err error) {
	f.server.endBadly(f.stream, tapRequest{form: f.request.form, control: true}, err)
}
