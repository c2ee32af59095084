package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"tapedeck/domain/suite"
)

// suiteReview is a review as the API answers it.
type suiteReview struct {
	suite.State
	Proofs []struct {
		suite.Proof
		Status string `json:"status"`
		Tests  int    `json:"tests"`
		Proven int    `json:"proven"`
	} `json:"proofs"`
}

// said is who says something of a suite, and why.
type said struct{ by, reason string }

func (s *said) flags(c *cobra.Command) {
	c.Flags().StringVar(&s.by, "by", "", "who says it (default the user's name)")
	c.Flags().StringVar(&s.reason, "reason", "", "why")
}

func (s *said) body(more map[string]any) map[string]any {
	body := map[string]any{"by": cmp.Or(strings.TrimSpace(s.by), os.Getenv("USER"), "tapedeck suite")}
	if s.reason != "" {
		body["reason"] = s.reason
	}
	for name, value := range more {
		body[name] = value
	}
	return body
}

func suitePath(id, what string) string { return "/api/suites/" + url.PathEscape(id) + "/" + what }

// suite looks at a generated suite and reviews it.
func (a *app) suite() *cobra.Command {
	c := &cobra.Command{
		Use:   "suite",
		Short: "Look at a generated suite, edit, accept or reject it",
		Long: `Review what a job of suite.generate has written. Every text that a suite had is kept, with who wrote it and why; an edit is proven
again, with the runs and faults of the suite's own proof.`,
		Example: `  tapedeck suite show 01j…
  tapedeck suite text 01j…
  tapedeck suite edit 01j… notes.spec.ts --reason 'it says what is meant'
  tapedeck suite diff 01j…
  tapedeck suite accept 01j…
  tapedeck suite reject 01j… --reason 'a duplicate'
  tapedeck suite prove 01j…`,
	}
	c.AddCommand(a.suiteShow(), a.suiteText(), a.suiteEdit(), a.suiteDiff(),
		a.suiteSay("accept", "Say that a suite is right", "the suite is accepted"),
		a.suiteSay("reject", "Say that a suite is not wanted; a reason is needed", "the suite is rejected"),
		a.suiteProve())
	return c
}

func (a *app) suiteShow() *cobra.Command {
	c := &cobra.Command{
		Use: "show SUITE", Short: "Its standing, its texts, its proofs and its history", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := a.client()
			if err != nil {
				return err
			}
			defer cl.Close()
			var s suiteReview
			if err := cl.Get(cmd.Context(), suitePath(args[0], "review"), nil, &s); err != nil {
				return err
			}
			if a.output == "json" {
				return a.printJSON(s, true)
			}
			return a.printSuite(s)
		},
	}
	a.outputFlag(c, "table", "json")
	return c
}

func (a *app) printSuite(s suiteReview) error {
	w := tabwriter.NewWriter(a.out, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintf(w, "%s, text %d is %s\n", safe(s.Spec), s.Current().Number, s.Standing)
	for _, p := range s.Proofs {
		_, _ = fmt.Fprintf(w, "text %d\t%s\t%d of %d proven\t%s\n", p.Text, p.Status, p.Proven, p.Tests, p.ProofID)
	}
	for _, e := range s.History {
		what := e.What
		switch {
		case e.Format == suite.FormatGit:
			what += " to " + e.Repository + " " + e.Branch
		case e.Format != "":
			what += " as " + e.Format
		}
		_, _ = fmt.Fprintf(w, "%s\ttext %d\t%s\t%s\t%s\n", e.At.Local().Format("2006-01-02 15:04:05"), e.Text, safe(what), safe(e.By), safe(e.Reason))
	}
	return w.Flush()
}

func (a *app) suiteText() *cobra.Command {
	var number int
	c := &cobra.Command{
		Use: "text SUITE", Short: "Print the text of its test", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.printPath(cmd, suitePath(args[0], "text"), map[string]int{"number": number})
		},
	}
	c.Flags().IntVar(&number, "number", 0, "an earlier text")
	return c
}

