package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
)

// peers are the programs of bench/peers: a Go module and a node package of
// their own, so that none of their dependencies enters ours.
type peers struct {
	dir string // bench/peers
	bin string // the built Go peers
}

// preparePeers builds the Go peers and installs the node ones.
func preparePeers(ctx context.Context) (*peers, error) {
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		return nil, fmt.Errorf("the source folder is unknown: build without -trimpath")
	}
	dir := filepath.Join(filepath.Dir(file), "peers")
	bin, err := os.MkdirTemp("", "bench-peers-")
	if err != nil {
		return nil, err
	}
	p := &peers{dir: dir, bin: bin}
	if err := p.command(ctx, "go", "build", "-o", bin+"/", "./...").Run(); err != nil {
		p.Close()
		return nil, fmt.Errorf("build the Go peers: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "bullmq")); err != nil {
		cmd := p.command(ctx, "npm", "ci", "--silent")
		cmd.Stdout = os.Stderr
		if err := cmd.Run(); err != nil {
			p.Close()
			return nil, fmt.Errorf("install the node peers: %w", err)
		}
	}
	return p, nil
}

func (p *peers) Close() { os.RemoveAll(p.bin) }

func (p *peers) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stderr = p.dir, os.Stderr
	return cmd
}

// jobsResult is what a contender reaches; a peer prints it as a JSON line.
type jobsResult struct {
	Setup            string  `json:"setup"`
	Version          string  `json:"version"`
	JobsPerSecond    float64 `json:"jobsPerSecond"`
	RedisBytesPerJob float64 `json:"redisBytesPerJob"`
	// CPUMicrosPerJob is that of the process and of Redis's main thread: steadier than the rate on a
	// machine that does other things too.
	CPUMicrosPerJob float64 `json:"cpuMicrosPerJob"`
	// StoredBytesPerJob are the bytes of our events; peers do not say.
	StoredBytesPerJob float64 `json:"-"`
}

func (p *peers) asynq(ctx context.Context, redis string, jobs int, args ...string) (jobsResult, error) {
	args = append([]string{"-redis", redis, "-jobs", strconv.Itoa(jobs)}, args...)
	return jobsFrom(p.command(ctx, filepath.Join(p.bin, "asynq"), args...))
}

func (p *peers) bullmq(ctx context.Context, redis string, jobs int, args ...string) (jobsResult, error) {
	args = append([]string{"bullmq.mjs", "--redis", redis, "--jobs", strconv.Itoa(jobs)}, args...)
	return jobsFrom(p.command(ctx, "node", args...))
}

func jobsFrom(cmd *exec.Cmd) (jobsResult, error) {
	out, err := cmd.Output()
	if err != nil {
		return jobsResult{}, fmt.Errorf("%s: %w", filepath.Base(cmd.Path), err)
	}
	var r jobsResult
	if err := json.Unmarshal(out, &r); err != nil {
		return jobsResult{}, fmt.Errorf("%s printed %q: %w", filepath.Base(cmd.Path), out, err)
	}
	return r, nil
}
