package e2e

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/client"
	"tapedeck/internal/proctest"
	"tapedeck/internal/redistest"
	"tapedeck/internal/tapedecktest"
)

// A worker without the API can be watched, and keeps to the bounds that its settings give its jobs.
func TestWorkerIsWatchedAndBounded(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	redis := redistest.Start(t)
	addr, err := proctest.FreeAddr()
	require.NoError(t, err)
	api := tapedecktest.Start(t, "api", "BROKER_URL="+redis.URL())
	worker := tapedecktest.Start(t, "worker", "BROKER_URL="+redis.URL(), "WORKER_ADDR="+addr, "WORKER_NAME=bounded",
		"OUTPUT_LINES=5", "KIND_CONCURRENCY=system.exercise=1", "ARTIFACTS_URL="+api.Dir+"/artifacts")
	cl, err := client.New(api.URL())
	require.NoError(t, err)

	get := func(path string) (int, string) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+path, nil)
		require.NoError(t, err)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return res.StatusCode, string(body)
	}
	code, body := get("/healthz")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "ok\n", body)
	code, body = get("/readyz")
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, body, "store ok: redis")
	require.Contains(t, body, "worker ok")
	code, _ = get("/api/jobs")
	require.Equal(t, http.StatusNotFound, code)

	slow := submit(ctx, t, cl, "system.exercise", `{"lines":1,"rate":0,"sleepMs":600000}`)
	awaitStatus(ctx, t, cl, slow.JobID, "running")
	j := submit(ctx, t, cl, "system.exercise", `{"lines":20,"rate":0}`)
	awaitStatus(ctx, t, cl, submit(ctx, t, cl, "system.ping", "").JobID, "succeeded")
	awaitStatus(ctx, t, cl, j.JobID, "queued") // its kind is full
	_, err = cl.Command(ctx, slow.JobID, "cancel", struct{}{})
	require.NoError(t, err)
	awaitStatus(ctx, t, cl, j.JobID, "succeeded")
	var page struct {
		Total     int  `json:"total"`
		Truncated bool `json:"truncated"`
	}
	require.NoError(t, cl.Get(ctx, "/api/jobs/"+j.JobID+"/log", nil, &page))
	require.Equal(t, 5, page.Total)
	require.True(t, page.Truncated)
	_, body = get("/metrics")
	for _, name := range []string{"tapedeck_worker_", "go_goroutines", "process_open_fds"} {
		require.Contains(t, body, name)
	}

	redis.Kill()
	eventually(ctx, t, "the worker says that its store is away", func() (bool, any) {
		code, body := get("/readyz")
		return code == http.StatusServiceUnavailable, body
	})
	code, _ = get("/healthz")
	require.Equal(t, http.StatusOK, code)
	redis.Restart()
	eventually(ctx, t, "and that it is back", func() (bool, any) {
		code, body := get("/readyz")
		return code == http.StatusOK, body
	})
	require.NoError(t, worker.Kill())
}
