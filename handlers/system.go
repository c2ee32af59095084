package handlers

import (
	"context"
	"embed"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofiber/fiber/v2"

	"tapedeck/domain/job"
	"tapedeck/domain/queue"
	"tapedeck/eventstore"
	"tapedeck/handlers/problem"
)

type kindBody struct {
	Kind        string         `json:"kind"`
	Title       string         `json:"title"`
	Description string         `json:"description,omitzero"`
	Queue       string         `json:"queue"`
	InputSchema jsontext.Value `json:"inputSchema"`
	Defaults    defaultsBody   `json:"defaults"`
}

type defaultsBody struct {
	Timeout  duration     `json:"timeout,omitzero"`
	Retry    retryBody    `json:"retry"`
	Priority job.Priority `json:"priority"`
}

func (s *Server) listKinds(c *fiber.Ctx) error {
	if err := readQuery(c).err(); err != nil {
		return err
	}
	items := make([]kindBody, len(s.cfg.Kinds))
	for i, k := range s.cfg.Kinds {
		b := kindBody{
			Kind: k.Name, Title: k.Title, Description: k.Description, Queue: k.Queue, InputSchema: k.Input,
			Defaults: defaultsBody{Timeout: duration(k.Timeout), Retry: retryOf(k.Retry.WithDefaults()), Priority: k.Priority},
		}
		if b.Title == "" {
			b.Title = k.Name
		}
		if len(b.InputSchema) == 0 {
			b.InputSchema = jsontext.Value(`{}`)
		}
		if b.Defaults.Priority == "" {
			b.Defaults.Priority = job.PriorityNormal
		}
		items[i] = b
	}
	return sendJSON(c, fiber.StatusOK, map[string]any{"items": items})
}

type infoBody struct {
	Version    string    `json:"version"`
	Store      string    `json:"store"`
	Durability string    `json:"durability"`
	Epoch      string    `json:"epoch"`
	Addr       string    `json:"addr,omitzero"`
	StartedAt  time.Time `json:"startedAt"`
	Heartbeat  duration  `json:"heartbeat"`
	Projects   []string  `json:"projects"`
	Demo       *demoBody `json:"demo,omitzero"`
	// Model is the model that jobs may ask to improve test cases.
	Model string `json:"model,omitzero"`
}

// demoBody is where the demo shop of this process is.
type demoBody struct {
	URL string `json:"url"`
	// PipelineID is the pipeline that runs on it by itself.
	PipelineID string `json:"pipelineId,omitempty"`
}

func (s *Server) readInfo(c *fiber.Ctx) error {
	ctx, cancel := within()
	defer cancel()
	health := s.store.Health(ctx)
	projects, err := s.cfg.Reader.Projects(ctx)
	if err != nil {
		projects = nil // the rest is worth an answer
	}
	var demo *demoBody
	if s.cfg.Demo != "" {
		demo = &demoBody{s.cfg.Demo, s.cfg.DemoPipeline}
	}
	return sendJSON(c, fiber.StatusOK, infoBody{
		Version: s.cfg.Version, Store: health.Backend, Durability: health.Durability, Epoch: s.store.Epoch(), Addr: s.Addr(),
		StartedAt: s.started, Heartbeat: duration(s.cfg.Heartbeat), Projects: present(projects), Demo: demo, Model: s.cfg.Model,
	})
}

func (s *Server) readHealth(c *fiber.Ctx) error { return c.SendString("ok\n") }

type readiness struct {
	Status         string      `json:"status"`
	Durability     string      `json:"durability"`
	Checks         []checkBody `json:"checks"`
	SkippedEntries int64       `json:"skippedEntries"`
}

type checkBody struct {
	Name      string  `json:"name"`
	Status    string  `json:"status"`
	Detail    string  `json:"detail,omitzero"`
	LatencyMS float64 `json:"latencyMs"`
}

// The states of a check.
const (
	checkOK       = "ok"
	checkDegraded = "degraded"
	checkDown     = "down"
)

// readyTimeout bounds all checks together.
const readyTimeout = 3 * time.Second

// maxLag is how far the read model may be behind before it counts as degraded.
const maxLag = 10 * time.Second

