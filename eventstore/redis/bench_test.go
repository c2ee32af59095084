package redis_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/eventstore/eventstoretest"
	"tapedeck/eventstore/jobs"
	"tapedeck/eventstore/redis"
	"tapedeck/internal/redistest"
)

func benchStore(b *testing.B) (*redis.Store, benchServer) {
	b.Helper()
	server := redistest.Start(b, redistest.AppendFsync("everysec"), redistest.Config("auto-aof-rewrite-percentage", "0"))
	s, err := redis.Open(context.Background(), redis.Options{URL: server.URL()})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	return s, benchServer{server.Client()}
}

type benchServer struct{ *goredis.Client }

// cpu is the seconds that Redis's main thread has worked.
func (s benchServer) cpu(b *testing.B) float64 {
	var sum float64
	for line := range strings.Lines(s.Info(context.Background(), "cpu").Val()) {
		if name, value, _ := strings.Cut(strings.TrimSpace(line), ":"); strings.HasSuffix(name, "_main_thread") {
			seconds, err := strconv.ParseFloat(value, 64)
			require.NoError(b, err)
			sum += seconds
		}
	}
	return sum
}

// goCPU is the time that this process has worked.
func goCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkJob is a job's whole way through the store: submit with hand-off and deadline; take, claim
// with a lease, ack; succeed.
func BenchmarkJob(b *testing.B) {
	for _, concurrency := range []int{10, 50, 200} {
		b.Run(fmt.Sprint(concurrency), func(b *testing.B) { benchJob(b, concurrency) })
	}
}

func benchJob(b *testing.B, concurrency int) {
	ctx := context.Background()
	s, server := benchStore(b)
	repo := jobs.New(s, jobs.Config{})
	by := jobs.Caller{Source: "bench"}
	var slots atomic.Int64
	slots.Store(int64(concurrency))
	free := make(chan struct{}, 1)
	sub, err := s.Subscriber(eventstore.Reader{Name: "bench", Slots: func() int { return int(slots.Load()) }, Free: free})
	require.NoError(b, err)
	messages, err := sub.Subscribe(ctx, "q/default/high,q/default/normal,q/default/low")
	require.NoError(b, err)
	var submitters, workers sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(b.N))
	before, redisBefore := goCPU(), server.cpu(b)
	b.ResetTimer()
	for range concurrency {
		submitters.Go(func() {
			for left.Add(-1) >= 0 {
				_, _, err := repo.Submit(ctx, uuid.NewString(), "p", by, job.Submit{Now: time.Now(), Kind: "system.ping", Queue: "default"})
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	for range b.N {
		m := <-messages
		slots.Add(-1)
		workers.Go(func() {
			entry, err := jobs.FromMessage(m.Payload)
			state := entry.State
			if err == nil {
				state, _, err = repo.Apply(ctx, state, by, job.Start{Now: time.Now(), Attempt: 1, Worker: "w", Lease: uuid.NewString(), LeaseMS: 30000})
			}
			m.Ack()
			if err == nil {
				_, _, err = repo.Apply(ctx, state, by, job.Succeed{Now: time.Now(), Lease: state.Lease})
			}
			if err != nil {
				b.Error(err)
			}
			slots.Add(1)
			select {
			case free <- struct{}{}:
			default:
			}
		})
	}
	submitters.Wait()
	workers.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
	b.ReportMetric(float64(goCPU()-before)/1e3/float64(b.N), "go-µs/job")
	b.ReportMetric((server.cpu(b)-redisBefore)*1e6/float64(b.N), "redis-µs/job")
	require.NoError(b, sub.Close())
}

// BenchmarkAppend appends single events to streams of ten, from 512 callers.
func BenchmarkAppend(b *testing.B) {
	ctx := context.Background()
	s, server := benchStore(b)
	const callers, length = 512, 10
	tapes := make([][]eventstore.Write, b.N/length+1)
	for i := range tapes {
		one := eventstoretest.Stream{Name: "job/" + uuid.NewString()}
		for range length {
			tapes[i] = append(tapes[i], one.Next(1))
		}
	}
	var next atomic.Int64
	var ended sync.WaitGroup
	before, redisBefore := goCPU(), server.cpu(b)
	b.ResetTimer()
	for range callers {
		ended.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(tapes)); i = next.Add(1) - 1 {
				for _, w := range tapes[i] {
					if _, err := s.Append(ctx, eventstore.Append{Writes: []eventstore.Write{w}}); err != nil {
						b.Error(err)
					}
				}
			}
		})
	}
	ended.Wait()
	b.StopTimer()
	n := float64(len(tapes) * length)
	b.ReportMetric(n/b.Elapsed().Seconds(), "appends/s")
	b.ReportMetric(float64(goCPU()-before)/1e3/n, "go-µs/append")
	b.ReportMetric((server.cpu(b)-redisBefore)*1e6/n, "redis-µs/append")
}

// BenchmarkReadAll reads and decodes the log, in the batches of a fold.
func BenchmarkReadAll(b *testing.B) {
	const events, limit = 50_000, 1000
	ctx := context.Background()
	s, server := benchStore(b)
	for range events / 500 {
		one := eventstoretest.Stream{Name: "job/" + uuid.NewString()}
		_, err := s.Append(ctx, eventstore.Append{Writes: []eventstore.Write{one.Next(500)}})
		require.NoError(b, err)
	}
	cpu, redisCPU := goCPU(), server.cpu(b)
	b.ResetTimer()
	read := 0
	for at := (eventstore.Position{}); read < b.N; {
		batch, err := s.ReadAll(ctx, at, limit)
		require.NoError(b, err)
		read += len(batch.Events)
		if at = batch.Next; len(batch.Events) < limit {
			at = eventstore.Position{}
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(goCPU()-cpu)/1e3/float64(read), "go-µs/event")
	b.ReportMetric((server.cpu(b)-redisCPU)*1e6/float64(read), "redis-µs/event")
}
