package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"

	"github.com/gofiber/fiber/v2"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/handlers/problem"
	"tapedeck/handlers/tape"
)

type reasonBody struct {
	Reason string `json:"reason"`
}

const maxReason = 1000

func (s *Server) cancelJob(c *fiber.Ctx) error {
	return s.withReason(c, func(reason, commandID string) job.Command {
		return job.RequestCancel{Now: s.cfg.Now(), Reason: reason, CommandID: commandID}
	})
}

func (s *Server) stopJob(c *fiber.Ctx) error {
	return s.withReason(c, func(reason, commandID string) job.Command {
		return job.RequestStop{Now: s.cfg.Now(), Reason: reason, CommandID: commandID}
	})
}

func (s *Server) retryJob(c *fiber.Ctx) error {
	return s.withReason(c, func(_, commandID string) job.Command {
		return job.Revive{Now: s.cfg.Now(), CommandID: commandID}
	})
}

func (s *Server) withReason(c *fiber.Ctx, command func(reason, commandID string) job.Command) error {
	var b reasonBody
	if err := optionalBody(c, &b); err != nil {
		return err
	}
	if len(b.Reason) > maxReason {
		return problem.Field1("/reason", "at most 1000 bytes")
	}
	id, err := commandID(c)
	if err != nil {
		return err
	}
	return s.execute(c, command(b.Reason, id))
}

func (s *Server) annotateJob(c *fiber.Ctx) error {
	var b struct {
		Text string `json:"text"`
	}
	if err := readBody(c, &b); err != nil {
		return err
	}
	id, err := commandID(c)
	if err != nil {
		return err
	}
	return s.execute(c, job.Annotate{Now: s.cfg.Now(), Text: b.Text, CommandID: id})
}

// commandID holds the digests of the idempotency key and of the request; the job's own state remembers it.
func commandID(c *fiber.Ctx) (string, error) {
	key := c.Get("Idempotency-Key")
	if key == "" {
		return "", nil
	}
	if len(key) > maxKey {
		return "", problem.Field1("header/Idempotency-Key", "at most 255 bytes")
	}
	sum := sha256.Sum256([]byte(c.Path() + "\x00" + key))
	return hex.EncodeToString(sum[:16]) + "." + fingerprint(c.Body())[:16], nil
}

func (s *Server) execute(c *fiber.Ctx, cmd job.Command) error {
	id, err := jobID(c)
	if err != nil {
		return err
	}
	version, err := ifMatch(c)
	if err != nil {
		return err
	}
	ctx, cancel := within()
	defer cancel()
	if version == 0 {
		err = s.command(ctx, id, caller(c), cmd)
	} else {
		err = s.executeAt(ctx, id, version, caller(c), cmd)
	}
	if err != nil {
		return err
	}
	j, err := s.tapes.Job(ctx, id, tape.Until{})
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderETag, etag(j.Version))
	return sendJSON(c, fiber.StatusAccepted, tapeBody(j))
}

// command decides and appends; the end of a pipeline reaches its steps.
func (s *Server) command(ctx context.Context, id string, by jobs.Caller, cmd job.Command) error {
	state, _, err := s.repo.Execute(ctx, id, by, cmd)
	if err != nil {
		return err
	}
	return s.endSteps(ctx, by, state, cmd)
}

// executeAt decides once, on the version that the client has seen.
func (s *Server) executeAt(ctx context.Context, id string, version uint64, by jobs.Caller, cmd job.Command) error {
	state, err := s.repo.Load(ctx, id)
	if err != nil {
		return err
	}
	if state.Version == version {
		state, _, err = s.repo.Apply(ctx, state, by, cmd)
		if err == nil {
			return s.endSteps(ctx, by, state, cmd)
		}
	}
	if state.Version != version || errors.Is(err, eventstore.ErrConflict) {
		return problem.New(problem.Conflict, "the job has changed since this version",
			problem.Field{Path: "header/If-Match", Message: "not the current version"}).WithStatus(http.StatusPreconditionFailed)
	}
	return err
}
