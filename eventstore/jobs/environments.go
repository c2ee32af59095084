package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tapedeck/domain/environment"
	"tapedeck/domain/event"
	"tapedeck/eventstore"
)

// LoadEnvironment folds a project's environment as it is now. It fails with environment.ErrNotFound, also for one that
// was removed.
func (r *Repository) LoadEnvironment(ctx context.Context, project, name string) (environment.State, error) {
	s, err := r.foldEnvironment(ctx, project, name)
	if err == nil && !s.Exists() {
		err = environment.ErrNotFound
	}
	return s, err
}

// foldEnvironment is LoadEnvironment for a name that may be free.
func (r *Repository) foldEnvironment(ctx context.Context, project, name string) (environment.State, error) {
	s := environment.State{Project: project, Name: name}
	err := r.foldStream(ctx, environment.Stream(project, name), 0, func(e *event.Event, hash event.Hash) (err error) {
		s, err = environment.Fold(s, *e, hash)
		return err
	})
	return s, err
}

// Precondition is what a caller wants of an environment that it changes. The zero Precondition wants nothing.
type Precondition struct {
	// Version is the one that the caller saw; 0 is any.
	Version uint64
	// Absent wants that there is none of this name.
	Absent bool
}

func (p Precondition) check(s environment.State) error {
	if p.Absent && s.Exists() || p.Version != 0 && (p.Version != s.Version || !s.Exists()) {
		return &VersionError{Want: p.Version, Have: s.Version}
	}
	return nil
}

// ChangeEnvironment loads a project's environment, decides and appends; when somebody else was first it does so again,
// unless the precondition does not hold any more: then it fails with *VersionError. The receipt is zero when there was
// nothing to append. It fails with the errors of environment.Decide.
func (r *Repository) ChangeEnvironment(ctx context.Context, project, name string, by Caller, want Precondition, now time.Time, c environment.Command) (environment.State, Receipt, error) {
	for range maxConflicts {
		s, err := r.foldEnvironment(ctx, project, name)
		if err != nil {
			return s, Receipt{}, err
		}
		if err := want.check(s); err != nil {
			return s, Receipt{}, err
		}
		next, receipt, err := r.applyEnvironment(ctx, s, by, now, c)
		if !errors.Is(err, eventstore.ErrConflict) {
			return next, receipt, err
		}
	}
	return environment.State{}, Receipt{}, fmt.Errorf("environment %s: %w (%d times)", name, eventstore.ErrConflict, maxConflicts)
}

func (r *Repository) applyEnvironment(ctx context.Context, s environment.State, by Caller, now time.Time, c environment.Command) (environment.State, Receipt, error) {
	facts, err := environment.Decide(s, c)
	if err != nil || len(facts) == 0 {
		return s, Receipt{}, err
	}
	next := s
	write := eventstore.Write{Stream: environment.Stream(s.Project, s.Name), Expect: eventstore.Exact(s.Version), Prev: s.Head}
	for _, fact := range facts {
		var sealed eventstore.Sealed
		if next, sealed, err = r.sealEnvironment(next, by, now, fact); err != nil {
			return s, Receipt{}, err
		}
		write.Events = append(write.Events, sealed)
	}
	done, err := r.append(ctx, eventstore.Append{Writes: []eventstore.Write{write}})
	if err != nil {
		return s, Receipt{}, err
	}
	return next, r.receipt(write.Stream, next.Version, next.Head, done), nil
}

func (r *Repository) sealEnvironment(s environment.State, by Caller, now time.Time, fact environment.Event) (environment.State, eventstore.Sealed, error) {
	data, err := environment.Encode(fact)
	if err != nil {
		return s, eventstore.Sealed{}, err
	}
	e := event.Event{
		ID: r.cfg.NewID(), Source: by.Source, Type: fact.EventType(), Subject: s.Name, Time: now, Project: s.Project,
		Stream: environment.Stream(s.Project, s.Name), Sequence: s.Version + 1, Kind: environment.Kind, Actor: by.Actor,
		CorrelationID: by.CorrelationID, CausationID: by.CausationID, TraceParent: by.TraceParent,
		SchemaVersion: event.SchemaVersion, PrevHash: s.Head, Data: data,
	}
	stored, hash, err := event.Seal(&e)
	if err != nil {
		return s, eventstore.Sealed{}, err
	}
	next, err := environment.Fold(s, e, hash)
	return next, eventstore.Sealed{ID: e.ID, Stored: stored, Hash: hash}, err
}
