package recorder

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
	"tapedeck/workers/recorder/capture"
	"tapedeck/workers/recorder/mask"
	"tapedeck/workers/recorder/stage"
)

// Join adds a viewer to a session that this process runs. It fails with stage.ErrNoStage.
func (r *Recorder) Join(ctx context.Context, sessionID, viewer string) (stage.Seat, error) {
	return r.stages.Join(ctx, sessionID, viewer)
}

// script is what runs in pages, read once for the process.
func (r *Recorder) script() (capture.Script, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.loaded != nil {
		return *r.loaded, nil
	}
	driver, err := r.cfg.Browser.Places.FindDriver()
	if err != nil {
		return capture.Script{}, err
	}
	script, err := capture.LoadScript(driver.Dir)
	if err == nil {
		r.loaded = &script
	}
	return script, err
}

// goLive begins to watch what is done, and shows it to viewers.
func (s *session) goLive(ctx context.Context) error {
	script, err := s.script()
	if err != nil {
		return err
	}
	if s.capture, err = capture.Attach(s.ctx, capture.Options{
		Script: script, OnAction: s.onAction, OnSuggestion: s.onSuggestion, Secrets: s.secretNames(), By: s.actor(), NewID: newStepID,
		PageNames: s.pages.nameFor, Now: s.cfg.Now, Log: s.cfg.Logger,
	}); err != nil {
		return explain(err)
	}
	if s.stage, err = stage.New(s.stageConfig()); err != nil {
		return err
	}
	if err := s.stage.Start(ctx); err != nil {
		return explain(err)
	}
	s.leave, err = s.stages.Add(s.stage)
	return err
}

// newStepID is a step's id: short, and sorted by time.
func newStepID() string { return "s-" + uuid.Must(uuid.NewV7()).String() }

func (s *session) actor() string {
	if s.in.Mode == Script {
		return "script"
	}
	return "person"
}

func (s *session) stageConfig() stage.Config {
	cfg := stage.Config{
		Context: s.ctx, SessionID: s.job.ID(), Mode: s.stageMode(),
		Viewport: stage.Viewport{Width: s.look.Viewport.Width, Height: s.look.Viewport.Height, Mobile: s.look.Mobile, DeviceScaleFactor: s.look.DeviceScaleFactor},
		PageName: s.pages.nameFor, Describe: s.describe, OnFiles: s.onFiles, AddAssertion: s.addAssertion, Navigate: s.navigate,
		TakeDialog: func(playwright.Dialog) bool { return !s.scripted() },
		OnViewport: s.onViewport, OnPause: s.onPause, OnStop: func() { s.stop("stopped by a viewer") }, OnCrash: s.crashed, OnLoop: s.looped,
		Logger: s.cfg.Logger, Now: s.cfg.Now,
	}
	if s.film != nil {
		cfg.Hide = s.hiders.frameBoxes
		cfg.OnFrame = func(f stage.Frame) { s.film.add(f.Name, f.Width, f.Height, f.At.Sub(s.began), f.JPEG) }
	}
	return cfg
}

// stageMode is "script" while steps are run, those before a person goes on included.
func (s *session) stageMode() string {
	if s.scripted() {
		return Script
	}
	return s.in.Mode
}

// scripted reports whether steps are being run: then dialogs are the player's.
func (s *session) scripted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running
}

func (s *session) setScripted(running bool) {
	s.mu.Lock()
	s.running, s.witnessed = running, nil
	s.mu.Unlock()
	if s.stage != nil && !running {
		s.stage.SetMode(Interactive)
	}
}

// navigate takes a page where a viewer wants it.
func (s *session) navigate(_ context.Context, page playwright.Page, to stage.Navigation) error {
	commit := playwright.WaitUntilStateCommit
	switch to.History {
	case "back":
		return s.capture.Traverse(page, to.History, func() error {
			_, err := page.GoBack(playwright.PageGoBackOptions{WaitUntil: commit})
			return err
		})
	case "forward":
		return s.capture.Traverse(page, to.History, func() error {
			_, err := page.GoForward(playwright.PageGoForwardOptions{WaitUntil: commit})
			return err
		})
	case "reload":
		_, err := page.Reload(playwright.PageReloadOptions{WaitUntil: commit})
		return err
	}
	_, err := page.Goto(to.URL, playwright.PageGotoOptions{WaitUntil: commit})
	return err
}

// describe says which element a viewer points at. What it shows stays between viewer and page.
func (s *session) describe(_ context.Context, page playwright.Page, x, y float64) (*stage.Element, error) {
	picked, err := s.capture.Describe(page, x, y)
	if err != nil {
		return nil, err
	}
	if len(picked.Target.Candidates) == 0 {
		return nil, nil
	}
	return &stage.Element{Label: picked.Label, Target: picked.Target, Box: picked.Box, Suggestions: picked.Assertions}, nil
}

