package event

import (
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// full has every attribute, the bare one only what must be there.
func full() Event {
	return Event{
		ID: "0190a", Source: "tapedeck/worker/w1", Type: "job.started", Subject: "j1",
		Time:   time.Date(2026, 3, 4, 5, 6, 7, 89, time.UTC),
		Stream: "job/j1", Project: "default", Sequence: 2, Kind: "system.ping", Attempt: 3,
		ParentID: "j0", Actor: "worker/w1", CorrelationID: "c1", CausationID: "c2", TraceParent: "00-1-2-01",
		SchemaVersion: SchemaVersion, PrevHash: Hash{1, 2, 3}, Data: jsontext.Value(`{"attempt":3,"note":"a \"data\": b"}`),
	}
}

func bare() Event {
	return Event{
		ID: "1", Type: "t", Stream: "s", Sequence: 1, SchemaVersion: 1,
		Time: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Data: jsontext.Value(`null`),
	}
}

func TestWhatSealWritesTakesTheShortWay(t *testing.T) {
	t.Parallel()
	for _, e := range []Event{full(), bare()} {
		stored, _, err := Seal(&e)
		require.NoError(t, err)
		p, ok := parseWritten(stored)
		require.True(t, ok, "%s", stored)
		require.Equal(t, e, p.event)
	}
}

// Whatever the short way accepts, the general parser reads in the same way.
func TestBothParsersAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := full()
		e.Actor = rapid.StringMatching(`[a-z "\\é]{0,4}`).Draw(t, "actor")
		e.Data = jsontext.Value(rapid.SampledFrom([]string{`{}`, `"x"`, `[1, 2]`, `{"data":1}`, `0`}).Draw(t, "data"))
		stored, _, err := Seal(&e)
		require.NoError(t, err)
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			i := rapid.IntRange(0, len(stored)-1).Draw(t, "at")
			switch rapid.IntRange(0, 2).Draw(t, "how") {
			case 0:
				stored[i] = rapid.SampledFrom([]byte(`"{}[],:\ 0159ax`)).Draw(t, "byte")
			case 1:
				stored = append(stored[:i:i], stored[i+1:]...)
			case 2:
				stored = append(stored[:i:i], append([]byte(rapid.SampledFrom([]string{" ", "0", `"`, `,"data":1`, `,"kind":"k"`}).Draw(t, "in")), stored[i:]...)...)
			}
			if len(stored) == 0 {
				return
			}
		}
		short, ok := parseWritten(stored)
		if !ok {
			return
		}
		general, err := parseGeneral(stored)
		require.NoError(t, err, "%s", stored)
		require.Equal(t, general, short)
	})
}

func BenchmarkParse(b *testing.B) {
	e := full()
	e.Data = jsontext.Value(`{"attempt":1,"worker":"host-1","lease":"` + strings.Repeat("a", 36) + `","leaseMs":30000}`)
	stored, _, err := Seal(&e)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Parse(stored); err != nil {
			b.Fatal(err)
		}
	}
}
