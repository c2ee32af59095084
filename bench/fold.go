package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/projections"
)

const foldSection = "read models built from nothing"

// fold builds all read models from a log of a million events, as `tapedeck
// rebuild` does, each event parsed and hashed from its stored bytes.
func (b *bench) fold(ctx context.Context) ([]figure, error) {
	log := lives(b.scale(1_000_000))
	rate := figure{
		Section: foldSection, Name: fmt.Sprintf("fold of %s events", number(float64(len(log.stored)))), Unit: "events/s",
		Target: atLeast(50_000), Note: "5 events a job: submitted, started, a batch of log lines, progress, succeeded",
	}
	for range max(1, b.runs-1) { // long enough to be steady
		read := projections.New(log, projections.Config{Logger: slog.New(slog.DiscardHandler)})
		start := time.Now()
		if err := read.Start(ctx); err != nil {
			return nil, err
		}
		err := read.WaitFor(ctx, log.last())
		took := time.Since(start).Seconds()
		if err := read.Stop(); err != nil {
			return nil, err
		}
		if err != nil {
			return nil, err
		}
		rate.Runs = append(rate.Runs, float64(len(log.stored))/took)
	}
	return []figure{rate}, nil
}

// storedLog is a log of stored bytes in memory: reading it costs what decoding costs.
type storedLog struct {
	eventstore.Log
	stored [][]byte
	hash   event.Hash // of the last
}

func (l *storedLog) Epoch() string { return "benchlog" }

func (l *storedLog) last() eventstore.Cursor {
	return eventstore.NewCursor(l.Epoch(), eventstore.Position{Hi: uint64(len(l.stored))}, l.hash)
}

func (l *storedLog) Tail(context.Context) (eventstore.Cursor, error) { return l.last(), nil }

func (l *storedLog) Resolve(context.Context, eventstore.Cursor) error { return nil }

func (l *storedLog) Wait(ctx context.Context, _ eventstore.Position) error {
	<-ctx.Done()
	return ctx.Err()
}

func (l *storedLog) ReadAll(_ context.Context, after eventstore.Position, limit int) (eventstore.Batch, error) {
	b := eventstore.Batch{Next: after}
	for i := int(after.Hi); i < len(l.stored) && len(b.Events) < limit; i++ {
		e, hash, err := event.Parse(l.stored[i])
		if err != nil {
			return b, err
		}
		b.Next = eventstore.Position{Hi: uint64(i) + 1}
		b.Events = append(b.Events, eventstore.Recorded{Event: e, Position: b.Next, Hash: hash, Stored: l.stored[i]})
	}
	return b, nil
}

// lives writes the tapes of jobs of which 256 are under way at a time.
func lives(events int) *storedLog {
	log := &storedLog{}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	write := func(s job.State, stream string, seq uint64, prev event.Hash, fact job.Event) event.Hash {
		data, err := job.Encode(fact)
		if err != nil {
			panic(err) // the facts are fixed
		}
		e := event.Event{
			ID: uuid.NewString(), Source: "tapedeck/bench", Type: fact.EventType(), Subject: s.ID, Time: now, Stream: stream,
			Project: s.Project, Sequence: seq, Kind: "system.exercise", Attempt: s.Attempt, Actor: "bench",
			SchemaVersion: event.SchemaVersion, PrevHash: prev, Data: data,
		}
		stored, hash, err := event.Seal(&e)
		if err != nil {
			panic(err)
		}
		log.stored, log.hash = append(log.stored, stored), hash
		return hash
	}
	state := func(s job.State, c job.Command) job.State {
		facts, err := job.Decide(s, c)
		if err != nil {
			panic(err)
		}
		for _, fact := range facts {
			head := write(s, job.Stream(s.ID), s.Version+1, s.Head, fact)
			s = job.Evolve(s, fact, now)
			s.Head = head
		}
		return s
	}
	for len(log.stored) < events {
		open := make([]job.State, 256)
		heads := make([]event.Hash, len(open))
		for step := range 5 {
			for i, s := range open {
				now = now.Add(200 * time.Microsecond)
				switch step {
				case 0:
					s = job.State{ID: uuid.Must(uuid.NewV7()).String(), Project: "default"}
					open[i] = state(s, job.Submit{
						Now: now, Kind: "system.exercise", Queue: "system", Priority: job.PriorityNormal,
						Input: []byte(`{"lines":100,"note":"checkout with a voucher"}`), Labels: map[string]string{"team": "shop"},
					})
				case 1:
					open[i] = state(s, job.Start{Now: now, Attempt: 1, Worker: "w1", Lease: "l1", LeaseMS: 15_000})
				case 2:
					heads[i] = write(s, job.OutputStream(s.ID, 1), 1, heads[i], job.Logged{Lines: []job.Line{
						{Time: now, Level: "info", Text: "opened the page"}, {Time: now, Level: "info", Text: "clicked 'Add to basket'"},
					}})
				case 3:
					heads[i] = write(s, job.OutputStream(s.ID, 1), 2, heads[i], job.Progressed{Percent: 50, Message: "half way"})
				case 4:
					open[i] = state(s, job.Succeed{Now: now, Lease: "l1", Output: job.Head{Count: 2, Hash: heads[i]}})
				}
			}
		}
	}
	return log
}
