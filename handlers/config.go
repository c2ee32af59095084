package handlers

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"tapedeck/artifacts"
	"tapedeck/domain/environment"
	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/domain/knowledge"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/projections"
)

// Config sets a Server up.
type Config struct {
	// Addr is where to listen; port 0 takes a free one. Defaults to 127.0.0.1:0.
	Addr string
	// AllowedHosts are served besides localhost, IP addresses and the name in Addr.
	AllowedHosts []string
	// AllowedOrigins are browser origins besides the server's own that may use it.
	AllowedOrigins []string
	// Token is what clients must show; empty lets everybody in whom the Host and Origin checks let through.
	Token string
	// BodyLimit bounds a request's body in bytes. Defaults to 4 MiB.
	BodyLimit int
	// Heartbeat is the longest silence of a live connection. Defaults to 15 s.
	Heartbeat time.Duration
	// Version is the build's, for /api/info. Defaults to "dev".
	Version string

	// Jobs decides and appends.
	Jobs *jobs.Repository
	// Source is what the live hub reads: a Feed, or the store itself when it is nil.
	Source eventstore.Source
	// Reader answers lists, searches and statistics.
	Reader projections.Reader
	// Kinds can be submitted.
	Kinds []Kind
	// Artifacts holds the files of jobs.
	Artifacts Artifacts
	// Uploads takes files for jobs; nil takes none. MaxUpload bounds one form in bytes. Defaults to 2 GiB.
	Uploads   Uploads
	MaxUpload int64
	// Preview tells what a job that gathers would read; its error is a sentence for whoever asks. nil tells nothing.
	Preview func(ctx context.Context, source knowledge.SourceKind, input jsontext.Value) (Preview, error)
	// Knowledge answers what is known, and Texts has the documents' texts; nil knows nothing.
	Knowledge Knowledge
	Texts     projections.Texts
	// CheckEnvironment looks at an environment as tests would find it, and keeps nothing; nil cannot look.
	CheckEnvironment func(ctx context.Context, e environment.State) []Finding
	// Recorder reaches the recorder of this process; nil when there is none.
	Recorder Recorder
	// Profiles lists login profiles; nil is none.
	Profiles Profiles
	// Page is the built web page; nil serves none.
	Page fs.FS
	// Demo is the address of the demo shop that this process serves; empty when it serves none.
	Demo string
	// DemoPipeline is the pipeline that runs on it by itself; empty for none.
	DemoPipeline string
	// Model is the name of the model that jobs may ask to improve test cases; empty when none is set.
	Model string
	// Checks are further dependencies for /readyz.
	Checks []Check
	// Metrics are served at /metrics beside the server's own; nil is none.
	Metrics prometheus.Gatherer
	// Logger defaults to none.
	Logger *slog.Logger
	// Now defaults to time.Now.
	Now func() time.Time
	// NewID makes job ids. Defaults to UUIDv7.
	NewID func() string
}

// Kind is a kind of job as the API shows and checks it.
type Kind struct {
	Name        string
	Title       string
	Description string
	// Queue is where its jobs go unless the submission names another.
	Queue   string
	Timeout time.Duration
	Retry   job.RetryPolicy
	// Priority defaults to normal.
	Priority job.Priority
	// Input is the JSON Schema of the input.
	Input jsontext.Value
	// Check refuses input that the kind would refuse, with a *job.InvalidError; nil accepts anything.
	Check func(input jsontext.Value) error
}

// Artifacts reads the files of jobs, and keeps texts of people. *artifacts.Store implements it.
type Artifacts interface {
	// PutText keeps a text under its SHA-256.
	PutText(ctx context.Context, text []byte) (event.Hash, error)
	// OpenText fails with artifacts.ErrNotFound.
	OpenText(ctx context.Context, digest event.Hash) (io.ReadCloser, error)
	// Read fails with artifacts.ErrName or artifacts.ErrNotFound.
	Read(ctx context.Context, k artifacts.Key, offset, length int64) (*artifacts.Reader, error)
	// Healthy reports whether the bucket can be reached now.
	Healthy(ctx context.Context) error
}

// Check is a dependency that /readyz asks.
type Check struct {
	Name string
	// Ask returns why the dependency cannot be used now.
	Ask func(ctx context.Context) error
}

// WithDefaults fills the zero fields.
func (c Config) WithDefaults() Config {
	if c.Addr == "" {
		c.Addr = "127.0.0.1:0"
	}
	if c.BodyLimit == 0 {
		c.BodyLimit = 4 << 20
	}
	if c.MaxUpload == 0 {
		c.MaxUpload = 2 << 30
	}
	if c.Heartbeat == 0 {
		c.Heartbeat = 15 * time.Second
	}
	if c.Version == "" {
		c.Version = "dev"
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	if c.Source == nil && c.Jobs != nil {
		c.Source = c.Jobs.Store()
	}
	return c
}

// Validate joins all that is missing.
func (c Config) Validate() error {
	var errs []error
	if c.Jobs == nil {
		errs = append(errs, errors.New("handlers: Jobs is needed"))
	}
	if c.Reader == nil {
		errs = append(errs, errors.New("handlers: Reader is needed"))
	}
	if c.Artifacts == nil {
		errs = append(errs, errors.New("handlers: Artifacts is needed"))
	}
	for _, k := range c.Kinds {
		if !job.ValidName(k.Name) || !job.ValidName(k.Queue) {
			errs = append(errs, errors.New("handlers: kind "+k.Name+" needs a valid name and queue"))
		}
	}
	return errors.Join(errs...)
}
