package cli

import (
	"context"
	"fmt"
	"net/url"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"tapedeck/client"
	"tapedeck/domain/testcase"
)

// regenerate makes the stale cases of a set anew, or those that are named.
func (a *app) regenerate() *cobra.Command {
	var only []string
	c := &cobra.Command{
		Use:   "regenerate JOB",
		Short: "Make test cases anew whose documents have changed",
		Long: `Make the cases of a set anew that cite what is in no current document any more, or those that are named. A new set has them, and
all others as they are, with what people said of them. Of a case that a person edited her text stays, with the new one beside it. The
new set's id is written to the standard output, what was left out to the standard error.`,
		Example: `  tapedeck cases regenerate 01j…
  tapedeck cases regenerate 01j… --case tc-3ed08c --case tc-99f13b`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := a.client()
			if err != nil {
				return err
			}
			defer cl.Close()
			return a.makeAnew(cmd.Context(), cl, args[0], only)
		},
	}
	c.Flags().StringArrayVar(&only, "case", nil, "the id of a case that is made anew; all that are stale when none is given")
	return c
}

func (a *app) makeAnew(ctx context.Context, cl *client.Client, set string, only []string) error {
	body := map[string]any{}
	if len(only) > 0 {
		body["cases"] = only
	}
	var submitted struct {
		JobID string `json:"jobId"`
	}
	if err := cl.Post(ctx, "/api/test-cases/"+url.PathEscape(set)+"/regenerate", body, &submitted); err != nil {
		return err
	}
	if err := a.watch(ctx, cl, submitted.JobID); err != nil {
		return err
	}
	var s testcase.State
	if err := cl.Get(ctx, "/api/test-cases/"+submitted.JobID, nil, &s); err != nil {
		return err
	}
	counts := map[testcase.Standing]int{}
	for _, r := range s.Cases {
		counts[r.Standing]++
	}
	w := tabwriter.NewWriter(a.err, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "%d cases: %d to review, %d edited, %d accepted, %d rejected\n", len(s.Cases),
		counts[testcase.IsProposed], counts[testcase.IsEdited], counts[testcase.IsAccepted], counts[testcase.IsRejected])
	for _, n := range s.Notes {
		_, _ = fmt.Fprintf(w, "note: %s\n", safe(n))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(a.out, s.ID)
	return err
}
