package redis_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/eventstore/redis"
	"tapedeck/internal/redistest"
)

func TestHealthSaysWhatSurvives(t *testing.T) {
	for name, test := range map[string]struct {
		opts       []redistest.Option
		durability string
		warning    string
	}{
		"always":   {nil, "appendfsync always", ""},
		"everysec": {[]redistest.Option{redistest.AppendFsync("everysec")}, "appendfsync everysec", ""},
		"no":       {[]redistest.Option{redistest.AppendFsync("no")}, "appendfsync no", ""},
		"memory":   {[]redistest.Option{redistest.InMemory()}, "appendonly no", "appendonly yes"},
		"evicting": {[]redistest.Option{redistest.Config("maxmemory-policy", "allkeys-lru")}, "appendfsync always", "noeviction"},
	} {
		t.Run(name, func(t *testing.T) {
			h := setup(t, test.opts...)
			got := h.Health(h.ctx)
			require.NoError(t, got.Err)
			require.Equal(t, "redis", got.Backend)
			require.Contains(t, got.Durability, test.durability)
			if test.warning == "" {
				require.Empty(t, got.Warnings)
			} else {
				require.Contains(t, strings.Join(got.Warnings, "\n"), test.warning)
			}
		})
	}
}

func TestOptionsNameAllFaults(t *testing.T) {
	t.Parallel()
	_, err := redis.Open(testContext(t), redis.Options{URL: "http://secret@x", Timeout: -1, Group: -1, Reserve: 2})
	require.ErrorContains(t, err, "url")
	require.ErrorContains(t, err, "timeout")
	require.ErrorContains(t, err, "group")
	require.ErrorContains(t, err, "reserve")
	require.NotContains(t, err.Error(), "secret")
}
