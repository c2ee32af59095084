package main

import (
	"context"
	"fmt"
	"os"
	"slices"
)

// contender runs a number of no-op jobs from submission to success on a fresh
// Redis, everything finished kept.
type contender struct {
	name   string
	atBest float64 // the least ratio to the fastest peer; 0 for a peer
	run    func(ctx context.Context, redis *redisServer, jobs int) (jobsResult, error)
}

const jobsSection = "no-op jobs, submitted → succeeded, all kept; Redis AOF everysec"

// contenders are the peers in the set-up that their documentation shows and in the fastest that was
// found on two cores, and us. The fastest of all peers is what we are held against.
func (b *bench) contenders() []contender {
	return []contender{
		{"asynq, 1 server", 0, func(ctx context.Context, r *redisServer, n int) (jobsResult, error) {
			return b.peers.asynq(ctx, r.Addr, n, "-servers", "1", "-concurrency", "50")
		}},
		{"asynq, 8 servers", 0, func(ctx context.Context, r *redisServer, n int) (jobsResult, error) {
			return b.peers.asynq(ctx, r.Addr, n, "-servers", "8", "-concurrency", "16", "-producers", "32")
		}},
		{"BullMQ, bulk adds", 0, func(ctx context.Context, r *redisServer, n int) (jobsResult, error) {
			return b.peers.bullmq(ctx, r.Addr, n, "--add", "bulk", "--bulk", "1000", "--concurrency", "50", "--processes", "1")
		}},
		{"BullMQ, single adds", 0, func(ctx context.Context, r *redisServer, n int) (jobsResult, error) {
			return b.peers.bullmq(ctx, r.Addr, n, "--add", "single", "--concurrency", "50", "--processes", "1")
		}},
		{"Tapedeck, engine alone", 2, engineJobs},
		{"Tapedeck, HTTP, bulk", 1, b.throughAPI(100, 8)},
		{"Tapedeck, HTTP, single", 1, b.throughAPI(1, 64)},
	}
}

// jobs runs the contenders in turn, run by run, so that a noisy minute of the
// machine falls on all of them.
func (b *bench) jobs(ctx context.Context) ([]figure, error) {
	contenders := b.contenders()
	n := len(contenders)
	rate, cpu, memory := make([]figure, n), make([]figure, n), make([]figure, n)
	stored := figure{Section: jobsSection, Name: "Tapedeck, engine alone: stored bytes", Unit: "B/job"}
	for i, c := range contenders {
		rate[i] = figure{Section: jobsSection, Name: c.name, Unit: "jobs/s"}
		cpu[i] = figure{Section: jobsSection, Name: c.name + ": CPU with Redis's", Unit: "µs/job"}
		memory[i] = figure{Section: jobsSection, Name: c.name + ": Redis memory", Unit: "B/job"}
	}
	for run := range b.runs {
		for i, c := range contenders {
			res, err := b.onRedis(ctx, func(r *redisServer) (jobsResult, error) { return c.run(ctx, r, b.scale(30_000)) })
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			fmt.Fprintf(os.Stderr, "  run %d: %s: %s jobs/s, %s µs CPU/job\n", run+1, c.name, number(res.JobsPerSecond), number(res.CPUMicrosPerJob))
			rate[i].Runs, rate[i].Note = append(rate[i].Runs, res.JobsPerSecond), res.Setup
			cpu[i].Runs = append(cpu[i].Runs, res.CPUMicrosPerJob)
			memory[i].Runs = append(memory[i].Runs, res.RedisBytesPerJob)
			if res.StoredBytesPerJob > 0 {
				stored.Runs = append(stored.Runs, res.StoredBytesPerJob)
			}
		}
	}
	best := fastestPeer(contenders, rate)
	for i, c := range contenders {
		if c.atBest > 0 {
			rate[i] = rate[i].against(rate[best])
			rate[i].Target = ratioAtLeast(c.atBest)
			cpu[i] = cpu[i].against(cpu[best])
			rate[i].Note = b.ofCeiling(rate[i]) + rate[i].Note
		}
	}
	return slices.Concat(rate, cpu, memory, []figure{stored}), nil
}

func fastestPeer(contenders []contender, rate []figure) int {
	best := 0
	for i, c := range contenders {
		if c.atBest == 0 && rate[i].median() > rate[best].median() {
			best = i
		}
	}
	return best
}

// ofCeiling says what part of the pipelined XADDs that the bare Redis takes a
// rate of jobs is: three events in the log and one entry in a queue each.
func (b *bench) ofCeiling(rate figure) string {
	if b.pipelinedXADD == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f %% of Redis's XADD ceiling; ", 100*rate.median()*(eventsPerJob+1)/b.pipelinedXADD)
}

func (b *bench) onRedis(ctx context.Context, f func(*redisServer) (jobsResult, error)) (jobsResult, error) {
	r, err := startRedis(ctx)
	if err != nil {
		return jobsResult{}, err
	}
	defer r.Stop()
	return f(r)
}
