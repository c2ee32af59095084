package recorder

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
	"tapedeck/proxy"
	"tapedeck/workers"
	"tapedeck/workers/recorder/browser"
	"tapedeck/workers/recorder/capture"
	"tapedeck/workers/recorder/mask"
	"tapedeck/workers/recorder/stage"
)

// session is one recording being made.
type session struct {
	*Recorder
	job   *workers.Job
	in    Input
	look  look
	mask  *mask.Masker
	began time.Time
	dir   string // of this session's own, in the pool's private folder

	secrets map[string]string // values by name
	steps   []recording.Step  // to run before, or instead of, a person

	proxy   *proxy.Session
	ctx     *browser.Context
	scribe  *scribe
	pages   *pageList
	lines   *console
	pics    *evidence
	learner *learner
	film    *film
	hiders  *hiders

	capture *capture.Capture
	stage   *stage.Stage
	leave   func()
	typing  typing

	arrivals  *arrivals
	attended  map[playwright.Page]bool
	attending sync.WaitGroup
	tracing   bool
	browser   string

	over    chan struct{} // closed when the session is to end in good order
	overOne sync.Once
	broken  chan error // what ends it in disorder

	mu     sync.Mutex
	reason string
	notes  []string
	marks  []mark
	stored []storedFile

	loop      string           // the page that was closed because it opened dialogs without end
	running   bool             // steps are being run
	witnessed []capture.Action // what was seen of the step that is run
	files     int              // up and down, to number them
}

// mark is where a step stands in time.
type mark struct {
	id string
	at time.Time
}

// Result is what the job says when a recording was made.
type Result struct {
	RecordingID string `json:"recordingId"`
	Steps       int    `json:"steps"`
	DurationMS  int64  `json:"durationMs"`
	// Reason says why it ended.
	Reason    string   `json:"reason,omitempty"`
	Artifacts int      `json:"artifacts"`
	Notes     []string `json:"notes,omitempty"`
}

// errEnded ends a session in good order from within.
var errEnded = errors.New("the recording was ended")

func (r *Recorder) run(ctx context.Context, j *workers.Job, in Input) (any, error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	s := &session{
		Recorder: r, job: j, in: in, mask: mask.New(key), began: r.cfg.Now(),
		over: make(chan struct{}), broken: make(chan error, 1), secrets: map[string]string{}, attended: map[playwright.Page]bool{},
	}
	defer s.release()
	err := s.open(ctx)
	if err == nil {
		err = s.work(ctx)
	}
	return s.end(ctx, err)
}

// work is what happens between start and end: the first page, the steps, the person.
func (s *session) work(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		cancel(s.interrupted(ctx))
	}()
	defer func() { cancel(nil); <-watched }()

	err := s.begin(ctx)
	if err == nil && s.in.Mode == Interactive {
		<-ctx.Done()
		err = context.Cause(ctx)
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause // what was under way failed because of it
	}
	if errors.Is(err, errEnded) {
		return nil
	}
	return err
}

// interrupted waits for what ends a session and says why.
func (s *session) interrupted(ctx context.Context) error {
	limit := time.NewTimer(s.limit())
	defer limit.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.job.StopRequested():
		s.because("stopped on request")
		return errEnded
	case <-s.over:
		return errEnded
	case err := <-s.broken:
		return err
	case <-s.ctx.Lost():
		return browser.ErrLost
	case <-limit.C:
		text := fmt.Sprintf("the time limit of %s was reached", s.limit())
		if s.in.Mode == Script {
			return workers.Permanent(CodeLimit, errors.New(text))
		}
		s.because(text)
		return errEnded
	}
}

func (s *session) limit() time.Duration {
	if s.in.TimeLimitMS > 0 {
		return time.Duration(s.in.TimeLimitMS) * time.Millisecond
	}
	return s.cfg.TimeLimit
}

// stop ends the session in good order.
func (s *session) stop(why string) {
	s.overOne.Do(func() {
		s.because(why)
		close(s.over)
	})
}

// fail ends the session in disorder; the first error stands.
func (s *session) fail(err error) {
	select {
	case s.broken <- err:
	default:
	}
}

func (s *session) because(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reason == "" {
		s.reason = why
	}
}

