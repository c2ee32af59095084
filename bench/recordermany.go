package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// atOnce is how many recordings one worker makes at a time.
const atOnce = 4

// together makes several recordings at once in one worker.
func (b *bench) together(ctx context.Context, s *studio, site *site) ([]figure, error) {
	took := figure{Section: scriptSection, Name: fmt.Sprintf("%d at once in one worker, all succeeded", atOnce), Unit: "ms"}
	memory := figure{Section: scriptSection, Name: fmt.Sprintf("memory of the browser with %d at once (PSS, peak)", atOnce), Unit: "MB"}
	for range b.runs {
		watch := watchMemory(s.PID())
		t, err := s.runScripts(ctx, site.flow(), atOnce)
		peak := watch.stop()
		if err != nil {
			return nil, fmt.Errorf("%d at once: %w", atOnce, err)
		}
		took.Runs, memory.Runs = append(took.Runs, millis(t)), append(memory.Runs, peak.browser)
		memory.Note = fmt.Sprintf("its driver %s MB, ffmpeg and server %s MB", number(peak.driver), number(peak.rest))
	}
	return []figure{took, memory}, nil
}

// pss are megabytes of memory, what processes share divided between them.
type pss struct{ browser, driver, rest float64 }

type memoryWatch struct {
	quit chan struct{}
	peak chan pss
}

// sampleEvery is how often memory is looked at: the kernel walks all page tables for an answer.
const sampleEvery = 500 * time.Millisecond

// watchMemory looks at a process and its descendants until it is stopped.
func watchMemory(root int) *memoryWatch {
	w := &memoryWatch{make(chan struct{}), make(chan pss, 1)}
	go func() {
		var peak pss
		tick := time.NewTicker(sampleEvery)
		defer tick.Stop()
		for {
			now := memoryOf(root)
			peak = pss{max(peak.browser, now.browser), max(peak.driver, now.driver), max(peak.rest, now.rest)}
			select {
			case <-tick.C:
			case <-w.quit:
				w.peak <- peak
				return
			}
		}
	}()
	return w
}

func (w *memoryWatch) stop() pss {
	close(w.quit)
	return <-w.peak
}

func memoryOf(root int) (sum pss) {
	for _, p := range processesBelow(root) {
		switch mb := p.pss(); {
		case strings.Contains(p.name, "chrom") || strings.Contains(p.name, "headless"):
			sum.browser += mb
		case p.name == "node" || p.name == "MainThread":
			sum.driver += mb
		default:
			sum.rest += mb
		}
	}
	return sum
}
