// Command tapedeck is the whole product in one binary: server, worker and command line.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // Jira accounts name their zones

	"github.com/spf13/cobra"

	"tapedeck/cli"
)

// gcPercent lets the heap grow to four times what lives in it: nearly all garbage is short-lived, and at
// Go's default of twice a tenth of a busy process goes into collecting it. GOGC and GOMEMLIMIT have the
// last word.
const gcPercent = 300

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() { // a second signal ends the process at once
		<-ctx.Done()
		stop()
	}()
	err := root().ExecuteContext(ctx)
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "tapedeck:", err)
	}
	os.Exit(cli.Code(err))
}

func root() *cobra.Command {
	c := &cobra.Command{
		Use:           "tapedeck",
		Short:         "Records browser flows, ingests what a product should do, and generates proven tests",
		Long:          "Tapedeck runs every job as an event log, a tape: watched live, tapped from a shell, replayed to debug.",
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	c.AddGroup(&cobra.Group{ID: "server", Title: "Run Tapedeck:"})
	for _, sub := range []*cobra.Command{serve(), api(), worker(), rebuild(), doctor(), twinCommand(), demoCommand()} {
		sub.GroupID = "server"
		c.AddCommand(sub)
	}
	cli.AddCommands(c)
	return c
}

// version is the module's version, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return info.Main.Version
}
