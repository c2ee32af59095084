// Package tape reads jobs for the API: the state at any point of its tape, the output of its attempts, its log by line
// numbers, and its events in log order. Everything comes from the store, so that a caller reads its own writes.
package tape

import (
	"context"
	"sync"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
)

// Reader is safe for concurrent use.
type Reader struct {
	repo *jobs.Repository
	log  eventstore.Log

	mu         sync.Mutex
	young, old map[string]*output
}

// NewReader returns a Reader on the repository's store.
func NewReader(repo *jobs.Repository) *Reader {
	return &Reader{repo: repo, log: repo.Store(), young: map[string]*output{}}
}

// Job is a job with its current attempt's output.
type Job struct {
	job.State
	Output job.Output
	// Cursor is that of the last event folded in.
	Cursor eventstore.Cursor
}

// Until says where to stop reading: a zero Until is now.
type Until struct {
	// Version stops behind this version of the state stream.
	Version uint64
	// Position stops behind this place in the log.
	Position eventstore.Position
}

// IsZero reports whether u is now.
func (u Until) IsZero() bool { return u == Until{} }

func (u Until) passed(r eventstore.Recorded) bool {
	return u.Version > 0 && r.Sequence > u.Version || u.Position != (eventstore.Position{}) && r.Position.After(u.Position)
}

// Job folds a job and the output of its current attempt. It fails with job.ErrNotFound, also when the job did not
// exist yet at u, or has not reached the version.
func (r *Reader) Job(ctx context.Context, id string, u Until) (Job, error) {
	var last eventstore.Recorded
	state, err := r.repo.LoadUntil(ctx, id, func(e eventstore.Recorded) bool {
		if u.passed(e) {
			return true
		}
		last = e
		return false
	})
	if err != nil {
		return Job{}, err
	}
	if state.Version < u.Version {
		return Job{}, job.ErrNotFound
	}
	j := Job{State: state, Cursor: last.Cursor(r.log.Epoch())}
	j.Output.Progress.Percent = -1
	if state.Attempt == 0 {
		return j, nil
	}
	if u.Version > 0 {
		// What the attempt had said when the event happened.
		u = Until{Position: last.Position}
	}
	out, at, err := r.Output(ctx, id, state.Attempt, u)
	if err != nil {
		return Job{}, err
	}
	j.Output = out
	if at.Position.After(j.Cursor.Position) {
		j.Cursor = at
	}
	return j, nil
}

// At turns a time or the text of a cursor into an Until; parse errors are the caller's.
func At(c eventstore.Cursor) Until {
	if c.Position == (eventstore.Position{}) {
		// Before the first event: the least position that is not "now".
		return Until{Position: eventstore.Position{Lo: 1}}
	}
	return Until{Position: c.Position}
}
