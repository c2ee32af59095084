package recorder

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
	"tapedeck/domain/recording/chromerecorder"
	"tapedeck/proxy"
	"tapedeck/workers"
	"tapedeck/workers/recorder/play"
)

// gatherSteps reads the steps that are run, from wherever they are.
func (s *session) gatherSteps(ctx context.Context) error {
	if s.in.From.RecordingID != "" {
		return s.stepsFrom(ctx, s.in.From)
	}
	if len(s.in.ChromeRecording) > 0 {
		return s.importChrome()
	}
	steps, faults := decodeSteps(s.in.Steps)
	if len(faults) > 0 {
		return workers.Permanent("input", fmt.Errorf("%s: %s", faults[0].Path, faults[0].Message))
	}
	s.steps = steps
	return nil
}

// importChrome takes the steps of a recording of Chrome's, and says what could not be taken.
func (s *session) importChrome() error {
	d, notes, err := chromerecorder.Import(s.in.ChromeRecording)
	if err != nil {
		return workers.Permanent("input", fmt.Errorf("input.chromeRecording: %w", err))
	}
	for _, n := range notes {
		s.note("%s: %s", n.Path, n.Message)
	}
	s.steps = d.Steps
	return nil
}

func (s *session) stepsFrom(ctx context.Context, from From) error {
	state, err := s.cfg.Jobs.LoadRecordingAt(ctx, from.RecordingID, from.Version)
	if err == nil && state.Project != s.job.Project() {
		err = recording.ErrNotFound
	}
	if errors.Is(err, recording.ErrNotFound) {
		return workers.Permanent(CodeFrom, fmt.Errorf("recording %s: %w", from.RecordingID, err))
	}
	if err != nil {
		return err
	}
	s.steps = slices.Clone(state.Steps)
	if from.Steps > 0 && from.Steps < len(s.steps) {
		s.steps = s.steps[:from.Steps]
	}
	if len(s.in.Variables) == 0 {
		for _, v := range state.Variables {
			s.in.Variables = append(s.in.Variables, Variable{Name: v.Name, Rows: v.Rows, Unique: v.Unique, Note: v.Note})
		}
	}
	return nil
}

// begin opens the first page, begins to watch, loads the address, and runs the steps.
func (s *session) begin(ctx context.Context) error {
	page, err := call(ctx, func() (playwright.Page, error) { return s.ctx.NewPage() })
	if err != nil {
		return explain(err)
	}
	s.onPage(page)
	var player *play.Player
	if len(s.steps) > 0 { // before anything can show a dialog
		s.setScripted(true)
		player = play.New(s.ctx, s.playOptions())
		defer player.Close()
	}
	if err := s.goLive(ctx); err != nil {
		return err
	}
	if !s.opensItself() {
		if err := s.openFirst(ctx, page); err != nil {
			return err
		}
	}
	if player == nil {
		return nil
	}
	if err := s.runSteps(ctx, player); err != nil {
		return err
	}
	s.capture.Sync()
	s.setScripted(false)
	return nil
}

// opensItself: the steps begin with a navigation of their own.
func (s *session) opensItself() bool {
	i := slices.IndexFunc(s.steps, func(st recording.Step) bool { return !st.Disabled && st.Type != recording.SetViewport })
	return i >= 0 && s.steps[i].Type == recording.Navigate && s.steps[i].URL != ""
}

// openFirst loads the address that was asked for, as the first step.
func (s *session) openFirst(ctx context.Context, page playwright.Page) error {
	step := recording.Step{ID: s.freeID("start"), Type: recording.Navigate, URL: s.in.URL, Page: "page", By: s.actor(), At: s.cfg.Now()}
	step.Title = "Open " + s.mask.URL(s.in.URL)
	s.place(step, false)
	err := s.capture.SuspendWhile(func() error { return s.visit(ctx, page, s.in.URL) })
	if err != nil {
		return err
	}
	if len(s.steps) > 0 {
		s.awaitLoad(ctx, page)
		s.pics.take(ctx, target{step: step.ID, page: page})
		return nil
	}
	s.attending.Go(func() { // a person need not wait for it
		s.awaitLoad(ctx, page)
		s.pics.ask(step.ID, page)
	})
	return nil
}

