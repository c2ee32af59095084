package workers_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/eventstore/memory"
	"tapedeck/eventstore/redis"
	"tapedeck/eventstore/sqlite"
	"tapedeck/internal/redistest"
	"tapedeck/workers"
)

// backends are the stores on which the scenarios hold, in real time.
var backends = map[string]func(testing.TB) eventstore.Store{
	"memory": func(testing.TB) eventstore.Store { return memory.New(nil) },
	"sqlite": func(t testing.TB) eventstore.Store {
		s, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "log.db"), Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		return s
	},
	"redis": func(t testing.TB) eventstore.Store {
		s, err := redis.Open(t.Context(), redis.Options{URL: redistest.Start(t).URL()})
		require.NoError(t, err)
		return s
	},
}

// scenarios use short leases; each has a store of its own.
var scenarios = map[string]func(*testing.T, *bundle){
	"mixed load":     mixedLoad,
	"silent worker":  silentWorker,
	"requests":       requests,
	"dependencies":   dependencies,
	"delays":         delays,
	"drain":          drain,
	"pause":          pause,
	"lost entry":     lostEntry,
	"several events": severalEvents,
}

func TestBackends(t *testing.T) {
	t.Parallel()
	for name, open := range backends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for what, scenario := range scenarios {
				t.Run(what, func(t *testing.T) {
					store := open(t)
					t.Cleanup(func() { require.NoError(t, store.Close()) })
					scenario(t, setupOn(t, store))
				})
			}
		})
	}
}

func shortLease(c *workers.Config) { c.LeaseTTL = 600 * time.Millisecond }

// mixedLoad: three workers, jobs that succeed, fail, retry and wait, every entry doubled.
func mixedLoad(t *testing.T, b *bundle) {
	for i := range 3 {
		b.start(func(c *workers.Config) { c.Name = fmt.Sprint("worker", i) })
	}
	want := map[string]job.Status{}
	for i := range 40 {
		switch i % 4 {
		case 0:
			id := b.submit("system.ping", "")
			_, _, _ = b.repo.Execute(t.Context(), id, tester, job.Requeue{Now: time.Now()})
			want[id] = job.StatusSucceeded
		case 1:
			want[b.submit("system.exercise", `{"lines":20,"rate":0,"fail":"error","failAttempts":1}`)] = job.StatusSucceeded
		case 2:
			want[b.submit("system.exercise", `{"lines":5,"rate":0,"fail":"panic"}`)] = job.StatusDead
		case 3:
			want[b.submit("system.exercise", `{"lines":5,"rate":0,"artifactBytes":10}`)] = job.StatusSucceeded
		}
	}
	for id, status := range want {
		s := b.final(id)
		require.Equal(t, status, s.Status)
		for i, a := range s.Attempts {
			out, _ := b.output(id, i+1)
			require.Equal(t, job.Head{Count: out.Version, Hash: out.Head}, *a.Output)
		}
	}
	require.Eventually(t, func() bool { return b.backlog() == 0 }, 10*time.Second, 10*time.Millisecond)
}

// silentWorker: a worker is frozen past its lease; another finishes its job; woken, it adds nothing.
func silentWorker(t *testing.T, b *bundle) {
	frozen := &gate{Store: b.store}
	b.start(shortLease, func(c *workers.Config) { c.Store, c.Name = frozen, "frozen" })
	id := b.submit("system.exercise", `{"lines":100,"rate":100}`)
	b.await(id, func(s job.State) bool { return s.Status == job.StatusRunning })
	frozen.close()
	b.start(shortLease, func(c *workers.Config) { c.Name = "healthy" })
	s := b.final(id)
	frozen.open()
	require.Equal(t, job.StatusSucceeded, s.Status)
	require.Equal(t, "lease_expired", s.Attempts[0].Outcome)
	require.Equal(t, job.StatusSucceeded, b.final(b.submit("system.ping", "")).Status)
	again, err := b.repo.Load(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, s.Version, again.Version)
	for i, a := range s.Attempts {
		out, _ := b.output(id, i+1)
		require.Equal(t, job.Head{Count: out.Version, Hash: out.Head}, *a.Output)
	}
}

func requests(t *testing.T, b *bundle) {
	b.start()
	cancelled := b.submit("system.exercise", `{"lines":1,"rate":0,"fail":"hang"}`)
	stopped := b.submit("system.exercise", `{"lines":1000,"rate":20}`)
	b.awaitStatus(cancelled, job.StatusRunning)
	b.awaitStatus(stopped, job.StatusRunning)
	asked := time.Now()
	b.do(cancelled, job.RequestCancel{Now: asked, CommandID: "c"})
	b.do(stopped, job.RequestStop{Now: asked, CommandID: "s"})
	require.Equal(t, job.StatusCancelled, b.final(cancelled).Status)
	require.Less(t, time.Since(asked), 2*time.Second, "the lease of 15 s is renewed every 5 s")
	s := b.final(stopped)
	require.Equal(t, job.StatusSucceeded, s.Status)
	require.Contains(t, string(s.Result), `"stopped":true`)
}

