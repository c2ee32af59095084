package workers_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/eventstore/redis"
	"tapedeck/internal/proctest"
	"tapedeck/internal/redistest"
	"tapedeck/workers"
	"tapedeck/workers/exercise"
	"tapedeck/workers/ping"
)

// A worker process of these tests is this test binary with workerURL set.
const (
	workerURL  = "TAPEDECK_TEST_WORKER_URL"
	workerName = "TAPEDECK_TEST_WORKER_NAME"
)

// workerMain runs a worker with a short lease until SIGTERM.
func workerMain() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	store, err := redis.Open(ctx, redis.Options{URL: os.Getenv(workerURL)})
	if err != nil {
		return err
	}
	defer store.Close()
	kinds, err := workers.NewRegistry(ping.Kind(), exercise.Kind())
	if err != nil {
		return err
	}
	w, err := workers.New(workers.Config{
		Store: store, Kinds: kinds, Name: os.Getenv(workerName), Pulse: 10 * time.Millisecond, DueEvery: 10 * time.Millisecond,
		LeaseTTL: time.Second, DrainTimeout: time.Millisecond,
	})
	if err != nil {
		return err
	}
	if err := w.Start(ctx); err != nil {
		return err
	}
	fmt.Println("ready")
	<-ctx.Done()
	w.Stop(context.Background())
	return nil
}

func startProcess(t *testing.T, url, name string) *proctest.Process {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), workerURL+"="+url, workerName+"="+name)
	p, err := proctest.Start(cmd, func(line string) bool { return strings.HasPrefix(line, "ready") })
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Kill() })
	return p
}

func setupRedis(t *testing.T) (*bundle, string) {
	t.Helper()
	url := redistest.Start(t).URL()
	store, err := redis.Open(t.Context(), redis.Options{URL: url})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return setupOn(t, store), url
}

// A process that is stopped past its lease and woken appends nothing.
func TestProcessFrozenPastItsLease(t *testing.T) {
	t.Parallel()
	b, url := setupRedis(t)
	frozen := startProcess(t, url, "frozen")
	id := b.submit("system.exercise", `{"lines":300,"rate":100}`)
	b.await(id, func(job.State) bool { out, _ := b.output(id, 1); return out.Lines > 20 })
	require.NoError(t, frozen.Pause())
	startProcess(t, url, "healthy")
	s := b.final(id)
	require.Equal(t, job.StatusSucceeded, s.Status)
	require.Len(t, s.Attempts, 2)
	require.Equal(t, "lease_expired", s.Attempts[0].Outcome)

	require.NoError(t, frozen.Resume())
	require.NoError(t, frozen.Stop(), frozen.Log())
	b.requireSound(id, s.Version)
}

// Workers that are killed under load lose no job and finish none twice.
func TestProcessesKilledUnderLoad(t *testing.T) {
	t.Parallel()
	b, url := setupRedis(t)
	var ids []string
	startProcess(t, url, "survivor")
	for i := range 3 {
		victim := startProcess(t, url, fmt.Sprint("victim", i))
		for range 40 {
			ids = append(ids, b.submit("system.exercise", `{"lines":50,"rate":100}`, func(c *job.Submit) { c.Retry.MaxAttempts = 20 }))
		}
		b.letWork(10)
		require.NoError(t, victim.Kill())
	}
	for _, id := range ids {
		s := b.final(id)
		require.Equal(t, job.StatusSucceeded, s.Status)
		b.requireSound(id, s.Version)
	}
}

// Redis is killed under load and comes back: every job ends, and what was acknowledged is there.
func TestRedisIsKilledUnderLoad(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	store, err := redis.Open(t.Context(), redis.Options{URL: server.URL()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	b := setupOn(t, store)
	var ids []string
	w := b.start(func(c *workers.Config) { c.LeaseTTL = 5 * time.Second })
	for range 2 {
		for range 20 {
			ids = append(ids, b.submit("system.exercise", `{"lines":40,"rate":40}`))
		}
		b.letWork(30)
		server.Kill()
		require.Eventually(t, func() bool { return len(w.Alarms()) > 0 }, time.Minute, 5*time.Millisecond, "it says so")
		server.Restart()
	}
	for _, id := range ids {
		s := b.final(id)
		require.Equal(t, job.StatusSucceeded, s.Status)
		b.requireSound(id, s.Version)
	}
}

// letWork lets the log grow so many times. It gives up when nothing happens for a while: on a machine
// that is very slow the work may be over before it was looked at.
func (b *bundle) letWork(times int) {
	b.Helper()
	for range times {
		tail, err := b.store.Tail(b.Context())
		require.NoError(b, err)
		ctx, cancel := context.WithTimeout(b.Context(), 3*time.Second)
		err = b.store.Wait(ctx, tail.Position)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			return
		}
		require.NoError(b, err)
	}
}

// requireSound: the job's tape is at this version, one unbroken chain, with one attempt at a time
// and one end, and each attempt's output ends where its closing event says.
func (b *bundle) requireSound(id string, version uint64) {
	b.Helper()
	s, err := b.repo.Load(b.Context(), id)
	require.NoError(b, err)
	require.Equal(b, version, s.Version)
	succeeded := 0
	for i, a := range s.Attempts {
		require.Equal(b, i+1, a.Number)
		require.NotEqual(b, "running", a.Outcome)
		if a.Outcome == "succeeded" {
			succeeded++
		}
		out, _ := b.output(id, a.Number)
		require.Equal(b, job.Head{Count: out.Version, Hash: out.Head}, *a.Output)
		b.requireChain(job.OutputStream(id, a.Number))
	}
	require.Equal(b, 1, succeeded)
	b.requireChain(job.Stream(id))
}

func (b *bundle) requireChain(stream string) {
	b.Helper()
	events, err := b.store.ReadStream(b.Context(), stream, 1, 10_000)
	require.NoError(b, err)
	var chain eventstore.Chain
	for _, e := range events {
		require.NoError(b, chain.Verify(e.Stored))
	}
}
