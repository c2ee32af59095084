package handlers

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofiber/fiber/v2"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/handlers/problem"
)

// forkRequest is the body of POST /api/jobs/{jobId}/fork.
type forkRequest struct {
	// Version is the event that the job was looked at; absent is the last one.
	Version uint64 `json:"version"`
	// Input changes the job's (RFC 7396): null takes a member away.
	Input    jsontext.Value    `json:"input"`
	Labels   map[string]string `json:"labels"`
	Priority job.Priority      `json:"priority"`
}

// forkJob submits a job like another one, with changed input. Its tape says what it was made from.
func (s *Server) forkJob(c *fiber.Ctx) error {
	var b forkRequest
	if err := optionalBody(c, &b); err != nil {
		return err
	}
	key := c.Get("Idempotency-Key")
	if len(key) > maxKey {
		return problem.Field1("header/Idempotency-Key", "at most 255 bytes")
	}
	from, err := jobID(c)
	if err != nil {
		return err
	}
	ctx, cancel := within()
	defer cancel()
	state, err := s.repo.LoadUntil(ctx, from, func(e eventstore.Recorded) bool { return b.Version > 0 && e.Sequence > b.Version })
	if err != nil {
		return err
	}
	if b.Version > state.Version {
		return problem.Field1("/version", fmt.Sprintf("the job has %d events", state.Version))
	}
	kind, ok := s.kinds[state.Kind]
	if !ok {
		return unknownKind(state.Kind)
	}
	if len(b.Input) > 0 && b.Input.Kind() != '{' {
		return problem.Field1("/input", "want an object with the members that change")
	}
	asked := submission{Kind: state.Kind, Input: state.Input, Queue: state.Queue, Priority: state.Priority, Labels: state.Labels}
	if asked.Input, err = mergePatch(state.Input, b.Input); err != nil {
		return err
	}
	if b.Labels != nil {
		asked.Labels = b.Labels
	}
	if b.Priority != "" {
		asked.Priority = b.Priority
	}
	cmd, err := asked.command(kind, s.cfg.Now())
	if err != nil {
		return err
	}
	cmd.Retry, cmd.TimeoutMS, cmd.Forked = state.Retry, state.TimeoutMS, &job.Forked{FromJobID: from, FromVersion: state.Version}
	id := s.cfg.NewID()
	if key != "" {
		id, cmd.CommandID = derivedID(key)
		cmd.Fingerprint = fingerprint(fmt.Appendf(nil, "%s\x00%s", from, c.Body()))
	}
	r, err := s.append(id, state.Project, caller(c), cmd, kind)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderLocation, "/api/jobs/"+r.job.JobID)
	c.Set(fiber.HeaderETag, etag(r.job.Version))
	if r.replay {
		c.Set("Idempotent-Replay", "true")
	}
	return sendJSON(c, fiber.StatusAccepted, r.job)
}

// mergePatch applies a JSON Merge Patch (RFC 7396, 2). Values that are not changed keep their bytes.
func mergePatch(of, patch jsontext.Value) (jsontext.Value, error) {
	if len(patch) == 0 {
		return of, nil
	}
	if patch.Kind() != '{' {
		return patch, nil
	}
	members, changes := map[string]jsontext.Value{}, map[string]jsontext.Value{}
	if err := json.Unmarshal(patch, &changes); err != nil {
		return nil, err
	}
	if of.Kind() == '{' {
		if err := json.Unmarshal(of, &members); err != nil {
			return nil, err
		}
	}
	for name, change := range changes {
		if bytes.Equal(change, []byte("null")) {
			delete(members, name)
			continue
		}
		merged, err := mergePatch(members[name], change)
		if err != nil {
			return nil, err
		}
		members[name] = merged
	}
	return json.Marshal(members, json.Deterministic(true))
}