// maxNotes bounds what a person is told.
const maxNotes = 50

// note is for the person who looks at the recording; the same is said once.
func (s *session) note(format string, args ...any) {
	text := s.mask.Text(fmt.Sprintf(format, args...))
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.notes) >= maxNotes || slices.Contains(s.notes, text) {
		return
	}
	s.notes = append(s.notes, text)
	s.job.Logf(slog.LevelWarn, "%s", text)
}

// place writes a step: a new one at the end, or more of one that is there.
func (s *session) place(step recording.Step, amends bool) {
	if step.At.IsZero() {
		step.At = s.cfg.Now()
	}
	if step.Evidence == nil {
		step.Evidence = &recording.Evidence{}
	}
	step.Evidence.OffsetMS = max(step.At.Sub(s.began).Milliseconds(), 0)
	step = s.maskStep(step)
	if amends {
		s.scribe.amend(step.ID, func(old *recording.Step) {
			keepEvidence(&step, old.Evidence)
			*old = step
		})
		return
	}
	s.mu.Lock()
	s.marks = append(s.marks, mark{step.ID, step.At})
	var before string
	if n := len(s.marks); n > 1 {
		before = s.marks[n-2].id
	}
	s.mu.Unlock()
	s.scribe.record(step)
	if before != "" {
		s.closeStep(before)
	}
}

// keepEvidence keeps what was gathered for a step when more is known of what it did.
func keepEvidence(step *recording.Step, old *recording.Evidence) {
	if old == nil {
		return
	}
	e := step.Evidence
	e.Screenshot, e.DOM, e.Requests, e.Console = old.Screenshot, old.DOM, old.Requests, old.Console
	e.DurationMS = max(e.DurationMS, old.DurationMS)
}

// window is the time from a step to the next.
func (s *session) window(id string) (from, to time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.marks, func(m mark) bool { return m.id == id })
	if i < 0 {
		return from, to, false
	}
	if i+1 < len(s.marks) {
		to = s.marks[i+1].at
	}
	return s.marks[i].at, to, true
}

// closeStep adds what the step caused, as far as it is known now.
func (s *session) closeStep(id string) {
	from, to, ok := s.window(id)
	if !ok {
		return
	}
	requests := s.requests(from, to)
	lines := s.lines.between(from, to, s.cfg.Limits.StepLines)
	if len(requests) == 0 && len(lines) == 0 {
		return
	}
	s.scribe.amend(id, func(step *recording.Step) {
		if step.Evidence == nil {
			step.Evidence = &recording.Evidence{}
		}
		step.Evidence.Requests, step.Evidence.Console = requests, lines
	})
}

// requests are the exchanges that began within a time; to is zero for no end.
func (s *session) requests(from, to time.Time) []recording.Request {
	var out []recording.Request
	for _, e := range s.proxy.Since(from) {
		if !to.IsZero() && !e.Started.Before(to) || len(out) >= s.cfg.Limits.StepRequests {
			break
		}
		r := recording.Request{Entry: int(e.ID - 1), Method: e.Request.Method, URL: s.mask.URL(e.Request.URL), Type: e.Dest()}
		if e.Response != nil {
			r.Status = e.Response.Status
		}
		if e.Error != nil {
			r.Error = e.Error.Code
		}
		out = append(out, r)
	}
	return out
}

// crashed is told of a page whose renderer died.
func (s *session) crashed(page playwright.Page) {
	name := s.pages.name(page)
	s.note("the renderer of %s crashed", name)
	s.fail(workers.Permanent(CodeCrashed, fmt.Errorf("the renderer of %s crashed", name)))
}

// release lets go of everything that a session holds, whatever happened.
func (s *session) release() {
	s.endLive("failed", "")
	if s.learner != nil {
		s.learner.stop()
	}
	if s.pics != nil {
		s.pics.stop()
	}
	if s.ctx != nil {
		_ = s.ctx.Close()
	}
	if s.proxy != nil {
		_ = s.proxy.Close()
	}
	if s.scribe != nil {
		s.scribe.close()
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

func (s *session) path(elem ...string) string {
	return filepath.Join(append([]string{s.dir}, elem...)...)
}
