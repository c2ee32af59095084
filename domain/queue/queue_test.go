package queue_test

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/event"
	"tapedeck/domain/queue"
)

var modes = []queue.Mode{queue.ModeRunning, queue.ModePaused, queue.ModeDraining}

func TestEveryModeFromEveryMode(t *testing.T) {
	t.Parallel()
	for _, from := range append(modes, "") {
		for _, to := range modes {
			got, err := queue.Decide(queue.State{Name: "q", Mode: from}, to, "why")
			require.NoError(t, err)
			if from == to || from == "" && to == queue.ModeRunning {
				require.Empty(t, got, "%q to %q", from, to)
				continue
			}
			require.Equal(t, []queue.Changed{{Mode: to, Reason: "why"}}, got, "%q to %q", from, to)
		}
		_, err := queue.Decide(queue.State{Name: "q", Mode: from}, "asleep", "")
		require.ErrorContains(t, err, "asleep")
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	s := queue.State{Name: "q", Mode: queue.ModeRunning}
	for i, to := range []queue.Mode{queue.ModePaused, queue.ModeDraining, queue.ModeRunning} {
		changes, err := queue.Decide(s, to, "")
		require.NoError(t, err)
		data, err := queue.Encode(changes[0])
		require.NoError(t, err)
		at := time.Unix(int64(i), 0).UTC()
		s, err = queue.Fold(s, event.Event{
			Type: changes[0].EventType(), Subject: "q", Sequence: uint64(i + 1), Time: at, Data: data,
		}, event.Hash{byte(i)})
		require.NoError(t, err)
		require.Equal(t, queue.State{Name: "q", Mode: to, Since: at, Version: uint64(i + 1), Head: event.Hash{byte(i)}}, s)
	}
	_, err := queue.Fold(s, event.Event{Type: "queue.paused", Data: jsontext.Value(`[]`)}, event.Hash{})
	require.ErrorContains(t, err, "queue.paused")
}

// What is written now is what must load for ever.
func TestGoldenEvents(t *testing.T) {
	t.Parallel()
	golden := map[queue.Mode][2]string{
		queue.ModeRunning:  {"queue.resumed", `{"mode":"running"}`},
		queue.ModePaused:   {"queue.paused", `{"mode":"paused","reason":"why"}`},
		queue.ModeDraining: {"queue.draining", `{"mode":"draining","reason":"why"}`},
	}
	var types []string
	for _, mode := range modes {
		c := queue.Changed{Mode: mode, Reason: "why"}
		if mode == queue.ModeRunning {
			c.Reason = ""
		}
		data, err := queue.Encode(c)
		require.NoError(t, err)
		require.Equal(t, golden[mode], [2]string{c.EventType(), string(data)})
		types = append(types, c.EventType())
	}
	require.Equal(t, types, queue.Types())
	require.Equal(t, "queue/q", queue.Stream("q"))
}
