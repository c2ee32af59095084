package jobs

import (
	"context"
	"fmt"
	"time"

	"tapedeck/domain/event"
	"tapedeck/domain/proof"
	"tapedeck/eventstore"
)

// LoadProof folds a proof as it is now. It fails with proof.ErrNotFound.
func (r *Repository) LoadProof(ctx context.Context, id string) (proof.State, error) {
	var s proof.State
	for {
		events, err := r.store.ReadStream(ctx, proof.Stream(id), s.Version+1, pageSize)
		if err != nil {
			return s, fmt.Errorf("load proof %s: %w", id, err)
		}
		for _, e := range events {
			if s, err = proof.Fold(s, e.Event, e.Hash); err != nil {
				return s, fmt.Errorf("load proof %s: event %d: %w", id, e.Sequence, err)
			}
		}
		if len(events) < pageSize {
			if !s.Exists() {
				return proof.State{}, proof.ErrNotFound
			}
			return s, nil
		}
	}
}

// ApplyProof decides commands on a state that the caller knows and appends what follows, without a read; hold proves that
// the caller's attempt is current (eventstore.ErrLeaseLost). A proof that does not exist yet is the zero State with its ID
// and Owner. It returns the new state, or s and eventstore.ErrConflict when s is not the newest.
func (r *Repository) ApplyProof(ctx context.Context, s proof.State, by Caller, now time.Time, hold eventstore.Hold, commands ...proof.Command) (proof.State, error) {
	next := s
	write := eventstore.Write{Stream: proof.Stream(s.ID), Expect: eventstore.Exact(s.Version), Prev: s.Head}
	for _, c := range commands {
		facts, err := proof.Decide(next, c)
		if err != nil {
			return s, err
		}
		for _, fact := range facts {
			var sealed eventstore.Sealed
			if next, sealed, err = r.sealProof(next, by, now, fact); err != nil {
				return s, err
			}
			write.Events = append(write.Events, sealed)
		}
	}
	if len(write.Events) == 0 {
		return next, nil
	}
	if _, err := r.append(ctx, eventstore.Append{Writes: []eventstore.Write{write}, Holds: []eventstore.Hold{hold}}); err != nil {
		return s, err
	}
	return next, nil
}

func (r *Repository) sealProof(s proof.State, by Caller, now time.Time, fact proof.Event) (proof.State, eventstore.Sealed, error) {
	data, err := proof.Encode(fact)
	if err != nil {
		return s, eventstore.Sealed{}, err
	}
	e := event.Event{
		ID: r.cfg.NewID(), Source: by.Source, Type: fact.EventType(), Subject: s.ID, Time: now, Project: s.Owner,
		Stream: proof.Stream(s.ID), Sequence: s.Version + 1, Kind: proof.Kind, Attempt: s.Attempt, Actor: by.Actor,
		CorrelationID: by.CorrelationID, CausationID: by.CausationID, TraceParent: by.TraceParent,
		SchemaVersion: event.SchemaVersion, PrevHash: s.Head, Data: data,
	}
	if started, ok := fact.(proof.Started); ok {
		e.Attempt = started.Attempt
	}
	stored, hash, err := event.Seal(&e)
	if err != nil {
		return s, eventstore.Sealed{}, err
	}
	next, err := proof.Fold(s, e, hash)
	return next, eventstore.Sealed{ID: e.ID, Stored: stored, Hash: hash}, err
}
