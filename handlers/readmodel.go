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
	r, err := s.cfg.Reader.Rebuild(ctx)
	if err != nil {
		return tooLong(err)
	}
	return sendJSON(c, fiber.StatusOK, rebuiltBody{r.Jobs, r.Skipped, r.Checkpoint.String()})
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
	r, err := s.cfg.Reader.Check(ctx)
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
