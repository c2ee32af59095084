package workers_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/domain/recording"
	"tapedeck/eventstore"
	"tapedeck/workers"
	"tapedeck/workers/exercise"
)

func after(onFailure job.OnFailure, ids ...string) func(*job.Submit) {
	return func(c *job.Submit) {
		for _, id := range ids {
			c.After = append(c.After, job.Dependency{JobID: id, OnFailure: onFailure})
		}
	}
}

func TestJobWaitsForOthersAndReadsTheirResults(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t, kindOf("test.read", func(ctx context.Context, j *workers.Job) (any, error) {
			earlier, err := j.Earlier(ctx)
			if err != nil {
				return nil, err
			}
			r, err := j.OpenArtifact(ctx, earlier[0].JobID, earlier[0].Artifacts[0])
			if err != nil {
				return nil, err
			}
			defer r.Close()
			body, err := io.ReadAll(r)
			return len(body), err
		}))
		b.start()
		first := b.submit("system.exercise", `{"lines":2,"rate":1,"artifactBytes":1234,"artifactName":"a/b.bin"}`)
		second := b.submit("system.ping", `{"message":"two"}`)
		both := b.submit("system.exercise", `{"lines":1,"rate":0,"earlier":true}`, after("", first, second))
		read := b.submit("test.read", "", after("", first))
		last := b.submit("system.ping", "", after("", both, read))
		require.Equal(t, job.StatusSucceeded, b.final(last).Status)

		var result exercise.Result
		require.NoError(t, json.Unmarshal(b.final(both).Result, &result))
		require.Len(t, result.Earlier, 2)
		require.Equal(t, first, result.Earlier[0].JobID)
		require.Equal(t, "a/b.bin", result.Earlier[0].Artifacts[0].Name)
		require.Contains(t, string(result.Earlier[1].Result), "two")
		require.Equal(t, "1234", string(b.final(read).Result))
		late := b.submit("system.ping", "", after("", first, last))
		require.Equal(t, job.StatusSucceeded, b.final(late).Status, "what it waits for had ended before")
	})
}

func TestWhatBecomesOfJobsAfterAFailure(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		b.start()
		fails := b.submit("system.exercise", `{"lines":1,"fail":"permanent"}`)
		byDefault := b.submit("system.ping", "", after("", fails))
		cancels := b.submit("system.ping", "", after(job.OnFailureCancel, fails))
		runs := b.submit("system.exercise", `{"lines":1,"earlier":true}`, after(job.OnFailureRun, fails))
		chained := b.submit("system.ping", "", after("", byDefault))
		require.Equal(t, job.StatusFailed, b.final(byDefault).Status)
		require.Equal(t, job.StatusCancelled, b.final(cancels).Status)
		require.Equal(t, job.StatusFailed, b.final(chained).Status)
		s := b.final(runs)
		require.Equal(t, job.StatusSucceeded, s.Status)
		require.Contains(t, string(s.Result), `"code":"exercise"`, "it can read the error")
	})
}

// A recording whose worker said nothing more is no longer being made when its job is over.
func TestARecordingEndsWithItsJob(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var b *bundle
		b = setup(t, kindOf("test.record", func(ctx context.Context, j *workers.Job) (any, error) {
			s, err := b.repo.LoadRecording(ctx, j.ID())
			if errors.Is(err, recording.ErrNotFound) {
				s, err = recording.State{ID: j.ID(), Project: j.Project()}, nil
			}
			if err != nil {
				return nil, err
			}
			step := recording.Step{ID: "one", Type: recording.Press, Key: "Enter", Evidence: &recording.Evidence{OffsetMS: 1500, Screenshot: "screenshots/one.jpeg"}}
			_, err = b.repo.ApplyRecording(ctx, s, j.Caller(), time.Now(), []eventstore.Hold{j.Hold()},
				recording.Start{Started: recording.Started{Attempt: j.Attempt(), Name: "Sign in", Mode: "script", URL: "http://localhost/"}}, recording.Record{Step: step})
			return nil, errors.Join(err, workers.Permanent("gone", errors.New("it went away")))
		}))
		b.start()
		id := b.submit("test.record", "")
		require.Equal(t, job.StatusFailed, b.final(id).Status)
		synctest.Wait()
		s, err := b.repo.LoadRecording(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, recording.StatusFailed, s.Status)
		require.Equal(t, "it went away", s.Reason)
		require.EqualValues(t, 1500, s.DurationMS)
		require.Equal(t, "screenshots/one.jpeg", s.Thumbnail)
	})
}

