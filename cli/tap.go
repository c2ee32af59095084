package cli

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tapedeck/client"
)

func (a *app) tap() *cobra.Command {
	var kind, types, status, label, job, parent []string
	var project, text, sinceArg, from string
	var untilFinal, noFollow bool
	var limit int
	c := &cobra.Command{
		Use:   "tap",
		Short: "Watch the event stream",
		Long: `Print events as they are written, filtered by the server. A broken connection or a restarted server is taken up
again behind the last event, so that each event comes once; when that cannot be, the exit code is 4.`,
		Example: `  tapedeck tap
  tapedeck tap --kind 'recorder*' --type job.failed --since 10m -o ndjson | jq
  tapedeck tap --job 0193… --from beginning --until-final`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := a.client()
			if err != nil {
				return err
			}
			q := url.Values{"kind": kind, "type": types, "status": status, "job": job, "parent": parent}
			for _, l := range label {
				q.Add("label", strings.Replace(l, "=", ":", 1))
			}
			setIf(q, "project", project)
			setIf(q, "text", text)
			if sinceArg != "" {
				if from, err = since(sinceArg, time.Now()); err != nil {
					return err
				}
			}
			if limit > 0 && noFollow {
				q.Set("limit", strconv.Itoa(limit))
			}
			t := client.Tap{Query: q, From: from, Follow: !noFollow, OnReconnect: a.sayReconnect}
			if noFollow && from == "" {
				t.From = "beginning"
			}
			return t.Run(cmd.Context(), cl, a.tapPrinter(untilFinal, limit))
		},
	}
	f := c.Flags()
	f.StringArrayVarP(&kind, "kind", "k", nil, "only jobs of these kinds (glob); repeatable")
	f.StringArrayVarP(&types, "type", "t", nil, "only events of these types (glob); repeatable")
	f.StringArrayVarP(&status, "status", "s", nil, "only events that bring a job to these statuses; repeatable")
	f.StringArrayVarP(&label, "label", "l", nil, "only jobs with label key=value; repeatable")
	f.StringArrayVar(&job, "job", nil, "only these jobs; repeatable")
	f.StringArrayVar(&parent, "parent", nil, "only children of these jobs; repeatable")
	f.StringVar(&project, "project", "", "only this project")
	f.StringVarP(&text, "text", "q", "", "only events whose JSON contains this")
	f.StringVar(&sinceArg, "since", "", "start in the past: a duration (10m) or a time")
	f.StringVar(&from, "from", "", "start behind a cursor, at a time, at beginning or now (the default)")
	f.IntVarP(&limit, "limit", "n", 0, "end after so many events")
	f.BoolVar(&untilFinal, "until-final", false, "end at the first event that ends a job; exit code 1 unless it succeeded")
	f.BoolVar(&noFollow, "no-follow", false, "end at the end of the log instead of waiting for more")
	c.MarkFlagsMutuallyExclusive("since", "from")
	a.outputFlag(c, "table", "ndjson")
	return c
}

func (a *app) sayReconnect(err error) {
	if err != nil {
		fmt.Fprintln(a.err, "not live:", err, "- trying again")
	}
}

// finals are the event types that end a job; job.failed does when it says so.
var finals = map[string]string{
	"job.succeeded": "succeeded", "job.cancelled": "cancelled", "job.dead_lettered": "dead",
}

func finalStatus(l client.TapLine) string {
	if l.Type == "job.failed" && bytes.Contains(l.Data, []byte(`"final":true`)) {
		return "failed"
	}
	return finals[l.Type]
}

func (a *app) tapPrinter(untilFinal bool, limit int) func(client.TapLine) error {
	n := 0
	return func(l client.TapLine) error {
		if l.Op != "" {
			return nil
		}
		n++
		if err := a.printEvent(l); err != nil {
			return err
		}
		if status := finalStatus(l); untilFinal && status != "" {
			if status != "succeeded" {
				return &FailedError{"job " + l.Subject + " " + status}
			}
			return client.ErrStop
		}
		if limit > 0 && n >= limit {
			return client.ErrStop
		}
		return nil
	}
}

func (a *app) printEvent(l client.TapLine) error {
	if a.output != "table" {
		_, err := a.out.Write(l.Raw)
		return err
	}
	_, err := fmt.Fprintf(a.out, "%s  %s  %-22s %-18s %s\n",
		l.Time.Local().Format("15:04:05.000"), l.Subject, l.Type, l.Kind, safe(clip(string(l.Data), 160)))
	return err
}

func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

func (a *app) log() *cobra.Command {
	var follow bool
	var tail, attempt int
	c := &cobra.Command{
		Use:   "log ID",
		Short: "Print a job's log",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := a.client()
			if err != nil {
				return err
			}
			if follow && attempt == 0 && tail < 0 && a.output == "table" {
				return a.follow(cmd.Context(), cl, args[0])
			}
			q := url.Values{}
			if attempt > 0 {
				q.Set("attempt", strconv.Itoa(attempt))
			}
			if tail >= 0 {
				q.Set("tail", strconv.Itoa(tail))
			}
			if !follow {
				return cl.Log(cmd.Context(), args[0], q, a.printLine)
			}
			q.Set("follow", "true")
			j, err := cl.FollowLog(cmd.Context(), args[0], q, a.sayReconnect, a.printLine)
			if err != nil {
				return err
			}
			return outcome(j, true)
		},
	}
	f := c.Flags()
	f.BoolVarP(&follow, "follow", "f", false, "go on until the job ends; exit code 1 unless it succeeds")
	f.IntVar(&tail, "tail", -1, "only so many of the newest lines first")
	f.IntVar(&attempt, "attempt", 0, "of this attempt (the newest when 0)")
	a.outputFlag(c, "table", "ndjson")
	return c
}

func (a *app) printLine(l client.LogLine) error {
	if l.Op != "" {
		return nil
	}
	if a.output == "ndjson" {
		_, err := a.out.Write(l.Raw)
		return err
	}
	_, err := fmt.Fprintf(a.out, "%s  %-5s %s\n", l.Time.Local().Format("15:04:05.000"), l.Level, safe(l.Text))
	return err
}

// follow prints a job's log lines from its event stream, over all attempts and server restarts, until
// it has ended.
func (a *app) follow(ctx context.Context, cl *client.Client, id string) error {
	var end string
	live := false // finals before were followed by a retry, or are the job's end: known when caught up
	err := client.Tap{JobID: id, Follow: true, From: "beginning", OnReconnect: a.sayReconnect}.Run(ctx, cl, func(l client.TapLine) error {
		if l.Op != "" {
			live = live || l.Op == "caught_up"
			if live && end != "" {
				return client.ErrStop
			}
			return nil
		}
		if err := a.printProgress(l); err != nil {
			return err
		}
		switch s := finalStatus(l); {
		case s != "":
			end = s
			if live {
				return client.ErrStop
			}
		case !strings.Contains(l.Stream, "/out/"):
			end = ""
		}
		return nil
	})
	if err == nil && end != "" && end != "succeeded" {
		return &FailedError{"job " + id + " " + end}
	}
	return err
}
