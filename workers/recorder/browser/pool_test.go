package browser_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tapedeck/workers/recorder/browser"
)

const holdEnv = "TAPEDECK_TEST_HOLD_BROWSER"

func TestMain(m *testing.M) {
	if base := os.Getenv(holdEnv); base != "" {
		hold(base)
		return
	}
	goleak.VerifyTestMain(m)
}

func places() browser.Places {
	return browser.Places{Driver: os.Getenv("PLAYWRIGHT_DRIVER_PATH"), Chromium: os.Getenv("CHROMIUM_PATH"), Roots: []string{"../../.."}}
}

func config(base string) browser.Config {
	return browser.Config{Places: places(), Headless: true, ScratchBase: base}
}

func setup(t *testing.T) (*browser.Pool, string) {
	t.Helper()
	base := filepath.Join(t.TempDir(), "scratch")
	p := browser.New(config(base))
	t.Cleanup(p.Stop)
	return p, base
}

func open(t *testing.T, p *browser.Pool) *browser.Context {
	t.Helper()
	c, err := p.Context(t.Context(), playwright.BrowserNewContextOptions{})
	require.NoError(t, err)
	return c
}

func TestContextsShareOneBrowserAndNothingElse(t *testing.T) {
	t.Parallel()
	p, base := setup(t)
	var contexts [4]*browser.Context
	var wg sync.WaitGroup
	errs := make([]error, len(contexts))
	for i := range contexts {
		wg.Go(func() { contexts[i], errs[i] = p.Context(t.Context(), playwright.BrowserNewContextOptions{}) })
	}
	wg.Wait()
	for i, c := range contexts {
		require.NoError(t, errs[i])
		require.Same(t, contexts[0].Browser(), c.Browser())
		require.NoError(t, c.AddCookies([]playwright.OptionalCookie{{Name: "n", Value: fmt.Sprint(i), URL: playwright.String("http://a.test/")}}))
	}
	for i, c := range contexts {
		cookies, err := c.Cookies()
		require.NoError(t, err)
		require.Len(t, cookies, 1)
		require.Equal(t, fmt.Sprint(i), cookies[0].Value)
		require.NoError(t, c.Close())
		require.NoError(t, c.Close(), "closing twice is allowed")
	}
	require.Zero(t, p.Open())
	requireLocked(t, base)

	p.Stop()
	p.Stop()
	_, err := p.Context(t.Context(), playwright.BrowserNewContextOptions{})
	require.ErrorIs(t, err, browser.ErrStopped)
	left, err := filepath.Glob(filepath.Join(base, "w-*"))
	require.NoError(t, err)
	require.Empty(t, left, "temporary files outlive the pool")
}

// requireLocked: the one folder is for nobody else, and the browser's files are in it.
func requireLocked(t *testing.T, base string) {
	t.Helper()
	profiles, err := filepath.Glob(filepath.Join(base, "w-*", "browser-*", "playwright_chromiumdev_profile-*"))
	require.NoError(t, err)
	require.Len(t, profiles, 1, "the browser's profile lies elsewhere")
	for dir := profiles[0]; dir != filepath.Dir(base); dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o700), info.Mode().Perm(), dir)
	}
}

func TestNothingIsReachedWithoutAProxy(t *testing.T) {
	t.Parallel()
	p, _ := setup(t)
	asked := make(chan string, 8)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.URL.Path }))
	t.Cleanup(srv.Close)
	c := open(t, p)
	page, err := c.NewPage()
	require.NoError(t, err)
	_, err = page.Goto(srv.URL + "/direct")
	require.ErrorContains(t, err, "ERR_PROXY_CONNECTION_FAILED")
	require.Empty(t, asked)
}

func TestALostBrowserIsReplaced(t *testing.T) {
	t.Parallel()
	for _, who := range []string{"browser", "driver"} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			p, base := setup(t)
			c := open(t, p)
			if who == "browser" {
				killBrowser(t, c)
			} else {
				kill(t, driverPID(t, base))
			}
			select {
			case <-c.Lost():
			case <-time.After(20 * time.Second):
				t.Fatal("nobody noticed")
			}
			require.NoError(t, c.Close())
			next := open(t, p)
			page, err := next.NewPage()
			require.NoError(t, err)
			require.NoError(t, page.SetContent("<p>back</p>"))
			require.NoError(t, next.Close())
			require.Zero(t, p.Open())
		})
	}
}

func killBrowser(t *testing.T, c *browser.Context) {
	t.Helper()
	session, err := c.Browser().NewBrowserCDPSession()
	require.NoError(t, err)
	got, err := session.Send("SystemInfo.getProcessInfo", map[string]any{})
	require.NoError(t, err)
	for _, info := range got.(map[string]any)["processInfo"].([]any) {
		if m := info.(map[string]any); m["type"] == "browser" {
			kill(t, int(m["id"].(float64)))
			return
		}
	}
	t.Fatal("no browser process")
}

func kill(t *testing.T, pid int) {
	t.Helper()
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
}

