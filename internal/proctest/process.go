package proctest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience bounds a start, the loading of much data included, and an end.
const patience = time.Minute

// keptLines is how much of a process's output is kept for failure messages.
const keptLines = 400

// Process is one run of a program. Its methods may be called from any goroutine.
type Process struct {
	cmd    *exec.Cmd
	ready  chan struct{}
	exited chan struct{}

	mu    sync.Mutex
	lines []string
	err   error
}

// Start runs cmd and returns when ready accepts a line of its output (stdout
// and stderr together). The error says what the program said when it ends
// before that, or takes longer than a minute.
func Start(cmd *exec.Cmd, ready func(line string) bool) (*Process, error) {
	p := &Process{cmd: cmd, ready: make(chan struct{}), exited: make(chan struct{})}
	if err := p.start(ready); err != nil {
		return nil, err
	}
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-p.ready:
		return p, nil
	case <-p.exited:
		return nil, fmt.Errorf("%s ended while starting: %w\n%s", cmd.Path, p.Err(), p.Log())
	case <-timeout.C:
		_ = p.Kill()
		return nil, fmt.Errorf("%s not ready after %v\n%s", cmd.Path, patience, p.Log())
	}
}

// Launch runs cmd and returns at once, for a program whose readiness is found out in another way.
func Launch(cmd *exec.Cmd) (*Process, error) {
	p := &Process{cmd: cmd, ready: make(chan struct{}), exited: make(chan struct{})}
	return p, p.start(func(string) bool { return false })
}

// start runs the command on a thread that lives as long as the process: on
// Linux the kernel kills a child with the thread that started it.
func (p *Process) start(ready func(string) bool) error {
	out, w := io.Pipe()
	p.cmd.Stdout, p.cmd.Stderr = w, w
	p.cmd.SysProcAttr = dieWithParent()
	p.cmd.WaitDelay = time.Second // children that outlive it may hold its output open
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			err = p.cmd.Wait()
			p.mu.Lock()
			p.err = err
			p.mu.Unlock()
		}
		_ = w.Close()
	}()
	if err := <-started; err != nil {
		return err
	}
	go p.follow(out, ready)
	return nil
}

// follow keeps the last lines and notices when the process is ready. The output
// ends with the process, so its end is the process's end.
func (p *Process) follow(out io.Reader, ready func(string) bool) {
	defer close(p.exited)
	isReady := false
	for in := bufio.NewReader(out); ; {
		line, err := in.ReadString('\n')
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			p.keep(line)
			if !isReady && ready(line) {
				isReady = true
				close(p.ready)
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *Process) keep(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lines = append(p.lines, line); len(p.lines) >= 2*keptLines {
		p.lines = append([]string(nil), p.lines[keptLines:]...)
	}
}

// Kill ends the process with SIGKILL, as a crash would, and waits until it is gone.
func (p *Process) Kill() error { return p.end(syscall.SIGKILL) }

// Stop asks the process to end with SIGTERM and waits until it is gone. A paused
// one is resumed, so that it can.
func (p *Process) Stop() error { return p.end(syscall.SIGTERM) }

// Pause freezes the process with SIGSTOP: its connections stay open, nothing answers.
func (p *Process) Pause() error { return p.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume lets a paused process go on.
func (p *Process) Resume() error { return p.cmd.Process.Signal(syscall.SIGCONT) }

// Exited is closed when the process is gone.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Running says whether the process is there, frozen or not.
func (p *Process) Running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// Err is how the process ended: nil, or an *exec.ExitError. It is nil while the
// process runs.
func (p *Process) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Log is the last of what the process said.
func (p *Process) Log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

func (p *Process) end(sig syscall.Signal) error {
	if !p.Running() {
		return nil
	}
	if err := errors.Join(p.cmd.Process.Signal(sig), p.Resume()); err != nil && p.Running() {
		// It may be ending this moment: the signal then finds nobody.
		if err := p.wait(); err == nil {
			return nil
		}
		return err
	}
	return p.wait()
}

func (p *Process) wait() error {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-p.exited:
		return nil
	case <-timeout.C:
		return fmt.Errorf("process %d still there after %v", p.PID(), patience)
	}
}
