package live_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
	"tapedeck/eventstore/jobs"
	"tapedeck/eventstore/memory"
	"tapedeck/handlers/live"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// said is a message as a client reads it.
type said struct {
	Op           string           `json:"op"`
	Ref          string           `json:"ref"`
	Subscription string           `json:"subscription"`
	Cursor       string           `json:"cursor"`
	Reason       string           `json:"reason"`
	Folded       int              `json:"folded"`
	Jobs         []jsontext.Value `json:"jobs"`
	Events       []heard          `json:"events"`
	Problem      struct {
		Code string `json:"code"`
	} `json:"problem"`
}

type heard struct {
	ID     string `json:"id"`
	Type   string `json:"type"`
	Cursor string `json:"cursor"`
	Kind   string `json:"kind"`
}

// conn is a client in memory. Held, it takes nothing.
type conn struct {
	mu     sync.Mutex
	hold   sync.Cond
	held   bool
	cut    bool
	frames [][]byte
	said   chan said
	toHub  chan []byte
	closed chan int
	once   sync.Once
}

func newConn() *conn {
	c := &conn{said: make(chan said, 100_000), toHub: make(chan []byte, 100), closed: make(chan int, 1)}
	c.hold.L = &c.mu
	return c
}

func (c *conn) Write(frames [][]byte) error {
	c.mu.Lock()
	for c.held && !c.cut {
		c.hold.Wait()
	}
	cut := c.cut
	c.frames = append(c.frames, frames...)
	c.mu.Unlock()
	if cut {
		return context.Canceled
	}
	for _, f := range frames {
		for _, payload := range payloads(f) {
			var m said
			if err := json.Unmarshal(payload, &m); err != nil {
				panic(fmt.Sprintf("not JSON: %s", payload))
			}
			c.said <- m
		}
	}
	return nil
}

func (c *conn) setHeld(held bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = held
	c.hold.Broadcast()
}

func (c *conn) Read() ([]byte, error) {
	b, ok := <-c.toHub
	if !ok {
		return nil, context.Canceled
	}
	return b, nil
}

func (c *conn) Silence() time.Duration { return 0 }
func (c *conn) Abort()                 { c.Close(1006, "") }

func (c *conn) Close(code int, _ string) {
	c.once.Do(func() {
		c.mu.Lock()
		c.cut = true
		c.hold.Broadcast()
		c.mu.Unlock()
		c.closed <- code
		close(c.toHub)
	})
}

func (c *conn) tell(t *testing.T, msg string, args ...any) {
	t.Helper()
	c.toHub <- fmt.Appendf(nil, msg, args...)
}

// next returns the next message with this op, passing over the others.
func (c *conn) next(t *testing.T, op string) said {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		select {
		case m := <-c.said:
			if m.Op == op {
				return m
			}
		case <-timeout:
			require.FailNow(t, "no "+op)
		}
	}
}

// payloads takes text frames apart; a ping has none.
func payloads(b []byte) [][]byte {
	var out [][]byte
	for len(b) > 0 {
		n, head := int(b[1]), 2
		switch n {
		case 126:
			n, head = int(binary.BigEndian.Uint16(b[2:])), 4
		case 127:
			n, head = int(binary.BigEndian.Uint64(b[2:])), 10
		}
		if b[0] == 0x81 {
			out = append(out, b[head:head+n])
		}
		b = b[head+n:]
	}
	return out
}

type bundle struct {
	store *memory.Store
	repo  *jobs.Repository
	hub   *live.Hub
}

func setup(t *testing.T, change ...func(*live.Config)) *bundle {
	t.Helper()
	store := memory.New(nil)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	b := &bundle{store: store, repo: jobs.New(store, jobs.Config{})}
	cfg := live.Config{
		Log: store, Source: store, ScanEvery: 20 * time.Millisecond, CoalesceEvery: 5 * time.Millisecond,
		Rows: func(_ context.Context, ids []string, _ eventstore.Cursor) ([]jsontext.Value, error) {
			var out []jsontext.Value
			for _, id := range ids {
				out = append(out, jsontext.Value(`{"jobId":"`+id+`"}`))
			}
			return out, nil
		},
	}
	for _, f := range change {
		f(&cfg)
	}
	b.hub = live.NewHub(cfg)
	b.hub.Start(t.Context())
	t.Cleanup(b.hub.Stop)
	return b
}

func (b *bundle) submit(t *testing.T, id, kind string, labels map[string]string) {
	t.Helper()
	_, _, err := b.repo.Submit(context.Background(), id, "default", jobs.Caller{Source: "test"},
		job.Submit{Now: time.Now(), Kind: kind, Labels: labels})
	require.NoError(t, err)
}

