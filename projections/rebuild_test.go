package projections

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/job"
	"tapedeck/eventstore"
)

// liveWorld is a world with some history.
func liveWorld(t *testing.T, steps int) *world {
	w := newWorld(t)
	gen := rapid.Custom(func(rt *rapid.T) int {
		w.live(rt, steps)
		return 0
	})
	gen.Example(7)
	return w
}

func TestCheckFindsNoDifference(t *testing.T) {
	t.Parallel()
	w := liveWorld(t, 200)
	p := start(t, w.store, Config{Batch: 3})
	cursor := reach(t, p, w.store)
	c, err := p.Check(t.Context())
	require.NoError(t, err)
	require.True(t, c.Equal(), "%v", c.Differences)
	require.Equal(t, cursor, c.Checkpoint)
	require.Len(t, c.Live, 64)
}

// Whatever somebody changes in the file, the check says where.
func TestCheckFindsEveryChange(t *testing.T) {
	t.Parallel()
	w := liveWorld(t, 200)
	path := filepath.Join(t.TempDir(), "read.db")
	_, err := Rebuild(t.Context(), w.store, path)
	require.NoError(t, err)
	clean, err := os.ReadFile(path)
	require.NoError(t, err)
	for sql, want := range map[string]string{
		"UPDATE job SET status = status + 1 WHERE num = 1":                            "- job 1 ",
		"UPDATE doc SET doc = replace(doc, 'j001', 'j002') WHERE num = 1":             "- doc 1 ",
		"DELETE FROM job WHERE num = 2":                                               "+ job 2 ",
		"UPDATE tally SET n = n + 1":                                                  "- tally ",
		"DELETE FROM label WHERE num = (SELECT max(num) FROM label)":                  "+ label ",
		"UPDATE stat SET submitted = submitted + 1 WHERE width = 3600":                "- stat 3600",
		"INSERT INTO job_text (rowid, submitted, error) VALUES (999, 'smuggled', '')": `- word "smuggled"`,
		"UPDATE job_text SET error = 'smuggled' WHERE rowid = 1":                      "- text 1 ",
		"INSERT INTO queue VALUES ('ghost', '{}')":                                    `- queue "ghost"`,
		"INSERT INTO stat SELECT width, start + 10, project, kind, 1, 1, 1, 1, 1, 1, 1, duration, wait FROM stat WHERE width = 10 LIMIT 1": "- stat 10",
	} {
		require.NoError(t, os.WriteFile(path, clean, 0o600))
		f, err := tryOpen(jobModel, path)
		require.NoError(t, err)
		require.NoError(t, exec(f.conn, sql, nil))
		require.Positive(t, f.conn.Changes(), sql)
		require.NoError(t, f.close())
		c, err := Check(t.Context(), w.store, path)
		require.NoError(t, err, sql)
		require.False(t, c.Equal(), sql)
		require.NotEqual(t, c.Live, c.Rebuilt, sql)
		require.Contains(t, strings.Join(c.Differences, "\n"), want, sql)
	}
	require.NoError(t, os.WriteFile(path, clean, 0o600))
	c, err := Check(t.Context(), w.store, path)
	require.NoError(t, err)
	require.True(t, c.Equal())
}

func TestRebuildMendsAndGoesOn(t *testing.T) {
	t.Parallel()
	w := liveWorld(t, 100)
	p := start(t, w.store, Config{Path: filepath.Join(t.TempDir(), "read.db")})
	reach(t, p, w.store)
	var before bytes.Buffer
	hash, err := p.Dump(t.Context(), &before)
	require.NoError(t, err)
	p.folding.Lock()
	require.NoError(t, exec(p.file.conn, "DELETE FROM job", nil))
	p.folding.Unlock()
	c, err := p.Check(t.Context())
	require.NoError(t, err)
	require.False(t, c.Equal())

	r, err := p.Rebuild(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, len(w.ids), r.Jobs)
	var after bytes.Buffer
	again, err := p.Dump(t.Context(), &after)
	require.NoError(t, err)
	require.Equal(t, hash, again)
	require.Equal(t, before.String(), after.String())

	w.submit(job.Submit{Kind: "system.ping"})
	reach(t, p, w.store)
	c, err = p.Check(t.Context())
	require.NoError(t, err)
	require.True(t, c.Equal(), "%v", c.Differences)
}

// Rebuilds, checks, queries and new events at the same time: no query fails, none goes back behind
// what it showed before, and in the end all is as it should be.
func TestRebuildUnderLoad(t *testing.T) {
	t.Parallel()
	w := liveWorld(t, 60)
	p := start(t, w.store, Config{Batch: 2})
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		defer cancel()
		for range 5 {
			_, err := p.Rebuild(t.Context())
			require.NoError(t, err)
			c, err := p.Check(t.Context())
			require.NoError(t, err)
			require.True(t, c.Equal(), "%v", c.Differences)
		}
	})
	for range 2 {
		all.Go(func() {
			var last eventstore.Position
			for ctx.Err() == nil {
				page, err := p.Jobs(t.Context(), JobQuery{})
				require.NoError(t, err)
				require.False(t, last.After(page.Cursor.Position))
				last = page.Cursor.Position
			}
		})
	}
	for ctx.Err() == nil {
		id := w.submit(job.Submit{Kind: "system.ping"})
		w.try(id, job.Start{Now: w.now, Attempt: 1, Worker: "w1", Lease: id, LeaseMS: 1000})
		reach(t, p, w.store)
	}
	all.Wait()
	c, err := p.Check(t.Context())
	require.NoError(t, err)
	require.True(t, c.Equal(), "%v", c.Differences)
	require.NoError(t, p.Status(t.Context()).Err)
}

// A log that ends before the read models (it was restored, and nobody noticed yet) is no base for new
// ones: what the fold would go on from is not there.
func TestRebuildRefusesALogThatEndsBefore(t *testing.T) {
	t.Parallel()
	w := liveWorld(t, 30)
	log := &faulty{Log: w.store}
	p := start(t, log, Config{})
	cursor := reach(t, p, w.store)
	log.set(func(f *faulty) {
		f.change = func(b eventstore.Batch) eventstore.Batch {
			b.Events = slices.DeleteFunc(slices.Clone(b.Events), func(e eventstore.Recorded) bool { return e.Position.Hi > 5 })
			if b.Next.Hi > 5 {
				b.Next.Hi = 5
			}
			return b
		}
	})
	_, err := p.Rebuild(t.Context())
	require.ErrorContains(t, err, "before the read models")
	page, err := p.Jobs(t.Context(), JobQuery{})
	require.NoError(t, err)
	require.Equal(t, cursor, page.Cursor)
}

func TestStopEndsACheck(t *testing.T) {
	t.Parallel()
	w := liveWorld(t, 20)
	log := &slowLog{Log: w.store, reached: make(chan struct{})}
	p := start(t, log, Config{Source: w.store})
	reach(t, p, w.store)
	result := make(chan error, 1)
	go func() {
		_, err := p.Check(t.Context())
		result <- err
	}()
	<-log.reached
	require.NoError(t, p.Stop())
	select {
	case err := <-result:
		require.ErrorIs(t, err, ErrStopped)
	case <-time.After(20 * time.Second):
		require.Fail(t, "the check goes on")
	}
}

// slowLog never answers a read of everything.
type slowLog struct {
	eventstore.Log
	reached chan struct{}
}

func (s *slowLog) ReadAll(ctx context.Context, _ eventstore.Position, _ int) (eventstore.Batch, error) {
	close(s.reached)
	<-ctx.Done()
	return eventstore.Batch{}, ctx.Err()
}
