package tapedecktest

import (
	"context"
	"net"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tapedeck/client"
	"tapedeck/internal/proctest"
)

// Server is one tapedeck process that belongs to a test, the same across restarts.
type Server struct {
	*proctest.Process
	// Addr is host:port of the API; empty for a worker.
	Addr string
	// Dir is the process's data folder.
	Dir string

	t    testing.TB
	args []string
	env  []string
}

// Start runs `tapedeck COMMAND` (serve, api or worker) with more environment, its data in a folder of
// its own, and returns when it says that it is ready. With API_PORT=0 it takes a port that it finds itself.
func Start(t testing.TB, command string, env ...string) *Server {
	t.Helper()
	return StartUntil(t, "tapedeck is ready", command, env...)
}

var ownURL = regexp.MustCompile(`tapedeck is ready.*url=http://(\S+)`)

// StartUntil is Start for a process that says something else first.
func StartUntil(t testing.TB, says, command string, env ...string) *Server {
	t.Helper()
	s := &Server{t: t, args: []string{command}, Dir: t.TempDir()}
	s.env = append([]string{"PATH=/usr/bin:/bin", "DATA_DIR=" + s.Dir, "DRAIN_TIMEOUT=2s"}, env...)
	if command != "worker" && !slices.Contains(env, "API_PORT=0") {
		var err error
		if s.Addr, err = proctest.FreeAddr(); err != nil {
			t.Fatal(err)
		}
		host, port, _ := net.SplitHostPort(s.Addr)
		s.env = append(s.env, "API_HOST="+host, "API_PORT="+port)
	}
	s.start(says)
	if m := ownURL.FindStringSubmatch(s.Log()); s.Addr == "" && m != nil {
		s.Addr = m[1]
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("tapedeck %s:\n%s", command, withoutRequests(s.Log()))
		}
		if err := s.Process.Kill(); err != nil {
			t.Errorf("kill tapedeck %s: %v", command, err)
		}
	})
	return s
}

// withoutRequests leaves the lines of requests that went well away: a test that waits makes thousands of them.
func withoutRequests(log string) string {
	var kept strings.Builder
	for line := range strings.Lines(log) {
		if !strings.Contains(line, "level=DEBUG msg=request") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// Restart starts the process again after it ended, with the same address and data.
func (s *Server) Restart() {
	s.t.Helper()
	s.start("tapedeck is ready")
}

func (s *Server) start(says string) {
	s.t.Helper()
	cmd := exec.Command(Binary(s.t), s.args...)
	cmd.Env = s.env
	p, err := proctest.Start(cmd, func(line string) bool { return strings.Contains(line, says) })
	if err != nil {
		s.t.Fatalf("start tapedeck %s: %v", s.args[0], err)
	}
	s.Process = p
}

// URL is the API's base.
func (s *Server) URL() string { return "http://" + s.Addr }

// Client talks to the server; it is closed with the test.
func (s *Server) Client() *client.Client {
	c, err := client.New(s.URL())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return c
}

// Run runs one command of the program to its end and returns what it wrote.
func Run(ctx context.Context, t testing.TB, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs strings.Builder
	cmd := exec.CommandContext(ctx, Binary(t), args...)
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = append([]string{"PATH=/usr/bin:/bin"}, env...), &out, &errs, 5*time.Second
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatalf("tapedeck %s: %v", strings.Join(args, " "), err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}
