package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/workers"
)

// engineProducers submit one job at a time each, as asynq's and BullMQ's do;
// the store commits together what waits at the same time.
const (
	engineProducers   = 64
	engineConcurrency = 256
	eventsPerJob      = 3 // submitted, started, succeeded
	warmupJobs        = 2000
)

// noop is the kind of the benchmark: nothing to decode, run or answer.
func noop() workers.Kind {
	return workers.Define(workers.Spec{Name: "bench.noop", Title: "No-op", Queue: "bench"}, struct{}{},
		func(context.Context, *workers.Job, struct{}) (any, error) { return nil, nil })
}

// engineJobs runs the engine without its API: producers and a worker in this
// process, on the given Redis.
func engineJobs(ctx context.Context, r *redisServer, n int) (jobsResult, error) {
	store, err := openRedis(ctx, r.Addr)
	if err != nil {
		return jobsResult{}, err
	}
	defer store.Close()
	kinds, err := workers.NewRegistry(noop())
	if err != nil {
		return jobsResult{}, err
	}
	worker, err := workers.New(workers.Config{
		Store: store, Kinds: kinds, Concurrency: engineConcurrency, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return jobsResult{}, err
	}
	if err := worker.Start(ctx); err != nil {
		return jobsResult{}, err
	}
	defer worker.Stop(ctx)

	repo := jobs.New(store, jobs.Config{})
	if err := submitAndWait(ctx, r, repo, warmupJobs, warmupJobs); err != nil {
		return jobsResult{}, err
	}
	before, cpu, start := r.UsedMemory(ctx), r.CPU(ctx)+ownCPU(), time.Now()
	if err := submitAndWait(ctx, r, repo, n, warmupJobs+n); err != nil {
		return jobsResult{}, err
	}
	took := time.Since(start).Seconds()
	res := jobsResult{
		JobsPerSecond:    float64(n) / took,
		CPUMicrosPerJob:  (r.CPU(ctx) + ownCPU() - cpu) * 1e6 / float64(n),
		RedisBytesPerJob: (r.UsedMemory(ctx) - before) / float64(n),
		Setup:            fmt.Sprintf("single submits from %d goroutines, one worker × concurrency %d", engineProducers, engineConcurrency),
	}
	res.StoredBytesPerJob, err = audit(ctx, store, warmupJobs+n)
	return res, err
}

// ownCPU is the seconds that this process has used.
func ownCPU() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it fails only for a bad argument
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// submitAndWait submits n jobs and waits until the log holds the events of all
// the jobs so far, and no deadline is left: every job has ended.
func submitAndWait(ctx context.Context, r *redisServer, repo *jobs.Repository, n, total int) error {
	by := jobs.Caller{Source: "tapedeck/bench", Actor: "bench"}
	var g errgroup.Group
	for p := range engineProducers {
		g.Go(func() error {
			for i := p; i < n; i += engineProducers {
				id := uuid.Must(uuid.NewV7()).String()
				_, _, err := repo.Submit(ctx, id, "default", by, job.Submit{
					Now: time.Now(), Kind: "bench.noop", Queue: "bench", Priority: job.PriorityNormal, Input: []byte(`{}`),
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for ctx.Err() == nil {
		if r.client.XLen(ctx, "{p0}log").Val() >= int64(total*eventsPerJob) && r.client.ZCard(ctx, "{p0}deadlines").Val() == 0 {
			return nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	return ctx.Err()
}

// audit reads the log, after the clock has stopped: as many jobs must have
// succeeded as were submitted. It returns the stored bytes of a job.
func audit(ctx context.Context, store eventstore.Store, jobs int) (bytesPerJob float64, err error) {
	var bytes, succeeded, others int
	for after := (eventstore.Position{}); ; {
		b, err := store.ReadAll(ctx, after, 1000)
		if err != nil {
			return 0, err
		}
		if len(b.Events) == 0 {
			break
		}
		for _, e := range b.Events {
			bytes += len(e.Stored)
			switch {
			case e.Type == "job.succeeded":
				succeeded++
			case !strings.HasPrefix(e.Type, "job.s"):
				others++
			}
		}
		after = b.Next
	}
	if succeeded != jobs || others > 0 {
		return 0, fmt.Errorf("%d of %d jobs succeeded, %d events that do not belong there", succeeded, jobs, others)
	}
	return float64(bytes) / float64(jobs), nil
}