// onFiles keeps the files that a viewer gives to a page, so that the recording can be run again.
func (s *session) onFiles(page playwright.Page, given []playwright.InputFile) {
	ctx, cancel := context.WithTimeout(context.Background(), storeWithin)
	defer cancel()
	var files []recording.File
	for _, in := range given {
		f := recording.File{Name: s.mask.Text(in.Name), ContentType: in.MimeType, Size: int64(len(in.Buffer))}
		f.Artifact = s.store(ctx, s.fileNameIn("uploads", f.Name), bytes.NewReader(s.mask.Body(in.MimeType, in.Buffer)))
		files = append(files, f)
	}
	s.capture.Uploaded(page, files)
}

// storeWithin bounds storing what a viewer gave.
const storeWithin = time.Minute

// addAssertion records a claim that a viewer made.
func (s *session) addAssertion(_ context.Context, page playwright.Page, target *recording.Target, claim recording.Assertion) error {
	s.settle("")
	step := recording.Step{
		ID: newStepID(), Type: recording.Assert, Page: s.pages.name(page), Target: target, Assertion: &claim, By: "person", At: s.cfg.Now(),
	}
	if faults := step.Check(); len(faults) > 0 {
		return fmt.Errorf("%s: %s", faults[0].Path, faults[0].Message)
	}
	s.place(step, false)
	s.pics.ask(step.ID, page)
	return nil
}

func (s *session) onViewport(page playwright.Page, size recording.Size) {
	step := recording.Step{
		ID: newStepID(), Type: recording.SetViewport, Page: s.pages.name(page), Viewport: &size, By: "person", At: s.cfg.Now(),
		Title: fmt.Sprintf("Set the viewport to %d × %d", size.Width, size.Height),
	}
	s.place(step, false)
}

func (s *session) onPause(paused bool) {
	if paused {
		s.capture.Pause()
	} else {
		s.capture.Resume()
	}
}

func (s *session) onSuggestion(g capture.Suggestion) {
	if !s.scripted() {
		s.stage.Suggest(g.Target, g.Assertion, g.Label)
	}
}

// onAction takes what capture saw, one after the other.
func (s *session) onAction(a capture.Action) {
	if s.scripted() { // the step that is run is what counts; this is what was seen of it
		s.mu.Lock()
		s.witnessed = append(s.witnessed, a)
		s.mu.Unlock()
		return
	}
	s.take(a)
}

// take writes down what a person did.
func (s *session) take(a capture.Action) {
	s.settle(a.Step.ID)
	for _, id := range a.Retracts {
		s.forget(id)
		s.scribe.retract(id)
	}
	step, amends := a.Step, a.Replaces != ""
	if a.Secret != nil {
		s.holdBack(step.ID, a.Page, *a.Secret)
	}
	s.place(step, amends)
	s.stage.SetSteps(s.count())
	switch {
	case a.Download != nil:
		s.attending.Go(func() { s.keepPersons(step.ID, a.Download) })
	case step.Type == recording.Fill:
		s.holdBack(step.ID, a.Page, capture.Secret{})
	case step.Type != recording.ClosePage && a.Page != nil:
		s.pics.ask(step.ID, a.Page)
	}
}

// count is how many steps there are.
func (s *session) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.marks)
}

// forget takes a step out of the times.
func (s *session) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.marks = slices.DeleteFunc(s.marks, func(m mark) bool { return m.id == id })
}

// keepPersons stores a file that a person got.
func (s *session) keepPersons(step string, d playwright.Download) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	defer context.AfterFunc(lostContext{s.ctx.Lost()}, cancel)()
	file, err := s.storeDownload(ctx, d)
	if err != nil {
		s.note("%v", err)
		return
	}
	s.scribe.amend(step, func(st *recording.Step) { st.Files = []recording.File{file} })
}

// lostContext ends when the browser is lost.
type lostContext struct{ lost <-chan struct{} }

// Deadline implements context.Context.
func (lostContext) Deadline() (t time.Time, ok bool) { return t, false }

// Done implements context.Context.
func (c lostContext) Done() <-chan struct{} { return c.lost }

// Err implements context.Context.
func (c lostContext) Err() error {
	if isClosed(c.lost) {
		return context.Canceled
	}
	return nil
}

// Value implements context.Context.
func (lostContext) Value(any) any { return nil }

// settleAfter is how long nothing more must be typed into a field until its value counts as whole.
const settleAfter = 400 * time.Millisecond

// typing is a field that may still grow: its value is known for good, and its
// picture taken, when something else happens or nothing does for a while. Else
// each beginning of a password would be a secret of its own.
type typing struct {
	mu     sync.Mutex
	step   string
	page   playwright.Page
	secret capture.Secret
	timer  *time.Timer
}

