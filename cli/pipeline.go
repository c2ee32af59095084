package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"tapedeck/client"
	"tapedeck/domain/pipeline"
	"tapedeck/domain/recording"
)

// pipelineFlags are what `pipeline` is told.
type pipelineFlags struct {
	recording, name, project string
	documents, sources       []string
	secrets, labels          []string
	cases, learn, detach     bool
	runs, mutants, budget    int
}

// pipeline does everything from a flow to its proof.
func (a *app) pipeline() *cobra.Command {
	var in pipelineFlags
	c := &cobra.Command{
		Use:   "pipeline [FLOW.json | URL]",
		Short: "Record, read documents, make test cases, write tests and verify them",
		Long: `Do everything from a flow to its proof in one job with a job for each step: play the recording in FLOW.json, or let a person record
at URL in the page, or take --recording; read --document files; make test cases; write tests; verify them. The exit code is 0 when
the tests are proven, and 1 when not.

"tapedeck pipeline retry JOB" does one again from a step on, "tapedeck pipeline show JOB" tells where one is.`,
		Example: `  tapedeck pipeline flow.json --document specs/
  tapedeck pipeline https://shop.example.org --name Checkout
  tapedeck pipeline --recording 01j… --mutants 500
  tapedeck pipeline retry 01j… --from generate`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := in.body(args)
			if err != nil {
				return err
			}
			cl, err := a.client()
			if err != nil {
				return err
			}
			defer cl.Close()
			j, err := in.submit(cmd.Context(), a, cl, body)
			if err != nil {
				return err
			}
			return a.followPipeline(cmd.Context(), cl, j.JobID, in.detach)
		},
	}
	f := c.Flags()
	f.StringVar(&in.recording, "recording", "", "the id of a recording, instead of a new one")
	f.StringVar(&in.name, "name", "", "what the recording is called")
	f.StringArrayVar(&in.documents, "document", nil, "a file, or a folder of files, that says what the product should do; repeatable")
	f.StringArrayVar(&in.sources, "source", nil, "the id of a source that is known already; repeatable")
	f.StringArrayVar(&in.secrets, "secret", nil, "NAME=REFERENCE, a secret that the flow types; repeatable")
	f.StringArrayVarP(&in.labels, "label", "l", nil, "label as key=value; repeatable")
	f.BoolVar(&in.cases, "cases", true, "make test cases")
	f.BoolVar(&in.learn, "learn", true, "run the flow on its recording, and add assertions of what its steps change")
	f.IntVar(&in.runs, "runs", 5, "how often each test runs")
	f.IntVar(&in.mutants, "mutants", 200, "how many faults they are tried with")
	f.IntVar(&in.budget, "budget", 120, "how long faults may take, in seconds")
	f.StringVar(&in.project, "project", "", "the Tapedeck project")
	f.BoolVar(&in.detach, "detach", false, "print the job's id and do not wait")
	a.outputFlag(c, "table", "json")
	c.AddCommand(a.retryPipeline(), a.showPipeline())
	return c
}

// body is what is posted, without the documents.
func (in *pipelineFlags) body(args []string) (map[string]any, error) {
	body := map[string]any{"cases": in.cases, "learn": in.learn, "runs": in.runs, "mutants": in.mutants, "budgetSeconds": in.budget}
	setList(body, "sources", in.sources)
	if in.project != "" {
		body["project"] = in.project
	}
	labels, err := pairs("label", in.labels)
	if err != nil {
		return nil, err
	}
	if len(labels) > 0 {
		body["labels"] = labels
	}
	switch {
	case len(args) == 0 && in.recording == "":
		return nil, errors.New("want a flow, an address or --recording")
	case len(args) == 1 && in.recording != "":
		return nil, errors.New("--recording is instead of a flow or an address")
	case len(args) == 0:
		body["recordingId"] = in.recording
		return body, nil
	}
	record, err := in.record(args[0])
	if err == nil {
		body["record"] = record
	}
	return body, err
}

// record is the input of the job that records.
func (in *pipelineFlags) record(flow string) (recording.Script, error) {
	record := recording.Script{URL: flow, Mode: "interactive"}
	if !strings.HasPrefix(flow, "http://") && !strings.HasPrefix(flow, "https://") {
		raw, err := os.ReadFile(flow)
		if err != nil {
			return record, err
		}
		doc, err := recording.ReadDocument(raw)
		if err != nil {
			return record, fmt.Errorf("%s is no recording: %w", flow, err)
		}
		record = doc.Script()
	}
	record.Name = cmp.Or(in.name, record.Name)
	refs, err := pairs("secret", in.secrets)
	if err != nil {
		return record, err
	}
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		i := slices.IndexFunc(record.Secrets, func(s recording.SecretRef) bool { return s.Name == name })
		if i < 0 {
			record.Secrets, i = append(record.Secrets, recording.SecretRef{Name: name}), len(record.Secrets)
		}
		record.Secrets[i].Ref = refs[name]
	}
	return record, nil
}