// freeID is an id that no step of the script has.
func (s *session) freeID(id string) string {
	for slices.ContainsFunc(s.steps, func(st recording.Step) bool { return st.ID == id }) {
		id += "_"
	}
	return id
}

// visit loads the first page. A site that cannot be reached ends the recording;
// a page that never stops loading does not.
func (s *session) visit(ctx context.Context, page playwright.Page, to string) error {
	since := s.cfg.Now()
	answer, err := call(ctx, func() (playwright.Response, error) {
		return page.Goto(to, playwright.PageGotoOptions{WaitUntil: playwright.WaitUntilStateCommit})
	})
	if fault := s.unreachable(since); fault != nil && (err != nil || answer != nil && answer.Status() >= 400) {
		return fault
	}
	switch {
	case err == nil:
	case strings.Contains(err.Error(), "Download is starting"), strings.Contains(err.Error(), "net::ERR_ABORTED"):
		s.note("the address is a file to download, not a page")
		return nil
	case errors.Is(err, playwright.ErrTargetClosed) || ctx.Err() != nil:
		return explain(err)
	default:
		return navigationFault(errors.New(s.mask.Text(firstLine(err))))
	}
	return nil
}

// awaitLoad gives the first page some time: one that never stops loading is recorded all the same.
func (s *session) awaitLoad(ctx context.Context, page playwright.Page) {
	_, err := call(ctx, func() (struct{}, error) {
		return struct{}{}, page.WaitForLoadState(playwright.PageWaitForLoadStateOptions{
			State: playwright.LoadStateLoad, Timeout: playwright.Float(float64(loadPatience.Milliseconds())),
		})
	})
	if err != nil && ctx.Err() == nil && !errors.Is(err, playwright.ErrTargetClosed) {
		s.note("the first page was still loading after %s", loadPatience)
	}
}

// loadPatience is how long the first page may load before the recording goes on without waiting.
const loadPatience = 10 * time.Second

// unreachable is the proxy's word on why a document did not come.
func (s *session) unreachable(since time.Time) error {
	entries := s.proxy.Since(since)
	for _, e := range slices.Backward(entries) {
		if !isDocument(e) {
			continue
		}
		if e.Error == nil || slices.Contains([]string{proxy.CodeCancelled, proxy.CodeStopped, proxy.CodeNoise}, e.Error.Code) {
			return nil
		}
		return workers.Permanent(e.Error.Code, fmt.Errorf("%s cannot be reached: %s", s.mask.URL(e.Request.URL), s.mask.Text(e.Error.Message)))
	}
	return nil
}

// isDocument: the browser says what a request is for only to sites that it trusts.
func isDocument(e proxy.Entry) bool {
	return e.Dest() == "document" || e.Dest() == "" && e.Request.Header.Get("Upgrade-Insecure-Requests") != ""
}

// call runs one call of the driver; it returns when ctx ends.
func call[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		v, err := f()
		done <- answer{v, err}
	}()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// runSteps runs the script, or the steps before a person goes on.
