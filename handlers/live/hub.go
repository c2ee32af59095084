package live

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/eventstore"
)

// Log is what a Hub reads.
type Log interface {
	Epoch() string
	ReadStream(ctx context.Context, stream string, from uint64, limit int) ([]eventstore.Recorded, error)
	Tail(ctx context.Context) (eventstore.Cursor, error)
	Resolve(ctx context.Context, c eventstore.Cursor) error
	At(ctx context.Context, t time.Time) (eventstore.Cursor, error)
}

// Rows returns the JSON of jobs as lists show them, with every event up to the cursor folded in. A job that does not
// exist is left out.
type Rows func(ctx context.Context, ids []string, at eventstore.Cursor) ([]jsontext.Value, error)

// Config sets a Hub up.
type Config struct {
	Log Log
	// Source is what events are read from: Log itself or a Feed on it.
	Source eventstore.Source
	// Rows serves the mode coalesce.
	Rows Rows
	// Logger gets what no client is told.
	Logger *slog.Logger
	// Heartbeat is the longest silence of a connection. Defaults to 15 s.
	Heartbeat time.Duration
	// ScanEvery is how often a subscription without matches is told how far the log was searched. Defaults to 5 s.
	ScanEvery time.Duration
	// CoalesceEvery is how often the mode coalesce sends. Defaults to 200 ms.
	CoalesceEvery time.Duration
	// QueueBytes bounds what waits for one client. Defaults to 256 KiB.
	QueueBytes int
	// CatchUps bounds how many subscriptions read the log at the same time. Defaults to 8.
	CatchUps int
}

