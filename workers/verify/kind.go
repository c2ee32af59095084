package verify

import (
	"context"
	"io"
	"time"

	"tapedeck/artifacts"
	"tapedeck/domain/proof"
	"tapedeck/eventstore/jobs"
	"tapedeck/proxy"
	"tapedeck/proxy/egress"
	"tapedeck/workers"
	"tapedeck/workers/recorder/browser"
	"tapedeck/workers/verify/runner"
)

// Uploads opens the projects that were uploaded.
type Uploads interface {
	// OpenUpload fails with artifacts.ErrNotFound.
	OpenUpload(ctx context.Context, id string) (io.ReadCloser, error)
}

// Config sets a Verifier up.
type Config struct {
	// Jobs, Files and Uploads are needed.
	Jobs    *jobs.Repository
	Files   *artifacts.Store
	Uploads Uploads
	// Programs says where the programs are; its SPKI is the verifier's own.
	Programs runner.Config
	// Egress says where tests on an environment may go, beside what that allows itself. Defaults to public addresses.
	Egress egress.Policy
	// Login gives logins. Defaults to none: an environment that names one fails.
	Login Login
	// Wall bounds one invocation of the runner. Defaults to 1 h.
	Wall time.Duration
	// Now is the wall clock. Defaults to time.Now.
	Now func() time.Time

	// Proxy and Runner are the verifier's own.
	Proxy  *proxy.Server
	Runner *runner.Runner
	turns  *turns
}

// Verifier is what a worker process has once for all verifications. It is safe for concurrent use.
type Verifier struct{ cfg Config }

// New makes a Verifier; nothing is started. The error is that of making the proxy's CA.
func New(cfg Config) (*Verifier, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Wall <= 0 {
		cfg.Wall = time.Hour
	}
	var err error
	if cfg.Proxy, err = proxy.New(proxy.Config{}); err != nil {
		return nil, err
	}
	cfg.Programs.SPKI = cfg.Proxy.CA().SPKIHash()
	cfg.Runner = runner.New(cfg.Programs)
	cfg.turns = &turns{}
	return &Verifier{cfg: cfg}, nil
}

// Start lets jobs run until Stop.
func (v *Verifier) Start(ctx context.Context) error { return v.cfg.Proxy.Start(ctx) }

// Stop ends all proxies. It may be called any number of times.
func (v *Verifier) Stop() { v.cfg.Proxy.Stop() }

// Check looks at everything that running test projects needs.
func (v *Verifier) Check(ctx context.Context) []browser.Finding { return v.cfg.Runner.Check(ctx) }

// Kinds are suite.verify, and suite.mutate, which goes on with its faults.
func (v *Verifier) Kinds() []workers.Kind {
	return []workers.Kind{
		workers.Define(workers.Spec{
			Name:        proof.Kind,
			Title:       "Verify tests",
			Description: "Runs a Playwright Test project against the twin of a recording, again and again under other conditions and under faults, and says what its tests are worth.",
			Queue:       "suite",
			Concurrency: 1,
		}, defaults(), v.cfg.run),
		workers.Define(workers.Spec{
			Name:        restKind,
			Title:       "Try more faults",
			Description: "Goes on with the faults for which a verification had no time, while no other verification is at work here.",
			Queue:       "suite",
			Concurrency: 1,
		}, RestInput{}, v.cfg.rest),
	}
}
