package stage

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
)

const (
	// maxSeats bounds the viewers of one session: each costs a copy of every frame on the wire.
	maxSeats = 32
	// stopTimeout bounds how long Stop waits for calls that the browser does not answer.
	stopTimeout = 3 * time.Second
)

// Stage shows one session's pages to its viewers. All of it may be called from anywhere at once.
type Stage struct {
	cfg    Config
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	began  time.Time
	keeper *keeper
	picker *picker

	mu      sync.Mutex
	started bool
	stopped bool
	pages   []*page
	active  *page
	seats   []*seat
	driver  *seat
	// driving is closed and made anew when the driver changes.
	driving chan struct{}
	asks    map[string]*ask
	order   []string // of asks
	nextID  int
	pageNo  uint16
	frameNo uint32
	paused  bool
	mode    string
	steps   int
}

// New makes a stage; Start begins.
func New(cfg Config) (*Stage, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Stage{cfg: cfg, driving: make(chan struct{}), asks: map[string]*ask{}, mode: cfg.Mode, began: cfg.Now()}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.keeper, s.picker = newKeeper(s), newPicker(s)
	return s, nil
}

// Start takes the context's pages and every one that opens from now on. The stage lives until Stop, or until the
// browser context closes; ctx bounds the start alone.
func (s *Stage) Start(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	s.cfg.Context.OnPage(func(p playwright.Page) { s.appeared(p, true) })
	s.cfg.Context.OnDialog(s.onDialog)
	s.cfg.Context.OnClose(func(playwright.BrowserContext) { go s.Stop("failed", "the browser ended") })
	for _, p := range s.cfg.Context.Pages() {
		s.measure(p)
		s.appeared(p, false)
	}
	s.spawn(s.keeper.loop)
	s.spawn(s.picker.loop)
	return nil
}

// measure takes a page's size for the viewport when nobody said it.
func (s *Stage) measure(p playwright.Page) {
	size := p.ViewportSize()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cfg.Viewport.Width == 0 && size != nil {
		s.cfg.Viewport.Width, s.cfg.Viewport.Height = size.Width, size.Height
	}
}

func (s *Stage) begin(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopped:
		return errors.New("stage: it was stopped")
	case s.started:
		return errors.New("stage: it was started before")
	case ctx.Err() != nil:
		return ctx.Err()
	}
	s.started, s.began = true, s.cfg.Now()
	return nil
}

// Stop tells the viewers how the session ended and lets go of the pages; they stay open. Only the first call counts.
func (s *Stage) Stop(outcome, reason string) {
	s.mu.Lock()
	if s.stopped {
		s.mu.Unlock()
		return
	}
	s.stopped = true
	seats := slices.Clone(s.seats)
	s.mu.Unlock()

	last := encode(ended{Op: "ended", Outcome: outcome, Reason: reason})
	for _, seat := range seats {
		seat.end(last)
	}
	s.cancel()
	done := make(chan struct{})
	go func() { s.work.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(stopTimeout):
		s.cfg.Logger.Warn("the browser does not answer; its calls are left to end with it", "session", s.cfg.SessionID)
	}
}

// Done is closed when the stage is over.
func (s *Stage) Done() <-chan struct{} { return s.ctx.Done() }

// run starts a goroutine that Stop waits for; the caller holds the lock, or is such a goroutine.
func (s *Stage) run(f func()) {
	s.work.Add(1)
	go func() {
		defer s.work.Done()
		f()
	}()
}

// spawn starts such a goroutine from elsewhere; after Stop it does not.
func (s *Stage) spawn(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stopped {
		s.run(f)
	}
}

// SetSteps tells viewers how many steps the recording has.
func (s *Stage) SetSteps(n int) { s.change(func() { s.steps = n }) }

// SetMode tells viewers who drives the session: "interactive" or "script".
func (s *Stage) SetMode(mode string) { s.change(func() { s.mode = mode }) }

// SetPaused tells viewers whether the recording is paused, when it was not one of them who did it.
func (s *Stage) SetPaused(paused bool) { s.change(func() { s.paused = paused }) }

// Notice shows viewers a line; level is "info", "warn" or "error".
func (s *Stage) Notice(level, text string) { s.tell(notice{Op: "notice", Level: level, Text: text}) }

// Suggest offers viewers a claim about what newly appeared on the page that is shown.
func (s *Stage) Suggest(target recording.Target, claim recording.Assertion, label string) {
	id := s.picker.keep(s.Active(), target)
	s.tell(suggested{Op: "suggested", PickID: id, Target: target, Assertion: claim, Label: label})
}

