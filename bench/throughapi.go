package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// throughAPI runs jobs through the HTTP API of the real program: producers post
// over keep-alive connections, and the clock stops when the read model, asked
// over the API too, counts every job as succeeded.
func (b *bench) throughAPI(perRequest, connections int) func(context.Context, *redisServer, int) (jobsResult, error) {
	return func(ctx context.Context, r *redisServer, n int) (jobsResult, error) {
		app, err := b.serve(r.Addr)
		if err != nil {
			return jobsResult{}, err
		}
		defer app.Close()
		if err := post(app.address, warmupJobs, perRequest, connections); err != nil {
			return jobsResult{}, err
		}
		if err := app.awaitSucceeded(ctx, warmupJobs); err != nil {
			return jobsResult{}, err
		}
		cpu := func() float64 { return r.CPU(ctx) + ownCPU() + processCPU(app.PID()) }
		memory, used, start := r.UsedMemory(ctx), cpu(), time.Now()
		if err := post(app.address, n, perRequest, connections); err != nil {
			return jobsResult{}, err
		}
		if err := app.awaitSucceeded(ctx, warmupJobs+n); err != nil {
			return jobsResult{}, err
		}
		return jobsResult{
			JobsPerSecond:    float64(n) / time.Since(start).Seconds(),
			CPUMicrosPerJob:  (cpu() - used) * 1e6 / float64(n),
			RedisBytesPerJob: (r.UsedMemory(ctx) - memory) / float64(n),
			Setup:            fmt.Sprintf("tapedeck serve, %d jobs a POST, %d connections, until the read model has them", perRequest, connections),
		}, nil
	}
}

// post submits n jobs.
func post(address string, n, perRequest, connections int) error {
	const one = `{"kind":"system.ping"}`
	body := []byte(one)
	if perRequest > 1 {
		body = []byte("[" + strings.Repeat(one+",", perRequest-1) + one + "]")
	}
	var g errgroup.Group
	for c := range connections {
		g.Go(func() error {
			conn, err := dialHTTP(address)
			if err != nil {
				return err
			}
			defer conn.Close()
			for i := c * perRequest; i < n; i += connections * perRequest {
				if _, err := conn.Post("/api/jobs", body); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// processCPU is the seconds that a process has used, by /proc.
func processCPU(pid int) float64 {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	const clockTicks = 100 // USER_HZ, the same on every Linux
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / clockTicks
}