func (b *bundle) cancel(t *testing.T, id string) {
	t.Helper()
	_, _, err := b.repo.Execute(context.Background(), id, jobs.Caller{Source: "test"}, job.RequestCancel{Now: time.Now()})
	require.NoError(t, err)
}

// connect runs a session until the test ends or the conn is closed.
func (b *bundle) connect(t *testing.T) *conn {
	t.Helper()
	c := newConn()
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.hub.Converse(context.Background(), c)
	}()
	t.Cleanup(func() {
		c.Abort()
		<-done
	})
	require.Equal(t, "hello", c.next(t, "hello").Op)
	return c
}

// ids are those of the log's events that keep answers true for.
func (b *bundle) ids(t *testing.T, keep func(eventstore.Recorded) bool) []string {
	t.Helper()
	batch, err := b.store.ReadAll(t.Context(), eventstore.Position{}, 1_000_000)
	require.NoError(t, err)
	var out []string
	for _, r := range batch.Events {
		if keep(r) {
			out = append(out, r.ID)
		}
	}
	return out
}

// collect reads events until it has n of them.
func (c *conn) collect(t *testing.T, n int) (ids []string, last string) {
	t.Helper()
	for len(ids) < n {
		for _, e := range c.next(t, "events").Events {
			ids, last = append(ids, e.ID), e.Cursor
		}
	}
	return ids, last
}

func everything(eventstore.Recorded) bool { return true }

func TestCatchUpThenLive(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 700 {
		b.submit(t, fmt.Sprintf("before%d", i), "system.ping", nil)
	}
	c := b.connect(t)
	c.tell(t, `{"op":"subscribe","ref":"a","from":"beginning"}`)
	require.Equal(t, "a", c.next(t, "subscribed").Ref)
	got, _ := c.collect(t, 700)
	c.next(t, "caught_up")
	b.submit(t, "after", "system.ping", nil)
	more, _ := c.collect(t, 1)
	require.Equal(t, b.ids(t, everything), append(got, more...))
}

// TestNoGapNoDuplicate: clients that come, go and come back with their last cursor while the log grows see every
// matching event once and in order.
func TestNoGapNoDuplicate(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *live.Config) { c.QueueBytes = 16 << 10 })
	const n = 1500
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range n {
			id := fmt.Sprintf("j%d", i)
			b.submit(t, id, "system.ping", nil)
			if i%3 == 0 {
				b.cancel(t, id)
			}
		}
	})
	for _, filter := range []string{`{}`, `{"types":["job.cancelled"]}`, `{"types":["job.sub*"],"kinds":["system.*"]}`} {
		for range 3 {
			wg.Go(func() { b.wander(t, filter, n) })
		}
	}
	wg.Wait()
}

func (b *bundle) wander(t *testing.T, filter string, n int) {
	want := n + n/3
	keep := everything
	switch {
	case strings.Contains(filter, "cancelled"):
		want = n / 3
		keep = func(r eventstore.Recorded) bool { return r.Type == "job.cancelled" }
	case strings.Contains(filter, "sub*"):
		want = n
		keep = func(r eventstore.Recorded) bool { return r.Type == "job.submitted" }
	}
	var got []string
	from := "beginning"
	for len(got) < want {
		c := newConn()
		done := make(chan struct{})
		go func() {
			defer close(done)
			b.hub.Converse(context.Background(), c)
		}()
		c.tell(t, `{"op":"subscribe","from":%q,"filter":%s}`, from, filter)
		stay := rand.IntN(100)
		for timeout := time.After(time.Minute); stay > 0 && len(got) < want; stay-- {
			select {
			case m := <-c.said:
				for _, e := range m.Events {
					got = append(got, e.ID)
				}
				if len(m.Events) > 0 {
					from = m.Events[len(m.Events)-1].Cursor
				}
				if m.Op == "scanned" || m.Op == "caught_up" {
					from = m.Cursor
				}
			case <-timeout:
				require.FailNow(t, "stuck", "filter %s: %d of %d", filter, len(got), want)
			}
		}
		c.Abort()
		<-done
	}
	require.Equal(t, b.ids(t, keep), got, filter)
}

func TestASlowClientLosesNothingAndHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	const limit = 8 << 10
	b := setup(t, func(c *live.Config) { c.QueueBytes = limit })
	slow, fast := b.connect(t), b.connect(t)
	for _, c := range []*conn{slow, fast} {
		c.tell(t, `{"op":"subscribe","from":"beginning"}`)
		c.next(t, "caught_up")
	}
	slow.setHeld(true)
	const n = 2000
	for i := range n {
		b.submit(t, fmt.Sprintf("j%d", i), "system.ping", nil)
	}
	all, _ := fast.collect(t, n)
	// The limit, and one frame that an empty queue takes.
	require.LessOrEqual(t, b.hub.Stats().QueuedBytes, limit+100<<10)
	require.Positive(t, b.hub.Stats().FallBacks)
	require.Equal(t, 1, b.hub.Stats().CatchingUp)
	slow.setHeld(false)
	late, _ := slow.collect(t, n)
	require.Equal(t, all, late)
	require.Equal(t, b.ids(t, everything), late)
}

func TestEqualFiltersShareOneFrame(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.connect(t), b.connect(t)
	one.tell(t, `{"op":"subscribe","filter":{"types":["job.x","job.submitted"]}}`)
	two.tell(t, `{"op":"subscribe","filter":{"types":["job.submitted","job.x","job.x"]}}`)
	require.Equal(t, one.next(t, "subscribed").Subscription, two.next(t, "subscribed").Subscription)
	one.next(t, "caught_up")
	two.next(t, "caught_up")
	b.submit(t, "j", "system.ping", nil)
	one.next(t, "events")
	two.next(t, "events")
	require.Same(t, one.lastEvents(), two.lastEvents())
	require.Equal(t, 1, b.hub.Stats().Groups)
}

// lastEvents is the address of the last frame of events.
func (c *conn) lastEvents() *byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.frames) - 1; i >= 0; i-- {
		if strings.Contains(string(c.frames[i]), `"op":"events"`) {
			return &c.frames[i][0]
		}
	}
	return nil
}

func TestLabelsHoldForCatchUpAndLive(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.submit(t, "red", "k", map[string]string{"colour": "red"})
	b.submit(t, "blue", "k", map[string]string{"colour": "blue"})
	b.submit(t, "none", "k", nil)
	c := b.connect(t)
	c.tell(t, `{"op":"subscribe","from":"beginning","filter":{"labels":{"colour":"red"}}}`)
	got, _ := c.collect(t, 1)
	c.next(t, "caught_up")
	for _, id := range []string{"blue", "none", "red"} {
		b.cancel(t, id)
	}
	more, _ := c.collect(t, 1)
	require.Equal(t, b.ids(t, func(r eventstore.Recorded) bool { return r.Subject == "red" }), append(got, more...))
}

func TestFilters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.submit(t, "a1", "recorder.session", nil)
	b.submit(t, "b2", "system.ping", map[string]string{"note": `say "Grüß Gott"`})
	b.cancel(t, "b2")
	for filter, want := range map[string][]string{
		`{}`:                                 {"a1", "b2", "b2"},
		`{"jobs":["a1"]}`:                    {"a1"},
		`{"kinds":["recorder*"]}`:            {"a1"},
		`{"types":["job.cancelled"]}`:        {"b2"},
		`{"statuses":["queued"]}`:            {"a1", "b2"},
		`{"statuses":["cancelled"]}`:         {"b2"},
		`{"project":"default"}`:              {"a1", "b2", "b2"},
		`{"project":"other"}`:                nil,
		`{"parents":["p"]}`:                  nil,
		`{"text":"\"grüß"}`:                  {"b2"},
		`{"text":"RECORDER"}`:                {"a1"},
		`{"jobs":["a1"],"kinds":["system"]}`: nil,
	} {
		c := b.connect(t)
		c.tell(t, `{"op":"subscribe","from":"beginning","filter":%s}`, filter)
		var got []string
		for m := range c.said {
			for _, e := range m.Events {
				got = append(got, map[string]string{"recorder.session": "a1", "system.ping": "b2"}[e.Kind])
			}
			if m.Op == "caught_up" {
				break
			}
		}
		require.Equal(t, want, got, filter)
	}
}

func TestScannedCursorsComeWithoutMatches(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connect(t)
	c.tell(t, `{"op":"subscribe","filter":{"types":["nothing"]}}`)
	c.next(t, "caught_up")
	b.submit(t, "j", "k", nil)
	tail, err := b.store.Tail(t.Context())
	require.NoError(t, err)
	require.Equal(t, tail.String(), c.next(t, "scanned").Cursor)
}

