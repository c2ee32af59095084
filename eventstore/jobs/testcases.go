package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tapedeck/domain/event"
	"tapedeck/domain/testcase"
	"tapedeck/eventstore"
)

// LoadTestCases folds a set of test cases as it is now. It fails with testcase.ErrNotFound.
func (r *Repository) LoadTestCases(ctx context.Context, id string) (testcase.State, error) {
	var s testcase.State
	err := r.foldStream(ctx, testcase.Stream(id), 0, func(e *event.Event, hash event.Hash) (err error) {
		s, err = testcase.Fold(s, *e, hash)
		return err
	})
	if err == nil && !s.Exists() {
		err = testcase.ErrNotFound
	}
	return s, err
}

// ReviewTestCases loads a set, decides a command and appends what follows; when somebody else was first it does so again.
// A version other than 0 is the one that the caller saw: it fails with *VersionError when the set is at another. It fails
// with the errors of testcase.Decide.
func (r *Repository) ReviewTestCases(ctx context.Context, id string, by Caller, version uint64, now time.Time, c testcase.Command) (testcase.State, error) {
	for range maxConflicts {
		s, err := r.LoadTestCases(ctx, id)
		if err != nil {
			return s, err
		}
		if version != 0 && s.Version != version {
			return s, &VersionError{Want: version, Have: s.Version}
		}
		next, err := r.ApplyTestCases(ctx, s, by, now, nil, c)
		if !errors.Is(err, eventstore.ErrConflict) {
			return next, err
		}
	}
	return testcase.State{}, fmt.Errorf("test cases %s: %w", id, eventstore.ErrConflict)
}

// ApplyTestCases decides commands on a state that the caller knows and appends what follows, without a read. With holds the
// append is refused (eventstore.ErrLeaseLost) unless they are held. A set that does not exist yet is the zero State with
// its ID and Owner. It returns the new state, or s and eventstore.ErrConflict when s is not the newest.
func (r *Repository) ApplyTestCases(ctx context.Context, s testcase.State, by Caller, now time.Time, holds []eventstore.Hold, commands ...testcase.Command) (testcase.State, error) {
	next := s
	write := eventstore.Write{Stream: testcase.Stream(s.ID), Expect: eventstore.Exact(s.Version), Prev: s.Head}
	for _, c := range commands {
		facts, err := testcase.Decide(next, c)
		if err != nil {
			return s, err
		}
		for _, fact := range facts {
			var sealed eventstore.Sealed
			if next, sealed, err = r.sealTestCases(next, by, now, fact); err != nil {
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

func (r *Repository) sealTestCases(s testcase.State, by Caller, now time.Time, fact testcase.Event) (testcase.State, eventstore.Sealed, error) {
	data, err := testcase.Encode(fact)
	if err != nil {
		return s, eventstore.Sealed{}, err
	}
	e := event.Event{
		ID: r.cfg.NewID(), Source: by.Source, Type: fact.EventType(), Subject: s.ID, Time: now, Project: s.Owner,
		Stream: testcase.Stream(s.ID), Sequence: s.Version + 1, Kind: testcase.Kind, Attempt: s.Attempt, Actor: by.Actor,
		CorrelationID: by.CorrelationID, CausationID: by.CausationID, TraceParent: by.TraceParent,
		SchemaVersion: event.SchemaVersion, PrevHash: s.Head, Data: data,
	}
	if started, ok := fact.(testcase.Started); ok {
		e.Attempt = started.Attempt
	}
	stored, hash, err := event.Seal(&e)
	if err != nil {
		return s, eventstore.Sealed{}, err
	}
	next, err := testcase.Fold(s, e, hash)
	return next, eventstore.Sealed{ID: e.ID, Stored: stored, Hash: hash}, err
}
