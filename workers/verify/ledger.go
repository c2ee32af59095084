package verify

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"tapedeck/domain/proof"
	"tapedeck/eventstore"
	"tapedeck/workers"
)

// ledger writes what is found out, one append after the other. It is safe for concurrent use.
type ledger struct {
	cfg Config
	job *workers.Job

	mu    sync.Mutex
	state proof.State
}

// open reads what an earlier attempt has found out, and begins this one.
func (c Config) open(ctx context.Context, j *workers.Job, started proof.Started) (*ledger, error) {
	s, err := c.Jobs.LoadProof(ctx, j.ID())
	if errors.Is(err, proof.ErrNotFound) {
		s, err = proof.State{ID: j.ID(), Owner: j.Project()}, nil
	}
	if err != nil {
		return nil, err
	}
	l := &ledger{cfg: c, job: j, state: s}
	return l, l.write(ctx, proof.Start{Started: started})
}

// reopen reads what another job has found out, to add to it.
func (c Config) reopen(ctx context.Context, j *workers.Job, id string) (*ledger, error) {
	s, err := c.Jobs.LoadProof(ctx, id)
	return &ledger{cfg: c, job: j, state: s}, err
}

// write appends what follows from commands.
func (l *ledger) write(ctx context.Context, commands ...proof.Command) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	next, err := l.cfg.Jobs.ApplyProof(ctx, l.state, l.job.Caller(), l.cfg.Now(), l.job.Hold(), commands...)
	for errors.Is(err, eventstore.ErrConflict) { // the job that goes on with it, or the one that began it
		if l.state, err = l.cfg.Jobs.LoadProof(ctx, l.state.ID); err == nil {
			next, err = l.cfg.Jobs.ApplyProof(ctx, l.state, l.job.Caller(), l.cfg.Now(), l.job.Hold(), commands...)
		}
	}
	if errors.Is(err, eventstore.ErrLeaseLost) {
		return workers.ErrLeaseLost
	}
	if err != nil {
		return fmt.Errorf("write the proof: %w", err)
	}
	l.state = next
	return nil
}

// now is what is known.
func (l *ledger) now() proof.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}
