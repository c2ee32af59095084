package redistest_test

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"tapedeck/internal/redistest"
)

func TestAcknowledgedWriteSurvivesKill(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := redistest.Start(t)
	c := s.Client()
	for i := range 3 {
		require.NoError(t, c.Incr(ctx, "n").Err())
		s.Kill()
		require.False(t, s.Running())
		s.Restart()
		n, err := s.Client().Get(ctx, "n").Int()
		require.NoError(t, err)
		require.Equal(t, i+1, n)
	}
}

func TestInMemoryForgets(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := redistest.Start(t, redistest.InMemory())
	require.NoError(t, s.Client().Set(ctx, "k", "v", 0).Err())
	s.Restart()
	require.ErrorIs(t, s.Client().Get(ctx, "k").Err(), redis.Nil)
}

func TestPausedServerAnswersNothingUntilResumed(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	c := redis.NewClient(&redis.Options{Addr: s.Addr, ContextTimeoutEnabled: true, MaxRetries: -1})
	defer func() { _ = c.Close() }()
	s.Pause()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	require.Error(t, c.Ping(ctx).Err())
	s.Resume()
	require.NoError(t, s.Client().Ping(context.Background()).Err())
}

func TestMaxMemoryRefusesWrites(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := redistest.Start(t, redistest.MaxMemory(1))
	require.ErrorContains(t, s.Client().Set(ctx, "k", "v", 0).Err(), "OOM")
	s.ConfigSet("maxmemory", "0")
	require.NoError(t, s.Client().Set(ctx, "k", "v", 0).Err())
	s.Restart()
	require.NoError(t, s.Client().Set(ctx, "k", "w", 0).Err())
}

func TestServersAreSeparate(t *testing.T) {
	t.Parallel()
	a, b := redistest.Start(t), redistest.Start(t)
	require.NotEqual(t, a.Addr, b.Addr)
	require.NotEqual(t, a.Dir, b.Dir)
	a.Kill()
	require.NoError(t, b.Client().Ping(context.Background()).Err())
}
