package handlers

import (
	"context"
	"errors"
	"time"

	"github.com/gofiber/fiber/v2"

	"tapedeck/handlers/problem"
	"tapedeck/projections"
)

// maintenanceTimeout bounds work on the read models below the server's write timeout.
const maintenanceTimeout = 55 * time.Second

type rebuiltBody struct {
	Jobs    int64  `json:"jobs"`
	Skipped int64  `json:"skipped"`
	Cursor  string `json:"cursor"`
}

func (s *Server) rebuildReadModels(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(context.Background(), maintenanceTimeout)
	defer cancel()
	m, err := s.model(c)
	if err != nil {
		return err
	}
	r, err := m.Rebuild(ctx)
	if err != nil {
		return tooLong(err)
	}
	return sendJSON(c, fiber.StatusOK, rebuiltBody{r.Jobs, r.Skipped, r.Checkpoint.String()})
}

// readModel is a file of read models.
type readModel interface {
	Rebuild(ctx context.Context) (projections.Report, error)
	Check(ctx context.Context) (projections.Comparison, error)
}

// model is the one that is asked for: jobs, or knowledge.
func (s *Server) model(c *fiber.Ctx) (readModel, error) {
	q := readQuery(c, "model")
	name := q.one("model")
	if name == "knowledge" && s.cfg.Knowledge != nil {
		return s.cfg.Knowledge, q.err()
	}
	if name != "" && name != "jobs" {
		q.fault("model", "want jobs or knowledge")
	}
	return s.cfg.Reader, q.err()
}

type comparedBody struct {
	Equal       bool     `json:"equal"`
	Live        string   `json:"live"`
	Rebuilt     string   `json:"rebuilt"`
	Differences []string `json:"differences,omitempty"`
	Cursor      string   `json:"cursor"`
}

func (s *Server) checkReadModels(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(context.Background(), maintenanceTimeout)
	defer cancel()
	m, err := s.model(c)
	if err != nil {
		return err
	}
	r, err := m.Check(ctx)
	if err != nil {
		return tooLong(err)
	}
	return sendJSON(c, fiber.StatusOK, compared(r))
}

func compared(r projections.Comparison) comparedBody {
	return comparedBody{r.Equal(), r.Live, r.Rebuilt, r.Differences, r.Checkpoint.String()}
}

func tooLong(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return problem.New(problem.Unavailable, "the log is too long to be folded within a request: stop the server and run `tapedeck rebuild` beside its data")
	}
	return err
}