// A reactor that cannot get on blocks and says so; it never skips.
func TestReactorBlocksAndAlarms(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		away := &gate{Store: b.store}
		scheduler := b.start(func(c *workers.Config) { c.Store, c.Name, c.Kinds = away, "scheduler", nil })
		first := b.submit("system.ping", "")
		second := b.submit("system.ping", "", after("", first))
		time.Sleep(time.Second)
		away.fail()
		noReactor := &gate{Store: b.store} // its own reactor shall not help
		w, err := workers.New(func() workers.Config { c := b.config(); c.Store = &deafTo{noReactor, job.WakeTopic}; return c }())
		require.NoError(t, err)
		require.NoError(t, w.Start(t.Context()))
		defer w.Stop(context.Background())
		b.awaitStatus(first, job.StatusSucceeded)
		time.Sleep(5 * time.Minute)
		s, err := b.repo.Load(t.Context(), second)
		require.NoError(t, err)
		require.Equal(t, job.StatusWaiting, s.Status)
		require.Contains(t, fmt.Sprint(scheduler.Alarms()), "reactor message")
		away.open()
		require.Equal(t, job.StatusSucceeded, b.final(second).Status)
		time.Sleep(10 * time.Second)
		require.Empty(t, scheduler.Alarms())
	})
}

// deafTo is a store whose given topic never has a message.
type deafTo struct {
	eventstore.Store
	topic string
}

func (d *deafTo) Reactor(group string) (message.Subscriber, error) {
	sub, err := d.Store.Reactor(group)
	return deafSubscriber{sub, d.topic}, err
}

type deafSubscriber struct {
	message.Subscriber
	topic string
}

func (s deafSubscriber) Subscribe(ctx context.Context, topics string) (<-chan *message.Message, error) {
	if topics == s.topic {
		topics += ".nowhere"
	}
	return s.Subscriber.Subscribe(ctx, topics)
}

func TestConcurrencyOfQueueAndKind(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var now, most, all, mostAll atomic.Int64
		work := func(n, most *atomic.Int64) func() {
			return func() {
				v := n.Add(1)
				for m := most.Load(); v > m && !most.CompareAndSwap(m, v); m = most.Load() {
				}
			}
		}
		narrow := kindOf("test.narrow", func(context.Context, *workers.Job) (any, error) {
			work(&now, &most)()
			work(&all, &mostAll)()
			time.Sleep(time.Second)
			now.Add(-1)
			all.Add(-1)
			return nil, nil
		})
		wide := kindOf("test.wide", func(context.Context, *workers.Job) (any, error) {
			work(&all, &mostAll)()
			time.Sleep(time.Second)
			all.Add(-1)
			return nil, nil
		})
		b := setup(t, narrow, wide)
		var last string
		for range 6 {
			b.submit("test.narrow", "")
		}
		var wides []string
		for range 12 {
			wides = append(wides, b.submit("test.wide", ""))
		}
		b.start(func(c *workers.Config) { c.Concurrency, c.KindConcurrency = 6, map[string]int{"test.narrow": 1} })
		began := time.Now()
		for _, last = range wides {
			b.final(last)
		}
		require.Less(t, time.Since(began), 4*time.Second, "a kind that is full does not hold up others")
		synctest.Wait()
		require.EqualValues(t, 1, most.Load())
		require.EqualValues(t, 6, mostAll.Load())
		time.Sleep(10 * time.Second)
		require.Zero(t, b.backlog())
	})
}

func TestPriorities(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var mu sync.Mutex
		var order []string
		b := setup(t, kindOf("test.order", func(_ context.Context, j *workers.Job) (any, error) {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, j.Labels()["n"])
			return nil, nil
		}))
		var ids []string
		for _, p := range []job.Priority{job.PriorityLow, job.PriorityNormal, job.PriorityHigh} {
			for i := range 3 {
				ids = append(ids, b.submit("test.order", "", func(c *job.Submit) {
					c.Priority, c.Labels = p, map[string]string{"n": fmt.Sprint(p, i)}
				}))
			}
		}
		b.start(func(c *workers.Config) { c.Concurrency = 1 })
		for _, id := range ids {
			b.final(id)
		}
		require.Equal(t, []string{"high0", "high1", "high2", "normal0", "normal1", "normal2", "low0", "low1", "low2"}, order)
	})
}