// submit sends the documents with the rest, when there are any.
func (in *pipelineFlags) submit(ctx context.Context, a *app, cl *client.Client, body map[string]any) (j client.Job, err error) {
	if len(in.documents) == 0 {
		return j, cl.Post(ctx, "/api/pipelines", body, &j)
	}
	files, bytes, err := filesOf(in.documents)
	if err != nil {
		return j, err
	}
	raw, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		return j, err
	}
	_, _ = fmt.Fprintf(a.err, "sending %d files, %s\n", len(files), size(bytes))
	return j, cl.Upload(ctx, "/api/pipelines", url.Values{"input": {string(raw)}}, files, &j)
}

// followPipeline tells what a pipeline does until it ends, and what has come of it.
func (a *app) followPipeline(ctx context.Context, cl *client.Client, id string, detach bool) error {
	if detach {
		_, err := fmt.Fprintln(a.out, id)
		return err
	}
	_, _ = fmt.Fprintln(a.err, "job", id)
	said := *a
	said.out, said.output = a.err, "" // what is said on the way is no result
	failed := said.follow(ctx, cl, id)
	if failed != nil && !errors.As(failed, new(*FailedError)) {
		return failed
	}
	p, err := a.printPipeline(ctx, cl, id)
	switch {
	case err != nil || failed != nil:
		return errors.Join(failed, err)
	case p.Result == nil || p.Result.Outcome != pipeline.OutcomeProven:
		outcome := "unknown"
		if p.Result != nil {
			outcome = p.Result.Outcome
		}
		return &FailedError{Why: "the tests are not proven: " + outcome}
	}
	return nil
}

// printPipeline shows the steps.
func (a *app) printPipeline(ctx context.Context, cl *client.Client, id string) (p pipeline.State, err error) {
	if a.output == "json" {
		var raw jsontext.Value
		if err := cl.Get(ctx, "/api/pipelines/"+url.PathEscape(id), nil, &raw); err != nil {
			return p, err
		}
		if err := json.Unmarshal(raw, &p); err != nil {
			return p, err
		}
		return p, a.printJSON(raw, true)
	}
	if err := cl.Get(ctx, "/api/pipelines/"+url.PathEscape(id), nil, &p); err != nil {
		return p, err
	}
	w := tabwriter.NewWriter(a.out, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "STEP\tSTATUS\tTIME\tJOB")
	for _, s := range p.Steps {
		took := "–"
		if s.TakenFrom != "" {
			took = "taken"
		} else if !s.FinishedAt.IsZero() && !s.StartedAt.IsZero() {
			took = s.FinishedAt.Sub(s.StartedAt).Round(100 * time.Millisecond).String()
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.Step, strings.ReplaceAll(s.Status, "_", " "), took, s.JobID)
	}
	if p.Result != nil && p.Result.Outcome != "" {
		_, _ = fmt.Fprintln(w, "tests\t"+p.Result.Outcome+"\t\t")
	}
	if p.Error != nil {
		_, _ = fmt.Fprintln(a.err, safe(p.Error.Message))
	}
	return p, w.Flush()
}

func (a *app) retryPipeline() *cobra.Command {
	var from string
	var detach bool
	c := &cobra.Command{
		Use: "retry JOB", Short: "Do a pipeline again from a step on, with what it has done before", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := a.client()
			if err != nil {
				return err
			}
			defer cl.Close()
			body := map[string]any{}
			if from != "" {
				body["from"] = from
			}
			var j client.Job
			if err := cl.Post(cmd.Context(), "/api/pipelines/"+url.PathEscape(args[0])+"/retry", body, &j); err != nil {
				return err
			}
			return a.followPipeline(cmd.Context(), cl, j.JobID, detach)
		},
	}
	c.Flags().StringVar(&from, "from", "", "record, ingest, cases, generate or verify; the first step that has not succeeded when absent")
	c.Flags().BoolVar(&detach, "detach", false, "print the job's id and do not wait")
	a.outputFlag(c, "table", "json")
	return c
}

func (a *app) showPipeline() *cobra.Command {
	c := &cobra.Command{
		Use: "show JOB", Short: "Tell where a pipeline is", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := a.client()
			if err != nil {
				return err
			}
			defer cl.Close()
			_, err = a.printPipeline(cmd.Context(), cl, args[0])
			return err
		},
	}
	a.outputFlag(c, "table", "json")
	return c
}
