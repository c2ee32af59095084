package fetch

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func paceOf(p Pace) *pace {
	return newPaces(Config{Pace: p.WithDefaults(), MaxWait: time.Minute}).of("a.example")
}

func TestPaceKeepsTheDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := paceOf(Pace{Concurrency: 2, Delay: time.Second})
		begin := time.Now()
		var group sync.WaitGroup
		for range 5 {
			group.Go(func() {
				require.NoError(t, p.enter(t.Context()))
				p.leave(nil)
			})
		}
		group.Wait()
		require.Equal(t, 4*time.Second, time.Since(begin))
	})
}

func TestPaceBoundsHowManyAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := paceOf(Pace{Concurrency: 2})
		require.NoError(t, p.enter(t.Context()))
		require.NoError(t, p.enter(t.Context()))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		require.ErrorIs(t, p.enter(ctx), context.DeadlineExceeded)
		p.leave(nil)
		require.NoError(t, p.enter(t.Context()))
	})
}

func TestPaceAdaptsAndRecovers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := paceOf(Pace{Concurrency: 4})
		once := func(err error) {
			require.NoError(t, p.enter(t.Context()))
			p.leave(err)
		}
		begin := time.Now()
		once(&Failure{Status: http.StatusTooManyRequests, RetryAfter: 20 * time.Second})
		once(nil)
		require.Equal(t, 20*time.Second, time.Since(begin))
		require.Equal(t, 2, p.limit)
		once(&Failure{Status: http.StatusServiceUnavailable, RetryAfter: 24 * time.Hour})
		once(nil)
		require.Less(t, time.Since(begin), 2*time.Minute, "never longer than MaxWait")
		require.Equal(t, 2*firstLag, p.delay)
		for range 6 * recovery {
			once(nil)
		}
		require.Equal(t, 4, p.limit)
		require.Zero(t, p.delay)
	})
}

func TestCrawlDelayMeansOneAtATime(t *testing.T) {
	t.Parallel()
	p := paceOf(Pace{Concurrency: 4})
	p.setDelay(3 * time.Second)
	require.Equal(t, 1, p.limit)
	require.Equal(t, 3*time.Second, p.delay)
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "x": 0, "-5": 0, "12": 12 * time.Second, "Tue, 02 Jan 2024 03:05:05 GMT": time.Minute, "Mon, 01 Jan 2024 03:05:05 GMT": 0,
	} {
		require.Equal(t, want, retryAfter(value, now), value)
	}
}
