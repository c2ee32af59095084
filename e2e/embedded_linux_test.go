package e2e

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/client"
	"tapedeck/internal/tapedecktest"
)

// logFiles are the files of the embedded log.
var logFiles = []string{"log.db", "log.db-wal", "log.db-shm"}

func TestRemovedEmbeddedLogIsNoticed(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	serve := tapedecktest.Start(t, "serve", quick...)
	cl := serve.Client()
	old := submit(ctx, t, cl, "system.ping", "")
	awaitStatus(ctx, t, cl, old.JobID, "succeeded")

	for _, name := range logFiles {
		require.NoError(t, os.Remove(filepath.Join(serve.Dir, name)))
	}
	goneFrom(ctx, t, cl, old.Cursor, "foreign")
	eventually(ctx, t, "a list without the old job", func() (bool, any) {
		page, err := cl.Jobs(ctx, nil)
		return err == nil && len(page.Items) == 0, fmt.Sprint(len(page.Items), err)
	})
	fresh := submit(ctx, t, cl, "system.ping", "")
	awaitStatus(ctx, t, cl, fresh.JobID, "succeeded")
}

func TestOlderCopyOfTheEmbeddedLogIsNoticed(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	serve := tapedecktest.Start(t, "serve", quick...)
	cl := serve.Client()
	kept := submit(ctx, t, cl, "system.ping", "")
	awaitStatus(ctx, t, cl, kept.JobID, "succeeded")
	require.NoError(t, serve.Stop())
	path := filepath.Join(serve.Dir, "log.db")
	backup, err := os.ReadFile(path) // closed in order, the log is this file alone
	require.NoError(t, err)

	serve.Restart()
	lost := submit(ctx, t, cl, "system.ping", "")
	awaitStatus(ctx, t, cl, lost.JobID, "succeeded")
	require.NoError(t, serve.Stop())
	require.NoError(t, os.WriteFile(path, backup, 0o600))

	serve.Restart()
	goneFrom(ctx, t, cl, lost.Cursor, "lost")
	eventually(ctx, t, "the read models are those of the older log", func() (bool, any) {
		page, err := cl.Jobs(ctx, nil)
		return err == nil && len(page.Items) == 1 && page.Items[0].JobID == kept.JobID, fmt.Sprint(page.Items, err)
	})
	fresh := submit(ctx, t, cl, "system.ping", "")
	awaitStatus(ctx, t, cl, fresh.JobID, "succeeded")
	verifyTape(ctx, t, cl, kept.JobID)
}

// A disk that runs full: submissions are refused in words, what was accepted stays, and when there is
// room again everything goes on by itself, the read models too.
func TestDiskFullUnderTheEmbeddedLog(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		t.Skipf("a small disk cannot be mounted here (%v); the back end's own tests cover its part", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	ballast := filepath.Join(dir, "ballast")
	require.NoError(t, os.WriteFile(ballast, make([]byte, 12<<20), 0o600))
	serve := tapedecktest.Start(t, "serve", append([]string{"DATA_DIR=" + dir}, quick...)...)
	cl := serve.Client()

	accepted := map[string]bool{}
	full := false
	for n := 0; !full; n++ {
		require.NoError(t, ctx.Err(), "%d jobs fitted", n)
		j, err := cl.Submit(ctx, client.Submission{Kind: "system.exercise", Input: []byte(`{"lines":200,"rate":0}`)}, "")
		if err == nil {
			accepted[j.JobID] = true
			continue
		}
		var problem *client.Problem
		require.ErrorAs(t, err, &problem)
		require.Equal(t, "unavailable", problem.Code)
		require.Contains(t, problem.Detail, "out of room")
		full = true
	}
	require.NotEmpty(t, accepted)

	require.NoError(t, os.Remove(ballast))
	eventually(ctx, t, "ready again", func() (bool, any) { return ready(ctx, serve.URL()) })
	fresh := submit(ctx, t, cl, "system.ping", "")
	accepted[fresh.JobID] = true
	for id := range accepted {
		awaitStatus(ctx, t, cl, id, "succeeded")
		verifyTape(ctx, t, cl, id)
	}
	eventually(ctx, t, "the list has them all", func() (bool, any) {
		listed := 0
		query := url.Values{"status": {"succeeded"}, "limit": {"200"}}
		for {
			page, err := cl.Jobs(ctx, query)
			if err != nil {
				return false, err
			}
			if listed += len(page.Items); page.NextPage == "" {
				return listed == len(accepted), listed
			}
			query.Set("page", page.NextPage)
		}
	})
}