func (a *app) suiteDiff() *cobra.Command {
	var from, to int
	c := &cobra.Command{
		Use: "diff SUITE", Short: "Print what differs between what was generated and its text now", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.printPath(cmd, suitePath(args[0], "diff"), map[string]int{"from": from, "to": to})
		},
	}
	c.Flags().IntVar(&from, "from", 0, "the number of another text to begin with")
	c.Flags().IntVar(&to, "to", 0, "the number of another text to end with")
	return c
}

// printPath prints what the server answers, with those of the numbers that were given.
func (a *app) printPath(cmd *cobra.Command, path string, numbers map[string]int) error {
	cl, err := a.client()
	if err != nil {
		return err
	}
	defer cl.Close()
	q := url.Values{}
	for name, n := range numbers {
		if n != 0 {
			q.Set(name, strconv.Itoa(n))
		}
	}
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return cl.Download(cmd.Context(), path, a.out)
}

func (a *app) suiteSay(action, short, done string) *cobra.Command {
	var word said
	c := &cobra.Command{
		Use: action + " SUITE", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := a.client()
			if err != nil {
				return err
			}
			defer cl.Close()
			if err := cl.Post(cmd.Context(), suitePath(args[0], action), word.body(nil), nil); err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.err, done)
			return err
		},
	}
	word.flags(c)
	return c
}

func (a *app) suiteProve() *cobra.Command {
	var word said
	c := &cobra.Command{
		Use: "prove SUITE", Short: "Have its text proven again, and wait for that", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := a.client()
			if err != nil {
				return err
			}
			defer cl.Close()
			var s suiteReview
			if err := cl.Post(cmd.Context(), suitePath(args[0], "prove"), word.body(nil), &s); err != nil {
				return err
			}
			id := s.Proofs[len(s.Proofs)-1].ProofID
			_, _ = fmt.Fprintln(a.err, "job", id)
			return a.awaitProof(cmd.Context(), cl, id, "")
		},
	}
	word.flags(c)
	a.outputFlag(c, "table", "json")
	return c
}

func (a *app) suiteEdit() *cobra.Command {
	var word said
	var prove bool
	var version uint64
	c := &cobra.Command{
		Use: "edit SUITE FILE", Short: "Give it the text of a file, or of the standard input (-), and wait for its proof", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := a.readText(args[1])
			if err != nil {
				return err
			}
			cl, err := a.client()
			if err != nil {
				return err
			}
			defer cl.Close()
			header := http.Header{}
			if version != 0 {
				header.Set("If-Match", strconv.Quote(strconv.FormatUint(version, 10)))
			}
			var s suiteReview
			if err := cl.Put(cmd.Context(), suitePath(args[0], "text"), header, word.body(map[string]any{"text": text, "prove": prove}), &s); err != nil {
				return err
			}
			current := s.Current()
			_, _ = fmt.Fprintf(a.err, "text %d is %s\n", current.Number, s.Standing)
			if n := len(s.Proofs); prove && n > 0 && s.Proofs[n-1].Text == current.Number {
				_, _ = fmt.Fprintln(a.err, "job", s.Proofs[n-1].ProofID)
				return a.awaitProof(cmd.Context(), cl, s.Proofs[n-1].ProofID, "")
			}
			return nil
		},
	}
	word.flags(c)
	c.Flags().BoolVar(&prove, "prove", true, "have it proven")
	c.Flags().Uint64Var(&version, "version", 0, "refuse when the review is at another version than this one, which show -o json tells")
	a.outputFlag(c, "table", "json")
	return c
}

// readText reads what is to be a suite's text; one that is too large is not sent.
func (a *app) readText(path string) (string, error) {
	in := a.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, suite.MaxText+1))
	if err != nil {
		return "", err
	}
	var invalid *suite.InvalidError
	if err := suite.CheckText(string(raw)); errors.As(err, &invalid) {
		return "", fmt.Errorf("%s: the text %s", path, invalid.Faults[0].Message)
	}
	return string(raw), nil
}