// Active is the page that is shown; nil when there is none.
func (s *Stage) Active() playwright.Page {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active == nil {
		return nil
	}
	return s.active.pw
}

// tell sends a message to every viewer.
func (s *Stage) tell(v any) {
	data := encode(v)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seat := range s.seats {
		seat.push("", data)
	}
}

// change does something to the state and tells viewers.
func (s *Stage) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	s.tellState()
}

// tellState sends the state to every viewer; the caller holds the lock.
func (s *Stage) tellState() {
	if len(s.seats) == 0 {
		return
	}
	data := encode(s.state())
	for _, seat := range s.seats {
		seat.push("state", data)
	}
}

// state is what viewers see; the caller holds the lock.
func (s *Stage) state() state {
	out := state{
		Op: "state", Viewers: len(s.seats), Paused: s.paused, Mode: s.mode,
		ElapsedMS: s.cfg.Now().Sub(s.began).Milliseconds(), Steps: s.steps,
	}
	for _, p := range s.pages {
		if p.name != "" {
			out.Pages = append(out.Pages, p.tab())
		}
	}
	if s.active != nil {
		out.Active = s.active.name
	}
	if s.driver != nil {
		out.Driver = &s.driver.viewer
	}
	return out
}

// Join adds a viewer; the first one drives. It fails with ErrNoStage when the session ended and with ErrFull.
func (s *Stage) Join(viewer string) (Seat, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopped || !s.started:
		return nil, ErrNoStage
	case len(s.seats) >= maxSeats:
		return nil, ErrFull
	}
	seat := &seat{stage: s, viewer: viewer, wake: make(chan struct{}, 1)}
	s.seats = append(s.seats, seat)
	you := "watcher"
	if s.drivesNext(seat) {
		you = "driver"
		s.setDriver(seat)
	}
	seat.push("", encode(hello{Op: "hello", SessionID: s.cfg.SessionID, Viewer: viewer, You: you, Viewport: s.cfg.Viewport}))
	s.tellState()
	for _, id := range s.order {
		seat.push("", s.asks[id].message)
	}
	if s.active != nil {
		if s.active.last != nil {
			seat.show(s.active.last)
		}
		s.active.cast.poke()
	}
	return seat, nil
}

// drivesNext says whether a viewer who joins drives: as the first one, or because it is the driver who came back
// before its lost connection was noticed.
func (s *Stage) drivesNext(joined *seat) bool {
	if s.driver == nil {
		return len(s.seats) == 1
	}
	return joined.viewer != "" && s.driver.viewer == joined.viewer
}

// setDriver gives the drive to a seat, or to nobody. What the old one held down is let go.
func (s *Stage) setDriver(seat *seat) {
	if s.driver == seat {
		return
	}
	if s.driver != nil {
		for _, p := range s.pages {
			p.input.letGo()
		}
		s.picker.off()
	}
	s.driver = seat
	close(s.driving)
	s.driving = make(chan struct{})
}

func (s *Stage) leave(gone *seat) {
	s.change(func() {
		s.seats = slices.DeleteFunc(s.seats, func(o *seat) bool { return o == gone })
		if s.driver == gone {
			s.setDriver(nil)
		}
		if s.active != nil {
			s.active.cast.poke() // perhaps nobody looks any more
		}
	})
}

// driven is whether somebody drives, how many watch, and a channel that is closed when that changes.
func (s *Stage) driven() (driver bool, seats int, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.driver != nil, len(s.seats), s.driving
}

// watched says whether anybody wants pictures; the caller holds the lock.
func (s *Stage) watched() bool { return len(s.seats) > 0 || s.cfg.OnFrame != nil }

// framePace is the least time between two frames. While nobody looks, no more are taken than are kept: each costs the
// browser a picture.
func (s *Stage) framePace() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	fps := s.cfg.MaxFPS
	if len(s.seats) == 0 {
		fps = s.cfg.KeepFPS
	}
	return time.Second / time.Duration(fps)
}

// publish shows a picture of a page to every viewer, if the page is still the one that is shown.
func (s *Stage) publish(p *picture) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frameNo++
	p = p.numbered(s.frameNo)
	p.page.last = p
	if s.active != p.page {
		return
	}
	for _, seat := range s.seats {
		seat.show(p)
	}
	s.keeper.offer(p)
}
