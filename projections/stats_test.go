package projections

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/job"
	"tapedeck/domain/queue"
	"tapedeck/eventstore"
)

func TestHistogramCells(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "d"))
		c, us := cell(d), uint64(d.Microseconds())
		require.LessOrEqual(t, floor(c), us)
		require.Greater(t, floor(c+1), us)
		if us >= 8 {
			require.LessOrEqual(t, float64(floor(c+1)-floor(c)), 0.125*float64(floor(c)))
		}
	})
}

func TestHistogramSurvivesItsEncoding(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var a, b, both histogram
		for _, ms := range rapid.SliceOf(rapid.IntRange(-5, 1<<30)).Draw(t, "a") {
			a.add(time.Duration(ms) * time.Millisecond)
			both.add(time.Duration(ms) * time.Millisecond)
		}
		for _, ms := range rapid.SliceOf(rapid.IntRange(0, 1<<10)).Draw(t, "b") {
			b.add(time.Duration(ms) * time.Millisecond)
			both.add(time.Duration(ms) * time.Millisecond)
		}
		got, err := decodeHistogram(a.encode())
		require.NoError(t, err)
		got.merge(b)
		require.Equal(t, both.encode(), got.encode())
	})
}

func FuzzHistogram(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := decodeHistogram(b)
		if err != nil {
			return
		}
		again, err := decodeHistogram(h.encode())
		require.NoError(t, err)
		require.Equal(t, h, again)
	})
}

// A percentile is within a cell's width of the value of its rank.
func TestPercentilesAreNearTheTruth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, 3_600_000_000), 1, 200).Draw(t, "µs")
		var h histogram
		for _, us := range values {
			h.add(time.Duration(us) * time.Microsecond)
		}
		slices.Sort(values)
		p := h.percentiles()
		require.EqualValues(t, len(values), p.Count)
		for percent, got := range map[int]time.Duration{50: p.P50, 95: p.P95, 99: p.P99} {
			truth := float64(values[(len(values)*percent+99)/100-1])
			require.InDelta(t, truth, float64(got.Microseconds()), 0.125*truth+1, "p%d", percent)
		}
	})
}

// Statistics of any window are what counting the events of its buckets gives.
func TestStatsCountTheEventsOfTheWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		began := w.now
		w.live(rt, rapid.IntRange(1, 50).Draw(rt, "steps"))
		p := New(w.store, quiet(Config{}))
		require.NoError(rt, p.Start(t.Context()))
		defer func() { require.NoError(rt, p.Stop()) }()
		reach(t, p, w.store)
		for _, bucket := range []time.Duration{0, 10 * time.Second, 30 * time.Second, 5 * time.Minute, time.Hour, 3 * time.Hour} {
			q := StatsQuery{From: began.Add(time.Minute), To: w.now.Add(time.Second), Bucket: bucket}
			if !q.From.Before(q.To) {
				continue
			}
			if rapid.Bool().Draw(rt, "narrow") {
				q.Project = "default"
			}
			got, err := p.Stats(t.Context(), q)
			require.NoError(rt, err)
			requireStats(rt, w, q, got)
		}
	})
}

func requireStats(t *rapid.T, w *world, q StatsQuery, got Stats) {
	require.False(t, got.From.After(q.From))
	require.False(t, got.To.Before(q.To))
	want := make([]Tally, len(got.Throughput))
	kinds := map[string]*Tally{}
	b, err := w.store.ReadAll(w.ctx().Context(), eventstore.Position{}, 1<<20)
	require.NoError(t, err)
	for _, e := range b.Events {
		if e.Time.Before(got.From) || !e.Time.Before(got.To) || q.Project != "" && e.Project != q.Project || e.Kind == "" {
			continue
		}
		k, ok := kinds[e.Kind]
		if !ok {
			k = &Tally{}
		}
		for _, tally := range []*Tally{&want[e.Time.Sub(got.From)/got.Bucket], k} {
			switch fact, _ := job.Decode(e.Type, e.SchemaVersion, e.Data); fact := fact.(type) {
			case job.Submitted:
				tally.Submitted++
			case job.Started:
				tally.Started++
			case job.Succeeded:
				tally.Succeeded++
			case job.Failed:
				if fact.Final {
					tally.Failed++
				}
			case job.Cancelled:
				tally.Cancelled++
			case job.DeadLettered:
				tally.Dead++
			case job.RetryScheduled:
				tally.Retried++
			}
		}
		if *k != (Tally{}) {
			kinds[e.Kind] = k
		}
	}
	for i, bucket := range got.Throughput {
		require.Equal(t, got.From.Add(time.Duration(i)*got.Bucket), bucket.Time)
		require.Equal(t, want[i], bucket.Tally, "bucket %d", i)
	}
	require.Len(t, got.Kinds, len(kinds))
	for _, k := range got.Kinds {
		if k.Duration.Count == 0 { // a kind can have durations only, of attempts that failed
			require.Equal(t, *kinds[k.Kind], k.Tally)
		}
		require.Equal(t, k.Started, k.Wait.Count)
	}
}

func TestStatsMeasureRunAndWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	began := w.now
	id := w.submit(job.Submit{Kind: "system.ping"})
	w.now = w.now.Add(3 * time.Second)
	w.try(id, job.Start{Now: w.now, Attempt: 1, Worker: "w1", Lease: "l1", LeaseMS: 1000})
	w.now = w.now.Add(8 * time.Second)
	w.try(id, job.Fail{Now: w.now, Lease: "l1", Error: job.Error{Code: "exit"}})
	p := start(t, w.store, Config{})
	reach(t, p, w.store)
	s, err := p.Stats(t.Context(), StatsQuery{From: began, To: w.now})
	require.NoError(t, err)
	require.Len(t, s.Kinds, 1)
	k := s.Kinds[0]
	require.Equal(t, Tally{Submitted: 1, Started: 1, Retried: 1}, k.Tally)
	require.InEpsilon(t, 3*time.Second, k.Wait.P50, 0.1)
	require.InEpsilon(t, 8*time.Second, k.Duration.P99, 0.1)
	require.Equal(t, map[job.Status]int64{job.StatusRetrying: 1}, s.ByStatus)
}

func TestStatsRefuseWindowsThatCannotBe(t *testing.T) {
	t.Parallel()
	p := start(t, newWorld(t).store, Config{})
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for name, q := range map[string]StatsQuery{
		"empty":    {From: now, To: now},
		"backward": {From: now, To: now.Add(-time.Hour)},
		"odd":      {From: now, To: now.Add(time.Hour), Bucket: 7 * time.Second},
		"many":     {From: now, To: now.Add(1000 * time.Hour), Bucket: 10 * time.Second},
	} {
		_, err := p.Stats(t.Context(), q)
		require.ErrorIs(t, err, ErrBadQuery, name)
	}
	s, err := p.Stats(t.Context(), StatsQuery{From: now, To: now.Add(100 * 365 * 24 * time.Hour)})
	require.NoError(t, err)
	require.LessOrEqual(t, len(s.Throughput), 182)
}

func TestQueuesShowModeKindsAndDepth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.submit(job.Submit{Kind: "system.ping", Queue: "default", Priority: job.PriorityHigh})
	w.submit(job.Submit{Kind: "recorder.flow", Queue: "browser"})
	id := w.submit(job.Submit{Kind: "system.ping", Queue: "default"})
	w.try(id, job.Start{Now: w.now, Attempt: 1, Worker: "w1", Lease: "l1", LeaseMS: 1000})
	for _, name := range []string{"default", "empty"} {
		_, err := w.repo.SetQueueMode(t.Context(), name, by, queue.ModePaused, "maintenance", w.now)
		require.NoError(t, err)
	}
	p := start(t, w.store, Config{})
	reach(t, p, w.store)
	got, err := p.Queues(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, got.Items, 3)
	browser, first, empty := got.Items[0], got.Items[1], got.Items[2]
	require.Equal(t, "browser", browser.Name)
	require.Equal(t, queue.ModeRunning, browser.Mode)
	require.Equal(t, []string{"recorder.flow"}, browser.Kinds)
	require.Equal(t, queue.ModePaused, first.Mode)
	require.Equal(t, "maintenance", first.Reason)
	require.Equal(t, map[job.Status]int64{job.StatusQueued: 1, job.StatusRunning: 1}, first.ByStatus)
	require.Equal(t, map[job.Priority]int64{job.PriorityHigh: 1}, first.Waiting)
	require.Equal(t, queue.ModePaused, empty.Mode)
	require.Empty(t, empty.ByStatus)

	projects, err := p.Projects(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"default"}, projects)
}
