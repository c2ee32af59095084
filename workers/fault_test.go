package workers_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/workers"
)

// Whoever takes an entry a second time, or at the same time as another, finds nothing to claim.
func TestEveryAttemptStartsOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		var ids []string
		for range 100 {
			id := b.submit("system.ping", "")
			for range 2 { // two more entries of the same job
				b.do(id, job.Requeue{Now: time.Now()})
			}
			ids = append(ids, id)
		}
		for i := range 3 {
			b.start(func(c *workers.Config) { c.Name = fmt.Sprint("worker", i) })
		}
		for _, id := range ids {
			s := b.final(id)
			require.Equal(t, job.StatusSucceeded, s.Status)
			require.Len(t, s.Attempts, 1)
		}
		time.Sleep(time.Minute)
		for _, id := range ids {
			s, err := b.repo.Load(t.Context(), id)
			require.NoError(t, err)
			require.EqualValues(t, 5, s.Version)
		}
		require.Zero(t, b.backlog(), "stale entries are acknowledged")
	})
}

// backlog counts all entries that are not acknowledged.
func (b *bundle) backlog() (n int64) {
	depths, err := b.store.Depths(b.Context(), "q/system/")
	require.NoError(b, err)
	for _, d := range depths {
		n += d.Waiting + d.Taken
	}
	return n
}

// A worker that is frozen past its lease loses the job to another; woken, it appends nothing, neither
// state nor output, and its job learns why.
func TestFrozenWorkerAppendsNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cause := make(chan error, 9)
		ran := 0
		b := setup(t, kindOf("test.work", func(ctx context.Context, j *workers.Job) (any, error) {
			ran++
			j.Logf(slog.LevelInfo, "attempt %d begins", j.Attempt())
			if j.Attempt() > 1 {
				time.Sleep(time.Second)
				return j.Attempt(), nil
			}
			for ctx.Err() == nil { // it speaks on while it is frozen
				j.Logf(slog.LevelInfo, "still here")
				time.Sleep(time.Second)
			}
			cause <- context.Cause(ctx)
			j.Logf(slog.LevelInfo, "the last words")
			return j.Attempt(), nil
		}))
		frozen := &gate{Store: b.store}
		b.start(func(c *workers.Config) { c.Store, c.Name = frozen, "frozen" })
		id := b.submit("test.work", "")
		b.await(id, func(s job.State) bool { return s.Status == job.StatusRunning })
		time.Sleep(3 * time.Second)
		frozen.close()
		b.start(func(c *workers.Config) { c.Name = "healthy" })

		s := b.final(id)
		require.Equal(t, job.StatusSucceeded, s.Status)
		require.Equal(t, "2", string(s.Result))
		require.Equal(t, "lease_expired", s.Attempts[0].Outcome)
		took := s.Attempts[0].FinishedAt.Sub(s.Attempts[0].StartedAt)
		require.True(t, took >= 18*time.Second && took < 45*time.Second, "after the lease stood still for its length: %s", took)
		require.Equal(t, workers.ErrLeaseLost, <-cause, "its work ended before its lease")

		frozen.open()
		time.Sleep(time.Minute)
		again, err := b.repo.Load(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, s.Version, again.Version)
		require.Equal(t, 2, ran)
		for i, a := range s.Attempts {
			out, _ := b.output(id, i+1)
			require.Equal(t, job.Head{Count: out.Version, Hash: out.Head}, *a.Output, "nothing behind the closing event")
		}
	})
}

// While a recoverer watches, a worker that is only slow keeps its job.
func TestSlowRenewalsAreNoDeath(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		slow := &gate{Store: b.store}
		b.start(func(c *workers.Config) { c.Store, c.Name = slow, "slow" })
		b.start(func(c *workers.Config) { c.Name, c.Queues = "watcher", map[string]int{"other": 1} })
		id := b.submit("system.exercise", `{"lines":1,"rate":0,"sleepMs":200000}`)
		b.awaitStatus(id, job.StatusRunning)
		for range 25 { // cut off longer than renewals are apart, again and again
			slow.close()
			time.Sleep(5 * time.Second)
			slow.open()
			time.Sleep(2 * time.Second)
		}
		s := b.final(id)
		require.Equal(t, job.StatusSucceeded, s.Status)
		require.Equal(t, 1, s.Attempt)
	})
}

