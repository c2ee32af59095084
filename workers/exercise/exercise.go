// Package exercise is the kind system.exercise: a job that does whatever a test, a benchmark or a
// newcomer wants to see.
package exercise

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"tapedeck/artifacts"
	"tapedeck/domain/job"
	"tapedeck/workers"
)

// Input says what the job does, in this order: it waits, logs its lines and reports progress, stores
// its artefact, and ends. Failing happens at the given part of the lines.
type Input struct {
	Lines         int     `json:"lines" title:"Log lines" doc:"How many lines the job logs." min:"0" max:"1000000"`
	Rate          float64 `json:"rate" title:"Lines per second" doc:"0 is as fast as the store takes them." min:"0" max:"100000"`
	LineBytes     int     `json:"lineBytes" title:"Line length" doc:"Each line is filled up to this many bytes." min:"0" max:"65536"`
	SleepMS       int     `json:"sleepMs" title:"Sleep (ms)" doc:"A pause before the first line." min:"0" max:"86400000"`
	Progress      bool    `json:"progress" title:"Report progress"`
	ArtifactBytes int64   `json:"artifactBytes" title:"Artefact size" doc:"Stores a file of this many bytes; 0 is none." min:"0" max:"1073741824"`
	ArtifactName  string  `json:"artifactName" title:"Artefact name" minlen:"1" maxlen:"512"`
	Fail          string  `json:"fail" title:"Fail" doc:"How the job fails; hang never ends and notices a cancel, ignore does not even notice." enum:"no,error,permanent,panic,hang,ignore"`
	FailAt        float64 `json:"failAt" title:"Fail at (%)" doc:"The part of the lines after which it fails." min:"0" max:"100"`
	FailAttempts  int     `json:"failAttempts" title:"Failing attempts" doc:"Only the first so many attempts fail; 0 is all." min:"0" max:"100"`
	IgnoreMS      int     `json:"ignoreMs" title:"Ignore for (ms)" doc:"How long fail=ignore runs on." min:"1" max:"600000"`
	SecretRef     string  `json:"secretRef" title:"Secret" doc:"A secret that the job resolves and logs, to show that it is masked." maxlen:"128"`
	Earlier       bool    `json:"earlier" title:"Earlier results" doc:"The result holds the results of the jobs in after."`
}

// Result is what the job did.
type Result struct {
	Lines    int               `json:"lines"`
	Attempt  int               `json:"attempt"`
	Stopped  bool              `json:"stopped,omitempty"`
	Artifact string            `json:"artifact,omitempty"`
	Earlier  []workers.Earlier `json:"earlier,omitempty"`
}

// Defaults are a short job that can be watched.
var defaults = Input{
	Lines: 20, Rate: 10, Progress: true, ArtifactName: "exercise.txt", Fail: "no", FailAt: 50, IgnoreMS: 60_000,
}

// Kind is system.exercise.
func Kind() workers.Kind {
	return workers.Define(workers.Spec{
		Name:        "system.exercise",
		Title:       "Exercise",
		Description: "Logs, reports, stores and fails as told: for tests, benchmarks and a first look.",
		Queue:       "system",
	}, defaults, run)
}

func run(ctx context.Context, j *workers.Job, in Input) (any, error) {
	e := &exercise{Job: j, in: in}
	if err := e.prepare(ctx); err != nil {
		return nil, err
	}
	stopped, err := e.speak(ctx)
	if err != nil {
		return nil, err
	}
	out := Result{Lines: e.spoken, Attempt: j.Attempt(), Stopped: stopped}
	if in.ArtifactBytes > 0 {
		stored, err := j.Store(ctx, in.ArtifactName, "", io.LimitReader(&pattern{}, in.ArtifactBytes))
		if err != nil {
			return nil, err
		}
		out.Artifact = stored.Name
	}
	if in.Earlier {
		if out.Earlier, err = j.Earlier(ctx); err != nil {
			return nil, err
		}
	}
	return out, nil
}

type exercise struct {
	*workers.Job
	in     Input
	spoken int
}

func (e *exercise) prepare(ctx context.Context) error {
	if e.in.SecretRef != "" {
		value, err := e.ResolveSecret(ctx, e.in.SecretRef)
		if err != nil {
			return err
		}
		e.Logf(slog.LevelInfo, "the secret is %s", value)
	}
	return sleep(ctx, time.Duration(e.in.SleepMS)*time.Millisecond)
}

// speak logs the lines; it ends early when somebody asks the job to stop.
func (e *exercise) speak(ctx context.Context) (stopped bool, err error) {
	failAt := -1
	if e.in.Fail != "no" && (e.in.FailAttempts == 0 || e.Attempt() <= e.in.FailAttempts) {
		failAt = int(float64(e.in.Lines) * e.in.FailAt / 100)
	}
	began := time.Now()
	for ; e.spoken < e.in.Lines; e.spoken++ {
		if e.spoken == failAt {
			return false, e.fail(ctx)
		}
		select {
		case <-e.StopRequested():
			return true, nil
		default:
		}
		e.Logf(slog.LevelInfo, "%s", e.line())
		if e.in.Progress {
			e.Progress(100*float64(e.spoken+1)/float64(e.in.Lines), fmt.Sprintf("line %d of %d", e.spoken+1, e.in.Lines))
		}
		if err := e.pace(ctx, began); err != nil {
			return false, err
		}
	}
	if failAt >= e.in.Lines {
		return false, e.fail(ctx)
	}
	return false, nil
}

func (e *exercise) line() string {
	text := fmt.Sprintf("line %d of %d", e.spoken+1, e.in.Lines)
	if fill := e.in.LineBytes - len(text); fill > 0 {
		text += " " + string(bytes.Repeat([]byte{'.'}, fill-1))
	}
	return text
}

func (e *exercise) pace(ctx context.Context, began time.Time) error {
	if e.in.Rate == 0 {
		return ctx.Err()
	}
	due := began.Add(time.Duration(float64(e.spoken+1) / e.in.Rate * float64(time.Second)))
	return sleep(ctx, time.Until(due))
}

func (e *exercise) fail(ctx context.Context) error {
	err := fmt.Errorf("attempt %d fails after %d lines, as told", e.Attempt(), e.spoken)
	switch e.in.Fail {
	case "permanent":
		return workers.Permanent("exercise", err)
	case "panic":
		panic(err)
	case "hang":
		<-ctx.Done()
		return ctx.Err()
	case "ignore":
		time.Sleep(time.Duration(e.in.IgnoreMS) * time.Millisecond)
	}
	return &workers.Error{Code: "exercise", Err: err}
}

// Check implements workers.Checker.
func (in Input) Check() (faults []job.Fault) {
	if in.Rate > 0 && float64(in.Lines)/in.Rate > (24*time.Hour).Seconds() {
		faults = append(faults, job.Fault{Path: "rate", Message: "the lines would take more than a day"})
	}
	return append(faults, in.checkArtifact()...)
}

func (in Input) checkArtifact() []job.Fault {
	if err := artifacts.ValidateName(in.ArtifactName); err != nil && in.ArtifactBytes > 0 {
		return []job.Fault{{Path: "artifactName", Message: err.Error()}}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return errors.Join(ctx.Err(), context.Cause(ctx))
	}
}

// pattern yields lines of digits without an end.
type pattern struct{ n int64 }

// Read implements io.Reader.
func (p *pattern) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = "0123456789abcde\n"[p.n%16]
		p.n++
	}
	return len(b), nil
}
