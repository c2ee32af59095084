package recorder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/recording"
	"tapedeck/proxy"
	"tapedeck/proxy/har"
	"tapedeck/workers"
	"tapedeck/workers/recorder/browser"
	"tapedeck/workers/recorder/play"
)

// Bounds of the end. A job that was cancelled has less time than one that ended by itself: it would be abandoned.
const (
	finishWithin = 5 * time.Minute
	hurryWithin  = 20 * time.Second
	traceWithin  = 60 * time.Second
)

// end closes a recording: in good order, thrown away, or as far as it came. err is why it ended; nil is good order.
func (s *session) end(ctx context.Context, err error) (any, error) {
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, workers.ErrLeaseLost):
		return nil, cause // another attempt has it: nothing more can be written
	case errors.Is(cause, workers.ErrCancelled):
		return nil, s.throwAway(ctx, cause)
	case errors.Is(cause, workers.ErrShutdown) && s.in.Mode == Interactive && s.scribe != nil:
		s.note("the server was shut down while recording")
		s.because("the server was shut down")
		err = nil
	case errors.Is(cause, workers.ErrShutdown):
		return nil, s.throwAway(ctx, cause) // it is run again
	}
	finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), within(cause))
	defer cancel()
	if s.scribe == nil {
		return nil, s.stillborn(finish, err)
	}
	f := recording.Finished{Outcome: "complete", Attempt: s.job.Attempt(), DurationMS: s.cfg.Now().Sub(s.began).Milliseconds()}
	err = s.maskError(s.sortOut(err))
	if err != nil {
		f.Outcome = "failed"
		s.because(err.Error())
	}
	s.closeAll(finish, &f)
	if err := s.scribe.finish(finish, f); err != nil {
		return nil, fmt.Errorf("finish the recording: %w", err)
	}
	if err != nil {
		return nil, err
	}
	return Result{
		RecordingID: s.job.ID(), Steps: len(s.scribe.last().Steps), DurationMS: f.DurationMS, Reason: f.Reason,
		Artifacts: len(s.stored), Notes: f.Notes,
	}, nil
}

func within(cause error) time.Duration {
	if cause != nil {
		return hurryWithin
	}
	return finishWithin
}

// sortOut tells what can be tried again: a script whose browser died, but not what a person did.
func (s *session) sortOut(err error) error {
	var step *play.StepError
	if errors.As(err, &step) && (step.Reason == play.PageClosed || step.Reason == play.Crashed) && s.isLost(lostWithin) {
		err = browser.ErrLost
	}
	err = explain(err)
	var own *workers.Error
	if errors.As(err, &own) && own.Code == CodeLost && s.in.Mode == Interactive {
		return workers.Permanent(CodeLost, errors.New("the browser died; what was recorded until then is kept"))
	}
	return err
}

// lostWithin is how long a browser's end may be told after that of its pages.
const lostWithin = 3 * time.Second

// isLost waits for the word that the browser died: its pages are gone first.
func (s *session) isLost(patience time.Duration) bool {
	if s.ctx == nil {
		return false
	}
	select {
	case <-s.ctx.Lost():
		return true
	case <-time.After(patience):
		return false
	}
}

// maskError keeps secrets out of the job's error.
func (s *session) maskError(err error) error {
	if err == nil {
		return nil
	}
	var own *workers.Error
	if errors.As(err, &own) {
		return &workers.Error{Code: own.Code, Permanent: own.Permanent, Detail: s.mask.Text(own.Detail), Err: errors.New(s.mask.Text(own.Error()))}
	}
	return errors.New(s.mask.Text(err.Error()))
}

// stillborn writes down a recording that never began.
func (s *session) stillborn(ctx context.Context, err error) error {
	err = s.maskError(explain(err))
	if s.look == (look{}) {
		s.look = lookOf(s.in)
	}
	if startErr := s.start(ctx); startErr != nil {
		return errors.Join(err, startErr)
	}
	f := recording.Finished{Outcome: "failed", Reason: err.Error(), Attempt: s.job.Attempt(), Notes: s.notes}
	return errors.Join(err, s.scribe.finish(ctx, f))
}

