package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const latencySection = "a command's way to a live page, at 1,000 events/s (no-op jobs through the HTTP API, three events each)"

func (b *bench) latency(ctx context.Context) ([]figure, error) {
	var figures []figure
	for _, log := range []struct {
		name  string
		redis bool
		p99   float64
	}{{"Redis everysec", true, 10}, {"SQLite FULL", false, 25}} {
		half := figure{Section: latencySection, Name: log.name + ": sent → seen on a WebSocket, p50", Unit: "ms"}
		tail := figure{Section: latencySection, Name: log.name + ": sent → seen on a WebSocket, p99", Unit: "ms", Target: atMost(log.p99)}
		for range b.runs {
			l, err := b.latencyOn(ctx, log.redis)
			if err != nil {
				return figures, fmt.Errorf("%s: %w", log.name, err)
			}
			half.Runs, tail.Runs = append(half.Runs, l.quantile(.5)), append(tail.Runs, l.quantile(.99))
		}
		figures = append(figures, half, tail)
	}
	return figures, nil
}

func (b *bench) latencyOn(ctx context.Context, onRedis bool) (latencies, error) {
	broker := ""
	if onRedis {
		r, err := startRedis(ctx)
		if err != nil {
			return nil, err
		}
		defer r.Stop()
		broker = r.Addr
	}
	app, err := b.serve(broker)
	if err != nil {
		return nil, err
	}
	defer app.Close()
	const jobsPerSecond = 1000 / eventsPerJob
	if _, err := commandToEvent(ctx, app.address, jobsPerSecond, time.Second); err != nil { // warm-up
		return nil, err
	}
	length := 10 * time.Second
	if b.quick {
		length = 3 * time.Second
	}
	return commandToEvent(ctx, app.address, jobsPerSecond, length)
}

// latencies are how long after a command was sent its event reached a WebSocket
// client, in milliseconds: the request, the append, the answer's way and the
// live delivery together, so that they bound "accepted → seen" from above.
type latencies []float64

func (l latencies) quantile(q float64) float64 {
	s := slices.Sorted(slices.Values(l))
	return s[min(len(s)-1, int(q*float64(len(s))))]
}

// commandToEvent submits no-op jobs at a fixed pace, whatever the answers take,
// and watches for each job's submission on one WebSocket. Workers run the jobs:
// three events a job.
func commandToEvent(ctx context.Context, address string, jobsPerSecond int, length time.Duration) (latencies, error) {
	ws, err := dialWS(ctx, address, "/api/ws")
	if err != nil {
		return nil, err
	}
	defer ws.Close()
	if err := ws.Send(`{"op":"subscribe","ref":"b","filter":{"types":["job.submitted"]},"from":"now"}`); err != nil {
		return nil, err
	}
	if err := ws.Await(`"subscribed"`); err != nil {
		return nil, err
	}

	jobs := jobsPerSecond * int(length/time.Second)
	sent, seen := newTimes(jobs), newTimes(jobs)
	var g errgroup.Group
	g.Go(func() error { return watchSubmissions(ws, seen, jobs) })
	if err := pace(address, jobs, jobsPerSecond, sent); err != nil {
		return nil, err
	}
	ws.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var out latencies
	for id, at := range sent.at {
		out = append(out, float64(seen.at[id].Sub(at).Microseconds())/1000)
	}
	return out, nil
}

func watchSubmissions(ws *wsClient, seen *times, n int) error {
	for len(seen.at) < n {
		frame, err := ws.Next()
		if err != nil {
			return fmt.Errorf("after %d of %d events: %w", len(seen.at), n, err)
		}
		now := time.Now()
		var m struct {
			Op     string
			Events []struct{ Subject string }
		}
		if err := json.Unmarshal(frame, &m); err != nil {
			return fmt.Errorf("frame %q: %w", frame, err)
		}
		for _, e := range m.Events {
			seen.set(e.Subject, now)
		}
		if m.Op == "gone" || m.Op == "error" {
			return fmt.Errorf("the server says %s", frame)
		}
	}
	return nil
}

// pace sends job i at start + i/jobsPerSecond, on whichever of 32 connections is free.
func pace(address string, jobs, jobsPerSecond int, sent *times) error {
	start := time.Now()
	next := make(chan time.Time, jobs)
	for i := range jobs {
		next <- start.Add(time.Duration(i) * time.Second / time.Duration(jobsPerSecond))
	}
	close(next)
	var g errgroup.Group
	for range 32 {
		g.Go(func() error {
			conn, err := dialHTTP(address)
			if err != nil {
				return err
			}
			defer conn.Close()
			for due := range next {
				time.Sleep(time.Until(due))
				answer, err := conn.Post("/api/jobs", []byte(`{"kind":"system.ping"}`))
				if err != nil {
					return err
				}
				var job struct{ JobID string }
				if err := json.Unmarshal(answer, &job); err != nil {
					return err
				}
				sent.set(job.JobID, due) // a late send counts against the server
			}
			return nil
		})
	}
	return g.Wait()
}

// times remembers when something was first there.
type times struct {
	mu sync.Mutex
	at map[string]time.Time
}

func newTimes(n int) *times { return &times{at: make(map[string]time.Time, n)} }

func (t *times) set(key string, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.at[key]; !ok {
		t.at[key] = at
	}
}
