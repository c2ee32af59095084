package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"tapedeck/client"
	"tapedeck/domain/job"
	"tapedeck/eventstore/tapefile"
	"tapedeck/internal/redistest"
	"tapedeck/internal/tapedecktest"
)

// kills is how many processes are killed: 8, or TAPEDECK_KILLS (`make chaos` says 200).
func kills(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("TAPEDECK_KILLS"))
	if os.Getenv("TAPEDECK_KILLS") == "" {
		return 8
	}
	require.NoError(t, err, "TAPEDECK_KILLS")
	return n
}

// victim is something to kill and to start again.
type victim struct {
	name    string
	kill    func()
	restart func()
}

func process(t *testing.T, name string, s *tapedecktest.Server) victim {
	return victim{name, func() { require.NoError(t, s.Kill()) }, s.Restart}
}

// quick makes recovery fast enough for a test; nothing else is different from a usual set-up.
var quick = []string{"LEASE=1s", "CLAIM_BY=2s", "WORKER_CONCURRENCY=16"}

func TestChaosOnTheEmbeddedLog(t *testing.T) {
	t.Parallel()
	serve := tapedecktest.Start(t, "serve", quick...)
	c := newChaos(t, serve, process(t, "serve", serve))
	c.run()
	require.NoError(t, serve.Stop(), "SIGTERM ends it in order")
	c.rebuilt(append([]string{"DATA_DIR=" + serve.Dir}, quick...))
}

func TestChaosOnRedis(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	env := append([]string{"BROKER_URL=" + redis.URL()}, quick...)
	api := tapedecktest.Start(t, "api", env...)
	one, two := tapedecktest.Start(t, "worker", env...), tapedecktest.Start(t, "worker", env...)
	c := newChaos(t, api,
		process(t, "api", api), process(t, "worker 1", one), process(t, "worker 2", two),
		victim{"redis", redis.Kill, redis.Restart})
	c.run()
	require.NoError(t, api.Stop(), "SIGTERM ends it in order")
	c.rebuilt(append([]string{"DATA_DIR=" + api.Dir}, env...))
}

// chaos submits jobs without a pause while processes are killed, and then looks for everything that
// was promised.
type chaos struct {
	t       *testing.T
	ctx     context.Context
	cl      *client.Client
	victims []victim
	kills   int

	submitted atomic.Int64
	moved     chan struct{} // signalled at each receipt

	mu       sync.Mutex
	receipts map[string]client.Job
	live     map[string]string // stream#sequence → cursor, as the live client saw them
	twice    []string
}

func newChaos(t *testing.T, api *tapedecktest.Server, victims ...victim) *chaos {
	n := kills(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n)*15*time.Second+3*time.Minute)
	t.Cleanup(cancel)
	return &chaos{
		t: t, ctx: ctx, cl: api.Client(), victims: victims, kills: n, moved: make(chan struct{}, 1),
		receipts: map[string]client.Job{}, live: map[string]string{},
	}
}

func (c *chaos) run() {
	load, stopLoad := context.WithCancel(c.ctx)
	var submitters sync.WaitGroup
	for i := range 4 {
		submitters.Go(func() { c.submit(load, i) })
	}
	watch, stopWatch := context.WithCancel(c.ctx)
	watched := make(chan error, 1)
	go func() { watched <- c.watch(watch) }()

	for n := range c.kills {
		v := c.victims[n%len(c.victims)]
		c.await(rand.IntN(20) + 5)
		c.t.Logf("kill %d: %s after %d receipts", n+1, v.name, c.submitted.Load())
		v.kill()
		v.restart()
	}
	c.await(20)
	stopLoad()
	submitters.Wait()

	last := c.allFinal()
	c.caughtUp(last)
	stopWatch()
	if err := <-watched; !errors.Is(err, context.Canceled) {
		require.NoError(c.t, err, "the live client")
	}
	c.check()
}

// submit sends jobs of every fate, each with a key, and repeats one until it has a receipt.
func (c *chaos) submit(ctx context.Context, who int) {
	for n := 0; ctx.Err() == nil; n++ {
		s := client.Submission{Kind: "system.ping"}
		switch n % 4 {
		case 1:
			s = client.Submission{Kind: "system.exercise", Input: jsontext.Value(`{"lines":20,"rate":200,"artifactBytes":1000}`)}
		case 2:
			s = client.Submission{Kind: "system.exercise", Input: jsontext.Value(`{"lines":3,"rate":0,"fail":"error","failAttempts":1}`), Retry: &client.Retry{MaxAttempts: 2}}
		}
		s.Labels = map[string]string{"who": strconv.Itoa(who), "n": strconv.Itoa(n)}
		key := fmt.Sprintf("%s-%d-%d", c.t.Name(), who, n)
		j, err := c.cl.Submit(ctx, s, key)
		for err != nil && ctx.Err() == nil {
			var p *client.Problem
			if errors.As(err, &p) && p.Status < 500 && p.Status != 429 && p.Status != 409 {
				c.t.Errorf("submit: %v", err)
				return
			}
			pause(ctx, 20*time.Millisecond)
			j, err = c.cl.Submit(ctx, s, key)
		}
		if err != nil {
			return
		}
		c.mu.Lock()
		c.receipts[j.JobID] = j
		c.mu.Unlock()
		c.submitted.Add(1)
		select {
		case c.moved <- struct{}{}:
		default:
		}
	}
}

