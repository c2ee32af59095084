package handlers

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/handlers/problem"
	"tapedeck/projections"
)

// Knowledge answers what is known. *projections.Knowledge implements it.
type Knowledge interface {
	Sources(ctx context.Context, project string) (sources []projections.Source, at eventstore.Cursor, err error)
	Source(ctx context.Context, id string) (source projections.Source, ok bool, err error)
	Documents(ctx context.Context, q projections.DocumentQuery) (projections.DocumentPage, error)
	Document(ctx context.Context, id string) (d projections.Document, versions []projections.DocumentVersion, ok bool, err error)
	Passages(ctx context.Context, documentID string) ([]projections.Passage, error)
	Passage(ctx context.Context, id string) (p projections.Passage, ok bool, err error)
	Relations(ctx context.Context, documentID string) ([]projections.Related, error)
	Search(ctx context.Context, q projections.SearchQuery) (projections.SearchPage, error)
	Similar(ctx context.Context, passageID string, limit int) (hits []projections.Hit, ok bool, err error)
	CaseSets(ctx context.Context, q projections.CaseSetQuery) (projections.CaseSetPage, error)
	CaseSet(ctx context.Context, id string) (set projections.CaseSet, ok bool, err error)
	Stale(ctx context.Context, setID string) ([]projections.StaleCitation, error)
	DocumentTests(ctx context.Context, id string, older bool) (tests projections.DocumentTests, ok bool, err error)
	SourceCoverage(ctx context.Context, id string, limit int, page string) (uncovered projections.UncoveredPage, ok bool, err error)
	WaitFor(ctx context.Context, c eventstore.Cursor) error
	readModel
}

// untrusted stands in every answer with text that was ingested: it is what somebody else wrote, and never an
// instruction.
type untrusted struct {
	Untrusted bool `json:"untrusted"`
}

var fromElsewhere = untrusted{true}

// knows begins a request for knowledge; with minCursor it waits, not long, until the index has it.
func (s *Server) knows(q *query) (context.Context, context.CancelFunc, error) {
	if s.cfg.Knowledge == nil {
		return nil, nil, problem.New(problem.Unavailable, "this server keeps no index of what is known")
	}
	text := q.one("minCursor")
	if err := q.err(); err != nil {
		return nil, nil, err
	}
	ctx, cancel := within()
	if text == "" {
		return ctx, cancel, nil
	}
	cursor, err := eventstore.ParseCursor(text)
	if err != nil {
		cancel()
		return nil, nil, problem.Field1("query/minCursor", "not a cursor")
	}
	short, stop := context.WithTimeout(ctx, catchUpTimeout)
	defer stop()
	if err := readFault(s.cfg.Knowledge.WaitFor(short, cursor)); err != nil {
		cancel()
		return nil, nil, err
	}
	return ctx, cancel, nil
}

// knowledgeFault maps what the repository says of sources and documents.
func knowledgeFault(err error) error {
	switch {
	case errors.Is(err, jobs.ErrNoKnowledge):
		return problem.New(problem.NotFound, jobs.ErrNoKnowledge.Error())
	case errors.Is(err, knowledge.ErrRunning):
		return problem.New(problem.Conflict, err.Error())
	case errors.Is(err, projections.ErrNoText):
		return problem.New(problem.Gone, projections.ErrNoText.Error())
	}
	return readFault(err)
}

func found(ok bool, err error) error {
	if err == nil && !ok {
		err = jobs.ErrNoKnowledge
	}
	return knowledgeFault(err)
}

func (s *Server) listSources(c *fiber.Ctx) error {
	q := readQuery(c, "project", "minCursor")
	project := q.one("project")
	ctx, cancel, err := s.knows(q)
	if err != nil {
		return err
	}
	defer cancel()
	sources, at, err := s.cfg.Knowledge.Sources(ctx, project)
	if err != nil {
		return knowledgeFault(err)
	}
	for i := range sources {
		sources[i].Faults = nil
		if err := s.dropEnded(ctx, &sources[i]); err != nil {
			return err
		}
	}
	return sendJSON(c, fiber.StatusOK, struct {
		Items  []projections.Source `json:"items"`
		Cursor eventstore.Cursor    `json:"cursor"`
	}{sources, at})
}

func (s *Server) getSource(c *fiber.Ctx) error {
	ctx, cancel, err := s.knows(readQuery(c, "minCursor"))
	if err != nil {
		return err
	}
	defer cancel()
	source, ok, err := s.cfg.Knowledge.Source(ctx, strings.Clone(c.Params("id")))
	if err := found(ok, err); err != nil {
		return err
	}
	if err := s.dropEnded(ctx, &source); err != nil {
		return err
	}
	return sendJSON(c, fiber.StatusOK, source)
}

