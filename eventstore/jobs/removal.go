package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/eventstore"
)

// removeAtOnce is how many documents one append takes out.
const removeAtOnce = 500

// RemoveDocument takes a document out of what is known, until a run brings it back. It returns the document as it is
// then; one that is removed already stays as it was. It fails with ErrNoKnowledge, and with knowledge.ErrRunning while a
// job is at work on its source.
func (r *Repository) RemoveDocument(ctx context.Context, id string, by Caller, reason string, now time.Time) (*knowledge.Document, error) {
	d, err := r.LoadDocument(ctx, id, 0)
	if err != nil || d.Removed {
		return d, err
	}
	err = r.onSource(ctx, d.SourceID, func(s *knowledge.Source) error { return r.take(ctx, s, []string{d.Key}, by, reason, now) })
	if err != nil {
		return d, err
	}
	return r.LoadDocument(ctx, id, 0)
}

// RemoveSource takes a source's documents out, and then the source, until a run brings them back. It returns how many
// documents those were. When it fails midway, calling it again goes on. It fails as RemoveDocument does.
func (r *Repository) RemoveSource(ctx context.Context, id string, by Caller, reason string, now time.Time) (documents int, err error) {
	for gone := false; !gone && err == nil; {
		err = r.onSource(ctx, id, func(s *knowledge.Source) error {
			keys := slices.Sorted(maps.Keys(s.Entries))
			keys = keys[:min(len(keys), removeAtOnce)]
			if gone = len(keys) == 0; gone {
				return r.removeEmpty(ctx, s, by, reason, now)
			}
			err := r.take(ctx, s, keys, by, reason, now)
			if err == nil {
				documents += len(keys)
			}
			return err
		})
	}
	return documents, err
}

func (r *Repository) removeEmpty(ctx context.Context, s *knowledge.Source, by Caller, reason string, now time.Time) error {
	ended, err := r.hasEnded(ctx, s.Run.JobID)
	if err != nil {
		return err
	}
	facts, err := s.Remove(reason, ended)
	if err != nil {
		return err
	}
	if s.Next != nil {
		if err := r.Unschedule(ctx, s.Next.JobID, by, now); err != nil {
			return err
		}
	}
	return r.ApplyKnowledge(ctx, by, now, nil, s, facts)
}

// Unschedule cancels a job that waits to read a source again; one that is over, or gone, stays as it is.
func (r *Repository) Unschedule(ctx context.Context, id string, by Caller, now time.Time) error {
	ended, err := r.hasEnded(ctx, id)
	if err != nil || ended {
		return err
	}
	_, _, err = r.Execute(ctx, id, by, job.RequestCancel{Now: now, Reason: "the source is read otherwise, or not any more"})
	var refused *job.RefusedError
	if errors.As(err, &refused) || errors.Is(err, job.ErrNotFound) {
		return nil // it ended meanwhile
	}
	return err
}

// onSource changes a source as it is now, again when somebody else changed it meanwhile.
func (r *Repository) onSource(ctx context.Context, id string, change func(*knowledge.Source) error) error {
	var err error
	for range maxConflicts {
		s, loadErr := r.LoadSource(ctx, id)
		if loadErr != nil {
			return loadErr
		}
		if err = change(s); !errors.Is(err, eventstore.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("source %s: %w (%d times)", id, err, maxConflicts)
}

// take removes documents of a source.
func (r *Repository) take(ctx context.Context, s *knowledge.Source, keys []string, by Caller, reason string, now time.Time) error {
	ended, err := r.hasEnded(ctx, s.Run.JobID)
	if err != nil {
		return err
	}
	facts, err := s.RemoveDocuments(keys, reason, ended)
	if err != nil || len(facts) == 0 {
		return err
	}
	changes := make([]Change, 0, len(keys))
	for _, key := range keys {
		d, err := r.LoadDocument(ctx, knowledge.DocumentID(s.ID, key), 0)
		if errors.Is(err, ErrNoKnowledge) || err == nil && d.Removed {
			continue
		}
		if err != nil {
			return err
		}
		changes = append(changes, Change{Document: d, Fact: knowledge.DocumentRemoved{Reason: reason}})
	}
	return r.ApplyKnowledge(ctx, by, now, nil, s, facts, changes...)
}

// hasEnded reports whether a job is over; one whose tape is gone is.
func (r *Repository) hasEnded(ctx context.Context, id string) (bool, error) {
	if id == "" {
		return true, nil
	}
	s, err := r.Load(ctx, id)
	if errors.Is(err, job.ErrNotFound) {
		return true, nil
	}
	return err == nil && s.Status.Final(), err
}
