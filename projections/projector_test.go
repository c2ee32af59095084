package projections

import (
	"context"
	goflag "flag"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

// TestMain has each property tried thirty times instead of a hundred, unless -rapid.checks says otherwise: every try builds
// read models, and under the race detector a hundred of them take minutes.
func TestMain(m *testing.M) {
	if err := goflag.Set("rapid.checks", "30"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

var _ Reader = (*Projector)(nil)

// faulty is a log whose answers a test can replace.
type faulty struct {
	eventstore.Log
	mu      sync.Mutex
	down    error
	resolve error
	change  func(eventstore.Batch) eventstore.Batch
}

func (f *faulty) set(change func(*faulty)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *faulty) ReadAll(ctx context.Context, after eventstore.Position, limit int) (eventstore.Batch, error) {
	f.mu.Lock()
	down, change := f.down, f.change
	f.mu.Unlock()
	if down != nil {
		return eventstore.Batch{Next: after}, down
	}
	b, err := f.Log.ReadAll(ctx, after, limit)
	if change != nil {
		b = change(b)
	}
	return b, err
}

func (f *faulty) Resolve(ctx context.Context, c eventstore.Cursor) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.resolve != nil {
		return f.resolve
	}
	return f.Log.Resolve(ctx, c)
}

// quiet says nothing to the terminal.
func quiet(cfg Config) Config {
	cfg.Logger = slog.New(slog.DiscardHandler)
	return cfg
}

func start(t *testing.T, log eventstore.Log, cfg Config) *Projector {
	p := New(log, quiet(cfg))
	require.NoError(t, p.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, p.Stop()) })
	return p
}

// reach waits until the projector has folded all that the log holds now.
func reach(t *testing.T, p *Projector, log eventstore.Log) eventstore.Cursor {
	tail, err := log.Tail(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, p.WaitFor(ctx, tail))
	return tail
}

// until waits for a condition of the status; every change of it is a signal.
func until(t *testing.T, p *Projector, ok func(standing) bool) {
	timeout := time.After(20 * time.Second)
	for {
		s, changed := p.standing()
		if ok(s) {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			require.Fail(t, "the projector did not get there", "%+v", s)
		}
	}
}

func TestFollowsTheLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.now = time.Now()
	id := w.submit(job.Submit{Kind: "system.ping"})
	p := start(t, w.store, Config{})
	for range 3 {
		cursor := reach(t, p, w.store)
		require.Equal(t, cursor, p.Checkpoint())
		page, err := p.Jobs(t.Context(), JobQuery{})
		require.NoError(t, err)
		require.Equal(t, cursor, page.Cursor)
		require.Equal(t, id, page.Items[0].ID)
		require.Equal(t, cursor, page.Items[0].Cursor)
		id = w.submit(job.Submit{Kind: "system.ping"})
	}
	until(t, p, func(s standing) bool { return s.caughtUp })
	status := p.Status(t.Context())
	require.NoError(t, status.Err)
	require.Positive(t, status.Lag)
	require.Less(t, status.Lag, time.Minute)
	require.Equal(t, "there were none", status.Rebuilt)
}

func TestGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.submit(job.Submit{Kind: "system.ping"})
	cfg := Config{Path: filepath.Join(t.TempDir(), "sub", "read.db")}
	p := start(t, w.store, cfg)
	reach(t, p, w.store)
	require.NoError(t, p.Stop())
	w.submit(job.Submit{Kind: "system.ping"})

	p = start(t, w.store, cfg)
	reach(t, p, w.store)
	status := p.Status(t.Context())
	require.Empty(t, status.Rebuilt)
	require.EqualValues(t, 1, status.Folded)
}

func TestStartAndStopAnyNumberOfTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.submit(job.Submit{Kind: "system.ping"})
	p := start(t, w.store, Config{})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				require.NoError(t, p.Start(t.Context()))
				_, err := p.Jobs(t.Context(), JobQuery{})
				if err != nil {
					require.ErrorIs(t, err, ErrStopped)
				}
				require.NoError(t, p.Stop())
			}
		})
	}
	all.Wait()
	_, err := p.Jobs(t.Context(), JobQuery{})
	require.ErrorIs(t, err, ErrStopped)
	require.ErrorIs(t, p.WaitFor(t.Context(), eventstore.Start(w.store.Epoch())), ErrStopped)
}

