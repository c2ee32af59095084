package workers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
)

// Job is what a Kind sees of the attempt that it runs. It is safe for concurrent use. After the
// attempt's end its methods change nothing and say ErrAttemptOver where they return an error.
type Job struct{ a *attempt }

// ID is the job's id.
func (j *Job) ID() string { return j.a.started.ID }

// Kind is the job's kind.
func (j *Job) Kind() string { return j.a.started.Kind }

// Project owns the job.
func (j *Job) Project() string { return j.a.started.Project }

// Attempt is the number of this try, from 1.
func (j *Job) Attempt() int { return j.a.started.Attempt }

// Worker is the id of the worker that runs the job.
func (j *Job) Worker() string { return j.a.started.Worker }

// Labels are the job's labels; do not change them.
func (j *Job) Labels() map[string]string { return j.a.started.Labels }

// Input is the input as it was submitted.
func (j *Job) Input() jsontext.Value { return j.a.started.Input }

// Hold demands that this attempt is the job's current one: an Append outside of the job's own streams that carries it
// is refused with eventstore.ErrLeaseLost when another attempt has begun, and counts as a sign of life.
func (j *Job) Hold() eventstore.Hold {
	return eventstore.Hold{Stream: job.Stream(j.ID()), Token: j.a.started.Lease, Touch: true}
}

// Caller is who the attempt's events are from, for events that the job appends elsewhere.
func (j *Job) Caller() jobs.Caller { return j.a.by }

// StopRequested is closed when somebody asks the job to finish early and keep what it has.
func (j *Job) StopRequested() <-chan struct{} { return j.a.stop }

// Logf adds a line to the job's log. It waits for the store when the job speaks faster than the
// store writes; over the budget lines are dropped, counted and marked.
func (j *Job) Logf(level slog.Level, format string, args ...any) {
	text := format
	if len(args) > 0 {
		text = fmt.Sprintf(format, args...)
	}
	_ = j.a.output().log(levelName(level), "", text)
}

// Logger writes to the job's log.
func (j *Job) Logger() *slog.Logger { return slog.New(&logHandler{out: j.a.output()}) }

// Writer takes the output of a program line by line; stream is "stdout" or "stderr". Close writes
// the last line when it has no end.
func (j *Job) Writer(stream string) io.WriteCloser {
	level := slog.LevelInfo
	if stream == "stderr" {
		level = slog.LevelWarn
	}
	return &lineWriter{out: j.a.output(), stream: stream, level: levelName(level)}
}

// Progress says how far the attempt is: percent is 0…100, negative when unknown. Reports are
// coalesced: the newest is written with the next flush.
func (j *Job) Progress(percent float64, message string) {
	if percent < 0 || math.IsNaN(percent) {
		percent = -1
	}
	percent = math.Round(min(percent, 100)*100) / 100
	j.a.output().report(job.Progressed{Percent: percent, Message: message})
}

// Store keeps what r yields under a relative name (see artifacts.ValidateName); an empty contentType
// follows from the name. When it returns, the file and its place in the tape are durable.
func (j *Job) Store(ctx context.Context, name, contentType string, r io.Reader) (job.ArtifactStored, error) {
	cfg, out := j.a.shift.cfg, j.a.output()
	if cfg.Artifacts == nil {
		return job.ArtifactStored{}, errors.New("this worker has no artefact store")
	}
	if !out.claimArtifact() {
		return job.ArtifactStored{}, Permanent("budget", fmt.Errorf("more than %d artefacts", out.budget.Artifacts))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(out.ctx, cancel)()
	key := artifacts.Key{JobID: j.ID(), Attempt: j.Attempt(), Name: name}
	got, err := cfg.Artifacts.Put(ctx, key, contentType, r, out.budget.ArtifactBytes)
	if err != nil {
		return job.ArtifactStored{}, err
	}
	fact := job.ArtifactStored{Name: name, Size: got.Size, ContentType: got.ContentType, SHA256: got.SHA256}
	return fact, out.flush(fact)
}

// Discard removes files that this attempt stored: their place in the tape stays, their bytes are gone.
func (j *Job) Discard(ctx context.Context, names ...string) error {
	var errs []error
	for _, name := range names {
		errs = append(errs, j.a.shift.cfg.Artifacts.Delete(ctx, artifacts.Key{JobID: j.ID(), Attempt: j.Attempt(), Name: name}))
	}
	return errors.Join(errs...)
}

// ResolveSecret returns the value behind a secretRef and masks it from now on in the job's log lines,
// progress, errors and result. Artefacts are not masked.
func (j *Job) ResolveSecret(ctx context.Context, ref string) (string, error) {
	value, err := j.a.shift.cfg.Secrets.Resolve(ctx, ref)
	if err != nil {
		return "", Permanent("secret", err)
	}
	if len(value) < minSecret {
		return "", Permanent("secret", fmt.Errorf("%w: %q is shorter than %d bytes and cannot be masked", ErrSecret, ref, minSecret))
	}
	j.a.secret.add(value)
	return value, nil
}

func levelName(l slog.Level) string { return strings.ToLower(l.String()) }