// WithDefaults fills the zero fields.
func (c Config) WithDefaults() Config {
	if c.Heartbeat == 0 {
		c.Heartbeat = 15 * time.Second
	}
	if c.ScanEvery == 0 {
		c.ScanEvery = 5 * time.Second
	}
	if c.CoalesceEvery == 0 {
		c.CoalesceEvery = 200 * time.Millisecond
	}
	if c.QueueBytes == 0 {
		c.QueueBytes = 256 << 10
	}
	if c.CatchUps == 0 {
		c.CatchUps = 8
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

const (
	// readSize and stepSize bound what the hub and a catch-up read at a time.
	readSize = 1000
	stepSize = 256
	// runSize and runBytes bound one frame.
	runSize  = 64
	runBytes = 64 << 10
	// ringSize is how many of its last events the hub keeps, and joinSize how near a subscription must have come to
	// join with what is kept.
	ringSize  = 2048
	ringBytes = 16 << 20
	joinSize  = 512
)

// Hub gives the log to subscriptions. Start it before use; all methods are safe for concurrent use.
type Hub struct {
	cfg     Config
	log     Log
	labels  *labelCache
	reading chan struct{} // a slot for each catch-up that may read

	stretches stretches

	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
	ready   chan struct{} // closed when cursor is known

	mu      sync.Mutex
	cursor  eventstore.Cursor // every event up to here was handed out
	floor   eventstore.Position
	ring    []*Entry // every event behind floor up to cursor
	held    int      // stored bytes in ring
	stopped bool
	groups  groups
	clients map[*Client]struct{}
	moved   chan struct{} // closed and replaced when cursor moves
	err     error         // why the log cannot be followed now
	counts  counts
}

// NewHub returns a hub that is not started.
func NewHub(cfg Config) *Hub {
	cfg = cfg.WithDefaults()
	return &Hub{
		cfg: cfg, log: cfg.Log, labels: newLabelCache(cfg.Log), reading: make(chan struct{}, cfg.CatchUps),
		ready: make(chan struct{}), groups: newGroups(), clients: map[*Client]struct{}{}, moved: make(chan struct{}),
	}
}

// Start follows the log from its tail until Stop, and returns at once.
func (h *Hub) Start(ctx context.Context) {
	h.ctx, h.cancel = context.WithCancel(ctx)
	h.running.Go(h.follow)
	h.running.Go(h.tick)
	h.running.Go(h.coalesce)
}

// Stop ends every subscription without a word: connections are closed by whoever opened them, before. Calling it
// again is harmless.
func (h *Hub) Stop() {
	if h.cancel == nil {
		return
	}
	h.mu.Lock()
	h.stopped = true
	h.mu.Unlock()
	h.cancel()
	h.running.Wait()
}

// Err is why the log cannot be followed now, nil when it can.
func (h *Hub) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}

const (
	minPause = 50 * time.Millisecond
	maxPause = 2 * time.Second
)

// follow keeps reading for as long as the hub runs, whatever the store does. After any interruption it checks that the
// log still has what was handed out: a log that was set back must not go on as if nothing had happened.
func (h *Hub) follow() {
	pause := minPause
	for h.ctx.Err() == nil {
		err := h.followFrom(func() { pause = minPause })
		if h.ctx.Err() != nil {
			return
		}
		h.failed(err)
		select {
		case <-time.After(pause):
		case <-h.ctx.Done():
		}
		pause = min(2*pause, maxPause)
	}
}

// followFrom returns the first error; fine is called when the log can be read.
func (h *Hub) followFrom(fine func()) error {
	at, err := h.begin()
	if err != nil {
		return err
	}
	for {
		batch, err := h.cfg.Source.ReadAll(h.ctx, at, readSize)
		if err != nil {
			return err
		}
		if err := h.hand(batch); err != nil {
			return err
		}
		at = batch.Next
		fine()
		if len(batch.Events)+batch.Malformed >= readSize {
			continue
		}
		if err := h.wait(at); err != nil {
			return err
		}
	}
}

// begin returns where to read on: the tail at first, later the place where the hub stood.
func (h *Hub) begin() (eventstore.Position, error) {
	h.mu.Lock()
	at := h.cursor
	h.mu.Unlock()
	var err error
	if at.IsZero() {
		at, err = h.log.Tail(h.ctx)
	} else {
		err = h.log.Resolve(h.ctx, at)
	}
	if err != nil {
		return at.Position, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = nil
	if h.cursor.IsZero() {
		h.cursor, h.floor = at, at.Position
	}
	select {
	case <-h.ready:
	default:
		close(h.ready)
	}
	return at.Position, nil
}

// wait returns when there is more to read. While nothing comes it looks from time to time whether the log is still the
// same one: a store may reconnect without an error.
func (h *Hub) wait(at eventstore.Position) error {
	for {
		ctx, cancel := context.WithTimeout(h.ctx, h.cfg.ScanEvery)
		err := h.cfg.Source.Wait(ctx, at)
		timeout := ctx.Err() != nil && h.ctx.Err() == nil
		cancel()
		if !timeout {
			return err
		}
		if err := h.log.Resolve(h.ctx, h.Cursor()); err != nil {
			return err
		}
	}
}

// Cursor is how far the hub has handed out events.
func (h *Hub) Cursor() eventstore.Cursor {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cursor
}

// failed tells clients when the log lost what they were given, and forgets its place.
func (h *Hub) failed(err error) {
	h.cfg.Logger.Warn("the live log cannot be followed", "err", err)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = err
	var gone *eventstore.GoneError
	if errors.Is(err, eventstore.ErrEpoch) {
		gone = &eventstore.GoneError{Cursor: h.cursor, Reason: eventstore.GoneLost, Detail: "the log was replaced by another one"}
	}
	if gone == nil && !errors.As(err, &gone) {
		return
	}
	h.cursor, h.ring, h.held = eventstore.Cursor{}, nil, 0
	h.ready = make(chan struct{})
	for c := range h.clients {
		for _, s := range c.subs {
			h.gone(s, gone)
		}
	}
}

// gone ends a subscription; h.mu is held.
func (h *Hub) gone(s *Sub, why *eventstore.GoneError) {
	h.end(s)
	s.client.send(message{Op: opGone, Ref: s.ref, Subscription: s.id, Reason: string(why.Reason), Detail: why.Detail})
}

// hand gives a batch to every group that it matches.
func (h *Hub) hand(batch eventstore.Batch) error {
	if len(batch.Events) == 0 {
		return nil
	}
	entries := make([]*Entry, len(batch.Events))
	for i, r := range batch.Events {
		entries[i] = NewEntry(r, h.log.Epoch())
	}
	h.mu.Lock()
	needLabels := h.groups.labelled > 0
	h.mu.Unlock()
	if needLabels {
		if err := h.labels.fill(h.ctx, entries); err != nil {
			return err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !needLabels && h.groups.labelled > 0 { // somebody subscribed by label meanwhile
		if err := h.labels.fill(h.ctx, entries); err != nil {
			return err
		}
	}
	h.keep(entries)
	before := h.cursor
	h.cursor = entries[len(entries)-1].cursor
	for g, run := range h.groups.match(entries) {
		h.deliver(g, run, before)
	}
	close(h.moved)
	h.moved = make(chan struct{})
	return nil
}

func (h *Hub) keep(entries []*Entry) {
	h.ring = append(h.ring, entries...)
	for _, e := range entries {
		h.held += len(e.Stored)
	}
	cut := 0
	if len(h.ring) > ringSize+ringSize/4 { // not at every batch
		cut = len(h.ring) - ringSize
	}
	held := h.held
	for i, e := range h.ring {
		if i >= cut && held <= ringBytes {
			break
		}
		cut = i + 1
		held -= len(e.Stored)
	}
	if cut > 0 {
		h.floor, h.held = h.ring[cut-1].Position, held
		h.ring = append(make([]*Entry, 0, ringSize+readSize), h.ring[cut:]...)
	}
}

// deliver encodes a run once and queues it for every member. One whose queue is full leaves the group and reads the
// log from before this batch.
func (h *Hub) deliver(g *group, run []*Entry, before eventstore.Cursor) {
	h.counts.events += int64(len(run)) * int64(len(g.members))
	if g.mode == Coalesce {
		g.fold(run)
		return
	}
	frames := encodeRuns(g.encoding, g.id, run)
	g.told = h.cursor
	for s := range g.members {
		if !s.client.offer(frames...) {
			h.fallBack(s, before)
		}
	}
}

func encodeRuns(enc Encoding, id string, run []*Entry) [][]byte {
	frames := make([][]byte, 0, 1+len(run)/runSize)
	for len(run) > 0 {
		n, size := 1, len(run[0].Stored)
		for n < min(len(run), runSize) && size < runBytes {
			size += len(run[n].Stored)
			n++
		}
		frames = append(frames, enc.events(id, run[:n]))
		run = run[n:]
	}
	return frames
}

// fallBack makes a member read the log on its own; h.mu is held.
func (h *Hub) fallBack(s *Sub, from eventstore.Cursor) {
	h.counts.fallBacks++
	h.groups.leave(s)
	s.cursor, s.at = from, time.Now()
	h.running.Go(func() { h.catchUp(s) })
}

// tick sends heartbeats and scanned cursors.
func (h *Hub) tick() {
	beat, scan := time.NewTicker(h.cfg.Heartbeat), time.NewTicker(h.cfg.ScanEvery)
	defer beat.Stop()
	defer scan.Stop()
	for {
		select {
		case <-beat.C:
			h.beat()
		case <-scan.C:
			h.scanned()
			h.stretches.clear()
		case <-h.ctx.Done():
			return
		}
	}
}

// beat also gives up clients that were silent for three heartbeats: their side of the connection may be long gone.
func (h *Hub) beat() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.clients {
		if c.conn.Silence() > 3*h.cfg.Heartbeat {
			go c.conn.Close(closePolicy, "no sign of life")
			continue
		}
		c.beat()
	}
}

func (h *Hub) scanned() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cursor.IsZero() {
		return
	}
	for g := range h.groups.all() {
		if g.told == h.cursor || len(g.dirty) > 0 || g.flushing {
			continue
		}
		g.told = h.cursor
		for s := range g.members {
			s.client.send(message{Op: opScanned, Subscription: s.id, Cursor: h.cursor.String()})
		}
	}
}
