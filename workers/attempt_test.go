package workers_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/workers"
)

// kindOf makes a kind of a function; its input is not looked at.
func kindOf(name string, run func(context.Context, *workers.Job) (any, error)) workers.Kind {
	return workers.Define(workers.Spec{Name: name, Queue: "system"}, struct{}{},
		func(ctx context.Context, j *workers.Job, _ struct{}) (any, error) { return run(ctx, j) })
}

// bubble runs a test on fake time: what waits for an hour takes no time, and nothing may be left over.
func bubble(t *testing.T, test func(t *testing.T)) {
	t.Parallel()
	synctest.Test(t, test)
}

func TestPanicIsAnError(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		b.start()
		id := b.submit("system.exercise", `{"lines":4,"rate":0,"fail":"panic"}`, func(c *job.Submit) { c.Retry.MaxAttempts = 1 })
		s := b.final(id)
		require.Equal(t, job.StatusDead, s.Status)
		require.Equal(t, "panic", s.Error.Code)
		require.Contains(t, s.Error.Message, "as told")
		require.Contains(t, s.Error.Detail, "exercise.go", "the stack says where")
		_, lines := b.output(id, 1)
		require.Len(t, lines, 2, "what was said before it is kept")
	})
}

func TestRetriesUntilDeadAndRevives(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		b.start()
		id := b.submit("system.exercise", `{"lines":1,"rate":0,"fail":"error","failAttempts":4}`, func(c *job.Submit) {
			c.Retry = job.RetryPolicy{MaxAttempts: 3, InitialMS: 10_000, MaxMS: 60_000, Factor: 3}
		})
		s := b.final(id)
		require.Equal(t, job.StatusDead, s.Status)
		require.Len(t, s.Attempts, 3)
		for i, a := range s.Attempts {
			require.Equal(t, "exercise", a.Error.Code, "every attempt keeps its error")
			require.Contains(t, a.Error.Message, fmt.Sprintf("attempt %d", i+1))
		}
		pause := s.Attempts[1].StartedAt.Sub(s.Attempts[0].FinishedAt)
		require.True(t, pause >= 5*time.Second && pause < 11*time.Second, "10 s with jitter, got %s", pause)
		pause = s.Attempts[2].StartedAt.Sub(s.Attempts[1].FinishedAt)
		require.True(t, pause >= 15*time.Second && pause < 31*time.Second, "30 s with jitter, got %s", pause)

		b.do(id, job.Revive{Now: time.Now(), CommandID: "again"})
		s = b.final(id)
		require.Equal(t, job.StatusSucceeded, s.Status)
		require.Equal(t, 5, s.Attempt, "the fourth failed too")
	})
}

func TestPermanentErrorIsNotRetried(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		b.start()
		s := b.final(b.submit("system.exercise", `{"lines":1,"fail":"permanent"}`))
		require.Equal(t, job.StatusFailed, s.Status)
		require.Equal(t, 1, s.Attempt)
		s = b.final(b.submit("system.exercise", `{"lines":"many"}`))
		require.Equal(t, job.StatusFailed, s.Status, "input that got past the door")
		require.Equal(t, "input", s.Error.Code)
		require.Contains(t, s.Error.Message, "input.lines")
	})
}

func TestTimeout(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		b.start()
		id := b.submit("system.exercise", `{"lines":1,"rate":0,"fail":"hang"}`, func(c *job.Submit) {
			c.TimeoutMS, c.Retry.MaxAttempts = 90_000, 1
		})
		s := b.final(id)
		require.Equal(t, job.StatusDead, s.Status)
		require.Equal(t, "timeout", s.Error.Code)
		took := s.FinishedAt.Sub(s.StartedAt)
		require.True(t, took >= 90*time.Second && took < 91*time.Second, "%s", took)
	})
}

func TestCancelArrivesSoon(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var cause error
		var ended time.Time
		b := setup(t, kindOf("test.wait", func(ctx context.Context, _ *workers.Job) (any, error) {
			<-ctx.Done()
			cause, ended = context.Cause(ctx), time.Now()
			return nil, ctx.Err()
		}))
		b.start()
		id := b.submit("test.wait", "")
		b.awaitStatus(id, job.StatusRunning)
		time.Sleep(3 * time.Second)
		asked := time.Now()
		b.do(id, job.RequestCancel{Now: asked, Reason: "enough"})
		s := b.final(id)
		require.Equal(t, job.StatusCancelled, s.Status)
		require.Equal(t, "enough", s.Reason)
		require.False(t, s.Abandoned)
		require.ErrorIs(t, cause, workers.ErrCancelled)
		require.Less(t, ended.Sub(asked), 200*time.Millisecond, "the lease is not renewed for seconds")
	})
}

func TestStopKeepsWhatThereIs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		b.start()
		id := b.submit("system.exercise", `{"lines":1000,"rate":1}`)
		b.awaitStatus(id, job.StatusRunning)
		time.Sleep(10 * time.Second)
		b.do(id, job.RequestStop{Now: time.Now()})
		s := b.final(id)
		require.Equal(t, job.StatusSucceeded, s.Status)
		require.Contains(t, string(s.Result), `"stopped":true`)
		require.Less(t, s.FinishedAt.Sub(s.StartedAt), 13*time.Second)
	})
}