// throwAway ends a recording that nobody wants.
func (s *session) throwAway(ctx context.Context, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hurryWithin)
	defer cancel()
	s.endLive("cancelled", cause.Error())
	if s.pics != nil {
		s.pics.stop()
	}
	s.discard(ctx)
	if s.scribe != nil {
		f := recording.Finished{Outcome: "cancelled", Reason: cause.Error(), Attempt: s.job.Attempt(), DurationMS: s.cfg.Now().Sub(s.began).Milliseconds()}
		if errors.Is(cause, workers.ErrShutdown) {
			f.Outcome = "failed"
		}
		_ = s.scribe.finish(ctx, f) // without it the recording would look as if it went on
	}
	return cause
}

// closeAll takes what is still to be had of the browser, closes it, and stores everything.
func (s *session) closeAll(ctx context.Context, f *recording.Finished) {
	s.job.Progress(-1, "storing what was recorded")
	f.Reason = s.why() // the end itself closes all pages
	s.endLive(f.Outcome, f.Reason)
	length := s.cfg.Now().Sub(s.began)
	alive := !isClosed(s.ctx.Lost())
	if alive {
		s.pics.drain(ctx)
	} else {
		s.pics.stop()
	}
	var files sync.WaitGroup // what takes long is made at the same time
	var lastFrame string
	files.Go(func() { lastFrame = s.storeFilm(ctx, length) })
	traced := alive && s.stopTrace(ctx)
	if alive && f.Outcome == "complete" {
		s.saveLogin(ctx)
	}
	_ = s.ctx.Close()
	s.attending.Wait()
	s.proxy.Stop()
	entries := s.proxy.Entries()
	s.learner.stop()
	if err := s.writeHAR(io.Discard, entries); err != nil { // learns what was said last
		s.note("the network could not be read: %v", err)
	}
	s.closeSteps()

	if traced {
		files.Go(func() { s.storeTrace(ctx) })
	}
	if s.in.Capture.HAR {
		s.pipe(ctx, "network.har", func(w io.Writer) error { return s.writeHAR(w, entries) })
	}
	if s.in.Capture.Console {
		s.pipe(ctx, "console.ndjson", s.lines.write)
	}
	files.Wait()
	f.Thumbnail = lastFrame
	s.storeDocument(ctx, f)
	s.sayWhatIsMissing(entries)
	f.Notes, f.Masked = s.notes, s.mask.Report()
	s.storeMetadata(ctx, f, entries)
}

// why is the reason as far as it is known.
func (s *session) why() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reason
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// closeSteps adds to each step what it caused, now that all of it is known.
func (s *session) closeSteps() {
	s.mu.Lock()
	marks := slices.Clone(s.marks)
	s.mu.Unlock()
	for _, m := range marks {
		s.closeStep(m.id)
	}
}

func (s *session) stopTrace(ctx context.Context) bool {
	if !s.tracing {
		return false
	}
	ctx, cancel := context.WithTimeoutCause(ctx, traceWithin, errors.New("the browser does not give it"))
	defer cancel()
	_, err := call(ctx, func() (struct{}, error) { return struct{}{}, s.ctx.Tracing().Stop(s.path("raw.zip")) })
	if err != nil {
		s.note("no trace: %s", firstLine(err))
	}
	return err == nil
}

func (s *session) storeTrace(ctx context.Context) {
	state, err := s.scribe.sync(ctx)
	if err != nil {
		s.note("no trace: %v", err)
		return
	}
	if err := maskTrace(s.path("raw.zip"), s.path("trace.zip"), s.mask, s.cfg.Limits.Trace, markNames(state.Steps)); err != nil {
		s.note("no trace: %v", err)
		return
	}
	s.storeFile(ctx, "trace.zip", s.path("trace.zip"))
}

func (s *session) writeHAR(w io.Writer, entries []proxy.Entry) error {
	name, version, _ := strings.Cut(s.browser, " ")
	return har.Write(w, entries, har.Options{Redactor: s.mask, Browser: &har.Tool{Name: name, Version: version}})
}

