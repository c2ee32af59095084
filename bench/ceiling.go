package main

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

const ceilingSection = "Redis's own ceiling: XADD of an event's bytes in watermill's three fields"

// eventBytes is the size of a job's typical stored event, envelope included.
const eventBytes = 550

func (b *bench) ceiling(ctx context.Context) ([]figure, error) {
	single := figure{Section: ceilingSection, Name: "XADD one by one, 16 connections", Unit: "events/s"}
	piped := figure{Section: ceilingSection, Name: "XADD pipelined by 100, 4 connections", Unit: "events/s"}
	for range b.runs {
		for _, c := range []struct {
			f                *figure
			n, conns, pipeBy int
		}{{&single, b.scale(100_000), 16, 1}, {&piped, b.scale(400_000), 4, 100}} {
			rate, _, err := xaddRate(ctx, c.n, c.conns, c.pipeBy, eventBytes)
			if err != nil {
				return nil, err
			}
			c.f.Runs = append(c.f.Runs, rate)
		}
	}
	b.pipelinedXADD = piped.median()
	return []figure{single, piped}, nil
}

// xaddRate appends n events of size bytes to a stream of a fresh Redis; cpu is Redis's for an event, in µs.
func xaddRate(ctx context.Context, n, conns, pipeBy, size int) (perSecond, cpu float64, err error) {
	srv, err := startRedis(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer srv.Stop()
	rdb := redis.NewClient(&redis.Options{Addr: srv.Addr, PoolSize: conns})
	defer rdb.Close()
	payload := bytes.Repeat([]byte("x"), size)
	metadata := []byte{0x80} // an empty msgpack map

	start, used := time.Now(), srv.CPU(ctx)
	errs := make(chan error, conns)
	var wg sync.WaitGroup
	for range conns {
		wg.Go(func() {
			for range n / conns / pipeBy {
				_, err := rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
					for range pipeBy {
						p.XAdd(ctx, &redis.XAddArgs{Stream: "log", Values: []any{
							"_watermill_message_uuid", uuid.NewString(), "metadata", metadata, "payload", payload,
						}})
					}
					return nil
				})
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return 0, 0, err
	default:
		perSecond = float64(n) / time.Since(start).Seconds()
		return perSecond, (srv.CPU(ctx) - used) * 1e6 / float64(n), nil
	}
}
