package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"tapedeck/domain/event"
	"tapedeck/eventstore"
)

const appendsSection = "appends to the log, one event each, beside pipelined XADD of the same bytes; Redis AOF everysec"

// tapeLength is how many events each stream of the append benchmark gets.
const tapeLength = 10

// appends measures the store alone: the events are sealed before the clock starts, as the payloads
// of the bare XADD are there before it starts.
func (b *bench) appends(ctx context.Context) ([]figure, error) {
	const callers = 512
	tapes := sealTapes(b.scale(200_000) / tapeLength)
	size := storedBytes(tapes)
	rate := figure{Section: appendsSection, Name: "Append, 512 callers", Unit: "appends/s", Target: ratioAtLeast(0.5)}
	bare := figure{Section: appendsSection, Name: "XADD pipelined by 100", Unit: "events/s", Note: fmt.Sprintf("%.0f B each", size)}
	bareCPU := figure{Section: appendsSection, Name: "XADD: Redis's CPU", Unit: "µs/event"}
	cpu := figure{Section: appendsSection, Name: "Append: Redis's CPU", Unit: "µs/append"}
	memory := figure{
		Section: appendsSection, Name: "Redis memory of an event", Unit: "B", Target: atMost(size + 250),
		Note: fmt.Sprintf("stored bytes %.0f", size),
	}
	for range b.runs {
		perSecond, redisCPU, perEvent, err := appendRate(ctx, tapes, callers)
		if err != nil {
			return nil, err
		}
		ceiling, ceilingCPU, err := xaddRate(ctx, len(tapes)*tapeLength, 4, 100, int(size))
		if err != nil {
			return nil, err
		}
		rate.Runs, bare.Runs = append(rate.Runs, perSecond), append(bare.Runs, ceiling)
		bareCPU.Runs, cpu.Runs = append(bareCPU.Runs, ceilingCPU), append(cpu.Runs, redisCPU)
		memory.Runs = append(memory.Runs, perEvent)
	}
	return []figure{bare, rate.against(bare), bareCPU, cpu.against(bareCPU), memory}, nil
}

func appendRate(ctx context.Context, tapes []tape, callers int) (perSecond, redisCPU, bytesPerEvent float64, err error) {
	srv, err := startRedis(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	defer srv.Stop()
	store, err := openRedis(ctx, srv.Addr)
	if err != nil {
		return 0, 0, 0, err
	}
	defer store.Close()
	before, used := srv.UsedMemory(ctx), srv.CPU(ctx)
	start := time.Now()
	if err := writeTapes(ctx, store, tapes, callers); err != nil {
		return 0, 0, 0, err
	}
	took := time.Since(start).Seconds()
	events := float64(len(tapes) * tapeLength)
	redisCPU = (srv.CPU(ctx) - used) * 1e6 / events
	return events / took, redisCPU, (srv.UsedMemory(ctx) - before) / events, nil
}

// tape is one stream's events, sealed.
type tape struct {
	stream string
	events []eventstore.Sealed
}

func writeTapes(ctx context.Context, store eventstore.Store, tapes []tape, callers int) error {
	work := make(chan tape, callers)
	errs := make(chan error, callers)
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for t := range work {
				if err := writeTape(ctx, store, t); err != nil {
					errs <- err
					for range work { // let the others end
					}
				}
			}
		})
	}
	for _, t := range tapes {
		work <- t
	}
	close(work)
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

func writeTape(ctx context.Context, store eventstore.Store, t tape) error {
	var prev event.Hash
	for i, e := range t.events {
		_, err := store.Append(ctx, eventstore.Append{Writes: []eventstore.Write{{
			Stream: t.stream, Expect: eventstore.Exact(uint64(i)), Prev: prev, Events: []eventstore.Sealed{e},
		}}})
		if err != nil {
			return err
		}
		prev = e.Hash
	}
	return nil
}

func sealTapes(n int) []tape {
	tapes := make([]tape, n)
	for i := range tapes {
		id := uuid.NewString()
		t := tape{stream: "job/" + id}
		var prev event.Hash
		for v := range tapeLength {
			e := event.Event{
				ID: uuid.NewString(), Source: "tapedeck/bench", Type: "job.annotated", Subject: id, Time: time.Now(),
				Stream: t.stream, Project: "default", Sequence: uint64(v + 1), Kind: "system.ping", Actor: "bench",
				SchemaVersion: event.SchemaVersion, PrevHash: prev, Data: []byte(`{"text":"` + strings.Repeat("x", 100) + `"}`),
			}
			stored, hash, err := event.Seal(&e)
			if err != nil {
				panic(err) // the event above is fixed
			}
			t.events = append(t.events, eventstore.Sealed{ID: e.ID, Stored: stored, Hash: hash})
			prev = hash
		}
		tapes[i] = t
	}
	return tapes
}

func storedBytes(tapes []tape) float64 {
	n := 0
	for _, t := range tapes {
		for _, e := range t.events {
			n += len(e.Stored)
		}
	}
	return float64(n) / float64(len(tapes)*tapeLength)
}
