package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"tapedeck/workers/recorder/browser"
)

// cost holds scripted recordings against the same flow in plain Playwright, run by run.
func (b *bench) cost(ctx context.Context, s *studio, site *site) ([]figure, error) {
	f := site.flow()
	plain, err := b.startPlain(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("plain Playwright: %w", err)
	}
	defer plain.Close()
	if _, err := plain.run(); err != nil { // warm-up
		return nil, fmt.Errorf("plain Playwright: %w", err)
	}
	steps := fmt.Sprintf("%d steps", len(f.steps))
	theirs := figure{Section: scriptSection, Name: "plain Playwright, same captures", Unit: "ms", Note: steps}
	ours := figure{Section: scriptSection, Name: "recording, requested → succeeded", Unit: "ms", Target: &target{OfRatio: true, AtMost: 1.3}}
	theirCPU := figure{Section: scriptSection, Name: "CPU of plain Playwright", Unit: "ms"}
	ourCPU := figure{Section: scriptSection, Name: "CPU of a recording", Unit: "ms"}
	runs := 2*b.runs + 1
	if b.quick {
		runs = 1
	}
	for range runs {
		took, cpu, err := timed(plain.cmd.Process.Pid, plain.run)
		if err != nil {
			return nil, fmt.Errorf("plain Playwright: %w", err)
		}
		theirs.Runs, theirCPU.Runs = append(theirs.Runs, millis(took)), append(theirCPU.Runs, millis(cpu))
		took, cpu, err = timed(s.PID(), func() (time.Duration, error) { return s.runScript(ctx, f) })
		if err != nil {
			return nil, err
		}
		ours.Runs, ourCPU.Runs = append(ours.Runs, millis(took)), append(ourCPU.Runs, millis(cpu))
	}
	return []figure{theirs, ours.against(theirs), theirCPU, ourCPU.against(theirCPU)}, nil
}

// timed also says what CPU a process and its descendants used meanwhile.
func timed(pid int, run func() (time.Duration, error)) (took, cpu time.Duration, err error) {
	before := cpuBelow(pid)
	took, err = run()
	return took, cpuBelow(pid) - before, err
}

// plain is a process that runs a flow in plain Playwright with a browser of its own.
type plain struct {
	cmd      *exec.Cmd
	in       io.WriteCloser
	out      *bufio.Reader
	browsers string
}

func (b *bench) startPlain(ctx context.Context, f flow) (*plain, error) {
	places := browser.Places{
		Driver: os.Getenv("PLAYWRIGHT_DRIVER_PATH"), Chromium: os.Getenv("CHROMIUM_PATH"),
		Roots: []string{filepath.Join(b.peers.dir, "..", "..")},
	}
	driver, err := places.FindDriver()
	if err != nil {
		return nil, err
	}
	chromium, err := places.FindChromium(false)
	if err != nil {
		return nil, err
	}
	root, err := filepath.Abs(driver.Dir)
	if err != nil {
		return nil, err
	}
	setup, err := json.Marshal(map[string]any{
		"driver": root, "chromium": chromium, "args": browser.Flags(), "sandbox": os.Geteuid() != 0, "url": f.url, "steps": f.steps,
	})
	if err != nil {
		return nil, err
	}
	p := &plain{}
	if p.browsers, err = ffmpegWhereItIsLookedFor(places); err != nil {
		return nil, err
	}
	p.cmd = b.peers.command(ctx, driver.Node, "record.mjs", string(setup))
	p.cmd.Env = append(os.Environ(), "PLAYWRIGHT_BROWSERS_PATH="+p.browsers)
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := p.out.ReadBytes('\n'); err != nil {
		p.Close()
		return nil, fmt.Errorf("it did not start: %w", err)
	}
	return p, nil
}

// ffmpegWhereItIsLookedFor makes a folder in Playwright's layout with the system's ffmpeg: videos need it.
func ffmpegWhereItIsLookedFor(places browser.Places) (string, error) {
	ffmpeg, err := places.FindFFmpeg()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "bench-browsers-")
	if err != nil {
		return "", err
	}
	const layout = "ffmpeg-1011" // of Playwright 1.52
	if err := os.Mkdir(filepath.Join(dir, layout), 0o700); err != nil {
		return "", err
	}
	return dir, os.Symlink(ffmpeg, filepath.Join(dir, layout, "ffmpeg-linux"))
}

// run runs the flow once.
func (p *plain) run() (time.Duration, error) {
	if _, err := io.WriteString(p.in, "run\n"); err != nil {
		return 0, err
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return 0, err
	}
	var answer struct{ MS float64 }
	err = json.Unmarshal(line, &answer)
	return time.Duration(answer.MS * float64(time.Millisecond)), err
}

// Close ends the process, which closes its browser.
func (p *plain) Close() {
	_ = p.in.Close()
	_ = p.cmd.Wait()
	_ = os.RemoveAll(p.browsers)
}
