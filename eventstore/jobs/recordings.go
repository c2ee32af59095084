package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/domain/recording"
	"tapedeck/eventstore"
)

// LoadRecording folds a recording as it is now. It fails with recording.ErrNotFound.
func (r *Repository) LoadRecording(ctx context.Context, id string) (recording.State, error) {
	return r.LoadRecordingAt(ctx, id, 0)
}

// LoadRecordingAt folds a recording up to a version; 0 is the newest. It fails with recording.ErrNotFound, also when
// there is no such version.
func (r *Repository) LoadRecordingAt(ctx context.Context, id string, version uint64) (recording.State, error) {
	var s recording.State
	for {
		events, err := r.store.ReadStream(ctx, recording.Stream(id), s.Version+1, pageSize)
		if err != nil {
			return s, fmt.Errorf("load recording %s: %w", id, err)
		}
		for _, e := range events {
			if s, err = recording.Fold(s, e.Event, e.Hash); err != nil {
				return s, fmt.Errorf("load recording %s: event %d: %w", id, e.Sequence, err)
			}
			if s.Version == version {
				return s, nil
			}
		}
		if len(events) < pageSize {
			if !s.Exists() || version != 0 {
				return recording.State{}, recording.ErrNotFound
			}
			return s, nil
		}
	}
}

// EditRecording loads the recording, decides the commands one after the other and appends what follows from them, all
// or nothing; when somebody else was first it does so again. A version other than 0 is the one that the caller saw:
// it fails with *VersionError when the recording is at another. It fails with the errors of recording.Decide.
func (r *Repository) EditRecording(ctx context.Context, id string, by Caller, version uint64, now time.Time, commands ...recording.Command) (recording.State, error) {
	for range maxConflicts {
		s, err := r.LoadRecording(ctx, id)
		if err != nil {
			return s, err
		}
		if version != 0 && s.Version != version {
			return s, &VersionError{Want: version, Have: s.Version}
		}
		next, err := r.ApplyRecording(ctx, s, by, now, nil, commands...)
		if !errors.Is(err, eventstore.ErrConflict) {
			return next, err
		}
	}
	return recording.State{}, fmt.Errorf("recording %s: %w", id, eventstore.ErrConflict)
}

// VersionError says that something is not at the version that the caller saw.
type VersionError struct{ Want, Have uint64 }

// Error implements error.
func (e *VersionError) Error() string {
	return fmt.Sprintf("it is at version %d, not %d", e.Have, e.Want)
}

// ApplyRecording decides commands on a state that the caller knows and appends, without a read. With holds the append
// is refused (eventstore.ErrLeaseLost) unless they are held: how a recorder proves that its attempt is current. It
// returns the new state, or s and eventstore.ErrConflict when s is not the newest.
func (r *Repository) ApplyRecording(ctx context.Context, s recording.State, by Caller, now time.Time, holds []eventstore.Hold, commands ...recording.Command) (recording.State, error) {
	next := s
	write := eventstore.Write{Stream: recording.Stream(s.ID), Expect: eventstore.Exact(s.Version), Prev: s.Head}
	var watches []eventstore.Watch
	for _, c := range commands {
		facts, err := recording.Decide(next, c)
		if err != nil {
			return s, err
		}
		for _, fact := range facts {
			var sealed eventstore.Sealed
			if next, sealed, err = r.sealRecording(next, by, now, fact); err != nil {
				return s, err
			}
			write.Events = append(write.Events, sealed)
			if _, started := fact.(recording.Started); started {
				watches = []eventstore.Watch{{Stream: job.Stream(s.ID), Watcher: recording.Stream(s.ID), Topic: job.WakeTopic}}
			}
		}
	}
	if len(write.Events) == 0 {
		return next, nil
	}
	if _, err := r.append(ctx, eventstore.Append{Writes: []eventstore.Write{write}, Holds: holds, Watches: watches}); err != nil {
		return s, err
	}
	return next, nil
}

// CloseRecording finishes a recording whose job has ended without a word of its own, because its worker died. It does
// nothing for a recording that is finished.
func (r *Repository) CloseRecording(ctx context.Context, id string, by Caller, now time.Time, ended job.State) error {
	s, err := r.LoadRecording(ctx, id)
	if err != nil || s.Status != recording.StatusRecording {
		return err
	}
	f := recording.Finished{Outcome: "failed", Reason: "its job ended: " + string(ended.Status), Attempt: s.Attempt}
	if ended.Error != nil {
		f.Reason = ended.Error.Message
	}
	for _, step := range s.Steps { // as far as it is known
		if step.Evidence != nil {
			f.DurationMS, f.Thumbnail = max(f.DurationMS, step.Evidence.OffsetMS), cmp.Or(step.Evidence.Screenshot, f.Thumbnail)
		}
	}
	if ended.Status == job.StatusCancelled {
		f.Outcome = "cancelled"
	}
	_, err = r.EditRecording(ctx, id, by, s.Version, now, recording.Finish{Finished: f})
	if errors.As(err, new(*VersionError)) {
		return r.CloseRecording(ctx, id, by, now, ended) // it was edited meanwhile
	}
	return err
}

func (r *Repository) sealRecording(s recording.State, by Caller, now time.Time, fact recording.Event) (recording.State, eventstore.Sealed, error) {
	data, err := recording.Encode(fact)
	if err != nil {
		return s, eventstore.Sealed{}, err
	}
	e := event.Event{
		ID: r.cfg.NewID(), Source: by.Source, Type: fact.EventType(), Subject: s.ID, Time: now, Project: s.Project,
		Stream: recording.Stream(s.ID), Sequence: s.Version + 1, Kind: recording.Kind, Attempt: s.Attempt, Actor: by.Actor,
		CorrelationID: by.CorrelationID, CausationID: by.CausationID, TraceParent: by.TraceParent,
		SchemaVersion: event.SchemaVersion, PrevHash: s.Head, Data: data,
	}
	stored, hash, err := event.Seal(&e)
	if err != nil {
		return s, eventstore.Sealed{}, err
	}
	next, err := recording.Fold(s, e, hash)
	return next, eventstore.Sealed{ID: e.ID, Stored: stored, Hash: hash}, err
}