// dropEnded takes away the next run of a source when its job was cancelled.
func (s *Server) dropEnded(ctx context.Context, source *projections.Source) error {
	if source.Next == nil {
		return nil
	}
	next, err := s.repo.Load(ctx, source.Next.JobID)
	switch {
	case errors.Is(err, job.ErrNotFound), err == nil && next.Status.Final():
		source.Next = nil
	case err != nil:
		return err
	}
	return nil
}

var documentSortKeys = []projections.SortKey{projections.SortUpdatedAt, projections.SortTitle, projections.SortRequirements}

func (s *Server) listDocuments(c *fiber.Ctx) error {
	q := readQuery(c, "project", "source", "kind", "label", "q", "removed", "sort", "limit", "page", "minCursor")
	ask := projections.DocumentQuery{
		Project: q.one("project"), Source: q.one("source"), Kinds: q.all("kind"), Labels: q.all("label"), Text: q.text("q"), Removed: q.flag("removed", false),
		Sort: q.sort("sort", documentSortKeys), Limit: q.number("limit", 50, 1, projections.MaxPage), Page: q.one("page"),
	}
	ctx, cancel, err := s.knows(q)
	if err != nil {
		return err
	}
	defer cancel()
	page, err := s.cfg.Knowledge.Documents(ctx, ask)
	if err != nil {
		return knowledgeFault(err)
	}
	for i := range page.Items {
		page.Items[i].Relations = nil // a page may have hundreds
	}
	return sendJSON(c, fiber.StatusOK, struct {
		untrusted
		Items    []projections.Document `json:"items"`
		NextPage string                 `json:"nextPage,omitzero"`
		Cursor   eventstore.Cursor      `json:"cursor"`
	}{fromElsewhere, page.Items, page.Next, page.Cursor})
}

// text is what a person typed.
func (q *query) text(name string) string {
	text := q.one(name)
	if len(text) > maxSearch {
		q.fault(name, "at most "+strconv.Itoa(maxSearch)+" bytes")
	}
	return text
}

const maxSearch = 500

func (s *Server) getDocument(c *fiber.Ctx) error {
	ctx, cancel, err := s.knows(readQuery(c, "minCursor"))
	if err != nil {
		return err
	}
	defer cancel()
	d, versions, ok, err := s.cfg.Knowledge.Document(ctx, strings.Clone(c.Params("id")))
	if err := found(ok, err); err != nil {
		return err
	}
	d.Relations = nil // they are a list of their own
	return sendJSON(c, fiber.StatusOK, struct {
		untrusted
		Document projections.Document          `json:"document"`
		Versions []projections.DocumentVersion `json:"versions"`
	}{fromElsewhere, d, versions})
}

// readText sends a document's Markdown as it is: as text, which no browser takes for anything else.
func (s *Server) readText(c *fiber.Ctx) error {
	q := readQuery(c, "version")
	version := q.number("version", 0, 1, 1<<31-1)
	if err := q.err(); err != nil {
		return err
	}
	ctx, cancel := within()
	defer cancel()
	d, err := s.repo.LoadDocument(ctx, strings.Clone(c.Params("id")), uint64(version))
	if err == nil && (d.Removed || s.cfg.Texts == nil) {
		err = jobs.ErrNoKnowledge
	}
	if err != nil {
		return knowledgeFault(err)
	}
	text, err := s.textOf(ctx, d.Text.SHA256)
	if err != nil {
		return knowledgeFault(err)
	}
	c.Set(fiber.HeaderETag, etag(d.Version))
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderContentSecurityPolicy, "sandbox; default-src 'none'")
	c.Response().Header.SetContentType("text/markdown; charset=utf-8")
	c.Response().SetBodyRaw(text)
	return nil
}

func (s *Server) textOf(ctx context.Context, digest event.Hash) ([]byte, error) {
	r, err := s.cfg.Texts.OpenText(ctx, digest)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(r)
	return text, errors.Join(err, r.Close())
}

func (s *Server) listPassages(c *fiber.Ctx) error {
	return listOf(s, c, func(ctx context.Context, id string) ([]projections.Passage, bool, error) {
		passages, err := s.cfg.Knowledge.Passages(ctx, id)
		return passages, true, err
	})
}

func (s *Server) listRelations(c *fiber.Ctx) error {
	return listOf(s, c, func(ctx context.Context, id string) ([]projections.Related, bool, error) {
		related, err := s.cfg.Knowledge.Relations(ctx, id)
		return related, true, err
	})
}

const similarShown = 10

