package recorder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"tapedeck/artifacts"
	"tapedeck/domain/recording"
	"tapedeck/eventstore/jobs"
	"tapedeck/proxy"
	"tapedeck/proxy/egress"
	"tapedeck/workers"
	"tapedeck/workers/recorder/browser"
	"tapedeck/workers/recorder/capture"
	"tapedeck/workers/recorder/stage"
)

// Config sets a Recorder up.
type Config struct {
	// Browser sets the pool up; its SPKI is the recorder's own.
	Browser browser.Config
	// Jobs appends recordings' events. It is needed.
	Jobs *jobs.Repository
	// Files are read for uploads of a recording that is run again. Defaults to none.
	Files *artifacts.Store
	// Egress says where the browser may go. Defaults to public addresses.
	Egress egress.Policy
	// Concurrency is how many recordings one worker makes at a time. Defaults to 4.
	Concurrency int
	// TimeLimit bounds a recording that asks for no other. Defaults to 2 h.
	TimeLimit time.Duration
	// Limits bound what one recording keeps.
	Limits Limits
	// Profiles keeps logins. Defaults to none: a recording that names one fails.
	Profiles Profiles
	// Logger defaults to slog.Default().
	Logger *slog.Logger
	// Now is the wall clock. Defaults to time.Now.
	Now func() time.Time
}

// Limits bound what one recording keeps; what is over them is left out, counted and said.
type Limits struct {
	// ConsoleLines and ConsoleBytes. Default to 10,000 and 4 MiB.
	ConsoleLines, ConsoleBytes int
	// Download bounds one file that a page gives; a larger one is cancelled. Defaults to 64 MiB.
	Download int64
	// Document bounds a step's DOM snapshot. Defaults to 8 MiB.
	Document int
	// Frames bounds the film strip. Defaults to 400.
	Frames int
	// StepRequests and StepLines bound what one step's evidence lists. Default to 100 and 50.
	StepRequests, StepLines int
	// Pages bounds the pages that one recording may open in all: a page that opens others for ever ends it. Defaults
	// to 100.
	Pages int
	// Trace bounds the driver's trace before it is masked. Defaults to 512 MiB.
	Trace int64
}

// WithDefaults fills the zero fields.
func (l Limits) WithDefaults() Limits {
	set := func(v *int, to int) {
		if *v <= 0 {
			*v = to
		}
	}
	set(&l.ConsoleLines, 10_000)
	set(&l.ConsoleBytes, 4<<20)
	set(&l.Document, 8<<20)
	set(&l.Frames, 400)
	set(&l.Pages, 100)
	set(&l.StepRequests, 100)
	set(&l.StepLines, 50)
	if l.Download <= 0 {
		l.Download = 64 << 20
	}
	if l.Trace <= 0 {
		l.Trace = 512 << 20
	}
	return l
}

// Recorder is what a worker process has once for all of its recordings. It is safe for concurrent use.
type Recorder struct {
	cfg   Config
	pool  *browser.Pool
	proxy *proxy.Server

	stages stage.Registry
	mu     sync.Mutex
	loaded *capture.Script
}

// New makes a Recorder; nothing is started before the first recording. The error is that of making the proxy's CA.
func New(cfg Config) (*Recorder, error) {
	if cfg.Jobs == nil {
		return nil, errors.New("recorder: a repository is needed")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Concurrency <= 0 {
		cfg.Concurrency = 4
	}
	if cfg.TimeLimit <= 0 {
		cfg.TimeLimit = 2 * time.Hour
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Limits = cfg.Limits.WithDefaults()
	server, err := proxy.New(proxy.Config{Log: cfg.Logger})
	if err != nil {
		return nil, fmt.Errorf("recorder: %w", err)
	}
	cfg.Browser.SPKI = server.CA().SPKIHash()
	cfg.Browser.Logger = cfg.Logger
	return &Recorder{cfg: cfg, pool: browser.New(cfg.Browser), proxy: server}, nil
}

// Start lets recordings be made until Stop.
func (r *Recorder) Start(ctx context.Context) error {
	return r.proxy.Start(context.WithoutCancel(ctx))
}

// Stop ends browser and proxy and removes all temporary files. The worker that runs the recordings is to be stopped
// before. It may be called again.
func (r *Recorder) Stop() {
	r.pool.Stop()
	r.proxy.Stop()
}

// Check looks at everything that recording needs.
func (r *Recorder) Check(ctx context.Context) []browser.Finding { return r.pool.Check(ctx) }

// Open counts the browser contexts that are open.
func (r *Recorder) Open() int { return r.pool.Open() }

// Kind is recorder.record.
func (r *Recorder) Kind() workers.Kind {
	return workers.Define(workers.Spec{
		Name:        recording.Kind,
		Title:       "Record",
		Description: "A browser on the server that a person drives from the page, or steps drive, with everything kept but the secrets.",
		Queue:       "recorder",
		Concurrency: r.cfg.Concurrency,
	}, defaults(), r.run)
}
