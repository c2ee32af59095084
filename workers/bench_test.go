package workers_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/workers"
)

// BenchmarkNoop is the engine's own cost of a job that does nothing: submit, claim, run, close, on the
// memory store, which keeps and parses every event.
func BenchmarkNoop(b *testing.B) {
	u := setup(b, kindOf("test.noop", func(context.Context, *workers.Job) (any, error) { return nil, nil }))
	w := u.start(func(c *workers.Config) { c.Concurrency = 64 })
	ids := make([]string, b.N)
	for i := range ids {
		ids[i] = uuid.Must(uuid.NewV7()).String()
	}
	b.ReportAllocs()
	b.ResetTimer()
	for _, id := range ids {
		_, _, err := u.repo.Submit(b.Context(), id, "default", tester, job.Submit{Now: time.Now(), Kind: "test.noop", Queue: "system"})
		require.NoError(b, err)
	}
	for after, left := (eventstore.Position{}), b.N; left > 0; {
		batch, err := u.store.ReadAll(b.Context(), after, 1000)
		require.NoError(b, err)
		for _, e := range batch.Events {
			if e.Type == "job.succeeded" {
				left--
			}
		}
		if after = batch.Next; left > 0 {
			require.NoError(b, u.store.Wait(b.Context(), after))
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
	w.Stop(context.Background())
}