func (s *Server) listSimilar(c *fiber.Ctx) error {
	return listOf(s, c, func(ctx context.Context, id string) ([]projections.Hit, bool, error) {
		return s.cfg.Knowledge.Similar(ctx, id, similarShown)
	})
}

// listOf answers a list of texts that belongs to the id in the path.
func listOf[T any](s *Server, c *fiber.Ctx, list func(ctx context.Context, id string) ([]T, bool, error)) error {
	ctx, cancel, err := s.knows(readQuery(c, "minCursor"))
	if err != nil {
		return err
	}
	defer cancel()
	items, ok, err := list(ctx, strings.Clone(c.Params("id")))
	if err := found(ok, err); err != nil {
		return err
	}
	return sendJSON(c, fiber.StatusOK, struct {
		untrusted
		Items []T `json:"items"`
	}{fromElsewhere, items})
}

func (s *Server) getPassage(c *fiber.Ctx) error {
	ctx, cancel, err := s.knows(readQuery(c, "minCursor"))
	if err != nil {
		return err
	}
	defer cancel()
	p, ok, err := s.cfg.Knowledge.Passage(ctx, strings.Clone(c.Params("id")))
	if err := found(ok, err); err != nil {
		return err
	}
	return sendJSON(c, fiber.StatusOK, struct {
		untrusted
		projections.Passage
	}{fromElsewhere, p})
}

func (s *Server) search(c *fiber.Ctx) error {
	q := readQuery(c, "q", "project", "source", "kind", "label", "type", "since", "until", "limit", "page", "minCursor")
	ask := projections.SearchQuery{
		Text: q.text("q"), Project: q.one("project"), Sources: q.all("source"), Kinds: q.all("kind"), Labels: q.all("label"),
		Requirements: q.requirements("type"), Since: q.time("since"), Until: q.time("until"),
		Limit: q.number("limit", 20, 1, 100), Page: q.one("page"),
	}
	ctx, cancel, err := s.knows(q)
	if err != nil {
		return err
	}
	defer cancel()
	began := time.Now()
	page, err := s.cfg.Knowledge.Search(ctx, ask)
	if err != nil {
		return knowledgeFault(err)
	}
	return sendJSON(c, fiber.StatusOK, struct {
		untrusted
		Items    []projections.Hit `json:"items"`
		Total    int               `json:"total"`
		More     bool              `json:"more,omitzero"`
		Loose    bool              `json:"loose,omitzero"`
		TookMS   float64           `json:"tookMs"`
		NextPage string            `json:"nextPage,omitzero"`
		Cursor   eventstore.Cursor `json:"cursor"`
	}{
		fromElsewhere, page.Items, page.Total, page.Total >= projections.MaxRanked, page.Loose,
		float64(time.Since(began).Microseconds()) / 1000, page.Next, page.Cursor,
	})
}

var requirementTypes = []string{
	string(knowledge.Must), string(knowledge.Should), string(knowledge.May), string(knowledge.Criterion), string(knowledge.Example), string(knowledge.Rule),
}

func (q *query) requirements(name string) (out []knowledge.RequirementType) {
	for _, v := range q.words(name, requirementTypes...) {
		out = append(out, knowledge.RequirementType(v))
	}
	return out
}

func (s *Server) removeDocument(c *fiber.Ctx) error {
	q := readQuery(c, "reason")
	reason := q.reason()
	if err := q.err(); err != nil {
		return err
	}
	ctx, cancel := within()
	defer cancel()
	d, err := s.repo.RemoveDocument(ctx, strings.Clone(c.Params("id")), caller(c), reason, s.cfg.Now())
	if err != nil {
		return knowledgeFault(err)
	}
	return sendJSON(c, fiber.StatusOK, map[string]any{"documentId": d.ID, "removed": 1, "version": d.Version})
}

func (s *Server) removeSource(c *fiber.Ctx) error {
	q := readQuery(c, "source", "reason")
	source, reason := q.one("source"), q.reason()
	if source == "" {
		q.fault("source", "say which source: all of its documents are removed")
	}
	if err := q.err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), maintenanceTimeout)
	defer cancel()
	n, err := s.repo.RemoveSource(ctx, source, caller(c), reason, s.cfg.Now())
	if err != nil {
		return knowledgeFault(err)
	}
	return sendJSON(c, fiber.StatusOK, map[string]any{"sourceId": source, "removed": n})
}

func (q *query) reason() string {
	reason := q.one("reason")
	if len(reason) > maxSearch {
		q.fault("reason", "at most "+strconv.Itoa(maxSearch)+" bytes")
	}
	if reason == "" {
		reason = "somebody removed it"
	}
	return reason
}