func TestFileBelongsToOneProjector(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cfg := Config{Path: filepath.Join(t.TempDir(), "read.db")}
	p := start(t, w.store, cfg)
	require.ErrorIs(t, New(w.store, quiet(cfg)).Start(t.Context()), ErrLocked)
	_, err := Rebuild(t.Context(), w.store, cfg.Path)
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, p.Stop())
	_, err = Rebuild(t.Context(), w.store, cfg.Path)
	require.NoError(t, err)
}

func TestWaitForIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.submit(job.Submit{Kind: "system.ping"})
	log := &faulty{Log: w.store, down: eventstore.ErrUnavailable}
	p := start(t, log, Config{})
	tail, err := w.store.Tail(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, p.WaitFor(ctx, tail), ErrBehind)

	var gone *eventstore.GoneError
	foreign := tail
	foreign.Epoch = "another"
	require.ErrorAs(t, p.WaitFor(t.Context(), foreign), &gone)
	require.Equal(t, eventstore.GoneForeign, gone.Reason)
	lost := tail
	lost.Position.Hi += 100
	require.ErrorAs(t, p.WaitFor(t.Context(), lost), &gone)
	require.Equal(t, eventstore.GoneLost, gone.Reason)
}

func TestStoreThatIsAwayIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.submit(job.Submit{Kind: "system.ping"})
	log := &faulty{Log: w.store, down: eventstore.ErrUnavailable}
	p := start(t, log, Config{})
	until(t, p, func(s standing) bool { return s.err != nil })
	require.ErrorIs(t, p.Status(t.Context()).Err, eventstore.ErrUnavailable)
	log.set(func(f *faulty) { f.down = nil })
	reach(t, p, w.store)
	until(t, p, func(s standing) bool { return s.err == nil && s.caughtUp })
}

func TestForeignLogForcesRebuild(t *testing.T) {
	t.Parallel()
	cfg := Config{Path: filepath.Join(t.TempDir(), "read.db")}
	old := newWorld(t)
	old.submit(job.Submit{Kind: "old.kind"})
	p := start(t, old.store, cfg)
	reach(t, p, old.store)
	require.NoError(t, p.Stop())

	w := newWorld(t)
	id := w.submit(job.Submit{Kind: "new.kind"})
	p = start(t, w.store, cfg)
	reach(t, p, w.store)
	require.Contains(t, p.Status(t.Context()).Rebuilt, "another log")
	page, err := p.Jobs(t.Context(), JobQuery{})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	require.Equal(t, id, page.Items[0].ID)
	require.Equal(t, "new.kind", page.Items[0].Kind)
}

// A log that was restored from an older snapshot has lost the checkpoint's event. The projector
// notices at its next look, although nothing tells it, and begins again.
func TestLostCheckpointForcesRebuild(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.submit(job.Submit{Kind: "system.ping"})
	log := &faulty{Log: w.store}
	p := start(t, log, Config{Verify: time.Millisecond})
	reach(t, p, w.store)
	require.Equal(t, "there were none", p.Status(t.Context()).Rebuilt)
	log.set(func(f *faulty) { f.resolve = &eventstore.GoneError{Reason: eventstore.GoneLost, Detail: "restored"} })
	until(t, p, func(s standing) bool { return s.rebuilt != "there were none" })
	log.set(func(f *faulty) { f.resolve = nil })
	reach(t, p, w.store)
	require.Contains(t, p.Status(t.Context()).Rebuilt, "restored")
	until(t, p, func(s standing) bool { return s.at.rows == 1 })
}

func TestDamagedFileForcesRebuild(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.submit(job.Submit{Kind: "system.ping"})
	cfg := Config{Path: filepath.Join(t.TempDir(), "read.db")}
	require.NoError(t, writeFile(cfg.Path, "this is no database, whatever its name says"))
	p := start(t, w.store, cfg)
	reach(t, p, w.store)
	require.NotEmpty(t, p.Status(t.Context()).Rebuilt)
}

func TestEntriesThatAreNoEventsAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	log := &faulty{Log: w.store}
	log.change = func(b eventstore.Batch) eventstore.Batch {
		b.Malformed += len(b.Events) // one beside each event
		return b
	}
	w.submit(job.Submit{Kind: "system.ping"})
	// Data that is not what its type promises; a type that nobody knows; a newer schema; a stream of
	// something else; a job that was never submitted.
	s, err := w.repo.Load(t.Context(), "j001")
	require.NoError(t, err)
	w.raw(event.Event{Type: "job.started", Subject: "j001", Stream: "job/j001", Sequence: 2, PrevHash: s.Head, SchemaVersion: 1, Data: []byte(`{"attempt":"one"}`)})
	w.raw(event.Event{Type: "job.teleported", Subject: "x1", Stream: "job/x1", Sequence: 1, SchemaVersion: 1, Data: []byte(`{"to":"mars"}`)})
	w.raw(event.Event{Type: "job.submitted", Subject: "x2", Stream: "job/x2", Sequence: 1, SchemaVersion: 99, Data: []byte(`[1]`)})
	w.raw(event.Event{Type: "document.indexed", Subject: "d1", Stream: "document/d1", Sequence: 1, SchemaVersion: 1, Data: []byte(`{}`)})
	w.raw(event.Event{Type: "job.progressed", Subject: "x3", Stream: "job/x3/out/1", Sequence: 1, SchemaVersion: 1, Data: []byte(`{"percent":1}`)})
	w.raw(event.Event{Type: "job.submitted", Subject: "x4", Stream: "job/x5", Sequence: 1, SchemaVersion: 1, Data: []byte(`{}`)})
	w.raw(event.Event{Type: "queue.paused", Subject: "q", Stream: "queue/q", Sequence: 1, SchemaVersion: 1, Data: []byte(`7`)})

	p := start(t, log, Config{})
	reach(t, p, w.store)
	j, ok, err := p.Job(t.Context(), "j001")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, job.StatusQueued, j.Status)
	require.EqualValues(t, 2, j.Version)
	j, ok, err = p.Job(t.Context(), "x2")
	require.NoError(t, err)
	require.True(t, ok)
	require.True(t, j.Newer)
	const events, undecodable = 8, 4
	require.EqualValues(t, events+undecodable, p.Status(t.Context()).Skipped)
}

func TestEmptyLogHasEmptyPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := start(t, w.store, Config{})
	page, err := p.Jobs(t.Context(), JobQuery{Count: true})
	require.NoError(t, err)
	require.Empty(t, page.Items)
	require.Zero(t, page.Total)
	require.Equal(t, eventstore.Start(w.store.Epoch()), page.Cursor)
}

func writeFile(path, text string) error { return os.WriteFile(path, []byte(text), 0o600) }

// The fold lets events gather, but not while somebody waits for one of them.
func TestWhoWaitsIsNotKeptWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := start(t, w.store, Config{Pace: time.Hour})
	until(t, p, func(s standing) bool { return s.caughtUp })
	for range 3 {
		w.submit(job.Submit{Kind: "system.ping"})
		reach(t, p, w.store)
	}
}

// The pace slackens as folding takes longer, within bounds.
func TestPaceFollowsTheCost(t *testing.T) {
	t.Parallel()
	c := Config{Pace: 20 * time.Millisecond}
	require.Equal(t, c.Pace, c.pace(0))
	require.Equal(t, c.Pace, c.pace(time.Millisecond))
	require.Equal(t, 40*time.Millisecond, c.pace(10*time.Millisecond))
	require.Equal(t, 100*time.Millisecond, c.pace(time.Second))
}

func TestReadingAheadChangesNothing(t *testing.T) {
	t.Parallel()
	w := liveWorld(t, 100)
	a := newAhead(t.Context(), w.store)
	defer a.stop()
	all, err := w.store.ReadAll(t.Context(), eventstore.Position{}, 1<<20)
	require.NoError(t, err)
	for _, limit := range []int{1, 7, 1000} {
		var got []eventstore.Recorded
		after := eventstore.Position{}
		for {
			b, err := a.ReadAll(t.Context(), after, limit)
			require.NoError(t, err)
			if len(b.Events) == 0 {
				break
			}
			got, after = append(got, b.Events...), b.Next
		}
		require.Equal(t, all.Events, got)
	}
	_, err = a.ReadAll(t.Context(), eventstore.Position{}, 3)
	require.NoError(t, err) // stop ends the read that this began
}
