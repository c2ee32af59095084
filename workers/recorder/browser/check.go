package browser

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Finding is what was found out about one thing that recording needs.
type Finding struct {
	What string // "browser driver", "browser", "ffmpeg", "temporary files"
	Good string // for people, when all is well
	// Note is what is not as it should be and yet does no harm to recording itself.
	Note string
	// Err says what is missing and what to do; nil when it is there.
	Err error
}

// Check looks at everything that recording needs, without starting the browser.
func (p *Pool) Check(ctx context.Context) []Finding { return p.cfg.Check(ctx) }

// Missing joins what keeps recording from working; nil when it works.
func Missing(findings []Finding) error {
	var errs []error
	for _, f := range findings {
		errs = append(errs, f.Err)
	}
	return errors.Join(errs...)
}

// Check looks at everything that recording needs.
func (c Config) Check(ctx context.Context) []Finding {
	return []Finding{c.checkDriver(ctx), c.checkBrowser(ctx), c.checkFFmpeg(), c.checkScratch()}
}

func (c Config) checkDriver(ctx context.Context) Finding {
	f := Finding{What: "browser driver"}
	d, err := c.Places.FindDriver()
	if err != nil {
		f.Err = err
		return f
	}
	version, err := firstLine(ctx, d.Node, "--version")
	if err != nil {
		f.Err = fmt.Errorf("%s does not run: %w: install Node.js 20 or newer", d.Node, err)
		return f
	}
	f.Good = fmt.Sprintf("playwright-core %s in %s, node %s", d.Version, d.Dir, version)
	return f
}

func (c Config) checkBrowser(ctx context.Context) Finding {
	f := Finding{What: "browser"}
	path, err := c.Places.FindChromium(!c.Headless)
	if err != nil {
		f.Err = err
		return f
	}
	version, err := firstLine(ctx, path, "--version")
	if err != nil {
		f.Err = fmt.Errorf("%s does not run: %w: install it again, or set CHROMIUM_PATH to another", path, err)
		return f
	}
	if !c.Headless && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		f.Err = errors.New("RECORDER_HEADLESS=0 needs a display: set DISPLAY, or run under xvfb-run")
		return f
	}
	f.Good = version + ", " + path
	if !c.sandbox() {
		f.Note = "its sandbox is off because this process runs as root: run it as another user"
	}
	return f
}

func (c Config) checkFFmpeg() Finding {
	path, err := c.Places.FindFFmpeg()
	if err != nil {
		return Finding{What: "ffmpeg", Note: err.Error()}
	}
	return Finding{What: "ffmpeg", Good: path}
}

// roomForScratch is what a recording or two may need.
const roomForScratch = 256 << 20

func (c Config) checkScratch() Finding {
	f := Finding{What: "temporary files"}
	base := c.ScratchBase
	if base == "" {
		base, f.Note = DefaultScratchBase()
	}
	if f.Err = usable(base); f.Err != nil {
		return f
	}
	if free, known := freeBytes(existing(base)); known && free < roomForScratch {
		f.Err = fmt.Errorf("%s has %d MB left, a recording needs %d: make room, or set RECORDER_TMP_DIR to another folder", base, free>>20, roomForScratch>>20)
		return f
	}
	f.Good = base
	if f.Note == "" && !inMemory(existing(base)) {
		f.Note = base + " is not in memory: what is typed can reach the disk; set RECORDER_TMP_DIR to a folder on a tmpfs"
	}
	return f
}

// usable says whether a folder is ours and can be written, or can be made: it makes nothing.
func usable(base string) error {
	at := existing(base)
	info, err := os.Lstat(at)
	switch {
	case err != nil:
		return fmt.Errorf("folder for temporary files: %w: set RECORDER_TMP_DIR to another", err)
	case at == base && (!info.IsDir() || !ownedByUs(info)):
		return fmt.Errorf("folder for temporary files: %s is somebody else's: set RECORDER_TMP_DIR to another", base)
	case !info.IsDir() || !writable(at):
		return fmt.Errorf("folder for temporary files: %s cannot be written: set RECORDER_TMP_DIR to another", at)
	}
	return nil
}

// existing is the path, or the nearest above it that is there.
func existing(path string) string {
	for {
		if _, err := os.Lstat(path); err == nil || path == filepath.Dir(path) {
			return path
		}
		path = filepath.Dir(path)
	}
}

// firstLine is what a program says first.
func firstLine(ctx context.Context, path string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, args...).Output()
	line, _, _ := bytes.Cut(out, []byte("\n"))
	return strings.TrimSpace(string(line)), err
}
