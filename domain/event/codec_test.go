package event_test

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/event"
)

func sample() event.Event {
	return event.Event{
		ID: "0190", Source: "tapedeck/test", Type: "job.submitted", Subject: "j1",
		Time:   time.Date(2026, 3, 4, 5, 6, 7, 89, time.UTC),
		Stream: "job/j1", Project: "default", Sequence: 1, Kind: "system.ping", SchemaVersion: event.SchemaVersion,
		Data: jsontext.Value(`{"a":"é\n"}`),
	}
}

func TestSealedBytesAreFixed(t *testing.T) {
	t.Parallel()
	e := sample()
	stored, hash, err := event.Seal(&e)
	require.NoError(t, err)
	require.Equal(t, `{"specversion":"1.0","id":"0190","source":"tapedeck/test","type":"job.submitted","subject":"j1","time":"2026-03-04T05:06:07.000000089Z","datacontenttype":"application/json","stream":"job/j1","project":"default","sequence":1,"kind":"system.ping","schemaversion":1,"prevhash":"0000000000000000000000000000000000000000000000000000000000000000","data":{"a":"é\n"}}`, string(stored))
	back, again, err := event.Parse(stored)
	require.NoError(t, err)
	require.Equal(t, e, back)
	require.Equal(t, hash, again)
}

func TestErasedEventKeepsItsHash(t *testing.T) {
	t.Parallel()
	e := sample()
	stored, hash, err := event.Seal(&e)
	require.NoError(t, err)
	erased, err := event.Erase(stored)
	require.NoError(t, err)
	require.NotContains(t, string(erased), "é")
	back, again, err := event.Parse(erased)
	require.NoError(t, err)
	require.Equal(t, hash, again)
	require.Equal(t, "null", string(back.Data))
	twice, err := event.Erase(erased)
	require.NoError(t, err)
	require.Equal(t, erased, twice)
}

func TestAnyChangedByteChangesTheHashOrIsRefused(t *testing.T) {
	t.Parallel()
	e := sample()
	stored, hash, err := event.Seal(&e)
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.IntRange(0, len(stored)-1).Draw(t, "at")
		b := rapid.Byte().Draw(t, "byte")
		if stored[i] == b {
			return
		}
		changed := append([]byte{}, stored...)
		changed[i] = b
		_, h, err := event.Parse(changed)
		require.True(t, err != nil || h != hash, "byte %d → %q went unnoticed", i, b)
	})
}

func TestEveryStringSurvives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := sample()
		e.Actor = rapid.String().Draw(t, "actor")
		e.Kind = rapid.String().Draw(t, "kind")
		stored, _, err := event.Seal(&e)
		require.NoError(t, err)
		back, _, err := event.Parse(stored)
		require.NoError(t, err)
		require.Equal(t, e.Actor, back.Actor)
		require.Equal(t, e.Kind, back.Kind)
	})
}

func FuzzParse(f *testing.F) {
	e := sample()
	stored, _, err := event.Seal(&e)
	require.NoError(f, err)
	f.Add(stored)
	f.Add([]byte(`{"id":"x","type":"t","stream":"s","sequence":1,"data":{}}`))
	f.Add([]byte(`{"data":1,"data":2}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		_, h, err := event.Parse(in)
		if err != nil {
			return
		}
		erased, err := event.Erase(in)
		require.NoError(t, err)
		_, again, err := event.Parse(erased)
		require.NoError(t, err)
		require.Equal(t, h, again)
	})
}
