package jobs

import (
	"time"

	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

// maxHandoff is how many stored bytes a queue entry repeats. A larger event is handed off without
// its data, and the worker reads the job from the log.
const maxHandoff = 16 << 10

// plan seals the facts, folds them, and derives every effect from the step.
func (r *Repository) plan(s job.State, by Caller, facts []job.Event, now time.Time) (job.State, eventstore.Append, error) {
	before, stream := s, job.Stream(s.ID)
	write := eventstore.Write{Stream: stream, Expect: eventstore.Exact(s.Version), Prev: s.Head}
	var a eventstore.Append
	for i, fact := range facts {
		sealed, err := r.seal(stream, s, by, fact, now)
		if err != nil {
			return before, a, err
		}
		s = job.Evolve(s, fact, now)
		s.Head = sealed.Hash
		write.Events = append(write.Events, sealed)
		if hand, ok := handoff(s, fact, sealed, i); ok {
			a.Enqueue = append(a.Enqueue, hand)
		}
		if started, ok := fact.(job.Started); ok {
			a.Grants = append(a.Grants, eventstore.Grant{
				Stream: stream, Token: started.Lease, TTL: time.Duration(started.LeaseMS) * time.Millisecond,
			})
		}
	}
	a.Writes = []eventstore.Write{write}
	if before.Status.Active() && !s.Status.Active() {
		a.Ends = []string{stream}
	}
	if s.Status.Final() && !before.Status.Final() {
		a.Wakes = []string{stream}
	}
	if s.Status == job.StatusWaiting && before.Status != job.StatusWaiting {
		for _, d := range s.After {
			a.Watches = append(a.Watches, eventstore.Watch{Stream: job.Stream(d.JobID), Watcher: s.ID, Topic: job.WakeTopic})
		}
	}
	a.Deadlines = r.deadline(stream, before, s, now)
	return s, a, nil
}

// deadline moves the job's one deadline. A Grant sets that of a running job.
func (r *Repository) deadline(stream string, before, s job.State, now time.Time) []eventstore.SetDeadline {
	d := eventstore.SetDeadline{Stream: stream}
	switch s.Status {
	case job.StatusQueued:
		d.At = now.Add(r.cfg.ClaimBy)
	case job.StatusDelayed, job.StatusRetrying:
		d.At = s.RunAt
	case job.StatusRunning, job.StatusStopping:
		return nil
	case job.StatusWaiting, job.StatusSucceeded, job.StatusFailed, job.StatusCancelled, job.StatusDead:
		if !before.Exists() || before.Status == job.StatusWaiting || before.Status.Final() {
			return nil
		}
	}
	return []eventstore.SetDeadline{d}
}

func handoff(s job.State, fact job.Event, sealed eventstore.Sealed, i int) (eventstore.Enqueue, bool) {
	switch fact := fact.(type) {
	case job.Submitted:
		if fact.Status != job.StatusQueued {
			return eventstore.Enqueue{}, false
		}
	case job.Queued:
	default:
		return eventstore.Enqueue{}, false
	}
	q := eventstore.Enqueue{Topic: job.Topic(s.Queue, s.Priority), Event: i}
	if len(sealed.Stored) > maxHandoff {
		q.Payload, _ = event.Erase(sealed.Stored)
	}
	return q, true
}

func (r *Repository) seal(stream string, s job.State, by Caller, fact job.Event, now time.Time) (eventstore.Sealed, error) {
	data, err := job.Encode(fact)
	if err != nil {
		return eventstore.Sealed{}, err
	}
	e := envelope(s, by, fact, now)
	e.ID, e.Data = r.cfg.NewID(), data
	e.Stream, e.Sequence, e.PrevHash = stream, s.Version+1, s.Head
	stored, hash, err := event.Seal(&e)
	return eventstore.Sealed{ID: e.ID, Stored: stored, Hash: hash}, err
}

func envelope(s job.State, by Caller, fact job.Event, now time.Time) event.Event {
	e := event.Event{
		Source: by.Source, Type: fact.EventType(), Subject: s.ID, Time: now, Project: s.Project, Kind: s.Kind,
		ParentID: s.ParentID, Actor: by.Actor, CorrelationID: by.CorrelationID, CausationID: by.CausationID,
		TraceParent: by.TraceParent, SchemaVersion: event.SchemaVersion, Attempt: s.Attempt,
	}
	switch fact := fact.(type) {
	case job.Submitted:
		e.Kind, e.ParentID = fact.Kind, fact.ParentID
	case job.Started:
		e.Attempt = fact.Attempt
	default:
	}
	return e
}

// Handoff is what a queue message carries.
type Handoff struct {
	// State is the whole job when the message repeats the job.submitted that queued it, so that a
	// worker needs no read. Otherwise Complete is false and only the id is known: Load it.
	State    job.State
	Complete bool
	// Cause is the event that queued the job.
	Cause event.Event
}

// FromMessage reads a queue message. Its error wraps event.ErrMalformed.
func FromMessage(payload []byte) (Handoff, error) {
	e, hash, err := event.Parse(payload)
	if err != nil {
		return Handoff{}, err
	}
	id, attempt, ok := job.ParseStream(e.Stream)
	if !ok || attempt != 0 || e.Subject != id {
		return Handoff{}, event.ErrMalformed
	}
	h := Handoff{State: job.State{ID: id}, Cause: e}
	if e.Sequence != 1 || !e.DataDigest.IsZero() || e.SchemaVersion > event.SchemaVersion {
		return h, nil
	}
	if s, err := job.Fold(job.State{}, e, hash); err == nil && s.Status == job.StatusQueued {
		h.State, h.Complete = s, true
	}
	return h, nil
}