func dependencies(t *testing.T, b *bundle) {
	b.start()
	first := b.submit("system.exercise", `{"lines":3,"rate":30}`)
	second := b.submit("system.exercise", `{"lines":1,"rate":0,"earlier":true}`, after("", first))
	third := b.submit("system.ping", "", after("", first, second))
	fails := b.submit("system.exercise", `{"lines":1,"fail":"permanent"}`, after("", third))
	never := b.submit("system.ping", "", after("", fails))
	require.Equal(t, job.StatusFailed, b.final(never).Status)
	require.Equal(t, job.StatusSucceeded, b.final(third).Status)
	require.Contains(t, string(b.final(second).Result), first)
}

func delays(t *testing.T, b *bundle) {
	b.start()
	at := time.Now().Add(400 * time.Millisecond)
	id := b.submit("system.ping", "", func(c *job.Submit) { c.RunAt = at })
	s := b.final(id)
	require.Equal(t, job.StatusSucceeded, s.Status)
	require.False(t, s.StartedAt.Before(at.Truncate(time.Millisecond)))
	dead := b.submit("system.exercise", `{"lines":1,"rate":0,"fail":"error","failAttempts":3}`)
	require.Equal(t, job.StatusDead, b.final(dead).Status)
	b.do(dead, job.Revive{Now: time.Now(), CommandID: "r"})
	require.Equal(t, job.StatusSucceeded, b.final(dead).Status)
}

func drain(t *testing.T, b *bundle) {
	w := b.start(func(c *workers.Config) { c.DrainTimeout = 100 * time.Millisecond })
	id := b.submit("system.exercise", `{"lines":20,"rate":20}`)
	b.await(id, func(s job.State) bool { return s.Status == job.StatusRunning })
	w.Stop(context.Background())
	s, err := b.repo.Load(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, job.StatusQueued, s.Status)
	list, err := b.store.Workers(t.Context())
	require.NoError(t, err)
	require.Empty(t, list)
	require.NoError(t, w.Start(t.Context()))
	s = b.final(id)
	require.Equal(t, job.StatusSucceeded, s.Status)
	require.Equal(t, 2, s.Attempt)
	require.Zero(t, s.Used)
}

func pause(t *testing.T, b *bundle) {
	_, err := b.repo.SetQueueMode(t.Context(), "system", tester, "paused", "", time.Now())
	require.NoError(t, err)
	b.start()
	id := b.submit("system.ping", "")
	other := b.submit("system.ping", "", func(c *job.Submit) { c.Queue = "other" })
	b.start(func(c *workers.Config) { c.Name, c.Queues = "other", map[string]int{"other": 1} })
	require.Equal(t, job.StatusSucceeded, b.final(other).Status, "another queue goes on")
	s, err := b.repo.Load(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, job.StatusQueued, s.Status)
	_, err = b.repo.SetQueueMode(t.Context(), "system", tester, "running", "", time.Now())
	require.NoError(t, err)
	require.Equal(t, job.StatusSucceeded, b.final(id).Status)
}

func lostEntry(t *testing.T, b *bundle) {
	b.repo = b.repoWith(200 * time.Millisecond)
	id := b.submit("system.ping", "")
	thief, err := b.store.Subscriber(eventstore.Reader{Name: "thief", Slots: func() int { return 1 }})
	require.NoError(t, err)
	entries, err := thief.Subscribe(t.Context(), job.Topic("system", job.PriorityNormal))
	require.NoError(t, err)
	(<-entries).Ack()
	require.Eventually(t, func() bool { return b.backlog() == 0 }, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, thief.Close())
	b.start(func(c *workers.Config) { c.ClaimBy = 200 * time.Millisecond })
	require.Equal(t, job.StatusSucceeded, b.final(id).Status)
}

// severalEvents: what a log holds after a job with everything is one unbroken chain for each stream.
func severalEvents(t *testing.T, b *bundle) {
	b.start()
	id := b.submit("system.exercise", `{"lines":200,"rate":400,"artifactBytes":100,"fail":"error","failAttempts":1}`)
	s := b.final(id)
	require.Equal(t, job.StatusSucceeded, s.Status)
	require.Contains(t, string(s.Result), `"lines":200`)
	for _, stream := range []string{job.Stream(id), job.OutputStream(id, 1), job.OutputStream(id, 2)} {
		events, err := b.store.ReadStream(t.Context(), stream, 1, 1000)
		require.NoError(t, err)
		var chain eventstore.Chain
		for _, e := range events {
			require.NoError(t, chain.Verify(e.Stored))
		}
		require.NotZero(t, chain.Version)
	}
}
