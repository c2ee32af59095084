package recorder

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"tapedeck/domain/recording"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
)

// scribe writes a recording's events in the order in which they were handed to
// it. One goroutine appends; what gathers meanwhile goes into its next append.
type scribe struct {
	repo *jobs.Repository
	by   jobs.Caller
	hold eventstore.Hold
	now  func() time.Time
	// refused is told of what the recording itself does not take, and fatal, once, of the error after which nothing
	// can be written. Both are called on goroutines of their own.
	refused, fatal func(error)

	gate   sync.RWMutex // held for reading while something is put into queue
	closed bool
	queue  chan entry
	done   chan struct{}

	mu    sync.Mutex
	state recording.State
	err   error
}

// entry is one thing to write. decide is asked on the scribe's goroutine: it
// sees the state with everything before it.
type entry struct {
	decide  func(recording.State) []recording.Command
	written chan<- error
}

// queueLength is how much may wait before whoever records waits, too.
const queueLength = 256

// maxBatch bounds one append.
const maxBatch = 64

func newScribe(repo *jobs.Repository, by jobs.Caller, hold eventstore.Hold, state recording.State, now func() time.Time, refused, fatal func(error)) *scribe {
	s := &scribe{
		repo: repo, by: by, hold: hold, now: now, refused: refused, fatal: fatal, state: state,
		queue: make(chan entry, queueLength), done: make(chan struct{}),
	}
	go s.write()
	return s
}

// record adds a step.
func (s *scribe) record(step recording.Step) {
	s.put(func(recording.State) []recording.Command { return []recording.Command{recording.Record{Step: step}} })
}

// amend changes a step that may have been changed, or retracted, since.
func (s *scribe) amend(id string, change func(*recording.Step)) {
	s.put(func(state recording.State) []recording.Command {
		step, i := state.Step(id)
		if i < 0 || state.Status != recording.StatusRecording {
			return nil
		}
		if step.Evidence != nil {
			evidence := *step.Evidence
			step.Evidence = &evidence
		}
		change(&step)
		return []recording.Command{recording.Amend{Step: step}}
	})
}

// retract takes a step away.
func (s *scribe) retract(id string) {
	s.put(func(recording.State) []recording.Command { return []recording.Command{recording.Retract{StepID: id}} })
}

func (s *scribe) put(decide func(recording.State) []recording.Command) {
	s.send(entry{decide: decide})
}

func (s *scribe) send(e entry) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if !s.closed {
		s.queue <- e
	} else if e.written != nil {
		e.written <- errors.New("the recording is finished")
	}
}

// sync waits until everything handed over so far is written.
func (s *scribe) sync(ctx context.Context) (recording.State, error) {
	written := make(chan error, 1)
	s.send(entry{decide: func(recording.State) []recording.Command { return nil }, written: written})
	select {
	case err := <-written:
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.state, errors.Join(err, s.err)
	case <-ctx.Done():
		return s.last(), context.Cause(ctx)
	}
}

// last is the state that was written last.
func (s *scribe) last() recording.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// finish writes the last event and ends the scribe.
func (s *scribe) finish(ctx context.Context, f recording.Finished) error {
	written := make(chan error, 1)
	s.send(entry{written: written, decide: func(state recording.State) []recording.Command {
		if state.Status != recording.StatusRecording {
			return nil
		}
		return []recording.Command{recording.Finish{Finished: f}}
	}})
	var err error
	select {
	case err = <-written:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	s.close()
	return err
}

// close ends the scribe; what is handed over later is not written.
func (s *scribe) close() {
	s.gate.Lock()
	if !s.closed {
		s.closed = true
		close(s.queue)
	}
	s.gate.Unlock()
	<-s.done
}

func (s *scribe) write() {
	defer close(s.done)
	for first := range s.queue {
		batch := append([]entry{first}, s.waiting()...)
		err := s.apply(batch)
		for _, e := range batch {
			if e.written != nil {
				e.written <- err
			}
		}
	}
}

func (s *scribe) waiting() (more []entry) {
	for len(more) < maxBatch {
		select {
		case e, ok := <-s.queue:
			if !ok {
				return more
			}
			more = append(more, e)
		default:
			return more
		}
	}
	return more
}

// writeWithin bounds an append: the store may be down for a while.
const writeWithin = 20 * time.Second

func (s *scribe) apply(batch []entry) error {
	if s.err != nil {
		return s.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), writeWithin)
	defer cancel()
	state := s.last()
	for {
		next, err := s.try(ctx, state, batch)
		if errors.Is(err, eventstore.ErrConflict) { // somebody renamed it meanwhile
			if state, err = s.repo.LoadRecording(ctx, state.ID); err == nil {
				continue
			}
		}
		s.mu.Lock()
		s.state = next
		s.mu.Unlock()
		return s.failed(err)
	}
}

// try decides one after the other, so that one that is refused does not take the others with it.
func (s *scribe) try(ctx context.Context, state recording.State, batch []entry) (recording.State, error) {
	var commands []recording.Command
	trial := state
	for _, e := range batch {
		for _, c := range e.decide(trial) {
			facts, err := recording.Decide(trial, c)
			if err != nil {
				go s.refused(err)
				continue
			}
			for _, fact := range facts {
				trial = recording.Evolve(trial, fact, s.now())
			}
			commands = append(commands, c)
		}
	}
	return s.repo.ApplyRecording(ctx, state, s.by, s.now(), []eventstore.Hold{s.hold}, commands...)
}

func (s *scribe) failed(err error) error {
	if err == nil {
		return nil
	}
	s.mu.Lock()
	s.err = fmt.Errorf("write steps: %w", err)
	s.mu.Unlock()
	go s.fatal(s.err)
	return s.err
}
