package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/client"
	"tapedeck/domain/job"
	"tapedeck/eventstore/tapefile"
	"tapedeck/internal/redistest"
	"tapedeck/internal/tapedecktest"
)

// patience bounds what a test waits for; nothing waits for it to pass.
const patience = time.Minute

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// eventually asks again until ok, or fails with the last answer.
func eventually(ctx context.Context, t *testing.T, what string, ok func() (bool, any)) {
	t.Helper()
	for {
		done, last := ok()
		if done {
			return
		}
		if ctx.Err() != nil {
			require.FailNow(t, "never happened: "+what, "last: %v", last)
		}
		pause(ctx, 20*time.Millisecond)
	}
}

func submit(ctx context.Context, t *testing.T, cl *client.Client, kind, input string) client.Job {
	t.Helper()
	s := client.Submission{Kind: kind}
	if input != "" {
		s.Input = jsontext.Value(input)
	}
	j, err := cl.Submit(ctx, s, "")
	require.NoError(t, err)
	return j
}

func awaitStatus(ctx context.Context, t *testing.T, cl *client.Client, id, status string) {
	t.Helper()
	eventually(ctx, t, "job "+status, func() (bool, any) {
		j, err := cl.Job(ctx, id, nil)
		return err == nil && j.Status == status, fmt.Sprint(j.Status, err)
	})
}

func ready(ctx context.Context, base string) (bool, any) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
	if err != nil {
		return false, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK, res.Status
}

func verifyTape(ctx context.Context, t *testing.T, cl *client.Client, id string) tapefile.Report {
	t.Helper()
	var tape bytes.Buffer
	require.NoError(t, cl.Download(ctx, "/api/jobs/"+id+"/tape", &tape))
	report, err := tapefile.Verify(&tape)
	require.NoError(t, err)
	require.Empty(t, report.Faults)
	return report
}

func TestRedisIsAwayAtTheStartAndMidway(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	redis := redistest.Start(t)
	redis.Stop()
	serve := tapedecktest.StartUntil(t, "redis cannot be used yet", "serve", append([]string{"BROKER_URL=" + redis.URL()}, quick...)...)
	redis.Restart()
	cl := serve.Client()
	eventually(ctx, t, "ready when Redis came", func() (bool, any) { return ready(ctx, serve.URL()) })
	long := submit(ctx, t, cl, "system.exercise", `{"lines":40,"rate":20}`)
	awaitStatus(ctx, t, cl, long.JobID, "running")

	redis.Kill()
	eventually(ctx, t, "not ready without Redis", func() (bool, any) {
		ok, last := ready(ctx, serve.URL())
		return !ok, last
	})
	_, err := cl.Submit(ctx, client.Submission{Kind: "system.ping"}, "")
	var problem *client.Problem
	require.ErrorAs(t, err, &problem)
	require.Equal(t, "unavailable", problem.Code)
	redis.Restart()
	eventually(ctx, t, "ready again", func() (bool, any) { return ready(ctx, serve.URL()) })
	awaitStatus(ctx, t, cl, long.JobID, "succeeded")
	verifyTape(ctx, t, cl, long.JobID)
}

// goneFrom taps from a cursor and demands an explicit gone.
func goneFrom(ctx context.Context, t *testing.T, cl *client.Client, cursor, reason string) {
	t.Helper()
	eventually(ctx, t, "gone", func() (bool, any) {
		err := client.Tap{From: cursor}.Run(ctx, cl, func(client.TapLine) error { return nil })
		var gone *client.GoneError
		if errors.As(err, &gone) {
			require.Equal(t, reason, gone.Reason, gone.Detail)
			return true, nil
		}
		return false, err
	})
}

func TestEmptiedRedisIsNoticed(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	redis := redistest.Start(t)
	serve := tapedecktest.Start(t, "serve", append([]string{"BROKER_URL=" + redis.URL()}, quick...)...)
	cl := serve.Client()
	old := submit(ctx, t, cl, "system.ping", "")
	awaitStatus(ctx, t, cl, old.JobID, "succeeded")

	require.NoError(t, redis.Client().FlushAll(ctx).Err())
	goneFrom(ctx, t, cl, old.Cursor, "foreign")
	eventually(ctx, t, "a list without the old job", func() (bool, any) {
		page, err := cl.Jobs(ctx, nil)
		return err == nil && len(page.Items) == 0, fmt.Sprint(len(page.Items), err)
	})
	fresh := submit(ctx, t, cl, "system.ping", "")
	awaitStatus(ctx, t, cl, fresh.JobID, "succeeded")
}

