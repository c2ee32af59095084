// Package cli is the command line of people who submit, watch and debug jobs: it talks to a server
// over HTTP. Data goes to stdout and everything else to stderr; the exit codes are those of Code.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tapedeck/client"
)

// Exit codes.
const (
	CodeOK          = 0
	CodeFailed      = 1 // a followed job did not succeed, or a check found a fault
	CodeUsage       = 2 // the command line, or the request, is wrong
	CodeUnreachable = 3 // no server answers
	CodeGone        = 4 // a cursor cannot be continued without a gap
)

// FailedError ends the program with CodeFailed.
type FailedError struct{ Why string }

// Error implements error.
func (e *FailedError) Error() string { return e.Why }

// Code is the exit code for an error.
func Code(err error) int {
	var failed *FailedError
	var gone *client.GoneError
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return CodeOK
	case errors.As(err, &failed):
		return CodeFailed
	case errors.As(err, &gone):
		return CodeGone
	case errors.Is(err, client.ErrUnreachable):
		return CodeUnreachable
	}
	return CodeUsage
}

// app is what every command shares.
type app struct {
	server string
	output string
	out    io.Writer
	err    io.Writer
	in     io.Reader
}

func (a *app) client() (*client.Client, error) {
	token, err := token(os.Getenv)
	if err != nil {
		return nil, err
	}
	return client.NewWithToken(a.server, token)
}

// token is what the server asks for: TAPEDECK_TOKEN, or what is in the file that TAPEDECK_TOKEN_FILE names. It is no
// flag, which everybody on the machine could read.
func token(getenv func(string) string) (string, error) {
	value, path := getenv("TAPEDECK_TOKEN"), getenv("TAPEDECK_TOKEN_FILE")
	if value != "" || path == "" {
		return value, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("TAPEDECK_TOKEN_FILE: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// Connect is for commands that are wired elsewhere: it adds the flag that names the server and answers how to reach it.
func Connect(c *cobra.Command) func() (*client.Client, error) {
	a := &app{}
	c.Flags().StringVar(&a.server, "server", serverOr(DefaultServer), "the server's address [TAPEDECK_URL]")
	return a.client
}

func serverOr(standard string) string {
	if server := os.Getenv("TAPEDECK_URL"); server != "" {
		return server
	}
	return standard
}

// DefaultServer is the address that the commands talk to unless told otherwise.
const DefaultServer = "http://127.0.0.1:8000"

// AddCommands adds the commands to the program.
func AddCommands(root *cobra.Command) {
	a := &app{out: root.OutOrStdout(), err: root.ErrOrStderr(), in: root.InOrStdin()}
	server := serverOr(DefaultServer)
	for _, c := range []*cobra.Command{
		a.submit(), a.jobs(), a.ingest(), a.search(), a.knowledge(), a.environments(), a.log(), a.tap(), a.replay(), a.export(), a.verify(),
		a.generateSuite(), a.suite(), a.pushSuite(), a.verifySuite(), a.cases(), a.explore(), a.pipeline(), a.ping(),
	} {
		c.Flags().SortFlags = false
		c.PersistentFlags().StringVar(&a.server, "server", server, "the server's address [TAPEDECK_URL]")
		c.GroupID = "client"
		root.AddCommand(c)
	}
	root.AddGroup(&cobra.Group{ID: "client", Title: "Work with jobs and what they gather (talks to a server):"})
}

// outputFlag adds -o, whose first form is the usual one.
func (a *app) outputFlag(c *cobra.Command, forms ...string) {
	allowed := strings.Join(forms, ", ")
	form := c.Flags().StringP("output", "o", forms[0], "output: "+allowed)
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(forms, cobra.ShellCompDirectiveNoFileComp))
	c.PreRunE = func(*cobra.Command, []string) error {
		if a.output = *form; !slices.Contains(forms, a.output) {
			return fmt.Errorf("output %q is not one of %s", a.output, allowed)
		}
		return nil
	}
}
