package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"tapedeck/client"
)

func (a *app) submit() *cobra.Command {
	var s client.Submission
	var input, key, at string
	var set, labels, after []string
	var attempts int
	var follow, wait bool
	c := &cobra.Command{
		Use:   "submit KIND",
		Short: "Submit a job",
		Long:  "Submit a job and print it. With --follow its log is printed as it runs and the exit code is 1 unless it succeeds.",
		Example: `  tapedeck submit system.ping
  tapedeck submit system.exercise --set lines=100 --set rate=20 --follow
  tapedeck submit system.exercise --input @job.json --label team=qa --attempts 5`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := a.client()
			if err != nil {
				return err
			}
			s.Kind = args[0]
			if s.Input, err = a.input(input, set); err != nil {
				return err
			}
			if s.Labels, err = pairs("label", labels); err != nil {
				return err
			}
			for _, d := range after {
				id, onFailure, _ := strings.Cut(d, ":")
				s.After = append(s.After, client.After{JobID: id, OnFailure: onFailure})
			}
			if attempts < 0 {
				return fmt.Errorf("--attempts %d: want at least 1", attempts)
			}
			if attempts > 0 {
				s.Retry = &client.Retry{MaxAttempts: attempts}
			}
			if at != "" {
				if s.RunAt, err = time.Parse(time.RFC3339, at); err != nil {
					return fmt.Errorf("--at: %w", err)
				}
			}
			j, err := cl.Submit(cmd.Context(), s, key)
			if err != nil {
				return err
			}
			switch {
			case follow:
				fmt.Fprintln(a.err, "job", j.JobID)
				return a.follow(cmd.Context(), cl, j.JobID)
			case wait:
				if j, err = await(cmd.Context(), cl, j.JobID); err != nil {
					return err
				}
			}
			if err := a.printJob(j); err != nil {
				return err
			}
			return outcome(j, wait)
		},
	}
	f := c.Flags()
	f.StringVarP(&input, "input", "i", "", "input as JSON, @FILE, or - for stdin")
	f.StringArrayVar(&set, "set", nil, "one member of the input, key=value (value as JSON if it is JSON); repeatable")
	f.StringVar(&s.Queue, "queue", "", "queue (the kind's own when empty)")
	f.StringVar(&s.Priority, "priority", "", "high, normal or low")
	f.StringArrayVarP(&labels, "label", "l", nil, "label key=value; repeatable")
	f.StringVar(&s.Project, "project", "", "project")
	f.StringVar(&s.Delay, "delay", "", "start so much later, for example 10m")
	f.StringVar(&at, "at", "", "start at a time (RFC 3339)")
	f.StringVar(&s.Timeout, "timeout", "", "bound of one attempt, for example 5m")
	f.IntVar(&attempts, "attempts", 0, "attempts at most (the kind's own when 0)")
	f.StringArrayVar(&after, "after", nil, "start after job ID[:fail|cancel|run]; repeatable")
	f.StringVar(&s.ParentID, "parent", "", "parent job")
	f.StringVar(&key, "key", "", "idempotency key: the same key submits once")
	f.BoolVarP(&follow, "follow", "f", false, "print the log until the job ends")
	f.BoolVar(&wait, "wait", false, "wait until the job ends, then print it")
	c.MarkFlagsMutuallyExclusive("follow", "wait")
	a.outputFlag(c, "table", "json", "ndjson")
	return c
}

// input builds the job's input from --input and --set.
func (a *app) input(input string, set []string) (jsontext.Value, error) {
	raw := []byte(input)
	var err error
	switch {
	case input == "-":
		raw, err = io.ReadAll(a.in)
	case strings.HasPrefix(input, "@"):
		raw, err = os.ReadFile(input[1:])
	}
	if err != nil {
		return nil, fmt.Errorf("--input: %w", err)
	}
	if len(set) == 0 {
		if len(raw) == 0 {
			return nil, nil
		}
		v := jsontext.Value(raw)
		if !v.IsValid() {
			return nil, errors.New("--input: not valid JSON")
		}
		return v, nil
	}
	members := map[string]any{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &members); err != nil {
			return nil, fmt.Errorf("--input: %w", err)
		}
	}
	for _, kv := range set {
		k, v, ok := strings.Cut(kv, "=")
		if !ok || k == "" {
			return nil, fmt.Errorf("--set %q: want key=value", kv)
		}
		if value := jsontext.Value(v); value.IsValid() {
			members[k] = value
		} else {
			members[k] = v
		}
	}
	return json.Marshal(members, json.Deterministic(true))
}

func pairs(flag string, in []string) (map[string]string, error) {
	if len(in) == 0 {
		return nil, nil
	}
	out := map[string]string{}
	for _, kv := range in {
		k, v, ok := strings.Cut(kv, "=")
		if !ok || k == "" {
			return nil, fmt.Errorf("--%s %q: want key=value", flag, kv)
		}
		out[k] = v
	}
	return out, nil
}

// await follows a job's events until it has ended.
func await(ctx context.Context, cl *client.Client, id string) (client.Job, error) {
	var j client.Job
	look := func() (err error) {
		if j, err = cl.Job(ctx, id, nil); err == nil && j.Final() {
			return client.ErrStop
		}
		return err
	}
	err := client.Tap{JobID: id, Follow: true}.Run(ctx, cl, func(l client.TapLine) error {
		if l.Op == "" && !strings.Contains(l.Stream, "/out/") || l.Op == "caught_up" {
			return look()
		}
		return nil
	})
	return j, err
}

// outcome turns a job that ended badly into the exit code.
func outcome(j client.Job, followed bool) error {
	if !followed || j.Status == "succeeded" {
		return nil
	}
	why := "job " + j.JobID + " " + j.Status
	if j.Error != nil {
		why += ": " + j.Error.Message
	}
	return &FailedError{why}
}
