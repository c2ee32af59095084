package cli

import (
	"fmt"
	"text/tabwriter"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"tapedeck/client"
)

// explore tries test cases on an environment.
func (a *app) explore() *cobra.Command {
	var in struct {
		Cases       string   `json:"casesId"`
		Environment string   `json:"environment"`
		Only        []string `json:"caseIds"`
		Rows        bool     `json:"rows"`
		Limit       int      `json:"limit"`
		Runs        int      `json:"runs"`
		Mutants     int      `json:"mutants"`
	}
	var owner string
	c := &cobra.Command{
		Use:   "explore CASES",
		Short: "Try test cases on an environment, and prove what went as expected",
		Long: `Try those test cases whose answers their recording does not hold on an environment that is marked writable. Each is recorded; one
that went as expected becomes a test, which is proven on that recording. What the application does otherwise is told, and becomes
no expectation: the exit code is 1 then.`,
		Example: `  tapedeck explore 01j… --environment staging
  tapedeck explore 01j… --environment staging --case tc-… --runs 20`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Cases = args[0]
			j, err := a.finish(cmd.Context(), "suite.explore", owner, in)
			if err != nil {
				return err
			}
			return a.explored(j)
		},
	}
	f := c.Flags()
	f.StringVarP(&in.Environment, "environment", "e", "", "where they are tried; it has to be marked writable")
	f.StringArrayVar(&in.Only, "case", nil, "the id of a case; with none, all that need to be tried")
	f.BoolVar(&in.Rows, "rows", false, "try the rows of the recording's variables too")
	f.IntVar(&in.Limit, "limit", 20, "how many are tried")
	f.IntVar(&in.Runs, "runs", 5, "how often each test runs")
	f.IntVar(&in.Mutants, "mutants", 24, "how many faults each test is tried with")
	f.StringVar(&owner, "project", "", "the Tapedeck project")
	_ = c.MarkFlagRequired("environment") // the flag is there
	return c
}

// explored prints what became of each.
func (a *app) explored(j client.Job) error {
	var r struct {
		Tried []struct {
			CaseID  string `json:"caseId"`
			Title   string `json:"title"`
			Outcome string `json:"outcome"`
			Why     string `json:"why"`
		} `json:"tried"`
		Counts map[string]int `json:"counts"`
		Notes  []string       `json:"notes"`
	}
	if err := json.Unmarshal(j.Result, &r); err != nil {
		return err
	}
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, t := range r.Tried {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", t.Outcome, t.CaseID, t.Title, t.Why)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, n := range r.Notes {
		_, _ = fmt.Fprintln(a.err, n)
	}
	if n := r.Counts["contradicts"]; n > 0 {
		return &FailedError{fmt.Sprintf("the application contradicts %d of %d test cases", n, len(r.Tried))}
	}
	return nil
}
