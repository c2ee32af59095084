package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tapedeck/domain/event"
	"tapedeck/domain/suite"
	"tapedeck/eventstore"
)

// LoadSuite folds the review of a suite as it is now. It fails with suite.ErrNotFound.
func (r *Repository) LoadSuite(ctx context.Context, id string) (suite.State, error) {
	var s suite.State
	err := r.foldStream(ctx, suite.Stream(id), 0, func(e *event.Event, hash event.Hash) (err error) {
		s, err = suite.Fold(s, *e, hash)
		return err
	})
	if err == nil && !s.Exists() {
		err = suite.ErrNotFound
	}
	return s, err
}

// ReviewSuite loads a review, decides a command and appends what follows; when somebody else was first it does so again.
// A version other than 0 is the one that the caller saw: it fails with *VersionError when the review is at another. It fails
// with the errors of suite.Decide.
func (r *Repository) ReviewSuite(ctx context.Context, id string, by Caller, version uint64, now time.Time, c suite.Command) (suite.State, error) {
	for range maxConflicts {
		s, err := r.LoadSuite(ctx, id)
		if err != nil {
			return s, err
		}
		if version != 0 && s.Version != version {
			return s, &VersionError{Want: version, Have: s.Version}
		}
		next, err := r.ApplySuite(ctx, s, by, now, nil, c)
		if !errors.Is(err, eventstore.ErrConflict) {
			return next, err
		}
	}
	return suite.State{}, fmt.Errorf("suite %s: %w", id, eventstore.ErrConflict)
}

// ApplySuite decides commands on a state that the caller knows and appends what follows, without a read. With holds the
// append is refused (eventstore.ErrLeaseLost) unless they are held. A review that does not exist yet is the zero State with
// its ID and Owner. It returns the new state, or s and eventstore.ErrConflict when s is not the newest.
func (r *Repository) ApplySuite(ctx context.Context, s suite.State, by Caller, now time.Time, holds []eventstore.Hold, commands ...suite.Command) (suite.State, error) {
	next := s
	write := eventstore.Write{Stream: suite.Stream(s.ID), Expect: eventstore.Exact(s.Version), Prev: s.Head}
	for _, c := range commands {
		facts, err := suite.Decide(next, c)
		if err != nil {
			return s, err
		}
		for _, fact := range facts {
			var sealed eventstore.Sealed
			if next, sealed, err = r.sealSuite(next, by, now, fact); err != nil {
				return s, err
			}
			write.Events = append(write.Events, sealed)
		}
	}
	if len(write.Events) == 0 {
		return next, nil
	}
	if _, err := r.append(ctx, eventstore.Append{Writes: []eventstore.Write{write}, Holds: holds}); err != nil {
		return s, err
	}
	return next, nil
}

func (r *Repository) sealSuite(s suite.State, by Caller, now time.Time, fact suite.Event) (suite.State, eventstore.Sealed, error) {
	data, err := suite.Encode(fact)
	if err != nil {
		return s, eventstore.Sealed{}, err
	}
	e := event.Event{
		ID: r.cfg.NewID(), Source: by.Source, Type: fact.EventType(), Subject: s.ID, Time: now, Project: s.Owner,
		Stream: suite.Stream(s.ID), Sequence: s.Version + 1, Kind: suite.Kind, Attempt: s.Attempt, Actor: by.Actor,
		CorrelationID: by.CorrelationID, CausationID: by.CausationID, TraceParent: by.TraceParent,
		SchemaVersion: event.SchemaVersion, PrevHash: s.Head, Data: data,
	}
	if proposed, ok := fact.(suite.Proposed); ok {
		e.Attempt = proposed.Attempt
	}
	stored, hash, err := event.Seal(&e)
	if err != nil {
		return s, eventstore.Sealed{}, err
	}
	next, err := suite.Fold(s, e, hash)
	return next, eventstore.Sealed{ID: e.ID, Stored: stored, Hash: hash}, err
}
