package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"
	"github.com/wI2L/jsondiff"

	"tapedeck/client"
	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/eventstore/tapefile"
)

func (a *app) replay() *cobra.Command {
	var version uint64
	c := &cobra.Command{
		Use:   "replay JOB|FILE",
		Short: "Fold a job's tape event by event and show what each changed",
		Long:  "Fold a job's state from its events, on this machine, and print the state's changes event by event; with -o json the state at the end. FILE is an exported tape.",
		Example: `  tapedeck replay 0193…
  tapedeck replay failed.tape.zst --version 4 -o json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			tape, closer, err := a.openTape(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer closer()
			p := player{app: a, until: version}
			_, _, err = tapefile.Read(tape, p.entry)
			switch {
			case errors.Is(err, io.ErrUnexpectedEOF):
				fmt.Fprintln(a.err, "the file was cut off; this is what it holds")
			case err != nil && !errors.Is(err, client.ErrStop):
				return err
			}
			return p.end()
		},
	}
	c.Flags().Uint64Var(&version, "version", 0, "stop at this version of the job (the newest when 0)")
	a.outputFlag(c, "table", "json")
	return c
}

// openTape opens a file, or the tape of a job on the server.
func (a *app) openTape(ctx context.Context, name string) (io.Reader, func(), error) {
	if f, err := os.Open(name); err == nil {
		return f, func() { _ = f.Close() }, nil
	} else if strings.ContainsAny(name, "./\\") {
		return nil, nil, err
	}
	cl, err := a.client()
	if err != nil {
		return nil, nil, err
	}
	if _, err := cl.Job(ctx, name, nil); err != nil {
		return nil, nil, err
	}
	r, w := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = w.CloseWithError(cl.Download(ctx, "/api/jobs/"+name+"/tape", w))
	}()
	return r, func() { _ = r.Close(); <-done }, nil
}

// player folds a state and prints each step.
type player struct {
	*app
	until  uint64
	state  job.State
	output int
}

func (p *player) entry(e tapefile.Entry) error {
	ev, hash, err := event.Parse(e.Event)
	if err != nil {
		return err
	}
	if _, attempt, ok := job.ParseStream(ev.Stream); !ok || attempt > 0 {
		p.output++
		return nil
	}
	if p.until > 0 && ev.Sequence > p.until {
		return nil
	}
	before := p.state
	if p.state, err = job.Fold(before, ev, hash); err != nil {
		return err
	}
	if p.app.output == "table" {
		return p.step(before, ev)
	}
	return nil
}

func (p *player) step(before job.State, ev event.Event) error {
	patch, err := jsondiff.Compare(before, p.state, jsondiff.MarshalFunc(marshal), jsondiff.Ignores("/version", "/updatedAt"))
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%d  %s  %s  %s → %s\n", ev.Sequence, ev.Time.UTC().Format("2006-01-02T15:04:05.000Z"), ev.Type,
		orNone(before.Status), orNone(p.state.Status))
	for _, op := range patch {
		if op.Type == jsondiff.OperationTest {
			continue
		}
		value, err := marshal(op.Value)
		if err != nil {
			return err
		}
		sign := map[string]string{jsondiff.OperationAdd: "+", jsondiff.OperationRemove: "-"}[op.Type]
		if sign == "" {
			sign = "~"
		}
		if op.Type == jsondiff.OperationRemove {
			value = nil
		}
		fmt.Fprintf(p.out, "     %s %s  %s\n", sign, op.Path, clip(safe(string(value)), 200))
	}
	return nil
}

func (p *player) end() error {
	if !p.state.Exists() {
		return &FailedError{"the tape holds no such version"}
	}
	if p.app.output == "json" {
		return p.printJSON(p.state, true)
	}
	fmt.Fprintf(p.err, "version %d, %s; %d output events beside it\n", p.state.Version, p.state.Status, p.output)
	return nil
}

func marshal(v any) ([]byte, error) { return json.Marshal(v, json.Deterministic(true)) }

func orNone(s job.Status) string {
	if s == "" {
		return "(none)"
	}
	return string(s)
}

func (a *app) export() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:     "export JOB",
		Short:   "Save a job's tape as a file that can be verified and replayed offline",
		Example: "  tapedeck export 0193… -f failed.tape.zst && tapedeck verify-tape failed.tape.zst",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			cl, err := a.client()
			if err != nil {
				return err
			}
			if file == "" {
				file = args[0] + ".tape.zst"
			}
			if file == "-" {
				return cl.Download(cmd.Context(), "/api/jobs/"+args[0]+"/tape", a.out)
			}
			f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return err
			}
			err = errors.Join(cl.Download(cmd.Context(), "/api/jobs/"+args[0]+"/tape", f), f.Close())
			if err != nil {
				return errors.Join(err, os.Remove(file))
			}
			fmt.Fprintln(a.out, file)
			return nil
		},
	}
	c.Flags().StringVarP(&file, "file", "f", "", "where to, - for stdout (JOB.tape.zst when empty)")
	return c
}

func (a *app) verify() *cobra.Command {
	c := &cobra.Command{
		Use:   "verify-tape JOB|FILE",
		Short: "Check that a tape is whole and unchanged",
		Long: `Check every hash chain of a tape and that each attempt's output ends where the event that closed the attempt says.
FILE is an exported tape and needs no server. The exit code is 1 when anything is wrong.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			tape, closer, err := a.openTape(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer closer()
			report, err := tapefile.Verify(tape)
			if err != nil {
				return err
			}
			if a.output == "json" {
				if err := a.printJSON(report, true); err != nil {
					return err
				}
			} else {
				a.printReport(report)
			}
			if !report.OK() {
				return &FailedError{fmt.Sprintf("%d faults", len(report.Faults))}
			}
			return nil
		},
	}
	a.outputFlag(c, "table", "json")
	return c
}

func (a *app) printReport(r tapefile.Report) {
	for _, s := range r.Streams {
		fmt.Fprintf(a.out, "%s  %d events, head %s\n", s.Stream, s.Count, s.Hash)
	}
	for _, f := range r.Artifacts {
		fmt.Fprintf(a.out, "artefact %s  %d bytes, sha256 %s\n", safe(f.Name), f.Size, f.SHA256)
	}
	for _, f := range r.Faults {
		fmt.Fprintln(a.out, "FAULT", safe(f))
	}
	if r.OK() {
		fmt.Fprintf(a.out, "OK: job %s, %s, %d events, nothing missing and nothing changed\n", r.JobID, r.Status, r.Events)
	}
}

func (a *app) ping() *cobra.Command {
	return &cobra.Command{
		Use: "ping", Short: "Run a system.ping job through the whole engine and say how long it took", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := a.client()
			if err != nil {
				return err
			}
			j, err := cl.Submit(cmd.Context(), client.Submission{Kind: "system.ping"}, "")
			if err != nil {
				return err
			}
			if j, err = await(cmd.Context(), cl, j.JobID); err != nil {
				return err
			}
			fmt.Fprintf(a.out, "job %s %s after %s\n", j.JobID, j.Status, j.FinishedAt.Sub(j.CreatedAt))
			return outcome(j, true)
		},
	}
}
