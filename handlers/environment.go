package handlers

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"tapedeck/domain/environment"
	"tapedeck/domain/job"
	"tapedeck/domain/secret"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/handlers/problem"
)

// Finding is what a look at an environment found of one part of it. No value of a secret is in it.
type Finding struct {
	// Subject is baseUrl, loginProfile, headers/NAME or secrets/NAME.
	Subject string `json:"subject"`
	Level   Level  `json:"level"`
	Message string `json:"message"`
}

// Level says what a finding means for tests.
type Level string

// The levels of findings.
const (
	LevelOK      Level = "ok"
	LevelWarning Level = "warning" // tests may run, and may find it otherwise than it was thought to be
	LevelError   Level = "error"   // tests cannot run
)

// environmentBody is an environment as the API answers it; its lists are lists, never null.
type environmentBody struct {
	environment.State
	Secrets      []secret.Ref      `json:"secrets"`
	Headers      map[string]string `json:"headers"`
	AllowedHosts []string          `json:"allowedHosts"`
	Cursor       eventstore.Cursor `json:"cursor,omitzero"`
}

func bodyOf(s environment.State, at eventstore.Cursor) environmentBody {
	b := environmentBody{State: s, Secrets: s.Secrets, Headers: s.Headers, AllowedHosts: s.AllowedHosts, Cursor: at}
	if b.Secrets == nil {
		b.Secrets = []secret.Ref{}
	}
	if b.Headers == nil {
		b.Headers = map[string]string{}
	}
	if b.AllowedHosts == nil {
		b.AllowedHosts = []string{}
	}
	return b
}

func (s *Server) listEnvironments(c *fiber.Ctx) error {
	q := readQuery(c, "project", "minCursor")
	project := q.one("project")
	ctx, cancel := within()
	defer cancel()
	if err := s.reach(ctx, q); err != nil {
		return err
	}
	list, err := s.cfg.Reader.Environments(ctx, project)
	if err != nil {
		return readFault(err)
	}
	items := make([]environmentBody, len(list.Items))
	for i, e := range list.Items {
		items[i] = bodyOf(e, eventstore.Cursor{})
	}
	return sendJSON(c, fiber.StatusOK, struct {
		Items  []environmentBody `json:"items"`
		Cursor eventstore.Cursor `json:"cursor"`
	}{items, list.Cursor})
}

// environmentPath is which environment the path and the query name.
func environmentPath(c *fiber.Ctx) (project, name string, err error) {
	q := readQuery(c, "project")
	project = cmp.Or(q.one("project"), defaultProject)
	if !job.ValidName(project) {
		q.fault("project", "want 1–64 of a–z, 0–9, '.', '_', '-'")
	}
	if err := q.err(); err != nil {
		return "", "", err
	}
	if name, err = url.PathUnescape(c.Params("name")); err != nil || !job.ValidName(name) {
		return "", "", environment.ErrNotFound
	}
	return project, strings.Clone(name), nil
}

func (s *Server) loadEnvironment(c *fiber.Ctx) (environment.State, error) {
	project, name, err := environmentPath(c)
	if err != nil {
		return environment.State{}, err
	}
	ctx, cancel := within()
	defer cancel()
	return s.repo.LoadEnvironment(ctx, project, name)
}

func (s *Server) getEnvironment(c *fiber.Ctx) error {
	e, err := s.loadEnvironment(c)
	if err != nil {
		return err
	}
	tag := etag(e.Version)
	c.Set(fiber.HeaderETag, tag)
	c.Set(fiber.HeaderCacheControl, "no-cache")
	if noneMatch(c, tag) {
		return c.SendStatus(fiber.StatusNotModified)
	}
	return sendJSON(c, fiber.StatusOK, bodyOf(e, eventstore.Cursor{}))
}