// pause spaces out tries against a server that is down.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// await waits for n more receipts: the system makes progress between the kills.
func (c *chaos) await(n int) {
	want := c.submitted.Load() + int64(n)
	for c.submitted.Load() < want {
		select {
		case <-c.moved:
		case <-c.ctx.Done():
			require.FailNow(c.t, "no progress", "%d receipts, want %d", c.submitted.Load(), want)
		}
	}
}

// watch is a client that reads everything live from the beginning and comes back by its cursor.
func (c *chaos) watch(ctx context.Context) error {
	return client.Tap{From: "beginning", Follow: true}.Run(ctx, c.cl, func(l client.TapLine) error {
		if l.Op != "" {
			return nil
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		key := fmt.Sprintf("%s#%d", l.Stream, l.Seq)
		if _, seen := c.live[key]; seen {
			c.twice = append(c.twice, key)
		}
		c.live[key] = l.Cursor
		return nil
	})
}

// allFinal waits until every job that was acknowledged has ended and returns the last event's key.
func (c *chaos) allFinal() (keys []string) {
	for id := range c.receipts {
		for {
			j, err := c.cl.Job(c.ctx, id, nil)
			if err == nil && j.Final() {
				keys = append(keys, fmt.Sprintf("job/%s#%d", id, j.Version))
				break
			}
			require.NoError(c.t, c.ctx.Err(), "job %s is %s (%v)", id, j.Status, err)
			pause(c.ctx, 50*time.Millisecond)
		}
	}
	return keys
}

// caughtUp waits until the live client has seen the last event of every job.
func (c *chaos) caughtUp(keys []string) {
	for _, key := range keys {
		for {
			c.mu.Lock()
			_, seen := c.live[key]
			c.mu.Unlock()
			if seen {
				break
			}
			require.NoError(c.t, c.ctx.Err(), "the live client never saw %s", key)
			pause(c.ctx, 20*time.Millisecond)
		}
	}
}

func (c *chaos) check() {
	require.Empty(c.t, c.twice, "events that the live client saw twice")
	total := 0
	statuses := map[job.Status]int{}
	for id, receipt := range c.receipts {
		var tape bytes.Buffer
		require.NoError(c.t, c.cl.Download(c.ctx, "/api/jobs/"+id+"/tape", &tape))
		report, err := tapefile.Verify(bytes.NewReader(tape.Bytes()))
		require.NoError(c.t, err)
		require.Empty(c.t, report.Faults, "tape of %s", id)
		statuses[report.Status]++
		total += c.checkTape(id, receipt, tape.Bytes())
	}
	c.t.Logf("%d jobs, %d events, %v", len(c.receipts), total, statuses)
}

// checkTape looks for the receipt (the version and, by its cursor, the very event), for each event on
// the live client's list, and for attempts that began or ended twice.
func (c *chaos) checkTape(id string, receipt client.Job, tape []byte) (events int) {
	begun, ended, version, found := map[int]int{}, map[int]int{}, false, false
	_, _, err := tapefile.Read(bytes.NewReader(tape), func(e tapefile.Entry) error {
		events++
		var ev struct {
			Type     string         `json:"type"`
			Stream   string         `json:"stream"`
			Sequence uint64         `json:"sequence"`
			Attempt  int            `json:"attempt"`
			Data     jsontext.Value `json:"data"`
		}
		if err := json.Unmarshal(e.Event, &ev); err != nil {
			return err
		}
		key := fmt.Sprintf("%s#%d", ev.Stream, ev.Sequence)
		cursor, seen := c.live[key]
		if !seen {
			c.t.Errorf("the live client never saw %s", key)
		}
		version = version || key == fmt.Sprintf("job/%s#%d", id, receipt.Version)
		found = found || cursor == receipt.Cursor
		switch {
		case ev.Type == "job.started":
			begun[ev.Attempt]++
		case strings.Contains(string(ev.Data), `"output":{`):
			ended[ev.Attempt]++
		}
		return nil
	})
	require.NoError(c.t, err)
	require.True(c.t, version && found, "receipt of %s: version %d, cursor %s", id, receipt.Version, receipt.Cursor)
	for attempt, n := range begun {
		require.Equal(c.t, 1, n, "attempt %d of %s began", attempt, id)
		require.Equal(c.t, 1, ended[attempt], "attempt %d of %s ended", attempt, id)
	}
	return events
}

// rebuilt folds the log anew and compares that with the read models that went through the kills.
func (c *chaos) rebuilt(env []string) {
	out, errs, code := tapedecktest.Run(c.ctx, c.t, env, "rebuild", "--check")
	require.Zero(c.t, code, "%s%s", out, errs)
	c.t.Log(strings.TrimSpace(out))
}
