package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
	"tapedeck/internal/redistest"
	"tapedeck/internal/tapedecktest"
)

// A session that a worker process runs is driven through the API of another one, watched, and ended.
func TestASessionOfAWorkerIsDrivenThroughTheAPI(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	app := newShop(t)
	redis := redistest.Start(t)
	api := tapedecktest.Start(t, "api", "BROKER_URL="+redis.URL())
	env := append(recordsHere(t), "BROKER_URL="+redis.URL(), "ARTIFACTS_URL="+api.Dir+"/artifacts")
	worker := tapedecktest.Start(t, "worker", env...)
	s := &studio{Server: api, t: t, cl: api.Client()}
	id := s.record(map[string]any{"url": app.URL, "name": "Elsewhere"})
	c := s.sit(id)
	c.loaded(app.URL)
	c.click(shopThing.x, shopThing.y)
	c.write("Lamp")
	c.click(shopAdd.x, shopAdd.y)
	s.awaitStep(id, "the typed thing", func(step recording.Step) bool { return step.Type == recording.Fill && step.Value.Text == "Lamp" })
	s.awaitStep(id, "the click", func(step recording.Step) bool {
		return step.Type == recording.Click && strings.Contains(step.Title, "Add")
	})
	s.eventually("the order", func() (bool, any) { return len(app.ordered()) == 1, nil })
	watcher := s.sit(id)
	require.Equal(t, "watcher", watcher.await(0, "a greeting", func(m message) bool { return m.Op == "hello" }).You)
	s.eventually("the watcher's picture", func() (bool, any) {
		watcher.mu.Lock()
		defer watcher.mu.Unlock()
		return len(watcher.picture) > 0, nil
	})

	var workers map[string]any
	require.NoError(t, s.cl.Get(ctx, "/api/workers", nil, &workers))
	require.NotContains(t, fmt.Sprint(workers), "http://", "where a worker's sessions are joined is no matter of the API's clients")

	require.NoError(t, s.cl.Post(ctx, "/api/recorder/sessions/"+id+"/stop", struct{}{}, new(map[string]any)))
	require.Equal(t, "succeeded", s.final(id).Status)
	for _, viewer := range []*canvas{c, watcher} {
		viewer.await(0, "the end", func(m message) bool { return m.Op == "ended" })
	}
	for name, holds := range map[string]string{"recording.json": "Click button", "network.har": "/orders", "trace.zip": "PK", "console.ndjson": "ordered Lamp"} {
		require.Contains(t, string(s.artefact(id, name)), holds, name)
	}
	require.NoError(t, worker.Stop(), "SIGTERM ends it in order")
}
