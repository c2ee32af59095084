package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/playwright-community/playwright-go"
	"golang.org/x/sync/errgroup"

	"tapedeck/internal/browsertest"
)

const (
	pageSection = "the page in headless Chromium at 1440×900, on the same CPUs as the server (SQLite FULL) and the load"
	listRows    = 5_000
	logSize     = 100_000
	// Frames come in whole ticks of a 60 Hz screen, 16.67 ms, and their times in tenths of a millisecond.
	twoTicks, threeTicks = 33.4, 50.1
)

// page measures frames as a person would see them: the time between two animation frames of the real
// page on the real server.
func (b *bench) page(ctx context.Context) ([]figure, error) {
	size, err := b.shellSize(ctx)
	if err != nil {
		return nil, err
	}
	figures := []figure{{Section: pageSection, Name: "shell, gzipped JavaScript", Unit: "kB", Runs: []float64{size}, Target: atMost(130)}}
	browser, err := browsertest.Launch()
	if err != nil {
		return figures, err
	}
	defer browser.Close()
	views := []struct {
		name   string
		target float64
		run    func(context.Context, *tapedeck, playwright.Page) ([]float64, error)
	}{
		{fmt.Sprintf("list of %s jobs, 1,000 events/s, at its top: frame p95", thousands(listRows)), twoTicks, b.listFrames(still)},
		{fmt.Sprintf("list of %s jobs, 1,000 events/s, scrolled at 7,200 px/s: frame p95", thousands(listRows)), twoTicks, b.listFrames(scrolled)},
		{fmt.Sprintf("log of %s lines, scrolled at 7,200 px/s: frame p95", thousands(logSize)), threeTicks, b.logFrames(scrolled)},
		{fmt.Sprintf("log of %s lines, random jumps: frame p95", thousands(logSize)), threeTicks, b.logFrames(jumps)},
	}
	for _, v := range views {
		f := figure{Section: pageSection, Name: v.name, Unit: "ms", Target: atMost(v.target)}
		for range b.runs {
			got, err := b.onPage(ctx, browser, v.run)
			if err != nil {
				return figures, fmt.Errorf("%s: %w", v.name, err)
			}
			l := latencies(got)
			f.Runs = append(f.Runs, l.quantile(.95))
			f.Note = fmt.Sprintf("p50 %s, p99 %s, longest %s", number(l.quantile(.5)), number(l.quantile(.99)), number(l.quantile(1)))
		}
		figures = append(figures, f)
	}
	return figures, nil
}

// shellSize is what the page's own budget check says.
func (b *bench) shellSize(ctx context.Context) (float64, error) {
	out, err := exec.CommandContext(ctx, "node", filepath.Join(b.peers.dir, "..", "..", "webapp", "scripts", "size.mjs")).Output()
	if err != nil {
		return 0, fmt.Errorf("the page is not built, or over its budget: make spa\n%s: %w", out, err)
	}
	for line := range strings.Lines(string(out)) {
		var verdict string
		var kB, limit float64
		if _, err := fmt.Sscanf(line, "%s %f kB of %f shell", &verdict, &kB, &limit); err == nil {
			return kB, nil
		}
	}
	return 0, fmt.Errorf("no line about the shell in %q", out)
}

func (b *bench) onPage(ctx context.Context, browser *browsertest.Browser, run func(context.Context, *tapedeck, playwright.Page) ([]float64, error)) ([]float64, error) {
	app, err := b.serve("")
	if err != nil {
		return nil, err
	}
	defer app.Close()
	page, err := browser.NewPage(playwright.BrowserNewContextOptions{Viewport: &playwright.Size{Width: 1440, Height: 900}})
	if err != nil {
		return nil, err
	}
	defer page.Context().Close()
	return run(ctx, app, page)
}

// listFrames measures the list with all its rows loaded while jobs are submitted and run.
func (b *bench) listFrames(how string) func(context.Context, *tapedeck, playwright.Page) ([]float64, error) {
	return func(ctx context.Context, app *tapedeck, page playwright.Page) ([]float64, error) {
		if err := submitMany(app.address, listRows); err != nil {
			return nil, err
		}
		if err := app.awaitSucceeded(ctx, listRows); err != nil {
			return nil, err
		}
		if _, err := page.Goto("http://" + app.address + "/jobs"); err != nil {
			return nil, err
		}
		if err := page.Locator("tr[data-job]").First().WaitFor(); err != nil {
			return nil, err
		}
		if _, err := page.Evaluate(loadAll, map[string]any{"rows": listRows}); err != nil {
			return nil, err
		}
		const jobsPerSecond = 1000 / eventsPerJob
		var g errgroup.Group
		g.Go(func() error {
			return pace(app.address, jobsPerSecond*b.pageSeconds(), jobsPerSecond, newTimes(0))
		})
		got, err := b.frames(page, "tr[data-job]", how)
		return got, errors.Join(err, g.Wait())
	}
}

