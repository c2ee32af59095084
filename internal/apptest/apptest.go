package apptest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"tapedeck/internal/proctest"
)

// App is one running application.
type App struct {
	// URL is where a browser finds it, without a slash at its end.
	URL string
	// Dir is its folder.
	Dir string
	// SMTP is where MailDev takes mail, host:port; empty for the others.
	SMTP string

	process *proctest.Process
}

// Stop ends the application before the test does, for what has to do without it.
func (a *App) Stop() { _ = a.process.Kill() }

// patience bounds a start: node loads thousands of files on a busy machine.
const patience = time.Minute

// TiddlyWiki is a wiki that is edited in the page and saved to the server.
func TiddlyWiki(t testing.TB) *App {
	t.Helper()
	dir := t.TempDir()
	script := installed(t, "tiddlywiki/tiddlywiki.js")
	wiki := filepath.Join(dir, "wiki")
	if out, err := node(dir, script, wiki, "--init", "server").CombinedOutput(); err != nil {
		t.Fatalf("apptest: make a wiki: %v\n%s", err, out)
	}
	return start(t, dir, "/status", func(addr string) *exec.Cmd {
		host, port := split(addr)
		return node(dir, script, wiki, "--listen", "host="+host, "port="+port, "username=tester")
	})
}

// Verdaccio is a registry of npm packages with accounts; it asks no other registry.
func Verdaccio(t testing.TB) *App {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yaml")
	write(t, config, `storage: ./storage
auth:
  htpasswd:
    file: ./htpasswd
uplinks: {}
packages:
  '**':
    access: $all
    publish: $authenticated
    unpublish: $authenticated
web:
  title: Packages
log: { type: stdout, format: pretty, level: warn }
`)
	script := installed(t, "verdaccio/bin/verdaccio")
	return start(t, dir, "/-/ping", func(addr string) *exec.Cmd {
		return node(dir, script, "--config", config, "--listen", "http://"+addr)
	})
}

// MailDev shows the mail that it receives.
func MailDev(t testing.TB) *App {
	t.Helper()
	dir := t.TempDir()
	script := installed(t, "maildev/bin/maildev")
	var smtp string
	app := start(t, dir, "/healthz", func(addr string) *exec.Cmd {
		host, web := split(addr)
		var err error
		if smtp, err = proctest.FreeAddr(); err != nil {
			t.Fatalf("apptest: %v", err)
		}
		_, port := split(smtp)
		return node(dir, script, "--ip", host, "--web-ip", host, "--web", web, "--smtp", port, "--mail-directory", filepath.Join(dir, "mail"))
	})
	app.SMTP = smtp
	return app
}

// NodeRED is an editor of flows: nodes are dragged from a palette onto a drawing.
func NodeRED(t testing.TB) *App {
	t.Helper()
	dir := t.TempDir()
	settings := filepath.Join(dir, "settings.js")
	write(t, settings, `module.exports = {
  uiHost: "127.0.0.1",
  flowFile: "flows.json",
  credentialSecret: false,
  telemetry: { enabled: false, updateNotification: false },
  externalModules: { palette: { allowInstall: false } },
  editorTheme: { tours: false, projects: { enabled: false } },
  logging: { console: { level: "warn" } },
};
`)
	script := installed(t, "node-red/red.js")
	return start(t, dir, "/settings", func(addr string) *exec.Cmd {
		_, port := split(addr)
		return node(dir, script, "--userDir", dir, "--settings", settings, "--port", port)
	})
}

// installed is the path of an application's script; the test fails at once when it is not there.
func installed(t testing.TB, script string) string {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatalf("apptest: %v", err)
	}
	path := filepath.Join(root, "e2e", "apps", "node_modules", filepath.FromSlash(script))
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("apptest: %s is not installed: run `make deps-test`", script)
	}
	return path
}

// node is a command that keeps its files in dir and knows nothing of the person who runs the tests.
func node(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("node", args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "NODE_ENV=production", "NO_UPDATE_NOTIFIER=1"}
	return cmd
}

// start runs an application on a free port and waits until it answers at a path.
func start(t testing.TB, dir, path string, command func(addr string) *exec.Cmd) *App {
	t.Helper()
	addr, err := proctest.FreeAddr()
	if err != nil {
		t.Fatalf("apptest: %v", err)
	}
	// What says that it is ready differs from one to the next: its first answer is asked for instead.
	p, err := proctest.Launch(command(addr))
	if err != nil {
		t.Fatalf("apptest: %v", err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Errorf("apptest: end the application: %v", err)
		}
		if t.Failed() {
			t.Logf("what %s said:\n%s", path, p.Log())
		}
	})
	app := &App{URL: "http://" + addr, Dir: dir, process: p}
	if err := answers(app.URL+path, p); err != nil {
		t.Fatalf("apptest: %v\n%s", err, p.Log())
	}
	return app
}

// answers waits until a URL is answered with success.
func answers(url string, p *proctest.Process) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok(ctx, url) {
			return nil
		}
		select {
		case <-tick.C:
		case <-p.Exited():
			return errors.New("the application ended while starting")
		case <-ctx.Done():
			return fmt.Errorf("no answer from %s after %v", url, patience)
		}
	}
}

func ok(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil && resp.StatusCode < http.StatusBadRequest
}

func split(addr string) (host, port string) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		panic(err) // it is our own
	}
	return host, port
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatalf("apptest: %v", err)
	}
}

// moduleRoot is the folder of go.mod above the test's working directory.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
}
