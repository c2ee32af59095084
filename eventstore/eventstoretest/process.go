package eventstoretest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tapedeck/eventstore"
)

func testRegistry(t *testing.T, b *bundle) {
	workers := func() []eventstore.Worker {
		t.Helper()
		list, err := b.Workers(b.ctx)
		require.NoError(t, err)
		return list
	}
	require.Empty(t, workers())
	started := time.Unix(100, 0).UTC()
	w := eventstore.Worker{
		ID: "1", Name: "zeta", Host: "h", PID: 42, Kinds: []string{"system.ping"}, Queues: []string{"default"},
		Concurrency: 4, Status: "running", StartedAt: started, HeartbeatAt: time.Unix(1, 0),
		Running: []eventstore.RunningJob{{JobID: "j", Kind: "system.ping", Attempt: 2, StartedAt: started}},
	}
	before := b.now(t)
	require.NoError(t, b.Heartbeat(b.ctx, w, time.Hour))
	got := workers()
	require.Len(t, got, 1)
	b.within(t, before, got[0].HeartbeatAt, "the store sets the time")
	got[0].HeartbeatAt, got[0].StartedAt, got[0].Running[0].StartedAt = w.HeartbeatAt, started, started
	require.Equal(t, w, got[0])

	require.NoError(t, b.Heartbeat(b.ctx, eventstore.Worker{ID: "2", Name: "alpha"}, 200*time.Millisecond))
	got = workers()
	require.Len(t, got, 2)
	require.Equal(t, "alpha", got[0].Name, "by name")
	b.eventually(t, "who is silent vanishes", func() bool { return len(workers()) == 1 })
	require.Equal(t, "zeta", workers()[0].Name)

	w.Status, w.Running = "draining", nil
	require.NoError(t, b.Heartbeat(b.ctx, w, time.Hour))
	require.Len(t, workers(), 1)
	require.Equal(t, "draining", workers()[0].Status)
	require.NoError(t, b.Leave(b.ctx, "1"))
	require.NoError(t, b.Leave(b.ctx, "nobody"))
	require.Empty(t, workers())
}

func testHealth(t *testing.T, b *bundle) {
	h := b.Health(b.ctx)
	require.NoError(t, h.Err)
	require.NotEmpty(t, h.Backend)
	require.NotEmpty(t, h.Durability)
	require.Zero(t, h.Malformed)
	require.GreaterOrEqual(t, len(b.Epoch()), 4)
	require.NoError(t, b.Close())
	require.Error(t, b.Health(b.ctx).Err)
}

// Calls under way end with an answer or with ErrClosed, and nothing hangs; what was answered is not
// taken back.
func testClose(t *testing.T, b *bundle) {
	one := Stream{Name: "job/1"}
	b.append(t, eventstore.Append{
		Writes: []eventstore.Write{one.Next(1)}, Grants: []eventstore.Grant{{Stream: "job/1", Token: "a", TTL: time.Hour}},
	})
	tail, err := b.Tail(b.ctx)
	require.NoError(t, err)
	messages := b.subscribe(t, "q/a/high")
	reactor, err := b.Reactor("reactor")
	require.NoError(t, err)
	reactions, err := reactor.Subscribe(b.ctx, "r/x")
	require.NoError(t, err)

	calls := map[string]func(context.Context) error{
		"Append": func(ctx context.Context) error {
			_, err := b.Append(ctx, eventstore.Append{Writes: []eventstore.Write{freshFrom(time.Now().String(), 1)}})
			return err
		},
		"ReadStream": func(ctx context.Context) error { _, err := b.ReadStream(ctx, "job/1", 1, 10); return err },
		"ReadAll":    func(ctx context.Context) error { _, err := b.ReadAll(ctx, eventstore.Position{}, 10); return err },
		"ReadBack":   func(ctx context.Context) error { _, err := b.ReadBack(ctx, eventstore.End, 10); return err },
		"Wait":       func(ctx context.Context) error { return b.Wait(ctx, eventstore.End) },
		"Tail":       func(ctx context.Context) error { _, err := b.Tail(ctx); return err },
		"Resolve":    func(ctx context.Context) error { return b.Resolve(ctx, tail) },
		"At":         func(ctx context.Context) error { _, err := b.At(ctx, time.Now()); return err },
		"Renew":      func(ctx context.Context) error { _, err := b.Renew(ctx, "job/1", "a"); return err },
		"LeaseOf":    func(ctx context.Context) error { _, _, err := b.LeaseOf(ctx, "job/1"); return err },
		"Due":        func(ctx context.Context) error { _, _, _, err := b.Due(ctx, 10); return err },
		"Postpone":   func(ctx context.Context) error { return b.Postpone(ctx, eventstore.Deadline{Stream: "x"}, time.Now()) },
		"Depths":     func(ctx context.Context) error { _, err := b.Depths(ctx, ""); return err },
		"Heartbeat":  func(ctx context.Context) error { return b.Heartbeat(ctx, eventstore.Worker{ID: "w"}, time.Hour) },
		"Leave":      func(ctx context.Context) error { return b.Leave(ctx, "nobody") },
		"Workers":    func(ctx context.Context) error { _, err := b.Workers(ctx); return err },
	}
	ended := make(chan string, len(calls))
	for name, call := range calls {
		go func() {
			for {
				err := call(b.ctx)
				if err != nil {
					assert.ErrorIs(t, err, eventstore.ErrClosed, name)
					ended <- name
					return
				}
			}
		}()
	}
	for range 10 {
		b.append(t, eventstore.Append{Writes: []eventstore.Write{one.Next(1)}, Enqueue: []eventstore.Enqueue{{Topic: "q/a/high"}}})
	}
	require.NoError(t, b.Close())
	for range calls {
		select {
		case <-ended:
		case <-b.ctx.Done():
			require.Fail(t, "a call hangs")
		}
	}
	b.closed(t, messages)
	b.closed(t, reactions)
	require.NoError(t, b.Close(), "twice")
	for name, call := range calls {
		require.ErrorIs(t, call(b.ctx), eventstore.ErrClosed, name)
	}
}
