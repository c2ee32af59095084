package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"tapedeck/domain/job"
	"tapedeck/eventstore/jobs"
	"tapedeck/handlers/problem"
	"tapedeck/handlers/tape"
)

// submission is the body of POST /api/jobs.
type submission struct {
	Kind     string            `json:"kind"`
	Input    jsontext.Value    `json:"input"`
	Queue    string            `json:"queue"`
	Priority job.Priority      `json:"priority"`
	Labels   map[string]string `json:"labels"`
	Project  string            `json:"project"`
	RunAt    time.Time         `json:"runAt"`
	Delay    duration          `json:"delay"`
	Timeout  duration          `json:"timeout"`
	Retry    *retryRequest     `json:"retry"`
	After    []job.Dependency  `json:"after"`
	ParentID string            `json:"parentId"`
}

const (
	// maxSubmissions bounds one request, atOnce how many of them are appended at the same time.
	maxSubmissions = 1000
	atOnce         = 64
	maxKey         = 255
)

func (s *Server) submit(c *fiber.Ctx) error {
	raw, err := rawBody(c)
	if err != nil {
		return err
	}
	key := c.Get("Idempotency-Key")
	if len(key) > maxKey {
		return problem.Field1("header/Idempotency-Key", "at most 255 bytes")
	}
	if isArray(raw) {
		return s.submitMany(c, raw, key)
	}
	r, err := s.submitOne(raw, key, caller(c))
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

// bodySubmission is a submission whose input is the body itself, without the members that belong to the job; the rest is
// the kind's to judge.
func bodySubmission(raw []byte, kind string, own ...string) ([]byte, error) {
	var input map[string]jsontext.Value
	if err := decode(raw, &input, ""); err != nil {
		return nil, err
	}
	job := map[string]any{"kind": kind}
	for _, name := range own {
		if value, ok := input[name]; ok {
			job[name] = value
			delete(input, name)
		}
	}
	job["input"] = input
	return json.Marshal(job, json.Deterministic(true))
}

// submitBody submits the request's body as the input of a job, whose own members stand in it too.
func (s *Server) submitBody(c *fiber.Ctx, kind string, own ...string) (submitted, error) {
	raw, err := rawBody(c)
	if err != nil {
		return submitted{}, err
	}
	key := c.Get("Idempotency-Key")
	if len(key) > maxKey {
		return submitted{}, problem.Field1("header/Idempotency-Key", "at most 255 bytes")
	}
	submission, err := bodySubmission(raw, kind, own...)
	if err != nil {
		return submitted{}, err
	}
	r, err := s.submitOne(submission, key, caller(c))
	if err != nil {
		return r, outOfInput(err)
	}
	c.Set(fiber.HeaderETag, etag(r.job.Version))
	if r.replay {
		c.Set("Idempotent-Replay", "true")
	}
	return r, nil
}

// submitted is one job, or the same one again.
type submitted struct {
	job    *jobBody
	replay bool
}

func (s *Server) submitOne(raw []byte, key string, by jobs.Caller) (submitted, error) {
	return s.submitFor(raw, raw, key, by)
}

// submitFor is submitOne for a submission that was completed: asked is what the client sent, which tells whether it is the
// same request again.
func (s *Server) submitFor(raw, asked []byte, key string, by jobs.Caller) (submitted, error) {
	var b submission
	if err := decode(raw, &b, ""); err != nil {
		return submitted{}, err
	}
	kind, ok := s.kinds[b.Kind]
	if !ok {
		return submitted{}, unknownKind(b.Kind)
	}
	cmd, err := b.command(kind, s.cfg.Now())
	if err != nil {
		return submitted{}, err
	}
	id := ""
	if key == "" {
		id = s.cfg.NewID()
	} else {
		id, cmd.CommandID = derivedID(key)
		cmd.Fingerprint = fingerprint(asked)
	}
	return s.append(id, b.Project, by, cmd, kind)
}

// carries refuses a queue that does not carry the kind: its jobs would wait for ever. A queue carries
// the kinds that are bound to it, and what a live worker that reads it says it can run.
func (s *Server) carries(ctx context.Context, queue string, kind *Kind) error {
	if queue == kind.Queue {
		return nil
	}
	workers, err := s.store.Workers(ctx)
	if err != nil {
		return err
	}
	for _, w := range workers {
		if slices.Contains(w.Queues, queue) && slices.Contains(w.Kinds, kind.Name) {
			return nil
		}
	}
	return problem.Field1("/queue", fmt.Sprintf("no worker reads queue %s for this kind; its own queue is %s", queue, kind.Queue))
}

func (s *Server) admits(ctx context.Context, queue string, kind *Kind) error {
	if err := s.carries(ctx, queue, kind); err != nil {
		return err
	}
	return s.modes.admits(ctx, queue)
}

// repeats reports whether this may be the request that made the job: what became of the queue since does
// not take back an answer that got lost on its way.
func (s *Server) repeats(ctx context.Context, id string, cmd job.Submit) bool {
	if cmd.CommandID == "" {
		return false
	}
	_, err := s.repo.Load(ctx, id)
	return err == nil
}

func (s *Server) append(id, project string, by jobs.Caller, cmd job.Submit, kind *Kind) (submitted, error) {
	ctx, cancel := within()
	defer cancel()
	if err := s.admits(ctx, cmd.Queue, kind); err != nil && !s.repeats(ctx, id, cmd) {
		return submitted{}, err
	}
	if project == "" {
		project = defaultProject
	}
	if !job.ValidName(project) {
		return submitted{}, problem.Field1("/project", "want 1–64 of a–z, 0–9, '.', '_', '-'")
	}
	state, receipt, err := s.repo.Submit(ctx, id, project, by, cmd)
	if err != nil {
		return submitted{}, err
	}
	if receipt.Version > 0 {
		return submitted{stateBody(state, receipt.Cursor), false}, nil
	}
	j, err := s.tapes.Job(ctx, id, tape.Until{})
	return submitted{tapeBody(j), true}, err
}

const defaultProject = "default"

func unknownKind(name string) error {
	if name == "" {
		return problem.Field1("/kind", "kind is needed")
	}
	return problem.Field1("/kind", "unknown kind; GET /api/kinds lists them")
}

// command checks what the domain cannot know.
func (b *submission) command(kind *Kind, now time.Time) (job.Submit, error) {
	cmd := job.Submit{
		Now: now, Kind: kind.Name, Queue: kind.Queue, Priority: kind.Priority, Input: b.Input, Labels: b.Labels,
		Retry: kind.Retry, TimeoutMS: kind.Timeout.Milliseconds(), ParentID: b.ParentID, After: b.After, RunAt: b.RunAt,
	}
	if b.Queue != "" {
		cmd.Queue = b.Queue
	}
	if b.Priority != "" {
		cmd.Priority = b.Priority
	}
	if b.Timeout != 0 {
		cmd.TimeoutMS = b.Timeout.ms()
	}
	if b.Retry != nil {
		asked, err := b.Retry.policy()
		if err != nil {
			return cmd, err
		}
		cmd.Retry = overlay(kind.Retry, asked)
	}
	if b.Delay != 0 {
		if !b.RunAt.IsZero() {
			return cmd, problem.Field1("/delay", "delay and runAt exclude each other")
		}
		cmd.RunAt = now.Add(time.Duration(b.Delay))
	}
	if !job.ValidName(cmd.Queue) {
		return cmd, problem.Field1("/queue", "want 1–64 of a–z, 0–9, '.', '_', '-'")
	}
	if kind.Check == nil {
		return cmd, nil
	}
	return cmd, kind.Check(b.Input)
}

// retryRequest tells what is not said from a zero, which is no policy.
type retryRequest struct {
	MaxAttempts *int `json:"maxAttempts"`
	Backoff     struct {
		Initial *duration `json:"initial"`
		Max     *duration `json:"max"`
		Factor  *float64  `json:"factor"`
	} `json:"backoff"`
}

func (r *retryRequest) policy() (p job.RetryPolicy, err error) {
	return p, errors.Join(
		given(r.MaxAttempts, "/retry/maxAttempts", func(n int) { p.MaxAttempts = n }),
		given(r.Backoff.Initial, "/retry/backoff/initial", func(d duration) { p.InitialMS = d.ms() }),
		given(r.Backoff.Max, "/retry/backoff/max", func(d duration) { p.MaxMS = d.ms() }),
		given(r.Backoff.Factor, "/retry/backoff/factor", func(f float64) { p.Factor = f }),
	)
}

func given[T comparable](v *T, path string, use func(T)) error {
	var zero T
	switch {
	case v == nil:
	case *v == zero:
		return problem.Field1(path, "cannot be zero")
	default:
		use(*v)
	}
	return nil
}

// overlay puts what the request says over the kind's policy. A longest pause below the kind's first one shortens it.
func overlay(kind, asked job.RetryPolicy) job.RetryPolicy {
	if asked.MaxAttempts != 0 {
		kind.MaxAttempts = asked.MaxAttempts
	}
	if asked.InitialMS != 0 {
		kind.InitialMS = asked.InitialMS
		kind.MaxMS = max(kind.MaxMS, asked.InitialMS)
	}
	if asked.MaxMS != 0 {
		kind.MaxMS = asked.MaxMS
		if asked.InitialMS == 0 {
			kind.InitialMS = min(kind.InitialMS, asked.MaxMS)
		}
	}
	if asked.Factor != 0 {
		kind.Factor = asked.Factor
	}
	return kind
}

// derivedID makes the job id from the key, so that the log itself knows whether the key was used: no side table. When
// there is auth, the principal goes into the digest.
func derivedID(key string) (jobID, commandID string) {
	sum := sha256.Sum256([]byte("tapedeck/submit\x00" + key))
	id, _ := uuid.FromBytes(sum[:16])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // a UUID of version 8
	return id.String(), hex.EncodeToString(sum[16:])
}

// fingerprint is the same for bodies that mean the same.
func fingerprint(raw []byte) string {
	canonical := jsontext.Value(append([]byte(nil), raw...))
	if err := canonical.Canonicalize(); err != nil {
		canonical = raw
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}

type submissionResult struct {
	Status  int              `json:"status"`
	Replay  bool             `json:"replay,omitzero"`
	Job     *jobBody         `json:"job,omitzero"`
	Problem *problem.Problem `json:"problem,omitzero"`
}

// submitMany appends items side by side, so that the store can commit them together; their order in the log is not
// that of the array.
func (s *Server) submitMany(c *fiber.Ctx, raw []byte, key string) error {
	var items []jsontext.Value
	if err := decode(raw, &items, ""); err != nil {
		return err
	}
	if len(items) == 0 || len(items) > maxSubmissions {
		return problem.Field1("", "want 1 to "+strconv.Itoa(maxSubmissions)+" jobs")
	}
	by, instance := caller(c), requestID(c)
	results := make([]submissionResult, len(items))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, item := range items {
		itemKey := ""
		if key != "" {
			itemKey = key + "\x00" + strconv.Itoa(i)
		}
		group.Go(func() error {
			r, err := s.submitOne(item, itemKey, by)
			if err != nil {
				p := s.known(err, instance)
				results[i] = submissionResult{Status: p.Status, Problem: p}
				return nil
			}
			results[i] = submissionResult{Status: fiber.StatusAccepted, Replay: r.replay, Job: r.job}
			return nil
		})
	}
	_ = group.Wait() // the items keep their errors
	return sendJSON(c, fiber.StatusAccepted, map[string]any{"items": results})
}
