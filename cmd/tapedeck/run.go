package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"tapedeck/artifacts"
	"tapedeck/config"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/handlers"
	"tapedeck/projections"
	"tapedeck/proxy/egress"
	"tapedeck/webapp"
	"tapedeck/workers"
	"tapedeck/workers/exercise"
	"tapedeck/workers/ingest/kinds"
	"tapedeck/workers/ping"
	"tapedeck/workers/recorder"
)

func serve() *cobra.Command {
	return configured("serve", "Run everything in one process",
		"Serve the page and the API and run jobs, all in one process. Without BROKER_URL the log is embedded in DATA_DIR.",
		func(ctx context.Context, cfg config.Config) error { return run(ctx, cfg, role{api: true, work: true}) })
}

func api() *cobra.Command {
	return configured("api", "Serve the page and the API; workers run elsewhere", "",
		func(ctx context.Context, cfg config.Config) error {
			if cfg.Embedded() && !cfg.Eager {
				return errors.New("api without workers needs BROKER_URL: the embedded log belongs to one process (use `tapedeck serve`)")
			}
			return run(ctx, cfg, role{api: true, work: cfg.Eager})
		})
}

func worker() *cobra.Command {
	return configured("worker", "Run jobs; the API is served elsewhere", "",
		func(ctx context.Context, cfg config.Config) error {
			if cfg.Embedded() {
				return errors.New("a worker of its own needs BROKER_URL: the embedded log belongs to one process (use `tapedeck serve`)")
			}
			return run(ctx, cfg, role{work: true})
		})
}

// role is what a process does.
type role struct{ api, work bool }

// run keeps a node up until ctx ends. When the log was replaced under it (emptied, or set back to an
// older state), it takes everything down and starts again on the log as it is now.
func run(ctx context.Context, cfg config.Config, r role) error {
	log := newLogger(cfg)
	for _, w := range cfg.Warnings {
		log.Warn(w)
	}
	if r.api && !cfg.Loopback() && cfg.APIToken == "" {
		return fmt.Errorf("API_HOST=%s lets other machines drive a browser on this one: set API_TOKEN (or API_TOKEN_FILE) to a secret of at least 16 characters, or listen on 127.0.0.1", cfg.APIHost)
	}
	for {
		err := runNode(ctx, cfg, r, log)
		if !errors.Is(err, eventstore.ErrEpoch) || ctx.Err() != nil {
			return err
		}
		log.Error("the log was replaced: starting again on it as it is now", "error", err)
	}
}

func runNode(ctx context.Context, cfg config.Config, r role, log *slog.Logger) (err error) {
	n := node{cfg: cfg, log: log, metrics: prometheus.NewRegistry()}
	defer func() { err = errors.Join(err, n.stop()) }()
	if err := n.start(ctx, r); err != nil {
		return err
	}
	return n.watch(ctx)
}

// node is the running parts of one process.
type node struct {
	cfg     config.Config
	log     *slog.Logger
	metrics *prometheus.Registry
	store   eventstore.Store
	files   *artifacts.Store
	own     egress.Own
	gather  kinds.Config
	demo    string // where the demo shop is; empty when it is not open
	stops   []func(ctx context.Context) error
}

func (n *node) start(ctx context.Context, r role) (err error) {
	if n.store, err = openStore(ctx, n.cfg, n.log); err != nil {
		return err
	}
	n.onStop(func(context.Context) error { return n.store.Close() })
	if n.files, err = openArtifacts(ctx, n.cfg); err != nil {
		return err
	}
	n.onStop(func(context.Context) error { return n.files.Close() })
	rec, err := n.newRecorder()
	if err != nil {
		return err
	}
	if n.gather, err = n.newGatherer(rec); err != nil {
		return err
	}
	ver, err := n.newVerifier()
	if err != nil {
		return err
	}
	writer, err := n.caseWriter()
	if err != nil {
		return err
	}
	all := append(append(n.gather.All(), ping.Kind(), exercise.Kind(), rec.Kind(), n.generator(ver), n.pusher(), writer), ver.Kinds()...)
	kinds, err := workers.NewRegistry(append(all, n.pipelines(all), n.explorer(all))...)
	if err != nil {
		return err
	}
	if err := n.startDemo(ctx, r); err != nil {
		return err
	}
	var checks []handlers.Check
	if r.work {
		records, err := n.startRecorder(ctx, rec) // before the worker, so that it is stopped after it
		if err != nil {
			return err
		}
		if err := n.startVerifier(ctx, ver); err != nil {
			return err
		}
		var at eventstore.Stage // an API in this process needs none
		if !r.api {
			if at, err = n.startStage(ctx, rec); err != nil {
				return err
			}
		}
		check, err := n.startWorker(ctx, kinds, at)
		if err != nil {
			return err
		}
		checks = append(checks, check, records)
	}
	if r.api {
		if !r.work {
			rec = nil
		}
		n.startFirstRun(ctx, kinds) // before the page can ask for it
		return n.startAPI(ctx, kinds, checks, rec)
	}
	if err := n.startHealth(ctx, checks); err != nil {
		return err
	}
	n.log.Info("tapedeck is ready", "log", n.store.Health(ctx).Backend, "queues", kinds.Queues())
	return nil
}