func (s *Server) readReadiness(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	r := s.ready(ctx)
	status := fiber.StatusOK
	if r.Status == "unavailable" {
		status = fiber.StatusServiceUnavailable
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return sendJSON(c, status, r)
}

func (s *Server) ready(ctx context.Context) readiness {
	r := readiness{Status: "ready"}
	r.ask("store", func() (string, string) {
		health := s.store.Health(ctx)
		r.Durability = health.Durability
		r.SkippedEntries += health.Malformed
		switch {
		case health.Err != nil:
			return checkDown, "the store cannot be used: " + s.inner("store", health.Err)
		case health.Malformed > 0 || len(health.Warnings) > 0:
			return checkDegraded, strings.Join(remarks(health), "; ")
		}
		return checkOK, ""
	})
	r.ask("readModel", func() (string, string) {
		status := s.cfg.Reader.Status(ctx)
		r.SkippedEntries = max(r.SkippedEntries, status.Skipped)
		switch {
		case status.Err != nil:
			return checkDegraded, "the read model does not get on: " + s.inner("readModel", status.Err)
		case status.Lag > maxLag:
			return checkDegraded, "the read model is behind by " + status.Lag.Round(time.Second).String()
		}
		if status.Rebuilt != "" {
			return checkOK, "built anew at the start: " + status.Rebuilt
		}
		return checkOK, ""
	})
	r.ask("live", func() (string, string) {
		if err := s.hub.Err(); err != nil {
			return checkDegraded, "the log cannot be followed: " + s.inner("live", err)
		}
		return checkOK, ""
	})
	r.ask("artifacts", func() (string, string) {
		if err := s.cfg.Artifacts.Healthy(ctx); err != nil {
			return checkDegraded, s.inner("artifacts", err)
		}
		return checkOK, ""
	})
	for _, check := range s.cfg.Checks {
		r.ask(check.Name, func() (string, string) {
			if err := check.Ask(ctx); err != nil {
				return checkDegraded, s.inner(check.Name, err)
			}
			return checkOK, ""
		})
	}
	return r
}

// remarks is what is not well with a store that works.
func remarks(h eventstore.Health) []string {
	if h.Malformed == 0 {
		return h.Warnings
	}
	return append(slices.Clone(h.Warnings), plural(h.Malformed, "malformed entry was", "malformed entries were")+" passed over")
}

// ask runs one check. Only a store that cannot be used makes the process useless.
func (r *readiness) ask(name string, check func() (status, detail string)) {
	start := time.Now()
	status, detail := check()
	r.Checks = append(r.Checks, checkBody{name, status, detail, float64(time.Since(start).Microseconds()) / 1000})
	switch {
	case status == checkDown:
		r.Status = "unavailable"
	case status == checkDegraded && r.Status == "ready":
		r.Status = "degraded"
	}
}

// inner keeps addresses and paths inside: the log has the error, the answer its kind.
func (s *Server) inner(check string, err error) string {
	s.log.Warn("a check failed", "check", check, "err", err)
	if p := problem.Of(err); p != nil {
		return p.Detail
	}
	return "see the server's log"
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + many
}

//go:embed schemas/*.json
var schemaFiles embed.FS

// eventTypes lists what a log can hold, by this build.
func eventTypes() []string { return append(job.Types(), queue.Types()...) }

type schemaItem struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

func (s *Server) listSchemas(c *fiber.Ctx) error {
	items := make([]schemaItem, 0, 32)
	for _, t := range eventTypes() {
		items = append(items, schemaItem{t, "/api/schemas/" + t + ".json"})
	}
	return sendJSON(c, fiber.StatusOK, map[string]any{"items": items})
}

func (s *Server) readSchema(c *fiber.Ctx) error {
	name, ok := strings.CutSuffix(c.Params("name"), ".json")
	if !ok || name != "event" && !slices.Contains(eventTypes(), name) {
		return fiber.NewError(fiber.StatusNotFound, "no such event type")
	}
	b, err := fs.ReadFile(schemaFiles, "schemas/"+name+".json")
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/schema+json")
	return c.Send(b)
}

func document(yaml []byte) fiber.Handler {
	return func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, "application/yaml")
		return c.Send(yaml)
	}
}
