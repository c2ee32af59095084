package job_test

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/event"
	"tapedeck/domain/job"
)

// What every job has is encoded by a way of its own: it must write what the general encoder writes.
func TestBothEncodersAgree(t *testing.T) {
	t.Parallel()
	agree := func(t require.TestingT, e job.Event) {
		want, wantErr := json.Marshal(e, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
		got, err := job.Encode(e)
		require.Equal(t, wantErr == nil, err == nil)
		if err == nil {
			require.Equal(t, string(want), string(got))
		}
	}
	for _, e := range samples {
		agree(t, e)
	}
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z\x00-\x1f"\\<>&]{0,8}`), rapid.Just("\xff\u2028é"), rapid.Just(""))
	value := rapid.SampledFrom([]jsontext.Value{
		nil, {}, jsontext.Value(`{}`), jsontext.Value(`null`), jsontext.Value(` {"b": 1.0, "a" : [ "é\u00e9" ]}`),
		jsontext.Value("\"\xff\""), jsontext.Value(`{`), jsontext.Value(`{"a":1,"a":2}`),
	})
	at := rapid.SampledFrom([]time.Time{{}, time.Unix(5, 6).UTC()})
	rapid.Check(t, func(rt *rapid.T) {
		agree(rt, job.Submitted{
			Kind: text.Draw(rt, "kind"), Queue: text.Draw(rt, "queue"), Priority: job.Priority(text.Draw(rt, "priority")),
			Status: job.Status(text.Draw(rt, "status")), Input: value.Draw(rt, "input"),
			Labels: rapid.SampledFrom([]map[string]string{nil, {}, {"b": "1", "a": "2"}}).Draw(rt, "labels"),
			Retry: job.RetryPolicy{
				MaxAttempts: rapid.Int().Draw(rt, "attempts"), InitialMS: rapid.Int64().Draw(rt, "initial"),
				MaxMS: rapid.Int64().Draw(rt, "max"), Factor: rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, 1, 2, 1 << 20, 1 << 21})).Draw(rt, "factor"),
			},
			TimeoutMS: rapid.Int64().Draw(rt, "timeout"), ParentID: text.Draw(rt, "parent"),
			After: rapid.SampledFrom([][]job.Dependency{nil, {}, {{JobID: "d"}}}).Draw(rt, "after"),
			RunAt: at.Draw(rt, "runAt"), Fingerprint: text.Draw(rt, "fingerprint"), CommandID: text.Draw(rt, "command"),
		})
		agree(rt, job.Started{
			Attempt: rapid.Int().Draw(rt, "attempt"), Worker: text.Draw(rt, "worker"), Lease: text.Draw(rt, "lease"),
			LeaseMS: rapid.Int64().Draw(rt, "leaseMs"), TimeoutAt: at.Draw(rt, "timeoutAt"),
		})
		agree(rt, job.Succeeded{
			Result: value.Draw(rt, "result"), Stopped: rapid.Bool().Draw(rt, "stopped"),
			Output: job.Head{Count: rapid.Uint64().Draw(rt, "count"), Hash: event.Hash{rapid.Byte().Draw(rt, "hash")}},
		})
	})
}
