package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"tapedeck/workers/recorder/browser"
)

// ErrLimit is wrapped by the errors that end an invocation which took too much.
var ErrLimit = errors.New("a limit was reached")

// Limits bound one invocation.
type Limits struct {
	// Wall is how long it may take. Defaults to 10 minutes.
	Wall time.Duration
	// Test bounds one run of a test; Expect and Action its assertions and actions, unless the project sets less. Default to
	// 60 s, 5 s and 10 s.
	Test, Expect, Action time.Duration
	// Memory bounds all its processes together, in bytes. Defaults to 6 GiB.
	Memory int64
	// Processes bounds their number. Defaults to 400.
	Processes int
	// Output is how much of what it prints is kept, the end of it. Defaults to 64 KiB.
	Output int
}

// WithDefaults fills the zero fields.
func (l Limits) WithDefaults() Limits {
	if l.Wall <= 0 {
		l.Wall = 10 * time.Minute
	}
	if l.Memory <= 0 {
		l.Memory = 6 << 30
	}
	if l.Processes <= 0 {
		l.Processes = 400
	}
	if l.Output <= 0 {
		l.Output = 64 << 10
	}
	return l
}

// Options say what is run.
type Options struct {
	// Only are the places "file:line" of the tests to run. Defaults to all.
	Only []string
	// Workers is how many run at the same time, Repeat how often each runs. Default to 1.
	Workers, Repeat int
	// Out is an existing folder for results. Defaults to one that is removed.
	Out string
	// Trace is kept in Out of runs that fail.
	Trace  bool
	Limits Limits
	// OnResult is told of each run as it ends, one after the other.
	OnResult func(Result)
}

// Summary is what an invocation came to.
type Summary struct {
	Results []Result
	// Errors are those of loading the project.
	Errors   []Fault
	Duration time.Duration
	// Output is the end of what was printed; Printed how much that was.
	Output  string
	Printed int64
}

// Runner runs projects. It is safe for concurrent use.
type Runner struct{ cfg Config }

// New makes a Runner; nothing is looked for before it is used.
func New(cfg Config) *Runner { return &Runner{cfg} }

// Check looks at everything that running projects needs.
func (r *Runner) Check(ctx context.Context) []browser.Finding { return r.cfg.Check(ctx) }

// List answers the tests of the project in dir. The error wraps ErrProject when the project is to blame.
func (r *Runner) List(ctx context.Context, dir string, l Limits) ([]Test, error) {
	inv, err := r.invoke(ctx, dir, Options{Limits: l}, nil, "--list")
	if err != nil {
		return nil, err
	}
	if len(inv.errors) > 0 {
		return nil, refuse("%s", inv.errors[0])
	}
	if len(inv.listed) == 0 {
		return nil, refuse("there are no tests in it%s", after(inv.output.String()))
	}
	return inv.listed, nil
}

// Run runs the project in dir, which has to be the caller's own copy. Tests that fail are no error: it is ctx's cause, one
// that wraps ErrLimit, or one that wraps ErrProject when the project could not be loaded. The Summary holds what came until
// then.
func (r *Runner) Run(ctx context.Context, dir string, o Options, host Host) (Summary, error) {
	began := time.Now()
	inv, err := r.invoke(ctx, dir, o, host)
	if inv == nil {
		return Summary{}, err
	}
	s := Summary{Results: inv.results, Errors: inv.errors, Duration: time.Since(began), Output: inv.output.String(), Printed: inv.output.size()}
	if err == nil && len(s.Results) == 0 {
		if len(s.Errors) > 0 {
			err = refuse("%s", s.Errors[0])
		} else {
			err = refuse("no test was run%s", after(s.Output))
		}
	}
	return s, err
}

// after is what was printed, where nothing else says why.
func after(output string) string {
	if output = strings.TrimSpace(output); output == "" {
		return ""
	}
	return ": " + output
}

// invocation is what one call of Playwright Test came to.
type invocation struct {
	control
	output *tail
}

