package cli

import (
	"cmp"
	"fmt"
	"os"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"
)

// pushSuite proposes generated tests to a git repository.
func (a *app) pushSuite() *cobra.Command {
	var in struct {
		Suite    string `json:"suiteId"`
		URL      string `json:"url"`
		Branch   string `json:"branch"`
		Folder   string `json:"folder"`
		User     string `json:"user"`
		TokenRef string `json:"tokenRef"`
		Unproven bool   `json:"unproven"`
		By       string `json:"by"`
		Reason   string `json:"reason"`
	}
	var owner string
	c := &cobra.Command{
		Use:   "push SUITE REPOSITORY",
		Short: "Propose generated tests to a git repository",
		Long: `Push the tests that a job of suite.generate has written, as they were edited since, on a branch of their own. People's edits of
what was pushed before stay: where both changed the same lines, theirs. The server's GIT_HOSTS says which repositories may be reached.`,
		Example: `  tapedeck push 01j… https://github.com/example/shop --token GITHUB_TOKEN
  tapedeck push 01j… https://github.com/example/shop --folder e2e --branch develop --token GITHUB_TOKEN`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Suite, in.URL, in.By = args[0], args[1], cmp.Or(in.By, os.Getenv("USER"))
			j, err := a.finish(cmd.Context(), "suite.push", owner, in)
			if err != nil {
				return err
			}
			var result struct {
				Branch    string `json:"branch"`
				Commit    string `json:"commit"`
				URL       string `json:"url"`
				Unchanged bool   `json:"unchanged"`
			}
			if err := json.Unmarshal(j.Result, &result); err != nil {
				return fmt.Errorf("the result of job %s: %w", j.JobID, err)
			}
			if result.Unchanged {
				_, _ = fmt.Fprintln(a.err, "nothing is new")
			}
			_, err = fmt.Fprintln(a.out, result.Branch, result.Commit, result.URL)
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&in.Branch, "branch", "", "what the tests are proposed to; the repository's own when absent")
	f.StringVar(&in.Folder, "folder", "", "where in the repository they belong")
	f.StringVar(&in.User, "user", "", "the token's user")
	f.StringVar(&in.TokenRef, "token", "", "the reference of the secret with the token that may push")
	f.BoolVar(&in.Unproven, "unproven", false, "push tests too that are not proven")
	f.StringVar(&in.By, "by", "", "who pushes, for the suite's history (default the user's name)")
	f.StringVar(&in.Reason, "reason", "", "why, for the suite's history")
	f.StringVar(&owner, "project", "", "the Tapedeck project")
	return c
}
