package handlers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofiber/fiber/v2"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/handlers/problem"
	"tapedeck/handlers/tape"
	"tapedeck/projections"
)

// catchUpTimeout is how long a read with minCursor waits for the read model.
const catchUpTimeout = 3 * time.Second

type pageBody struct {
	Items    []*jobBody        `json:"items"`
	NextPage string            `json:"nextPage,omitzero"`
	Total    *int64            `json:"total,omitzero"`
	Cursor   eventstore.Cursor `json:"cursor"`
}

func (s *Server) listJobs(c *fiber.Ctx) error {
	q := readQuery(c, "status", "kind", "label", "project", "queue", "q", "createdAfter", "createdBefore", "parent",
		"sort", "limit", "page", "count", "minCursor")
	ask := projections.JobQuery{
		Filter: projections.Filter{
			Project: q.one("project"), Statuses: q.statuses("status"), Kinds: q.all("kind"), Queues: q.all("queue"),
			Labels: q.labels("label"), ParentID: q.one("parent"), Text: q.one("q"),
			CreatedAfter: q.time("createdAfter"), CreatedBefore: q.time("createdBefore"),
		},
		Sort:  q.sort("sort", jobSortKeys),
		Limit: q.number("limit", 50, 1, projections.MaxPage),
		Page:  q.one("page"),
		Count: q.flag("count", false),
	}
	if len(ask.Filter.Text) > 200 {
		q.fault("q", "at most 200 bytes")
	}
	ctx, cancel := within()
	defer cancel()
	if err := s.reach(ctx, q); err != nil {
		return err
	}
	page, err := s.cfg.Reader.Jobs(ctx, ask)
	if err != nil {
		return readFault(err)
	}
	body := pageBody{Items: make([]*jobBody, len(page.Items)), NextPage: page.Next, Cursor: page.Cursor}
	for i, j := range page.Items {
		body.Items[i] = rowBody(j)
	}
	if ask.Count {
		body.Total = &page.Total
	}
	return sendJSON(c, fiber.StatusOK, body)
}

// reach checks the whole query and waits for its minCursor.
func (s *Server) reach(ctx context.Context, q *query) error {
	text := q.one("minCursor")
	if err := q.err(); err != nil || text == "" {
		return err
	}
	cursor, err := eventstore.ParseCursor(text)
	if err != nil {
		return problem.Field1("query/minCursor", "not a cursor")
	}
	return s.reflect(ctx, cursor)
}

// reflect waits, not long, until the read model has a cursor.
func (s *Server) reflect(ctx context.Context, cursor eventstore.Cursor) error {
	ctx, cancel := context.WithTimeout(ctx, catchUpTimeout)
	defer cancel()
	return readFault(s.cfg.Reader.WaitFor(ctx, cursor))
}

// readFault maps the read model's errors; the others are mapped by package problem.
func readFault(err error) error {
	switch {
	case errors.Is(err, projections.ErrBadPage):
		return problem.Field1("query/page", projections.ErrBadPage.Error())
	case errors.Is(err, projections.ErrBadQuery):
		return problem.New(problem.Invalid, err.Error())
	case errors.Is(err, projections.ErrBehind), errors.Is(err, projections.ErrStopped):
		p := problem.New(problem.Unavailable, "the read model is behind; try again")
		p.RetryAfter = time.Second
		return p
	}
	return err
}

func (q *query) statuses(name string) []job.Status {
	var out []job.Status
	for _, v := range q.all(name) {
		if !slices.Contains(job.Statuses, job.Status(v)) {
			q.fault(name, "no such status")
		}
		out = append(out, job.Status(v))
	}
	return out
}

var jobSortKeys = []projections.SortKey{
	projections.SortCreatedAt, projections.SortUpdatedAt, projections.SortFinishedAt, projections.SortDuration,
	projections.SortKind, projections.SortStatus, projections.SortQueue, projections.SortPriority, projections.SortAttempt,
}

func (s *Server) getJob(c *fiber.Ctx) error {
	id, err := jobID(c)
	if err != nil {
		return err
	}
	q := readQuery(c, "version", "at")
	version, at := q.number("version", 0, 1, 1<<31), q.one("at")
	if version != 0 && at != "" {
		q.fault("at", "version and at exclude each other")
	}
	if err := q.err(); err != nil {
		return err
	}
	ctx, cancel := within()
	defer cancel()
	until, err := s.until(ctx, at)
	if err != nil {
		return err
	}
	until.Version = uint64(version)
	j, err := s.tapes.Job(ctx, id, until)
	if errors.Is(err, job.ErrNotFound) && !until.IsZero() {
		return s.notYet(ctx, id, q)
	}
	if err != nil {
		return err
	}
	tag := etag(j.Version)
	c.Set(fiber.HeaderETag, tag)
	c.Set(fiber.HeaderCacheControl, "no-cache")
	// Progress does not change the version, so a job that runs is always answered.
	if !j.Status.Active() && noneMatch(c, tag) {
		return c.SendStatus(fiber.StatusNotModified)
	}
	return sendJSON(c, fiber.StatusOK, tapeBody(j))
}

// notYet tells a job that is there, but was not then, from one that is not.
func (s *Server) notYet(ctx context.Context, id string, q *query) error {
	now, err := s.repo.Load(ctx, id)
	if err != nil {
		return err
	}
	if q.one("version") != "" {
		return problem.New(problem.NotFound, fmt.Sprintf("the job has come to version %d", now.Version),
			problem.Field{Path: "query/version", Message: "no such version yet"})
	}
	return problem.New(problem.NotFound, "the job was submitted later, at "+now.CreatedAt.UTC().Format(time.RFC3339Nano),
		problem.Field{Path: "query/at", Message: "before the job was there"})
}

// until reads a cursor or a time; empty is now.
func (s *Server) until(ctx context.Context, at string) (tape.Until, error) {
	if at == "" {
		return tape.Until{}, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, at); err == nil {
		cursor, err := s.store.At(ctx, t)
		return tape.At(cursor), err
	}
	cursor, err := eventstore.ParseCursor(at)
	if err != nil {
		return tape.Until{}, problem.Field1("query/at", "want a cursor or an RFC 3339 time")
	}
	return tape.At(cursor), s.store.Resolve(ctx, cursor)
}

// rows serves the live mode coalesce from the read model.
func (s *Server) rows(ctx context.Context, ids []string, at eventstore.Cursor) ([]jsontext.Value, error) {
	if err := s.reflect(ctx, at); err != nil {
		return nil, err
	}
	page, err := s.cfg.Reader.Jobs(ctx, projections.JobQuery{Filter: projections.Filter{IDs: ids}, Limit: projections.MaxPage})
	if err != nil {
		return nil, err
	}
	out := make([]jsontext.Value, len(page.Items))
	for i, j := range page.Items {
		if out[i], err = json.Marshal(rowBody(j)); err != nil {
			return nil, err
		}
	}
	return out, nil
}
