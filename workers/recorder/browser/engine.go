package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/playwright-community/playwright-go"
)

// ErrLost says that the browser or its driver died.
var ErrLost = errors.New("the browser was lost")

// Bounds of an engine. A ping that is not answered means that the driver hangs:
// its calls have no time limit of their own.
const (
	pingEvery   = time.Second
	pingPatient = 30 * time.Second
	closeWithin = 10 * time.Second
)

// engine is one driver with one browser.
type engine struct {
	pw      *playwright.Playwright
	browser playwright.Browser
	dir     string // TMPDIR of driver and browser
	lost    chan struct{}
	once    sync.Once
	pinging sync.WaitGroup
	closing chan struct{}
	users   int // contexts, guarded by the pool
}

// launch starts driver and browser. It returns when ctx ends, too: a driver that hangs is killed.
func launch(ctx context.Context, cfg Config, scratch *Scratch) (*engine, error) {
	dir, err := scratch.Dir("browser")
	if err != nil {
		return nil, err
	}
	e := &engine{dir: dir, lost: make(chan struct{}), closing: make(chan struct{})}
	done := make(chan error, 1)
	go func() { done <- e.start(cfg) }()
	select {
	case err = <-done:
	case <-ctx.Done():
		e.kill()
		_ = errors.Join(<-done) // an error of the kill
		err = context.Cause(ctx)
	}
	if err != nil {
		e.stop()
		return nil, err
	}
	e.pinging.Go(e.watch)
	return e, nil
}

func (e *engine) start(cfg Config) error {
	driver, err := cfg.Places.FindDriver()
	if err != nil {
		return err
	}
	path, err := cfg.Places.FindChromium(!cfg.Headless)
	if err != nil {
		return err
	}
	if !cfg.Headless && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return errors.New("RECORDER_HEADLESS=0 needs a display: set DISPLAY, or run under xvfb-run")
	}
	wrapped, err := e.wrap(driver)
	if err != nil {
		return err
	}
	e.pw, err = playwright.Run(&playwright.RunOptions{DriverDirectory: wrapped, SkipInstallBrowsers: true})
	if err != nil {
		return fmt.Errorf("start the browser driver: %w", err)
	}
	e.browser, err = e.pw.Chromium.Launch(playwright.BrowserTypeLaunchOptions{
		ExecutablePath:  playwright.String(path),
		Headless:        playwright.Bool(cfg.Headless),
		ChromiumSandbox: playwright.Bool(cfg.sandbox()),
		Args:            append(append(Flags(), Confined(cfg.SPKI)...), cfg.Args...),
		Env:             e.environ(),
		TracesDir:       playwright.String(e.traceDir()),
		HandleSIGHUP:    playwright.Bool(false),
		HandleSIGINT:    playwright.Bool(false),
		HandleSIGTERM:   playwright.Bool(false),
		// What belongs to no context reaches nothing: the port discards.
		Proxy: &playwright.Proxy{Server: "http://127.0.0.1:9"},
	})
	if err != nil {
		return fmt.Errorf("start %s: %w", path, err)
	}
	e.browser.OnDisconnected(func(playwright.Browser) { e.lose() })
	return nil
}

// wrapper is the driver's entry: it moves all temporary files into our folder
// before the driver looks for one, and says which process it is. The driver
// itself offers neither.
const wrapper = `const fs = require('fs');
process.env.TMPDIR = %s;
for (const name of ['DEBUG', 'DEBUG_FILE', 'PWDEBUG', 'PW_CODEGEN_NO_INSPECTOR']) delete process.env[name];
if (process.argv.includes('run-driver')) fs.writeFileSync(%s, String(process.pid));
process.on('uncaughtException', () => process.exit(1)); // its text may hold what was typed
require(%s);
`

// wrap makes a driver folder of our own around the installed one.
func (e *engine) wrap(d Driver) (string, error) {
	dir := filepath.Join(e.dir, "driver")
	if err := os.MkdirAll(filepath.Join(dir, "package"), 0o700); err != nil {
		return "", err
	}
	real, err := filepath.Abs(filepath.Join(d.Dir, "package", "cli.js"))
	if err != nil {
		return "", err
	}
	source := fmt.Sprintf(wrapper, quote(e.dir), quote(e.pidFile()), quote(real))
	return dir, errors.Join(
		os.WriteFile(filepath.Join(dir, "package", "cli.js"), []byte(source), 0o600),
		os.Symlink(d.Node, filepath.Join(dir, "node")),
	)
}

func quote(s string) string {
	b, _ := json.Marshal(s) // a string can be JSON
	return string(b)
}

func (e *engine) pidFile() string { return filepath.Join(e.dir, "driver.pid") }

// environ is what the browser gets of our environment: no settings, no secrets.
func (e *engine) environ() map[string]string {
	env := map[string]string{"TMPDIR": e.dir, "HOME": e.dir, "XDG_CONFIG_HOME": e.dir, "XDG_CACHE_HOME": e.dir}
	for _, name := range []string{"PATH", "LANG", "LC_ALL", "TZ", "DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "LD_LIBRARY_PATH", "FONTCONFIG_FILE", "FONTCONFIG_PATH"} {
		if v := os.Getenv(name); v != "" {
			env[name] = v
		}
	}
	return env
}

// lose notes that nothing more comes from this browser.
func (e *engine) lose() { e.once.Do(func() { close(e.lost) }) }

func (e *engine) isLost() bool {
	select {
	case <-e.lost:
		return true
	default:
		return false
	}
}

// watch asks again and again whether driver and browser answer. A driver that
// dies takes its connection with it, but nobody is told.
func (e *engine) watch() {
	session, err := e.browser.NewBrowserCDPSession()
	if err != nil {
		e.lose()
		return
	}
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		answer := make(chan error, 1)
		go func() {
			_, err := session.Send("Browser.getVersion", map[string]any{})
			answer <- err
		}()
		select {
		case err := <-answer:
			if err != nil {
				e.lose()
				return
			}
		case <-e.closing:
			return
		case <-time.After(pingPatient):
			e.lose()
			e.kill() // whoever waits for the driver gets an error
			return
		}
		select {
		case <-tick.C:
		case <-e.closing:
			return
		}
	}
}

// driverPID is the driver's process; 0 when it is not known.
func (e *engine) driverPID() int {
	b, err := os.ReadFile(e.pidFile())
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return pid
}

// kill ends the driver, and with it the browser.
func (e *engine) kill() {
	if pid := e.driverPID(); pid > 0 {
		endProcess(pid)
	}
}

// stop ends both and removes what they wrote.
func (e *engine) stop() {
	e.lose()
	close(e.closing)
	within(closeWithin, func() {
		if e.browser != nil {
			_ = e.browser.Close()
		}
	}, e.kill)
	within(closeWithin, func() {
		if e.pw != nil {
			_ = e.pw.Stop()
		}
	}, e.kill)
	e.pinging.Wait()
	wipe(e.dir)
}

// within calls f and, when it takes too long, what makes it return.
func within(d time.Duration, f, hurry func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(d):
		hurry()
		<-done
	}
}
