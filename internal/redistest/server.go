package redistest

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"tapedeck/internal/proctest"
)

// Server is one redis-server that belongs to a test. Its methods may be called
// from any goroutine; a failure is reported to the test with Errorf.
type Server struct {
	// Addr is host:port on the loopback interface, the same across restarts.
	Addr string
	// Dir is the data folder (append-only file), the same across restarts.
	Dir string

	t    testing.TB
	bin  string
	conf map[string]string

	mu   sync.Mutex
	proc *proctest.Process // nil while the server is down
}

// Start launches a server and waits until it answers. The test fails at once,
// naming the package to install, when there is no redis-server.
func Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal("redis-server is missing: run `make deps-test`, or install your system's Redis package (Debian: redis-server)")
	}
	s := &Server{t: t, bin: bin, conf: newSettings(opts).config, Dir: t.TempDir()}
	for {
		if s.Addr, err = proctest.FreeAddr(); err != nil {
			t.Fatalf("redistest: %v", err)
		}
		if s.proc, err = launch(s.bin, s.Addr, s.Dir, s.conf); err == nil {
			break
		}
		if !errors.Is(err, errAddrInUse) {
			t.Fatalf("redistest: %v", err)
		}
	}
	t.Cleanup(s.cleanup)
	return s
}

// URL is the server's address as a redis:// URL.
func (s *Server) URL() string { return "redis://" + s.Addr + "/0" }

// Client returns a new client of the server, closed when the test ends.
func (s *Server) Client() *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: s.Addr})
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// Kill ends the server with SIGKILL, as a crash would, and waits until it is
// gone. It does nothing when the server is down.
func (s *Server) Kill() {
	s.t.Helper()
	s.end((*proctest.Process).Kill)
}

// Stop ends the server with SIGTERM, as an operator would, and waits until it
// is gone. It does nothing when the server is down.
func (s *Server) Stop() {
	s.t.Helper()
	s.end((*proctest.Process).Stop)
}

// Restart kills the server if it runs and launches it again on the same
// address and data folder; it returns when the server has loaded its data.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.proc, err = launch(s.bin, s.Addr, s.Dir, s.conf); err != nil {
		s.t.Errorf("redistest: restart: %v", err)
	}
}

// Pause freezes the server with SIGSTOP: connections stay open, nothing answers.
func (s *Server) Pause() {
	s.t.Helper()
	s.do((*proctest.Process).Pause)
}

// Resume lets a paused server go on.
func (s *Server) Resume() {
	s.t.Helper()
	s.do((*proctest.Process).Resume)
}

// Running says whether the server's process is alive.
func (s *Server) Running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc != nil && s.proc.Running()
}

// ConfigSet changes a directive of the running server and of its restarts.
func (s *Server) ConfigSet(name, value string) {
	s.t.Helper()
	c := redis.NewClient(&redis.Options{Addr: s.Addr})
	defer func() { _ = c.Close() }()
	if err := c.ConfigSet(context.Background(), name, value).Err(); err != nil {
		s.t.Errorf("redistest: CONFIG SET %s %s: %v", name, value, err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conf[name] = value
}

// String names the server in failure messages.
func (s *Server) String() string { return fmt.Sprintf("redis-server %s in %s", s.Addr, s.Dir) }

func (s *Server) do(f func(*proctest.Process) error) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil {
		s.t.Errorf("redistest: %v is down", s)
		return
	}
	if err := f(s.proc); err != nil {
		s.t.Errorf("redistest: %v: %v", s, err)
	}
}

func (s *Server) end(f func(*proctest.Process) error) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil {
		return
	}
	if err := f(s.proc); err != nil {
		s.t.Errorf("redistest: end %v: %v", s, err)
	}
	s.proc = nil
}

func (s *Server) cleanup() {
	s.mu.Lock()
	proc := s.proc
	s.mu.Unlock()
	if proc != nil && s.t.Failed() {
		s.t.Logf("%v:\n%s", s, proc.Log())
	}
	s.Kill()
}