func driverPID(t *testing.T, base string) (pid int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(base, "w-*", "browser-*", "driver.pid"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	b, err := os.ReadFile(files[0])
	require.NoError(t, err)
	_, err = fmt.Sscan(string(b), &pid)
	require.NoError(t, err)
	return pid
}

// The driver keeps what it gathered of traces, with all that was typed, until it ends; the pool does not let it.
func TestTracesAreRemovedWhenNobodyRecords(t *testing.T) {
	t.Parallel()
	p, base := setup(t)
	traces := filepath.Join(base, "w-*", "browser-*", "traces", "*")
	left := func() []string {
		found, err := filepath.Glob(traces)
		require.NoError(t, err)
		return found
	}
	for range 2 {
		first, second := open(t, p), open(t, p)
		for _, c := range []*browser.Context{first, second} {
			require.NoError(t, c.Tracing().Start(playwright.TracingStartOptions{Snapshots: playwright.Bool(true)}))
			page, err := c.NewPage()
			require.NoError(t, err)
			_, err = page.Goto("data:text/html,<h1>Hello</h1>")
			require.NoError(t, err)
		}
		require.NoError(t, first.Close())
		require.NotEmpty(t, left(), "the other one still needs its trace")
		path := filepath.Join(t.TempDir(), "trace.zip")
		require.NoError(t, second.Tracing().Stop(path))
		require.FileExists(t, path)
		require.NoError(t, second.Close())
		require.Empty(t, left())
	}
}

func TestAContextIsRefusedWhenNobodyWaitsForIt(t *testing.T) {
	t.Parallel()
	p, _ := setup(t)
	why := fmt.Errorf("changed my mind")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	_, err := p.Context(ctx, playwright.BrowserNewContextOptions{})
	require.ErrorIs(t, err, why)
	require.Zero(t, p.Open())
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	headless := config(filepath.Join(empty, "s"))
	for _, c := range []struct {
		name   string
		adjust func(*browser.Config)
		want   string
	}{
		{"driver", func(c *browser.Config) { c.Places.Driver = empty }, "scripts/install-driver"},
		{"chromium", func(c *browser.Config) { c.Places.Chromium = "/nowhere/chromium" }, "CHROMIUM_PATH=/nowhere/chromium"},
		{"not a browser", func(c *browser.Config) { c.Places.Chromium = "/bin/false" }, "does not run"},
		{"scratch", func(c *browser.Config) { c.ScratchBase = "/dev/null/x" }, "folder for temporary files"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := headless
			c.adjust(&cfg)
			p := browser.New(cfg)
			t.Cleanup(p.Stop)
			require.ErrorContains(t, browser.Missing(p.Check(t.Context())), c.want)
			_, err := p.Context(t.Context(), playwright.BrowserNewContextOptions{})
			require.Error(t, err, "and a recording fails instead of hanging")
		})
	}
	require.NoError(t, browser.Missing(headless.Check(t.Context())))
}

func TestAnotherDriverVersionIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "package"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "package", "package.json"), []byte(`{"version":"1.53.0"}`), 0o600))
	_, err := browser.Places{Driver: dir}.FindDriver()
	require.ErrorIs(t, err, browser.ErrMissing)
	require.ErrorContains(t, err, "1.53.0")
}

func TestPlaywrightsLayoutIsFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	shell := filepath.Join(dir, "chromium_headless_shell-1169", "chrome-linux", "headless_shell")
	ffmpeg := filepath.Join(dir, "ffmpeg-1011", "ffmpeg-linux")
	for _, path := range []string{shell, ffmpeg} {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, nil, 0o700))
	}
	places := browser.Places{Browsers: dir}
	got, err := places.FindChromium(false)
	require.NoError(t, err)
	require.Equal(t, shell, got)
	got, err = places.FindFFmpeg()
	require.NoError(t, err)
	require.Equal(t, ffmpeg, got)
}

// hold is a child process that has a browser and waits to be killed.
func hold(base string) {
	p := browser.New(config(base))
	if _, err := p.Context(context.Background(), playwright.BrowserNewContextOptions{}); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println("holding")
	select {}
}

func TestRemainsOfAKilledProcessAreWiped(t *testing.T) {
	t.Parallel()
	p, base := setup(t)
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), holdEnv+"="+base)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	line := make([]byte, 64)
	n, _ := out.Read(line)
	killed := child.Process.Kill()
	_ = child.Wait()
	require.Equal(t, "holding", strings.TrimSpace(string(line[:n])))
	require.NoError(t, killed)
	left, err := filepath.Glob(filepath.Join(base, "w-*"))
	require.NoError(t, err)
	require.NotEmpty(t, left, "the killed process left nothing: this test shows nothing")

	mine, err := p.Scratch()
	require.NoError(t, err)
	require.Eventually(t, func() bool { // the killed process's browser may still write
		mine.Sweep()
		left, err := filepath.Glob(filepath.Join(base, "w-*"))
		return err == nil && len(left) == 2 // ours and its lock
	}, 20*time.Second, 50*time.Millisecond)
}

func TestAFolderOfSomebodyElseIsRefused(t *testing.T) {
	t.Parallel()
	base := filepath.Join(t.TempDir(), "s")
	require.NoError(t, os.Symlink(t.TempDir(), base))
	cfg := config(base)
	require.ErrorContains(t, browser.Missing(cfg.Check(t.Context())), "somebody else")
}
