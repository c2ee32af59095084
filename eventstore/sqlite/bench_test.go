package sqlite_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/event"
	"tapedeck/eventstore"
	"tapedeck/eventstore/sqlite"
)

// submitted is an append of about the size and with the effects of a job's submission.
func submitted(id string) eventstore.Append {
	e := event.Event{
		ID: id, Source: "tapedeck/api", Type: "job.submitted", Subject: id, Time: time.Now(), Stream: "job/" + id,
		Project: "default", Sequence: 1, Kind: "system.ping", SchemaVersion: 1,
		Data: jsontext.Value(`{"kind":"system.ping","queue":"default","priority":"normal","status":"queued","retry":{"maxAttempts":3}}`),
	}
	stored, hash, err := event.Seal(&e)
	if err != nil {
		panic(err)
	}
	return eventstore.Append{
		Writes:    []eventstore.Write{{Stream: e.Stream, Events: []eventstore.Sealed{{ID: id, Stored: stored, Hash: hash}}}},
		Enqueue:   []eventstore.Enqueue{{Topic: "q/default/normal"}},
		Deadlines: []eventstore.SetDeadline{{Stream: e.Stream, At: time.Now().Add(time.Minute)}},
	}
}

func bare(id string) eventstore.Append {
	a := submitted(id)
	return eventstore.Append{Writes: a.Writes}
}

// BenchmarkAppend measures one caller, and 256 that share the writer's transactions.
func BenchmarkAppend(b *testing.B) {
	for name, plan := range map[string]func(string) eventstore.Append{"event": bare, "submission": submitted} {
		for _, callers := range []int{1, 16, 256} {
			b.Run(fmt.Sprintf("%s/callers=%d", name, callers), func(b *testing.B) {
				s := open(b, sqlite.Config{})
				run(b, callers, func() error {
					_, err := s.Append(context.Background(), plan(uuid.Must(uuid.NewV7()).String()))
					return err
				})
			})
		}
	}
}

// run shares b.N calls among callers and reports calls per second.
func run(b *testing.B, callers int, call func() error) {
	b.ReportAllocs()
	b.ResetTimer()
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := call(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

const benchEvents = 100_000

// filled is a store of benchEvents events in streams of 10.
func filled(b *testing.B) (*sqlite.Store, []string) {
	b.Helper()
	s := open(b, sqlite.Config{})
	var streams []string
	for len(streams) < benchEvents/10 {
		var a eventstore.Append
		for range 1000 {
			id := uuid.Must(uuid.NewV7()).String()
			streams = append(streams, "job/"+id)
			w := bare(id).Writes[0]
			prev := w.Events[0].Hash
			for i := range uint64(9) {
				e := event.Event{
					ID: uuid.NewString(), Type: "job.annotated", Stream: w.Stream, Subject: id, Sequence: i + 2,
					SchemaVersion: 1, PrevHash: prev, Data: jsontext.Value(`{"text":"` + strings.Repeat("x", 100) + `"}`),
				}
				stored, hash, err := event.Seal(&e)
				require.NoError(b, err)
				w.Events = append(w.Events, eventstore.Sealed{ID: e.ID, Stored: stored, Hash: hash})
				prev = hash
			}
			a.Writes = append(a.Writes, w)
		}
		_, err := s.Append(context.Background(), a)
		require.NoError(b, err)
	}
	return s, streams
}

// BenchmarkReplay reads and parses the whole log.
func BenchmarkReplay(b *testing.B) {
	s, _ := filled(b)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for after := (eventstore.Position{}); ; {
			batch, err := s.ReadAll(context.Background(), after, 1000)
			require.NoError(b, err)
			if batch.Next == after {
				break
			}
			n, after = n+len(batch.Events), batch.Next
		}
		require.Equal(b, benchEvents, n)
	}
	b.ReportMetric(benchEvents*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkReadStream loads jobs of 10 events.
func BenchmarkReadStream(b *testing.B) {
	s, streams := filled(b)
	var next atomic.Int64
	run(b, 4, func() error {
		_, err := s.ReadStream(context.Background(), streams[int(next.Add(1)*7919)%len(streams)], 1, 100)
		return err
	})
}

// BenchmarkTopic takes and acks messages.
func BenchmarkTopic(b *testing.B) {
	s := open(b, sqlite.Config{})
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range b.N/64 + 1 {
				_, err := s.Append(context.Background(), submitted(uuid.Must(uuid.NewV7()).String()))
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	b.ResetTimer()
	sub, err := s.Subscriber(eventstore.Reader{Name: "bench"})
	require.NoError(b, err)
	messages, err := sub.Subscribe(context.Background(), "q/default/normal")
	require.NoError(b, err)
	for range b.N {
		(<-messages).Ack()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	require.NoError(b, sub.Close())
}
