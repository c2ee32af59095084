package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"tapedeck/client"
	"tapedeck/domain/testcase"
)

// caseFlags are what `cases` is told.
type caseFlags struct {
	sources               []string
	limit                 int
	project, format       string
	out, template, by     string
	overwrite, notCovered bool
	improve               bool
}

// cases makes test cases of a recording, and hands them out.
func (a *app) cases() *cobra.Command {
	var in caseFlags
	c := &cobra.Command{
		Use:   "cases RECORDING",
		Short: "Make test cases of a recording and of what documents demand",
		Long: `Make test cases of a recording and of what documents demand, and write them to OUT, or to the standard output: as markdown, csv,
gherkin, or xlsx, also into a workbook of your own in which one row has cells such as {{title}}. What documents and the recording
say differently, and requirements that nothing touches, are told on the standard error.`,
		Example: `  tapedeck cases 01j…
  tapedeck cases 01j… --source src-abc --format gherkin --out notes.feature
  tapedeck cases 01j… --template plan.xlsx --out notes.xlsx`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := in.check(); err != nil {
				return err
			}
			cl, err := a.client()
			if err != nil {
				return err
			}
			defer cl.Close()
			return a.makeCases(cmd.Context(), cl, args[0], in)
		},
	}
	c.AddCommand(a.regenerate())
	f := c.Flags()
	f.StringArrayVar(&in.sources, "source", nil, "the id of a source whose documents are read; all of the project when none is given")
	f.StringVarP(&in.format, "format", "f", "", "markdown, csv, gherkin or xlsx (default that of OUT's name, else markdown)")
	f.StringVar(&in.out, "out", "", "write into this file")
	f.BoolVar(&in.overwrite, "overwrite", false, "replace OUT when it is there")
	f.StringVar(&in.template, "template", "", "a workbook (.xlsx) that is filled in")
	f.IntVar(&in.limit, "limit", 300, "how many cases are kept")
	f.StringVar(&in.project, "project", "", "the Tapedeck project")
	f.StringVar(&in.by, "by", "", "who exports them (default the user's name)")
	f.BoolVar(&in.improve, "improve", false, "ask the model that the server has set for clearer titles and missing cases")
	f.BoolVar(&in.notCovered, "not-covered", false, "list the requirements that nothing touches")
	return c
}

// caseFormats are formats by the ends of files' names.
var caseFormats = map[string]string{".md": "markdown", ".csv": "csv", ".feature": "gherkin", ".xlsx": "xlsx"}

// check fills in what was left out, and refuses what would be in vain, before anything is made.
func (in *caseFlags) check() error {
	if in.format == "" {
		in.format = caseFormats[strings.ToLower(filepath.Ext(in.out))]
	}
	switch {
	case in.format == "" && in.template != "":
		in.format = "xlsx"
	case in.format == "" && in.out != "" && filepath.Ext(in.out) != "":
		return fmt.Errorf("--format is needed: %s is no name that tells it", in.out)
	case in.format == "":
		in.format = "markdown"
	}
	known := false
	for _, format := range caseFormats {
		known = known || format == in.format
	}
	switch {
	case !known:
		return fmt.Errorf("format %q is not one of markdown, csv, gherkin, xlsx", in.format)
	case in.template != "" && in.format != "xlsx":
		return errors.New("a template is filled in as xlsx: leave --format out")
	case in.format == "xlsx" && in.out == "":
		return errors.New("a workbook needs a file: say --out FILE.xlsx")
	}
	if in.template != "" {
		if info, err := os.Stat(in.template); err != nil {
			return err
		} else if info.IsDir() {
			return fmt.Errorf("%s is a folder", in.template)
		}
	}
	if in.out != "" {
		if _, err := os.Stat(filepath.Dir(in.out)); err != nil {
			return err
		}
	}
	if in.out != "" && !in.overwrite {
		if _, err := os.Stat(in.out); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there: name another file, or say --overwrite", in.out)
		}
	}
	if in.by == "" {
		in.by = os.Getenv("USER")
	}
	if strings.TrimSpace(in.by) == "" {
		in.by = "tapedeck cases"
	}
	return nil
}

func (a *app) makeCases(ctx context.Context, cl *client.Client, recording string, in caseFlags) error {
	body := map[string]any{"recordingId": recording, "limit": in.limit}
	if len(in.sources) > 0 {
		body["sources"] = in.sources
	}
	if in.project != "" {
		body["project"] = in.project
	}
	if in.improve {
		body["improve"] = true
	}
	var submitted struct {
		JobID string `json:"jobId"`
	}
	if err := cl.Post(ctx, "/api/test-cases/generate", body, &submitted); err != nil {
		return err
	}
	if err := a.watch(ctx, cl, submitted.JobID); err != nil {
		return err
	}
	var s testcase.State
	if err := cl.Get(ctx, "/api/test-cases/"+submitted.JobID, nil, &s); err != nil {
		return err
	}
	var file bytes.Buffer
	query := url.Values{"format": {in.format}}
	if err := cl.Exchange(ctx, "/api/test-cases/"+submitted.JobID+"/export?"+query.Encode(), url.Values{"by": {in.by}, "reason": {"tapedeck cases"}}, in.files(), &file); err != nil {
		return err
	}
	if err := a.printCases(s, in); err != nil {
		return err
	}
	if in.out == "" {
		_, err := a.out.Write(file.Bytes())
		return err
	}
	return writeNew(in.out, file.Bytes(), in.overwrite)
}

func (in *caseFlags) files() []client.File {
	if in.template == "" {
		return nil
	}
	return []client.File{{Name: filepath.Base(in.template), Field: "template", Open: func() (io.ReadCloser, error) { return os.Open(in.template) }}}
}

// writeNew writes a file that is not there, or replaces one when that was asked for.
func writeNew(path string, content []byte, overwrite bool) error {
	flags := os.O_CREATE | os.O_WRONLY | os.O_EXCL
	if overwrite {
		flags = os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// printCases tells what was made, and what a person has to settle.
func (a *app) printCases(s testcase.State, in caseFlags) error {
	w := tabwriter.NewWriter(a.err, 0, 8, 2, ' ', 0)
	counts := map[testcase.Type]int{}
	for _, c := range s.Cases {
		counts[c.Type]++
	}
	_, _ = fmt.Fprintf(w, "%d cases (%d positive, %d negative, %d edge) in %s, proven by nothing yet\n", len(s.Cases), counts[testcase.Positive], counts[testcase.Negative], counts[testcase.Edge], s.ID)
	if in.improve {
		_, _ = fmt.Fprintf(w, "a model worded %d titles and proposed %d cases, which are tagged “model”\n", s.Improved, s.Proposed)
	}
	for _, f := range s.Findings {
		_, _ = fmt.Fprintf(w, "%s: %s\n", f.Kind, safe(f.Message))
	}
	_, _ = fmt.Fprintf(w, "%d of %d requirements are touched by nothing that was recorded\n", s.UncoveredOf, s.Requirements)
	if in.notCovered {
		for _, u := range s.Uncovered {
			_, _ = fmt.Fprintf(w, "  %s: %s\n", safe(u.Source.Title), safe(testcase.Line(u.Source.Quote)))
		}
	}
	return w.Flush()
}