func TestOlderSnapshotOfRedisIsNoticed(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	redis := redistest.Start(t)
	serve := tapedecktest.Start(t, "serve", append([]string{"BROKER_URL=" + redis.URL()}, quick...)...)
	cl := serve.Client()
	kept := submit(ctx, t, cl, "system.ping", "")
	awaitStatus(ctx, t, cl, kept.JobID, "succeeded")
	backup := filepath.Join(t.TempDir(), "backup")
	require.NoError(t, os.CopyFS(backup, os.DirFS(redis.Dir)))
	lost := submit(ctx, t, cl, "system.ping", "")
	awaitStatus(ctx, t, cl, lost.JobID, "succeeded")

	redis.Kill()
	entries, err := os.ReadDir(redis.Dir)
	require.NoError(t, err)
	for _, e := range entries {
		require.NoError(t, os.RemoveAll(filepath.Join(redis.Dir, e.Name())))
	}
	require.NoError(t, os.CopyFS(redis.Dir, os.DirFS(backup)))
	redis.Restart()
	goneFrom(ctx, t, cl, lost.Cursor, "lost")
	eventually(ctx, t, "the read models are those of the older log", func() (bool, any) {
		page, err := cl.Jobs(ctx, nil)
		return err == nil && len(page.Items) == 1 && page.Items[0].JobID == kept.JobID, fmt.Sprint(page.Items, err)
	})
	fresh := submit(ctx, t, cl, "system.ping", "")
	awaitStatus(ctx, t, cl, fresh.JobID, "succeeded")
	verifyTape(ctx, t, cl, kept.JobID)
}

func TestFrozenWorkerLosesItsJobAndCanAppendNothing(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	redis := redistest.Start(t)
	env := append([]string{"BROKER_URL=" + redis.URL()}, quick...)
	api := tapedecktest.Start(t, "api", env...)
	workers := map[string]*tapedecktest.Server{
		"one": tapedecktest.Start(t, "worker", append(env, "WORKER_NAME=one")...),
		"two": tapedecktest.Start(t, "worker", append(env, "WORKER_NAME=two")...),
	}
	cl := api.Client()
	j := submit(ctx, t, cl, "system.exercise", `{"lines":60,"rate":20}`)
	var first string
	err := client.Tap{JobID: j.JobID, From: "beginning", Follow: true}.Run(ctx, cl, func(l client.TapLine) error {
		if l.Type == "job.logged" {
			return client.ErrStop // it runs and has said something
		}
		if l.Type == "job.started" {
			for name := range workers {
				if strings.Contains(string(l.Data), `"worker":"`+name) {
					first = name
				}
			}
		}
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, first)
	require.NoError(t, workers[first].Pause())
	awaitAttempt(ctx, t, cl, j.JobID, 2)
	require.NoError(t, workers[first].Resume())
	awaitStatus(ctx, t, cl, j.JobID, "succeeded")

	report := verifyTape(ctx, t, cl, j.JobID)
	require.Equal(t, job.StatusSucceeded, report.Status)
	// The one that was frozen is a worker like any other again.
	for range 20 {
		p := submit(ctx, t, cl, "system.ping", "")
		awaitStatus(ctx, t, cl, p.JobID, "succeeded")
	}
}

func awaitAttempt(ctx context.Context, t *testing.T, cl *client.Client, id string, attempt int) {
	t.Helper()
	eventually(ctx, t, fmt.Sprintf("attempt %d", attempt), func() (bool, any) {
		j, err := cl.Job(ctx, id, nil)
		return err == nil && j.Attempt >= attempt, fmt.Sprint(j.Attempt, err)
	})
}

func TestStalledClientHoldsUpNobodyAndMissesNothing(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	serve := tapedecktest.Start(t, "serve")
	cl := serve.Client()
	follow := url.Values{"follow": {"true"}, "from": {"beginning"}}
	stalled, err := http.NewRequestWithContext(ctx, http.MethodGet, serve.URL()+"/api/events?"+follow.Encode(), nil)
	require.NoError(t, err)
	stalled.Header.Set("Accept", "application/x-ndjson")
	res, err := http.DefaultClient.Do(stalled) // and does not read
	require.NoError(t, err)
	defer res.Body.Close()

	j := submit(ctx, t, cl, "system.exercise", `{"lines":20000,"rate":0,"lineBytes":500,"progress":false}`)
	seen := map[string]bool{}
	count := func(l client.TapLine) error {
		if l.Op == "" {
			key := fmt.Sprintf("%s#%d", l.Stream, l.Seq)
			require.False(t, seen[key], key)
			seen[key] = true
		}
		if l.Type == "job.succeeded" {
			return client.ErrStop
		}
		return nil
	}
	require.NoError(t, client.Tap{From: "beginning", Follow: true}.Run(ctx, cl, count), "a client that reads gets everything")
	live := seen
	awaitStatus(ctx, t, cl, j.JobID, "succeeded")

	seen = map[string]bool{}
	require.ErrorIs(t, client.ReadTap(res.Body, count), client.ErrStop, "the stalled one goes on where it was")
	require.Equal(t, live, seen)
}
