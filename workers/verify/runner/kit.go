package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"tapedeck/workers/recorder/browser"
)

// KitVersion is the Playwright Test that runs projects.
const KitVersion = "1.65.1"

// Config says where the programs are.
type Config struct {
	// Places finds node and Chromium, as for recordings.
	Places browser.Places
	// Kit is the folder whose node_modules holds @playwright/test (VERIFY_KIT_PATH). Defaults to the first of the usual
	// places: "playwright-test" beside the binary, "../deployments/playwright-test" from there, "deployments/playwright-test"
	// in the working directory or a root of Places.
	Kit string
	// Unconfined runs projects without a sandbox: whoever can submit one can then do what this process can. Defaults to
	// false: without bubblewrap nothing is run.
	Unconfined bool
	// SPKI is the hash of the key of the proxies' certificates.
	SPKI string
}

// kit is what was found.
type kit struct {
	dir, node, chromium, bwrap string
}

func (c Config) find() (kit, error) {
	var k kit
	var errs [4]error
	k.dir, errs[0] = c.findKit()
	k.node, errs[1] = findNode()
	k.chromium, errs[2] = c.Places.FindChromium(false)
	if !c.Unconfined {
		k.bwrap, errs[3] = findSandbox()
	}
	return k, errors.Join(errs[:]...)
}

func findNode() (string, error) {
	path, err := exec.LookPath("node")
	if err != nil {
		return "", fmt.Errorf("node: %w: install Node.js 20 or newer", browser.ErrMissing)
	}
	return filepath.EvalSymlinks(path)
}

func findSandbox() (string, error) {
	path, err := exec.LookPath("bwrap")
	if err != nil {
		return "", fmt.Errorf("sandbox for test projects (bubblewrap): %w: install your system's package bubblewrap, or set VERIFY_UNCONFINED=1 if everybody who can submit a project may do what this server can", browser.ErrMissing)
	}
	return path, nil
}

func (c Config) findKit() (string, error) {
	dirs := c.kitDirs()
	for _, dir := range dirs {
		b, err := os.ReadFile(filepath.Join(dir, "node_modules", "@playwright", "test", "package.json"))
		if err != nil {
			continue
		}
		var pkg struct {
			Version string `json:"version"`
		}
		if err := json.Unmarshal(b, &pkg); err != nil || pkg.Version != KitVersion {
			return "", fmt.Errorf("test kit in %s is version %s, want %s: %w: run scripts/install-test-kit", dir, pkg.Version, KitVersion, browser.ErrMissing)
		}
		return filepath.Abs(dir)
	}
	return "", fmt.Errorf("test kit (npm @playwright/test@%s): %w in %s: run scripts/install-test-kit, or set VERIFY_KIT_PATH", KitVersion, browser.ErrMissing, strings.Join(dirs, ", "))
}

func (c Config) kitDirs() []string {
	if c.Kit != "" {
		return []string{c.Kit}
	}
	var dirs []string
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		beside := filepath.Dir(exe)
		dirs = append(dirs, filepath.Join(beside, "playwright-test"), filepath.Join(beside, "..", "deployments", "playwright-test"))
	}
	for _, root := range append([]string{"."}, c.Places.Roots...) {
		dirs = append(dirs, filepath.Join(root, "deployments", "playwright-test"))
	}
	return dirs
}

// Tools are the programs that whoever looks into scripts needs: node, and the folder of the test kit.
func (c Config) Tools() (node, dir string, err error) {
	k, err := c.find()
	return k.node, k.dir, err
}

// Check looks at everything that running projects needs. It runs the sandbox once.
func (c Config) Check(ctx context.Context) []browser.Finding {
	f := browser.Finding{What: "test runner"}
	k, err := c.find()
	if err != nil {
		f.Err = err
		return []browser.Finding{f}
	}
	if k.bwrap == "" {
		f.Note = "test projects run without a sandbox (VERIFY_UNCONFINED)"
	} else if err := tryConfined(ctx, k); err != nil {
		f.Err = err
		return []browser.Finding{f}
	}
	f.Good = fmt.Sprintf("Playwright Test %s in %s, node %s", KitVersion, k.dir, k.node)
	return []browser.Finding{f}
}

func tryConfined(ctx context.Context, k kit) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	args := append(bare(k), "--", "/bin/true")
	if out, err := exec.CommandContext(ctx, k.bwrap, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("bubblewrap does not run: %w: %s: allow user namespaces, or set VERIFY_UNCONFINED=1 if everybody who can submit a project may do what this server can", err, strings.TrimSpace(string(out)))
	}
	return nil
}
