package projections

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
	"zombiezen.com/go/sqlite"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

// foldAll folds what the log has behind the file in batches of the given sizes, over and over.
func foldAll(t require.TestingT, w *world, f *file, sizes ...int) {
	for i := 0; ; i++ {
		b, err := w.store.ReadAll(w.ctx().Context(), f.at.scanned, sizes[i%len(sizes)])
		require.NoError(t, err)
		if len(b.Events) == 0 {
			return
		}
		require.NoError(t, f.apply(b))
	}
}

func dumpOf(t require.TestingT, f *file) []string {
	var lines []string
	require.NoError(t, jobModel.dump(f.conn, func(l line) error {
		lines = append(lines, l.text)
		return nil
	}))
	return lines
}

func tempFile(t require.TestingT, w *world, dir, name string) *file {
	f, _, err := openFile(jobModel, filepath.Join(dir, name), w.store.Epoch())
	require.NoError(t, err)
	return f
}

// However the log is cut into batches, and however often the process starts anew, the read models
// are the same.
func TestBatchesAndRestartsDoNotShow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		dir, err := os.MkdirTemp(t.TempDir(), "")
		require.NoError(rt, err)
		live := tempFile(rt, w, dir, "live.db")
		sizes := rapid.SliceOfN(rapid.IntRange(1, 9), 1, 5).Draw(rt, "sizes")
		for range rapid.IntRange(1, 3).Draw(rt, "restarts") {
			w.live(rt, rapid.IntRange(1, 40).Draw(rt, "steps"))
			foldAll(rt, w, live, sizes...)
			require.NoError(rt, live.close())
			live = tempFile(rt, w, dir, "live.db")
		}
		rebuilt := tempFile(rt, w, dir, "rebuilt.db")
		foldAll(rt, w, rebuilt, 10_000)
		require.Equal(rt, rebuilt.at, live.at)
		require.Equal(rt, dumpOf(rt, rebuilt), dumpOf(rt, live))
		require.NoError(rt, live.close())
		require.NoError(rt, rebuilt.close())
	})
}

// A rebuild that was exchanged for the file may be ahead of the batch that comes next.
func TestEventsThatWereFoldedArePassedOver(t *testing.T) {
	t.Parallel()
	w := liveWorld(t, 100)
	f := tempFile(t, w, t.TempDir(), "read.db")
	foldAll(t, w, f, 1000)
	at, lines := f.at, dumpOf(t, f)
	b, err := w.store.ReadAll(t.Context(), eventstore.Position{}, 50)
	require.NoError(t, err)
	require.NoError(t, f.apply(b))
	require.Equal(t, at, f.at)
	require.Equal(t, lines, dumpOf(t, f))
	require.NoError(t, f.close())
}

// A row shows what job.Fold and job.FoldOutput show.
func TestRowsEqualJobFold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		dir, err := os.MkdirTemp(t.TempDir(), "")
		require.NoError(rt, err)
		f := tempFile(rt, w, dir, "read.db")
		w.live(rt, rapid.IntRange(1, 100).Draw(rt, "steps"))
		foldAll(rt, w, f, rapid.SliceOfN(rapid.IntRange(1, 9), 1, 5).Draw(rt, "sizes")...)
		require.Zero(rt, f.at.skipped)
		for _, id := range w.ids {
			require.JSONEq(rt, wantRow(rt, w, id), gotRow(rt, f, id))
		}
		require.NoError(rt, f.close())
	})
}

func gotRow(t require.TestingT, f *file, id string) string {
	var doc []byte
	require.NoError(t, exec(f.conn, findDoc, func(s *sqlite.Stmt) error {
		doc = columnBytes(s, 1)
		return nil
	}, id))
	var d document
	require.NoError(t, json.Unmarshal(doc, &d))
	out, err := d.encode()
	require.NoError(t, err)
	return string(out)
}

