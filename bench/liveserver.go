package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"

	"tapedeck/artifacts"
	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/eventstore/memory"
	"tapedeck/handlers"
	"tapedeck/projections"
)

// liveServerCommand makes this program the server of the fan-out section: our API, feed and read
// models on a log in memory, so that delivery is measured and not a store. It obeys the same lines on
// its stdin as bench/peers/centrifuge.
const liveServerCommand = "live-server"

func (b *bench) liveServer(context.Context) (*liveServer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, liveServerCommand)
	cmd.Stderr = os.Stderr
	child, err := startChild(cmd)
	if err != nil {
		return nil, err
	}
	return &liveServer{
		name: "Tapedeck", address: child.address, path: "/api/ws",
		subscribe: `{"op":"subscribe","ref":"b","filter":{"types":["job.logged"]},"from":"now"}`,
		confirmed: `"caught_up"`, marker: `"specversion"`,
		publish: child.publish, memory: child.memory, stop: child.stop,
	}, nil
}

func runLiveServer(ctx context.Context) error {
	store := memory.New(time.Now)
	feed := eventstore.NewFeed(store, 0)
	feed.Start(ctx)
	quiet := slog.New(slog.DiscardHandler)
	read := projections.New(store, projections.Config{Source: feed, Logger: quiet})
	if err := read.Start(ctx); err != nil {
		return err
	}
	defer read.Stop()
	folder, err := os.MkdirTemp("", "bench-artifacts-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	files, err := artifacts.Open(ctx, folder)
	if err != nil {
		return err
	}
	defer files.Close()
	server, err := handlers.New(handlers.Config{
		Jobs: jobs.New(store, jobs.Config{}), Source: feed, Reader: read, Artifacts: files, Logger: quiet,
	})
	if err != nil {
		return err
	}
	if err := server.Start(ctx); err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(map[string]string{"address": server.Addr()}); err != nil {
		return err
	}
	log := newLoudJob(store)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var n, size int
		if in.Text() == "mem" {
			err = out.Encode(map[string]uint64{"bytes": memoryInUse()})
		} else if _, err = fmt.Sscanf(in.Text(), "publish %d %d", &n, &size); err == nil {
			err = log.speak(ctx, n, size)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// memoryInUse is the heap and the stacks after a collection.
func memoryInUse() uint64 {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// loudJob is the output stream of one job, which speaks as fast as the store takes it.
type loudJob struct {
	store  eventstore.Store
	id     string
	stream string
	head   job.Head
}

func newLoudJob(store eventstore.Store) *loudJob {
	id := uuid.NewString()
	return &loudJob{store: store, id: id, stream: job.OutputStream(id, 1)}
}

// speak appends n events of one log line each; on the wire each has about size bytes.
func (l *loudJob) speak(ctx context.Context, n, size int) error {
	const envelope = 560 // of an event with an empty line, its cursor included
	text := strings.Repeat("x", max(0, size-envelope))
	for range n {
		fact := job.Logged{Lines: []job.Line{{Time: time.Now(), Level: "info", Text: text}}}
		data, err := job.Encode(fact)
		if err != nil {
			return err
		}
		e := event.Event{
			ID: uuid.NewString(), Source: "tapedeck/bench", Type: fact.EventType(), Subject: l.id, Time: time.Now(),
			Stream: l.stream, Project: "default", Sequence: l.head.Count + 1, Kind: "system.exercise", Attempt: 1,
			SchemaVersion: event.SchemaVersion, PrevHash: l.head.Hash, Data: data,
		}
		stored, hash, err := event.Seal(&e)
		if err != nil {
			return err
		}
		_, err = l.store.Append(ctx, eventstore.Append{Writes: []eventstore.Write{{
			Stream: l.stream, Expect: eventstore.Exact(l.head.Count), Prev: l.head.Hash,
			Events: []eventstore.Sealed{{ID: e.ID, Stored: stored, Hash: hash}},
		}}})
		if err != nil {
			return err
		}
		l.head = job.Head{Count: e.Sequence, Hash: hash}
	}
	return nil
}
