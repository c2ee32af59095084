package cli

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"tapedeck/client"
	"tapedeck/domain/proof"
)

// verifySuite finds out what a test project is worth.
func (a *app) verifySuite() *cobra.Command {
	var in struct {
		Name          string        `json:"name,omitempty"`
		Recording     string        `json:"recordingId,omitempty"`
		Environment   string        `json:"environment,omitempty"`
		Runs          int           `json:"runs"`
		Seed          uint64        `json:"seed"`
		Workers       int           `json:"workers"`
		Mutants       int           `json:"mutants"`
		BudgetSeconds int           `json:"budgetSeconds"`
		TestSeconds   int           `json:"testSeconds"`
		MaxLatencyMS  int           `json:"maxLatencyMs"`
		ThrottleCPU   bool          `json:"throttleCpu"`
		Repair        bool          `json:"repair"`
		Secrets       []verifyValue `json:"secrets,omitempty"`
	}
	var owner, junit string
	var secrets []string
	var detach bool
	c := &cobra.Command{
		Use:   "verify DIR",
		Short: "Find out what a Playwright Test project is worth",
		Long: `Send the test project in DIR (without node_modules and results) and run its tests against the twin of a recording, each
time under other conditions, and with --mutants under faults. A test that fails is tried with other locators and assertions
of its recording; what was changed is printed and is the job's artefact repairs.patch. The exit code is 0 when every test is
proven, be it repaired, and 1 when not.`,
		Example: `  tapedeck verify tests/ --recording 01j… --runs 20
  tapedeck verify tests/ --mutants 200 --junit results.xml
  tapedeck verify tests/ --environment staging`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, s := range secrets {
				name, ref, ok := strings.Cut(s, "=")
				if !ok {
					return fmt.Errorf("--secret %q: want VARIABLE=REFERENCE", s)
				}
				in.Secrets = append(in.Secrets, verifyValue{name, ref})
			}
			if in.Name == "" {
				in.Name = projectName(args[0])
			}
			archive, err := packProject(args[0])
			if err != nil {
				return err
			}
			input, err := json.Marshal(in)
			if err != nil {
				return err
			}
			cl, err := a.client()
			if err != nil {
				return err
			}
			defer cl.Close()
			fields := url.Values{"input": {string(input)}}
			if owner != "" {
				fields.Set("owner", owner)
			}
			var j client.Job
			open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive)), nil }
			if err := cl.Upload(cmd.Context(), "/api/suites/verify", fields, []client.File{{Name: "project.zip", Field: "project", Open: open}}, &j); err != nil {
				return err
			}
			if detach {
				_, err := fmt.Fprintln(a.out, j.JobID)
				return err
			}
			_, _ = fmt.Fprintln(a.err, "job", j.JobID)
			return a.awaitProof(cmd.Context(), cl, j.JobID, junit)
		},
	}
	f := c.Flags()
	f.StringVar(&in.Recording, "recording", "", "the recording that answers tests which name none themselves")
	f.StringVar(&in.Environment, "environment", "", "run on this environment, live, instead of on the twin")
	f.StringVar(&in.Name, "name", "", "the proof's name; the folder's when absent")
	f.StringVar(&owner, "project", "", "the Tapedeck project")
	f.IntVar(&in.Runs, "runs", 5, "how often each test runs")
	f.Uint64Var(&in.Seed, "seed", 1, "what conditions and the choice of mutants follow from")
	f.IntVar(&in.Workers, "workers", 4, "how many tests run at the same time at most")
	f.IntVar(&in.Mutants, "mutants", 0, "how many faults the tests of each recording are tried with")
	f.IntVar(&in.BudgetSeconds, "budget", 120, "how long mutants may take, in seconds")
	f.IntVar(&in.TestSeconds, "test-timeout", 60, "how long a test may take, in seconds")
	f.IntVar(&in.MaxLatencyMS, "max-latency", 500, "hold answers up for at most this many milliseconds")
	f.BoolVar(&in.ThrottleCPU, "throttle-cpu", true, "every fourth run with a processor four times slower")
	f.BoolVar(&in.Repair, "repair", true, "try tests that fail with what their recording knows too")
	f.StringArrayVar(&secrets, "secret", nil, "VARIABLE=REFERENCE, a secret in the tests' environment (repeat for more)")
	f.StringVar(&junit, "junit", "", "write the results to this file as JUnit XML")
	f.BoolVar(&detach, "detach", false, "print the job's id and do not wait")
	a.outputFlag(c, "table", "json")
	return c
}

type verifyValue struct {
	Name string `json:"name"`
	Ref  string `json:"ref"`
}

func projectName(dir string) string {
	if full, err := filepath.Abs(dir); err == nil {
		return filepath.Base(full)
	}
	return "Tests"
}

