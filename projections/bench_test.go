package projections

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/event"
	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

// storedLog holds stored bytes only, so that reading it costs what reading a real log costs: parsing
// and hashing every event.
type storedLog [][]byte

func (l storedLog) ReadAll(_ context.Context, after eventstore.Position, limit int) (eventstore.Batch, error) {
	b := eventstore.Batch{Next: after}
	for i := int(after.Hi); i < len(l) && len(b.Events) < limit; i++ {
		e, hash, err := event.Parse(l[i])
		if err != nil {
			return b, err
		}
		b.Next = eventstore.Position{Hi: uint64(i) + 1}
		b.Events = append(b.Events, eventstore.Recorded{Event: e, Position: b.Next, Hash: hash, Stored: l[i]})
	}
	return b, nil
}

// add decides a command and appends what it causes.
func (l *storedLog) add(tb testing.TB, s job.State, c job.Command) job.State {
	facts, err := job.Decide(s, c)
	require.NoError(tb, err)
	for _, fact := range facts {
		data, err := job.Encode(fact)
		require.NoError(tb, err)
		e := event.Event{
			ID: fmt.Sprintf("0197a3b1-7c2e-7d3f-8a4b-%012x", len(*l)), Source: "tapedeck/bench", Type: fact.EventType(),
			Subject: s.ID, Time: c.When(), Stream: job.Stream(s.ID), Project: s.Project, Sequence: s.Version + 1,
			Kind: s.Kind, Attempt: s.Attempt, SchemaVersion: event.SchemaVersion, PrevHash: s.Head, Data: data,
		}
		stored, hash, err := event.Seal(&e)
		require.NoError(tb, err)
		*l = append(*l, stored)
		s, err = job.Fold(s, e, hash)
		require.NoError(tb, err)
	}
	return s
}

func (l *storedLog) output(tb testing.TB, s job.State, now time.Time, prev event.Hash, seq uint64, fact job.Event) event.Hash {
	data, err := job.Encode(fact)
	require.NoError(tb, err)
	e := event.Event{
		ID: fmt.Sprintf("0197a3b1-7c2e-7d3f-8a4b-%012x", len(*l)), Source: "tapedeck/bench", Type: fact.EventType(),
		Subject: s.ID, Time: now, Stream: job.OutputStream(s.ID, s.Attempt), Project: s.Project, Sequence: seq,
		Kind: s.Kind, Attempt: s.Attempt, SchemaVersion: event.SchemaVersion, PrevHash: prev, Data: data,
	}
	stored, hash, err := event.Seal(&e)
	require.NoError(tb, err)
	*l = append(*l, stored)
	return hash
}

// benchLog is a mix of lives: submitted, started, two batches of log lines, progress, succeeded; every
// 20th job fails once first. Up to open jobs are under way at once, so that their events interleave.
func benchLog(tb testing.TB, events, open int) storedLog {
	rng := rand.New(rand.NewPCG(1, 2))
	var log storedLog
	type life struct {
		s    job.State
		step int
		head event.Hash
		fail bool
	}
	var lives []*life
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for n := 0; len(log) < events; {
		now = now.Add(time.Duration(rng.IntN(2000)) * time.Microsecond)
		if len(lives) < open {
			n++
			s := job.State{ID: fmt.Sprintf("0197a3b1-7c2e-7d3f-%04x-%012x", rng.IntN(1<<16), n), Project: "default"}
			s = log.add(tb, s, job.Submit{
				Now: now, Kind: "system.exercise", Labels: map[string]string{"team": "t" + strconv.Itoa(n%7)},
				Input: jsontext.Value(fmt.Sprintf(`{"url":"https://shop.example/item/%d","lines":%d,"note":"checkout with a voucher"}`, n, rng.IntN(1000))),
			})
			lives = append(lives, &life{s: s, fail: n%20 == 0})
			continue
		}
		i := rng.IntN(len(lives))
		l := lives[i]
		l.step++
		lease := "l" + strconv.Itoa(l.step)
		switch l.step {
		case 1:
			l.s = log.add(tb, l.s, job.Start{Now: now, Attempt: l.s.Attempt + 1, Worker: "w1", Lease: lease, LeaseMS: 30000})
			l.head = event.Hash{}
		case 2, 4:
			l.head = log.output(tb, l.s, now, l.head, uint64(l.step-1), job.Logged{Lines: []job.Line{
				{Time: now, Level: "info", Text: "opened the page and waited for the network to be idle"},
				{Time: now, Level: "info", Text: "clicked button 'Add to basket'"}}})
		case 3:
			l.head = log.output(tb, l.s, now, l.head, 2, job.Progressed{Percent: 50, Message: "half way"})
		case 5:
			if l.fail {
				l.s = log.add(tb, l.s, job.Fail{Now: now, Lease: "l1", Error: job.Error{Code: "exit", Message: "exit status 3"}})
				l.s = log.add(tb, l.s, job.Due{Now: l.s.RunAt})
				l.fail, l.step = false, 0
				continue
			}
			l.s = log.add(tb, l.s, job.Succeed{Now: now, Lease: "l1", Output: job.Head{Count: 3, Hash: l.head}, Result: jsontext.Value(`{"ok":true}`)})
			lives[i] = lives[len(lives)-1]
			lives = lives[:len(lives)-1]
		}
	}
	return log
}

func benchEvents() int {
	if n, err := strconv.Atoi(os.Getenv("TAPEDECK_BENCH_EVENTS")); err == nil {
		return n
	}
	return 100_000
}

