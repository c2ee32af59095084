package jobs_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/eventstore/jobs"
)

// Whatever lies in a queue: it is refused as malformed, or it names a job, and a complete one can be
// decided on.
func FuzzFromMessage(f *testing.F) {
	e := event.Event{
		ID: "e", Source: "s", Type: "job.submitted", Subject: "j", Stream: "job/j", Sequence: 1, SchemaVersion: 1,
		Time: time.Unix(0, 0), Data: []byte(`{"kind":"k","queue":"q","priority":"low","status":"queued","retry":{"maxAttempts":1}}`),
	}
	stored, _, err := event.Seal(&e)
	require.NoError(f, err)
	f.Add(stored)
	erased, err := event.Erase(stored)
	require.NoError(f, err)
	f.Add(erased)
	f.Add([]byte(`{"id":"e","type":"job.submitted","stream":"job/j/out/1","sequence":1,"data":{"kind":7}}`))
	f.Add([]byte(`{"id":"e","type":"job.submitted","stream":"job/j","sequence":1,"data":{"status":"queued"}}`))
	f.Add([]byte("\x00"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		h, err := jobs.FromMessage(payload)
		if err != nil {
			require.ErrorIs(t, err, event.ErrMalformed)
			return
		}
		require.NotEmpty(t, h.State.ID)
		if h.Complete {
			require.Equal(t, job.StatusQueued, h.State.Status)
			_, _ = job.Decide(h.State, job.Start{Now: time.Now(), Attempt: 1, Worker: "w", Lease: "l", LeaseMS: 1})
		}
	})
}