// A job whose end cannot be written because the store is away is not run again when the store comes
// back in time.
func TestStoreIsAwayAtTheEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		away := &gate{Store: b.store}
		w := b.start(func(c *workers.Config) { c.Store = away })
		id := b.submit("system.exercise", `{"lines":5,"rate":1}`)
		b.awaitStatus(id, job.StatusRunning)
		time.Sleep(2500 * time.Millisecond)
		away.fail()
		time.Sleep(5 * time.Second)
		require.NotEmpty(t, w.Alarms())
		away.open()
		s := b.final(id)
		require.Equal(t, job.StatusSucceeded, s.Status)
		require.Equal(t, 1, s.Attempt)
		_, lines := b.output(id, 1)
		require.Len(t, lines, 5)
		time.Sleep(10 * time.Second)
		require.Empty(t, w.Alarms())
	})
}

func TestLostQueueEntryIsQueuedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		id := b.submit("system.ping", "")
		thief, err := b.store.Subscriber(eventstore.Reader{Name: "thief", Slots: func() int { return 1 }})
		require.NoError(t, err)
		entries, err := thief.Subscribe(t.Context(), "q/system/normal")
		require.NoError(t, err)
		(<-entries).Ack()
		require.NoError(t, thief.Close())
		require.Zero(t, b.backlog())

		b.start()
		s := b.final(id)
		require.Equal(t, job.StatusSucceeded, s.Status)
		require.InDelta(t, 60, s.StartedAt.Sub(s.CreatedAt).Seconds(), 5)
	})
}

// An entry that only waits is not queued a second time.
func TestPausedQueueKeepsItsEntries(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		b.start()
		_, err := b.repo.SetQueueMode(t.Context(), "system", tester, "paused", "", time.Now())
		require.NoError(t, err)
		id := b.submit("system.ping", "")
		time.Sleep(5 * time.Minute)
		s, err := b.repo.Load(t.Context(), id)
		require.NoError(t, err)
		require.EqualValues(t, 1, s.Version)
		require.EqualValues(t, 1, b.backlog())
		_, err = b.repo.SetQueueMode(t.Context(), "system", tester, "running", "", time.Now())
		require.NoError(t, err)
		require.Equal(t, job.StatusSucceeded, b.final(id).Status)
	})
}

func TestDelayedJob(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		b.start()
		at := time.Now().Add(5 * time.Minute)
		id := b.submit("system.ping", "", func(c *job.Submit) { c.RunAt = at })
		s := b.final(id)
		require.Equal(t, job.StatusSucceeded, s.Status)
		require.InDelta(t, 0, s.StartedAt.Sub(at).Seconds(), 0.1)
	})
}

// A worker whose store was closed under it says that it does nothing any more, and still stops.
func TestStoreClosedUnderAWorker(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		w := b.start(func(c *workers.Config) { c.KillAfter, c.DrainTimeout = time.Second, time.Second })
		id := b.submit("system.exercise", `{"lines":100,"rate":1}`)
		b.awaitStatus(id, job.StatusRunning)
		require.NoError(t, b.store.Close())
		time.Sleep(time.Second)
		require.Contains(t, fmt.Sprint(w.Alarms()), "queue system: it is not read any more")
		w.Stop(t.Context())
	})
}

// Any number of recoverers fire each deadline once.
func TestManyRecoverers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		for i := range 4 {
			b.start(func(c *workers.Config) { c.Name, c.Kinds = fmt.Sprint("scheduler", i), nil })
		}
		b.start()
		var delayed, failing []string
		for range 300 { // more than one round takes
			delayed = append(delayed, b.submit("system.ping", "", func(c *job.Submit) { c.RunAt = time.Now().Add(time.Minute) }))
		}
		for range 20 {
			failing = append(failing, b.submit("system.exercise", `{"lines":0,"fail":"error"}`))
		}
		for _, id := range delayed {
			require.EqualValues(t, 4, b.final(id).Version, "submitted, queued, started, succeeded")
		}
		for _, id := range failing {
			s := b.final(id)
			require.Equal(t, job.StatusDead, s.Status)
			require.EqualValues(t, 1+3*3+2, s.Version)
		}
		synctest.Wait()
		require.Zero(t, b.backlog())
	})
}

// A worker that vanishes without a word loses its jobs to the recoverers, once.
func TestManyRecoverersExpireALeaseOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		gone := &gate{Store: b.store}
		b.start(func(c *workers.Config) { c.Store, c.Name = gone, "gone" })
		var ids []string
		for range 10 {
			ids = append(ids, b.submit("system.exercise", `{"lines":1,"rate":0,"sleepMs":20000}`))
		}
		for _, id := range ids {
			b.awaitStatus(id, job.StatusRunning)
		}
		gone.close()
		for i := range 4 {
			b.start(func(c *workers.Config) { c.Name = fmt.Sprint("other", i) })
		}
		for _, id := range ids {
			s := b.final(id)
			require.Equal(t, job.StatusSucceeded, s.Status)
			require.EqualValues(t, 7, s.Version, "submitted, started, lease_expired, retry_scheduled, queued, started, succeeded")
		}
		gone.open()
	})
}

