package browser

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/go-json-experiment/json"
)

// DriverVersion is the only Playwright that playwright-go v0.5200.1 speaks to.
const DriverVersion = "1.52.0"

// Places says where driver, browser and ffmpeg are looked for.
type Places struct {
	// Driver is the driver's folder (PLAYWRIGHT_DRIVER_PATH). Defaults to the
	// first of the usual places: "playwright" beside the binary,
	// "../deployments/playwright" from there (a built checkout),
	// "deployments/playwright" in the working directory, "playwright" in DataDir.
	Driver string
	// Chromium is the browser's program (CHROMIUM_PATH). Defaults to the one in
	// Browsers, then to the first that the system has.
	Chromium string
	// Browsers is a folder in Playwright's layout (PLAYWRIGHT_BROWSERS_PATH).
	Browsers string
	// DataDir is one of the usual places of the driver.
	DataDir string
	// Roots are further folders in which deployments/playwright may lie.
	Roots []string
}

// Driver is a driver that was found.
type Driver struct {
	Dir     string // holds "package", the npm package playwright-core
	Node    string
	Version string
}

// ErrMissing is wrapped by every error about something that is not installed;
// its text says what to do.
var ErrMissing = errors.New("not installed")

// FindDriver looks for the driver and node. Its error wraps ErrMissing.
func (p Places) FindDriver() (Driver, error) {
	dirs := p.driverDirs()
	for _, dir := range dirs {
		version, err := driverVersion(dir)
		if err != nil {
			continue
		}
		if version != DriverVersion {
			return Driver{}, fmt.Errorf("browser driver in %s is version %s, want %s: %w: run scripts/install-driver", dir, version, DriverVersion, ErrMissing)
		}
		node, err := findNode(dir)
		return Driver{Dir: dir, Node: node, Version: version}, err
	}
	return Driver{}, fmt.Errorf("browser driver (npm playwright-core@%s): %w in %s: run scripts/install-driver, or set PLAYWRIGHT_DRIVER_PATH",
		DriverVersion, ErrMissing, strings.Join(dirs, ", "))
}

func (p Places) driverDirs() []string {
	if p.Driver != "" {
		return []string{p.Driver}
	}
	var dirs []string
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		beside := filepath.Dir(exe)
		dirs = append(dirs, filepath.Join(beside, "playwright"), filepath.Join(beside, "..", "deployments", "playwright"))
	}
	for _, root := range append([]string{"."}, p.Roots...) {
		dirs = append(dirs, filepath.Join(root, "deployments", "playwright"))
	}
	if p.DataDir != "" {
		dirs = append(dirs, filepath.Join(p.DataDir, "playwright"))
	}
	return dirs
}

func driverVersion(dir string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, "package", "package.json"))
	if err != nil {
		return "", err
	}
	var pkg struct {
		Version string `json:"version"`
	}
	return pkg.Version, json.Unmarshal(b, &pkg)
}

func findNode(dir string) (string, error) {
	if path := os.Getenv("PLAYWRIGHT_NODEJS_PATH"); path != "" {
		return exec.LookPath(path)
	}
	if path, err := exec.LookPath(filepath.Join(dir, "node")); err == nil {
		return filepath.Abs(path)
	}
	path, err := exec.LookPath("node")
	if err != nil {
		return "", fmt.Errorf("node: %w: install Node.js 20 or newer", ErrMissing)
	}
	return path, nil
}

// systemBrowsers are the names that systems install Chromium under, the lightest first.
var systemBrowsers = []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"}

// FindChromium looks for the browser; one that shows a window when headed. Its
// error wraps ErrMissing.
func (p Places) FindChromium(headed bool) (string, error) {
	if p.Chromium != "" {
		path, err := exec.LookPath(p.Chromium)
		if err != nil {
			return "", fmt.Errorf("CHROMIUM_PATH=%s: %w: no such program", p.Chromium, ErrMissing)
		}
		return path, nil
	}
	for _, pattern := range browserPatterns(headed) {
		if found, _ := filepath.Glob(filepath.Join(p.Browsers, pattern)); p.Browsers != "" && len(found) > 0 {
			return found[len(found)-1], nil
		}
	}
	for _, name := range systemBrowsers {
		if headed && name == "chromium-headless-shell" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("browser (Chromium): %w: install your system's package (Debian: %s), or set CHROMIUM_PATH or PLAYWRIGHT_BROWSERS_PATH",
		ErrMissing, map[bool]string{false: "chromium-headless-shell", true: "chromium"}[headed])
}

// browserPatterns is Playwright's layout below PLAYWRIGHT_BROWSERS_PATH.
func browserPatterns(headed bool) []string {
	full := "chromium-*/chrome-linux/chrome"
	if runtime.GOOS == "darwin" {
		full = "chromium-*/chrome-mac/Chromium.app/Contents/MacOS/Chromium"
	}
	if headed {
		return []string{full}
	}
	return []string{"chromium_headless_shell-*/chrome-*/headless_shell", full}
}

// FindFFmpeg looks for the program that makes videos. Its error wraps ErrMissing.
func (p Places) FindFFmpeg() (string, error) {
	if p.Browsers != "" {
		if found, _ := filepath.Glob(filepath.Join(p.Browsers, "ffmpeg-*", "ffmpeg-*")); len(found) > 0 {
			return found[len(found)-1], nil
		}
	}
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		return "", fmt.Errorf("ffmpeg: %w: recordings have no video without it; install your system's package ffmpeg", ErrMissing)
	}
	return path, nil
}
