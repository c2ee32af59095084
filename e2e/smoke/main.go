// Command smoke runs the whole product from end to end, without a person: the pipeline that `make run` shows on the demo shop,
// and one on MailDev from npm. It prints what each step took and ends with 1 unless both are proven.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"tapedeck/client"
	"tapedeck/domain/pipeline"
	"tapedeck/internal/apptest"
	"tapedeck/internal/browsertest"
	"tapedeck/internal/proctest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	binary := flag.String("binary", "bin/tapedeck", "the program")
	within := flag.Duration("within", 15*time.Minute, "how long all of it may take")
	flag.Parse()
	ctx, cancel := context.WithTimeout(ctx, *within)
	defer cancel()
	if err := smoke(ctx, *binary); err != nil {
		fmt.Fprintln(os.Stderr, "smoke:", err)
		os.Exit(1) //nolint:gocritic // what is deferred ends with the process
	}
}

// run is what became of one pipeline.
type run struct {
	what  string
	state pipeline.State
}

func smoke(ctx context.Context, binary string) error {
	s, err := serve(binary)
	if err != nil {
		return err
	}
	shop, err := s.demo(ctx)
	runs := []run{{"demo shop", shop}}
	if err == nil {
		var mail pipeline.State
		mail, err = s.application(ctx, "maildev")
		runs = append(runs, run{"MailDev", mail})
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, s.Log())
	}
	return errors.Join(err, s.close(), report(os.Stdout, runs))
}

// server is one tapedeck process with its data.
type server struct {
	*proctest.Process
	client *client.Client
	dir    string
}

// serve starts the program on free ports with the demo shop, its data in a folder that is removed.
func serve(binary string) (*server, error) {
	driver, err := browsertest.DriverDir()
	if err != nil {
		return nil, err
	}
	kit, err := filepath.Abs(filepath.Join("deployments", "playwright-test"))
	if err != nil {
		return nil, err
	}
	addr, err := proctest.FreeAddr()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "tapedeck-smoke-")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(binary, "serve") //nolint:gosec // it is what is tried
	host, port, _ := strings.Cut(addr, ":")
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "DATA_DIR=" + dir, "API_HOST=" + host, "API_PORT=" + port, "DEMO=1",
		"RECORDER_ALLOW_LOOPBACK=1", "PLAYWRIGHT_DRIVER_PATH=" + driver, "VERIFY_KIT_PATH=" + kit, "DRAIN_TIMEOUT=2s",
	}
	p, err := proctest.Start(cmd, func(line string) bool { return strings.Contains(line, "tapedeck is ready") })
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	c, err := client.New("http://" + addr)
	if err != nil {
		return nil, errors.Join(err, p.Kill(), os.RemoveAll(dir))
	}
	return &server{p, c, dir}, nil
}

func (s *server) close() error {
	s.client.Close()
	return errors.Join(s.Stop(), os.RemoveAll(s.dir))
}

// demo follows the pipeline that runs by itself.
func (s *server) demo(ctx context.Context) (pipeline.State, error) {
	var info struct {
		Demo struct {
			PipelineID string `json:"pipelineId"`
		} `json:"demo"`
	}
	if err := s.client.Get(ctx, "/api/info", nil, &info); err != nil {
		return pipeline.State{}, err
	}
	if info.Demo.PipelineID == "" {
		return pipeline.State{}, errors.New("the server runs no pipeline on the demo shop by itself")
	}
	return s.follow(ctx, "demo shop", info.Demo.PipelineID)
}

// application runs a pipeline on one of the applications from npm. They end with a test, so it is run as a benchmark of one
// iteration.
func (s *server) application(ctx context.Context, name string) (state pipeline.State, err error) {
	i := slices.IndexFunc(apptest.Proofs(), func(p apptest.Proof) bool { return p.Name == name })
	if i < 0 {
		return state, fmt.Errorf("there is no application %s", name)
	}
	p := apptest.Proofs()[i]
	err = errors.New(name + " did not start: make deps-test")
	begun := false
	testing.Benchmark(func(t *testing.B) {
		if begun {
			return
		}
		begun = true
		app := p.Start(t)
		doc := p.Recording(t, app)
		doc.Steps = p.Careful(doc.Steps)
		var j client.Job
		body := map[string]any{"record": doc.Script(), "runs": 2, "mutants": 12, "budgetSeconds": 60}
		if err = s.client.Post(ctx, "/api/pipelines", body, &j); err == nil {
			state, err = s.follow(ctx, name, j.JobID)
		}
	})
	return state, err
}

// follow tells what a pipeline does until it has ended. It fails unless the tests are proven.
func (s *server) follow(ctx context.Context, what, id string) (p pipeline.State, err error) {
	_, err = s.client.FollowLog(ctx, id, nil, func(error) {}, func(l client.LogLine) error {
		_, err := fmt.Printf("%s  %s: %s\n", l.Time.Local().Format(time.TimeOnly), what, l.Text)
		return err
	})
	if err != nil {
		return p, fmt.Errorf("%s: %w", what, err)
	}
	if err := s.client.Get(ctx, "/api/pipelines/"+id, nil, &p); err != nil {
		return p, err
	}
	switch {
	case p.Error != nil:
		return p, fmt.Errorf("%s: %s", what, p.Error.Message)
	case p.Result == nil || p.Result.Outcome != pipeline.OutcomeProven:
		return p, fmt.Errorf("%s: the tests are not proven", what)
	}
	return p, nil
}

// report prints what each step took.
func report(out io.Writer, runs []run) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "\nPIPELINE\tSTEP\tSTATUS\tTIME")
	for _, r := range runs {
		for _, st := range r.state.Steps {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.what, st.Step, strings.ReplaceAll(st.Status, "_", " "), took(st.CreatedAt, st.FinishedAt))
		}
		outcome := "not proven"
		if r.state.Result != nil {
			outcome = r.state.Result.Outcome
		}
		_, _ = fmt.Fprintf(w, "%s\ttests\t%s\t%s\n", r.what, outcome, took(r.state.CreatedAt, r.state.FinishedAt))
	}
	return w.Flush()
}

// took is how long something took; a dash when it has not ended.
func took(from, to time.Time) string {
	if to.IsZero() {
		return "–"
	}
	return to.Sub(from).Round(100 * time.Millisecond).String()
}