// Stop lets a short job finish, hands a long one back without using up an attempt, and abandons one
// that ignores it.
func TestDrain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		w := b.start(func(c *workers.Config) { c.DrainTimeout, c.KillAfter = 20*time.Second, 5*time.Second })
		short := b.submit("system.exercise", `{"lines":1,"rate":0,"sleepMs":15000}`)
		long := b.submit("system.exercise", `{"lines":3,"rate":1,"sleepMs":50000}`)
		deaf := b.submit("system.exercise", `{"lines":1,"rate":0,"fail":"ignore","ignoreMs":100000,"failAttempts":1}`)
		for _, id := range []string{short, long, deaf} {
			b.awaitStatus(id, job.StatusRunning)
		}
		began := time.Now()
		done := make(chan struct{})
		go func() { w.Stop(context.Background()); close(done) }()
		time.Sleep(time.Second)
		list, err := b.store.Workers(t.Context())
		require.NoError(t, err)
		require.Equal(t, "draining", list[0].Status)
		late := b.submit("system.ping", "")
		<-done
		require.InDelta(t, 25, time.Since(began).Seconds(), 1)
		list, err = b.store.Workers(t.Context())
		require.NoError(t, err)
		require.Empty(t, list, "it has left")

		require.Equal(t, job.StatusSucceeded, b.final(short).Status)
		for _, id := range []string{long, deaf, late} {
			b.awaitStatus(id, job.StatusQueued)
		}
		b.start(func(c *workers.Config) { c.Name = "next" })
		for _, id := range []string{long, deaf, late} {
			s := b.final(id)
			require.Equal(t, job.StatusSucceeded, s.Status, "%+v", s)
			require.Zero(t, s.Used, "handing back uses up no attempt")
		}
		time.Sleep(100 * time.Second) // until the deaf job's code returns
	})
}

// Entries that are no job are dropped and counted; those of a kind that is not known stay for another
// worker, with an alarm.
func TestEntriesThatCannotBeRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		w := b.start()
		b.submitTo("system", []byte(`not an event`), []byte(`{}`), nil)
		ghost := b.submit("system.ping", "")
		_ = ghost
		unknown := b.submit("nobody.knows", "")
		require.Equal(t, job.StatusSucceeded, b.final(ghost).Status)
		time.Sleep(5 * time.Second)
		require.Contains(t, w.Alarms()[0], "nobody.knows")
		require.EqualValues(t, 1, b.backlog(), "what is no job is gone, what is another's waits")

		b.extra = append(b.extra, kindOf("nobody.knows", func(context.Context, *workers.Job) (any, error) { return nil, nil }))
		b.start(func(c *workers.Config) { c.Name = "newer" })
		require.Equal(t, job.StatusSucceeded, b.final(unknown).Status)
	})
}

// submitTo enqueues payloads as they are.
func (b *bundle) submitTo(queue string, payloads ...[]byte) {
	b.Helper()
	for _, p := range payloads {
		if p == nil {
			p = []byte{}
		}
		id := b.submit("system.ping", "", func(c *job.Submit) { c.Queue = "aside" })
		s, err := b.repo.Load(b.Context(), id)
		require.NoError(b, err)
		a := appendOf(b, s)
		a.Enqueue = []eventstore.Enqueue{{Topic: job.Topic(queue, job.PriorityNormal), Payload: p}}
		_, err = b.store.Append(b.Context(), a)
		require.NoError(b, err)
	}
}

func TestClaimsGoOnFromANewerVersion(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		id := b.submit("system.ping", "")
		b.do(id, job.Annotate{Now: time.Now(), Text: "the entry carries an older version"})
		big := b.submit("system.exercise", `{"lines":1,"rate":0}`, func(c *job.Submit) {
			c.Labels = map[string]string{}
			c.Input = jsontext.Value(fmt.Sprintf(`{"lines":1,"rate":0,"artifactName":"%0512d"}`, 7))
			for i := range 30 {
				c.Labels[fmt.Sprint("label", i)] = fmt.Sprintf("%0256d", i)
			}
		})
		cancelled := b.submit("system.ping", "")
		b.do(cancelled, job.RequestCancel{Now: time.Now()})
		b.start()
		require.Equal(t, job.StatusSucceeded, b.final(id).Status)
		require.Equal(t, job.StatusSucceeded, b.final(big).Status)
		synctest.Wait()
		require.Equal(t, job.StatusCancelled, b.final(cancelled).Status)
		require.Empty(t, b.final(cancelled).Attempts)
	})
}