func TestPresence(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		w := b.start(func(c *workers.Config) { c.Queues = map[string]int{"system": 3, "other": 2} })
		id := b.submit("system.exercise", `{"lines":1,"rate":0,"sleepMs":60000}`)
		b.awaitStatus(id, job.StatusRunning)
		time.Sleep(10 * time.Second)
		list, err := b.store.Workers(t.Context())
		require.NoError(t, err)
		require.Len(t, list, 1)
		got := list[0]
		require.Equal(t, []string{"other", "system"}, got.Queues)
		require.Equal(t, []string{"system.exercise", "system.ping"}, got.Kinds)
		require.Equal(t, 5, got.Concurrency)
		require.Equal(t, "running", got.Status)
		require.Len(t, got.Running, 1)
		require.Equal(t, id, got.Running[0].JobID)
		require.WithinDuration(t, time.Now(), got.HeartbeatAt, 6*time.Second)
		w.Stop(t.Context())
		list, err = b.store.Workers(t.Context())
		require.NoError(t, err)
		require.Empty(t, list)
	})
}

// Start and Stop in any order and at the same time leave nothing behind and lose no job.
func TestStartStopStress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cfg := b.config()
	cfg.DrainTimeout, cfg.KillAfter = time.Millisecond, 100*time.Millisecond
	w, err := workers.New(cfg)
	require.NoError(t, err)
	w.Stop(t.Context())
	var ids []string
	for range 50 {
		ids = append(ids, b.submit("system.exercise", `{"lines":2,"rate":200}`))
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 10 {
				if i%2 == 0 {
					if err := w.Start(t.Context()); err != nil {
						t.Error(err)
					}
				} else {
					w.Stop(t.Context())
				}
			}
		})
	}
	all.Wait()
	require.NoError(t, w.Start(t.Context()))
	require.NoError(t, w.Start(t.Context()))
	for _, id := range ids {
		require.Equal(t, job.StatusSucceeded, b.final(id).Status)
	}
	w.Stop(t.Context())
	w.Stop(t.Context())
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	_, err := workers.New(workers.Config{
		Queues: map[string]int{"No Name": -1}, Concurrency: -1, KindConcurrency: map[string]int{"x": 1}, LeaseTTL: time.Millisecond,
	})
	for _, want := range []string{"a store is needed", "No Name", "concurrency -1", "kind x", "lease"} {
		require.ErrorContains(t, err, want)
	}
	ping := kindOf("same", nil)
	_, err = workers.NewRegistry(ping, ping, kindOf("Bad Name", nil))
	require.ErrorContains(t, err, "twice")
	require.ErrorContains(t, err, "Bad Name")
}

func TestStartFailsWhenTheStoreIsClosed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cfg := b.config()
	cfg.Store = refusing{b.store}
	w, err := workers.New(cfg)
	require.NoError(t, err)
	require.ErrorContains(t, w.Start(t.Context()), "no readers today")
	w.Stop(t.Context())
}

type refusing struct{ eventstore.Store }

func (refusing) Subscriber(eventstore.Reader) (message.Subscriber, error) {
	return nil, errors.New("no readers today")
}

// What one request set off can be told together, through retries and along dependencies.
func TestCorrelationGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := setup(t)
		b.start()
		by := tester
		by.CorrelationID, by.TraceParent = "request-7", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
		id := uuid.NewString()
		_, _, err := b.repo.Submit(t.Context(), id, "default", by, job.Submit{
			Now: time.Now(), Kind: "system.exercise", Queue: "system", Input: []byte(`{"lines":1,"rate":0,"fail":"error","failAttempts":1}`),
		})
		require.NoError(t, err)
		second := b.submit("system.ping", "", after("", id))
		require.Equal(t, job.StatusSucceeded, b.final(second).Status)
		all, err := b.store.ReadAll(t.Context(), eventstore.Position{}, 100)
		require.NoError(t, err)
		for _, e := range all.Events {
			if e.Subject == id {
				require.Equal(t, "request-7", e.CorrelationID, e.Type)
				require.Equal(t, by.TraceParent, e.TraceParent, e.Type)
			}
			if e.Type == "job.dependency_resolved" {
				require.Equal(t, "request-7", e.CorrelationID)
				require.NotEmpty(t, e.CausationID)
			}
		}
	})
}