func wantRow(t require.TestingT, w *world, id string) string {
	ctx := w.ctx().Context()
	s, err := w.repo.Load(ctx, id)
	require.NoError(t, err)
	d := document{State: s, Cursor: lastCursor(t, w, id)}
	for n := 1; n <= s.Attempt; n++ {
		o, err := w.repo.LoadOutput(ctx, id, n, nil)
		require.NoError(t, err)
		d.Artifacts = append(d.Artifacts, o.Artifacts...)
		d.Progress = nil
		if o.Progress.Percent >= 0 {
			d.Progress = &o.Progress
		}
	}
	d.State.Attempts = slices.Clone(d.State.Attempts)
	slim(&d.State)
	out, err := d.encode()
	require.NoError(t, err)
	return string(out)
}

// lastCursor is that of the last event of the job that is not log lines.
func lastCursor(t require.TestingT, w *world, id string) eventstore.Cursor {
	b, err := w.store.ReadAll(w.ctx().Context(), eventstore.Position{}, 1<<20)
	require.NoError(t, err)
	for _, e := range slices.Backward(b.Events) {
		if e.Subject == id && e.Type != (job.Logged{}).EventType() {
			return e.Cursor(w.store.Epoch())
		}
	}
	require.Fail(t, fmt.Sprintf("no event of job %s", id))
	return eventstore.Cursor{}
}

func TestRowsLeaveOutWhatOnlyTheJobsPageShows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.submit(job.Submit{Kind: "system.ping", Input: []byte(`"needle"`), Retry: job.RetryPolicy{MaxAttempts: 100}})
	for n := range KeptAttempts + 2 {
		w.try(id, job.Start{Now: w.now, Attempt: n + 1, Worker: "w1", Lease: "l", LeaseMS: 1000})
		w.try(id, job.Fail{Now: w.now, Lease: "l", Error: job.Error{Code: "exit", Message: "exit status 3", Detail: "haystack"}})
		w.try(id, job.Due{Now: w.now.Add(24 * 365 * time.Hour)})
	}
	w.try(id, job.Annotate{Now: w.now, Text: "a note"})
	p := start(t, w.store, Config{})
	reach(t, p, w.store)
	for _, text := range []string{"needle", "haystack", "status hay"} {
		page, err := p.Jobs(t.Context(), JobQuery{Filter: Filter{Text: text}})
		require.NoError(t, err)
		require.Len(t, page.Items, 1, text)
		j := page.Items[0]
		require.Nil(t, j.Input)
		require.Nil(t, j.Annotations)
		require.Equal(t, &job.Error{Code: "exit", Message: "exit status 3"}, j.Error)
		require.Len(t, j.Attempts, KeptAttempts)
		require.Equal(t, KeptAttempts+2, j.Attempts[KeptAttempts-1].Number)
		require.Empty(t, j.Attempts[0].Error.Detail)
	}
}

func TestArtifactsOfAllAttemptsAreKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.submit(job.Submit{Kind: "system.ping"})
	for attempt := 1; attempt <= 2; attempt++ {
		w.try(id, job.Start{Now: w.now, Attempt: attempt, Worker: "w1", Lease: "l", LeaseMS: 1000})
		for size := range int64(2) { // the second replaces the first
			w.say(id, job.ArtifactStored{Name: "trace.zip", Size: size})
		}
		w.try(id, job.Fail{Now: w.now, Lease: "l", Output: w.head(id)})
		w.try(id, job.Due{Now: w.now.Add(time.Hour)})
	}
	p := start(t, w.store, Config{})
	reach(t, p, w.store)
	j, ok, err := p.Job(t.Context(), id)
	require.NoError(t, err)
	require.True(t, ok)
	require.Len(t, j.Artifacts, 2)
	for i, a := range j.Artifacts {
		require.Equal(t, i+1, a.Attempt)
		require.EqualValues(t, 1, a.Size)
	}
}
