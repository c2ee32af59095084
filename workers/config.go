package workers

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

// Config sets a Worker up.
type Config struct {
	// Store is the log. It is needed, and stays open when the Worker stops.
	Store eventstore.Store
	// Kinds are what the worker can run. Without any it runs no jobs, but still fires deadlines,
	// recovers and wakes: a scheduler. Defaults to none.
	Kinds *Registry
	// Artifacts keeps the files that jobs store. Defaults to none: jobs cannot store files.
	Artifacts *artifacts.Store
	// Secrets resolves secretRefs. Defaults to EnvSecrets{}.
	Secrets Secrets
	// Name is the worker's name for people and for the store: what this name took from a queue and never
	// acknowledged is handed out again to it. Defaults to the host's name.
	Name string
	// Stage is told in the registry. Defaults to none.
	Stage eventstore.Stage
	// Queues are the queues to read, with how many jobs of each may run at a time; 0 is Concurrency.
	// Defaults to the queues of Kinds.
	Queues map[string]int
	// Concurrency is how many jobs of one queue run at a time. Defaults to 16.
	Concurrency int
	// KindConcurrency bounds kinds, beside their Spec's own bound. Defaults to none.
	KindConcurrency map[string]int
	// LeaseTTL is how long a claim holds without a sign of life. A job of a worker that died is
	// recovered one to two and a half LeaseTTL later. Defaults to 15 s.
	LeaseTTL time.Duration
	// DrainTimeout is how long Stop lets jobs run on. Defaults to 15 s.
	DrainTimeout time.Duration
	// KillAfter is how long a job may take to end after its context ended; then it is abandoned.
	// Defaults to 10 s.
	KillAfter time.Duration
	// Pulse is how often running jobs are looked at: the grain of timeouts, and the longest that a log
	// line waits to be written. Defaults to 50 ms.
	Pulse time.Duration
	// DueEvery is how often deadlines are looked at. Defaults to 200 ms.
	DueEvery time.Duration
	// ClaimBy is how long a queued job may go unclaimed before the recoverer looks whether its queue
	// entry was lost. Defaults to 60 s.
	ClaimBy time.Duration
	// HeartbeatEvery is how often the worker registers itself; it vanishes three times that after its
	// last. Defaults to 5 s.
	HeartbeatEvery time.Duration
	// Output bounds what one attempt may say.
	Output Budget
	// Metrics is where the worker's metrics are registered. Defaults to nowhere.
	Metrics prometheus.Registerer
	// Logger is the worker's own log. Defaults to slog.Default().
	Logger *slog.Logger
	// Now is the wall clock that is written into events; leases and timeouts do not follow it.
	// Defaults to time.Now.
	Now func() time.Time
}

// WithDefaults fills the zero fields.
func (c Config) WithDefaults() Config {
	if c.Kinds == nil {
		c.Kinds, _ = NewRegistry()
	}
	if c.Secrets == nil {
		c.Secrets = EnvSecrets{}
	}
	if c.Name == "" {
		c.Name, _ = os.Hostname()
	}
	setDefault(&c.Name, "worker")
	setDefault(&c.Concurrency, 16)
	if c.Queues == nil {
		c.Queues = map[string]int{}
		for _, q := range c.Kinds.Queues() {
			c.Queues[q] = c.Concurrency
		}
	}
	setDefault(&c.LeaseTTL, 15*time.Second)
	setDefault(&c.DrainTimeout, 15*time.Second)
	setDefault(&c.KillAfter, 10*time.Second)
	setDefault(&c.Pulse, 50*time.Millisecond)
	setDefault(&c.DueEvery, 200*time.Millisecond)
	setDefault(&c.ClaimBy, time.Minute)
	setDefault(&c.HeartbeatEvery, 5*time.Second)
	c.Output = c.Output.WithDefaults()
	if c.Metrics == nil {
		c.Metrics = prometheus.NewRegistry()
	}
	setDefault(&c.Logger, slog.Default())
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Validate returns all faults of a Config with its defaults filled in.
func (c Config) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("workers: "+format, args...))
		}
	}
	check(c.Store != nil, "a store is needed")
	check(len(c.Queues) == 0 || len(c.Kinds.specs) > 0, "queues are given, but no kinds")
	for q, n := range c.Queues {
		check(job.ValidName(q), "queue %q is not a valid name", q)
		check(n >= 0 && n <= 10_000, "queue %s: concurrency %d, want 0 to 10000", q, n)
	}
	check(c.Concurrency >= 1 && c.Concurrency <= 10_000, "concurrency %d, want 1 to 10000", c.Concurrency)
	for k, n := range c.KindConcurrency {
		_, known := c.Kinds.Lookup(k)
		check(known && n >= 1, "kind %s: concurrency %d, want at least 1 of a kind that is known", k, n)
	}
	check(c.Pulse > 0 && c.LeaseTTL >= 6*c.Pulse, "a lease of %s is shorter than six pulses of %s", c.LeaseTTL, c.Pulse)
	check(c.DrainTimeout >= 0 && c.KillAfter > 0 && c.DueEvery > 0 && c.HeartbeatEvery > 0 && c.ClaimBy > 0, "durations must be positive")
	return errors.Join(errs...)
}