func (l storedLog) fold(tb testing.TB, path string, limit int) *file {
	f, _, err := openFile(jobModel, path, "bench")
	require.NoError(tb, err)
	for {
		batch, err := l.ReadAll(context.Background(), f.at.scanned, limit)
		require.NoError(tb, err)
		if len(batch.Events) == 0 {
			require.Zero(tb, f.at.skipped)
			return f
		}
		require.NoError(tb, f.apply(batch))
	}
}

// BenchmarkFold folds a log from nothing, parsing and hashing included; TAPEDECK_BENCH_EVENTS sets its
// length. Beside the rate by the clock it reports events per second of processor time, which a busy
// machine does not change.
func BenchmarkFold(b *testing.B) {
	log := benchLog(b, benchEvents(), 500)
	for _, limit := range []int{1, 10, 5000} {
		b.Run(fmt.Sprintf("batch=%d", limit), func(b *testing.B) {
			used := cpuTime()
			for b.Loop() {
				require.NoError(b, log.fold(b, b.TempDir()+"/read.db", limit).close())
			}
			events := float64(len(log)) * float64(b.N)
			b.ReportMetric(events/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(events/(cpuTime()-used).Seconds(), "events/cpu-s")
		})
	}
}

// BenchmarkNoOps folds jobs that do nothing as a busy engine makes them: three events each, 40 under way,
// in the batches that 4 ms of 10,000 jobs a second give.
func BenchmarkNoOps(b *testing.B) {
	var log storedLog
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	open := make([]job.State, 40)
	for i := 0; len(log) < benchEvents(); i++ {
		now = now.Add(33 * time.Microsecond)
		switch s := &open[i%len(open)]; s.Status {
		case "", job.StatusSucceeded:
			*s = log.add(b, job.State{ID: fmt.Sprintf("0197a3b1-7c2e-7d3f-%016x", i), Project: "default"}, job.Submit{Now: now, Kind: "system.ping", Queue: "system"})
		case job.StatusQueued:
			*s = log.add(b, *s, job.Start{Now: now, Attempt: 1, Worker: "w1", Lease: "l1", LeaseMS: 15_000})
		default:
			*s = log.add(b, *s, job.Succeed{Now: now, Lease: "l1", Result: jsontext.Value(`{"pong":true}`)})
		}
	}
	batches := log.parsed(b, 120)
	used := cpuTime()
	for b.Loop() {
		f, _, err := openFile(jobModel, b.TempDir()+"/read.db", "bench")
		require.NoError(b, err)
		for _, batch := range batches {
			require.NoError(b, f.apply(batch))
		}
		require.NoError(b, f.close())
	}
	b.ReportMetric((cpuTime()-used).Seconds()*1e6/float64(b.N)/float64(len(log)/3), "cpu-µs/job")
}

// parsed is what a Feed hands out.
func (l storedLog) parsed(tb testing.TB, limit int) (out []eventstore.Batch) {
	for after := (eventstore.Position{}); ; {
		b, err := l.ReadAll(context.Background(), after, limit)
		require.NoError(tb, err)
		if len(b.Events) == 0 {
			return out
		}
		out, after = append(out, b), b.Next
	}
}

// cpuTime is what the process used of the processors so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkQueries asks a folded log what the page asks.
func BenchmarkQueries(b *testing.B) {
	log := benchLog(b, benchEvents(), 500)
	f := log.fold(b, b.TempDir()+"/read.db", 5000)
	b.Cleanup(func() { require.NoError(b, f.close()) })
	p := &Projector{&follower{file: f, alive: b.Context()}}
	for name, q := range map[string]JobQuery{
		"newest":         {},
		"status":         {Filter: Filter{Statuses: []job.Status{job.StatusRunning}}},
		"kind":           {Filter: Filter{Kinds: []string{"system.*"}}},
		"rare kind":      {Filter: Filter{Kinds: []string{"nothing*"}}},
		"label":          {Filter: Filter{Labels: map[string]string{"team": "t3"}}},
		"common word":    {Filter: Filter{Text: "checkout"}},
		"rare word":      {Filter: Filter{Text: "item 4711"}},
		"counted":        {Count: true},
		"counted status": {Count: true, Filter: Filter{Statuses: []job.Status{job.StatusSucceeded}}},
		"by duration":    {Sort: Sort{Key: SortDuration, Descending: true}},
		"by updatedAt":   {Sort: Sort{Key: SortUpdatedAt, Descending: true}},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := p.Jobs(b.Context(), q)
				require.NoError(b, err)
			}
		})
	}
	b.Run("stats 1h", func(b *testing.B) {
		now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
		for b.Loop() {
			_, err := p.Stats(b.Context(), StatsQuery{From: now, To: now.Add(time.Hour)})
			require.NoError(b, err)
		}
	})
	b.Run("queues", func(b *testing.B) {
		for b.Loop() {
			_, err := p.Queues(b.Context(), "")
			require.NoError(b, err)
		}
	})
}

// BenchmarkFreshness measures how long after its append an event can be queried, when nobody waits for
// it: one after the other, and 1,000 a second.
func BenchmarkFreshness(b *testing.B) {
	for name, pause := range map[string]time.Duration{"idle": 20 * time.Millisecond, "1000 a second": time.Millisecond} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b)
			p := New(w.store, quiet(Config{}))
			require.NoError(b, p.Start(b.Context()))
			defer func() { require.NoError(b, p.Stop()) }()
			var lags []time.Duration
			tick := time.NewTicker(pause)
			defer tick.Stop()
			for b.Loop() {
				<-tick.C
				w.submit(job.Submit{Kind: "system.ping"})
				appended := time.Now()
				for {
					s, changed := p.standing()
					if s.folded >= int64(len(w.ids)) {
						break
					}
					<-changed
				}
				lags = append(lags, time.Since(appended))
			}
			slices.Sort(lags)
			b.ReportMetric(float64(lags[len(lags)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(lags[len(lags)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
