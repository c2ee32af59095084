// Command asynq submits no-op tasks to an asynq server and waits until all of
// them are completed and kept. It prints one JSON line.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

type result struct {
	Peer             string  `json:"peer"`
	Version          string  `json:"version"`
	Setup            string  `json:"setup"`
	Jobs             int     `json:"jobs"`
	Seconds          float64 `json:"seconds"`
	JobsPerSecond    float64 `json:"jobsPerSecond"`
	RedisBytesPerJob float64 `json:"redisBytesPerJob"`
	CPUMicrosPerJob  float64 `json:"cpuMicrosPerJob"` // this process and Redis's main thread
}

func main() {
	addr := flag.String("redis", "127.0.0.1:6379", "Redis address")
	jobs := flag.Int("jobs", 20000, "jobs to submit")
	warmup := flag.Int("warmup", 2000, "jobs before the measured ones")
	producers := flag.Int("producers", 16, "goroutines that submit, one task at a time (asynq has no bulk add)")
	concurrency := flag.Int("concurrency", 32, "tasks processed at once by one server")
	servers := flag.Int("servers", 2, "asynq servers in this process; each dequeues one task at a time")
	flag.Parse()

	ctx := context.Background()
	rdb := redis.NewClient(&redis.Options{Addr: *addr})
	opt := asynq.RedisClientOpt{Addr: *addr, PoolSize: *producers + *concurrency*(*servers)}

	var running []*asynq.Server
	for range *servers {
		srv := asynq.NewServer(opt, asynq.Config{
			Concurrency:       *concurrency,
			LogLevel:          asynq.ErrorLevel,
			TaskCheckInterval: 5 * time.Millisecond,
		})
		check(srv.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error { return nil })))
		running = append(running, srv)
	}

	client := asynq.NewClient(opt)
	payload := []byte(`{"n":1}`)
	run := func(n, total int) {
		var wg sync.WaitGroup
		for p := range *producers {
			wg.Go(func() {
				for i := p; i < n; i += *producers {
					_, err := client.Enqueue(asynq.NewTask("noop", payload), asynq.Retention(24*time.Hour))
					check(err)
				}
			})
		}
		wg.Wait()
		for rdb.ZCard(ctx, "asynq:{default}:completed").Val() < int64(total) {
			time.Sleep(2 * time.Millisecond)
		}
	}

	run(*warmup, *warmup)
	before, cpu := info(ctx, rdb, "used_memory"), cpuSeconds(ctx, rdb)
	start := time.Now()
	run(*jobs, *warmup+*jobs)
	took := time.Since(start).Seconds()
	after, cpuAfter := info(ctx, rdb, "used_memory"), cpuSeconds(ctx, rdb)
	for _, srv := range running {
		srv.Shutdown()
	}
	check(json.NewEncoder(os.Stdout).Encode(result{
		Peer: "asynq", Version: "0.26.0",
		Setup: fmt.Sprintf("single adds from %d producers, %d servers × concurrency %d, Retention 24h", *producers, *servers, *concurrency),
		Jobs:  *jobs, Seconds: took, JobsPerSecond: float64(*jobs) / took,
		RedisBytesPerJob: (after - before) / float64(*jobs),
		CPUMicrosPerJob:  (cpuAfter - cpu) * 1e6 / float64(*jobs),
	}))
}

// cpuSeconds is what this process and Redis's main thread have used so far.
func cpuSeconds(ctx context.Context, rdb *redis.Client) float64 {
	var u syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	own := time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
	return own + info(ctx, rdb, "used_cpu_user_main_thread") + info(ctx, rdb, "used_cpu_sys_main_thread")
}

func info(ctx context.Context, rdb *redis.Client, key string) float64 {
	for line := range strings.SplitSeq(rdb.Info(ctx, "memory", "cpu").Val(), "\r\n") {
		if v, ok := strings.CutPrefix(line, key+":"); ok {
			n, err := strconv.ParseFloat(v, 64)
			check(err)
			return n
		}
	}
	log.Fatalf("INFO has no %s", key)
	return 0
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
