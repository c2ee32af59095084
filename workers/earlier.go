package workers

import (
	"context"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

// Earlier is a job of After as it was when it ended: exactly the version that woke this job.
type Earlier struct {
	JobID     string         `json:"jobId"`
	Kind      string         `json:"kind"`
	Status    job.Status     `json:"status"`
	Result    jsontext.Value `json:"result,omitempty"`
	Error     *job.Error     `json:"error,omitempty"`
	Artifacts []job.Artifact `json:"artifacts,omitempty"`
}

// Earlier reads the jobs of After in the order in which they are named. It fails when a tape does not
// hold the version that was pinned any more.
func (j *Job) Earlier(ctx context.Context) ([]Earlier, error) {
	var out []Earlier
	for _, d := range j.a.started.After {
		for _, pin := range j.a.started.Resolved {
			if pin.JobID != d.JobID {
				continue
			}
			e, err := j.a.earlier(ctx, pin)
			if err != nil {
				return nil, err
			}
			out = append(out, e)
		}
	}
	return out, nil
}

func (a *attempt) earlier(ctx context.Context, pin job.DependencyResolved) (Earlier, error) {
	s, err := a.repo.LoadUntil(ctx, pin.JobID, func(e eventstore.Recorded) bool { return e.Sequence > pin.Version })
	if err != nil {
		return Earlier{}, fmt.Errorf("earlier job %s: %w", pin.JobID, err)
	}
	if s.Version != pin.Version || s.Head != pin.Hash {
		return Earlier{}, Permanent("after", fmt.Errorf("earlier job %s is not what it was when it ended", pin.JobID))
	}
	e := Earlier{JobID: s.ID, Kind: s.Kind, Status: s.Status, Result: s.Result, Error: s.Error}
	if s.Attempt > 0 {
		out, err := a.repo.LoadOutput(ctx, s.ID, s.Attempt, nil)
		if err != nil {
			return Earlier{}, fmt.Errorf("earlier job %s: %w", pin.JobID, err)
		}
		e.Artifacts = out.Artifacts
	}
	return e, nil
}

// OpenArtifact reads an artefact of an earlier job.
func (j *Job) OpenArtifact(ctx context.Context, jobID string, f job.Artifact) (io.ReadCloser, error) {
	if j.a.cfg.Artifacts == nil {
		return nil, artifacts.ErrNotFound
	}
	return j.a.cfg.Artifacts.Read(ctx, artifacts.Key{JobID: jobID, Attempt: f.Attempt, Name: f.Name}, 0, -1)
}
