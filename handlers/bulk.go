package handlers

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/sync/errgroup"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/handlers/problem"
	"tapedeck/projections"
)

type bulkBody struct {
	Action string      `json:"action"`
	Filter *filterBody `json:"filter"`
	IDs    []string    `json:"ids"`
	Reason string      `json:"reason"`
	DryRun bool        `json:"dryRun"`
}

type filterBody struct {
	Statuses      []job.Status      `json:"statuses"`
	Kinds         []string          `json:"kinds"`
	Labels        map[string]string `json:"labels"`
	Project       string            `json:"project"`
	Queues        []string          `json:"queues"`
	Text          string            `json:"q"`
	CreatedAfter  time.Time         `json:"createdAfter"`
	CreatedBefore time.Time         `json:"createdBefore"`
	Parent        string            `json:"parent"`
}

func (f filterBody) projection() projections.Filter {
	return projections.Filter{
		Project: f.Project, Statuses: f.Statuses, Kinds: f.Kinds, Queues: f.Queues, Labels: f.Labels,
		ParentID: f.Parent, Text: f.Text, CreatedAfter: f.CreatedAfter, CreatedBefore: f.CreatedBefore,
	}
}

type bulkResult struct {
	Matched      int64                `json:"matched"`
	Affected     int                  `json:"affected"`
	Skipped      []skippedJob         `json:"skipped"`
	SkippedTotal int                  `json:"skippedTotal"`
	ByStatus     map[job.Status]int64 `json:"byStatus"`
	DryRun       bool                 `json:"dryRun"`
	Truncated    bool                 `json:"truncated,omitzero"`
	Cursor       eventstore.Cursor    `json:"cursor,omitzero"`
}

type skippedJob struct {
	JobID  string `json:"jobId"`
	Reason string `json:"reason"`
}

const (
	maxBulk        = 10_000
	maxSkipped     = 1000
	bulkTimeout    = 50 * time.Second
	bulkSideBySide = 64
)

func (s *Server) bulk(c *fiber.Ctx) error {
	var b bulkBody
	if err := readBody(c, &b); err != nil {
		return err
	}
	if err := b.validate(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), bulkTimeout)
	defer cancel()
	selected, err := s.choose(ctx, b)
	if err != nil {
		return err
	}
	run := &bulkRun{server: s, body: b, by: caller(c), instance: requestID(c), result: bulkResult{
		Matched: selected.Total, ByStatus: selected.ByStatus, Skipped: []skippedJob{}, DryRun: b.DryRun,
		Truncated: selected.Total > int64(len(selected.IDs)), Cursor: selected.Cursor,
	}}
	run.all(ctx, selected.IDs)
	return sendJSON(c, fiber.StatusOK, run.result)
}

func (b bulkBody) validate() error {
	switch {
	case !slices.Contains([]string{"cancel", "stop", "retry"}, b.Action):
		return problem.Field1("/action", "action is cancel, stop or retry")
	case (b.Filter == nil) == (b.IDs == nil):
		return problem.Field1("/filter", "want either filter or ids")
	case b.IDs != nil && (len(b.IDs) == 0 || len(b.IDs) > maxBulk):
		return problem.Field1("/ids", "want 1 to "+strconv.Itoa(maxBulk)+" ids")
	case len(b.Reason) > maxReason:
		return problem.Field1("/reason", "at most 1000 bytes")
	}
	if b.Filter == nil {
		return nil
	}
	for i, status := range b.Filter.Statuses {
		if !slices.Contains(job.Statuses, status) {
			return problem.Field1("/filter/statuses/"+strconv.Itoa(i), "no such status")
		}
	}
	return nil
}

// choose selects by the read model, or counts the given ids by what the store says.
func (s *Server) choose(ctx context.Context, b bulkBody) (projections.Selection, error) {
	if b.Filter != nil {
		selected, err := s.cfg.Reader.Select(ctx, b.Filter.projection(), maxBulk)
		return selected, readFault(err)
	}
	ids := slices.Clone(b.IDs)
	slices.Sort(ids)
	return projections.Selection{IDs: slices.Compact(ids), ByStatus: map[job.Status]int64{}}, nil
}

func (b bulkBody) command(now time.Time) job.Command {
	switch b.Action {
	case "cancel":
		return job.RequestCancel{Now: now, Reason: b.Reason}
	case "stop":
		return job.RequestStop{Now: now, Reason: b.Reason}
	default:
		return job.Revive{Now: now}
	}
}

type bulkRun struct {
	server   *Server
	body     bulkBody
	by       jobs.Caller
	instance string

	mu     sync.Mutex
	result bulkResult
}

func (r *bulkRun) all(ctx context.Context, ids []string) {
	var group errgroup.Group
	group.SetLimit(bulkSideBySide)
	for _, id := range ids {
		group.Go(func() error {
			status, why := r.one(ctx, id)
			r.count(id, status, why)
			return nil
		})
	}
	_ = group.Wait()
	slices.SortFunc(r.result.Skipped, func(a, b skippedJob) int {
		if a.JobID < b.JobID {
			return -1
		}
		return 1
	})
}

// one decides on the job's own state, and appends unless it is a dry run. It returns why the job was left alone.
func (r *bulkRun) one(ctx context.Context, id string) (job.Status, string) {
	state, err := r.server.repo.Load(ctx, id)
	if err != nil {
		return "", r.why(err)
	}
	cmd := r.body.command(r.server.cfg.Now())
	facts, err := job.Decide(state, cmd)
	switch {
	case err != nil:
		return state.Status, r.why(err)
	case len(facts) == 0:
		return state.Status, "nothing to change"
	case r.body.DryRun:
		return state.Status, ""
	}
	if err = r.server.command(ctx, id, r.by, cmd); err != nil {
		return state.Status, r.why(err)
	}
	return state.Status, ""
}

func (r *bulkRun) why(err error) string {
	var refused *job.RefusedError
	if errors.As(err, &refused) {
		return refused.Why
	}
	return r.server.known(err, r.instance).Detail
}

func (r *bulkRun) count(id string, status job.Status, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.body.IDs != nil && status != "" {
		r.result.Matched++
		r.result.ByStatus[status]++
	}
	if why == "" {
		r.result.Affected++
		return
	}
	r.result.SkippedTotal++
	if len(r.result.Skipped) < maxSkipped {
		r.result.Skipped = append(r.result.Skipped, skippedJob{id, why})
	}
}
