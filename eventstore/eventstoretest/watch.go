package eventstoretest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tapedeck/eventstore"
)

func woken(t *testing.T, m *message.Message) eventstore.WakeMessage {
	t.Helper()
	var got eventstore.WakeMessage
	require.NoError(t, json.Unmarshal(m.Payload, &got))
	require.Equal(t, eventstore.Watch{Stream: got.Stream, Watcher: got.Watcher}.MessageID(), m.UUID)
	return got
}

func testWatch(t *testing.T, b *bundle) {
	watched, other := Stream{Name: "job/w"}, Stream{Name: "job/other"}
	b.write(t, watched.Next(1))
	messages := b.subscribe(t, "r/wake")
	receive := func() eventstore.WakeMessage {
		t.Helper()
		m := b.receive(t, messages)
		m.Ack()
		return woken(t, m)
	}
	watch := func(watcher string) {
		t.Helper()
		b.append(t, eventstore.Append{
			Writes: []eventstore.Write{other.Next(1)}, Watches: []eventstore.Watch{{Stream: "job/w", Watcher: watcher, Topic: "r/wake"}},
		})
		require.Equal(t, eventstore.WakeMessage{Stream: "job/w", Watcher: watcher}, receive(), "at once: a watcher that registers late misses nothing")
	}
	wake := func(stream string) {
		t.Helper()
		b.append(t, eventstore.Append{Writes: []eventstore.Write{watched.Next(1)}, Wakes: []string{stream}})
	}
	watch("a")
	watch("b")
	watch("b") // is registered once
	wake("job/nobody watches")
	wake("job/w")
	got := map[string]int{}
	for range 2 {
		got[receive().Watcher]++
	}
	require.Equal(t, map[string]int{"a": 1, "b": 1}, got)
	wake("job/w")
	watch("c") // its message is the next one: a watch serves once
	wake("job/w")
	require.Equal(t, "c", receive().Watcher)
}

// Whichever comes first, the watch or the wake, the watcher is told after both: it can read then
// that the stream has ended.
func testNoWakeIsLost(t *testing.T, b *bundle) {
	messages := b.subscribe(t, "r/wake")
	for i := range 20 {
		watched, watcher := Stream{Name: fmt.Sprintf("job/w%d", i)}, Stream{Name: fmt.Sprintf("job/d%d", i)}
		b.write(t, watched.Next(1))
		end, submit := watched.Next(1), watcher.Next(1)
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := b.Append(b.ctx, eventstore.Append{Writes: []eventstore.Write{end}, Wakes: []string{watched.Name}})
			assert.NoError(t, err)
		})
		wg.Go(func() {
			_, err := b.Append(b.ctx, eventstore.Append{Writes: []eventstore.Write{submit}, Watches: []eventstore.Watch{
				{Stream: watched.Name, Watcher: watcher.Name, Topic: "r/wake"},
			}})
			assert.NoError(t, err)
		})
		ended := false
		for !ended {
			m := b.receive(t, messages)
			if woken(t, m).Watcher == watcher.Name {
				ended = len(b.stream(t, watched.Name)) == 2
			}
			m.Ack()
		}
		wg.Wait()
	}
}
