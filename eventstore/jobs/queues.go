package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tapedeck/domain/event"
	"tapedeck/domain/queue"
	"tapedeck/eventstore"
)

// LoadQueue folds a queue; one that nobody ever touched is running at version 0.
func (r *Repository) LoadQueue(ctx context.Context, name string) (queue.State, error) {
	s := queue.State{Name: name, Mode: queue.ModeRunning}
	for {
		events, err := r.store.ReadStream(ctx, queue.Stream(name), s.Version+1, pageSize)
		if err != nil {
			return s, fmt.Errorf("load queue %s: %w", name, err)
		}
		for _, e := range events {
			if s, err = queue.Fold(s, e.Event, e.Hash); err != nil {
				return s, fmt.Errorf("load queue %s: %w", name, err)
			}
		}
		if len(events) < pageSize {
			return s, nil
		}
	}
}

// SetQueueMode pauses, drains or resumes a queue.
func (r *Repository) SetQueueMode(ctx context.Context, name string, by Caller, mode queue.Mode, reason string, now time.Time) (queue.State, error) {
	for range maxConflicts {
		s, err := r.LoadQueue(ctx, name)
		if err != nil {
			return s, err
		}
		next, err := r.changeQueue(ctx, s, by, mode, reason, now)
		if !errors.Is(err, eventstore.ErrConflict) {
			return next, err
		}
	}
	return queue.State{}, fmt.Errorf("queue %s: %w", name, eventstore.ErrConflict)
}

func (r *Repository) changeQueue(ctx context.Context, s queue.State, by Caller, mode queue.Mode, reason string, now time.Time) (queue.State, error) {
	changes, err := queue.Decide(s, mode, reason)
	if err != nil || len(changes) == 0 {
		return s, err
	}
	data, err := queue.Encode(changes[0])
	if err != nil {
		return s, err
	}
	e := event.Event{
		ID: r.cfg.NewID(), Source: by.Source, Type: changes[0].EventType(), Subject: s.Name, Time: now,
		Stream: queue.Stream(s.Name), Sequence: s.Version + 1, Actor: by.Actor, CorrelationID: by.CorrelationID,
		TraceParent: by.TraceParent, SchemaVersion: event.SchemaVersion, PrevHash: s.Head, Data: data,
	}
	stored, hash, err := event.Seal(&e)
	if err != nil {
		return s, err
	}
	_, err = r.append(ctx, eventstore.Append{
		Writes: []eventstore.Write{{
			Stream: e.Stream, Expect: eventstore.Exact(s.Version), Prev: s.Head,
			Events: []eventstore.Sealed{{ID: e.ID, Stored: stored, Hash: hash}},
		}},
		Modes: []eventstore.SetPaused{{Prefix: "q/" + s.Name + "/", Paused: mode == queue.ModePaused}},
	})
	if err != nil {
		return s, err
	}
	return queue.Fold(s, e, hash)
}
