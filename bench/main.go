// Command bench measures Tapedeck beside its peers and beside Redis's own
// ceiling in one run, and prints a table with the target of each figure and
// whether it was reached. Every server it needs is its own process on a free
// loopback port, started and ended by it.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"
)

// bench is one run of the command.
type bench struct {
	runs  int // repetitions of each figure; the median counts
	quick bool
	peers *peers

	binary        string  // the built tapedeck
	pipelinedXADD float64 // events/s, once ceiling has run
}

// scale shortens a count of events or jobs in a quick run.
func (b *bench) scale(n int) int {
	if b.quick {
		return n / 5
	}
	return n
}

type section struct {
	name  string
	about string
	run   func(*bench, context.Context) ([]figure, error)
}

var sections = []section{
	{"ceiling", "XADD on the bare Redis", (*bench).ceiling},
	{"appends", "the log alone beside pipelined XADD", (*bench).appends},
	{"jobs", "no-op jobs beside asynq and BullMQ", (*bench).jobs},
	{"fold", "the read models from nothing", (*bench).fold},
	{"latency", "a command's way to a live page", (*bench).latency},
	{"fanout", "one stream to 1,000 WebSocket clients beside centrifuge", (*bench).fanout},
	{"page", "the page in a real browser", (*bench).page},
	{"knowledge", "documents: crawled, read, indexed, found", (*bench).known},
	{"extraction", "what is taken for the main content of published pages", (*bench).extraction},
	{"locators", "recorded elements found again after a change, and said to be gone", (*bench).locators},
	{"proof", "tests of recorded applications, run without them: the twin, bad writes, faults", (*bench).proof},
	{"generate", "flows of the demo shop and of recorded applications become tests that are proven", (*bench).generate},
	{"recorder", "recordings: the live canvas, the tape, and the cost of keeping everything", (*bench).recorder},
}

func main() {
	debug.SetGCPercent(300) // as cmd/tapedeck does; the engine alone runs in this process
	if len(os.Args) == 2 && os.Args[1] == liveServerCommand {
		if err := runLiveServer(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	quick := flag.Bool("quick", false, "a fifth of the counts, one run of each: shows that it works, not how fast it is")
	runs := flag.Int("runs", 3, "repetitions of each figure; the median is printed")
	only := flag.String("only", "", "comma-separated sections to run: "+names())
	out := flag.String("json", "", "write the figures to this file as JSON too")
	flag.Parse()
	if err := run(*quick, *runs, *only, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(quick bool, runs int, only, out string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b := &bench{runs: runs, quick: quick}
	if quick {
		b.runs = 1
	}
	var err error
	if b.peers, err = preparePeers(ctx); err != nil {
		return err
	}
	defer b.peers.Close()
	if err := b.build(ctx); err != nil {
		return err
	}
	defer os.RemoveAll(filepath.Dir(b.binary))

	start := time.Now()
	var figures []figure
	var failed []string
	for _, s := range sections {
		if only != "" && !slices.Contains(strings.Split(only, ","), s.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s: %s …\n", s.name, s.about)
		got, err := s.run(b, ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failed = append(failed, fmt.Sprintf("%s: %v", s.name, err))
		}
		figures = append(figures, got...)
	}
	fmt.Printf("%d CPUs, %s, %s\n", runtime.NumCPU(), runtime.Version(), time.Since(start).Round(time.Second))
	printTable(os.Stdout, figures)
	if out != "" {
		if err := writeJSON(out, figures); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("sections that failed:\n  %s", strings.Join(failed, "\n  "))
	}
	return nil
}

func names() string {
	var n []string
	for _, s := range sections {
		n = append(n, s.name)
	}
	return strings.Join(n, ", ")
}

func writeJSON(path string, figures []figure) error {
	data, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}