// storeDocument stores recording.json, and finds the picture for lists.
func (s *session) storeDocument(ctx context.Context, f *recording.Finished) {
	state, err := s.scribe.sync(ctx)
	if err != nil {
		s.note("recording.json was not kept: %v", err)
		return
	}
	for _, step := range slices.Backward(state.Steps) {
		if f.Thumbnail == "" && step.Evidence != nil {
			f.Thumbnail = step.Evidence.Screenshot
		}
	}
	b, err := json.Marshal(state.Document(), json.Deterministic(true), jsontext.WithIndent("  "), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		s.note("recording.json was not kept: %v", err)
		return
	}
	s.store(ctx, "recording.json", bytes.NewReader(b))
}

// sayWhatIsMissing notes what was cut off.
func (s *session) sayWhatIsMissing(entries []proxy.Entry) {
	if kept, full := s.lines.count(); full {
		s.note("console lines beyond the first %d were not kept", kept)
	}
	if beyond := s.proxy.Stats().Beyond; beyond > 0 {
		s.note("%d requests beyond the first %d were not kept", beyond, len(entries))
	}
	cut := 0
	for _, e := range entries {
		if e.Response != nil && e.Response.Body != nil && e.Response.Body.Truncated() {
			cut++
		}
	}
	if cut > 0 {
		s.note("%d answers were too large to be kept in full", cut)
	}
	if names := s.mask.Short(); len(names) > 0 {
		s.note("too short to be looked for everywhere, masked only where they were typed: %s", strings.Join(names, ", "))
	}
	if isClosed(s.ctx.Lost()) {
		s.note("the browser died: there is no trace, and the last step may have no picture")
	}
}

// Metadata is metadata.json.
type Metadata struct {
	Format      string         `json:"format"`
	RecordingID string         `json:"recordingId"`
	Attempt     int            `json:"attempt"`
	Name        string         `json:"name"`
	URL         string         `json:"url"`
	Mode        string         `json:"mode"`
	Browser     string         `json:"browser"`
	Driver      string         `json:"driver"`
	Look        look           `json:"look"`
	Capture     Capture        `json:"capture"`
	StartedAt   time.Time      `json:"startedAt"`
	DurationMS  int64          `json:"durationMs"`
	Outcome     string         `json:"outcome"`
	Reason      string         `json:"reason,omitempty"`
	Steps       int            `json:"steps"`
	Requests    int            `json:"requests"`
	Refused     map[string]int `json:"refusedBrowserTraffic,omitempty"`
	Console     int            `json:"consoleLines"`
	Masked      map[string]int `json:"masked,omitempty"`
	Short       []string       `json:"maskedByPosition,omitempty"`
	Notes       []string       `json:"notes,omitempty"`
	Artifacts   []storedFile   `json:"artifacts"`
}

func (s *session) storeMetadata(ctx context.Context, f *recording.Finished, entries []proxy.Entry) {
	lines, _ := s.lines.count()
	m := Metadata{
		Format: "tapedeck.recording-metadata/1", RecordingID: s.job.ID(), Attempt: s.job.Attempt(), Name: s.mask.Text(s.in.name()),
		URL: s.mask.URL(s.in.URL), Mode: s.in.mode(), Browser: s.browser, Driver: browser.DriverVersion, Look: s.look, Capture: s.in.Capture,
		StartedAt: s.began, DurationMS: f.DurationMS, Outcome: f.Outcome, Reason: f.Reason, Steps: len(s.scribe.last().Steps),
		Requests: len(entries), Refused: s.proxy.Stats().Noise, Console: lines, Masked: f.Masked, Short: s.mask.Short(), Notes: f.Notes,
		Artifacts: s.stored,
	}
	b, err := json.Marshal(m, json.Deterministic(true), jsontext.WithIndent("  "), jsontext.AllowInvalidUTF8(true))
	if err == nil {
		s.store(ctx, "metadata.json", bytes.NewReader(b))
	}
}