// logFrames measures the log of one job with many lines.
func (b *bench) logFrames(how string) func(context.Context, *tapedeck, playwright.Page) ([]float64, error) {
	return func(ctx context.Context, app *tapedeck, page playwright.Page) ([]float64, error) {
		conn, err := dialHTTP(app.address)
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		answer, err := conn.Post("/api/jobs", fmt.Appendf(nil, `{"kind":"system.exercise","input":{"lines":%d,"rate":0,"lineBytes":80}}`, logSize))
		if err != nil {
			return nil, err
		}
		var job struct{ JobID string }
		if err := json.Unmarshal(answer, &job); err != nil {
			return nil, err
		}
		if err := app.awaitSucceeded(ctx, 1); err != nil {
			return nil, err
		}
		if _, err := page.Goto("http://" + app.address + "/jobs/" + job.JobID + "?tab=log"); err != nil {
			return nil, err
		}
		if err := page.GetByText(thousands(logSize) + " lines").WaitFor(); err != nil {
			return nil, err
		}
		return b.frames(page, "[data-testid=log] time", how)
	}
}

func (b *bench) pageSeconds() int {
	if b.quick {
		return 3
	}
	return 10
}

// How the scrolling element is moved at each frame while frames are measured.
const (
	still    = ""
	scrolled = "box.scrollTop = box.scrollTop + 120 >= box.scrollHeight - box.clientHeight ? 0 : box.scrollTop + 120"
	jumps    = "if (n % 10 === 0) box.scrollTop = ((n * 7919) % 1000) / 1000 * box.scrollHeight"
)

// scrollBox finds the element that scrolls the given one.
const scrollBox = `(selector) => {
	let box = document.querySelector(selector);
	while (box && !/auto|scroll/.test(getComputedStyle(box).overflowY)) box = box.parentElement;
	return box;
}`

// loadAll scrolls to the end until every row is loaded, then back to the top.
const loadAll = `async ({ rows }) => {
	const box = (` + scrollBox + `)("tr[data-job]");
	while (box.scrollHeight < rows * 40) {
		box.scrollTop = box.scrollHeight;
		await new Promise((done) => setTimeout(done, 20));
	}
	box.scrollTop = 0;
}`

// frames answers the milliseconds between animation frames.
func (b *bench) frames(page playwright.Page, selector, move string) ([]float64, error) {
	if err := page.Locator(selector).First().WaitFor(); err != nil {
		return nil, err
	}
	got, err := page.Evaluate(`({ selector, ms }) => new Promise((done) => {
		const box = (`+scrollBox+`)(selector);
		const gaps = [];
		let last = performance.now();
		const end = last + ms;
		let n = 0;
		const frame = (now) => {
			gaps.push(now - last);
			last = now;
			n++;
			`+move+`;
			now < end ? requestAnimationFrame(frame) : done(gaps);
		};
		requestAnimationFrame(frame);
	})`, map[string]any{"selector": selector, "ms": b.pageSeconds() * 1000})
	if err != nil {
		return nil, err
	}
	var gaps []float64
	for _, v := range got.([]any) {
		switch v := v.(type) {
		case float64:
			gaps = append(gaps, v)
		case int:
			gaps = append(gaps, float64(v))
		}
	}
	return gaps, nil
}

// submitMany submits no-op jobs, 1,000 in a request.
func submitMany(address string, n int) error {
	conn, err := dialHTTP(address)
	if err != nil {
		return err
	}
	defer conn.Close()
	for ; n > 0; n -= 1000 {
		batch := strings.TrimSuffix(strings.Repeat(`{"kind":"system.ping"},`, min(n, 1000)), ",")
		if _, err := conn.Post("/api/jobs", []byte("["+batch+"]")); err != nil {
			return err
		}
	}
	return nil
}
