package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"tapedeck/artifacts"
	"tapedeck/cli"
	"tapedeck/client"
	"tapedeck/config"
	"tapedeck/eventstore"
	"tapedeck/eventstore/redis"
	"tapedeck/eventstore/sqlite"
	"tapedeck/projections"
)

// configured makes a command whose flags are the settings.
func configured(use, short, long string, run func(ctx context.Context, cfg config.Config) error) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, Long: long, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load(cmd.Flags(), os.Environ())
			if err != nil {
				return err
			}
			return run(cmd.Context(), cfg)
		},
	}
	c.Flags().SortFlags = false
	config.Flags(c.Flags())
	return c
}

func rebuild() *cobra.Command {
	var check bool
	var server string
	c := configured("rebuild", "Build the read models again from the log, or compare them with it",
		`Build this machine's read models from nothing and exchange them at once. With --check nothing is changed: a second set
is built up to the same event and compared; the exit code is 1 when they differ. While a server uses them, let that server
do it: --server URL.`,
		func(ctx context.Context, cfg config.Config) error {
			if server != "" {
				return rebuildOn(ctx, server, check)
			}
			store, err := openStore(ctx, cfg, newLogger(cfg))
			if errors.Is(err, eventstore.ErrLocked) {
				return fmt.Errorf("%w; or let that process do it: tapedeck rebuild --server URL", err)
			}
			if err != nil {
				return err
			}
			defer func() { _ = store.Close() }()
			files, err := openArtifacts(ctx, cfg)
			if err != nil {
				return err
			}
			defer func() { _ = files.Close() }() // nothing was written
			if check {
				return checkReadModels(ctx, store, knownTexts{files}, cfg)
			}
			return rebuildReadModels(ctx, store, knownTexts{files}, cfg)
		})
	c.Flags().BoolVar(&check, "check", false, "compare, change nothing")
	c.Flags().StringVar(&server, "server", "", "address of a running server that does it to its own read models")
	return c
}

func rebuildReadModels(ctx context.Context, store eventstore.Store, texts projections.Texts, cfg config.Config) error {
	began := time.Now()
	report, err := projections.Rebuild(ctx, store, readModels(cfg))
	if err != nil {
		return fmt.Errorf("rebuild: %w", err)
	}
	fmt.Printf("built %d jobs up to %s in %s; %d entries passed over\n",
		report.Jobs, report.Checkpoint, time.Since(began).Round(time.Millisecond), report.Skipped)
	if report, err = projections.RebuildKnowledge(ctx, store, texts, knowledgeIndex(cfg)); err != nil {
		return fmt.Errorf("rebuild the indexes of what is known: %w", err)
	}
	fmt.Printf("built the indexes of what is known up to %s; %d entries passed over\n", report.Checkpoint, report.Skipped)
	return nil
}

// rebuildOn asks a running server.
func rebuildOn(ctx context.Context, server string, check bool) error {
	cl, err := client.New(server)
	if err != nil {
		return err
	}
	if !check {
		var r struct {
			Jobs    int64  `json:"jobs"`
			Skipped int64  `json:"skipped"`
			Cursor  string `json:"cursor"`
		}
		if err := cl.Post(ctx, "/api/readmodels/rebuild", nil, &r); err != nil {
			return err
		}
		fmt.Printf("built %d jobs up to %s; %d entries passed over\n", r.Jobs, r.Cursor, r.Skipped)
		if err := cl.Post(ctx, "/api/readmodels/rebuild?model=knowledge", nil, &r); err != nil {
			return err
		}
		fmt.Printf("built the indexes of what is known up to %s; %d entries passed over\n", r.Cursor, r.Skipped)
		return nil
	}
	var r, known comparison
	if err := cl.Post(ctx, "/api/readmodels/check", nil, &r); err != nil {
		return err
	}
	if err := cl.Post(ctx, "/api/readmodels/check?model=knowledge", nil, &known); err != nil {
		return err
	}
	return errors.Join(r.report(), known.report())
}

// comparison is the outcome of a check.
type comparison struct {
	Equal       bool     `json:"equal"`
	Cursor      string   `json:"cursor"`
	Live        string   `json:"live"`
	Rebuilt     string   `json:"rebuilt"`
	Differences []string `json:"differences"`
}

func (c comparison) report() error {
	if c.Equal {
		fmt.Printf("equal at %s: %s\n", c.Cursor, c.Live)
		return nil
	}
	fmt.Printf("different at %s: live %s, rebuilt %s\n", c.Cursor, c.Live, c.Rebuilt)
	for _, line := range c.Differences {
		fmt.Println(line)
	}
	return &cli.FailedError{Why: "the read models are not what the log says; run `tapedeck rebuild`"}
}