// putEnvironment creates an environment or gives it other settings.
func (s *Server) putEnvironment(c *fiber.Ctx) error {
	project, name, err := environmentPath(c)
	if errors.Is(err, environment.ErrNotFound) {
		return problem.Field1("path/name", "want 1–64 of a–z, 0–9, '.', '_', '-'")
	}
	if err != nil {
		return err
	}
	var settings environment.Settings
	if err := readBody(c, &settings); err != nil {
		return err
	}
	want, err := precondition(c)
	if err != nil {
		return err
	}
	e, receipt, err := s.changeEnvironment(c, project, name, want, environment.Set{Settings: settings})
	if err != nil {
		return err
	}
	status := fiber.StatusOK
	if receipt.Version > 0 && e.CreatedAt.Equal(e.UpdatedAt) {
		status = fiber.StatusCreated
		c.Set(fiber.HeaderLocation, "/api/environments/"+e.Name+"?project="+url.QueryEscape(e.Project))
	}
	c.Set(fiber.HeaderETag, etag(e.Version))
	return sendJSON(c, status, bodyOf(e, receipt.Cursor))
}

func (s *Server) removeEnvironment(c *fiber.Ctx) error {
	project, name, err := environmentPath(c)
	if err != nil {
		return err
	}
	version, err := ifMatch(c)
	if err != nil {
		return err
	}
	e, receipt, err := s.changeEnvironment(c, project, name, jobs.Precondition{Version: version}, environment.Remove{})
	if err != nil {
		return err
	}
	return sendJSON(c, fiber.StatusOK, map[string]any{
		"project": e.Project, "name": e.Name, "version": e.Version, "cursor": receipt.Cursor,
	})
}

func (s *Server) changeEnvironment(c *fiber.Ctx, project, name string, want jobs.Precondition, change environment.Command) (environment.State, jobs.Receipt, error) {
	ctx, cancel := within()
	defer cancel()
	e, receipt, err := s.repo.ChangeEnvironment(ctx, project, name, caller(c), want, s.cfg.Now(), change)
	var stale *jobs.VersionError
	switch {
	case !errors.As(err, &stale):
		return e, receipt, err
	case want.Absent:
		err = problem.New(problem.Conflict, "there is an environment of this name",
			problem.Field{Path: "header/If-None-Match", Message: "it is there"}).WithStatus(http.StatusPreconditionFailed)
	default:
		err = problem.New(problem.Conflict, "the environment has changed since this version",
			problem.Field{Path: "header/If-Match", Message: "not the current version"}).WithStatus(http.StatusPreconditionFailed)
	}
	return e, receipt, err
}

// precondition reads If-Match and If-None-Match, of which one may be given.
func precondition(c *fiber.Ctx) (want jobs.Precondition, err error) {
	if want.Version, err = ifMatch(c); err != nil {
		return want, err
	}
	switch strings.TrimSpace(c.Get(fiber.HeaderIfNoneMatch)) {
	case "":
	case "*":
		want.Absent = true
	default:
		return want, problem.Field1("header/If-None-Match", "want *, which is that there is none of this name")
	}
	if want.Absent && want.Version != 0 {
		return want, problem.Field1("header/If-None-Match", "it and If-Match exclude each other")
	}
	return want, nil
}

// checkTimeout bounds a look at an environment.
const checkTimeout = 30 * time.Second

// checkEnvironment looks at an environment as tests would find it. Nothing is kept.
func (s *Server) checkEnvironment(c *fiber.Ctx) error {
	e, err := s.loadEnvironment(c)
	if err != nil {
		return err
	}
	if s.cfg.CheckEnvironment == nil {
		return problem.New(problem.Unavailable, "this server cannot look at environments")
	}
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
	defer cancel()
	findings := s.cfg.CheckEnvironment(ctx, e)
	ok := !slices.ContainsFunc(findings, func(f Finding) bool { return f.Level == LevelError })
	return sendJSON(c, fiber.StatusOK, map[string]any{
		"project": e.Project, "name": e.Name, "version": e.Version, "ok": ok, "findings": findings,
	})
}