// holdBack notes that a field is being typed into.
func (s *session) holdBack(step string, page playwright.Page, secret capture.Secret) {
	t := &s.typing
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.timer != nil {
		t.timer.Stop()
	}
	if t.step != step || secret.Value != "" {
		t.secret = secret
	}
	t.step, t.page = step, page
	s.hiders.typed(t.secret.Value)
	t.timer = time.AfterFunc(settleAfter, func() { s.settle("") })
}

// settle ends the typing, unless it goes on in the same step.
func (s *session) settle(next string) {
	t := &s.typing
	t.mu.Lock()
	step, page, secret := t.step, t.page, t.secret
	if step == "" || step == next {
		t.mu.Unlock()
		return
	}
	t.timer.Stop()
	t.step, t.page, t.secret = "", nil, capture.Secret{}
	t.mu.Unlock()
	if secret.Value != "" {
		s.learn(step, secret)
	}
	s.pics.ask(step, page)
}

// learn makes a typed secret known: from now on it is nowhere written.
func (s *session) learn(step string, secret capture.Secret) {
	shown := s.mask.Declare(mask.Password, secret.Name, secret.Value)
	s.hiders.learn(secret.Value)
	s.mu.Lock()
	if _, known := s.secrets[secret.Name]; !known {
		s.secrets[secret.Name] = secret.Value
	}
	s.mu.Unlock()
	s.scribe.amend(step, func(st *recording.Step) {
		if st.Value != nil {
			v := *st.Value
			v.Text = shown
			st.Value = &v
		}
	})
}

// witness is what capture saw of a step of a script; what it also saw and the
// script does not say is written down as steps of their own.
func (s *session) witness(step recording.Step, next []recording.Step) {
	s.capture.Sync()
	s.mu.Lock()
	seen := s.witnessed
	s.witnessed = nil
	s.mu.Unlock()
	all := slices.Clone(seen)
	seen = slices.DeleteFunc(seen, func(a capture.Action) bool { return late(a, all) })
	for i, a := range seen {
		if a.Step.Type == step.Type && a.Step.Target != nil && step.Target != nil {
			s.scribe.amend(step.ID, func(st *recording.Step) { s.enrich(st, a) })
			if a.Secret != nil && step.Value != nil && step.Value.Secret == "" { // the script did not know that it is one
				s.scribe.amend(step.ID, func(st *recording.Step) { st.Value = &recording.Value{Secret: a.Secret.Name} })
				s.learn(step.ID, *a.Secret)
			}
			seen = slices.Delete(seen, i, i+1)
			break
		}
	}
	for _, a := range seen {
		if unsaid(a.Step.Type, step, next) {
			a.Step.By = "script"
			s.place(a.Step, false)
		}
	}
}

// late says that an action only amends what was seen of an earlier step: a field tells of its last change when it is left.
func late(a capture.Action, seen []capture.Action) bool {
	return a.Replaces != "" && !slices.ContainsFunc(seen, func(o capture.Action) bool { return o.Replaces == "" && o.Step.ID == a.Replaces })
}

// unsaid: something happened that the script has no step for.
func unsaid(kind recording.Action, step recording.Step, next []recording.Step) bool {
	passive := []recording.Action{recording.Dialog, recording.OpenPage, recording.ClosePage, recording.Download}
	if !slices.Contains(passive, kind) || step.Type == kind {
		return false
	}
	for _, n := range next {
		if n.Type == kind {
			return false
		}
		if !slices.Contains(passive, n.Type) {
			break
		}
	}
	return true
}

// enrich adds to a script's step what was seen of its element: the script's own ways stay the first.
func (s *session) enrich(st *recording.Step, a capture.Action) {
	seen := s.maskStep(a.Step)
	target := *st.Target
	target.Candidates = slices.Clone(target.Candidates)
	for _, c := range seen.Target.Candidates {
		i := slices.IndexFunc(target.Candidates, func(have recording.Candidate) bool { return have.Selector == c.Selector })
		if i < 0 {
			target.Candidates = append(target.Candidates, c)
		} else {
			target.Candidates[i] = c
		}
	}
	if target.Chosen == "" { // what is added must not become the best
		target.Chosen = st.Target.Best()
	}
	if target.Element == nil {
		target.Element = seen.Target.Element
	}
	st.Target = &target
	e := seen.Evidence
	if st.Evidence == nil || e == nil {
		return
	}
	st.Evidence.Box, st.Evidence.Viewport, st.Evidence.Aria = e.Box, e.Viewport, e.Aria
	st.Evidence.URL, st.Evidence.Title = e.URL, e.Title
}

// endLive stops showing and watching; what was seen until now is told first.
func (s *session) endLive(outcome, reason string) {
	if s.leave != nil {
		s.leave()
	}
	if s.stage != nil {
		s.stage.Stop(outcome, reason)
	}
	if s.capture != nil {
		if err := s.capture.Close(); err != nil {
			s.note("%v", err)
		}
	}
	s.settle("")
	s.typing.mu.Lock()
	if s.typing.timer != nil {
		s.typing.timer.Stop()
	}
	s.typing.mu.Unlock()
}
