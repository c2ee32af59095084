package workers

import (
	"context"
	"maps"
	"os"
	"slices"
	"time"

	"tapedeck/eventstore"
)

// present keeps the worker in the registry, and takes it out at the end.
func (s *shift) present() {
	draining := s.taking.Done()
	for {
		err := s.cfg.Store.Heartbeat(s.working, s.card(), 3*s.cfg.HeartbeatEvery)
		if s.working.Err() == nil {
			s.alarms.set("registry", err)
		}
		select {
		case <-draining:
			draining = nil // say at once that it drains, but only once
		case <-s.working.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(s.working), time.Second)
			defer cancel()
			_ = s.cfg.Store.Leave(ctx, s.id)
			return
		case <-time.After(s.cfg.HeartbeatEvery):
		}
	}
}

func (s *shift) card() eventstore.Worker {
	w := eventstore.Worker{
		ID: s.id, Name: s.cfg.Name, PID: os.Getpid(), Status: "running", StartedAt: s.began.UTC(),
		Kinds: []string{}, Queues: slices.Sorted(maps.Keys(s.cfg.Queues)), Running: []eventstore.RunningJob{},
		Stage: s.cfg.Stage,
	}
	w.Host, _ = os.Hostname()
	for _, spec := range s.cfg.Kinds.specs {
		w.Kinds = append(w.Kinds, spec.Name)
	}
	for _, l := range s.lanes {
		w.Concurrency += l.limit
	}
	if s.taking.Err() != nil {
		w.Status = "draining"
	}
	for _, a := range s.running.list() {
		w.Running = append(w.Running, eventstore.RunningJob{
			JobID: a.started.ID, Kind: a.started.Kind, Attempt: a.started.Attempt, StartedAt: a.started.UpdatedAt,
		})
	}
	slices.SortFunc(w.Running, func(a, b eventstore.RunningJob) int { return a.StartedAt.Compare(b.StartedAt) })
	return w
}