// A job that ignores its cancel is given up after KillAfter; its slot is free again, and what it says
// later is not kept.
func TestJobThatIgnoresCancelIsAbandoned(t *testing.T) {
	bubble(t, func(t *testing.T) {
		late := make(chan error)
		b := setup(t, kindOf("test.deaf", func(_ context.Context, j *workers.Job) (any, error) {
			j.Logf(slog.LevelInfo, "early")
			time.Sleep(time.Minute)
			j.Logf(slog.LevelInfo, "late")
			_, err := j.Writer("stdout").Write([]byte("late\n"))
			_, err2 := j.Store(context.Background(), "late.txt", "", strings.NewReader("late"))
			late <- errors.Join(err, err2)
			return "late", nil
		}))
		b.start(func(c *workers.Config) { c.Concurrency, c.KillAfter = 1, 10*time.Second })
		id := b.submit("test.deaf", "")
		b.awaitStatus(id, job.StatusRunning)
		time.Sleep(time.Second)
		asked := time.Now()
		b.do(id, job.RequestCancel{Now: asked})
		s := b.final(id)
		require.Equal(t, job.StatusCancelled, s.Status)
		require.True(t, s.Abandoned)
		require.InDelta(t, 10, s.FinishedAt.Sub(asked).Seconds(), 0.5)
		require.Equal(t, job.StatusSucceeded, b.final(b.submit("system.ping", "")).Status, "the only slot is free")

		require.ErrorIs(t, <-late, workers.ErrAttemptOver)
		synctest.Wait()
		again, err := b.repo.Load(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, s.Version, again.Version)
		out, lines := b.output(id, 1)
		require.Equal(t, []string{"early"}, texts(lines))
		require.Equal(t, job.Head{Count: out.Version, Hash: out.Head}, *s.Attempts[0].Output)
	})
}

// A job that ends its own goroutine fails like one that panics, and its slot is free again.
func TestJobThatCallsGoexitFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t, kindOf("test.exit", func(_ context.Context, j *workers.Job) (any, error) {
			j.Logf(slog.LevelInfo, "attempt %d", j.Attempt())
			runtime.Goexit()
			return nil, nil
		}))
		w := b.start(func(c *workers.Config) { c.Concurrency, c.KindConcurrency = 1, map[string]int{"test.exit": 1} })
		s := b.final(b.submit("test.exit", ""))
		require.Equal(t, job.StatusDead, s.Status)
		require.Len(t, s.Attempts, 3)
		for i, a := range s.Attempts {
			require.Equal(t, "panic", a.Error.Code)
			require.Contains(t, a.Error.Detail, "attempt_test.go")
			_, lines := b.output(s.ID, i+1)
			require.Len(t, lines, 1)
		}
		require.Equal(t, job.StatusSucceeded, b.final(b.submit("system.ping", "")).Status, "the only slot is free")
		require.Empty(t, w.Alarms())
	})
}

// One that does it when it was abandoned already takes nothing more with it.
func TestGoexitAfterAbandonChangesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t, kindOf("test.exit", func(context.Context, *workers.Job) (any, error) {
			time.Sleep(time.Minute)
			runtime.Goexit()
			return nil, nil
		}))
		b.start(func(c *workers.Config) { c.Concurrency = 1 })
		id := b.submit("test.exit", "", func(c *job.Submit) { c.TimeoutMS, c.Retry.MaxAttempts = 1000, 1 })
		s := b.final(id)
		require.Equal(t, "timeout", s.Error.Code)
		time.Sleep(2 * time.Minute)
		again, err := b.repo.Load(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, s.Version, again.Version)
		for range 3 {
			require.Equal(t, job.StatusSucceeded, b.final(b.submit("system.ping", "")).Status)
		}
	})
}

func TestTimeoutThatIsIgnored(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		b.start()
		id := b.submit("system.exercise", `{"lines":1,"rate":0,"fail":"ignore","ignoreMs":60000,"failAttempts":1}`, func(c *job.Submit) {
			c.TimeoutMS = 1000
		})
		s := b.final(id)
		require.Equal(t, job.StatusSucceeded, s.Status, "the second attempt")
		require.Equal(t, "timeout", s.Attempts[0].Error.Code)
		require.Contains(t, s.Attempts[0].Error.Message, "abandoned")
		time.Sleep(time.Minute) // until its code returns
	})
}

func TestLongJobKeepsItsLease(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		b.start()
		b.start(func(c *workers.Config) { c.Name = "other" })
		id := b.submit("system.exercise", `{"lines":1,"rate":0,"sleepMs":600000}`)
		s := b.final(id)
		require.Equal(t, job.StatusSucceeded, s.Status)
		require.Equal(t, 1, s.Attempt)
		require.EqualValues(t, 3, s.Version, "renewals are no events")
	})
}

// Jumps of the wall clock move neither leases nor timeouts.
func TestWallClockJumps(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var jump atomic.Int64
		b := setup(t)
		now := func() time.Time { return time.Now().Add(time.Duration(jump.Load())) }
		b.start(func(c *workers.Config) { c.Now = now })
		b.start(func(c *workers.Config) { c.Now, c.Name = now, "other" })
		id := b.submit("system.exercise", `{"lines":60,"rate":1}`, func(c *job.Submit) { c.TimeoutMS = 100_000 })
		b.awaitStatus(id, job.StatusRunning)
		for _, d := range []time.Duration{5 * time.Hour, -5 * time.Hour, 0} {
			time.Sleep(10 * time.Second)
			jump.Store(int64(d))
		}
		s := b.final(id)
		require.Equal(t, job.StatusSucceeded, s.Status)
		require.Equal(t, 1, s.Attempt)
	})
}

func texts(lines []job.Line) (out []string) {
	for _, l := range lines {
		out = append(out, l.Text)
	}
	return out
}