// left out of a project: what is installed, what runs have left, and what git keeps.
var leftOut = []string{"node_modules", "test-results", "playwright-report", "blob-report", ".git"}

// packProject makes a zip of a folder.
func packProject(dir string) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	n := 0
	err = fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(leftOut, d.Name()):
			return fs.SkipDir
		case d.IsDir():
			return nil
		case !d.Type().IsRegular():
			return fmt.Errorf("%s is no plain file: a test project has no links", path)
		}
		n++
		return packFile(z, root, path)
	})
	if err == nil && n == 0 {
		err = fmt.Errorf("there are no files in %s", dir)
	}
	err = errors.Join(err, z.Close())
	return out.Bytes(), err
}

func packFile(z *zip.Writer, root *os.Root, path string) error {
	w, err := z.Create(filepath.ToSlash(path))
	if err != nil {
		return err
	}
	f, err := root.Open(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return errors.Join(err, f.Close())
}

// awaitProof follows the job and shows what its tests are worth.
func (a *app) awaitProof(ctx context.Context, cl *client.Client, id, junit string) error {
	if err := a.watch(ctx, cl, id); err != nil {
		return err
	}
	if junit != "" {
		f, err := os.Create(junit)
		if err != nil {
			return err
		}
		if err := errors.Join(cl.Download(ctx, "/api/jobs/"+id+"/artifacts/junit.xml", f), f.Close()); err != nil {
			return err
		}
	}
	var p proof.State
	if err := cl.Get(ctx, "/api/suites/"+id+"/proof", nil, &p); err != nil {
		return err
	}
	if a.output == "json" {
		if err := a.printJSON(p, true); err != nil {
			return err
		}
	} else if err := a.printProof(p); err != nil {
		return err
	}
	if p.Status != proof.StatusProven {
		return &FailedError{Why: p.Name + " is not proven: " + p.Reason}
	}
	return nil
}

func (a *app) printProof(p proof.State) error {
	w := tabwriter.NewWriter(a.out, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "\tPASSED\tFAULTS NOTICED\tFALSE ALARMS\tTEST")
	for _, t := range p.Tests {
		i := slices.IndexFunc(p.Verdicts, func(v proof.Verdict) bool { return v.Test == t.ID })
		if i < 0 {
			continue
		}
		v := p.Verdicts[i]
		mark, noticed, alarms := "✗", "–", "–"
		if v.Proven {
			mark = "✓"
		}
		if v.Score.Visible > 0 {
			noticed = fmt.Sprintf("%d of %d (%.0f %%)", v.Score.Killed, v.Score.Visible, 100*v.Score.Macro)
		}
		if v.Score.Harmless > 0 {
			alarms = fmt.Sprintf("%d of %d", v.Score.Alarms, v.Score.Harmless)
		}
		_, _ = fmt.Fprintf(w, "%s\t%d of %d\t%s\t%s\t%s\n", mark, v.Passed, v.Counted, noticed, alarms, strings.Join(t.Titles, " › "))
		if v.Why != "" {
			_, _ = fmt.Fprintf(w, "\t\t\t\t  %s\n", v.Why)
		}
		printRepairs(w, p, t.ID)
	}
	if p.MutantsOf > 0 {
		_, _ = fmt.Fprintf(w, "%d of %d faults chosen\n", len(p.Mutants), p.MutantsOf)
	}
	if p.Rest != nil {
		_, _ = fmt.Fprintf(w, "there was no time for %d of them: job %s goes on\n", p.Rest.Left, p.Rest.JobID)
	}
	for _, c := range p.Checks {
		if c.Tried > 0 && c.Noticed == 0 {
			_, _ = fmt.Fprintf(w, "%s:%d: %s notices no change of what it is about (%s)\n", c.File, c.Line, c.Matcher, c.Subject)
		}
	}
	for _, n := range p.Notes {
		_, _ = fmt.Fprintln(a.err, "note:", n)
	}
	return w.Flush()
}

// printRepairs shows what was changed in a test, and what was tried in vain.
func printRepairs(w io.Writer, p proof.State, test string) {
	vain := 0
	for _, r := range p.Repairs {
		switch {
		case r.Test != test:
		case r.Kept:
			_, _ = fmt.Fprintf(w, "\t\t\t\t  repaired at %s:%d: %s\n", r.File, r.Line, r.Reason)
			for line := range strings.SplitSeq(r.Before, "\n") {
				_, _ = fmt.Fprintf(w, "\t\t\t\t  - %s\n", strings.TrimSpace(line))
			}
			for line := range strings.SplitSeq(r.After, "\n") {
				_, _ = fmt.Fprintf(w, "\t\t\t\t  + %s\n", strings.TrimSpace(line))
			}
		default:
			vain++
		}
	}
	if vain > 0 {
		_, _ = fmt.Fprintf(w, "\t\t\t\t  %d repairs did not help\n", vain)
	}
}