func (s *session) runSteps(ctx context.Context, player *play.Player) error {
	for i, step := range s.steps {
		if err := s.runStep(ctx, player, step, s.steps[i+1:]); err != nil {
			return err
		}
		s.job.Progress(100*float64(i+1)/float64(len(s.steps)), s.mask.Text(fmt.Sprintf("step %d of %d: %s", i+1, len(s.steps), step.Words())))
		if err := pause(ctx, time.Duration(s.in.SlowMoMS)*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) playOptions() play.Options {
	values := map[string]string{}
	for _, v := range s.in.Variables {
		switch {
		case v.Value != "":
			values[v.Name] = v.Value
		case v.Unique:
			if text := recordedText(s.steps, v.Name); text != "" {
				values[v.Name] = uniqueText(text, fmt.Sprintf("%s/%d", s.job.ID(), s.job.Attempt()))
			}
		}
	}
	s.steps = entered(s.steps, values)
	return play.Options{
		Secrets:   s.secret,
		Variables: values,
		File:      s.uploadOf,
		Download:  s.keepDownload,
	}
}

// entered are steps with what is entered into them in this run, as it is written down.
func entered(steps []recording.Step, values map[string]string) []recording.Step {
	now := func(v recording.Value) recording.Value {
		if text, ok := values[v.Variable]; ok && v.Variable != "" && v.Secret == "" {
			v.Text = text
		}
		return v
	}
	out := slices.Clone(steps)
	for i := range out {
		if v := out[i].Value; v != nil {
			text := now(*v)
			out[i].Value = &text
		}
		out[i].Values = slices.Clone(out[i].Values)
		for k, v := range out[i].Values {
			out[i].Values[k] = now(v)
		}
	}
	return out
}

// recordedText is what the steps enter for a variable.
func recordedText(steps []recording.Step, variable string) string {
	for _, step := range steps {
		for _, v := range append(slices.Clone(step.Values), deref(step.Value)) {
			if v.Variable == variable && v.Secret == "" && v.Text != "" {
				return v.Text
			}
		}
	}
	return ""
}

func deref(v *recording.Value) recording.Value {
	if v == nil {
		return recording.Value{}
	}
	return *v
}

// uniqueText is a text of the same sort that no other run has: an address stays one, a number too.
func uniqueText(text, run string) string {
	sum := sha256.Sum256([]byte(run))
	suffix := hex.EncodeToString(sum[:4])
	if local, domain, ok := strings.Cut(text, "@"); ok && local != "" && domain != "" {
		return local + "." + suffix + "@" + domain
	}
	if strings.Trim(text, "0123456789") == "" {
		return text + fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[:])%1_000_000)
	}
	return text + "-" + suffix
}

// secret is the value of a secret by its name.
func (s *session) secret(name string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.secrets[name]
	return v, ok
}

// runStep does one step and writes it down: what was to be done with what was seen.
func (s *session) runStep(ctx context.Context, player *play.Player, step recording.Step, next []recording.Step) error {
	step.Evidence, step.At, step.By = nil, s.cfg.Now(), "script"
	s.place(step, false)
	if step.Disabled {
		return nil
	}
	end := s.group(step.Words())
	result, err := player.Run(ctx, step, next...)
	end()
	s.witness(step, next)
	s.stage.SetSteps(s.count())
	s.scribe.amend(step.ID, func(st *recording.Step) { st.Evidence.DurationMS = result.Duration.Milliseconds() })
	for _, text := range result.Notes {
		s.note("step %s: %s", step.ID, text)
	}
	if result.Healed {
		s.note("step %s: found by %s, because the first way led nowhere", step.ID, result.Used.By)
	}
	if page, ok := player.Page(orPage(step.Page)); ok && (err == nil || ctx.Err() == nil) {
		s.pics.take(ctx, target{step: step.ID, page: page})
	}
	if err == nil && step.Type == recording.Navigate { // what stands there may be the proxy's own page
		err = s.unreachable(step.At)
	}
	return s.stepFault(err)
}

func orPage(name string) string {
	if name == "" {
		return "page"
	}
	return name
}

func (s *session) stepFault(err error) error {
	var failed *play.StepError
	var own *workers.Error
	switch {
	case err == nil, errors.As(err, &own):
		return err
	case !errors.As(err, &failed):
		return explain(err)
	case failed.Reason == play.Crashed:
		return workers.Permanent(CodeCrashed, errors.New(s.mask.Text(failed.Error())))
	case failed.Step.Type == recording.Navigate:
		if fault := s.unreachable(failed.Step.At); fault != nil {
			return fault
		}
	}
	return workers.Permanent(CodeStep, errors.New(s.mask.Text(failed.Error())))
}

// group puts what follows into one line of the trace. Its end must be called.
func (s *session) group(title string) (end func()) {
	if !s.tracing || s.ctx.Tracing().Group(s.mask.Text(title)) != nil {
		return func() {}
	}
	return func() { _ = s.ctx.Tracing().GroupEnd() }
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
