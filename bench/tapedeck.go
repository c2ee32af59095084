package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"tapedeck/internal/proctest"
)

// tapedeck is the real program, `tapedeck serve`, with its data in a folder of its own.
type tapedeck struct {
	*proctest.Process
	address string
	dir     string
}

// build makes the program from this source, with a placeholder page if the page was not built.
func (b *bench) build(ctx context.Context) error {
	root := filepath.Join(b.peers.dir, "..", "..")
	if _, err := os.Stat(filepath.Join(root, "webapp", "dist", "index.html")); err != nil {
		if err := b.peers.command(ctx, filepath.Join(root, "scripts", "fake-assets")).Run(); err != nil {
			return fmt.Errorf("placeholder page: %w", err)
		}
	}
	dir, err := os.MkdirTemp("", "bench-tapedeck-")
	if err != nil {
		return err
	}
	b.binary = filepath.Join(dir, "tapedeck")
	cmd := b.peers.command(ctx, "go", "build", "-o", b.binary, "./cmd/tapedeck")
	cmd.Dir = root
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build tapedeck: %w", err)
	}
	return nil
}

// serve starts the program on a Redis, or on the embedded log when redis is empty.
func (b *bench) serve(redis string, env ...string) (*tapedeck, error) {
	address, err := proctest.FreeAddr()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bench-data-")
	if err != nil {
		return nil, err
	}
	host, port, _ := net.SplitHostPort(address)
	cmd := exec.Command(b.binary, "serve")
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "DATA_DIR=" + dir, "API_HOST=" + host, "API_PORT=" + port, "LOG_LEVEL=info",
		"WORKER_CONCURRENCY=256", "DRAIN_TIMEOUT=1s",
	}, env...)
	if redis != "" {
		cmd.Env = append(cmd.Env, "BROKER_URL=redis://"+redis)
	}
	p, err := proctest.Start(cmd, func(line string) bool { return strings.Contains(line, "tapedeck is ready") })
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return &tapedeck{Process: p, address: address, dir: dir}, nil
}

func (t *tapedeck) Close() {
	t.Kill()
	os.RemoveAll(t.dir)
}

// awaitSucceeded waits until the read model counts n succeeded jobs.
func (t *tapedeck) awaitSucceeded(ctx context.Context, n int) error {
	conn, err := dialHTTP(t.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	for ctx.Err() == nil {
		body, err := conn.Get("/api/stats?window=1h")
		if err != nil {
			return err
		}
		var stats struct{ Statuses map[string]int }
		if err := json.Unmarshal(body, &stats); err != nil {
			return err
		}
		if stats.Statuses["succeeded"] >= n {
			return nil
		}
		if failed := stats.Statuses["failed"] + stats.Statuses["dead"]; failed > 0 {
			return fmt.Errorf("%d jobs failed", failed)
		}
		time.Sleep(25 * time.Millisecond)
	}
	return ctx.Err()
}