func (r *Runner) invoke(ctx context.Context, dir string, o Options, host Host, args ...string) (*invocation, error) {
	k, err := r.cfg.find()
	if err != nil {
		return nil, err
	}
	o.Limits = o.Limits.WithDefaults()
	if err := prepare(dir); err != nil {
		return nil, err
	}
	room, err := makeRoom()
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(room) }()
	host0 := layout{project: dir, kit: k.dir, shim: filepath.Join(room, "shim"), run: filepath.Join(room, "run"), out: o.Out}
	if host0.out == "" {
		host0.out = filepath.Join(room, "out")
	}
	for _, d := range []string{host0.run, host0.out} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	if err := writeShim(host0.shim); err != nil {
		return nil, err
	}
	seen, home := inside, "/tmp"
	if k.bwrap == "" {
		seen, home = host0, filepath.Join(room, "home")
		if err := errors.Join(os.MkdirAll(home, 0o700), writeShim(filepath.Join(dir, filepath.FromSlash(shimPlace)))); err != nil {
			return nil, err
		}
	}
	err = configure(dir, settings{
		Kit: seen.kit, Out: filepath.Join(seen.out, "results"), Chromium: k.chromium, Args: r.cfg.browserArgs(), Workers: max(o.Workers, 1),
		TimeoutMS: millis(o.Limits.Test, time.Minute), ExpectMS: millis(o.Limits.Expect, 5*time.Second), ActionMS: millis(o.Limits.Action, 10*time.Second),
		Trace: o.Trace,
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.Limits.Wall, fmt.Errorf("%w: it took longer than %v", ErrLimit, o.Limits.Wall))
	defer cancel()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	inv := &invocation{control: control{ctx: ctx, host: host, host0: host0, seen0: seen, sessions: map[string]*forward{}, onResult: o.OnResult}, output: newTail(o.Limits.Output)}
	stop, err := inv.serve()
	if err != nil {
		return nil, err
	}
	defer stop()
	env := environment(seen, home)
	env["TAPEDECK_REPEAT"] = strconv.Itoa(max(o.Repeat, 1))
	if len(o.Only) > 0 {
		only, err := json.Marshal(o.Only)
		if err != nil {
			return nil, err
		}
		env["TAPEDECK_ONLY"] = string(only)
	}
	return inv, r.start(ctx, end, k, inv, env, o.Limits, args)
}

// start runs Playwright Test until it ends.
func (r *Runner) start(ctx context.Context, end context.CancelCauseFunc, k kit, inv *invocation, env map[string]string, l Limits, args []string) error {
	seen := inv.seen0
	line := append([]string{k.node, filepath.Join(seen.kit, "node_modules", "@playwright", "test", "cli.js"), "test", "--config", filepath.Join(seen.project, generated)}, args...)
	cmd := exec.Command(line[0], line[1:]...)
	if k.bwrap != "" {
		all := confined(k, inv.host0)
		for name, value := range env {
			all = append(all, "--setenv", name, value)
		}
		cmd = exec.Command(k.bwrap, append(append(all, "--"), line...)...)
		cmd.Env = []string{}
	} else {
		cmd.Dir = seen.project
		for name, value := range env {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	cmd.Stdout, cmd.Stderr = inv.output, inv.output
	own(cmd)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run the tests: %w", err)
	}
	defer context.AfterFunc(ctx, func() { kill(cmd) })()
	go watch(ctx, cmd.Process.Pid, l, end)
	_ = cmd.Wait() // tests that failed are no error
	kill(cmd)      // whoever is left
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// browserArgs leave the browser no other way than its proxy.
func (c Config) browserArgs() []string {
	return slices.Concat(browser.Flags(), browser.Confined(c.SPKI))
}

// tail keeps the end of what is printed.
type tail struct {
	mu    sync.Mutex
	max   int
	data  []byte
	total int64
}

func newTail(n int) *tail { return &tail{max: n} }

// Write implements io.Writer; it never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total += int64(len(p))
	t.data = append(t.data, p...)
	if over := len(t.data) - 2*t.max; over > 0 {
		t.data = append(t.data[:0], t.data[len(t.data)-t.max:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.ToValidUTF8(string(t.data[max(len(t.data)-t.max, 0):]), "")
}

func (t *tail) size() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.total
}
