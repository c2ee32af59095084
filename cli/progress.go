package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"tapedeck/client"
	"tapedeck/domain/job"
)

// watch follows a job until it ends, beside what is printed as the command's result.
func (a *app) watch(ctx context.Context, cl *client.Client, id string) error {
	said := *a
	said.out = a.err
	return said.follow(ctx, cl, id)
}

// printProgress shows one event of a followed job: log lines as lines, everything else as a remark on
// stderr.
func (a *app) printProgress(l client.TapLine) error {
	if a.output == "ndjson" {
		_, err := a.out.Write(l.Raw)
		return err
	}
	if strings.HasPrefix(l.Type, "proof.") || strings.HasPrefix(l.Type, "testcase") || strings.HasPrefix(l.Type, "suite.") {
		return nil // the log says it in words
	}
	if l.Type != "job.logged" {
		if !strings.Contains(l.Stream, "/out/") {
			fmt.Fprintf(a.err, "-- %s %s\n", l.Time.Local().Format("15:04:05.000"), remark(l))
		}
		return nil
	}
	var batch job.Logged
	if err := json.Unmarshal(l.Data, &batch); err != nil {
		return fmt.Errorf("event %d of %s: %w", l.Seq, l.Stream, err)
	}
	for _, line := range batch.Lines {
		if err := a.printLine(client.LogLine{Time: line.Time, Level: line.Level, Text: line.Text}); err != nil {
			return err
		}
	}
	return nil
}

func remark(l client.TapLine) string {
	fact, err := job.Decode(l.Type, 1, l.Data)
	if err != nil {
		return l.Type
	}
	switch e := fact.(type) {
	case job.Started:
		return fmt.Sprintf("attempt %d started by %s", e.Attempt, safe(e.Worker))
	case job.Failed:
		return fmt.Sprintf("attempt %d failed: %s", l.Attempt, safe(e.Error.Message))
	case job.RetryScheduled:
		return fmt.Sprintf("attempt %d follows at %s", e.Attempt, e.RunAt.Local().Format("15:04:05"))
	case job.DeadLettered:
		return "dead: " + safe(e.Reason)
	default:
		return strings.ReplaceAll(strings.TrimPrefix(l.Type, "job."), "_", " ")
	}
}

// finish submits a job, follows it and answers it as it is in the end. One that does not succeed is an error.
func (a *app) finish(ctx context.Context, kind, project string, in any) (client.Job, error) {
	cl, err := a.client()
	if err != nil {
		return client.Job{}, err
	}
	defer cl.Close()
	input, err := json.Marshal(in)
	if err != nil {
		return client.Job{}, err
	}
	j, err := cl.Submit(ctx, client.Submission{Kind: kind, Project: project, Input: input}, "")
	if err != nil {
		return j, err
	}
	_, _ = fmt.Fprintln(a.err, "job", j.JobID)
	if err := a.watch(ctx, cl, j.JobID); err != nil {
		return j, err
	}
	return cl.Job(ctx, j.JobID, nil)
}
