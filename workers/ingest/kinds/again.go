package kinds

import (
	"context"
	"time"

	"github.com/google/uuid"

	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/workers"
)

// every is how often a source is read again: a duration such as 24h, or empty.
type every string

// Bounds of every.
const (
	shortest = 15 * time.Minute
	longest  = 366 * 24 * time.Hour
)

func (e every) check() []job.Fault {
	if e == "" {
		return nil
	}
	if d, err := time.ParseDuration(string(e)); err != nil || d < shortest || d > longest {
		return []job.Fault{{Path: "every", Message: "want a time from 15m to 8784h, such as 24h"}}
	}
	return nil
}

// after is a new id for each job, the same one at each of its attempts.
var after = uuid.MustParse("9f1d5b2e-7a43-4c0e-9d0f-2f6f3e8a1c57")

// again submits the job that reads the source once more; nil when nobody wants that. It is asked for when a run begins:
// however that one ends, the next one comes.
func (c Config) again(j *workers.Job, source knowledge.SourceKind, e every) func(context.Context) (*knowledge.NextRun, error) {
	wait, err := time.ParseDuration(string(e))
	if err != nil {
		return nil
	}
	return func(ctx context.Context) (*knowledge.NextRun, error) {
		now := c.Ingest.WithDefaults().Now()
		id := uuid.NewSHA1(after, []byte(j.ID())).String()
		s, _, err := c.Ingest.Jobs.Submit(ctx, id, j.Project(), j.Caller(), job.Submit{
			Now: now, Kind: source.JobKind(), Queue: Queue, Input: j.Input(), Labels: j.Labels(), Retry: retry, RunAt: now.Add(wait),
			Fingerprint: id, CommandID: id,
		})
		if err != nil {
			return nil, err
		}
		return &knowledge.NextRun{JobID: id, At: s.RunAt}, nil
	}
}
