package eventstoretest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/eventstore"
)

// model is what the store must look like: the shortest program with the contract's semantics.
type model struct {
	streams   map[string]*Stream
	log       []string // event ids in their order
	deadlines map[string]time.Time
	leases    map[string]eventstore.Lease
	waiting   map[string]int
	watches   map[[2]string]bool // stream, watcher
}

// testModel throws random appends, right and wrong ones, at the store and at a model and compares
// all that can be seen. Streams of one round carry its name, so that all rounds share the store.
func testModel(t *testing.T, b *bundle) {
	rapid.Check(t, func(rt *rapid.T) {
		round := uuid.NewString()[:8]
		m := model{
			streams: map[string]*Stream{}, deadlines: map[string]time.Time{}, leases: map[string]eventstore.Lease{},
			waiting: map[string]int{}, watches: map[[2]string]bool{},
		}
		for _, n := range []string{"a", "b", "c"} {
			name := round + "/" + n
			m.streams[name] = &Stream{Name: name}
		}
		start, err := b.Tail(b.ctx)
		require.NoError(rt, err)
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			m.step(rt, b, round)
		}
		m.compare(rt, b, start.Position, round)
	})
}

func (m *model) step(rt *rapid.T, b *bundle, round string) {
	stream := rapid.Custom(func(rt *rapid.T) string {
		return round + "/" + rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "stream")
	})
	token := rapid.SampledFrom([]string{"t1", "t2"})
	var a eventstore.Append
	fits := true
	next := map[string]Stream{}
	for _, name := range rapid.SliceOfNDistinct(stream, 1, 3, rapid.ID).Draw(rt, "writes") {
		s := *m.streams[name]
		switch rapid.IntRange(0, 6).Draw(rt, "fault") {
		case 0:
			s.Next(1) // expects a version that is not there yet
			fits = false
		case 1:
			fits = fits && s.chain.Version == 0
			s = Stream{Name: name} // knows nothing of what is there
		}
		a.Writes = append(a.Writes, s.Next(rapid.IntRange(1, 3).Draw(rt, "events")))
		next[name] = s
	}
	held := true
	if rapid.IntRange(0, 3).Draw(rt, "hold") == 0 {
		h := eventstore.Hold{Stream: stream.Draw(rt, "held"), Token: token.Draw(rt, "token"), Touch: rapid.Bool().Draw(rt, "touch")}
		h.Still, h.Counter = rapid.Bool().Draw(rt, "still"), rapid.Uint64Range(1, 2).Draw(rt, "counter")
		a.Holds = []eventstore.Hold{h}
		l, ok := m.leases[h.Stream]
		held = ok && l.Token == h.Token && (!h.Still || l.Counter == h.Counter)
	}
	if rapid.Bool().Draw(rt, "enqueue") {
		topic := round + "/" + rapid.SampledFrom([]string{"x", "y"}).Draw(rt, "topic")
		a.Enqueue = []eventstore.Enqueue{{Topic: topic}}
	}
	if rapid.Bool().Draw(rt, "deadline") {
		d := eventstore.SetDeadline{Stream: stream.Draw(rt, "deadline of")}
		if rapid.Bool().Draw(rt, "set") {
			d.At = time.UnixMilli(rapid.Int64Range(1, 1000).Draw(rt, "at")).UTC()
		}
		a.Deadlines = []eventstore.SetDeadline{d}
	}
	if rapid.Bool().Draw(rt, "end") {
		a.Ends = []string{stream.Draw(rt, "end of")}
	}
	if rapid.Bool().Draw(rt, "grant") {
		a.Grants = []eventstore.Grant{{Stream: stream.Draw(rt, "grant of"), Token: token.Draw(rt, "to"), TTL: time.Hour}}
	}
	if rapid.Bool().Draw(rt, "watch") {
		a.Watches = []eventstore.Watch{{Stream: stream.Draw(rt, "watched"), Watcher: "w", Topic: round + "/wake"}}
	}
	if rapid.Bool().Draw(rt, "wake") {
		a.Wakes = []string{stream.Draw(rt, "woken")}
	}

	done, err := b.Append(b.ctx, a)
	switch {
	case !fits && !held:
		require.Error(rt, err)
	case !fits:
		require.ErrorIs(rt, err, eventstore.ErrConflict)
	case !held:
		require.ErrorIs(rt, err, eventstore.ErrLeaseLost)
	default:
		require.NoError(rt, err)
		require.False(rt, done.Duplicate)
		m.apply(a, next)
		if rapid.Bool().Draw(rt, "again") {
			again, err := b.Append(b.ctx, a)
			require.NoError(rt, err)
			require.True(rt, again.Duplicate)
			require.Equal(rt, done.Positions, again.Positions)
		}
	}
}

