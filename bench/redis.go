package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisServer is a redis-server process of this benchmark's own, on a free
// loopback port with a directory of its own: AOF with fsync every second, no
// RDB, no AOF rewrite in the middle of a run. Every contender gets the same.
type redisServer struct {
	Addr string
	Pid  int

	cmd    *exec.Cmd
	dir    string
	client *redis.Client
}

func startRedis(ctx context.Context, extra ...string) (*redisServer, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bench-redis-")
	if err != nil {
		return nil, err
	}
	args := append([]string{
		"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir, "--save", "",
		"--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0",
		"--maxmemory-policy", "noeviction",
	}, extra...)
	cmd := exec.Command("redis-server", args...)
	if err := cmd.Start(); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("start redis-server (apt-get install redis-server): %w", err)
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	s := &redisServer{
		Addr: addr, Pid: cmd.Process.Pid, cmd: cmd, dir: dir,
		client: redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1}),
	}
	for deadline := time.Now().Add(5 * time.Second); s.client.Ping(ctx).Err() != nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Stop()
			return nil, fmt.Errorf("redis-server on %s does not answer", addr)
		}
	}
	return s, nil
}

func (s *redisServer) Stop() {
	s.client.Close()
	s.cmd.Process.Kill()
	s.cmd.Wait()
	os.RemoveAll(s.dir)
}

// UsedMemory is Redis's own account of what it holds.
func (s *redisServer) UsedMemory(ctx context.Context) float64 {
	return s.info(ctx, "memory", "used_memory")
}

// CPU is the seconds that Redis's main thread has used.
func (s *redisServer) CPU(ctx context.Context) float64 {
	return s.info(ctx, "cpu", "used_cpu_user_main_thread") + s.info(ctx, "cpu", "used_cpu_sys_main_thread")
}

func (s *redisServer) info(ctx context.Context, section, key string) float64 {
	for line := range strings.SplitSeq(s.client.Info(ctx, section).Val(), "\r\n") {
		if v, ok := strings.CutPrefix(line, key+":"); ok {
			f, _ := strconv.ParseFloat(v, 64)
			return f
		}
	}
	return 0
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