func TestCoalesceCountsWhatItFolds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.submit(t, "early", "k", nil)
	c := b.connect(t)
	c.tell(t, `{"op":"subscribe","mode":"coalesce","from":"beginning"}`)
	const n = 500
	for i := range n {
		b.submit(t, fmt.Sprintf("j%d", i), "k", nil)
		b.cancel(t, fmt.Sprintf("j%d", i))
	}
	seen := map[string]bool{}
	folded := 0
	var last string
	for folded < 1+2*n {
		m := c.next(t, "coalesced")
		folded += m.Folded
		last = m.Cursor
		for _, row := range m.Jobs {
			seen[string(row)] = true
		}
	}
	require.Len(t, seen, n+1)
	tail, err := b.store.Tail(t.Context())
	require.NoError(t, err)
	require.Equal(t, tail.String(), last)
	require.GreaterOrEqual(t, folded, 1+2*n)
}

// lossy is a log that can be told to have lost its history.
type lossy struct {
	*memory.Store
	mu   sync.Mutex
	gone error
}

func (l *lossy) Resolve(ctx context.Context, c eventstore.Cursor) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone != nil {
		err := l.gone
		l.gone = nil
		return err
	}
	return l.Store.Resolve(ctx, c)
}

func TestALogThatWasSetBackIsNotPassedOverInSilence(t *testing.T) {
	t.Parallel()
	store := &lossy{Store: memory.New(nil)}
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	b := setup(t, func(c *live.Config) { c.Log, c.Source = store, store })
	c := b.connect(t)
	c.tell(t, `{"op":"subscribe","ref":"r"}`)
	c.next(t, "caught_up")
	store.mu.Lock()
	store.gone = &eventstore.GoneError{Reason: eventstore.GoneLost, Detail: "restored"}
	store.mu.Unlock()
	m := c.next(t, "gone")
	require.Equal(t, "lost", m.Reason)
	require.Equal(t, "r", m.Ref)
	// The hub goes on with what is there now.
	c.tell(t, `{"op":"subscribe","ref":"again"}`)
	require.Equal(t, "again", c.next(t, "subscribed").Ref)
	c.next(t, "caught_up")
}

func TestForeignAndBadCursors(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.submit(t, "j", "k", nil)
	c := b.connect(t)
	c.tell(t, `{"op":"subscribe","ref":"f","from":"0therlog.1.00000000"}`)
	m := c.next(t, "gone")
	require.Equal(t, "f", m.Ref)
	require.Equal(t, "foreign", m.Reason)
	for _, msg := range []string{
		`{"op":"subscribe","from":"yesterday"}`,
		`{"op":"subscribe","mode":"some"}`,
		`{"op":"subscribe","filter":{"statuses":["sad"]}}`,
		`{"op":"subscribe","filter":{"color":"red"}}`,
		`{"op":"subscribe","filter":{"jobs":[` + strings.Repeat(`"j",`, 200) + `"j"]}}`,
		`{"op":"subscribe","extra":1}`,
		`{"op":7}`,
		`{"op":"dance"}`,
	} {
		c.tell(t, "%s", msg)
		require.Equal(t, "invalid", c.next(t, "error").Problem.Code, msg)
	}
	c.tell(t, `{"op":"ping","ref":"still there"}`)
	require.Equal(t, "still there", c.next(t, "pong").Ref)
}

func TestWhatIsNotJSONEndsTheConnection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, msg := range []string{"", "hello", `{"op":"ping"`, `{"op":"ping","op":"ping"}`, "{\"op\":\"\xff\"}"} {
		c := b.connect(t)
		c.tell(t, "%s", msg)
		require.Equal(t, 1008, <-c.closed, msg)
	}
}

func TestUnsubscribe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connect(t)
	c.tell(t, `{"op":"subscribe","ref":"x"}`)
	c.next(t, "caught_up")
	c.tell(t, `{"op":"unsubscribe","ref":"x"}`)
	require.Equal(t, "x", c.next(t, "unsubscribed").Ref)
	b.submit(t, "j", "k", nil)
	c.tell(t, `{"op":"unsubscribe","ref":"x"}`)
	require.Equal(t, "not_found", c.next(t, "error").Problem.Code)
	c.tell(t, `{"op":"ping"}`)
	require.Equal(t, "pong", (<-c.said).Op, "nothing of the subscription came after unsubscribed")
}

func TestHeartbeat(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *live.Config) { c.Heartbeat = 10 * time.Millisecond })
	c := b.connect(t)
	c.next(t, "pong")
	c.next(t, "pong")
}

func TestStartStop(t *testing.T) {
	t.Parallel()
	store := memory.New(nil)
	defer func() { require.NoError(t, store.Close()) }()
	for range 50 {
		h := live.NewHub(live.Config{Log: store, Source: store})
		h.Start(t.Context())
		c := newConn()
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.Converse(context.Background(), c)
		}()
		c.tell(t, `{"op":"subscribe","from":"beginning"}`)
		go h.Stop()
		h.Stop()
		c.Abort()
		<-done
	}
}