func checkReadModels(ctx context.Context, store eventstore.Store, texts projections.Texts, cfg config.Config) error {
	c, err := projections.Check(ctx, store, readModels(cfg))
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	k, err := projections.CheckKnowledge(ctx, store, texts, knowledgeIndex(cfg))
	if err != nil {
		return fmt.Errorf("check the indexes of what is known: %w", err)
	}
	return errors.Join(comparisonOf(c).report(), comparisonOf(k).report())
}

func comparisonOf(c projections.Comparison) comparison {
	return comparison{c.Equal(), c.Checkpoint.String(), c.Live, c.Rebuilt, c.Differences}
}

func doctor() *cobra.Command {
	return configured("doctor", "Look for what is missing or set dangerously", "", func(ctx context.Context, cfg config.Config) error {
		d := diagnosis{out: tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)}
		d.settings(cfg)
		d.folder("data folder", cfg.DataDir)
		d.log(ctx, cfg)
		d.artifacts(ctx, cfg)
		d.recorder(ctx, cfg)
		d.tests(ctx, cfg)
		d.port(cfg)
		if err := d.out.Flush(); err != nil {
			return err
		}
		if d.bad > 0 {
			return &cli.FailedError{Why: fmt.Sprintf("%d things to mend", d.bad)}
		}
		return nil
	})
}

// diagnosis prints one line for each thing that it looked at.
type diagnosis struct {
	out interface {
		io.Writer
		Flush() error
	}
	bad int
}

func (d *diagnosis) say(verdict, what, detail string) {
	if verdict == "BAD" {
		d.bad++
	}
	fmt.Fprintf(d.out, "%s\t%s\t%s\n", verdict, what, detail)
}

func (d *diagnosis) result(what, good string, err error) {
	if err != nil {
		d.say("BAD", what, err.Error())
		return
	}
	d.say("ok", what, good)
}

func (d *diagnosis) settings(cfg config.Config) {
	for _, w := range cfg.Warnings {
		d.say("note", "settings", w)
	}
	if !cfg.Loopback() && cfg.APIToken == "" {
		d.say("BAD", "address", cfg.APIHost+" can be reached from other machines: set API_TOKEN, or the server does not start")
	}
}

// folder looks whether a folder can be written, or made. It makes nothing: what the doctor's user
// makes need not belong to the server's.
func (d *diagnosis) folder(what, dir string) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		d.say("BAD", what, err.Error())
		return
	}
	at := abs
	for _, err = os.Stat(at); errors.Is(err, fs.ErrNotExist) && at != filepath.Dir(at); _, err = os.Stat(at) {
		at = filepath.Dir(at)
	}
	var f *os.File
	if f, err = os.CreateTemp(at, ".doctor-*"); err == nil {
		err = errors.Join(f.Close(), os.Remove(f.Name()))
	}
	good := abs + " can be written"
	if at != abs {
		good = abs + " will be made at the start"
	}
	d.result(what, good, err)
}

func (d *diagnosis) log(ctx context.Context, cfg config.Config) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var store eventstore.Store
	var err error
	if cfg.Embedded() {
		path := filepath.Join(cfg.DataDir, "log.db")
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			d.say("ok", "log", "none yet: it will be made at the start")
			return
		}
		store, err = sqlite.Open(ctx, sqlite.Config{Path: path})
		if errors.Is(err, eventstore.ErrLocked) {
			d.say("ok", "log", "a server has it open: "+err.Error())
			return
		}
	} else {
		quiet := slog.New(slog.DiscardHandler) // what comes of it is said below
		redis.LogDriver(quiet)
		store, err = redis.Open(ctx, redis.Options{URL: cfg.BrokerURL, Logger: quiet})
	}
	if err != nil {
		d.say("BAD", "log", err.Error())
		return
	}
	defer func() { _ = store.Close() }()
	h := store.Health(ctx)
	d.result("log", h.Backend+", durability: "+h.Durability, h.Err)
	for _, w := range h.Warnings {
		d.say("note", "log", w)
	}
}

func (d *diagnosis) artifacts(ctx context.Context, cfg config.Config) {
	dir, isFolder, err := artifacts.Folder(artifactsURL(cfg))
	switch {
	case err != nil:
	case isFolder:
		d.folder("artefacts", dir)
		return
	default:
		var store *artifacts.Store
		if store, err = openArtifacts(ctx, cfg); err == nil {
			err = store.Close()
		}
	}
	d.result("artefacts", "can be opened", err)
}

func (d *diagnosis) port(cfg config.Config) {
	addr := net.JoinHostPort(cfg.APIHost, strconv.Itoa(cfg.APIPort))
	l, err := net.Listen("tcp", addr)
	if err == nil {
		err = l.Close()
	}
	if err != nil {
		d.say("note", "address", fmt.Sprintf("%s is in use (by a running server?): %v", addr, err))
		return
	}
	d.say("ok", "address", addr+" is free")
}