func (n *node) startWorker(ctx context.Context, kinds *workers.Registry, at eventstore.Stage) (handlers.Check, error) {
	queues := map[string]int{}
	for _, q := range n.cfg.Queues {
		queues[q] = n.cfg.Concurrency
	}
	if len(queues) == 0 {
		queues = nil // those of the kinds
	}
	limits, err := n.cfg.KindLimits()
	if err != nil {
		return handlers.Check{}, err
	}
	w, err := workers.New(workers.Config{
		Store: n.store, Kinds: kinds, Artifacts: n.files, Name: n.cfg.WorkerName, Queues: queues, Stage: at,
		Concurrency: n.cfg.Concurrency, KindConcurrency: limits, Output: budget(n.cfg), LeaseTTL: n.cfg.Lease, DrainTimeout: n.cfg.DrainTimeout,
		KillAfter: n.cfg.KillAfter, ClaimBy: n.cfg.ClaimBy, Metrics: n.metrics, Logger: n.log,
	})
	if err == nil {
		err = w.Start(ctx)
	}
	n.onStop(func(ctx context.Context) error {
		if w != nil {
			w.Stop(ctx)
		}
		return nil
	})
	return handlers.Check{Name: "worker", Ask: func(context.Context) error {
		if alarms := w.Alarms(); len(alarms) > 0 {
			return fmt.Errorf("%v", alarms)
		}
		return nil
	}}, err
}

func budget(cfg config.Config) workers.Budget {
	return workers.Budget{
		Bytes: int64(cfg.OutputBytes), Lines: int64(cfg.OutputLines), Result: cfg.ResultBytes,
		Artifacts: int64(cfg.ArtifactCount), ArtifactBytes: int64(cfg.ArtifactBytes),
	}
}

func (n *node) startAPI(ctx context.Context, kinds *workers.Registry, checks []handlers.Check, rec *recorder.Recorder) error {
	feed := eventstore.NewFeed(n.store, 0)
	feed.Start(context.WithoutCancel(ctx))
	n.onStop(func(context.Context) error { feed.Stop(); return nil })

	read := projections.New(n.store, projections.Config{Path: readModels(n.cfg), Source: feed, Logger: n.log})
	if err := read.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("read models: %w", err)
	}
	n.onStop(func(context.Context) error { return read.Stop() })

	known, err := n.startKnowledge(ctx, feed)
	if err != nil {
		return err
	}
	traces, err := n.startViewer(ctx)
	if err != nil {
		return err
	}
	logins, err := openProfiles(n.cfg)
	if err != nil {
		return err
	}
	repo := jobs.New(n.store, jobs.Config{ClaimBy: n.cfg.ClaimBy})
	server, err := handlers.New(handlers.Config{
		Addr:         net.JoinHostPort(n.cfg.APIHost, strconv.Itoa(n.cfg.APIPort)),
		AllowedHosts: n.cfg.AllowedHosts, AllowedOrigins: n.cfg.AllowedOrigins, BodyLimit: n.cfg.BodyLimit, Token: n.cfg.APIToken,
		Version: version(), Jobs: repo, Source: feed, Reader: read,
		Kinds: apiKinds(kinds), Artifacts: n.files, Page: webapp.Files(), Checks: checks, Logger: n.log, Metrics: n.metrics,
		Recorder: apiRecorder{rec, repo, traces}, Profiles: apiProfiles{logins},
		Uploads: n.files, MaxUpload: int64(n.cfg.IngestMaxUpload), Knowledge: known, Texts: knownTexts{n.files},
		Preview: previews(n.gather), CheckEnvironment: n.looks(logins), Demo: n.demo, DemoPipeline: n.firstRun(), Model: n.cfg.ModelName,
	})
	if err != nil {
		return err
	}
	if err := server.Start(ctx); err != nil {
		return fmt.Errorf("%w (set API_PORT to another port, or 0 for a free one)", err)
	}
	n.onStop(server.Stop)
	n.closed(server.Addr())
	n.log.Info("tapedeck is ready", "url", "http://"+server.Addr(), "log", n.store.Health(ctx).Backend)
	return nil
}

// apiKinds tells the API what workers can run: the two packages do not know each other.
func apiKinds(kinds *workers.Registry) []handlers.Kind {
	var out []handlers.Kind
	for _, s := range kinds.Specs() {
		k, _ := kinds.Lookup(s.Name)
		out = append(out, handlers.Kind{
			Name: s.Name, Title: s.Title, Description: s.Description, Queue: s.Queue, Timeout: s.Timeout,
			Retry: s.Retry, Input: s.Input, Check: k.Check,
		})
	}
	return out
}

// watchEvery is how often the node asks whether its log is still the one that it opened.
const watchEvery = time.Second

// watch returns when ctx ends, or with eventstore.ErrEpoch.
func (n *node) watch(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			n.log.Info("stopping; a second signal ends at once")
			return nil
		case <-tick.C:
			if err := n.store.Health(ctx).Err; errors.Is(err, eventstore.ErrEpoch) {
				return err
			}
		}
	}
}

func (n *node) onStop(f func(context.Context) error) { n.stops = append(n.stops, f) }

// stopGrace is what stopping may take beside the draining of jobs.
const stopGrace = 10 * time.Second

// stop ends the parts, the last started first.
func (n *node) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), n.cfg.DrainTimeout+stopGrace)
	defer cancel()
	var errs []error
	for i := len(n.stops) - 1; i >= 0; i-- {
		errs = append(errs, n.stops[i](ctx))
	}
	n.stops = nil
	return errors.Join(errs...)
}
