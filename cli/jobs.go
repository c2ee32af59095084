package cli

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"tapedeck/client"
)

func (a *app) jobs() *cobra.Command {
	var f struct {
		status, kind, label, queue   []string
		project, text, since, parent string
		sort                         string
		limit                        int
	}
	c := &cobra.Command{
		Use:   "jobs [ID]",
		Short: "List jobs, or show one",
		Example: `  tapedeck jobs --status failed --status dead --since 1h
  tapedeck jobs --kind 'recorder*' --label team=qa -o ndjson | jq .jobId
  tapedeck jobs 0193…  -o json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := a.client()
			if err != nil {
				return err
			}
			if len(args) == 1 {
				j, err := cl.Job(cmd.Context(), args[0], nil)
				if err != nil {
					return err
				}
				return a.printJob(j)
			}
			q := url.Values{"status": f.status, "kind": f.kind, "queue": f.queue}
			for _, l := range f.label {
				q.Add("label", strings.Replace(l, "=", ":", 1))
			}
			setIf(q, "project", f.project)
			setIf(q, "q", f.text)
			setIf(q, "parent", f.parent)
			setIf(q, "sort", f.sort)
			if f.since != "" {
				t, err := since(f.since, time.Now())
				if err != nil {
					return err
				}
				q.Set("createdAfter", t)
			}
			return a.list(cmd, cl, q, f.limit)
		},
	}
	fl := c.Flags()
	fl.StringArrayVarP(&f.status, "status", "s", nil, "only these statuses; repeatable")
	fl.StringArrayVarP(&f.kind, "kind", "k", nil, "only these kinds (glob); repeatable")
	fl.StringArrayVarP(&f.label, "label", "l", nil, "only with label key=value; repeatable")
	fl.StringArrayVar(&f.queue, "queue", nil, "only these queues; repeatable")
	fl.StringVar(&f.project, "project", "", "only this project")
	fl.StringVarP(&f.text, "text", "q", "", "full text over input, error, labels and kind")
	fl.StringVar(&f.since, "since", "", "submitted since: a duration (10m) or a time")
	fl.StringVar(&f.parent, "parent", "", "only children of this job")
	fl.StringVar(&f.sort, "sort", "-createdAt", "sort key, with - the other way round")
	fl.IntVarP(&f.limit, "limit", "n", 50, "how many at most, 0 for all")
	a.outputFlag(c, "table", "json", "ndjson")
	for _, action := range []string{"cancel", "stop", "retry"} {
		c.AddCommand(a.action(action))
	}
	c.AddCommand(a.annotate(), a.fork())
	return c
}

// fork submits a job like another one.
func (a *app) fork() *cobra.Command {
	var version uint64
	var input string
	c := &cobra.Command{
		Use: "fork ID", Short: "Submit a job like another one, with changed input", Args: cobra.ExactArgs(1),
		Long: `Submit a job like another one: --input changes its input as a JSON Merge Patch (RFC 7396), null takes a member away. The new
job's tape says which job it was made from, and with --version, at which event.`,
		Example: `  tapedeck jobs fork 01j… --input '{"runs": 20}'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := a.client()
			if err != nil {
				return err
			}
			body := map[string]any{}
			if version > 0 {
				body["version"] = version
			}
			if input != "" {
				body["input"] = jsontext.Value(input)
			}
			j, err := cl.Command(cmd.Context(), args[0], "fork", body)
			if err != nil {
				return fmt.Errorf("fork %s: %w", args[0], err)
			}
			_, err = fmt.Fprintln(a.out, j.JobID, j.Status)
			return err
		},
	}
	c.Flags().StringVar(&input, "input", "", "what changes, as JSON")
	c.Flags().Uint64Var(&version, "version", 0, "the event at which the job was looked at")
	return c
}

func (a *app) action(name string) *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use: name + " ID...", Short: strings.ToUpper(name[:1]) + name[1:] + " jobs", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, ids []string) error {
			cl, err := a.client()
			if err != nil {
				return err
			}
			for _, id := range ids {
				j, err := cl.Command(cmd.Context(), id, name, map[string]string{"reason": reason})
				if err != nil {
					return fmt.Errorf("%s %s: %w", name, id, err)
				}
				fmt.Fprintln(a.out, j.JobID, j.Status)
			}
			return nil
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why, for the tape")
	return c
}

func (a *app) annotate() *cobra.Command {
	return &cobra.Command{
		Use: "annotate ID TEXT", Short: "Add a note to a job's tape", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := a.client()
			if err != nil {
				return err
			}
			_, err = cl.Command(cmd.Context(), args[0], "annotate", map[string]string{"text": args[1]})
			return err
		},
	}
}

func setIf(q url.Values, name, value string) {
	if value != "" {
		q.Set(name, value)
	}
}

// since reads a duration before now, or an RFC 3339 time, and answers the time.
func since(s string, now time.Time) (string, error) {
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d).UTC().Format(time.RFC3339Nano), nil
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 {
			return now.AddDate(0, 0, -n).UTC().Format(time.RFC3339Nano), nil
		}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return "", fmt.Errorf("--since %q: want a duration like 10m or 2d, or a time like 2026-01-31T08:00:00Z", s)
	}
	return t.UTC().Format(time.RFC3339Nano), nil
}

const pageMax = 500

func (a *app) list(cmd *cobra.Command, cl *client.Client, q url.Values, limit int) error {
	table := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	if a.output == "table" {
		fmt.Fprintln(table, "ID\tKIND\tSTATUS\tATTEMPT\tCREATED\tPROGRESS\tERROR")
	}
	all := []client.Job{}
	for shown := 0; ; {
		page := pageMax
		if limit > 0 {
			page = min(pageMax, limit-shown)
		}
		q.Set("limit", strconv.Itoa(page))
		p, err := cl.Jobs(cmd.Context(), q)
		if err != nil {
			return err
		}
		for _, j := range p.Items {
			switch a.output {
			case "table":
				fmt.Fprintf(table, "%s\t%s\t%s\t%d/%d\t%s\t%s\t%s\n", j.JobID, j.Kind, j.Status, j.Attempt, j.MaxAttempts,
					j.CreatedAt.Local().Format("2006-01-02 15:04:05"), percent(j), firstLine(j))
			case "ndjson":
				if err := a.printJSON(j, false); err != nil {
					return err
				}
			default:
				all = append(all, j)
			}
		}
		shown += len(p.Items)
		if p.NextPage == "" || (limit > 0 && shown >= limit) || len(p.Items) == 0 {
			break
		}
		q.Set("page", p.NextPage)
	}
	if a.output == "json" {
		return a.printJSON(all, true)
	}
	return table.Flush()
}

func percent(j client.Job) string {
	if j.Progress == nil || j.Progress.Percent < 0 {
		return ""
	}
	return strconv.FormatFloat(j.Progress.Percent, 'f', 0, 64) + "%"
}

func firstLine(j client.Job) string {
	if j.Error == nil {
		return ""
	}
	line, _, _ := strings.Cut(j.Error.Message, "\n")
	return safe(line)
}

// safe keeps control characters of a job's text out of the terminal.
func safe(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '�'
		}
		return r
	}, s)
}

func (a *app) printJob(j client.Job) error {
	if a.output != "table" {
		return a.printJSON(j, a.output == "json")
	}
	w := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, safe(value))
		}
	}
	row("job", j.JobID)
	row("kind", j.Kind)
	row("status", j.Status)
	row("attempt", fmt.Sprintf("%d of %d", j.Attempt, j.MaxAttempts))
	row("queue", j.Queue+" / "+j.Priority)
	row("project", j.Project)
	for k, v := range j.Labels {
		row("label", k+"="+v)
	}
	row("created", j.CreatedAt.Local().Format(time.RFC3339))
	if !j.FinishedAt.IsZero() {
		row("finished", j.FinishedAt.Local().Format(time.RFC3339))
	}
	row("progress", percent(j))
	row("input", string(j.Input))
	row("result", string(j.Result))
	if j.Error != nil {
		row("error", j.Error.Code+": "+j.Error.Message)
	}
	return w.Flush()
}

func (a *app) printJSON(v any, indent bool) error {
	opts := []json.Options{json.Deterministic(true)}
	if indent {
		opts = append(opts, jsontext.WithIndent("  "))
	}
	b, err := json.Marshal(v, opts...)
	if err != nil {
		return err
	}
	_, err = a.out.Write(append(b, '\n'))
	return err
}
