package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tapedeck/domain/event"
	"tapedeck/domain/knowledge"
	"tapedeck/eventstore"
)

// ErrNoKnowledge says that there is no such source or document.
var ErrNoKnowledge = errors.New("nothing of that id is known")

// LoadSource folds a source as it is now. It fails with ErrNoKnowledge.
func (r *Repository) LoadSource(ctx context.Context, id string) (*knowledge.Source, error) {
	s := &knowledge.Source{}
	err := r.foldStream(ctx, knowledge.SourceStream(id), 0, s.Fold)
	if err == nil && !s.Exists() {
		err = ErrNoKnowledge
	}
	return s, err
}

// LoadDocument folds a document up to a version; 0 is the newest. It fails with ErrNoKnowledge, also when there is no
// such version.
func (r *Repository) LoadDocument(ctx context.Context, id string, version uint64) (*knowledge.Document, error) {
	d := &knowledge.Document{}
	err := r.foldStream(ctx, knowledge.DocumentStream(id), version, d.Fold)
	if err == nil && (!d.Exists() || version != 0 && d.Version != version) {
		err = ErrNoKnowledge
	}
	return d, err
}

// foldStream hands a stream's events over in order, up to a version; 0 is all of them.
func (r *Repository) foldStream(ctx context.Context, stream string, version uint64, fold func(*event.Event, event.Hash) error) error {
	for next := uint64(1); ; {
		events, err := r.store.ReadStream(ctx, stream, next, pageSize)
		if err != nil {
			return fmt.Errorf("load %s: %w", stream, err)
		}
		for _, e := range events {
			if err := fold(&e.Event, e.Hash); err != nil {
				return fmt.Errorf("load %s: event %d: %w", stream, e.Sequence, err)
			}
			if e.Sequence == version {
				return nil
			}
		}
		if len(events) < pageSize {
			return nil
		}
		next += uint64(len(events))
	}
}

// Change is what happens to one document.
type Change struct {
	Document *knowledge.Document // as it is now; a new one has only id and project
	Fact     knowledge.Event
}

// ApplyKnowledge appends facts of a source together with changes of its documents, all or nothing, and folds them into
// source and documents. With holds the append is refused (eventstore.ErrLeaseLost) unless they are held. It fails with
// eventstore.ErrConflict when one of the states is not the newest; nothing was changed then.
func (r *Repository) ApplyKnowledge(ctx context.Context, by Caller, now time.Time, holds []eventstore.Hold, source *knowledge.Source, facts []knowledge.Event, changes ...Change) error {
	var a eventstore.Append
	var folds []func() error
	add := func(stream, id, project string, version uint64, head event.Hash, facts []knowledge.Event, fold func(*event.Event, event.Hash) error) error {
		write := eventstore.Write{Stream: stream, Expect: eventstore.Exact(version), Prev: head}
		for _, fact := range facts {
			e := event.Event{Stream: stream, Subject: id, Project: project, Sequence: version + 1, PrevHash: head, Time: now}
			sealed, err := r.sealKnowledge(&e, by, fact)
			if err != nil {
				return err
			}
			version, head = version+1, sealed.Hash
			write.Events = append(write.Events, sealed)
			folds = append(folds, func() error { return fold(&e, sealed.Hash) })
		}
		a.Writes = append(a.Writes, write)
		return nil
	}
	if len(facts) > 0 {
		if err := add(knowledge.SourceStream(source.ID), source.ID, source.Project, source.Version, source.Head, facts, source.Fold); err != nil {
			return err
		}
	}
	for _, c := range changes {
		d := c.Document
		if err := add(knowledge.DocumentStream(d.ID), d.ID, d.Project, d.Version, d.Head, []knowledge.Event{c.Fact}, d.Fold); err != nil {
			return err
		}
	}
	if len(a.Writes) == 0 {
		return nil
	}
	a.Holds = holds
	if _, err := r.append(ctx, a); err != nil {
		return err
	}
	for _, fold := range folds {
		if err := fold(); err != nil {
			return err
		}
	}
	return nil
}

func (r *Repository) sealKnowledge(e *event.Event, by Caller, fact knowledge.Event) (eventstore.Sealed, error) {
	data, err := knowledge.Encode(fact)
	if err != nil {
		return eventstore.Sealed{}, err
	}
	e.ID, e.Source, e.Type, e.Kind = r.cfg.NewID(), by.Source, fact.EventType(), knowledge.Kind
	e.Actor, e.CorrelationID, e.CausationID, e.TraceParent = by.Actor, by.CorrelationID, by.CausationID, by.TraceParent
	e.SchemaVersion, e.Data = event.SchemaVersion, data
	stored, hash, err := event.Seal(e)
	return eventstore.Sealed{ID: e.ID, Stored: stored, Hash: hash}, err
}