func (m *model) apply(a eventstore.Append, next map[string]Stream) {
	for _, w := range a.Writes {
		s := next[w.Stream]
		m.streams[w.Stream] = &s
		for _, e := range w.Events {
			m.log = append(m.log, e.ID)
		}
	}
	for _, h := range a.Holds {
		if l := m.leases[h.Stream]; h.Touch {
			l.Counter++
			m.leases[h.Stream] = l
		}
	}
	for _, d := range a.Deadlines {
		m.deadlines[d.Stream] = d.At
		if d.At.IsZero() {
			delete(m.deadlines, d.Stream)
		}
	}
	for _, stream := range a.Ends {
		delete(m.leases, stream)
	}
	for _, g := range a.Grants {
		m.leases[g.Stream] = eventstore.Lease{Stream: g.Stream, Token: g.Token, Counter: 1, TTL: g.TTL}
		delete(m.deadlines, g.Stream) // it is an hour away now, not among the ones that are due
	}
	for _, q := range a.Enqueue {
		m.waiting[q.Topic]++
	}
	for _, w := range a.Watches {
		m.watches[[2]string{w.Stream, w.Watcher}] = true
		m.waiting[w.Topic]++
	}
	for _, stream := range a.Wakes {
		for w := range m.watches {
			if w[0] == stream {
				m.waiting[stream[:8]+"/wake"]++
				delete(m.watches, w)
			}
		}
	}
}

func (m *model) compare(rt *rapid.T, b *bundle, start eventstore.Position, round string) {
	batch, err := b.ReadAll(b.ctx, start, 1000)
	require.NoError(rt, err)
	var ids []string
	for _, e := range batch.Events {
		ids = append(ids, e.ID)
	}
	require.Equal(rt, m.log, ids, "the log")
	for name, s := range m.streams {
		got, err := b.resume(name)
		require.NoError(rt, err)
		require.Equal(rt, s.chain.Version, got.chain.Version, name)
		require.Equal(rt, s.chain.Head, got.chain.Head, name)
		lease, ok, err := b.LeaseOf(b.ctx, name)
		require.NoError(rt, err)
		want, has := m.leases[name]
		require.Equal(rt, has, ok, "lease of %s", name)
		require.Equal(rt, want, lease, "lease of %s", name)
	}
	due, _, _, err := b.Due(b.ctx, 100_000)
	require.NoError(rt, err)
	deadlines := map[string]string{}
	for _, d := range due {
		if m.streams[d.Stream] != nil {
			deadlines[d.Stream] = fmt.Sprint(d.At.UnixMilli())
		}
	}
	want := map[string]string{}
	for stream, at := range m.deadlines {
		want[stream] = fmt.Sprint(at.UnixMilli())
	}
	require.Equal(rt, want, deadlines)
	depths, err := b.Depths(b.ctx, round+"/")
	require.NoError(rt, err)
	waiting := map[string]int{}
	for _, d := range depths {
		if d.Waiting > 0 {
			waiting[d.Topic] = int(d.Waiting)
		}
	}
	require.Equal(rt, m.waiting, waiting)
}
